/* SPDX-License-Identifier: EUPL-1.2 */
/* catalog.h - where in the log a request, a key, an object, a rule or an event occurs.
 *
 * In the directory catalog/ beside audit.jsonl lie runs (run.h), each over a stretch of the file,
 * one stretch after the other from its start.  Whenever 2 MiB more are durable, a thread of the
 * loop's pool reads them and writes a run; eight runs of one size become one.  So a hundred million
 * records have a few dozen runs, and a question reads a few blocks of each.  What is not in a run
 * yet, its caller reads (recall.h).
 *
 * The catalog says where to look and is never believed: whoever is given a place reads the line
 * there.  Each run is bound to the bytes of the log before its end, each block has a checksum, and
 * what does not fit is removed and made from the log again.  Nothing is synced, a missing directory
 * is no fault, and a disk that takes no more only makes questions slower.
 *
 * Memory: 2 MiB and the postings of one run, while one is made.  One thread, the loop's. */
#pragma once
#include "audit/catalog/run.h"
#include "audit/catalog/terms.h"
#include "os/loop.h"

enum { CATALOG_STRETCH = 2 * 1024 * 1024, CATALOG_FAN = 8, CATALOG_RUNS_MAX = 128 };

typedef struct catalog catalog;

/* `audit_dir` holds audit.jsonl with `len` durable bytes.  Damage is put right, not reported. */
fallible catalog_open(loop *l, const char *audit_dir, uint64_t len, catalog **ret);
/* Not from a callback of the loop's pool; NULL is fine.  Work that runs ends by itself. */
void catalog_free(catalog *c);

/* So much of the file is durable; it ends with a line. */
void catalog_follow(catalog *c, uint64_t len);
/* What begins before this is in a run. */
uint64_t catalog_end(const catalog *c);
size_t catalog_runs(const catalog *c);
/* Is a run being made? */
bool catalog_is_busy(const catalog *c);
/* Adds places below catalog_end, the latest first, until there are h->max.  When the catalog turns
 * out to be damaged, that is mended from the log in the background and told as CORRUPT; h is then
 * as it was. */
fallible catalog_find(catalog *c, const struct run_ask *q, struct run_hits *h);
