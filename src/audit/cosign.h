/* SPDX-License-Identifier: EUPL-1.2 */
/* cosign.h - what a log and its witnesses say to each other (C2SP tlog-witness, tlog-cosignature).
 *
 * The log asks, in the body of add-checkpoint:
 *
 *     old 1200                           what the witness saw last
 *     base64 of a hash                   a line each: it has grown from there (RFC 9162)
 *
 *     the checkpoint, a note
 *
 * The witness answers with its line under the note.  A log knows its witnesses by their keys
 * (audit.witnesses), so a cosignature needs no other proof of where it comes from.  Of each witness
 * the newest note with its line is kept in log/cosigned/<id>, synced, since it cannot be made
 * again; while `checkpoint` is of the same tree, it carries the line too.
 *
 * One thread at a time for a directory that is written. */
#pragma once
#include "audit/note.h"
#include "base/arena.h"

/* ---- the question */

struct cosign_ask {
    uint64_t old;
    struct merkle_proof proof;
    str note;
};

/* PARSE unless it is in its one form; the note itself is not looked at. */
fallible cosign_ask_read(str bytes, struct cosign_ask *ret);
fallible cosign_ask_put(buf *b, const struct cosign_ask *q);

/* The question made from a log's files, by one who has seen `old` entries; a log that has less asks
 * from what it has.  CORRUPT when the tiles are not what the checkpoint in the directory says;
 * whether the log signed it is for the witness to see. */
fallible cosign_ask_from_files(const char *log_dir, uint64_t old, buf *ret);

/* The answer of a witness: adds the note with its line in the place of an older one of `k`.  PARSE,
 * CORRUPT: it is not the line of `k` over this note. */
fallible cosign_put_with(buf *b, str note, const struct note_key *k, str line);
/* The size it saw last, as it says with status 409; PARSE if it is none. */
fallible cosign_seen_read(str text, uint64_t *ret);

/* ---- the answers, kept by the log */

enum { COSIGNERS_MAX = 8, COSIGNED_NAME_MAX = 32 };

struct cosigners {
    struct note_key at[COSIGNERS_MAX];
    size_t count;
};

/* Keys of witnesses with spaces between them; CONFIG if they are not that.  A key that is there
 * twice is refused. */
fallible cosigners_read(str text, struct cosigners *ret);

/* "cosigned/<id>", below the log's directory. */
void cosigned_name(uint32_t id, char room[COSIGNED_NAME_MAX]);
/* The id in such a name; PARSE if it is none. */
fallible cosigned_name_read(str name, uint32_t *ret);

/* Adds the text and the log's own line; CORRUPT if it did not sign. */
fallible cosign_put_bare(buf *b, const struct note_key *log, str note);

/* Keeps what the witnesses among `w` signed of the note, and says who did; lines of others are
 * dropped.  ARGUMENT: none of them signed it.  CORRUPT: a line of one of them does not fit.
 * CONFLICT: it signed a newer one already. */
struct cosigned {
    size_t count;
    const struct note_key *by[COSIGNERS_MAX];
};
fallible cosign_keep(const char *log_dir, const struct note_key *log, const struct cosigners *w,
                     str note, struct cosigned *ret);
/* Adds the bare note and under it each line that is kept for the same text. */
fallible cosign_put_known(buf *b, const char *log_dir, const struct note_key *log,
                          const struct cosigners *w, str note);
