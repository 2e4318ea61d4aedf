/* SPDX-License-Identifier: EUPL-1.2 */
/* The promise: what a search answers is bit for bit the same whether or not documents above the
 * grant's ceiling are there. */
#include "know/know.h"

#include "rig.h"

enum { STATES = 400, QUESTIONS = 25, ROUNDS = 20, LOW_DOCS = 24, HIGH_NAMES = 12 };

static const char *const words[] = {
    "Miete",         "Mietvertrag",  "Hundesteuer",   "Ausweis",     "Personalausweis",
    "Gebühr",        "Antrag",       "Urlaub",        "Anspruch",    "Urlaubsanspruch",
    "Kindergeld",    "Führerschein", "Fahrerlaubnis", "Arbeitgeber", "Kündigung",
    "Frist",         "Behörde",      "Bescheid",      "Widerspruch", "Wohnung",
    "Wohnungsgeber", "Lärm",         "Pflege",        "Geheimplan"};
static const char *const questions[] = {"Was kostet ein neuer Perso?",
                                        "urlabsanspruch nach Kündigung",
                                        "Lappen weg was tun",
                                        "Geheimplan",
                                        "Wohnungsgeberbestätigung",
                                        "hundesteuer gebuehr",
                                        "§ 2",
                                        "Wie lange Frist Bescheid",
                                        "Mietr kündigt",
                                        "geheimplen pflege"};

static const char *
random_text(struct rig *r, uint64_t mark)
{
    AUTO(buf) b = BUF(1 << 16);
    const int sections = 1 + (int)(test_random() % 3);
    buf_add_fmt(&b, "# Dokument %llu\n\n", (unsigned long long)mark);
    for (int s = 0; s < sections; s++) {
        buf_add_fmt(&b, "## %s %d\n\n", words[test_random() % 24], s);
        for (int n = (int)(test_random() % 40) + 1; n > 0; n--)
            buf_add_fmt(&b, "%s%s", words[test_random() % 24], n % 7 ? " " : ".\n\n");
        buf_add(&b, STR("\n\n"));
    }
    CHECK_OK(buf_end(&b));
    return arena_str(r->a, buf_str(&b)).at;
}

/* One of those above, or a few words, some with a letter left out. */
static const char *
random_question(struct rig *r)
{
    AUTO(buf) b = BUF(4096);
    if (test_random() % 3 == 0)
        return questions[test_random() % (sizeof questions / sizeof *questions)];
    for (int n = 1 + (int)(test_random() % 4); n > 0; n--) {
        const str w = str_of(words[test_random() % 24]);
        const size_t cut = test_random() % 3 ? w.len : (size_t)(test_random() % w.len);
        buf_add(&b, str_slice(w, 0, cut));
        buf_add(&b, str_slice(w, cut + 1, w.len));
        buf_add_char(&b, ' ');
    }
    return arena_str(r->a, buf_str(&b)).at;
}

static know *
open_fresh(struct rig *r)
{
    AUTO(secret) key = rig_key();
    know *k = NULL;
    const char *const dir = rig_dir(r, "know");
    CHECK_OK(know_create(dir, &key));
    CHECK_OK(know_open(dir, &key, &k));
    return k;
}

/* Adds, replaces or removes a few documents above "intern", under names of lower ones too. */
static void
stir_high(struct rig *r, know *k, const grant *top)
{
    static const char *const labels[] = {"VS-NfD", "VS-NfD//A", "intern//B", "offen//A,B"};
    const int changes = 1 + (int)(test_random() % 2);
    for (int i = 0; i < changes; i++) {
        const bool as_low = test_random() % 2;
        const char *const name = arena_fmt(r->a, "%s%llu", as_low ? "d" : "h",
                                           (unsigned long long)(test_random() % HIGH_NAMES))
                                     .at;
        const label l = rig_label(r, labels[test_random() % 4]);
        const struct know_source s = {.name = str_of(name), .form = DOC_MARKDOWN};
        enum know_change change;
        CHECK_OK(
            know_add(k, top, &s, content_of(str_of(random_text(r, test_random())), l), &change));
    }
    if (test_random() % 3 == 0) {
        const str name = arena_fmt(r->a, "h%llu", (unsigned long long)(test_random() % HIGH_NAMES));
        const err e = know_remove(k, top, name);
        CHECK(!e.code || e.code == ERR_NOT_FOUND);
    }
    CHECK_OK(know_commit(k));
}

/* One lower collection; many changes above it; every question again after each. */
static void
run_round(int states)
{
    RIG(r);
    const char *asked[QUESTIONS];
    str before[QUESTIONS];
    know *const k = open_fresh(&r);
    const grant *const low = rig_grant(&r, "intern"), *const top = rig_grant(&r, "VS-NfD//A,B");
    for (int i = 0; i < LOW_DOCS; i++)
        rig_add(&r, k, arena_fmt(r.a, "d%d", i).at, i % 2 ? "offen" : "intern",
                random_text(&r, (uint64_t)i));
    CHECK_OK(know_commit(k));
    for (size_t q = 0; q < QUESTIONS; q++) {
        asked[q] = random_question(&r);
        before[q] = rig_answer(&r, k, low, asked[q]);
    }
    for (int t = 0; t < states; t++) {
        stir_high(&r, k, top);
        for (size_t q = 0; q < QUESTIONS; q++)
            CHECK(str_eq(rig_answer(&r, k, low, asked[q]), before[q]));
    }
    know_close(k);
}

TEST(ten_thousand_answers_below_change_no_byte_when_documents_above_do)
{
    for (int i = 0; i < ROUNDS; i++)
        run_round(STATES / ROUNDS);
}

TEST(whoever_is_cleared_does_see_the_change)
{
    RIG(r);
    know *const k = open_fresh(&r);
    const grant *const top = rig_grant(&r, "VS-NfD//A,B"), *const low = rig_grant(&r, "intern");
    rig_add(&r, k, "a", "offen", "# A\n\nMiete\n");
    CHECK_OK(know_commit(k));
    const str before = rig_answer(&r, k, top, "Miete"), below = rig_answer(&r, k, low, "Miete");
    rig_add(&r, k, "b", "VS-NfD", "# B\n\nMiete Miete\n");
    CHECK_OK(know_commit(k));
    CHECK(!str_eq(before, rig_answer(&r, k, top, "Miete")));
    CHECK_STR(rig_answer(&r, k, low, "Miete"), below);
    know_close(k);
}

TEST(counts_are_those_of_what_one_may_see)
{
    RIG(r);
    know *const k = open_fresh(&r);
    struct know_stat s;
    rig_add(&r, k, "a", "offen", "# A\n\nMiete\n");
    rig_add(&r, k, "b", "intern", "# B\n\nHund\n");
    rig_add(&r, k, "c", "VS-NfD//A", "# C\n\nKatze\n");
    CHECK_OK(know_commit(k));
    CHECK_OK(know_stat(k, rig_grant(&r, "offen"), &s));
    CHECK_INT(s.documents, ==, 1);
    CHECK_OK(know_stat(k, rig_grant(&r, "VS-NfD"), &s));
    CHECK_INT(s.documents, ==, 2);
    CHECK_OK(know_stat(k, rig_grant(&r, "VS-NfD//A"), &s));
    CHECK_INT(s.documents, ==, 3);
    CHECK_INT(s.labels, ==, 3);
    know_close(k);
}

TEST(a_reader_takes_up_what_another_committed)
{
    RIG(r);
    AUTO(secret) key = rig_key();
    const char *const dir = rig_dir(&r, "know");
    know *writer = NULL, *reader = NULL;
    struct know_stat s;
    NEED_OK(know_create(dir, &key));
    NEED_OK(know_open(dir, &key, &writer));
    NEED_OK(know_open(dir, &key, &reader));
    rig_add(&r, writer, "a", "offen", "# A\n\nMiete\n");
    CHECK_OK(know_commit(writer));
    CHECK_OK(know_stat(reader, rig_grant(&r, "offen"), &s));
    CHECK_INT(s.documents, ==, 0);
    CHECK_OK(know_refresh(reader));
    CHECK_OK(know_stat(reader, rig_grant(&r, "offen"), &s));
    CHECK_INT(s.documents, ==, 1);
    know_close(reader);
    know_close(writer);
}

TEST(a_wrong_key_opens_nothing)
{
    RIG(r);
    AUTO(secret) key = rig_key();
    know *k = NULL;
    const char *const dir = rig_dir(&r, "know");
    NEED_OK(know_create(dir, &key));
    key.at[31] ^= 1;
    CHECK_ERR(know_open(dir, &key, &k), CORRUPT);
    CHECK(!k);
    CHECK_ERR(know_open("/nonexistent/wissen", &key, &k), NOT_FOUND);
}
