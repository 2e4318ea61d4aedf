/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/fault.h"
#include "test.h"

enum { FILE_MAX = 300 * 1024 };

static char shipped[FILE_MAX];

static str
read_text(const char *path, char *room, size_t room_len)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return STR_NONE;
    const size_t len = fread(room, 1, room_len, f);
    fclose(f);
    return (str){room, len};
}

static policy *
load_shipped(void)
{
    policy *p = NULL;
    const str text = read_text("etc/policy.yaml", shipped, sizeof shipped);
    CHECK_OK(policy_load(text, &p));
    return p;
}

/* ---- downgrades */
static const char lattice[] = "version: 1\n"
                              "levels:\n"
                              "  - { height: 0, id: offen, title: Offen }\n"
                              "  - { height: 1, id: intern, title: Intern }\n"
                              "  - { height: 2, id: VS-NfD, title: VS-NfD }\n"
                              "compartments:\n"
                              "  - { bit: 8, id: A, title: A }\n"
                              "  - { bit: 9, id: B, title: B }\n"
                              "parties: [{ bit: 128, id: BUND, title: Bund }]\n"
                              "taints: [{ bit: 224, id: web, title: Web }]\n";

static err
load_with(const char *downgrades, policy **ret)
{
    AUTO(buf) b = BUF(8192);
    buf_add(&b, str_of(lattice));
    buf_add(&b, str_of(downgrades));
    return policy_load(buf_str(&b), ret);
}

static void
check_downgrade(const policy *p, const char *from, const char *to)
{
    label l, want;
    CHECK_OK(label_parse(policy_names(p), str_of(from), &l));
    CHECK_OK(label_parse(policy_names(p), str_of(to), &want));
    CHECK(label_eq(policy_downgrade(p, DOWNGRADE_PSEUDONYM, l), want));
    CHECK(label_dominates(l, policy_downgrade(p, DOWNGRADE_PSEUDONYM, l)));
}

TEST(a_downgrader_removes_what_the_file_says_and_nothing_else)
{
    policy *p = NULL;
    CHECK_OK(load_with("downgrades: [{ id: pseudonym, removes: \"A\", lowers: intern }]\n", &p));
    NEED(p);
    check_downgrade(p, "intern//A", "offen");
    check_downgrade(p, "VS-NfD//A", "VS-NfD");
    check_downgrade(p, "intern//A,B", "offen//B");
    check_downgrade(p, "intern//A//REL BUND//TAINT web", "offen//REL BUND//TAINT web");
    policy_free(p);
}

TEST(a_downgrader_the_file_does_not_name_removes_nothing)
{
    policy *p = NULL;
    CHECK_OK(load_with("", &p));
    NEED(p);
    check_downgrade(p, "intern//A,B//REL BUND", "intern//A,B//REL BUND");
    policy_free(p);
}

TEST(a_downgrade_out_of_shape_is_refused)
{
    static const char *const bad[] = {
        "downgrades: [{ id: ghost, removes: \"A\" }]\n",
        "downgrades: [{ id: pseudonym, removes: \"C\" }]\n",
        "downgrades: [{ id: pseudonym, removes: \"A,,B\" }]\n",
        "downgrades: [{ id: pseudonym, removes: \"BUND\" }]\n",
        "downgrades: [{ id: pseudonym, removes: \"A\", lowers: GEHEIM }]\n",
        "downgrades: [{ id: pseudonym }]\n",
        "downgrades: [{ id: pseudonym, removes: \"A\", colour: red }]\n",
        "downgrades: [{ id: pseudonym, removes: \"A\" }, { id: pseudonym, removes: \"B\" }]\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        policy *p = NULL;
        CHECK_ERR(load_with(bad[i], &p), CONFIG);
        CHECK(!p);
    }
}

/* ---- the shipped policy, pinned by a snapshot */

static void
put_list(buf *b, const char *what, const struct label_name *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_fmt(b, "%s %d %.*s: %.*s\n", what, names[i].bit, STR_FMT(names[i].id),
                    STR_FMT(names[i].title));
}

/* Compares with tests/snapshot/NAME; UPDATE=1 in the environment writes it anew. */
static void
check_snapshot(const char *path, str got)
{
    static char room[FILE_MAX];
    if (secure_getenv("UPDATE")) {
        FILE *f = fopen(path, "w");
        NEED(f);
        fwrite(got.at, 1, got.len, f);
        fclose(f);
    }
    str want = read_text(path, room, sizeof room), got_line, want_line = STR_NONE;
    for (int line = 1; str_next(&got, '\n', &got_line); line++) {
        const bool is_there = str_next(&want, '\n', &want_line);
        if (is_there && str_eq(got_line, want_line))
            continue;
        test_fail(path, line, "got \"%.*s\", want \"%.*s\"", STR_FMT(got_line), STR_FMT(want_line));
        return;
    }
    CHECK(!want.at);
}

TEST(the_shipped_policy_is_what_the_snapshot_says)
{
    policy *p = load_shipped();
    NEED(p);
    const struct label_names *n = policy_names(p);
    AUTO(buf) b = BUF(FILE_MAX);
    put_list(&b, "level", n->levels, n->level_count);
    put_list(&b, "compartment", n->compartments, n->compartment_count);
    put_list(&b, "party", n->parties, n->party_count);
    put_list(&b, "taint", n->taints, n->taint_count);
    for (size_t i = 0; i < policy_purposes(p)->count; i++) {
        const struct purpose *one = &policy_purposes(p)->at[i];
        buf_add_fmt(&b, "purpose %.*s: %.*s / %.*s (%.*s)\n", STR_FMT(one->id), STR_FMT(one->title),
                    STR_FMT(one->english), STR_FMT(one->law));
    }
    CHECK_OK(buf_end(&b));
    check_snapshot("tests/snapshot/policy.txt", buf_str(&b));
    policy_free(p);
}

TEST(every_shipped_name_is_read_back_as_a_label)
{
    policy *p = load_shipped();
    NEED(p);
    const struct label_names *n = policy_names(p);
    for (size_t i = 0; i < n->compartment_count; i++) {
        char text[128], room[LABEL_TEXT_MAX];
        label l = LABEL_BOTTOM;
        snprintf(text, sizeof text, "geheim//%.*s//REL %.*s//TAINT %.*s",
                 STR_FMT(n->compartments[i].id), STR_FMT(n->parties[i % n->party_count].id),
                 STR_FMT(n->taints[i % n->taint_count].id));
        NEED_OK(label_parse(n, str_of(text), &l));
        memcpy(text, "GEHEIM", 6);
        CHECK_STR(label_text(n, l, room), str_of(text));
    }
    policy_free(p);
}

TEST(a_label_with_every_shipped_name_has_a_text_that_is_read_back)
{
    policy *p = load_shipped();
    NEED(p);
    const struct label_names *n = policy_names(p);
    label l = label_of_level((int)n->level_count - 1), back = LABEL_BOTTOM;
    for (size_t i = 0; i < n->compartment_count; i++)
        l = label_with(l, n->compartments[i].bit);
    for (size_t i = 0; i < n->taint_count; i++)
        l = label_with(l, n->taints[i].bit);
    for (int bit = LABEL_REL_FIRST; bit < LABEL_REL_FIRST + LABEL_REL_COUNT; bit++)
        l = bit < LABEL_REL_FIRST + (int)n->party_count ? l : label_with(l, bit);
    char room[LABEL_TEXT_MAX];
    CHECK_OK(label_parse(n, label_text(n, l, room), &back));
    CHECK(label_eq(l, back));
    policy_free(p);
}

/* ---- reading the file */

#define LEVELS "levels:\n  - { height: 0, id: offen, title: Offen }\n"
#define NO_COMPARTMENTS "compartments: []\n"
#define NO_PARTIES "parties: []\n"
#define NO_TAINTS "taints: []\n"
#define REST NO_COMPARTMENTS NO_PARTIES NO_TAINTS
#define SMALL "version: 1\n" LEVELS REST

static err
load_text(str yaml)
{
    policy *p = NULL;
    const err e = policy_load(yaml, &p);
    CHECK((p == NULL) == (e.code != 0));
    policy_free(p);
    return e;
}

TEST(the_smallest_policy_has_one_level)
{
    policy *p = NULL;
    NEED_OK(policy_load(STR(SMALL), &p));
    const struct label_names *n = policy_names(p);
    CHECK_INT(n->level_count, ==, 1);
    CHECK_STR(n->levels[0].id, STR("offen"));
    CHECK_INT(n->compartment_count + n->party_count + n->taint_count, ==, 0);
    label l = LABEL_BOTTOM;
    CHECK_ERR(label_parse(n, STR("offen//REL BUND"), &l), PARSE);
    CHECK_OK(label_parse(n, STR("offen//REL NONE"), &l));
    policy_free(p);
    CHECK_OK(load_text(STR("---\n" SMALL)));
    CHECK_OK(load_text(STR("# first\r\n\r\n%YAML 1.1\n---\n" SMALL)));
    CHECK_OK(load_text(STR(SMALL "# --- not a document\n...\n")));
}

TEST(names_are_kept_in_the_order_of_their_bits)
{
    policy *p = NULL;
    NEED_OK(
        policy_load(STR("version: 1\n"
                        "levels:\n"
                        "  - { height: 1, id: b, title: B }\n"
                        "  - { height: 0, id: a, title: A, law: § 1 }\n"
                        "compartments:\n"
                        "  - { bit: 127, id: Z, title: last }\n"
                        "  - { bit: 8, id: Y, title: first }\n"
                        "  - { bit: 64, id: X, title: middle, law: § 2 }\n" NO_PARTIES NO_TAINTS),
                    &p));
    const struct label_names *n = policy_names(p);
    CHECK_STR(n->levels[0].title, STR("A (§ 1)"));
    CHECK_STR(n->levels[1].id, STR("b"));
    CHECK_STR(n->compartments[0].id, STR("Y"));
    CHECK_STR(n->compartments[1].title, STR("middle (§ 2)"));
    CHECK_INT(n->compartments[2].bit, ==, 127);
    policy_free(p);
}

struct bad {
    str yaml, sentence; /* a piece of it */
};

static void
check_refused(const struct bad *bad, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const err e = load_text(bad[i].yaml);
        const str got = str_of(e.code ? err_public(e) : "accepted");
        if (e.code != ERR_CONFIG || str_find(got, bad[i].sentence) < 0)
            test_fail(__FILE__, __LINE__, "case %zu: got \"%.*s\", want \"%.*s\"", i, STR_FMT(got),
                      STR_FMT(bad[i].sentence));
    }
}

#define BAD(text, piece)                                                                           \
    {                                                                                              \
        STR_INIT(text), STR_INIT(piece)                                                            \
    }

TEST(what_is_no_policy_file_is_refused)
{
    static const struct bad bad[] = {
        BAD("", "empty"),
        BAD("\n", "empty"),
        BAD("# nothing\n", "empty"),
        BAD("null\n", "Expecting MAPPING"),
        BAD("[]\n", "Expecting MAPPING"),
        BAD("offen\n", "Expecting MAPPING"),
        BAD("version: 1\n", "near line 1: Missing required mapping field: levels"),
        BAD("version: 1\n" LEVELS NO_COMPARTMENTS NO_PARTIES, "field: taints"),
        BAD(LEVELS REST, "field: version"),
        BAD("version: 0\n" LEVELS REST, "version 0 is unknown"),
        BAD("version: 2\n" LEVELS REST, "version 2 is unknown"),
        BAD("version: one\n" LEVELS REST, "version one is unknown"),
        BAD(SMALL "extra: 1\n", "Unexpected key: extra"),
        BAD(SMALL "version: 1\n", "Mapping field already seen: version"),
        BAD(SMALL NO_TAINTS, "Mapping field already seen: taints"),
        BAD(SMALL "---\n" SMALL, "more than one document"),
        BAD(SMALL "--- {}\n", "more than one document"),
        BAD("version: 1\n---\n" SMALL, "more than one document"),
        BAD(SMALL "...\nversion: 1\n", "libyaml"),
        BAD("version: 1\n\tlevels: []\n", "near line 1: libyaml"),
        BAD("version: 1\nlevels: [\n", "libyaml"),
        BAD("version: \"1\n", "libyaml"),
        BAD("version: 1\n\0" LEVELS REST, "libyaml"),
        BAD("version: 1\nlevels: &x\n  - { height: 0, id: offen, title: Offen }\n"
            "compartments: *x\n" NO_PARTIES NO_TAINTS,
            "near line 4"),
        BAD("version: 1\nlevels: {}\n" REST, "Expecting SEQUENCE"),
        BAD("version: 1\nlevels: []\n" REST, "Insufficient entries"),
        BAD("version: 1\nlevels:\n  - offen\n" REST, "near line 3: Expecting MAPPING"),
        BAD("\xff\xfe", "not UTF-8"),
        BAD(SMALL "# \xc3\n", "not UTF-8"),
    };
    check_refused(bad, sizeof bad / sizeof *bad);
}

#define LEVEL(entry) "version: 1\nlevels:\n  - { height: 0, id: a, title: A }\n" entry REST
#define COMPARTMENT(entry) "version: 1\n" LEVELS "compartments:\n" entry NO_PARTIES NO_TAINTS
#define PARTY(entry) "version: 1\n" LEVELS NO_COMPARTMENTS "parties:\n" entry NO_TAINTS
#define TAINT(entry) "version: 1\n" LEVELS NO_COMPARTMENTS NO_PARTIES "taints:\n" entry

TEST(an_entry_that_is_wrong_is_refused_by_name)
{
    static const struct bad bad[] = {
        BAD(LEVEL("  - { height: 1, id: b }\n"), "near line 4: Missing required mapping field"),
        BAD(LEVEL("  - { height: 1, title: B }\n"), "Missing required mapping field: id"),
        BAD(LEVEL("  - { id: b, title: B }\n"), "Missing required mapping field: height"),
        BAD(LEVEL("  - { height: 1, id: b, title: B, bit: 1 }\n"), "Unexpected key: bit"),
        BAD(LEVEL("  - { height: 1, id: b, id: c, title: B }\n"), "already seen: id"),
        BAD(LEVEL("  - { height: -1, id: b, title: B }\n"), "level b: -1 is no number of 0 to 7"),
        BAD(LEVEL("  - { height: 8, id: b, title: B }\n"), "level b: 8 is no number of 0 to 7"),
        BAD(LEVEL("  - { height: 1.0, id: b, title: B }\n"), "1.0 is no number"),
        BAD(LEVEL("  - { height: 1O, id: b, title: B }\n"), "1O is no number"),
        BAD(LEVEL("  - { height: 0x1, id: b, title: B }\n"), "0x1 is no number"),
        BAD(LEVEL("  - { height: , id: b, title: B }\n"), "STRING length < 1"),
        BAD(LEVEL("  - { height: 9223372036854775808, id: b, title: B }\n"),
            "9223372036854775808 is no number"),
        BAD(LEVEL("  - { height: 0, id: b, title: B }\n"),
            "level a and level b have the same number 0"),
        BAD(LEVEL("  - { height: 2, id: b, title: B }\n"), "no level of height 1"),
        BAD("version: 1\nlevels:\n  - { height: 1, id: b, title: B }\n" REST,
            "no level of height 0"),
        BAD(LEVEL("  - { height: 1, id: a, title: B }\n"), "level a is there twice"),
        BAD(LEVEL("  - { height: 1, id: A, title: B }\n"), "level a is there twice"),
        BAD(LEVEL("  - { height: 1, id: '', title: B }\n"), "STRING length < 1"),
        BAD(LEVEL("  - { height: 1, id: b, title: '' }\n"), "STRING length < 1"),
        BAD(LEVEL("  - { height: 1, id: 'b//c', title: B }\n"), "\"b//c\" cannot be the id"),
        BAD(LEVEL("  - { height: 1, id: 'b,c', title: B }\n"), "cannot be the id of a level"),
        BAD(LEVEL("  - { height: 1, id: 'b ', title: B }\n"), "cannot be the id of a level"),
        BAD(LEVEL("  - { height: 1, id: 'b  c', title: B }\n"), "cannot be the id of a level"),
        BAD(LEVEL("  - { height: 1, id: '?1', title: B }\n"), "cannot be the id of a level"),
        BAD(LEVEL("  - { height: 1, id: höher, title: B }\n"), "cannot be the id of a level"),
        BAD(LEVEL("  - { height: 1, id: b, title: \"B\\nC\" }\n"), "control characters"),
        BAD(LEVEL("  - { height: 1, id: b, title: B, law: \"\\x7f\" }\n"), "control characters"),
        BAD(LEVEL("  - { height: 1, id: b, title: [B] }\n"), "Expecting STRING"),
        BAD(COMPARTMENT("  - { bit: 7, id: A, title: A }\n"), "A: 7 is no number of 8 to 127"),
        BAD(COMPARTMENT("  - { bit: 128, id: A, title: A }\n"), "A: 128 is no number of 8 to 127"),
        BAD(COMPARTMENT("  - { height: 8, id: A, title: A }\n"), "Unexpected key: height"),
        BAD(COMPARTMENT("  - { bit: 8, id: a, title: A }\n"), "\"a\" cannot be the id"),
        BAD(COMPARTMENT("  - { bit: 8, id: A B, title: A }\n"), "\"A B\" cannot be the id"),
        BAD(COMPARTMENT("  - { bit: 8, id: -A, title: A }\n"), "\"-A\" cannot be the id"),
        BAD(COMPARTMENT("  - { bit: 8, id: REL, title: A }\n"), "\"REL\" cannot be the id"),
        BAD(COMPARTMENT("  - { bit: 8, id: TAINT, title: A }\n"), "\"TAINT\" cannot be the id"),
        BAD(COMPARTMENT("  - { bit: 8, id: ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456, title: A }\n"),
            "STRING length > 32"),
        BAD(COMPARTMENT("  - { bit: 8, id: A, title: A }\n  - { bit: 9, id: A, title: B }\n"),
            "compartment A is there twice"),
        BAD(COMPARTMENT("  - { bit: 8, id: A, title: A }\n  - { bit: 8, id: B, title: B }\n"),
            "compartment A and compartment B have the same number 8"),
        BAD(PARTY("  - { bit: 127, id: A, title: A }\n"), "A: 127 is no number of 128 to 223"),
        BAD(PARTY("  - { bit: 224, id: A, title: A }\n"), "A: 224 is no number of 128 to 223"),
        BAD(PARTY("  - { bit: 128, id: NONE, title: A }\n"), "\"NONE\" cannot be the id"),
        BAD(PARTY("  - { bit: 128, id: bund, title: A }\n"), "\"bund\" cannot be the id"),
        BAD(TAINT("  - { bit: 223, id: a, title: A }\n"), "a: 223 is no number of 224 to 255"),
        BAD(TAINT("  - { bit: 256, id: a, title: A }\n"), "a: 256 is no number of 224 to 255"),
        BAD(TAINT("  - { bit: 224, id: WEB, title: A }\n"), "\"WEB\" cannot be the id"),
    };
    check_refused(bad, sizeof bad / sizeof *bad);
}

static void
put_levels(buf *b, int count)
{
    buf_add(b, STR("version: 1\nlevels:\n"));
    for (int i = 0; i < count; i++)
        buf_add_fmt(b, "  - { height: %d, id: level%d, title: L }\n", i, i);
}

TEST(eight_levels_are_the_most)
{
    AUTO(buf) b = BUF(FILE_MAX);
    put_levels(&b, 8);
    buf_add(&b, STR(REST));
    CHECK_OK(load_text(buf_str(&b)));
    buf_clear(&b);
    put_levels(&b, 9);
    buf_add(&b, STR(REST));
    CHECK_ERR(load_text(buf_str(&b)), CONFIG);
}

static void
put_compartments(buf *b, int count, size_t id_len)
{
    buf_add(b, STR("version: 1\n" LEVELS "compartments:\n"));
    for (int i = 0; i < count; i++)
        buf_add_fmt(b, "  - { bit: %d, id: C%0*d, title: T }\n", 8 + i, (int)id_len - 1, i);
    buf_add(b, STR(NO_PARTIES NO_TAINTS));
}

TEST(a_policy_whose_full_label_would_not_fit_is_refused)
{
    AUTO(buf) b = BUF(FILE_MAX);
    put_compartments(&b, 120, 15);
    CHECK_OK(load_text(buf_str(&b)));
    buf_clear(&b);
    put_compartments(&b, 120, 17);
    const err e = load_text(buf_str(&b));
    CHECK_ERR(e, CONFIG);
    CHECK(str_find(str_of(err_public(e)), STR("at most 2047")) > 0);
}

TEST(more_entries_than_bits_are_refused)
{
    AUTO(buf) b = BUF(FILE_MAX);
    put_compartments(&b, 121, 5);
    CHECK_ERR(load_text(buf_str(&b)), CONFIG);
}

TEST(a_file_too_large_is_refused_unread)
{
    static char big[256 * 1024 + 1];
    memset(big, '#', sizeof big);
    CHECK_ERR(load_text((str){big, sizeof big}), CONFIG);
    CHECK(str_find(str_of(err_text()), STR("larger than")) > 0);
}

/* Cut anywhere, or with one byte changed, the file is read or refused, never worse. */
TEST(a_damaged_file_is_read_or_refused)
{
    static char copy[FILE_MAX];
    const str text = read_text("etc/policy.yaml", shipped, sizeof shipped);
    NEED(text.len > 1000);
    for (size_t round = 0; round < 600; round++) {
        memcpy(copy, text.at, text.len);
        const size_t at = test_random() % text.len;
        copy[at] = (char)test_random();
        const err e = load_text((str){copy, round % 2 ? text.len : at});
        CHECK(e.code == 0 || e.code == ERR_CONFIG);
    }
}

TEST(every_failed_allocation_is_reported_and_nothing_leaks)
{
    const str text = read_text("etc/policy.yaml", shipped, sizeof shipped);
    long n = 1;
    for (bool fired = true; fired; n++) {
        policy *p = NULL;
        fault_arm(n);
        const err e = policy_load(text, &p);
        fired = fault_fired();
        fault_arm(0);
        NEED(fired ? e.code == ERR_LIMIT && !p : !e.code && p);
        policy_free(p);
    }
    CHECK_INT(n, >, 100);
}

TEST(freeing_no_policy_is_fine)
{
    policy_free(NULL);
}

/* ---- ceiling, clearance, sink */

TEST(without_a_call_the_ceiling_is_the_bottom)
{
    policy *p = load_shipped();
    NEED(p);
    CHECK(label_eq(policy_ceiling(p), LABEL_BOTTOM));
    CHECK_INT(label_level(policy_local_sink(p)), ==, 0);
    policy_free(p);
}

TEST(the_ceiling_is_set_by_name_and_an_unknown_name_changes_nothing)
{
    policy *p = load_shipped();
    NEED(p);
    CHECK_OK(policy_set_ceiling(p, STR("vs-nfd")));
    CHECK(label_eq(policy_ceiling(p), label_of_level(2)));
    static const str bad[] = {STR_INIT(""),         STR_INIT("VS"), STR_INIT("SOZIALDATEN"),
                              STR_INIT(" VS-NfD "), STR_INIT("2"),  STR_INIT("VS-NfD//ART9")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(policy_set_ceiling(p, bad[i]), CONFIG);
    CHECK(label_eq(policy_ceiling(p), label_of_level(2)));
    policy_free(p);
}

TEST(the_local_sink_holds_everything_up_to_the_ceiling)
{
    policy *p = load_shipped();
    NEED(p);
    CHECK_OK(policy_set_ceiling(p, STR("VS-NfD")));
    const label sink = policy_local_sink(p);
    for (int bit = 0; bit < 256; bit++)
        CHECK_INT(label_has(sink, bit), ==, bit < 2 || bit >= LABEL_COMPARTMENT_FIRST);
    policy_free(p);
}

TEST(a_clearance_acts_for_one_party_at_most)
{
    policy *p = load_shipped();
    NEED(p);
    label bund = LABEL_BOTTOM, none = LABEL_BOTTOM, data = LABEL_BOTTOM;
    CHECK_OK(policy_clearance(p, STR("VS-NfD//SOZIALDATEN"), STR("BUND"), &bund));
    CHECK_OK(policy_clearance(p, STR("VS-NfD//SOZIALDATEN"), STR_NONE, &none));
    static const struct {
        str text;
        bool bund, none;
    } cases[] = {
        {STR_INIT("offen"), true, true},
        {STR_INIT("VS-NfD//SOZIALDATEN//TAINT web,ocr"), true, true},
        {STR_INIT("VS-V"), false, false},
        {STR_INIT("intern//ART9"), false, false},
        {STR_INIT("intern//REL BUND"), true, false},
        {STR_INIT("intern//REL BUND,BAYERN"), true, false},
        {STR_INIT("intern//REL BAYERN"), false, false},
        {STR_INIT("intern//REL NONE"), false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NEED_OK(label_parse(policy_names(p), cases[i].text, &data));
        CHECK_INT(label_dominates(bund, data), ==, cases[i].bund);
        CHECK_INT(label_dominates(none, data), ==, cases[i].none);
    }
    policy_free(p);
}

TEST(every_party_reads_what_is_released_to_it_and_nothing_released_to_others)
{
    policy *p = load_shipped();
    NEED(p);
    const struct label_names *n = policy_names(p);
    for (size_t i = 0; i < n->party_count; i++) {
        label clearance = LABEL_BOTTOM;
        NEED_OK(policy_clearance(p, STR("intern"), n->parties[i].id, &clearance));
        for (size_t j = 0; j < n->party_count; j++) {
            char text[64];
            label data = LABEL_BOTTOM;
            snprintf(text, sizeof text, "intern//REL %.*s", STR_FMT(n->parties[j].id));
            NEED_OK(label_parse(n, str_of(text), &data));
            CHECK_INT(label_dominates(clearance, data), ==, i == j);
        }
    }
    policy_free(p);
}

TEST(what_is_no_clearance_is_refused_and_leaves_the_result_alone)
{
    policy *p = load_shipped();
    NEED(p);
    label l = label_of_level(1);
    CHECK_ERR(policy_clearance(p, STR(""), STR_NONE, &l), PARSE);
    CHECK_ERR(policy_clearance(p, STR("top secret"), STR_NONE, &l), PARSE);
    CHECK_ERR(policy_clearance(p, STR("intern//REL BUND"), STR_NONE, &l), PARSE);
    CHECK_ERR(policy_clearance(p, STR("intern//REL NONE"), STR_NONE, &l), PARSE);
    CHECK_ERR(policy_clearance(p, STR("intern//TAINT web"), STR_NONE, &l), PARSE);
    CHECK_ERR(policy_clearance(p, STR("intern"), STR("bund"), &l), PARSE);
    CHECK_ERR(policy_clearance(p, STR("intern"), STR("NONE"), &l), PARSE);
    CHECK_ERR(policy_clearance(p, STR("intern"), STR("SOZIALDATEN"), &l), PARSE);
    CHECK(label_eq(l, label_of_level(1)));
    policy_free(p);
}

/* ---- what is kept of what was said */
static uint64_t
days(const policy *p, const char *text)
{
    label l = LABEL_BOTTOM;
    CHECK_OK(label_parse(policy_names(p), str_of(text), &l));
    return policy_keep_days(p, l);
}

TEST(without_a_word_about_it_nothing_is_kept)
{
    policy *p = NULL;
    NEED_OK(load_with("", &p));
    CHECK_INT(days(p, "offen"), ==, 0);
    policy_free(p);
    p = load_shipped();
    NEED(p);
    CHECK_INT(policy_keep_days(p, LABEL_BOTTOM), ==, 0);
    policy_free(p);
}

TEST(what_an_entry_covers_is_kept_and_the_shortest_time_counts)
{
    policy *p = NULL;
    NEED_OK(load_with("keep:\n"
                      "  - { label: intern//A, days: 30 }\n"
                      "  - { label: offen, days: 7 }\n",
                      &p));
    CHECK_INT(days(p, "offen"), ==, 7);
    CHECK_INT(days(p, "intern"), ==, 30);
    CHECK_INT(days(p, "intern//A"), ==, 30);
    CHECK_INT(days(p, "intern//B"), ==, 0);
    CHECK_INT(days(p, "VS-NfD"), ==, 0);
    policy_free(p);
}

TEST(an_entry_about_keeping_that_makes_no_sense_is_refused)
{
    static const char *const bad[] = {"keep: [{ label: ghost, days: 1 }]\n",
                                      "keep: [{ label: offen, days: 0 }]\n",
                                      "keep: [{ label: offen, days: -1 }]\n",
                                      "keep: [{ label: offen, days: 1d }]\n",
                                      "keep: [{ label: offen, days: 36501 }]\n",
                                      "keep: [{ label: offen }]\n",
                                      "keep: [{ days: 1 }]\n",
                                      "keep: [{ label: offen, days: 1, more: 2 }]\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        policy *p = NULL;
        CHECK_ERR(load_with(bad[i], &p), CONFIG);
        CHECK(!p);
    }
}
