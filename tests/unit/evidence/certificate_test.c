/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/certificate.h"

#include "base/fault.h"
#include "unit/audit/small_log.h"

#define ENTRY(event, object, outcome)                                                              \
    "{\"seq\":4,\"time\":\"2026-03-01T12:00:00.000Z\",\"event\":\"" event                          \
    "\",\"request\":\"req_1\",\"object\":\"" object "\",\"why\":\"2 keys\",\"outcome\":\"" outcome \
    "\"}"

/* A log of seven entries whose fourth is given, and who certifies. */
typedef struct scene {
    small_log log;
    arena *a;
    secret half;
    struct note_key by;
    struct certificate k;
} scene;

static void
scene_auto(scene *s)
{
    small_log_auto(&s->log);
    secret_done(&s->half);
    arena_free(s->a);
}

static void
scene_new(scene *s, const char *name, const char *entry)
{
    AUTO(secret) seed = {0};
    const struct merkle_source source = {edge_source(&s->log.edge).read, &s->log.edge};
    sign_public p;
    small_log_new(&s->log, name, 1);
    small_log_add(&s->log, 3);
    NEED_OK(edge_add(&s->log.edge, str_of(entry)));
    small_log_add(&s->log, 7);
    small_log_sign(&s->log);
    NEED_OK(arena_open(1 << 20, &s->a));
    NEED_OK(secret_get(&seed, SIGN_SEED_LEN));
    NEED_OK(sign_pair(&seed, &s->half, &p));
    NEED_OK(note_key_make(STR("hoheit-evidence"), NOTE_ED25519, &p, &s->by));
    s->k = (struct certificate){
        .name = STR("p-1"), .entry = str_of(entry), .leaf = 3, .checkpoint = str_of(s->log.newest)};
    NEED_OK(merkle_prove_leaf(&source, 3, 7, &s->k.proof));
}

static err
judge(scene *s)
{
    return certificate_judge(s->a, &s->log.key, &s->k);
}

TEST(a_certificate_is_read_back_and_tells_when_and_what)
{
    AUTO(scene) s = {.a = NULL};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    struct certificate r;
    scene_new(&s, "back", ENTRY("person.erase", "p-1", "ok"));
    NEED_OK(judge(&s));
    NEED_OK(certificate_put(&b, &s.k, &s.by, &s.half));
    NEED_OK(certificate_read(s.a, buf_str(&b), &s.log.key, &s.by, &r));
    CHECK_STR(r.name, STR("p-1"));
    CHECK_STR(r.time, STR("2026-03-01T12:00:00.000Z"));
    CHECK_STR(r.why, STR("2 keys"));
    CHECK_STR(r.entry, s.k.entry);
    CHECK_INT(r.leaf, ==, 3);
    CHECK_INT(r.head.size, ==, 7);
}

TEST(an_entry_that_says_something_else_certifies_nothing)
{
    static const char *const entries[] = {
        ENTRY("person.rm", "p-1", "ok"), ENTRY("person.erase", "p-2", "ok"),
        ENTRY("person.erase", "p-1", "IO"), "no record at all", "{}"};
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        AUTO(scene) s = {.a = NULL};
        char name[32];
        snprintf(name, sizeof name, "else-%zu", i);
        scene_new(&s, name, entries[i]);
        CHECK(judge(&s).code);
    }
}

TEST(an_entry_that_is_not_in_the_log_certifies_nothing)
{
    AUTO(scene) s = {.a = NULL};
    scene_new(&s, "not-in", ENTRY("person.erase", "p-1", "ok"));
    s.k.leaf = 2;
    CHECK_ERR(judge(&s), CORRUPT);
    s.k.leaf = 3;
    s.k.proof.count--;
    CHECK_ERR(judge(&s), CORRUPT);
    s.k.proof.count++;
    s.k.proof.at[1].bytes[5] ^= 1;
    CHECK_ERR(judge(&s), CORRUPT);
    s.k.proof.at[1].bytes[5] ^= 1;
    s.k.entry = STR(ENTRY("person.erase", "p-1", "ok") " ");
    CHECK_ERR(judge(&s), CORRUPT);
    s.k.entry = str_slice(s.k.entry, 0, s.k.entry.len - 1);
    s.k.checkpoint = STR("garbage");
    CHECK_ERR(judge(&s), CORRUPT);
    s.k.checkpoint = str_of(s.log.newest);
    CHECK_OK(judge(&s));
    CHECK_ERR(certificate_judge(s.a, &s.by, &s.k), CORRUPT);
}

TEST(no_byte_of_a_certificate_can_be_changed)
{
    AUTO(scene) s = {.a = NULL};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    struct certificate r;
    scene_new(&s, "bytes", ENTRY("person.erase", "p-1", "ok"));
    NEED_OK(certificate_put(&b, &s.k, &s.by, &s.half));
    for (size_t i = 0; i < b.len; i++) {
        b.at[i] ^= 1;
        CHECK_ERR(certificate_read(s.a, buf_str(&b), &s.log.key, &s.by, &r), CORRUPT);
        b.at[i] ^= 1;
        arena_reset(s.a);
    }
    CHECK_ERR(certificate_read(s.a, STR_NONE, &s.log.key, &s.by, &r), CORRUPT);
    CHECK_ERR(certificate_read(s.a, buf_str(&b), &s.log.key, &s.log.key, &r), CORRUPT);
}

/* Signed, so that only the form can be wrong. */
TEST(what_is_signed_but_no_certificate_is_refused)
{
    static const char *const bad[] = {
        "hoheit erasure certificate v2\n",
        "hoheit erasure certificate v1\n",
        "hoheit erasure certificate v1\nperson\nentry {}\nleaf 1\ncheckpoint eA==\n",
        "hoheit erasure certificate v1\nperson p\nleaf 1\nentry {}\ncheckpoint eA==\n",
        "hoheit erasure certificate v1\nperson p\nentry {}\nleaf x\ncheckpoint eA==\n",
        "hoheit erasure certificate v1\nperson p\nentry {}\nleaf 1\nhash eA==\ncheckpoint eA==\n",
        "hoheit erasure certificate v1\nperson p\nentry {}\nleaf 1\nhash !\ncheckpoint eA==\n",
        "hoheit erasure certificate v1\nperson p\nentry {}\nleaf 1\n",
        "hoheit erasure certificate v1\nperson p\nentry {}\nleaf 1\ncheckpoint !\n",
        "hoheit erasure certificate v1\nperson p\nentry {}\nleaf 1\ncheckpoint eA==\nmore x\n",
    };
    AUTO(scene) s = {.a = NULL};
    struct certificate r;
    scene_new(&s, "form", ENTRY("person.erase", "p-1", "ok"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf) b = BUF(NOTE_BYTES_MAX);
        buf_add(&b, str_of(bad[i]));
        buf_add_char(&b, '\n');
        NEED_OK(note_sign(&b, &s.by, &s.half, str_of(bad[i]), 0));
        CHECK_ERR(certificate_read(s.a, buf_str(&b), &s.log.key, &s.by, &r), CORRUPT);
    }
}

TEST(whatever_fails_is_said)
{
    AUTO(scene) s = {.a = NULL};
    AUTO(buf) whole = BUF(NOTE_BYTES_MAX);
    scene_new(&s, "faults", ENTRY("person.erase", "p-1", "ok"));
    NEED_OK(certificate_put(&whole, &s.k, &s.by, &s.half));
    for (long n = 1;; n++) {
        AUTO(buf) b = BUF(NOTE_BYTES_MAX);
        struct certificate r;
        fault_arm(n);
        err e = certificate_put(&b, &s.k, &s.by, &s.half);
        if (!e.code)
            e = certificate_read(s.a, buf_str(&whole), &s.log.key, &s.by, &r);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        if (!fired)
            break;
        NEED(n < 200);
    }
}

TEST(a_certificate_of_a_case_is_none_of_a_person)
{
    AUTO(scene) s = {.a = NULL};
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    struct certificate r;
    scene_new(&s, "case", ENTRY("case.erase", "p-1", "ok"));
    CHECK_ERR(judge(&s), CORRUPT);
    s.k.is_case = true;
    NEED_OK(judge(&s));
    NEED_OK(certificate_put(&b, &s.k, &s.by, &s.half));
    CHECK(str_find(buf_str(&b), STR("\ncase p-1\n")) > 0);
    NEED_OK(certificate_read(s.a, buf_str(&b), &s.log.key, &s.by, &r));
    CHECK(r.is_case);
    CHECK_STR(r.name, STR("p-1"));
}
