/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/keyring.h"

#include "base/fault.h"
#include "base/map.h"
#include "base/vec.h"
#include "os/clock.h"
#include "policy/network.h"

enum { KEYRING_BYTES_MAX = 512 * 1024 * 1024 };

struct held {
    struct key_record record;
    struct session session;
    struct session *others; /* session.for_purposes, to be changed */
};

/* What a person is cleared for. */
struct cleared {
    str person, text, purposes;
    label label;
    int64_t id, turn, until_wall_ms;
};

struct keyring {
    db *db;
    const secret *pepper;
    arena *a; /* of the records; grows with each key made */
    map by_mac;
    VEC(struct held *) all;
    map by_person; /* struct cleared */
    VEC(struct cleared *) people;
    bool needs_person; /* keys of people without a clearance are cleared for nothing */
    keyring_fn *on_revoked;
    void *ctx;
};

static str
mac_str(const digest *d)
{
    return (str){(const char *)d->bytes, sizeof d->bytes};
}

/* "a,b" into a list of the arena. */
static fallible
split(arena *a, str text, const str **ret, size_t *ret_count)
{
    size_t count = 0, at = 0;
    str rest = text, one;
    void *room;
    while (str_next(&rest, ',', &one))
        count++;
    TRY(try_arena_get(a, count ? count : 1, sizeof(str), &room));
    str *list = room;
    for (rest = text; str_next(&rest, ',', &one);)
        list[at++] = one;
    *ret = list;
    *ret_count = count;
    return OK;
}

/* Of a person's key counts what both the key and the person are cleared for. */
static void
clear(const keyring *k, struct held *h)
{
    const struct key_record *r = &h->record;
    const struct cleared *c = r->person.len ? map_get(&k->by_person, r->person) : NULL;
    const label own = label_part(r->clearance, 0, LABEL_REL_FIRST);
    const label party_and_taint =
        label_part(r->clearance, LABEL_REL_FIRST, LABEL_REL_COUNT + LABEL_TAINT_COUNT);
    h->session.clearance = r->clearance;
    h->session.cleared_until_wall_ms = c ? c->until_wall_ms : 0;
    h->session.acts_for = c ? c->purposes : STR_NONE;
    if (!c && k->needs_person && r->person.len)
        h->session.acts_for = STR(PURPOSES_NONE);
    if (c || (k->needs_person && r->person.len))
        h->session.clearance =
            label_join(party_and_taint, label_meet(own, c ? c->label : LABEL_BOTTOM));
}

/* After every change of the session. */
static void
tell_others(struct held *h)
{
    const struct session *s = &h->session;
    for (size_t i = 0; i < s->purpose_count; i++) {
        h->others[i] = *s;
        h->others[i].purpose = s->purposes[i];
        h->others[i].is_other_purpose = !str_eq(s->purposes[i], s->purpose);
    }
}

static fallible
fill_others(arena *a, struct held *h)
{
    void *room;
    if (!h->record.purposes.len)
        return OK;
    TRY(split(a, h->record.purposes, &h->session.purposes, &h->session.purpose_count));
    TRY(try_arena_get(a, h->session.purpose_count, sizeof *h->others, &room));
    h->others = room;
    h->session.for_purposes = room;
    tell_others(h);
    return OK;
}

static fallible
fill_session(const keyring *k, struct held *h)
{
    arena *const a = k->a;
    const struct key_record *r = &h->record;
    h->session = (struct session){
        .key_id = r->id,
        .key_name = r->name,
        .tenant = r->tenant,
        .line = r->line,
        .person = r->person,
        .owner = r->owner,
        .roles = r->roles,
        .default_label = r->default_label,
        .expires_wall_ms = r->expires_wall_ms,
        .is_revoked = r->revoked_wall_ms != 0,
        .purpose = r->purpose,
    };
    clear(k, h);
    if (r->models.len)
        TRY(split(a, r->models, &h->session.models, &h->session.model_count));
    if (r->networks.len)
        TRY(networks_read(r->networks, a, &h->session.networks, &h->session.network_count));
    return fill_others(a, h);
}

static fallible
copy_text(arena *a, str *s)
{
    if (!s->len) {
        *s = STR_NONE;
        return OK;
    }
    return try_arena_str(a, *s, s);
}

static fallible
copy_record(arena *a, const struct key_record *r, struct key_record *ret)
{
    *ret = *r;
    str *const texts[] = {&ret->id,           &ret->name,     &ret->tenant,  &ret->clearance_text,
                          &ret->default_text, &ret->person,   &ret->models,  &ret->networks,
                          &ret->ceiling_text, &ret->purposes, &ret->purpose, &ret->owner};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        TRY(copy_text(a, texts[i]));
    if (!ret->owner.len)
        ret->owner = ret->id;
    if (!str_eq(r->line, r->name))
        return copy_text(a, &ret->line);
    ret->line = ret->name;
    return OK;
}

/* Ready to be found, but not yet to be listed. */
static fallible
hold(keyring *k, const struct key_record *r, struct held **ret)
{
    void *room;
    TRY(try_arena_get(k->a, 1, sizeof(struct held), &room));
    struct held *h = room;
    TRY(copy_record(k->a, r, &h->record));
    TRY(fill_session(k, h));
    TRY(map_put(&k->by_mac, mac_str(&h->record.mac), h));
    *ret = h;
    return OK;
}

static void
let_go(keyring *k, const struct held *h)
{
    void *held = map_take(&k->by_mac, mac_str(&h->record.mac));
    ASSERT(held == h);
}

static err
learn(void *ctx, const struct key_record *r)
{
    keyring *k = ctx;
    struct held *h;
    TRY(hold(k, r, &h));
    return VEC_ADD(k->a, &k->all, &h); /* else the keyring is not opened */
}

/* ---- people's clearances */
static fallible
find_cleared(keyring *k, str person, struct cleared **ret)
{
    void *room;
    struct cleared *c = map_get(&k->by_person, person);
    if (!c) {
        TRY(try_arena_get(k->a, 1, sizeof *c, &room));
        c = room;
        *c = (struct cleared){.turn = 0};
        TRY(try_arena_str(k->a, person, &c->person));
        TRY(VEC_ADD(k->a, &k->people, &c));
        const err e = map_put(&k->by_person, c->person, c);
        if (e.code) {
            k->people.count--;
            return e;
        }
    }
    *ret = c;
    return OK;
}

static err
learn_cleared(void *ctx, const struct clearance_row *r)
{
    keyring *k = ctx;
    struct cleared *c;
    if (!r->turn)
        return OK;
    TRY(find_cleared(k, r->person, &c));
    if (r->turn < c->turn)
        return OK;
    c->label = r->label;
    c->id = r->id;
    c->turn = r->turn;
    c->until_wall_ms = r->until_wall_ms;
    TRY(try_arena_str(k->a, r->purposes, &c->purposes));
    return try_arena_str(k->a, r->text, &c->text);
}

static void
clear_all_of(keyring *k, str person)
{
    for (size_t i = 0; i < k->all.count; i++) {
        struct held *h = k->all.at[i];
        if (person.len && !str_eq(h->record.person, person))
            continue;
        clear(k, h);
        tell_others(h);
    }
}

fallible
keyring_clear(keyring *k, const struct clearance_row *r)
{
    struct cleared *c;
    str text, purposes;
    TRY(try_arena_str(k->a, r->text, &text));
    TRY(try_arena_str(k->a, r->purposes, &purposes));
    TRY(find_cleared(k, r->person, &c));
    c->label = r->label;
    c->text = text;
    c->purposes = purposes;
    c->id = r->id;
    c->until_wall_ms = r->until_wall_ms;
    clear_all_of(k, r->person);
    return OK;
}

void
keyring_unclear(keyring *k, str person)
{
    const struct cleared *c = map_take(&k->by_person, person);
    for (size_t i = 0; c && i < k->people.count; i++)
        if (k->people.at[i] == c)
            k->people.at[i] = k->people.at[--k->people.count];
    clear_all_of(k, person);
}

void
keyring_need_people(keyring *k, bool needs)
{
    k->needs_person = needs;
    clear_all_of(k, STR_NONE);
}

static fallible
load(keyring *k)
{
    AUTO(arena) *scratch = NULL;
    TRY(arena_open(KEYRING_BYTES_MAX, &k->a));
    TRY(arena_open(KEYRING_BYTES_MAX, &scratch));
    TRY(clearances_each(k->db, scratch, learn_cleared, k));
    return keys_each(k->db, scratch, learn, k);
}

fallible
keyring_open(db *d, const secret *pepper, keyring **ret)
{
    keyring *k = mem_get(sizeof *k);
    if (!k)
        FAIL(LIMIT, "no memory for the keyring");
    *k = (keyring){.db = d, .pepper = pepper};
    const err e = load(k);
    if (e.code) {
        keyring_free(k);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    *ret = k;
    return OK;
}

void
keyring_free(keyring *k)
{
    if (!k)
        return;
    map_done(&k->by_mac);
    map_done(&k->by_person);
    arena_free(k->a);
    mem_free(k);
}

static fallible
unknown_key(void)
{
    REFUSE(UNAUTHENTICATED, "", "this key is not known here");
}

fallible
keyring_find(const keyring *k, str key_text, const struct session **ret)
{
    digest mac;
    TRY(key_read(k->pepper, key_text, &mac));
    const struct held *h = map_get(&k->by_mac, mac_str(&mac));
    if (!h)
        return unknown_key();
    if (h->session.is_revoked)
        REFUSE(UNAUTHENTICATED, "", "this key was revoked");
    *ret = &h->session;
    return OK;
}

const struct session *
keyring_for_purpose(const struct session *s, str purpose)
{
    for (size_t i = 0; i < s->purpose_count; i++)
        if (str_eq(s->purposes[i], purpose))
            return &s->for_purposes[i];
    return NULL;
}

/* ---- changes */
/* An id is sought among all before a name, so that no name can stand for another key's id. */
static struct held *
find_live(const keyring *k, str id_or_name)
{
    struct held *by_name = NULL;
    for (size_t i = 0; i < k->all.count; i++) {
        struct held *h = k->all.at[i];
        if (h->session.is_revoked)
            continue;
        if (str_eq(h->record.id, id_or_name))
            return h;
        if (str_eq(h->record.name, id_or_name))
            by_name = h;
    }
    return by_name;
}

static fallible
check_name_free(const keyring *k, str name)
{
    for (size_t i = 0; i < k->all.count; i++)
        if (!k->all.at[i]->session.is_revoked && str_eq(k->all.at[i]->record.name, name))
            REFUSE(CONFLICT, "name", "there is a key named \"%.*s\" already", STR_FMT(name));
    return OK;
}

/* Memory first: what can fail there fails before the store has the row. */
static fallible
store(keyring *k, const struct key_record *r)
{
    struct held *h;
    TRY(hold(k, r, &h));
    err e = VEC_ADD(k->a, &k->all, &h);
    if (e.code) {
        let_go(k, h);
        return e;
    }
    e = keys_add(k->db, r);
    if (e.code) {
        k->all.count--;
        let_go(k, h);
    }
    return e;
}

static fallible
make(keyring *k, struct key_record *r, char text[KEY_TEXT_MAX])
{
    return key_make(k->pepper, text, &r->id, &r->mac, k->a);
}

static fallible
take(keyring *k, struct key_record *r, str text)
{
    TRY(key_import(k->pepper, text, &r->id, &r->mac, k->a));
    if (map_get(&k->by_mac, mac_str(&r->mac)))
        REFUSE(CONFLICT, "import", "this key was imported before");
    return OK;
}

fallible
keyring_add(keyring *k, struct key_record *r, char ret_text[KEY_TEXT_MAX])
{
    char text[KEY_TEXT_MAX] = "";
    TRY(check_name_free(k, r->name));
    r->line = r->name;
    TRY(make(k, r, text));
    r->owner = r->id;
    const err e = store(k, r);
    if (!e.code)
        memcpy(ret_text, text, sizeof text);
    wipe(text, sizeof text);
    return e;
}

fallible
keyring_import(keyring *k, struct key_record *r, str text)
{
    TRY(check_name_free(k, r->name));
    r->line = r->name;
    TRY(take(k, r, text));
    r->owner = r->id;
    return store(k, r);
}

/* ---- replacing */
enum { TAIL = 6 };

static fallible
find_replaceable(const keyring *k, const struct key_change *c, struct held **ret)
{
    struct held *h = find_live(k, c->id_or_name);
    if (!h)
        REFUSE(NOT_FOUND, "name", "there is no key \"%.*s\" that is still valid",
               STR_FMT(c->id_or_name));
    const struct held *successor = find_live(k, h->record.line);
    if (successor && successor != h)
        REFUSE(CONFLICT, "name", "the key \"%.*s\" was replaced before; its successor is \"%.*s\"",
               STR_FMT(h->record.name), STR_FMT(h->record.line));
    *ret = h;
    return OK;
}

static fallible
store_both(keyring *k, const struct held *old, const struct held *fresh, str old_name, int64_t end)
{
    TRY(keys_retire(k->db, old->record.id, old_name, end));
    TRY(keys_add(k->db, &fresh->record));
    return db_commit(k->db);
}

static fallible
replace(keyring *k, struct held *old, struct held *fresh, int64_t end)
{
    const str id = old->record.id;
    const str old_name = arena_fmt(k->a, "%.*s~%.*s", STR_FMT(old->record.line),
                                   STR_FMT(str_slice(id, id.len - TAIL, id.len)));
    TRY(VEC_ADD(k->a, &k->all, &fresh));
    err e = db_begin(k->db);
    if (!e.code)
        e = store_both(k, old, fresh, old_name, end);
    if (e.code) {
        db_rollback(k->db);
        k->all.count--;
        return e;
    }
    old->record.name = old->session.key_name = old_name;
    old->record.expires_wall_ms = old->session.expires_wall_ms = end;
    tell_others(old);
    return OK;
}

fallible
keyring_rotate(keyring *k, const struct key_change *c, char ret_text[KEY_TEXT_MAX], str *ret_id)
{
    char text[KEY_TEXT_MAX] = "";
    struct held *old, *fresh;
    TRY(find_replaceable(k, c, &old));
    struct key_record r = old->record;
    const int64_t ends = r.expires_wall_ms;
    r.name = r.line;
    r.created_wall_ms = c->now_wall_ms;
    TRY(c->import.len ? take(k, &r, c->import) : make(k, &r, text));
    if (c->import.len)
        (void)str_copy(c->import, text, sizeof text); /* KEY_IMPORT_MAX fits */
    err e = hold(k, &r, &fresh);
    if (!e.code) {
        e = replace(k, old, fresh, ends && ends < c->old_end_wall_ms ? ends : c->old_end_wall_ms);
        if (e.code)
            let_go(k, fresh);
    }
    if (!e.code) {
        memcpy(ret_text, text, sizeof text);
        *ret_id = fresh->record.id;
    }
    wipe(text, sizeof text);
    return e;
}

/* ---- revoking */
void
keyring_on_revoked(keyring *k, keyring_fn *fn, void *ctx)
{
    k->on_revoked = fn;
    k->ctx = ctx;
}

static fallible
revoke_one(keyring *k, struct held *h, int64_t now_wall_ms)
{
    TRY(keys_revoke(k->db, h->record.id, now_wall_ms));
    h->record.revoked_wall_ms = now_wall_ms;
    h->session.is_revoked = true;
    tell_others(h);
    if (k->on_revoked)
        k->on_revoked(k->ctx, &h->session);
    return OK;
}

fallible
keyring_revoke(keyring *k, str id_or_name, int64_t now_wall_ms)
{
    struct held *h = find_live(k, id_or_name);
    if (!h)
        REFUSE(NOT_FOUND, "name", "there is no key \"%.*s\" that is still valid",
               STR_FMT(id_or_name));
    const bool is_line = !str_eq(h->record.id, id_or_name) && str_eq(h->record.line, id_or_name);
    TRY(revoke_one(k, h, now_wall_ms));
    for (size_t i = 0; is_line && i < k->all.count; i++) {
        struct held *other = k->all.at[i];
        if (!other->session.is_revoked && str_eq(other->record.line, h->record.line))
            TRY(revoke_one(k, other, now_wall_ms));
    }
    return OK;
}

/* ---- a person who is to be forgotten */
static bool
is_theirs(const struct held *h, str person)
{
    return person.len && str_eq(h->record.person, person);
}

fallible
keyring_revoke_person(keyring *k, str person, int64_t now_wall_ms)
{
    for (size_t i = 0; i < k->all.count; i++)
        if (is_theirs(k->all.at[i], person) && !k->all.at[i]->session.is_revoked)
            TRY(revoke_one(k, k->all.at[i], now_wall_ms));
    return OK;
}

fallible
keyring_each_of(const keyring *k, str person, keyring_each_fn *fn, void *ctx)
{
    for (size_t i = 0; i < k->all.count; i++)
        if (is_theirs(k->all.at[i], person))
            TRY(fn(ctx, k->all.at[i]->record.id));
    return OK;
}

/* As PERSON_KEYS_ERASE in the store has them. */
void
keyring_forget_names(keyring *k, str person)
{
    for (size_t i = 0; i < k->all.count; i++) {
        struct held *h = k->all.at[i];
        const str id = h->record.id;
        if (!is_theirs(h, person) || !h->session.is_revoked)
            continue;
        h->record.name = h->record.line =
            arena_fmt(k->a, "erased~%.*s", STR_FMT(str_slice(id, id.len - 8, id.len)));
        h->session.key_name = h->session.line = h->record.name;
        tell_others(h);
    }
}

/* ---- another policy */
static label
words_mean(const policy *p, const struct key_record *r)
{
    label l, ceiling;
    if (policy_clearance(p, r->clearance_text, STR_NONE, &l).code)
        return LABEL_BOTTOM; /* as said: none */
    if (!r->ceiling_text.len)
        return l;
    if (policy_clearance(p, r->ceiling_text, STR_NONE, &ceiling).code)
        return LABEL_BOTTOM;
    return label_meet(l, ceiling);
}

/* A person's words by another policy; none where they mean nothing any more. */
static label
person_under(const policy *p, const struct cleared *c)
{
    label l;
    if (policy_clearance(p, c->text, STR_NONE, &l).code)
        return LABEL_BOTTOM;
    return label_part(l, 0, LABEL_REL_FIRST);
}

static label
clearance_under(const policy *p, const struct key_record *r)
{
    const label party_and_taint =
        label_part(r->clearance, LABEL_REL_FIRST, LABEL_REL_COUNT + LABEL_TAINT_COUNT);
    return label_join(party_and_taint, label_part(words_mean(p, r), 0, LABEL_REL_FIRST));
}

fallible
keyring_store_clearances(keyring *k, const policy *p)
{
    for (size_t i = 0; i < k->all.count; i++) {
        const struct held *h = k->all.at[i];
        const label l = clearance_under(p, &h->record);
        if (!h->session.is_revoked && !label_eq(l, h->record.clearance))
            TRY(keys_set_clearance(k->db, h->record.id, l));
    }
    for (size_t i = 0; i < k->people.count; i++)
        TRY(clearances_set_label(k->db, k->people.at[i]->id, person_under(p, k->people.at[i])));
    return OK;
}

void
keyring_use_clearances(keyring *k, const policy *p)
{
    for (size_t i = 0; i < k->people.count; i++)
        k->people.at[i]->label = person_under(p, k->people.at[i]);
    for (size_t i = 0; i < k->all.count; i++) {
        struct held *h = k->all.at[i];
        if (h->session.is_revoked)
            continue;
        h->record.clearance = clearance_under(p, &h->record);
        clear(k, h);
        tell_others(h);
    }
}

bool
keyring_has_other_role(const keyring *k, str person, uint32_t roles)
{
    for (size_t i = 0; i < k->all.count; i++) {
        const struct held *h = k->all.at[i];
        if (!h->session.is_revoked && str_eq(h->record.person, person) && h->record.roles &&
            h->record.roles != roles)
            return true;
    }
    return false;
}

bool
keyring_has_line(const keyring *k, str line)
{
    for (size_t i = 0; i < k->all.count; i++)
        if (!k->all.at[i]->session.is_revoked && str_eq(k->all.at[i]->record.line, line))
            return true;
    return false;
}

const struct key_record *
keyring_at(const keyring *k, size_t i)
{
    return i < k->all.count ? &k->all.at[i]->record : NULL;
}

const struct session *
keyring_session_at(const keyring *k, size_t i)
{
    return i < k->all.count ? &k->all.at[i]->session : NULL;
}

const struct session *
keyring_session(const keyring *k, str id)
{
    for (size_t i = 0; i < k->all.count; i++)
        if (str_eq(k->all.at[i]->record.id, id))
            return &k->all.at[i]->session;
    return NULL;
}

static bool
is_replaced(const struct session *s)
{
    return s->line.len && !str_eq(s->key_name, s->line);
}

/* The newest: those before it end with their overlap. */
static const struct session *
newest_of(const keyring *k, str owner)
{
    const struct session *last = NULL;
    for (size_t i = k->all.count; i > 0; i--) {
        const struct held *h = k->all.at[i - 1];
        if (!str_eq(h->record.owner, owner))
            continue;
        if (!h->session.is_revoked)
            return &h->session;
        last = last ? last : &h->session;
    }
    return last;
}

const struct session *
keyring_heir(const keyring *k, const struct session *s)
{
    const struct session *heir = is_replaced(s) ? newest_of(k, session_owner(s)) : NULL;
    return heir && !heir->is_revoked ? heir : s;
}

const struct session *
keyring_session_of(const keyring *k, str owner)
{
    return newest_of(k, owner);
}

fallible
keyring_check(const struct session *s)
{
    if (s->is_revoked)
        REFUSE(UNAUTHENTICATED, "", "the key was revoked while the request ran");
    if (s->expires_wall_ms && clock_wall_ms() >= s->expires_wall_ms)
        REFUSE(UNAUTHENTICATED, "", "the key's time ended while the request ran");
    return OK;
}
