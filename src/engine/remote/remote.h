/* SPDX-License-Identifier: EUPL-1.2 */
/* remote.h - an outside or neighbouring model server behind the hooks of a local engine.
 *
 * A conversation is written as the provider's dialect has it (say.h), goes out through
 * hoheit-egress, and what comes back is taken apart (hear.h) into the same pieces, vectors and
 * usage a local engine gives.  What a dialect cannot express is refused with UNSUPPORTED and the
 * field's name before anything is sent; nothing is dropped in silence.
 *
 * Where the client speaks the provider's dialect, remote_pass sends the body as it came, with
 * "model" replaced and usage asked for, all other bytes the same (pass.h), and hands frames back as
 * they came.  Frames are watched for usage, ends and errors; those that close the answer come with
 * on_end, so that a record can be durable before they leave.
 *
 * The provider is not trusted.  A malformed, oversized, unfinished or contradictory answer, one
 * that ends twice or goes on after its end, fails once; no piece follows.  Of an error's text
 * nothing is repeated, for it may hold content; its code goes to the log (blame.h).
 *
 * Paths below the provider's base: /chat/completions, /completions, /embeddings (OpenAI, whose
 * base ends with /v1); /v1/messages (Anthropic); /model/ID/converse-stream (Bedrock).
 *
 * Jobs are independent.  One thread: the loop's.  Limits: an event 1 MiB, a whole answer 64 MiB,
 * bytes in all what egress allows.  */
#pragma once
#include "base/json.h"
#include "egress/egress.h"
#include "engine/engine.h"

typedef struct remote_job remote_job;

enum remote_dialect { REMOTE_OPENAI, REMOTE_ANTHROPIC, REMOTE_BEDROCK };

struct remote_target {
    str provider; /* by its name in the list of providers */
    enum remote_dialect dialect;
    str model;           /* its name there */
    label sink;          /* what may be sent there */
    uint32_t tokens_max; /* of an answer where none is asked for and the dialect needs a number
                          * (Anthropic); 0: 4096 */
    bool says_completion_tokens; /* OpenAI: "max_completion_tokens" in place of "max_tokens" */
};

/* DENIED: the grant does not cover conv->label, or the sink does not dominate it; UNSUPPORTED: the
 * dialect cannot say it; LIMIT; what egress_send says.  Then no hook is called and nothing was
 * sent.  Answers carry conv->label joined with `model_label`.  `c` and `t` need not outlive the
 * call.
 *
 * on_failed has, besides what engine.h names: PROVIDER_LOST, MODEL_NOT_FOUND, TOO_LARGE.  Usage of
 * several answers is the provider's sum, split by their pieces; is_estimated where it sent none. */
fallible
remote_submit(egress *e, const grant *g, const struct remote_target *t, enum engine_kind kind,
              const struct conv *c, label model_label, struct engine_hooks hooks, remote_job **ret);

struct remote_end {
    struct engine_usage usage; /* of all answers together */
    content tail;              /* frames that close the answer, or the whole of a plain one */
};

/* Pointers are valid during the call.  Any hook may cancel the job and start others. */
struct remote_pass_hooks {
    /* Once, with 200, when the first good frame is there. */
    void (*on_head)(void *ctx, int status, bool is_stream);
    /* Whole frames, one or more, as they came. */
    void (*on_frames)(void *ctx, content raw, uint32_t count);
    /* Once, last.  `end` is NULL when it failed; nothing of the tail was handed on then. */
    void (*on_end)(void *ctx, err e, const struct remote_end *end);
    void *ctx;
};

/* What a body becomes on its way out. */
struct remote_said {
    content body;
    uint32_t n;       /* answers it asks for */
    bool drops_usage; /* which the client did not ask for */
};

struct remote_pass {
    enum engine_kind kind; /* CHAT, COMPLETE, EMBED */
    content body;          /* JSON text as it came; read before, and its label decided upon */
    const jval *root;      /* the body as it was read; NULL: it is read again */
    uint32_t tokens_max;   /* said where the body names no longest answer; 0: nothing is */
    bool is_stream;        /* as the body says */
    arena *a;              /* of the request, outlives the job: small answers are read in it */
    label model_label;
    const struct remote_said *said; /* for remote_pass: what remote_say made of the same */
    struct remote_pass_hooks hooks;
};

/* The bytes that remote_pass is to send, so that their digest can be on record before; in `a`.
 * PARSE: the body is no JSON object. */
fallible remote_say(const grant *g, const struct remote_target *t, const struct remote_pass *p,
                    arena *a, struct remote_said *ret);
/* Dialect OpenAI only; else as remote_submit, with p->body's label in place of the
 * conversation's. */
fallible remote_pass(egress *e, const grant *g, const struct remote_target *t,
                     const struct remote_pass *p, remote_job **ret);

/* In on_failed, and in on_end that failed: the seconds the provider asks to wait; 0: none said. */
uint32_t remote_retry_s(const remote_job *j);
/* At the same places: nothing was sent, or it was answered with an error alone, which no provider
 * has a price for. */
bool remote_is_free(const remote_job *j);
/* No hook is called any more; the connection to the provider is closed.  NULL is fine. */
void remote_cancel(remote_job *j);
