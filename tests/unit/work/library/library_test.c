/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/library/library.h"

#include "os/file.h"
#include "unit/know/rig.h"

#define LIBRARY(l, where)                                                                          \
    AUTO(library) *l = NULL;                                                                       \
    AUTO(secret) l##_key = rig_key();                                                              \
    NEED_OK(library_new(where, &l##_key, &l))

TEST(a_collection_is_made_found_listed_and_removed)
{
    RIG(r);
    know *k = NULL;
    struct library_names names;
    LIBRARY(l, rig_dir(&r, "lib"));
    NEED_OK(library_list(l, r.a, &names));
    CHECK_INT(names.count, ==, 0);
    NEED_OK(library_create(l, STR("wissen")));
    NEED_OK(library_create(l, STR("amt")));
    CHECK_ERR(library_create(l, STR("amt")), CONFLICT);
    NEED_OK(library_find(l, STR("wissen"), &k));
    NEED_OK(library_list(l, r.a, &names));
    NEED(names.count == 2);
    CHECK_STR(names.at[0], STR("amt"));
    NEED_OK(library_remove(l, STR("wissen")));
    CHECK_ERR(library_find(l, STR("wissen"), &k), NOT_FOUND);
    CHECK_ERR(library_remove(l, STR("wissen")), NOT_FOUND);
}

TEST(what_was_added_is_there_after_it_was_opened_anew)
{
    RIG(r);
    know *k = NULL;
    const char *const dir = rig_dir(&r, "lib");
    {
        LIBRARY(l, dir);
        NEED_OK(library_create(l, STR("a")));
        NEED_OK(library_find(l, STR("a"), &k));
        rig_add(&r, k, "hund", "offen", "# Hund\n\nDie Hundesteuer beträgt 90 Euro.\n");
        NEED_OK(know_commit(k));
    }
    LIBRARY(l, dir);
    NEED_OK(library_find(l, STR("a"), &k));
    CHECK(str_find(rig_answer(&r, k, rig_grant(&r, "offen"), "Hundesteuer"), STR("90 Euro")) >= 0);
}

TEST(a_collection_under_anothers_name_opens_for_nobody)
{
    RIG(r);
    know *k = NULL;
    const char *const dir = rig_dir(&r, "lib");
    LIBRARY(l, dir);
    NEED_OK(library_create(l, STR("a")));
    NEED(rename(file_join(r.a, dir, "a"), file_join(r.a, dir, "b")) == 0);
    CHECK_ERR(library_find(l, STR("b"), &k), CORRUPT);
}

TEST(names_that_could_mean_another_place_are_refused)
{
    RIG(r);
    know *k = NULL;
    LIBRARY(l, rig_dir(&r, "lib"));
    static const char *const bad[] = {"", ".", "..", "a/b", "../x", "-a", "ä", "a b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_ERR(library_create(l, str_of(bad[i])), ARGUMENT);
        CHECK_ERR(library_find(l, str_of(bad[i]), &k), ARGUMENT);
        CHECK_ERR(library_remove(l, str_of(bad[i])), ARGUMENT);
    }
    char longest[LIBRARY_NAME_MAX + 2];
    memset(longest, 'x', sizeof longest);
    CHECK_ERR(library_create(l, (str){longest, sizeof longest - 1}), ARGUMENT);
    CHECK_OK(library_create(l, (str){longest, sizeof longest - 2}));
}

TEST(more_collections_than_stay_open_can_be_used_in_turn)
{
    RIG(r);
    know *k = NULL;
    char name[16];
    LIBRARY(l, rig_dir(&r, "lib"));
    for (int i = 0; i < LIBRARY_OPEN_MAX + 3; i++) {
        snprintf(name, sizeof name, "c%d", i);
        NEED_OK(library_create(l, str_of(name)));
        NEED_OK(library_find(l, str_of(name), &k));
    }
    for (int i = 0; i < LIBRARY_OPEN_MAX + 3; i++) {
        snprintf(name, sizeof name, "c%d", i);
        NEED_OK(library_find(l, str_of(name), &k));
    }
}

TEST(what_was_removed_only_in_part_or_is_damaged_can_be_removed)
{
    RIG(r);
    know *k = NULL;
    struct library_names names;
    const char *const dir = rig_dir(&r, "lib");
    LIBRARY(l, dir);
    NEED_OK(library_create(l, STR("a")));
    NEED(rename(file_join(r.a, dir, "a"), file_join(r.a, dir, "b")) == 0);
    NEED_OK(file_make_dir(file_join(r.a, dir, "half"), 0700));
    CHECK(library_find(l, STR("b"), &k).code && library_find(l, STR("half"), &k).code);
    CHECK_OK(library_remove(l, STR("b")));
    CHECK_OK(library_remove(l, STR("half")));
    NEED_OK(library_list(l, r.a, &names));
    CHECK_INT(names.count, ==, 0);
}
