/* SPDX-License-Identifier: EUPL-1.2 */
/* recall.h - reading the log backwards, in blocks of whole lines.  For audit/ only.
 *
 * A line is at most LINE_BYTES_MAX, far less than a block, so every block holds at least one end
 * of a line; one that does not is CORRUPT.  The caller gives the end of what is durable and how
 * far back to go, so the cost is bounded whatever the size of the file. */
#pragma once
#include "audit/record.h"

enum { BLOCK_BYTES = 256 * 1024, LINE_BYTES_MAX = RECORD_BYTES_MAX + 64 };

struct block {
    str lines;       /* whole lines, each with its end */
    uint64_t offset; /* of the first */
};

/* What lies before `end`, which is 0 or behind the end of a line; `room` has BLOCK_BYTES.  An
 * empty block, at offset 0, when `end` is 0 or all before it was pruned: there the file has a hole,
 * up to the end of the line before the first that stays, so that no line has another place. */
fallible recall_block(int f, uint64_t end, char *room, struct block *ret);
/* Takes the last line off (without its end); false when there is none. */
bool block_last_line(struct block *b, str *ret_line, uint64_t *ret_offset);

/* How much of the file's `len` bytes ends with a line: what follows is a torn line.  CORRUPT if
 * it is longer than a line can be. */
fallible recall_whole_len(int f, uint64_t len, uint64_t *ret);

/* Checks the records of the last block: each is one, their numbers go up by one.  CORRUPT if not.
 * The number of the last one, 0 if there is none. */
fallible recall_last_seq(int f, uint64_t len, uint64_t *ret);

struct place {
    uint64_t offset;
    size_t len;
};
enum { PLACES_MAX = 1024, SCAN_BYTES_MAX = 64 * 1024 * 1024 };
struct places {
    struct place at[PLACES_MAX]; /* latest first */
    size_t count;
};
/* LIMIT when it is full. */
fallible recall_add(struct places *p, uint64_t offset, size_t len);
/* The line there; `room` has LINE_BYTES_MAX. */
fallible recall_line(int f, struct place p, char *room, str *ret);
/* The line that begins at `offset`, which a catalog said; CORRUPT if none does that ends before
 * `end`. */
fallible recall_line_at(int f, uint64_t offset, uint64_t end, char *room, str *ret);
/* Adds the lines before `end` that hold `needle`, at most SCAN_BYTES_MAX back. */
fallible recall_find(int f, uint64_t end, str needle, struct places *p);
/* The same, those that begin at `from` or later, until there are `count_max`.  *ret_from: so far
 * back it was looked. */
struct scan {
    uint64_t from, end;
    size_t count_max;
};
fallible recall_scan(int f, const struct scan *s, str needle, struct places *p, uint64_t *ret_from);
/* Where the first line begins, from line `from` on and before `end`, whose time is `time` or later,
 * both as in a record; `end` if none does.  Times rise but where a clock was set back. */
fallible recall_at_time(int f, uint64_t from, uint64_t end, str time, uint64_t *ret);
/* Adds the last `count` lines. */
fallible recall_last(int f, uint64_t end, size_t count, struct places *p);
/* Hands the lines that hold `needle` to `fn`, the earliest first. */
fallible recall_each(int f, const struct places *p, str needle, audit_fn *fn, void *ctx);
/* Hands the last `count` lines to `fn`, the earliest first, however many they are. */
fallible recall_since(int f, uint64_t end, size_t count, audit_fn *fn, void *ctx);
