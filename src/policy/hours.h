/* SPDX-License-Identifier: EUPL-1.2 */
/* hours.h - when data may be processed, as the policy file says it (section hours, and the key
 * `hours: true` of levels and compartments).
 *
 * The office hours are a set of minutes of the local week, and what is limited to them a label: a
 * decision asks one bit for the time and one dominance for the data, allocates nothing and reads no
 * clock and no time zone of the system.  A bit of the lattice counts for all above it, as data of a
 * higher level has it too.
 *
 * Content operations only (ops.def): administration and reading the log stay possible at night.
 * What began in time ends with the hours, at the next piece of its answer (gate/run.c).
 *
 * Zones: UTC, and Europe/Berlin with the European Union's summer time (Directive 2000/84/EC: from
 * the last Sunday of March, 01:00 UTC, to the last Sunday of October, 01:00 UTC).  The hour that
 * comes twice in autumn counts both times, the one that is left out in spring never comes.
 *
 * Days: no office hours are on a public holiday of the Land that is named (holidays.h), nor on the
 * days the section lists, from midnight to midnight there.
 *
 * Read-only, in the policy's memory. */
#pragma once
#include <cyaml/cyaml.h>

#include "policy/holidays.h"
#include "policy/label.h"

enum {
    HOURS_TIMES_MAX = 32,
    HOURS_MINUTES = 7 * 24 * 60, /* of a week, from Monday 00:00 */
    HOURS_WORDS = (HOURS_MINUTES + 63) / 64,
    HOURS_CLOSED_MAX = 64,
    HOURS_TEXT_MAX = 32
};

struct hours {
    str zone;      /* empty: there is no section */
    str words;     /* "mo-fr 06:00-20:00 (Europe/Berlin)", for people */
    label limited; /* what is processed in these hours alone */
    uint64_t open[HOURS_WORDS];
    struct date closed[HOURS_CLOSED_MAX]; /* year 0: of every year */
    size_t closed_count;
    enum land land; /* LAND_NONE: no Land's holidays count */
    bool is_berlin;
};

/* ---- as the file gives it */
struct hours_time_entry {
    char *days, *from, *to;
};
struct hours_entry {
    char *zone;
    struct hours_time_entry *times;
    uint32_t times_count;
    char *holidays, *closed; /* a Land; "12-24,2027-05-07" */
};
extern const cyaml_schema_field_t hours_fields[];

/* `e` NULL: no section.  CONFIG with a public sentence; nothing is limited before hours_limit. */
fallible hours_read(arena *a, const struct hours_entry *e, struct hours *ret);
/* The key `hours` of the entry `id`, a `what`; `bit` -1: it cannot have one. */
struct hours_flag {
    const char *what, *id, *value;
    int bit;
};
fallible hours_limit(struct hours *h, const struct hours_flag *f);

/* The minute of the local week; before 1970 counts as its beginning. */
int hours_minute(const struct hours *h, int64_t wall_ms);
/* What may be processed then: everything, or all but what is limited. */
label hours_may(const struct hours *h, int64_t wall_ms);
/* Why there are none on that day, "Ostermontag"; NULL: there are, as on every such day of the week.
 */
const char *hours_closed(const struct hours *h, int64_t wall_ms);
/* "Monday 06:00": when they begin again, of a time that is outside; with the date where some days
 * have none. */
void hours_opens(const struct hours *h, int64_t wall_ms, char room[HOURS_TEXT_MAX]);
/* A time outside summer time that is "mo 06:00" there, of a day without a holiday, or the one that
 * is "2026-04-06 09:00"; empty: one in office hours.  ARGUMENT with a public sentence. */
fallible hours_example(const struct hours *h, str text, int64_t *ret_wall_ms);
