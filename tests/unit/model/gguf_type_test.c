/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/gguf_type.h"

#include "test.h"

enum { TYPES = 43, FILE_TYPES = 42 };

TEST(known_types_have_the_sizes_ggml_gives_them)
{
    static const struct {
        uint32_t number;
        const char *name;
        uint32_t values, bytes;
    } rows[] = {{0, "F32", 1, 4},         {1, "F16", 1, 2},       {2, "Q4_0", 32, 18},
                {8, "Q8_0", 32, 34},      {12, "Q4_K", 256, 144}, {14, "Q6_K", 256, 210},
                {23, "IQ4_XS", 256, 136}, {30, "BF16", 1, 2},     {34, "TQ1_0", 256, 54},
                {39, "MXFP4", 32, 17},    {40, "NVFP4", 64, 36},  {42, "Q2_0", 64, 18}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct gguf_type *t = gguf_type_at(rows[i].number);
        NEED(t);
        CHECK_STR(str_of(t->name), str_of(rows[i].name));
        CHECK_INT(t->block_values, ==, rows[i].values);
        CHECK_INT(t->block_bytes, ==, rows[i].bytes);
    }
}

TEST(every_number_below_the_end_has_a_row_with_a_name_of_its_own)
{
    for (uint32_t i = 0; i < TYPES; i++) {
        const struct gguf_type *t = gguf_type_at(i);
        NEED(t && t->name && t->name[0]);
        for (uint32_t j = 0; j < i; j++)
            CHECK(!str_eq(str_of(t->name), str_of(gguf_type_at(j)->name)));
    }
}

/* No type packs a value into less than one bit or spends more than eight bytes on it. */
TEST(a_type_is_given_up_or_takes_one_to_sixty_four_bits_per_value)
{
    int given_up = 0;
    for (uint32_t i = 0; i < TYPES; i++) {
        const struct gguf_type *t = gguf_type_at(i);
        if (!t->block_values) {
            CHECK_INT(t->block_bytes, ==, 0);
            given_up++;
            continue;
        }
        CHECK_INT(8 * t->block_bytes, >=, t->block_values);
        CHECK_INT(8 * t->block_bytes, <=, 64 * t->block_values);
        CHECK_INT(t->block_values & (t->block_values - 1), ==, 0);
    }
    CHECK_INT(given_up, ==, 8);
}

TEST(numbers_past_the_end_are_no_type)
{
    CHECK(!gguf_type_at(TYPES));
    CHECK(!gguf_type_at(UINT32_MAX));
}

TEST(file_types_have_names_and_unknown_ones_are_empty)
{
    CHECK_STR(str_of(gguf_type_of_file(0)), STR("F32"));
    CHECK_STR(str_of(gguf_type_of_file(15)), STR("Q4_K_M"));
    CHECK_STR(str_of(gguf_type_of_file(FILE_TYPES - 1)), STR("Q2_0"));
    CHECK_STR(str_of(gguf_type_of_file(4)), STR(""));
    CHECK_STR(str_of(gguf_type_of_file(FILE_TYPES)), STR(""));
    CHECK_STR(str_of(gguf_type_of_file(UINT64_MAX)), STR(""));
}
