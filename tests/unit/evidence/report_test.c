/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/report.h"

#include "case.h"

static void
make(buf *b, enum report_language l, bool is_whole, arena *a, int entries)
{
    AUTO(tally) t = {.a = NULL};
    struct manifest m = {.made = STR("2026-03-09T00:00:00.000Z"),
                         .clearance = STR("offen"),
                         .log = STR("hoheit/test"),
                         .shown = (uint64_t)entries,
                         .is_whole = is_whole};
    tally_init(&t, a);
    for (int i = 0; i < entries; i++) {
        struct row r;
        NEED_OK(row_read(a, str_of(case_entries[i]), &r));
        NEED_OK(tally_add(&t, &r));
    }
    tally_sort(&t);
    report_put(b, l, &m, &t);
    NEED_OK(buf_end(b));
}

static bool
has(const buf *b, const char *needle)
{
    return str_find(buf_str(b), str_of(needle)) >= 0;
}

static size_t
count(const buf *b, const char *needle)
{
    size_t n = 0;
    str rest = buf_str(b);
    for (ptrdiff_t at; (at = str_find(rest, str_of(needle))) >= 0; n++)
        rest = str_slice(rest, (size_t)at + 1, rest.len);
    return n;
}

TEST(both_languages_say_the_same_things)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) en = BUF(1 << 20), de = BUF(1 << 20);
    NEED_OK(arena_open(CASE_MEMORY, &a));
    make(&en, REPORT_EN, true, a, CASE_ENTRIES - 1);
    make(&de, REPORT_DE, true, a, CASE_ENTRIES - 1);
    CHECK(has(&en, "<html lang=\"en\">") && has(&de, "<html lang=\"de\">"));
    CHECK(has(&en, "AI Act Art. 12, 19, 26(6)"));
    CHECK(has(&de, "KI-Verordnung Art. 12, 19, 26 Abs. 6"));
    CHECK(has(&en, "GDPR Art. 30") && has(&de, "DSGVO Art. 30"));
    CHECK_INT(count(&en, "<tr>"), ==, count(&de, "<tr>"));
    CHECK_INT(count(&en, "<h2>"), ==, count(&de, "<h2>"));
    CHECK(has(&en, "What it took") && has(&de, "Verbrauch"));
    CHECK(has(&en, "<td class=\"n\">–</td>")); /* no entry says what it cost: no 0 */
    CHECK(!has(&de, "Denials") && !has(&en, "Verweigerungen"));
}

TEST(what_an_entry_holds_is_never_markup)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 20);
    NEED_OK(arena_open(CASE_MEMORY, &a));
    make(&b, REPORT_EN, true, a, CASE_ENTRIES - 1);
    CHECK(has(&b, "&lt;b&gt;no&lt;/b&gt;"));
    CHECK(!has(&b, "<b>"));
}

TEST(nothing_runs_and_nothing_is_loaded)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 20);
    NEED_OK(arena_open(CASE_MEMORY, &a));
    make(&b, REPORT_DE, false, a, CASE_ENTRIES - 1);
    CHECK(!has(&b, "<script") && !has(&b, "src=") && !has(&b, "href=") && !has(&b, "url("));
    CHECK(has(&b, "default-src 'none'"));
}

TEST(tables_have_captions_and_heads_and_close)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 20);
    NEED_OK(arena_open(CASE_MEMORY, &a));
    make(&b, REPORT_EN, true, a, CASE_ENTRIES - 1);
    CHECK_INT(count(&b, "<table"), ==, count(&b, "</table>"));
    CHECK_INT(count(&b, "<tr>"), ==, count(&b, "</tr>"));
    CHECK_INT(count(&b, "<td"), ==, count(&b, "</td>"));
    CHECK_INT(count(&b, "<caption>"), ==, count(&b, "<table"));
    CHECK_INT(count(&b, "<th>"), ==, 0);
}

TEST(a_selection_is_not_called_whole)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) whole = BUF(1 << 20), part = BUF(1 << 20);
    NEED_OK(arena_open(CASE_MEMORY, &a));
    make(&whole, REPORT_EN, true, a, 3);
    make(&part, REPORT_EN, false, a, 3);
    CHECK(has(&whole, "is missing") && !has(&whole, "This is a selection"));
    CHECK(has(&part, "This is a selection") && !has(&part, "is missing"));
}

TEST(an_empty_bundle_says_none)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 20);
    NEED_OK(arena_open(CASE_MEMORY, &a));
    make(&b, REPORT_EN, true, a, 0);
    CHECK(count(&b, "None in this bundle.") >= 5);
    CHECK(has(&b, "none seen"));
}
