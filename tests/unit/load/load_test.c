/* SPDX-License-Identifier: EUPL-1.2 */
#include "load/load.h"

#include <math.h>

#include "base/fault.h"
#include "unit/cli/rig.h"

/* ---- chance */

TEST(the_same_seed_gives_the_same_arrivals)
{
    uint64_t a = 7, b = 7, c = 8;
    bool other = false;
    for (int i = 0; i < 100; i++) {
        const uint64_t gap = load_gap_us(&a, 100);
        CHECK_INT(gap, ==, load_gap_us(&b, 100));
        other |= gap != load_gap_us(&c, 100);
    }
    CHECK(other);
}

TEST(arrivals_are_a_poisson_process)
{
    enum { MANY = 200000 };
    uint64_t state = 1, below_mean = 0, bins[4] = {0};
    double sum = 0, squares = 0;
    for (int i = 0; i < MANY; i++) {
        const double gap = (double)load_gap_us(&state, 1000);
        sum += gap;
        squares += gap * gap;
        below_mean += gap < 1000;
        bins[gap < 287.7 ? 0 : gap < 693.1 ? 1 : gap < 1386.3 ? 2 : 3]++;
    }
    const double mean = sum / MANY, deviation = sqrt(squares / MANY - mean * mean);
    CHECK(fabs(mean - 1000) < 10);
    CHECK(fabs(deviation - 1000) < 20); /* of an exponential: as large as the mean */
    CHECK(fabs((double)below_mean / MANY - 0.632) < 0.01);
    for (int i = 0; i < 4; i++) /* quartiles */
        CHECK(fabs((double)bins[i] / MANY - 0.25) < 0.01);
}

/* ---- requests */

TEST(each_prompt_is_another_and_as_long_as_asked)
{
    AUTO(buf) a = BUF(1 << 20);
    AUTO(buf) b = BUF(1 << 20);
    AUTO(buf) again = BUF(1 << 20);
    const struct load_spec s = {.prompt_bytes = 100, .max_tokens = 9, .seed = 3, .stream = true};
    NEED_OK(load_put_body(&a, &s, 1));
    NEED_OK(load_put_body(&b, &s, 2));
    NEED_OK(load_put_body(&again, &s, 1));
    CHECK_STR(buf_str(&a), buf_str(&again));
    CHECK(!str_eq(buf_str(&a), buf_str(&b)));
    CHECK_INT(a.len, ==, b.len);
    for (size_t len = 1; len < 3000; len += 331) {
        AUTO(arena) *room = NULL;
        AUTO(buf) body = BUF(1 << 20);
        jval root;
        str text = STR_NONE;
        const struct load_spec other = {.prompt_bytes = len, .max_tokens = 1, .model = STR("m")};
        NEED_OK(arena_open(1 << 20, &room));
        NEED_OK(load_put_body(&body, &other, 5));
        NEED_OK(json_read(room, buf_str(&body), &root));
        const jval messages = json_get(&root, "messages"), first = json_at(&messages, 0),
                   content = json_get(&first, "content");
        CHECK_OK(json_str(&content, 1 << 20, &text));
        CHECK_INT(text.len, ==, len);
    }
}

/* ---- runs against the fake */

static const char answer[] =
    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"completion_tokens\":7}}\n\ndata: [DONE]\n\n";

static struct load_result *
load(struct load_spec *s, const char *told, int status)
{
    static struct load_result result;
    static struct fake f;
    char url[300];
    if (!fake_start(&f))
        return NULL;
    fake_says(&f, "POST /v1/chat/completions", status, told);
    snprintf(url, sizeof url, "unix:%s/run/hoheit.sock", f.dir);
    s->url = str_of(url);
    s->max_tokens = 4;
    s->prompt_bytes = 10;
    const err e = load_run(s, &result);
    fake_end(&f);
    if (e.code)
        test_fail(__FILE__, __LINE__, "%s", err_trail());
    return e.code ? NULL : &result;
}

TEST(a_closed_loop_asks_as_often_as_it_should)
{
    struct load_spec s = {.requests = 23, .clients = 4, .stream = true};
    const struct load_result *r = load(&s, answer, 200);
    NEED(r);
    CHECK_INT(r->begun, ==, 23);
    CHECK_INT(r->answered, ==, 23);
    CHECK_INT(r->good, ==, 23);
    CHECK_INT(r->tokens, ==, 23 * 7);
    CHECK_INT(r->first.total, ==, 23);
    CHECK_INT(r->gap.total, ==, 23);
    CHECK_INT(r->whole.total, ==, 23);
    CHECK_INT(r->failure_kinds, ==, 0);
    CHECK(r->elapsed_us > 0);
}

TEST(an_open_loop_asks_as_often_as_it_should)
{
    struct load_spec s = {.requests = 23, .rate = 2000, .stream = true, .seed = 1};
    const struct load_result *r = load(&s, answer, 200);
    NEED(r);
    CHECK_INT(r->begun, ==, 23);
    CHECK_INT(r->answered, ==, 23);
    CHECK_INT(r->dropped, ==, 0);
}

TEST(time_ends_a_load_without_a_number)
{
    struct load_spec s = {.limit_us = 20000, .clients = 1, .stream = true};
    const struct load_result *r = load(&s, answer, 200);
    NEED(r);
    CHECK(r->begun > 0 && r->begun == r->answered);
    CHECK(r->elapsed_us >= 20000);
    struct load_spec open = {.limit_us = 20000, .rate = 1000, .stream = true};
    r = load(&open, answer, 200);
    NEED(r);
    CHECK_INT(r->begun, ==, r->answered);
}

TEST(whole_answers_count_without_times_of_tokens)
{
    struct load_spec s = {.requests = 3, .clients = 1};
    const struct load_result *r = load(
        &s, "{\"choices\":[{\"message\":{\"content\":\"x\"}}],\"usage\":{\"completion_tokens\":5}}",
        200);
    NEED(r);
    CHECK_INT(r->answered, ==, 3);
    CHECK_INT(r->tokens, ==, 15);
    CHECK_INT(r->first.total, ==, 0);
}

TEST(failures_are_counted_by_their_status)
{
    struct load_spec s = {.requests = 5, .clients = 2, .stream = true};
    const struct load_result *r = load(&s, "{}", 503);
    NEED(r);
    CHECK(r->answered == 0 && r->failure_kinds == 1);
    CHECK(r->failures[0].status == 503 && r->failures[0].count == 5);
}

TEST(what_is_no_answer_is_a_failure)
{
    static const char *const odd[] = {"", "data: no json\n\n",
                                      "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
                                      "data: {\"error\":{\"message\":\"x\"}}\n\ndata: [DONE]\n\n",
                                      "data: {\"choices\":7}\n\ndata: [DONE]\n\n"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct load_spec s = {.requests = 2, .clients = 1, .stream = true};
        const struct load_result *r = load(&s, odd[i], 200);
        NEED(r);
        CHECK(r->answered == 0 && r->failure_kinds == 1);
        CHECK(r->failures[0].status == LOAD_NO_ANSWER && r->failures[0].count == 2);
    }
}

TEST(a_server_that_is_not_there_is_counted_as_lost)
{
    static struct load_result r;
    const struct load_spec s = {.url = STR("unix:/nonexistent/sock"), .requests = 50, .clients = 3};
    NEED_OK(load_run(&s, &r));
    CHECK(r.answered == 0 && r.begun == 50 && r.failure_kinds == 1);
    CHECK(r.failures[0].status == LOAD_LOST && r.failures[0].count == 50);
}

TEST(bounds_that_are_missed_are_not_good)
{
    struct load_spec s = {.requests = 3, .clients = 1, .stream = true, .ttft_slo_us = 1};
    const struct load_result *r = load(&s, answer, 200);
    NEED(r);
    CHECK(r->answered == 3 && r->good == 0);
    s = (struct load_spec){.requests = 3,
                           .clients = 1,
                           .stream = true,
                           .ttft_slo_us = 60000000,
                           .itl_slo_us = 60000000};
    r = load(&s, answer, 200);
    NEED(r);
    CHECK(r->answered == 3 && r->good == 3);
}

TEST(whatever_fails_every_request_is_accounted_for)
{
    static struct load_result r;
    static struct fake f;
    char url[300];
    NEED(fake_start(&f));
    fake_says(&f, "POST /v1/chat/completions", 200, answer);
    snprintf(url, sizeof url, "unix:%s/run/hoheit.sock", f.dir);
    for (int open = 0; open < 2; open++) {
        bool fired = true;
        for (long n = 1; fired; n++) {
            const struct load_spec s = {.url = str_of(url),
                                        .requests = 4,
                                        .clients = 2,
                                        .rate = open ? 5000 : 0,
                                        .stream = true,
                                        .max_tokens = 1,
                                        .prompt_bytes = 5};
            fault_arm(n);
            const err e = load_run(&s, &r);
            fired = fault_fired();
            fault_arm(0);
            uint64_t failed = 0;
            for (size_t i = 0; i < r.failure_kinds; i++)
                failed += r.failures[i].count;
            CHECK_INT(r.answered + failed, ==, r.begun);
            if (!e.code)
                CHECK_INT(r.begun, ==, 4);
            CHECK(fired || r.answered == 4);
            NEED(n < 500);
        }
    }
    fake_end(&f);
}
