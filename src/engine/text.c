/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/text.h"

#include "base/utf8.h"

#define REPLACEMENT STR("\xEF\xBF\xBD")

/* One token's bytes and what a stop string holds back; a backend's tokens are far smaller. */
enum { HELD_BYTES_MAX = 16 * 1024 * 1024 };

void
text_init(struct text_out *t, const str *stops, size_t stop_count)
{
    ASSERT(stop_count <= TEXT_STOPS_MAX);
    for (size_t i = 0; i < stop_count; i++)
        ASSERT(stops[i].len > 0 && utf8_valid(stops[i]));
    *t = (struct text_out){.stops = stops, .stop_count = stop_count, .held = BUF(HELD_BYTES_MAX)};
}

void
text_done(struct text_out *t)
{
    buf_done(&t->held);
}

/* Takes one byte into the unfinished character.  False when it cannot belong to it: the
 * character is given up and the byte is still to be read. */
static bool
take_byte(struct text_out *t, char byte)
{
    const bool is_first = t->part_len == 0;
    ASSERT(t->part_len < sizeof t->part);
    t->part[t->part_len++] = byte;
    const str part = {t->part, t->part_len};
    const bool is_whole = utf8_valid(part);
    if (!is_whole && utf8_whole_len(part) == 0)
        return true;
    buf_add(&t->held, is_whole ? part : REPLACEMENT);
    t->part_len = 0;
    return is_whole || is_first;
}

static void
take_bytes(struct text_out *t, str bytes)
{
    while (bytes.len) {
        if (!t->part_len) {
            const size_t len = utf8_valid_len(bytes);
            buf_add(&t->held, str_slice(bytes, 0, len));
            bytes = str_slice(bytes, len, bytes.len);
        }
        if (bytes.len && take_byte(t, bytes.at[0]))
            bytes = str_slice(bytes, 1, bytes.len);
    }
}

/* Where the stop string begins that ends first, *ret_stop; `text.len` if there is none.  Nothing of
 * the match can have been emitted: its start was held back. */
static size_t
find_stop(const struct text_out *t, str text, uint32_t *ret_stop)
{
    size_t first_end = SIZE_MAX, start = text.len;
    for (size_t i = 0; i < t->stop_count; i++) {
        const ptrdiff_t at = str_find(text, t->stops[i]);
        if (at < 0)
            continue;
        const size_t end = (size_t)at + t->stops[i].len;
        if (end < first_end || (end == first_end && (size_t)at < start)) {
            first_end = end;
            start = (size_t)at;
            *ret_stop = (uint32_t)i;
        }
    }
    return start;
}

static bool
may_become_stop(const struct text_out *t, str rest)
{
    for (size_t i = 0; i < t->stop_count; i++)
        if (rest.len < t->stops[i].len && memcmp(rest.at, t->stops[i].at, rest.len) == 0)
            return true;
    return false;
}

/* Length of what is certain: the rest is the start of a stop string. */
static size_t
certain_len(const struct text_out *t, str text)
{
    size_t longest = 0;
    for (size_t i = 0; i < t->stop_count; i++)
        if (t->stops[i].len > longest)
            longest = t->stops[i].len;
    size_t at = text.len < longest ? 0 : text.len - longest;
    while (at < text.len && !may_become_stop(t, str_slice(text, at, text.len)))
        at++;
    return at;
}

static fallible
emit(struct text_out *t, bool is_end, buf *out)
{
    const str text = buf_str(&t->held);
    TRY(buf_end(&t->held));
    if (!text.len)
        return OK;
    size_t len = find_stop(t, text, &t->stop);
    if (len < text.len)
        t->stopped = true;
    else if (!is_end)
        len = certain_len(t, text);
    buf_add(out, str_slice(text, 0, len));
    buf_drop(&t->held, t->stopped ? text.len : len);
    return buf_end(out);
}

fallible
text_add(struct text_out *t, str bytes, buf *out)
{
    if (t->stopped)
        return OK;
    take_bytes(t, bytes);
    return emit(t, false, out);
}

fallible
text_end(struct text_out *t, buf *out)
{
    if (t->stopped)
        return OK;
    if (t->part_len)
        buf_add(&t->held, REPLACEMENT);
    t->part_len = 0;
    return emit(t, true, out);
}
