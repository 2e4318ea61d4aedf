/* SPDX-License-Identifier: EUPL-1.2 */
/* run.h - a sorted file of where terms occur in a stretch of the log; written once.
 *
 *     block 0    what it is, the stretch [from, to) in bytes of audit.jsonl, how many postings
 *     block 1…   255 postings each, 16 bytes: term, place; sorted by both
 *     fence      the first term of each block, and a checksum over them
 *
 * A place is the byte at which a line begins.  Each block of 4 KiB ends with a checksum
 * (SipHash-2-4), so that what a disk or a hand changed is found when it is read: CORRUPT.  Numbers
 * are in the machine's own order: the file is made from the log again rather than moved.
 *
 * With the fence in memory (94 bytes for a thousand records) a term is found by reading one block.
 * Reading needs a file descriptor for as long as a call takes.  Any thread; one writer. */
#pragma once
#include "os/file.h"

enum { RUN_BLOCK = 4096, RUN_PER_BLOCK = 255, RUN_NAME_MAX = 64, RUN_PATH_MAX = 4096 };

struct posting {
    uint64_t term, place;
};

struct sorted_run {
    uint64_t from, to, count;
    uint32_t level;
    uint64_t mark;   /* of the log: over the last bytes before `to` */
    uint64_t *fence; /* NULL: not loaded */
};

/* "level-from-to", and back; PARSE for any other name. */
void run_name(const struct sorted_run *r, char room[RUN_NAME_MAX]);
fallible run_name_read(str name, struct sorted_run *ret);

/* Sorts the postings, which come in the order of their places, and writes them; r->count is theirs.
 */
fallible run_write(const char *dir, const struct sorted_run *r, struct posting *at);
/* One that holds what is in all of `in`, stretch after stretch; *ret has their ends, the level and
 * the mark given.  The others stay. */
fallible run_merge(const char *dir, const struct sorted_run *in, size_t n, struct sorted_run *ret);
/* The head of the one with this name: count and mark.  CORRUPT unless it is as was written. */
fallible run_open(const char *dir, struct sorted_run *r);
fallible run_remove(const char *dir, const struct sorted_run *r);
/* After run_open, for many questions; the fence is the caller's to give back.  CORRUPT as above. */
fallible run_load(const char *dir, struct sorted_run *r);
void run_unload(struct sorted_run *r);

struct run_ask {
    uint64_t term;
    uint64_t from, to; /* of places: [from, to) */
};
struct run_hits {
    uint64_t *at; /* places, the latest first */
    size_t count, max;
};
/* Adds places until there are h->max; CORRUPT when a block is damaged. */
fallible
run_seek(const char *dir, const struct sorted_run *r, const struct run_ask *q, struct run_hits *h);
