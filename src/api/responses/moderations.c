/* SPDX-License-Identifier: EUPL-1.2 */
/* Moderations: texts held against the guardrails of this installation.
 *
 * The categories are those the API names.  None is judged by a model here, and no guardrail is
 * configured for any of them, so none is ever flagged; which guardrails were asked is said in each
 * result ("guardrails": none), so that nobody takes the silence for a judgement. */
#include "api/read.h"
#include "api/responses/kept.h"
#include "os/entropy.h"

enum { TEXT_BYTES_MAX = 16 * 1024 * 1024, NAME_BYTES_MAX = 256, INPUTS_MAX = 2048 };

static const char *const categories[] = {"harassment",
                                         "harassment/threatening",
                                         "hate",
                                         "hate/threatening",
                                         "illicit",
                                         "illicit/violent",
                                         "self-harm",
                                         "self-harm/intent",
                                         "self-harm/instructions",
                                         "sexual",
                                         "sexual/minors",
                                         "violence",
                                         "violence/graphic"};
enum { CATEGORIES = sizeof categories / sizeof *categories };

struct moderation {
    size_t inputs;
    str model;
};

/* A text, or an object {"type":"text","text":…}. */
static fallible
read_input(const jval *v)
{
    static const char *const known[] = {"type", "text", NULL};
    str text;
    if (json_type(*v) == J_STRING)
        return json_str(v, TEXT_BYTES_MAX, &text);
    TRY(json_object(v));
    const jval type = json_get(v, "type"), part = json_get(v, "text");
    TRY(json_str(&type, NAME_BYTES_MAX, &text));
    if (!str_eq(text, STR("text")))
        REFUSE_AT(UNSUPPORTED, &type, "must be \"text\": images are not taken");
    TRY(read_members(v, known));
    return json_str(&part, TEXT_BYTES_MAX, &text);
}

static fallible
read_inputs(const jval *body, struct moderation *m)
{
    const jval input = json_get(body, "input");
    struct jwalk w = {.next = NULL};
    size_t texts = 0;
    jval v;
    m->inputs = 1;
    if (json_type(input) != J_ARRAY)
        return read_input(&input);
    TRY(json_array(&input, 1, INPUTS_MAX));
    while (json_each(&input, &w, &v)) {
        TRY(read_input(&v));
        texts += json_type(v) == J_STRING;
    }
    /* Texts are judged one by one, parts together. */
    m->inputs = texts ? texts : 1;
    return OK;
}

static void
put_categories(buf *b, const char *name, const char *value)
{
    json_key(b, name);
    json_open(b, '{');
    for (size_t i = 0; i < CATEGORIES; i++) {
        json_key(b, categories[i]);
        buf_add(b, str_of(value));
    }
    json_close(b, '}');
}

static void
put_result(buf *b)
{
    json_open(b, '{');
    json_member_bool(b, "flagged", false);
    put_categories(b, "categories", "false");
    put_categories(b, "category_scores", "0.0");
    put_categories(b, "category_applied_input_types", "[\"text\"]");
    buf_add(b, STR(",\"guardrails\":[]"));
    json_close(b, '}');
}

static void
answer(struct kept_work *w)
{
    const struct moderation *m = w->own;
    char room[ID_MAX];
    buf *b = &w->body;
    json_open(b, '{');
    json_member_str(b, "id", id_new("modr-", room));
    json_member_str(b, "model", m->model);
    json_key(b, "results");
    json_open(b, '[');
    for (size_t i = 0; i < m->inputs; i++)
        put_result(b);
    json_close(b, ']');
    json_close(b, '}');
    kept_answer(w, w->one.label_text);
}

static fallible
create(struct kept_work *w)
{
    static const char *const known[] = {"input", "model", NULL};
    struct moderation *m = arena_new(w->call->a, struct moderation);
    jval body;
    w->own = m;
    m->model = STR("hoheit-guardrails");
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval model = json_get(&body, "model");
    TRY(opt_json_str(&model, NAME_BYTES_MAX, &m->model));
    TRY(read_inputs(&body, m));
    return keep_allow(&w->keep, OP_MODERATE, http_header(w->call->x, STR("x-hoheit-label")),
                      &w->one);
}

void
moderations_create(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, answer);
    kept_go(w, create(w));
}
