/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/note.h"

#include <stdio.h>

#include "base/enc.h"
#include "base/fault.h"
#include "test.h"

/* The pair and note that the package golang.org/x/mod/sumdb/note documents itself with. */
#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_SEED "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz" /* after a byte of type */
#define PETER_TEXT                                                                                 \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define PETER_LINE                                                                                 \
    "\xe2\x80\x94 PeterNeumann "                                                                   \
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdn"                      \
    "gotpRZb6KE6RyyBwJnAM=\n"

static void
fill_key(const char *seed_base64, secret *ret_key, sign_public *ret_public)
{
    AUTO(buf) b = BUF(64);
    AUTO(secret) seed = {0};
    NEED_OK(base64_read(str_of(seed_base64), &b));
    NEED_OK(secret_get(&seed, SIGN_SEED_LEN));
    NEED(b.len == 1 + seed.len);
    memcpy(seed.at, b.at + 1, seed.len);
    NEED_OK(sign_pair(&seed, ret_key, ret_public));
}

/* A signer of our own, of any type. */
typedef struct signer {
    struct note_key key;
    secret half;
} signer;

static void
signer_auto(signer *s)
{
    secret_done(&s->half);
}

static void
signer_fill(struct signer *s, const char *name, enum note_key_type type, uint8_t seed_byte)
{
    AUTO(secret) seed = {0};
    sign_public p;
    NEED_OK(secret_get(&seed, SIGN_SEED_LEN));
    memset(seed.at, seed_byte, seed.len);
    NEED_OK(sign_pair(&seed, &s->half, &p));
    NEED_OK(note_key_make(str_of(name), type, &p, &s->key));
}

static void
add_line(buf *b, const struct signer *s, str text, uint64_t time_s)
{
    CHECK_OK(note_sign(b, &s->key, &s->half, text, time_s));
}

/* ---- keys */

TEST(a_key_is_read_and_written_as_the_reference_implementation_does)
{
    struct note_key k;
    sign_public p = {{0}};
    AUTO(secret) half = {0};
    AUTO(buf) b = BUF(256);
    NEED_OK(note_key_read(STR(PETER), &k));
    CHECK_STR(str_of(k.name), STR("PeterNeumann"));
    CHECK_INT(k.id, ==, 0xc74f20a3);
    CHECK_INT(k.type, ==, NOTE_ED25519);
    fill_key(PETER_SEED, &half, &p);
    CHECK(memcmp(&p, &k.public, sizeof p) == 0);
    note_key_put(&b, &k);
    CHECK_STR(buf_str(&b), STR(PETER));
}

TEST(a_key_with_any_character_changed_is_refused)
{
    char text[] = PETER;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        struct note_key k = {.id = 42};
        const char was = text[i];
        /* The id may be in capitals. */
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(was ^ 1 << bit);
            const bool is_same = i > 12 && i < 21 && was >= 'a' && bit == 5;
            const err e = note_key_read(str_of(text), &k);
            if (!is_same && e.code != ERR_PARSE)
                test_fail(__FILE__, __LINE__, "\"%s\" was taken", text);
        }
        text[i] = was;
        CHECK_ERR(note_key_read((str){text, i}, &k), PARSE);
    }
}

TEST(a_name_that_cannot_stand_in_a_note_is_refused)
{
    static char too_long[NOTE_NAME_MAX + 2];
    static const char *const bad[] = {"",
                                      "a b",
                                      "a+b",
                                      "a\nb",
                                      "a\x01",
                                      "a\xc2\xa0"
                                      "b",
                                      "a\xe2\x80\x83",
                                      "a\xff",
                                      "\xc2\x85",
                                      too_long};
    const sign_public p = {{1}};
    struct note_key k = {.id = 42};
    memset(too_long, 'x', sizeof too_long - 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(note_key_make(str_of(bad[i]), NOTE_ED25519, &p, &k), ARGUMENT);
    CHECK_INT(k.id, ==, 42);
    CHECK_OK(note_key_make(STR("amt/größe"), NOTE_ED25519, &p, &k));
}

TEST(one_key_has_another_id_as_log_and_as_witness)
{
    const sign_public p = {{1}};
    struct note_key a, b;
    NEED_OK(note_key_make(STR("x"), NOTE_ED25519, &p, &a));
    NEED_OK(note_key_make(STR("x"), NOTE_WITNESS, &p, &b));
    CHECK(a.id != b.id);
    AUTO(buf) text = BUF(256);
    note_key_put(&text, &b);
    NEED_OK(note_key_read(buf_str(&text), &a));
    CHECK(a.type == NOTE_WITNESS && a.id == b.id);
}

TEST(a_key_of_an_unknown_type_is_refused)
{
    struct note_key k;
    AUTO(buf) b = BUF(256);
    uint8_t bytes[33] = {2, 1};
    char room[NOTE_NAME_MAX] = "x\n";
    memcpy(room + 2, bytes, sizeof bytes);
    const digest d = quick_hash_plain((str){room, 2 + sizeof bytes});
    buf_add(&b, STR("x+"));
    hex_put(&b, d.bytes, 4);
    buf_add_char(&b, '+');
    base64_put(&b, bytes, sizeof bytes);
    CHECK_ERR(note_key_read(buf_str(&b), &k), PARSE);
}

/* ---- notes */

TEST(the_note_of_the_reference_implementation_is_read_and_its_signature_fits)
{
    struct note n;
    struct note_key k;
    uint64_t time_s = 1;
    NEED_OK(note_key_read(STR(PETER), &k));
    NEED_OK(note_read(STR(PETER_TEXT "\n" PETER_LINE), &n));
    CHECK_STR(n.text, STR(PETER_TEXT));
    CHECK_INT(n.count, ==, 1);
    CHECK_OK(note_check(&n, &k, &time_s));
    CHECK_INT(time_s, ==, 0);
}

TEST(a_signature_is_written_as_the_reference_implementation_does)
{
    struct note_key k;
    sign_public p;
    AUTO(secret) half = {0};
    AUTO(buf) b = BUF(256);
    fill_key(PETER_SEED, &half, &p);
    NEED_OK(note_key_read(STR(PETER), &k));
    NEED_OK(note_sign(&b, &k, &half, STR(PETER_TEXT), 0));
    CHECK_STR(buf_str(&b), STR(PETER_LINE));
}

static err
read_and_check(str bytes, const struct note_key *k)
{
    struct note n;
    TRY(note_read(bytes, &n));
    return note_check(&n, k, NULL);
}

TEST(a_note_with_any_bit_flipped_or_cut_anywhere_is_refused)
{
    char bytes[] = PETER_TEXT "\n" PETER_LINE;
    struct note_key k;
    NEED_OK(note_key_read(STR(PETER), &k));
    for (size_t i = 0; i < sizeof bytes - 1; i++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            CHECK(read_and_check((str){bytes, sizeof bytes - 1}, &k).code != ERR_OK);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
        CHECK(read_and_check((str){bytes, i}, &k).code != ERR_OK);
        CHECK(read_and_check((str){bytes + 1 + i, sizeof bytes - 2 - i}, &k).code != ERR_OK);
    }
    CHECK_OK(read_and_check((str){bytes, sizeof bytes - 1}, &k));
}

TEST(text_that_is_no_note_is_refused)
{
    static const char *const bad[] = {
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        "text\n" PETER_LINE,
        "text\n\nPeterNeumann x08go/ZJkg==\n",
        "text\n\n- PeterNeumann x08go/ZJkg==\n",
        "text\n\n\xe2\x80\x94  x08go/ZJkg==\n",
        "text\n\n\xe2\x80\x94 PeterNeumann\n",
        "text\n\n\xe2\x80\x94 PeterNeumann \n",
        "text\n\n\xe2\x80\x94 PeterNeumann x08gow==\n",
        "text\n\n\xe2\x80\x94 PeterNeumann x08go/ZJkh==\n",
        "text\n\n\xe2\x80\x94 PeterNeumann x08go/ZJkg= =\n",
        "text\n\n\xe2\x80\x94 PeterNeumann x08go/ZJkg==",
        "text\n\n\xe2\x80\x94 PeterNeumann x08go/ZJkg==\r\n",
        "text\n\n\xe2\x80\x94 PeterNeumann x08go/ZJkg== \n",
        "text\n\n\xe2\x80\x94 Peter+Neumann x08go/ZJkg==\n",
        "te\txt\n\n\xe2\x80\x94 PeterNeumann x08go/ZJkg==\n",
        "te\xffxt\n\n\xe2\x80\x94 PeterNeumann x08go/ZJkg==\n",
    };
    static struct note n;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (note_read(str_of(bad[i]), &n).code != ERR_PARSE)
            test_fail(__FILE__, __LINE__, "bad note %zu was taken", i);
    CHECK_ERR(note_read((str){"a\0b\n\n", 5}, &n), PARSE);
    CHECK_OK(note_read(STR("text\n\n\xe2\x80\x94 PeterNeumann x08go/ZJkg==\n"), &n));
}

TEST(a_note_that_is_too_large_or_signed_too_often_is_refused)
{
    static struct note n;
    static char big[NOTE_BYTES_MAX + 1];
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    memset(big, 'x', sizeof big);
    CHECK_ERR(note_read((str){big, sizeof big}, &n), PARSE);
    buf_add(&b, STR("text\n\n"));
    for (int i = 0; i < NOTE_SIGS_MAX; i++)
        buf_add(&b, STR("\xe2\x80\x94 PeterNeumann x08go/ZJkg==\n"));
    CHECK_OK(note_read(buf_str(&b), &n));
    buf_add(&b, STR("\xe2\x80\x94 PeterNeumann x08go/ZJkg==\n"));
    CHECK_ERR(note_read(buf_str(&b), &n), PARSE);
}

TEST(a_signature_longer_than_any_known_is_refused)
{
    static struct note n;
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    buf_add(&b, STR("text\n\n\xe2\x80\x94 x "));
    for (int i = 0; i < 3000; i++)
        buf_add(&b, STR("AAAA"));
    buf_add(&b, STR("\n"));
    NEED_OK(buf_end(&b));
    CHECK_ERR(note_read(buf_str(&b), &n), PARSE);
}

TEST(lines_of_strangers_are_kept_and_mean_nothing)
{
    struct note n;
    struct note_key k;
    NEED_OK(note_key_read(STR(PETER), &k));
    NEED_OK(note_read(STR(PETER_TEXT "\n\xe2\x80\x94 Eve x08go/ZJkg==\n" PETER_LINE), &n));
    CHECK_INT(n.count, ==, 2);
    CHECK_OK(note_check(&n, &k, NULL));
    NEED_OK(note_read(STR(PETER_TEXT "\n\xe2\x80\x94 Eve x08go/ZJkg==\n"), &n));
    CHECK_ERR(note_check(&n, &k, NULL), CORRUPT);
}

TEST(a_key_that_signed_twice_is_refused)
{
    struct note_key k;
    NEED_OK(note_key_read(STR(PETER), &k));
    CHECK_ERR(read_and_check(STR(PETER_TEXT "\n" PETER_LINE PETER_LINE), &k), CORRUPT);
}

/* ---- witnesses */

#define LOG_TEXT "log\n3\nT3jOLdMuLu0Sm7o4wEDoJTAGIEIFVJdS6eGuTiHhHUE=\n"

TEST(a_witness_signs_the_time_with_the_text)
{
    AUTO(signer) log = {.half = {0}};
    AUTO(signer) witness = {.half = {0}};
    AUTO(buf) b = BUF(1024);
    struct note n;
    uint64_t time_s = 0;
    signer_fill(&log, "log", NOTE_ED25519, 1);
    signer_fill(&witness, "witness.example", NOTE_WITNESS, 2);
    buf_add(&b, STR(LOG_TEXT "\n"));
    add_line(&b, &log, STR(LOG_TEXT), 0);
    add_line(&b, &witness, STR(LOG_TEXT), 1772366400);
    NEED_OK(note_read(buf_str(&b), &n));
    CHECK_INT(n.count, ==, 2);
    CHECK_OK(note_check(&n, &log.key, NULL));
    CHECK_OK(note_check(&n, &witness.key, &time_s));
    CHECK_INT(time_s, ==, 1772366400);
}

/* What C2SP tlog-cosignature says is signed, put together by hand. */
TEST(what_a_witness_signs_is_the_text_of_the_specification)
{
    AUTO(signer) witness = {.half = {0}};
    AUTO(buf) line = BUF(1024);
    AUTO(buf) raw = BUF(256);
    signature s;
    signer_fill(&witness, "w", NOTE_WITNESS, 2);
    add_line(&line, &witness, STR(LOG_TEXT), 0x123456789a);
    const str b64 = str_slice(buf_str(&line), strlen("\xe2\x80\x94 w "), line.len - 1);
    NEED_OK(base64_read(b64, &raw));
    NEED(raw.len == 4 + 8 + 64);
    CHECK(memcmp(raw.at + 4, "\0\0\0\x12\x34\x56\x78\x9a", 8) == 0);
    memcpy(s.bytes, raw.at + 12, 64);
    CHECK(
        sign_is_valid(&witness.key.public, STR("cosignature/v1\ntime 78187493530\n" LOG_TEXT), &s));
}

TEST(a_cosignature_with_any_bit_flipped_is_refused)
{
    AUTO(signer) witness = {.half = {0}};
    AUTO(buf) line = BUF(1024);
    AUTO(buf) raw = BUF(256);
    signer_fill(&witness, "w", NOTE_WITNESS, 2);
    add_line(&line, &witness, STR(LOG_TEXT), 1772366400);
    const str b64 = str_slice(buf_str(&line), strlen("\xe2\x80\x94 w "), line.len - 1);
    NEED_OK(base64_read(b64, &raw));
    for (size_t bit = 0; bit < 8 * raw.len; bit++) {
        AUTO(buf) note = BUF(2048);
        raw.at[bit / 8] = (char)(raw.at[bit / 8] ^ 1 << bit % 8);
        buf_add(&note, STR(LOG_TEXT "\n\xe2\x80\x94 w "));
        base64_put(&note, raw.at, raw.len);
        buf_add(&note, STR("\n"));
        CHECK_ERR(read_and_check(buf_str(&note), &witness.key), CORRUPT);
        raw.at[bit / 8] = (char)(raw.at[bit / 8] ^ 1 << bit % 8);
    }
}

TEST(the_logs_signature_is_none_of_a_witness_and_the_other_way_round)
{
    AUTO(signer) log = {.half = {0}};
    AUTO(signer) witness = {.half = {0}};
    AUTO(buf) b = BUF(1024);
    struct note n;
    signer_fill(&log, "one", NOTE_ED25519, 1);
    signer_fill(&witness, "one", NOTE_WITNESS, 1);
    buf_add(&b, STR(LOG_TEXT "\n"));
    add_line(&b, &log, STR(LOG_TEXT), 0);
    NEED_OK(note_read(buf_str(&b), &n));
    CHECK_ERR(note_check(&n, &witness.key, NULL), CORRUPT);
    struct note_key forged = witness.key;
    forged.id = log.key.id;
    CHECK_ERR(note_check(&n, &forged, NULL), CORRUPT);
}

TEST(a_line_of_the_type_reserved_for_ml_dsa_is_kept)
{
    AUTO(buf) b = BUF(16 * 1024);
    static uint8_t sig[4 + 8 + 2420];
    static struct note n;
    buf_add(&b, STR(LOG_TEXT "\n\xe2\x80\x94 pq.example "));
    base64_put(&b, sig, sizeof sig);
    buf_add(&b, STR("\n"));
    NEED_OK(note_read(buf_str(&b), &n));
    CHECK_INT(n.count, ==, 1);
    CHECK_STR(n.at[0].name, STR("pq.example"));
}

/* ---- checkpoints */

TEST(a_checkpoint_is_read_back_as_it_was_written)
{
    AUTO(buf) b = BUF(1024);
    struct checkpoint c;
    struct tree_head h = {.size = 1234};
    memset(&h.root, 7, sizeof h.root);
    checkpoint_put(&b, STR("hoheit/test"), &h);
    NEED_OK(checkpoint_read(buf_str(&b), &c));
    CHECK_STR(c.origin, STR("hoheit/test"));
    CHECK_INT(c.head.size, ==, 1234);
    CHECK(memcmp(&c.head.root, &h.root, sizeof h.root) == 0);
    CHECK_INT(c.extra.len, ==, 0);
}

#define ROOT "T3jOLdMuLu0Sm7o4wEDoJTAGIEIFVJdS6eGuTiHhHUE="

TEST(further_lines_of_a_checkpoint_are_kept)
{
    struct checkpoint c;
    NEED_OK(checkpoint_read(STR("log\n0\n" ROOT "\nmore\nand more\n"), &c));
    CHECK_STR(c.extra, STR("more\nand more\n"));
    CHECK_OK(checkpoint_read(STR("log\n9223372036854775807\n" ROOT "\n"), &c));
}

TEST(text_that_is_no_checkpoint_is_refused_and_leaves_the_result_alone)
{
    static const char *const bad[] = {
        "",
        "\n",
        "log\n",
        "log\n1\n",
        "log\n1\n" ROOT,
        "\n1\n" ROOT "\n",
        "log\n\n" ROOT "\n",
        "log\n01\n" ROOT "\n",
        "log\n00\n" ROOT "\n",
        "log\n+1\n" ROOT "\n",
        "log\n-1\n" ROOT "\n",
        "log\n1 \n" ROOT "\n",
        "log\n0x1\n" ROOT "\n",
        "log\n9223372036854775808\n" ROOT "\n",
        "log\n99999999999999999999\n" ROOT "\n",
        "log\n1\n\n",
        "log\n1\n" ROOT "=\n",
        "log\n1\n " ROOT "\n",
        "log\n1\nT3jOLdMuLu0Sm7o4wEDoJTAGIEIFVJdS6eGuTiHhHUF=\n",
        "log\n1\nT3jOLdMuLu0Sm7o4wEDoJTAGIEIFVJdS6eGuTiHhHU==\n",
        "log\n1\nT3jOLdMuLu0Sm7o4wEDoJTAGIEIFVJdS6eGuTiHhHUEA\n",
        "log\n1\n" ROOT "\n\n",
        "log\n1\n" ROOT "\nmore\n\n",
        "log\n1\n" ROOT "\n\nmore\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct checkpoint c = {.head = {.size = 42}};
        if (checkpoint_read(str_of(bad[i]), &c).code != ERR_PARSE)
            test_fail(__FILE__, __LINE__, "bad checkpoint %zu was taken", i);
        CHECK_INT(c.head.size, ==, 42);
    }
}

static void
make_note(buf *b, const char *text, const struct signer *s)
{
    buf_add(b, str_of(text));
    buf_add_char(b, '\n');
    add_line(b, s, str_of(text), 0);
}

TEST(a_checkpoint_of_another_log_is_refused_though_its_signature_fits)
{
    AUTO(signer) log = {.half = {0}};
    AUTO(buf) good = BUF(1024);
    AUTO(buf) other = BUF(1024);
    AUTO(buf) none = BUF(1024);
    struct checkpoint c;
    signer_fill(&log, "log", NOTE_ED25519, 1);
    make_note(&good, LOG_TEXT, &log);
    make_note(&other, "other\n3\n" ROOT "\n", &log);
    make_note(&none, "log\nthree\n" ROOT "\n", &log);
    CHECK_OK(checkpoint_open(buf_str(&good), &log.key, &c));
    CHECK_INT(c.head.size, ==, 3);
    CHECK_ERR(checkpoint_open(buf_str(&other), &log.key, &c), CORRUPT);
    CHECK_ERR(checkpoint_open(buf_str(&none), &log.key, &c), PARSE);
}

static err
make_and_open(const struct signer *log, const struct signer *witness)
{
    AUTO(buf) b = BUF(1024);
    struct checkpoint c;
    struct note n;
    buf_add(&b, STR(LOG_TEXT "\n"));
    TRY(note_sign(&b, &log->key, &log->half, STR(LOG_TEXT), 0));
    TRY(note_sign(&b, &witness->key, &witness->half, STR(LOG_TEXT), 1));
    TRY(checkpoint_open(buf_str(&b), &log->key, &c));
    TRY(note_read(buf_str(&b), &n));
    return note_check(&n, &witness->key, NULL);
}

TEST(every_failure_is_reported_and_leaks_nothing)
{
    AUTO(signer) log = {.half = {0}};
    AUTO(signer) witness = {.half = {0}};
    signer_fill(&log, "log", NOTE_ED25519, 1);
    signer_fill(&witness, "w", NOTE_WITNESS, 2);
    for (long n = 1;; n++) {
        fault_arm(n);
        const err e = make_and_open(&log, &witness);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        if (!fired)
            break;
        CHECK_INT(n, <, 60);
    }
}
