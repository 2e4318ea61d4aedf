/* SPDX-License-Identifier: EUPL-1.2 */
/* text_fuzz.c - any bytes with any stop strings: valid text comes out, without a stop string, and
 * the same for every split.  Input: piece size, then stop strings, each a length below 16 and its
 * bytes, until a length of 0; then the bytes. */
#include "base/utf8.h"
#include "engine/text.h"
#include "fuzz/fuzz.h"

enum { OUT_MAX = 1 << 22 };

static bool
feed(str bytes, size_t step, const str *stops, size_t count, buf *out)
{
    struct text_out t;
    text_init(&t, stops, count);
    for (size_t at = 0; at < bytes.len; at += step)
        ASSERT(!text_add(&t, str_slice(bytes, at, at + step), out).code &&
               utf8_valid(buf_str(out)));
    ASSERT(!text_end(&t, out).code);
    const bool stopped = t.stopped;
    text_done(&t);
    return stopped;
}

/* Takes the stop strings off; those that are none are left out. */
static size_t
take_stops(str *rest, str stops[TEXT_STOPS_MAX])
{
    size_t count = 0;
    while (rest->len && count < TEXT_STOPS_MAX) {
        const size_t len = (uint8_t)rest->at[0] % 16;
        const str stop = str_slice(*rest, 1, 1 + len);
        *rest = str_slice(*rest, 1 + len, rest->len);
        if (!len)
            break;
        if (stop.len && utf8_valid(stop))
            stops[count++] = stop;
    }
    return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    AUTO(buf) whole = BUF(OUT_MAX);
    AUTO(buf) parts = BUF(OUT_MAX);
    str stops[TEXT_STOPS_MAX];
    if (!len)
        return 0;
    str rest = {(const char *)data + 1, len - 1};
    const size_t count = take_stops(&rest, stops);
    const bool a = feed(rest, rest.len, stops, count, &whole);
    const bool b = feed(rest, 1 + data[0] % 16, stops, count, &parts);
    ASSERT(a == b && str_eq(buf_str(&whole), buf_str(&parts)));
    for (size_t i = 0; i < count; i++)
        ASSERT(str_find(buf_str(&whole), stops[i]) < 0);
    return 0;
}
