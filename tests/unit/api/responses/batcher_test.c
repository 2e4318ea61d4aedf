/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/batcher.h"

#include "unit/api/responses/batch_rig.h"

TEST(every_line_of_a_batch_has_one_result)
{
    open_site();
    const char *k = site_key("amt", "intern");
    const str id = batch_of(k, NULL, 20, "hallo");
    AUTO(reply) *r = batch_when_over(k, id);
    CHECK_STR(reply_text(r, "status"), STR("completed"));
    CHECK_INT(reply_number(r, "request_counts.completed"), ==, 20);
    CHECK(json_type(reply_at(r, "error_file_id")) == J_NULL);
    const str out = file_content(k, reply_text(r, "output_file_id"));
    CHECK_INT(count_of(out, "\n"), ==, 20);
    for (int i = 0; i < 20; i++) {
        char want[40];
        snprintf(want, sizeof want, "\"custom_id\":\"r%d\",", i);
        CHECK_INT(count_of(out, want), ==, 1);
    }
    CHECK_INT(count_of(out, "\"status_code\":200"), ==, 20);
    CHECK(rig_record(&site.rig, "batch.end", "", 0).len > 0);
    close_site();
}

TEST(no_more_lines_run_at_once_than_may)
{
    open_site();
    site.rig.params.gate_batch_running_max = 2;
    const char *k = site_key("amt", "intern");
    const str id = batch_of(k, NULL, 5, "!hang");
    (void)SITE_UNTIL(works->batcher->running == 2);
    for (int i = 0; i < 50; i++)
        rig_turn(&site.rig);
    CHECK_INT(works->batcher->running, ==, 2);
    AUTO(reply) *r = show_batch(k, id);
    CHECK_STR(reply_text(r, "status"), STR("in_progress"));
    CHECK_INT(reply_number(r, "request_counts.total"), ==, 5);
    close_site();
}

/* Whatever the moment: works end and begin anew, and no line is run to a result twice. */
TEST(a_batch_goes_on_where_its_process_ended)
{
    open_site();
    const char *k = site_key("amt", "intern");
    const str id = batch_of(k, NULL, 30, "hallo");
    for (int round = 0; works->batcher->jobs || round == 0; round++) {
        for (uint64_t n = test_random() % 12; n; n--)
            rig_turn(&site.rig);
        if (!works->batcher->jobs && round)
            break;
        works_free(TAKE(works));
        CHECK_OK(works_new(site.rig.gate, site.api, &works));
        (void)SITE_UNTIL(!works->batcher->kick || works->batcher->jobs);
        for (int i = 0; i < 3; i++)
            rig_turn(&site.rig);
        NEED(round < 300);
    }
    AUTO(reply) *r = batch_when_over(k, id);
    CHECK_STR(reply_text(r, "status"), STR("completed"));
    const str out = file_content(k, reply_text(r, "output_file_id"));
    CHECK_INT(count_of(out, "\n"), ==, 30);
    for (int i = 0; i < 30; i++) {
        char want[40];
        snprintf(want, sizeof want, "\"custom_id\":\"r%d\",", i);
        CHECK_INT(count_of(out, want), ==, 1);
    }
    close_site();
}

TEST(a_batch_whose_key_was_revoked_fails)
{
    open_site();
    const char *k = site_key("amt", "intern");
    const str id = batch_of(k, NULL, 3, "!hang");
    (void)SITE_UNTIL(works->batcher->running);
    works_free(TAKE(works));
    OPERATOR(c, &site.rig);
    CHECK_OK(caller_wait(&c, admin_key_revoke(&c.call, STR("amt"))));
    CHECK_OK(works_new(site.rig.gate, site.api, &works));
    for (int i = 0; i < 20; i++)
        rig_turn(&site.rig);
    CHECK(!works->batcher->jobs);
    AUTO(reply) *r = show_batch(k, id);
    CHECK_INT(r->status, ==, 401);
    close_site();
}

TEST(results_lie_under_the_label_of_the_batch)
{
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    const str id = batch_of(k, "VS-NfD", 2, "hallo");
    AUTO(reply) *r = batch_when_over(k, id);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("VS-NfD"));
    const str out = arena_str(site.rig.a, reply_text(r, "output_file_id"));
    AUTO(reply) *f = SEND(.path = path_of("/v1/files/{id}", out), .key = k);
    CHECK_STR(reply_field(f, "x-hoheit-label"), STR("VS-NfD"));
    clear_for(k, "offen");
    AUTO(reply) *hidden = show_batch(k, id), *nothing = show_batch(k, STR("batch_nix"));
    CHECK_INT(hidden->status, ==, 404);
    CHECK_STR(buf_str(&hidden->body), buf_str(&nothing->body));
    close_site();
}
