/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/stores/sweep.h"

#include "base/fault.h"
#include "unit/work/stores/nook.h"

static size_t
collections(void)
{
    struct library_names *all = arena_new(nook.rig.a, struct library_names);
    CHECK_OK(library_list(nook.stores.own, nook.rig.a, all));
    return all->count;
}

static void
lose_row(str store)
{
    const struct keep_name n = {.kind = OBJECT_STORE, .id = store};
    struct kept k;
    CHECK_OK(keep_resume(&nook.high.call, &n, &k));
    CHECK_OK(keep_drop(nook.rig.gate, &k));
}

TEST(words_of_a_store_without_a_row_go_and_those_of_others_stay)
{
    size_t next = 7;
    nook_open();
    const str lost = nook_store("offen"), other = nook_store("offen");
    nook_file(lost, "file-1", "offen", "# Hund\n\nSteuer.\n");
    nook_file(other, "file-2", "offen", "# Katze\n\nSteuer.\n");
    CHECK_OK(stores_sweep(&nook.stores, 0, &next));
    CHECK_INT(next, ==, 0);
    CHECK_INT(collections(), ==, 2);
    lose_row(lost);
    CHECK_OK(stores_sweep(&nook.stores, 0, &next));
    CHECK_INT(collections(), ==, 1);
    know *k = NULL;
    CHECK_OK(library_find(nook.stores.own, other, &k));
    CHECK_ERR(library_find(nook.stores.own, lost, &k), NOT_FOUND);
    nook_close();
}

TEST(where_nothing_was_left_there_is_nothing_to_do)
{
    size_t next = 7;
    nook_open();
    CHECK_OK(stores_sweep(&nook.stores, 0, &next));
    CHECK_INT(next, ==, 0);
    CHECK_OK(stores_sweep(&nook.stores, 999, &next));
    CHECK_INT(next, ==, 0);
    nook_close();
}

TEST(many_are_looked_at_a_few_at_a_time)
{
    size_t next = 0;
    nook_open();
    for (int i = 0; i < STORES_SWEEP_MAX + 6; i++) {
        char name[32];
        snprintf(name, sizeof name, "vs_%03d", i);
        CHECK_OK(library_create(nook.stores.own, str_of(name)));
    }
    CHECK_OK(library_create(nook.stores.own, STR("zuletzt"))); /* none of ours: it stays */
    CHECK_OK(stores_sweep(&nook.stores, next, &next));
    CHECK_INT(collections(), ==, 7);
    CHECK_OK(stores_sweep(&nook.stores, next, &next));
    CHECK_INT(collections(), ==, 1);
    nook_close();
}

TEST(whatever_fails_on_the_way_no_row_loses_its_words)
{
    nook_open();
    const str lost = nook_store("offen"), other = nook_store("offen");
    nook_file(lost, "file-1", "offen", "# Hund\n\nSteuer.\n");
    nook_file(other, "file-2", "offen", "# Katze\n\nSteuer.\n");
    lose_row(lost);
    for (long i = 1; i < 200; i++) {
        size_t next = 0;
        know *k = NULL;
        fault_arm(i);
        const err e = stores_sweep(&nook.stores, 0, &next);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_OK(library_find(nook.stores.own, other, &k));
        if (!fired) {
            CHECK_OK(e);
            break;
        }
    }
    CHECK_INT(collections(), ==, 1);
    nook_close();
}

TEST(the_first_time_is_at_the_start)
{
    stores_sweeper *w = NULL;
    nook_open();
    CHECK_OK(library_create(nook.stores.own, STR("vs_lost")));
    CHECK_OK(stores_sweeper_new(&nook.stores, nook.rig.l, &w));
    RIG_UNTIL(&nook.rig, collections() == 0);
    stores_sweeper_free(w);
    stores_sweeper_free(NULL);
    nook_close();
}
