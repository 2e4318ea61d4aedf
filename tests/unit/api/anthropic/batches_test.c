/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/batches.h"

#include "api/anthropic/anthropic.h"
#include "api/responses/batcher_inside.h"
#include "unit/api/responses/send.h"

#define M "/v1/messages/batches"
#define PARAMS(said)                                                                               \
    "{\"model\":\"toy\",\"max_tokens\":4,\"messages\":[{\"role\":\"user\",\"content\":\"" said     \
    "\"}]}"
#define ONE(id, said) "{\"custom_id\":\"" id "\",\"params\":" PARAMS(said) "}"

static void
open_batches(void)
{
    static struct route_table tables[3];
    tables[0] = openai_table;
    tables[1] = responses_table;
    tables[2] = anthropic_table;
    site_open(tables, 3, &openai_dialect);
    CHECK_OK(works_new(site.rig.gate, site.api, &works));
}

static reply *
begin(const char *key, const char *marked, const char *body)
{
    return SEND(.method = "POST", .path = M, .key = key, .label = marked, .body = str_of(body));
}

static const char *
begun(const char *key, const char *marked, const char *body)
{
    AUTO(reply) *r = begin(key, marked, body);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "processing_status"), STR("in_progress"));
    return arena_str(site.rig.a, reply_text(r, "id")).at;
}

static void
wait_over(void)
{
    (void)SITE_UNTIL(!works->batcher->jobs);
}

TEST(a_batch_runs_and_its_results_have_the_shape_of_this_dialect)
{
    open_batches();
    const char *k = site_key("amt", "VS-NfD");
    AUTO(reply) *r =
        begin(k, "intern",
              "{\"requests\":[" ONE("a", "x") "," ONE(
                  "b", "y") ",{\"custom_id\":\"c\",\"params\":{\"model\":\"nix\",\"max_tokens\":1,"
                            "\"messages\":[]}}]}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "type"), STR("message_batch"));
    CHECK_INT(reply_number(r, "request_counts.processing"), ==, 3);
    CHECK(json_type(reply_at(r, "results_url")) == J_NULL);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("intern"));
    const char *const id = arena_str(site.rig.a, reply_text(r, "id")).at;
    CHECK(str_starts(str_of(id), STR("msgbatch_")));
    wait_over();
    AUTO(reply) *over = SEND(.path = path_of(M "/{id}", str_of(id)), .key = k);
    CHECK_STR(reply_text(over, "processing_status"), STR("ended"));
    CHECK_INT(reply_number(over, "request_counts.succeeded"), ==, 2);
    CHECK_INT(reply_number(over, "request_counts.errored"), ==, 1);
    CHECK_INT(reply_number(over, "request_counts.processing"), ==, 0);
    CHECK(str_ends(reply_text(over, "results_url"), STR("/results")));
    AUTO(reply) *results = SEND(.path = path_of(M "/{id}/results", str_of(id)), .key = k);
    CHECK_INT(results->status, ==, 200);
    CHECK_STR(reply_field(results, "content-type"), STR("application/x-jsonl"));
    CHECK_STR(reply_field(results, "x-hoheit-label"), STR("intern"));
    str rest = buf_str(&results->body), line;
    size_t lines = 0, good = 0, bad = 0;
    while (str_next(&rest, '\n', &line) && line.len) {
        const str type = text_below(site.rig.a, line, "result.type");
        good += str_eq(type, STR("succeeded")) &&
                str_eq(text_below(site.rig.a, line, "result.message.type"), STR("message"));
        bad += str_eq(type, STR("errored")) &&
               str_eq(text_below(site.rig.a, line, "result.error.type"), STR("error"));
        lines++;
    }
    CHECK_INT(lines, ==, 3);
    CHECK_INT(good, ==, 2);
    CHECK_INT(bad, ==, 1);
    close_site();
}

TEST(what_is_no_batch_is_refused)
{
    static const char *const bad[] = {
        "{}",
        "{\"requests\":[]}",
        "{\"requests\":{}}",
        "{\"requests\":[7]}",
        "{\"requests\":[{\"custom_id\":\"a\"}]}",
        "{\"requests\":[{\"params\":{}}]}",
        "{\"requests\":[{\"custom_id\":\"a b\",\"params\":{}}]}",
        "{\"requests\":[{\"custom_id\":\"a\",\"params\":[]}]}",
        "{\"requests\":[{\"custom_id\":\"a\",\"params\":{\"stream\":true}}]}",
        "{\"requests\":[{\"custom_id\":\"a\",\"params\":{},\"url\":\"x\"}]}",
        "{\"requests\":[" ONE("a", "x") "," ONE("a", "y") "]}",
        "{\"requests\":[" ONE("a", "x") "],\"model\":\"toy\"}",
    };
    open_batches();
    const char *k = site_key("amt", "VS-NfD");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = begin(k, NULL, bad[i]);
        if (r->status != 400 || !str_eq(reply_text(r, "type"), STR("error")))
            test_fail(__FILE__, __LINE__, "%s: %d", bad[i], r->status);
    }
    AUTO(reply) *high =
        begin(site_key("unten", "offen"), "VS-NfD", "{\"requests\":[" ONE("a", "x") "]}");
    CHECK_INT(high->status, ==, 403);
    AUTO(reply) *list = SEND(.path = M, .key = k);
    CHECK(!reply_at(list, "data.0").v);
    close_site();
}

TEST(one_that_is_stopped_says_so_and_what_was_not_run_is_canceled)
{
    open_batches();
    site.rig.params.gate_batch_running_max = 1;
    const char *k = site_key("amt", "VS-NfD");
    const char *const id =
        begun(k, NULL, "{\"requests\":[" ONE("a", "!hang") "," ONE("b", "!hang") "]}");
    AUTO(reply) *early = SEND(.path = path_of(M "/{id}/results", str_of(id)), .key = k);
    CHECK_INT(early->status, ==, 400);
    AUTO(reply) *kept = SEND(.method = "DELETE", .path = path_of(M "/{id}", str_of(id)), .key = k);
    CHECK_INT(kept->status, ==, 400);
    AUTO(reply) *stop =
        SEND(.method = "POST", .path = path_of(M "/{id}/cancel", str_of(id)), .key = k);
    CHECK_STR(reply_text(stop, "processing_status"), STR("canceling"));
    wait_over();
    AUTO(reply) *over = SEND(.path = path_of(M "/{id}", str_of(id)), .key = k);
    CHECK_STR(reply_text(over, "processing_status"), STR("ended"));
    CHECK_INT(reply_number(over, "request_counts.canceled"), ==, 2);
    AUTO(reply) *results = SEND(.path = path_of(M "/{id}/results", str_of(id)), .key = k);
    CHECK_STR(buf_str(&results->body),
              STR("{\"custom_id\":\"a\",\"result\":{\"type\":\"canceled\"}}\n"
                  "{\"custom_id\":\"b\",\"result\":{\"type\":\"canceled\"}}\n"));
    AUTO(reply) *again =
        SEND(.method = "POST", .path = path_of(M "/{id}/cancel", str_of(id)), .key = k);
    CHECK_STR(reply_text(again, "processing_status"), STR("ended"));
    AUTO(reply) *gone = SEND(.method = "DELETE", .path = path_of(M "/{id}", str_of(id)), .key = k);
    CHECK_STR(reply_text(gone, "type"), STR("message_batch_deleted"));
    AUTO(reply) *none = SEND(.path = path_of(M "/{id}", str_of(id)), .key = k);
    CHECK_INT(none->status, ==, 404);
    close_site();
}

TEST(lists_go_both_ways_and_each_dialect_has_its_own)
{
    open_batches();
    const char *k = site_key("amt", "VS-NfD"), *other = site_key("du", "VS-NfD");
    const char *ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = begun(k, NULL, "{\"requests\":[" ONE("a", "x") "]}");
    wait_over();
    AUTO(reply) *all = SEND(.path = M "?limit=2", .key = k);
    CHECK_STR(reply_text(all, "data.0.id"), str_of(ids[2]));
    CHECK_STR(reply_text(all, "last_id"), str_of(ids[1]));
    CHECK(reply_has(all, "\"has_more\":true"));
    AUTO(reply) *after = SEND(.path = arena_fmt(site.rig.a, M "?after_id=%s", ids[1]).at, .key = k);
    CHECK_STR(reply_text(after, "first_id"), str_of(ids[0]));
    AUTO(reply) *before =
        SEND(.path = arena_fmt(site.rig.a, M "?before_id=%s", ids[0]).at, .key = k);
    CHECK_STR(reply_text(before, "data.0.id"), str_of(ids[2]));
    CHECK_STR(reply_text(before, "data.1.id"), str_of(ids[1]));
    AUTO(reply) *theirs = SEND(.path = M, .key = other);
    CHECK(!reply_at(theirs, "data.0").v);
    AUTO(reply) *openai = SEND(.path = "/v1/batches", .key = k);
    CHECK(!reply_at(openai, "data.0").v);
    static const char *const bad[] = {M "?limit=0", M "?after=x", M "?after_id=nix",
                                      M "?after_id=a&before_id=b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = SEND(.path = bad[i], .key = k);
        CHECK_INT(r->status, ==, 400);
    }
    AUTO(reply) *foreign = SEND(.path = path_of(M "/{id}", str_of(ids[0])), .key = other);
    CHECK_INT(foreign->status, ==, 404);
    AUTO(reply) *wrong = SEND(.path = M "/batch_x", .key = k);
    CHECK_INT(wrong->status, ==, 404);
    close_site();
}
