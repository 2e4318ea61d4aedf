/* SPDX-License-Identifier: EUPL-1.2 */
/* cell.h - documents of foreign forms, read where they can do no harm.
 *
 *     whoever imports ── CELL channel ── hoheit-reader ── a process for each document
 *
 * `hoheit know add` starts it itself; hoheitd starts one for each document that came over the API
 * (gate/cells).
 *
 * hoheit-reader (broker.c) looks at no document.  For each it starts itself anew as a worker
 * (worker.c) that has the document, a place for what it reads, and nothing else: no file, no
 * network, no key, no other document; system calls, memory, processor time and output are limited,
 * and after CELL_WALL_MS_MAX it is ended.  So a document that takes its reader over can change what
 * it says itself, which it can anyway.  A PDF goes through two: in the first poppler's pdftohtml
 * runs, which may read its own libraries besides; the second reads what that printed.
 *
 * Images (gate/sight) go the same way and come back as pixels (sight/pixels.h), with less time:
 * somebody waits.
 *
 * What comes back is bytes to be distrusted still: Markdown for doc_read, or pixels.
 * Blocking; one document at a time.  One thread. */
#pragma once
#include <sys/types.h>

#include "know/doc.h"

enum {
    CELL_FD = 3, /* of hoheit-reader: the channel */
    CELL_IN_BYTES_MAX = 256 * 1024 * 1024,
    CELL_OUT_BYTES_MAX = 128 * 1024 * 1024,
    CELL_MEMORY_BYTES_MAX = 1024 * 1024 * 1024,
    CELL_CPU_S_MAX = 60,
    CELL_WALL_MS_MAX = 120 * 1000,
    CELL_IMAGE_CPU_S_MAX = 5,
    CELL_IMAGE_WALL_MS_MAX = 15 * 1000,
    CELL_TEXT_MAX = 240
};

/* Starts hoheit-reader; *ret is its channel.  `ret_pid` may be NULL. */
fallible cell_start(const char *program, pid_t *ret_pid, int *ret);
/* Its own reasons are PARSE (what is wrong with the document, as the rest of a sentence that begins
 * with its name), UNSUPPORTED (what is missing here) and LIMIT; ENGINE_LOST if hoheit-reader is
 * gone.  *ret is given back with cell_release. */
fallible cell_read(int channel, enum doc_form form, str bytes, str *ret);
void cell_release(str text);
/* The program that makes XML of a PDF; NULL if there is none. */
const char *cell_pdf_tool(void);

/* ---- the messages, and what answers them */

struct ipc_message;
enum { CELL_READ = 1, CELL_DONE };

/* The answer has the question's head.id, and passes what was read as a sealed memfd. */
struct cell_ask {
    uint32_t form; /* enum doc_form, or CELL_IMAGE */
    uint32_t unused;
};

enum { CELL_IMAGE = 1000 };

struct cell_answer {
    uint32_t code; /* enum err_code */
    char text[CELL_TEXT_MAX];
};

/* For who waits in a loop: the document as it is passed along with a struct cell_ask (LIMIT), and
 * what an answer holds, as cell_read has it; `passed` came with the answer and stays the caller's.
 */
fallible cell_seal(str bytes, int *ret);
fallible cell_take(const struct ipc_message *m, int passed, str *ret);

/* hoheit-reader: until the channel ends.  `program` is what workers are started from. */
fallible broker_serve(int channel, const char *program);

/* Descriptors of a worker. */
enum { WORKER_FD_IN = 3, WORKER_FD_OUT };
/* A worker's whole life: reads WORKER_FD_IN and writes Markdown, or what is wrong, to
 * WORKER_FD_OUT.  `form` as doc_form_name, "image", or "tool" for pdftohtml.  The exit status is 0
 * or an err's code. */
int worker_run(str form);
