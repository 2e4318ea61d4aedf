/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/bedrock/signed.h"

TEST(jobs_and_asynchronous_calls_are_refused_clearly)
{
    open_signed();
    AUTO(reply) *start = POST(site.local, "/async-invoke", NULL, "{}");
    AUTO(reply) *get = GET(site.local, "/async-invoke/arn%3Ax", NULL);
    AUTO(reply) *job = POST(site.local, "/model-invocation-job", NULL, "{}");
    AUTO(reply) *stop = POST(site.local, "/model-invocation-job/j1/stop", NULL, "{}");
    check_refused(start, 400, "ValidationException", "not supported");
    check_refused(get, 404, "ResourceNotFoundException", "\"arn:x\"");
    check_refused(job, 400, "ValidationException", "not supported");
    check_refused(stop, 404, "ResourceNotFoundException", "\"j1\"");
    site_close();
}

TEST(lists_are_empty)
{
    static const struct {
        const char *path, *body;
    } lists[] = {{"/async-invoke", "{\"asyncInvokeSummaries\":[]}"},
                 {"/model-invocation-jobs", "{\"invocationJobSummaries\":[]}"}};
    open_signed();
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        AUTO(reply) *r = GET(site.local, lists[i].path, NULL);
        AUTO(reply) *nobody = GET(site.net, lists[i].path, NULL);
        CHECK_INT(r->status, ==, 200);
        CHECK_STR(buf_str(&r->body), str_of(lists[i].body));
        check_refused(nobody, 403, "MissingAuthenticationTokenException", "Missing");
    }
    site_close();
}
