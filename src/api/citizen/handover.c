/* SPDX-License-Identifier: EUPL-1.2 */
/* From a citizen's question to a case (work/cases), and back to the citizen.  What is kept is the
 * question without what points to a person, and what would have been answered, as a draft.
 *
 * A case's text has two lines of JSON: what was decided ("{}" while it is open), and what was
 * asked. */
#include "api/citizen/citizen_api.h"
#include "api/openai/openai.h"
#include "base/json.h"
#include "os/clock.h"
#include "work/cases/cases.h"

enum { NAME_BYTES = 256, PAGE_BYTES = 1 << 20, QUOTE_BYTES = 1 << 20, CARDS_SHOWN = 16 };

struct handing {
    struct api_call *call;
    struct keep_call keep;
    struct kept leave;
    const struct session *session;
    struct case_head made;
    str label_text, question;
    bool is_page;
};

static struct handing *
begin(struct api_call *c, const struct session *s)
{
    struct handing *const h = arena_new(c->a, struct handing);
    h->call = c;
    h->session = s;
    h->keep = (struct keep_call){.gate = c->gate,
                                 .session = s,
                                 .case_name = c->case_name,
                                 .request_id = http_request_id(c->x),
                                 .a = c->a,
                                 .ctx = h};
    return h;
}

/* ---- the answer, once it is on record */
static void
tell_json(const struct handing *h)
{
    AUTO(buf) b = BUF(4096);
    const struct http_field fields[] = {{STR("content-type"), STR("application/json")},
                                        {STR("x-hoheit-label"), h->label_text}};
    json_open(&b, '{');
    json_member_str(&b, "object", STR("citizen.case"));
    json_member_str(&b, "id", str_of(h->made.id));
    json_member_str(&b, "state", str_of(case_state_name(h->made.state)));
    json_close(&b, '}');
    http_answer(h->call->x, 200, fields, 2, buf_str(&b));
}

static void
tell_page(const struct handing *h)
{
    AUTO(buf) b = BUF(4096);
    buf_add_fmt(
        &b,
        "<h2>Ihre Frage liegt jetzt bei einem Menschen</h2>\n<p>Die Antwort finden Sie unter "
        "<a href=\"/citizen/case/%s\">dieser Seite</a>. Bitte merken Sie sich die Nummer: "
        "%s</p>\n",
        h->made.id, h->made.id);
    citizen_send_page(h->call, STR_NONE, &b);
}

static void
on_recorded(void *ctx, err e)
{
    const struct handing *const h = ctx;
    if (e.code)
        api_fail(h->call, e);
    else if (h->is_page)
        tell_page(h);
    else
        tell_json(h);
}

static void
forget(void *p)
{
    const struct handing *const h = p;
    audit_forget(gate_parts_of(h->call->gate)->audit, p);
}

static fallible
record(struct handing *h)
{
    const struct audit_record r = {.event = EVENT_CITIZEN_HANDOVER,
                                   .request_id = http_request_id(h->call->x),
                                   .key_id = h->session->key_id,
                                   .tenant = h->session->tenant,
                                   .person = h->session->person,
                                   .purpose = h->session->purpose,
                                   .label_text = h->label_text,
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "ok",
                                   .object = str_of(h->made.id)};
    arena_on_end(h->call->a, forget, h);
    return audit_append(gate_parts_of(h->call->gate)->audit, &r, on_recorded, h);
}

/* ---- the case */
static err
count_open(void *ctx, const struct case_head *h)
{
    *(size_t *)ctx += h->state == CASE_OPEN;
    return OK;
}

/* The form is open to everybody, so it must not fill what officials need room in. */
static fallible
check_room(const struct handing *h, const grant *g)
{
    size_t open = 0;
    if (!h->is_page)
        return OK;
    TRY(cases_each(api_cases(h->call->api), g, count_open, &open));
    if (open >= HANDOVER_OPEN_MAX)
        REFUSE(BUSY, "", "too many questions wait for a person already; please try another day");
    return OK;
}

static fallible
keep(struct handing *h, const struct citizen_answer *a)
{
    AUTO(buf) b = BUF(CASE_BYTES_MAX);
    TRY(check_room(h, a->grant));
    buf_add(&b, STR("{}\n"));
    json_open(&b, '{');
    json_member_str(&b, "question", a->plain);
    json_key(&b, "draft");
    json_open(&b, '{');
    citizen_put_json(&b, a);
    json_close(&b, '}');
    json_close(&b, '}');
    TRY(buf_end(&b));
    TRY(cases_add(api_cases(h->call->api), a->grant, content_of(buf_str(&b), a->label),
                  clock_wall_ms(), &h->made));
    h->label_text = a->label_text;
    return record(h);
}

static void
on_cards(void *ctx, const struct citizen_answer *a)
{
    (void)ctx, (void)a; /* the whole comes at the end */
}

static void
on_drafted(void *ctx, const struct citizen_answer *a, err e)
{
    struct handing *const h = ctx;
    h->call->job = NULL;
    if (a)
        e = keep(h, a);
    if (e.code)
        api_fail(h->call, e);
}

static fallible
run(struct handing *h, const struct citizen_ask *ask)
{
    const struct citizen_hooks hooks = {on_cards, on_drafted, h};
    return citizen_run(api_citizen(h->call->api), ask, hooks, &h->call->job);
}

static fallible
ask(struct handing *h)
{
    static const char *const known[] = {"question", "before", "know", NULL};
    struct api_call *const c = h->call;
    struct citizen_ask q = {.call = &h->keep,
                            .collection = citizen_collection(api_citizen(c->api)),
                            .label_text = http_header(c->x, STR("x-hoheit-label")),
                            .received_us = http_received_us(c->x)};
    jval body;
    TRY(api_body(c, &body));
    TRY(api_body_only(&body, known));
    const jval question = json_get(&body, "question"), before = json_get(&body, "before"),
               from = json_get(&body, "know");
    TRY(json_str(&question, CITIZEN_QUESTION_MAX, &q.question));
    TRY(opt_json_str(&before, CITIZEN_QUESTION_MAX, &q.before));
    TRY(opt_json_str(&from, NAME_BYTES, &q.collection));
    return run(h, &q);
}

void
handover_ask(struct api_call *c)
{
    const err e = ask(begin(c, c->session));
    if (e.code)
        api_fail(c, e);
}

/* ---- the public */
static fallible
find_public(const struct api_call *c, const struct session **ret)
{
    const struct citizen *const z = api_citizen(c->api);
    if (!z || !citizen_collection(z).len)
        REFUSE(NOT_FOUND, "", "there is no public page here (citizen.know)");
    *ret = citizen_public(z);
    return OK;
}

static fallible
take_form(struct api_call *c)
{
    const struct session *s;
    TRY(find_public(c, &s));
    struct handing *const h = begin(c, s);
    h->is_page = true;
    TRY(citizen_form_value(c->a, c->body, STR("question"), &h->question));
    const struct citizen_ask q = {.call = &h->keep,
                                  .collection = citizen_collection(api_citizen(c->api)),
                                  .question = h->question,
                                  .received_us = http_received_us(c->x)};
    return run(h, &q);
}

void
handover_page(struct api_call *c)
{
    const err e = take_form(c);
    if (e.code)
        api_fail(c, e);
}

/* An answer of the official's own, else the quotes of the draft. */
static fallible
put_released(buf *b, arena *a, str decision, str asked)
{
    jval *const d = arena_new(a, jval), *const q = arena_new(a, jval);
    struct jwalk w = {0};
    str answer = STR_NONE;
    TRY(json_read(a, decision, d));
    const jval own = json_get(d, "answer");
    TRY(opt_json_str(&own, QUOTE_BYTES, &answer));
    buf_add(b, STR("<h2>Antwort</h2>\n"));
    if (answer.len) {
        buf_add(b, STR("<p>"));
        html_put(b, answer);
        buf_add(b, STR("</p>\n"));
        return OK;
    }
    TRY(json_read(a, asked, q));
    const jval draft = json_get(q, "draft"), cards = json_get(&draft, "cards");
    TRY(json_array(&cards, 0, CARDS_SHOWN));
    for (jval card; json_each(&cards, &w, &card);) {
        str text;
        const jval quote = json_get(&card, "quote");
        TRY(json_str(&quote, QUOTE_BYTES, &text));
        buf_add(b, STR("<figure class=\"card\"><blockquote>"));
        html_put(b, text);
        buf_add(b, STR("</blockquote></figure>\n"));
    }
    return OK;
}

static fallible
show(struct handing *h)
{
    AUTO(buf) b = BUF(PAGE_BYTES);
    struct api_call *const c = h->call;
    struct case_found found;
    str rest, decision;
    TRY(cases_get(api_cases(c->api), h->leave.grant, c->args[0], c->a, &found));
    TRY(content_open(found.text, h->leave.grant, &rest));
    (void)str_next(&rest, '\n', &decision);
    if (found.head.state == CASE_OPEN)
        buf_add(&b, STR("<h2>In Arbeit</h2>\n<p>Ihre Frage liegt bei einem Menschen; die Antwort "
                        "ist noch nicht da.</p>\n"));
    else if (found.head.state == CASE_REJECTED)
        buf_add(&b, STR("<h2>Keine Antwort</h2>\n<p>Ihre Frage kann hier nicht beantwortet werden. "
                        "Bitte wenden Sie sich an die zuständige Stelle.</p>\n"));
    else
        TRY(put_released(&b, c->a, decision, rest));
    buf_add(&b, STR("<p class=\"notice\">"));
    html_put(&b, reply_notice());
    buf_add(&b, STR(" Ein Mensch hat sie geprüft, bevor sie hier steht.</p>\n"));
    citizen_send_page(c, STR_NONE, &b);
    return OK;
}

static void
on_allowed(void *ctx, err e)
{
    struct handing *const h = ctx;
    if (!e.code)
        e = show(h);
    if (e.code)
        api_fail(h->call, e);
}

static fallible
begin_show(struct api_call *c)
{
    const struct session *s;
    TRY(find_public(c, &s));
    struct handing *const h = begin(c, s);
    h->keep.done = on_allowed;
    return keep_allow(&h->keep, OP_CITIZEN_ASK, STR_NONE, &h->leave);
}

void
handover_show(struct api_call *c)
{
    const err e = begin_show(c);
    if (e.code)
        api_fail(c, e);
}
