/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/detached.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

struct heard {
    unsigned answers;
    int status;
    char body[64], type[64];
    bool in_handler, early;
};

static void
on_answer(void *ctx, const struct detached_answer *a)
{
    struct heard *h = ctx;
    h->answers++;
    h->status = a->status;
    h->early = h->early || h->in_handler;
    snprintf(h->body, sizeof h->body, "%.*s", STR_FMT(a->body));
    if (a->field_count)
        snprintf(h->type, sizeof h->type, "%.*s", STR_FMT(a->fields[0].value));
}

static struct params params;
static loop *l;

static detached *
request(struct heard *h, str body)
{
    static const struct http_field fields[] = {{STR_INIT("x-a"), STR_INIT("1")}};
    const struct detached_request r = {.method = HTTP_POST,
                                       .path = STR("/v1/x"),
                                       .body = body,
                                       .fields = fields,
                                       .field_count = 1};
    detached *d = NULL;
    params_default(&params);
    if (!l)
        CHECK_OK(loop_new(&l));
    CHECK_OK(detached_new(l, &params, &r, &d));
    detached_listen(d, on_answer, h);
    return d;
}

static void
turn(void)
{
    for (int i = 0; i < 5; i++)
        loop_turn(l);
}

static const struct http_field type = {STR_INIT("content-type"), STR_INIT("text/plain")};

TEST(a_handler_sees_what_the_request_says)
{
    struct heard h = {.answers = 0};
    detached *d = request(&h, STR("body"));
    http_exchange *x = detached_exchange(d);
    CHECK_INT(http_method(x), ==, HTTP_POST);
    CHECK_STR(http_path(x), STR("/v1/x"));
    CHECK_STR(http_body(x), STR("body"));
    CHECK_STR(http_header(x, STR("x-a")), STR("1"));
    CHECK(!http_header(x, STR("x-b")).at);
    CHECK(str_starts(http_request_id(x), STR("req_")));
    CHECK_INT(http_peer_uid(x), ==, -1);
    CHECK(!detached_is_over(d));
    detached_free(d);
    turn();
    CHECK_INT(h.answers, ==, 0);
}

TEST(a_whole_answer_is_told_once_on_a_later_turn)
{
    struct heard h = {.in_handler = true};
    detached *d = request(&h, STR(""));
    http_answer(detached_exchange(d), 201, &type, 1, STR("hallo"));
    CHECK(detached_is_over(d));
    h.in_handler = false;
    turn();
    CHECK_INT(h.answers, ==, 1);
    CHECK(!h.early);
    CHECK_INT(h.status, ==, 201);
    CHECK_STR(str_of(h.body), STR("hallo"));
    CHECK_STR(str_of(h.type), STR("text/plain"));
    detached_free(d);
}

TEST(a_streamed_answer_is_told_whole)
{
    struct heard h = {.answers = 0};
    detached *d = request(&h, STR(""));
    http_start(detached_exchange(d), 200, &type, 1);
    CHECK_OK(http_write(detached_exchange(d), STR("eins ")));
    turn();
    CHECK_INT(h.answers, ==, 0);
    CHECK_OK(http_write(detached_exchange(d), STR("zwei")));
    http_end(detached_exchange(d));
    turn();
    CHECK_INT(h.answers, ==, 1);
    CHECK_STR(str_of(h.body), STR("eins zwei"));
    detached_free(d);
}

TEST(an_answer_broken_off_or_too_large_has_no_status)
{
    struct heard h = {.answers = 0};
    detached *d = request(&h, STR(""));
    http_start(detached_exchange(d), 200, &type, 1);
    http_abort(detached_exchange(d));
    turn();
    CHECK_INT(h.answers, ==, 1);
    CHECK_INT(h.status, ==, 0);
    detached_free(d);
    struct heard big = {.answers = 0};
    d = request(&big, STR(""));
    params.gate_request_memory_bytes_max = 4; /* the limit was taken when it was made */
    detached_free(d);
    const struct detached_request r = {.method = HTTP_GET, .path = STR("/")};
    params.gate_request_memory_bytes_max = 1 << 20;
    NEED_OK(detached_new(l, &params, &r, &d));
    detached_listen(d, on_answer, &big);
    static char bytes[(1 << 20) + 1];
    http_answer(detached_exchange(d), 200, &type, 1, (str){bytes, sizeof bytes});
    turn();
    CHECK_INT(big.answers, ==, 1);
    CHECK_INT(big.status, ==, 0);
    detached_free(d);
}

TEST(whoever_lets_go_hears_nothing)
{
    struct heard h = {.answers = 0};
    detached *d = request(&h, STR(""));
    http_answer(detached_exchange(d), 200, &type, 1, STR("x"));
    detached_free(d);
    detached_free(NULL);
    turn();
    CHECK_INT(h.answers, ==, 0);
}

TEST(each_failure_of_memory_is_told)
{
    const struct http_field f = {STR("x-a"), STR("1")};
    const struct detached_request r = {
        .method = HTTP_POST, .path = STR("/"), .body = STR("b"), .fields = &f, .field_count = 1};
    params_default(&params);
    for (long n = 1;; n++) {
        detached *d = NULL;
        fault_arm(n);
        const err e = detached_new(l, &params, &r, &d);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(!e.code == (d != NULL));
        detached_free(d);
        if (!fired)
            break;
        CHECK_INT(n, <, 50);
    }
}
