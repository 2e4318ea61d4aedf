/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/edge.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "test.h"

enum { PATH_LEN = 512 };

static struct edge edge, again;

static const char *
place(const char *name)
{
    static char room[PATH_LEN];
    snprintf(room, sizeof room, "%s/%s", test_dir(), name);
    return room;
}

static bool
exists(const char *dir, const char *name)
{
    char path[2 * PATH_LEN];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return stat(path, &st) == 0;
}

static err
add(struct edge *e, uint64_t i)
{
    char entry[64];
    const int n = snprintf(entry, sizeof entry, "{\"seq\":%llu}", (unsigned long long)i);
    return edge_add(e, (str){entry, (size_t)n});
}

static void
add_until(struct edge *e, uint64_t size)
{
    while (e->tree.size < size)
        NEED_OK(add(e, e->tree.size));
}

static bool
is_same_head(const struct edge *a, const struct edge *b)
{
    const struct tree_head x = merkle_head(&a->tree), y = merkle_head(&b->tree);
    return memcmp(&x, &y, sizeof x) == 0;
}

TEST(a_tree_that_is_written_has_the_files_of_its_size)
{
    char dir[PATH_LEN];
    snprintf(dir, sizeof dir, "%s", place("files"));
    NEED_OK(edge_open(&edge, dir, 0, 0));
    add_until(&edge, 2 * 256 + 5);
    NEED_OK(edge_write(&edge));
    CHECK(exists(dir, "tile/0/000") && exists(dir, "tile/0/001") && exists(dir, "tile/0/002.p/5"));
    CHECK(exists(dir, "tile/entries/001") && exists(dir, "tile/entries/002.p/5"));
    CHECK(exists(dir, "tile/1/000.p/2") && !exists(dir, "tile/2"));
    add_until(&edge, 3 * 256);
    NEED_OK(edge_write(&edge));
    CHECK(exists(dir, "tile/0/002") && !exists(dir, "tile/0/002.p"));
    CHECK(!exists(dir, "tile/entries/002.p") && !exists(dir, "tile/0/003.p"));
    CHECK(exists(dir, "tile/1/000.p/3"));
    edge_done(&edge);
}

TEST(the_entries_lie_in_the_bundles)
{
    AUTO(buf) bytes = BUF(4096);
    struct bundle b;
    struct tile_id t = {TILE_ENTRIES, 1, 3};
    char dir[PATH_LEN];
    snprintf(dir, sizeof dir, "%s", place("entries"));
    NEED_OK(edge_open(&edge, dir, 0, 0));
    add_until(&edge, 259);
    NEED_OK(edge_write(&edge));
    NEED_OK(tile_read_raw(dir, &t, &bytes));
    NEED_OK(bundle_parse(buf_str(&bytes), 3, &b));
    CHECK_STR(b.at[2], STR("{\"seq\":258}"));
    edge_done(&edge);
}

TEST(proofs_hold_for_what_is_in_memory_and_what_is_on_disk)
{
    NEED_OK(edge_open(&edge, place("proofs"), 0, 0));
    for (uint64_t size = 250; size <= 1030; size += 13) {
        const struct merkle_source s = edge_source(&edge);
        add_until(&edge, size);
        const struct tree_head h = merkle_head(&edge.tree);
        for (uint64_t i = 0; i < size; i += 29) {
            char entry[64];
            struct merkle_proof p;
            const int n = snprintf(entry, sizeof entry, "{\"seq\":%llu}", (unsigned long long)i);
            const digest leaf = merkle_leaf((str){entry, (size_t)n});
            NEED_OK(merkle_prove_leaf(&s, i, size, &p));
            CHECK(merkle_has_leaf(&h, i, &leaf, &p));
        }
    }
    edge_done(&edge);
}

/* 66,000 entries, so that a tile of level 1 is full and one of level 2 begins. */
TEST(a_tree_that_is_opened_again_goes_on_as_if_it_had_never_been_closed)
{
    static const uint64_t from[] = {0, 256, 65280, 65536, 65792};
    char dir[PATH_LEN];
    snprintf(dir, sizeof dir, "%s", place("again"));
    NEED_OK(edge_open(&edge, dir, 0, 0));
    add_until(&edge, 66000);
    NEED_OK(edge_write(&edge));
    CHECK(exists(dir, "tile/1/000") && exists(dir, "tile/2/000.p/1"));
    CHECK(exists(dir, "tile/1/001.p/1"));
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        NEED_OK(edge_open(&again, dir, 66000, from[i]));
        CHECK_INT(again.tree.size, ==, from[i]);
        add_until(&again, 66000);
        CHECK(is_same_head(&edge, &again));
        edge_done(&again);
    }
    edge_done(&edge);
}

TEST(a_tree_whose_tiles_are_gone_cannot_be_opened)
{
    CHECK_ERR(edge_open(&edge, place("nothing"), 600, 512), NOT_FOUND);
    edge_done(&edge);
    CHECK_OK(edge_open(&edge, place("nothing"), 600, 0));
    edge_done(&edge);
}

TEST(an_entry_too_long_for_a_tile_is_refused_and_changes_nothing)
{
    static char big[ENTRY_BYTES_MAX + 1];
    NEED_OK(edge_open(&edge, place("long"), 0, 0));
    CHECK_ERR(edge_add(&edge, (str){big, sizeof big}), LIMIT);
    CHECK_INT(edge.tree.size, ==, 0);
    CHECK_OK(edge_add(&edge, (str){big, sizeof big - 1}));
    CHECK_OK(edge_write(&edge));
    edge_done(&edge);
}

static void
count_faults(const char *dir, uint64_t size)
{
    for (long n = 1;; n++) {
        fault_arm(n);
        err e = OK;
        while (!e.code && edge.tree.size < size)
            e = add(&edge, edge.tree.size);
        if (!e.code)
            e = edge_write(&edge);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired)
            break;
        NEED(n < 200);
    }
    NEED_OK(edge_open(&again, dir, size, size / 256 * 256));
    add_until(&again, size);
    CHECK(is_same_head(&edge, &again));
    edge_done(&again);
}

TEST(a_disk_that_fails_anywhere_loses_no_entry_and_adds_none_twice)
{
    char dir[PATH_LEN];
    snprintf(dir, sizeof dir, "%s", place("faults"));
    NEED_OK(edge_open(&edge, dir, 0, 0));
    for (uint64_t size = 100; size <= 1100; size += 250)
        count_faults(dir, size);
    edge_done(&edge);
    NEED_OK(edge_open(&edge, place("clean"), 0, 0));
    add_until(&edge, 1100);
    NEED_OK(edge_open(&again, dir, 1100, 1024));
    add_until(&again, 1100);
    CHECK(is_same_head(&edge, &again));
    edge_done(&again);
    edge_done(&edge);
}
