/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/provider_list.h"

#include <stdio.h>

#include "test.h"

static struct provider_list l;

static void
fill(void)
{
    memset(&l, 0, sizeof l);
    l.count = 2;
    l.model_count = 2;
    snprintf(l.at[0].name, sizeof l.at[0].name, "one");
    snprintf(l.at[1].name, sizeof l.at[1].name, "two");
    snprintf(l.models[0].name, sizeof l.models[0].name, "m");
    snprintf(l.models[1].name, sizeof l.models[1].name, "m");
    l.models[1].provider = 1;
    l.models[1].micro_euro_in = 7;
}

TEST(a_provider_and_its_models_are_found_by_name)
{
    fill();
    CHECK(provider_list_find(&l, STR("one")) == &l.at[0]);
    CHECK(provider_list_find(&l, STR("two")) == &l.at[1]);
    CHECK(provider_list_model(&l, STR("one"), STR("m")) == &l.models[0]);
    CHECK_INT(provider_list_model(&l, STR("two"), STR("m"))->micro_euro_in, ==, 7);
}

TEST(what_is_not_there_is_not_found)
{
    fill();
    CHECK(!provider_list_find(&l, STR("three")));
    CHECK(!provider_list_find(&l, STR("")));
    CHECK(!provider_list_find(&l, STR("on")));
    CHECK(!provider_list_model(&l, STR("three"), STR("m")));
    CHECK(!provider_list_model(&l, STR("one"), STR("n")));
    l.count = 0;
    CHECK(!provider_list_find(&l, STR("one")));
}

TEST(each_dialect_has_a_name)
{
    CHECK_STR(str_of(provider_dialect_name(PROVIDER_OPENAI)), STR("openai"));
    CHECK_STR(str_of(provider_dialect_name(PROVIDER_ANTHROPIC)), STR("anthropic"));
    CHECK_STR(str_of(provider_dialect_name(PROVIDER_BEDROCK)), STR("bedrock"));
    CHECK_STR(str_of(provider_dialect_name(PROVIDER_HOHEIT)), STR("hoheit"));
    CHECK_STR(str_of(provider_dialect_name(PROVIDER_OTLP)), STR("otlp"));
    CHECK_STR(str_of(provider_dialect_name(PROVIDER_WITNESS)), STR("witness"));
}

TEST(collectors_and_witnesses_are_not_asked_for_answers)
{
    struct provider_public p = {.name = "x"};
    for (uint32_t d = PROVIDER_OPENAI; d <= PROVIDER_WITNESS; d++) {
        p.dialect = d;
        CHECK_INT(provider_has_models(&p), ==, d < PROVIDER_OTLP);
        CHECK_INT(provider_is_witness(&p), ==, d == PROVIDER_WITNESS);
    }
}
