/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/citizen/citizen_api.h"

#include "api/openai/openai.h"
#include "net/sse.h"

enum { ANSWER_BYTES = 1 << 20, NAME_BYTES = 256 };

struct answering {
    struct api_call *call;
    struct keep_call keep;
    bool stream;
};

static void
write_event(struct answering *w, const char *name, str data)
{
    AUTO(buf) b = BUF(2 * ANSWER_BYTES);
    sse_put(&b, str_of(name), data);
    if (!b.failed)
        IGNORE(http_write(w->call->x, buf_str(&b))); /* a reader too slow is cut: on_gone follows */
}

static void
start_stream(struct answering *w, str label_text)
{
    const struct http_field fields[] = {{STR("content-type"), STR("text/event-stream")},
                                        {STR("cache-control"), STR("no-store")},
                                        {STR("x-hoheit-label"), label_text}};
    http_start(w->call->x, 200, fields, 3);
}

static void
on_cards(void *ctx, const struct citizen_answer *a)
{
    struct answering *const w = ctx;
    AUTO(buf) b = BUF(ANSWER_BYTES);
    if (!w->stream)
        return;
    json_open(&b, '{');
    citizen_put_json(&b, a);
    json_close(&b, '}');
    start_stream(w, a->label_text);
    write_event(w, "cards", buf_str(&b));
}

static void
on_end(void *ctx, const struct citizen_answer *a, err e)
{
    struct answering *const w = ctx;
    AUTO(buf) b = BUF(ANSWER_BYTES);
    w->call->job = NULL;
    if (!a) {
        api_fail(w->call, e);
        return;
    }
    json_open(&b, '{');
    citizen_put_json(&b, a);
    json_close(&b, '}');
    if (w->stream) {
        write_event(w, "answer", buf_str(&b));
        write_event(w, "done", STR("[DONE]"));
        http_end(w->call->x);
        return;
    }
    const struct http_field fields[] = {{STR("content-type"), STR("application/json")},
                                        {STR("x-hoheit-label"), a->label_text}};
    http_answer(w->call->x, 200, fields, 2, buf_str(&b));
}

static fallible
ask(struct answering *w)
{
    static const char *const known[] = {"question", "before", "know",  "model",
                                        "rewrite",  "stream", "style", NULL};
    struct api_call *const c = w->call;
    struct citizen *const z = api_citizen(c->api);
    struct citizen_ask q = {.call = &w->keep,
                            .collection = citizen_collection(z),
                            .label_text = http_header(c->x, STR("x-hoheit-label")),
                            .wants_words = true,
                            .received_us = http_received_us(c->x)};
    str style_name = STR("plain");
    jval body;
    TRY(api_body(c, &body));
    TRY(api_body_only(&body, known));
    const jval question = json_get(&body, "question"), from = json_get(&body, "know"),
               before = json_get(&body, "before"), model = json_get(&body, "model"),
               rewrite = json_get(&body, "rewrite"), stream = json_get(&body, "stream"),
               style = json_get(&body, "style");
    TRY(json_str(&question, CITIZEN_QUESTION_MAX, &q.question));
    TRY(opt_json_str(&before, CITIZEN_QUESTION_MAX, &q.before));
    TRY(opt_json_str(&from, NAME_BYTES, &q.collection));
    TRY(opt_json_str(&model, NAME_BYTES, &q.model));
    TRY(opt_json_bool(&rewrite, &q.wants_words));
    TRY(opt_json_bool(&stream, &w->stream));
    TRY(opt_json_str(&style, NAME_BYTES, &style_name));
    TRY(citizen_style_read(style_name, &q.style));
    return citizen_run(z, &q, (struct citizen_hooks){on_cards, on_end, w}, &c->job);
}

static void
ask_route(struct api_call *c)
{
    struct answering *const w = arena_new(c->a, struct answering);
    w->call = c;
    w->keep = (struct keep_call){.gate = c->gate,
                                 .session = c->session,
                                 .case_name = c->case_name,
                                 .request_id = http_request_id(c->x),
                                 .a = c->a};
    const err e = ask(w);
    if (e.code)
        api_fail(c, e);
}

static const struct route routes[] = {
    {HTTP_POST, "/v1/citizen/ask", ask_route, AUTH_LOCAL, &openai_dialect, NULL, NULL},
    {HTTP_POST, "/v1/citizen/triage", triage_route, AUTH_LOCAL, &openai_dialect, NULL, NULL},
    {HTTP_POST, "/v1/citizen/form", form_route, AUTH_LOCAL, &openai_dialect, NULL, NULL},
    {HTTP_POST, "/v1/citizen/handover", handover_ask, AUTH_LOCAL, &openai_dialect, NULL, NULL},
    {HTTP_GET, "/v1/citizen/cases", cases_list_route, AUTH_LOCAL, &openai_dialect, NULL, NULL},
    {HTTP_GET, "/v1/citizen/cases/{id}", cases_show_route, AUTH_LOCAL, &openai_dialect, NULL, NULL},
    {HTTP_POST, "/v1/citizen/cases/{id}", cases_decide_route, AUTH_LOCAL, &openai_dialect, NULL,
     NULL},
    {HTTP_GET, "/v1/citizen/tests", cases_tests_route, AUTH_LOCAL, &openai_dialect, NULL, NULL},
    {HTTP_POST, "/citizen/handover", handover_page, AUTH_NONE, &openai_dialect, NULL, NULL},
    {HTTP_GET, "/citizen/case/{id}", handover_show, AUTH_NONE, &openai_dialect, NULL, NULL},
    {HTTP_GET, "/citizen", citizen_page, AUTH_NONE, &openai_dialect, NULL, NULL},
    {HTTP_POST, "/citizen", citizen_page, AUTH_NONE, &openai_dialect, NULL, NULL},
    {HTTP_GET, "/citizen/{file}", citizen_file, AUTH_NONE, &openai_dialect, NULL, NULL},
};

const struct route_table citizen_table = {routes, sizeof routes / sizeof *routes};
