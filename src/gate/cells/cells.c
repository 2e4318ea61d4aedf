/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/cells/cells.h"

#include "base/fault.h"
#include "know/cell/cell.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/log.h"

enum { QUEUE_BYTES_MAX = 64 * 1024 };

struct cells_job {
    cells *owner;
    cells_job *next; /* of those that wait */
    struct place *place;
    fd document;
    size_t len;
    uint32_t form;
    label label;
    cells_read_fn *fn;
    void *ctx;
};

struct place {
    cells *owner;
    uint64_t id; /* of the reader that was asked for last */
    cells_job *job;
    ipc *channel; /* NULL: it is not there yet */
    loop_timer *late;
};

struct cells {
    struct cells_spec spec;
    struct place places[CONTROL_READERS_MAX];
    cells_job *first, *last; /* who waits for a place */
    size_t waiting, waiting_bytes;
};

/* ---- who waits */

static void
free_job(cells_job *j)
{
    fd_auto(&j->document);
    mem_free(j);
}

static void
push(cells *c, cells_job *j)
{
    *(c->last ? &c->last->next : &c->first) = j;
    c->last = j;
    c->waiting++;
    c->waiting_bytes += j->len;
}

static void
unlink_job(cells *c, cells_job *j)
{
    cells_job *before = NULL;
    for (cells_job *at = c->first; at != j; at = at->next)
        before = at;
    *(before ? &before->next : &c->first) = j->next;
    if (c->last == j)
        c->last = before;
    j->next = NULL;
    c->waiting--;
    c->waiting_bytes -= j->len;
}

/* ---- a place */

static void run_waiting(cells *c);

/* The reader in it is not needed any more. */
static cells_job *
leave(struct place *p)
{
    cells_job *const j = TAKE(p->job);
    ASSERT(j);
    loop_timer_stop(TAKE(p->late));
    ipc_free(TAKE(p->channel));
    /* A lost message means a reader that ends by itself. */
    IGNORE(p->owner->spec.say(p->owner->spec.ctx, CONTROL_READER_STOP, p->id));
    return j;
}

static void
tell(cells_job *j, str text, err e)
{
    j->fn(j->ctx, content_of(text, j->label), e);
    free_job(j);
}

static void
finish(struct place *p, str text, err e)
{
    struct err_kept kept;
    cells *const c = p->owner;
    err_keep(&kept, e);
    cells_job *const j = leave(p);
    tell(j, text, err_again(&kept));
    run_waiting(c);
}

static err
failed(const char *why)
{
    return err_start_public(ERR_PARSE, "", __FILE__, __LINE__, __func__, "%s", why);
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    struct place *const p = ctx;
    AUTO(fd) passed = m->fd;
    str text = STR_NONE;
    const err e = cell_take(m, passed, &text);
    const bool is_of_document =
        e.code == ERR_PARSE || e.code == ERR_UNSUPPORTED || e.code == ERR_LIMIT;
    finish(p, text, e.code && !is_of_document ? failed("cannot be read: its reader failed") : e);
    if (!e.code)
        cell_release(text);
    return true;
}

static void
on_end(void *ctx)
{
    finish(ctx, STR_NONE, failed("cannot be read: its reader was lost"));
}

static void
on_late(void *ctx)
{
    struct place *const p = ctx;
    p->late = NULL;
    finish(p, STR_NONE, failed("takes too long to read"));
}

static fallible
take_place(struct place *p, cells_job *j)
{
    const struct cells_spec *const s = &p->owner->spec;
    p->id += CONTROL_READERS_MAX;
    TRY(s->say(s->ctx, CONTROL_READER_START, p->id));
    TRY(loop_timer_start(s->l, s->ms_max, 0, on_late, p, &p->late));
    p->job = j;
    j->place = p;
    return OK;
}

/* The last one is for images. */
static struct place *
free_place(cells *c, uint32_t form)
{
    const size_t count = form == CELL_IMAGE ? CONTROL_READERS_MAX : CONTROL_READERS_MAX - 1;
    for (size_t i = 0; i < count; i++)
        if (!c->places[i].job)
            return &c->places[i];
    return NULL;
}

static cells_job *
first_for_a_place(cells *c, struct place **ret)
{
    cells_job *j = c->first;
    while (j && !(*ret = free_place(c, j->form)))
        j = j->next;
    return j;
}

static void
run_waiting(cells *c)
{
    cells_job *j;
    for (struct place *p; (j = first_for_a_place(c, &p)) != NULL;) {
        unlink_job(c, j);
        const err e = take_place(p, j);
        if (e.code)
            tell(j, STR_NONE, e);
    }
}

/* ---- its reader */

static fallible
ask_reader(struct place *p, fd *channel)
{
    const struct cell_ask ask = {.form = p->job->form};
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_end, .ctx = p};
    TRY(ipc_new(p->owner->spec.l, fd_take(channel), QUEUE_BYTES_MAX, hooks, &p->channel));
    return ipc_send(p->channel, CELL_READ, 0, &ask, sizeof ask, STR_NONE, p->job->document);
}

void
cells_up(cells *c, uint64_t id, int channel)
{
    AUTO(fd) own = channel;
    struct place *const p = &c->places[id % CONTROL_READERS_MAX];
    if (p->id != id || !p->job || p->channel)
        return; /* who asked does not wait any more: the reader ends with its channel */
    if (own < 0) {
        finish(p, STR_NONE, failed("cannot be read now: hoheit-reader could not be started"));
        return;
    }
    const err e = ask_reader(p, &own);
    if (e.code)
        finish(p, STR_NONE, e);
}

/* ---- for the gate */

bool
cells_reads(enum doc_form form)
{
    return form == DOC_DOCX || form == DOC_ODT || form == DOC_PDF;
}

static fallible
begin(cells *c, cells_job *j)
{
    struct place *const p = free_place(c, j->form);
    if (p) /* who waits cannot use it, or would have it */
        return take_place(p, j);
    if (c->waiting == CELLS_WAITING_MAX || c->waiting_bytes + j->len > CELLS_WAITING_BYTES_MAX)
        REFUSE(BUSY, "", "too many documents wait to be read: try again later");
    push(c, j);
    return OK;
}

fallible
cells_read(cells *c, const struct cells_ask *ask, cells_read_fn *fn, void *ctx, cells_job **ret)
{
    AUTO(fd) document = -1;
    str bytes;
    ASSERT(fn && (ask->form == CELL_IMAGE || cells_reads((enum doc_form)ask->form)));
    TRY(content_open(ask->bytes, ask->grant, &bytes));
    TRY(cell_seal(bytes, &document));
    cells_job *const j = mem_get(sizeof *j);
    if (!j)
        FAIL(LIMIT, "no memory for a document");
    *j = (cells_job){.owner = c,
                     .document = fd_take(&document),
                     .len = bytes.len,
                     .form = ask->form,
                     .label = ask->bytes.label,
                     .fn = fn,
                     .ctx = ctx};
    const err e = begin(c, j);
    if (e.code) {
        free_job(j);
        TRY(e);
    }
    *ret = j;
    return OK;
}

void
cells_cancel(cells_job *j)
{
    if (!j)
        return;
    cells *const c = j->owner;
    if (j->place)
        (void)leave(j->place);
    else
        unlink_job(c, j);
    free_job(j);
    run_waiting(c);
}

fallible
cells_new(const struct cells_spec *spec, cells **ret)
{
    ASSERT(spec->l && spec->say);
    cells *const c = mem_get(sizeof *c);
    if (!c)
        FAIL(LIMIT, "no memory for readers of documents");
    *c = (cells){.spec = *spec};
    c->spec.ms_max = spec->ms_max ? spec->ms_max : CELLS_MS_MAX;
    for (size_t i = 0; i < CONTROL_READERS_MAX; i++)
        c->places[i] = (struct place){.owner = c, .id = i};
    *ret = c;
    return OK;
}

void
cells_free(cells *c)
{
    if (!c)
        return;
    while (c->first) {
        cells_job *const j = c->first;
        unlink_job(c, j);
        free_job(j);
    }
    for (size_t i = 0; i < CONTROL_READERS_MAX; i++)
        if (c->places[i].job)
            free_job(leave(&c->places[i]));
    mem_free(c);
}
