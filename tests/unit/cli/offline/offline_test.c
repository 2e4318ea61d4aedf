/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/offline/offline.h"

#include "os/file.h"
#include "test.h"

static str
file_of(const char *text)
{
    static char path[300];
    (void)snprintf(path, sizeof path, "%s/vectors.jsonl", test_dir());
    CHECK_OK(file_write_atomic(path, str_of(text), 0600));
    return str_of(path);
}

TEST(vectors_are_read_as_numbers_or_base64_and_brought_to_length_one)
{
    AUTO(offline_vectors) v = {0};
    NEED_OK(offline_vectors_read(file_of("{\"id\":\"a\",\"embedding\":[3,4]}\n"
                                         "{\"id\":\"b\",\"embedding\":\"AAAAQAAAAAA=\"}\n"),
                                 &v));
    CHECK_INT(v.dims, ==, 2);
    const float *const a = offline_vectors_find(&v, STR("a"));
    const float *const b = offline_vectors_find(&v, STR("b"));
    NEED(a && b);
    CHECK(a[0] > 0.59f && a[0] < 0.61f && a[1] > 0.79f && a[1] < 0.81f);
    CHECK(b[0] > 0.99f && b[1] == 0);
    CHECK(!offline_vectors_find(&v, STR("c")));
}

TEST(lines_that_are_no_vectors_are_refused)
{
    static const char *const bad[] = {
        "",
        "{}\n",
        "{\"id\":\"a\"}\n",
        "{\"id\":\"a\",\"embedding\":[]}\n",
        "{\"id\":\"a\",\"embedding\":[\"x\"]}\n",
        "{\"id\":\"a\",\"embedding\":\"AAA=\"}\n",
        "{\"id\":\"a\",\"embedding\":\"?\"}\n",
        "{\"id\":\"a\",\"embedding\":[1]}\n{\"id\":\"b\",\"embedding\":[1,2]}\n",
        "not json\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(offline_vectors) v = {0};
        const err e = offline_vectors_read(file_of(bad[i]), &v);
        CHECK(e.code == ERR_ARGUMENT || e.code == ERR_PARSE);
    }
}

TEST(a_file_that_is_not_there_is_not_found)
{
    AUTO(offline_vectors) v = {0};
    CHECK_ERR(offline_vectors_read(STR("/nonexistent/v"), &v), NOT_FOUND);
}
