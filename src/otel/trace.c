/* SPDX-License-Identifier: EUPL-1.2 */
#include "otel/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/map.h"

enum { PARENT_TEXT_BYTES = 55, FLAG_SAMPLED = 1 };

static bool
is_zero(const uint8_t *at, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++)
        any |= at[i];
    return any == 0;
}

/* Lower case alone, as the standard wants it. */
static bool
read_hex(str text, uint8_t *ret, size_t len)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] >= 'A' && text.at[i] <= 'F')
            return false;
    return !hex_read(text, ret, len).code;
}

/* "00-TRACE-SPAN-FLAGS"; later versions may go on after another "-". */
static bool
read_parent(str text, struct trace *t)
{
    uint8_t version, flags;
    if (text.len < PARENT_TEXT_BYTES || text.at[2] != '-' || text.at[35] != '-' ||
        text.at[52] != '-' || !read_hex(str_slice(text, 0, 2), &version, 1) || version == 0xff ||
        (text.len > PARENT_TEXT_BYTES && (version == 0 || text.at[PARENT_TEXT_BYTES] != '-')))
        return false;
    if (!read_hex(str_slice(text, 3, 35), t->id, sizeof t->id) ||
        !read_hex(str_slice(text, 36, 52), t->parent, sizeof t->parent) ||
        !read_hex(str_slice(text, 53, 55), &flags, 1) || is_zero(t->id, sizeof t->id) ||
        is_zero(t->parent, sizeof t->parent))
        return false;
    t->is_sampled = flags & FLAG_SAMPLED;
    return true;
}

static void
put_u64(uint64_t n, uint8_t *to)
{
    for (size_t i = 0; i < sizeof n; i++)
        to[i] = (uint8_t)(n >> (8 * (sizeof n - 1 - i)));
}

static void
make(str request_id, uint64_t sample_percent, struct trace *t)
{
    static const uint8_t keys[2][16] = {"trace id, front", "trace id, back"};
    const uint64_t back = siphash24(keys[1], request_id.at, request_id.len) | 1; /* never zero */
    memset(t, 0, sizeof *t);
    put_u64(siphash24(keys[0], request_id.at, request_id.len), t->id);
    put_u64(back, t->id + sizeof back);
    t->is_sampled = sample_percent >= 100 || (back >> 8) % 100 < sample_percent;
}

void
trace_of(str request_id, str traceparent, uint64_t sample_percent, struct trace *ret)
{
    if (!read_parent(str_trim(traceparent), ret))
        make(request_id, sample_percent, ret);
}

bool
trace_has_parent(const struct trace *t)
{
    return !is_zero(t->parent, sizeof t->parent);
}

str
trace_text(const struct trace *t, char room[TRACE_TEXT_BYTES])
{
    for (size_t i = 0; i < sizeof t->id; i++)
        (void)snprintf(room + 2 * i, 3, "%02x", t->id[i]);
    return (str){room, TRACE_TEXT_BYTES - 1};
}
