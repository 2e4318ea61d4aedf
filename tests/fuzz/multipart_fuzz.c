/* SPDX-License-Identifier: EUPL-1.2 */
/* The first byte says where the body is cut, then come the content type's line and the body.
 * Whole and cut it must end the same. */
#include "api/multipart.h"

#include "fuzz/fuzz.h"

enum { ROOM = 1 << 20 };

static err
on_part(void *ctx, const struct multipart_part *p)
{
    buf_add_fmt(ctx, "[%zu|%zu|%zu]", p->name.len, p->filename.len, p->type.len);
    return OK;
}

static err
on_data(void *ctx, str piece)
{
    buf_add(ctx, piece);
    return OK;
}

static err
on_part_end(void *ctx)
{
    buf_add(ctx, STR("[end]"));
    return OK;
}

static err
read_cut(str type, str body, size_t cut, buf *heard)
{
    AUTO(arena) *a = NULL;
    multipart *m;
    const struct multipart_hooks hooks = {on_part, on_data, on_part_end, heard};
    TRY(arena_open(ROOM, &a));
    TRY(multipart_new(a, type, hooks, &m));
    TRY(multipart_feed(m, str_slice(body, 0, cut)));
    TRY(multipart_feed(m, str_slice(body, cut, body.len)));
    return multipart_end(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str body = {(const char *)data, size}, type;
    AUTO(buf) whole = BUF(ROOM), cut = BUF(ROOM);
    if (size < 2 || size > ROOM / 8)
        return 0;
    body = str_slice(body, 1, body.len);
    if (!str_next(&body, '\n', &type))
        return 0;
    const err e = read_cut(type, body, body.len, &whole);
    const err f = read_cut(type, body, body.len * data[0] / 256, &cut);
    ASSERT(e.code == f.code);
    ASSERT(e.code || str_eq(buf_str(&whole), buf_str(&cut)));
    return 0;
}
