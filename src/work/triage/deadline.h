/* SPDX-License-Identifier: EUPL-1.2 */
/* deadline.h - the days a letter speaks of, computed: dates, weekdays, "in two weeks", month ends.
 *
 * Dates in figures (1.12.2026, 1.12., 2026-12-01) are read in any language, names of months and
 * days and periods in German and English.  A date without a year is the one nearest to the
 * letter's own.  A period begins with the day after the one it counts from (§ 187 (1) BGB): the
 * letter's own date, or that of a notice named before it ("Bescheid vom 3. November"); weeks end
 * on the same weekday, months on the same number or the month's last day (§ 188 BGB); a time limit
 * that would end on a closed day ends on the next open one (§ 193 BGB; date.h).
 *
 * What a date is for is told by the words before it in its sentence: "bis", "spätestens", "within"
 * make it a time limit, "Termin" an appointment, anything else a mere date.  Who objects to a
 * notice of a named day gets the time limit that may run: a month from the fourth day after it
 * (§ 70 VwGO, § 84 SGG, § 355 AO; § 41 (2) VwVfG, § 37 (2) SGB X, § 122 (2) AO as of 2025).  That
 * is a presumption for a person to check, and its score says so.  Pure. */
#pragma once
#include "base/arena.h"
#include "work/triage/date.h"

enum deadline_kind { DEADLINE_LIMIT, DEADLINE_OBJECTION, DEADLINE_APPOINTMENT, DEADLINE_DATE };
/* "limit" */
const char *deadline_kind_name(enum deadline_kind k);

enum { DEADLINES_MAX = 32 };

struct deadline {
    enum deadline_kind kind;
    day at;
    bool is_past; /* before the letter's own day */
    double score;
    str quote; /* the words it was read from: a run of the text */
    str why;   /* in German */
};

struct deadlines {
    struct deadline at[DEADLINES_MAX];
    size_t count;
};

/* In the order of the text; beyond DEADLINES_MAX none is told.  `today`: the letter's own day.
 * Reasons live in `a`. */
fallible deadline_find(arena *a, str text, day today, struct deadlines *ret);
/* The first time limit that is not past; NULL. */
const struct deadline *deadline_next(const struct deadlines *d);
