/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/vec.h"

#include "base/fault.h"
#include "test.h"
#include "unit/base/panics.h"

struct row {
    size_t number;
    str text;
};

TEST(what_is_added_stays_in_its_order)
{
    AUTO(arena) *a = NULL;
    VEC(struct row) v = {0};
    NEED_OK(arena_open(4 << 20, &a));
    for (size_t i = 0; i < 10000; i++)
        NEED_OK(VEC_ADD(a, &v, (&(struct row){i, STR("row")})));
    CHECK_INT(v.count, ==, 10000);
    for (size_t i = 0; i < v.count; i++)
        CHECK(v.at[i].number == i && str_eq(v.at[i].text, STR("row")));
}

TEST(old_rows_cost_at_most_as_much_again)
{
    AUTO(arena) *a = NULL;
    VEC(uint64_t) v = {0};
    NEED_OK(arena_open(4 << 20, &a));
    for (uint64_t i = 0; i < 5000; i++) {
        NEED_OK(VEC_ADD(a, &v, &i));
        CHECK(arena_used(a) <= 2 * v.room * sizeof i);
        CHECK(v.count <= 4 || v.room < 2 * v.count);
    }
}

TEST(a_full_arena_leaves_the_list_as_it_was)
{
    AUTO(arena) *a = NULL;
    VEC(uint64_t) v = {0};
    NEED_OK(arena_open(4096, &a));
    err e = OK;
    for (uint64_t i = 0; i < 1000 && !e.code; i++)
        e = VEC_ADD(a, &v, &i);
    CHECK_ERR(e, LIMIT);
    CHECK(v.count > 0 && v.count == v.room);
    for (uint64_t i = 0; i < v.count; i++)
        CHECK(v.at[i] == i);
    CHECK_ERR(VEC_ADD(a, &v, &(uint64_t){0}), LIMIT);
}

TEST(a_row_of_any_size_is_kept)
{
    AUTO(arena) *a = NULL;
    VEC(char) chars = {0};
    VEC(struct { char c[333]; }) large = {0};
    NEED_OK(arena_open(1 << 20, &a));
    for (int i = 0; i < 100; i++) {
        __typeof__(*large.at) row;
        const char c = (char)i;
        memset(row.c, i, sizeof row.c);
        NEED_OK(VEC_ADD(a, &chars, &c));
        NEED_OK(VEC_ADD(a, &large, &row));
    }
    for (int i = 0; i < 100; i++)
        CHECK(chars.at[i] == i && large.at[i].c[0] == i && large.at[i].c[332] == i);
}

static void
grow_a_broken_list(void)
{
    AUTO(arena) *a = NULL;
    void *at = NULL;
    size_t room = 1;
    IGNORE(arena_open(4096, &a));
    IGNORE(vec_grow(a, &at, 2, &room, 8));
}

TEST(more_rows_than_room_is_a_programmers_error)
{
    CHECK(panics(grow_a_broken_list));
}

static bool
grow_with_fault(long n)
{
    AUTO(arena) *a = NULL;
    VEC(int) v = {0};
    err e = arena_open(1 << 20, &a);
    fault_arm(n);
    for (int i = 0; i < 100 && !e.code; i++)
        e = VEC_ADD(a, &v, &i);
    const bool fired = fault_fired();
    fault_arm(0);
    CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
    for (int i = 0; i < (int)v.count; i++)
        CHECK_INT(v.at[i], ==, i);
    return fired;
}

TEST(every_fault_is_a_limit_and_nothing_is_lost)
{
    long n = 1;
    while (n < 100 && grow_with_fault(n))
        n++;
    CHECK_INT(n, ==, 7);
}
