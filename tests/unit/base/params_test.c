/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/params.h"

#include <inttypes.h>
#include <stdio.h>

#include "test.h"

#define EACH_PARAM(i)                                                                              \
    for (const struct param_info *i = param_table; i < param_table + param_count; i++)

static str
number(char room[32], uint64_t n)
{
    snprintf(room, 32, "%" PRIu64, n);
    return str_of(room);
}

/* Sets and looks: taken when `want` is a text, else refused and nothing changed. */
static void
check_set(const struct param_info *i, str value, const char *want)
{
    struct params p, before;
    char room[PARAM_TEXT_MAX];
    params_default(&p);
    params_default(&before);
    const err e = params_set(&p, str_of(i->key), value);
    CHECK_INT(e.code, ==, want ? ERR_OK : ERR_CONFIG);
    params_show(&p, i, room);
    if (want)
        CHECK_STR(str_of(room), str_of(want));
    else
        CHECK(memcmp(&p, &before, sizeof p) == 0);
    if (!want)
        CHECK(strstr(err_public(e), i->key) && strcmp(err_param(), i->key) == 0);
}

TEST(every_default_is_what_the_table_says)
{
    struct params p;
    params_default(&p);
    EACH_PARAM(i)
    {
        char room[PARAM_TEXT_MAX], want[32];
        params_show(&p, i, room);
        CHECK_STR(str_of(room), i->is_text ? str_of(i->text) : number(want, i->value));
    }
    CHECK_INT(p.net_body_bytes_max, ==, 16777216);
    CHECK_STR(str_of(p.net_listen), STR("127.0.0.1:7080"));
}

TEST(every_number_takes_its_bounds_and_its_default)
{
    EACH_PARAM(i)
    {
        const uint64_t good[] = {i->min, i->max, i->value, i->min + (i->max - i->min) / 2};
        for (size_t k = 0; k < 4 && !i->is_text; k++) {
            char text[32];
            check_set(i, number(text, good[k]), text);
        }
    }
}

TEST(every_number_rejects_what_lies_beyond_its_bounds)
{
    EACH_PARAM(i)
    {
        char text[32];
        if (i->is_text)
            continue;
        check_set(i, number(text, i->max + 1), NULL);
        check_set(i, number(text, UINT64_MAX), NULL);
        check_set(i, STR("99999999999999999999999"), NULL);
        if (i->min > 0)
            check_set(i, number(text, i->min - 1), NULL);
    }
}

TEST(every_number_rejects_what_is_none)
{
    static const char *const garbage[] = {"",    " ",   "x",   "-1",  "+5",    "5 ",    " 5",
                                          "0x8", "8.0", "1e3", "5\n", "5,000", "8192K8"};
    EACH_PARAM(i)
    for (size_t k = 0; k < sizeof garbage / sizeof *garbage && !i->is_text; k++)
        check_set(i, str_of(garbage[k]), NULL);
}

static bool
has_unit(const struct param_info *i, const char *unit)
{
    return !i->is_text && strcmp(i->unit, unit) == 0;
}

TEST(units_are_for_bytes_and_milliseconds_only)
{
    EACH_PARAM(i)
    {
        char text[64], want[32];
        const uint64_t k = (i->min + 1023) / 1024, s = (i->min + 999) / 1000;
        if (i->is_text)
            continue;
        snprintf(text, sizeof text, "%" PRIu64 "K", k);
        number(want, k * 1024);
        check_set(i, str_of(text), has_unit(i, "bytes") ? want : NULL);
        snprintf(text, sizeof text, "%" PRIu64 "s", s);
        number(want, s * 1000);
        check_set(i, str_of(text), has_unit(i, "ms") ? want : NULL);
    }
}

TEST(every_text_takes_up_to_255_bytes_and_no_more)
{
    char text[PARAM_TEXT_MAX + 1];
    memset(text, 'x', sizeof text);
    text[PARAM_TEXT_MAX - 1] = '\0';
    EACH_PARAM(i)
    {
        if (!i->is_text)
            continue;
        check_set(i, STR(""), "");
        check_set(i, str_of(text), text);
        check_set(i, (str){text, PARAM_TEXT_MAX}, NULL);
        text[PARAM_TEXT_MAX - 1] = 'x';
        check_set(i, (str){text, PARAM_TEXT_MAX}, NULL);
        check_set(i, (str){text, PARAM_TEXT_MAX + 1}, NULL);
        text[PARAM_TEXT_MAX - 1] = '\0';
    }
}

TEST(every_text_rejects_control_characters_and_broken_utf8)
{
    EACH_PARAM(i)
    {
        if (!i->is_text)
            continue;
        check_set(i, STR("a\0b"), NULL);
        check_set(i, STR("a\nb"), NULL);
        check_set(i, STR("a\x7f"), NULL);
        check_set(i, STR("\xff"), NULL);
        check_set(i, STR("Köln"), "Köln");
    }
}

TEST(a_shorter_text_leaves_nothing_of_the_longer_one)
{
    struct params p, q;
    params_default(&p);
    params_default(&q);
    NEED_OK(params_set(&p, STR("log.level"), STR("something rather long")));
    NEED_OK(params_set(&p, STR("log.level"), STR("x")));
    NEED_OK(params_set(&q, STR("log.level"), STR("x")));
    CHECK(memcmp(&p, &q, sizeof p) == 0);
}

TEST(setting_one_changes_only_that_one)
{
    EACH_PARAM(i)
    {
        struct params p, d;
        char text[32], a[PARAM_TEXT_MAX], b[PARAM_TEXT_MAX];
        const uint64_t other = i->value == i->max ? i->min : i->max;
        params_default(&p);
        params_default(&d);
        NEED_OK(params_set(&p, str_of(i->key), i->is_text ? STR("other") : number(text, other)));
        EACH_PARAM(j)
        {
            params_show(&p, j, a);
            params_show(&d, j, b);
            CHECK((strcmp(a, b) == 0) == (i != j));
        }
    }
}

TEST(what_is_shown_can_be_set_again)
{
    EACH_PARAM(i)
    {
        struct params p;
        char room[PARAM_TEXT_MAX];
        params_default(&p);
        params_show(&p, i, room);
        check_set(i, str_of(room), room);
    }
}

TEST(every_key_is_found_exactly_and_only_once)
{
    EACH_PARAM(i)
    {
        const str key = str_of(i->key);
        CHECK(param_find(key) == i);
        CHECK(param_find(str_slice(key, 0, key.len - 1)) != i);
        CHECK_INT(str_find_char(key, '.'), >, 0);
    }
    CHECK(param_find(STR("")) == NULL && param_find(STR_NONE) == NULL);
    CHECK(param_find(STR("NET.LISTEN")) == NULL && param_find(STR("net.listen ")) == NULL);
}

TEST(an_unknown_key_is_refused_and_named)
{
    struct params p;
    params_default(&p);
    const err e = params_set(&p, STR("net.listne"), STR("x"));
    CHECK_ERR(e, CONFIG);
    CHECK_STR(str_of(err_public(e)), STR("there is no parameter \"net.listne\""));
    CHECK_ERR(params_set(&p, STR_NONE, STR("x")), CONFIG);
    const err f = params_set(&p, STR("net.\xff"), STR("x"));
    CHECK_STR(str_of(err_public(f)), STR("there is no parameter \"net.\""));
}

TEST(every_parameter_has_a_sentence)
{
    EACH_PARAM(i)
    {
        const str doc = str_of(i->doc);
        CHECK(doc.len > 10 && str_ends(doc, STR(".")));
        CHECK(i->is_text || i->unit[0]);
    }
}
