/* SPDX-License-Identifier: EUPL-1.2 */
/* caller.h - an operator who calls the administrative functions of gate/, and hears their ends. */
#pragma once
#include "base/json.h"
#include "gate/admin.h"
#include "unit/gate/engines.h"
#include "unit/gate/records.h"

struct caller {
    struct rig *r;
    struct admin_call call;
    char id[32];
    unsigned done;
    err end;
};

static inline void
caller_done(void *ctx, err e)
{
    struct caller *c = ctx;
    c->done++;
    c->end = e;
}

static inline void
caller_init(struct caller *c, struct rig *r, const struct session *s)
{
    static unsigned number;
    *c = (struct caller){.r = r};
    snprintf(c->id, sizeof c->id, "req_ADMIN%u", number++);
    c->call = (struct admin_call){.gate = r->gate,
                                  .session = s,
                                  .request_id = str_of(c->id),
                                  .a = r->a,
                                  .done = caller_done,
                                  .ctx = c};
}

/* Somebody with a plain key. */
static inline const struct session *
plain_session(void)
{
    static const struct session s = {
        .key_id = STR_INIT("key_plain"), .key_name = STR_INIT("plain"), .tenant = STR_INIT("haus")};
    return &s;
}

/* The call's record is durable and its end was told: OK, or what failed. */
static inline err
caller_wait(struct caller *c, err e)
{
    if (e.code)
        return e;
    RIG_UNTIL(c->r, c->done);
    return c->end;
}

#define OPERATOR(c, r)                                                                             \
    struct caller c;                                                                               \
    caller_init(&c, r, gate_operator((r)->gate))
#define PLAIN(c, r)                                                                                \
    struct caller c;                                                                               \
    caller_init(&c, r, plain_session())
