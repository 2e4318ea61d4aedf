/* SPDX-License-Identifier: EUPL-1.2 */
/* job.h - one call to a provider, from the bytes sent to the last hook: what a translated answer
 * (remote.c) and one passed through (pass.c) have in common.
 *
 * Here is checked that the grant covers and the sink dominates what is sent; the head of the answer
 * is judged, an error's body kept as far as it is needed, and a failure told once.  The two kinds
 * say what to do with a good answer's bytes.
 *
 * A job may be cancelled from any hook it calls: it is then dead at once and freed when the call
 * that led there has returned. */
#pragma once
#include "engine/remote/hear.h"

struct job_kind {
    /* Status 200, and a form the dialect may answer in. */
    void (*open)(remote_job *j, enum hear_form form);
    fallible (*add)(remote_job *j, str piece);
    /* The answer's bytes ended well; tells the end itself, or fails and tells nothing. */
    fallible (*end)(remote_job *j);
    /* May the connection break now without harm? */
    bool (*is_whole)(const remote_job *j);
    void (*fail)(remote_job *j, err e);
    /* No hook is called any more. */
    void (*stop)(remote_job *j);
    void (*done)(remote_job *j); /* gives back what the kind owns */
};

/* The first member of what a kind allocates (mem_get); zero but for `kind`, `dialect`, `streams`.
 */
struct remote_job {
    uint32_t magic;
    const struct job_kind *kind;
    enum remote_dialect dialect;
    bool streams; /* was a stream asked for? */
    egress_job *out;
    int status; /* 0: no head yet */
    uint32_t retry_s;
    bool is_unsent; /* it ended, and nothing had left */
    char code[64];  /* of an error, from a header */
    buf error;      /* its body */
    unsigned depth; /* hooks of egress that run */
    bool is_dead;
};

struct job_call {
    str provider, path;
    label sink;
    content body;
};

/* Takes `j` over: when it fails, and when the job has ended, `kind->done` and mem_free follow. */
fallible job_start(remote_job *j, egress *e, const grant *g, const struct job_call *c);
