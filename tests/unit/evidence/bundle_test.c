/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/bundle.h"

#include "case.h"

static struct manifest
sample(void)
{
    struct manifest m = {.made = STR("2026-03-01T00:00:00.000Z"),
                         .pick = {.since = STR("2026"), .model = STR("a\"b")},
                         .clearance = STR("offen"),
                         .log = STR("hoheit/test"),
                         .head = {.size = 7},
                         .latest = 9,
                         .shown = 3,
                         .held = 1,
                         .is_whole = true};
    struct bundle_file f = {.name = "entries.csv", .bytes = 12};
    memset(m.head.root.bytes, 5, sizeof m.head.root.bytes);
    CHECK_OK(manifest_add(&m, &f));
    memcpy(f.name, "other.csv", 10);
    CHECK_OK(manifest_add(&m, &f));
    return m;
}

TEST(a_manifest_is_read_back_as_it_was_written)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(BUNDLE_MANIFEST_MAX), again = BUF(BUNDLE_MANIFEST_MAX);
    const struct manifest m = sample();
    struct manifest got;
    NEED_OK(arena_open(1 << 20, &a));
    manifest_put(&b, &m);
    NEED_OK(manifest_read(a, buf_str(&b), &got));
    manifest_put(&again, &got);
    CHECK_STR(buf_str(&again), buf_str(&b));
    CHECK(manifest_find(&got, "other.csv"));
    CHECK(!manifest_find(&got, "checkpoint"));
}

TEST(a_manifest_of_another_form_is_refused)
{
    static const char *const wrong[][2] = {
        {"\"made\"", "\"made2\""},
        {"\"whole\":true", "\"whole\":1"},
        {"\"size\":7", "\"size\":-7"},
        {"entries.csv", "../entries.csv"},
        {"entries.csv", ".hidden"},
        {"other.csv", "entries.csv"},
        {"other.csv", ""},
        {"\"sha256\":\"0", "\"sha256\":\"x"},
        {"\"picked\"", "\"unpicked\""},
        {"\"bytes\":12", "\"bytes\":\"12\""},
        {"}", ""},
        {"other.csv", "a-name-that-is-longer-than-names-may-be"},
    };
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(BUNDLE_MANIFEST_MAX);
    const struct manifest m = sample();
    struct manifest got;
    NEED_OK(arena_open(1 << 20, &a));
    manifest_put(&b, &m);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        AUTO(buf) bad = BUF(BUNDLE_MANIFEST_MAX);
        const ptrdiff_t at = str_find(buf_str(&b), str_of(wrong[i][0]));
        NEED(at >= 0);
        buf_add(&bad, str_slice(buf_str(&b), 0, (size_t)at));
        buf_add(&bad, str_of(wrong[i][1]));
        buf_add(&bad, str_slice(buf_str(&b), (size_t)at + strlen(wrong[i][0]), b.len));
        CHECK_ERR(manifest_read(a, buf_str(&bad), &got), CORRUPT);
    }
    CHECK_ERR(manifest_read(a, STR("{\"format\":\"hoheit-evidence/9\"}"), &got), UNSUPPORTED);
    CHECK_ERR(manifest_read(a, STR(""), &got), CORRUPT);
}

TEST(a_bundle_has_a_bounded_number_of_files)
{
    struct manifest m = {.file_count = 0};
    for (int i = 0; i < BUNDLE_FILES_MAX; i++) {
        struct bundle_file f = {.bytes = 0};
        snprintf(f.name, sizeof f.name, "file-%d", i);
        NEED_OK(manifest_add(&m, &f));
    }
    CHECK_ERR(manifest_add(&m, &(struct bundle_file){.name = "more"}), LIMIT);
}

TEST(a_sheet_is_hashed_as_it_is_written_and_without_a_directory_too)
{
    AUTO(sheet) s = SHEET, dry = SHEET;
    AUTO(buf) all = BUF(1 << 22);
    NEED_OK(sheet_open(&s, test_dir(), "sheet.txt"));
    NEED_OK(sheet_open(&dry, NULL, "sheet.txt"));
    for (int i = 0; i < 20000; i++) {
        buf_add_fmt(&all, "line %d\n", i);
        buf_add_fmt(&s.b, "line %d\n", i);
        buf_add_fmt(&dry.b, "line %d\n", i);
        NEED_OK(sheet_turn(&s));
        NEED_OK(sheet_turn(&dry));
    }
    NEED_OK(sheet_end(&s));
    NEED_OK(sheet_end(&dry));
    const digest want = quick_hash_plain(buf_str(&all));
    CHECK(digest_eq(&s.file.sha256, &want));
    CHECK(digest_eq(&dry.file.sha256, &want));
    CHECK_INT(s.file.bytes, ==, all.len);
}

TEST(a_sheet_does_not_write_over_a_file)
{
    struct manifest m = {.file_count = 0};
    CHECK_OK(sheet_put(&m, test_dir(), "once", STR("1")));
    AUTO(sheet) s = SHEET;
    CHECK_ERR(sheet_open(&s, test_dir(), "once"), CONFLICT);
}

TEST(proofs_are_read_back_and_damaged_ones_refused)
{
    static const char *const bad[] = {"", "{}", "[]",
                                      "{\"leaf\":1,\"hash\":\"00\",\"shown\":true,\"path\":[]}",
                                      "{\"leaf\":-1,\"hash\":\"%s\",\"shown\":true,\"path\":[]}"};
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 16);
    struct proof_line p = {.leaf = 3, .is_shown = true, .path = {.count = 2}}, got;
    NEED_OK(arena_open(1 << 20, &a));
    memset(p.hash.bytes, 7, sizeof p.hash.bytes);
    memset(p.path.at[1].bytes, 8, sizeof p.path.at[1].bytes);
    proof_put(&b, &p);
    NEED_OK(proof_read(a, str_slice(buf_str(&b), 0, b.len - 1), &got));
    CHECK_INT(got.leaf, ==, 3);
    CHECK(got.is_shown && got.path.count == 2);
    CHECK(digest_eq(&got.hash, &p.hash) && digest_eq(&got.path.at[1], &p.path.at[1]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(proof_read(a, str_of(bad[i]), &got), CORRUPT);
}

TEST(growth_is_about_the_two_sizes)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 16);
    struct merkle_proof p = {.count = 1}, got;
    NEED_OK(arena_open(1 << 20, &a));
    growth_put(&b, 3, 5, &p);
    CHECK_OK(growth_read(a, buf_str(&b), 3, 5, &got));
    CHECK_INT(got.count, ==, 1);
    CHECK_ERR(growth_read(a, buf_str(&b), 3, 6, &got), CORRUPT);
    CHECK_ERR(growth_read(a, buf_str(&b), 2, 5, &got), CORRUPT);
    CHECK_ERR(growth_read(a, STR("{}"), 3, 5, &got), CORRUPT);
}

/* The lines of a file with this text, or -1 when it is refused. */
static int
count_lines(const char *name, str text, size_t *ret_longest)
{
    AUTO(lines) l = LINES;
    char path[SMALL_PATH];
    str line;
    bool is_there = true;
    int n = 0;
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    CHECK_OK(file_write_atomic(path, text, 0600));
    CHECK_OK(lines_open(&l, path));
    for (*ret_longest = 0;; n++) {
        if (lines_next(&l, &line, &is_there).code)
            return -1;
        if (!is_there)
            return n;
        *ret_longest = line.len > *ret_longest ? line.len : *ret_longest;
    }
}

TEST(lines_come_one_after_the_other)
{
    static char room[3 * LINES_BYTES_MAX];
    size_t longest;
    CHECK_INT(count_lines("none", STR(""), &longest), ==, 0);
    CHECK_INT(count_lines("two", STR("a\nbc\n"), &longest), ==, 2);
    CHECK_INT(count_lines("empty", STR("\n\n\n"), &longest), ==, 3);
    CHECK_INT(count_lines("no-end", STR("a\nb"), &longest), ==, -1);
    memset(room, 'x', sizeof room);
    for (size_t at = 999; at < sizeof room; at += 1000)
        room[at] = '\n';
    CHECK_INT(count_lines("many", (str){room, sizeof room / 1000 * 1000}, &longest), ==,
              (int)(sizeof room / 1000));
    CHECK_INT(longest, ==, 999);
    memset(room, 'x', sizeof room);
    room[sizeof room - 1] = '\n';
    CHECK_INT(count_lines("long", (str){room, sizeof room}, &longest), ==, -1);
}
