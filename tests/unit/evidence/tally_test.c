/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/tally.h"

#include "base/json.h"
#include "case.h"

static void
add_all(tally *t, arena *a)
{
    tally_init(t, a);
    for (int i = 0; i < CASE_ENTRIES - 1; i++) {
        struct row r;
        NEED_OK(row_read(a, str_of(case_entries[i]), &r));
        NEED_OK(tally_add(t, &r));
    }
    tally_sort(t);
}

static const struct tally_line *
find(const tally *t, enum tally_by by, const char *name)
{
    for (size_t i = 0; i < t->by[by].lines.count; i++)
        if (str_eq(t->by[by].lines.at[i].name, str_of(name)))
            return &t->by[by].lines.at[i];
    return NULL;
}

TEST(entries_are_counted_by_every_name)
{
    AUTO(arena) *a = NULL;
    AUTO(tally) t = {.a = NULL};
    NEED_OK(arena_open(CASE_MEMORY, &a));
    add_all(&t, a);
    CHECK_INT(t.entries, ==, CASE_ENTRIES - 1);
    CHECK_INT(t.allowed, ==, 3);
    CHECK_INT(t.denied, ==, 2);
    const struct tally_line *m = find(&t, BY_MODEL, "amt");
    NEED(m);
    CHECK_INT(m->allowed, ==, 2);
    CHECK_INT(m->denied, ==, 2);
    CHECK_INT(m->ended, ==, 1);
    CHECK_INT(m->tokens_in, ==, 3);
    CHECK_INT(m->tokens_out, ==, 5);
    CHECK_STR(m->sha256, STR("ab"));
    CHECK_STR(m->added, STR("2026-03-01T08:00:00.000Z"));
    NEED(find(&t, BY_RULE, "clearance.level"));
    CHECK_INT(find(&t, BY_RULE, "clearance.level")->denied, ==, 1);
    CHECK(find(&t, BY_PROVIDER, "wolke"));
    CHECK(find(&t, BY_LABEL, "VS-NfD//SOZIALDATEN"));
    CHECK(!find(&t, BY_PROVIDER, "amt"));
    CHECK_STR(str_of(t.first), STR("2026-03-01T08:00:00.000Z"));
    CHECK_STR(str_of(t.last), STR("2026-03-08T09:00:00.000Z"));
}

TEST(lists_hold_what_they_are_called)
{
    static const uint64_t want[LIST_COUNT] = {[LIST_EGRESS] = 2,
                                              [LIST_DENIAL] = 1,
                                              [LIST_LIMIT] = 1,
                                              [LIST_ERASURE] = 1,
                                              [LIST_READ] = 1};
    AUTO(arena) *a = NULL;
    AUTO(tally) t = {.a = NULL};
    NEED_OK(arena_open(CASE_MEMORY, &a));
    add_all(&t, a);
    for (int i = 0; i < LIST_COUNT; i++) {
        CHECK_INT(t.list[i].total, ==, want[i]);
        CHECK_INT(t.list[i].rows.count, ==, want[i]);
    }
    CHECK_STR(t.list[LIST_LIMIT].rows.at[0].at[ROW_rule], STR("limit.requests"));
}

TEST(names_without_end_are_counted_as_others)
{
    AUTO(arena) *a = NULL;
    AUTO(tally) t = {.a = NULL};
    NEED_OK(arena_open(CASE_MEMORY, &a));
    tally_init(&t, a);
    for (int i = 0; i < 2 * TALLY_LINES_MAX; i++) {
        char name[32];
        struct row r = {.at = {STR_NONE}};
        snprintf(name, sizeof name, "tenant-%d", i);
        r.at[ROW_tenant] = str_of(name);
        r.at[ROW_event] = STR("egress");
        NEED_OK(tally_add(&t, &r));
    }
    tally_sort(&t);
    CHECK_INT(t.by[BY_TENANT].lines.count, ==, TALLY_LINES_MAX + 1);
    NEED(find(&t, BY_TENANT, "(other)"));
    CHECK_INT(find(&t, BY_TENANT, "(other)")->entries, ==, TALLY_LINES_MAX);
    CHECK_INT(t.list[LIST_EGRESS].total, ==, 2 * TALLY_LINES_MAX);
    CHECK_INT(t.list[LIST_EGRESS].rows.count, ==, TALLY_LIST_MAX);
}

TEST(it_is_json_in_the_order_of_names)
{
    AUTO(arena) *a = NULL;
    AUTO(tally) t = {.a = NULL};
    AUTO(buf) b = BUF(1 << 20);
    jval root;
    NEED_OK(arena_open(CASE_MEMORY, &a));
    add_all(&t, a);
    tally_put(&b, &t);
    NEED_OK(buf_end(&b));
    CHECK_OK(json_read(a, buf_str(&b), &root));
    for (size_t i = 1; i < t.by[BY_EVENT].lines.count; i++)
        CHECK(str_cmp(t.by[BY_EVENT].lines.at[i - 1].name, t.by[BY_EVENT].lines.at[i].name) < 0);
}

TEST(what_it_took_is_added_up_and_what_nobody_measured_is_no_number)
{
    static const char *const entries[] = {
        "{\"event\":\"completion\",\"tenant\":\"stadt\",\"cost_micro_euro\":141,\"cost_by\":"
        "\"usage\"}",
        "{\"event\":\"completion\",\"tenant\":\"stadt\",\"cost_micro_euro\":9,\"cost_by\":"
        "\"reservation\"}",
        "{\"event\":\"completion\",\"tenant\":\"stadt\",\"energy_mj\":1500,\"energy_by\":\"rapl\"}",
        "{\"event\":\"completion\",\"tenant\":\"land\",\"energy_by\":\"not measured\"}",
        "{\"event\":\"completion\",\"tenant\":\"kreis\",\"cost_micro_euro\":0,\"cost_by\":"
        "\"usage\"}"};
    AUTO(arena) *a = NULL;
    AUTO(tally) t = {.a = NULL};
    AUTO(buf) b = BUF(1 << 16);
    NEED_OK(arena_open(CASE_MEMORY, &a));
    tally_init(&t, a);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        struct row r;
        NEED_OK(row_read(a, str_of(entries[i]), &r));
        NEED_OK(tally_add(&t, &r));
    }
    tally_sort(&t);
    const struct tally_line *stadt = find(&t, BY_TENANT, "stadt");
    NEED(stadt && find(&t, BY_TENANT, "land") && find(&t, BY_TENANT, "kreis"));
    CHECK(stadt->priced == 2 && stadt->cost_micro_euro == 150);
    CHECK(stadt->measured == 1 && stadt->energy_mj == 1500);
    CHECK_INT(find(&t, BY_TENANT, "land")->measured, ==, 0);
    CHECK_INT(find(&t, BY_TENANT, "kreis")->priced, ==, 1);
    tally_put(&b, &t);
    CHECK(str_find(buf_str(&b), STR("\"priced\":2,\"cost_micro_euro\":150,\"measured\":1,"
                                    "\"energy_mj\":1500")) > 0);
    CHECK(str_find(buf_str(&b), STR("\"energy_mj\":0")) < 0);
}
