/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/keys.h"

#include "os/entropy.h"
#include "store/query.h"

/* "hoh_" ID "_" SECRET CHECK */
enum {
    ID_DIGITS = 26,
    SECRET_BYTES = 32,
    SECRET_DIGITS = 52,
    CHECK_DIGITS = 6,
    PREFIX_LEN = 4,
    SECRET_AT = PREFIX_LEN + ID_DIGITS + 1,
    CHECK_AT = SECRET_AT + SECRET_DIGITS,
    TEXT_LEN = CHECK_AT + CHECK_DIGITS
};
_Static_assert((int)TEXT_LEN < (int)KEY_TEXT_MAX, "a key fits");

static const char base32_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Five bits a digit, most significant first; the last digit carries one bit of the 256. */
static void
put_secret(const uint8_t bytes[SECRET_BYTES], char *at)
{
    unsigned rest = 0, bits = 0;
    for (int i = 0; i < SECRET_BYTES; i++) {
        rest = (rest << 8 | bytes[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5)
            *at++ = base32_digits[rest >> (bits - 5) & 31];
    }
    *at = base32_digits[rest << (5 - bits) & 31];
}

static fallible
put_check(str text, char room[CHECK_DIGITS])
{
    digest d;
    char hex[65];
    TRY(sha256_of(text, &d));
    digest_text(&d, hex);
    memcpy(room, hex, CHECK_DIGITS);
    return OK;
}

static fallible
make_text(const secret *pepper, str id, char *text, digest *ret_mac)
{
    AUTO(secret) random = {0};
    TRY(secret_get(&random, SECRET_BYTES));
    TRY(entropy_get(random.at, random.len));
    memcpy(text, "hoh_", PREFIX_LEN);
    memcpy(text + PREFIX_LEN, id.at + PREFIX_LEN, ID_DIGITS);
    text[SECRET_AT - 1] = '_';
    put_secret(random.at, text + SECRET_AT);
    TRY(put_check((str){text, CHECK_AT}, text + CHECK_AT));
    text[TEXT_LEN] = '\0';
    TRY(hmac_sha256(pepper, (str){text, CHECK_AT}, ret_mac));
    return OK;
}

fallible
key_make(const secret *pepper, char ret_text[KEY_TEXT_MAX], str *ret_id, digest *ret_mac, arena *a)
{
    char id_room[ID_MAX], text[TEXT_LEN + 1];
    digest mac;
    ASSERT(pepper->len >= 32);
    const str id = id_new("key_", id_room);
    ASSERT(id.len == PREFIX_LEN + ID_DIGITS);
    const err e = make_text(pepper, id, text, &mac);
    if (!e.code) {
        memcpy(ret_text, text, sizeof text);
        *ret_mac = mac;
        *ret_id = arena_str(a, id);
    }
    wipe(text, sizeof text);
    return e;
}

static bool
is_base32(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!s.at[i] || !strchr(base32_digits, s.at[i]))
            return false;
    return true;
}

static bool
is_foreign(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return text.len >= KEY_IMPORT_MIN && text.len <= KEY_IMPORT_MAX &&
           !str_starts(text, STR("hoh_"));
}

static fallible
foreign_mac(const secret *pepper, str text, digest *ret)
{
    static const char prefix[] = "hoheit imported key v1:";
    char room[sizeof prefix - 1 + KEY_IMPORT_MAX];
    ASSERT(text.len <= KEY_IMPORT_MAX);
    memcpy(room, prefix, sizeof prefix - 1);
    memcpy(room + sizeof prefix - 1, text.at, text.len);
    const err e = hmac_sha256(pepper, (str){room, sizeof prefix - 1 + text.len}, ret);
    wipe(room, sizeof room);
    return e;
}

fallible
key_import(const secret *pepper, str text, str *ret_id, digest *ret_mac, arena *a)
{
    char id_room[ID_MAX];
    if (!is_foreign(text))
        REFUSE(ARGUMENT, "import",
               "import must have %d to %d printable characters without space, and not begin with "
               "hoh_",
               KEY_IMPORT_MIN, KEY_IMPORT_MAX);
    TRY(foreign_mac(pepper, text, ret_mac));
    *ret_id = arena_str(a, id_new("key_", id_room));
    return OK;
}

fallible
key_read(const secret *pepper, str text, digest *ret_mac)
{
    char check[CHECK_DIGITS];
    if (is_foreign(text))
        return foreign_mac(pepper, text, ret_mac);
    if (text.len != TEXT_LEN || !str_starts(text, STR("hoh_")) || text.at[SECRET_AT - 1] != '_' ||
        !is_base32(str_slice(text, PREFIX_LEN, SECRET_AT - 1)) ||
        !is_base32(str_slice(text, SECRET_AT, CHECK_AT)))
        REFUSE(UNAUTHENTICATED, "", "this does not have the form of an API key");
    const str body = str_slice(text, 0, CHECK_AT);
    TRY(put_check(body, check));
    if (!secret_eq((str){check, CHECK_DIGITS}, str_slice(text, CHECK_AT, TEXT_LEN)))
        REFUSE(UNAUTHENTICATED, "", "the API key is mistyped: its check digits do not fit");
    return hmac_sha256(pepper, body, ret_mac);
}

/* ---- records */

enum { LABEL_BYTES = sizeof(label) };

static void
label_to_bytes(label l, uint8_t bytes[LABEL_BYTES])
{
    for (int i = 0; i < LABEL_BYTES; i++)
        bytes[i] = (uint8_t)(l.w[i / 8] >> (i % 8 * 8));
}

static label
label_of_bytes(const uint8_t bytes[LABEL_BYTES])
{
    label l = LABEL_BOTTOM;
    for (int i = 0; i < LABEL_BYTES; i++)
        l.w[i / 8] |= (uint64_t)bytes[i] << (i % 8 * 8);
    return l;
}

fallible
keys_add(db *d, const struct key_record *k)
{
    uint8_t clearance[LABEL_BYTES], default_label[LABEL_BYTES];
    label_to_bytes(k->clearance, clearance);
    label_to_bytes(k->default_label, default_label);
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_KEY_ADD, &q));
    query_bind_str(&q, k->id);
    query_bind_str(&q, k->name);
    query_bind_str(&q, k->tenant);
    query_bind_blob(&q, k->mac.bytes, sizeof k->mac.bytes);
    query_bind_i64(&q, k->roles);
    query_bind_blob(&q, clearance, LABEL_BYTES);
    query_bind_blob(&q, default_label, LABEL_BYTES);
    query_bind_str(&q, k->clearance_text);
    query_bind_str(&q, k->default_text);
    query_bind_i64(&q, k->created_wall_ms);
    query_bind_i64(&q, k->expires_wall_ms);
    query_bind_i64(&q, k->revoked_wall_ms);
    query_bind_str(&q, k->person);
    query_bind_str(&q, k->line);
    query_bind_str(&q, k->models);
    query_bind_str(&q, k->networks);
    query_bind_str(&q, k->ceiling_text);
    query_bind_str(&q, k->purposes);
    query_bind_str(&q, k->purpose);
    query_bind_str(&q, k->owner);
    const err e = query_run(&q, NULL);
    if (e.code == ERR_CONFLICT)
        REFUSE(CONFLICT, "name", "a key of this name is in use");
    TRY(e);
    return OK;
}

fallible
keys_revoke(db *d, str id_or_name, int64_t now_wall_ms)
{
    int64_t changed = 0;
    ASSERT(now_wall_ms > 0);
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_KEY_REVOKE, &q));
    query_bind_i64(&q, now_wall_ms);
    query_bind_str(&q, id_or_name);
    TRY(query_run(&q, &changed));
    if (!changed)
        REFUSE(NOT_FOUND, "", "no key in use has this id or name");
    return OK;
}

fallible
keys_set_clearance(db *d, str id, label clearance)
{
    int64_t changed = 0;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_KEY_SET_CLEARANCE, &q));
    query_bind_label(&q, clearance);
    query_bind_str(&q, id);
    TRY(query_run(&q, &changed));
    if (!changed)
        FAIL(NOT_FOUND, "no key has this id");
    return OK;
}

fallible
keys_retire(db *d, str id, str new_name, int64_t expires_wall_ms)
{
    int64_t changed = 0;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_KEY_RETIRE, &q));
    query_bind_str(&q, new_name);
    query_bind_i64(&q, expires_wall_ms);
    query_bind_str(&q, id);
    const err e = query_run(&q, &changed);
    if (e.code == ERR_CONFLICT)
        REFUSE(CONFLICT, "name", "a key of this name is in use");
    TRY(e);
    if (!changed)
        REFUSE(NOT_FOUND, "", "no key in use has this id");
    return OK;
}

static fallible
read_key(query *q, arena *a, struct key_record *k)
{
    uint8_t bytes[LABEL_BYTES];
    TRY(query_str(q, 0, a, &k->id));
    TRY(query_str(q, 1, a, &k->name));
    TRY(query_str(q, 2, a, &k->tenant));
    TRY(query_blob(q, 3, k->mac.bytes, sizeof k->mac.bytes));
    k->roles = (uint32_t)query_i64(q, 4);
    TRY(query_blob(q, 5, bytes, sizeof bytes));
    k->clearance = label_of_bytes(bytes);
    TRY(query_blob(q, 6, bytes, sizeof bytes));
    k->default_label = label_of_bytes(bytes);
    TRY(query_str(q, 7, a, &k->clearance_text));
    TRY(query_str(q, 8, a, &k->default_text));
    k->created_wall_ms = query_i64(q, 9);
    k->expires_wall_ms = query_i64(q, 10);
    k->revoked_wall_ms = query_i64(q, 11);
    TRY(query_str(q, 12, a, &k->person));
    TRY(query_str(q, 13, a, &k->line));
    TRY(query_str(q, 14, a, &k->models));
    TRY(query_str(q, 15, a, &k->networks));
    TRY(query_str(q, 16, a, &k->ceiling_text));
    TRY(query_str(q, 17, a, &k->purposes));
    TRY(query_str(q, 18, a, &k->purpose));
    return query_str(q, 19, a, &k->owner);
}

fallible
keys_each(db *d, arena *a, keys_fn *fn, void *ctx)
{
    bool is_row = false;
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_KEY_LIST, &q));
    for (;;) {
        struct key_record k = {0};
        TRY(query_next(&q, &is_row));
        if (!is_row)
            return OK;
        TRY(read_key(&q, a, &k));
        TRY(fn(ctx, &k));
    }
}
