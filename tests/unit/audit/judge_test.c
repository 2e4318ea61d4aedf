/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/judge.h"

#include <fcntl.h>

#include "base/fault.h"
#include "unit/audit/small_log.h"

static err
judge(const small_log *l)
{
    const struct judge_ask ask = {.dir = l->dir, .key = &l->key};
    struct judge_report r;
    return judge_log(&ask, &r);
}

/* Three entries, signed at two and at three. */
static void
make_tiny(small_log *l, const char *name)
{
    small_log_new(l, name, 1);
    small_log_add(l, 2);
    small_log_sign(l);
    small_log_add(l, 3);
    small_log_sign(l);
}

static void
make_larger(small_log *l, const char *name, uint64_t size)
{
    small_log_new(l, name, 1);
    small_log_add(l, size / 2);
    small_log_sign(l);
    small_log_add(l, size);
    small_log_sign(l);
}

/* ---- good ones */

TEST(a_good_log_of_any_size_is_found_good)
{
    static const uint64_t sizes[] = {1, 2, 3, 255, 256, 257, 511, 512, 513, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        static small_log l;
        struct judge_report r;
        char name[32];
        snprintf(name, sizeof name, "good-%zu", i);
        small_log_new(&l, name, 1);
        for (uint64_t n = 1; n < sizes[i]; n += 1 + sizes[i] / 7) {
            small_log_add(&l, n);
            small_log_sign(&l);
        }
        small_log_add(&l, sizes[i]);
        small_log_sign(&l);
        const struct judge_ask ask = {.dir = l.dir, .key = &l.key};
        NEED_OK(judge_log(&ask, &r));
        CHECK_INT(r.head.size, ==, sizes[i]);
        CHECK_INT(r.checkpoints, >=, 1);
        small_log_auto(&l);
    }
}

TEST(a_log_without_entries_is_found_good)
{
    AUTO(small_log) l = {.half = {0}};
    small_log_new(&l, "empty", 1);
    small_log_sign(&l);
    CHECK_OK(judge(&l));
}

TEST(a_log_large_enough_for_three_levels_is_found_good)
{
    AUTO(small_log) l = {.half = {0}};
    make_larger(&l, "levels", 66000);
    CHECK_OK(judge(&l));
}

TEST(entries_of_a_request_are_shown_to_be_in_the_tree)
{
    AUTO(small_log) l = {.half = {0}};
    struct judge_report r;
    make_larger(&l, "request", 700);
    struct judge_ask ask = {.dir = l.dir, .key = &l.key, .request = STR("req_300")};
    NEED_OK(judge_log(&ask, &r));
    NEED(r.found_count == 2);
    CHECK(r.found[0] == 600 && r.found[1] == 601);
    ask.request = STR("req_30");
    NEED_OK(judge_log(&ask, &r));
    CHECK(r.found_count == 2 && r.found[0] == 60);
    ask.request = STR("req_999");
    CHECK_ERR(judge_log(&ask, &r), NOT_FOUND);
    ask.request = STR("a\"b");
    CHECK_ERR(judge_log(&ask, &r), ARGUMENT);
}

TEST(a_witness_is_asked_for_only_if_its_key_is_given)
{
    AUTO(small_log) l = {.half = {0}};
    AUTO(buf) note = BUF(2048);
    struct judge_report r;
    struct note_key w;
    make_tiny(&l, "witness");
    NEED_OK(note_key_make(STR("w"), NOTE_WITNESS, &l.key.public, &w));
    const struct judge_ask ask = {.dir = l.dir, .key = &l.key, .witness = &w};
    CHECK_ERR(judge_log(&ask, &r), CORRUPT);
    buf_add(&note, str_of(l.newest));
    const str text =
        str_slice(buf_str(&note), 0, (size_t)str_find(buf_str(&note), STR("\n\n")) + 1);
    NEED_OK(note_sign(&note, &w, &l.half, text, 1772366400));
    small_log_publish(&l, buf_str(&note));
    NEED_OK(judge_log(&ask, &r));
    CHECK_INT(r.witness_time_s, ==, 1772366400);
}

/* ---- damage */

struct flips {
    const small_log *l;
    unsigned tried, unnoticed, step;
};

static void
flip_byte(const char *path, int bit, long at)
{
    char c;
    const int f = open(path, O_RDWR | O_CLOEXEC);
    NEED(f >= 0);
    CHECK_INT(pread(f, &c, 1, at), ==, 1);
    c = (char)(c ^ 1 << bit);
    CHECK_INT(pwrite(f, &c, 1, at), ==, 1);
    close(f);
}

static void
flip_all(void *ctx, const char *path)
{
    struct flips *t = ctx;
    struct stat st;
    CHECK_INT(stat(path, &st), ==, 0);
    for (long i = 0; i < 8 * st.st_size; i += 1 + (t->step ? (long)(test_random() % t->step) : 0)) {
        flip_byte(path, (int)(i % 8), i / 8);
        t->tried++;
        if (!judge(t->l).code) {
            t->unnoticed++;
            test_fail(__FILE__, __LINE__, "bit %ld of %s goes unnoticed", i, path);
        }
        flip_byte(path, (int)(i % 8), i / 8);
    }
}

TEST(every_single_bit_of_a_small_log_is_noticed_when_it_is_flipped)
{
    AUTO(small_log) l = {.half = {0}};
    struct flips t = {.l = &l};
    make_tiny(&l, "flips");
    small_log_walk(l.dir, flip_all, &t);
    CHECK_INT(t.tried, >, 5000);
    CHECK_INT(t.unnoticed, ==, 0);
    CHECK_OK(judge(&l));
}

TEST(bits_flipped_here_and_there_in_a_larger_log_are_noticed)
{
    AUTO(small_log) l = {.half = {0}};
    struct flips t = {.l = &l, .step = 2500};
    make_larger(&l, "larger-flips", 700);
    small_log_walk(l.dir, flip_all, &t);
    CHECK_INT(t.tried, >, 200);
    CHECK_OK(judge(&l));
}

static void
cut_one(void *ctx, const char *path)
{
    struct flips *t = ctx;
    static char bytes[64 * 1024];
    FILE *f = fopen(path, "r");
    NEED(f);
    const size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t to = 0; to < len; to += 1 + len / 20) {
        CHECK_OK(file_write_atomic(path, (str){bytes, to}, 0600));
        t->tried++;
        /* A past that ends with a whole note was shorter; it says nothing false. */
        const bool is_past = str_ends(str_of(path), STR("checkpoints")) && to == 0;
        if (!judge(t->l).code && !is_past)
            test_fail(__FILE__, __LINE__, "%s cut to %zu bytes passes", path, to);
    }
    CHECK_OK(file_write_atomic(path, (str){bytes, len}, 0600));
    AUTO(buf) longer = BUF(sizeof bytes + 1);
    buf_add(&longer, (str){bytes, len});
    buf_add_char(&longer, 'x');
    CHECK_OK(file_write_atomic(path, buf_str(&longer), 0600));
    CHECK(judge(t->l).code != ERR_OK);
    CHECK_OK(file_write_atomic(path, (str){bytes, len}, 0600));
}

TEST(a_file_that_is_cut_or_longer_is_noticed)
{
    AUTO(small_log) l = {.half = {0}};
    struct flips t = {.l = &l};
    make_larger(&l, "cuts", 300);
    small_log_walk(l.dir, cut_one, &t);
    CHECK_INT(t.tried, >, 50);
    CHECK_OK(judge(&l));
}

static void
remove_one(void *ctx, const char *path)
{
    struct flips *t = ctx;
    char aside[2 * SMALL_PATH];
    snprintf(aside, sizeof aside, "%s/aside", test_dir());
    CHECK_INT(rename(path, aside), ==, 0);
    t->tried += judge(t->l).code != ERR_OK;
    CHECK_INT(rename(aside, path), ==, 0);
}

TEST(a_tile_or_bundle_that_is_gone_is_noticed)
{
    AUTO(small_log) l = {.half = {0}};
    struct flips t = {.l = &l};
    make_larger(&l, "gone", 300);
    small_log_walk(l.dir, remove_one, &t);
    /* checkpoint, tile/0/000, tile/0/001.p/44, tile/1/000.p/1 and the two bundles */
    CHECK_INT(t.tried, ==, 6);
    CHECK_OK(judge(&l));
}

/* ---- entries changed with care: lengths fit, their hashes too */

static err
judge_with(small_log *l, const char *const *entries, size_t count)
{
    AUTO(buf) b = BUF(64 * 1024);
    digest at[TILE_WIDTH];
    for (size_t i = 0; i < count; i++) {
        bundle_put(&b, str_of(entries[i]));
        at[i] = merkle_leaf(str_of(entries[i]));
    }
    const struct tile_id bundle = {TILE_ENTRIES, 0, (unsigned)count}, tile = {0, 0, bundle.width};
    CHECK_OK(tile_write(l->dir, bundle, buf_str(&b)));
    CHECK_OK(tile_write(l->dir, tile, (str){(const char *)at, count * sizeof *at}));
    return judge(l);
}

TEST(entries_removed_swapped_replaced_or_doubled_are_noticed_even_with_their_hashes)
{
    static const char one[] = "{\"seq\":1,\"request\":\"req_0\"}",
                      two[] = "{\"seq\":2,\"request\":\"req_0\"}",
                      three[] = "{\"seq\":3,\"request\":\"req_1\"}";
    AUTO(small_log) l = {.half = {0}};
    make_tiny(&l, "care");
    CHECK_OK(judge_with(&l, (const char *const[]){one, two, three}, 3));
    CHECK_ERR(judge_with(&l, (const char *const[]){two, one, three}, 3), CORRUPT);
    CHECK_ERR(judge_with(&l, (const char *const[]){one, three, two}, 3), CORRUPT);
    CHECK_ERR(judge_with(&l, (const char *const[]){one, one, three}, 3), CORRUPT);
    CHECK_ERR(judge_with(&l, (const char *const[]){one, two, two}, 3), CORRUPT);
    CHECK_ERR(judge_with(&l, (const char *const[]){one, two, ""}, 3), CORRUPT);
    CHECK_OK(judge_with(&l, (const char *const[]){one, two, three}, 3));
}

/* ---- all that can be done to the order of six entries */

enum { SIX = 6 };

/* Writes these of the six, with hashes that fit, and is judged. */
static err
judge_order(small_log *l, const size_t *order, size_t count)
{
    static char room[SIX][96];
    const char *entries[SIX];
    for (size_t i = 0; i < SIX; i++)
        snprintf(room[i], sizeof room[i], "{\"seq\":%zu,\"request\":\"req_%zu\"}", i + 1, i / 2);
    for (size_t i = 0; i < count; i++)
        entries[i] = room[order[i]];
    return judge_with(l, entries, count);
}

static void
make_six(small_log *l, const char *name)
{
    static const size_t as_it_is[SIX] = {0, 1, 2, 3, 4, 5};
    small_log_new(l, name, 1);
    small_log_add(l, SIX);
    small_log_sign(l);
    NEED_OK(judge_order(l, as_it_is, SIX));
}

TEST(whichever_two_entries_are_swapped_or_one_replayed_over_another_is_noticed)
{
    AUTO(small_log) l = {.half = {0}};
    make_six(&l, "six");
    for (size_t i = 0; i < SIX; i++)
        for (size_t k = 0; k < SIX; k++) {
            size_t swapped[SIX] = {0, 1, 2, 3, 4, 5}, replayed[SIX] = {0, 1, 2, 3, 4, 5};
            swapped[i] = k;
            swapped[k] = i;
            replayed[k] = i;
            CHECK_INT(judge_order(&l, swapped, SIX).code, ==, i == k ? ERR_OK : ERR_CORRUPT);
            CHECK_INT(judge_order(&l, replayed, SIX).code, ==, i == k ? ERR_OK : ERR_CORRUPT);
        }
}

TEST(an_entry_put_in_again_anywhere_that_pushes_the_others_on_is_noticed)
{
    AUTO(small_log) l = {.half = {0}};
    make_six(&l, "pushed");
    for (size_t again = 0; again < SIX; again++)
        for (size_t at = 0; at < SIX; at++) {
            size_t order[SIX];
            for (size_t i = 0; i < SIX; i++)
                order[i] = i < at ? i : i == at ? again : i - 1;
            const bool is_same = again == at && at == SIX - 1;
            CHECK_INT(judge_order(&l, order, SIX).code, ==, is_same ? ERR_OK : ERR_CORRUPT);
        }
}

TEST(whichever_entry_is_removed_with_its_hash_is_noticed)
{
    for (size_t gone = 0; gone < SIX; gone++) {
        AUTO(small_log) l = {.half = {0}};
        char name[16];
        size_t order[SIX - 1];
        snprintf(name, sizeof name, "gone%zu", gone);
        make_six(&l, name);
        for (size_t i = 0; i < SIX - 1; i++)
            order[i] = i < gone ? i : i + 1;
        /* Beside the files of six; the first five of them are their start. */
        CHECK_INT(judge_order(&l, order, SIX - 1).code, ==, gone < SIX - 1 ? ERR_CORRUPT : ERR_OK);
        CHECK_INT(unlink(small_log_path(&l, "tile/entries/000.p/6")), ==, 0);
        CHECK(judge(&l).code);
        CHECK_INT(unlink(small_log_path(&l, "tile/0/000.p/6")), ==, 0);
        CHECK(judge(&l).code);
    }
}

static bool
says(const char *what)
{
    if (str_find(str_of(err_text()), str_of(what)) >= 0)
        return true;
    test_fail(__FILE__, __LINE__, "got \"%s\", want \"%s\"", err_text(), what);
    return false;
}

/* The entry's or the hash's fault: the rest of the tree knows. */
TEST(the_first_bad_byte_is_named)
{
    AUTO(small_log) l = {.half = {0}};
    make_larger(&l, "named", 700);
    const char *full = small_log_path(&l, "tile/entries/001");
    flip_byte(full, 0, 40);
    CHECK_ERR(judge(&l), CORRUPT);
    CHECK(says("tile/entries/001: byte 33: entry 257"));
    flip_byte(full, 0, 40);
    const char *edge = small_log_path(&l, "tile/entries/002.p/188");
    flip_byte(edge, 0, 5);
    CHECK_ERR(judge(&l), CORRUPT);
    CHECK(says("tile/entries/002.p/188: byte 0: entry 512"));
    flip_byte(edge, 0, 5);
    const char *hash = small_log_path(&l, "tile/0/001");
    flip_byte(hash, 3, 100);
    CHECK_ERR(judge(&l), CORRUPT);
    CHECK(says("tile/0/001: byte 100: hash 3 "));
    flip_byte(hash, 3, 100);
    const char *last = small_log_path(&l, "tile/0/002.p/188");
    flip_byte(last, 7, 187 * 32 + 31);
    CHECK_ERR(judge(&l), CORRUPT);
    CHECK(says("tile/0/002.p/188: byte 6015: hash 187 "));
    flip_byte(last, 7, 187 * 32 + 31);
    const char *above = small_log_path(&l, "tile/1/000.p/2");
    flip_byte(above, 0, 33);
    CHECK_ERR(judge(&l), CORRUPT);
    CHECK(says("tile/1/000.p/2: byte 33: hash 1 "));
    flip_byte(above, 0, 33);
    CHECK_OK(judge(&l));
}

/* ---- histories that do not agree */

TEST(a_log_of_another_key_is_refused)
{
    AUTO(small_log) l = {.half = {0}};
    AUTO(small_log) other = {.half = {0}};
    make_tiny(&l, "key");
    small_log_new(&other, "other-key", 2);
    l.key = other.key;
    CHECK_ERR(judge(&l), CORRUPT);
}

/* The same key signs two trees of one size; whoever holds either note can show it. */
TEST(two_checkpoints_of_one_size_are_found)
{
    AUTO(small_log) l = {.half = {0}};
    AUTO(buf) forked = BUF(1024);
    make_tiny(&l, "fork");
    struct tree_head h = merkle_head(&l.edge.tree);
    h.root.bytes[0] ^= 1;
    small_log_note(&l, &h, &forked);
    NEED_OK(past_add(l.dir, buf_str(&forked)));
    CHECK_ERR(judge(&l), CORRUPT);
    CHECK(says("a checkpoint of 3 entries follows one of 3"));
    struct judge_report r;
    AUTO(small_log) m = {.half = {0}};
    make_tiny(&m, "fork-known");
    const struct judge_ask ask = {.dir = m.dir, .key = &m.key, .known = buf_str(&forked)};
    CHECK_ERR(judge_log(&ask, &r), CORRUPT);
    CHECK(says("known checkpoint: byte 0: the first 3 entries have another root"));
}

TEST(a_past_with_a_root_that_never_was_is_found)
{
    AUTO(small_log) l = {.half = {0}};
    AUTO(buf) lie = BUF(1024);
    small_log_new(&l, "lie", 1);
    small_log_add(&l, 5);
    struct tree_head h = merkle_head(&l.edge.tree);
    h.size = 4;
    small_log_note(&l, &h, &lie);
    NEED_OK(past_add(l.dir, buf_str(&lie)));
    small_log_add(&l, 9);
    small_log_sign(&l);
    CHECK_ERR(judge(&l), CORRUPT);
    CHECK(says("checkpoints: byte 0: the first 4 entries have another root"));
}

TEST(a_log_that_was_set_back_is_found_with_a_checkpoint_noted_before)
{
    AUTO(small_log) before = {.half = {0}};
    AUTO(small_log) after = {.half = {0}};
    struct judge_report r;
    make_tiny(&before, "back-1");
    make_larger(&after, "back-2", 20);
    struct judge_ask ask = {.dir = before.dir, .key = &before.key, .known = str_of(after.newest)};
    CHECK_ERR(judge_log(&ask, &r), CORRUPT);
    CHECK(says("the log was set back: it had 20 entries, now 3"));
    ask = (struct judge_ask){.dir = after.dir, .key = &after.key, .known = str_of(before.newest)};
    CHECK_OK(judge_log(&ask, &r));
    ask.known = STR("no note\n");
    CHECK_ERR(judge_log(&ask, &r), CORRUPT);
}

TEST(a_checkpoint_that_was_set_back_alone_is_found_by_the_past)
{
    AUTO(small_log) l = {.half = {0}};
    char older[1024];
    small_log_new(&l, "alone", 1);
    small_log_add(&l, 2);
    small_log_sign(&l);
    snprintf(older, sizeof older, "%s", l.newest);
    small_log_add(&l, 3);
    small_log_sign(&l);
    small_log_publish(&l, str_of(older));
    CHECK_ERR(judge(&l), CORRUPT);
    CHECK(says("has 2 entries, but 3 were signed before"));
}

TEST(a_directory_without_a_log_is_refused)
{
    AUTO(small_log) l = {.half = {0}};
    static char too_long[8192];
    small_log_new(&l, "none", 1);
    CHECK_ERR(judge(&l), NOT_FOUND);
    memset(too_long, 'd', sizeof too_long - 1);
    const struct judge_ask ask = {.dir = too_long, .key = &l.key};
    struct judge_report r;
    CHECK_ERR(judge_log(&ask, &r), ARGUMENT);
}

TEST(no_failure_on_the_way_makes_a_verdict)
{
    AUTO(small_log) l = {.half = {0}};
    struct judge_report r = {.checkpoints = 99};
    make_larger(&l, "faults", 300);
    const struct judge_ask ask = {.dir = l.dir, .key = &l.key, .request = STR("req_7")};
    for (long n = 1;; n++) {
        fault_arm(n);
        const err e = judge_log(&ask, &r);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        if (!fired)
            break;
        CHECK_INT(r.checkpoints, ==, 99);
        NEED(n < 500);
    }
    CHECK_INT(r.checkpoints, ==, 2);
}

/* ---- what the log says of itself */

static void
add_event(small_log *l, const char *event, const char *rest)
{
    char entry[256];
    const int n =
        snprintf(entry, sizeof entry,
                 "{\"seq\":%llu,\"time\":\"2026-03-01T12:00:00.123Z\",\"event\":\"%s\"%s}",
                 (unsigned long long)l->edge.tree.size + 1, event, rest);
    NEED_OK(edge_add(&l->edge, (str){entry, (size_t)n}));
}

static uint64_t
alarm_of(small_log *l)
{
    const struct judge_ask ask = {.dir = l->dir, .key = &l->key};
    struct judge_report r = {.alarm = 99};
    small_log_sign(l);
    CHECK_OK(judge_log(&ask, &r));
    return r.alarm;
}

TEST(an_alarm_that_stands_in_the_log_is_told)
{
    AUTO(small_log) l = {.half = {0}};
    small_log_new(&l, "alarm", 1);
    small_log_add(&l, 300);
    CHECK_INT(alarm_of(&l), ==, 0);
    add_event(&l, "witness.alarm", "");
    CHECK_INT(alarm_of(&l), ==, 301);
    add_event(&l, "decision", "");
    CHECK_INT(alarm_of(&l), ==, 301);
    add_event(&l, "witness.clear", "");
    CHECK_INT(alarm_of(&l), ==, 0);
    add_event(&l, "witness.alarm", "");
    CHECK_INT(alarm_of(&l), ==, 304);
}

TEST(what_only_looks_like_an_alarm_is_none)
{
    AUTO(small_log) l = {.half = {0}};
    small_log_new(&l, "looks", 1);
    add_event(&l, "witness.alarmed", "");
    add_event(&l, "xwitness.alarm", "");
    add_event(&l, "decision", ",\"why\":\"\\\"event\\\":\\\"witness.alarm\\\"\"");
    CHECK_INT(alarm_of(&l), ==, 0);
    add_event(&l, "witness.alarm", "");
    add_event(&l, "witness.clearly", "");
    CHECK_INT(alarm_of(&l), ==, 4);
}
