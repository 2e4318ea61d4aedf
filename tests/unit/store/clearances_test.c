/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/clearances.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"
#include "store/people.h"
#include "test.h"

static db *
open_db(void)
{
    static unsigned number;
    char path[600];
    db *d = NULL;
    snprintf(path, sizeof path, "%s/clearances%u.db", test_dir(), number++);
    CHECK_OK(db_open(path, &d));
    return d;
}

static int64_t
add(db *d, const char *person, const char *text)
{
    int64_t id = 0;
    const struct clearance_row r = {.person = str_of(person),
                                    .text = str_of(text),
                                    .purposes = STR("aid,audit"),
                                    .label = {{3, 256, 0, 0}},
                                    .proposer = STR("key_a"),
                                    .proposer_line = STR("a"),
                                    .proposer_person = STR("anna"),
                                    .base = 4,
                                    .until_wall_ms = 99,
                                    .proposed_wall_ms = 5};
    CHECK_OK(clearances_add(d, &r, &id));
    return id;
}

static err
activate(db *d, int64_t id)
{
    return clearances_activate(d, &(struct clearance_row){.id = id,
                                                          .approver = STR("key_b"),
                                                          .approver_person = STR("bernd"),
                                                          .approved_wall_ms = 9});
}

TEST(a_person_s_last_that_was_approved_is_in_force)
{
    AUTO(arena) *a = NULL;
    struct clearance_row r;
    db *d = open_db();
    NEED_OK(arena_open(1 << 20, &a));
    const int64_t one = add(d, "dora", "intern"), two = add(d, "dora", "VS-NfD"),
                  other = add(d, "emil", "offen");
    CHECK_OK(clearances_active(d, a, STR("dora"), &r));
    CHECK_INT(r.id, ==, 0);
    CHECK_OK(activate(d, two));
    CHECK_OK(activate(d, other));
    CHECK_OK(activate(d, one));
    CHECK_OK(clearances_active(d, a, STR("dora"), &r));
    CHECK_INT(r.id, ==, one);
    CHECK_STR(r.text, STR("intern"));
    CHECK(label_eq(r.label, (label){{3, 256, 0, 0}}));
    CHECK_STR(r.proposer_person, STR("anna"));
    CHECK_STR(r.purposes, STR("aid,audit"));
    CHECK_STR(r.approver, STR("key_b"));
    CHECK(r.base == 4 && r.until_wall_ms == 99 && r.proposed_wall_ms == 5 &&
          r.approved_wall_ms == 9);
    CHECK_OK(clearances_set_label(d, one, LABEL_BOTTOM));
    CHECK_OK(clearances_get(d, a, one, &r));
    CHECK(label_eq(r.label, LABEL_BOTTOM));
    CHECK_OK(clearances_active(d, a, STR("emil"), &r));
    CHECK_INT(r.id, ==, other);
    db_close(d);
}

TEST(what_was_in_force_is_not_approved_again_and_what_is_not_there_not_at_all)
{
    AUTO(arena) *a = NULL;
    struct clearance_row r;
    db *d = open_db();
    NEED_OK(arena_open(1 << 20, &a));
    const int64_t one = add(d, "dora", "intern");
    CHECK_OK(activate(d, one));
    CHECK_ERR(activate(d, one), CONFLICT);
    CHECK_ERR(activate(d, one + 1), CONFLICT);
    CHECK_ERR(clearances_get(d, a, one + 1, &r), NOT_FOUND);
    CHECK_OK(clearances_active(d, a, STR("niemand"), &r));
    CHECK_INT(r.id, ==, 0);
    db_close(d);
}

static err
note(void *ctx, const struct clearance_row *r)
{
    buf_add(ctx, r->text);
    buf_add_char(ctx, ' ');
    return OK;
}

static err
stop(void *ctx, const struct clearance_row *r)
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
    add(d, "dora", "eins");
    add(d, "emil", "zwei");
    CHECK_OK(clearances_each(d, a, note, &b));
    CHECK_STR(buf_str(&b), STR("eins zwei "));
    CHECK_ERR(clearances_each(d, a, stop, &calls), BUSY);
    CHECK_INT(calls, ==, 1);
    db_close(d);
}

TEST(who_gets_the_name_of_a_person_who_was_removed_is_cleared_for_nothing)
{
    AUTO(arena) *a = NULL;
    struct clearance_row r;
    db *d = open_db();
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(persons_ensure(d, STR("dora"), STR("amt"), 1));
    CHECK_OK(activate(d, add(d, "dora", "VS-NfD")));
    CHECK_OK(persons_remove(d, STR("dora")));
    CHECK_OK(clearances_active(d, a, STR("dora"), &r));
    CHECK_INT(r.id, ==, 0);
    CHECK_ERR(persons_remove(d, STR("dora")), NOT_FOUND);
    db_close(d);
}

TEST(a_failure_in_between_leaves_what_was)
{
    AUTO(arena) *a = NULL;
    struct clearance_row r;
    db *d = open_db();
    NEED_OK(arena_open(1 << 20, &a));
    const int64_t one = add(d, "dora", "eins"), two = add(d, "dora", "zwei");
    CHECK_OK(activate(d, one));
    for (long n = 1; n < 50; n++) {
        fault_arm(n);
        const err e = activate(d, two);
        const bool ended = !fault_fired();
        fault_arm(0);
        CHECK_OK(clearances_active(d, a, STR("dora"), &r));
        CHECK_INT(r.id, ==, e.code ? one : two);
        if (ended || !e.code)
            break;
    }
    db_close(d);
}
