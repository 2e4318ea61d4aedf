/* SPDX-License-Identifier: EUPL-1.2 */
/* witness.h - a second party that cosigns a log only while it grows (C2SP tlog-witness).
 *
 * The witness runs elsewhere: at another authority, or on a box that sees nothing but files.  It
 * has a directory of its own with its seed, its public key, and for each log it was told to trust
 * what it saw of it last (state.h).  Whoever holds both the log and its key can make a second
 * history; they cannot have this one cosigned, since it does not begin with what was seen.
 *
 * A question (audit/cosign.h) that was carried here by anybody can raise an alarm only if it proves
 * that the log signed two histories: a stranger must not be able to stop the witness.  One that the
 * operator of the witness fetched from the log itself raises an alarm also when the log shows
 * less than before, or cannot show that it has grown.  While an alarm stands nothing of that log
 * is signed; witness_clear ends it, and keeps the reason beside the alarm for ever.
 *
 * The state is synced before a signature leaves.  The directory is locked: one process at a time.
 * One thread. */
#pragma once
#include "audit/cosign.h"
#include "witness/state.h"

typedef struct witness witness;

/* Makes `dir` and in it a new key; CONFLICT if there is one. */
fallible witness_make(const char *dir, str name);
/* NOT_FOUND if there is none; CONFLICT while another process has it. */
fallible witness_open(const char *dir, witness **ret);
void witness_free(witness *w);
const struct note_key *witness_key(const witness *w);

/* From now on `log` may ask.  CONFLICT if a log of that name is known already. */
fallible witness_trust(witness *w, const struct note_key *log);
/* NOT_FOUND if no log has that name.  Valid until the next call. */
fallible witness_state_of(witness *w, str log_name, const struct witness_state **ret);

/* Of each log that it knows. */
typedef err witness_fn(void *ctx, const struct witness_state *s);
fallible witness_each(witness *w, witness_fn *fn, void *ctx);

enum witness_way { WITNESS_CARRIED, WITNESS_FETCHED };

/* Adds the line that says so when the question is good, as of `now_s`.  NOT_FOUND: a log that is
 * not known.  DENIED: not signed by its key.  ARGUMENT, PARSE: not a question.  CONFLICT: the
 * question is about another size than was seen last.  CORRUPT: the proof does not fit, or an alarm
 * was raised or stands. */
fallible
witness_cosign(witness *w, enum witness_way way, str question, uint64_t now_s, buf *ret_line);
/* A checkpoint this witness signed, as the log keeps it: raises an alarm when it is of a larger
 * tree than is known here.  What this witness did not sign is ignored. */
fallible witness_remember(witness *w, str note, uint64_t now_s);
/* Ends the alarm, with the reason; CONFLICT if there is none.  What was seen stays as it is. */
fallible witness_clear(witness *w, str log_name, str reason, uint64_t now_s);
