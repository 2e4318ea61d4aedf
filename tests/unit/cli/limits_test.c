/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

static const char rows[] =
    "[{\"subject\":\"key:amt\",\"limit\":\"tokens/day\",\"value\":1000,\"used\":7,\"reserved\":3,"
    "\"resets_in_ms\":60000,\"default\":false},"
    "{\"subject\":\"key:amt\",\"limit\":\"streams\",\"value\":2,\"used\":0,\"reserved\":0,"
    "\"resets_in_ms\":0,\"default\":true}]";

TEST(a_limit_is_set_for_whom_and_what_was_said)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "PUT /admin/v1/limits/key%3Aamt%2Bmodel%3Am/tokens%2Fday", 200, "{\"ok\":true}");
    RUN(&r, &f, "limit", "set", "key:amt+model:m", "tokens/day", "0");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "{\"value\":0}");
    CHECK_SAYS(&r, "key:amt+model:m: tokens/day is 0");
    fake_end(&f);
}

TEST(what_is_no_number_is_not_sent)
{
    static const char *const odd[] = {"many", "-1", "1.5", "9223372036854775808", ""};
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        RUN(&r, &f, "limit", "set", "key:amt", "tokens/day", odd[i]);
        CHECK_STATUS(&r, 2);
    }
    RUN(&r, &f, "limit", "set", "key:amt", "tokens/day");
    CHECK_STATUS(&r, 2);
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

TEST(limits_are_listed_and_shown_as_a_table)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "GET /admin/v1/limits", 200, rows);
    RUN(&r, &f, "limit", "list");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "FOR      LIMIT       MOST  USED  RESERVED    ANEW IN");
    CHECK_OUT(&r, "key:amt  tokens/day  1000     7         3  1 min 0 s");
    CHECK_OUT(&r, "default");
    RUN(&r, &f, "limit", "list", "--json");
    CHECK_OUT(&r, "[{\"subject\":\"key:amt\"");
    RUN(&r, &f, "limit", "show", "key:amt");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "GET /admin/v1/limits/key%3Aamt HTTP");
    RUN(&r, &f, "limit", "show");
    CHECK_STATUS(&r, 2);
    fake_says(&f, "GET /admin/v1/limits", 200, "[7]");
    RUN(&r, &f, "limit", "list");
    CHECK_STATUS(&r, 2);
    fake_says(&f, "GET /admin/v1/limits", 200, "{}");
    RUN(&r, &f, "limit", "list");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

TEST(a_limit_is_removed)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "DELETE /admin/v1/limits/default%3Akey/streams", 200, "{\"ok\":true}");
    RUN(&r, &f, "limit", "rm", "default:key", "streams");
    CHECK_STATUS(&r, 0);
    RUN(&r, &f, "limit", "rm", "default:key", "tokens/day");
    CHECK_STATUS(&r, 1);
    RUN(&r, &f, "limit", "rm", "default:key");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

TEST(money_is_shown_in_euro)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "GET /admin/v1/limits/key%3Aamt", 200,
              "[{\"subject\":\"key:amt\",\"limit\":\"money/day\",\"value\":2500000,\"used\":141,"
              "\"reserved\":0,\"resets_in_ms\":1000,\"default\":false}]");
    RUN(&r, &f, "limit", "show", "key:amt");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "2.500000 €");
    CHECK_OUT(&r, "0.000141 €");
    RUN(&r, &f, "limit", "show", "key:amt", "--json");
    CHECK_OUT(&r, "\"used\":141");
    fake_end(&f);
}
