/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/access_keys.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"
#include "test.h"

static db *
open_db(void)
{
    static unsigned number;
    char path[600];
    db *d = NULL;
    snprintf(path, sizeof path, "%s/access%u.db", test_dir(), number++);
    CHECK_OK(db_open(path, &d));
    return d;
}

static err
add(db *d, const char *id, const char *key, str sealed)
{
    const struct access_key_record r = {str_of(id), str_of(key), sealed, 77};
    return access_keys_add(d, &r);
}

static err
note(void *ctx, const struct access_key_record *r)
{
    buf_add_fmt(ctx, "%.*s=%.*s:%zu@%lld;", STR_FMT(r->access_id), STR_FMT(r->key_id),
                r->sealed.len, (long long)r->created_wall_ms);
    return OK;
}

static err
stop(void *ctx, const struct access_key_record *r)
{
    (void)r;
    ++*(int *)ctx;
    FAIL(BUSY, "enough");
}

TEST(they_come_back_in_the_order_they_were_added)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(4096);
    int calls = 0;
    db *d = open_db();
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(add(d, "HOHAB", "key_1", STR_NONE));
    CHECK_OK(add(d, "AKIDA", "key_1", STR("\0sealed")));
    CHECK_OK(add(d, "AKIDC", "key_2", STR("x")));
    CHECK_OK(access_keys_each(d, a, note, &b));
    CHECK_STR(buf_str(&b), STR("HOHAB=key_1:0@77;AKIDA=key_1:7@77;AKIDC=key_2:1@77;"));
    CHECK_ERR(access_keys_each(d, a, stop, &calls), BUSY);
    CHECK_INT(calls, ==, 1);
    db_close(d);
}

TEST(an_id_is_taken_once)
{
    db *d = open_db();
    CHECK_OK(add(d, "AKIDA", "key_1", STR_NONE));
    CHECK_ERR(add(d, "AKIDA", "key_2", STR_NONE), CONFLICT);
    CHECK_OK(add(d, "akida", "key_2", STR_NONE));
    db_close(d);
}

TEST(what_fails_adds_nothing)
{
    db *d = open_db();
    for (long n = 1;; n++) {
        fault_arm(n);
        const err e = add(d, "AKIDA", "key_1", STR("s"));
        const bool fired = fault_fired();
        fault_arm(0);
        if (!e.code) {
            CHECK(!fired);
            break;
        }
        AUTO(arena) *a = NULL;
        AUTO(buf) b = BUF(4096);
        NEED_OK(arena_open(1 << 20, &a));
        CHECK_OK(access_keys_each(d, a, note, &b));
        CHECK_INT(b.len, ==, 0);
    }
    for (long n = 1;; n++) {
        AUTO(arena) *a = NULL;
        AUTO(buf) b = BUF(4096);
        NEED_OK(arena_open(1 << 20, &a));
        (void)buf_add_room(&b, 1000);
        buf_clear(&b);
        fault_arm(n);
        const err e = access_keys_each(d, a, note, &b);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_INT(fired, ==, e.code != 0);
        if (!fired)
            break;
    }
    db_close(d);
}
