/* SPDX-License-Identifier: EUPL-1.2 */
/* state.h - what a witness knows of one log, as a note that it signs for itself.
 *
 *     hoheit witness state v1
 *     log NAME+ID+BASE64                 whose it is
 *     seen TIME BASE64                   the note it cosigned last; no such line: none yet
 *     alarm TIME KIND BASE64             and the note that raised it
 *     cleared TIME REASON                by whom it was told to go on
 *
 * Alarms and what cleared them stay for ever, in turn; an alarm stands while its line is the last.
 * The file is written whole, synced, before a signature leaves.  A file that was changed by
 * somebody without the witness' key is CORRUPT; one that was set back as a whole can only be
 * noticed where the log still shows what this witness signed later (witness.h).  Pure. */
#pragma once
#include "audit/note.h"
#include "base/arena.h"

enum { STATE_EVENTS_MAX = 64, STATE_REASON_MAX = 256, STATE_NOTE_MAX = 1024 };

/* Without lines of witnesses.  WITNESS_QUIET: no alarm. */
enum witness_alarm {
    WITNESS_QUIET,
    WITNESS_FORK,     /* two trees of one size, or one that does not begin with what was seen */
    WITNESS_ROLLBACK, /* a smaller tree than was seen */
    WITNESS_SET_BACK, /* the log shows that this witness signed more than it knows of */
    WITNESS_ALARMS
};
/* "fork", …; a sentence for people. */
const char *witness_alarm_name(enum witness_alarm a);
const char *witness_alarm_says(enum witness_alarm a);

struct witness_event {
    enum witness_alarm alarm; /* WITNESS_QUIET: the one before was cleared */
    uint64_t time_s;
    str note;   /* that raised it */
    str reason; /* that it was cleared for */
};

struct witness_state {
    struct note_key log;
    uint64_t time_s; /* of the last signature, 0: none */
    str note;        /* the one signed last; empty: none */
    struct tree_head head;
    size_t count;
    struct witness_event at[STATE_EVENTS_MAX];
};

void state_new(const struct note_key *log, struct witness_state *ret);
enum witness_alarm state_alarm(const struct witness_state *s);
/* LIMIT when there is no room for another. */
fallible state_add(struct witness_state *s, const struct witness_event *e);
/* The signed note; `self` is the witness' own key for this. */
fallible
state_put(buf *b, const struct witness_state *s, const struct note_key *self, const secret *half);
/* CORRUPT unless it is a state that `self` signed.  Texts go to the arena. */
fallible state_read(arena *a, str bytes, const struct note_key *self, struct witness_state *ret);
