/* SPDX-License-Identifier: EUPL-1.2 */
/* form.h - numbers without their layout, and layouts without backtracking over groups.
 *
 * A view is what stands at a place with blanks, dashes, slashes, dots and line breaks left out:
 * letters in capitals, and for each where it ended and whether a separator followed.  Forms are
 * matched against views, strictly or through the confusions of scanners (O/0, I/l/1, B/8, S/5,
 * Z/2).  Layouts are matched against the text itself.  Both languages are in detectors.def. */
#pragma once
#include "detect/detect.h"

enum { VIEW_MAX = 48, FORM_MAX = 48 };

struct view {
    char c[VIEW_MAX];
    uint32_t end[VIEW_MAX]; /* offset behind each */
    char
        after[VIEW_MAX]; /* 0: the next follows at once; else the first separator; ' ' at the end */
    size_t count;
    size_t small_at; /* index of the first small letter, VIEW_MAX if there is none */
};

/* Reads at `offset`, which must begin a character. */
void view_read(str text, uint32_t offset, struct view *ret);
/* Characters of the view that the form covers, 0 if it does not fit; `ret` gets them as the form
 * wants them (ended by NUL).  Ends on an edge. */
size_t form_fits(const char *form, const struct view *v, bool tolerant, char ret[FORM_MAX],
                 bool *ret_confused);
/* Bytes of `text` from `offset` on that the layout covers, 0 if none. */
size_t layout_fits(const char *layout, str text, uint32_t offset);
