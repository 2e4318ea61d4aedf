/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/export.h"

#include "base/fault.h"
#include "case.h"

static bool
has(str s, const char *needle)
{
    return str_find(s, str_of(needle)) >= 0;
}

TEST(all_entries_get_a_proof_and_only_those_that_show_are_to_be_read)
{
    AUTO(rig) r = {.a = NULL};
    rig_new(&r, "all");
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    CHECK_INT(r.m.shown, ==, 7);
    CHECK_INT(r.m.held, ==, CASE_ENTRIES - 7);
    CHECK_INT(rig_lines(&r, "proofs.jsonl"), ==, CASE_ENTRIES);
    CHECK_INT(rig_lines(&r, "entries.jsonl"), ==, 7);
    CHECK_INT(rig_lines(&r, "entries.csv"), ==, 8);
    CHECK_STR(r.m.clearance, STR("offen"));
    CHECK_OK(rig_check(&r));
}

TEST(nothing_held_back_is_in_any_file)
{
    static const char *const files[] = {"entries.jsonl", "entries.csv",    "proofs.jsonl",
                                        "summary.json",  "report.de.html", "report.en.html",
                                        "manifest.json"};
    AUTO(rig) r = {.a = NULL};
    rig_new(&r, "held");
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const str s = rig_read(&r, files[i]);
        CHECK(!has(s, "req_hid") && !has(s, "SOZIALDATEN") && !has(s, "key_b"));
        CHECK(!has(s, "req_2") && !has(s, "UNBEKANNT"));
    }
}

TEST(the_cleared_see_more)
{
    AUTO(rig) r = {.a = NULL};
    rig_new(&r, "cleared");
    r.ask.clearance = STR("VS-NfD//SOZIALDATEN");
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    CHECK_INT(r.m.shown, ==, 10);
    CHECK(has(rig_read(&r, "entries.jsonl"), "req_hid"));
    CHECK(!has(rig_read(&r, "entries.jsonl"), "UNBEKANNT"));
    CHECK_OK(rig_check(&r));
}

TEST(entries_are_to_the_byte_as_they_were_logged)
{
    AUTO(rig) r = {.a = NULL};
    AUTO(buf) want = BUF(1 << 16);
    rig_new(&r, "bytes");
    r.ask.pick.request = STR("req_1");
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    buf_add_fmt(&want, "%s\n%s\n", case_entries[1], case_entries[2]);
    CHECK_STR(rig_read(&r, "entries.jsonl"), buf_str(&want));
    CHECK(!r.m.is_whole);
    CHECK_OK(rig_check(&r));
}

TEST(a_period_without_gaps_is_whole)
{
    AUTO(rig) r = {.a = NULL};
    rig_new(&r, "whole");
    r.ask.pick.since = STR("2026-03-02");
    r.ask.pick.until = STR("2026-03-06");
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    CHECK(r.m.is_whole);
    CHECK_INT(r.m.shown + r.m.held, ==, 7);
    CHECK_OK(rig_check(&r));
}

TEST(proofs_can_be_against_an_earlier_checkpoint)
{
    AUTO(rig) r = {.a = NULL};
    rig_new(&r, "earlier");
    const str noted = arena_str(r.a, str_of(r.log.newest));
    small_log_add(&r.log, 600);
    small_log_sign(&r.log);
    r.ask.anchor = noted;
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    CHECK_INT(r.m.head.size, ==, CASE_ENTRIES);
    CHECK_INT(r.m.latest, ==, 600);
    CHECK_INT(rig_lines(&r, "proofs.jsonl"), ==, CASE_ENTRIES);
    CHECK_OK(rig_check(&r));
}

TEST(a_log_of_many_tiles_is_exported)
{
    AUTO(rig) r = {.a = NULL};
    rig_new(&r, "many");
    small_log_add(&r.log, 1500);
    small_log_sign(&r.log);
    r.ask.pick.request = STR("req_700");
    /* These entries are no records with an event, so they are held back. */
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    CHECK_INT(r.m.held, ==, 2);
    CHECK_OK(rig_check(&r));
}

TEST(what_makes_no_sense_is_refused_and_leaves_nothing)
{
    AUTO(rig) r = {.a = NULL};
    fd f = -1;
    rig_new(&r, "sense");
    const struct export_ask good = r.ask;
    r.ask.pick.request = STR("req_none");
    CHECK_ERR(evidence_export(r.a, &r.ask, &r.m), NOT_FOUND);
    r.ask = good;
    r.ask.pick.since = STR("soon");
    CHECK_ERR(evidence_export(r.a, &r.ask, &r.m), ARGUMENT);
    r.ask = good;
    r.ask.clearance = STR("GEHIEM");
    CHECK(evidence_export(r.a, &r.ask, &r.m).code);
    r.ask = good;
    r.ask.witness = &r.log.key;
    CHECK_ERR(evidence_export(r.a, &r.ask, &r.m), ARGUMENT);
    r.ask = good;
    r.ask.log_key = &r.seal_key;
    CHECK_ERR(evidence_export(r.a, &r.ask, &r.m), CORRUPT);
    CHECK_ERR(file_open(r.dir, 0, 0, &f), NOT_FOUND);
    r.ask = good;
    NEED_OK(evidence_export(r.a, &r.ask, &r.m));
    CHECK_ERR(evidence_export(r.a, &r.ask, &r.m), CONFLICT);
    CHECK_OK(rig_check(&r));
}

TEST(from_a_log_that_was_changed_nothing_is_made)
{
    AUTO(rig) r = {.a = NULL};
    AUTO(buf) b = BUF(1 << 20);
    rig_new(&r, "changed");
    const char *const path = small_log_path(&r.log, "tile/entries/000.p/12");
    str text;
    NEED_OK(file_read(r.a, path, 1 << 20, &text));
    for (size_t at = 0; at < text.len; at += 37) {
        buf_clear(&b);
        buf_add(&b, text);
        b.at[at] = (char)(b.at[at] ^ 1);
        NEED_OK(file_write_atomic(path, buf_str(&b), 0600));
        CHECK_ERR(evidence_export(r.a, &r.ask, &r.m), CORRUPT);
    }
    NEED_OK(file_write_atomic(path, text, 0600));
    CHECK_OK(evidence_export(r.a, &r.ask, &r.m));
}

TEST(whatever_fails_leaves_no_bundle_behind)
{
    AUTO(rig) r = {.a = NULL};
    fd f = -1;
    int n = 0;
    err e;
    rig_new(&r, "faults");
    r.ask.pick.request = STR("req_1");
    for (bool fired = true; fired && n < 3000; n++) {
        fault_arm(n + 1);
        e = evidence_export(r.a, &r.ask, &r.m);
        fired = fault_fired();
        fault_arm(0);
        if (!fired)
            break;
        /* Taking away may be what failed; what is left is then no bundle. */
        if (e.code && !file_open(r.dir, 0, 0, &f).code) {
            CHECK(rig_check(&r).code);
            fd_auto(&f);
            f = -1;
        }
        IGNORE(file_remove_tree(r.dir)); /* it may not be there */
    }
    CHECK_OK(e);
    CHECK_INT(n, >, 50);
    CHECK_OK(rig_check(&r));
}
