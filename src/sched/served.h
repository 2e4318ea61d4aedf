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

struct served;
struct served_row;

struct served_end {                               /* of one request */
    uint64_t queued_us, first_token_us, total_us; /* first_token_us 0: there was none */
    uint64_t tokens_in, tokens_out;
    uint64_t energy_mj;
    bool is_metered; /* energy_mj was measured */
    bool is_failed;
};

fallible served_new(struct served **ret);
void served_free(struct served *s); /* NULL is fine */
/* Never NULL; lives as long as `s`. */
struct served_row *served_row_of(struct served *s, str model, enum conv_class class);
void served_gap(struct served_row *r, uint64_t us);
void served_end(struct served_row *r, const struct served_end *e);
/* Prometheus text format 0.0.4, appended. */
void served_put(const struct served *s, buf *b);
const char *served_class_name(enum conv_class class);
