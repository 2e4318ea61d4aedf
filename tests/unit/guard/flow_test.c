/* SPDX-License-Identifier: EUPL-1.2 */
#include "guard/flow.h"

#include <stdio.h>

#include "rules.h"

static struct rules rules;

/* What comes out of `text` in pieces of up to `piece` bytes, cut anywhere. */
static str
flowed(str text, size_t piece, bool *ret_blocked)
{
    static buf out = BUF(1 << 20);
    struct guard_flow f;
    buf_clear(&out);
    CHECK_OK(guard_flow_init(&f, rules.g, rules.a));
    for (size_t at = 0; at < text.len;) {
        const size_t n = 1 + test_random() % piece;
        CHECK_OK(guard_flow_add(&f, str_slice(text, at, at + n), &out));
        at += n;
    }
    CHECK_OK(guard_flow_end(&f, &out));
    *ret_blocked = f.blocked != NULL;
    guard_flow_done(&f);
    return buf_str(&out);
}

static str
whole(str text, bool *ret_blocked)
{
    static buf out = BUF(1 << 20);
    const struct guard_look how = {.g = rules.g, .where = GUARDRAIL_OUTPUT};
    label taint = LABEL_BOTTOM;
    guard_hits h;
    buf_clear(&out);
    CHECK_OK(guard_find(&how, text, rules.a, &h));
    *ret_blocked = guard_judge(rules.g, &h, &taint) != NULL;
    guard_mask(rules.g, &h, text, 0, &out);
    return buf_str(&out);
}

static void
add_word(buf *b)
{
    static const char *const words[] = {"rot",         "Rot",      "grau ",  "blau",
                                        "eins",        "zwei",     "drei",   "rotes",
                                        "gr\xc3\xa4u", "\xc2\xad", "langes", "x"};
    static const char *const gaps[] = {" ",           " ", ", ", "", "\n\n", "                ",
                                       "\xe2\x80\x94"};
    buf_add(b, str_of(words[test_random() % 12]));
    buf_add(b, str_of(gaps[test_random() % 7]));
}

TEST(words_are_masked_however_a_text_is_cut_as_in_the_whole)
{
    AUTO(buf) text = BUF(65536);
    rules_open(&rules, "  - { id: r, kind: words, where: output, then: mask, words: [rot, 'grau "
                       "blau', 'blau eins zwei', 'lang*'] }\n");
    for (int round = 0; round < 1500; round++) {
        bool blocked;
        buf_clear(&text);
        for (uint64_t n = test_random() % 60; n; n--)
            add_word(&text);
        const str want = whole(buf_str(&text), &blocked);
        CHECK_STR(flowed(buf_str(&text), 1 + (size_t)round % 90, &blocked), want);
        arena_reset(rules.a);
    }
    rules_close(&rules);
}

TEST(what_is_blocked_does_not_come_out_however_a_text_is_cut)
{
    AUTO(buf) text = BUF(65536);
    rules_open(&rules, "  - { id: r, kind: words, where: output, then: block, words: [rot, 'grau "
                       "blau'] }\n"
                       "  - { id: t, kind: topic, where: output, then: block, least: 3, words: "
                       "[eins, zwei, drei] }\n");
    unsigned blocks = 0;
    for (int round = 0; round < 1500; round++) {
        bool want, is;
        buf_clear(&text);
        for (uint64_t n = test_random() % 12; n; n--)
            add_word(&text);
        const str all = whole(buf_str(&text), &want);
        const str out = flowed(buf_str(&text), 1 + (size_t)round % 90, &is);
        CHECK_INT(is, ==, want);
        CHECK(str_starts(all, out));
        if (!want)
            CHECK_STR(out, all);
        blocks += want;
        arena_reset(rules.a);
    }
    CHECK(blocks > 100 && blocks < 1400);
    rules_close(&rules);
}

TEST(identifiers_are_masked_across_the_pieces_of_a_stream)
{
    static const char *const values[] = {"DE89 3704 0044 0532 0130 00", "DE89370400440532013000",
                                         "max.muster@example.org", "4111 1111 1111 1111"};
    AUTO(buf) text = BUF(65536);
    rules_open(&rules, "  - { id: k, kind: identifiers, where: output, then: mask, types: 'IBAN, "
                       "EMAIL, KREDITKARTE' }\n");
    for (int round = 0; round < 300; round++) {
        bool blocked;
        buf_clear(&text);
        for (uint64_t n = test_random() % 40; n; n--)
            buf_add_fmt(&text, "Wort%d, ", (int)(test_random() % 3));
        const char *value = values[round % 4];
        buf_add_fmt(&text, "Konto %s, und weiter. ", value);
        for (uint64_t n = test_random() % 60; n; n--)
            buf_add(&text, STR("mehr Text "));
        const str out = flowed(buf_str(&text), 1 + test_random() % 40, &blocked);
        CHECK(str_find(out, str_of(value)) < 0);
        CHECK(str_find(out, str_slice(str_of(value), 0, 9)) < 0);
        CHECK(str_find(out, str_slice(str_of(value), 9, 99)) < 0);
        CHECK(str_find(out, STR("und weiter. ")) > 0);
        arena_reset(rules.a);
    }
    rules_close(&rules);
}

/* "zeitbombe", of which the edge of a window leaves "bombe". */
TEST(what_the_edge_of_a_window_cuts_is_no_word)
{
    AUTO(buf) text = BUF(65536);
    rules_open(&rules, "  - { id: r, kind: words, where: output, then: block, words: [bombe] }\n");
    for (int i = 0; i < 300; i++)
        buf_add(&text, str_slice(STR("zeitbombe zeit zeitbombe "), 0, i % 7 ? 10 : 25));
    for (size_t piece = 1; piece < 90; piece++) {
        bool blocked;
        CHECK_STR(flowed(buf_str(&text), piece, &blocked), buf_str(&text));
        CHECK(!blocked);
        arena_reset(rules.a);
    }
    rules_close(&rules);
}

TEST(what_is_held_back_is_bounded)
{
    AUTO(buf) out = BUF(1 << 20);
    struct guard_flow f;
    rules_open(&rules, "  - { id: r, kind: words, where: output, then: mask, words: ['rot*'] }\n"
                       "  - { id: k, kind: identifiers, where: output, then: mask, types: URL }\n");
    CHECK_OK(guard_flow_init(&f, rules.g, rules.a));
    for (int i = 0; i < 20000; i++) { /* one word without an end */
        CHECK_OK(guard_flow_add(&f, STR("rotte"), &out));
        CHECK(f.window.len < 4096);
    }
    CHECK_OK(guard_flow_add(&f, STR(" https://a.example/"), &out));
    for (int i = 0; i < 5000; i++) {
        CHECK_OK(guard_flow_add(&f, STR("abc/"), &out));
        CHECK(f.window.len < 4096);
    }
    CHECK_OK(guard_flow_end(&f, &out));
    guard_flow_done(&f);
    rules_close(&rules);
}

TEST(a_flow_may_begin_anew_after_its_end)
{
    AUTO(buf) out = BUF(4096);
    struct guard_flow f;
    rules_open(&rules, "  - { id: r, kind: words, where: output, then: mask, words: [rot] }\n");
    CHECK_OK(guard_flow_init(&f, rules.g, rules.a));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(guard_flow_add(&f, STR("r"), &out));
        CHECK_OK(guard_flow_add(&f, STR("ot"), &out));
        CHECK_OK(guard_flow_end(&f, &out));
    }
    CHECK_STR(buf_str(&out), STR("[r][r][r]"));
    guard_flow_done(&f);
    rules_close(&rules);
}
