/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/label.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

static const struct label_name levels[] = {
    {STR_INIT("offen"), STR_INIT(""), 0},  {STR_INIT("intern"), STR_INIT(""), 1},
    {STR_INIT("VS-NfD"), STR_INIT(""), 2}, {STR_INIT("VS-V"), STR_INIT(""), 3},
    {STR_INIT("GEHEIM"), STR_INIT(""), 4}, {STR_INIT("STRENG GEHEIM"), STR_INIT(""), 5}};
static const struct label_name compartments[] = {{STR_INIT("SOZIALDATEN"), STR_INIT(""), 8},
                                                 {STR_INIT("STEUER"), STR_INIT(""), 9},
                                                 {STR_INIT("RELIGION"), STR_INIT(""), 63},
                                                 {STR_INIT("ART9"), STR_INIT(""), 64},
                                                 {STR_INIT("TAINTED"), STR_INIT(""), 127}};
static const struct label_name parties[] = {{STR_INIT("BUND"), STR_INIT(""), 128},
                                            {STR_INIT("BAYERN"), STR_INIT(""), 191},
                                            {STR_INIT("BERLIN"), STR_INIT(""), 192},
                                            {STR_INIT("EU"), STR_INIT(""), 223}};
static const struct label_name taints[] = {{STR_INIT("web"), STR_INIT(""), 224},
                                           {STR_INIT("ocr"), STR_INIT(""), 255}};
#define COUNT(x) (sizeof(x) / sizeof *(x))
static const struct label_names names = {levels,         compartments,  parties,
                                         taints,         COUNT(levels), COUNT(compartments),
                                         COUNT(parties), COUNT(taints)};

static label
label_from(str text)
{
    label l = LABEL_BOTTOM;
    CHECK_OK(label_parse(&names, text, &l));
    return l;
}

/* ---- the lattice */

enum { LEVELS = 5, SETS = 8, PARTIES = 4, TAINTS = 2, DOMAIN = LEVELS * SETS * PARTIES * TAINTS };

/* Every label over five levels, three compartments, two parties and one taint. */
static label
nth(int n)
{
    static const int compartment_bits[] = {8, 63, 64}, party_bits[] = {128, 223};
    label l = label_of_level(n % LEVELS);
    n /= LEVELS;
    for (int i = 0; i < 3; i++)
        l = n % SETS >> i & 1 ? label_with(l, compartment_bits[i]) : l;
    n /= SETS;
    for (int i = 0; i < 2; i++)
        l = n % PARTIES >> i & 1 ? label_with(l, party_bits[i]) : l;
    return n / PARTIES ? label_with(l, 255) : l;
}

static label all[DOMAIN];

static void
fill_domain(void)
{
    for (int i = 0; i < DOMAIN; i++)
        all[i] = nth(i);
}

TEST(the_domain_holds_no_label_twice)
{
    fill_domain();
    for (int a = 0; a < DOMAIN; a++)
        for (int b = 0; b < a; b++)
            NEED(!label_eq(all[a], all[b]));
}

/* Small enough to try every triple, so this is a proof for the domain; join and dominates work
 * bit by bit, so it is one for all 256 bits. */
TEST(join_is_the_least_upper_bound)
{
    fill_domain();
    for (int a = 0; a < DOMAIN; a++)
        for (int b = 0; b < DOMAIN; b++) {
            const label j = label_join(all[a], all[b]);
            NEED(label_dominates(j, all[a]) && label_dominates(j, all[b]));
            for (int c = 0; c < DOMAIN; c++)
                NEED(!label_dominates(all[c], all[a]) || !label_dominates(all[c], all[b]) ||
                     label_dominates(all[c], j));
        }
}

TEST(dominates_is_reflexive_and_antisymmetric)
{
    fill_domain();
    for (int a = 0; a < DOMAIN; a++) {
        NEED(label_dominates(all[a], all[a]));
        for (int b = 0; b < DOMAIN; b++)
            NEED(!label_dominates(all[a], all[b]) || !label_dominates(all[b], all[a]) || a == b);
    }
}

TEST(dominates_is_transitive)
{
    fill_domain();
    for (int a = 0; a < DOMAIN; a++)
        for (int b = 0; b < DOMAIN; b++) {
            if (!label_dominates(all[a], all[b]))
                continue;
            for (int c = 0; c < DOMAIN; c++)
                NEED(!label_dominates(all[b], all[c]) || label_dominates(all[a], all[c]));
        }
}

TEST(join_is_commutative_associative_and_idempotent)
{
    fill_domain();
    for (int a = 0; a < DOMAIN; a++) {
        NEED(label_eq(label_join(all[a], all[a]), all[a]));
        for (int b = 0; b < DOMAIN; b++) {
            const label ab = label_join(all[a], all[b]);
            NEED(label_eq(ab, label_join(all[b], all[a])));
            for (int c = 0; c < DOMAIN; c += 7)
                NEED(label_eq(label_join(ab, all[c]),
                              label_join(all[a], label_join(all[b], all[c]))));
        }
    }
}

TEST(dominance_is_the_order_of_joins)
{
    fill_domain();
    for (int a = 0; a < DOMAIN; a++)
        for (int b = 0; b < DOMAIN; b++)
            NEED(label_dominates(all[a], all[b]) == label_eq(label_join(all[a], all[b]), all[a]));
}

/* ---- single bits, against a model of 256 booleans */

TEST(one_bit_more_is_never_dominated_by_what_lacks_it)
{
    for (int bit = 0; bit < 256; bit++) {
        const label one = label_with(LABEL_BOTTOM, bit);
        CHECK(!label_dominates(LABEL_BOTTOM, one));
        CHECK(label_dominates(one, LABEL_BOTTOM));
        CHECK(!label_eq(one, LABEL_BOTTOM));
        for (int other = 0; other < 256; other++)
            CHECK_INT(label_has(one, other), ==, other == bit);
    }
}

TEST(a_part_keeps_exactly_its_bits)
{
    for (int round = 0; round < 500; round++) {
        label l = {{test_random(), test_random(), test_random(), test_random()}};
        const int first = (int)(test_random() % 257);
        const int count = (int)(test_random() % (uint64_t)(257 - first));
        const label part = label_part(l, first, count);
        for (int bit = 0; bit < 256; bit++)
            NEED(label_has(part, bit) ==
                 (bit >= first && bit < first + count && label_has(l, bit)));
    }
}

TEST(a_level_is_a_thermometer)
{
    for (int level = 0; level <= 8; level++) {
        const label l = label_of_level(level);
        CHECK_INT(label_level(l), ==, level);
        for (int bit = 0; bit < 256; bit++)
            CHECK_INT(label_has(l, bit), ==, bit < level);
        for (int below = 0; below <= level; below++)
            CHECK(label_dominates(l, label_of_level(below)));
        for (int above = level + 1; above <= 8; above++)
            CHECK(!label_dominates(l, label_of_level(above)));
    }
}

TEST(the_level_of_what_is_no_thermometer_is_its_highest_bit)
{
    CHECK_INT(label_level((label){{0x10, 0, 0, 0}}), ==, 5);
    CHECK_INT(label_level((label){{0x105, ~0ull, ~0ull, ~0ull}}), ==, 3);
}

/* ---- reading and writing */

static void
check_text(str text, str canonical)
{
    char room[LABEL_TEXT_MAX];
    CHECK_STR(label_text(&names, label_from(text), room), canonical);
}

TEST(a_label_is_read_and_written)
{
    static const str same[] = {
        STR_INIT("offen"),
        STR_INIT("STRENG GEHEIM"),
        STR_INIT("VS-NfD//SOZIALDATEN"),
        STR_INIT("VS-NfD//SOZIALDATEN,STEUER//REL BUND,BAYERN//TAINT web"),
        STR_INIT("intern//REL EU"),
        STR_INIT("intern//REL NONE"),
        STR_INIT("offen//TAINT web,ocr"),
        STR_INIT("GEHEIM//RELIGION,TAINTED"),
    };
    for (size_t i = 0; i < COUNT(same); i++)
        check_text(same[i], same[i]);
}

TEST(other_spellings_are_written_canonically)
{
    check_text(STR("OFFEN"), STR("offen"));
    check_text(STR("  streng geheim\t"), STR("STRENG GEHEIM"));
    check_text(STR("vs-nfd // STEUER , SOZIALDATEN"), STR("VS-NfD//SOZIALDATEN,STEUER"));
    check_text(STR("intern//REL  EU ,\tBUND//TAINT\tocr, web"),
               STR("intern//REL BUND,EU//TAINT web,ocr"));
    check_text(STR("intern//REL\tNONE"), STR("intern//REL NONE"));
}

TEST(rel_excludes_every_other_party_also_those_to_come)
{
    const label l = label_from(STR("intern//REL BUND,EU"));
    for (int bit = LABEL_REL_FIRST; bit < LABEL_REL_FIRST + LABEL_REL_COUNT; bit++)
        CHECK_INT(label_has(l, bit), ==, bit != 128 && bit != 223);
}

TEST(without_rel_nobody_is_excluded)
{
    const label l = label_from(STR("STRENG GEHEIM//ART9//TAINT web"));
    CHECK(label_eq(label_part(l, LABEL_REL_FIRST, LABEL_REL_COUNT), LABEL_BOTTOM));
}

TEST(the_join_of_two_rels_is_their_intersection)
{
    char room[LABEL_TEXT_MAX];
    const label bb = label_from(STR("intern//REL BUND,BAYERN"));
    const label be = label_from(STR("intern//REL BERLIN,BAYERN"));
    const label eu = label_from(STR("intern//REL EU"));
    CHECK_STR(label_text(&names, label_join(bb, be), room), STR("intern//REL BAYERN"));
    CHECK_STR(label_text(&names, label_join(bb, eu), room), STR("intern//REL NONE"));
}

static label
random_label(void)
{
    label l = label_of_level((int)(test_random() % COUNT(levels)));
    for (size_t i = 0; i < COUNT(compartments); i++)
        l = test_random() & 1 ? label_with(l, compartments[i].bit) : l;
    for (size_t i = 0; i < COUNT(taints); i++)
        l = test_random() & 1 ? label_with(l, taints[i].bit) : l;
    if (test_random() & 1)
        return l;
    label rel = label_part((label){{~0ull, ~0ull, ~0ull, ~0ull}}, LABEL_REL_FIRST, LABEL_REL_COUNT);
    for (size_t i = 0; i < COUNT(parties); i++)
        if (test_random() & 1)
            rel.w[parties[i].bit / 64] &= ~(1ull << (parties[i].bit % 64));
    return label_join(l, rel);
}

TEST(every_label_of_named_bits_comes_back_from_its_text)
{
    for (int i = 0; i < 20000; i++) {
        const label l = random_label();
        char room[LABEL_TEXT_MAX], again[LABEL_TEXT_MAX];
        const str text = label_text(&names, l, room);
        label back = LABEL_BOTTOM;
        NEED_OK(label_parse(&names, text, &back));
        NEED(label_eq(l, back));
        CHECK_STR(label_text(&names, back, again), text);
        NEED(again[text.len] == '\0');
    }
}

/* Two different labels never share a text, whatever bits they hold. */
TEST(no_bit_is_lost_in_the_text)
{
    for (int i = 0; i < 2000; i++) {
        label l = {{test_random(), test_random(), test_random(), test_random()}};
        l = i & 1 ? random_label() : l;
        char room[LABEL_TEXT_MAX], other[LABEL_TEXT_MAX];
        const str text = label_text(&names, l, room);
        const int bit = (int)(test_random() % 256);
        label changed = l;
        changed.w[bit / 64] ^= 1ull << (bit % 64);
        NEED(!str_eq(text, label_text(&names, changed, other)));
    }
}

TEST(unnamed_bits_are_shown_and_cannot_be_read)
{
    char room[LABEL_TEXT_MAX];
    label ret = label_of_level(4);
    const label l = label_with(label_with(label_of_level(1), 20), 230);
    CHECK_STR(label_text(&names, l, room), STR("intern//?20//TAINT ?230"));
    CHECK_ERR(label_parse(&names, str_of(room), &ret), PARSE);
    CHECK_STR(label_text(&names, (label){{0x14, 0, 0, 0}}, room), STR("?2,?4"));
    CHECK_ERR(label_parse(&names, str_of(room), &ret), PARSE);
    CHECK_STR(label_text(&names, label_of_level(7), room), STR("?0,?1,?2,?3,?4,?5,?6"));
    CHECK(label_eq(ret, label_of_level(4)));
}

TEST(what_does_not_fit_is_shown_as_digits)
{
    static char long_id[1500];
    memset(long_id, 'A', sizeof long_id);
    const struct label_name two[] = {{{long_id, sizeof long_id}, STR_NONE, 8},
                                     {{long_id, sizeof long_id}, STR_NONE, 9}};
    const struct label_names big = {.levels = levels,
                                    .level_count = COUNT(levels),
                                    .compartments = two,
                                    .compartment_count = 2};
    char room[LABEL_TEXT_MAX];
    const label l = label_with(label_with(label_of_level(2), 8), 9);
    CHECK_STR(label_text(&big, l, room),
              STR("?0000000000000000000000000000000000000000000000000000000000000303"));
    CHECK_INT(label_text(&big, label_with(LABEL_BOTTOM, 8), room).len, ==, 5 + 2 + 1500);
}

TEST(all_bits_at_once_have_a_text)
{
    char room[LABEL_TEXT_MAX];
    const label l = {{~0ull, ~0ull, ~0ull, ~0ull}};
    const str text = label_text(&names, l, room);
    CHECK(str_starts(text, STR("?0,?1,")));
    CHECK(str_find(text, STR("//REL NONE//TAINT web,?225,")) > 0);
}

TEST(a_label_is_put_into_a_buf)
{
    AUTO(buf) b = BUF(100);
    buf_add(&b, STR("label "));
    label_put(&names, label_from(STR("vs-v//ART9")), &b);
    CHECK_STR(buf_str(&b), STR("label VS-V//ART9"));
}

/* ---- refusals */

TEST(what_is_no_label_is_refused_and_leaves_the_result_alone)
{
    static const str bad[] = {
        STR_INIT(""),
        STR_INIT(" \t "),
        STR_INIT("top secret"),
        STR_INIT("VS_NfD"),
        STR_INIT("VS-NfD2"),
        STR_INIT("VS- NfD"),
        STR_INIT("STRENG  GEHEIM"),
        STR_INIT("offen,intern"),
        STR_INIT("SOZIALDATEN"),
        STR_INIT("REL BUND"),
        STR_INIT("//SOZIALDATEN"),
        STR_INIT("//"),
        STR_INIT("offen//"),
        STR_INIT("offen// "),
        STR_INIT("offen//SOZIALDATEN//"),
        STR_INIT("offen////TAINT web"),
        STR_INIT("offen/SOZIALDATEN"),
        STR_INIT("offen///SOZIALDATEN"),
        STR_INIT("offen\n//SOZIALDATEN"),
        STR_INIT("offen//SOZIALDATEN\n"),
        STR_INIT("offen//sozialdaten"),
        STR_INIT("offen//Sozialdaten"),
        STR_INIT("offen//SOZIALDATE"),
        STR_INIT("offen//SOZIALDATENX"),
        STR_INIT("offen//SOZIALDATEN STEUER"),
        STR_INIT("offen//SOZIALDATEN,"),
        STR_INIT("offen//,SOZIALDATEN"),
        STR_INIT("offen//SOZIALDATEN,,STEUER"),
        STR_INIT("offen//SOZIALDATEN,SOZIALDATEN"),
        STR_INIT("offen//STEUER,SOZIALDATEN,STEUER"),
        STR_INIT("offen//SOZIALDATEN//STEUER"),
        STR_INIT("offen//web"),
        STR_INIT("offen//BUND"),
        STR_INIT("offen//intern"),
        STR_INIT("offen//REL"),
        STR_INIT("offen//REL "),
        STR_INIT("offen//REL,BUND"),
        STR_INIT("offen//REL ,"),
        STR_INIT("offen//REL BUND,"),
        STR_INIT("offen//REL BUND,BUND"),
        STR_INIT("offen//REL bund"),
        STR_INIT("offen//rel BUND"),
        STR_INIT("offen//REL BUND,NONE"),
        STR_INIT("offen//REL NONE,NONE"),
        STR_INIT("offen//REL none"),
        STR_INIT("offen//REL SOZIALDATEN"),
        STR_INIT("offen//RELBUND"),
        STR_INIT("offen//REL BUND//REL EU"),
        STR_INIT("offen//REL BUND//SOZIALDATEN"),
        STR_INIT("offen//TAINT"),
        STR_INIT("offen//TAINT "),
        STR_INIT("offen//TAINT WEB"),
        STR_INIT("offen//TAINT web,web"),
        STR_INIT("offen//TAINT NONE"),
        STR_INIT("offen//TAINT web//REL BUND"),
        STR_INIT("offen//TAINT web//SOZIALDATEN"),
        STR_INIT("offen//TAINT web//TAINT ocr"),
        STR_INIT("offen//SOZIALDATEN\0"),
        STR_INIT("offen\0//SOZIALDATEN"),
        STR_INIT("offen//?8"),
        STR_INIT("?1"),
        STR_INIT("0"),
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        label l = label_of_level(3);
        const err e = label_parse(&names, bad[i], &l);
        if (e.code != ERR_PARSE)
            test_fail(__FILE__, __LINE__, "\"%.*s\" was not refused", STR_FMT(bad[i]));
        CHECK(label_eq(l, label_of_level(3)));
    }
    label l = label_of_level(3);
    CHECK_ERR(label_parse(&names, STR_NONE, &l), PARSE);
}

static void
check_sentence(str text, str want)
{
    label l = LABEL_BOTTOM;
    const err e = label_parse(&names, text, &l);
    CHECK_STR(str_of(err_public(e)), want);
    CHECK_STR(str_of(err_param()), STR("label"));
}

TEST(a_refusal_says_where_without_repeating_the_text)
{
    check_sentence(STR("Frau Meier"), STR("the label's level is not one of the policy's"));
    check_sentence(STR(""), STR("the label's level is missing"));
    check_sentence(STR("offen//ART9,Frau Meier"),
                   STR("name 2 of the label's compartments is not in the policy"));
    check_sentence(STR("offen//REL BUND,,EU"), STR("name 2 of the label's REL is empty"));
    check_sentence(STR("offen//TAINT web,web"), STR("name 2 of the label's TAINT is there twice"));
    check_sentence(STR("offen//REL EU//ART9"),
                   STR("the label's compartments are there twice or out of place: "
                       "LEVEL//COMPARTMENTS//REL PARTIES//TAINT SOURCES"));
}

TEST(a_label_as_long_as_the_limit_is_refused)
{
    char text[LABEL_TEXT_MAX + 1];
    label l = LABEL_BOTTOM;
    memset(text, ' ', sizeof text);
    memcpy(text, "intern", 6);
    CHECK_OK(label_parse(&names, (str){text, LABEL_TEXT_MAX - 1}, &l));
    CHECK_INT(label_level(l), ==, 1);
    CHECK_ERR(label_parse(&names, (str){text, LABEL_TEXT_MAX}, &l), PARSE);
}

TEST(whatever_is_read_has_a_thermometer_level)
{
    static const str pieces[] = {STR_INIT("offen"),  STR_INIT("VS-V"), STR_INIT("//"),
                                 STR_INIT("STEUER"), STR_INIT(","),    STR_INIT("REL "),
                                 STR_INIT("BUND"),   STR_INIT("EU"),   STR_INIT("TAINT "),
                                 STR_INIT("web"),    STR_INIT(" "),    STR_INIT("NONE")};
    int read = 0;
    for (int round = 0; round < 200000; round++) {
        char text[256];
        size_t len = 0;
        for (int i = (int)(test_random() % 9); i >= 0; i--) {
            const str p = pieces[test_random() % COUNT(pieces)];
            memcpy(text + len, p.at, p.len);
            len += p.len;
        }
        label l = LABEL_BOTTOM, again = LABEL_BOTTOM;
        if (label_parse(&names, (str){text, len}, &l).code)
            continue;
        read++;
        char room[LABEL_TEXT_MAX];
        NEED(label_eq(label_part(l, 0, 8), label_of_level(label_level(l))));
        NEED_OK(label_parse(&names, label_text(&names, l, room), &again));
        NEED(label_eq(l, again));
    }
    CHECK_INT(read, >, 1000);
}

TEST(reading_and_writing_take_no_memory)
{
    label l = LABEL_BOTTOM;
    char room[LABEL_TEXT_MAX];
    fault_arm(1);
    CHECK_OK(label_parse(&names, STR("VS-V//ART9//REL EU"), &l));
    CHECK_STR(label_text(&names, l, room), STR("VS-V//ART9//REL EU"));
    CHECK(!fault_fired());
    fault_arm(0);
}
