/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/expression.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/json.h"
#include "test.h"

static const struct label_name levels[] = {{STR_INIT("offen"), STR_INIT(""), 0},
                                           {STR_INIT("intern"), STR_INIT(""), 1},
                                           {STR_INIT("STRENG GEHEIM"), STR_INIT(""), 2}};
static const struct label_name compartments[] = {{STR_INIT("A"), STR_INIT(""), 8},
                                                 {STR_INIT("B"), STR_INIT(""), 64}};
static const struct label_name parties[] = {{STR_INIT("BUND"), STR_INIT(""), 128},
                                            {STR_INIT("BAYERN"), STR_INIT(""), 200}};
static const struct label_name taints[] = {{STR_INIT("web"), STR_INIT(""), 224}};
static const struct label_names names = {levels, compartments, parties, taints, 3, 2, 2, 1};

static arena *
small(void)
{
    arena *a = NULL;
    CHECK_OK(arena_open((size_t)4 << 20, &a));
    return a;
}

static label
label_from(const char *text)
{
    label l = LABEL_BOTTOM;
    CHECK_OK(label_parse(&names, str_of(text), &l));
    return l;
}

static err
to_label(const char *text, label *ret)
{
    arena *a = small();
    const expression *e;
    err bad = expression_parse(a, str_of(text), &e);
    if (!bad.code)
        bad = expression_label(e, &names, LABEL_BOTTOM, ret);
    struct err_kept kept;
    err_keep(&kept, bad);
    arena_free(a);
    return err_again(&kept);
}

/* ---- the published cases */

/* Of a person with several sets of authorisations all have to pass. */
static bool
passes(const expression *e, const jval *sets)
{
    struct jwalk w = {0};
    jval set, word;
    while (json_each(sets, &w, &set)) {
        str list[64];
        size_t n = 0;
        struct jwalk in = {0};
        while (json_each(&set, &in, &word))
            CHECK_OK(json_str(&word, 4096, &list[n++]));
        if (!expression_allows(e, list, n))
            return false;
    }
    return true;
}

static void
check_case(const jval *sets, str text, str want)
{
    arena *a = small();
    const expression *e = NULL;
    const err bad = expression_parse(a, text, &e);
    const str got = bad.code          ? STR("ERROR")
                    : passes(e, sets) ? STR("ACCESSIBLE")
                                      : STR("INACCESSIBLE");
    if (!str_eq(got, want))
        test_fail(__FILE__, __LINE__, "\"%.*s\": %.*s, want %.*s", STR_FMT(text), STR_FMT(got),
                  STR_FMT(want));
    arena_free(a);
}

static size_t
check_group(const jval *group)
{
    size_t count = 0;
    struct jwalk w = {0};
    jval test, text;
    const jval sets = json_get(group, "auths"), tests = json_get(group, "tests");
    while (json_each(&tests, &w, &test)) {
        const jval want = json_get(&test, "expectedResult"), list = json_get(&test, "expressions");
        struct jwalk in = {0};
        str wanted, one;
        CHECK_OK(json_str(&want, 64, &wanted));
        for (; json_each(&list, &in, &text); count++) {
            CHECK_OK(json_str(&text, 4096, &one));
            check_case(&sets, one, wanted);
        }
    }
    return count;
}

TEST(the_published_cases_end_as_they_should)
{
    static char room[64 * 1024];
    const char *path = secure_getenv("ACCESS_EXPRESSIONS");
    FILE *f = fopen(path ? path : "../shared/data/labels/accumulo-access-testdata.json", "r");
    if (!f)
        SKIP("the published cases are not here (ACCESS_EXPRESSIONS names them)");
    const size_t len = fread(room, 1, sizeof room, f);
    fclose(f);
    arena *a = small();
    jval root, group;
    NEED_OK(json_read(a, (str){room, len}, &root));
    struct jwalk w = {0};
    size_t count = 0;
    while (json_each(&root, &w, &group))
        count += check_group(&group);
    CHECK_INT(count, >=, 200);
    arena_free(a);
}

/* ---- our own */

TEST(a_word_an_and_an_or_mean_what_they_say)
{
    static const struct {
        const char *text;
        bool a, b, both; /* may A alone, B alone, both read it? */
    } cases[] = {{"", true, true, true},         {"A", true, false, true},
                 {"A&B", false, false, true},    {"A|B", true, true, true},
                 {"(A)", true, false, true},     {"(A|B)&A", true, false, true},
                 {"\"A\"", true, false, true},   {"C|(A&B)", false, false, true},
                 {"A&B&C", false, false, false}, {"((A|C)&(B|C))|C", false, false, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        arena *a = small();
        const expression *e;
        NEED_OK(expression_parse(a, str_of(cases[i].text), &e));
        const str both[] = {STR("A"), STR("B")};
        CHECK(expression_allows(e, both, 1) == cases[i].a);
        CHECK(expression_allows(e, both + 1, 1) == cases[i].b);
        CHECK(expression_allows(e, both, 2) == cases[i].both);
        arena_free(a);
    }
}

TEST(what_is_no_expression_is_refused_and_the_byte_is_named)
{
    static const char *const bad[] = {" ",        "A ",     "A B", "A&",   "&A",     "A|B&C",
                                      "()",       "(A",     "A)",  "\"",   "\"\"",   "\"A",
                                      "\"\\n\"",  "A\n",    "Ä",   "A&&B", "A|(B|)", "\xff",
                                      "\"\xff\"", "A\"B\"", "A(B)"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        arena *a = small();
        const expression *e;
        const err r = expression_parse(a, str_of(bad[i]), &e);
        CHECK_ERR(r, PARSE);
        CHECK(strstr(err_public(r), "byte "));
        arena_free(a);
    }
    arena *a = small();
    const expression *e;
    CHECK_ERR(expression_parse(a, (str){"A\0B", 3}, &e), PARSE);
    arena_free(a);
}

TEST(brackets_nest_to_a_bound_and_length_has_one)
{
    static char deep[4 * EXPRESSION_DEPTH_MAX], long_[EXPRESSION_BYTES_MAX + 1];
    for (int n = EXPRESSION_DEPTH_MAX; n <= EXPRESSION_DEPTH_MAX + 1; n++) {
        arena *a = small();
        const expression *e;
        snprintf(deep, sizeof deep, "%.*s", n, "");
        memset(deep, '(', (size_t)n);
        deep[n] = 'A';
        memset(deep + n + 1, ')', (size_t)n);
        const err r = expression_parse(a, (str){deep, 2 * (size_t)n + 1}, &e);
        CHECK_INT(r.code, ==, n == EXPRESSION_DEPTH_MAX ? ERR_OK : ERR_PARSE);
        arena_free(a);
    }
    arena *a = small();
    const expression *e;
    memset(long_, 'A', sizeof long_);
    CHECK_ERR(expression_parse(a, (str){long_, sizeof long_}, &e), PARSE);
    CHECK_OK(expression_parse(a, (str){long_, sizeof long_ - 1}, &e));
    arena_free(a);
}

TEST(a_conjunction_of_compartments_and_one_choice_of_parties_is_a_label)
{
    static const char *const same[][2] = {{"", "offen"},
                                          {"A", "offen//A"},
                                          {"intern", "intern"},
                                          {"intern&A&B", "intern//A,B"},
                                          {"(A&(B&intern))", "intern//A,B"},
                                          {"A&(BUND|BAYERN)", "offen//A//REL BUND,BAYERN"},
                                          {"BUND", "offen//REL BUND"},
                                          {"BUND|BAYERN", "offen//REL BUND,BAYERN"},
                                          {"\"STRENG GEHEIM\"&BUND", "STRENG GEHEIM//REL BUND"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        label l = LABEL_BOTTOM;
        CHECK_OK(to_label(same[i][0], &l));
        CHECK(label_eq(l, label_from(same[i][1])));
    }
}

TEST(what_a_label_cannot_say_is_refused_and_leaves_the_result_alone)
{
    static const char *const cannot[] = {"A|B",
                                         "A|BUND",
                                         "BUND&BAYERN",
                                         "intern&offen",
                                         "(BUND|BAYERN)&BUND",
                                         "A&(B|BUND)",
                                         "(A&BUND)|(A&BAYERN)",
                                         "offen|intern"};
    const label before = label_from("intern//A");
    label l = before;
    for (size_t i = 0; i < sizeof cannot / sizeof *cannot; i++)
        CHECK_ERR(to_label(cannot[i], &l), UNSUPPORTED);
    CHECK_ERR(to_label("A&C", &l), PARSE);
    CHECK_ERR(to_label("a", &l), PARSE);
    CHECK_ERR(to_label("web", &l), PARSE);
    CHECK(label_eq(l, before));
}

TEST(without_a_level_the_floor_counts_and_nothing_else_of_it)
{
    arena *a = small();
    const expression *e;
    label l;
    NEED_OK(expression_parse(a, STR("A"), &e));
    CHECK_OK(expression_label(e, &names, label_from("intern//B"), &l));
    CHECK(label_eq(l, label_from("intern//A")));
    arena_free(a);
}

TEST(every_label_without_taint_is_written_and_read_back)
{
    for (int level = 0; level < 3; level++)
        for (int set = 0; set < 4; set++)
            for (int rel = 0; rel < 4; rel++) {
                char text[128];
                static const char *const sets[] = {"", "//A", "//B", "//A,B"};
                static const char *const rels[] = {"", "//REL BUND", "//REL BAYERN",
                                                   "//REL BUND,BAYERN"};
                snprintf(text, sizeof text, "%s%s%s", levels[level].id.at, sets[set], rels[rel]);
                AUTO(buf) b = BUF(4096);
                label back = LABEL_BOTTOM;
                CHECK_OK(expression_put(&names, label_from(text), &b));
                buf_add_char(&b, '\0');
                CHECK_OK(to_label(b.at, &back));
                CHECK(label_eq(back, label_from(text)));
            }
}

TEST(taint_and_what_has_no_name_is_not_written)
{
    AUTO(buf) b = BUF(4096);
    CHECK_ERR(expression_put(&names, label_from("offen//TAINT web"), &b), UNSUPPORTED);
    CHECK_ERR(expression_put(&names, label_from("offen//REL NONE"), &b), UNSUPPORTED);
    CHECK_ERR(expression_put(&names, label_with(LABEL_BOTTOM, 9), &b), UNSUPPORTED);
    CHECK_ERR(expression_put(&names, label_with(LABEL_BOTTOM, 1), &b), UNSUPPORTED);
    CHECK_ERR(expression_put(&names, label_with(LABEL_BOTTOM, 129), &b), UNSUPPORTED);
}

TEST(a_quoted_word_is_written_in_quotes)
{
    AUTO(buf) b = BUF(4096);
    CHECK_OK(expression_put(&names, label_from("STRENG GEHEIM//A"), &b));
    CHECK_STR(buf_str(&b), STR("\"STRENG GEHEIM\"&A"));
}
