/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/tell/story.h"

#include "unit/cli/rig.h"

/* What `hoheit explain` prints where the daemon tells this. */
static void
explain(struct run *r, const char *told)
{
    AUTO(arena) *a = NULL;
    jval root;
    FILE *out = rig_file();
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(json_read(a, str_of(told), &root));
    struct cli c = {.a = a, .out = out};
    r->status = story_tell(&c, &root).code == ERR_OK ? 0 : 2;
    run_fill(r->out, out);
}

TEST(a_request_that_was_answered_is_told_in_order)
{
    FRESH(r);
    explain(&r, "{\"request\":\"req_1\",\"records\":["
                "{\"seq\":1,\"time\":\"2026-03-01T12:00:00.123Z\",\"event\":\"decision\","
                "\"request\":\"req_1\",\"key\":\"key_9\",\"tenant\":\"amt\",\"op\":\"chat\","
                "\"label\":\"VS-NfD\",\"clearance\":\"VS-NfD//ART9\",\"model\":\"demo\","
                "\"decision\":\"allowed\",\"rule\":\"default\",\"input\":\"aa\"},"
                "{\"seq\":2,\"time\":\"2026-03-01T12:00:01.500Z\",\"event\":\"completion\","
                "\"output\":\"bb\",\"tokens_in\":120,\"tokens_out\":48,\"duration_us\":1377000,"
                "\"first_token_us\":250000,\"outcome\":\"ok\"}]}");
    CHECK_STATUS(&r, 0);
    CHECK_STR(
        str_of(r.out),
        STR("req_1\n2026-03-01 (UTC)\n"
            "  12:00:00.123  allowed: chat with model demo\n"
            "                key key_9\n"
            "                tenant amt\n"
            "                label VS-NfD\n"
            "                clearance VS-NfD//ART9\n"
            "                input sha256 aa\n"
            "  12:00:01.500  ok: 120 tokens read, 48 written, in 1.38 s, the first after 250 ms\n"
            "                output sha256 bb\n"));
}

TEST(a_denial_is_told_with_its_rule_and_who_can_grant)
{
    FRESH(r);
    explain(&r, "{\"request\":\"req_1\",\"records\":[{\"time\":\"2026-03-01T12:00:00.123Z\","
                "\"event\":\"decision\",\"op\":\"chat\",\"decision\":\"denied\","
                "\"rule\":\"clearance.level\",\"why\":\"label VS-NfD is above\"}]}");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "denied: chat\n");
    CHECK_OUT(&r, "why label VS-NfD is above\n");
    CHECK_OUT(&r, "rule clearance.level: The label's level is above the key's clearance.\n");
    CHECK_OUT(&r, "can be granted by security officer (Geheimschutz)\n");
}

TEST(other_records_are_told_by_their_event)
{
    FRESH(r);
    explain(&r,
            "{\"request\":\"req_1\",\"records\":["
            "{\"time\":\"2026-03-01T23:59:59.999Z\",\"event\":\"key.add\",\"object\":\"key_7\"},"
            "{\"time\":\"2026-03-02T00:00:00.000Z\",\"event\":\"log.read\"}]}");
    CHECK_OUT(&r, "2026-03-01 (UTC)\n  23:59:59.999  key.add\n                of key_7\n"
                  "2026-03-02 (UTC)\n  00:00:00.000  log.read\n");
}

TEST(what_was_recorded_cannot_reach_into_the_terminal)
{
    FRESH(r);
    explain(&r, "{\"request\":\"req_1\\u001b[2J\",\"records\":[{\"event\":\"decision\","
                "\"time\":\"2026\\u001b[31m\",\"why\":\"a\\nb\",\"decision\":\"\\u009b\"}]}");
    CHECK_STATUS(&r, 0);
    CHECK_NOT_IN(r.out, "\033");
    CHECK_OUT(&r, "why a�b\n");
}

TEST(records_that_are_none_are_refused)
{
    static const char *const odd[] = {"[]", "{}", "{\"records\":7}", "{\"records\":[]}",
                                      "{\"records\":[7]}"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        FRESH(r);
        explain(&r, odd[i]);
        CHECK_STATUS(&r, 2);
    }
}

TEST(what_it_cost_is_told_and_what_was_not_measured_as_such)
{
    FRESH(r);
    explain(&r, "{\"request\":\"req_1\",\"records\":[{\"time\":\"2026-03-01T12:00:00.123Z\","
                "\"event\":\"completion\",\"cost_micro_euro\":1000141,\"cost_by\":\"usage\","
                "\"outcome\":\"ok\"},{\"time\":\"2026-03-01T12:00:00.123Z\",\"event\":"
                "\"completion\",\"cost_micro_euro\":7,\"cost_by\":\"reservation\","
                "\"outcome\":\"provider_lost\"},{\"time\":\"2026-03-01T12:00:00.123Z\",\"event\":"
                "\"completion\",\"energy_mj\":12034,\"energy_by\":\"rapl\",\"outcome\":\"ok\"},"
                "{\"time\":\"2026-03-01T12:00:00.123Z\",\"event\":\"completion\","
                "\"energy_by\":\"not measured\",\"outcome\":\"ok\"}]}");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "cost 1.000141 euro, by the provider's count\n");
    CHECK_OUT(&r, "cost 0.000007 euro, by the reservation");
    CHECK_OUT(&r, "energy 12.034 joules, by rapl\n");
    CHECK_OUT(&r, "energy not measured\n");
    CHECK(!strstr(r.out, "0.000 joules"));
}
