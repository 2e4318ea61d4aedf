/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/provider_list.h"
#include "unit/gate/caller.h"

static struct rig rig;

static void
on_durable(void *ctx, err e)
{
    unsigned *calls = ctx;
    CHECK_OK(e);
    ++*calls;
}

/* A decision about `request`, asked for by `key`, made durable. */
static void
record(const char *request, const char *key)
{
    const struct audit_record r = {.event = EVENT_DECISION,
                                   .request_id = str_of(request),
                                   .key_id = str_of(key),
                                   .decision = "allowed",
                                   .outcome = ""};
    unsigned calls = 0;
    CHECK_OK(audit_append(rig.audit, &r, on_durable, &calls));
    RIG_UNTIL(&rig, calls);
}

static err
explain(struct caller *c, const char *request, buf *b)
{
    buf_clear(b);
    return caller_wait(c, admin_explain_put(&c->call, str_of(request), b));
}

TEST(an_operator_sees_the_records_of_any_request_and_is_recorded)
{
    AUTO(buf) b = BUF(65536);
    jval root;
    rig_open(&rig);
    record("req_1", "key_plain");
    record("req_1", "key_plain");
    OPERATOR(c, &rig);
    NEED_OK(explain(&c, "req_1", &b));
    CHECK_OK(json_read(rig.a, buf_str(&b), &root));
    const jval records = json_get(&root, "records");
    CHECK_INT(json_count(&records), ==, 2);
    CHECK(rig_has(buf_str(&b), "\"request\":\"req_1\""));
    CHECK(rig_has(rig_record(&rig, "log.read", c.id, 0), "\"object\":\"req_1\""));
    rig_close(&rig);
}

TEST(the_answer_to_who_reads_records_waits_for_the_record_of_that)
{
    AUTO(buf) b = BUF(65536);
    rig_open(&rig);
    record("req_1", "key_plain");
    OPERATOR(c, &rig);
    disk_hold();
    CHECK_OK(admin_explain_put(&c.call, STR("req_1"), &b));
    rig_settle(&rig);
    CHECK_INT(c.done, ==, 0);
    disk_release();
    RIG_UNTIL(&rig, c.done);
    rig_close(&rig);
}

TEST(others_see_their_own_and_learn_nothing_of_the_rest)
{
    AUTO(buf) b = BUF(65536);
    rig_open(&rig);
    record("req_mine", "key_plain");
    record("req_other", "key_plain2");
    record("req_none_such", "");
    PLAIN(c, &rig);
    CHECK_OK(explain(&c, "req_mine", &b));
    CHECK(rig_has(buf_str(&b), "\"key\":\"key_plain\""));
    PLAIN(d, &rig);
    CHECK_ERR(explain(&d, "req_other", &b), NOT_FOUND);
    const str other = arena_str(rig.a, str_of(err_public((err){ERR_NOT_FOUND})));
    CHECK_ERR(explain(&d, "req_0000", &b), NOT_FOUND);
    CHECK_STR(str_of(err_public((err){ERR_NOT_FOUND})), other);
    CHECK_ERR(explain(&d, "req_none_such", &b), NOT_FOUND);
    CHECK_ERR(explain(&d, "", &b), NOT_FOUND);
    CHECK_ERR(explain(&d, "x\" y", &b), NOT_FOUND);
    CHECK(!rig_record(&rig, "log.read", d.id, 0).len);
    rig_close(&rig);
}

TEST(the_status_shows_engines_as_they_come)
{
    struct engine *en;
    engines_wait *w;
    jval root;
    rig_open(&rig);
    for (int i = 0; i < 2; i++) {
        AUTO(buf) b = BUF(65536);
        OPERATOR(c, &rig);
        CHECK_OK(admin_status_put(&c.call, &b));
        CHECK_OK(json_read(rig.a, buf_str(&b), &root));
        const jval list = json_get(&root, "engines");
        CHECK_INT(json_count(&list), ==, i);
        CHECK(rig_has(buf_str(&b), "\"level_max\":\"VS-NfD\""));
        if (i == 1)
            break;
        CHECK_OK(engines_get(rig.gate->engines, registry_get(rig.registry, STR("toy")), NULL, NULL,
                             &en, &w));
        engines_forget(w);
    }
    rig_ready(&rig, 0);
    RIG_UNTIL(&rig, gate_engines_ready(rig.gate));
    AUTO(buf) b = BUF(65536);
    OPERATOR(c, &rig);
    CHECK_OK(admin_status_put(&c.call, &b));
    CHECK(rig_has(buf_str(&b), "\"model\":\"toy\",\"state\":\"ready\",\"progress\":1"));
    CHECK(rig_has(buf_str(&b), "\"engine\":\"played\",\"context_tokens\":4096"));
    rig_close(&rig);
}

TEST(the_status_shows_providers_also_when_nothing_is_heard_of_them)
{
    static struct provider_list list = {.count = 1};
    static const struct provider_list none;
    AUTO(buf) b = BUF(65536);
    rig_open(&rig);
    OPERATOR(c, &rig);
    CHECK_OK(admin_status_put(&c.call, &b));
    CHECK(rig_has(buf_str(&b), "\"providers\":[]"));
    list.at[0] = (struct provider_public){
        .name = "kopf", .sink = "offen//REL EU", .region = "eu", .dialect = PROVIDER_BEDROCK};
    rig.gate->parts.providers = &list;
    OPERATOR(d, &rig);
    buf_clear(&b);
    CHECK_OK(admin_status_put(&d.call, &b));
    CHECK(rig_has(buf_str(&b), "{\"name\":\"kopf\",\"dialect\":\"bedrock\",\"region\":\"eu\","
                               "\"sink\":\"offen//REL EU\",\"state\":\"unknown\",\"running\":0,"
                               "\"failures\":0,\"latency_us\":0}"));
    rig.gate->parts.providers = &none;
    rig_close(&rig);
}

TEST(the_status_tells_witnesses_from_providers_and_a_key_that_is_none_opens_no_gate)
{
    static struct provider_list list = {.count = 1};
    AUTO(buf) b = BUF(65536);
    gate *none = NULL;
    rig_open(&rig);
    OPERATOR(c, &rig);
    list.at[0] = (struct provider_public){.name = "w", .dialect = PROVIDER_WITNESS};
    rig.gate->parts.providers = &list;
    CHECK_OK(admin_status_put(&c.call, &b));
    CHECK(rig_has(buf_str(&b), "\"providers\":[]"));
    CHECK(rig_has(buf_str(&b), "\"witnesses\":{\"wanted\":0,"));
    struct gate_parts parts = rig_parts(&rig, -1);
    parts.providers = &list;
    CHECK_ERR(gate_new(&parts, &none), CONFIG);
    CHECK(none == NULL);
    rig.gate->parts.providers = NULL;
    rig_close(&rig);
}

TEST(the_counters_are_shown_to_operators_only)
{
    AUTO(buf) b = BUF(65536);
    rig_open(&rig);
    OPERATOR(c, &rig);
    PLAIN(d, &rig);
    CHECK_OK(admin_metrics_put(&c.call, &b));
    CHECK(rig_has(buf_str(&b), "hoheit_decisions_denied_total 0"));
    buf_clear(&b);
    CHECK_ERR(admin_metrics_put(&d.call, &b), DENIED);
    CHECK_ERR(admin_status_put(&d.call, &b), DENIED);
    CHECK_INT(b.len, ==, 0);
    rig_close(&rig);
}

TEST(whatever_fails_nothing_half_written_is_called_good)
{
    bool fired = true;
    rig_open(&rig);
    record("req_1", "key_plain");
    for (long n = 1; fired; n++) {
        AUTO(buf) b = BUF(65536);
        jval root;
        PLAIN(c, &rig);
        fault_arm(n);
        const err e = explain(&c, "req_1", &b);
        fired = fault_fired();
        fault_arm(0);
        CHECK(!e.code || fired);
        if (!e.code)
            CHECK_OK(json_read(rig.a, buf_str(&b), &root));
    }
    rig_close(&rig);
}
