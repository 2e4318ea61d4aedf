/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/policies.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"
#include "test.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static db *
open_db(void)
{
    static unsigned number;
    char path[600];
    db *d = NULL;
    snprintf(path, sizeof path, "%s/policies%u.db", test_dir(), number++);
    CHECK_OK(db_open(path, &d));
    return d;
}

static int64_t
add(db *d, const char *text, int64_t base)
{
    int64_t id = 0;
    const struct policy_row r = {.text = str_of(text),
                                 .sha256 = STR(SHA),
                                 .proposer = STR("key_a"),
                                 .proposer_line = STR("a"),
                                 .proposer_person = STR("anna"),
                                 .base = base,
                                 .proposed_wall_ms = 5};
    CHECK_OK(policies_add(d, &r, &id));
    return id;
}

static err
activate(db *d, int64_t id)
{
    return policies_activate(d, &(struct policy_row){.id = id,
                                                     .approver = STR("key_b"),
                                                     .approver_person = STR("bernd"),
                                                     .approved_wall_ms = 9});
}

TEST(versions_are_kept_and_the_last_that_was_approved_is_in_force)
{
    AUTO(arena) *a = NULL;
    struct policy_row r;
    db *d = open_db();
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(policies_active(d, a, &r));
    CHECK_INT(r.id, ==, 0);
    const int64_t one = add(d, "eins", 0), two = add(d, "zwei", 0), three = add(d, "drei", one);
    CHECK_INT(two, >, one);
    CHECK_OK(policies_active(d, a, &r));
    CHECK_INT(r.id, ==, 0);
    CHECK_OK(activate(d, three));
    CHECK_OK(activate(d, one));
    CHECK_OK(policies_active(d, a, &r));
    CHECK_INT(r.id, ==, one);
    CHECK_INT(r.turn, ==, 2);
    CHECK_STR(r.text, STR("eins"));
    CHECK_STR(r.sha256, STR(SHA));
    CHECK_STR(r.proposer_person, STR("anna"));
    CHECK_STR(r.approver, STR("key_b"));
    CHECK_INT(r.approved_wall_ms, ==, 9);
    CHECK_OK(policies_get(d, a, three, &r));
    CHECK_INT(r.turn, ==, 1);
    CHECK_INT(r.base, ==, one);
    CHECK_OK(policies_get(d, a, two, &r));
    CHECK_INT(r.turn, ==, 0);
    CHECK_INT(r.approver.len, ==, 0);
    db_close(d);
}

TEST(what_was_in_force_is_not_approved_again_and_what_is_not_there_not_at_all)
{
    AUTO(arena) *a = NULL;
    struct policy_row r;
    db *d = open_db();
    NEED_OK(arena_open(1 << 20, &a));
    const int64_t one = add(d, "eins", 0);
    CHECK_OK(activate(d, one));
    CHECK_ERR(activate(d, one), CONFLICT);
    CHECK_ERR(activate(d, one + 1), CONFLICT);
    CHECK_ERR(policies_get(d, a, one + 1, &r), NOT_FOUND);
    db_close(d);
}

static err
note(void *ctx, const struct policy_row *r)
{
    buf_add(ctx, r->text);
    buf_add_char(ctx, ' ');
    return OK;
}

static err
stop(void *ctx, const struct policy_row *r)
{
    (void)r;
    ++*(int *)ctx;
    FAIL(BUSY, "enough");
}

TEST(all_are_told_oldest_first_until_somebody_has_enough)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(4096);
    int calls = 0;
    db *d = open_db();
    NEED_OK(arena_open(1 << 20, &a));
    add(d, "eins", 0);
    add(d, "zwei", 0);
    CHECK_OK(policies_each(d, a, note, &b));
    CHECK_STR(buf_str(&b), STR("eins zwei "));
    CHECK_ERR(policies_each(d, a, stop, &calls), BUSY);
    CHECK_INT(calls, ==, 1);
    db_close(d);
}

TEST(a_failure_in_between_leaves_what_was)
{
    AUTO(arena) *a = NULL;
    struct policy_row r;
    db *d = open_db();
    NEED_OK(arena_open(1 << 20, &a));
    const int64_t one = add(d, "eins", 0), two = add(d, "zwei", one);
    CHECK_OK(activate(d, one));
    for (long n = 1; n < 50; n++) {
        fault_arm(n);
        const err e = activate(d, two);
        const bool ended = !fault_fired();
        fault_arm(0);
        CHECK_OK(policies_active(d, a, &r));
        CHECK_INT(r.id, ==, e.code ? one : two);
        if (ended || !e.code)
            break;
    }
    CHECK_OK(policies_active(d, a, &r));
    CHECK_INT(r.id, ==, two);
    db_close(d);
}
