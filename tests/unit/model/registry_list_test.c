/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/registry_list.h"

#include <stdio.h>

#include "test.h"

enum { MANY = 300 };

static registry_item *
item(const char *name)
{
    registry_item *x = NULL;
    CHECK_OK(registry_item_new(str_of(name), &(struct model){.name = str_of(name)}, STR_NONE, &x));
    return x;
}

static void
add(struct registry_list *l, const char *name)
{
    NEED_OK(registry_list_reserve(l, MANY));
    registry_list_add(l, item(name));
}

TEST(names_compare_without_case_and_shorter_first)
{
    CHECK_INT(registry_list_compare(STR("Abc"), STR("aBC")), ==, 0);
    CHECK_INT(registry_list_compare(STR("ab"), STR("abc")), <, 0);
    CHECK_INT(registry_list_compare(STR("abd"), STR("ABC")), >, 0);
    CHECK_INT(registry_list_compare(STR(""), STR("a")), <, 0);
    CHECK_INT(registry_list_compare(STR(""), STR_NONE), ==, 0);
}

TEST(an_item_holds_its_own_texts_and_a_name_in_small_letters)
{
    char room[] = "GPT-4o";
    const struct model m = {.name = str_of(room),
                            .file = STR("f"),
                            .sha256 = STR("s"),
                            .licence = STR("MIT"),
                            .architecture = STR("llama"),
                            .origin = STR("from a stick"),
                            .label_text = STR("intern"),
                            .engine = STR("toy"),
                            .size_bytes = 5};
    AUTO(registry_item) *x = NULL;
    NEED_OK(registry_item_new(m.name, &m, STR_NONE, &x));
    memset(room, '?', sizeof room);
    CHECK_STR(x->name, STR("gpt-4o"));
    CHECK_STR(x->model.name, STR("gpt-4o"));
    CHECK_STR(x->model.file, STR("f"));
    CHECK_STR(x->model.sha256, STR("s"));
    CHECK_STR(x->model.licence, STR("MIT"));
    CHECK_STR(x->model.architecture, STR("llama"));
    CHECK_STR(x->model.origin, STR("from a stick"));
    CHECK_STR(x->model.label_text, STR("intern"));
    CHECK_STR(x->model.engine, STR("toy"));
    CHECK_INT(x->model.size_bytes, ==, 5);
}

TEST(an_item_without_texts_has_empty_ones)
{
    AUTO(registry_item) *x = NULL;
    NEED_OK(registry_item_new(STR("a"), &(struct model){.name = STR("a")}, STR_NONE, &x));
    CHECK_STR(x->model.licence, STR(""));
    CHECK(!x->target_count && !x->spec.len);
}

/* Against the plain answer: in whatever order names come, they are held in order. */
TEST(names_are_held_in_order_and_found_whatever_the_order_they_came_in)
{
    struct registry_list l = {0};
    char name[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%c%03d", i % 2 ? 'M' : 'm', i * 7 % MANY);
        add(&l, name);
    }
    CHECK_INT(l.count, ==, MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "m%03d", i);
        CHECK_STR(l.at[i]->name, str_of(name));
        name[0] = 'M';
        CHECK(registry_list_find(&l, str_of(name)) == l.at[i]);
        name[3] = '-';
        CHECK(!registry_list_find(&l, str_of(name)));
    }
    CHECK(!registry_list_find(&l, STR("")));
    CHECK(!registry_list_find(&l, STR("zzz")));
    registry_list_done(&l);
}

TEST(what_is_taken_out_is_gone_and_the_rest_stays)
{
    struct registry_list l = {0};
    add(&l, "b");
    add(&l, "a");
    add(&l, "c");
    AUTO(registry_item) *x = registry_list_find(&l, STR("b"));
    NEED(x);
    registry_list_take(&l, x);
    CHECK(!registry_list_find(&l, STR("b")));
    CHECK(registry_list_find(&l, STR("a")) && registry_list_find(&l, STR("c")));
    CHECK_INT(l.count, ==, 2);
    registry_list_done(&l);
}

TEST(an_empty_list_holds_nothing)
{
    struct registry_list l = {0};
    CHECK(!registry_list_find(&l, STR("a")));
    registry_list_done(&l);
}

TEST(a_list_grows_to_its_bound_and_no_further)
{
    struct registry_list l = {0};
    char name[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "m%d", i);
        add(&l, name);
    }
    CHECK_ERR(registry_list_reserve(&l, MANY), LIMIT);
    CHECK_OK(registry_list_reserve(&l, MANY + 1));
    registry_list_done(&l);
}

TEST(no_memory_is_reported_and_changes_nothing)
{
    struct registry_list l = {0};
    registry_item *x = NULL;
    fault_arm(1);
    CHECK_ERR(registry_list_reserve(&l, MANY), LIMIT);
    fault_arm(1);
    CHECK_ERR(registry_item_new(STR("a"), &(struct model){.name = STR("a")}, STR_NONE, &x), LIMIT);
    fault_arm(0);
    CHECK(!x && !l.at && l.room == 0);
}
