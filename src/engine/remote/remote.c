/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/remote.h"

#include "base/fault.h"
#include "engine/remote/job.h"
#include "engine/remote/say.h"
#include "os/clock.h"

enum { PATH_BYTES_MAX = 8192 };

struct heard_job {
    struct remote_job job; /* first */
    struct hear hear;
    buf stop_text; /* of the conversation, which may be gone by then */
    str stops[CONV_STOPS_MAX];
    uint64_t sent_us, first_us;
};

static struct heard_job *
own(remote_job *j)
{
    return (struct heard_job *)j;
}

/* ---- what job.h asks for */

static void
open_answer(remote_job *j, enum hear_form form)
{
    hear_open(&own(j)->hear, form);
}

static fallible
add_to_answer(remote_job *j, str piece)
{
    struct heard_job *h = own(j);
    if (!h->first_us)
        h->first_us = clock_us();
    return hear_add(&h->hear, piece);
}

static fallible
end_answer(remote_job *j)
{
    struct heard_job *h = own(j);
    const uint64_t now = clock_us();
    if (h->first_us) {
        h->hear.prefill_us = h->first_us - h->sent_us;
        h->hear.decode_us = now - h->first_us;
    }
    return hear_end(&h->hear);
}

static bool
is_whole(const remote_job *j)
{
    const struct hear *h = &((const struct heard_job *)j)->hear;
    return h->form != HEAR_JSON && hear_is_whole(h);
}

static void
fail(remote_job *j, err e)
{
    const struct engine_hooks *hooks = &own(j)->hear.hooks;
    own(j)->hear.is_over = true;
    hooks->on_failed(hooks->ctx, e);
}

static void
stop(remote_job *j)
{
    own(j)->hear.is_over = true;
}

static void
done(remote_job *j)
{
    hear_done(&own(j)->hear);
    buf_done(&own(j)->stop_text);
}

static const struct job_kind kind_heard = {.open = open_answer,
                                           .add = add_to_answer,
                                           .end = end_answer,
                                           .is_whole = is_whole,
                                           .fail = fail,
                                           .stop = stop,
                                           .done = done};

/* ---- the request */

static fallible
copy_stops(struct heard_job *h, const struct conv_params *p)
{
    size_t at = 0;
    ASSERT(p->stop_count <= CONV_STOPS_MAX);
    h->stop_text = BUF(CONV_STOPS_MAX * CONV_STOP_BYTES_MAX);
    for (uint32_t i = 0; i < p->stop_count; i++)
        buf_add(&h->stop_text, p->stops[i]);
    TRY(buf_end(&h->stop_text));
    for (uint32_t i = 0; i < p->stop_count; at += p->stops[i++].len)
        h->stops[i] = str_slice(buf_str(&h->stop_text), at, at + p->stops[i].len);
    return OK;
}

static fallible
prepare(struct heard_job *h, const struct say *s, struct engine_hooks hooks, label answer)
{
    const struct conv_params *p = &s->c->params;
    const bool is_embed = s->kind == ENGINE_EMBED;
    TRY(copy_stops(h, p));
    const struct hear_spec spec = {
        .dialect = s->t->dialect,
        .kind = s->kind,
        .n = is_embed ? 1 : p->n,
        .inputs = is_embed ? (uint32_t)s->c->inputs.count : 0,
        .dims = s->c->dimensions,
        .has_logprobs = p->logprobs,
        .top_max = p->logprobs ? p->top_logprobs : 0,
        .stops = h->stops,
        .stop_count = p->stop_count,
        .label = answer,
    };
    return hear_init(&h->hear, &spec, hooks);
}

static fallible
make_job(const struct say *s, struct engine_hooks hooks, label answer, struct heard_job **ret)
{
    struct heard_job *h = mem_get(sizeof *h);
    if (!h)
        FAIL(LIMIT, "no memory for a request");
    memset(h, 0, sizeof *h);
    h->job = (struct remote_job){
        .kind = &kind_heard, .dialect = s->t->dialect, .streams = s->kind != ENGINE_EMBED};
    h->sent_us = clock_us();
    const err e = prepare(h, s, hooks, answer);
    if (e.code) {
        done(&h->job);
        mem_free(h);
        return e;
    }
    *ret = h;
    return OK;
}

/* Before a byte is written down. */
static fallible
check_leave(const grant *g, const struct remote_target *t, const struct conv *c)
{
    if (!grant_covers(g, c->label))
        FAIL(DENIED, "the grant does not cover the conversation");
    if (!label_dominates(t->sink, c->label))
        FAIL(DENIED, "the provider may not hold the conversation");
    return OK;
}

fallible
remote_submit(egress *e, const grant *g, const struct remote_target *t, enum engine_kind kind,
              const struct conv *c, label model_label, struct engine_hooks hooks, remote_job **ret)
{
    AUTO(buf) body = BUF(SAY_BYTES_MAX);
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    const struct say s = {.kind = kind, .c = c, .g = g, .t = t};
    struct heard_job *h;
    ASSERT(hooks.on_done && hooks.on_failed);
    ASSERT(kind == ENGINE_EMBED || (c->params.n >= 1 && c->params.n <= ENGINE_ANSWERS_MAX));
    TRY(check_leave(g, t, c));
    TRY(say_body(&s, &body));
    TRY(say_path(t, kind, &path));
    TRY(make_job(&s, hooks, label_join(c->label, model_label), &h));
    const struct job_call call = {.provider = t->provider,
                                  .path = buf_str(&path),
                                  .sink = t->sink,
                                  .body = content_of(buf_str(&body), c->label)};
    TRY(job_start(&h->job, e, g, &call));
    *ret = &h->job;
    return OK;
}
