/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - for the tests of engine/: grants, conversations, and a client that writes down what its
 * hooks hear. */
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "engine/engine.h"
#include "policy/policy.h"
#include "test.h"

enum { RIG_ANSWERS = 8, RIG_TEXT = 65536, RIG_DIMS = 1024, RIG_PIECES = 512 };

static const char rig_policy[] = "version: 1\n"
                                 "levels:\n"
                                 "  - { height: 0, id: offen, title: Offen }\n"
                                 "  - { height: 1, id: intern, title: Intern }\n"
                                 "  - { height: 2, id: VS-NfD, title: VS-NfD }\n"
                                 "compartments:\n"
                                 "  - { bit: 8, id: A, title: A }\n"
                                 "parties:\n"
                                 "  - { bit: 128, id: BUND, title: Bund }\n"
                                 "taints:\n"
                                 "  - { bit: 224, id: web, title: Web }\n";

/* A grant for everything up to `level`, and what it lives in. */
struct rig_grant {
    policy *policy;
    arena *a;
    const grant *g;
};

static inline struct rig_grant
rig_grant(const char *level)
{
    struct rig_grant r = {0};
    struct decision d;
    label clearance;
    struct session who = {.key_id = STR("k"), .key_name = STR("k"), .tenant = STR("t")};
    struct ask q = {.session = &who, .op = OP_CHAT, .model = STR("m"), .now_wall_ms = 1};
    CHECK_OK(arena_open(65536, &r.a));
    CHECK_OK(policy_load(str_of(rig_policy), &r.policy));
    CHECK_OK(policy_set_ceiling(r.policy, STR("VS-NfD")));
    CHECK_OK(policy_clearance(r.policy, str_of(level), STR_NONE, &clearance));
    who.clearance = clearance;
    q.target = policy_local_sink(r.policy);
    CHECK_OK(policy_decide(r.policy, &q, r.a, &d, &r.g));
    return r;
}

static inline void
rig_grant_done(struct rig_grant *r)
{
    arena_free(r->a);
    policy_free(r->policy);
}

/* ---- conversations: in static memory of the caller, one user message each */

struct rig_conv {
    struct conv c;
    struct conv_message message;
    content inputs[16];
};

static inline struct conv *
rig_chat(struct rig_conv *r, const char *said)
{
    memset(r, 0, sizeof *r);
    conv_params_default(&r->c.params);
    r->message =
        (struct conv_message){.role = CONV_USER, .text = content_of(str_of(said), LABEL_BOTTOM)};
    r->c.messages.at = &r->message;
    r->c.messages.count = 1;
    r->c.prompt = r->message.text;
    return &r->c;
}

static inline struct conv *
rig_inputs(struct rig_conv *r, const char *const *texts, size_t count)
{
    rig_chat(r, "");
    for (size_t i = 0; i < count && i < 16; i++)
        r->inputs[i] = content_of(str_of(texts[i]), LABEL_BOTTOM);
    r->c.inputs.at = r->inputs;
    r->c.inputs.count = count;
    return &r->c;
}

/* ---- what a job was heard to say */

struct rig_token {
    double logprob, top[20];
    size_t top_count;
    char text[64], top_text[20][64];
    size_t len, top_len[20];
};

struct rig_heard {
    loop *l;
    engine_job *job;
    char text[RIG_ANSWERS][RIG_TEXT];
    size_t len[RIG_ANSWERS];
    label label;
    unsigned pieces, tokens, done[RIG_ANSWERS], lasts, failed, after_the_end;
    struct engine_usage usage[RIG_ANSWERS];
    err failure;
    char public[256], param[64];
    float vectors[16][RIG_DIMS];
    size_t dims;
    unsigned vector_count, vector_order[16];
    struct rig_token lp[RIG_PIECES];
    size_t lp_count;
    unsigned cancel_after; /* pieces; 0: never */
};

static inline bool
rig_is_over(const struct rig_heard *h)
{
    return h->lasts || h->failed;
}

static inline void
rig_hear_token(struct rig_heard *h, const struct engine_token *t)
{
    if (h->lp_count == RIG_PIECES)
        return;
    struct rig_token *r = &h->lp[h->lp_count++];
    r->logprob = t->logprob;
    r->len = t->text.len < 64 ? t->text.len : 64;
    memcpy(r->text, t->text.at, r->len);
    r->top_count = t->top_count;
    for (size_t i = 0; i < t->top_count && i < 20; i++) {
        r->top[i] = t->top[i].logprob;
        r->top_len[i] = t->top[i].text.len < 64 ? t->top[i].text.len : 64;
        memcpy(r->top_text[i], t->top[i].text.at, r->top_len[i]);
    }
}

static inline void
rig_on_text(void *ctx, const struct engine_piece *p)
{
    struct rig_heard *h = ctx;
    /* A test may look: it made the content itself. */
    const str text = p->text.bytes_;
    h->after_the_end += rig_is_over(h);
    h->pieces++;
    h->tokens += p->token_count;
    h->label = p->text.label;
    if (p->index < RIG_ANSWERS && text.len <= RIG_TEXT - h->len[p->index]) {
        if (text.len)
            memcpy(h->text[p->index] + h->len[p->index], text.at, text.len);
        h->len[p->index] += text.len;
    }
    for (size_t i = 0; i < p->logprob_count; i++)
        rig_hear_token(h, &p->tokens[i]);
    if (h->cancel_after && h->pieces == h->cancel_after) {
        engine_cancel(h->job);
        loop_stop(h->l);
    }
}

static inline void
rig_on_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    struct rig_heard *h = ctx;
    h->after_the_end += rig_is_over(h);
    if (index < 16 && dims <= RIG_DIMS && h->vector_count < 16) {
        memcpy(h->vectors[index], values, dims * sizeof *values);
        h->vector_order[h->vector_count] = index;
    }
    h->dims = dims;
    h->vector_count++;
}

static inline void
rig_on_done(void *ctx, const struct engine_usage *u)
{
    struct rig_heard *h = ctx;
    h->after_the_end += rig_is_over(h);
    if (u->index < RIG_ANSWERS) {
        h->done[u->index]++;
        h->usage[u->index] = *u;
    }
    h->lasts += u->is_last;
    if (u->is_last)
        loop_stop(h->l);
}

static inline void
rig_on_failed(void *ctx, err e)
{
    struct rig_heard *h = ctx;
    h->after_the_end += rig_is_over(h);
    h->failed++;
    h->failure = e;
    snprintf(h->public, sizeof h->public, "%s", err_public(e));
    snprintf(h->param, sizeof h->param, "%s", err_param());
    loop_stop(h->l);
}

static inline struct engine_hooks
rig_hooks(struct rig_heard *h, loop *l)
{
    memset(h, 0, sizeof *h);
    h->l = l;
    return (struct engine_hooks){rig_on_text, rig_on_vector, rig_on_done, rig_on_failed, h};
}

static inline str
rig_text(const struct rig_heard *h, size_t index)
{
    return (str){h->text[index], h->len[index]};
}
