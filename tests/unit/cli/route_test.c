/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#define FAKE(f)                                                                                    \
    static struct fake f;                                                                          \
    NEED(fake_start(&f))

TEST(targets_are_shown_in_the_order_in_which_they_would_be_tried)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /admin/v1/route?label=intern%2F%2FSOZIALDATEN&model=gpt-4o", 200,
              "{\"model\":\"gpt-4o\",\"label\":\"intern//SOZIALDATEN\",\"allowed\":true,"
              "\"targets\":[{\"model\":\"haus\",\"engine\":\"llama\",\"verdict\":\"taken\"},"
              "{\"model\":\"wolke\",\"engine\":\"remote\",\"verdict\":\"denied\","
              "\"rule\":\"target.level\",\"why\":\"above what wolke may hold\"}]}");
    RUN(&r, &f, "route", "intern//SOZIALDATEN", "gpt-4o");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "MODEL  ENGINE  VERDICT  RULE          WHY");
    CHECK_OUT(&r, "wolke  remote  denied   target.level  above what wolke may hold");
    RUN(&r, &f, "route", "intern//SOZIALDATEN", "gpt-4o", "--json");
    CHECK_OUT(&r, "\"allowed\":true");
    fake_says(&f, "GET /admin/v1/route?label=offen&model=gpt-4o&purpose=a%26b", 200,
              "{\"targets\":[{\"model\":\"eins\",\"verdict\":\"taken\"}]}");
    RUN(&r, &f, "route", "offen", "gpt-4o", "--purpose", "a&b");
    CHECK_OUT(&r, "eins");
    fake_end(&f);
}

TEST(an_answer_without_targets_is_an_error_and_so_is_a_missing_word)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /admin/v1/route", 200, "{\"targets\":[]}");
    RUN(&r, &f, "route", "offen", "x");
    CHECK_STATUS(&r, 2);
    RUN(&r, &f, "route", "offen");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}
