/* SPDX-License-Identifier: EUPL-1.2 */
/* tile_fuzz.c - any text is no path of a tile, or the one that tile_path writes; any bytes are no
 * bundle of the width that the first byte names, or the one that bundle_put makes. */
#include <string.h>

#include "audit/tiles.h"
#include "fuzz/fuzz.h"

static void
check_path(str text)
{
    char room[TILE_PATH_MAX];
    struct tile_id t;
    if (tile_path_read(text, &t).code)
        return;
    tile_path(t, room);
    ASSERT(str_eq(text, str_of(room)));
}

static void
check_bundle(str bytes, unsigned width)
{
    static struct bundle b;
    AUTO(buf) again = BUF(BUNDLE_BYTES_MAX);
    if (bundle_parse(bytes, width, &b).code)
        return;
    ASSERT(b.count == width);
    for (unsigned i = 0; i < width; i++)
        bundle_put(&again, b.at[i]);
    ASSERT(str_eq(buf_str(&again), bytes));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const str all = {(const char *)data, len};
    check_path(all);
    if (len)
        check_bundle(str_slice(all, 1, len), 1u + data[0]);
    return 0;
}
