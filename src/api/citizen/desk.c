/* SPDX-License-Identifier: EUPL-1.2 */
/* The officials' side of what was handed over: see, decide, and take what was decided as tests. */
#include "api/citizen/citizen_api.h"
#include "api/read.h"
#include "api/responses/kept.h"
#include "know/text/language.h"
#include "os/clock.h"
#include "work/cases/cases.h"

enum { ANSWER_BYTES = 64 * 1024, NAME_BYTES = 64, CARDS_SHOWN = 16, QUOTE_BYTES = 1 << 20 };

struct want {
    str state, decision, answer;
};

static struct want *
want_of(const struct kept_work *w)
{
    return w->own;
}

static struct kept_work *
begin(struct api_call *c, void (*then)(struct kept_work *w))
{
    struct kept_work *const w = kept_begin(c, then);
    w->own = arena_new(c->a, struct want);
    return w;
}

static fallible
allow(struct kept_work *w)
{
    return keep_allow(&w->keep, OP_CITIZEN_DECIDE, STR_NONE, &w->one);
}

/* ---- lists */
static str
text_of_label(const struct kept_work *w, label l, char room[LABEL_TEXT_MAX])
{
    return label_text(policy_names(gate_parts_of(w->call->gate)->policy), l, room);
}

static void
put_head(struct kept_work *w, const struct case_head *h)
{
    char room[LABEL_TEXT_MAX];
    buf *const b = &w->body;
    json_member_str(b, "object", STR("citizen.case"));
    json_member_str(b, "id", str_of(h->id));
    json_member_str(b, "state", str_of(case_state_name(h->state)));
    kept_member_time(b, "created_at", h->made_wall_ms);
    kept_member_time(b, "decided_at", h->decided_wall_ms);
    json_member_str(b, "label", text_of_label(w, h->label, room));
}

struct walk {
    struct kept_work *w;
    label all; /* of what was shown */
};

static err
list_one(void *ctx, const struct case_head *h)
{
    struct walk *const k = ctx;
    const struct want *const t = want_of(k->w);
    if (t->state.len && !str_eq(t->state, str_of(case_state_name(h->state))))
        return OK;
    k->all = label_join(k->all, h->label);
    json_open(&k->w->body, '{');
    put_head(k->w, h);
    json_close(&k->w->body, '}');
    return OK;
}

static fallible
list(struct kept_work *w)
{
    struct walk k = {.w = w};
    char room[LABEL_TEXT_MAX];
    json_open(&w->body, '{');
    json_member_str(&w->body, "object", STR("list"));
    json_key(&w->body, "data");
    json_open(&w->body, '[');
    TRY(cases_each(api_cases(w->call->api), w->one.grant, list_one, &k));
    json_close(&w->body, ']');
    json_close(&w->body, '}');
    kept_answer(w, text_of_label(w, k.all, room));
    return OK;
}

static void
list_then(struct kept_work *w)
{
    kept_go(w, list(w));
}

static fallible
read_state(struct kept_work *w)
{
    static const char *const known[] = {"state", NULL};
    enum case_state s;
    TRY(api_query_only(w->call, known));
    TRY(api_query(w->call, STR("state"), &want_of(w)->state));
    if (want_of(w)->state.len)
        TRY(case_state_read(want_of(w)->state, &s));
    return allow(w);
}

void
cases_list_route(struct api_call *c)
{
    struct kept_work *const w = begin(c, list_then);
    kept_go(w, read_state(w));
}

/* ---- one */
static fallible
get(const struct kept_work *w, str id, struct case_head *h, str *ret_decision, str *ret_asked)
{
    struct case_found found;
    TRY(cases_get(api_cases(w->call->api), w->one.grant, id, w->call->a, &found));
    *h = found.head;
    TRY(content_open(found.text, w->one.grant, ret_asked));
    (void)str_next(ret_asked, '\n', ret_decision);
    return OK;
}

static fallible
show(struct kept_work *w)
{
    struct case_head h;
    str decision, asked;
    char room[LABEL_TEXT_MAX];
    TRY(get(w, w->call->args[0], &h, &decision, &asked));
    json_open(&w->body, '{');
    put_head(w, &h);
    kept_member_json(&w->body, "asked", asked);
    kept_member_json(&w->body, "decision", decision);
    json_close(&w->body, '}');
    kept_answer(w, text_of_label(w, h.label, room));
    return OK;
}

static void
show_then(struct kept_work *w)
{
    kept_go(w, show(w));
}

void
cases_show_route(struct api_call *c)
{
    struct kept_work *const w = begin(c, show_then);
    kept_go(w, allow(w));
}

/* ---- deciding */
static void
on_decided(void *ctx, err e)
{
    struct kept_work *const w = ctx;
    if (e.code)
        api_fail(w->call, e);
    else
        kept_go(w, show(w));
}

static void
forget(void *p)
{
    const struct kept_work *const w = p;
    audit_forget(gate_parts_of(w->call->gate)->audit, p);
}

static fallible
record(struct kept_work *w, const struct case_head *h)
{
    const struct session *const s = w->call->session;
    char room[LABEL_TEXT_MAX];
    const struct audit_record r = {.event = EVENT_CITIZEN_DECIDE,
                                   .request_id = http_request_id(w->call->x),
                                   .key_id = s->key_id,
                                   .tenant = s->tenant,
                                   .person = s->person,
                                   .purpose = s->purpose,
                                   .label_text = text_of_label(w, h->label, room),
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "ok",
                                   .object = str_of(h->id)};
    arena_on_end(w->call->a, forget, w);
    return audit_append(gate_parts_of(w->call->gate)->audit, &r, on_decided, w);
}

static fallible
decide(struct kept_work *w)
{
    AUTO(buf) b = BUF(CASE_BYTES_MAX);
    const struct want *const t = want_of(w);
    struct case_head h;
    str before, asked;
    TRY(get(w, w->call->args[0], &h, &before, &asked));
    json_open(&b, '{');
    json_member_str(&b, "decision", t->decision);
    json_member_str(&b, "answer", t->answer);
    json_member_str(&b, "by", w->call->session->key_name);
    json_close(&b, '}');
    buf_add_char(&b, '\n');
    buf_add(&b, asked);
    TRY(buf_end(&b));
    const struct case_decision d = {.id = w->call->args[0],
                                    .state = str_eq(t->decision, STR("release")) ? CASE_RELEASED
                                                                                 : CASE_REJECTED,
                                    .text = content_of(buf_str(&b), h.label),
                                    .now_wall_ms = clock_wall_ms()};
    TRY(cases_decide(api_cases(w->call->api), w->one.grant, &d));
    return record(w, &h);
}

static void
decide_then(struct kept_work *w)
{
    kept_go(w, decide(w));
}

static fallible
read_decision(struct kept_work *w)
{
    static const char *const known[] = {"decision", "answer", NULL};
    struct want *const t = want_of(w);
    jval body;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval decision = json_get(&body, "decision"), answer = json_get(&body, "answer");
    TRY(json_str(&decision, NAME_BYTES, &t->decision));
    TRY(opt_json_str(&answer, ANSWER_BYTES, &t->answer));
    if (!str_eq(t->decision, STR("release")) && !str_eq(t->decision, STR("reject")))
        REFUSE_AT(ARGUMENT, &decision, "must be release or reject");
    if (t->answer.len && str_eq(t->decision, STR("reject")))
        REFUSE_AT(ARGUMENT, &answer, "goes with release");
    return allow(w);
}

void
cases_decide_route(struct api_call *c)
{
    struct kept_work *const w = begin(c, decide_then);
    kept_go(w, read_decision(w));
}

/* ---- tests: lines as `hoheit eval citizen` reads them */
static fallible
put_gold(buf *b, const jval *draft)
{
    const jval cards = json_get(draft, "cards");
    struct jwalk walk = {0};
    TRY(json_array(&cards, 0, CARDS_SHOWN));
    for (jval card; json_each(&cards, &walk, &card);) {
        const jval doc = json_get(&card, "document"), section = json_get(&card, "section"),
                   quote = json_get(&card, "quote");
        str texts[3];
        TRY(json_str(&doc, QUOTE_BYTES, &texts[0]));
        TRY(json_str(&section, QUOTE_BYTES, &texts[1]));
        TRY(json_str(&quote, QUOTE_BYTES, &texts[2]));
        json_open(b, '{');
        json_member_str(b, "law", texts[0]);
        json_member_str(b, "section", texts[1]);
        json_member_str(b, "quote", texts[2]);
        json_member_u64(b, "group", 1); /* any of them will do */
        json_close(b, '}');
    }
    return OK;
}

static err
put_test(void *ctx, const struct case_head *h)
{
    struct walk *const k = ctx;
    buf *const b = &k->w->body;
    arena *const a = k->w->call->a;
    const bool is_good = h->state == CASE_RELEASED;
    struct case_head again;
    str decision, asked, question, answer = STR_NONE;
    if (h->state == CASE_OPEN)
        return OK;
    TRY(get(k->w, str_of(h->id), &again, &decision, &asked));
    jval *const root = arena_new(a, jval), *const own = arena_new(a, jval);
    TRY(json_read(a, asked, root));
    TRY(json_read(a, decision, own));
    const jval q = json_get(root, "question"), draft = json_get(root, "draft"),
               text = json_get(own, "answer");
    TRY(json_str(&q, QUOTE_BYTES, &question));
    TRY(opt_json_str(&text, ANSWER_BYTES, &answer));
    k->all = label_join(k->all, h->label);
    json_open(b, '{');
    json_member_str(b, "id", str_of(h->id));
    const str lang = language_of(question).code;
    json_member_str(b, "lang", lang.len ? lang : STR("de"));
    json_member_str(b, "question", question);
    json_member_str(b, "kind", is_good ? STR("answerable") : STR("unanswerable"));
    json_member_str(b, "expect", is_good ? STR("answer") : STR("handover"));
    json_member_str(b, "answer", answer);
    json_key(b, "gold");
    json_open(b, '[');
    if (is_good)
        TRY(put_gold(b, &draft));
    json_close(b, ']');
    json_close(b, '}');
    buf_add_char(b, '\n');
    return OK;
}

static fallible
tests(struct kept_work *w)
{
    struct walk k = {.w = w};
    char room[LABEL_TEXT_MAX];
    TRY(cases_each(api_cases(w->call->api), w->one.grant, put_test, &k));
    TRY(buf_end(&w->body));
    const struct http_field fields[] = {{STR("content-type"), STR("application/jsonl")},
                                        {STR("x-hoheit-label"), text_of_label(w, k.all, room)}};
    http_answer(w->call->x, 200, fields, 2, buf_str(&w->body));
    return OK;
}

static void
tests_then(struct kept_work *w)
{
    kept_go(w, tests(w));
}

void
cases_tests_route(struct api_call *c)
{
    struct kept_work *const w = begin(c, tests_then);
    kept_go(w, allow(w));
}
