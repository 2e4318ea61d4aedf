/* SPDX-License-Identifier: EUPL-1.2 */
/* detect_fuzz.c - any bytes: spans are in range, in order, apart from each other, and never split
 * a valid character. */
#include "base/utf8.h"
#include "detect/detect.h"
#include "fuzz/fuzz.h"

static bool
is_border(const uint8_t *data, size_t len, size_t at)
{
    return at == len || (data[at] & 0xC0) != 0x80 || at == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static arena *words, *work;
    static const lexicon *x;
    detect_spans s = {0};
    if (len > 65536)
        return 0;
    if (!x)
        ASSERT(!arena_open(4 << 20, &words).code && !arena_open(256 << 20, &work).code &&
               !detect_open(words, &x).code);
    arena_reset(work);
    const str text = {(const char *)data, len};
    ASSERT(!detect(x, text, NULL, work, &s).code);
    const bool valid = utf8_valid(text);
    uint32_t at = 0;
    for (size_t i = 0; i < s.count; i++) {
        ASSERT(s.at[i].start >= at && s.at[i].start < s.at[i].end && s.at[i].end <= len);
        ASSERT(s.at[i].type > DETECT_NONE && s.at[i].type < DETECT_TYPE_COUNT &&
               s.at[i].score <= 100);
        ASSERT(!valid ||
               (is_border(data, len, s.at[i].start) && is_border(data, len, s.at[i].end)));
        at = s.at[i].end;
    }
    detect_code_points(text, s.at, s.count);
    return 0;
}
