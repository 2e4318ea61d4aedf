/* SPDX-License-Identifier: EUPL-1.2 */
/* hub.h - what all connections of one server share: settings, hooks, spare arenas, deadlines, the
 * date, and the list of connections that have something to do before this turn of the loop ends.
 *
 * It knows no sockets, so connections can be driven by bytes alone (tests, fuzzing).  One
 * thread, the loop's. */
#pragma once
#include "base/arena.h"
#include "base/meters.h"
#include "base/params.h"
#include "net/deadline.h"
#include "net/http.h"

enum {
    HUB_SPARES_MAX = 64,
    HUB_DATE_LEN = 29,
    HUB_BODIES_MAX = 64,
    /* of the largest size, held at once */
};

struct conn;

struct hub {
    struct params p;
    struct http_hooks hooks;
    meters *m;
    struct deadlines deadlines;
    struct conn *touched; /* have output, input or an end waiting; see conn_touch */
    arena *spares[HUB_SPARES_MAX];
    size_t spare_count;
    buf spare_out;       /* output memory of whoever is being served */
    uint64_t body_bytes; /* collected and held */
    int64_t date_s;
    char date[HUB_DATE_LEN + 1];
    bool stopping;
};

void hub_init(struct hub *h, const struct params *p, meters *m, struct http_hooks hooks);
/* All connections must be done. */
void hub_done(struct hub *h);

/* An empty arena of gate.request_memory_bytes_max. */
fallible hub_take_arena(struct hub *h, arena **ret);
void hub_give_arena(struct hub *h, arena *a);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7), made once per second; valid until
 * the next call. */
str hub_date(struct hub *h);
/* Calls `expired` of everything that is due. */
void hub_expire(struct hub *h);
