/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/keep.h"

#include <limits.h>
#include <stdio.h>

#include "base/fault.h"
#include "gate/keep_inside.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/log.h"

enum { SWEEP_EVERY_MS = 60000, SCRATCH_BYTES = 16 * 1024 * 1024 };

static const struct kind {
    const char *prefix, *name;
    struct keep_use uses[KEEP_ACTS];
} kinds[OBJECT_KINDS] = {
    [OBJECT_FILE] = {"file-",
                     "file",
                     {{OP_FILE_ADD, EVENT_FILE_ADD},
                      {OP_FILE_READ, EVENT_FILE_READ},
                      {OP_FILE_LIST, EVENT_FILE_LIST},
                      {OP_FILE_ADD, EVENT_FILE_ADD},
                      {OP_FILE_REMOVE, EVENT_FILE_REMOVE}}},
    [OBJECT_RESPONSE] = {"resp_",
                         "response",
                         {{OP_RESPONSE_ADD, EVENT_RESPONSE_ADD},
                          {OP_RESPONSE_READ, EVENT_RESPONSE_READ},
                          {OP_RESPONSE_READ, EVENT_RESPONSE_READ},
                          {OP_RESPONSE_CANCEL, EVENT_RESPONSE_CANCEL},
                          {OP_RESPONSE_REMOVE, EVENT_RESPONSE_REMOVE}}},
    [OBJECT_CONVERSATION] = {"conv_",
                             "conversation",
                             {{OP_CONVERSATION_ADD, EVENT_CONVERSATION_ADD},
                              {OP_CONVERSATION_READ, EVENT_CONVERSATION_READ},
                              {OP_CONVERSATION_READ, EVENT_CONVERSATION_READ},
                              {OP_CONVERSATION_WRITE, EVENT_CONVERSATION_WRITE},
                              {OP_CONVERSATION_REMOVE, EVENT_CONVERSATION_REMOVE}}},
    [OBJECT_ITEM] = {"item_",
                     "item",
                     {{OP_CONVERSATION_WRITE, EVENT_CONVERSATION_WRITE},
                      {OP_CONVERSATION_READ, EVENT_CONVERSATION_READ},
                      {OP_CONVERSATION_READ, EVENT_CONVERSATION_READ},
                      {OP_CONVERSATION_WRITE, EVENT_CONVERSATION_WRITE},
                      {OP_CONVERSATION_WRITE, EVENT_CONVERSATION_WRITE}}},
    [OBJECT_BATCH] = {"batch_",
                      "batch",
                      {{OP_BATCH_ADD, EVENT_BATCH_ADD},
                       {OP_BATCH_READ, EVENT_BATCH_READ},
                       {OP_BATCH_LIST, EVENT_BATCH_LIST},
                       {OP_BATCH_CANCEL, EVENT_BATCH_CANCEL},
                       {OP_BATCH_CANCEL, EVENT_BATCH_CANCEL}}},
    [OBJECT_LINE] = {"batch_req_",
                     "line",
                     {{OP_BATCH_ADD, EVENT_BATCH_ADD},
                      {OP_BATCH_READ, EVENT_BATCH_READ},
                      {OP_BATCH_READ, EVENT_BATCH_READ},
                      {OP_BATCH_ADD, EVENT_BATCH_ADD},
                      {OP_BATCH_CANCEL, EVENT_BATCH_CANCEL}}},
    [OBJECT_STORE] = {"vs_",
                      "store",
                      {{OP_STORE_ADD, EVENT_STORE_ADD},
                       {OP_STORE_READ, EVENT_STORE_READ},
                       {OP_STORE_READ, EVENT_STORE_READ},
                       {OP_STORE_WRITE, EVENT_STORE_WRITE},
                       {OP_STORE_REMOVE, EVENT_STORE_REMOVE}}},
    [OBJECT_STORE_FILE] = {"vsf_",
                           "file of a store",
                           {{OP_STORE_WRITE, EVENT_STORE_WRITE},
                            {OP_STORE_READ, EVENT_STORE_READ},
                            {OP_STORE_READ, EVENT_STORE_READ},
                            {OP_STORE_WRITE, EVENT_STORE_WRITE},
                            {OP_STORE_WRITE, EVENT_STORE_WRITE}}},
    [OBJECT_STORE_BATCH] = {"vsfb_",
                            "batch of files of a store",
                            {{OP_STORE_WRITE, EVENT_STORE_WRITE},
                             {OP_STORE_READ, EVENT_STORE_READ},
                             {OP_STORE_READ, EVENT_STORE_READ},
                             {OP_STORE_WRITE, EVENT_STORE_WRITE},
                             {OP_STORE_WRITE, EVENT_STORE_WRITE}}},
    /* Kept by policy and removed by time or with its owner; read by auditors only. */
    [OBJECT_WORDS] = {"said_",
                      "words",
                      {{OP_CONTENT_READ, EVENT_CONTENT_READ},
                       {OP_CONTENT_READ, EVENT_CONTENT_READ},
                       {OP_CONTENT_READ, EVENT_CONTENT_READ},
                       {OP_CONTENT_READ, EVENT_CONTENT_READ},
                       {OP_CONTENT_READ, EVENT_CONTENT_READ}}},
};

struct keep_use
keep_use_of(enum object_kind kind, enum keep_act act)
{
    ASSERT(kind > 0 && kind < OBJECT_KINDS && act < KEEP_ACTS);
    return kinds[kind].uses[act];
}

const char *
keep_kind_name(enum object_kind kind)
{
    ASSERT(kind > 0 && kind < OBJECT_KINDS);
    return kinds[kind].name;
}

/* ---- life */
static void
on_sweep(void *ctx)
{
    keep_sweep(ctx);
}

static fallible
open_stores(struct keep *k)
{
    const struct gate_parts *p = &k->gate->parts;
    char dir[PATH_MAX];
    if (snprintf(dir, sizeof dir, "%s.keys", p->blobs_dir) >= (int)sizeof dir)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(p->blobs_dir));
    TRY(subjects_open(dir, p->seal_key, &k->keys));
    TRY(objects_open(p->db, k->keys, &k->objects));
    TRY(blobs_open(p->blobs_dir, k->keys, &k->blobs));
    return loop_timer_start(p->loop, SWEEP_EVERY_MS, SWEEP_EVERY_MS, on_sweep, k, &k->sweep);
}

fallible
keep_new(gate *g, struct keep **ret)
{
    struct keep *k = mem_get(sizeof *k);
    if (!k)
        FAIL(LIMIT, "no memory for what is kept");
    *k = (struct keep){.gate = g};
    const err e = open_stores(k);
    if (e.code) {
        keep_free(k);
        return e;
    }
    *ret = k;
    return OK;
}

void
keep_free(struct keep *k)
{
    if (!k)
        return;
    loop_timer_stop(k->sweep);
    objects_free(k->objects);
    blobs_free(k->blobs);
    subjects_free(k->keys);
    mem_free(k);
}

/* ---- what is past its time */
struct due {
    struct object rows[OBJECTS_EXPIRED_MAX];
    size_t count;
};

static err
note_due(void *ctx, const struct object *row)
{
    struct due *d = ctx;
    ASSERT(d->count < OBJECTS_EXPIRED_MAX);
    d->rows[d->count++] = *row;
    return OK;
}

/* The bytes first: a row without its file says what is missing, a file without row is lost. */
static fallible
expire(struct keep *k, const struct object *row)
{
    const struct audit_record r = {.event = EVENT_KEPT_EXPIRED,
                                   .key_id = row->owner,
                                   .tenant = row->tenant,
                                   .object = row->id,
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "ok"};
    if (row->kind == OBJECT_FILE)
        TRY(blob_remove(k->blobs, row->id));
    TRY(objects_remove(k->objects, row->id));
    k->words_counted = k->words_counted && row->kind != OBJECT_WORDS;
    return audit_append(k->gate->parts.audit, &r, NULL, NULL);
}

void
keep_sweep(struct keep *k)
{
    AUTO(arena) *a = NULL;
    struct due *d;
    err e = arena_open(SCRATCH_BYTES, &a);
    if (!e.code) {
        d = arena_new(a, struct due);
        e = objects_expired(k->objects, a, clock_wall_ms(), note_due, d);
        for (size_t i = 0; i < d->count && !e.code; i++)
            e = expire(k, &d->rows[i]);
        if (!e.code)
            e = keep_end_days(k, clock_wall_ms());
    }
    if (e.code)
        log_failure(LOG_ERROR, "keep.sweep_failed", e);
}

/* ---- labels */
fallible
keep_parse_label(const struct keep_call *c, str text, label floor, label *ret)
{
    label l = c->session->default_label;
    if (text.len)
        TRY(label_parse(policy_names(c->gate->parts.policy), text, &l));
    *ret = label_join(l, floor);
    return OK;
}

str
keep_label_text(const struct keep_call *c, label l)
{
    char room[LABEL_TEXT_MAX];
    return arena_str(c->a, label_text(policy_names(c->gate->parts.policy), l, room));
}

fallible
keep_label(const struct keep_call *c, str text, label floor, str *ret)
{
    label l;
    TRY(keep_parse_label(c, text, floor, &l));
    *ret = keep_label_text(c, l);
    return OK;
}

str
keep_id(arena *a, enum object_kind kind)
{
    char room[ID_MAX];
    return arena_str(a, id_new(kinds[kind].prefix, room));
}

/* ---- cases */
static const str matter_front = STR_INIT("case ");

str
keep_matter(str tenant, str case_name, char room[MATTER_MAX])
{
    if (!case_name.len)
        return STR_NONE;
    const int n = snprintf(room, MATTER_MAX, "%s%.*s:%.*s", matter_front.at, STR_FMT(tenant),
                           STR_FMT(case_name));
    ASSERT(n > 0 && n < MATTER_MAX); /* names were checked when they came */
    return (str){room, (size_t)n};
}

str
keep_case_of(const struct object *row)
{
    const size_t front = matter_front.len + row->tenant.len + 1;
    return row->matter.len > front ? str_slice(row->matter, front, row->matter.len) : STR_NONE;
}

bool
keep_fits_case(const struct keep_call *c, const struct object *row)
{
    return !row->matter.len || c->every_case || str_eq(keep_case_of(row), c->case_name);
}

/* ---- decisions */
fallible
keep_decide(const struct keep_call *c, const struct ask *about, struct decision *d,
            const grant **ret)
{
    struct ask q = *about;
    q.session = c->session;
    q.now_wall_ms = gate_now(c->gate);
    return gate_decide(c->gate, &q, c->a, d, ret);
}

static struct audit_record
record_of(const struct keep_call *c, enum op op, str object)
{
    return (struct audit_record){.request_id = c->request_id,
                                 .key_id = c->session->key_id,
                                 .tenant = c->session->tenant,
                                 .person = c->session->person,
                                 .purpose = c->session->purpose,
                                 .case_name = c->case_name,
                                 .op = str_of(op_info(op)->name),
                                 .object = object,
                                 .decision = "",
                                 .rule = "",
                                 .outcome = ""};
}

fallible
keep_leave(const struct keep_call *c, enum op op, label data, const grant **ret)
{
    struct err_kept denied;
    struct decision d;
    const struct ask q = {
        .op = op, .data = data, .target = policy_local_sink(c->gate->parts.policy)};
    const err e = keep_decide(c, &q, &d, ret);
    if (e.code != ERR_DENIED && e.code != ERR_UNAUTHENTICATED)
        return e;
    err_keep(&denied, e);
    struct audit_record r = record_of(c, op, STR_NONE);
    r.label_text = keep_label_text(c, data);
    TRY(gate_record_decision(c->gate, &r, &d, NULL, NULL));
    return err_again(&denied);
}

static err
hidden(struct decision *d, const char *why)
{
    if (d->allowed) {
        *d = (struct decision){.rule = "op.scope", .granted_by = ""};
        snprintf(d->why, sizeof d->why, "%s", why);
    }
    return err_start(ERR_NOT_FOUND, __FILE__, __LINE__, __func__, "not to be seen");
}

static bool
is_asked_for(const struct object *o, const struct keep_name *n)
{
    return o->kind == n->kind && (!n->parent.len || str_eq(o->parent, n->parent));
}

fallible
keep_find(const struct keep_call *c, enum op op, const struct keep_name *n, struct decision *d,
          struct kept *ret)
{
    struct kept k = {.meta = STR_NONE};
    const err e = objects_find(c->gate->keep->objects, c->a, n->id, clock_wall_ms(), &k.head);
    *d = (struct decision){.allowed = true, .rule = "default", .granted_by = ""};
    if (e.code)
        return e;
    if (!is_asked_for(&k.head, n))
        return err_start(ERR_NOT_FOUND, __FILE__, __LINE__, __func__, "of another kind");
    if (!str_eq(k.head.owner, session_owner(c->session)))
        return hidden(d, "what was asked for belongs to another key");
    if (!keep_fits_case(c, &k.head))
        return hidden(d, "what was asked for belongs to a case that was not named");
    const struct ask q = {
        .op = op, .data = k.head.label, .target = policy_local_sink(c->gate->parts.policy)};
    if (keep_decide(c, &q, d, &k.grant).code)
        return hidden(d, "");
    k.label_text = keep_label_text(c, k.head.label);
    *ret = k;
    return OK;
}

fallible
keep_open_meta(const struct keep_call *c, struct kept *k)
{
    return objects_meta(c->gate->keep->objects, c->a, k->grant, &k->head, &k->meta);
}

/* ---- records */
struct wait {
    struct keep_call call;
    struct err_kept end; /* what `done` gets when all went well */
    struct object added; /* taken back when not; kind 0: nothing */
    bool is_over;
};

static void
wait_done(void *p)
{
    struct wait *w = p;
    if (!w->is_over) /* whoever waited went away */
        audit_forget(w->call.gate->parts.audit, w);
}

static void
take_back(struct keep *k, const struct object *added)
{
    err e = objects_remove(k->objects, added->id);
    if (!e.code && added->kind == OBJECT_FILE)
        e = blob_remove(k->blobs, added->id);
    if (e.code) /* nobody was told its id */
        log_failure(LOG_ERROR, "keep.not_undone", e);
}

static void
on_recorded(void *ctx, err e)
{
    struct wait *w = ctx;
    const struct keep_call c = w->call;
    struct err_kept failure;
    w->is_over = true;
    err_keep(&failure, e);
    if (e.code && w->added.kind)
        take_back(c.gate->keep, &w->added);
    if (!e.code)
        failure = w->end;
    c.done(c.ctx, err_again(&failure));
}

static fallible
wait_new(const struct keep_call *c, struct wait **ret)
{
    void *room;
    TRY(try_arena_get(c->a, 1, sizeof(struct wait), &room));
    struct wait *w = room;
    w->call = *c;
    arena_on_end(c->a, wait_done, w);
    *ret = w;
    return OK;
}

static fallible
append(const struct keep_call *c, struct keep_use u, const struct object *object,
       const struct object *added)
{
    struct wait *w;
    TRY(wait_new(c, &w));
    if (added)
        w->added = *added;
    struct audit_record r = record_of(c, u.op, object ? object->id : STR_NONE);
    r.event = u.event;
    r.decision = "allowed";
    r.rule = "default";
    r.outcome = "ok";
    if (object)
        r.label_text = keep_label_text(c, object->label);
    const err e = audit_append(c->gate->parts.audit, &r, on_recorded, w);
    w->is_over = e.code != 0;
    return e;
}

fallible
keep_record(const struct keep_call *c, struct keep_use u, const struct object *object,
            const struct object *added)
{
    struct err_kept kept;
    const err e = append(c, u, object, added);
    err_keep(&kept, e);
    if (e.code && added)
        take_back(c->gate->keep, added);
    return err_again(&kept);
}

fallible
keep_missing(const struct keep_call *c, enum op op, str id, const struct decision *d)
{
    struct wait *w;
    TRY(wait_new(c, &w));
    err_keep(&w->end, err_start_public(ERR_NOT_FOUND, "id", __FILE__, __LINE__, __func__,
                                       "there is no such thing here, or no longer"));
    /* An id that a client makes up is not worth more of the log than ours have. */
    struct audit_record r = record_of(c, op, str_slice(id, 0, ID_MAX));
    r.outcome = err_info((err){ERR_NOT_FOUND})->id;
    const err e = gate_record_decision(c->gate, &r, d, on_recorded, w);
    w->is_over = e.code != 0;
    return e;
}

/* ---- one thing */
static fallible
check_room(const struct keep_call *c, uint64_t more)
{
    const uint64_t most = c->gate->parts.params->keep_tenant_bytes_max;
    uint64_t bytes = 0;
    TRY(objects_bytes(c->gate->keep->objects, c->session->tenant, &bytes));
    if (bytes >= most || more > most - bytes)
        REFUSE(TOO_LARGE, "", "more than %llu bytes would be kept for this tenant: remove some",
               (unsigned long long)most);
    return OK;
}

fallible
keep_row_of(const struct keep_call *c, const struct keep_wish *w, label l, struct object *ret)
{
    const int64_t now = clock_wall_ms();
    char room[MATTER_MAX];
    str matter;
    TRY(check_room(c, w->meta.len + w->size_bytes));
    TRY(try_arena_str(c->a, keep_matter(c->session->tenant, c->case_name, room), &matter));
    *ret = (struct object){.kind = w->kind,
                           .matter = matter,
                           .id = w->id.len ? w->id : keep_id(c->a, w->kind),
                           .parent = w->parent,
                           .tenant = c->session->tenant,
                           .owner = session_owner(c->session),
                           .label = l,
                           .state = w->state,
                           .created_wall_ms = now,
                           .expires_wall_ms = w->valid_ms ? now + (int64_t)w->valid_ms : 0,
                           .size_bytes = w->size_bytes};
    return OK;
}

fallible
keep_add(const struct keep_call *c, const struct keep_wish *w, struct kept *ret)
{
    const struct keep_use use = keep_use_of(w->kind, KEEP_ADD);
    label l;
    TRY(keep_parse_label(c, w->label_text, w->floor, &l));
    TRY(keep_leave(c, use.op, l, &ret->grant));
    TRY(keep_row_of(c, w, l, &ret->head));
    TRY(objects_add(c->gate->keep->objects, ret->grant, &ret->head, w->meta));
    ret->label_text = keep_label_text(c, l);
    ret->meta = w->meta;
    return keep_record(c, use, &ret->head, &ret->head);
}

fallible
keep_get(const struct keep_call *c, const struct keep_name *n, struct kept *ret)
{
    const struct keep_use use = keep_use_of(n->kind, KEEP_READ);
    struct decision d;
    const grant *leave;
    TRY(keep_leave(c, use.op, LABEL_BOTTOM, &leave));
    const err e = keep_find(c, use.op, n, &d, ret);
    if (e.code == ERR_NOT_FOUND)
        return keep_missing(c, use.op, n->id, &d);
    TRY(e);
    TRY(keep_open_meta(c, ret));
    return keep_record(c, use, &ret->head, NULL);
}

fallible
keep_allow(const struct keep_call *c, enum op op, str label_text, struct kept *ret)
{
    struct wait *w;
    struct decision d = {.allowed = true, .rule = "default", .granted_by = ""};
    *ret = (struct kept){.meta = STR_NONE};
    TRY(keep_parse_label(c, label_text, LABEL_BOTTOM, &ret->head.label));
    TRY(keep_leave(c, op, ret->head.label, &ret->grant));
    ret->label_text = keep_label_text(c, ret->head.label);
    TRY(wait_new(c, &w));
    struct audit_record r = record_of(c, op, STR_NONE);
    r.label_text = ret->label_text;
    r.outcome = "ok";
    const err e = gate_record_decision(c->gate, &r, &d, on_recorded, w);
    w->is_over = e.code != 0;
    return e;
}

fallible
keep_set(const struct keep_call *c, struct kept *k, str label_text)
{
    const struct keep_use use = keep_use_of(k->head.kind, KEEP_SET);
    label l;
    if (label_text.len) {
        TRY(keep_parse_label(c, label_text, LABEL_BOTTOM, &l));
        TRY(keep_check_mark(c, use.op, &k->head, l));
    }
    TRY(keep_leave(c, use.op, k->head.label, &k->grant));
    TRY(objects_set(c->gate->keep->objects, k->grant, &k->head, k->meta));
    return keep_record(c, use, &k->head, NULL);
}

fallible
keep_remove(const struct keep_call *c, const struct keep_name *n)
{
    const struct keep_use use = keep_use_of(n->kind, KEEP_REMOVE);
    struct keep *k = c->gate->keep;
    struct kept found;
    struct decision d;
    const grant *leave;
    TRY(keep_leave(c, use.op, LABEL_BOTTOM, &leave));
    const err e = keep_find(c, use.op, n, &d, &found);
    if (e.code == ERR_NOT_FOUND)
        return keep_missing(c, use.op, n->id, &d);
    TRY(e);
    if (n->kind == OBJECT_FILE)
        TRY(blob_remove(k->blobs, n->id));
    TRY(objects_remove(k->objects, n->id));
    return keep_record(c, use, &found.head, NULL);
}

/* ---- lists */
struct listing {
    const struct keep_call *call;
    const struct keep_page *page;
    const grant *grant;
    struct kept_list *list;
};

/* What the grant does not cover is passed over as if it were not there. */
static err
take_row(void *ctx, const struct object *row)
{
    struct listing *l = ctx;
    struct kept k = {.head = *row, .grant = l->grant};
    if (!grant_covers(l->grant, row->label) ||
        !str_eq(row->owner, session_owner(l->call->session)) || !keep_fits_case(l->call, row))
        return OK;
    TRY(keep_open_meta(l->call, &k));
    k.label_text = keep_label_text(l->call, row->label);
    if (l->page->fits && !l->page->fits(l->page->ctx, &k))
        return OK;
    if (l->list->list.count == l->page->count) {
        l->list->has_more = true;
        FAIL(CANCELLED, "the page is full");
    }
    return VEC_ADD(l->call->a, &l->list->list, &k);
}

static fallible
place_of(const struct keep_call *c, enum op op, const struct keep_page *p, int64_t *ret)
{
    const struct keep_name n = {.kind = p->kind, .id = p->after, .parent = p->parent};
    struct kept k;
    struct decision d;
    if (!p->after.len)
        return OK;
    const err e = keep_find(c, op, &n, &d, &k);
    if (e.code == ERR_NOT_FOUND)
        REFUSE(ARGUMENT, "after", "after must be the id of an entry of the list");
    TRY(e);
    *ret = k.head.seq;
    return OK;
}

static fallible
fill_list(const struct keep_call *c, enum op op, const struct keep_page *p, struct listing *l)
{
    struct object_query q = {.kind = p->kind,
                             .owner = p->parent.len ? STR_NONE : session_owner(c->session),
                             .parent = p->parent,
                             .newest_first = !p->oldest_first,
                             .now_wall_ms = clock_wall_ms()};
    TRY(place_of(c, op, p, &q.after));
    return objects_each(c->gate->keep->objects, c->a, &q, take_row, l);
}

static enum object_kind
parent_kind(enum object_kind of)
{
    return of == OBJECT_ITEM ? OBJECT_CONVERSATION : OBJECT_STORE;
}

fallible
keep_list(const struct keep_call *c, const struct keep_page *p, struct kept_list *ret)
{
    const struct keep_use use = keep_use_of(p->kind, KEEP_LIST);
    struct kept parent = {.head = {.kind = 0}};
    struct decision d;
    struct listing l = {.call = c, .page = p, .list = ret};
    *ret = (struct kept_list){.has_more = false};
    TRY(keep_leave(c, use.op, LABEL_BOTTOM, &l.grant));
    if (p->parent.len) {
        const struct keep_name n = {.kind = parent_kind(p->kind), .id = p->parent};
        const err e = keep_find(c, use.op, &n, &d, &parent);
        if (e.code == ERR_NOT_FOUND)
            return keep_missing(c, use.op, p->parent, &d);
        TRY(e);
        ret->label_text = parent.label_text;
    }
    TRY(fill_list(c, use.op, p, &l));
    return keep_record(c, use, parent.head.kind ? &parent.head : NULL, NULL);
}
