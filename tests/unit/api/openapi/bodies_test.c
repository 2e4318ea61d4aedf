/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/openapi/shown.h"

TEST(a_field_stands_there_with_its_kind_and_a_refused_one_with_what_asks_for_nothing)
{
    DOCUMENT(j);
#define CHAT "paths /v1/chat/completions post requestBody content application/json schema "
    CHECK(json_type(at(&j, CHAT "properties temperature type")) == J_ARRAY);
    CHECK(json_type(at(&j, CHAT "properties functions enum")) == J_ARRAY);
    CHECK_STR(text_at(&j, CHAT "properties user description"), STR("Read, without effect here."));
    CHECK(json_type(at(&j, CHAT "required")) == J_ARRAY);
    CHECK(!at(&j, CHAT "properties maxTokens").v);
#undef CHAT
}

TEST(an_example_is_json_and_has_no_member_that_the_route_does_not_know)
{
    DOCUMENT(j);
    const struct openapi_path *p;
    size_t seen = 0;
    for (size_t i = 0; (p = openapi_at(i)); i++) {
        char way[256];
        if (!p->example)
            continue;
        snprintf(way, sizeof way, "paths %s post requestBody content application/json", p->pattern);
        const jval content = at(&j, way), example = json_get(&content, "example"),
                   known = at(&content, "schema properties");
        struct jwalk w = {.next = NULL};
        jval v;
        while (json_each(&example, &w, &v))
            CHECK(json_get(&known, v.name).v);
        seen++;
    }
    CHECK_INT(seen, >, 10);
}
