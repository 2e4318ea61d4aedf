/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/decode.h"

#include <math.h>

#include "base/utf8.h"

static bool
is_printable(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return true;
}

fallible
decode_hello(const struct engine_hello *h, struct engine_hello *ret)
{
    const size_t len = strnlen(h->engine, sizeof h->engine);
    if (h->proto != ENGINE_PROTO)
        FAIL(PARSE, "the engine speaks version %u, not %d", h->proto, ENGINE_PROTO);
    if (len == sizeof h->engine || !is_printable(h->engine, len))
        FAIL(PARSE, "the engine's name is not text");
    if (!h->context_tokens || h->sequences_max < 1 || h->sequences_max > ENGINE_SEQUENCES_MAX)
        FAIL(PARSE, "%u sequences of %u tokens", h->sequences_max, h->context_tokens);
    if (h->can_chat > 1 || h->can_embed > 1 || h->embedding_dims > ENGINE_DIMS_MAX ||
        (h->can_embed && !h->embedding_dims))
        FAIL(PARSE, "abilities %u, %u with %u dimensions", h->can_chat, h->can_embed,
             h->embedding_dims);
    *ret = *h;
    memset(ret->engine + len, 0, sizeof ret->engine - len);
    return OK;
}

/* Moves `len` bytes from `rest` to `ret`. */
static bool
take(str *rest, size_t len, void *ret)
{
    if (len > rest->len)
        return false;
    memcpy(ret, rest->at, len);
    *rest = (str){rest->at + len, rest->len - len};
    return true;
}

static bool
take_str(str *rest, size_t len, str *ret)
{
    if (len > rest->len)
        return false;
    *ret = (str){rest->at, len};
    *rest = (str){rest->at + len, rest->len - len};
    return true;
}

static bool
is_logprob(float x)
{
    return isfinite(x) && x <= 0;
}

static fallible
take_top(str *rest, struct engine_token *ret)
{
    struct engine_top head;
    ASSERT(ret != NULL);
    if (!take(rest, sizeof head, &head) || !is_logprob(head.logprob) ||
        !take_str(rest, head.text_len, &ret->text))
        FAIL(PARSE, "an alternative token is malformed");
    ret->logprob = (double)head.logprob;
    return OK;
}

static fallible
take_token(arena *a, str *rest, size_t top_max, struct engine_token *ret)
{
    struct engine_logprob head;
    void *tops = NULL;
    if (!take(rest, sizeof head, &head) || !is_logprob(head.logprob) || head.top_count > top_max ||
        !take_str(rest, head.text_len, &ret->text))
        FAIL(PARSE, "a token's probability is malformed");
    if (head.top_count)
        TRY(try_arena_get(a, head.top_count, sizeof(struct engine_token), &tops));
    struct engine_token *top = tops;
    for (size_t i = 0; i < head.top_count; i++)
        TRY(take_top(rest, &top[i]));
    ret->logprob = (double)head.logprob;
    ret->top = top;
    ret->top_count = head.top_count;
    return OK;
}

fallible
decode_text(arena *a, const struct engine_text *head, str tail, size_t top_max,
            struct decoded_text *ret)
{
    str text;
    void *room = NULL;
    if (!take_str(&tail, head->text_len, &text) || !utf8_valid(text))
        FAIL(PARSE, "%u bytes of text are cut or not UTF-8", head->text_len);
    if (head->logprob_count > ENGINE_LOGPROBS_MAX ||
        head->logprob_count > tail.len / sizeof(struct engine_logprob))
        FAIL(PARSE, "%u probabilities in %zu bytes", head->logprob_count, tail.len);
    if (head->logprob_count)
        TRY(try_arena_get(a, head->logprob_count, sizeof(struct engine_token), &room));
    struct engine_token *tokens = room;
    for (uint32_t i = 0; i < head->logprob_count; i++)
        TRY(take_token(a, &tail, top_max, &tokens[i]));
    if (tail.len)
        FAIL(PARSE, "%zu bytes follow the text", tail.len);
    *ret = (struct decoded_text){text, tokens};
    return OK;
}

fallible
decode_vector(arena *a, const struct engine_vector *head, str tail, const float **ret_values)
{
    void *room;
    if (!head->dims || head->dims > ENGINE_DIMS_MAX || tail.len != head->dims * sizeof(float))
        FAIL(PARSE, "%u dimensions in %zu bytes", head->dims, tail.len);
    TRY(try_arena_get(a, head->dims, sizeof(float), &room));
    memcpy(room, tail.at, tail.len);
    const float *values = room;
    for (uint32_t i = 0; i < head->dims; i++)
        if (!isfinite(values[i]))
            FAIL(PARSE, "value %u of a vector is no number", i);
    *ret_values = values;
    return OK;
}
