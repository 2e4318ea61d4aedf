/* SPDX-License-Identifier: EUPL-1.2 */
/* Chunks of OpenAI's chat completions and completions, and the same in one piece.  Where servers
 * that call themselves compatible differ, what cannot be misread is taken: "reasoning_content" and
 * "reasoning", arguments as an object, calls without an index, no [DONE]. */
#include "engine/remote/blame.h"
#include "engine/remote/hear.h"

enum { WORD_MAX = 64 };

/* ---- logprobs */

static fallible
read_bytes(arena *a, const jval *list, str *ret)
{
    struct jwalk w = {0};
    jval v;
    void *room;
    size_t len = 0;
    TRY(json_array(list, 0, HEAR_NAME_MAX));
    TRY(try_arena_get(a, json_count(list) + 1, 1, &room));
    while (json_each(list, &w, &v)) {
        int64_t byte;
        TRY(json_i64(&v, 0, 255, &byte));
        ((char *)room)[len++] = (char)byte;
    }
    *ret = (str){room, len};
    return OK;
}

/* -9999 stands for minus infinity at some; no bound but that it is a number. */
static fallible
read_token(arena *a, const jval *v, struct engine_token *ret)
{
    const jval token = json_get(v, "token"), bytes = json_get(v, "bytes");
    const jval logprob = json_get(v, "logprob");
    TRY(json_object(v));
    TRY(json_str(&token, HEAR_NAME_MAX, &ret->text));
    TRY(opt_json_f64(&logprob, -1e300, 1e300, &ret->logprob));
    return bytes.v ? read_bytes(a, &bytes, &ret->text) : OK;
}

static fallible
read_top(struct hear *h, const jval *v, struct engine_token *t)
{
    const jval list = json_get(v, "top_logprobs");
    struct jwalk w = {0};
    jval item;
    void *room;
    if (!list.v || !h->spec.top_max)
        return OK;
    TRY(json_array(&list, 0, 4 * CONV_TOP_LOGPROBS_MAX));
    TRY(try_arena_get(h->a, h->spec.top_max, sizeof *t->top, &room));
    struct engine_token *top = room;
    while (t->top_count < h->spec.top_max && json_each(&list, &w, &item))
        TRY(read_token(h->a, &item, &top[t->top_count++]));
    t->top = top;
    return OK;
}

static fallible
read_chat_logprobs(struct hear *h, const jval *list, struct engine_piece *p)
{
    struct jwalk w = {0};
    jval v;
    void *room;
    TRY(json_array(list, 0, ENGINE_LOGPROBS_MAX));
    TRY(try_arena_get(h->a, json_count(list) + 1, sizeof *p->tokens, &room));
    struct engine_token *tokens = room;
    while (json_each(list, &w, &v)) {
        TRY(read_token(h->a, &v, &tokens[w.index - 1]));
        TRY(read_top(h, &v, &tokens[w.index - 1]));
    }
    p->tokens = tokens;
    p->logprob_count = json_count(list);
    return OK;
}

/* Completions: {"tokens":[…],"token_logprobs":[…],"top_logprobs":[{TEXT: LOGPROB}]}. */
static fallible
read_text_top(struct hear *h, const jval *v, struct engine_token *t)
{
    struct jwalk w = {0};
    jval item;
    void *room;
    if (json_type(*v) != J_OBJECT || !h->spec.top_max)
        return OK;
    TRY(try_arena_get(h->a, h->spec.top_max, sizeof *t->top, &room));
    struct engine_token *top = room;
    while (t->top_count < h->spec.top_max && json_each(v, &w, &item)) {
        top[t->top_count].text = str_of(item.name);
        TRY(json_f64(&item, -1e300, 1e300, &top[t->top_count].logprob));
        t->top_count++;
    }
    t->top = top;
    return OK;
}

static fallible
read_text_logprobs(struct hear *h, const jval *o, struct engine_piece *p)
{
    const jval tokens = json_get(o, "tokens"), logprobs = json_get(o, "token_logprobs");
    const jval tops = json_get(o, "top_logprobs");
    void *room;
    TRY(json_array(&tokens, 0, ENGINE_LOGPROBS_MAX));
    TRY(json_array(&logprobs, json_count(&tokens), json_count(&tokens)));
    TRY(try_arena_get(h->a, json_count(&tokens) + 1, sizeof *p->tokens, &room));
    struct engine_token *list = room;
    struct jwalk w = {0}, wl = {0}, wt = {0};
    jval token, logprob, top;
    while (json_each(&tokens, &w, &token) && json_each(&logprobs, &wl, &logprob)) {
        struct engine_token *t = &list[w.index - 1];
        TRY(json_str(&token, HEAR_NAME_MAX, &t->text));
        TRY(opt_json_f64(&logprob, -1e300, 1e300,
                         &t->logprob)); /* null for the first of a prompt */
        if (json_each(&tops, &wt, &top))
            TRY(read_text_top(h, &top, t));
    }
    p->tokens = list;
    p->logprob_count = json_count(&tokens);
    return OK;
}

static fallible
read_logprobs(struct hear *h, const jval *choice, struct engine_piece *p)
{
    const jval o = json_get(choice, "logprobs");
    if (!o.v || !h->spec.has_logprobs)
        return OK;
    TRY(json_object(&o));
    if (h->spec.kind == ENGINE_COMPLETE)
        return read_text_logprobs(h, &o, p);
    const jval list = json_get(&o, "content");
    return list.v ? read_chat_logprobs(h, &list, p) : OK;
}

/* ---- calls */

static fallible
take_arguments(struct hear *h, uint32_t index, uint32_t call, const jval *v)
{
    str piece = STR_NONE;
    if (json_type(*v) != J_OBJECT) {
        TRY(opt_json_str(v, HEAR_WHOLE_BYTES_MAX, &piece));
        return hear_arguments(h, index, call, piece);
    }
    AUTO(buf) text = BUF(HEAR_WHOLE_BYTES_MAX);
    json_put_value(&text, v);
    TRY(buf_end(&text));
    return hear_arguments(h, index, call, buf_str(&text));
}

/* Without an index: a new call when it brings a name, else more of the last. */
static uint32_t
key_of(const struct hear *h, uint32_t index, str name)
{
    const uint32_t count = index < h->spec.n ? h->choices[index].call_count : 0;
    return name.len || !count ? count : count - 1;
}

static fallible
take_call(struct hear *h, uint32_t index, const jval *v)
{
    const jval id = json_get(v, "id"), number = json_get(v, "index"), f = json_get(v, "function");
    const jval name = json_get(&f, "name"), arguments = json_get(&f, "arguments");
    struct hear_name n = {.id = STR_NONE};
    uint32_t call;
    TRY(json_object(v));
    TRY(opt_json_str(&id, HEAR_NAME_MAX, &n.id));
    TRY(opt_json_str(&name, HEAR_NAME_MAX, &n.name));
    n.key = key_of(h, index, n.name);
    TRY(hear_count(v, "index", &n.key));
    if (number.v && n.key >= CONV_TOOLS_MAX)
        FAIL(PROVIDER_LOST, "the number of a call is out of range");
    TRY(hear_call(h, index, &n, &call));
    return take_arguments(h, index, call, &arguments);
}

static fallible
take_calls(struct hear *h, uint32_t index, const jval *delta)
{
    const jval list = json_get(delta, "tool_calls");
    struct jwalk w = {0};
    jval v;
    if (!list.v)
        return OK;
    TRY(json_array(&list, 0, CONV_TOOLS_MAX));
    while (json_each(&list, &w, &v))
        TRY(take_call(h, index, &v));
    return OK;
}

/* ---- one answer's part of an event */

static fallible
take_plain(struct hear *h, uint32_t index, const jval *o, const char *name, enum engine_part part)
{
    const jval v = json_get(o, name);
    str text = STR_NONE;
    if (json_type(v) == J_STRING)
        TRY(json_str(&v, HEAR_WHOLE_BYTES_MAX, &text));
    return hear_plain(h, index, part, text);
}

static fallible
take_delta(struct hear *h, uint32_t index, const jval *choice, const jval *delta)
{
    const jval said = json_get(delta, "content"), refusal = json_get(delta, "refusal");
    const bool is_long = json_get(delta, "reasoning_content").v != NULL;
    struct engine_piece p = {.part = PART_TEXT};
    str text = STR_NONE;
    TRY(json_object(delta));
    TRY(take_plain(h, index, delta, is_long ? "reasoning_content" : "reasoning", PART_REASONING));
    TRY(opt_json_str(&said, HEAR_WHOLE_BYTES_MAX, &text));
    TRY(read_logprobs(h, choice, &p));
    TRY(hear_text(h, index, &p, text));
    TRY(take_plain(h, index, delta, "refusal", PART_TEXT));
    if (json_type(refusal) == J_STRING && index < h->spec.n)
        h->choices[index].is_refused = true;
    return take_calls(h, index, delta);
}

static fallible
take_text(struct hear *h, uint32_t index, const jval *choice)
{
    const jval v = json_get(choice, "text");
    struct engine_piece p = {.part = PART_TEXT};
    str text = STR_NONE;
    TRY(opt_json_str(&v, HEAR_WHOLE_BYTES_MAX, &text));
    TRY(read_logprobs(h, choice, &p));
    return hear_text(h, index, &p, text);
}

/* A word nobody knows yet is an end like any other. */
fallible
hear_openai_finish(str word, enum engine_finish *ret)
{
    static const struct {
        str word;
        enum engine_finish finish;
    } words[] = {
        {STR_INIT("stop"), FINISH_STOP},           {STR_INIT("length"), FINISH_LENGTH},
        {STR_INIT("model_length"), FINISH_LENGTH}, {STR_INIT("tool_calls"), FINISH_CALLS},
        {STR_INIT("function_call"), FINISH_CALLS}, {STR_INIT("content_filter"), FINISH_FILTER}};
    static const str failures[] = {STR_INIT("error"), STR_INIT("abort"),
                                   STR_INIT("insufficient_system_resource")};
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (str_eq(word, failures[i]))
            FAIL(PROVIDER_LOST, "the provider broke the answer off");
    *ret = FINISH_STOP;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(word, words[i].word))
            *ret = words[i].finish;
    return OK;
}

static fallible
take_finish(struct hear *h, uint32_t index, const jval *choice)
{
    const jval v = json_get(choice, "finish_reason"), stop = json_get(choice, "stop_reason");
    enum engine_finish finish;
    str word, matched = STR_NONE;
    if (!v.v)
        return OK;
    TRY(json_str(&v, WORD_MAX, &word));
    if (!word.len)
        return OK;
    TRY(hear_openai_finish(word, &finish));
    if (json_type(stop) == J_STRING) /* vLLM: the stop string; a number is a token */
        TRY(json_str(&stop, HEAR_EVENT_BYTES_MAX, &matched));
    return hear_finish(h, index, finish, matched);
}

static fallible
take_choice(struct hear *h, const jval *choice)
{
    const jval delta = json_get(choice, "delta"), message = json_get(choice, "message");
    uint32_t index = 0;
    TRY(json_object(choice));
    TRY(hear_count(choice, "index", &index));
    if (index >= h->spec.n)
        FAIL(PROVIDER_LOST, "answer %u of %u", index, h->spec.n);
    if (h->spec.kind == ENGINE_COMPLETE)
        TRY(take_text(h, index, choice));
    else if (delta.v || message.v)
        TRY(take_delta(h, index, choice, delta.v ? &delta : &message));
    return take_finish(h, index, choice);
}

/* ---- usage */

fallible
hear_openai_usage(const jval *root, struct hear_usage *ret)
{
    const jval u = json_get(root, "usage"), details = json_get(&u, "prompt_tokens_details");
    struct hear_usage found = {.is_known = true};
    if (!u.v)
        return OK;
    TRY(json_object(&u));
    TRY(hear_count(&u, "prompt_tokens", &found.prompt));
    TRY(hear_count(&u, "completion_tokens", &found.output));
    TRY(hear_count(&u, "prompt_cache_hit_tokens", &found.cached)); /* DeepSeek */
    if (json_type(details) == J_OBJECT)
        TRY(hear_count(&details, "cached_tokens", &found.cached));
    *ret = found;
    return OK;
}

/* ---- the doors */

static fallible
take_root(struct hear *h, const jval *root)
{
    const jval choices = json_get(root, "choices");
    struct jwalk w = {0};
    jval v;
    if (blame_is_error(root)) {
        h->is_blamed = true;
        return blame_inside(root);
    }
    TRY(hear_openai_usage(root, &h->usage));
    if (!choices.v)
        return OK;
    TRY(json_array(&choices, 0, ENGINE_ANSWERS_MAX));
    while (json_each(&choices, &w, &v))
        TRY(take_choice(h, &v));
    return OK;
}

fallible
hear_openai_event(struct hear *h, str event, str data)
{
    jval root;
    if (h->is_ended)
        FAIL(PROVIDER_LOST, "more follows the end of the stream");
    if (str_eq(data, STR("[DONE]"))) {
        if (h->finished < h->spec.n)
            FAIL(PROVIDER_LOST, "the stream ended before its answers did");
        h->is_ended = true;
        return OK;
    }
    TRY(hear_json(h, data, &root));
    if (str_eq(event, STR("error"))) {
        h->is_blamed = true;
        return blame_inside(&root);
    }
    return take_root(h, &root);
}

fallible
hear_openai_whole(struct hear *h, const jval *root)
{
    return take_root(h, root);
}
