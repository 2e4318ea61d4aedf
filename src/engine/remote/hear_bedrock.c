/* SPDX-License-Identifier: EUPL-1.2 */
/* Bedrock's ConverseStream and Converse: messageStart, blocks by number (text begins without a
 * start), messageStop with the reason, metadata with the usage; exceptions as messages of their
 * own type. */
#include "engine/remote/blame.h"
#include "engine/remote/hear.h"

enum { WORD_MAX = 64 };
enum block_type { BLOCK_PLAIN, BLOCK_CALL };

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
    const jval u = json_get(o, "usage");
    uint32_t input = 0, read = 0, written = 0;
    if (!u.v)
        return OK;
    TRY(json_object(&u));
    TRY(hear_count(&u, "inputTokens", &input));
    TRY(hear_count(&u, "outputTokens", &h->usage.output));
    TRY(hear_count(&u, "cacheReadInputTokens", &read));
    TRY(hear_count(&u, "cacheWriteInputTokens", &written));
    const uint64_t all = (uint64_t)input + read + written;
    if (all > UINT32_MAX)
        FAIL(PROVIDER_LOST, "a usage out of range");
    h->usage.is_known = true;
    h->usage.prompt = (uint32_t)all;
    h->usage.cached = read;
    return OK;
}

static fallible
read_finish(str reason, enum engine_finish *ret)
{
    static const struct {
        str word;
        enum engine_finish finish;
    } words[] = {{STR_INIT("max_tokens"), FINISH_LENGTH},
                 {STR_INIT("model_context_window_exceeded"), FINISH_LENGTH},
                 {STR_INIT("tool_use"), FINISH_CALLS},
                 {STR_INIT("guardrail_intervened"), FINISH_FILTER},
                 {STR_INIT("content_filtered"), FINISH_FILTER}};
    if (str_starts(reason, STR("malformed_")))
        FAIL(PROVIDER_LOST, "the provider's model wrote what the provider cannot read");
    *ret = FINISH_STOP; /* end_turn, stop_sequence, and what nobody knows yet */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(reason, words[i].word))
            *ret = words[i].finish;
    return OK;
}

static fallible
take_reason(struct hear *h, const jval *root)
{
    const jval v = json_get(root, "stopReason");
    enum engine_finish finish;
    str reason;
    TRY(json_str(&v, WORD_MAX, &reason));
    TRY(read_finish(reason, &finish));
    return hear_finish(h, 0, finish, STR_NONE); /* which stop string it was, nobody says */
}

/* ---- blocks */

static fallible
begin_call(struct hear *h, const jval *use)
{
    const jval id = json_get(use, "toolUseId"), name = json_get(use, "name");
    struct hear_name call = {.key = h->choices[0].call_count};
    TRY(json_object(use));
    TRY(json_str(&id, HEAR_NAME_MAX, &call.id));
    TRY(json_str(&name, HEAR_NAME_MAX, &call.name));
    if (!call.name.len)
        FAIL(PROVIDER_LOST, "a call without a name");
    return hear_call(h, 0, &call, &h->block_call);
}

static fallible
start_block(struct hear *h, const jval *root)
{
    const jval start = json_get(root, "start"), use = json_get(&start, "toolUse");
    if (h->has_block)
        FAIL(PROVIDER_LOST, "a block begins within another");
    TRY(hear_count(root, "contentBlockIndex", &h->block));
    h->has_block = true;
    h->block_type = use.v ? BLOCK_CALL : BLOCK_PLAIN;
    return use.v ? begin_call(h, &use) : OK;
}

static fallible
put_delta(struct hear *h, const jval *delta)
{
    const jval use = json_get(delta, "toolUse"), reasoning = json_get(delta, "reasoningContent");
    const jval input = json_get(&use, "input");
    str piece = STR_NONE;
    TRY(json_object(delta));
    if (use.v && h->block_type != BLOCK_CALL)
        FAIL(PROVIDER_LOST, "arguments outside a call");
    TRY(put_member(h, delta, "text", PART_TEXT));
    TRY(put_member(h, &reasoning, "text", PART_REASONING));
    TRY(opt_json_str(&input, HEAR_EVENT_BYTES_MAX, &piece));
    return use.v ? hear_arguments(h, 0, h->block_call, piece) : OK;
}

static fallible
add_to_block(struct hear *h, const jval *root)
{
    const jval delta = json_get(root, "delta");
    uint32_t index = 0;
    TRY(hear_count(root, "contentBlockIndex", &index));
    if (!h->has_block) {
        h->has_block = true;
        h->block = index;
        h->block_type = BLOCK_PLAIN;
    }
    if (!h->has_begun || index != h->block)
        FAIL(PROVIDER_LOST, "the blocks of the answer are in disorder");
    return put_delta(h, &delta);
}

static fallible
stop_block(struct hear *h, const jval *root)
{
    uint32_t index = h->block;
    TRY(hear_count(root, "contentBlockIndex", &index));
    if (h->has_block && index != h->block)
        FAIL(PROVIDER_LOST, "the blocks of the answer are in disorder");
    const bool was_call = h->has_block && h->block_type == BLOCK_CALL;
    h->has_block = false; /* an empty text has neither start nor delta */
    return was_call ? hear_close_call(h, 0, h->block_call) : OK;
}

/* ---- events */

static fallible
start_message(struct hear *h, const jval *root)
{
    (void)root;
    if (h->has_begun)
        FAIL(PROVIDER_LOST, "the answer begins twice");
    h->has_begun = true;
    return OK;
}

static fallible
stop_message(struct hear *h, const jval *root)
{
    if (!h->has_begun || h->has_block)
        FAIL(PROVIDER_LOST, "the answer ends within a block");
    TRY(take_reason(h, root));
    h->is_ended = true;
    return OK;
}

static const struct {
    str type;
    fallible (*take)(struct hear *h, const jval *root);
} events[] = {
    {STR_INIT("contentBlockDelta"), add_to_block}, {STR_INIT("contentBlockStart"), start_block},
    {STR_INIT("contentBlockStop"), stop_block},    {STR_INIT("messageStart"), start_message},
    {STR_INIT("messageStop"), stop_message},       {STR_INIT("metadata"), take_usage}};

static fallible
refused(struct hear *h, const struct eventstream_message *m)
{
    AUTO(arena) *a = NULL;
    TRY(arena_open(4 * HEAR_EVENT_BYTES_MAX, &a));
    const str exception = eventstream_text(m, STR(":exception-type"));
    const str code = exception.len ? exception : eventstream_text(m, STR(":error-code"));
    const struct blame b = {.code = code.len ? code : STR("none"), .body = m->payload};
    h->is_blamed = true;
    return blame_of(a, &b);
}

fallible
hear_bedrock_event(struct hear *h, const struct eventstream_message *m)
{
    const str kind = eventstream_text(m, STR(":message-type"));
    const str type = eventstream_text(m, STR(":event-type"));
    jval root;
    if (str_eq(kind, STR("exception")) || str_eq(kind, STR("error")))
        return refused(h, m);
    if (!str_eq(kind, STR("event")))
        FAIL(PROVIDER_LOST, "an event without a type");
    if (h->is_ended && !str_eq(type, STR("metadata")))
        FAIL(PROVIDER_LOST, "more follows the end of the stream");
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (str_eq(type, events[i].type)) {
            TRY(hear_json(h, m->payload, &root));
            return events[i].take(h, &root);
        }
    return OK;
}

/* ---- in one piece */

static fallible
put_whole_block(struct hear *h, const jval *block)
{
    const jval use = json_get(block, "toolUse"), input = json_get(&use, "input");
    const jval reasoning = json_get(block, "reasoningContent");
    const jval thought = json_get(&reasoning, "reasoningText");
    AUTO(buf) text = BUF(HEAR_WHOLE_BYTES_MAX);
    TRY(json_object(block));
    TRY(put_member(h, block, "text", PART_TEXT));
    TRY(put_member(h, &thought, "text", PART_REASONING));
    if (!use.v)
        return OK;
    TRY(begin_call(h, &use));
    TRY(json_object(&input));
    json_put_value(&text, &input);
    TRY(buf_end(&text));
    return hear_arguments(h, 0, h->block_call, buf_str(&text));
}

fallible
hear_bedrock_whole(struct hear *h, const jval *root)
{
    const jval output = json_get(root, "output"), message = json_get(&output, "message");
    const jval list = json_get(&message, "content");
    struct jwalk w = {0};
    jval block;
    TRY(json_array(&list, 0, HEAR_EVENT_BYTES_MAX));
    while (json_each(&list, &w, &block))
        TRY(put_whole_block(h, &block));
    TRY(take_usage(h, root));
    TRY(take_reason(h, root));
    h->is_ended = true;
    return OK;
}
