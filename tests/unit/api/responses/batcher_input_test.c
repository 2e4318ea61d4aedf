/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/batcher_inside.h"

#include "unit/api/responses/batch_rig.h"

/* What becomes of a batch over these bytes: its state and the codes of its errors. */
static void
becomes(const char *key, str bytes, const char *status, const char *code)
{
    AUTO(reply) *r = begin_batch(key, NULL, put_file(key, NULL, "batch", bytes));
    CHECK_INT(r->status, ==, 200);
    AUTO(reply) *over = batch_when_over(key, arena_str(site.rig.a, reply_text(r, "id")));
    CHECK_STR(reply_text(over, "status"), str_of(status));
    if (code)
        CHECK_STR(reply_text(over, "errors.data.0.code"), str_of(code));
}

#define GOOD(id)                                                                                   \
    "{\"custom_id\":\"" id "\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{"    \
    "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}}"

TEST(lines_end_as_they_please)
{
    open_site();
    const char *k = site_key("amt", "intern");
    becomes(k, STR(GOOD("a") "\n" GOOD("b")), "completed", NULL);
    becomes(k, STR(GOOD("a") "\r\n\r\n  \n" GOOD("b") "\n\n"), "completed", NULL);
    close_site();
}

TEST(an_input_out_of_shape_fails_before_anything_runs)
{
    open_site();
    const char *k = site_key("amt", "intern");
    becomes(k, STR(""), "failed", "empty_file");
    becomes(k, STR("\n\n"), "failed", "empty_file");
    becomes(k, STR("no json"), "failed", "invalid_line");
    becomes(k, STR(GOOD("a") "\n{}"), "failed", "invalid_line");
    becomes(k, STR(GOOD("a") "\n" GOOD("a")), "failed", "duplicate_custom_id");
    site.rig.params.gate_batch_lines_max = 1;
    becomes(k, STR(GOOD("a") "\n" GOOD("b")), "failed", "too_many_lines");
    CHECK(!rig_record(&site.rig, "completion", "", 0).len);
    close_site();
}

TEST(an_error_says_its_line)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r =
        begin_batch(k, NULL, put_file(k, NULL, "batch", STR(GOOD("a") "\n" GOOD("b") "\n{}\n7")));
    AUTO(reply) *over = batch_when_over(k, arena_str(site.rig.a, reply_text(r, "id")));
    CHECK_INT(reply_number(over, "errors.data.0.line"), ==, 3);
    CHECK_INT(reply_number(over, "errors.data.1.line"), ==, 4);
    CHECK(json_type(reply_at(over, "output_file_id")) == J_NULL);
    close_site();
}

TEST(lines_longer_than_what_is_read_at_once_are_whole)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(buf) b = BUF(4 << 20);
    for (int i = 0; i < 3; i++) {
        char id[16];
        snprintf(id, sizeof id, "r%d", i);
        buf_add_fmt(&b,
                    "{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\","
                    "\"body\":{\"messages\":[{\"role\":\"user\",\"content\":\"%0300000d\"}]}}\n",
                    id, 0);
    }
    AUTO(reply) *r = begin_batch(k, NULL, put_file(k, NULL, "batch", buf_str(&b)));
    AUTO(reply) *over = batch_when_over(k, arena_str(site.rig.a, reply_text(r, "id")));
    CHECK_INT(reply_number(over, "request_counts.total"), ==, 3);
    site.rig.params.net_body_bytes_max = 100000;
    becomes(k, buf_str(&b), "failed", "line_too_long");
    close_site();
}
