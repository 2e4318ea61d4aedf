/* SPDX-License-Identifier: EUPL-1.2 */
/* case.h - a small signed log with entries of every kind, and bundles made of it, for the tests of
 * evidence/. */
#pragma once
#include "evidence/check.h"
#include "evidence/export.h"
#include "unit/audit/small_log.h"

#define CASE_POLICY                                                                                \
    "version: 1\n"                                                                                 \
    "levels:\n"                                                                                    \
    "  - { height: 0, id: offen, title: Offen }\n"                                                 \
    "  - { height: 1, id: intern, title: Intern }\n"                                               \
    "  - { height: 2, id: VS-NfD, title: VS }\n"                                                   \
    "compartments:\n"                                                                              \
    "  - { bit: 8, id: SOZIALDATEN, title: Sozial }\n"                                             \
    "parties:\n"                                                                                   \
    "  - { bit: 128, id: BUND, title: Bund }\n"                                                    \
    "taints:\n"                                                                                    \
    "  - { bit: 224, id: web, title: Netz }\n"

/* Of req_hid only the first entry has a label: the second must hide with it. */
static const char *const case_entries[] = {
    "{\"seq\":1,\"time\":\"2026-03-01T08:00:00.000Z\",\"event\":\"model.add\",\"request\":\"req_"
    "m\","
    "\"key\":\"local\",\"tenant\":\"local\",\"object\":\"amt\",\"outcome\":\"ok\"}",
    "{\"seq\":2,\"time\":\"2026-03-02T08:00:00.000Z\",\"event\":\"decision\",\"request\":\"req_1\","
    "\"key\":\"key_a\",\"tenant\":\"stadt\",\"op\":\"chat\",\"label\":\"offen\",\"model\":\"amt\","
    "\"model_sha256\":\"ab\",\"decision\":\"allowed\",\"rule\":\"default\"}",
    "{\"seq\":3,\"time\":\"2026-03-02T08:00:01.000Z\",\"event\":\"completion\",\"request\":\"req_"
    "1\","
    "\"key\":\"key_a\",\"tenant\":\"stadt\",\"label\":\"offen\",\"model\":\"amt\",\"tokens_in\":3,"
    "\"tokens_out\":5,\"outcome\":\"ok\"}",
    "{\"seq\":4,\"time\":\"2026-03-03T08:00:00.000Z\",\"event\":\"decision\",\"request\":\"req_"
    "hid\","
    "\"key\":\"key_b\",\"tenant\":\"land\",\"op\":\"chat\",\"label\":\"VS-NfD//SOZIALDATEN\","
    "\"model\":\"amt\",\"decision\":\"allowed\",\"rule\":\"default\"}",
    "{\"seq\":5,\"time\":\"2026-03-03T08:00:01.000Z\",\"event\":\"egress\",\"request\":\"req_hid\","
    "\"key\":\"key_b\",\"object\":\"wolke\",\"input\":\"cd\"}",
    "{\"seq\":6,\"time\":\"2026-03-04T08:00:00.000Z\",\"event\":\"decision\",\"request\":\"req_2\","
    "\"key\":\"key_a\",\"tenant\":\"stadt\",\"op\":\"chat\",\"label\":\"intern\",\"model\":\"amt\","
    "\"decision\":\"denied\",\"rule\":\"clearance.level\",\"why\":\"<b>no</b>\"}",
    "{\"seq\":7,\"time\":\"2026-03-05T08:00:00.000Z\",\"event\":\"decision\",\"request\":\"req_3\","
    "\"key\":\"key_a\",\"tenant\":\"stadt\",\"op\":\"chat\",\"label\":\"offen\",\"model\":\"amt\","
    "\"decision\":\"denied\",\"rule\":\"limit.requests\",\"why\":\"=1+1\"}",
    "{\"seq\":8,\"time\":\"2026-03-06T08:00:00.000Z\",\"event\":\"person.rm\",\"request\":\"req_"
    "p\","
    "\"key\":\"local\",\"object\":\"key_a\"}",
    "{\"seq\":9,\"time\":\"2026-03-07T08:00:00.000Z\",\"event\":\"log.read\",\"request\":\"req_l\","
    "\"key\":\"key_r\",\"object\":\"req_1\"}",
    "{\"seq\":10,\"time\":\"2026-03-08T08:00:00.000Z\",\"event\":\"egress\",\"request\":\"req_4\","
    "\"key\":\"key_a\",\"label\":\"offen\",\"model\":\"amt\",\"object\":\"wolke\",\"input\":"
    "\"ef\"}",
    "{\"seq\":11,\"time\":\"2026-03-08T09:00:00.000Z\",\"event\":\"decision\",\"request\":\"req_"
    "5\","
    "\"label\":\"UNBEKANNT\",\"decision\":\"allowed\"}",
    "no record at all",
};
enum { CASE_ENTRIES = sizeof case_entries / sizeof *case_entries, CASE_MEMORY = 64 * 1024 * 1024 };

typedef struct rig {
    small_log log;
    arena *a;
    struct note_key seal_key;
    secret seal;
    struct export_ask ask;
    struct manifest m;
    char dir[SMALL_PATH];
} rig;

static inline void
rig_auto(rig *r)
{
    small_log_auto(&r->log);
    secret_done(&r->seal);
    arena_free(r->a);
}

static inline void
rig_new(rig *r, const char *name)
{
    AUTO(secret) seed = {0};
    char log_name[64];
    sign_public p;
    snprintf(log_name, sizeof log_name, "%s-log", name);
    snprintf(r->dir, sizeof r->dir, "%s/%s", test_dir(), name);
    small_log_new(&r->log, log_name, 1);
    for (int i = 0; i < CASE_ENTRIES; i++)
        NEED_OK(edge_add(&r->log.edge, str_of(case_entries[i])));
    small_log_sign(&r->log);
    NEED_OK(arena_open(CASE_MEMORY, &r->a));
    NEED_OK(secret_get(&seed, SIGN_SEED_LEN));
    memset(seed.at, 9, seed.len);
    NEED_OK(sign_pair(&seed, &r->seal, &p));
    NEED_OK(note_key_make(STR("hoheit-evidence"), NOTE_ED25519, &p, &r->seal_key));
    r->ask = (struct export_ask){.log_dir = r->log.dir,
                                 .dir = r->dir,
                                 .log_key = &r->log.key,
                                 .seal_key = &r->seal_key,
                                 .seal = &r->seal,
                                 .policy_text = STR(CASE_POLICY),
                                 .now_wall_ms = 1772000000000};
}

static inline const char *
rig_path(const rig *r, const char *name)
{
    return file_join(r->a, r->dir, name);
}

/* A file of the bundle, whole; empty when it is not there. */
static inline str
rig_read(const rig *r, const char *name)
{
    str text = STR_NONE;
    CHECK_OK(file_read(r->a, rig_path(r, name), CASE_MEMORY / 4, &text));
    return text;
}

static inline size_t
rig_lines(const rig *r, const char *name)
{
    size_t n = 0;
    const str text = rig_read(r, name);
    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '\n';
    return n;
}

/* Seals the bundle anew after a change, as its maker could: sizes, digests and signature. */
static inline void
rig_reseal(rig *r)
{
    AUTO(buf) b = BUF(BUNDLE_MANIFEST_MAX);
    AUTO(buf) text = BUF(1024);
    AUTO(buf) note = BUF(4096);
    for (size_t i = 0; i < r->m.file_count; i++) {
        const str bytes = rig_read(r, r->m.files[i].name);
        r->m.files[i].bytes = bytes.len;
        r->m.files[i].sha256 = quick_hash_plain(bytes);
    }
    manifest_put(&b, &r->m);
    manifest_put_sealed(&text, buf_str(&b));
    buf_add(&note, buf_str(&text));
    buf_add_char(&note, '\n');
    NEED_OK(note_sign(&note, &r->seal_key, &r->seal, buf_str(&text), 0));
    NEED_OK(file_write_atomic(rig_path(r, "manifest.json"), buf_str(&b), 0600));
    NEED_OK(file_write_atomic(rig_path(r, "manifest.note"), buf_str(&note), 0600));
}

static inline err
rig_check(const rig *r)
{
    const struct check_ask q = {.dir = r->dir, .log_key = &r->log.key, .seal_key = &r->seal_key};
    struct check_report report;
    return evidence_check(r->a, &q, &report);
}
