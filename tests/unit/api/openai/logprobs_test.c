/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openai/answer.h"

#include "api/openai/openai.h"
#include "unit/api/reply.h"

/* ---- pieces as an engine may send them */
static const struct engine_token tops[] = {{STR_INIT("Amt"), -0.25, NULL, 0},
                                           {STR_INIT("\xff"), -1.5, NULL, 0},
                                           {STR_INIT("\xfe"), -2.5, NULL, 0},
                                           {STR_INIT(""), -3, NULL, 0}};
static const struct engine_token tokens[] = {{STR_INIT("Amt"), -0.25, tops, 4},
                                             {STR_INIT("\xc3"), -1e-9, tops, 1},
                                             {STR_INIT("\xa4\"\n,]}"), -100, NULL, 0},
                                             {STR_INIT(""), 0, NULL, 0}};
static const struct engine_piece piece = {.tokens = tokens, .logprob_count = 4};

/* The value, read back as JSON. */
static jval
written(arena *a, bool is_chat, const struct engine_piece *p, uint32_t *offset)
{
    AUTO(buf) b = BUF(1 << 20);
    openai_put_logprobs(&b, is_chat, p, offset);
    CHECK_OK(buf_end(&b));
    return json_below(a, arena_str(a, buf_str(&b)), "");
}

static double
number_below(arena *a, str json, const char *path)
{
    const jval v = json_below(a, json, path);
    double d = -4711;
    if (json_type(v) == J_NUMBER)
        CHECK_OK(json_f64(&v, -1e9, 1e9, &d));
    return d;
}

TEST(chat_has_a_list_of_tokens_with_their_bytes_and_rivals)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 20);
    uint32_t offset = 7;
    NEED_OK(arena_open(1 << 20, &a));
    openai_put_logprobs(&b, true, &piece, &offset);
    const str j = buf_str(&b);
    const jval list = json_below(a, j, "content"),
               rivals = json_below(a, j, "content.0.top_logprobs"),
               none = json_below(a, j, "content.2.top_logprobs"),
               bytes = json_below(a, j, "content.1.bytes"),
               empty = json_below(a, j, "content.3.bytes");
    CHECK_INT(json_count(&list), ==, 4);
    CHECK_STR(text_below(a, j, "content.0.token"), STR("Amt"));
    CHECK(number_below(a, j, "content.0.logprob") == -0.25);
    CHECK(number_below(a, j, "content.0.bytes.2") == 't');
    CHECK_INT(json_count(&rivals), ==, 4);
    CHECK(number_below(a, j, "content.0.top_logprobs.1.bytes.0") == 255);
    CHECK_STR(text_below(a, j, "content.0.top_logprobs.1.token"), STR("\xef\xbf\xbd"));
    CHECK(json_type(none) == J_ARRAY && json_count(&none) == 0);
    CHECK(json_count(&bytes) == 1 && number_below(a, j, "content.1.bytes.0") == 0xc3);
    CHECK(json_type(empty) == J_ARRAY && json_count(&empty) == 0);
    CHECK(number_below(a, j, "content.1.logprob") == -1e-9);
    CHECK_INT(offset, ==, 7);
}

TEST(completions_have_parallel_lists)
{
    static const char *const columns[] = {"tokens", "token_logprobs", "top_logprobs",
                                          "text_offset"};
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 20);
    uint32_t offset = 7;
    NEED_OK(arena_open(1 << 20, &a));
    openai_put_logprobs(&b, false, &piece, &offset);
    const str j = buf_str(&b);
    for (size_t i = 0; i < 4; i++) {
        const jval list = json_below(a, j, columns[i]);
        CHECK_INT(json_count(&list), ==, 4);
    }
    CHECK_STR(text_below(a, j, "tokens.0"), STR("Amt"));
    CHECK_STR(text_below(a, j, "tokens.2"), STR("\xef\xbf\xbd\"\n,]}"));
    CHECK(number_below(a, j, "token_logprobs.2") == -100);
    CHECK(number_below(a, j, "top_logprobs.0.Amt") == -0.25);
}

TEST(offsets_count_characters_whichever_token_they_begin_in)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 20);
    uint32_t offset = 7;
    NEED_OK(arena_open(1 << 20, &a));
    openai_put_logprobs(&b, false, &piece, &offset);
    const str j = buf_str(&b);
    CHECK(number_below(a, j, "text_offset.0") == 7);
    CHECK(number_below(a, j, "text_offset.1") == 10);
    CHECK(number_below(a, j, "text_offset.2") == 11); /* the umlaut began in the one before */
    CHECK(number_below(a, j, "text_offset.3") == 16);
    CHECK_INT(offset, ==, 16);
}

TEST(rivals_that_look_the_same_are_named_once_the_likeliest)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 20);
    uint32_t offset = 0;
    NEED_OK(arena_open(1 << 20, &a));
    openai_put_logprobs(&b, false, &piece, &offset);
    const jval o = json_below(a, buf_str(&b), "top_logprobs.0");
    CHECK_INT(json_count(&o), ==, 3);
    CHECK(number_below(a, buf_str(&b), "top_logprobs.0.\xef\xbf\xbd") == -1.5);
}

TEST(without_tokens_the_value_is_null)
{
    const struct engine_piece none = {.logprob_count = 0};
    AUTO(arena) *a = NULL;
    uint32_t offset = 3;
    NEED_OK(arena_open(1 << 20, &a));
    CHECK(json_type(written(a, true, &none, &offset)) == J_NULL);
    CHECK(json_type(written(a, false, &none, &offset)) == J_NULL);
    CHECK_INT(offset, ==, 3);
}

TEST(rows_of_many_pieces_give_what_one_piece_gives)
{
    for (int is_chat = 0; is_chat < 2; is_chat++) {
        AUTO(buf) rows = BUF(1 << 20);
        AUTO(buf) many = BUF(1 << 20);
        AUTO(buf) one = BUF(1 << 20);
        uint32_t a = 5, b = 5;
        for (size_t i = 0; i < 4; i++) {
            const struct engine_piece p = {.tokens = &tokens[i], .logprob_count = 1};
            openai_add_logprobs(&rows, is_chat, &p, &a);
        }
        openai_put_logprob_list(&many, is_chat, buf_str(&rows));
        openai_put_logprobs(&one, is_chat, &piece, &b);
        CHECK_STR(buf_str(&many), buf_str(&one));
        CHECK_INT(a, ==, b);
    }
}

TEST(whatever_bytes_a_token_has_the_value_is_json)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(16 << 20, &a));
    for (int round = 0; round < 300; round++) {
        char bytes[3][12];
        struct engine_token t[3];
        for (size_t i = 0; i < 3; i++) {
            const size_t len = test_random() % sizeof bytes[i];
            for (size_t k = 0; k < len; k++)
                bytes[i][k] =
                    (char)(1 + test_random() % 255); /* our reader takes no NUL in names */
            t[i] =
                (struct engine_token){{bytes[i], len}, -(double)(test_random() % 1000) / 7, t, i};
        }
        const struct engine_piece p = {.tokens = t, .logprob_count = 3};
        uint32_t offset = 0;
        CHECK(json_type(written(a, round % 2, &p, &offset)) == J_OBJECT);
    }
}

TEST(a_value_that_does_not_fit_has_failed)
{
    for (int is_chat = 0; is_chat < 2; is_chat++) {
        AUTO(buf) whole = BUF(1 << 20);
        uint32_t unused = 0;
        openai_put_logprobs(&whole, is_chat, &piece, &unused);
        for (size_t limit = 1; limit < whole.len; limit += 7) {
            AUTO(buf) b = BUF(limit);
            uint32_t offset = 0;
            openai_put_logprobs(&b, is_chat, &piece, &offset);
            CHECK_ERR(buf_end(&b), LIMIT);
        }
    }
}

TEST(missing_memory_is_never_a_value_that_lacks_a_part)
{
    for (int is_chat = 0; is_chat < 2; is_chat++) {
        bool fired = true;
        AUTO(buf) whole = BUF(1 << 20);
        uint32_t unused = 0;
        openai_put_logprobs(&whole, is_chat, &piece, &unused);
        for (long n = 1; fired && n < 200; n++) {
            AUTO(buf) b = BUF(1 << 20);
            uint32_t offset = 0;
            fault_arm(n);
            openai_put_logprobs(&b, is_chat, &piece, &offset);
            fired = fault_fired();
            fault_arm(0);
            if (!b.failed)
                CHECK_STR(buf_str(&b), buf_str(&whole));
        }
        CHECK(!fired);
    }
}

/* ---- on the wire */
static void
open_site(void)
{
    site_open(&openai_table, 1, &openai_dialect);
}

TEST(a_chat_answer_s_tokens_are_the_bytes_of_its_text)
{
    open_site();
    AUTO(reply) *r = POST(site.net, "/v1/chat/completions", site_key("amt", "intern"),
                          "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
                          "\"logprobs\":true,\"top_logprobs\":2}");
    AUTO(buf) text = BUF(4096);
    CHECK_INT(r->status, ==, 200);
    for (int i = 0; i < TALKER_TOKENS; i++) {
        char path[96];
        snprintf(path, sizeof path, "choices.0.logprobs.content.%d.bytes", i);
        const jval bytes = reply_at(r, path);
        NEED(json_type(bytes) == J_ARRAY);
        for (size_t k = 0; k < json_count(&bytes); k++) {
            const jval v = json_at(&bytes, k);
            int64_t n = 0;
            CHECK_OK(json_i64(&v, 0, 255, &n));
            buf_add_char(&text, (char)n);
        }
        snprintf(path, sizeof path, "choices.0.logprobs.content.%d.top_logprobs", i);
        const jval top = reply_at(r, path);
        CHECK_INT(json_count(&top), ==, 2);
    }
    CHECK_STR(buf_str(&text), reply_text(r, "choices.0.message.content"));
    site_close();
}

TEST(a_completion_s_offsets_begin_after_its_echo)
{
    open_site();
    AUTO(reply) *r =
        POST(site.net, "/v1/completions", site_key("amt", "intern"),
             "{\"prompt\":\"\\u00e4b\",\"echo\":true,\"logprobs\":2,\"max_tokens\":3}");
    CHECK_INT(r->status, ==, 200);
    CHECK_INT(reply_number(r, "choices.0.logprobs.text_offset.0"), ==, 2);
    CHECK_INT(reply_number(r, "choices.0.logprobs.text_offset.1"), ==, 4);
    CHECK_STR(reply_text(r, "choices.0.text"), STR("\xc3\xa4"
                                                   "b#0 1\xc3\xa4"
                                                   "2"));
    site_close();
}

TEST(streamed_tokens_are_the_plain_ones)
{
    static const char *const bodies[] = {
        "{\"prompt\":\"x\",\"logprobs\":2,\"stream\":true}",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"logprobs\":true,\"stream\":true}"};
    static const char *const paths[] = {"/v1/completions", "/v1/chat/completions"};
    static const char *const lists[] = {"choices.0.logprobs.tokens", "choices.0.logprobs.content"};
    open_site();
    const char *key = site_key("amt", "intern");
    for (size_t i = 0; i < 2; i++) {
        size_t tokens_seen = 0;
        double last = -1;
        AUTO(reply) *r = POST(site.net, paths[i], key, bodies[i]);
        reply_split(r);
        for (size_t k = 0; k + 1 < r->event_count; k++) {
            const jval list = json_below(r->a, r->events[k], lists[i]);
            if (json_type(list) != J_ARRAY)
                continue;
            tokens_seen += json_count(&list);
            if (i == 0) {
                const double at =
                    number_below(r->a, r->events[k], "choices.0.logprobs.text_offset.0");
                CHECK(at > last);
                last = at;
            }
        }
        CHECK_INT(tokens_seen, ==, TALKER_TOKENS);
    }
    site_close();
}

TEST(who_did_not_ask_gets_none)
{
    open_site();
    AUTO(reply) *r = POST(site.net, "/v1/completions", site_key("amt", "intern"),
                          "{\"prompt\":\"x\",\"stream\":true}");
    CHECK(!reply_has(r, "logprob"));
    site_close();
}
