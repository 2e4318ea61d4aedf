/* SPDX-License-Identifier: EUPL-1.2 */
/* retain.h - how long an entry of the log stays (retain.def).
 *
 * Each event has a class, each class a period (retain.*_days) that is never below what the law
 * named with it asks for.  The log is pruned from its front only (audit/prune), so the class of
 * nearly all entries, what was asked and decided, says how far; what has a longer period is held
 * back, line by line, and stays provable.  Pure. */
#pragma once
#include "base/err.h"
#include "base/params.h"
#include "base/str.h"

enum retain_class {
#define CLASS(id, name, param, days_min, law, doc) RETAIN_##id,
#include "audit/retain/retain.def"
    RETAIN_CLASSES
};

struct retain_info {
    const char *name, *param, *law, *doc;
    uint64_t days_min;
};
const struct retain_info *retain_info(enum retain_class c);
/* Of an event by its name in the log; one that is not listed is RETAIN_USE. */
enum retain_class retain_class_of(str event);
uint64_t retain_days(const struct params *p, enum retain_class c);
bool retain_is_over(const struct params *p, enum retain_class c, int64_t time_wall_ms,
                    int64_t now_wall_ms);
/* May entries before that time go?  ARGUMENT, with the law's name, when it is too late a time. */
fallible retain_check(const struct params *p, int64_t before_wall_ms, int64_t now_wall_ms);

/* What a record says in front (audit/record.h). */
struct retain_head {
    uint64_t seq;
    int64_t wall_ms;
    str event; /* points into the line */
};
/* CORRUPT unless the line begins as a record does. */
fallible retain_head_read(str line, struct retain_head *ret);
/* "2026-03-01" or "2026-03-01T12:00:00Z", with or without milliseconds; UTC.  PARSE. */
fallible retain_time_read(str s, int64_t *ret_wall_ms);
