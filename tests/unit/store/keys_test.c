/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/keys.h"

#include <stdio.h>

#include "base/fault.h"
#include "os/entropy.h"
#include "test.h"

enum { TEXT_LEN = 89 };

static secret
pepper_of(uint8_t byte)
{
    secret s = {0};
    CHECK_OK(secret_get(&s, 32));
    memset(s.at, byte, s.len);
    return s;
}

/* ---- the text of a key */

struct made {
    char text[KEY_TEXT_MAX];
    str id;
    digest mac;
};

static struct made
make_one(const secret *pepper, arena *a)
{
    struct made m;
    memset(&m, 0, sizeof m);
    CHECK_OK(key_make(pepper, m.text, &m.id, &m.mac, a));
    return m;
}

TEST(a_key_has_the_form_that_the_header_promises)
{
    AUTO(secret) pepper = pepper_of(1);
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (int i = 0; i < 100; i++) {
        const struct made m = make_one(&pepper, a);
        const str text = str_of(m.text);
        CHECK_INT(text.len, ==, TEXT_LEN);
        CHECK(str_starts(text, STR("hoh_")));
        CHECK(str_starts(m.id, STR("key_")));
        CHECK_STR(str_slice(text, 4, 30), str_slice(m.id, 4, 30));
        CHECK(text.at[30] == '_');
        CHECK_INT(strspn(m.text + 31, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), >=, 52);
        CHECK_INT(strspn(m.text + 83, "0123456789abcdef"), ==, 6);
    }
}

TEST(a_key_is_read_to_the_digest_it_was_made_with)
{
    AUTO(secret) pepper = pepper_of(1);
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (int i = 0; i < 100; i++) {
        const struct made m = make_one(&pepper, a);
        digest mac;
        NEED_OK(key_read(&pepper, str_of(m.text), &mac));
        CHECK(digest_eq(&mac, &m.mac));
    }
}

TEST(another_pepper_gives_another_digest)
{
    AUTO(secret) pepper = pepper_of(1);
    AUTO(secret) other = pepper_of(2);
    AUTO(arena) *a = NULL;
    digest mac;
    NEED_OK(arena_open(1 << 20, &a));
    const struct made m = make_one(&pepper, a);
    CHECK_OK(key_read(&other, str_of(m.text), &mac));
    CHECK(!digest_eq(&mac, &m.mac));
}

TEST(no_two_keys_are_alike)
{
    AUTO(secret) pepper = pepper_of(1);
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    static struct made all[200];
    for (int i = 0; i < 200; i++) {
        all[i] = make_one(&pepper, a);
        for (int j = 0; j < i; j++) {
            CHECK(!str_eq(all[i].id, all[j].id));
            CHECK(memcmp(all[i].text + 31, all[j].text + 31, 52) != 0);
            CHECK(!digest_eq(&all[i].mac, &all[j].mac));
        }
    }
}

/* Every digit takes every value. */
TEST(the_secret_part_is_256_random_bits)
{
    AUTO(secret) pepper = pepper_of(1);
    AUTO(arena) *a = NULL;
    uint32_t seen[52] = {0};
    NEED_OK(arena_open(1 << 20, &a));
    entropy_fix(5);
    for (int i = 0; i < 800; i++) {
        const struct made m = make_one(&pepper, a);
        static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        for (int at = 0; at < 52; at++)
            seen[at] |= 1u << (strchr(digits, m.text[31 + at]) - digits);
    }
    entropy_fix(0);
    for (int at = 0; at < 51; at++)
        CHECK(seen[at] == UINT32_MAX);
    CHECK(seen[51] == (1u << 0 | 1u << 16)); /* one bit is left for the last digit */
}

/* Each of some 8,000 one-letter typos is refused, or would not be found. */
TEST(every_changed_letter_is_noticed)
{
    AUTO(secret) pepper = pepper_of(1);
    AUTO(arena) *a = NULL;
    int mistyped = 0, misformed = 0;
    NEED_OK(arena_open(1 << 20, &a));
    entropy_fix(11);
    const struct made m = make_one(&pepper, a);
    entropy_fix(0);
    for (size_t at = 0; at < TEXT_LEN; at++)
        for (int c = 0; c < 256; c++) {
            char text[KEY_TEXT_MAX];
            digest mac;
            memcpy(text, m.text, sizeof text);
            if (text[at] == (char)c)
                continue;
            text[at] = (char)c;
            const err e = key_read(&pepper, (str){text, TEXT_LEN}, &mac);
            NEED(e.code == ERR_UNAUTHENTICATED || !digest_eq(&mac, &m.mac));
            /* Only what no longer begins with "hoh_" can pass for another's key. */
            CHECK(e.code || at < 4);
            mistyped += e.code && str_find(str_of(err_public(e)), STR("mistyped")) > 0;
            misformed += e.code && str_find(str_of(err_public(e)), STR("mistyped")) < 0;
        }
    CHECK_INT(mistyped, >=, 78 * 31);
    CHECK_INT(mistyped + misformed, >=, (TEXT_LEN - 4) * 255);
}

TEST(swapped_lost_and_doubled_letters_are_noticed)
{
    AUTO(secret) pepper = pepper_of(1);
    AUTO(arena) *a = NULL;
    digest mac;
    NEED_OK(arena_open(1 << 20, &a));
    const struct made m = make_one(&pepper, a);
    for (size_t at = 0; at < TEXT_LEN; at++) {
        char text[KEY_TEXT_MAX + 1];
        memcpy(text, m.text, sizeof m.text);
        memmove(text + at, text + at + 1, TEXT_LEN - at);
        NEED(key_read(&pepper, (str){text, TEXT_LEN - 1}, &mac).code || at < 4);
        memcpy(text, m.text, sizeof m.text);
        memmove(text + at + 1, text + at, TEXT_LEN - at);
        NEED(key_read(&pepper, (str){text, TEXT_LEN + 1}, &mac).code || at < 4);
        memcpy(text, m.text, sizeof m.text);
        text[at] = m.text[at + 1];
        text[at + 1] = m.text[at];
        if (at + 1 < TEXT_LEN && text[at] != text[at + 1])
            NEED(key_read(&pepper, (str){text, TEXT_LEN}, &mac).code || at < 4);
    }
}

TEST(what_is_no_key_is_refused_and_leaves_the_result_alone)
{
    AUTO(secret) pepper = pepper_of(1);
    AUTO(arena) *a = NULL;
    digest mac, before;
    NEED_OK(arena_open(1 << 20, &a));
    const struct made m = make_one(&pepper, a);
    memset(&mac, 9, sizeof mac);
    before = mac;
    for (size_t len = 0; len < TEXT_LEN; len++)
        CHECK_ERR(key_read(&pepper, (str){m.text, len}, &mac), UNAUTHENTICATED);
    static const str bad[] = {
        STR_INIT("short"),
        STR_INIT("a key with some blanks"),
        STR_INIT("a-key-with-an-\xc3\xa4-in-it"),
        STR_INIT("a-key-with-a-NUL\0"),
        STR_INIT("hoh_"),
        STR_INIT("hoh_0123456789abcdef"),
        STR_INIT("hoh_00000000000000000000000000_0000000000000000000000000000000000000000000000000"
                 "00000000"),
        STR_INIT("hoh_000000000000000000000000000000000000000000000000000000000000000000000000000"
                 "0000000000"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_ERR(key_read(&pepper, bad[i], &mac), UNAUTHENTICATED);
        CHECK(str_find(str_of(err_public((err){ERR_UNAUTHENTICATED})), bad[i]) < 0);
    }
    CHECK_ERR(key_read(&pepper, STR_NONE, &mac), UNAUTHENTICATED);
    CHECK(digest_eq(&mac, &before));
}

TEST(a_key_made_elsewhere_is_read_to_the_digest_it_was_imported_with)
{
    static const str keys[] = {STR_INIT("sk-hoheit-testbed"), STR_INIT("sk-test"),
                               STR_INIT("HOH_0123456789abcdef"), STR_INIT("!\"#$%&'()*+,-./~")};
    AUTO(secret) pepper = pepper_of(1);
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        digest made, mac;
        str id = STR_NONE;
        NEED_OK(key_import(&pepper, keys[i], &id, &made, a));
        CHECK(str_starts(id, STR("key_")) && id.len == 30);
        NEED_OK(key_read(&pepper, keys[i], &mac));
        CHECK(digest_eq(&mac, &made));
        NEED_OK(hmac_sha256(&pepper, keys[i], &mac));
        CHECK(!digest_eq(&mac, &made)); /* as a key of ours would be */
    }
}

TEST(what_is_too_short_too_long_or_looks_like_ours_is_not_imported)
{
    static char text[KEY_TEXT_MAX + 1];
    AUTO(secret) pepper = pepper_of(1);
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    memset(text, 'k', sizeof text);
    for (size_t len = 0; len <= KEY_TEXT_MAX; len++) {
        digest mac;
        str id = STR("before");
        const err e = key_import(&pepper, (str){text, len}, &id, &mac, a);
        CHECK_INT(e.code, ==, len >= 6 && len <= 120 ? ERR_OK : ERR_ARGUMENT);
        CHECK(!e.code || str_eq(id, STR("before")));
    }
    for (int c = 0; c < 256; c++) {
        digest mac;
        str id;
        text[10] = (char)c;
        const err e = key_import(&pepper, (str){text, 20}, &id, &mac, a);
        CHECK_INT(e.code == 0, ==, c > ' ' && c <= '~');
    }
    digest mac;
    str id;
    const struct made m = make_one(&pepper, a);
    CHECK_ERR(key_import(&pepper, str_of(m.text), &id, &mac, a), ARGUMENT);
}

TEST(every_fault_while_making_or_reading_a_key_is_reported)
{
    AUTO(secret) pepper = pepper_of(1);
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    const struct made good = make_one(&pepper, a);
    long n = 1;
    for (bool fired = true; fired; n++) {
        struct made m;
        memset(&m, 'x', sizeof m);
        digest mac;
        fault_arm(n);
        err e = key_make(&pepper, m.text, &m.id, &m.mac, a);
        if (e.code)
            CHECK(m.text[0] == 'x' && m.text[88] == 'x');
        else
            e = key_read(&pepper, str_of(good.text), &mac);
        fired = fault_fired();
        fault_arm(0);
        NEED(fired == (e.code != 0));
    }
    CHECK_INT(n, >, 5);
}

/* ---- the records */

static db *
open_new(const char *name)
{
    char path[256];
    db *d = NULL;
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    CHECK_OK(db_open(path, &d));
    return d;
}

/* A record with every field told from its neighbours; strings live in `room`. */
static struct key_record
record_of(int i, char room[64])
{
    struct key_record k = {.roles = 0x80000000u + (uint32_t)i,
                           .clearance = {{1, ~0ull, (uint64_t)i, 1ull << 63}},
                           .default_label = {{0x0102030405060708, 0, 0, 5}},
                           .clearance_text = STR("VS-NfD//ART9"),
                           .default_text = STR("intern"),
                           .created_wall_ms = 1000 + i,
                           .expires_wall_ms = INT64_MAX,
                           .revoked_wall_ms = 0};
    snprintf(room, 64, "key_%d", i);
    k.id = str_of(room);
    snprintf(room + 20, 40, "name ä %d", i);
    k.name = str_of(room + 20);
    snprintf(room + 44, 20, "tenant %d", i % 3);
    k.tenant = str_of(room + 44);
    k.person = i % 2 ? STR("frau.amt") : STR_NONE;
    k.line = STR("line");
    k.models = i % 3 ? STR("a,b") : STR_NONE;
    k.networks = STR("10.0.0.0/8");
    k.ceiling_text = STR("offen");
    k.owner = STR("key_first");
    memset(k.mac.bytes, i + 1, sizeof k.mac.bytes);
    return k;
}

struct list {
    struct key_record at[64];
    int count, fail_at;
};

static err
collect(void *ctx, const struct key_record *k)
{
    struct list *l = ctx;
    if (l->fail_at && l->count + 1 == l->fail_at)
        FAIL(CANCELLED, "enough");
    ASSERT(l->count < 64);
    l->at[l->count++] = *k;
    return OK;
}

static void
check_record(const struct key_record *got, const struct key_record *want)
{
    CHECK_STR(got->id, want->id);
    CHECK_STR(got->name, want->name);
    CHECK_STR(got->tenant, want->tenant);
    CHECK(digest_eq(&got->mac, &want->mac));
    CHECK_INT(got->roles, ==, want->roles);
    CHECK(label_eq(got->clearance, want->clearance));
    CHECK(label_eq(got->default_label, want->default_label));
    CHECK_STR(got->clearance_text, want->clearance_text);
    CHECK_STR(got->default_text, want->default_text);
    CHECK_STR(got->person, want->person);
    CHECK_STR(got->line, want->line);
    CHECK_STR(got->models, want->models);
    CHECK_STR(got->networks, want->networks);
    CHECK_STR(got->ceiling_text, want->ceiling_text);
    CHECK_STR(got->owner, want->owner);
    CHECK_INT(got->created_wall_ms, ==, want->created_wall_ms);
    CHECK_INT(got->expires_wall_ms, ==, want->expires_wall_ms);
    CHECK_INT(got->revoked_wall_ms, ==, want->revoked_wall_ms);
}

TEST(records_come_back_whole_and_in_the_order_they_were_made)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("order");
    char room[64];
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    for (int i = 20; i > 0; i--) {
        const struct key_record k = record_of(i, room);
        NEED_OK(keys_add(d, &k));
    }
    struct list got = {0};
    NEED_OK(keys_each(d, a, collect, &got));
    CHECK_INT(got.count, ==, 20);
    for (int i = 0; i < got.count; i++) {
        const struct key_record want = record_of(20 - i, room);
        check_record(&got.at[i], &want);
    }
    db_close(d);
}

TEST(an_empty_list_is_a_list)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("none");
    struct list got = {0};
    NEED(d);
    NEED_OK(arena_open(4096, &a));
    CHECK_OK(keys_each(d, a, collect, &got));
    CHECK_INT(got.count, ==, 0);
    db_close(d);
}

TEST(a_name_in_use_is_a_conflict_and_free_again_after_revocation)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("name");
    char room[64], room2[64];
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    const struct key_record one = record_of(1, room);
    struct key_record two = record_of(2, room2);
    two.name = one.name;
    CHECK_OK(keys_add(d, &one));
    CHECK_ERR(keys_add(d, &two), CONFLICT);
    CHECK_STR(str_of(err_public((err){ERR_CONFLICT})), STR("a key of this name is in use"));
    CHECK_OK(keys_revoke(d, one.name, 5000));
    CHECK_OK(keys_add(d, &two));
    struct list got = {0};
    NEED_OK(keys_each(d, a, collect, &got));
    CHECK_INT(got.count, ==, 2);
    CHECK_INT(got.at[0].revoked_wall_ms, ==, 5000);
    CHECK_INT(got.at[1].revoked_wall_ms, ==, 0);
    db_close(d);
}

TEST(a_key_that_is_replaced_gets_another_name_and_an_end)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("retire");
    char room[64], room2[64];
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    const struct key_record one = record_of(1, room), two = record_of(2, room2);
    CHECK_OK(keys_add(d, &one));
    CHECK_OK(keys_add(d, &two));
    CHECK_OK(keys_retire(d, one.id, STR("old"), 7000));
    CHECK_ERR(keys_retire(d, one.id, two.name, 7000), CONFLICT);
    CHECK_ERR(keys_retire(d, STR("key_none"), STR("x"), 7000), NOT_FOUND);
    CHECK_OK(keys_revoke(d, two.id, 10));
    CHECK_ERR(keys_retire(d, two.id, STR("x"), 7000), NOT_FOUND);
    struct list got = {0};
    NEED_OK(keys_each(d, a, collect, &got));
    CHECK_STR(got.at[0].name, STR("old"));
    CHECK_STR(got.at[0].line, STR("line"));
    CHECK_INT(got.at[0].expires_wall_ms, ==, 7000);
    db_close(d);
}

TEST(an_id_or_digest_cannot_be_there_twice)
{
    db *d = open_new("id");
    char room[64], room2[64];
    NEED(d);
    const struct key_record one = record_of(1, room);
    struct key_record two = record_of(2, room2);
    CHECK_OK(keys_add(d, &one));
    two.id = one.id;
    CHECK_ERR(keys_add(d, &two), CONFLICT);
    two = record_of(2, room2);
    two.mac = one.mac;
    CHECK_ERR(keys_add(d, &two), CONFLICT);
    db_close(d);
}

TEST(a_key_is_revoked_once_by_id_or_name_and_no_other_is_touched)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("revoke");
    char rooms[4][64];
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    struct key_record k[4];
    for (int i = 0; i < 4; i++)
        k[i] = record_of(i, rooms[i]);
    k[3].name = k[0].id; /* a name that is another's id */
    for (int i = 0; i < 4; i++)
        NEED_OK(keys_add(d, &k[i]));
    CHECK_OK(keys_revoke(d, k[0].id, 10));
    CHECK_OK(keys_revoke(d, k[1].name, 11));
    CHECK_ERR(keys_revoke(d, k[1].name, 12), NOT_FOUND);
    CHECK_ERR(keys_revoke(d, k[1].id, 13), NOT_FOUND);
    CHECK_ERR(keys_revoke(d, STR("nobody"), 14), NOT_FOUND);
    CHECK_ERR(keys_revoke(d, STR_NONE, 15), NOT_FOUND);
    CHECK_ERR(keys_revoke(d, STR("%"), 16), NOT_FOUND);
    struct list got = {0};
    NEED_OK(keys_each(d, a, collect, &got));
    CHECK_INT(got.at[0].revoked_wall_ms, ==, 10);
    CHECK_INT(got.at[1].revoked_wall_ms, ==, 11);
    CHECK_INT(got.at[2].revoked_wall_ms, ==, 0);
    CHECK_INT(got.at[3].revoked_wall_ms, ==, 0);
    CHECK_OK(keys_revoke(d, k[0].id, 17));
    got.count = 0;
    NEED_OK(keys_each(d, a, collect, &got));
    CHECK_INT(got.at[0].revoked_wall_ms, ==, 10);
    CHECK_INT(got.at[3].revoked_wall_ms, ==, 17);
    db_close(d);
}

TEST(a_walk_ends_where_its_function_fails)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("walk");
    char room[64];
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    for (int i = 0; i < 5; i++) {
        const struct key_record k = record_of(i, room);
        NEED_OK(keys_add(d, &k));
    }
    struct list got = {.fail_at = 3};
    CHECK_ERR(keys_each(d, a, collect, &got), CANCELLED);
    CHECK_INT(got.count, ==, 2);
    got = (struct list){0};
    CHECK_OK(keys_each(d, a, collect, &got));
    CHECK_INT(got.count, ==, 5);
    db_close(d);
}

TEST(an_arena_too_small_for_the_list_is_reported)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("small");
    char room[64];
    struct list got = {0};
    NEED(d);
    NEED_OK(arena_open(200, &a));
    for (int i = 0; i < 10; i++) {
        const struct key_record k = record_of(i, room);
        NEED_OK(keys_add(d, &k));
    }
    CHECK_ERR(keys_each(d, a, collect, &got), LIMIT);
    CHECK_INT(got.count, <, 10);
    db_close(d);
}

/* ---- faults */

static err
add_and_revoke(db *d, arena *a, int i)
{
    char room[64];
    struct list got = {0};
    const struct key_record k = record_of(i, room);
    TRY(db_begin(d));
    TRY(keys_add(d, &k));
    TRY(keys_revoke(d, k.id, 9));
    TRY(keys_each(d, a, collect, &got));
    TRY(db_commit(d));
    return OK;
}

TEST(every_fault_leaves_the_records_as_they_were)
{
    db *d = open_new("fault");
    AUTO(arena) *a = NULL;
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    long n = 1;
    for (bool fired = true; fired; n++) {
        struct list got = {0};
        fault_arm(n);
        const err e = add_and_revoke(d, a, 1);
        fired = fault_fired();
        fault_arm(0);
        NEED(fired == (e.code != 0));
        if (e.code)
            db_rollback(d);
        NEED_OK(keys_each(d, a, collect, &got));
        CHECK_INT(got.count, ==, e.code ? 0 : 1);
    }
    CHECK_INT(n, >, 10);
    db_close(d);
}
