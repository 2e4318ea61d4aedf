/* SPDX-License-Identifier: EUPL-1.2 */
/* What goes on without anybody waiting. */
#include "gate/keep.h"

#include <stdio.h>

#include "crypt/seal.h"
#include "gate/keep_inside.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/log.h"
#include "store/releases.h"

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
    return keyring_session_of(g->keys, head->owner);
}

const struct session *
keep_heir(const gate *g, const struct session *s)
{
    return keyring_heir(g->keys, s);
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
                                   .owner =
                                       wanted->parent.len ? STR_NONE : session_owner(c->session),
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

fallible
keep_is_there(gate *g, arena *a, str id, bool *ret)
{
    struct object unused;
    const err e = objects_find(g->keep->objects, a, id, clock_wall_ms(), &unused);
    if (e.code && e.code != ERR_NOT_FOUND)
        return e;
    *ret = !e.code;
    return OK;
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
enum { DAY_MS = 86400000, WORDS_ID_BYTES = 16 };

/* One request may go through the door several times, so its id is the parent's place. */
static str
words_id(const digest *commitment, char room[ID_MAX])
{
    char hex[65];
    digest_text(commitment, hex);
    const int n = snprintf(room, ID_MAX, "said_%.*s", 2 * WORDS_ID_BYTES, hex);
    return (str){room, (size_t)n};
}

/* What is to go on the same day is sealed under a key of that day besides its owner's, so that it
 * goes from every copy as well when the day has come.  The mark tells it from what was kept before
 * there were such keys, which is JSON. */
enum { DAY_NAME_MAX = 48, DAYS_BACK = 400, SEALED_MARK = 1 };

static str
day_name(int64_t day, char room[DAY_NAME_MAX])
{
    const int n = snprintf(room, DAY_NAME_MAX, "words until day %lld", (long long)day);
    return (str){room, (size_t)n};
}

/* The first day on which all of it is over. */
static int64_t
last_day(int64_t expires_wall_ms)
{
    return expires_wall_ms / DAY_MS + 1;
}

static fallible
seal_for_day(gate *g, const struct object *row, str text, buf *ret)
{
    char room[DAY_NAME_MAX];
    const secret *key;
    TRY(subjects_key(g->keep->keys, day_name(last_day(row->expires_wall_ms), room), &key));
    buf_add_char(ret, SEALED_MARK);
    return seal_close(key, row->id, text, ret);
}

static fallible
open_of_day(gate *g, arena *a, struct kept *k)
{
    char room[DAY_NAME_MAX];
    AUTO(buf) plain = BUF(OBJECT_META_MAX);
    const secret *key;
    if (!k->meta.len || k->meta.at[0] != SEALED_MARK)
        return OK;
    TRY(subjects_find(g->keep->keys, day_name(last_day(k->head.expires_wall_ms), room), &key));
    err e = seal_open(key, k->head.id, str_slice(k->meta, 1, k->meta.len), &plain);
    if (!e.code)
        e = try_arena_str(a, buf_str(&plain), &k->meta);
    if (plain.at)
        wipe(plain.at, plain.len);
    return e;
}

static fallible
end_day(struct keep *k, int64_t day)
{
    char room[DAY_NAME_MAX];
    const str name = day_name(day, room);
    const secret *unused;
    const err e = subjects_find(k->keys, name, &unused);
    if (e.code == ERR_NOT_FOUND || e.code == ERR_CORRUPT) /* gone already, or never made */
        return OK;
    TRY(e);
    TRY(subjects_erase(k->keys, name));
    const struct audit_record r = {.event = EVENT_KEPT_EXPIRED,
                                   .object = name,
                                   .why = STR("the key of that day was destroyed"),
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "ok"};
    return audit_append(k->gate->parts.audit, &r, NULL, NULL);
}

fallible
keep_end_days(struct keep *k, int64_t now_wall_ms)
{
    const int64_t today = now_wall_ms / DAY_MS;
    if (today == k->words_day)
        return OK;
    int64_t day = today - k->words_day > DAYS_BACK ? today - DAYS_BACK : k->words_day;
    for (; day <= today; day++)
        TRY(end_day(k, day));
    k->words_day = today;
    return OK;
}

/* Nobody waits for the record; the answer that fails says it too. */
static void
say_full(struct keep *k)
{
    const struct audit_record r = {.event = EVENT_KEPT_FULL,
                                   .why = STR("keep.words_bytes_max is reached"),
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "full"};
    if (k->words_full)
        return;
    k->words_full = true;
    LOG(ERROR, "kept.full", LOG_N("bytes", k->words_bytes));
    const err e = audit_append(k->gate->parts.audit, &r, NULL, NULL);
    if (e.code)
        log_failure(LOG_ERROR, "audit.lost", e);
}

fallible
keep_words_room(gate *g, uint64_t more_bytes)
{
    struct keep *k = g->keep;
    const uint64_t most = g->parts.params->keep_words_bytes_max;
    if (!k->words_counted)
        TRY(objects_kind_bytes(k->objects, OBJECT_WORDS, &k->words_bytes));
    k->words_counted = true;
    if (k->words_bytes < most && more_bytes <= most - k->words_bytes) {
        k->words_full = k->words_full && k->words_bytes > most - most / 16;
        return OK;
    }
    say_full(k);
    REFUSE(DISK_FULL, "",
           "what is said under this label must be kept, and all room for that is taken: tell "
           "operations (keep.words_bytes_max)");
}

fallible
keep_words(gate *g, const struct keep_words *w, digest *ret_commitment)
{
    char room[ID_MAX], matter[MATTER_MAX];
    str text;
    digest d;
    const int64_t now = clock_wall_ms();
    const int64_t days = (int64_t)policy_keep_days(g->parts.policy, w->label);
    TRY(words_end(w->said, &text, &d));
    TRY(keep_words_room(g, text.len));
    struct object row = {.kind = OBJECT_WORDS,
                         .id = words_id(&d, room),
                         .parent = w->request_id,
                         .tenant = w->session->tenant,
                         .owner = session_owner(w->session),
                         .matter = keep_matter(w->session->tenant, w->case_name, matter),
                         .label = w->label,
                         .created_wall_ms = now,
                         /* Another policy since: no longer. */
                         .expires_wall_ms = now + (days ? days * DAY_MS : 1)};
    AUTO(buf) sealed = BUF(OBJECT_META_MAX);
    TRY(seal_for_day(g, &row, text, &sealed));
    TRY(objects_add(g->keep->objects, w->grant, &row, buf_str(&sealed)));
    g->keep->words_bytes += sealed.len;
    *ret_commitment = d;
    return OK;
}

struct finding {
    const struct keep_call *c;
    struct decision *d;
    struct kept_list *list;
    label all;
};

/* Another one said it, so whose it is does not matter; what is above the clearance is passed over
 * as if it were not there, and so is what cannot be opened since its owner was erased. */
static err
take_words(void *ctx, const struct object *row)
{
    struct finding *f = ctx;
    struct kept k = {.head = *row};
    const struct ask q = {.op = OP_CONTENT_READ,
                          .data = row->label,
                          .target = policy_local_sink(f->c->gate->parts.policy)};
    if (keep_decide(f->c, &q, f->d, &k.grant).code)
        return OK;
    err e = keep_open_meta(f->c, &k);
    if (!e.code)
        e = open_of_day(f->c->gate, f->c->a, &k);
    if (e.code == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    k.label_text = keep_label_text(f->c, row->label);
    f->all = label_join(f->all, row->label);
    return VEC_ADD(f->c->a, &f->list->list, &k);
}

fallible
keep_words_read(const struct keep_call *c, str request_id, struct kept_list *ret)
{
    const struct keep_use use = keep_use_of(OBJECT_WORDS, KEEP_READ);
    const struct object_query q = {
        .kind = OBJECT_WORDS, .parent = request_id, .now_wall_ms = clock_wall_ms()};
    struct decision d = {.allowed = true, .rule = "default", .granted_by = ""};
    struct finding f = {.c = c, .d = &d, .list = ret};
    const grant *may;
    *ret = (struct kept_list){.has_more = false};
    TRY(keep_leave(c, use.op, LABEL_BOTTOM, &may));
    if (request_id.len)
        TRY(objects_each(c->gate->keep->objects, c->a, &q, take_words, &f));
    if (!ret->list.count)
        return keep_missing(c, use.op, request_id, &d);
    const struct object all = {.id = request_id, .label = f.all};
    return keep_record(c, use, &all, NULL);
}

/* ---- salts */
enum { SALT_ABOUT_MAX = 256 };

fallible
keep_salt(gate *g, const struct keep_salt_of *of, digest *ret)
{
    const struct session *s = keyring_session(g->keys, of->key_id);
    const str owner = s ? session_owner(s) : of->key_id;
    const str whose = owner.len ? owner : STR("operator");
    char about[SALT_ABOUT_MAX], room[MATTER_MAX];
    const str matter = keep_matter(of->tenant, of->case_name, room);
    const secret *key;
    const int n = snprintf(about, sizeof about, "hoheit digest v1 %.*s", STR_FMT(of->request_id));
    ASSERT(n > 0 && (size_t)n < sizeof about);
    if (of->may_make)
        TRY(subjects_key_for(g->keep->keys, whose, matter, &key));
    else {
        const err e = subjects_find_for(g->keep->keys, whose, matter, &key);
        if (e.code == ERR_CORRUPT)
            REFUSE(NOT_FOUND, "request", "the key that asked has left nothing here");
        TRY(e);
    }
    return hmac_sha256(key, (str){about, (size_t)n}, ret);
}

fallible
keep_owner_key(gate *g, str owner, const secret **ret)
{
    if (owner.len)
        return subjects_key(g->keep->keys, owner, ret);
    *ret = g->parts.seal_key;
    return OK;
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
    if (e->k->on_erased)
        TRY(e->k->on_erased(e->k->erased_ctx, row));
    e->total->things++;
    e->total->kinds[row->kind]++;
    e->total->bytes += row->size_bytes;
    return OK;
}

/* The key first: what a crash leaves behind it can be opened by nobody. */
fallible
keep_erase(gate *g, str owner, struct keep_erased *total)
{
    AUTO(arena) *a = NULL;
    struct erasing e = {g->keep, total};
    uint64_t proposals = 0;
    TRY(arena_open(ERASE_SCRATCH, &a));
    TRY(subjects_erase(g->keep->keys, owner));
    g->keep->words_counted = false;
    TRY(releases_erase(g->parts.db, owner, &proposals));
    total->things += proposals;
    return objects_erase(g->keep->objects, a, owner, erase_bytes, &e);
}

fallible
keep_erase_case(gate *g, str tenant, str case_name, struct keep_erased *total)
{
    AUTO(arena) *a = NULL;
    struct erasing e = {g->keep, total};
    char room[MATTER_MAX];
    const str matter = keep_matter(tenant, case_name, room);
    const secret *unused;
    const err found = subjects_find(g->keep->keys, matter, &unused);
    if (found.code == ERR_CORRUPT)
        REFUSE(NOT_FOUND, "case", "nothing was ever left here for a case of this name");
    if (found.code && found.code != ERR_NOT_FOUND)
        return found;
    TRY(arena_open(ERASE_SCRATCH, &a));
    TRY(subjects_erase(g->keep->keys, matter));
    g->keep->words_counted = false;
    return objects_erase_matter(g->keep->objects, a, matter, erase_bytes, &e);
}

void
keep_on_erased(gate *g, keep_erased_fn *fn, void *ctx)
{
    g->keep->on_erased = fn;
    g->keep->erased_ctx = ctx;
}
