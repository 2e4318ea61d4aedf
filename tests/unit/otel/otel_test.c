/* SPDX-License-Identifier: EUPL-1.2 */
/* The exporter against a collector, by way of both ends of hoheit-egress, on one loop. */
#include "otel/otel.h"

#include "unit/egress/rig.h"

#define TAKEN STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

static struct rig r;
static struct params params;
static meters m;
static secret pepper;
static struct served *served;
static struct provider_list list;
static bool may;
static int asked;
static otel *o;

static fallible
leave(void *ctx, label data, label sink, arena *a, const grant **ret)
{
    (void)ctx, (void)a;
    asked++;
    CHECK(label_dominates(sink, data));
    if (!may)
        FAIL(DENIED, "no");
    *ret = r.g;
    return OK;
}

static fallible
try_open(void)
{
    const struct otel_parts parts = {.loop = r.l,
                                     .params = &params,
                                     .meters = &m,
                                     .served = served,
                                     .policy = r.policy,
                                     .providers = &list,
                                     .pepper = &pepper,
                                     .address = "127.0.0.1:7080",
                                     .commit = "abc",
                                     .started_wall_ms = 5,
                                     .leave = leave};
    return otel_new(&parts, &o);
}

static void
begin(str answer)
{
    memset(&m, 0, sizeof m);
    memset(&list, 0, sizeof list);
    NEED_OK(rig_open(&r, NULL));
    r.u.answer = answer;
    NEED_OK(rig_connect(&r));
    NEED_OK(secret_get(&pepper, 32));
    NEED_OK(served_new(&served));
    params_default(&params);
    snprintf(params.otlp_collector, sizeof params.otlp_collector, "up");
    params.otlp_interval_ms = 50;
    params.otlp_pause_ms = 1;
    list.count = 1;
    list.at[0].dialect = PROVIDER_OTLP;
    snprintf(list.at[0].name, sizeof list.at[0].name, "up");
    snprintf(list.at[0].sink, sizeof list.at[0].sink, "intern");
    may = true;
    asked = 0;
}

static void
end(void)
{
    fault_arm(0);
    otel_free(TAKE(o));
    served_free(TAKE(served));
    secret_done(&pepper);
    rig_close(&r);
}

static void
start(str answer, const char *what)
{
    begin(answer);
    snprintf(params.otlp_what, sizeof params.otlp_what, "%s", what);
    NEED_OK(try_open());
    otel_use(o, r.gate);
}

static void
note(unsigned n)
{
    static unsigned serial;
    char id[32];
    for (unsigned i = 0; i < n; i++) {
        struct span_note s = {.operation = "chat",
                              .class = "clerk",
                              .received_us = 1,
                              .decided_us = 2,
                              .ended_us = 3,
                              .ended_wall_ms = 1700000000000};
        snprintf(id, sizeof id, "req_%u", serial++);
        memcpy(s.request_id, id, sizeof id);
        CHECK(otel_trace(o, str_of(id), STR_NONE, &s.trace));
        otel_note(o, &s);
    }
}

static int64_t
value(enum meter id)
{
    return meter_value(&m, id);
}

TEST(notes_go_to_the_collector)
{
    start(TAKEN, "traces");
    note(2);
    RIG_UNTIL(&r, value(METER_OTLP_SENT) == 1);
    CHECK(str_starts(buf_str(&r.u.last), STR("POST /v1/v1/traces HTTP/1.1\r\n")));
    CHECK(str_find(buf_str(&r.u.last), STR("content-type: application/json\r\n")) > 0);
    CHECK(str_find(buf_str(&r.u.last), STR("\"req_1\"")) > 0);
    CHECK_INT(value(METER_OTLP_DROPPED), ==, 0);
    CHECK_INT(asked, ==, 1);
    end();
}

TEST(measures_go_by_themselves)
{
    start(TAKEN, "metrics");
    CHECK(!otel_traces(o));
    RIG_UNTIL(&r, value(METER_OTLP_SENT) >= 2);
    CHECK(str_starts(buf_str(&r.u.last), STR("POST /v1/v1/metrics HTTP/1.1\r\n")));
    end();
}

TEST(many_notes_do_not_wait_for_the_timer)
{
    begin(TAKEN);
    params.otlp_interval_ms = 3600000;
    NEED_OK(try_open());
    otel_use(o, r.gate);
    note(OTEL_BATCH - 1);
    for (int i = 0; i < 5; i++)
        rig_turn(&r);
    CHECK_INT(r.u.requests, ==, 0);
    note(2 * OTEL_BATCH_MAX + 1);
    RIG_UNTIL(&r, value(METER_OTLP_SENT) == 3);
    for (int i = 0; i < 5; i++)
        rig_turn(&r);
    CHECK_INT(r.u.requests, ==, 3);
    CHECK_INT(value(METER_OTLP_DROPPED), ==, 0);
    end();
}

TEST(what_does_not_fit_is_dropped_and_counted)
{
    start(TAKEN, "traces");
    otel_use(o, NULL);
    note((unsigned)params.otlp_queue_max + 7);
    CHECK_INT(value(METER_OTLP_DROPPED), ==, 7);
    otel_use(o, r.gate);
    RIG_UNTIL(&r, value(METER_OTLP_SENT) == (int64_t)params.otlp_queue_max / OTEL_BATCH_MAX);
    CHECK_INT(value(METER_OTLP_DROPPED), ==, 7);
    end();
}

static int refusals;

static void
refuse_twice(struct upstream *u, struct up_conn *c, str request)
{
    (void)request;
    const str busy = STR("HTTP/1.1 503 X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
    up_say_all(c, refusals++ < 2 ? busy : u->answer, false, false);
}

TEST(what_is_wanted_later_comes_again_as_it_was)
{
    start(TAKEN, "traces");
    refusals = 0;
    r.u.script = refuse_twice;
    note(1);
    RIG_UNTIL(&r, value(METER_OTLP_SENT) == 1);
    CHECK_INT(value(METER_OTLP_FAILED), ==, 2);
    CHECK_INT(value(METER_OTLP_DROPPED), ==, 0);
    CHECK_INT(r.u.requests, ==, 3);
    end();
}

TEST(what_is_refused_is_dropped_and_counted)
{
    start(STR("HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n"), "traces");
    note(3);
    RIG_UNTIL(&r, value(METER_OTLP_DROPPED) == 3);
    CHECK_INT(value(METER_OTLP_SENT), ==, 0);
    end();
}

TEST(what_the_collector_rejects_of_a_message_is_counted)
{
    start(STR("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"
              "{\"partialSuccess\":{\"rejectedSpans\":\"2\"}}"),
          "traces");
    note(3);
    RIG_UNTIL(&r, value(METER_OTLP_SENT) == 1);
    CHECK_INT(value(METER_OTLP_DROPPED), ==, 2);
    end();
}

TEST(without_leave_nothing_is_sent)
{
    start(TAKEN, "traces,metrics");
    may = false;
    note(1);
    RIG_UNTIL(&r, value(METER_OTLP_DROPPED) == 1);
    CHECK_INT(r.u.requests, ==, 0);
    CHECK(asked > 0);
    end();
}

TEST(a_collector_that_says_nothing_holds_nobody)
{
    start(TAKEN, "traces");
    params.otlp_wait_ms_max = 100;
    r.u.silent = true;
    note(1);
    RIG_UNTIL(&r, value(METER_OTLP_FAILED) >= 1);
    note(1);
    CHECK_INT(value(METER_OTLP_DROPPED), ==, 0);
    end();
}

TEST(it_can_end_in_the_middle_of_a_message)
{
    start(TAKEN, "traces,metrics");
    r.u.silent = true;
    note(5);
    RIG_UNTIL(&r, r.u.requests == 1);
    end();
}

TEST(settings_that_do_not_fit_are_refused)
{
    begin(TAKEN);
    list.at[0].dialect = PROVIDER_OPENAI;
    CHECK_ERR(otel_check(&params, &list, r.policy), CONFIG);
    list.at[0].dialect = PROVIDER_OTLP;
    CHECK_OK(otel_check(&params, &list, r.policy));
    snprintf(params.otlp_label, sizeof params.otlp_label, "VS-NfD");
    CHECK_ERR(otel_check(&params, &list, r.policy), CONFIG);
    CHECK_ERR(try_open(), CONFIG);
    snprintf(params.otlp_label, sizeof params.otlp_label, "nie gehört");
    CHECK_ERR(otel_check(&params, &list, r.policy), CONFIG);
    params.otlp_collector[0] = 0;
    CHECK_OK(otel_check(&params, NULL, r.policy));
    CHECK_OK(try_open());
    CHECK(o == NULL && !otel_traces(o));
    snprintf(params.otlp_what, sizeof params.otlp_what, "logs");
    CHECK_ERR(otel_check(&params, NULL, r.policy), CONFIG);
    end();
}

TEST(tenants_are_numbers_that_only_this_installation_can_make)
{
    start(TAKEN, "traces");
    const uint64_t amt = otel_tenant(o, STR("amt"));
    CHECK(amt == otel_tenant(o, STR("amt")) && amt != otel_tenant(o, STR("haus")));
    otel_free(TAKE(o));
    pepper.at[0] ^= 1;
    NEED_OK(try_open());
    CHECK(amt != otel_tenant(o, STR("amt")));
    end();
}

TEST(whatever_cannot_be_had_it_ends_well)
{
    begin(TAKEN);
    for (long n = 1; n < 100; n++) {
        fault_arm(n);
        const err e = try_open();
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(!e.code == (o != NULL));
        otel_free(TAKE(o));
        if (!fired)
            break;
    }
    end();
}
