/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/cosign.h"

#include <fcntl.h>

#include "audit/judge.h"
#include "base/fault.h"
#include "unit/audit/small_log.h"

typedef struct scene {
    small_log log;
    secret half[2];
    struct cosigners w;
} scene;

static void
scene_auto(scene *s)
{
    small_log_auto(&s->log);
    secret_done(&s->half[0]);
    secret_done(&s->half[1]);
}

static void
add_witness(scene *s, size_t i)
{
    AUTO(secret) seed = {0};
    char name[16];
    sign_public p;
    snprintf(name, sizeof name, "w%zu", i);
    NEED_OK(secret_get(&seed, SIGN_SEED_LEN));
    memset(seed.at, 100 + (int)i, seed.len);
    NEED_OK(sign_pair(&seed, &s->half[i], &p));
    NEED_OK(note_key_make(str_of(name), NOTE_WITNESS, &p, &s->w.at[i]));
    s->w.count = i + 1;
}

static void
scene_new(scene *s, const char *name, uint64_t size)
{
    small_log_new(&s->log, name, 1);
    small_log_add(&s->log, size);
    small_log_sign(&s->log);
    add_witness(s, 0);
    add_witness(s, 1);
}

/* The newest note with the line of witness `i`. */
static void
cosign(const scene *s, size_t i, uint64_t time_s, buf *b)
{
    struct note n;
    NEED_OK(note_read(str_of(s->log.newest), &n));
    if (!b->len)
        buf_add(b, str_of(s->log.newest));
    NEED_OK(note_sign(b, &s->w.at[i], &s->half[i], n.text, time_s));
}

static err
keep(const scene *s, str note, struct cosigned *ret)
{
    return cosign_keep(s->log.dir, &s->log.key, &s->w, note, ret);
}

/* ---- the question */

TEST(a_question_is_read_back_as_it_was_put)
{
    for (size_t count = 0; count <= 63; count += 9) {
        AUTO(buf) b = BUF(NOTE_BYTES_MAX);
        struct cosign_ask q = {.old = 17 * count, .proof.count = count, .note = STR("x\n\ny\n")};
        struct cosign_ask r;
        for (size_t i = 0; i < count; i++)
            q.proof.at[i] = merkle_leaf((str){(const char *)&i, sizeof i});
        NEED_OK(cosign_ask_put(&b, &q));
        NEED_OK(cosign_ask_read(buf_str(&b), &r));
        CHECK_INT(r.old, ==, q.old);
        CHECK_INT(r.proof.count, ==, count);
        CHECK(memcmp(r.proof.at, q.proof.at, count * sizeof *q.proof.at) == 0);
        CHECK_STR(r.note, q.note);
    }
}

#define HASH "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

TEST(what_is_no_question_is_refused)
{
    static const char *const bad[] = {
        "",
        "old",
        "old \n\nx\n",
        "old 1",
        "old 1\n",
        "old 1\n\n",
        "old 01\n\nx\n",
        "old +1\n\nx\n",
        "old -1\n\nx\n",
        "old 9223372036854775808\n\nx\n",
        "new 1\n\nx\n",
        "Old 1\n\nx\n",
        "old 1\nx\n\nx\n",
        "old 1\n" HASH "=\n\nx\n",
        "old 1\n" HASH " \n\nx\n",
        "old 1\nICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9=\n\nx\n",
        "old 1\n" HASH,
        "old 1\n" HASH "\n",
        "old 1\n" HASH "\n\n",
    };
    struct cosign_ask q = {.old = 7};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(cosign_ask_read(str_of(bad[i]), &q), PARSE);
    CHECK_INT(q.old, ==, 7);
}

TEST(a_proof_has_63_hashes_at_most)
{
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    struct cosign_ask q;
    buf_add(&b, STR("old 1\n"));
    for (int i = 0; i < 64; i++)
        buf_add(&b, STR(HASH "\n"));
    buf_add(&b, STR("\nx\n"));
    CHECK_ERR(cosign_ask_read(buf_str(&b), &q), PARSE);
}

TEST(a_question_from_files_proves_the_growth_from_any_size)
{
    AUTO(scene) s = {.w = {.count = 0}};
    struct tree_head old = merkle_head(&s.log.edge.tree);
    small_log_new(&s.log, "files", 1);
    struct tree_head heads[300];
    for (uint64_t i = 0; i < 300; i++) {
        heads[i] = i ? merkle_head(&s.log.edge.tree) : old;
        small_log_add(&s.log, i + 1);
    }
    small_log_sign(&s.log);
    const struct tree_head now = merkle_head(&s.log.edge.tree);
    for (uint64_t i = 0; i < 300; i += i < 20 ? 1 : 13) {
        AUTO(buf) b = BUF(2 * NOTE_BYTES_MAX);
        struct cosign_ask q;
        NEED_OK(cosign_ask_from_files(s.log.dir, i, &b));
        NEED_OK(cosign_ask_read(buf_str(&b), &q));
        CHECK_INT(q.old, ==, i);
        CHECK(merkle_has_grown(&heads[i], &now, &q.proof));
        CHECK_STR(q.note, str_of(s.log.newest));
    }
}

TEST(a_log_that_has_less_asks_from_what_it_has)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) b = BUF(2 * NOTE_BYTES_MAX);
    struct cosign_ask q;
    scene_new(&s, "less", 5);
    NEED_OK(cosign_ask_from_files(s.log.dir, 1000, &b));
    NEED_OK(cosign_ask_read(buf_str(&b), &q));
    CHECK_INT(q.old, ==, 5);
    CHECK_INT(q.proof.count, ==, 0);
}

TEST(tiles_that_are_not_the_checkpoints_give_no_question)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) b = BUF(2 * NOTE_BYTES_MAX);
    scene_new(&s, "tiles", 5);
    AUTO(fd) f = -1;
    NEED_OK(file_open(small_log_path(&s.log, "tile/0/000.p/5"), O_WRONLY, 0, &f));
    NEED_OK(file_write_all(f, STR("x")));
    CHECK_ERR(cosign_ask_from_files(s.log.dir, 2, &b), CORRUPT);
    NEED_OK(file_remove(small_log_path(&s.log, "tile/0/000.p/5")));
    CHECK_ERR(cosign_ask_from_files(s.log.dir, 2, &b), NOT_FOUND);
    NEED_OK(file_write_atomic(small_log_path(&s.log, "checkpoint"), STR("garbage"), 0600));
    CHECK_ERR(cosign_ask_from_files(s.log.dir, 2, &b), PARSE);
    CHECK_ERR(cosign_ask_from_files("/proc/nowhere", 2, &b), NOT_FOUND);
}

/* ---- who may answer */

TEST(witnesses_are_named_by_their_keys)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) b = BUF(4096);
    struct cosigners r = {.count = 9};
    scene_new(&s, "names", 1);
    NEED_OK(cosigners_read(STR_NONE, &r));
    CHECK_INT(r.count, ==, 0);
    note_key_put(&b, &s.w.at[0]);
    buf_add(&b, STR("  "));
    note_key_put(&b, &s.w.at[1]);
    NEED_OK(cosigners_read(buf_str(&b), &r));
    CHECK_INT(r.count, ==, 2);
    CHECK_INT(r.at[1].id, ==, s.w.at[1].id);
    buf_add(&b, STR(" "));
    note_key_put(&b, &s.w.at[0]);
    CHECK_ERR(cosigners_read(buf_str(&b), &r), CONFIG);
    buf_clear(&b);
    note_key_put(&b, &s.log.key);
    CHECK_ERR(cosigners_read(buf_str(&b), &r), CONFIG);
    CHECK_ERR(cosigners_read(STR("w"), &r), CONFIG);
    CHECK_INT(r.count, ==, 2);
}

TEST(more_witnesses_than_there_is_room_for_are_refused)
{
    AUTO(buf) b = BUF(4096);
    struct cosigners r;
    for (int i = 0; i < COSIGNERS_MAX + 1; i++) {
        struct note_key k;
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        NEED_OK(note_key_make(str_of(name), NOTE_WITNESS, &(sign_public){{1}}, &k));
        note_key_put(&b, &k);
        buf_add_char(&b, ' ');
    }
    CHECK_ERR(cosigners_read(buf_str(&b), &r), CONFIG);
}

TEST(the_name_of_what_is_kept_is_read_back_in_one_form)
{
    static const char *const bad[] = {"",
                                      "cosigned/",
                                      "cosigned/1234567",
                                      "cosigned/123456789",
                                      "cosigned/1234567G",
                                      "cosigned/1234567A",
                                      "Cosigned/12345678",
                                      "cosigned/../../12"};
    char room[COSIGNED_NAME_MAX];
    uint32_t id = 0;
    cosigned_name(0xc0ffee01, room);
    CHECK_STR(str_of(room), STR("cosigned/c0ffee01"));
    NEED_OK(cosigned_name_read(str_of(room), &id));
    CHECK_INT(id, ==, 0xc0ffee01);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(cosigned_name_read(str_of(bad[i]), &id), PARSE);
}

/* ---- what they answered */

TEST(what_a_witness_signed_is_kept_and_shown_under_the_same_text)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    AUTO(buf) shown = BUF(NOTE_BYTES_MAX);
    struct cosigned by;
    struct note n;
    uint64_t time_s = 0;
    scene_new(&s, "kept", 3);
    cosign(&s, 0, 1000, &b);
    cosign(&s, 1, 1001, &b);
    NEED_OK(keep(&s, buf_str(&b), &by));
    CHECK_INT(by.count, ==, 2);
    CHECK(by.by[0] == &s.w.at[0] && by.by[1] == &s.w.at[1]);
    NEED_OK(cosign_put_known(&shown, s.log.dir, &s.log.key, &s.w, str_of(s.log.newest)));
    CHECK_STR(buf_str(&shown), buf_str(&b));
    NEED_OK(note_read(buf_str(&shown), &n));
    CHECK_OK(note_check(&n, &s.w.at[1], &time_s));
    CHECK_INT(time_s, ==, 1001);
    buf_clear(&shown);
    small_log_add(&s.log, 4);
    small_log_sign(&s.log);
    NEED_OK(cosign_put_known(&shown, s.log.dir, &s.log.key, &s.w, str_of(s.log.newest)));
    CHECK_STR(buf_str(&shown), str_of(s.log.newest));
}

TEST(verify_asks_for_what_is_kept_and_holds_it_against_the_tree)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    struct cosigned by;
    struct judge_report r;
    scene_new(&s, "verify", 3);
    cosign(&s, 0, 1000, &b);
    NEED_OK(keep(&s, buf_str(&b), &by));
    small_log_add(&s.log, 9);
    small_log_sign(&s.log);
    struct judge_ask ask = {.dir = s.log.dir, .key = &s.log.key, .witness = &s.w.at[0]};
    NEED_OK(judge_log(&ask, &r));
    CHECK_INT(r.witness_time_s, ==, 1000);
    CHECK_INT(r.witness_size, ==, 3);
    ask.witness = &s.w.at[1];
    CHECK_ERR(judge_log(&ask, &r), CORRUPT);
}

TEST(verify_finds_that_a_witness_saw_another_history_or_more)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(scene) other = {.w = {.count = 0}};
    struct cosigned by;
    struct judge_report r;
    scene_new(&s, "history", 3);
    small_log_add(&s.log, 6);
    small_log_sign(&s.log);
    scene_new(&other, "history-other", 1);
    NEED_OK(edge_add(&other.log.edge, STR("another entry")));
    const struct judge_ask ask = {.dir = s.log.dir, .key = &s.log.key, .witness = &s.w.at[0]};
    for (uint64_t size = 3; size <= 7; size += 4) {
        AUTO(buf) b = BUF(NOTE_BYTES_MAX);
        char from[COSIGNED_NAME_MAX];
        AUTO(arena) *a = NULL;
        str kept;
        small_log_add(&other.log, size);
        small_log_sign(&other.log);
        cosign(&other, 0, 1000, &b);
        NEED_OK(keep(&other, buf_str(&b), &by));
        NEED_OK(arena_open(1 << 20, &a));
        snprintf(from, sizeof from, "cosigned/%08x", s.w.at[0].id);
        NEED_OK(file_read(a, small_log_path(&other.log, from), NOTE_BYTES_MAX, &kept));
        NEED_OK(file_make_dir(small_log_path(&s.log, "cosigned"), 0700));
        NEED_OK(file_write_atomic(small_log_path(&s.log, from), kept, 0600));
        CHECK_ERR(judge_log(&ask, &r), CORRUPT);
        CHECK(strstr(err_text(), size == 3 ? "another root" : "set back") != NULL);
    }
}

TEST(lines_of_strangers_are_dropped)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    AUTO(buf) want = BUF(NOTE_BYTES_MAX);
    AUTO(buf) shown = BUF(NOTE_BYTES_MAX);
    struct cosigned by;
    scene_new(&s, "strangers", 3);
    cosign(&s, 1, 1001, &b);
    s.w.count = 1;
    CHECK_ERR(keep(&s, buf_str(&b), &by), ARGUMENT);
    cosign(&s, 0, 1000, &b);
    cosign(&s, 0, 1000, &want);
    NEED_OK(keep(&s, buf_str(&b), &by));
    CHECK_INT(by.count, ==, 1);
    NEED_OK(cosign_put_known(&shown, s.log.dir, &s.log.key, &s.w, str_of(s.log.newest)));
    CHECK_STR(buf_str(&shown), buf_str(&want));
}

TEST(what_does_not_fit_is_not_kept)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    struct cosigned by = {.count = 9};
    scene_new(&s, "misfit", 3);
    cosign(&s, 0, 1000, &b);
    for (size_t i = 0; i < b.len; i += 5) {
        b.at[i] ^= 1;
        CHECK(keep(&s, buf_str(&b), &by).code);
        b.at[i] ^= 1;
    }
    CHECK_ERR(keep(&s, STR("garbage"), &by), PARSE);
    CHECK_ERR(keep(&s, str_of(s.log.newest), &by), ARGUMENT);
    CHECK_INT(by.count, ==, 9);
    CHECK(access(small_log_path(&s.log, "cosigned"), F_OK) != 0);
}

TEST(a_witness_does_not_go_back)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) old = BUF(NOTE_BYTES_MAX);
    AUTO(buf) new = BUF(NOTE_BYTES_MAX);
    AUTO(buf) again = BUF(NOTE_BYTES_MAX);
    struct cosigned by;
    scene_new(&s, "back", 3);
    cosign(&s, 0, 1000, &old);
    small_log_add(&s.log, 5);
    small_log_sign(&s.log);
    cosign(&s, 0, 2000, &new);
    cosign(&s, 0, 1500, &again);
    NEED_OK(keep(&s, buf_str(&new), &by));
    CHECK_ERR(keep(&s, buf_str(&old), &by), CONFLICT);
    CHECK_ERR(keep(&s, buf_str(&again), &by), CONFLICT);
    CHECK_OK(keep(&s, buf_str(&new), &by));
}

TEST(what_was_kept_and_is_damaged_is_as_good_as_none)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    AUTO(buf) shown = BUF(NOTE_BYTES_MAX);
    struct cosigned by;
    char name[COSIGNED_NAME_MAX];
    scene_new(&s, "damaged", 3);
    cosign(&s, 0, 1000, &b);
    NEED_OK(keep(&s, buf_str(&b), &by));
    cosigned_name(s.w.at[0].id, name);
    NEED_OK(file_write_atomic(small_log_path(&s.log, name), STR("\xff"), 0600));
    NEED_OK(cosign_put_known(&shown, s.log.dir, &s.log.key, &s.w, str_of(s.log.newest)));
    CHECK_STR(buf_str(&shown), str_of(s.log.newest));
    CHECK_OK(keep(&s, buf_str(&b), &by));
}

TEST(whatever_fails_while_keeping_is_said)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    struct cosigned by = {.count = 9};
    scene_new(&s, "faults", 3);
    cosign(&s, 0, 1000, &b);
    for (long n = 1;; n++) {
        fault_arm(n);
        const err e = keep(&s, buf_str(&b), &by);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        if (!fired)
            break;
        CHECK_INT(by.count, ==, 9);
        NEED(n < 200);
    }
    CHECK_INT(by.count, ==, 1);
    for (long n = 1;; n++) {
        AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
        fault_arm(n);
        const err e = cosign_ask_from_files(s.log.dir, 2, &q);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        if (!fired)
            break;
        NEED(n < 200);
    }
}

/* ---- the answer of one of them */

TEST(a_line_takes_the_place_of_an_older_one_and_leaves_the_others)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    AUTO(buf) line = BUF(1024);
    AUTO(buf) out = BUF(NOTE_BYTES_MAX);
    struct note n;
    uint64_t time_s = 0;
    scene_new(&s, "with", 3);
    cosign(&s, 0, 1000, &b);
    cosign(&s, 1, 1001, &b);
    NEED_OK(note_read(str_of(s.log.newest), &n));
    NEED_OK(note_sign(&line, &s.w.at[0], &s.half[0], n.text, 2000));
    NEED_OK(cosign_put_with(&out, buf_str(&b), &s.w.at[0], buf_str(&line)));
    NEED_OK(note_read(buf_str(&out), &n));
    CHECK_INT(n.count, ==, 3);
    CHECK_OK(note_check(&n, &s.w.at[0], &time_s));
    CHECK_INT(time_s, ==, 2000);
    CHECK_OK(note_check(&n, &s.w.at[1], &time_s));
    CHECK_INT(time_s, ==, 1001);
    CHECK_OK(note_check(&n, &s.log.key, NULL));
}

TEST(what_is_not_the_line_of_that_witness_is_refused)
{
    AUTO(scene) s = {.w = {.count = 0}};
    AUTO(buf) line = BUF(1024);
    struct note n;
    const char *const bad[] = {"", "\n", "x", "\xe2\x80\x94 w0 AAAA\n", "text\n\n"};
    scene_new(&s, "without", 3);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf) out = BUF(NOTE_BYTES_MAX);
        CHECK(cosign_put_with(&out, str_of(s.log.newest), &s.w.at[0], str_of(bad[i])).code);
    }
    NEED_OK(note_read(str_of(s.log.newest), &n));
    NEED_OK(note_sign(&line, &s.w.at[1], &s.half[1], n.text, 1));
    AUTO(buf) out = BUF(NOTE_BYTES_MAX);
    CHECK_ERR(cosign_put_with(&out, str_of(s.log.newest), &s.w.at[0], buf_str(&line)), CORRUPT);
    buf_clear(&line);
    NEED_OK(note_sign(&line, &s.w.at[0], &s.half[0], STR("another text\n"), 1));
    buf_clear(&out);
    CHECK_ERR(cosign_put_with(&out, str_of(s.log.newest), &s.w.at[0], buf_str(&line)), CORRUPT);
    buf_clear(&out);
    CHECK_ERR(cosign_put_with(&out, STR("no note"), &s.w.at[0], buf_str(&line)), PARSE);
}

TEST(the_size_a_witness_saw_has_one_form)
{
    const char *const bad[] = {"",   "\n", "x",  "-1",    "+1",
                               "01", "1 ", " 1", "1\n\n", "9223372036854775808"};
    uint64_t n = 7;
    CHECK_OK(cosign_seen_read(STR("0"), &n));
    CHECK_INT(n, ==, 0);
    CHECK_OK(cosign_seen_read(STR("1200\n"), &n));
    CHECK_INT(n, ==, 1200);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(cosign_seen_read(str_of(bad[i]), &n), PARSE);
    CHECK_INT(n, ==, 1200);
}
