/* SPDX-License-Identifier: EUPL-1.2 */
/* calls_fuzz.c - any text is taken apart in the same way wherever it is cut, and of an answer
 * without a call no byte is lost.  Input: form and piece size, then the text. */
#include "base/utf8.h"
#include "engine/calls.h"
#include "fuzz/fuzz.h"

enum { OUT_MAX = 1 << 22 };

static const str names[] = {STR_INIT("now"), STR_INIT("f")};

/* Text as it is; a call begins with byte 1, its arguments with byte 2. */
static void
on_text(void *ctx, str text)
{
    ASSERT(text.len && utf8_valid(text));
    buf_add(ctx, text);
}

static void
on_call(void *ctx, uint32_t index, str name)
{
    ASSERT(index < CALLS_COUNT_MAX && (str_eq(name, names[0]) || str_eq(name, names[1])));
    buf_add_fmt(ctx, "\1%u %.*s\2", index, STR_FMT(name));
}

static void
on_arguments(void *ctx, uint32_t index, str piece)
{
    (void)index;
    ASSERT(piece.len && utf8_valid(piece));
    buf_add(ctx, piece);
}

/* How many calls there were. */
static uint32_t
feed(enum calls_form form, str text, size_t step, buf *out)
{
    struct calls c;
    size_t at = 0;
    calls_init(&c, form, names, 2, (struct calls_hooks){on_text, on_call, on_arguments, out});
    while (at < text.len) {
        size_t end = at + step < text.len ? at + step : text.len;
        while (end < text.len && ((unsigned char)text.at[end] & 0xC0) == 0x80)
            end++;
        ASSERT(!calls_add(&c, str_slice(text, at, end)).code);
        at = end;
    }
    ASSERT(!calls_end(&c).code);
    const uint32_t count = c.count;
    calls_done(&c);
    return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    AUTO(buf) whole = BUF(OUT_MAX);
    AUTO(buf) parts = BUF(OUT_MAX);
    if (len < 2)
        return 0;
    const enum calls_form form = data[0] & 1 ? CALLS_TAGGED : CALLS_LINES;
    str text = {(const char *)data + 1, len - 1};
    text = str_slice(text, 0, utf8_valid_len(text));
    const uint32_t count = feed(form, text, text.len ? text.len : 1, &whole);
    feed(form, text, data[0] / 2 + 1u, &parts);
    ASSERT(str_eq(buf_str(&whole), buf_str(&parts)));
    if (form == CALLS_TAGGED && !count)
        ASSERT(str_eq(buf_str(&whole), text));
    return 0;
}
