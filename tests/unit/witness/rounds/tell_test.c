/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/rounds/tell.h"

#include "base/json.h"
#include "unit/witness/rounds/town.h"

static bool
has(const buf *b, const char *text)
{
    const bool found = str_find(buf_str(b), str_of(text)) >= 0;
    if (!found)
        test_fail(__FILE__, __LINE__, "\"%s\" is not in %.*s", text, STR_FMT(buf_str(b)));
    return found;
}

TEST(status_tells_who_signed_and_who_lags)
{
    struct town *t = town_new();
    AUTO(buf) b = BUF(16384);
    AUTO(arena) *a = NULL;
    jval root;
    t->at[1].manner = IS_GONE;
    tell_status(t->rounds, &b);
    CHECK(has(&b, "\"state\":\"new\""));
    town_grow(t, 4);
    town_round(t);
    buf_clear(&b);
    tell_status(t->rounds, &b);
    CHECK_OK(buf_end(&b));
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(json_read(a, buf_str(&b), &root));
    CHECK(has(&b, "{\"wanted\":2,\"good\":1,\"alarm\":false,\"entries\":4,"));
    CHECK(has(&b, "\"name\":\"one\",\"key\":\"zeuge/w1\",\"state\":\"good\",\"signed_entries\":4,"
                  "\"signed_s\":101,\"lag_entries\":0,"));
    CHECK(has(&b, "\"state\":\"failing\",\"signed_entries\":0,\"signed_s\":0,\"lag_entries\":4,"));
    town_free(t);
}

TEST(the_quorum_is_what_was_set)
{
    struct town *t = town_new();
    AUTO(buf) b = BUF(16384);
    t->p.witness_quorum = 1;
    tell_status(t->rounds, &b);
    CHECK(has(&b, "\"wanted\":1,\"good\":0"));
    town_free(t);
}

TEST(metrics_have_a_line_for_each_witness_and_each_is_declared_once)
{
    struct town *t = town_new();
    AUTO(buf) b = BUF(16384);
    t->at[1].manner = IS_GONE;
    town_grow(t, 4);
    town_round(t);
    tell_metrics(t->rounds, &b);
    CHECK_OK(buf_end(&b));
    CHECK(has(&b, "\nhoheit_witness_signed_timestamp_seconds{witness=\"one\"} 101\n"));
    CHECK(has(&b, "\nhoheit_witness_lag_entries{witness=\"two\"} 4\n"));
    CHECK(has(&b, "\nhoheit_witness_failures_total{witness=\"two\"} 1\n"));
    CHECK(has(&b, "\nhoheit_witness_quorum_good 1\n"));
    CHECK(has(&b, "\nhoheit_witness_alarm 0\n"));
    str rest = buf_str(&b), line;
    size_t types = 0;
    while (str_next(&rest, '\n', &line))
        types += str_starts(line, STR("# TYPE "));
    CHECK_INT(types, ==, 8);
    town_free(t);
}

TEST(an_alarm_is_told)
{
    struct town *t = town_new();
    AUTO(buf) b = BUF(16384);
    t->at[0].seen = 99;
    town_grow(t, 4);
    town_round(t);
    tell_status(t->rounds, &b);
    CHECK(has(&b, "\"alarm\":true"));
    CHECK(has(&b, "it saw 99 entries"));
    tell_metrics(t->rounds, &b);
    CHECK(has(&b, "\nhoheit_witness_alarm 1\n"));
    town_free(t);
}

TEST(where_there_are_no_witnesses_status_says_so_and_metrics_nothing)
{
    AUTO(buf) b = BUF(16384);
    tell_metrics(NULL, &b);
    CHECK_INT(b.len, ==, 0);
    tell_status(NULL, &b);
    CHECK_STR(buf_str(&b),
              STR("{\"wanted\":0,\"good\":0,\"alarm\":false,\"entries\":0,\"list\":[]}"));
}
