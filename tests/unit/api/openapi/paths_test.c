/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openapi/openapi.h"

#include "test.h"

/* ---- the tables of routes */
TEST(routes_of_one_path_stand_together_and_none_is_there_twice)
{
    const struct openapi_path *p, *q;
    for (size_t i = 0; (p = openapi_at(i)); i++) {
        bool left = false;
        for (size_t j = i + 1; (q = openapi_at(j)); j++) {
            const bool same = strcmp(p->pattern, q->pattern) == 0;
            if (same && left)
                test_fail(__FILE__, __LINE__, "%s stands apart", p->pattern);
            if (same && p->method == q->method && p->dialect == q->dialect)
                test_fail(__FILE__, __LINE__, "%s twice", p->pattern);
            left |= !same;
        }
    }
}

TEST(two_dialects_of_one_route_stand_one_after_the_other)
{
    const struct openapi_path *p, *q;
    for (size_t i = 0; (p = openapi_at(i)); i++)
        for (size_t j = i + 2; (q = openapi_at(j)); j++)
            CHECK(p->method != q->method || strcmp(p->pattern, q->pattern) != 0);
}

TEST(every_route_says_in_a_few_words_what_it_is_for)
{
    const struct openapi_path *p;
    for (size_t i = 0; (p = openapi_at(i)); i++) {
        const size_t len = strlen(p->summary);
        CHECK_INT(len, >, 8);
        CHECK_INT(len, <, 80);
        CHECK(p->summary[0] >= 'A' && p->summary[0] <= 'Z');
        CHECK(p->summary[len - 1] != '.');
    }
}

TEST(a_body_is_said_in_one_way_and_by_a_table_that_there_is)
{
    const struct openapi_path *p;
    for (size_t i = 0; (p = openapi_at(i)); i++) {
        const struct fates_dialect *d = NULL;
        bool found = false;
        CHECK(!(p->of && p->body));
        CHECK(!p->of == !p->route);
        CHECK(!p->needs || p->of);
        for (size_t j = 0; p->of && !found && (d = fates_at(j)); j++)
            for (size_t k = 0; k < d->route_count; k++)
                found |= strcmp(d->name, p->of) == 0 && strcmp(d->routes[k].name, p->route) == 0;
        CHECK(!p->of || found);
    }
}

/* ---- kinds of values */
TEST(every_field_of_a_route_that_has_an_effect_is_of_a_known_kind)
{
    const struct openapi_path *p;
    const struct fates_dialect *d;
    size_t seen = 0;
    for (size_t i = 0; (p = openapi_at(i)); i++)
        for (size_t j = 0; p->of && (d = fates_at(j)); j++) {
            if (strcmp(d->name, p->of) != 0)
                continue;
            for (size_t k = 0; k < d->field_count; k++, seen++)
                if (d->fields[k].fate == MAPPED && !openapi_kinds(d->fields[k].name))
                    test_fail(__FILE__, __LINE__, "types.def lacks %s", d->fields[k].name);
        }
    CHECK_INT(seen, >, 200);
}

TEST(a_field_that_no_dialect_has_is_of_no_kind)
{
    CHECK(!openapi_kinds("no_such_field"));
    CHECK(!openapi_kinds(""));
    CHECK_STR(str_of(openapi_kinds("temperature")), STR("number"));
    CHECK_STR(str_of(openapi_kinds("stop")), STR("string|array"));
}

/* ---- statuses */
TEST(where_a_dialect_has_no_statuses_of_its_own_they_are_those_of_the_table)
{
    for (uint16_t i = 1; i < ERR_COUNT; i++) {
        const err e = {i};
        CHECK_INT(openapi_status(OPENAPI_openai, e), ==, err_info(e)->http_status);
        CHECK_INT(openapi_status(OPENAPI_ollama, e), ==, err_info(e)->http_status);
    }
    CHECK_INT(openapi_status(OPENAPI_anthropic, (err){ERR_BUSY}), ==, 529);
    CHECK_INT(openapi_status(OPENAPI_anthropic, (err){ERR_DISK_FULL}), ==, 500);
    CHECK_INT(openapi_status(OPENAPI_bedrock, (err){ERR_UNAUTHENTICATED}), ==, 403);
    CHECK_INT(openapi_status(OPENAPI_bedrock, (err){ERR_PROVIDER_LOST}), ==, 503);
    CHECK_INT(openapi_status(OPENAPI_bedrock, (err){ERR_RANGE}), ==, 400);
}

TEST(every_dialect_has_a_name)
{
    for (unsigned d = 0; d < OPENAPI_DIALECTS; d++)
        for (unsigned o = 0; o < d; o++)
            CHECK(strcmp(openapi_dialect_name(d), openapi_dialect_name(o)) != 0);
}
