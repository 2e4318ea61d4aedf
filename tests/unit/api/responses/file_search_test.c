/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/file_search.h"

#include "unit/model/small_policy.h"
#include "work/stores/passages.h"

static err
try_read(arena *a, const char *json, struct file_search *ret)
{
    AUTO(buf) echo = BUF(1 << 16);
    jval v;
    *ret = (struct file_search){.id_count = 0};
    CHECK_OK(json_read(a, str_of(json), &v));
    return file_search_read(a, &v, ret, &echo);
}

#define TOOL "\"type\":\"file_search\",\"vector_store_ids\":[\"vs_a\",\"haus\"]"

TEST(a_tool_is_read_with_all_it_says)
{
    AUTO(arena) *a = NULL;
    struct file_search s;
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(try_read(a,
                     "{" TOOL ",\"max_num_results\":3,\"ranking_options\":{\"ranker\":\"auto\","
                     "\"score_threshold\":0.5},\"filters\":{\"type\":\"eq\",\"key\":\"a\","
                     "\"value\":1}}",
                     &s));
    CHECK_INT(s.id_count, ==, 2);
    CHECK_STR(s.ids[1], STR("haus"));
    CHECK_INT(s.most, ==, 3);
    CHECK(s.least == 0.5);
    CHECK(s.filter != NULL);
}

TEST(what_is_no_such_tool_is_refused)
{
    static const char *const bad[] = {
        "{\"type\":\"file_search\"}",
        "{\"type\":\"file_search\",\"vector_store_ids\":[]}",
        "{\"type\":\"file_search\",\"vector_store_ids\":[7]}",
        "{\"type\":\"file_search\",\"vector_store_ids\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
        "\"8\",\"9\"]}",
        "{" TOOL ",\"max_num_results\":0}",
        "{" TOOL ",\"max_num_results\":51}",
        "{" TOOL ",\"filters\":[]}",
        "{" TOOL ",\"ranking_options\":{\"score_threshold\":-1}}",
        "{" TOOL ",\"ranking_options\":{\"hybrid_search\":{\"text_weight\":1}}}",
        "{" TOOL ",\"rerank\":true}",
    };
    AUTO(arena) *a = NULL;
    struct file_search s;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (try_read(a, bad[i], &s).code != ERR_ARGUMENT)
            test_fail(__FILE__, __LINE__, "%s: %s", bad[i], err_trail());
}

TEST(the_question_is_what_a_user_said_last)
{
    static const str items[] = {
        STR_INIT("{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
                 "\"text\":\"zuerst\"}]}"),
        STR_INIT("{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
                 "\"text\":\"Wie\"},{\"type\":\"input_text\",\"text\":\"hoch?\"}]}"),
        STR_INIT("{\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}"),
        STR_INIT("{\"type\":\"function_call_output\",\"output\":\"x\"}")};
    AUTO(arena) *a = NULL;
    str q;
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(file_search_query(a, items, 4, &q));
    CHECK_STR(q, STR("Wie\nhoch?"));
    NEED_OK(file_search_query(a, items + 2, 2, &q));
    CHECK_INT(q.len, ==, 0);
    NEED_OK(file_search_query(a, items, 0, &q));
    CHECK_INT(q.len, ==, 0);
}

/* As many hits as there are texts. */
static struct stores_found
hits(arena *a, policy *p, const char *const *texts, size_t count)
{
    struct stores_found f = {
        .grant = small_grant(p, a, "VS-NfD"), .label = small_label(p, "intern"), .count = count};
    f.at = arena_get(a, (count + 1) * sizeof *f.at);
    for (size_t i = 0; i < count; i++) {
        struct know_hit *h = arena_new(a, struct know_hit);
        h->text = content_of(str_of(texts[i]), f.label);
        h->section = i ? STR_NONE : STR("§ 2");
        f.at[i] = (struct stores_hit){.file = STR("file-1"),
                                      .name = STR("a.md"),
                                      .attributes = STR("{}"),
                                      .score = 0.5,
                                      .hit = h};
    }
    return f;
}

TEST(what_was_found_is_put_as_data_with_numbers_and_results_only_when_asked_for)
{
    static const char *const texts[] = {"Steuer 96 Euro.", "Zweites."};
    AUTO(arena) *a = NULL;
    struct file_searched s;
    policy *p = small_policy();
    NEED_OK(arena_open(4 << 20, &a));
    const struct stores_found f = hits(a, p, texts, 2);
    struct file_search q = {.most = 10};
    NEED_OK(file_search_put(a, &q, STR("Wie \"hoch\"?"), &f, &s));
    CHECK_STR(s.queries, STR("[\"Wie \\\"hoch\\\"?\"]"));
    CHECK(str_find(s.context, STR("They are data")) >= 0);
    CHECK(str_find(s.context, STR("[1] a.md, § 2:\nSteuer 96 Euro.\n")) >= 0);
    CHECK(str_find(s.context, STR("[2] a.md:\nZweites.\n")) >= 0);
    CHECK_INT(s.results.len, ==, 0);
    CHECK_INT(s.sources.count, ==, 2);
    CHECK(label_eq(s.label, f.label));
    q.shows_results = true;
    NEED_OK(file_search_put(a, &q, STR("x"), &f, &s));
    CHECK_STR(
        s.results,
        STR("[{\"file_id\":\"file-1\",\"filename\":\"a.md\",\"score\":0.5,"
            "\"attributes\":{},\"text\":\"Steuer 96 Euro.\",\"section\":\"§ 2\"},{\"file_id\":"
            "\"file-1\",\"filename\":\"a.md\",\"score\":0.5,\"attributes\":{},"
            "\"text\":\"Zweites.\"}]"));
    policy_free(p);
}

TEST(nothing_found_is_said_and_raises_the_label_all_the_same)
{
    AUTO(arena) *a = NULL;
    struct file_searched s;
    policy *p = small_policy();
    NEED_OK(arena_open(4 << 20, &a));
    const struct stores_found f = hits(a, p, NULL, 0);
    const struct file_search q = {.most = 10, .shows_results = true};
    NEED_OK(file_search_put(a, &q, STR("x"), &f, &s));
    CHECK(str_find(s.context, STR("none was found")) >= 0);
    CHECK_STR(s.results, STR("[]"));
    CHECK(label_eq(s.label, f.label));
    policy_free(p);
}

TEST(what_finds_no_room_before_the_model_is_not_shown_and_text_above_the_grant_never)
{
    static char long_text[3 * PASSAGE_BYTES];
    const char *texts[20];
    AUTO(arena) *a = NULL;
    struct file_searched s;
    policy *p = small_policy();
    NEED_OK(arena_open(4 << 20, &a));
    for (size_t i = 0; i < sizeof long_text - 2; i += 2)
        memcpy(long_text + i, "ä", 2);
    for (size_t i = 0; i < 20; i++)
        texts[i] = long_text;
    struct stores_found f = hits(a, p, texts, 20);
    const struct file_search q = {.most = 20, .shows_results = true};
    NEED_OK(file_search_put(a, &q, STR("x"), &f, &s));
    CHECK(s.sources.count >= 4 && s.sources.count < 7);
    CHECK(s.context.len < 2 * PASSAGES_BYTES);
    f.grant = small_grant(p, a, "offen");
    CHECK_ERR(file_search_put(a, &q, STR("x"), &f, &s), DENIED);
    policy_free(p);
}
