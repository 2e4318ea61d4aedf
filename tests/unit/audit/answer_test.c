/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/answer.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/ledger.h"
#include "audit/sign.h"
#include "audit/tiles.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/json.h"
#include "test.h"

/* A book whose first `signed_size` records are signed. */
struct scene {
    loop *l;
    struct params p;
    meters m;
    book *b;
    struct note_key key;
    secret half;
    struct log_sign asked;
    sign *s;
};

static err
take_ask(void *ctx, const struct log_sign *ask)
{
    struct scene *c = ctx;
    c->asked = *ask;
    return OK;
}

static void
told(void *ctx)
{
    (void)ctx;
}

static void
append(struct scene *c, int count)
{
    const uint64_t until = book_seq(c->b) + (uint64_t)count;
    for (int i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "req_%d", i);
        const struct audit_record r = {.event = EVENT_DECISION, .request_id = str_of(id)};
        CHECK_OK(book_append(c->b, &r, NULL, NULL));
    }
    while (book_seq(c->b) < until)
        loop_turn_for(c->l, 2);
}

static void
have_signed(struct scene *c)
{
    struct log_signed a = {.code = ERR_OK};
    struct tree_head h;
    AUTO(buf) text = BUF(1024);
    AUTO(buf) note = BUF(1024);
    AUTO(buf) key = BUF(256);
    NEED_OK(sign_last(c->s, told, c));
    h.size = c->asked.size;
    memcpy(h.root.bytes, c->asked.root, sizeof h.root.bytes);
    checkpoint_put(&text, str_of(c->key.name), &h);
    buf_add(&note, buf_str(&text));
    buf_add_char(&note, '\n');
    CHECK_OK(note_sign(&note, &c->key, &c->half, buf_str(&text), 0));
    note_key_put(&key, &c->key);
    a.note_len = (uint32_t)note.len;
    memcpy(a.note, note.at, note.len);
    CHECK(str_copy(buf_str(&key), a.key, sizeof a.key));
    sign_answered(c->s, &a);
}

static void
scene_open(struct scene *c, const char *name, int count)
{
    AUTO(secret) seed = {0};
    sign_public p = {{0}};
    char dir[256];
    *c = (struct scene){.l = NULL};
    params_default(&c->p);
    snprintf(dir, sizeof dir, "%s/%s", test_dir(), name);
    CHECK_OK(loop_new(&c->l));
    CHECK_OK(book_open(c->l, dir, &c->p, &c->m, &c->b));
    CHECK_OK(secret_get(&seed, SIGN_SEED_LEN));
    CHECK_OK(sign_pair(&seed, &c->half, &p));
    CHECK_OK(note_key_make(STR("hoheit/test"), NOTE_ED25519, &p, &c->key));
    CHECK_OK(sign_start(c->l, c->b, take_ask, c, &c->s));
    append(c, count);
    if (count)
        have_signed(c);
}

static void
scene_close(struct scene *c)
{
    sign_stop(c->s);
    secret_done(&c->half);
    book_close(c->b);
    loop_free(c->l);
}

static enum err_code
ask(struct scene *c, enum log_what kind, const char *what, buf *b)
{
    struct log_read q = {.kind = kind, .count = 2};
    snprintf(q.what, sizeof q.what, "%s", what);
    *b = BUF(LOG_ANSWER_BYTES_MAX);
    return (enum err_code)answer_read(c->b, &q, STR_NONE, b).code;
}

/* A stranger's check of one leaf of an answer, from the line itself. */
static void
check_leaf(const jval *leaf, str line, const struct tree_head *h)
{
    struct merkle_proof p = {.count = 0};
    struct jwalk w = {0};
    int64_t index = -1;
    jval hash;
    const jval n = json_get(leaf, "leaf"), hashes = json_get(leaf, "hashes");
    CHECK_OK(json_i64(&n, 0, INT64_MAX, &index));
    CHECK_OK(json_array(&hashes, 0, MERKLE_PROOF_MAX));
    while (json_each(&hashes, &w, &hash)) {
        AUTO(buf) raw = BUF(64);
        str text;
        CHECK_OK(json_str(&hash, 64, &text));
        CHECK_OK(base64_read(text, &raw));
        NEED(raw.len == sizeof p.at->bytes);
        memcpy(p.at[p.count++].bytes, raw.at, raw.len);
    }
    const digest d = merkle_leaf(line);
    CHECK(merkle_has_leaf(h, (uint64_t)index, &d, &p));
}

TEST(proofs_hold_for_a_stranger_and_what_is_not_signed_has_none)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) lines = BUF(1);
    AUTO(buf) b = BUF(1);
    struct scene c;
    struct checkpoint cp;
    struct jwalk w = {0};
    jval root, leaf;
    str note, line, rest;
    scene_open(&c, "proofs", 700);
    append(&c, 10); /* req_0 to req_9 once more, not signed */
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_INT(ask(&c, LOG_FIND, "req_7", &lines), ==, ERR_OK);
    CHECK_INT(ask(&c, LOG_PROVE, "req_7", &b), ==, ERR_OK);
    NEED_OK(json_read(a, buf_str(&b), &root));
    const jval text = json_get(&root, "checkpoint"), leaves = json_get(&root, "leaves");
    NEED_OK(json_str(&text, 4096, &note));
    NEED_OK(checkpoint_open(note, &c.key, &cp));
    CHECK_INT(cp.head.size, ==, 700);
    CHECK_INT(json_count(&leaves), ==, 1);
    NEED_OK(json_array(&leaves, 1, 2));
    rest = buf_str(&lines);
    NEED(json_each(&leaves, &w, &leaf) && str_next(&rest, '\n', &line));
    check_leaf(&leaf, line, &cp.head);
    scene_close(&c);
}

TEST(files_are_handed_out_as_they_are)
{
    AUTO(buf) b = BUF(1);
    struct scene c;
    struct checkpoint cp;
    struct bundle bundle;
    scene_open(&c, "files", 300);
    CHECK_INT(ask(&c, LOG_FILE, "checkpoint", &b), ==, ERR_OK);
    CHECK_OK(checkpoint_open(buf_str(&b), &c.key, &cp));
    buf_done(&b);
    CHECK_INT(ask(&c, LOG_FILE, "tile/0/000", &b), ==, ERR_OK);
    CHECK_INT(b.len, ==, TILE_BYTES);
    buf_done(&b);
    CHECK_INT(ask(&c, LOG_FILE, "tile/1/000.p/1", &b), ==, ERR_OK);
    CHECK_INT(b.len, ==, sizeof(digest));
    buf_done(&b);
    CHECK_INT(ask(&c, LOG_FILE, "tile/entries/001.p/44", &b), ==, ERR_OK);
    CHECK_OK(bundle_parse(buf_str(&b), 44, &bundle));
    scene_close(&c);
}

TEST(what_there_is_not_is_refused)
{
    static const char *const bad[] = {"",
                                      "key",
                                      "checkpoints",
                                      "tile/0/002",
                                      "tile/0/0",
                                      "tile/0/000.p/3",
                                      "tile/9/000",
                                      "tile/entries/001",
                                      "../audit.jsonl",
                                      "tile/x"};
    struct scene c;
    scene_open(&c, "bad", 300);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf) b = BUF(1);
        const enum err_code e = ask(&c, LOG_FILE, bad[i], &b);
        CHECK(e == ERR_NOT_FOUND || e == ERR_PARSE);
    }
    AUTO(buf) b = BUF(1);
    CHECK_INT(ask(&c, LOG_PROVE, "req_none", &b), ==, ERR_NOT_FOUND);
    buf_done(&b);
    CHECK_INT(ask(&c, LOG_FIND, "\"", &b), ==, ERR_NOT_FOUND);
    buf_done(&b);
    CHECK_INT(ask(&c, (enum log_what)77, "", &b), ==, ERR_ARGUMENT);
    scene_close(&c);
}

TEST(before_the_first_signature_there_are_records_and_no_proofs)
{
    AUTO(buf) b = BUF(1);
    struct scene c;
    scene_open(&c, "unsigned", 0);
    append(&c, 3);
    CHECK_INT(ask(&c, LOG_TAIL, "", &b), ==, ERR_OK);
    buf_done(&b);
    CHECK_INT(ask(&c, LOG_PROVE, "req_1", &b), ==, ERR_NOT_FOUND);
    scene_close(&c);
}

TEST(every_failure_of_an_answer_is_reported)
{
    static const struct {
        enum log_what kind;
        const char *what;
    } asks[] = {{LOG_FIND, "req_1"},
                {LOG_TAIL, ""},
                {LOG_PROVE, "req_1"},
                {LOG_FILE, "checkpoint"},
                {LOG_FILE, "tile/0/000"}};
    struct scene c;
    scene_open(&c, "faults", 300);
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        AUTO(buf) good = BUF(1);
        long n = 1;
        CHECK_INT(ask(&c, asks[i].kind, asks[i].what, &good), ==, ERR_OK);
        for (bool fired = true; fired; n++) {
            AUTO(buf) b = BUF(1);
            fault_arm(n);
            const enum err_code e = ask(&c, asks[i].kind, asks[i].what, &b);
            fired = fault_fired();
            fault_arm(0);
            CHECK(fired || e == ERR_OK);
            if (e == ERR_OK)
                CHECK_STR(buf_str(&b), buf_str(&good));
            NEED(n < 1000);
        }
    }
    scene_close(&c);
}

/* ---- records by what is in them */

static enum err_code
query(struct scene *c, const char *field, const char *value, const char *since, buf *b)
{
    const struct log_read r = {.kind = LOG_QUERY, .count = 2};
    struct log_query q;
    memset(&q, 0, sizeof q);
    snprintf(q.field, sizeof q.field, "%s", field);
    snprintf(q.value, sizeof q.value, "%s", value);
    snprintf(q.since, sizeof q.since, "%s", since);
    buf_done(b);
    *b = BUF(LOG_ANSWER_BYTES_MAX);
    return (enum err_code)answer_read(c->b, &r, (str){(const char *)&q, sizeof q}, b).code;
}

TEST(records_are_handed_out_as_one_object)
{
    AUTO(buf) b = BUF(1);
    struct scene c;
    scene_open(&c, "query", 5);
    CHECK_INT(query(&c, "request", "req_3", "", &b), ==, ERR_OK);
    CHECK(str_find(buf_str(&b), STR("{\"records\":[{\"seq\":4,")) == 0);
    CHECK(str_ends(buf_str(&b), STR("}],\"complete\":true}")));
    CHECK_INT(query(&c, "", "", "", &b), ==, ERR_OK);
    CHECK(str_find(buf_str(&b), STR("\"seq\":4,")) > 0 &&
          str_find(buf_str(&b), STR("\"seq\":5,")) > 0);
    CHECK_INT(query(&c, "key", "none", "", &b), ==, ERR_OK);
    CHECK_STR(buf_str(&b), STR("{\"records\":[],\"complete\":true}"));
    scene_close(&c);
}

TEST(what_cannot_be_asked_of_records_is_refused)
{
    AUTO(buf) b = BUF(1);
    struct scene c;
    scene_open(&c, "badquery", 5);
    CHECK_INT(query(&c, "label", "x", "", &b), ==, ERR_ARGUMENT);
    CHECK_INT(query(&c, "key", "", "", &b), ==, ERR_ARGUMENT);
    CHECK_INT(query(&c, "key", "x", "yesterday", &b), ==, ERR_ARGUMENT);
    const struct log_read r = {.kind = LOG_QUERY, .count = 2};
    CHECK_ERR(answer_read(c.b, &r, STR("short"), &b), ARGUMENT);
    CHECK_ERR(answer_read(c.b, &r, STR_NONE, &b), ARGUMENT);
    scene_close(&c);
}

/* ---- alarms */

static void
check_alarm(struct scene *c, bool stands, const char *part)
{
    AUTO(buf) b = BUF(LOG_ANSWER_BYTES_MAX);
    const struct log_read r = {.kind = LOG_ALARM};
    const str start = stands ? STR("{\"alarm\":true,\"record\":{") : STR("{\"alarm\":false}");
    NEED_OK(answer_read(c->b, &r, STR_NONE, &b));
    CHECK(str_starts(buf_str(&b), start));
    CHECK(str_find(buf_str(&b), str_of(part)) >= 0);
}

static void
record(struct scene *c, enum audit_event event)
{
    const uint64_t until = book_seq(c->b) + 1;
    const struct audit_record r = {.event = event, .object = STR("example/w")};
    CHECK_OK(book_append(c->b, &r, NULL, NULL));
    while (book_seq(c->b) < until)
        loop_turn_for(c->l, 2);
}

/* A checkpoint of another tree, signed by the key of this log. */
static void
other_note(const struct scene *c, uint64_t size, buf *note)
{
    AUTO(buf) text = BUF(1024);
    const struct tree_head h = {.size = size, .root = merkle_leaf(STR("another"))};
    checkpoint_put(&text, str_of(c->key.name), &h);
    buf_add(note, buf_str(&text));
    buf_add_char(note, '\n');
    CHECK_OK(note_sign(note, &c->key, &c->half, buf_str(&text), 0));
}

static enum err_code
bring(struct scene *c, str note)
{
    AUTO(buf) b = BUF(LOG_ANSWER_BYTES_MAX);
    const struct log_read r = {.kind = LOG_COSIGN};
    return (enum err_code)answer_read(c->b, &r, note, &b).code;
}

TEST(an_alarm_stands_from_its_record_to_the_one_that_ends_it)
{
    struct scene c;
    scene_open(&c, "alarm", 3);
    check_alarm(&c, false, "");
    record(&c, EVENT_WITNESS_CLEAR);
    check_alarm(&c, false, "");
    record(&c, EVENT_WITNESS_ALARM);
    check_alarm(&c, true, "\"object\":\"example/w\"");
    append(&c, 3);
    check_alarm(&c, true, "\"seq\":5,");
    record(&c, EVENT_WITNESS_ALARM);
    check_alarm(&c, true, "\"seq\":9,");
    record(&c, EVENT_WITNESS_CLEAR);
    check_alarm(&c, false, "");
    scene_close(&c);
}

TEST(another_history_under_our_key_raises_an_alarm_with_the_proof)
{
    static const uint64_t sizes[] = {3, 5, 9}; /* smaller, the same, larger */
    for (size_t i = 0; i < 3; i++) {
        AUTO(buf) note = BUF(1024);
        AUTO(buf) proof = BUF(4096);
        char name[32];
        struct scene c;
        snprintf(name, sizeof name, "other-%zu", i);
        scene_open(&c, name, 5);
        other_note(&c, sizes[i], &note);
        const uint64_t until = book_seq(c.b) + 1;
        CHECK_INT(bring(&c, buf_str(&note)), ==, ERR_CORRUPT);
        while (book_seq(c.b) < until)
            loop_turn_for(c.l, 2);
        base64_put(&proof, note.at, note.len);
        NEED_OK(buf_end(&proof));
        buf_add_char(&proof, '\0');
        check_alarm(&c, true, proof.at);
        check_alarm(&c, true, sizes[i] > 5 ? "\"rollback\"" : "\"fork\"");
        CHECK_INT(bring(&c, buf_str(&note)), ==, ERR_CORRUPT);
        CHECK_INT(book_seq(c.b), ==, until);
        scene_close(&c);
    }
}

TEST(what_somebody_else_signed_raises_no_alarm)
{
    AUTO(buf) note = BUF(1024);
    struct scene c;
    scene_open(&c, "foreign", 5);
    other_note(&c, 9, &note);
    note.at[note.len - 5] = note.at[note.len - 5] == 'A' ? 'B' : 'A';
    CHECK_INT(bring(&c, buf_str(&note)), ==, ERR_ARGUMENT);
    CHECK_INT(bring(&c, STR("no note")), ==, ERR_ARGUMENT);
    CHECK_INT(bring(&c, STR_NONE), ==, ERR_ARGUMENT);
    check_alarm(&c, false, "");
    scene_close(&c);
}
