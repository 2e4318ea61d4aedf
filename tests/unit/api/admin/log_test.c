/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/admin/admin_api.h"

#include "unit/api/reply.h"

static void
open_site(void)
{
    site_open(&admin_table, 1, &admin_dialect);
}

static reply *
ask(const char *method, const char *path, const char *body)
{
    return reply_to(site.local, (struct wish){method, path, NULL, NULL, str_of(body)});
}

static int
status_of(const char *method, const char *path, const char *body)
{
    AUTO(reply) *r = ask(method, path, body);
    return r->status;
}

TEST(records_are_found_and_the_reading_is_recorded)
{
    open_site();
    AUTO(reply) *none = ask("GET", "/admin/v1/log/records?event=log.read", "");
    CHECK_INT(none->status, ==, 200);
    CHECK_STR(buf_str(&none->body), STR("{\"records\":[],\"complete\":true}"));
    AUTO(reply) *one = ask("GET", "/admin/v1/log/records?event=log.read&limit=1", "");
    CHECK_STR(reply_text(one, "records.0.event"), STR("log.read"));
    CHECK_STR(reply_text(one, "records.0.object"), STR("records?event=log.read"));
    AUTO(reply) *all = ask("GET", "/admin/v1/log/records?since=2020-01-01T00:00:00.000Z", "");
    CHECK_STR(reply_text(all, "records.1.event"), STR("log.read"));
    site_close();
}

TEST(what_cannot_be_asked_is_refused)
{
    static const char *const bad[] = {"limit=0",         "limit=1025",   "limit=x",
                                      "label=offen",     "key=a&rule=b", "since=yesterday",
                                      "until=2026-03-01"};
    open_site();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "/admin/v1/log/records?%s", bad[i]);
        CHECK_INT(status_of("GET", path, ""), ==, 400);
    }
    site_close();
}

TEST(an_alarm_is_raised_shown_and_not_cleared_by_the_operator)
{
    open_site();
    AUTO(reply) *quiet = ask("GET", "/admin/v1/log/alarm", "");
    CHECK_STR(buf_str(&quiet->body), STR("{\"alarm\":false}"));
    CHECK_INT(
        status_of("POST", "/admin/v1/log/alarm", "{\"witness\":\"w\",\"why\":\"it saw more\"}"), ==,
        200);
    AUTO(reply) *loud = ask("GET", "/admin/v1/log/alarm", "");
    CHECK_STR(reply_text(loud, "record.object"), STR("w"));
    CHECK_STR(reply_text(loud, "record.why"), STR("it saw more"));
    CHECK_INT(status_of("POST", "/admin/v1/log/clear", "{\"reason\":\"none\"}"), ==, 403);
    CHECK_INT(status_of("POST", "/admin/v1/log/cosign", "{\"note\":\"x\"}"), ==, 500);
    site_close();
}

TEST(what_is_no_alarm_is_refused)
{
    static const char *const bad[] = {"",
                                      "{}",
                                      "{\"witness\":\"w\"}",
                                      "{\"why\":\"x\"}",
                                      "{\"witness\":\"\",\"why\":\"x\"}",
                                      "{\"witness\":\"w\",\"why\":\"\"}",
                                      "{\"witness\":\"w\",\"why\":\"two\\nlines\"}",
                                      "{\"witness\":7,\"why\":\"x\"}",
                                      "{\"witness\":\"w\",\"why\":\"x\",\"more\":1}"};
    open_site();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(status_of("POST", "/admin/v1/log/alarm", bad[i]), ==, 400);
    AUTO(reply) *quiet = ask("GET", "/admin/v1/log/alarm", "");
    CHECK_STR(buf_str(&quiet->body), STR("{\"alarm\":false}"));
    site_close();
}

TEST(what_is_no_file_of_the_log_is_not_handed_out)
{
    open_site();
    CHECK_INT(status_of("GET", "/log/nothing", ""), ==, 400);
    CHECK_INT(status_of("POST", "/admin/v1/log/cosign", "{}"), ==, 400);
    site_close();
}
