/* SPDX-License-Identifier: EUPL-1.2 */
/* load.h - a load generator for chat completions.
 *
 * Closed loop: so many clients, each asks again when it has its answer; it measures what that many
 * users get.  Open loop: requests come as a Poisson process whether or not earlier ones have been
 * answered; times count from when a request was due, not from when a client was free for it, so a
 * server that stalls does not hide how long everybody waited (coordinated omission, Tene).
 *
 * Bounds: LOAD_CLIENTS_MAX connections, LOAD_WAITING_MAX requests that are due and wait for one
 * (more are counted as dropped), requests or seconds as the spec says.  The same seed gives the
 * same prompts and the same arrivals.  One loop, one thread; Ctrl-C ends it with what there is. */
#pragma once
#include "base/buf.h"
#include "load/hist.h"
#include "net/client/client.h"

enum { LOAD_CLIENTS_MAX = 1024, LOAD_WAITING_MAX = 65536, LOAD_KINDS_MAX = 32 };

struct load_spec {
    str url, model;
    const struct http_field *fields;
    size_t field_count;
    uint64_t requests; /* 0: as many as `limit_us` lets */
    uint64_t limit_us; /* no request is begun after; 0: none */
    uint64_t clients;  /* closed loop */
    double rate;       /* per second; 0: closed loop */
    bool stream;
    uint64_t max_tokens, prompt_bytes, seed;
    uint64_t ttft_slo_us, itl_slo_us; /* 0: none */
};

/* Failures are told by status; these are none of HTTP's. */
enum { LOAD_LOST = 0, LOAD_NO_ANSWER = 1 /* not HTTP, or not what was asked for */ };

struct load_result {
    struct hist first, gap, whole; /* microseconds; of answered requests */
    uint64_t begun, answered, good, dropped, tokens, elapsed_us;
    struct {
        int status;
        uint64_t count;
    } failures[LOAD_KINDS_MAX];
    size_t failure_kinds;
};

/* Fails only when it cannot begin. */
fallible load_run(const struct load_spec *s, struct load_result *ret);

/* ---- its parts */
uint64_t load_random(uint64_t *state);
/* Microseconds to the next arrival of a Poisson process. */
uint64_t load_gap_us(uint64_t *state, double rate);
/* The request's body; `number` makes each prompt another. */
fallible load_put_body(buf *b, const struct load_spec *s, uint64_t number);
