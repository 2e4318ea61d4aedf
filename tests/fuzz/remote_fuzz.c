/* SPDX-License-Identifier: EUPL-1.2 */
/* remote_fuzz.c - whatever a provider sends, cut anywhere, is heard the same: whole characters, one
 * end for each answer and nothing behind it, or a failure.  A body that is passed through keeps all
 * its members but two.
 *
 * First byte: its low four bits say who reads, the others how the rest is cut. */
#include "base/utf8.h"
#include "engine/remote/pass.h"
#include "fuzz/fuzz.h"

enum { LOG_MAX = 1 << 24, N = 2, TOP = 2, ARENA_BYTES = 1 << 26 };

struct log {
    buf b;
    unsigned done, lasts;
};

static void
note(struct log *l, char what, uint32_t number, str text)
{
    ASSERT(!l->lasts);
    buf_add_char(&l->b, what);
    buf_add_u64(&l->b, number);
    buf_add_char(&l->b, ':');
    buf_add_u64(&l->b, text.len);
    buf_add_char(&l->b, ' ');
    buf_add(&l->b, text);
}

static void
on_text(void *ctx, const struct engine_piece *p)
{
    const str text = p->text.bytes_;
    ASSERT(p->index < N && p->call < CONV_TOOLS_MAX);
    ASSERT(utf8_valid(text) && utf8_valid(p->call_id));
    ASSERT(text.len || (p->logprob_count && p->part == PART_TEXT));
    ASSERT(p->logprob_count <= ENGINE_LOGPROBS_MAX);
    for (size_t i = 0; i < p->logprob_count; i++)
        ASSERT(p->tokens[i].top_count <= TOP);
    note(ctx, "TRCA"[p->part], p -> index * 1000 + p -> call, text);
    note(ctx, 'i', 0, p->call_id);
}

static void
on_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    ASSERT(index < N && dims > 0 && dims <= ENGINE_DIMS_MAX);
    note(ctx, 'V', index, (str){(const char *)values, dims * sizeof *values});
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct log *l = ctx;
    ASSERT(u->cached_tokens <= u->prompt_tokens && u->index == l->done);
    note(l, 'D', u->finish * 1000 + u->stop, STR_NONE);
    l->done++;
    l->lasts += u->is_last;
}

static void
on_failed(void *ctx, err e)
{
    (void)ctx, (void)e;
    UNREACHABLE("a reader tells its failure by returning it");
}

/* ---- readers */

static const struct reader {
    enum remote_dialect dialect;
    enum engine_kind kind;
    enum hear_form form;
} readers[] = {
    {REMOTE_OPENAI, ENGINE_CHAT, HEAR_SSE},    {REMOTE_OPENAI, ENGINE_COMPLETE, HEAR_SSE},
    {REMOTE_OPENAI, ENGINE_CHAT, HEAR_JSON},   {REMOTE_OPENAI, ENGINE_EMBED, HEAR_JSON},
    {REMOTE_ANTHROPIC, ENGINE_CHAT, HEAR_SSE}, {REMOTE_ANTHROPIC, ENGINE_CHAT, HEAR_JSON},
    {REMOTE_BEDROCK, ENGINE_CHAT, HEAR_AWS},   {REMOTE_BEDROCK, ENGINE_CHAT, HEAR_JSON}};

static err
hear_it(const struct reader *r, str bytes, size_t step, struct log *l)
{
    static const str stops[] = {STR_INIT("###")};
    const bool is_one = r->dialect != REMOTE_OPENAI || r->kind == ENGINE_EMBED;
    const struct hear_spec spec = {.dialect = r->dialect,
                                   .kind = r->kind,
                                   .n = is_one ? 1 : N,
                                   .inputs = N,
                                   .has_logprobs = true,
                                   .top_max = TOP,
                                   .stops = stops,
                                   .stop_count = 1};
    struct hear h;
    err e = hear_init(&h, &spec, (struct engine_hooks){on_text, on_vector, on_done, on_failed, l});
    ASSERT(!e.code);
    hear_open(&h, r->form);
    for (size_t at = 0; at < bytes.len && !e.code; at += step)
        e = hear_add(&h, str_slice(bytes, at, at + step));
    ASSERT(!l->done);
    if (!e.code)
        e = hear_end(&h);
    ASSERT((l->lasts == 1) == !e.code && l->done == (e.code ? 0 : spec.n));
    hear_done(&h);
    return e;
}

/* ---- frames */

static void
on_frames(void *ctx, str raw, uint32_t count)
{
    struct log *l = ctx;
    ASSERT(raw.len && count);
    buf_add(&l->b, raw);
    l->done += count;
}

static err
pass_it(str bytes, size_t step, struct log *l)
{
    struct frames f;
    err e = OK;
    frames_init(&f, 1, true);
    for (size_t at = 0; at < bytes.len && !e.code; at += step)
        e = frames_add(&f, str_slice(bytes, at, at + step), on_frames, l);
    buf_add_fmt(&l->b, "|%u %d|", f.pieces, !e.code && frames_is_whole(&f));
    buf_add(&l->b, buf_str(&f.tail));
    frames_done(&f);
    return e;
}

/* ---- bodies */

static bool
is_ours(const char *name)
{
    return strcmp(name, "model") == 0 || strcmp(name, "stream_options") == 0;
}

static void
check_member(const jval *before, const jval *after)
{
    AUTO(buf) a = BUF(LOG_MAX);
    AUTO(buf) b = BUF(LOG_MAX);
    const jval other = json_get_null(after, before->name);
    json_put_value(&a, before);
    ASSERT(other.v != NULL);
    json_put_value(&b, &other);
    ASSERT(str_eq(buf_str(&a), buf_str(&b)));
}

static void
splice_it(str body, bool wants_usage)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) out = BUF(LOG_MAX);
    AUTO(buf) again = BUF(LOG_MAX);
    struct splice s = {.model = STR("ne\"w"), .wants_usage = wants_usage};
    struct jwalk w = {0};
    jval before, after, v;
    str model = STR_NONE;
    if (splice_body(body, &s, &out).code)
        return;
    ASSERT(!arena_open(ARENA_BYTES, &a).code);
    ASSERT(!json_read(a, body, &before).code && !json_read(a, buf_str(&out), &after).code);
    const jval named = json_get(&after, "model");
    ASSERT(!json_str(&named, 16, &model).code && str_eq(model, s.model));
    while (json_each(&before, &w, &v))
        if (!is_ours(v.name))
            check_member(&v, &after);
    ASSERT(!splice_body(buf_str(&out), &s, &again).code);
    ASSERT(str_eq(buf_str(&out), buf_str(&again)) && !s.has_added_usage);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2)
        return 0;
    const str bytes = {(const char *)data + 1, len - 1};
    const unsigned who = data[0] % 16;
    const size_t step = 1 + data[0] / 16;
    if (who >= 10) {
        splice_it(bytes, who % 2);
        return 0;
    }
    struct log whole = {.b = BUF(LOG_MAX)}, cut = {.b = BUF(LOG_MAX)};
    const struct reader *r = &readers[who < 8 ? who : 0];
    const err a =
        who < 8 ? hear_it(r, bytes, bytes.len, &whole) : pass_it(bytes, bytes.len, &whole);
    const err b = who < 8 ? hear_it(r, bytes, step, &cut) : pass_it(bytes, step, &cut);
    ASSERT(a.code == b.code && str_eq(buf_str(&whole.b), buf_str(&cut.b)));
    ASSERT(whole.done == cut.done);
    buf_done(&whole.b);
    buf_done(&cut.b);
    return 0;
}
