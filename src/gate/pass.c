/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/pass.h"

enum { TAIL_BYTES_MAX = 64 << 20 };

bool
pass_fits(const struct gate_ask *ask, const struct target *t)
{
    return ask->raw && t->is_remote && t->remote.dialect == REMOTE_OPENAI && !t->pseudonyms &&
           ask->kind != ENGINE_TOKENIZE;
}

static struct remote_pass
pass_of(const struct gate_ask *ask, const struct target *t)
{
    return (struct remote_pass){.kind = ask->kind,
                                .body = content_of(ask->raw->body, ask->conv->label),
                                .root = ask->raw->root,
                                .tokens_max = ask->conv->params.tokens_max,
                                .is_stream = ask->raw->is_stream,
                                .a = ask->a,
                                .model_label = t->model_label};
}

fallible
pass_say(const struct gate_ask *ask, struct target *t)
{
    const struct remote_pass p = pass_of(ask, t);
    str bytes;
    ASSERT(pass_fits(ask, t));
    TRY(remote_say(t->grant, &t->remote, &p, ask->a, &t->said));
    TRY(content_open(t->said.body, t->grant, &bytes));
    t->passes = true;
    return sha256_of(bytes, &t->sent);
}

/* ---- the answer */
static fallible
hash(const struct pass *p, content raw, str *ret)
{
    TRY(content_open(raw, p->own, ret));
    return sha256_add(p->hash, *ret);
}

static void
fail(struct pass *p, err e)
{
    struct err_kept kept;
    err_keep(&kept, e);
    remote_cancel(TAKE(*p->job));
    p->hooks.on_end(p->hooks.ctx, err_again(&kept), NULL);
}

static void
on_head(void *ctx, int status, bool is_stream)
{
    const struct pass *p = ctx;
    ASSERT(status == 200);
    p->hooks.on_head(p->hooks.ctx, is_stream);
}

static void
on_frames(void *ctx, content raw, uint32_t count)
{
    struct pass *p = ctx;
    str bytes;
    const err e = hash(p, raw, &bytes);
    if (e.code)
        fail(p, e);
    else
        p->hooks.on_frames(p->hooks.ctx, bytes, count);
}

static fallible
keep_tail(struct pass *p, content raw)
{
    str bytes;
    TRY(hash(p, raw, &bytes));
    buf_add(&p->tail, bytes);
    return buf_end(&p->tail);
}

static void
on_end(void *ctx, err e, const struct remote_end *end)
{
    struct pass *p = ctx;
    p->is_free = e.code && remote_is_free(*p->job);
    *p->job = NULL;
    if (!e.code)
        e = keep_tail(p, end->tail);
    p->hooks.on_end(p->hooks.ctx, e, e.code ? NULL : &end->usage);
}

fallible
pass_start(struct pass *p, egress *e, const struct gate_ask *ask, const struct target *t,
           remote_job **ret)
{
    struct remote_pass how = pass_of(ask, t);
    ASSERT(t->passes && p->hash && p->hooks.on_end && !p->job);
    p->own = t->own;
    p->job = ret;
    p->tail = BUF(TAIL_BYTES_MAX);
    how.said = &t->said;
    how.hooks = (struct remote_pass_hooks){
        .on_head = on_head, .on_frames = on_frames, .on_end = on_end, .ctx = p};
    return remote_pass(e, t->grant, &t->remote, &how, ret);
}

void
pass_done(struct pass *p)
{
    buf_done(&p->tail);
}
