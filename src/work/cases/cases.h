/* SPDX-License-Identifier: EUPL-1.2 */
/* cases.h - questions that wait for a person: what was asked, the draft with its sources, and what
 * an official made of it.
 *
 * A case is open until somebody cleared for its label decides: released, as drafted or with another
 * answer, or rejected; a decision stands.  Who is not cleared learns nothing of it, neither from a
 * list nor by its id.
 *
 * Each case is a file of its own below one directory: its head (state, times, label), and its text,
 * sealed together with the head and the id, so that a file whose label was lowered or that came
 * from another case does not open.  A change replaces the file whole: after kill -9 at any moment
 * it is the old one or the new one.  Heads are in memory, texts are not.
 *
 * An id has 80 random bits: who was given it may come back with it.  Cases are forgotten after
 * CASES_DAYS; at most CASES_MAX are kept, then LIMIT.  One thread; one process. */
#pragma once
#include "base/secret.h"
#include "os/entropy.h"
#include "policy/content.h"

typedef struct cases cases;

enum { CASES_MAX = 10000, CASES_DAYS = 90, CASE_BYTES_MAX = 1024 * 1024 };

enum case_state { CASE_OPEN, CASE_RELEASED, CASE_REJECTED, CASE_STATES };
/* "open" */
const char *case_state_name(enum case_state s);
/* ARGUMENT if there is none of that name. */
fallible case_state_read(str name, enum case_state *ret);

struct case_head {
    char id[ID_MAX];
    enum case_state state;
    int64_t made_wall_ms, decided_wall_ms; /* decided: 0 while it is open */
    label label;
};

/* `key` has 32 bytes and is copied; the directory is made with the first case.  What is too old by
 * `now_wall_ms` is removed.  CORRUPT: a file is no case. */
fallible cases_new(const char *dir, const secret *key, int64_t now_wall_ms, cases **ret);
void cases_free(cases *c);

static inline void
cases_auto(cases **c)
{
    cases_free(*c);
}

/* Under text.label.  DENIED unless `g` covers it. */
fallible
cases_add(cases *c, const grant *g, content text, int64_t now_wall_ms, struct case_head *ret);
struct case_found {
    struct case_head head;
    content text;
};
/* The text lives in `a`.  NOT_FOUND, also when `g` does not cover it. */
fallible cases_get(cases *c, const grant *g, str id, arena *a, struct case_found *ret);

/* What became of it; `text` replaces the case's, under the same label.  CONFLICT: it was decided.
 */
struct case_decision {
    str id;
    enum case_state state;
    content text;
    int64_t now_wall_ms;
};
fallible cases_decide(cases *c, const grant *g, const struct case_decision *d);

/* Calls `fn` with each that `g` covers, oldest first; what it fails with ends it. */
typedef err case_fn(void *ctx, const struct case_head *h);
fallible cases_each(cases *c, const grant *g, case_fn *fn, void *ctx);
