/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/sight/sight.h"

#include <stdio.h>

#include "base/fault.h"
#include "know/cell/cell.h"
#include "sight/pixels.h"

struct sight_job {
    cells *cells;
    struct sight_wish wish;
    size_t at;          /* the image that is asked for */
    cells_job *reading; /* NULL: over */
};

static fallible
take_pixels(const struct sight_job *j, content read, struct conv_image *i)
{
    struct pixels head;
    str bytes, own;
    TRY(content_open(read, j->wish.own, &bytes));
    TRY(pixels_check(bytes, &head));
    TRY(try_arena_str(j->wish.a, str_slice(bytes, sizeof head, bytes.len), &own));
    i->pixels = content_of(own, i->bytes.label);
    i->width = head.width;
    i->height = head.height;
    return OK;
}

/* What is said of the image, said of its place in the request. */
static fallible
refuse(const struct conv_image *i, err e)
{
    char why[256];
    (void)snprintf(why, sizeof why, "%s", err_public(e));
    if (e.code != ERR_PARSE && e.code != ERR_UNSUPPORTED && e.code != ERR_LIMIT)
        return e;
    REFUSE(ARGUMENT, i->place.at, "%.*s %s", STR_FMT(i->place), why);
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

static cells_read_fn on_read;

static fallible
ask_next(sight_job *j)
{
    const struct cells_ask ask = {.grant = j->wish.own,
                                  .form = CELL_IMAGE,
                                  .bytes = conv_image_at(j->wish.conv, j->at)->bytes};
    return cells_read(j->cells, &ask, on_read, j, &j->reading);
}

static void
on_read(void *ctx, content read, err e)
{
    sight_job *const j = ctx;
    struct conv_image *const i = conv_image_at(j->wish.conv, j->at);
    j->reading = NULL;
    e = e.code ? refuse(i, e) : take_pixels(j, read, i);
    const bool goes_on = !e.code && has_next(j);
    if (goes_on)
        e = ask_next(j);
    if (e.code || !goes_on)
        j->wish.fn(j->wish.ctx, e);
}

fallible
sight_ask(cells *c, const struct sight_wish *w, sight_job **ret)
{
    void *room;
    ASSERT(w->fn && w->conv);
    TRY(try_arena_get(w->a, 1, sizeof(sight_job), &room));
    sight_job *const j = room;
    *j = (sight_job){.cells = c, .wish = *w};
    if (!has_next(j))
        FAIL(ARGUMENT, "there is no image to look at");
    TRY(ask_next(j));
    *ret = j;
    return OK;
}

void
sight_forget(sight_job *j)
{
    if (j)
        cells_cancel(TAKE(j->reading));
}
