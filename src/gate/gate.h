/* SPDX-License-Identifier: EUPL-1.2 */
/* gate.h - THE ONE DOOR: decide, reserve, run, label, record.
 *
 * Every dialect and every workload comes through here; there is no second way to an engine.
 * gate_run walks the steps of ARCHITECTURE.md "the life of one request":
 *
 *   the key names the session → the label of all inputs is joined → policy decides → a place is
 *   reserved → the decision is recorded → (durable) → the engine runs, pieces come as they are
 *   made → the completion is recorded → (durable) → on_end.
 *
 * So nothing a record has to precede leaves before it, and the last frame waits for the
 * completion record.  A denial is recorded too, and answered after it is durable.
 *
 * One thread: the loop's.  Strings handed to hooks live during the call. */
#pragma once
#include "audit/audit.h"
#include "base/json.h"
#include "engine/engine.h"
#include "model/registry.h"

typedef struct gate gate;
typedef struct gate_job gate_job;

struct gate_parts { /* all outlive the gate */
    loop *loop;
    const struct params *params;
    meters *meters;
    policy *policy;
    db *db;
    registry *registry;
    audit *audit;
    const secret *pepper;
    const secret *seal_key; /* for what applications leave here */
    const char *models_dir, *blobs_dir;
    int control;                           /* channel to hoheitd; taken over */
    const struct provider_list *providers; /* egress/provider_list.h; NULL: none */
    struct powercap *powercap; /* os/powercap.h; NULL, or none in it: energy is not measured */
    /* For `hoheit status`: where requests are taken, since when, by which build. */
    const char *address, *commit;
    int64_t started_wall_ms;
    uint64_t started_ms;
};

/* Takes parts->control over, also when it fails.  Removes what interrupted uploads left. */
fallible gate_new(const struct gate_parts *parts, gate **ret);
/* All jobs have ended or were cancelled.  NULL is fine. */
void gate_free(gate *g);
/* Tells hoheitd that requests are served, and has the default models loaded. */
fallible gate_ready(gate *g);
const struct gate_parts *gate_parts_of(const gate *g);
/* Is every engine that was asked for ready? */
bool gate_engines_ready(const gate *g);
/* hoheitd asked for a graceful end or is gone (once) / handed a new certificate (memfd, taken
 * over). */
struct gate_events {
    void (*on_stop)(void *ctx);
    void (*on_reload)(void *ctx, int tls_fd);
    void *ctx;
};
void gate_on_events(gate *g, struct gate_events e);

/* ---- who asks */
/* "Bearer KEY" or a bare key; UNAUTHENTICATED with a public sentence, also for a revoked key.  An
 * expired one is found: what it asks for is denied on record. */
fallible gate_session(const gate *g, str authorization, const struct session **ret);
/* Whose requests this access key id signs, and the secret to check them with (crypt/sigv4.h); the
 * session is the caller's only when the signature fits.  UNAUTHENTICATED as above; the parameter is
 * AWS's name for it. */
fallible gate_session_signed(gate *g, str access_id, const struct session **ret_session,
                             const secret **ret_secret);
/* The operator at the local socket. */
const struct session *gate_operator(const gate *g);
/* May the key be used from there (http_peer)?  Else DENIED, which is recorded. */
fallible gate_check_peer(gate *g, const struct session *s, str peer, str request_id, arena *a);
/* What was asked is for that purpose (X-Hoheit-Purpose): *s becomes the session for it.  DENIED,
 * and recorded, when the key may not or the policy has no such purpose. */
fallible gate_use_purpose(gate *g, const struct session **s, str purpose, str request_id, arena *a);
/* A case's name (X-Hoheit-Case): 1 to 64 letters, digits and - _ . / beginning with a letter or
 * digit; else ARGUMENT.  It stands in the log, so it is a file's number and nobody's name. */
enum { CASE_NAME_MAX = 64 };
fallible gate_check_case(str name);
/* Leave for an operation that touches no content: OK, or the denial, which is recorded. */
fallible gate_allow(gate *g, const struct session *s, enum op op, str request_id, arena *a);

/* The same for content of a label, and for the second person of an act of two. */
struct gate_want {
    const struct session *session;
    enum op op;
    label data;
    bool is_own_act; /* the second person is the first */
    str request_id;
    arena *a;
};
fallible gate_leave(gate *g, const struct gate_want *w, const grant **ret);

/* The trace that what is asked with this id and field belongs to, as text; empty: none is kept. */
enum { GATE_TRACE_BYTES = 33 };
str gate_trace(const gate *g, str request_id, str traceparent, char room[GATE_TRACE_BYTES]);

/* ---- what points to persons (detect/detect.h) */
struct lexicon;
/* The lists are read when they are first asked for, and stay. */
fallible gate_lexicon(gate *g, const struct lexicon **ret);

/* ---- what people are cleared for (acts/clearance.h) */
struct clearance_row; /* store/clearances.h */
/* From the next decision on; what runs above it ends.  LIMIT, and nothing has changed. */
fallible gate_clear_person(gate *g, const struct clearance_row *r);

/* ---- another policy (acts/versions.h) */
/* What `next` would change, in words (policy/change.h), for the keys in use too. */
void gate_policy_diff(const gate *g, const policy *next, buf *b);
/* Keys are cleared by `next`: in the records, within the caller's transaction; then decides as
 * `next`, which is taken over, from the next decision on. */
fallible gate_store_clearances(gate *g, const policy *next);
void gate_use_policy(gate *g, policy *next);

/* ---- what may not be asked or answered (guard/guard.h): of the policy in force, until the next
 * decision of the caller's */
struct guard;
const struct guard *gate_guard(const gate *g);
/* The rule of them that `e` of an on_end is about; NULL: none. */
const struct guardrail *gate_blocked_by(const gate *g, err e);

/* ---- documents of foreign forms are read elsewhere (gate/cells/cells.h) */
struct cells;
struct cells *gate_cells(gate *g);

/* ---- run a model */
/* The request as it came, in OpenAI's dialect: what goes to a provider that speaks it too, when
 * nothing has to be replaced.  It says all that `conv` says. */
struct gate_raw {
    str body;
    const jval *root; /* the body as it was read */
    bool is_stream;
    /* NULL: `conv` says all of it too; else what is wrong where only `conv` can go. */
    const struct err_kept *unsaid;
};

/* What is left of the tightest limits, for the dialect's fields (api/ratelimit.h). */
struct gate_limits {
    bool has_requests, has_tokens;
    uint64_t limit_requests, remaining_requests, reset_requests_ms;
    uint64_t limit_tokens, remaining_tokens, reset_tokens_ms;
};

struct gate_ask {
    const struct session *session;
    enum op op;
    enum engine_kind kind;
    str model;         /* as asked for; empty: the default */
    str label_text;    /* X-Hoheit-Label; empty: the session's default */
    str priority_text; /* X-Hoheit-Priority: "clerk", or "batch" when nobody waits; empty: clerk */
    str case_name;     /* gate_check_case; empty: of none */
    label floor;       /* joined to it: of what was read for this before (keep.h) */
    struct conv *conv; /* labels are set here; lives until on_end */
    const struct gate_raw *raw; /* NULL: it is never passed through; lives until on_end */
    str request_id;
    str traceparent; /* the field as it came (otel/trace.h); empty: none */
    uint64_t received_us;
    arena *a;                       /* of the request; lives until on_end */
    struct gate_limits *refused_by; /* set before on_end with RATE; NULL: nobody asks */
};

struct gate_start { /* before the first piece: what the answer's head needs */
    const struct model *model;
    str label_text; /* of the answer */
    struct gate_limits limits;
};

/* A hook may not cancel its own job, nor end what `a` belongs to; on_end may.  on_text gets every
 * part of an answer, text or call (engine.h); `text` is the piece's, opened.
 *
 * What was passed through (gate_raw) comes as on_pass and on_frames alone: whole frames of a
 * stream, as the provider sent them; of an answer that is no stream all of it at once, right before
 * on_end.  What comes right before on_end lives until on_end returns. */
struct gate_hooks {
    void (*on_start)(void *ctx, const struct gate_start *s);
    void (*on_text)(void *ctx, const struct engine_piece *p, str text);
    void (*on_vector)(void *ctx, uint32_t index, const float *values, size_t dims);
    void (*on_pass)(void *ctx, const struct gate_start *s, bool is_stream);
    void (*on_frames)(void *ctx, str raw);
    /* One answer ended (n of them). */
    void (*on_done)(void *ctx, const struct engine_usage *u);
    /* Last call, never from inside gate_run; the job is dead after it.  Failures carry a public
     * sentence in the trail. */
    void (*on_end)(void *ctx, err e);
    void *ctx;
};

/* Failures before anything ran come back here, without a call of on_end: bad label, unknown
 * model, BUSY.  A denial comes through on_end (its record goes first), and so does RATE, with the
 * name of the limit and err_retry_ms.  When the key is revoked, or its time is over, a job that
 * runs ends with UNAUTHENTICATED. */
fallible gate_run(gate *g, const struct gate_ask *ask, struct gate_hooks hooks, gate_job **ret);
/* The asker is gone: no hook is called any more, the engine stops, the record says cancelled.
 * NULL is fine. */
void gate_cancel(gate_job *j);
