/* SPDX-License-Identifier: EUPL-1.2 */
/* know_read.h - files of any form as text that know takes: Markdown and plain text as they are,
 * all others through hoheit-reader (know/cell/cell.h), so that no hostile document is looked at by
 * a process that holds a key. */
#pragma once
#include "cli/cli.h"
#include "know/doc.h"

struct know_text {
    str text;
    enum doc_form form;  /* DOC_TEXT or DOC_MARKDOWN */
    const char *refused; /* why it is left out, as "has no text", in the run's arena; NULL: not */
    bool is_mapped;
};

/* Starts hoheit-reader, before the sandbox is entered; without one documents are left out. */
void know_read_begin(struct cli *c);
/* `bytes` stay the caller's.  Give back with know_text_done. */
fallible know_read(struct cli *c, enum doc_form form, str bytes, struct know_text *ret);
void know_text_auto(struct know_text *t);
typedef struct know_text know_text;
