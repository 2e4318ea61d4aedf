/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/registry_list.h"

#include <ctype.h>

int
registry_list_compare(str a, str b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < n; i++) {
        const int x = tolower((unsigned char)a.at[i]), y = tolower((unsigned char)b.at[i]);
        if (x != y)
            return x - y;
    }
    return (a.len > b.len) - (a.len < b.len);
}

/* Where `name` is or would be. */
static size_t
place_of(const struct registry_list *l, str name)
{
    size_t from = 0, to = l->count;
    while (from < to) {
        const size_t mid = from + (to - from) / 2;
        if (registry_list_compare(l->at[mid]->name, name) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

registry_item *
registry_list_find(const struct registry_list *l, str name)
{
    const size_t i = place_of(l, name);
    return i < l->count && registry_list_compare(l->at[i]->name, name) == 0 ? l->at[i] : NULL;
}

fallible
registry_list_reserve(struct registry_list *l, size_t max)
{
    if (l->count >= max)
        FAIL(LIMIT, "%zu names are the most there may be", max);
    if (l->count < l->room)
        return OK;
    const size_t room = l->room ? 2 * l->room : 16;
    void *at = mem_grow(l->at, room * sizeof *l->at);
    if (!at)
        FAIL(LIMIT, "no memory for %zu names", room);
    l->at = at;
    l->room = room;
    return OK;
}

void
registry_list_add(struct registry_list *l, registry_item *x)
{
    ASSERT(l->count < l->room);
    const size_t i = place_of(l, x->name);
    memmove(&l->at[i + 1], &l->at[i], (l->count - i) * sizeof *l->at);
    l->at[i] = x;
    l->count++;
}

void
registry_list_take(struct registry_list *l, const registry_item *x)
{
    const size_t i = place_of(l, x->name);
    ASSERT(i < l->count && l->at[i] == x);
    l->count--;
    memmove(&l->at[i], &l->at[i + 1], (l->count - i) * sizeof *l->at);
}

static void
text_in(str *s, char **room)
{
    if (s->len)
        memcpy(*room, s->at, s->len);
    s->at = *room;
    *room += s->len;
}

fallible
registry_item_new(str name, const struct model *m, str spec, registry_item **ret)
{
    const size_t texts = name.len + spec.len + m->file.len + m->sha256.len + m->licence.len +
                         m->architecture.len + m->origin.len + m->label_text.len + m->engine.len;
    registry_item *x = mem_get(sizeof *x + texts);
    if (!x)
        FAIL(LIMIT, "no memory for a model's %zu bytes", texts);
    char *room = (char *)(x + 1), *lower = room;
    *x = (registry_item){.name = name, .model = *m, .spec = spec};
    text_in(&x->name, &room);
    for (size_t i = 0; i < name.len; i++)
        lower[i] = (char)tolower((unsigned char)lower[i]);
    x->model.name = x->name;
    text_in(&x->spec, &room);
    text_in(&x->model.file, &room);
    text_in(&x->model.sha256, &room);
    text_in(&x->model.licence, &room);
    text_in(&x->model.architecture, &room);
    text_in(&x->model.origin, &room);
    text_in(&x->model.label_text, &room);
    text_in(&x->model.engine, &room);
    *ret = x;
    return OK;
}

void
registry_list_done(struct registry_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        mem_free(l->at[i]);
    mem_free(l->at);
}
