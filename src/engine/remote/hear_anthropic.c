/* SPDX-License-Identifier: EUPL-1.2 */
/* Anthropic's messages: message_start, then blocks one after the other (start, deltas, stop), then
 * message_delta with reason and usage, then message_stop; ping and error anywhere.  Events, blocks
 * and deltas of kinds we never ask for are passed over, as the protocol wants of its readers. */
#include "engine/remote/blame.h"
#include "engine/remote/hear.h"

enum { WORD_MAX = 64 };
enum block_type { BLOCK_OTHER, BLOCK_TEXT, BLOCK_THINKING, BLOCK_CALL };

static fallible
read_word(const jval *o, const char *name, str *ret)
{
    const jval v = json_get(o, name);
    return json_str(&v, WORD_MAX, ret);
}

static fallible
put_member(struct hear *h, const jval *o, const char *name, enum engine_part part)
{
    const jval v = json_get(o, name);
    str text = STR_NONE;
    TRY(opt_json_str(&v, HEAR_WHOLE_BYTES_MAX, &text));
    return hear_plain(h, 0, part, text);
}

/* ---- usage and end */

static fallible
take_usage(struct hear *h, const jval *o)
{
    const jval u = json_get(o, "usage"), given = json_get(&u, "input_tokens");
    uint32_t input = 0, created = 0, read = 0;
    if (!u.v)
        return OK;
    TRY(json_object(&u));
    TRY(hear_count(&u, "output_tokens", &h->usage.output));
    TRY(hear_count(&u, "input_tokens", &input));
    TRY(hear_count(&u, "cache_creation_input_tokens", &created));
    TRY(hear_count(&u, "cache_read_input_tokens", &read));
    h->usage.is_known = true;
    if (!given.v) /* what message_start said stays */
        return OK;
    const uint64_t all = (uint64_t)input + created + read;
    if (all > UINT32_MAX)
        FAIL(PROVIDER_LOST, "a usage out of range");
    h->usage.prompt = (uint32_t)all;
    h->usage.cached = read;
    return OK;
}

static enum engine_finish
finish_of(str reason)
{
    static const struct {
        str word;
        enum engine_finish finish;
    } words[] = {{STR_INIT("max_tokens"), FINISH_LENGTH},
                 {STR_INIT("model_context_window_exceeded"), FINISH_LENGTH},
                 {STR_INIT("pause_turn"), FINISH_LENGTH},
                 {STR_INIT("tool_use"), FINISH_CALLS},
                 {STR_INIT("refusal"), FINISH_FILTER}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(reason, words[i].word))
            return words[i].finish;
    return FINISH_STOP; /* end_turn, stop_sequence, and what nobody knows yet */
}

static fallible
take_reason(struct hear *h, const jval *o)
{
    const jval reason = json_get(o, "stop_reason"), stop = json_get(o, "stop_sequence");
    str word, matched = STR_NONE;
    if (!reason.v)
        return OK;
    TRY(json_str(&reason, WORD_MAX, &word));
    TRY(opt_json_str(&stop, HEAR_EVENT_BYTES_MAX, &matched));
    return hear_finish(h, 0, finish_of(word), matched);
}

/* ---- blocks */

static enum block_type
block_type_of(str type)
{
    if (str_eq(type, STR("text")))
        return BLOCK_TEXT;
    if (str_eq(type, STR("thinking")))
        return BLOCK_THINKING;
    return str_eq(type, STR("tool_use")) ? BLOCK_CALL : BLOCK_OTHER;
}

static fallible
put_input(struct hear *h, const jval *input, uint32_t call)
{
    AUTO(buf) text = BUF(HEAR_WHOLE_BYTES_MAX);
    if (!json_count(input))
        return OK;
    TRY(json_object(input));
    json_put_value(&text, input);
    TRY(buf_end(&text));
    return hear_arguments(h, 0, call, buf_str(&text));
}

/* What a block says as it begins, or the whole of it. */
static fallible
put_block(struct hear *h, const jval *block, enum block_type type)
{
    struct hear_name call = {.key = h->choices[0].call_count};
    if (type == BLOCK_TEXT)
        return put_member(h, block, "text", PART_TEXT);
    if (type == BLOCK_THINKING)
        return put_member(h, block, "thinking", PART_REASONING);
    if (type == BLOCK_OTHER)
        return OK;
    const jval id = json_get(block, "id"), name = json_get(block, "name");
    const jval input = json_get(block, "input");
    TRY(json_str(&id, HEAR_NAME_MAX, &call.id));
    TRY(json_str(&name, HEAR_NAME_MAX, &call.name));
    if (!call.name.len)
        FAIL(PROVIDER_LOST, "a call without a name");
    TRY(hear_call(h, 0, &call, &h->block_call));
    return put_input(h, &input, h->block_call);
}

static fallible
check_block(const struct hear *h, const jval *root, bool is_open)
{
    uint32_t index = UINT32_MAX;
    TRY(hear_count(root, "index", &index));
    if (!h->has_begun || h->has_block != is_open || (is_open && index != h->block))
        FAIL(PROVIDER_LOST, "the blocks of the answer are in disorder");
    return OK;
}

static fallible
start_block(struct hear *h, const jval *root)
{
    const jval block = json_get(root, "content_block");
    str type;
    TRY(check_block(h, root, false));
    TRY(json_object(&block));
    TRY(read_word(&block, "type", &type));
    TRY(hear_count(root, "index", &h->block));
    h->has_block = true;
    h->block_type = (uint8_t)block_type_of(type);
    return put_block(h, &block, block_type_of(type));
}

static fallible
add_to_block(struct hear *h, const jval *root)
{
    const jval delta = json_get(root, "delta"), json = json_get(&delta, "partial_json");
    str type, piece = STR_NONE;
    TRY(check_block(h, root, true));
    TRY(json_object(&delta));
    TRY(read_word(&delta, "type", &type));
    if (str_eq(type, STR("text_delta")) && h->block_type == BLOCK_TEXT)
        return put_member(h, &delta, "text", PART_TEXT);
    if (str_eq(type, STR("thinking_delta")) && h->block_type == BLOCK_THINKING)
        return put_member(h, &delta, "thinking", PART_REASONING);
    if (!str_eq(type, STR("input_json_delta")) || h->block_type != BLOCK_CALL)
        return OK;
    TRY(opt_json_str(&json, HEAR_EVENT_BYTES_MAX, &piece));
    return hear_arguments(h, 0, h->block_call, piece);
}

static fallible
stop_block(struct hear *h, const jval *root)
{
    TRY(check_block(h, root, true));
    h->has_block = false;
    return h->block_type == BLOCK_CALL ? hear_close_call(h, 0, h->block_call) : OK;
}

/* ---- events */

static fallible
start_message(struct hear *h, const jval *root)
{
    const jval message = json_get(root, "message");
    if (h->has_begun)
        FAIL(PROVIDER_LOST, "the answer begins twice");
    h->has_begun = true;
    TRY(json_object(&message));
    return take_usage(h, &message);
}

static fallible
change_message(struct hear *h, const jval *root)
{
    const jval delta = json_get(root, "delta");
    if (!h->has_begun || h->has_block)
        FAIL(PROVIDER_LOST, "the answer ends within a block");
    TRY(take_usage(h, root));
    return delta.v ? take_reason(h, &delta) : OK;
}

static fallible
stop_message(struct hear *h, const jval *root)
{
    (void)root;
    if (!h->finished)
        FAIL(PROVIDER_LOST, "the stream ended before its answer did");
    h->is_ended = true;
    return OK;
}

static const struct {
    str type;
    fallible (*take)(struct hear *h, const jval *root);
} events[] = {
    {STR_INIT("content_block_delta"), add_to_block}, {STR_INIT("content_block_start"), start_block},
    {STR_INIT("content_block_stop"), stop_block},    {STR_INIT("message_start"), start_message},
    {STR_INIT("message_delta"), change_message},     {STR_INIT("message_stop"), stop_message}};

fallible
hear_anthropic_event(struct hear *h, str event, str data)
{
    jval root;
    str type;
    (void)event; /* the data says it again */
    TRY(hear_json(h, data, &root));
    if (blame_is_error(&root)) {
        h->is_blamed = true;
        return blame_inside(&root);
    }
    if (h->is_ended)
        FAIL(PROVIDER_LOST, "more follows the end of the stream");
    TRY(read_word(&root, "type", &type));
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (str_eq(type, events[i].type))
            return events[i].take(h, &root);
    return OK;
}

fallible
hear_anthropic_whole(struct hear *h, const jval *root)
{
    const jval list = json_get(root, "content");
    struct jwalk w = {0};
    jval block;
    str type;
    if (blame_is_error(root)) {
        h->is_blamed = true;
        return blame_inside(root);
    }
    TRY(json_array(&list, 0, HEAR_EVENT_BYTES_MAX));
    while (json_each(&list, &w, &block)) {
        TRY(json_object(&block));
        TRY(read_word(&block, "type", &type));
        TRY(put_block(h, &block, block_type_of(type)));
    }
    TRY(take_usage(h, root));
    TRY(take_reason(h, root));
    h->is_ended = true;
    return OK;
}
