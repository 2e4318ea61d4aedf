/* SPDX-License-Identifier: EUPL-1.2 */
/* Responses: made, shown, replayed, stopped, removed. */
#include "api/responses/kept.h"
#include "api/responses/run.h"
#include "base/num.h"
#include "os/clock.h"

void
responses_create(struct api_call *c)
{
    const err e = run_start(api_works(c->api), c);
    if (e.code)
        api_fail(c, e);
}

void
responses_count(struct api_call *c)
{
    const err e = run_count(api_works(c->api), c);
    if (e.code)
        api_fail(c, e);
}

static fallible
no_compaction(void)
{
    REFUSE(NOT_FOUND, "", "conversations are not compacted here: nothing is left out of them");
}

/* A route of its own, so that it is not taken for a response of that name. */
void
responses_compact(struct api_call *c)
{
    api_fail(c, no_compaction());
}

/* ---- what was kept */
/* One that was being made when the process that made it ended is made no more. */
static void
mark_interrupted(struct writer *w)
{
    if (w->status != RESPONSE_QUEUED && w->status != RESPONSE_RUNNING)
        return;
    w->status = RESPONSE_FAILED;
    w->error_code = STR("server_error");
    w->error_message = STR("The answer was interrupted by a restart; ask again.");
}

static fallible
load(struct kept_work *w, struct writer *ret)
{
    jval meta;
    TRY(json_read(w->call->a, w->one.meta, &meta));
    TRY(writer_load(w->call->a, &meta, ret));
    mark_interrupted(ret);
    return OK;
}

static fallible
put_kept(struct kept_work *w)
{
    struct writer *kept = arena_new(w->call->a, struct writer);
    TRY(load(w, kept));
    return writer_put(kept, &w->body);
}

/* ---- replay */
struct replay {
    struct kept_work *work;
    bool is_wanted;
    int64_t after;
};

static void
on_event(void *ctx, uint64_t number, str event)
{
    struct replay *r = ctx;
    if ((int64_t)number > r->after)
        buf_add(&r->work->body, event);
}

static fallible
replay_kept(struct kept_work *w, struct replay *r)
{
    struct writer *kept = arena_new(w->call->a, struct writer);
    TRY(load(w, kept));
    kept->emit = on_event;
    kept->ctx = r;
    TRY(writer_replay(kept));
    buf_add(&w->body, STR("data: [DONE]\n\n"));
    return buf_end(&w->body);
}

static void
answer_replay(struct kept_work *w, struct replay *r)
{
    const struct http_field fields[] = {{STR("content-type"), STR("text/event-stream")},
                                        {STR("cache-control"), STR("no-cache")},
                                        {STR("x-hoheit-label"), w->one.label_text}};
    const err e = replay_kept(w, r);
    if (e.code)
        api_fail(w->call, e);
    else
        http_answer(w->call->x, 200, fields, 3, buf_str(&w->body));
}

static void
show(struct kept_work *w)
{
    struct replay *replay = w->own;
    struct run *live = run_find(api_works(w->call->api), w->one.head.id);
    err e = OK;
    if (replay->is_wanted && !live) {
        answer_replay(w, replay);
        return;
    }
    if (replay->is_wanted)
        e = run_watch(live, w->call, replay->after, w->one.label_text);
    else
        e = live ? run_put(live, &w->body) : put_kept(w);
    if (e.code)
        api_fail(w->call, e);
    else if (!replay->is_wanted)
        kept_answer(w, w->one.label_text);
}

static fallible
read_replay(struct api_call *c, struct replay *r)
{
    static const char *const known[] = {"stream",    "starting_after",      "include",
                                        "include[]", "include_obfuscation", NULL};
    str stream, after;
    uint64_t number = 0;
    TRY(api_query_only(c, known));
    TRY(api_query(c, STR("stream"), &stream));
    TRY(api_query(c, STR("starting_after"), &after));
    r->is_wanted = str_eq(stream, STR("true"));
    r->after = -1;
    if (stream.len && !r->is_wanted && !str_eq(stream, STR("false")))
        REFUSE(ARGUMENT, "stream", "stream must be true or false");
    if (after.len && (!r->is_wanted || num_u64(after, 0, INT64_MAX, &number).code))
        REFUSE(ARGUMENT, "starting_after",
               "starting_after must be the number of an event, and needs stream=true");
    if (after.len)
        r->after = (int64_t)number;
    return OK;
}

void
responses_show(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show);
    struct replay *r = arena_new(c->a, struct replay);
    const struct keep_name n = {.kind = OBJECT_RESPONSE, .id = c->args[0]};
    r->work = w;
    w->own = r;
    err e = read_replay(c, r);
    if (!e.code)
        e = keep_get(&w->keep, &n, &w->one);
    kept_go(w, e);
}

/* ---- removed */
static void
removed(struct kept_work *w)
{
    struct run *live = run_find(api_works(w->call->api), w->call->args[0]);
    if (live)
        run_forget(live);
    kept_answer_deleted(w, w->call->args[0], "response");
}

void
responses_remove(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, removed);
    const struct keep_name n = {.kind = OBJECT_RESPONSE, .id = c->args[0]};
    kept_go(w, keep_remove(&w->keep, &n));
}

/* ---- stopped */
static void
stopped(struct kept_work *w)
{
    const err e = put_kept(w);
    if (e.code)
        api_fail(w->call, e);
    else
        kept_answer(w, w->one.label_text);
}

/* What is over stays as it is. */
static fallible
stop(struct kept_work *w)
{
    struct writer *kept = arena_new(w->call->a, struct writer);
    struct run *live = run_find(api_works(w->call->api), w->one.head.id);
    TRY(load(w, kept));
    if (!kept->is_background)
        REFUSE(ARGUMENT, "", "only what is made in the background can be cancelled");
    if (live) {
        TRY(run_cancel(live, w->call->a, &w->one.meta));
        w->one.head.state = str_of(writer_status_name(RESPONSE_CANCELLED));
    }
    w->then = stopped;
    return keep_set(&w->keep, &w->one, STR_NONE);
}

static void
found_to_stop(struct kept_work *w)
{
    kept_go(w, stop(w));
}

void
responses_cancel(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, found_to_stop);
    const struct keep_name n = {.kind = OBJECT_RESPONSE, .id = c->args[0]};
    err e = gate_allow(c->gate, c->session, OP_RESPONSE_CANCEL, http_request_id(c->x), c->a);
    if (!e.code)
        e = keep_get(&w->keep, &n, &w->one);
    kept_go(w, e);
}

/* ---- what it was asked */
struct input {
    struct keep_page page;
    VEC(jval) items;
    size_t from;
};

static str
id_of(const jval *item)
{
    const jval v = json_get(item, "id");
    str id = STR_NONE;
    return opt_json_str(&v, 256, &id).code ? STR_NONE : id;
}

static jval *
in_order(struct input *in, size_t i)
{
    return &in->items.at[in->page.oldest_first ? i : in->items.count - 1 - i];
}

static fallible
find_items(struct kept_work *w, struct input *in)
{
    jval *meta = arena_new(w->call->a, jval), *list = arena_new(w->call->a, jval), v;
    struct jwalk walk = {.next = NULL};
    TRY(json_read(w->call->a, w->one.meta, meta));
    *list = json_get(meta, "input");
    while (json_each(list, &walk, &v))
        TRY(VEC_ADD(w->call->a, &in->items, &v));
    if (!in->page.after.len)
        return OK;
    while (in->from < in->items.count && !str_eq(id_of(in_order(in, in->from)), in->page.after))
        in->from++;
    if (in->from++ == in->items.count)
        REFUSE(ARGUMENT, "after", "after must be the id of an entry of the list");
    return OK;
}

static void
member_id(buf *b, const char *name, str id)
{
    json_key(b, name);
    if (id.len)
        json_put_str(b, id);
    else
        json_put_null(b);
}

static fallible
put_input(struct kept_work *w)
{
    struct input *in = w->own;
    buf *b = &w->body;
    TRY(find_items(w, in));
    const size_t rest = in->items.count - in->from;
    const size_t count = rest < in->page.count ? rest : in->page.count;
    json_open(b, '{');
    json_member_str(b, "object", STR("list"));
    json_key(b, "data");
    json_open(b, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_add_char(b, ',');
        json_put_value(b, in_order(in, in->from + i));
    }
    json_close(b, ']');
    member_id(b, "first_id", count ? id_of(in_order(in, in->from)) : STR_NONE);
    member_id(b, "last_id", count ? id_of(in_order(in, in->from + count - 1)) : STR_NONE);
    json_member_bool(b, "has_more", count < rest);
    json_close(b, '}');
    return buf_end(b);
}

static void
show_input(struct kept_work *w)
{
    const err e = put_input(w);
    if (e.code)
        api_fail(w->call, e);
    else
        kept_answer(w, w->one.label_text);
}

void
responses_input(struct api_call *c)
{
    static const char *const also[] = {"include", "include[]", "before", NULL};
    struct kept_work *w = kept_begin(c, show_input);
    struct input *in = arena_new(c->a, struct input);
    const struct keep_name n = {.kind = OBJECT_RESPONSE, .id = c->args[0]};
    w->own = in;
    err e = kept_read_page(c, also, 20, KEPT_PAGE_MAX, &in->page);
    if (!e.code)
        e = keep_get(&w->keep, &n, &w->one);
    kept_go(w, e);
}
