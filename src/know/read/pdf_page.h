/* SPDX-License-Identifier: EUPL-1.2 */
/* pdf_page.h - what pdftohtml -xml says, as rows: one for each run of text on a page. */
#pragma once
#include "base/vec.h"

struct pdf_run {
    int32_t page, top, left, width, height, size; /* size: of the font; all in pixels of its own */
    bool is_bold, is_visible;
    str text;
};

struct pdf_runs {
    arena *a;
    VEC(struct pdf_run) all;
    VEC(int32_t) page_heights;
};

/* Into `r->a`; PARSE, LIMIT. */
fallible pdf_runs_read(struct pdf_runs *r, str xml);
