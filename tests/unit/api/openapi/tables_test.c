/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openapi/tables.h"

#include "api/anthropic/anthropic.h"
#include "api/bedrock/bedrock.h"
#include "api/openapi/openapi.h"
#include "test.h"

static const struct openapi_path *
described(const struct route *r)
{
    const struct openapi_path *p;
    for (size_t i = 0; (p = openapi_at(i)); i++)
        if (p->method == r->method && strcmp(p->pattern, r->pattern) == 0 &&
            strcmp(openapi_dialect_name(p->dialect), r->dialect->name) == 0)
            return p;
    return NULL;
}

TEST(every_route_that_is_served_is_described)
{
    struct route_table all[ROUTE_TABLES];
    size_t served = 0, lines = 0;
    route_tables(all);
    for (size_t t = 0; t < ROUTE_TABLES; t++)
        for (size_t i = 0; i < all[t].count; i++, served++)
            if (!described(&all[t].routes[i]))
                test_fail(__FILE__, __LINE__, "paths.def lacks %s of %s", all[t].routes[i].pattern,
                          all[t].routes[i].dialect->name);
    while (openapi_at(lines))
        lines++;
    CHECK_INT(lines, ==, served);
}

TEST(what_needs_no_key_is_described_so_and_nothing_else)
{
    struct route_table all[ROUTE_TABLES];
    route_tables(all);
    for (size_t t = 0; t < ROUTE_TABLES; t++)
        for (size_t i = 0; i < all[t].count; i++) {
            const struct openapi_path *p = described(&all[t].routes[i]);
            const bool is_public = all[t].routes[i].auth == AUTH_NONE;
            if (p && is_public != ((p->answers & OPENAPI_PUBLIC) != 0))
                test_fail(__FILE__, __LINE__, "%s", p->pattern);
        }
}

TEST(statuses_are_described_as_the_dialects_give_them)
{
    for (uint16_t i = 1; i < ERR_COUNT; i++) {
        const err e = {i};
        CHECK_INT(openapi_status(OPENAPI_anthropic, e), ==, anthropic_dialect.status(e));
        CHECK_INT(openapi_status(OPENAPI_bedrock, e), ==, bedrock_dialect.status(e));
    }
}

TEST(no_dialect_has_statuses_that_are_not_described)
{
    struct route_table all[ROUTE_TABLES];
    route_tables(all);
    for (size_t t = 0; t < ROUTE_TABLES; t++)
        for (size_t i = 0; i < all[t].count; i++) {
            const struct dialect *d = all[t].routes[i].dialect;
            CHECK(!d->status || d == &anthropic_dialect || d == &bedrock_dialect);
        }
}
