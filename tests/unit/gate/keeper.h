/* SPDX-License-Identifier: EUPL-1.2 */
/* keeper.h - somebody with a key who has things kept (gate/keep.h), and hears the ends of calls. */
#pragma once
#include "base/json.h"
#include "gate/keep_inside.h"
#include "unit/gate/engines.h"
#include "unit/gate/records.h"

struct keeper {
    struct rig *r;
    struct session session;
    struct keep_call call;
    arena *a;
    char id[32];
    unsigned done, early; /* early: before its record was durable */
    err end;
    char public[256];
};

static inline void
keeper_done(void *ctx, err e)
{
    struct keeper *k = ctx;
    k->done++;
    k->end = e;
    snprintf(k->public, sizeof k->public, "%s", err_public(e));
    k->early += str_find(rig_log(k->r), str_of(k->id)) < 0 && e.code != ERR_BUSY &&
                e.code != ERR_DISK_FULL && e.code != ERR_IO;
}

static inline void
keeper_init(struct keeper *k, struct rig *r, const char *key, const char *clearance)
{
    static unsigned number;
    *k = (struct keeper){.r = r};
    CHECK_OK(arena_open(8 << 20, &k->a));
    k->session = (struct session){.key_id = str_of(key),
                                  .key_name = str_of(key),
                                  .tenant = STR("haus"),
                                  .default_label = small_label(r->policy, "offen")};
    CHECK_OK(policy_clearance(r->policy, str_of(clearance), STR_NONE, &k->session.clearance));
    snprintf(k->id, sizeof k->id, "req_KEEP%u", number++);
    k->call = (struct keep_call){.gate = r->gate,
                                 .session = &k->session,
                                 .request_id = str_of(k->id),
                                 .a = k->a,
                                 .done = keeper_done,
                                 .ctx = k};
}

static inline void
keeper_end(struct keeper *k)
{
    CHECK_INT(k->early, ==, 0);
    arena_free(k->a);
}

/* What the call ends with: at once, or when its record is durable. */
static inline err
keeper_wait(struct keeper *k, err e)
{
    const unsigned before = k->done;
    if (e.code)
        return e;
    RIG_UNTIL(k->r, k->done > before);
    CHECK_INT(k->done, ==, before + 1);
    return k->end;
}

static inline err
keeper_add(struct keeper *k, enum object_kind kind, const char *marked, const char *meta,
           struct kept *ret)
{
    const struct keep_wish w = {
        .kind = kind, .state = STR("da"), .label_text = str_of(marked), .meta = str_of(meta)};
    return keeper_wait(k, keep_add(&k->call, &w, ret));
}

static inline err
keeper_get(struct keeper *k, enum object_kind kind, str id, struct kept *ret)
{
    const struct keep_name n = {.kind = kind, .id = id};
    return keeper_wait(k, keep_get(&k->call, &n, ret));
}
