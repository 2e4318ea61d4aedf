/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/decode.h"

#include <math.h>

#include "base/fault.h"
#include "test.h"

static struct engine_hello
good_hello(void)
{
    return (struct engine_hello){.proto = ENGINE_PROTO,
                                 .context_tokens = 4096,
                                 .sequences_max = 8,
                                 .can_chat = 1,
                                 .engine = "toy"};
}

TEST(a_good_hello_is_taken)
{
    const struct engine_hello h = good_hello();
    struct engine_hello got;
    CHECK_OK(decode_hello(&h, &got));
    CHECK_STR(str_of(got.engine), STR("toy"));
    CHECK_INT(got.context_tokens, ==, 4096);
}

#define BAD_HELLO(change)                                                                          \
    do {                                                                                           \
        struct engine_hello h = good_hello(), got = {.proto = 77};                                 \
        change;                                                                                    \
        CHECK_ERR(decode_hello(&h, &got), PARSE);                                                  \
        CHECK_INT(got.proto, ==, 77);                                                              \
    } while (0)

TEST(a_hello_with_any_field_out_of_bounds_is_refused)
{
    BAD_HELLO(h.proto = 0);
    BAD_HELLO(h.proto = ENGINE_PROTO + 1);
    BAD_HELLO(h.context_tokens = 0);
    BAD_HELLO(h.sequences_max = 0);
    BAD_HELLO(h.sequences_max = ENGINE_SEQUENCES_MAX + 1);
    BAD_HELLO(h.embedding_dims = ENGINE_DIMS_MAX + 1);
    BAD_HELLO(h.can_chat = 2);
    BAD_HELLO(h.can_embed = 2);
    BAD_HELLO(h.can_embed = 1);
    BAD_HELLO(memset(h.engine, 'x', sizeof h.engine));
    BAD_HELLO(h.engine[1] = '\n');
    BAD_HELLO(h.engine[1] = '\x80');
}

TEST(bytes_behind_the_engines_name_are_not_kept)
{
    struct engine_hello h = good_hello(), got;
    h.engine[40] = 'x';
    CHECK_OK(decode_hello(&h, &got));
    CHECK_INT(got.engine[40], ==, 0);
}

/* ---- text */

static void
put(buf *b, const void *bytes, size_t len)
{
    buf_add(b, (str){bytes, len});
}

/* "ab" and two tokens: "a" with two alternatives, "b" with none. */
static struct engine_text
good_text(buf *b)
{
    const struct engine_logprob a = {-0.5f, 1, 2}, c = {-1.5f, 1, 0};
    const struct engine_top top = {-0.5f, 1, 0}, second = {-2, 2, 0};
    put(b, "ab", 2);
    put(b, &a, sizeof a);
    put(b, "a", 1);
    put(b, &top, sizeof top);
    put(b, "a", 1);
    put(b, &second, sizeof second);
    put(b, "xy", 2);
    put(b, &c, sizeof c);
    put(b, "b", 1);
    return (struct engine_text){.token_count = 2, .text_len = 2, .logprob_count = 2};
}

static err
decode(arena *a, const struct engine_text *head, str tail, struct decoded_text *ret)
{
    /* A copy of its own size, so that asan sees a read beyond it. */
    char *own = malloc(tail.len + !tail.len);
    if (tail.len)
        memcpy(own, tail.at, tail.len);
    arena_reset(a);
    const err e = decode_text(a, head, (str){own, tail.len}, 20, ret);
    if (!e.code && ret->text.len)
        ret->text.at = tail.at + (ret->text.at - own);
    free(own);
    return e;
}

TEST(text_and_probabilities_are_read)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1024);
    struct decoded_text got;
    NEED_OK(arena_open(1 << 20, &a));
    const struct engine_text head = good_text(&b);
    NEED_OK(decode_text(a, &head, buf_str(&b), 20, &got));
    CHECK_STR(got.text, STR("ab"));
    CHECK_STR(got.tokens[0].text, STR("a"));
    CHECK_INT(got.tokens[0].top_count, ==, 2);
    CHECK_STR(got.tokens[0].top[1].text, STR("xy"));
    CHECK(got.tokens[0].top[1].logprob < -1.9 && got.tokens[0].top[1].logprob > -2.1);
    CHECK_INT(got.tokens[1].top_count, ==, 0);
    CHECK_STR(got.tokens[1].text, STR("b"));
    CHECK_ERR(decode_text(a, &head, buf_str(&b), 1, &got), PARSE);
}

TEST(text_cut_anywhere_or_with_more_behind_it_is_malformed)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1024);
    struct decoded_text got;
    NEED_OK(arena_open(1 << 20, &a));
    const struct engine_text head = good_text(&b);
    for (size_t len = 0; len < b.len; len++)
        CHECK_ERR(decode(a, &head, (str){b.at, len}, &got), PARSE);
    CHECK_OK(decode(a, &head, buf_str(&b), &got));
    buf_add_char(&b, 'x');
    CHECK_ERR(decode(a, &head, buf_str(&b), &got), PARSE);
}

TEST(text_that_is_no_whole_utf8_is_malformed)
{
    AUTO(arena) *a = NULL;
    struct decoded_text got;
    NEED_OK(arena_open(1 << 20, &a));
    const struct engine_text head = {.text_len = 2};
    CHECK_ERR(decode(a, &head, STR("a\xC3"), &got), PARSE);
    CHECK_ERR(decode(a, &head, STR("\xFF\xFF"), &got), PARSE);
    CHECK_OK(decode(a, &head, STR("ü"), &got));
}

TEST(probabilities_that_are_none_are_malformed)
{
    static const float bad[] = {0.1f, INFINITY, -INFINITY, NAN};
    AUTO(arena) *a = NULL;
    struct decoded_text got;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < 4; i++) {
        const struct engine_logprob token = {bad[i], 0, 0};
        const struct engine_text head = {.logprob_count = 1};
        CHECK_ERR(decode(a, &head, (str){(const char *)&token, sizeof token}, &got), PARSE);
    }
}

TEST(counts_no_memory_could_hold_are_malformed)
{
    static const uint32_t counts[] = {ENGINE_LOGPROBS_MAX + 1, 0x7fffffff, 0xffffffff};
    AUTO(arena) *a = NULL;
    static char tail[65536];
    struct decoded_text got;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < 3; i++) {
        const struct engine_text head = {.logprob_count = counts[i]};
        CHECK_ERR(decode(a, &head, (str){tail, sizeof tail}, &got), PARSE);
    }
}

TEST(any_byte_changed_is_read_or_refused_but_never_beyond_the_message)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) good = BUF(1024);
    struct decoded_text got;
    NEED_OK(arena_open(1 << 22, &a));
    const struct engine_text good_head = good_text(&good);
    for (int round = 0; round < 20000; round++) {
        AUTO(buf) b = BUF(1024);
        struct engine_text head = good_head;
        buf_add(&b, buf_str(&good));
        b.at[test_random() % b.len] = (char)test_random();
        if (round % 2)
            ((uint8_t *)&head)[test_random() % sizeof head] = (uint8_t)test_random();
        const err e = decode(a, &head, buf_str(&b), &got);
        CHECK(e.code == ERR_OK || e.code == ERR_PARSE || e.code == ERR_LIMIT);
    }
}

TEST(memory_that_is_out_is_told_apart_from_malformed)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1024);
    struct decoded_text got;
    bool fired = true;
    NEED_OK(arena_open(1 << 20, &a));
    const struct engine_text head = good_text(&b);
    for (long n = 1; fired; n++) {
        fault_arm(n);
        const err e = decode(a, &head, buf_str(&b), &got);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
    }
}

/* ---- vectors */

TEST(a_vector_is_read_from_any_address)
{
    AUTO(arena) *a = NULL;
    _Alignas(16) char room[1 + 3 * sizeof(float)];
    const float values[3] = {0.5f, -1, 0}, *got;
    const struct engine_vector head = {.dims = 3};
    NEED_OK(arena_open(1 << 20, &a));
    memcpy(room + 1, values, sizeof values);
    NEED_OK(decode_vector(a, &head, (str){room + 1, sizeof values}, &got));
    CHECK_INT((uintptr_t)got % _Alignof(float), ==, 0);
    CHECK(memcmp(got, values, sizeof values) == 0);
}

TEST(a_vector_of_another_length_or_without_numbers_is_malformed)
{
    AUTO(arena) *a = NULL;
    float values[3] = {0.5f, NAN, 0};
    const float *got;
    NEED_OK(arena_open(1 << 20, &a));
    for (uint32_t dims = 0; dims < 10; dims++) {
        const struct engine_vector head = {.dims = dims};
        CHECK_ERR(decode_vector(a, &head, (str){(const char *)values, sizeof values}, &got), PARSE);
    }
    values[1] = INFINITY;
    const struct engine_vector head = {.dims = 3}, huge = {.dims = 0x40000003};
    CHECK_ERR(decode_vector(a, &head, (str){(const char *)values, sizeof values}, &got), PARSE);
    CHECK_ERR(decode_vector(a, &huge, (str){(const char *)values, sizeof values}, &got), PARSE);
    values[1] = 1;
    CHECK_OK(decode_vector(a, &head, (str){(const char *)values, sizeof values}, &got));
}
