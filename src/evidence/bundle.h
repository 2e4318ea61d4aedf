/* SPDX-License-Identifier: EUPL-1.2 */
/* bundle.h - the files of an evidence bundle, and the manifest that ties them together.
 *
 *     manifest.json      what was asked for, sizes and SHA-256 of every other file
 *     manifest.note      the manifest's SHA-256, signed by whoever made the bundle (signed note)
 *     checkpoint latest  of the log: what the proofs are against, and the newest one
 *     consistency.json   {"from","to","hashes"}: that latest only grew from checkpoint
 *     log.key seal.key   public keys (NAME+ID+BASE64); witness.key when one was named
 *     entries.jsonl      the entries that show, each byte as it was logged
 *     entries.csv        the same as a table
 *     proofs.jsonl       {"leaf","hash","shown","path"}: for each entry, also for those held back,
 *                        its place, leaf hash and proof of inclusion (RFC 9162 section 2.1.3)
 *     policy.yaml        the policy file when the bundle was made
 *     summary.json report.de.html report.en.html
 *
 * Digests are hexadecimal.  entries.csv, summary.json and the reports follow from entries.jsonl
 * and the manifest, so a checker makes them again and compares.  One thread. */
#pragma once
#include "audit/note.h"
#include "evidence/pick.h"
#include "os/file.h"

enum {
    BUNDLE_FILES_MAX = 16,
    BUNDLE_TEXT_MAX = PICK_TEXT_MAX,
    BUNDLE_MANIFEST_MAX = 64 * 1024,
    BUNDLE_SHEET_MAX = 64 * 1024 * 1024, /* of what is made in memory */
    BUNDLE_POLICY_MAX = 1024 * 1024
};

#define BUNDLE_FORMAT "hoheit-evidence/2"

struct bundle_file {
    char name[32];
    uint64_t bytes;
    digest sha256;
};

struct manifest {
    str made; /* time */
    struct pick pick;
    str clearance;
    str log; /* its origin */
    struct tree_head head;
    uint64_t latest; /* size of the newest checkpoint's tree */
    uint64_t shown, held;
    bool is_whole; /* every leaf between the first and the last is there */
    size_t file_count;
    struct bundle_file files[BUNDLE_FILES_MAX];
};

void manifest_put(buf *b, const struct manifest *m);
/* CORRUPT with a public sentence; texts point into the arena. */
fallible manifest_read(arena *a, str text, struct manifest *ret);
/* NULL if it names no such file. */
const struct bundle_file *manifest_find(const struct manifest *m, const char *name);
/* What the note over a manifest says; two lines. */
void manifest_put_sealed(buf *b, str manifest);

/* A file that is written, and hashed as it is; with `dir` NULL it is hashed only. */
typedef struct sheet {
    fd f;
    buf b; /* to be filled with buf_add and its like, and emptied by sheet_turn */
    sha256 *h;
    struct bundle_file file;
} sheet;
#define SHEET ((sheet){.f = -1})
fallible sheet_open(struct sheet *s, const char *dir, const char *name);
/* Writes what has gathered, once it is worth it. */
fallible sheet_turn(struct sheet *s);
/* The rest, to the disk; s->file then says what it is. */
fallible sheet_end(struct sheet *s);
void sheet_auto(struct sheet *s);
/* A whole file at once, with its line in the manifest. */
fallible sheet_put(struct manifest *m, const char *dir, const char *name, str bytes);
fallible manifest_add(struct manifest *m, const struct bundle_file *f);

/* A proof as a line of proofs.jsonl. */
struct proof_line {
    uint64_t leaf;
    digest hash;
    bool is_shown;
    struct merkle_proof path;
};
void proof_put(buf *b, const struct proof_line *p);
/* CORRUPT unless it is one. */
fallible proof_read(arena *a, str line, struct proof_line *ret);
void growth_put(buf *b, uint64_t from, uint64_t to, const struct merkle_proof *p);
fallible growth_read(arena *a, str text, uint64_t from, uint64_t to, struct merkle_proof *ret);

/* The lines of a file, one after the other; each at most LINES_BYTES_MAX. */
enum { LINES_BYTES_MAX = 128 * 1024 };
typedef struct lines {
    fd f;
    buf b;
    size_t at;
    uint64_t read;
    bool is_end;
} lines;
#define LINES ((lines){.f = -1})
fallible lines_open(struct lines *l, const char *path);
/* Without its end.  CORRUPT when a line is too long or the last one has no end. */
fallible lines_next(struct lines *l, str *ret, bool *ret_is_there);
void lines_auto(struct lines *l);
