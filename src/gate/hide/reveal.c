/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/hide/reveal.h"

enum { OUT_BYTES_MAX = 64 * 1024 * 1024 };

struct one { /* answer */
    struct restore restore;
    struct engine_piece last; /* whose text is held back */
    bool is_open;
};

struct reveal {
    const pseudonyms *m;
    struct reveal_out to;
    uint32_t n;
    buf out;
    struct one *at;
};

static void
done(void *p)
{
    reveal *r = p;
    for (uint32_t i = 0; i < r->n; i++)
        restore_done(&r->at[i].restore);
    buf_done(&r->out);
}

fallible
reveal_new(arena *a, const pseudonyms *m, uint32_t n, struct reveal_out out, reveal **ret)
{
    void *room, *answers;
    TRY(try_arena_get(a, 1, sizeof **ret, &room));
    TRY(try_arena_get(a, n, sizeof(struct one), &answers));
    reveal *r = room;
    *r = (reveal){.m = m, .to = out, .n = n, .out = BUF(OUT_BYTES_MAX), .at = answers};
    for (uint32_t i = 0; i < n; i++)
        restore_init(&r->at[i].restore, m, false);
    arena_on_end(a, done, r);
    *ret = r;
    return OK;
}

static void
show(reveal *r, const struct engine_piece *p)
{
    if (r->out.len || p->token_count || p->part == PART_CALL)
        r->to.fn(r->to.ctx, p, buf_str(&r->out));
    buf_clear(&r->out);
}

static fallible
flush(reveal *r, struct one *o)
{
    if (!o->is_open)
        return OK;
    o->is_open = false;
    TRY(restore_end(&o->restore, &r->out));
    struct engine_piece p = o->last;
    p.token_count = 0;
    p.tokens = NULL;
    p.logprob_count = 0;
    show(r, &p);
    return OK;
}

/* A name is whole, and no token may hide in the middle of it; but it may be one. */
static fallible
add_call(reveal *r, const struct engine_piece *p, str name)
{
    struct restore whole;
    restore_init(&whole, r->m, false);
    err e = restore_add(&whole, name, &r->out);
    if (!e.code)
        e = restore_end(&whole, &r->out);
    restore_done(&whole);
    if (!e.code)
        show(r, p);
    return e;
}

fallible
reveal_add(reveal *r, const struct engine_piece *p, str text)
{
    struct one *o = &r->at[p->index];
    ASSERT(p->index < r->n);
    if (o->is_open && (o->last.part != p->part || o->last.call != p->call))
        TRY(flush(r, o));
    if (p->part == PART_CALL)
        return add_call(r, p, text);
    o->restore.is_json = p->part == PART_ARGUMENTS;
    o->last = *p;
    o->is_open = true;
    TRY(restore_add(&o->restore, text, &r->out));
    show(r, p);
    return OK;
}

fallible
reveal_end(reveal *r, uint32_t index)
{
    ASSERT(index < r->n);
    return flush(r, &r->at[index]);
}
