/* SPDX-License-Identifier: EUPL-1.2 */
/* egress_fuzz.c - any batch the gate and hoheit-egress may hear from each other: what is read lies
 * within it, and what is read as a call or a head is written again to the same bytes. */
#include "egress/parts.h"
#include "fuzz/fuzz.h"

static bool
is_inside(str part, str all)
{
    return !part.len || (part.at >= all.at && part.at + part.len <= all.at + all.len);
}

/* The one frame of a batch that was just written. */
static void
expect(struct batch *b, str want)
{
    struct frame f;
    str rest = buf_str(&b->out);
    ASSERT(batch_next(&rest, &f) && str_eq(f.bytes, want));
    batch_done(b);
}

static void
hear(const struct frame *f)
{
    struct http_field fields[EGRESS_FIELDS_MAX];
    struct call_parts c;
    struct batch b;
    size_t count = 0;
    int status = 0;
    batch_init(&b, NULL);
    if (parts_read_call(f->bytes, fields, &c)) {
        ASSERT(is_inside(c.provider, f->bytes) && is_inside(c.path, f->bytes));
        ASSERT(is_inside(c.method, f->bytes) && is_inside(c.body, f->bytes));
        for (size_t i = 0; i < c.field_count; i++)
            ASSERT(is_inside(fields[i].name, f->bytes) && is_inside(fields[i].value, f->bytes));
        IGNORE(parts_put_call(&b, f->id, &c)); /* a flag may have had another value than 1 */
        batch_done(&b);
    }
    if (parts_read_head(f->bytes, fields, &status, &count)) {
        ASSERT(status >= 200 && status <= 599 && count <= EGRESS_FIELDS_MAX);
        ASSERT(!parts_put_head(&b, f->id, status, fields, count).code);
        expect(&b, f->bytes);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct frame f;
    str rest = {(const char *)data, len};
    const str all = rest;
    const struct frame whole = {.bytes = all};
    while (batch_next(&rest, &f)) {
        ASSERT(is_inside(f.bytes, all));
        hear(&f);
    }
    hear(&whole);
    return 0;
}
