/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/job.h"

#include "unit/engine/remote/away.h"

/* A kind that counts. */
struct own {
    struct remote_job job;
    struct count {
        unsigned opened, added, ended, failed, stopped, done, bytes;
        enum hear_form form;
        err add_fails, end_fails, failure;
        bool is_whole, is_free;
    } * n;
};

static struct count *
count_of(const remote_job *j)
{
    return ((const struct own *)j)->n;
}

static void
open_it(remote_job *j, enum hear_form form)
{
    count_of(j)->opened++;
    count_of(j)->form = form;
}

static fallible
add_it(remote_job *j, str piece)
{
    count_of(j)->added++;
    count_of(j)->bytes += (unsigned)piece.len;
    return count_of(j)->add_fails;
}

static fallible
end_it(remote_job *j)
{
    count_of(j)->ended++;
    return count_of(j)->end_fails;
}

static bool
is_whole(const remote_job *j)
{
    return count_of(j)->is_whole;
}

static void
fail_it(remote_job *j, err e)
{
    count_of(j)->failed++;
    count_of(j)->is_free = remote_is_free(j);
    count_of(j)->failure = e;
}

static void
stop_it(remote_job *j)
{
    count_of(j)->stopped++;
}

static void
done_it(remote_job *j)
{
    count_of(j)->done++;
}

static const struct job_kind counting = {open_it, add_it,  end_it, is_whole,
                                         fail_it, stop_it, done_it};

static err
start(struct count *n, const struct rig_grant *g, label sink, label body, remote_job **ret)
{
    struct own *o = mem_get(sizeof *o);
    ASSERT(o != NULL);
    *o = (struct own){.job = {.kind = &counting, .streams = true}, .n = n};
    const struct job_call c = {.provider = STR("there"),
                               .path = STR("/x"),
                               .sink = sink,
                               .body = content_of(STR("{}"), body)};
    *ret = &o->job;
    away_reset();
    return job_start(&o->job, &away, g->g, &c);
}

#define START(n, j)                                                                                \
    struct rig_grant g_ = rig_grant("VS-NfD");                                                     \
    remote_job *j;                                                                                 \
    NEED_OK(start(&n, &g_, LABEL_BOTTOM, LABEL_BOTTOM, &j));                                       \
    rig_grant_done(&g_)

TEST(a_job_opens_takes_ends_and_is_freed)
{
    struct count n = {0};
    START(n, j);
    (void)j;
    away_head(200, "text/event-stream", NULL, NULL);
    away_data(STR("abc"));
    away_data(STR("de"));
    away_end(OK);
    CHECK(n.opened == 1 && n.added == 2 && n.bytes == 5 && n.ended == 1 && n.done == 1);
    CHECK(n.failed == 0 && n.stopped == 0 && n.form == HEAR_SSE);
}

TEST(a_job_that_may_not_leave_is_freed_and_nothing_was_sent)
{
    struct rig_grant g = rig_grant("intern");
    struct count n = {0};
    remote_job *j;
    CHECK_ERR(start(&n, &g, label_of_level(2), label_of_level(2), &j), DENIED);
    CHECK_ERR(start(&n, &g, LABEL_BOTTOM, label_of_level(1), &j), DENIED);
    CHECK_INT(away.sent, ==, 0);
    CHECK_INT(n.done, ==, 2);
    rig_grant_done(&g);
}

TEST(a_kind_that_fails_ends_the_call)
{
    struct count n = {.add_fails = away_lost()};
    START(n, j);
    (void)j;
    away_head(200, "text/event-stream", NULL, NULL);
    away_data(STR("abc"));
    away_data(STR("abc"));
    CHECK(n.added == 1 && n.failed == 1 && n.done == 1 && n.ended == 0 && away.cancelled == 1);
}

TEST(a_kind_that_fails_at_the_end_has_nothing_to_cancel)
{
    struct count n = {.end_fails = away_lost()};
    START(n, j);
    (void)j;
    away_head(200, "application/json", NULL, NULL);
    away_end(OK);
    CHECK(n.ended == 1 && n.failed == 1 && n.done == 1 && away.cancelled == 0);
    CHECK_INT(n.form, ==, HEAR_JSON);
}

TEST(a_broken_connection_harms_only_what_is_not_whole)
{
    for (int whole = 0; whole < 2; whole++) {
        struct count n = {.is_whole = whole};
        START(n, j);
        (void)j;
        away_head(200, "text/event-stream", NULL, NULL);
        away_end(away_lost());
        CHECK_INT(n.ended, ==, whole);
        CHECK_INT(n.failed, ==, !whole);
        CHECK_INT(n.done, ==, 1);
    }
}

TEST(only_what_never_left_or_got_an_error_cannot_have_cost_anything)
{
    for (int unsent = 0; unsent < 2; unsent++) {
        struct count n = {0};
        START(n, j);
        (void)j;
        *away.job.hooks.is_unsent = unsent;
        away_end(away_lost());
        CHECK(n.failed == 1 && n.is_free == unsent);
    }
    for (int status = 200; status <= 500; status += 300) {
        struct count n = {0};
        START(n, j);
        (void)j;
        away_head(status, "text/event-stream", NULL, NULL);
        away_end(status == 200 ? away_lost() : OK);
        CHECK(n.failed == 1 && n.is_free == (status != 200));
    }
}

TEST(an_error_keeps_its_body_from_the_kind)
{
    struct count n = {0};
    START(n, j);
    (void)j;
    away_head(429, "text/event-stream", "Retry-After", "3");
    away_data(STR("abc"));
    away_end(OK);
    CHECK(n.opened == 0 && n.added == 0 && n.failed == 1 && n.failure.code == ERR_BUSY);
}

TEST(a_cancelled_job_is_freed_at_once)
{
    struct count n = {0};
    START(n, j);
    remote_cancel(j);
    CHECK(n.stopped == 1 && n.done == 1 && away.cancelled == 1 && n.failed == 0);
}

TEST(types_are_read_without_case_and_parameters)
{
    static const struct {
        const char *type;
        bool is_good;
    } cases[] = {{"text/event-stream", true},
                 {"Text/Event-Stream ;charset=utf-8", true},
                 {"APPLICATION/JSON", true},
                 {"application/jsonl", false},
                 {"text/plain", false},
                 {";", false},
                 {"application/vnd.amazon.eventstream", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct count n = {0};
        START(n, j);
        away_head(200, cases[i].type, NULL, NULL);
        CHECK_INT(n.opened, ==, cases[i].is_good);
        CHECK_INT(n.failed, ==, !cases[i].is_good);
        if (cases[i].is_good)
            remote_cancel(j);
    }
}
