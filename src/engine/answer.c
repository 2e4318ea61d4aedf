/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/answer.h"

#include <math.h>

enum {
    OUT_BYTES_MAX = 32 * 1024 * 1024,
    LOGPROB_ENTRIES_MAX = ENGINE_LOGPROBS_MAX / 4 /* then they are sent without text */
};

/* JSON has no infinity; below this a probability is nothing. */
static const float LOGPROB_MIN = -9999;

fallible
answer_init(struct answer *w, const str *stops, size_t stop_count, str echo)
{
    *w = (struct answer){.out = BUF(echo.len + OUT_BYTES_MAX), .logprobs = BUF(OUT_BYTES_MAX)};
    text_init(&w->text, stops, stop_count);
    buf_add(&w->out, echo);
    return buf_end(&w->out);
}

void
answer_done(struct answer *w)
{
    text_done(&w->text);
    buf_done(&w->out);
    buf_done(&w->logprobs);
}

/* Rounding makes a certain token a little more than certain, and a model may compute NaN. */
static float
in_range(float logprob)
{
    return logprob >= LOGPROB_MIN ? fminf(logprob, 0) : LOGPROB_MIN;
}

static uint16_t
cut_len(str text)
{
    return (uint16_t)(text.len < UINT16_MAX ? text.len : UINT16_MAX);
}

static void
put_top(buf *b, const struct serve_logprob *top)
{
    const struct engine_top head = {.logprob = in_range(top->logprob),
                                    .text_len = cut_len(top->text)};
    buf_add(b, (str){(const char *)&head, sizeof head});
    buf_add(b, (str){top->text.at, head.text_len});
}

static void
put_logprob(buf *b, const struct serve_logprob *lp, const struct serve_logprob *tops,
            size_t top_count)
{
    const struct engine_logprob head = {.logprob = in_range(lp->logprob),
                                        .text_len = cut_len(lp->text),
                                        .top_count = (uint16_t)top_count};
    buf_add(b, (str){(const char *)&head, sizeof head});
    buf_add(b, (str){lp->text.at, head.text_len});
    for (size_t i = 0; i < top_count; i++)
        put_top(b, &tops[i]);
}

fallible
answer_add(struct answer *w, str bytes, const struct serve_logprob *lp,
           const struct serve_logprob *tops, size_t top_count)
{
    ASSERT(top_count <= UINT16_MAX && (tops || !top_count));
    w->tokens++;
    w->pending_tokens++;
    TRY(text_add(&w->text, bytes, &w->out));
    if (!lp)
        return OK;
    put_logprob(&w->logprobs, lp, tops, top_count);
    w->pending_logprobs++;
    return buf_end(&w->logprobs);
}

fallible
answer_end(struct answer *w)
{
    TRY(text_end(&w->text, &w->out));
    if (w->text.stopped && !w->out.len) {
        buf_clear(&w->logprobs);
        w->pending_logprobs = 0;
    }
    return OK;
}

static bool
is_due(const struct answer *w, bool is_end)
{
    return w->out.len || w->pending_logprobs >= LOGPROB_ENTRIES_MAX ||
           (is_end && w->pending_logprobs);
}

fallible
answer_take(struct answer *w, bool is_end, struct engine_text *ret, str *ret_tail)
{
    const uint32_t text_len = (uint32_t)w->out.len;
    *ret_tail = STR_NONE;
    if (!is_due(w, is_end))
        return OK;
    buf_add(&w->out, buf_str(&w->logprobs));
    TRY(buf_end(&w->out));
    *ret = (struct engine_text){.token_count = w->pending_tokens,
                                .text_len = text_len,
                                .logprob_count = w->pending_logprobs};
    *ret_tail = buf_str(&w->out);
    /* Cleared, not given back: the bytes stay in place until something is added. */
    buf_clear(&w->out);
    buf_clear(&w->logprobs);
    w->pending_tokens = w->pending_logprobs = 0;
    return OK;
}
