/* SPDX-License-Identifier: EUPL-1.2 */
/* run_inside.h - what the files of run.h share; nobody else includes it. */
#pragma once
#include "api/responses/kept.h"
#include "api/responses/run.h"

struct watcher {
    struct api_call *call;
    struct run *run;
    int64_t after;
    bool is_stream, has_begun;
    struct watcher *next;
};

struct run {
    struct works *works;
    struct run *next, **at;
    arena *a;
    const struct session *session;
    str declared; /* the label of the request; empty: none */
    struct watcher *watchers;
    struct keep_call keep;
    void (*then)(struct run *r); /* after what is waited for of gate/keep.h */
    struct response_ask ask;
    struct items history;
    label floor;
    str query; /* of the search; empty: none is made */
    struct file_searched searched;
    struct kept_list chain;
    struct kept conversation, row; /* row: of one made in the background */
    struct writer writer;
    str label_text;
    struct gate_limits limits; /* of the answer, or that refused it */
    buf log;                   /* events, while somebody may come for them */
    VEC(size_t) ends;          /* where each event ends in it */
    gate_job *job;
    uint64_t received_us;
    str traceparent;  /* of the request; empty in the background */
    bool is_counted;  /* among those in the background */
    bool counts_only; /* nothing is answered but how long the input is */
    struct err_kept failure;
};

/* What it goes on with, out of r->chain or of r->conversation and r->chain, into r->history. */
fallible run_load_chain(struct run *r);
fallible run_load_conversation(struct run *r);
/* Instructions, history and input as the messages of r->ask.conv. */
fallible run_put_talk(struct run *r);
