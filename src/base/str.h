/* SPDX-License-Identifier: EUPL-1.2 */
/* str.h - a piece of text by value: pointer and length, never owned, never ended by NUL.
 *
 * Pure values, any thread.  A str points into memory somebody else holds (an arena, a literal,
 * a file); it must not outlive that.  Content (what a person or model said) is not a str but a
 * `content` (policy/content.h), which carries its label. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *at;
    size_t len;
} str;

#define STR(literal) ((str){"" literal, sizeof(literal) - 1})
/* For static tables, where a compound literal is no constant. */
#define STR_INIT(literal)                                                                          \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#define STR_NONE ((str){NULL, 0})
/* printf("%.*s", STR_FMT(s)) */
#define STR_FMT(s) (int)(s).len, (s).at ? (s).at : ""

static inline str
str_of(const char *z)
{
    return z ? (str){z, strlen(z)} : STR_NONE;
}

static inline bool
str_eq(str a, str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* ASCII letters compare without case; other bytes exactly. */
bool str_eq_nocase(str a, str b);
/* Order of bytes, shorter first on a tie: <0, 0, >0. */
int str_cmp(str a, str b);
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
/* Index of the first `needle` in `s`, or -1. */
ptrdiff_t str_find(str s, str needle);
ptrdiff_t str_find_char(str s, char c);
/* s[from, to), both cut to the length of `s`. */
str str_slice(str s, size_t from, size_t to);
/* Without spaces and tabs at both ends. */
str str_trim(str s);
/* Takes off what stands before `sep` (all of it if there is none); false when nothing is left. */
bool str_next(str *rest, char sep, str *ret_part);
/* A NUL-ended copy in `room`; false (and "") if it does not fit or holds a NUL. */
bool str_copy(str s, char *room, size_t room_len);
/* Equal in time that depends on the lengths only; for secrets. */
bool secret_eq(str a, str b);
