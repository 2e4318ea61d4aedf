/* SPDX-License-Identifier: EUPL-1.2 */
/* cells.h - Word, OpenDocument and PDF files that applications leave here, and the images in their
 * requests, read where they can do no harm.
 *
 *     gate ── control ── hoheitd, which starts ── hoheit-reader ── a process for each document
 *       └───────────── CELL channel ──────────────────┘
 *
 * The gate starts no process and looks into no such file.  It asks hoheitd for a reader
 * (engine/control.h), hands it the document as sealed memory over a channel of its own
 * (know/cell/cell.h), and gets Markdown back or a sentence.  One document, one reader; at most
 * CONTROL_READERS_MAX at a time, of which one is for images alone: somebody waits for what is said
 * of them, and a document may take a minute.  Others wait, in the order they came, up to
 * CELLS_WAITING_MAX of them with CELLS_WAITING_BYTES_MAX in all; beyond that BUSY.
 *
 * Whatever a document does to its reader costs that document alone, and at most CELLS_MS_MAX.  One
 * thread: the loop's. */
#pragma once
#include "engine/control.h"
#include "know/doc.h"
#include "os/loop.h"
#include "policy/content.h"

enum { CELLS_WAITING_MAX = 64, CELLS_WAITING_BYTES_MAX = 512 * 1024 * 1024, CELLS_MS_MAX = 60000 };

typedef struct cells cells;
typedef struct cells_job cells_job;

struct cells_spec {
    loop *l;
    /* Says CONTROL_READER_START or CONTROL_READER_STOP to hoheitd. */
    fallible (*say)(void *ctx, enum control_message what, uint64_t id);
    void *ctx;
    uint64_t ms_max; /* 0: CELLS_MS_MAX */
};

fallible cells_new(const struct cells_spec *spec, cells **ret);
/* Nobody is told any more.  NULL is fine. */
void cells_free(cells *c);
/* hoheitd has started one; takes the channel over.  -1: it could not. */
void cells_up(cells *c, uint64_t id, int channel);

/* Is it a document of a form that is read here and nowhere else? */
bool cells_reads(enum doc_form form);

struct cells_ask {
    const grant *grant; /* covers the bytes */
    uint32_t form;      /* enum doc_form, or CELL_IMAGE (know/cell/cell.h) */
    content bytes;
};
/* Once, last: Markdown, or pixels (sight/pixels.h), under the document's label, which lives during
 * the call; or why there is none.  PARSE, UNSUPPORTED and LIMIT are about the document, and their
 * public sentence is the rest of one that begins with its name. */
typedef void cells_read_fn(void *ctx, content text, err e);
/* Never calls `fn` from within.  DENIED, BUSY, LIMIT.  `bytes` need not outlive the call. */
fallible
cells_read(cells *c, const struct cells_ask *ask, cells_read_fn *fn, void *ctx, cells_job **ret);
/* `fn` is not called any more.  NULL is fine. */
void cells_cancel(cells_job *j);
