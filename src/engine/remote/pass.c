/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/pass.h"

#include "base/fault.h"
#include "engine/remote/blame.h"
#include "engine/remote/job.h"
#include "engine/remote/say.h"
#include "os/clock.h"

enum { PATH_BYTES_MAX = 64, WHOLE_ARENA_BYTES = 1 << 30, WORD_MAX = 64, SMALL_BYTES = 4096 };

struct passed_job {
    struct remote_job job; /* first */
    struct remote_pass_hooks hooks;
    enum engine_kind kind;
    label label; /* of the answer */
    enum hear_form form;
    struct frames frames;
    arena *a;  /* the request's */
    buf whole; /* of an answer that is no stream */
    bool has_begun, is_over;
    uint64_t sent_us, first_us;
};

static struct passed_job *
own(remote_job *j)
{
    return (struct passed_job *)j;
}

/* ---- what job.h asks for */

static void
open_answer(remote_job *j, enum hear_form form)
{
    own(j)->form = form;
}

static void
begin(struct passed_job *p)
{
    if (p->has_begun || p->is_over)
        return;
    p->has_begun = true;
    p->hooks.on_head(p->hooks.ctx, 200, p->form == HEAR_SSE);
}

static void
on_frames(void *ctx, str raw, uint32_t count)
{
    struct passed_job *p = ctx;
    begin(p);
    if (!p->is_over)
        p->hooks.on_frames(p->hooks.ctx, content_of(raw, p->label), count);
}

static fallible
add_to_answer(remote_job *j, str piece)
{
    struct passed_job *p = own(j);
    if (!p->first_us)
        p->first_us = clock_us();
    if (p->form == HEAR_SSE)
        return frames_add(&p->frames, piece, on_frames, p);
    buf_add(&p->whole, piece);
    if (buf_end(&p->whole).code)
        FAIL(PROVIDER_LOST, "the provider's answer is too long");
    return OK;
}

static bool
is_whole(const remote_job *j)
{
    const struct passed_job *p = (const struct passed_job *)j;
    return p->form == HEAR_SSE && frames_is_whole(&p->frames);
}

static void
tell_end(struct passed_job *p, str tail)
{
    const struct frames *f = &p->frames;
    const uint64_t now = clock_us();
    struct remote_end end = {
        .usage = {.finish = f->finish,
                  .prompt_tokens = f->usage.prompt,
                  .cached_tokens = f->usage.cached,
                  .output_tokens = f->usage.is_known ? f->usage.output : f->pieces,
                  .is_last = true,
                  .is_estimated = !f->usage.is_known},
        .tail = content_of(tail, p->label)};
    if (p->first_us) {
        end.usage.prefill_us = p->first_us - p->sent_us;
        end.usage.decode_us = now - p->first_us;
    }
    begin(p);
    if (!p->is_over)
        p->hooks.on_end(p->hooks.ctx, OK, &end);
}

/* ---- an answer that is no stream */

static fallible
check_choices(struct frames *f, const jval *root)
{
    const jval list = json_get(root, "choices");
    struct jwalk w = {0};
    jval choice;
    str word;
    TRY(json_array(&list, 1, ENGINE_ANSWERS_MAX));
    while (json_each(&list, &w, &choice)) {
        const jval v = json_get(&choice, "finish_reason");
        TRY(json_str(&v, WORD_MAX, &word));
        TRY(hear_openai_finish(word, &f->finish));
        f->pieces++;
    }
    return OK;
}

static fallible
read_whole(struct passed_job *p)
{
    struct frames *f = &p->frames;
    jval root;
    arena *a = p->a;
    if (!a || p->whole.len > SMALL_BYTES)
        TRY(arena_open(WHOLE_ARENA_BYTES, &f->a));
    TRY(json_read(f->a ? f->a : a, buf_str(&p->whole), &root));
    TRY(json_object(&root));
    if (blame_is_error(&root)) {
        f->is_blamed = true;
        return blame_inside(&root);
    }
    TRY(hear_openai_usage(&root, &f->usage));
    if (p->kind != ENGINE_EMBED)
        return check_choices(f, &root);
    const jval list = json_get(&root, "data");
    return json_array(&list, 1, ENGINE_INPUTS_MAX);
}

static fallible
end_answer(remote_job *j)
{
    struct passed_job *p = own(j);
    if (p->form == HEAR_SSE) {
        if (!frames_is_whole(&p->frames))
            FAIL(PROVIDER_LOST, "the provider's answer ended in the middle");
        tell_end(p, buf_str(&p->frames.tail));
        return OK;
    }
    const err e = read_whole(p);
    if (e.code && !p->frames.is_blamed)
        FAIL(PROVIDER_LOST, "the provider's answer cannot be read");
    if (e.code)
        return e;
    tell_end(p, buf_str(&p->whole));
    return OK;
}

static void
fail(remote_job *j, err e)
{
    own(j)->is_over = true;
    own(j)->hooks.on_end(own(j)->hooks.ctx, e, NULL);
}

static void
stop(remote_job *j)
{
    own(j)->is_over = true;
}

static void
done(remote_job *j)
{
    frames_done(&own(j)->frames);
    buf_done(&own(j)->whole);
}

static const struct job_kind kind_passed = {.open = open_answer,
                                            .add = add_to_answer,
                                            .end = end_answer,
                                            .is_whole = is_whole,
                                            .fail = fail,
                                            .stop = stop,
                                            .done = done};

/* ---- the request */

static fallible
make_job(const struct remote_pass *p, const struct remote_said *s, struct passed_job **ret)
{
    struct passed_job *j = mem_get(sizeof *j);
    if (!j)
        FAIL(LIMIT, "no memory for a request");
    memset(j, 0, sizeof *j);
    j->job = (struct remote_job){
        .kind = &kind_passed, .dialect = REMOTE_OPENAI, .streams = p->is_stream};
    j->hooks = p->hooks;
    j->kind = p->kind;
    j->a = p->a;
    j->label = label_join(s->body.label, p->model_label);
    j->whole = BUF(HEAR_WHOLE_BYTES_MAX);
    j->sent_us = clock_us();
    frames_init(&j->frames, s->n, s->drops_usage);
    *ret = j;
    return OK;
}

fallible
remote_say(const grant *g, const struct remote_target *t, const struct remote_pass *p, arena *a,
           struct remote_said *ret)
{
    AUTO(buf) body = BUF(SAY_BYTES_MAX);
    const bool writes = p->kind != ENGINE_EMBED;
    struct splice s = {.model = t->model,
                       .tokens_max = writes ? p->tokens_max : 0,
                       .says_completion_tokens = t->says_completion_tokens,
                       .wants_usage = p->is_stream && writes};
    str text, bytes;
    TRY(content_open(p->body, g, &text));
    TRY(p->root ? splice_read(text, p->root, &s, &body) : splice_body(text, &s, &body));
    TRY(try_arena_str(a, buf_str(&body), &bytes));
    ret->body = content_of(bytes, p->body.label);
    ret->n = s.n;
    ret->drops_usage = s.has_added_usage;
    return OK;
}

fallible
remote_pass(egress *e, const grant *g, const struct remote_target *t, const struct remote_pass *p,
            remote_job **ret)
{
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    const struct remote_said *said = p->said;
    struct passed_job *j;
    ASSERT(p->hooks.on_head && p->hooks.on_frames && p->hooks.on_end);
    ASSERT(p->kind != ENGINE_TOKENIZE && said && said->n >= 1);
    if (t->dialect != REMOTE_OPENAI)
        FAIL(UNSUPPORTED, "only OpenAI's dialect is passed through");
    if (!label_dominates(t->sink, said->body.label))
        FAIL(DENIED, "the provider may not hold what is to be sent");
    TRY(say_path(t, p->kind, &path));
    TRY(make_job(p, said, &j));
    const struct job_call call = {
        .provider = t->provider, .path = buf_str(&path), .sink = t->sink, .body = said->body};
    TRY(job_start(&j->job, e, g, &call));
    *ret = &j->job;
    return OK;
}
