/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/near/kernel.h"

#include <math.h>

#include "test.h"

static const char *const names[] = {"plain", "avx2", "avx512"};

TEST(every_kernel_counts_the_same_distances)
{
    static uint8_t codes[64 * 136], q[136];
    for (size_t len = 8; len <= 136; len += 8)
        for (size_t n = 0; n < 3; n++) {
            const struct kernel *const k = kernel_find(names[n]);
            uint16_t want[64], got[64];
            if (!k)
                continue;
            for (size_t i = 0; i < sizeof codes; i++)
                codes[i] = (uint8_t)test_random();
            for (size_t i = 0; i < sizeof q; i++)
                q[i] = (uint8_t)test_random();
            kernel_plain.scan(codes, len, 64, q, want);
            k->scan(codes, len, 64, q, got);
            CHECK(memcmp(want, got, sizeof want) == 0);
        }
}

TEST(a_distance_is_the_number_of_bits_that_differ)
{
    const uint8_t code[16] = {0xff, 0, 0, 0, 0, 0, 0, 1}, q[16] = {0x0f};
    uint16_t d = 0;
    kernel_plain.scan(code, 16, 1, q, &d);
    CHECK_INT(d, ==, 5);
    kernel_plain.scan(code, 16, 1, code, &d);
    CHECK_INT(d, ==, 0);
}

TEST(every_kernel_sums_the_same_products)
{
    for (int round = 0; round < 500; round++)
        for (size_t n = 0; n < 3; n++) {
            const struct kernel *const k = kernel_find(names[n]);
            int8_t row[384];
            float q[384];
            double want = 0, most = 0;
            if (!k)
                continue;
            const size_t dims = 8 * (1 + (size_t)(test_random() % 48));
            for (size_t i = 0; i < dims; i++) {
                row[i] = (int8_t)(test_random() % 255 - 127);
                q[i] = (float)(test_random() % 2001) / 1000 - 1;
                want += (double)row[i] * (double)q[i];
                most += fabs((double)row[i] * (double)q[i]);
            }
            CHECK(fabs((double)k->dot(row, q, dims) - want) <= 1e-5 * most + 1e-5);
        }
}

TEST(an_unknown_kernel_is_not_there)
{
    CHECK(!kernel_find("neon9"));
    CHECK(!kernel_find(""));
    CHECK(kernel_find("plain") == &kernel_plain);
    CHECK(kernel_best() != NULL && kernel_find(kernel_best()->name) == kernel_best());
}
