/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/tiles.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "test.h"

enum { PATH_LEN = 512 };

static const char *
place(const char *name)
{
    static char room[PATH_LEN];
    snprintf(room, sizeof room, "%s/%s", test_dir(), name);
    return room;
}

/* ---- paths */

static const struct {
    struct tile_id t;
    const char *path;
} paths[] = {
    {{0, 0, 256}, "tile/0/000"},
    {{0, 0, 1}, "tile/0/000.p/1"},
    {{1, 7, 255}, "tile/1/007.p/255"},
    {{0, 999, 256}, "tile/0/999"},
    {{0, 1000, 256}, "tile/0/x001/000"},
    {{3, 67, 5}, "tile/3/067.p/5"},
    {{3, 1234067, 256}, "tile/3/x001/x234/067"},
    {{3, 1234067, 8}, "tile/3/x001/x234/067.p/8"},
    {{TILE_ENTRIES, 0, 256}, "tile/entries/000"},
    {{TILE_ENTRIES, 1234067, 9}, "tile/entries/x001/x234/067.p/9"},
    {{63, 1000000, 256}, "tile/63/x001/x000/000"},
    {{0, UINT64_MAX, 255}, "tile/0/x018/x446/x744/x073/x709/x551/615.p/255"},
};

TEST(a_tile_has_the_path_of_the_specification)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char room[TILE_PATH_MAX];
        struct tile_id t;
        tile_path(paths[i].t, room);
        CHECK_STR(str_of(room), str_of(paths[i].path));
        NEED_OK(tile_path_read(str_of(paths[i].path), &t));
        CHECK_INT(t.level, ==, paths[i].t.level);
        CHECK(t.index == paths[i].t.index);
        CHECK_INT(t.width, ==, paths[i].t.width);
    }
}

TEST(a_path_in_any_other_form_is_refused_and_leaves_the_result_alone)
{
    static const char *const bad[] = {"",
                                      "tile",
                                      "tile/",
                                      "tile/0",
                                      "tile/0/",
                                      "tile/0/0",
                                      "tile/0/00",
                                      "tile/0/0000",
                                      "tile/0/1000",
                                      "tile/0/x000/000",
                                      "tile/0/x001",
                                      "tile/0/x001/",
                                      "tile/0/001/000",
                                      "tile/0/x001/x000",
                                      "tile/0/x1/000",
                                      "tile/0/x001/0",
                                      "tile/0/X001/000",
                                      "tile/0//000",
                                      "tile/00/000",
                                      "tile/64/000",
                                      "tile/-1/000",
                                      "tile/+0/000",
                                      "tile/ 0/000",
                                      "tile/a/000",
                                      "/tile/0/000",
                                      "tile/0/000/",
                                      "tile/0/000.p",
                                      "tile/0/000.p/",
                                      "tile/0/000.p/0",
                                      "tile/0/000.p/256",
                                      "tile/0/000.p/01",
                                      "tile/0/000.p/1/",
                                      "tile/0/000.p/1.p/1",
                                      "tile/0/000.q/1",
                                      "tile/0/00a",
                                      "tile/0/0x0",
                                      "Tile/0/000",
                                      "tile/Entries/000",
                                      "tile/data/000",
                                      "tile/0/../000",
                                      "tile/0/x018/x446/x744/x073/x709/x551/616",
                                      "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
                                      "tile/8/0/000"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tile_id t = {42, 42, 42};
        if (tile_path_read(str_of(bad[i]), &t).code != ERR_PARSE)
            test_fail(__FILE__, __LINE__, "\"%s\" was taken", bad[i]);
        CHECK(t.level == 42 && t.index == 42 && t.width == 42);
    }
}

TEST(every_path_that_is_written_is_read_back)
{
    for (int i = 0; i < 20000; i++) {
        char room[TILE_PATH_MAX];
        struct tile_id got;
        const struct tile_id t = {(int)(test_random() % 65) - 1,
                                  test_random() >> test_random() % 64,
                                  1 + (unsigned)(test_random() % 256)};
        tile_path(t, room);
        NEED_OK(tile_path_read(str_of(room), &got));
        CHECK(got.level == t.level && got.index == t.index && got.width == t.width);
    }
}

TEST(the_edge_of_a_tree_has_what_is_left_over)
{
    const uint64_t size = 5 * 65536 + 3 * 256 + 7;
    CHECK_INT(tile_at_edge(TILE_ENTRIES, size).width, ==, 7);
    CHECK_INT(tile_at_edge(TILE_ENTRIES, size).index, ==, 5 * 256 + 3);
    CHECK_INT(tile_at_edge(0, size).width, ==, 7);
    CHECK_INT(tile_at_edge(1, size).width, ==, 3);
    CHECK_INT(tile_at_edge(1, size).index, ==, 5);
    CHECK_INT(tile_at_edge(2, size).width, ==, 5);
    CHECK_INT(tile_at_edge(3, size).width, ==, 0);
    CHECK_INT(tile_at_edge(0, 256).width, ==, 0);
    CHECK_INT(tile_at_edge(0, 256).index, ==, 1);
}

/* ---- files */

static void
fill(digest at[TILE_WIDTH])
{
    for (unsigned i = 0; i < TILE_WIDTH; i++) {
        const char entry = (char)i;
        at[i] = merkle_leaf((str){&entry, 1});
    }
}

static str
hashes(const digest *at, unsigned width)
{
    return (str){(const char *)at, width * sizeof *at};
}

static bool
exists(const char *dir, const char *name)
{
    char path[2 * PATH_LEN];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return stat(path, &st) == 0;
}

TEST(what_is_written_is_read_back_and_nothing_else_is_left)
{
    char dir[PATH_LEN];
    digest at[TILE_WIDTH], got[TILE_WIDTH];
    snprintf(dir, sizeof dir, "%s", place("back"));
    fill(at);
    const struct tile_id t = {0, 1234067, 9};
    NEED_OK(tile_write(dir, t, hashes(at, 9)));
    NEED_OK(tile_read(dir, t, got));
    CHECK(memcmp(at, got, 9 * sizeof *at) == 0);
    CHECK(exists(dir, "tile/0/x001/x234/067.p/9"));
    CHECK(!exists(dir, "tile/0/x001/x234/067.p/9.new"));
}

TEST(a_partial_tile_is_taken_from_the_full_one_once_it_is_gone)
{
    char dir[PATH_LEN];
    digest at[TILE_WIDTH], got[TILE_WIDTH];
    snprintf(dir, sizeof dir, "%s", place("gone"));
    fill(at);
    const struct tile_id part = {0, 3, 9}, full = {0, 3, TILE_WIDTH};
    NEED_OK(tile_write(dir, part, hashes(at, 9)));
    CHECK_ERR(tile_read(dir, full, got), NOT_FOUND);
    NEED_OK(tile_write(dir, full, hashes(at, TILE_WIDTH)));
    NEED_OK(tile_drop_partial(dir, full));
    CHECK(!exists(dir, "tile/0/003.p"));
    NEED_OK(tile_read(dir, part, got));
    CHECK(memcmp(at, got, 9 * sizeof *at) == 0);
    CHECK_OK(tile_drop_partial(dir, full));
}

TEST(a_tile_of_another_size_is_corrupt)
{
    char dir[PATH_LEN];
    digest at[TILE_WIDTH], got[TILE_WIDTH];
    snprintf(dir, sizeof dir, "%s", place("sizes"));
    fill(at);
    const struct tile_id part = {0, 0, 9}, full = {0, 1, TILE_WIDTH};
    static const size_t bad[] = {0, 1, 287, 289, 320, 8192, 8193};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        static char room[TILE_BYTES + 1];
        NEED_OK(tile_write(dir, part, (str){room, bad[i]}));
        CHECK_ERR(tile_read(dir, part, got), CORRUPT);
        if (bad[i] != TILE_BYTES) {
            NEED_OK(tile_write(dir, full, (str){room, bad[i]}));
            CHECK_ERR(tile_read(dir, full, got), CORRUPT);
        }
    }
}

TEST(a_tile_that_is_a_link_is_refused)
{
    char dir[PATH_LEN], to[2 * PATH_LEN], link[2 * PATH_LEN];
    digest at[TILE_WIDTH], got[TILE_WIDTH];
    snprintf(dir, sizeof dir, "%s", place("links"));
    fill(at);
    NEED_OK(tile_write(dir, (struct tile_id){0, 0, TILE_WIDTH}, hashes(at, TILE_WIDTH)));
    snprintf(to, sizeof to, "%s/tile/0/000", dir);
    snprintf(link, sizeof link, "%s/tile/0/001", dir);
    CHECK_INT(symlink(to, link), ==, 0);
    CHECK(tile_read(dir, (struct tile_id){0, 1, TILE_WIDTH}, got).code != ERR_OK);
}

TEST(a_write_that_fails_leaves_the_tile_as_it_was)
{
    char dir[PATH_LEN];
    digest at[TILE_WIDTH], got[TILE_WIDTH];
    const struct tile_id t = {0, 0, TILE_WIDTH};
    snprintf(dir, sizeof dir, "%s", place("fails"));
    fill(at);
    NEED_OK(tile_write(dir, t, hashes(at, TILE_WIDTH)));
    const digest first = at[0];
    at[0].bytes[0] ^= 1;
    for (long n = 1;; n++) {
        fault_arm(n);
        const err e = tile_write(dir, t, hashes(at, TILE_WIDTH));
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        NEED_OK(tile_read(dir, t, got));
        CHECK(memcmp(fired ? &first : &at[0], &got[0], sizeof first) == 0);
        if (!fired)
            break;
        CHECK_INT(n, <, 20);
    }
}

TEST(a_directory_whose_name_is_too_long_is_refused)
{
    static char dir[8192];
    digest got[TILE_WIDTH];
    memset(dir, 'd', sizeof dir - 1);
    CHECK_ERR(tile_write(dir, (struct tile_id){0, 0, 1}, STR("x")), ARGUMENT);
    CHECK_ERR(tile_read(dir, (struct tile_id){0, 0, 1}, got), ARGUMENT);
    CHECK_ERR(tile_drop_partial(dir, (struct tile_id){0, 0, 1}), ARGUMENT);
}

/* ---- bundles */

TEST(entries_of_any_length_come_back_from_a_bundle)
{
    static char big[ENTRY_BYTES_MAX];
    AUTO(buf) b = BUF(BUNDLE_BYTES_MAX);
    struct bundle got;
    memset(big, 'x', sizeof big);
    bundle_put(&b, STR(""));
    bundle_put(&b, STR("one"));
    bundle_put(&b, (str){big, sizeof big});
    bundle_put(&b, (str){big, 256});
    NEED_OK(buf_end(&b));
    NEED_OK(bundle_parse(buf_str(&b), 4, &got));
    CHECK_INT(got.count, ==, 4);
    CHECK_INT(got.at[0].len, ==, 0);
    CHECK_STR(got.at[1], STR("one"));
    CHECK(str_eq(got.at[2], (str){big, sizeof big}));
    CHECK_INT(got.at[3].len, ==, 256);
}

TEST(a_bundle_that_is_cut_or_has_more_is_corrupt)
{
    AUTO(buf) b = BUF(BUNDLE_BYTES_MAX);
    struct bundle got;
    for (int i = 0; i < 5; i++)
        bundle_put(&b, STR("entry"));
    NEED_OK(buf_end(&b));
    for (size_t len = 0; len < b.len; len++)
        CHECK_ERR(bundle_parse((str){b.at, len}, 5, &got), CORRUPT);
    CHECK_OK(bundle_parse(buf_str(&b), 5, &got));
    CHECK_ERR(bundle_parse(buf_str(&b), 4, &got), CORRUPT);
    CHECK_ERR(bundle_parse(buf_str(&b), 6, &got), CORRUPT);
}

/* ---- as a source */

struct grow {
    digest at[2][2 * TILE_WIDTH];
};

static void
note_subtree(void *ctx, unsigned level, uint64_t index, const digest *root)
{
    struct grow *g = ctx;
    if (level % 8 == 0)
        g->at[level / 8][index] = *root;
}

static void
write_all(const char *dir, const struct grow *g, uint64_t size)
{
    for (int level = 0; level < 2; level++) {
        const struct tile_id edge = tile_at_edge(level, size);
        for (uint64_t i = 0; i < edge.index; i++)
            CHECK_OK(tile_write(dir, (struct tile_id){level, i, TILE_WIDTH},
                                hashes(&g->at[level][i * TILE_WIDTH], TILE_WIDTH)));
        if (edge.width)
            CHECK_OK(
                tile_write(dir, edge, hashes(&g->at[level][edge.index * TILE_WIDTH], edge.width)));
    }
}

TEST(subtrees_and_proofs_come_out_of_tiles)
{
    enum { SIZE = 461 };
    static struct grow g;
    static struct tile_reader r;
    char dir[PATH_LEN];
    struct merkle t = {0}, loaded;
    snprintf(dir, sizeof dir, "%s", place("source"));
    for (unsigned i = 0; i < SIZE; i++) {
        const digest leaf = merkle_leaf((str){(const char *)&i, sizeof i});
        merkle_add(&t, &leaf, note_subtree, &g);
    }
    write_all(dir, &g, SIZE);
    r = (struct tile_reader){.dir = dir, .size = SIZE};
    const struct merkle_source s = {tile_source, &r};
    const struct tree_head h = merkle_head(&t);
    for (uint64_t i = 0; i < SIZE; i++) {
        struct merkle_proof p;
        NEED_OK(merkle_prove_leaf(&s, i, SIZE, &p));
        CHECK(merkle_has_leaf(&h, i, &g.at[0][i], &p));
    }
    NEED_OK(merkle_load(&s, SIZE, &loaded));
    const struct tree_head again = merkle_head(&loaded);
    CHECK(memcmp(&again, &h, sizeof h) == 0);
}

TEST(a_source_without_its_tile_says_so)
{
    static struct tile_reader r;
    char dir[PATH_LEN];
    digest d;
    snprintf(dir, sizeof dir, "%s", place("none"));
    r = (struct tile_reader){.dir = dir, .size = 300};
    CHECK_ERR(tile_source(&r, 0, 299, &d), NOT_FOUND);
    CHECK_ERR(tile_source(&r, 8, 0, &d), NOT_FOUND);
}
