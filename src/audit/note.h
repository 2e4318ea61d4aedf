/* SPDX-License-Identifier: EUPL-1.2 */
/* note.h - signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature).
 *
 * A note is text, an empty line, and one line for each who signed:
 *
 *     hoheit/5be0cd19137e2179            the log's name
 *     1234                               entries in the tree
 *     qeRMOmPFkbM2…=                     its root, base64
 *
 *     — hoheit/5be0cd19137e2179 base64(id ‖ signature)
 *
 * Four bytes of id, from the key's name, type and value, say whose line it is.  The log signs the
 * text itself (type 0x01); a witness signs the time as well (0x04), and only what it saw grow.
 * Lines of keys that are not known are kept and mean nothing; so are those of ML-DSA-44 (0x06).
 *
 * Reading is strict where others are lenient: base64 has one form, a key signs once.  Nothing read
 * is copied; it points into the bytes it was read from.  Pure but for memory; any thread. */
#pragma once
#include "audit/merkle.h"
#include "base/buf.h"
#include "crypt/sign.h"

enum {
    NOTE_BYTES_MAX = 64 * 1024,
    NOTE_NAME_MAX = 127,
    NOTE_SIGS_MAX = 100,
    NOTE_KEY_TEXT_MAX = NOTE_NAME_MAX + 64
};

enum note_key_type { NOTE_ED25519 = 1, NOTE_WITNESS = 4 };

struct note_key {
    enum note_key_type type;
    uint32_t id;
    char name[NOTE_NAME_MAX + 1];
    sign_public public;
};

/* ARGUMENT unless the name is UTF-8 without spaces and plus, 1 to NOTE_NAME_MAX bytes. */
fallible
note_key_make(str name, enum note_key_type type, const sign_public *p, struct note_key *ret);
/* "name+id+base64(type ‖ key)", as auditors pass it on. */
void note_key_put(buf *b, const struct note_key *k);
/* PARSE unless it is that, the id fits and the type is one of ours. */
fallible note_key_read(str text, struct note_key *ret);

struct note_line {
    str name, base64;
    uint32_t id;
};

struct note {
    str text; /* with the end of its last line */
    size_t count;
    struct note_line at[NOTE_SIGS_MAX];
};

/* PARSE, with the reason, unless it is a note in its one form; signatures are not checked. */
fallible note_read(str bytes, struct note *ret);
/* CORRUPT unless the key signed the text.  `ret_time`, NULL if it does not matter, gets the second
 * a witness names, 0 for the log's own signature. */
fallible note_check(const struct note *n, const struct note_key *k, uint64_t *ret_time);
/* Adds the line of a signature over `text`; `time_s` is a witness's.  After the text and an empty
 * line it makes a note. */
fallible note_sign(buf *b, const struct note_key *k, const secret *key, str text, uint64_t time_s);

struct checkpoint {
    str origin;
    struct tree_head head;
    str extra; /* further lines, none of them empty */
};

void checkpoint_put(buf *b, str origin, const struct tree_head *h);
/* PARSE unless the text of a note is a checkpoint. */
fallible checkpoint_read(str text, struct checkpoint *ret);
/* The note: PARSE unless it is one and a checkpoint, CORRUPT unless `k` signed it under its own
 * name. */
fallible checkpoint_open(str bytes, const struct note_key *k, struct checkpoint *ret);
