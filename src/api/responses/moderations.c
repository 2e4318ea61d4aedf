/* SPDX-License-Identifier: EUPL-1.2 */
/* Moderations: texts held against the guardrails of this installation, as if they were asked.
 *
 * The categories are those the API names; one is flagged when a guardrail of that id finds
 * something, for no model judges here.  Each result names the guardrails that found something
 * ("guardrails"), so that nobody takes the silence for a judgement. */
#include "api/read.h"
#include "api/responses/kept.h"
#include "guard/guard.h"
#include "os/entropy.h"

enum {
    TEXT_BYTES_MAX = 16 * 1024 * 1024,
    NAME_BYTES_MAX = 256,
    INPUTS_MAX = 2048,
    WORK_BYTES_MAX = 256 * 1024 * 1024
};

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
    VEC(str) texts; /* of parts, joined */
    str model;
};

/* Which rules found something in one text. */
struct found {
    const guard *g;
    bool rules[GUARDRAILS_MAX];
    bool any;
};

/* A text, or an object {"type":"text","text":…}. */
static fallible
read_input(const jval *v, str *ret)
{
    static const char *const known[] = {"type", "text", NULL};
    str type_name;
    if (json_type(*v) == J_STRING)
        return json_str(v, TEXT_BYTES_MAX, ret);
    TRY(json_object(v));
    const jval type = json_get(v, "type"), part = json_get(v, "text");
    TRY(json_str(&type, NAME_BYTES_MAX, &type_name));
    if (!str_eq(type_name, STR("text")))
        REFUSE_AT(UNSUPPORTED, &type, "must be \"text\": images are not taken");
    TRY(read_members(v, known));
    return json_str(&part, TEXT_BYTES_MAX, ret);
}

/* Parts are judged together, and with them whatever stands beside them. */
static fallible
join_parts(arena *a, struct moderation *m)
{
    AUTO(buf) all = BUF(TEXT_BYTES_MAX);
    for (size_t i = 0; i < m->texts.count; i++) {
        buf_add(&all, m->texts.at[i]);
        buf_add_char(&all, '\n');
    }
    TRY(buf_end(&all));
    m->texts.count = 1;
    return try_arena_str(a, buf_str(&all), &m->texts.at[0]);
}

static fallible
read_inputs(arena *a, const jval *body, struct moderation *m)
{
    const jval input = json_get(body, "input");
    struct jwalk w = {.next = NULL};
    bool has_parts = false;
    jval v;
    str text;
    if (json_type(input) != J_ARRAY) {
        TRY(read_input(&input, &text));
        return VEC_ADD(a, &m->texts, &text);
    }
    TRY(json_array(&input, 1, INPUTS_MAX));
    while (json_each(&input, &w, &v)) {
        TRY(read_input(&v, &text));
        TRY(VEC_ADD(a, &m->texts, &text));
        has_parts |= json_type(v) != J_STRING;
    }
    return has_parts ? join_parts(a, m) : OK;
}

static fallible
judge(const guard *g, str text, arena *work, struct found *ret)
{
    const struct guard_look how = {.g = g, .where = GUARDRAIL_INPUT};
    guard_hits hits;
    *ret = (struct found){.g = g};
    arena_reset(work);
    TRY(guard_find(&how, text, work, &hits));
    for (size_t i = 0; i < hits.count; i++)
        ret->any = ret->rules[hits.at[i].rule] = true;
    return OK;
}

static bool
is_flagged(const struct found *f, const char *category)
{
    for (size_t i = 0; i < guard_count(f->g); i++)
        if (f->rules[i] && str_eq(guard_rule(f->g, i)->id, str_of(category)))
            return true;
    return false;
}

static void
put_categories(const struct found *f, buf *b, const char *name, const char *const values[2])
{
    json_key(b, name);
    json_open(b, '{');
    for (size_t i = 0; i < CATEGORIES; i++) {
        json_key(b, categories[i]);
        buf_add(b, str_of(values[is_flagged(f, categories[i])]));
    }
    json_close(b, '}');
}

static void
put_result(const struct found *f, buf *b)
{
    static const char *const flags[2] = {"false", "true"}, *const scores[2] = {"0.0", "1.0"};
    static const char *const types[2] = {"[\"text\"]", "[\"text\"]"};
    json_open(b, '{');
    json_member_bool(b, "flagged", f->any);
    put_categories(f, b, "categories", flags);
    put_categories(f, b, "category_scores", scores);
    put_categories(f, b, "category_applied_input_types", types);
    json_key(b, "guardrails");
    json_open(b, '[');
    for (size_t i = 0; i < guard_count(f->g); i++)
        if (f->rules[i])
            json_put_str(b, guard_rule(f->g, i)->id);
    json_close(b, ']');
    json_close(b, '}');
}

static fallible
put_results(struct kept_work *w, const struct moderation *m)
{
    AUTO(arena) *work = NULL;
    struct found f;
    TRY(arena_open(WORK_BYTES_MAX, &work));
    for (size_t i = 0; i < m->texts.count; i++) {
        TRY(judge(gate_guard(w->call->gate), m->texts.at[i], work, &f));
        put_result(&f, &w->body);
    }
    return OK;
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
    const err e = put_results(w, m);
    if (e.code) {
        api_fail(w->call, e);
        return;
    }
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
    TRY(read_inputs(w->call->a, &body, m));
    return keep_allow(&w->keep, OP_MODERATE, http_header(w->call->x, STR("x-hoheit-label")),
                      &w->one);
}

void
moderations_create(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, answer);
    kept_go(w, create(w));
}
