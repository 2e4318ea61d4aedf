/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/hear.h"

#include "base/fault.h"
#include "base/map.h"

enum { EVENT_ARENA_BYTES = 48 << 20, WHOLE_ARENA_BYTES = 1 << 30, CALLS_FIRST = 4 };

static const uint8_t id_key[16] = "ids of one call";

/* ---- life */

fallible
hear_init(struct hear *h, const struct hear_spec *s, struct engine_hooks hooks)
{
    ASSERT(hooks.on_done && hooks.on_failed && s->n >= 1 && s->n <= ENGINE_ANSWERS_MAX);
    ASSERT(s->kind == ENGINE_EMBED ? hooks.on_vector != NULL : hooks.on_text != NULL);
    *h = (struct hear){.spec = *s,
                       .hooks = hooks,
                       .sse = SSE_READER(HEAR_EVENT_BYTES_MAX),
                       .aws = EVENTSTREAM_READER(HEAR_EVENT_BYTES_MAX),
                       .whole = BUF(HEAR_WHOLE_BYTES_MAX)};
    h->choices = mem_get(s->n * sizeof *h->choices);
    if (!h->choices)
        FAIL(LIMIT, "no memory for %u answers", s->n);
    memset(h->choices, 0, s->n * sizeof *h->choices);
    return OK;
}

static void
free_calls(struct hear_choice *c)
{
    for (uint32_t i = 0; i < c->call_count; i++)
        buf_done(&c->calls[i].id);
    mem_free(c->calls);
}

void
hear_done(struct hear *h)
{
    for (uint32_t i = 0; h->choices && i < h->spec.n; i++)
        free_calls(&h->choices[i]);
    mem_free(h->choices);
    h->choices = NULL;
    arena_free(TAKE(h->a));
    sse_reader_done(&h->sse);
    eventstream_reader_done(&h->aws);
    buf_done(&h->whole);
}

void
hear_open(struct hear *h, enum hear_form form)
{
    h->form = form;
}

/* ---- one event */

fallible
hear_json(struct hear *h, str text, jval *ret)
{
    if (!h->a)
        TRY(arena_open(h->form == HEAR_JSON ? WHOLE_ARENA_BYTES : EVENT_ARENA_BYTES, &h->a));
    else if (arena_used(h->a))
        arena_reset(h->a);
    TRY(json_read(h->a, text, ret));
    return json_object(ret);
}

/* The first failure stays; what the readers below still hand over is not looked at. */
static void
keep(struct hear *h, err e)
{
    if (!e.code || h->failure.code)
        return;
    h->failure = e;
    err_keep(&h->kept, e);
}

static bool
is_deaf(const struct hear *h)
{
    return h->is_over || h->failure.code;
}

static void
on_sse(void *ctx, str event, str data)
{
    struct hear *h = ctx;
    if (is_deaf(h))
        return;
    keep(h, h->spec.dialect == REMOTE_ANTHROPIC ? hear_anthropic_event(h, event, data)
                                                : hear_openai_event(h, event, data));
}

static void
on_aws(void *ctx, const struct eventstream_message *m)
{
    struct hear *h = ctx;
    if (!is_deaf(h))
        keep(h, hear_bedrock_event(h, m));
}

/* What the readers of JSON say names fields of the provider's answer, which are nobody's business;
 * it stays in the log. */
static fallible
told(struct hear *h)
{
    if (!h->failure.code)
        return OK;
    const err e = err_again(&h->kept);
    if (h->is_blamed || e.code == ERR_PROVIDER_LOST)
        return e;
    char why[160];
    str_copy(str_slice(str_of(err_text()), 0, sizeof why - 1), why, sizeof why);
    FAIL(PROVIDER_LOST, "the provider's answer cannot be read: %s", why);
}

fallible
hear_add(struct hear *h, str piece)
{
    ASSERT(!h->failure.code);
    if (h->is_over)
        return OK;
    if (h->form == HEAR_SSE) {
        keep(h, sse_read(&h->sse, piece, on_sse, h));
    } else if (h->form == HEAR_AWS) {
        keep(h, eventstream_read(&h->aws, piece, on_aws, h));
    } else {
        buf_add(&h->whole, piece);
        keep(h, buf_end(&h->whole));
    }
    return told(h);
}

static fallible
read_whole(struct hear *h)
{
    jval root;
    TRY(hear_json(h, buf_str(&h->whole), &root));
    if (h->spec.kind == ENGINE_EMBED)
        return hear_embed_whole(h, &root);
    if (h->spec.dialect == REMOTE_ANTHROPIC)
        return hear_anthropic_whole(h, &root);
    if (h->spec.dialect == REMOTE_BEDROCK)
        return hear_bedrock_whole(h, &root);
    return hear_openai_whole(h, &root);
}

bool
hear_is_whole(const struct hear *h)
{
    const bool is_between = h->form != HEAR_AWS || eventstream_is_between(&h->aws);
    return !h->failure.code && is_between && h->finished == h->spec.n &&
           (h->is_ended || h->spec.dialect == REMOTE_OPENAI);
}

/* ---- the end */

/* The provider counts all answers together: each gets its share by pieces, the last what is left.
 */
static uint32_t
share_of(const struct hear *h, uint32_t index, uint64_t pieces, uint32_t *rest)
{
    const uint64_t mine = h->choices[index].pieces;
    if (!h->usage.is_known)
        return (uint32_t)mine;
    if (index + 1 == h->spec.n)
        return *rest;
    const uint32_t share = pieces ? (uint32_t)(h->usage.output * mine / pieces) : 0;
    *rest -= share;
    return share;
}

static void
tell_end(struct hear *h, uint32_t index, uint32_t output)
{
    const struct hear_choice *c = &h->choices[index];
    const struct engine_usage u = {
        .index = index,
        .finish = c->is_refused && c->finish == FINISH_STOP ? FINISH_FILTER : c->finish,
        .stop = c->stop,
        .prompt_tokens = h->usage.prompt,
        .cached_tokens = h->usage.cached < h->usage.prompt ? h->usage.cached : h->usage.prompt,
        .output_tokens = output,
        .is_last = index + 1 == h->spec.n,
        .is_estimated = !h->usage.is_known,
        .prefill_us = h->prefill_us,
        .decode_us = h->decode_us,
    };
    h->hooks.on_done(h->hooks.ctx, &u);
}

fallible
hear_end(struct hear *h)
{
    uint64_t pieces = 0;
    uint32_t rest = h->usage.output;
    ASSERT(!h->failure.code);
    if (h->is_over)
        return OK;
    if (h->form == HEAR_JSON)
        keep(h, read_whole(h));
    TRY(told(h));
    if (!h->is_over && !hear_is_whole(h))
        FAIL(PROVIDER_LOST, "the provider's answer ended in the middle");
    rest = h->usage.output;
    for (uint32_t i = 0; i < h->spec.n; i++)
        pieces += h->choices[i].pieces;
    for (uint32_t i = 0; i < h->spec.n && !h->is_over; i++)
        tell_end(h, i, share_of(h, i, pieces, &rest));
    h->is_over = true;
    return OK;
}

/* ---- what the dialects' readers say */

static fallible
check_open(const struct hear *h, uint32_t index)
{
    if (index >= h->spec.n)
        FAIL(PROVIDER_LOST, "answer %u of %u", index, h->spec.n);
    if (h->choices[index].is_finished || h->is_ended)
        FAIL(PROVIDER_LOST, "answer %u goes on after its end", index);
    return OK;
}

fallible
hear_text(struct hear *h, uint32_t index, const struct engine_piece *p, str text)
{
    if (!text.len && !p->logprob_count)
        return OK;
    TRY(check_open(h, index));
    struct engine_piece piece = *p;
    piece.index = index;
    piece.token_count = p->logprob_count ? (uint32_t)p->logprob_count : 1;
    piece.text = content_of(text, h->spec.label);
    h->choices[index].pieces += piece.token_count;
    if (!h->is_over)
        h->hooks.on_text(h->hooks.ctx, &piece);
    return OK;
}

fallible
hear_plain(struct hear *h, uint32_t index, enum engine_part part, str text)
{
    return hear_text(h, index, &(struct engine_piece){.part = part}, text);
}

static fallible
add_call(struct hear_choice *c)
{
    if (c->call_count == CONV_TOOLS_MAX)
        FAIL(PROVIDER_LOST, "more than %d calls in an answer", CONV_TOOLS_MAX);
    if (c->call_count == c->call_room) {
        const uint32_t room = c->call_room ? 2 * c->call_room : CALLS_FIRST;
        struct hear_call *more = mem_grow(c->calls, room * sizeof *more);
        if (!more)
            FAIL(LIMIT, "no memory for a call");
        c->calls = more;
        c->call_room = room;
    }
    c->calls[c->call_count++] = (struct hear_call){.id = BUF(HEAR_NAME_MAX)};
    return OK;
}

/* The last with this key; another id makes it another call, for some number them all alike. */
static fallible
find_call(struct hear_choice *c, const struct hear_name *n, uint32_t *ret)
{
    const uint64_t hash = n->id.len ? siphash24(id_key, n->id.at, n->id.len) : 0;
    for (uint32_t i = c->call_count; i-- > 0;) {
        struct hear_call *call = &c->calls[i];
        if (call->key != n->key)
            continue;
        if (hash && call->id_hash && call->id_hash != hash)
            break;
        call->id_hash = hash ? hash : call->id_hash;
        *ret = i;
        return OK;
    }
    TRY(add_call(c));
    *ret = c->call_count - 1;
    c->calls[*ret].key = n->key;
    c->calls[*ret].id_hash = hash;
    return OK;
}

/* An id may come before its name, and is then wanted with it. */
static fallible
keep_id(struct hear_call *call, str id)
{
    if (call->id.len)
        return OK;
    buf_add(&call->id, id);
    return buf_end(&call->id);
}

fallible
hear_call(struct hear *h, uint32_t index, const struct hear_name *n, uint32_t *ret)
{
    TRY(check_open(h, index));
    struct hear_choice *c = &h->choices[index];
    TRY(find_call(c, n, ret));
    struct hear_call *call = &c->calls[*ret];
    if (call->is_named)
        return OK;
    TRY(keep_id(call, n->id));
    if (!n->name.len)
        return OK;
    call->is_named = true;
    c->pieces++;
    const struct engine_piece p = {.index = index,
                                   .part = PART_CALL,
                                   .call = *ret,
                                   .call_id = buf_str(&call->id),
                                   .token_count = 1,
                                   .text = content_of(n->name, h->spec.label)};
    if (!h->is_over)
        h->hooks.on_text(h->hooks.ctx, &p);
    return OK;
}

fallible
hear_arguments(struct hear *h, uint32_t index, uint32_t call, str piece)
{
    if (!piece.len)
        return OK;
    TRY(check_open(h, index));
    const struct hear_choice *c = &h->choices[index];
    if (call >= c->call_count || !c->calls[call].is_named)
        FAIL(PROVIDER_LOST, "arguments of a call without a name");
    c->calls[call].has_arguments = true;
    return hear_text(h, index, &(struct engine_piece){.part = PART_ARGUMENTS, .call = call}, piece);
}

fallible
hear_close_call(struct hear *h, uint32_t index, uint32_t call)
{
    const struct hear_choice *c = &h->choices[index];
    ASSERT(call < c->call_count);
    if (!c->calls[call].is_named)
        FAIL(PROVIDER_LOST, "a call without a name");
    return c->calls[call].has_arguments ? OK : hear_arguments(h, index, call, STR("{}"));
}

fallible
hear_finish(struct hear *h, uint32_t index, enum engine_finish finish, str stop)
{
    TRY(check_open(h, index));
    struct hear_choice *c = &h->choices[index];
    for (uint32_t i = 0; i < c->call_count; i++)
        TRY(hear_close_call(h, index, i));
    c->is_finished = true;
    /* A call that was forced ends with "stop" at some. */
    c->finish = finish == FINISH_STOP && c->call_count ? FINISH_CALLS : finish;
    c->stop = c->finish == FINISH_STOP ? hear_stop_of(h, stop) : 0;
    h->finished++;
    return OK;
}

uint32_t
hear_stop_of(const struct hear *h, str stop)
{
    for (size_t i = 0; stop.len && i < h->spec.stop_count; i++)
        if (str_eq(h->spec.stops[i], stop))
            return (uint32_t)i + 1;
    return 0;
}

fallible
hear_count(const jval *o, const char *name, uint32_t *ret)
{
    const jval v = json_get(o, name);
    int64_t n = *ret;
    TRY(opt_json_i64(&v, 0, UINT32_MAX, &n));
    *ret = (uint32_t)n;
    return OK;
}
