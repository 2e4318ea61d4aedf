/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/jobs.h"

#include "api/bedrock/bedrock.h"
#include "api/responses/batcher_inside.h"
#include "unit/api/responses/send.h"

#define OUT "\"outputDataConfig\":{\"s3OutputDataConfig\":{\"s3Uri\":\"s3://hoheit/\"}}"
#define HELLO                                                                                      \
    "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":4,\"messages\":[{\"role\":"      \
    "\"user\",\"content\":\"Hallo\"}]}"
#define ASYNC_OF(model, more) "{\"modelId\":\"" model "\",\"modelInput\":" HELLO "," OUT more "}"

static const char *k;

static void
open_jobs(void)
{
    static struct route_table tables[3];
    tables[0] = openai_table;
    tables[1] = responses_table;
    tables[2] = bedrock_table;
    site_open(tables, 3, &openai_dialect);
    CHECK_OK(works_new(site.rig.gate, site.api, &works));
    k = site_key("amt", "VS-NfD");
}

static void
wait_over(void)
{
    (void)SITE_UNTIL(!works->batcher->jobs);
}

static reply *
post(const char *path, const char *marked, const char *body)
{
    return SEND(.method = "POST", .path = path, .key = k, .label = marked, .body = str_of(body));
}

/* "/async-invoke/ARN", encoded as clients do. */
static const char *
path_below(const char *list, str arn, const char *more)
{
    AUTO(buf) b = BUF(1024);
    buf_add(&b, str_of(list));
    buf_add_char(&b, '/');
    for (size_t i = 0; i < arn.len; i++)
        if (arn.at[i] == '/' || arn.at[i] == ':')
            buf_add_fmt(&b, "%%%02X", (unsigned)arn.at[i]);
        else
            buf_add_char(&b, arn.at[i]);
    buf_add(&b, str_of(more));
    return arena_str(site.rig.a, buf_str(&b)).at;
}

/* Of "s3://hoheit/FILE". */
static reply *
fetch(str uri)
{
    CHECK(str_starts(uri, STR("s3://hoheit/file-")));
    const str file = str_slice(uri, strlen("s3://hoheit/"), uri.len);
    return SEND(.path = path_of("/v1/files/{id}/content", file), .key = k);
}

TEST(a_call_in_the_background_ends_in_a_file)
{
    open_jobs();
    AUTO(reply) *r =
        post("/async-invoke", "intern", ASYNC_OF("toy", ",\"clientRequestToken\":\"t1\""));
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("intern"));
    const str arn = arena_str(site.rig.a, reply_text(r, "invocationArn"));
    CHECK(str_starts(arn, STR("arn:aws:bedrock:local::async-invoke/async_")));
    wait_over();
    AUTO(reply) *over = SEND(.path = path_below("/async-invoke", arn, ""), .key = k);
    CHECK_STR(reply_text(over, "status"), STR("Completed"));
    CHECK_STR(reply_text(over, "invocationArn"), arn);
    CHECK_STR(reply_text(over, "clientRequestToken"), STR("t1"));
    CHECK_STR(reply_text(over, "modelArn"), STR("arn:aws:bedrock:local::foundation-model/toy"));
    CHECK(reply_at(over, "submitTime").v && reply_at(over, "endTime").v);
    AUTO(reply) *file = fetch(reply_text(over, "outputDataConfig.s3OutputDataConfig.s3Uri"));
    CHECK_INT(file->status, ==, 200);
    CHECK_STR(reply_field(file, "x-hoheit-label"), STR("intern"));
    CHECK(reply_has(file, "\"custom_id\":\"output\"") && reply_has(file, "\"status_code\":200"));
    CHECK(reply_has(file, "\"type\":\"message\""));
    close_site();
}

TEST(one_that_the_model_refuses_has_failed_and_says_where_the_reason_is)
{
    open_jobs();
    AUTO(reply) *r =
        post("/async-invoke", NULL, "{\"modelId\":\"toy\",\"modelInput\":{\"x\":1}," OUT "}");
    CHECK_INT(r->status, ==, 200);
    const str arn = arena_str(site.rig.a, reply_text(r, "invocationArn"));
    wait_over();
    AUTO(reply) *over = SEND(.path = path_below("/async-invoke", arn, ""), .key = k);
    CHECK_STR(reply_text(over, "status"), STR("Failed"));
    CHECK(reply_text(over, "failureMessage").len > 0);
    AUTO(reply) *file = fetch(reply_text(over, "outputDataConfig.s3OutputDataConfig.s3Uri"));
    CHECK(reply_has(file, "\"status_code\":400"));
    close_site();
}

TEST(a_job_runs_each_line_of_a_file)
{
    open_jobs();
    const str file = put_file(k, "intern", "batch",
                              STR("{\"recordId\":\"eins\",\"modelInput\":" HELLO "}\n\n"
                                  "{\"modelInput\":{\"bad\":1}}\n"));
    char body[600];
    snprintf(body, sizeof body,
             "{\"jobName\":\"nacht\",\"roleArn\":\"arn:aws:iam::1:role/r\",\"modelId\":\"toy\","
             "\"inputDataConfig\":{\"s3InputDataConfig\":{\"s3InputFormat\":\"JSONL\",\"s3Uri\":"
             "\"s3://hoheit/%.*s\"}}," OUT "}",
             STR_FMT(file));
    AUTO(reply) *r = post("/model-invocation-job", NULL, body);
    CHECK_INT(r->status, ==, 200);
    const str arn = arena_str(site.rig.a, reply_text(r, "jobArn"));
    wait_over();
    AUTO(reply) *over = SEND(.path = path_below("/model-invocation-job", arn, ""), .key = k);
    CHECK_STR(reply_text(over, "status"), STR("PartiallyCompleted"));
    CHECK_STR(reply_text(over, "jobName"), STR("nacht"));
    CHECK_STR(reply_text(over, "modelId"), STR("toy"));
    CHECK_STR(reply_text(over, "modelInvocationType"), STR("InvokeModel"));
    CHECK_INT(reply_number(over, "totalRecordCount"), ==, 2);
    CHECK_INT(reply_number(over, "errorRecordCount"), ==, 1);
    CHECK_STR(reply_field(over, "x-hoheit-label"), STR("intern"));
    AUTO(reply) *good = fetch(reply_text(over, "outputDataConfig.s3OutputDataConfig.s3Uri"));
    CHECK(reply_has(good, "\"custom_id\":\"eins\""));
    AUTO(reply) *late = post(path_below("/model-invocation-job", arn, "/stop"), NULL, "");
    CHECK_INT(late->status, ==, 409);
    close_site();
}

TEST(who_asks_again_with_the_same_token_gets_the_same_job)
{
    open_jobs();
    const char *const body = ASYNC_OF("toy", ",\"clientRequestToken\":\"t1\"");
    AUTO(reply) *one = post("/async-invoke", NULL, body);
    wait_over();
    AUTO(reply) *two = post("/async-invoke", NULL, body);
    CHECK_INT(two->status, ==, 200);
    CHECK_STR(reply_text(two, "invocationArn"), reply_text(one, "invocationArn"));
    AUTO(reply) *third =
        post("/async-invoke", NULL, ASYNC_OF("toy", ",\"clientRequestToken\":\"t2\""));
    CHECK(!str_eq(reply_text(third, "invocationArn"), reply_text(one, "invocationArn")));
    const char *const other = site_key("nachbar", "VS-NfD");
    AUTO(reply) *theirs =
        SEND(.method = "POST", .path = "/async-invoke", .key = other, .body = str_of(body));
    CHECK_INT(theirs->status, ==, 200);
    CHECK(!str_eq(reply_text(theirs, "invocationArn"), reply_text(one, "invocationArn")));
    wait_over();
    AUTO(reply) *list = SEND(.path = "/async-invoke", .key = k);
    CHECK(reply_at(list, "asyncInvokeSummaries.1").v &&
          !reply_at(list, "asyncInvokeSummaries.2").v);
    close_site();
}

TEST(lists_show_each_kind_by_itself_and_in_pages)
{
    open_jobs();
    for (int i = 0; i < 3; i++) {
        AUTO(reply) *r = post("/async-invoke", NULL, ASYNC_OF("toy", ""));
        CHECK_INT(r->status, ==, 200);
    }
    wait_over();
    AUTO(reply) *one = SEND(.path = "/async-invoke?maxResults=2", .key = k);
    CHECK(reply_at(one, "asyncInvokeSummaries.1").v && !reply_at(one, "asyncInvokeSummaries.2").v);
    const char *path = arena_fmt(site.rig.a, "/async-invoke?maxResults=2&nextToken=%.*s",
                                 STR_FMT(reply_text(one, "nextToken")))
                           .at;
    AUTO(reply) *two = SEND(.path = path, .key = k);
    CHECK(reply_at(two, "asyncInvokeSummaries.0").v && !reply_at(two, "asyncInvokeSummaries.1").v);
    CHECK(!reply_at(two, "nextToken").v);
    AUTO(reply) *jobs = SEND(.path = "/model-invocation-jobs", .key = k);
    CHECK_STR(buf_str(&jobs->body), STR("{\"invocationJobSummaries\":[]}"));
    AUTO(reply) *others = SEND(.path = "/async-invoke", .key = site_key("nachbar", "VS-NfD"));
    CHECK_STR(buf_str(&others->body), STR("{\"asyncInvokeSummaries\":[]}"));
    AUTO(reply) *batches = SEND(.path = "/v1/batches", .key = k);
    CHECK(!reply_at(batches, "data.0").v);
    static const char *const bad[] = {"maxResults=0", "sortOrder=up", "statusEquals=Failed"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r =
            SEND(.path = arena_fmt(site.rig.a, "/async-invoke?%s", bad[i]).at, .key = k);
        CHECK_INT(r->status, ==, 400);
    }
    close_site();
}

TEST(what_cannot_be_begun_is_refused_with_the_reason)
{
#define JOB(more) "{\"jobName\":\"j\",\"roleArn\":\"r\",\"modelId\":\"toy\"," OUT more "}"
#define FROM(uri) ",\"inputDataConfig\":{\"s3InputDataConfig\":{\"s3Uri\":\"" uri "\"}}"
    static const struct {
        const char *path, *body, *says;
        int status;
    } cases[] = {
        {"/async-invoke", "{}", "modelId", 400},
        {"/async-invoke", ASYNC_OF("nix", ""), "nix", 404},
        {"/async-invoke", ASYNC_OF("toy", ",\"tags\":[{\"key\":\"a\",\"value\":\"b\"}]"), "tags",
         400},
        {"/async-invoke", ASYNC_OF("toy", ",\"colour\":1"), "colour", 400},
        {"/async-invoke",
         "{\"modelId\":\"toy\",\"modelInput\":{},\"outputDataConfig\":{\"s3OutputDataConfig\":{"
         "\"s3Uri\":\"s3://bucket/x\"}}}",
         "there is no S3 here", 400},
        {"/async-invoke",
         "{\"modelId\":\"toy\",\"modelInput\":{},\"outputDataConfig\":{\"s3OutputDataConfig\":{"
         "\"s3Uri\":\"s3://hoheit/name\"}}}",
         "name of its own", 400},
        {"/async-invoke", "{\"modelId\":\"toy\",\"modelInput\":7," OUT "}", "modelInput", 400},
        {"/model-invocation-job", JOB(""), "inputDataConfig", 400},
        {"/model-invocation-job", JOB(FROM("s3://other/f")), "there is no S3 here", 400},
        {"/model-invocation-job", JOB(FROM("s3://hoheit/file-none")), "inputDataConfig", 400},
        {"/model-invocation-job", JOB(FROM("s3://hoheit/f") ",\"timeoutDurationInHours\":48"),
         "timeoutDurationInHours", 400},
        {"/model-invocation-job", JOB(FROM("s3://hoheit/f") ",\"vpcConfig\":{\"subnetIds\":[]}"),
         "vpcConfig", 400},
        {"/model-invocation-job", JOB(FROM("s3://hoheit/f") ",\"modelInvocationType\":\"X\""),
         "modelInvocationType", 400},
    };
    open_jobs();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = post(cases[i].path, NULL, cases[i].body);
        if (r->status != cases[i].status || !reply_has(r, cases[i].says))
            test_fail(__FILE__, __LINE__, "%s: %d %.*s", cases[i].body, r->status,
                      STR_FMT(buf_str(&r->body)));
    }
    close_site();
}

TEST(a_file_that_is_no_input_is_refused_by_its_line)
{
    static const struct {
        const char *lines, *says;
    } cases[] = {{"", "no lines"},
                 {"{\"modelInput\":{}}\nx\n", "line 2 of"},
                 {"{\"recordId\":7,\"modelInput\":{}}\n", "line 1 of"},
                 {"{\"recordId\":\"a\"}\n", "line 1 of"}};
    open_jobs();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[600];
        const str file = put_file(k, NULL, "batch", str_of(cases[i].lines));
        snprintf(body, sizeof body,
                 "{\"jobName\":\"j\",\"roleArn\":\"r\",\"modelId\":\"toy\",\"inputDataConfig\":{"
                 "\"s3InputDataConfig\":{\"s3Uri\":\"s3://hoheit/%.*s\"}}," OUT "}",
                 STR_FMT(file));
        AUTO(reply) *r = post("/model-invocation-job", NULL, body);
        CHECK_INT(r->status, ==, 400);
        if (!reply_has(r, cases[i].says))
            test_fail(__FILE__, __LINE__, "%.*s", STR_FMT(buf_str(&r->body)));
    }
    close_site();
}

TEST(what_is_no_job_of_this_kind_or_of_another_key_is_not_there)
{
    open_jobs();
    AUTO(reply) *r = post("/async-invoke", NULL, ASYNC_OF("toy", ""));
    const str arn = arena_str(site.rig.a, reply_text(r, "invocationArn"));
    wait_over();
    AUTO(reply) *job = SEND(.path = path_below("/model-invocation-job", arn, ""), .key = k);
    CHECK_INT(job->status, ==, 404);
    AUTO(reply) *other =
        SEND(.path = path_below("/async-invoke", arn, ""), .key = site_key("nachbar", "VS-NfD"));
    CHECK_INT(other->status, ==, 404);
    AUTO(reply) *none = SEND(.path = "/async-invoke/arn%3Ax", .key = k);
    CHECK_INT(none->status, ==, 404);
    CHECK(reply_has(none, "\\\"arn:x\\\""));
    AUTO(reply) *stop = post("/model-invocation-job/j1/stop", NULL, "");
    CHECK_INT(stop->status, ==, 404);
    AUTO(reply) *nobody = SEND(.path = "/async-invoke");
    CHECK_INT(nobody->status, ==, 403);
    close_site();
}

/* A lower label than the input's is no way out. */
TEST(a_job_has_at_least_the_label_of_its_input)
{
    open_jobs();
    const str file = put_file(k, "VS-NfD", "batch", STR("{\"modelInput\":" HELLO "}\n"));
    char body[600];
    snprintf(body, sizeof body,
             "{\"jobName\":\"j\",\"roleArn\":\"r\",\"modelId\":\"toy\",\"inputDataConfig\":{"
             "\"s3InputDataConfig\":{\"s3Uri\":\"s3://hoheit/%.*s\"}}," OUT "}",
             STR_FMT(file));
    AUTO(reply) *r = post("/model-invocation-job", "offen", body);
    if (r->status == 200)
        CHECK_STR(reply_field(r, "x-hoheit-label"), STR("VS-NfD"));
    wait_over();
    close_site();
}
