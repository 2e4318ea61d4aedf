/* SPDX-License-Identifier: EUPL-1.2 */
/* utf8_fuzz.c - the four views of utf8.h agree on any bytes, and what JSON makes of them is
 * valid. */
#include "base/json.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"

enum { LIMIT = 16 << 20 };

/* Taking characters off and writing them again gives the valid beginning, byte for byte. */
static void
check_characters(str s)
{
    AUTO(buf) again = BUF(LIMIT);
    str rest = s;
    char room[4];
    for (uint32_t c; utf8_next(&rest, &c);) {
        const size_t n = utf8_put(c, room);
        buf_add(&again, (str){room, n});
    }
    ASSERT(s.len - rest.len == utf8_valid_len(s));
    ASSERT(str_eq(buf_str(&again), str_slice(s, 0, s.len - rest.len)));
}

/* A cut never falls into a character, and what is cut off begins one. */
static void
check_cut(str s)
{
    const size_t whole = utf8_whole_len(s), valid = utf8_valid_len(s);
    ASSERT(whole <= s.len && s.len - whole <= 3);
    ASSERT(valid <= whole);
    if (whole < s.len)
        ASSERT(utf8_valid_len(str_slice(s, whole, s.len)) == 0);
}

static void
check_json(str s)
{
    static arena *a;
    AUTO(buf) b = BUF(LIMIT);
    jval v = {0};
    str back = STR_NONE;
    if (!a)
        ASSERT(arena_open(LIMIT, &a).code == ERR_OK);
    arena_reset(a);
    json_put_str(&b, s);
    ASSERT(utf8_valid(buf_str(&b)));
    ASSERT(json_read(a, buf_str(&b), &v).code == ERR_OK);
    ASSERT(json_str(&v, SIZE_MAX, &back).code == ERR_OK);
    ASSERT(str_eq(back, s) == utf8_valid(s));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const str s = {(const char *)data, len};
    check_characters(s);
    check_cut(s);
    if (len < 4096)
        check_json(s);
    return 0;
}
