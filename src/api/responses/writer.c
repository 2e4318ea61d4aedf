/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/writer.h"

#include "api/openai/answer.h"

enum { TEXT_BYTES_MAX = 64 * 1024 * 1024, EVENT_BYTES_MAX = 128 * 1024 * 1024 };

const char *
writer_status_name(enum writer_status s)
{
    static const char *const names[] = {
        [RESPONSE_QUEUED] = "queued",       [RESPONSE_RUNNING] = "in_progress",
        [RESPONSE_COMPLETED] = "completed", [RESPONSE_INCOMPLETE] = "incomplete",
        [RESPONSE_FAILED] = "failed",       [RESPONSE_CANCELLED] = "cancelled"};
    ASSERT((size_t)s < sizeof names / sizeof *names);
    return names[s];
}

static const struct kind {
    const char *type, *prefix, *part, *delta, *done, *member;
} kinds[] = {
    [WRITER_MESSAGE] = {"message", "msg_", "output_text", "response.output_text.delta",
                        "response.output_text.done", "text"},
    [WRITER_REASONING] = {"reasoning", "rs_", "reasoning_text", "response.reasoning_text.delta",
                          "response.reasoning_text.done", "text"},
    [WRITER_CALL] = {"function_call", "fc_", NULL, "response.function_call_arguments.delta",
                     "response.function_call_arguments.done", "arguments"},
    [WRITER_SEARCH] = {"file_search_call", "fs_", NULL, NULL, NULL, NULL},
};

/* ---- life */
static void
writer_done(void *p)
{
    struct writer *w = p;
    for (size_t i = 0; i < w->items.count; i++) {
        buf_done(&w->items.at[i]->text);
        buf_done(&w->items.at[i]->logprobs);
    }
    buf_done(&w->event);
}

void
writer_init(struct writer *w, arena *a, size_t limit)
{
    *w = (struct writer){.a = a, .limit = limit, .event = BUF(EVENT_BYTES_MAX)};
    arena_on_end(a, writer_done, w);
}

static void
fail(struct writer *w, err e)
{
    if (e.code && !w->failure.e.code)
        err_keep(&w->failure, e);
}

/* ---- JSON of items */
static void
put_message_part(const struct writer_item *i, bool is_empty, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "type", str_of(kinds[i->kind].part));
    json_member_str(b, "text", is_empty ? STR("") : buf_str(&i->text));
    if (i->kind == WRITER_MESSAGE) {
        buf_add(b, STR(",\"annotations\":["));
        for (size_t n = 0; !is_empty && n < i->notes.count; n++) {
            if (n)
                buf_add_char(b, ',');
            buf_add(b, i->notes.at[n]);
        }
        buf_add(b, STR("],\"logprobs\":["));
        if (!is_empty)
            buf_add(b, buf_str(&i->logprobs));
        buf_add_char(b, ']');
    }
    json_close(b, '}');
}

static void
put_call(const struct writer_item *i, bool is_empty, buf *b)
{
    json_member_str(b, "call_id", i->call_id);
    json_member_str(b, "name", i->name);
    json_member_str(b, "arguments", is_empty ? STR("") : buf_str(&i->text));
}

static void
put_search(const struct writer_item *i, bool is_empty, buf *b)
{
    json_key(b, "queries");
    buf_add(b, is_empty ? STR("[]") : i->queries);
    json_key(b, "results");
    buf_add(b, is_empty || !i->results.len ? STR("null") : i->results);
}

static void
put_item(const struct writer_item *i, const char *status, bool is_empty, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "type", str_of(kinds[i->kind].type));
    json_member_str(b, "id", i->id);
    json_member_str(b, "status", str_of(status));
    if (i->kind == WRITER_CALL) {
        put_call(i, is_empty, b);
    } else if (i->kind == WRITER_SEARCH) {
        put_search(i, is_empty, b);
    } else {
        if (i->kind == WRITER_MESSAGE)
            json_member_str(b, "role", STR("assistant"));
        else
            buf_add(b, STR(",\"summary\":[]"));
        json_key(b, "content");
        json_open(b, '[');
        if (!is_empty)
            put_message_part(i, false, b);
        json_close(b, ']');
    }
    json_close(b, '}');
}

static const char *
item_status(const struct writer *w, size_t index)
{
    if (w->is_open && index == w->items.count - 1)
        return "in_progress";
    return w->items.at[index]->is_whole ? "completed" : "incomplete";
}

void
writer_put_item(const struct writer *w, size_t i, buf *b)
{
    put_item(w->items.at[i], item_status(w, i), false, b);
}

/* ---- JSON of the whole */
static void
put_error(const struct writer *w, bool over, buf *b)
{
    json_key(b, "error");
    if (!over || !w->error_code.len) {
        json_put_null(b);
        return;
    }
    json_open(b, '{');
    json_member_str(b, "code", w->error_code);
    json_member_str(b, "message", w->error_message);
    json_close(b, '}');
}

static void
put_reason(const struct writer *w, bool over, buf *b)
{
    json_key(b, "incomplete_details");
    if (!over || !w->reason.len) {
        json_put_null(b);
        return;
    }
    json_open(b, '{');
    json_member_str(b, "reason", w->reason);
    json_close(b, '}');
}

static void
put_usage(const struct writer *w, buf *b)
{
    json_key(b, "usage");
    json_open(b, '{');
    json_member_u64(b, "input_tokens", w->input_tokens);
    json_key(b, "input_tokens_details");
    json_open(b, '{');
    json_member_u64(b, "cached_tokens", w->cached_tokens);
    json_member_u64(b, "cache_write_tokens", 0);
    json_close(b, '}');
    json_member_u64(b, "output_tokens", w->output_tokens);
    json_key(b, "output_tokens_details");
    json_open(b, '{');
    json_member_u64(b, "reasoning_tokens", w->reasoning_tokens);
    json_close(b, '}');
    json_member_u64(b, "total_tokens", (uint64_t)w->input_tokens + w->output_tokens);
    json_close(b, '}');
}

static bool
is_over(enum writer_status s)
{
    return s != RESPONSE_QUEUED && s != RESPONSE_RUNNING;
}

/* With `status`, which may be one from before: then nothing is told of how it ended. */
static void
put_response(const struct writer *w, enum writer_status status, buf *b)
{
    const bool over = is_over(status);
    json_open(b, '{');
    json_member_str(b, "id", w->id);
    json_member_str(b, "object", STR("response"));
    json_member_i64(b, "created_at", w->created_s);
    json_key(b, "completed_at");
    if (status == RESPONSE_COMPLETED)
        json_put_i64(b, w->ended_s);
    else
        json_put_null(b);
    json_member_str(b, "status", str_of(writer_status_name(status)));
    put_error(w, over, b);
    put_reason(w, over, b);
    json_member_str(b, "model", w->model);
    json_key(b, "output");
    json_open(b, '[');
    for (size_t i = 0; over && i < w->items.count; i++)
        writer_put_item(w, i, b);
    json_close(b, ']');
    if (status == RESPONSE_COMPLETED || status == RESPONSE_INCOMPLETE) {
        put_usage(w, b);
    } else {
        json_key(b, "usage");
        json_put_null(b);
    }
    buf_add(b, w->echo);
    json_close(b, '}');
}

fallible
writer_put(const struct writer *w, buf *b)
{
    TRY(err_again(&w->failure));
    put_response(w, w->status, b);
    return buf_end(b);
}

/* ---- events */
static void
open_event(struct writer *w, const char *type)
{
    buf_clear(&w->event);
    buf_add_fmt(&w->event, "event: %s\ndata: ", type);
    json_open(&w->event, '{');
    json_member_str(&w->event, "type", str_of(type));
    json_member_u64(&w->event, "sequence_number", w->next);
}

static void
close_event(struct writer *w)
{
    json_close(&w->event, '}');
    buf_add(&w->event, STR("\n\n"));
    fail(w, buf_end(&w->event));
    if (!w->failure.e.code)
        w->emit(w->ctx, w->next, buf_str(&w->event));
    w->next++;
}

/* What has no failure of its own when it tells of one. */
static void
response_event(struct writer *w, const char *type, enum writer_status status)
{
    if (!w->emit)
        return;
    open_event(w, type);
    json_key(&w->event, "response");
    put_response(w, status, &w->event);
    close_event(w);
}

static void
put_place(struct writer *w, const struct writer_item *i)
{
    json_member_str(&w->event, "item_id", i->id);
    json_member_u64(&w->event, "output_index", w->items.count - 1);
    if (i->kind != WRITER_CALL)
        json_member_u64(&w->event, "content_index", 0);
}

static void
item_event(struct writer *w, const char *type, const struct writer_item *i, bool is_added)
{
    if (!w->emit)
        return;
    open_event(w, type);
    json_member_u64(&w->event, "output_index", w->items.count - 1);
    json_key(&w->event, "item");
    put_item(i,
             is_added      ? "in_progress"
             : i->is_whole ? "completed"
                           : "incomplete",
             is_added, &w->event);
    close_event(w);
}

static void
part_event(struct writer *w, const char *type, const struct writer_item *i, bool is_added)
{
    if (!w->emit || i->kind == WRITER_CALL)
        return;
    open_event(w, type);
    put_place(w, i);
    json_key(&w->event, "part");
    put_message_part(i, is_added, &w->event);
    close_event(w);
}

static void
put_logprobs(struct writer *w, const struct writer_item *i, str rows)
{
    if (i->kind != WRITER_MESSAGE)
        return;
    if (rows.len && rows.at[0] == ',')
        rows = str_slice(rows, 1, rows.len);
    buf_add(&w->event, STR(",\"logprobs\":["));
    buf_add(&w->event, rows);
    buf_add_char(&w->event, ']');
}

static void
delta_event(struct writer *w, const struct writer_item *i, str text, str rows)
{
    if (!w->emit)
        return;
    open_event(w, kinds[i->kind].delta);
    put_place(w, i);
    json_member_str(&w->event, "delta", text);
    put_logprobs(w, i, rows);
    close_event(w);
}

static void
text_event(struct writer *w, const struct writer_item *i)
{
    if (!w->emit)
        return;
    open_event(w, kinds[i->kind].done);
    put_place(w, i);
    if (i->kind == WRITER_CALL)
        json_member_str(&w->event, "name", i->name);
    json_member_str(&w->event, kinds[i->kind].member, buf_str(&i->text));
    put_logprobs(w, i, buf_str(&i->logprobs));
    close_event(w);
}

static void
note_events(struct writer *w, const struct writer_item *i)
{
    for (size_t n = 0; w->emit && n < i->notes.count; n++) {
        open_event(w, "response.output_text.annotation.added");
        put_place(w, i);
        json_member_u64(&w->event, "annotation_index", n);
        json_key(&w->event, "annotation");
        buf_add(&w->event, i->notes.at[n]);
        close_event(w);
    }
}

/* Nothing is told while it is searched: it is over when the answer begins. */
static void
search_events(struct writer *w, const struct writer_item *i)
{
    static const char *const states[] = {"response.file_search_call.in_progress",
                                         "response.file_search_call.searching",
                                         "response.file_search_call.completed"};
    for (size_t n = 0; w->emit && n < sizeof states / sizeof *states; n++) {
        open_event(w, states[n]);
        json_member_str(&w->event, "item_id", i->id);
        json_member_u64(&w->event, "output_index", w->items.count - 1);
        close_event(w);
    }
}

static void
begin_item(struct writer *w, const struct writer_item *i)
{
    item_event(w, "response.output_item.added", i, true);
    if (i->kind == WRITER_SEARCH)
        search_events(w, i);
    else
        part_event(w, "response.content_part.added", i, true);
}

static void
end_item(struct writer *w, const struct writer_item *i)
{
    if (i->kind != WRITER_SEARCH) {
        note_events(w, i);
        text_event(w, i);
        part_event(w, "response.content_part.done", i, false);
    }
    item_event(w, "response.output_item.done", i, false);
}

/* ---- the way of a response */
void
writer_begin(struct writer *w)
{
    const enum writer_status first = w->is_background ? RESPONSE_QUEUED : RESPONSE_RUNNING;
    response_event(w, "response.created", first);
    if (w->is_background)
        response_event(w, "response.queued", first);
    response_event(w, "response.in_progress", RESPONSE_RUNNING);
}

static struct writer_item *
open_item(struct writer *w)
{
    return w->is_open ? w->items.at[w->items.count - 1] : NULL;
}

static void
close_item(struct writer *w, bool is_whole)
{
    struct writer_item *i = open_item(w);
    if (!i)
        return;
    if (i->kind == WRITER_MESSAGE)
        fail(w, citations_find(w->a, &w->sources, buf_str(&i->text), &i->notes));
    i->is_whole = is_whole;
    w->is_open = false;
    end_item(w, i);
}

static str
own_part(str id) /* of "resp_…" */
{
    const ptrdiff_t at = str_find_char(id, '_');
    return str_slice(id, (size_t)(at + 1), id.len);
}

static err
new_item(struct writer *w, enum writer_kind kind, struct writer_item **ret)
{
    void *room;
    TRY(try_arena_get(w->a, 1, sizeof(struct writer_item) + 128, &room));
    struct writer_item *i = room;
    *i = (struct writer_item){.kind = kind, .text = BUF(w->limit), .logprobs = BUF(w->limit)};
    i->id =
        arena_fmt(w->a, "%s%.*s_%zu", kinds[kind].prefix, STR_FMT(own_part(w->id)), w->items.count);
    TRY(VEC_ADD(w->a, &w->items, &i));
    w->is_open = true;
    *ret = i;
    return OK;
}

static err
add_search(struct writer *w, str queries, str results)
{
    struct writer_item *i;
    TRY(new_item(w, WRITER_SEARCH, &i));
    TRY(try_arena_str(w->a, queries, &i->queries));
    TRY(try_arena_str(w->a, results, &i->results));
    begin_item(w, i);
    close_item(w, true);
    return OK;
}

void
writer_search(struct writer *w, str queries, str results)
{
    if (!w->failure.e.code)
        fail(w, add_search(w, queries, results));
}

static err
begin_call(struct writer *w, const struct engine_piece *p, str name)
{
    struct writer_item *i;
    TRY(new_item(w, WRITER_CALL, &i));
    i->call = p->call;
    TRY(try_arena_str(w->a, name, &i->name));
    if (p->call_id.len)
        TRY(try_arena_str(w->a, p->call_id, &i->call_id));
    else
        i->call_id = arena_fmt(w->a, "call_%.*s_%u", STR_FMT(own_part(w->id)), p->call);
    begin_item(w, i);
    return OK;
}

static err
add_text(struct writer *w, struct writer_item *i, const struct engine_piece *p, str text)
{
    uint32_t offset = 0;
    const size_t rows = i->logprobs.len;
    openai_add_logprobs(&i->logprobs, true, p, &offset);
    buf_add(&i->text, text);
    TRY(buf_end(&i->text));
    TRY(buf_end(&i->logprobs));
    const struct writer_cut cut = {(uint32_t)text.len, (uint32_t)(i->logprobs.len - rows)};
    TRY(VEC_ADD(w->a, &i->cuts, &cut));
    delta_event(w, i, text, str_slice(buf_str(&i->logprobs), rows, i->logprobs.len));
    return OK;
}

static err
add_words(struct writer *w, enum writer_kind kind, const struct engine_piece *p, str text)
{
    struct writer_item *i = open_item(w);
    if (!text.len && !p->logprob_count)
        return OK;
    if (!i || i->kind != kind) {
        close_item(w, true);
        TRY(new_item(w, kind, &i));
        begin_item(w, i);
    }
    return add_text(w, i, p, text);
}

static err
add_arguments(struct writer *w, const struct engine_piece *p, str text)
{
    struct writer_item *i = open_item(w);
    if (!i || i->kind != WRITER_CALL || i->call != p->call)
        FAIL(INTERNAL, "arguments of a call that is not being made");
    return text.len ? add_text(w, i, p, text) : OK;
}

void
writer_part(struct writer *w, const struct engine_piece *p, str text)
{
    if (w->failure.e.code)
        return;
    switch (p->part) {
    case PART_TEXT:
        fail(w, add_words(w, WRITER_MESSAGE, p, text));
        break;
    case PART_REASONING:
        w->reasoning_tokens += p->token_count;
        fail(w, add_words(w, WRITER_REASONING, p, text));
        break;
    case PART_CALL:
        close_item(w, true);
        fail(w, begin_call(w, p, text));
        break;
    case PART_ARGUMENTS:
        fail(w, add_arguments(w, p, text));
        break;
    }
}

void
writer_settle(struct writer *w, bool is_whole)
{
    close_item(w, is_whole);
}

fallible
writer_last(struct writer *w)
{
    static const char *const names[] = {[RESPONSE_COMPLETED] = "response.completed",
                                        [RESPONSE_INCOMPLETE] = "response.incomplete",
                                        [RESPONSE_FAILED] = "response.failed",
                                        /* the API has no event of its own for it */
                                        [RESPONSE_CANCELLED] = "response.incomplete"};
    ASSERT(is_over(w->status));
    response_event(w, names[w->status], w->status);
    return err_again(&w->failure);
}

/* ---- kept and read back */
static void
save_item(const struct writer_item *i, buf *b)
{
    json_open(b, '{');
    json_member_u64(b, "kind", i->kind);
    json_member_str(b, "id", i->id);
    json_member_str(b, "call_id", i->call_id);
    json_member_str(b, "name", i->name);
    json_member_bool(b, "whole", i->is_whole);
    json_member_str(b, "text", buf_str(&i->text));
    json_member_str(b, "logprobs", buf_str(&i->logprobs));
    json_member_str(b, "queries", i->queries);
    json_member_str(b, "results", i->results);
    json_key(b, "notes");
    json_open(b, '[');
    for (size_t n = 0; n < i->notes.count; n++)
        json_put_str(b, i->notes.at[n]);
    json_close(b, ']');
    json_key(b, "cuts");
    json_open(b, '[');
    for (size_t c = 0; c < i->cuts.count; c++) {
        json_put_u64(b, i->cuts.at[c].text);
        json_put_u64(b, i->cuts.at[c].logprobs);
    }
    json_close(b, ']');
    json_close(b, '}');
}

void
writer_save(const struct writer *w, buf *b)
{
    json_member_str(b, "id", w->id);
    json_member_str(b, "model", w->model);
    json_member_str(b, "echo", w->echo);
    json_member_i64(b, "created", w->created_s);
    json_member_i64(b, "ended", w->ended_s);
    json_member_bool(b, "background", w->is_background);
    json_member_u64(b, "status", w->status);
    json_member_str(b, "reason", w->reason);
    json_member_str(b, "error_code", w->error_code);
    json_member_str(b, "error_message", w->error_message);
    json_member_u64(b, "input_tokens", w->input_tokens);
    json_member_u64(b, "cached_tokens", w->cached_tokens);
    json_member_u64(b, "output_tokens", w->output_tokens);
    json_member_u64(b, "reasoning_tokens", w->reasoning_tokens);
    json_key(b, "items");
    json_open(b, '[');
    for (size_t i = 0; i < w->items.count; i++)
        save_item(w->items.at[i], b);
    json_close(b, ']');
}

static fallible
load_text(const jval *o, const char *name, str *ret)
{
    const jval v = json_get(o, name);
    return json_str(&v, TEXT_BYTES_MAX, ret);
}

static fallible
load_number(const jval *o, const char *name, int64_t max, int64_t *ret)
{
    const jval v = json_get(o, name);
    return json_i64(&v, 0, max, ret);
}

static fallible
load_count(const jval *o, const char *name, uint32_t *ret)
{
    int64_t n;
    TRY(load_number(o, name, UINT32_MAX, &n));
    *ret = (uint32_t)n;
    return OK;
}

static fallible
load_flag(const jval *o, const char *name, bool *ret)
{
    const jval v = json_get(o, name);
    return json_bool(&v, ret);
}

static fallible
load_cuts(arena *a, const jval *o, struct writer_item *i)
{
    const jval list = json_get(o, "cuts");
    struct jwalk w = {.next = NULL};
    uint64_t text = 0, rows = 0;
    jval v;
    TRY(json_array(&list, 0, SIZE_MAX));
    for (;;) {
        int64_t n = 0, m = 0;
        if (!json_each(&list, &w, &v))
            break;
        TRY(json_i64(&v, 0, UINT32_MAX, &n));
        if (!json_each(&list, &w, &v))
            FAIL(CORRUPT, "a kept answer has half a cut");
        TRY(json_i64(&v, 0, UINT32_MAX, &m));
        const struct writer_cut cut = {(uint32_t)n, (uint32_t)m};
        text += cut.text;
        rows += cut.logprobs;
        TRY(VEC_ADD(a, &i->cuts, &cut));
    }
    if (text != i->text.len || rows != i->logprobs.len)
        FAIL(CORRUPT, "the cuts of a kept answer do not add up");
    return OK;
}

/* What was kept before there were searches has neither. */
static fallible
load_search(arena *a, const jval *o, struct writer_item *i)
{
    const jval queries = json_get(o, "queries"), results = json_get(o, "results"),
               notes = json_get(o, "notes");
    struct jwalk w = {0};
    jval v;
    str note;
    TRY(opt_json_str(&queries, TEXT_BYTES_MAX, &i->queries));
    TRY(opt_json_str(&results, TEXT_BYTES_MAX, &i->results));
    if (!notes.v)
        return OK;
    TRY(json_array(&notes, 0, CITATIONS_MAX));
    while (json_each(&notes, &w, &v)) {
        TRY(json_str(&v, TEXT_BYTES_MAX, &note));
        TRY(VEC_ADD(a, &i->notes, &note));
    }
    return OK;
}

static fallible
load_item(const jval *o, struct writer *w)
{
    int64_t kind;
    struct writer_item *i;
    str id, text, rows;
    TRY(load_number(o, "kind", WRITER_SEARCH, &kind));
    TRY(new_item(w, (enum writer_kind)kind, &i));
    w->is_open = false;
    TRY(load_text(o, "id", &id));
    i->id = id;
    TRY(load_text(o, "call_id", &i->call_id));
    TRY(load_text(o, "name", &i->name));
    TRY(load_flag(o, "whole", &i->is_whole));
    TRY(load_text(o, "text", &text));
    TRY(load_text(o, "logprobs", &rows));
    buf_add(&i->text, text);
    buf_add(&i->logprobs, rows);
    TRY(buf_end(&i->text));
    TRY(buf_end(&i->logprobs));
    TRY(load_search(w->a, o, i));
    return load_cuts(w->a, o, i);
}

static fallible
load_head(const jval *o, struct writer *w)
{
    int64_t status;
    TRY(load_text(o, "id", &w->id));
    TRY(load_text(o, "model", &w->model));
    TRY(load_text(o, "echo", &w->echo));
    TRY(load_number(o, "created", INT64_MAX, &w->created_s));
    TRY(load_number(o, "ended", INT64_MAX, &w->ended_s));
    TRY(load_flag(o, "background", &w->is_background));
    TRY(load_number(o, "status", RESPONSE_CANCELLED, &status));
    w->status = (enum writer_status)status;
    TRY(load_text(o, "reason", &w->reason));
    TRY(load_text(o, "error_code", &w->error_code));
    TRY(load_text(o, "error_message", &w->error_message));
    TRY(load_count(o, "input_tokens", &w->input_tokens));
    TRY(load_count(o, "cached_tokens", &w->cached_tokens));
    TRY(load_count(o, "output_tokens", &w->output_tokens));
    return load_count(o, "reasoning_tokens", &w->reasoning_tokens);
}

fallible
writer_load(arena *a, const jval *saved, struct writer *ret)
{
    struct jwalk walk = {.next = NULL};
    jval item;
    writer_init(ret, a, TEXT_BYTES_MAX);
    TRY(json_object(saved));
    TRY(load_head(saved, ret));
    const jval items = json_get(saved, "items");
    TRY(json_array(&items, 0, SIZE_MAX));
    while (json_each(&items, &walk, &item))
        TRY(load_item(&item, ret));
    return OK;
}

/* Its own items once more, each as if it were the last. */
static void
replay_item(struct writer *w, const struct writer_item *i)
{
    size_t text = 0, rows = 0;
    begin_item(w, i);
    for (size_t c = 0; c < i->cuts.count; c++) {
        const struct writer_cut cut = i->cuts.at[c];
        delta_event(w, i, str_slice(buf_str(&i->text), text, text + cut.text),
                    str_slice(buf_str(&i->logprobs), rows, rows + cut.logprobs));
        text += cut.text;
        rows += cut.logprobs;
    }
    end_item(w, i);
}

fallible
writer_replay(struct writer *w)
{
    const size_t count = w->items.count;
    ASSERT(w->emit && is_over(w->status));
    w->next = 0;
    writer_begin(w);
    for (size_t i = 0; i < count; i++) {
        w->items.count = i + 1;
        replay_item(w, w->items.at[i]);
    }
    return writer_last(w);
}
