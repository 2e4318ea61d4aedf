/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/keyring.h"

#include "base/fault.h"
#include "base/map.h"
#include "base/vec.h"

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

static err
learn(void *ctx, const struct key_record *r)
{
    keyring *k = ctx;
    void *room;
    TRY(try_arena_get(k->a, 1, sizeof(struct held), &room));
    struct held *h = room;
    TRY(copy_record(k->a, r, &h->record));
    fill_session(h);
    TRY(map_put(&k->by_mac, mac_str(&h->record.mac), h));
    return VEC_ADD(k->a, &k->all, &h);
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

fallible
keyring_find(const keyring *k, str key_text, const struct session **ret)
{
    digest mac;
    TRY(key_read(k->pepper, key_text, &mac));
    const struct held *h = map_get(&k->by_mac, mac_str(&mac));
    if (!h)
        REFUSE(UNAUTHENTICATED, "", "this key is not known here");
    *ret = &h->session;
    return OK;
}

static struct held *
find_live(const keyring *k, str id_or_name)
{
    for (size_t i = 0; i < k->all.count; i++) {
        struct held *h = k->all.at[i];
        if (h->session.is_revoked)
            continue;
        if (str_eq(h->record.id, id_or_name) || str_eq(h->record.name, id_or_name))
            return h;
    }
    return NULL;
}

fallible
keyring_add(keyring *k, struct key_record *r, char ret_text[KEY_TEXT_MAX])
{
    if (find_live(k, r->name))
        REFUSE(CONFLICT, "name", "there is a key named \"%.*s\" already", STR_FMT(r->name));
    TRY(key_make(k->pepper, ret_text, &r->id, &r->mac, k->a));
    TRY(keys_add(k->db, r));
    return learn(k, r);
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
