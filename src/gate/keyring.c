/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/keyring.h"

#include "base/fault.h"
#include "base/map.h"
#include "base/vec.h"
#include "os/entropy.h"

enum { KEYRING_BYTES_MAX = 512 * 1024 * 1024 };

struct held {
    struct key_record record;
    struct session session;
};

struct keyring {
    db *db;
    const secret *pepper;
    arena *a; /* of the records; grows with each key made */
    map by_mac;
    VEC(struct held *) all;
};

static str
mac_str(const digest *d)
{
    return (str){(const char *)d->bytes, sizeof d->bytes};
}

static void
fill_session(struct held *h)
{
    const struct key_record *r = &h->record;
    h->session = (struct session){
        .key_id = r->id,
        .key_name = r->name,
        .tenant = r->tenant,
        .roles = r->roles,
        .clearance = r->clearance,
        .default_label = r->default_label,
        .expires_wall_ms = r->expires_wall_ms,
        .is_revoked = r->revoked_wall_ms != 0,
    };
}

static fallible
copy_record(arena *a, const struct key_record *r, struct key_record *ret)
{
    *ret = *r;
    TRY(try_arena_str(a, r->id, &ret->id));
    TRY(try_arena_str(a, r->name, &ret->name));
    TRY(try_arena_str(a, r->tenant, &ret->tenant));
    TRY(try_arena_str(a, r->clearance_text, &ret->clearance_text));
    return try_arena_str(a, r->default_text, &ret->default_text);
}

/* Ready to be found, but not yet to be listed. */
static fallible
hold(keyring *k, const struct key_record *r, struct held **ret)
{
    void *room;
    TRY(try_arena_get(k->a, 1, sizeof(struct held), &room));
    struct held *h = room;
    TRY(copy_record(k->a, r, &h->record));
    fill_session(h);
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

static fallible
load(keyring *k)
{
    AUTO(arena) *scratch = NULL;
    TRY(arena_open(KEYRING_BYTES_MAX, &k->a));
    TRY(arena_open(KEYRING_BYTES_MAX, &scratch));
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
    arena_free(k->a);
    mem_free(k);
}

/* ---- digests */
static const str made_prefix = STR_INIT("hoh_"),
                 import_prefix = STR_INIT("hoheit imported key v1:");

static fallible
import_mac(const secret *pepper, str text, digest *ret)
{
    char room[64 + KEYRING_IMPORT_MAX];
    ASSERT(text.len <= KEYRING_IMPORT_MAX && import_prefix.len <= 64);
    memcpy(room, import_prefix.at, import_prefix.len);
    memcpy(room + import_prefix.len, text.at, text.len);
    const err e = hmac_sha256(pepper, (str){room, import_prefix.len + text.len}, ret);
    wipe(room, sizeof room);
    return e;
}

static bool
can_be_imported(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return text.len >= KEYRING_IMPORT_MIN && text.len <= KEYRING_IMPORT_MAX &&
           !str_starts(text, made_prefix);
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
    if (str_starts(key_text, made_prefix))
        TRY(key_read(k->pepper, key_text, &mac));
    else if (can_be_imported(key_text))
        TRY(import_mac(k->pepper, key_text, &mac));
    else
        return unknown_key();
    const struct held *h = map_get(&k->by_mac, mac_str(&mac));
    if (!h)
        return unknown_key();
    if (h->session.is_revoked)
        REFUSE(UNAUTHENTICATED, "", "this key was revoked");
    *ret = &h->session;
    return OK;
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

fallible
keyring_add(keyring *k, struct key_record *r, char ret_text[KEY_TEXT_MAX])
{
    char text[KEY_TEXT_MAX] = "";
    TRY(check_name_free(k, r->name));
    TRY(key_make(k->pepper, text, &r->id, &r->mac, k->a));
    const err e = store(k, r);
    if (!e.code)
        memcpy(ret_text, text, sizeof text);
    wipe(text, sizeof text);
    return e;
}

fallible
keyring_import(keyring *k, struct key_record *r, str text)
{
    char id[ID_MAX];
    TRY(check_name_free(k, r->name));
    if (!can_be_imported(text))
        REFUSE(ARGUMENT, "import",
               "import must have %d to %d printable characters without space, and not begin with "
               "%.*s",
               KEYRING_IMPORT_MIN, KEYRING_IMPORT_MAX, STR_FMT(made_prefix));
    TRY(import_mac(k->pepper, text, &r->mac));
    if (map_get(&k->by_mac, mac_str(&r->mac)))
        REFUSE(CONFLICT, "import", "this key was imported before");
    TRY(try_arena_str(k->a, id_new("key_", id), &r->id));
    return store(k, r);
}

fallible
keyring_revoke(keyring *k, str id_or_name, int64_t now_wall_ms)
{
    struct held *h = find_live(k, id_or_name);
    if (!h)
        REFUSE(NOT_FOUND, "name", "there is no key \"%.*s\" that is still valid",
               STR_FMT(id_or_name));
    TRY(keys_revoke(k->db, h->record.id, now_wall_ms));
    h->record.revoked_wall_ms = now_wall_ms;
    h->session.is_revoked = true;
    return OK;
}

const struct key_record *
keyring_at(const keyring *k, size_t i)
{
    return i < k->all.count ? &k->all.at[i]->record : NULL;
}
