/* SPDX-License-Identifier: EUPL-1.2 */
/* Files come piece by piece, are sealed on the way to the disk, and are seen when they are whole.
 */
#include "gate/keep.h"

#include "gate/keep_inside.h"
#include "os/clock.h"

struct keep_file {
    struct keep_call call;
    const grant *grant;
    label label;
    str id;
    blob_writer *writer; /* NULL: over */
};

static void
file_done(void *p)
{
    struct keep_file *f = p;
    blob_drop(TAKE(f->writer));
}

static fallible
begin(const struct keep_call *c, str id, str label_text, keep_file **ret)
{
    keep_file *f = arena_new(c->a, keep_file);
    f->call = *c;
    f->id = id;
    TRY(keep_parse_label(c, label_text, LABEL_BOTTOM, &f->label));
    TRY(keep_leave(c, OP_FILE_ADD, f->label, &f->grant));
    char room[MATTER_MAX];
    const struct blob which = {.id = f->id,
                               .owner = session_owner(c->session),
                               .label = f->label,
                               .matter = keep_matter(c->session->tenant, c->case_name, room)};
    TRY(blob_begin(c->gate->keep->blobs, f->grant, &which, &f->writer));
    blob_limit(f->writer, c->gate->parts.params->keep_file_bytes_max);
    arena_on_end(c->a, file_done, f);
    *ret = f;
    return OK;
}

fallible
keep_file_begin(const struct keep_call *c, str label_text, keep_file **ret)
{
    return begin(c, keep_id(c->a, OBJECT_FILE), label_text, ret);
}

fallible
keep_file_begin_as(const struct keep_call *c, str id, str label_text, keep_file **ret)
{
    struct object there;
    const err e = objects_find(c->gate->keep->objects, c->a, id, clock_wall_ms(), &there);
    *ret = NULL;
    return e.code == ERR_NOT_FOUND ? begin(c, id, label_text, ret) : e;
}

fallible
keep_file_data(keep_file *f, str bytes)
{
    ASSERT(f->writer);
    return blob_add(f->writer, bytes);
}

/* The bytes are durable before the row that speaks of them. */
fallible
keep_file_end(keep_file *f, const struct keep_wish *w, struct kept *ret)
{
    const struct keep_call *c = &f->call;
    struct keep *k = c->gate->keep;
    struct keep_wish wish = *w;
    digest d;
    ASSERT(f->writer && w->kind == OBJECT_FILE);
    wish.id = f->id;
    TRY(blob_end(TAKE(f->writer), &d, &wish.size_bytes));
    err e = keep_row_of(c, &wish, f->label, &ret->head);
    if (!e.code)
        e = objects_add(k->objects, f->grant, &ret->head, w->meta);
    if (e.code) {
        struct err_kept kept;
        err_keep(&kept, e);
        IGNORE(blob_remove(k->blobs, f->id)); /* without a row nobody finds it */
        return err_again(&kept);
    }
    ret->grant = f->grant;
    ret->meta = w->meta;
    ret->label_text = keep_label_text(c, f->label);
    return keep_record(c, keep_use_of(OBJECT_FILE, KEEP_ADD), &ret->head, &ret->head);
}

fallible
keep_file_read(const struct keep_call *c, const struct kept *k, uint64_t from, uint64_t len,
               buf *to)
{
    const struct blob which = {k->head.id, k->head.owner, k->head.label, k->head.size_bytes,
                               k->head.matter};
    const uint64_t most = c->gate->parts.params->keep_read_bytes_max;
    const uint64_t rest = which.size_bytes - from;
    ASSERT(k->head.kind == OBJECT_FILE && from <= which.size_bytes);
    if (len > most && rest > most)
        REFUSE(TOO_LARGE, "", "the file has more than %llu bytes: read it in ranges",
               (unsigned long long)most);
    return blob_read(c->gate->keep->blobs, k->grant, &which, (struct blob_range){from, len}, to);
}
