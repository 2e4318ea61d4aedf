/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/proto.h"

bool
section_next(str *rest, str *ret)
{
    uint32_t len;
    if (rest->len == 0)
        return false;
    if (rest->len >= sizeof len) {
        memcpy(&len, rest->at, sizeof len);
        const size_t left = rest->len - sizeof len;
        if (len <= left) {
            *ret = (str){rest->at + sizeof len, len};
            *rest = (str){ret->at + len, left - len};
            return true;
        }
    }
    *rest = STR_NONE;
    return false;
}

void
section_put(buf *b, str text)
{
    ASSERT(text.len <= UINT32_MAX);
    const uint32_t len = (uint32_t)text.len;
    buf_add(b, (str){(const char *)&len, sizeof len});
    buf_add(b, text);
}
