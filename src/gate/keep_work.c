/* SPDX-License-Identifier: EUPL-1.2 */
/* What goes on without anybody waiting. */
#include "gate/keep.h"

#include <stdio.h>

#include "gate/keep_inside.h"
#include "os/clock.h"

fallible
keep_note(gate *g, struct kept *k)
{
    ASSERT(k->grant);
    return objects_set(g->keep->objects, k->grant, &k->head, k->meta);
}

fallible
keep_ended(const struct keep_call *c, struct kept *k)
{
    const struct audit_record r = {.event = EVENT_BATCH_END,
                                   .request_id = c->request_id,
                                   .key_id = k->head.owner,
                                   .tenant = k->head.tenant,
                                   .object = k->head.id,
                                   .label_text = keep_label_text(c, k->head.label),
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "ok"};
    TRY(keep_note(c->gate, k));
    return audit_append(c->gate->parts.audit, &r, NULL, NULL);
}

fallible
keep_end(gate *g, const struct object *head, const char *state)
{
    return objects_set_state(g->keep->objects, head->id, str_of(state));
}

fallible
keep_resume(const struct keep_call *c, const struct keep_name *n, struct kept *ret)
{
    struct decision d;
    TRY(keep_find(c, keep_use_of(n->kind, KEEP_READ).op, n, &d, ret));
    return keep_open_meta(c, ret);
}

struct search {
    const char *const *ended;
    arena *a;
    struct kept_list *list;
};

static err
take_unfinished(void *ctx, const struct object *row)
{
    struct search *s = ctx;
    const struct kept k = {.head = *row};
    for (const char *const *e = s->ended; *e; e++)
        if (str_eq(row->state, str_of(*e)))
            return OK;
    return VEC_ADD(s->a, &s->list->list, &k);
}

fallible
keep_unfinished(gate *g, const struct keep_search *search, arena *a, struct kept_list *ret)
{
    const struct object_query q = {.kind = search->kind, .now_wall_ms = clock_wall_ms()};
    struct search s = {search->ended, a, ret};
    *ret = (struct kept_list){.has_more = false};
    return objects_each(g->keep->objects, a, &q, take_unfinished, &s);
}

const struct session *
keep_owner(const gate *g, const struct object *head)
{
    return keyring_session(g->keys, head->owner);
}

struct children {
    const struct keep_call *call;
    const struct keep_children *wanted;
};

static err
take_child(void *ctx, const struct object *row)
{
    const struct children *w = ctx;
    const struct keep_name n = {.kind = w->wanted->kind, .id = row->id};
    struct keep_call call = *w->call;
    struct kept k;
    call.a = w->wanted->scratch;
    err e = keep_resume(&call, &n, &k);
    if (e.code == ERR_NOT_FOUND)
        return OK;
    if (!e.code)
        e = w->wanted->fn(w->wanted->ctx, &k);
    arena_reset(w->wanted->scratch);
    return e;
}

fallible
keep_each_child(const struct keep_call *c, const struct keep_children *wanted)
{
    const struct object_query q = {.kind = wanted->kind,
                                   .owner = wanted->parent.len ? STR_NONE : c->session->key_id,
                                   .parent = wanted->parent,
                                   .now_wall_ms = clock_wall_ms()};
    struct children w = {.call = c, .wanted = wanted};
    return objects_each(c->gate->keep->objects, c->a, &q, take_child, &w);
}

fallible
keep_drop(gate *g, const struct kept *k)
{
    ASSERT(k->grant && k->head.kind != OBJECT_FILE);
    return objects_remove(g->keep->objects, k->head.id);
}

/* ---- lines */
static fallible
raise_batch(const struct keep_call *c, struct kept *batch, label l)
{
    if (label_dominates(batch->head.label, l))
        return OK;
    batch->head.label = label_join(batch->head.label, l);
    TRY(keep_leave(c, OP_BATCH_ADD, batch->head.label, &batch->grant));
    batch->label_text = keep_label_text(c, batch->head.label);
    return keep_note(c->gate, batch);
}

fallible
keep_add_line(const struct keep_call *c, struct kept *batch, const struct keep_line *l)
{
    const struct keep_wish w = {.kind = OBJECT_LINE,
                                .id = l->id,
                                .parent = batch->head.id,
                                .state = l->is_good ? STR("good") : STR("bad"),
                                .meta = l->meta};
    const grant *leave;
    struct object row;
    label mark = batch->head.label;
    if (l->label_text.len)
        TRY(keep_parse_label(c, l->label_text, LABEL_BOTTOM, &mark));
    TRY(keep_leave(c, OP_BATCH_ADD, mark, &leave));
    TRY(keep_row_of(c, &w, mark, &row));
    TRY(objects_add(c->gate->keep->objects, leave, &row, w.meta));
    return raise_batch(c, batch, mark);
}

struct walk {
    const struct keep_call *call;
    const struct kept *batch;
    const struct keep_lines *wanted;
    size_t count;
};

static err
take_line(void *ctx, const struct object *row)
{
    struct walk *w = ctx;
    struct keep_line l = {
        .id = row->id, .is_good = str_eq(row->state, STR("good")), .seq = row->seq};
    if (w->count++ == w->wanted->max)
        FAIL(CANCELLED, "enough for now");
    arena *scratch = w->wanted->scratch;
    if (scratch)
        TRY(objects_meta(w->call->gate->keep->objects, scratch, w->batch->grant, row, &l.meta));
    TRY(w->wanted->fn(w->wanted->ctx, &l));
    if (scratch)
        arena_reset(scratch);
    return OK;
}

fallible
keep_each_line(const struct keep_call *c, const struct kept *batch, arena *a,
               const struct keep_lines *wanted)
{
    const struct object_query q = {.kind = OBJECT_LINE,
                                   .parent = batch->head.id,
                                   .after = wanted->after,
                                   .now_wall_ms = clock_wall_ms()};
    struct walk w = {.call = c, .batch = batch, .wanted = wanted};
    return objects_each(c->gate->keep->objects, a, &q, take_line, &w);
}

fallible
keep_drop_lines(gate *g, const struct kept *batch)
{
    return objects_remove_lines(g->keep->objects, batch->head.id);
}

/* ---- what was said, where policy has it kept */
enum { DAY_MS = 86400000, WORDS_ID_MAX = 128 };

static str
words_id(str request_id, char room[WORDS_ID_MAX])
{
    const int n = snprintf(room, WORDS_ID_MAX, "said_%.*s", STR_FMT(request_id));
    return (str){room, n > 0 && n < WORDS_ID_MAX ? (size_t)n : 0};
}

fallible
keep_words(gate *g, const struct keep_words *w, digest *ret_commitment)
{
    char room[WORDS_ID_MAX];
    str text;
    digest d;
    const int64_t days = (int64_t)policy_keep_days(g->parts.policy, w->label);
    const int64_t now = clock_wall_ms();
    struct object row = {.kind = OBJECT_WORDS,
                         .id = words_id(w->request_id, room),
                         .tenant = w->session->tenant,
                         .owner = w->session->key_id,
                         .label = w->label,
                         .created_wall_ms = now,
                         .expires_wall_ms = now + days * DAY_MS,
                         .size_bytes = 0};
    if (!row.id.len)
        FAIL(LIMIT, "the id of a request is too long");
    if (!days) /* another policy since: no longer */
        row.expires_wall_ms = now + 1;
    TRY(words_end(w->said, &text, &d));
    TRY(objects_add(g->keep->objects, w->grant, &row, text));
    *ret_commitment = d;
    return OK;
}

/* What another one said, so whose it is does not matter; what is above the clearance is not there.
 */
static fallible
find_words(const struct keep_call *c, str request_id, struct decision *d, struct kept *ret)
{
    char room[WORDS_ID_MAX];
    struct kept k = {.meta = STR_NONE};
    const err e = objects_find(c->gate->keep->objects, c->a, words_id(request_id, room),
                               clock_wall_ms(), &k.head);
    *d = (struct decision){.allowed = true, .rule = "default", .granted_by = ""};
    if (e.code)
        return e;
    const struct ask q = {.op = OP_CONTENT_READ,
                          .data = k.head.label,
                          .target = policy_local_sink(c->gate->parts.policy)};
    if (k.head.kind != OBJECT_WORDS || keep_decide(c, &q, d, &k.grant).code)
        return err_start(ERR_NOT_FOUND, __FILE__, __LINE__, __func__, "not to be seen");
    k.label_text = keep_label_text(c, k.head.label);
    *ret = k;
    return OK;
}

fallible
keep_words_read(const struct keep_call *c, str request_id, struct kept *ret)
{
    const struct keep_use use = keep_use_of(OBJECT_WORDS, KEEP_READ);
    struct decision d;
    const grant *may;
    TRY(keep_leave(c, use.op, LABEL_BOTTOM, &may));
    const err e = find_words(c, request_id, &d, ret);
    if (e.code == ERR_NOT_FOUND)
        return keep_missing(c, use.op, request_id, &d);
    TRY(e);
    TRY(keep_open_meta(c, ret));
    return keep_record(c, use, &ret->head, NULL);
}

/* ---- what is to be forgotten */
enum { ERASE_SCRATCH = 1024 * 1024 };

struct erasing {
    struct keep *k;
    struct keep_erased *total;
};

static err
erase_bytes(void *ctx, const struct object *row)
{
    struct erasing *e = ctx;
    if (row->kind == OBJECT_FILE)
        TRY(blob_remove(e->k->blobs, row->id));
    e->total->things++;
    e->total->bytes += row->size_bytes;
    return OK;
}

/* The key first: what a crash leaves behind it can be opened by nobody. */
fallible
keep_erase(gate *g, str owner, struct keep_erased *total)
{
    AUTO(arena) *a = NULL;
    struct erasing e = {g->keep, total};
    TRY(arena_open(ERASE_SCRATCH, &a));
    TRY(subjects_erase(g->keep->keys, owner));
    return objects_erase(g->keep->objects, a, owner, erase_bytes, &e);
}
