/* SPDX-License-Identifier: EUPL-1.2 */
#include "sight/pixels.h"

#include "test.h"

TEST(pixels_that_are_not_what_they_say_are_refused)
{
    struct {
        struct pixels p;
        uint8_t rgb[12];
        uint8_t end[4];
    } bad = {.p = {PIXELS_MAGIC, 2, 2, 0}};
    struct pixels p;
    const str at = {(const char *)&bad, sizeof bad.p + sizeof bad.rgb};
    CHECK_OK(pixels_check(at, &p));
    CHECK_ERR(pixels_check(str_slice(at, 0, at.len - 1), &p), PARSE);
    CHECK_ERR(pixels_check((str){at.at, at.len + 1}, &p), PARSE);
    CHECK_ERR(pixels_check(str_slice(at, 0, 8), &p), PARSE);
    bad.p.width = 0;
    CHECK_ERR(pixels_check(at, &p), PARSE);
    bad.p.width = 3;
    CHECK_ERR(pixels_check(at, &p), PARSE);
    bad.p.width = bad.p.height = 1u << 31;
    CHECK_ERR(pixels_check(at, &p), PARSE);
    bad.p = (struct pixels){PIXELS_MAGIC + 1, 2, 2, 0};
    CHECK_ERR(pixels_check(at, &p), PARSE);
}
