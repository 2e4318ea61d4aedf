/* SPDX-License-Identifier: EUPL-1.2 */
/* docx_style.h - what word/styles.xml says that matters to a reader: which styles are headings,
 * titles, tables of contents, lists, and which hide their text.
 *
 * A style takes over from the one it is based on what it does not say itself. */
#pragma once
#include "base/vec.h"

enum { STYLE_LEVEL_NONE = -1 };

struct docx_style {
    str id, base;
    str list; /* w:numId, empty: none; list_level is of it */
    uint32_t list_level;
    int level; /* 0 to 8 of the outline; STYLE_LEVEL_NONE */
    bool is_title, is_contents, is_list;
    bool is_hidden, is_white;
};

struct docx_styles {
    arena *a;
    VEC(struct docx_style) all;
};

/* Into `s->a`; PARSE, LIMIT. */
fallible docx_styles_read(struct docx_styles *s, str xml);
/* With what it inherits; no such style: nothing special. */
struct docx_style docx_style_of(const struct docx_styles *s, str id);
/* w:val of an on-off property: absent is on. */
bool docx_is_on(const char *const *attributes);
