/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/sight/sight.h"

#include "base/fault.h"
#include "know/cell/cell.h"
#include "os/ipc.h"
#include "os/log.h"
#include "os/share.h"
#include "sight/pixels.h"

enum { QUEUE_BYTES_MAX = 64 * 1024 };

struct sight_job {
    sight *owner; /* NULL: over */
    sight_job *next;
    struct sight_wish wish;
    size_t at; /* the image that is asked for */
    uint64_t id;
};

struct sight {
    loop *loop;
    ipc *channel; /* NULL: none */
    sight_job *first;
    size_t waiting;
    uint64_t last_id;
};

/* ---- jobs */
static void
drop(sight_job *j)
{
    sight *s = j->owner;
    sight_job **at = &s->first;
    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    s->waiting--;
    j->owner = NULL;
}

static void
finish(sight_job *j, err e)
{
    drop(j);
    j->wish.fn(j->wish.ctx, e);
}

static sight_job *
find(const sight *s, uint64_t id)
{
    sight_job *j = s->first;
    while (j && j->id != id)
        j = j->next;
    return j;
}

static fallible
ask_next(sight_job *j)
{
    sight *s = j->owner;
    const struct cell_ask ask = {.form = CELL_IMAGE};
    str bytes;
    AUTO(fd) image = -1;
    TRY(content_open(conv_image_at(j->wish.conv, j->at)->bytes, j->wish.own, &bytes));
    TRY(share_make("image", bytes, &image));
    TRY(ipc_send(s->channel, CELL_READ, s->last_id + 1, &ask, sizeof ask, STR_NONE, image));
    j->id = ++s->last_id;
    return OK;
}

/* ---- answers */
static fallible
refuse(const struct conv_image *i, const struct cell_answer *a)
{
    const str why = {a->text, strnlen(a->text, sizeof a->text)};
    REFUSE(ARGUMENT, i->place.at, "%.*s %.*s", STR_FMT(i->place), STR_FMT(why));
}

static fallible
take_pixels(arena *a, int f, struct conv_image *i)
{
    struct pixels head;
    str shared, own = STR_NONE;
    TRY(share_map(f, PIXELS_BYTES_MAX, &shared));
    err e = pixels_check(shared, &head);
    if (!e.code)
        e = try_arena_str(a, str_slice(shared, sizeof head, shared.len), &own);
    share_unmap(shared);
    TRY(e);
    i->pixels = content_of(own, i->bytes.label);
    i->width = head.width;
    i->height = head.height;
    return OK;
}

static fallible
take_answer(sight_job *j, const struct ipc_message *m, int passed)
{
    struct conv_image *i = conv_image_at(j->wish.conv, j->at);
    struct cell_answer a;
    memcpy(&a, m->body, sizeof a);
    if (a.code)
        return refuse(i, &a);
    if (passed < 0)
        FAIL(ENGINE_LOST, "hoheit-reader answered nothing");
    return take_pixels(j->wish.a, passed, i);
}

/* The next one without pixels; past the end there is none. */
static bool
has_next(sight_job *j)
{
    const struct conv_image *i;
    while ((i = conv_image_at(j->wish.conv, j->at)) && i->width)
        j->at++;
    return i != NULL;
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    sight *s = ctx;
    AUTO(fd) passed = m->fd;
    sight_job *j = find(s, m->head.id);
    if (m->head.type != CELL_DONE || m->head.body_len != sizeof(struct cell_answer)) {
        LOG(ERROR, "reader.garbled", LOG_N("type", m->head.type));
        return false;
    }
    if (!j)
        return true; /* nobody waits for it any more */
    err e = take_answer(j, m, passed);
    const bool goes_on = !e.code && has_next(j);
    if (goes_on)
        e = ask_next(j);
    if (e.code || !goes_on)
        finish(j, e);
    return true;
}

static fallible
lost(void)
{
    FAIL(ENGINE_LOST, "hoheit-reader ended");
}

static void
on_end(void *ctx)
{
    sight *s = ctx;
    ipc_free(TAKE(s->channel));
    while (s->first)
        finish(s->first, lost());
}

/* ---- the door */
fallible
sight_new(loop *l, sight **ret)
{
    sight *s = mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for what looks at images");
    *s = (sight){.loop = l};
    *ret = s;
    return OK;
}

void
sight_free(sight *s)
{
    if (!s)
        return;
    while (s->first)
        drop(s->first);
    ipc_free(s->channel);
    mem_free(s);
}

fallible
sight_connect(sight *s, int channel)
{
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_end, .ctx = s};
    on_end(s);
    return ipc_new(s->loop, channel, QUEUE_BYTES_MAX, hooks, &s->channel);
}

fallible
sight_ask(sight *s, const struct sight_wish *w, sight_job **ret)
{
    void *room;
    if (!s->channel || s->waiting == SIGHT_WAITING_MAX)
        REFUSE(BUSY, "", "images cannot be looked at just now; try again");
    TRY(try_arena_get(w->a, 1, sizeof(sight_job), &room));
    sight_job *j = room;
    *j = (sight_job){.owner = s, .wish = *w};
    ASSERT(w->fn && w->conv);
    if (!has_next(j))
        FAIL(ARGUMENT, "there is no image to look at");
    TRY(ask_next(j));
    j->next = s->first;
    s->first = j;
    s->waiting++;
    *ret = j;
    return OK;
}

void
sight_forget(sight_job *j)
{
    if (j && j->owner)
        drop(j);
}
