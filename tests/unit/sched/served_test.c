/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/served.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

enum { PAGE_BYTES_MAX = 8 * 1024 * 1024 };

#define HAS(b, text) CHECK(str_find(buf_str(b), STR(text)) >= 0)
#define HAS_NOT(b, text) CHECK(str_find(buf_str(b), STR(text)) < 0)

TEST(what_was_served_is_told_by_model_and_class)
{
    struct served *s = NULL;
    AUTO(buf) b = BUF(PAGE_BYTES_MAX);
    NEED_OK(served_new(&s));
    struct served_row *clerk = served_row_of(s, STR("haus"), CONV_CLERK);
    struct served_row *batch = served_row_of(s, STR("haus"), CONV_BATCH);
    CHECK(clerk != batch && clerk == served_row_of(s, STR("haus"), CONV_CLERK));
    served_gap(clerk, 150);
    served_end(clerk, &(struct served_end){.queued_us = 90,
                                           .first_token_us = 2000,
                                           .total_us = 1500000,
                                           .tokens_in = 7,
                                           .tokens_out = 11});
    served_end(clerk, &(struct served_end){.total_us = 10, .tokens_in = 1, .is_failed = true});
    served_put(s, &b);
    CHECK_OK(buf_end(&b));
#define CLERK "gen_ai_request_model=\"haus\",hoheit_class=\"clerk\""
    HAS(&b, "# TYPE hoheit_queue_seconds histogram\n");
    HAS(&b, "\nhoheit_queue_seconds_bucket{" CLERK ",le=\"0.000100\"} 2\n");
    HAS(&b, "\ngen_ai_server_time_to_first_token_seconds_count{" CLERK "} 1\n");
    HAS(&b, "\ngen_ai_server_time_to_first_token_seconds_sum{" CLERK "} 0.002000\n");
    HAS(&b, "\ngen_ai_server_time_per_output_token_seconds_bucket{" CLERK ",le=\"0.000100\"} 0\n");
    HAS(&b, "\ngen_ai_server_time_per_output_token_seconds_bucket{" CLERK ",le=\"0.000200\"} 1\n");
    HAS(&b, "\ngen_ai_server_request_duration_seconds_count{" CLERK "} 2\n");
    HAS(&b, "\nhoheit_model_requests_total{" CLERK ",outcome=\"ok\"} 1\n");
    HAS(&b, "\nhoheit_model_requests_total{" CLERK ",outcome=\"failed\"} 1\n");
    HAS(&b, "\ngen_ai_server_token_usage_total{" CLERK ",gen_ai_token_type=\"input\"} 8\n");
    HAS(&b, "\ngen_ai_server_token_usage_total{" CLERK ",gen_ai_token_type=\"output\"} 11\n");
    HAS(&b, "hoheit_class=\"batch\",outcome=\"ok\"} 0\n");
    HAS_NOT(&b, "other");
    served_free(s);
}

TEST(energy_is_told_of_what_was_measured_alone)
{
    struct served *s = NULL;
    AUTO(buf) b = BUF(PAGE_BYTES_MAX);
    NEED_OK(served_new(&s));
    struct served_row *clerk = served_row_of(s, STR("haus"), CONV_CLERK);
    served_end(clerk, &(struct served_end){.tokens_in = 1});
    served_put(s, &b);
    HAS_NOT(&b, "joules");
    served_end(clerk, &(struct served_end){.energy_mj = 12034, .is_metered = true});
    served_end(served_row_of(s, STR("fern"), CONV_CLERK), &(struct served_end){.tokens_in = 1});
    buf_clear(&b);
    served_put(s, &b);
    HAS(&b, "# TYPE hoheit_energy_joules_total counter\n");
    HAS(&b, "\nhoheit_energy_joules_total{" CLERK "} 12.034\n");
    HAS_NOT(&b, "hoheit_energy_joules_total{gen_ai_request_model=\"fern\"");
    served_free(s);
}

TEST(what_was_never_asked_for_is_not_told)
{
    struct served *s = NULL;
    AUTO(buf) b = BUF(PAGE_BYTES_MAX);
    NEED_OK(served_new(&s));
    served_put(s, &b);
    HAS(&b, "# TYPE hoheit_queue_seconds histogram\n");
    HAS_NOT(&b, "{");
    served_free(s);
}

TEST(more_models_than_there_are_rows_share_one)
{
    struct served *s = NULL;
    AUTO(buf) b = BUF(PAGE_BYTES_MAX);
    NEED_OK(served_new(&s));
    struct served_row *last = NULL;
    for (int i = 0; i < SERVED_ROWS_MAX + 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "m%d", i);
        struct served_row *r = served_row_of(s, str_of(name), CONV_CITIZEN);
        CHECK((r == last) == (i > SERVED_ROWS_MAX));
        served_end(last = r, &(struct served_end){.tokens_in = 1});
    }
    CHECK(served_row_of(s, STR("m0"), CONV_CITIZEN) != last);
    served_put(s, &b);
    CHECK_OK(buf_end(&b));
    HAS(&b, "{gen_ai_request_model=\"other\",hoheit_class=\"clerk\",outcome=\"ok\"} 3\n");
    served_free(s);
}

TEST(a_name_cannot_leave_its_quotes_and_is_cut_where_it_is_too_long)
{
    struct served *s = NULL;
    char longer[400];
    AUTO(buf) b = BUF(PAGE_BYTES_MAX);
    NEED_OK(served_new(&s));
    memset(longer, 'x', sizeof longer);
    CHECK(served_row_of(s, (str){longer, 400}, CONV_CLERK) ==
          served_row_of(s, (str){longer, 300}, CONV_CLERK));
    served_row_of(s, STR("a\"} 1\nb\\"), CONV_CLERK);
    served_row_of(s, STR(""), CONV_CLERK);
    served_put(s, &b);
    HAS(&b, "{gen_ai_request_model=\"a\\\"} 1b\\\\\",hoheit_class");
    HAS(&b, "{gen_ai_request_model=\"\",hoheit_class");
    HAS_NOT(&b, "\nb");
    served_free(s);
}

TEST(without_memory_all_share_one_row_and_none_is_made)
{
    struct served *s = NULL;
    fault_arm(1);
    CHECK_INT(served_new(&s).code, ==, ERR_LIMIT);
    fault_arm(0);
    NEED_OK(served_new(&s));
    fault_arm(1);
    struct served_row *r = served_row_of(s, STR("haus"), CONV_CLERK);
    CHECK(fault_fired());
    fault_arm(0);
    served_gap(r, 1);
    CHECK(served_row_of(s, STR("haus"), CONV_CLERK) != r);
    served_free(s);
    served_free(NULL);
}

TEST(every_class_has_a_name)
{
    CHECK_STR(str_of(served_class_name(CONV_CITIZEN)), STR("citizen"));
    CHECK_STR(str_of(served_class_name(CONV_CLERK)), STR("clerk"));
    CHECK_STR(str_of(served_class_name(CONV_BATCH)), STR("batch"));
}

TEST(tokens_are_told_by_how_many_a_request_had)
{
    struct served *s = NULL;
    AUTO(buf) b = BUF(PAGE_BYTES_MAX);
    NEED_OK(served_new(&s));
    struct served_row *r = served_row_of(s, STR("haus"), CONV_CLERK);
    served_end(r, &(struct served_end){.tokens_in = 4, .tokens_out = 5});
    served_end(r, &(struct served_end){.tokens_in = UINT64_C(1) << 40});
    served_put(s, &b);
    CHECK_OK(buf_end(&b));
#define USED "gen_ai_client_token_usage_"
#define IN CLERK ",gen_ai_token_type=\"input\""
#define OUT CLERK ",gen_ai_token_type=\"output\""
    HAS(&b, "\n" USED "bucket{" IN ",le=\"1\"} 0\n");
    HAS(&b, "\n" USED "bucket{" IN ",le=\"4\"} 1\n");
    HAS(&b, "\n" USED "bucket{" IN ",le=\"67108864\"} 1\n");
    HAS(&b, "\n" USED "bucket{" IN ",le=\"+Inf\"} 2\n");
    HAS(&b, "\n" USED "sum{" OUT "} 5\n");
    HAS(&b, "\n" USED "count{" OUT "} 2\n");
    served_free(s);
}

TEST(rows_can_be_looked_at_one_by_one)
{
    struct served *s = NULL;
    struct served_view v;
    NEED_OK(served_new(&s));
    CHECK(!served_at(s, 0, &v));
    served_end(served_row_of(s, STR("vektor"), CONV_BATCH),
               &(struct served_end){.total_us = 5, .tokens_in = 3, .embeds = true});
    CHECK(served_at(s, 0, &v));
    CHECK_STR(v.model, STR("vektor"));
    CHECK(v.embeds && v.ended == 1 && v.failed == 0 && !v.is_metered);
    CHECK_STR(str_of(v.class), STR("batch"));
    CHECK_INT(v.times[SERVED_DURATION]->sum_us, ==, 5);
    CHECK_INT(v.tokens[SERVED_INPUT]->sum, ==, 3);
    CHECK(!served_at(s, 1, &v));
    CHECK_STR(str_of(served_time_name(SERVED_QUEUE)), STR("hoheit_queue_seconds"));
    CHECK(served_time_help(SERVED_GAP)[0] != 0);
    CHECK_INT(served_token_bucket(3), ==, 64);
    served_free(s);
}
