/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/batcher_inside.h"

#include "unit/api/responses/batch_rig.h"

TEST(results_that_are_errors_have_a_file_of_their_own)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(buf) b = BUF(1 << 20);
    add_line(&b, "gut", "hallo");
    buf_add(&b, STR("{\"custom_id\":\"schlecht\",\"method\":\"POST\",\"url\":"
                    "\"/v1/chat/completions\",\"body\":{\"messages\":[]}}\n"));
    AUTO(reply) *r = begin_batch(k, NULL, put_file(k, NULL, "batch", buf_str(&b)));
    AUTO(reply) *over = batch_when_over(k, arena_str(site.rig.a, reply_text(r, "id")));
    CHECK_STR(reply_text(over, "status"), STR("completed"));
    CHECK_INT(reply_number(over, "request_counts.completed"), ==, 1);
    CHECK_INT(reply_number(over, "request_counts.failed"), ==, 1);
    CHECK_INT(count_of(file_content(k, reply_text(over, "output_file_id")), "\"gut\""), ==, 1);
    const str bad = file_content(k, reply_text(over, "error_file_id"));
    CHECK_INT(count_of(bad, "\"schlecht\""), ==, 1);
    CHECK_INT(count_of(bad, "\"status_code\":400"), ==, 1);
    AUTO(reply) *file =
        SEND(.path = path_of("/v1/files/{id}", reply_text(over, "output_file_id")), .key = k);
    CHECK_STR(reply_text(file, "purpose"), STR("batch_output"));
    close_site();
}

TEST(a_batch_that_is_stopped_keeps_what_was_done)
{
    open_site();
    site.rig.params.gate_batch_running_max = 1;
    const char *k = site_key("amt", "intern");
    AUTO(buf) b = BUF(1 << 20);
    add_line(&b, "r0", "hallo");
    add_line(&b, "r1", "!hang");
    add_line(&b, "r2", "hallo");
    AUTO(reply) *r = begin_batch(k, NULL, put_file(k, NULL, "batch", buf_str(&b)));
    const str id = arena_str(site.rig.a, reply_text(r, "id"));
    (void)SITE_UNTIL(works->batcher->jobs && works->batcher->jobs->batch.completed == 1 &&
                     works->batcher->running == 1);
    AUTO(reply) *stop = SEND(.method = "POST", .path = path_of(B "/{id}/cancel", id), .key = k);
    CHECK_INT(stop->status, ==, 200);
    CHECK_STR(reply_text(stop, "status"), STR("cancelling"));
    AUTO(reply) *over = batch_when_over(k, id);
    CHECK_STR(reply_text(over, "status"), STR("cancelled"));
    CHECK_INT(reply_number(over, "request_counts.completed"), ==, 1);
    CHECK_INT(count_of(file_content(k, reply_text(over, "output_file_id")), "\n"), ==, 1);
    CHECK_INT(works->batcher->running, ==, 0);
    close_site();
}

TEST(lines_that_no_time_was_left_for_are_told)
{
    open_site();
    site.rig.params.gate_batch_running_max = 1;
    const char *k = site_key("amt", "intern");
    AUTO(buf) b = BUF(1 << 20);
    add_line(&b, "r0", "hallo");
    add_line(&b, "r1", "!hang");
    add_line(&b, "r2", "hallo");
    AUTO(reply) *r = begin_batch(k, NULL, put_file(k, NULL, "batch", buf_str(&b)));
    const str id = arena_str(site.rig.a, reply_text(r, "id"));
    (void)SITE_UNTIL(works->batcher->jobs && works->batcher->jobs->batch.completed == 1);
    works->batcher->jobs->batch.expires_ms = clock_wall_ms();
    batcher_kick(works->batcher);
    AUTO(reply) *over = batch_when_over(k, id);
    CHECK_STR(reply_text(over, "status"), STR("expired"));
    CHECK_INT(count_of(file_content(k, reply_text(over, "output_file_id")), "\n"), ==, 1);
    const str bad = file_content(k, reply_text(over, "error_file_id"));
    CHECK_INT(count_of(bad, "batch_expired"), ==, 2);
    CHECK_INT(count_of(bad, "\"r1\"") + count_of(bad, "\"r2\""), ==, 2);
    close_site();
}
