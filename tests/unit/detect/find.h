/* SPDX-License-Identifier: EUPL-1.2 */
/* find.h - what detectors find in a text, as "TYPE:value TYPE:value". */
#pragma once
#include "base/buf.h"
#include "detect/detect.h"
#include "test.h"

static inline str
find_in(const char *text)
{
    static char room[4096];
    AUTO(arena) *a = NULL;
    const lexicon *x = NULL;
    detect_spans s = {0};
    size_t len = 0;
    room[0] = 0;
    if (arena_open(16 * 1024 * 1024, &a).code || detect_open(a, &x).code ||
        detect(x, str_of(text), NULL, a, &s).code)
        return STR("failed");
    for (size_t i = 0; i < s.count && len + 256 < sizeof room; i++)
        len += (size_t)snprintf(room + len, sizeof room - len, "%s%s:%.*s", i ? " | " : "",
                                detect_name(s.at[i].type), (int)(s.at[i].end - s.at[i].start),
                                text + s.at[i].start);
    return (str){room, len};
}

#define FINDS(text, want) CHECK_STR(find_in(text), STR(want))
