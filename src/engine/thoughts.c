/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/thoughts.h"

#define OPEN STR("<think>")
#define CLOSE STR("</think>")

enum { HELD_BYTES_MAX = 16 * 1024 * 1024 };

void
thoughts_init(struct thoughts *t)
{
    *t = (struct thoughts){.state = THOUGHTS_FRESH, .held = BUF(HELD_BYTES_MAX)};
}

void
thoughts_done(struct thoughts *t)
{
    buf_done(&t->held);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t
blank_len(str s)
{
    size_t n = 0;
    while (n < s.len && is_blank(s.at[n]))
        n++;
    return n;
}

/* Where blank space begins that goes to the end, or a start of the closing tag that does. */
static size_t
certain_len(str s)
{
    size_t at = s.len < CLOSE.len ? 0 : s.len - CLOSE.len + 1;
    while (at < s.len && !str_starts(CLOSE, str_slice(s, at, s.len)))
        at++;
    while (at && is_blank(s.at[at - 1]))
        at--;
    return at;
}

/* Each of these takes what it can off `rest`; what it leaves is held. */
static void
take_start(struct thoughts *t, str *rest)
{
    const str s = str_slice(*rest, blank_len(*rest), rest->len);
    if (str_starts(s, OPEN)) {
        *rest = str_slice(s, OPEN.len, s.len);
        t->state = THOUGHTS_OPENED;
    } else if (s.len && !str_starts(OPEN, s))
        t->state = THOUGHTS_OVER;
}

static void
take_thought(struct thoughts *t, str *rest, str *ret)
{
    const ptrdiff_t at = str_find(*rest, CLOSE);
    if (at < 0) {
        const size_t len = certain_len(*rest);
        *ret = str_slice(*rest, 0, len);
        *rest = str_slice(*rest, len, rest->len);
        return;
    }
    *ret = str_slice(*rest, 0, certain_len(str_slice(*rest, 0, (size_t)at)));
    *rest = str_slice(*rest, (size_t)at + CLOSE.len, rest->len);
    t->state = THOUGHTS_BEHIND;
}

/* Blank space is skipped before a thought and before the text behind it. */
static void
skip_blanks(struct thoughts *t, str *rest, enum thoughts_state then)
{
    *rest = str_slice(*rest, blank_len(*rest), rest->len);
    if (rest->len)
        t->state = then;
}

static void
take_text(struct thoughts *t, str *rest, str *ret)
{
    if (t->state == THOUGHTS_BEHIND)
        skip_blanks(t, rest, THOUGHTS_OVER);
    *ret = *rest;
    *rest = STR_NONE;
}

static void
take(struct thoughts *t, str *rest, struct thoughts_out *ret)
{
    *ret = (struct thoughts_out){STR_NONE, STR_NONE};
    if (t->state == THOUGHTS_FRESH)
        take_start(t, rest);
    if (t->state == THOUGHTS_OPENED)
        skip_blanks(t, rest, THOUGHTS_INSIDE);
    if (t->state == THOUGHTS_INSIDE)
        take_thought(t, rest, &ret->thought);
    if (t->state == THOUGHTS_BEHIND || t->state == THOUGHTS_OVER)
        take_text(t, rest, &ret->text);
}

/* What the last call gave out was still to be read until now. */
static void
drop_given(struct thoughts *t)
{
    buf_drop(&t->held, t->given);
    t->given = 0;
}

fallible
thoughts_add(struct thoughts *t, str piece, struct thoughts_out *ret)
{
    drop_given(t);
    if (t->state == THOUGHTS_OVER && !t->held.len) {
        *ret = (struct thoughts_out){.text = piece};
        return OK;
    }
    buf_add(&t->held, piece);
    TRY(buf_end(&t->held));
    str rest = buf_str(&t->held);
    take(t, &rest, ret);
    t->given = t->held.len - rest.len;
    return OK;
}

void
thoughts_end(struct thoughts *t, struct thoughts_out *ret)
{
    drop_given(t);
    const str rest = buf_str(&t->held);
    *ret = (struct thoughts_out){.thought = t->state == THOUGHTS_INSIDE ? rest : STR_NONE,
                                 .text = t->state == THOUGHTS_FRESH ? rest : STR_NONE};
}
