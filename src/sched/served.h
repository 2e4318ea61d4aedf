/* SPDX-License-Identifier: EUPL-1.2 */
/* served.h - how models were served, by model and class of service: waits, first tokens, gaps,
 * durations, tokens, ends; what /metrics shows beside the totals of meters.def.
 *
 * Names are those of OpenTelemetry's conventions for generative AI as Prometheus spells them, where
 * there is one; labels are gen_ai_request_model, hoheit_class and nothing that tells a person, a
 * key or a tenant.
 *
 * A row is made when its model is first asked for in that class and stays; past SERVED_ROWS_MAX all
 * others share one, "other".  Owned by who made it; one thread. */
#pragma once
#include "base/meters.h"
#include "model/conv.h"

enum { SERVED_ROWS_MAX = 256 };

enum served_time { SERVED_QUEUE, SERVED_FIRST, SERVED_GAP, SERVED_DURATION, SERVED_TIMES };
enum { SERVED_INPUT, SERVED_OUTPUT, SERVED_DIRECTIONS, SERVED_TOKEN_BUCKETS = 14 };

struct served;
struct served_row;

struct served_tokens { /* of how many tokens requests were; bucket i: at most 4^i */
    uint64_t count, sum, buckets[SERVED_TOKEN_BUCKETS + 1];
};

struct served_view { /* of one row, as long as it is not served on */
    str model;
    const char *class;
    bool embeds;
    const struct meter_cell *times[SERVED_TIMES];
    const struct served_tokens *tokens[SERVED_DIRECTIONS];
    uint64_t ended, failed, energy_mj;
    bool is_metered;
};

struct served_end {                               /* of one request */
    uint64_t queued_us, first_token_us, total_us; /* first_token_us 0: there was none */
    uint64_t tokens_in, tokens_out;
    uint64_t energy_mj;
    bool is_metered; /* energy_mj was measured */
    bool is_failed;
    bool embeds; /* vectors, no answer */
};

fallible served_new(struct served **ret);
void served_free(struct served *s); /* NULL is fine */
/* Never NULL; lives as long as `s`. */
struct served_row *served_row_of(struct served *s, str model, enum conv_class class);
void served_gap(struct served_row *r, uint64_t us);
void served_end(struct served_row *r, const struct served_end *e);
/* Prometheus text format 0.0.4, appended. */
void served_put(const struct served *s, buf *b);
/* Row `i`; false past the last.  `name` of a time is that of the metric. */
bool served_at(const struct served *s, size_t i, struct served_view *ret);
const char *served_time_name(enum served_time t);
const char *served_time_help(enum served_time t);
uint64_t served_token_bucket(size_t i);
const char *served_class_name(enum conv_class class);
