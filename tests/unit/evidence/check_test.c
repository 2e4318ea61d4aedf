/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/check.h"

#include "base/fault.h"
#include "case.h"

static void
write_file(rig *r, const char *name, str text)
{
    NEED_OK(file_write_atomic(rig_path(r, name), text, 0600));
}

/* `from` at its first place becomes `to`; the maker seals it. */
static void
forge(rig *r, const char *name, const char *from, const char *to)
{
    AUTO(buf) b = BUF(1 << 20);
    const str text = rig_read(r, name);
    const ptrdiff_t at = str_find(text, str_of(from));
    NEED(at >= 0);
    buf_add(&b, str_slice(text, 0, (size_t)at));
    buf_add(&b, str_of(to));
    buf_add(&b, str_slice(text, (size_t)at + strlen(from), text.len));
    write_file(r, name, buf_str(&b));
    rig_reseal(r);
}

TEST(every_flipped_byte_of_every_file_is_found)
{
    AUTO(rig) r = {.a = NULL};
    AUTO(buf) b = BUF(1 << 20);
    rig_new(&r, "flip");
    r.ask.pick.request = STR("req_1");
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    NEED_OK(rig_check(&r));
    for (size_t i = 0; i < r.m.file_count; i++) {
        const str text = rig_read(&r, r.m.files[i].name);
        const size_t step = text.len > 1000 ? text.len / 7 : text.len / 5 + 1;
        for (size_t at = 0; at < text.len; at += step) {
            buf_clear(&b);
            buf_add(&b, text);
            b.at[at] = (char)(b.at[at] ^ 0x20);
            write_file(&r, r.m.files[i].name, buf_str(&b));
            CHECK_ERR(rig_check(&r), CORRUPT);
        }
        write_file(&r, r.m.files[i].name, str_slice(text, 0, text.len - 1));
        CHECK_ERR(rig_check(&r), CORRUPT);
        write_file(&r, r.m.files[i].name, text);
    }
    CHECK_OK(rig_check(&r));
}

TEST(the_manifest_and_its_seal_belong_together)
{
    AUTO(rig) r = {.a = NULL};
    rig_new(&r, "seal");
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    const str manifest = rig_read(&r, "manifest.json"), note = rig_read(&r, "manifest.note");
    for (size_t at = 0; at < manifest.len; at += 11) {
        AUTO(buf) b = BUF(1 << 20);
        buf_add(&b, manifest);
        b.at[at] = (char)(b.at[at] ^ 1);
        write_file(&r, "manifest.json", buf_str(&b));
        CHECK_ERR(rig_check(&r), CORRUPT);
    }
    write_file(&r, "manifest.json", manifest);
    for (size_t at = 0; at < note.len; at++) {
        AUTO(buf) b = BUF(1 << 20);
        buf_add(&b, note);
        b.at[at] = (char)(b.at[at] ^ 1);
        write_file(&r, "manifest.note", buf_str(&b));
        CHECK_ERR(rig_check(&r), CORRUPT);
    }
    write_file(&r, "manifest.note", note);
    CHECK_OK(rig_check(&r));
}

TEST(a_file_too_few_or_too_many_is_found)
{
    AUTO(rig) r = {.a = NULL};
    rig_new(&r, "files");
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    for (size_t i = 0; i < r.m.file_count; i++) {
        const str text = rig_read(&r, r.m.files[i].name);
        NEED_OK(file_remove(rig_path(&r, r.m.files[i].name)));
        CHECK_ERR(rig_check(&r), CORRUPT);
        write_file(&r, r.m.files[i].name, text);
    }
    write_file(&r, "more", STR("x"));
    CHECK_ERR(rig_check(&r), CORRUPT);
    NEED_OK(file_remove(rig_path(&r, "more")));
    CHECK_OK(rig_check(&r));
}

TEST(the_maker_cannot_lie_about_the_log)
{
    static const char *const lies[][3] = {
        {"entries.jsonl", "\"allowed\"", "\"refused\""},
        {"entries.jsonl", "\"seq\":1,", "\"seq\":2,"},
        {"entries.csv", "allowed", "granted"},
        {"entries.csv", "\r\n", "\r\n\r\n"},
        {"summary.json", "\"allowed\":1", "\"allowed\":2"},
        {"report.de.html", "verweigert", "erlaubt"},
        {"report.en.html", "denied", "blessed"},
        {"proofs.jsonl", "\"leaf\":3", "\"leaf\":4"},
        {"proofs.jsonl", "\"shown\":false", "\"shown\":true"},
        {"proofs.jsonl", "\"shown\":true", "\"shown\":false"},
        {"proofs.jsonl", "\"path\":[", "\"path\":[\"00\","},
        {"consistency.json", "\"to\":12", "\"to\":13"},
        {"checkpoint", "\n12\n", "\n11\n"},
        {"latest", "\n12\n", "\n13\n"},
        {"log.key", "hoheit/test", "hoheit/toast"},
        {"policy.yaml", "height: 2", "height: 3"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        AUTO(rig) r = {.a = NULL};
        char name[32];
        snprintf(name, sizeof name, "lie-%zu", i);
        rig_new(&r, name);
        NEED_OK(evidence_export(r.a, &r.ask, &r.m));
        forge(&r, lies[i][0], lies[i][1], lies[i][2]);
        CHECK_ERR(rig_check(&r), CORRUPT);
    }
}

TEST(the_maker_cannot_lie_in_the_manifest)
{
    AUTO(rig) r = {.a = NULL};
    rig_new(&r, "manifest");
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    const struct manifest good = r.m;
    for (int i = 0; i < 9; i++) {
        r.m = good;
        r.m.head.size += i == 0;
        r.m.head.root.bytes[0] ^= i == 1;
        r.m.latest += i == 2;
        r.m.shown += i == 3;
        r.m.held += i == 4;
        r.m.log = i == 5 ? STR("another") : r.m.log;
        r.m.pick.request = i == 6 ? STR("req_1") : r.m.pick.request;
        r.m.clearance = i == 7 ? STR("VS-NfD") : r.m.clearance; /* the report says otherwise */
        r.m.file_count -= i == 8;
        rig_reseal(&r);
        CHECK_ERR(rig_check(&r), CORRUPT);
    }
    r.m = good;
    rig_reseal(&r);
    CHECK_OK(rig_check(&r));
}

TEST(keys_that_were_given_are_the_ones_that_count)
{
    AUTO(rig) r = {.a = NULL}, other = {.a = NULL};
    struct check_report report;
    rig_new(&r, "keys");
    rig_new(&other, "keys-other");
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    struct check_ask q = {.dir = r.dir};
    CHECK_OK(evidence_check(r.a, &q, &report));
    CHECK_INT(report.m.shown, ==, r.m.shown);
    q.log_key = &r.seal_key;
    CHECK_ERR(evidence_check(r.a, &q, &report), CORRUPT);
    q.log_key = NULL;
    q.seal_key = &r.log.key;
    CHECK_ERR(evidence_check(r.a, &q, &report), CORRUPT);
    q.seal_key = NULL;
    q.known = str_of(r.log.newest);
    CHECK_OK(evidence_check(r.a, &q, &report));
    small_log_add(&other.log, 20);
    small_log_sign(&other.log);
    q.known = str_of(other.log.newest);
    CHECK_ERR(evidence_check(r.a, &q, &report), CORRUPT);
    q = (struct check_ask){.dir = "/nonexistent"};
    CHECK_ERR(evidence_check(r.a, &q, &report), CORRUPT);
}

/* The checkpoint of the log gets a line of a witness whose key is `ret`. */
static void
cosign(rig *r, struct note_key *ret)
{
    AUTO(buf) note = BUF(NOTE_BYTES_MAX);
    struct note n;
    const char *const path = small_log_path(&r->log, "checkpoint");
    str text;
    NEED_OK(file_read(r->a, path, NOTE_BYTES_MAX, &text));
    NEED_OK(note_read(text, &n));
    NEED_OK(note_key_make(STR("zeuge"), NOTE_WITNESS, &r->seal_key.public, ret));
    buf_add(&note, text);
    NEED_OK(note_sign(&note, ret, &r->seal, n.text, 1772000000));
    NEED_OK(file_write_atomic(path, buf_str(&note), 0600));
}

TEST(a_witness_is_who_signed_as_one)
{
    AUTO(rig) r = {.a = NULL}, other = {.a = NULL};
    struct check_report report;
    struct note_key witness, stranger;
    rig_new(&r, "witnessed");
    rig_new(&other, "witnessed-not");
    cosign(&r, &witness);
    r.ask.witness = &witness;
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    NEED_OK(evidence_export(other.a, &other.ask, &other.m));
    struct check_ask q = {.dir = r.dir, .witness = &witness};
    CHECK_OK(evidence_check(r.a, &q, &report));
    CHECK_INT(report.witness_time_s, ==, 1772000000);
    q.witness = &r.log.key; /* it signed, but as the log */
    CHECK_ERR(evidence_check(r.a, &q, &report), CORRUPT);
    NEED_OK(note_key_make(STR("anderer"), NOTE_WITNESS, &r.log.key.public, &stranger));
    q.witness = &stranger;
    CHECK_ERR(evidence_check(r.a, &q, &report), CORRUPT);
    q = (struct check_ask){.dir = other.dir, .witness = &witness};
    CHECK_ERR(evidence_check(other.a, &q, &report), CORRUPT);
}

TEST(whatever_fails_is_no_verdict_of_good)
{
    AUTO(rig) r = {.a = NULL};
    int n = 0;
    rig_new(&r, "faults");
    r.ask.pick.request = STR("req_1");
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    for (bool fired = true; fired && n < 3000; n++) {
        fault_arm(n + 1);
        const err e = rig_check(&r);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
    }
    CHECK_INT(n, >, 30);
}
