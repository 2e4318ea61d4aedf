/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/ledger.h"

#include <fcntl.h>

#include "audit/judge.h"
#include "base/fault.h"
#include "unit/audit/small_log.h"

/* A file of records, the ledger over it, and somebody who signs. */
typedef struct scene {
    char dir[SMALL_PATH], path[SMALL_PATH + 32], log[SMALL_PATH + 32];
    int f;
    uint64_t len, count;
    ledger *l;
    struct note_key key;
    secret half;
    char key_text[NOTE_KEY_TEXT_MAX + 1];
} scene;

static void
scene_auto(scene *c)
{
    ledger_free(c->l);
    secret_done(&c->half);
    if (c->f > 0)
        close(c->f);
}

static void
take_key(scene *c, uint8_t seed_byte)
{
    AUTO(secret) seed = {0};
    AUTO(buf) text = BUF(1024);
    sign_public p;
    secret_done(&c->half);
    NEED_OK(secret_get(&seed, SIGN_SEED_LEN));
    memset(seed.at, seed_byte, seed.len);
    NEED_OK(sign_pair(&seed, &c->half, &p));
    NEED_OK(note_key_make(STR("hoheit/test"), NOTE_ED25519, &p, &c->key));
    note_key_put(&text, &c->key);
    CHECK(str_copy(buf_str(&text), c->key_text, sizeof c->key_text));
}

static err
reopen(scene *c)
{
    ledger_free(c->l);
    c->l = NULL;
    return ledger_open(c->dir, c->f, c->len, c->count, &c->l);
}

static void
scene_new(scene *c, const char *name)
{
    snprintf(c->dir, sizeof c->dir, "%s/%s", test_dir(), name);
    snprintf(c->path, sizeof c->path, "%s/audit.jsonl", c->dir);
    snprintf(c->log, sizeof c->log, "%s/log", c->dir);
    NEED_OK(file_make_dir(c->dir, 0700));
    c->f = open(c->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    NEED(c->f > 0);
    take_key(c, 1);
    NEED_OK(reopen(c));
}

static void
append(scene *c, uint64_t count)
{
    AUTO(buf) b = BUF(64 << 20);
    for (uint64_t i = 0; i < count; i++)
        buf_add_fmt(&b, "{\"seq\":%llu,\"request\":\"req_%llu\"}\n",
                    (unsigned long long)(c->count + i + 1), (unsigned long long)(c->count + i) / 2);
    NEED_OK(buf_end(&b));
    CHECK_INT(pwrite(c->f, b.at, b.len, (off_t)c->len), ==, b.len);
    c->len += b.len;
    c->count += count;
}

static err
follow(scene *c)
{
    bool is_behind = true;
    err e = OK;
    while (!e.code && is_behind)
        e = ledger_follow(c->l, c->len, 1000, &is_behind);
    return e;
}

static void
make_note(scene *c, const struct tree_head *h, buf *b)
{
    AUTO(buf) text = BUF(1024);
    checkpoint_put(&text, str_of(c->key.name), h);
    buf_add(b, buf_str(&text));
    buf_add_char(b, '\n');
    if (!buf_end(&text).code) /* armed faults reach this too; who is handed the note complains */
        IGNORE(note_sign(b, &c->key, &c->half, buf_str(&text), 0));
}

/* Follows, asks and has it signed. */
static err
sign(scene *c)
{
    AUTO(buf) note = BUF(2048);
    struct ledger_ask ask;
    TRY(follow(c));
    TRY(ledger_ask(c->l, &ask));
    make_note(c, &ask.head, &note);
    return ledger_signed(c->l, buf_str(&note), str_of(c->key_text));
}

static void
grow(scene *c, uint64_t count)
{
    append(c, count);
    NEED_OK(sign(c));
}

static err
judge(const scene *c, uint64_t *ret_size)
{
    const struct judge_ask ask = {.dir = c->log, .key = &c->key};
    struct judge_report r;
    TRY(judge_log(&ask, &r));
    *ret_size = r.head.size;
    return OK;
}

static void
check_good(const scene *c)
{
    uint64_t size = 0;
    CHECK_OK(judge(c, &size));
    CHECK_INT(size, ==, c->count);
}

static bool
says(const char *what)
{
    if (str_find(str_of(err_text()), str_of(what)) >= 0)
        return true;
    test_fail(__FILE__, __LINE__, "got \"%s\", want \"%s\"", err_text(), what);
    return false;
}

/* ---- growing */

TEST(the_log_follows_the_records_and_is_found_good_at_every_step)
{
    AUTO(scene) c = {.f = -1};
    scene_new(&c, "grows");
    for (uint64_t count = 1; c.count < 3000; count = count * 2 + 1) {
        grow(&c, count);
        check_good(&c);
        CHECK_INT(ledger_unsigned(c.l), ==, 0);
    }
}

TEST(a_log_that_is_opened_again_goes_on)
{
    AUTO(scene) c = {.f = -1};
    scene_new(&c, "again");
    for (int i = 0; i < 12; i++) {
        grow(&c, 1 + 90 * (uint64_t)i);
        append(&c, 7); /* not signed before the end */
        NEED_OK(reopen(&c));
        CHECK_INT(ledger_size(c.l), ==, c.count);
        CHECK_INT(ledger_unsigned(c.l), ==, 7);
    }
    NEED_OK(sign(&c));
    check_good(&c);
}

TEST(records_that_were_there_before_the_log_are_taken_in)
{
    AUTO(scene) c = {.f = -1};
    scene_new(&c, "before");
    append(&c, 2000);
    NEED_OK(reopen(&c));
    CHECK_INT(ledger_size(c.l), ==, 2000);
    NEED_OK(sign(&c));
    check_good(&c);
}

TEST(following_takes_no_more_than_it_may)
{
    AUTO(scene) c = {.f = -1};
    bool is_behind = false;
    scene_new(&c, "bounded");
    append(&c, 10);
    NEED_OK(ledger_follow(c.l, c.len, 4, &is_behind));
    CHECK(is_behind && ledger_size(c.l) == 4);
    NEED_OK(ledger_follow(c.l, c.len, 6, &is_behind));
    CHECK(!is_behind && ledger_size(c.l) == 10);
}

/* More than is gone over when it is opened. */
TEST(a_long_log_is_opened_from_its_tiles)
{
    AUTO(scene) c = {.f = -1};
    scene_new(&c, "long");
    grow(&c, 66600);
    append(&c, 300);
    NEED_OK(reopen(&c));
    CHECK_INT(ledger_unsigned(c.l), ==, 300);
    NEED_OK(sign(&c));
    check_good(&c);
    char tile[2 * SMALL_PATH];
    snprintf(tile, sizeof tile, "%s/tile/0/100", c.log);
    CHECK_INT(unlink(tile), ==, 0);
    NEED_OK(reopen(&c));
    append(&c, 1);
    NEED_OK(sign(&c));
    check_good(&c);
}

/* ---- damage to tiles costs nothing but work */

static void
damage_and_reopen(void *ctx, const char *path)
{
    scene *c = ctx;
    char bytes[1] = {'?'};
    if (str_ends(str_of(path), STR("checkpoints")))
        return;
    const int f = open(path, O_WRONLY | O_CLOEXEC);
    CHECK_INT(pwrite(f, bytes, 1, 3), ==, 1);
    close(f);
    NEED_OK(reopen(c));
    append(c, 1);
    NEED_OK(sign(c));
    check_good(c);
    if (access(path, F_OK) == 0 && truncate(path, 1) == 0) {
        NEED_OK(reopen(c));
        append(c, 1);
        NEED_OK(sign(c));
        check_good(c);
    }
}

TEST(whatever_file_beside_the_records_is_damaged_is_made_anew)
{
    AUTO(scene) c = {.f = -1};
    scene_new(&c, "damage");
    grow(&c, 600);
    small_log_walk(c.log, damage_and_reopen, &c);
    CHECK_INT(c.count, >, 610);
}

TEST(a_log_directory_that_is_gone_is_made_anew)
{
    AUTO(scene) c = {.f = -1};
    scene_new(&c, "gone");
    grow(&c, 600);
    NEED_OK(file_remove_tree(c.log));
    NEED_OK(reopen(&c));
    NEED_OK(sign(&c));
    check_good(&c);
}

/* ---- damage to records is found */

static void
change_byte(const scene *c, off_t at)
{
    char x;
    CHECK_INT(pread(c->f, &x, 1, at), ==, 1);
    x ^= 1;
    CHECK_INT(pwrite(c->f, &x, 1, at), ==, 1);
}

TEST(any_byte_changed_in_a_signed_record_is_found_and_the_record_named)
{
    AUTO(scene) c = {.f = -1};
    AUTO(arena) *a = NULL;
    str bytes;
    scene_new(&c, "changed");
    grow(&c, 12);
    NEED_OK(arena_open(64 * 1024, &a));
    NEED_OK(file_read(a, c.path, 8192, &bytes));
    int record = 1;
    for (size_t i = 0; i < bytes.len; i++) {
        char want[64];
        snprintf(want, sizeof want, "record %d is not", record);
        change_byte(&c, (off_t)i);
        CHECK_ERR(reopen(&c), CORRUPT);
        if (bytes.at[i] != '\n')
            CHECK(says(want));
        change_byte(&c, (off_t)i);
        record += bytes.at[i] == '\n';
    }
    CHECK_OK(reopen(&c));
}

TEST(a_record_that_was_lost_swapped_or_doubled_is_found)
{
    static const char one[] = "{\"seq\":1}\n", two[] = "{\"seq\":2}\n", three[] = "{\"seq\":3}\n";
    static const char *const orders[][3] = {
        {one, three, ""}, {two, one, three}, {one, one, two}, {one, two, two}, {one, two, ""}};
    AUTO(scene) c = {.f = -1};
    scene_new(&c, "order");
    c.len = (uint64_t)snprintf(NULL, 0, "%s%s%s", one, two, three);
    c.count = 3;
    CHECK_INT(dprintf(c.f, "%s%s%s", one, two, three), ==, c.len);
    NEED_OK(sign(&c));
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        CHECK_INT(ftruncate(c.f, 0), ==, 0);
        CHECK_INT(lseek(c.f, 0, SEEK_SET), ==, 0);
        c.len = (uint64_t)dprintf(c.f, "%s%s%s", orders[i][0], orders[i][1], orders[i][2]);
        c.count = orders[i][2][0] ? 3 : 2;
        CHECK_ERR(reopen(&c), CORRUPT);
    }
}

TEST(what_is_not_signed_yet_can_still_change)
{
    AUTO(scene) c = {.f = -1};
    scene_new(&c, "unsigned");
    grow(&c, 5);
    const off_t at = (off_t)c.len + 3;
    append(&c, 5);
    change_byte(&c, at);
    CHECK_OK(reopen(&c));
}

TEST(a_file_with_another_number_of_lines_than_records_is_refused)
{
    AUTO(scene) c = {.f = -1};
    scene_new(&c, "lines");
    append(&c, 5);
    c.count = 4;
    CHECK_ERR(reopen(&c), CORRUPT);
    c.count = 6;
    CHECK_ERR(reopen(&c), CORRUPT);
}

/* ---- signing */

TEST(the_proof_shows_that_the_tree_grew_from_the_one_signed_last)
{
    AUTO(scene) c = {.f = -1};
    struct tree_head last;
    struct ledger_ask ask;
    scene_new(&c, "proof");
    NEED_OK(ledger_ask(c.l, &ask));
    last = ask.head;
    for (uint64_t count = 1; count < 700; count = count * 3) {
        append(&c, count);
        NEED_OK(follow(&c));
        NEED_OK(ledger_ask(c.l, &ask));
        CHECK_INT(ask.from, ==, last.size);
        CHECK(merkle_has_grown(&last, &ask.head, &ask.proof));
        NEED_OK(sign(&c));
        last = ask.head;
    }
}

TEST(what_was_signed_and_never_came_back_is_taken_up)
{
    AUTO(scene) c = {.f = -1};
    AUTO(buf) note = BUF(2048);
    struct ledger_ask ask;
    scene_new(&c, "lost");
    grow(&c, 5);
    append(&c, 5);
    NEED_OK(follow(&c));
    NEED_OK(ledger_ask(c.l, &ask));
    make_note(&c, &ask.head, &note);
    append(&c, 5);
    NEED_OK(reopen(&c)); /* a crash: the answer of the signer was lost */
    NEED_OK(ledger_ask(c.l, &ask));
    CHECK_INT(ask.from, ==, 5);
    NEED_OK(ledger_signed(c.l, buf_str(&note), str_of(c.key_text)));
    NEED_OK(ledger_ask(c.l, &ask));
    CHECK_INT(ask.from, ==, 10);
    NEED_OK(sign(&c));
    check_good(&c);
}

TEST(a_note_of_another_key_another_tree_or_a_larger_one_is_refused)
{
    AUTO(scene) c = {.f = -1};
    AUTO(buf) other = BUF(2048);
    AUTO(buf) fork = BUF(2048);
    AUTO(buf) larger = BUF(2048);
    AUTO(buf) good = BUF(2048);
    struct ledger_ask ask;
    scene_new(&c, "refused");
    append(&c, 5);
    NEED_OK(follow(&c));
    NEED_OK(ledger_ask(c.l, &ask));
    make_note(&c, &ask.head, &good);
    struct tree_head h = ask.head;
    h.root.bytes[0] ^= 1;
    make_note(&c, &h, &fork);
    h = ask.head;
    h.size++;
    make_note(&c, &h, &larger);
    CHECK_ERR(ledger_signed(c.l, buf_str(&fork), str_of(c.key_text)), CORRUPT);
    CHECK_ERR(ledger_signed(c.l, buf_str(&larger), str_of(c.key_text)), CORRUPT);
    CHECK_ERR(ledger_signed(c.l, STR("no note"), str_of(c.key_text)), CORRUPT);
    CHECK_ERR(ledger_signed(c.l, buf_str(&good), STR("no key")), CORRUPT);
    take_key(&c, 2);
    make_note(&c, &ask.head, &other);
    take_key(&c, 1);
    CHECK_ERR(ledger_signed(c.l, buf_str(&other), str_of(c.key_text)), CORRUPT);
    CHECK_OK(ledger_signed(c.l, buf_str(&good), str_of(c.key_text)));
    check_good(&c);
}

/* ---- failures */

/* The process may end at any call: what is there then can be opened and is good once signed. */
TEST(a_failure_anywhere_leaves_a_log_that_goes_on)
{
    AUTO(scene) c = {.f = -1};
    scene_new(&c, "faults");
    grow(&c, 250);
    for (long n = 1;; n++) {
        append(&c, 4);
        fault_arm(n);
        err e = reopen(&c);
        if (!e.code)
            e = sign(&c);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired) {
            CHECK_OK(e);
            break;
        }
        NEED_OK(reopen(&c));
        NEED_OK(sign(&c));
        NEED(n < 300);
    }
    check_good(&c);
}

TEST(a_directory_that_cannot_be_used_is_reported)
{
    AUTO(scene) c = {.f = -1};
    static char too_long[8192];
    ledger *l = NULL;
    scene_new(&c, "dirs");
    memset(too_long, 'd', sizeof too_long - 1);
    CHECK_ERR(ledger_open(too_long, c.f, 0, 0, &l), ARGUMENT);
    CHECK_ERR(ledger_open("/proc/nowhere", c.f, 0, 0, &l), NOT_FOUND);
    CHECK(!l);
}
