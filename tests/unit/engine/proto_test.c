/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/proto.h"

#include "test.h"

TEST(sections_that_were_written_are_read_back)
{
    for (int round = 0; round < 200; round++) {
        AUTO(buf) b = BUF(65536);
        char texts[8][64];
        size_t lens[8], count = test_random() % 8;
        for (size_t i = 0; i < count; i++) {
            lens[i] = test_random() % 64;
            for (size_t k = 0; k < lens[i]; k++)
                texts[i][k] = (char)test_random();
            section_put(&b, (str){texts[i], lens[i]});
        }
        NEED_OK(buf_end(&b));
        str rest = b.len ? buf_str(&b) : STR(""), text;
        for (size_t i = 0; i < count; i++) {
            NEED(section_next(&rest, &text));
            CHECK_STR(text, ((str){texts[i], lens[i]}));
        }
        CHECK(!section_next(&rest, &text));
        CHECK(rest.at != NULL);
    }
}

TEST(an_empty_section_is_no_malformed_one)
{
    str rest = STR(""), text = STR("x");
    CHECK(!section_next(&rest, &text));
    CHECK(rest.at != NULL);
    CHECK_STR(text, STR("x"));
}

TEST(a_section_cut_anywhere_is_malformed)
{
    AUTO(buf) b = BUF(256);
    section_put(&b, STR("Akte"));
    for (size_t len = 1; len < b.len; len++) {
        str rest = {b.at, len}, text;
        CHECK(!section_next(&rest, &text));
        CHECK(rest.at == NULL);
        CHECK(!section_next(&rest, &text));
    }
}

TEST(a_length_beyond_the_section_is_malformed)
{
    static const uint32_t wrong[] = {5, 6, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char room[8] = {0};
        memcpy(room, &wrong[i], 4);
        str rest = {room, sizeof room}, text;
        CHECK(!section_next(&rest, &text));
        CHECK(rest.at == NULL);
    }
}

/* Both ends are one build, but not one compiler: no hidden bytes. */
TEST(the_structs_have_no_padding)
{
    CHECK_INT(sizeof(struct engine_submit), ==,
              12 * 4 + 8 + SECTION_COUNT * 8 + 8 + 2 * 4 + 8 + 32);
    CHECK_INT(sizeof(struct engine_hello), ==, 5 * 4 + 4 + 8 + ENGINE_NAME_MAX);
    CHECK_INT(sizeof(struct engine_text), ==, 24);
    CHECK_INT(sizeof(struct engine_logprob), ==, 8);
    CHECK_INT(sizeof(struct engine_top), ==, 8);
    CHECK_INT(sizeof(struct engine_done), ==, 10 * 4 + 3 * 8);
    CHECK_INT(sizeof(struct engine_failed), ==, 24);
    CHECK_INT(sizeof(struct engine_stats), ==, 10 * 8);
}
