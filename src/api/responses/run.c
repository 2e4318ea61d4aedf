/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/run.h"

#include "api/openai/openai.h"
#include "api/ratelimit.h"
#include "api/responses/run_inside.h"
#include "base/fault.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/log.h"

static const struct params *
params_of(const struct run *r)
{
    return gate_parts_of(r->works->gate)->params;
}

/* ---- life */
static void
run_done(void *p)
{
    struct run *r = p;
    buf_done(&r->log);
}

static void on_kept(void *ctx, err e);

static fallible
run_new(struct works *w, const struct session *s, str request_id, struct run **ret)
{
    arena *a;
    TRY(arena_open(gate_parts_of(w->gate)->params->gate_request_memory_bytes_max, &a));
    struct run *r = arena_new(a, struct run);
    *r = (struct run){.works = w, .a = a, .session = s, .next = w->runs, .at = &w->runs};
    r->keep = (struct keep_call){.gate = w->gate,
                                 .session = s,
                                 .request_id = arena_str(a, request_id),
                                 .a = a,
                                 .done = on_kept,
                                 .ctx = r};
    r->log = BUF(params_of(r)->gate_request_memory_bytes_max);
    r->received_us = clock_us();
    arena_on_end(a, run_done, r);
    writer_init(&r->writer, a, params_of(r)->gate_request_memory_bytes_max);
    if (r->next)
        r->next->at = &r->next;
    w->runs = r;
    *ret = r;
    return OK;
}

static void
run_free(struct run *r)
{
    *r->at = r->next;
    if (r->next)
        r->next->at = r->at;
    if (r->is_counted)
        r->works->background--;
    gate_cancel(TAKE(r->job));
    arena_free(r->a);
}

struct run *
run_find(const struct works *w, str id)
{
    struct run *r = w->runs;
    while (r && !(r->ask.background && str_eq(r->writer.id, id)))
        r = r->next;
    return r;
}

fallible
run_put(const struct run *r, buf *b)
{
    return writer_put(&r->writer, b);
}

/* ---- watchers */
static void
take_off(struct watcher *w)
{
    struct watcher **at = &w->run->watchers;
    while (*at && *at != w)
        at = &(*at)->next;
    ASSERT(*at);
    *at = w->next;
    w->call->on_gone = NULL;
}

static void
on_gone(struct api_call *c)
{
    struct watcher *w = c->own;
    struct run *r = w->run;
    take_off(w);
    if (!r->watchers && !r->ask.background)
        run_free(r);
}

static void
add_watcher(struct run *r, struct api_call *c, bool is_stream, int64_t after)
{
    struct watcher *w = arena_new(c->a, struct watcher);
    *w = (struct watcher){
        .call = c, .run = r, .after = after, .is_stream = is_stream, .next = r->watchers};
    r->watchers = w;
    c->own = w;
    c->on_gone = on_gone;
}

static void
begin_stream(struct watcher *w, str label_text)
{
    struct http_field fields[3 + RATELIMIT_FIELDS] = {
        {STR("content-type"), STR("text/event-stream")},
        {STR("cache-control"), STR("no-cache")},
        {STR("x-hoheit-label"), label_text}};
    const size_t count = 3 + ratelimit_openai(w->call->a, &w->run->limits, &fields[3]);
    http_start(w->call->x, 200, fields, count);
    w->has_begun = true;
}

/* BUSY: the reader is being cut, and on_gone comes. */
static void
tell(struct watcher *w, str text)
{
    if (text.len)
        IGNORE(http_write(w->call->x, text));
}

/* A writer's hook. */
static void
on_event(void *ctx, uint64_t number, str event)
{
    struct run *r = ctx;
    for (struct watcher *w = r->watchers; w; w = w->next)
        if (w->has_begun && (int64_t)number > w->after)
            tell(w, event);
    if (!r->ask.background)
        return;
    buf_add(&r->log, event);
    err e = buf_end(&r->log);
    if (!e.code)
        e = VEC_ADD(r->a, &r->ends, &r->log.len);
    if (e.code && !r->failure.e.code)
        err_keep(&r->failure, e);
}

fallible
run_watch(struct run *r, struct api_call *c, int64_t after, str label_text)
{
    add_watcher(r, c, true, after);
    struct watcher *w = c->own;
    size_t from = 0;
    if (after >= 0)
        from = (size_t)after < r->ends.count ? r->ends.at[after] : r->log.len;
    begin_stream(w, arena_str(c->a, label_text));
    tell(w, str_slice(buf_str(&r->log), from, r->log.len));
    return OK;
}

/* ---- the end */
static void
answer_plain(struct run *r, struct api_call *c, const buf *b)
{
    struct http_field fields[2 + RATELIMIT_FIELDS] = {
        {STR("content-type"), STR("application/json")}, {STR("x-hoheit-label"), r->label_text}};
    const size_t count = 2 + ratelimit_openai(c->a, &r->limits, &fields[2]);
    http_answer(c->x, 200, fields, count, buf_str(b));
}

/* Each is let go before it is told: telling may end its exchange. */
static void
end_watchers(struct run *r, const buf *b)
{
    while (r->watchers) {
        struct watcher *w = r->watchers;
        struct api_call *c = w->call;
        const bool is_stream = w->is_stream;
        take_off(w);
        if (is_stream) {
            IGNORE(http_write(c->x, STR("data: [DONE]\n\n"))); /* BUSY: as in tell */
            http_end(c->x);
        } else {
            answer_plain(r, c, b);
        }
    }
}

static void
fail_watcher(struct watcher *w, err e)
{
    struct api_call *c = w->call;
    const struct run *r = w->run;
    const bool has_begun = w->has_begun;
    take_off(w);
    if (!has_begun) {
        c->limits = r->limits;
        api_fail(c, e);
        return;
    }
    api_log(c, e);
    if (r->writer.failure.e.code) { /* no event could say why: it must not look like an end */
        http_abort(c->x);
        return;
    }
    IGNORE(http_write(c->x, STR("data: [DONE]\n\n"))); /* BUSY: as in tell */
    http_end(c->x);
}

/* As the API's clients know them. */
static str
error_code(err e)
{
    const int status = err_info(e)->http_status;
    if (status == 429)
        return STR("rate_limit_exceeded");
    return status >= 500 ? STR("server_error") : STR("invalid_prompt");
}

static void
note_failure(struct run *r, err e)
{
    struct writer *w = &r->writer;
    w->status = RESPONSE_FAILED;
    w->error_code = error_code(e);
    if (try_arena_str(r->a, str_of(err_public(e)), &w->error_message).code)
        w->error_message = str_of(err_info(e)->en);
    w->ended_s = clock_wall_ms() / 1000;
}

static fallible
put_meta(const struct run *r, str *ret)
{
    AUTO(buf) b = BUF(OBJECT_META_MAX);
    json_open(&b, '{');
    writer_save(&r->writer, &b);
    json_key(&b, "input");
    json_open(&b, '[');
    for (size_t i = 0; i < r->ask.input.list.count; i++) {
        if (i)
            buf_add_char(&b, ',');
        buf_add(&b, r->ask.input.list.at[i].json);
    }
    json_close(&b, ']');
    json_close(&b, '}');
    TRY(buf_end(&b));
    return try_arena_str(r->a, buf_str(&b), ret);
}

/* The row of one made in the background says how it ended. */
static void
note_row(struct run *r)
{
    r->row.head.state = str_of(writer_status_name(r->writer.status));
    err e = put_meta(r, &r->row.meta);
    if (!e.code)
        e = keep_note(r->works->gate, &r->row);
    if (e.code && e.code != ERR_NOT_FOUND) /* removed meanwhile: then nobody asks for it */
        log_failure(LOG_ERROR, "response.not_kept", e);
}

static void
fail_run(struct run *r, err e)
{
    struct err_kept kept;
    err_keep(&kept, e);
    const bool has_row = r->row.head.kind != 0;
    note_failure(r, err_again(&kept));
    if (r->writer.next) { /* some events are out */
        writer_settle(&r->writer, false);
        IGNORE(writer_last(&r->writer)); /* what it could fail with is what we are telling */
    }
    if (has_row)
        note_row(r);
    while (r->watchers)
        fail_watcher(r->watchers, err_again(&kept));
    run_free(r);
}

static fallible
put_whole(struct run *r, buf *b)
{
    TRY(writer_last(&r->writer));
    return writer_put(&r->writer, b);
}

static void
finish(struct run *r)
{
    AUTO(buf) b = BUF(params_of(r)->gate_request_memory_bytes_max);
    const err e = put_whole(r, &b);
    if (e.code) {
        fail_run(r, e);
        return;
    }
    end_watchers(r, &b);
    run_free(r);
}

/* ---- what is kept of it */
static void chain_is_there(struct run *r);
static void conversation_is_there(struct run *r);

/* Which field names what is not there. */
static err
missing(const struct run *r, err e)
{
    if (e.code != ERR_NOT_FOUND)
        return e;
    if (r->then == chain_is_there)
        REFUSE(NOT_FOUND, "previous_response_id", "there is no such response here, or no longer");
    REFUSE(NOT_FOUND, "conversation", "there is no such conversation here, or no longer");
}

static void
on_kept(void *ctx, err e)
{
    struct run *r = ctx;
    if (e.code)
        fail_run(r, missing(r, e));
    else
        r->then(r);
}

static fallible
item_wish(struct run *r, str id, str json, struct keep_wish *ret)
{
    TRY(try_arena_str(r->a, json, &json));
    *ret =
        (struct keep_wish){.kind = OBJECT_ITEM, .id = id, .state = STR("completed"), .meta = json};
    return OK;
}

/* Of the request and of the answer, for the conversation they belong to. */
static fallible
item_wishes(struct run *r, struct keep_turn *t)
{
    const size_t in = r->ask.input.list.count, out = r->writer.items.count;
    void *room;
    TRY(try_arena_get(r->a, in + out + 1, sizeof(struct keep_wish), &room));
    struct keep_wish *wishes = room;
    for (size_t i = 0; i < in; i++)
        TRY(item_wish(r, r->ask.input.list.at[i].id, r->ask.input.list.at[i].json, &wishes[i]));
    for (size_t i = 0; i < out; i++) {
        AUTO(buf) b = BUF(params_of(r)->gate_request_memory_bytes_max);
        writer_put_item(&r->writer, i, &b);
        TRY(buf_end(&b));
        TRY(item_wish(r, r->writer.items.at[i]->id, buf_str(&b), &wishes[in + i]));
    }
    t->items = wishes;
    t->item_count = in + out;
    return OK;
}

static fallible
answer_wish(struct run *r, struct keep_wish *ret)
{
    *ret = (struct keep_wish){.kind = OBJECT_RESPONSE,
                              .id = r->writer.id,
                              .parent = r->ask.previous,
                              .state = str_of(writer_status_name(r->writer.status)),
                              .label_text = r->label_text,
                              .floor = r->floor,
                              .valid_ms = params_of(r)->keep_response_ms_max};
    return put_meta(r, &ret->meta);
}

static void
turn_is_kept(struct run *r)
{
    if (r->row.head.kind)
        note_row(r);
    finish(r);
}

static fallible
keep_it(struct run *r)
{
    struct keep_turn t = {.conversation = r->ask.conversation, .label_text = r->label_text};
    struct keep_wish answer;
    const bool has_new_row = r->ask.store && !r->row.head.kind;
    r->then = turn_is_kept;
    if (has_new_row) {
        TRY(answer_wish(r, &answer));
        t.answer = &answer;
    }
    if (t.conversation.len)
        TRY(item_wishes(r, &t));
    return keep_turn(&r->keep, &t);
}

/* ---- the gate's hooks */
static void
on_start(void *ctx, const struct gate_start *s)
{
    struct run *r = ctx;
    r->label_text = arena_str(r->a, s->label_text);
    r->limits = s->limits;
    if (r->counts_only)
        return;
    r->writer.status = RESPONSE_RUNNING;
    bool anybody = r->ask.background;
    for (struct watcher *w = r->watchers; w; w = w->next) {
        if (w->is_stream && !w->has_begun)
            begin_stream(w, arena_str(w->call->a, r->label_text));
        anybody = anybody || w->is_stream;
    }
    if (anybody) {
        r->writer.emit = on_event;
        r->writer.ctx = r;
    }
    writer_begin(&r->writer);
    if (r->query.len)
        writer_search(&r->writer, r->searched.queries, r->searched.results);
}

static void
on_text(void *ctx, const struct engine_piece *p, str text)
{
    struct run *r = ctx;
    writer_part(&r->writer, p, text);
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct run *r = ctx;
    struct writer *w = &r->writer;
    w->input_tokens = u->prompt_tokens;
    w->cached_tokens = u->cached_tokens;
    w->output_tokens = u->output_tokens;
    w->status = RESPONSE_COMPLETED;
    if (u->finish == FINISH_LENGTH || u->finish == FINISH_FILTER) {
        w->status = RESPONSE_INCOMPLETE;
        w->reason = u->finish == FINISH_LENGTH ? STR("max_output_tokens") : STR("content_filter");
    }
}

static err
explain_length(const struct run *r, err e)
{
    if (e.code != ERR_CONTEXT_LENGTH || !r->ask.truncates)
        return e;
    REFUSE(CONTEXT_LENGTH, "truncation",
           "input and answer are longer than the model's context; \"truncation\": \"auto\" would "
           "leave out the beginning without a word, and is not done here: begin anew or say less");
}

static void
answer_count(struct run *r)
{
    AUTO(buf) b = BUF(256);
    json_open(&b, '{');
    json_member_str(&b, "object", STR("response.input_tokens"));
    json_member_u64(&b, "input_tokens", r->writer.input_tokens);
    json_close(&b, '}');
    end_watchers(r, &b);
    run_free(r);
}

static void
on_end(void *ctx, err e)
{
    struct run *r = ctx;
    r->job = NULL;
    if (!e.code)
        e = err_again(&r->failure);
    if (!e.code)
        e = err_again(&r->writer.failure);
    if (e.code) {
        fail_run(r, explain_length(r, e));
        return;
    }
    if (r->counts_only) {
        answer_count(r);
        return;
    }
    writer_settle(&r->writer, r->writer.status == RESPONSE_COMPLETED);
    r->writer.ended_s = clock_wall_ms() / 1000;
    if (!r->ask.store && !r->ask.conversation.len) {
        finish(r);
        return;
    }
    if (r->row.head.kind && !r->ask.conversation.len) {
        turn_is_kept(r);
        return;
    }
    e = keep_it(r);
    if (e.code)
        fail_run(r, e);
}

/* ---- the way to the model */
static fallible
run_model(struct run *r)
{
    const struct gate_ask ask = {.session = r->session,
                                 .case_name = r->keep.case_name,
                                 .op = r->counts_only ? OP_TOKENIZE : OP_CHAT,
                                 .kind = r->counts_only ? ENGINE_TOKENIZE : ENGINE_CHAT,
                                 .model = r->ask.model,
                                 .label_text = r->declared,
                                 .floor = r->floor,
                                 .conv = &r->ask.conv,
                                 .request_id = r->keep.request_id,
                                 .traceparent = r->traceparent,
                                 .received_us = r->received_us,
                                 .a = r->a,
                                 .refused_by = &r->limits};
    const struct gate_hooks hooks = {
        .on_start = on_start, .on_text = on_text, .on_done = on_done, .on_end = on_end, .ctx = r};
    return gate_run(r->works->gate, &ask, hooks, &r->job);
}

static void
go_on(struct run *r, err e)
{
    if (e.code)
        fail_run(r, e);
}

/* It is known and kept as queued: who asked plainly is told so. */
static void
row_is_there(struct run *r)
{
    AUTO(buf) b = BUF(params_of(r)->gate_request_memory_bytes_max);
    r->works->background++;
    r->is_counted = true;
    r->label_text = r->row.label_text;
    const err e = writer_put(&r->writer, &b);
    if (e.code) {
        fail_run(r, e);
        return;
    }
    for (struct watcher *w = r->watchers, *next; w; w = next) {
        struct api_call *c = w->call;
        next = w->next;
        if (w->is_stream)
            continue;
        take_off(w);
        answer_plain(r, c, &b);
    }
    go_on(r, run_model(r));
}

static fallible
begin_talk(struct run *r)
{
    struct keep_wish wish;
    TRY(run_put_talk(r));
    if (!r->ask.background)
        return run_model(r);
    if (r->works->background >= params_of(r)->gate_background_max)
        REFUSE(BUSY, "background", "%zu answers are being made in the background already",
               r->works->background);
    TRY(answer_wish(r, &wish));
    wish.label_text = r->declared;
    r->then = row_is_there;
    return keep_add(&r->keep, &wish, &r->row);
}

/* ---- what is looked up before (file_search.h) */
static void
on_found(void *ctx, const struct stores_found *f, err e)
{
    struct run *r = ctx;
    if (!e.code)
        e = file_search_put(r->a, &r->ask.search, r->query, f, &r->searched);
    if (!e.code) {
        r->floor = label_join(r->floor, r->searched.label);
        r->writer.sources = r->searched.sources;
        e = begin_talk(r);
    }
    go_on(r, e);
}

static fallible
search(struct run *r)
{
    const struct stores *s = api_stores(r->works->api);
    const struct file_search *q = &r->ask.search;
    const struct stores_ask ask = {.call = &r->keep,
                                   .ids = q->ids,
                                   .id_count = q->id_count,
                                   .query = r->query,
                                   .label_text = r->declared,
                                   .floor = r->floor,
                                   .most = q->most,
                                   .least = q->least,
                                   .filter = q->filter};
    if (!s)
        REFUSE(UNSUPPORTED, "tools", "there are no stores here to search in");
    return stores_search(s, &ask, on_found, r);
}

static fallible
begin(struct run *r)
{
    const size_t count = r->ask.input.list.count;
    void *at = NULL;
    if (!r->ask.search.id_count)
        return begin_talk(r);
    TRY(try_arena_get(r->a, count + 1, sizeof(str), &at));
    str *const items = (str *)at;
    for (size_t i = 0; i < count; i++)
        items[i] = r->ask.input.list.at[i].json;
    TRY(file_search_query(r->a, items, count, &r->query));
    return r->query.len ? search(r) : begin_talk(r);
}

/* ---- history */
static fallible
go_on_with_chain(struct run *r)
{
    TRY(run_load_chain(r));
    return begin(r);
}

static void
chain_is_there(struct run *r)
{
    go_on(r, go_on_with_chain(r));
}

static fallible
go_on_with_conversation(struct run *r)
{
    TRY(run_load_conversation(r));
    return begin(r);
}

static void
conversation_is_there(struct run *r)
{
    go_on(r, go_on_with_conversation(r));
}

/* ---- the request */
static fallible
name_it(struct run *r)
{
    const struct model *m;
    char room[ID_MAX];
    TRY(registry_find(gate_parts_of(r->works->gate)->registry, r->ask.model, MODEL_CHAT, &m));
    r->writer.id = arena_str(r->a, id_new("resp_", room));
    r->writer.model = r->ask.model.len ? r->ask.model : arena_str(r->a, m->name);
    r->writer.echo = r->ask.echo;
    r->writer.created_s = clock_wall_ms() / 1000;
    r->writer.is_background = r->ask.background;
    return OK;
}

static fallible
decode(struct run *r, struct api_call *c)
{
    bool in_body;
    str copy;
    jval *v = arena_new(r->a, jval);
    TRY(try_arena_str(r->a, c->body, &copy));
    TRY(json_read(r->a, copy, v));
    if (json_type(*v) != J_OBJECT)
        REFUSE(PARSE, "", "the body must be one JSON object");
    TRY(api_body_case(c, v, &in_body));
    TRY(try_arena_str(r->a, c->case_name, &r->keep.case_name));
    TRY(response_decode(params_of(r), r->a, v, &r->ask));
    return name_it(r);
}

static fallible
set_out(struct run *r)
{
    if (r->ask.previous.len) {
        r->then = chain_is_there;
        return keep_chain(&r->keep, r->ask.previous, &r->chain, &r->floor);
    }
    if (r->ask.conversation.len) {
        r->then = conversation_is_there;
        return keep_open(&r->keep, r->ask.conversation, &r->conversation, &r->chain);
    }
    return begin(r);
}

static fallible
check_count(struct run *r)
{
    if (r->counts_only && (r->ask.stream || r->ask.background))
        REFUSE(ARGUMENT, r->ask.stream ? "stream" : "background", "a count is answered at once");
    return OK;
}

static fallible
start(struct works *w, struct api_call *c, bool counts_only)
{
    struct run *r = NULL;
    struct err_kept failure;
    TRY(run_new(w, c->session, http_request_id(c->x), &r));
    ASSERT(r);
    r->counts_only = counts_only;
    r->received_us = http_received_us(c->x);
    r->traceparent = http_header(c->x, STR("traceparent"));
    err e = try_arena_str(r->a, http_header(c->x, STR("x-hoheit-label")), &r->declared);
    if (!e.code)
        e = decode(r, c);
    if (!e.code)
        e = check_count(r);
    if (!e.code) {
        add_watcher(r, c, r->ask.stream, -1);
        e = set_out(r);
    }
    if (!e.code)
        return OK;
    err_keep(&failure, e);
    if (r->watchers)
        take_off(r->watchers);
    run_free(r);
    return err_again(&failure);
}

fallible
run_start(struct works *w, struct api_call *c)
{
    return start(w, c, false);
}

fallible
run_count(struct works *w, struct api_call *c)
{
    return start(w, c, true);
}

void
run_drop(struct run *r)
{
    run_free(r);
}

/* ---- the other ends */
fallible
run_cancel(struct run *r, arena *a, str *ret_meta)
{
    struct writer *w = &r->writer;
    AUTO(buf) none = BUF(0);
    str meta;
    gate_cancel(TAKE(r->job));
    writer_settle(w, false);
    w->status = RESPONSE_CANCELLED;
    w->ended_s = clock_wall_ms() / 1000;
    IGNORE(writer_last(w)); /* what is kept says it again */
    err e = put_meta(r, &meta);
    if (!e.code)
        e = try_arena_str(a, meta, ret_meta);
    end_watchers(r, &none);
    run_free(r);
    return e;
}

void
run_forget(struct run *r)
{
    AUTO(buf) none = BUF(0);
    gate_cancel(TAKE(r->job));
    end_watchers(r, &none);
    run_free(r);
}
