/* SPDX-License-Identifier: EUPL-1.2 */
/* config_fuzz.c - any bytes as a configuration file: either all of it holds and can be shown and
 * set again, or nothing changed and the error says file and line. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "os/config.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct params before, p;
    params_default(&before);
    p = before;
    const err e = config_read_text("fuzz", (str){(const char *)data, len}, &p);
    if (e.code) {
        ASSERT(memcmp(&p, &before, sizeof p) == 0);
        ASSERT(e.code == ERR_CONFIG && strncmp(err_text(), "fuzz:", 5) == 0);
        return 0;
    }
    for (size_t i = 0; i < param_count; i++) {
        const struct param_info *info = &param_table[i];
        char room[PARAM_TEXT_MAX];
        params_show(&p, info, room);
        ASSERT(!params_set(&before, str_of(info->key), str_of(room)).code);
    }
    return 0;
}
