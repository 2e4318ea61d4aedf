/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/quick.h"

#include "test.h"

TEST(every_length_up_to_four_blocks_agrees_with_the_general_interface)
{
    char text[260];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)test_random();
    for (size_t len = 0; len <= sizeof text; len++) {
        digest want;
        const digest got = quick_hash_plain((str){text, len});
        NEED_OK(sha256_of((str){text, len}, &want));
        CHECK(digest_eq(&got, &want));
    }
}

TEST(a_tag_and_two_pieces_are_hashed_as_one_text)
{
    char text[300];
    for (int round = 0; round < 500; round++) {
        const size_t len = 1 + test_random() % (sizeof text - 1), cut = 1 + test_random() % len;
        digest want;
        for (size_t i = 0; i < len; i++)
            text[i] = (char)test_random();
        const digest got =
            quick_hash((uint8_t)text[0], (str){text + 1, cut - 1}, (str){text + cut, len - cut});
        NEED_OK(sha256_of((str){text, len}, &want));
        CHECK(digest_eq(&got, &want));
    }
}

TEST(another_tag_gives_another_hash)
{
    const digest a = quick_hash(0, STR("x"), STR_NONE), b = quick_hash(1, STR("x"), STR_NONE);
    CHECK(!digest_eq(&a, &b));
}
