/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

static const char answer[] =
    "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";

#define FAKE(f, status, told)                                                                      \
    static struct fake f;                                                                          \
    NEED(fake_start(&f));                                                                          \
    fake_says(&f, "POST /v1/chat/completions", status, told)

TEST(a_load_is_summed_up_for_people)
{
    FRESH(r);
    FAKE(f, 200, answer);
    RUN(&r, &f, "bench", "-c", "2", "--requests", "7", "-n", "5", "--prompt-bytes", "33", "-m",
        "toy", "--ttft-slo-ms", "60000");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "closed loop of 2 clients, prompts of 33 bytes, at most 5 tokens, streamed\n");
    CHECK_OUT(&r, "7 begun, 7 answered in ");
    CHECK_OUT(&r, "7 within bounds (100.0 %): goodput ");
    CHECK_OUT(&r, " P50 ");
    CHECK_OUT(&r, "\nfirst token ");
    CHECK_OUT(&r, "\nbetween tokens ");
    CHECK_OUT(&r, "\nwhole answer ");
    CHECK_IN(fake_asked(&f), "\"model\":\"toy\"");
    CHECK_IN(fake_asked(&f), "\"max_tokens\":5");
    fake_end(&f);
}

TEST(an_open_loop_says_so)
{
    FRESH(r);
    FAKE(f, 200, answer);
    RUN(&r, &f, "bench", "-r", "500", "--requests", "5");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "open loop at 500 requests/s");
    CHECK_NOT_IN(r.out, "within bounds");
    fake_end(&f);
}

TEST(as_json_it_holds_every_number)
{
    FRESH(r);
    AUTO(arena) *a = NULL;
    jval root;
    static const char *const names[] = {
        "loop",           "elapsed_us",        "begun",        "answered", "dropped",
        "tokens",         "requests_per_s",    "tokens_per_s", "good",     "good_per_s",
        "first_token_us", "between_tokens_us", "whole_us",     "failures"};
    FAKE(f, 200, answer);
    RUN(&r, &f, "bench", "--requests", "3", "--json", "--itl-slo-ms", "1000");
    CHECK_STATUS(&r, 0);
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(json_read(a, str_of(r.out), &root));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const jval v = json_get(&root, names[i]);
        if (json_type(v) == J_ABSENT)
            test_fail(__FILE__, __LINE__, "%s is missing", names[i]);
    }
    fake_end(&f);
}

TEST(a_load_that_met_only_failures_is_one)
{
    FRESH(r);
    FAKE(f, 503, "{}");
    RUN(&r, &f, "bench", "--requests", "3");
    CHECK_STATUS(&r, 75);
    CHECK_OUT(&r, "3 failed: status 503\n");
    fake_end(&f);
    RUN(&r, NULL, "bench", "--requests", "3");
    CHECK_STATUS(&r, 1);
    CHECK_OUT(&r, "3 failed: connection lost\n");
    CHECK_SAYS(&r, "there is no data directory");
}

TEST(other_machines_are_not_loaded)
{
    FRESH(r);
    RUN(&r, NULL, "bench", "--url", "http://192.0.2.1:80");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "bench loads this machine only, not http://192.0.2.1:80");
    RUN(&r, NULL, "bench", "--url", "http://127.0.0.1.example:80");
    CHECK_STATUS(&r, 2);
}

TEST(loads_that_contradict_themselves_or_have_no_bound_are_refused)
{
    static const char *const odd[][2] = {{"--requests", "0"},       {"--requests", "2000000"},
                                         {"--seconds", "86400"},    {"--concurrency", "5000"},
                                         {"--rate", "0"},           {"--rate", "1000000"},
                                         {"--prompt-bytes", "99M"}, {"--ttft-slo-ms", "0"}};
    FRESH(r);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        RUN(&r, NULL, "bench", odd[i][0], odd[i][1]);
        CHECK_STATUS(&r, 2);
        CHECK_IN(r.err, odd[i][0]);
    }
    RUN(&r, NULL, "bench", "--rate", "5", "-c", "2");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "bench", "--no-stream", "--itl-slo-ms", "5");
    CHECK_STATUS(&r, 2);
}
