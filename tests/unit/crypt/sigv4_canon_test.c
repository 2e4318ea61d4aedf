/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/sigv4_canon.h"

#include "base/fault.h"
#include "test.h"

enum { ROOM = 1 << 20 };

static err
put(const struct sigv4_request *r, const char *names, buf *b)
{
    AUTO(arena) *a = NULL;
    CHECK_OK(arena_open(ROOM, &a));
    return sigv4_canon_put(a, r, str_of(names), b);
}

#define CHECK_CANON(names, want, ...)                                                              \
    do {                                                                                           \
        const struct sigv4_request req_ = {.payload = STR("P"), __VA_ARGS__};                      \
        AUTO(buf) out_ = BUF(ROOM);                                                                \
        CHECK_OK(put(&req_, names, &out_));                                                        \
        CHECK_STR(buf_str(&out_), STR(want));                                                      \
    } while (0)

#define CHECK_PATH(path_, want)                                                                    \
    CHECK_CANON("h", "GET\n" want "\n\nh:\n\nh\nP", .method = STR("GET"), .path = STR(path_))
#define CHECK_S3_PATH(path_, want)                                                                 \
    CHECK_CANON("h", "GET\n" want "\n\nh:\n\nh\nP", .method = STR("GET"), .path = STR(path_),      \
                .is_s3 = true)
#define CHECK_QUERY(query_, want)                                                                  \
    CHECK_CANON("h", "GET\n/\n" want "\nh:\n\nh\nP", .method = STR("GET"), .path = STR("/"),       \
                .query = STR(query_))

TEST(a_path_is_normalized_and_encoded_once_more)
{
    CHECK_PATH("", "/");
    CHECK_PATH("/", "/");
    CHECK_PATH("//", "/");
    CHECK_PATH("/a//b/./c/../d", "/a/b/d");
    CHECK_PATH("/../..", "/");
    CHECK_PATH("/a/", "/a/");
    CHECK_PATH("/a/..", "/");
    CHECK_PATH("/model/x%3A0/converse", "/model/x%253A0/converse");
    CHECK_PATH("/model/arn%3Aaws%2Fid/converse", "/model/arn%253Aaws%252Fid/converse");
    CHECK_PATH("/-._~09azAZ", "/-._~09azAZ");
    CHECK_PATH("/a b\xc3\xa4", "/a%20b%C3%A4");
    CHECK_PATH("/a:b@c!", "/a%3Ab%40c%21");
}

TEST(for_s3_a_path_is_taken_as_it_is)
{
    CHECK_S3_PATH("", "/");
    CHECK_S3_PATH("/", "/");
    CHECK_S3_PATH("/a//b/../c/", "/a//b/../c/");
    CHECK_S3_PATH("/a%3Ab%2Fc", "/a%3Ab%2Fc");
    CHECK_S3_PATH("/test$file.text", "/test%24file.text");
    CHECK_S3_PATH("/a%zz", "/a%25zz");
}

TEST(a_query_is_decoded_encoded_and_sorted)
{
    CHECK_QUERY("", "");
    CHECK_QUERY("b=2&a=1", "a=1&b=2");
    CHECK_QUERY("a", "a=");
    CHECK_QUERY("a=", "a=");
    CHECK_QUERY("&&a=1&", "a=1");
    CHECK_QUERY("a=2&a=1&A=3", "A=3&a=1&a=2");
    CHECK_QUERY("a=%c3%a4&b=%7E", "a=%C3%A4&b=~");
    CHECK_QUERY("a=b=c", "a=b%3Dc");
    CHECK_QUERY("a=1+2 3", "a=1%2B2%203");
    CHECK_QUERY("a=%", "a=%25");
    CHECK_QUERY("X-Amz-Date=1&X-Amz-Signature=abc", "X-Amz-Date=1");
}

TEST(values_lose_the_space_that_means_nothing)
{
    const struct sigv4_field f[] = {{STR("My-Header1"), STR("  a   b  \t c ")},
                                    {STR("host"), STR("x")},
                                    {STR("my-header1"), STR("d")}};
    CHECK_CANON("host;my-header1;none",
                "GET\n/\n\nhost:x\nmy-header1:a b c,d\nnone:\n\n"
                "host;my-header1;none\nP",
                .method = STR("GET"), .path = STR("/"), .fields = f, .field_count = 3);
}

TEST(only_the_fields_that_are_named_are_there)
{
    const struct sigv4_field f[] = {{STR("host"), STR("x")}, {STR("other"), STR("y")}};
    const struct sigv4_request r = {.fields = f, .field_count = 2};
    CHECK_CANON("host", "PUT\n/\n\nhost:x\n\nhost\nP", .method = STR("PUT"), .path = STR("/"),
                .fields = f, .field_count = 2);
    CHECK_STR(sigv4_field_of(&r, STR("Other")), STR("y"));
    CHECK(!sigv4_field_of(&r, STR("nothing")).at);
}

TEST(more_parameters_than_there_is_room_for_are_refused)
{
    AUTO(buf) query = BUF(ROOM);
    AUTO(buf) b = BUF(ROOM);
    for (int i = 0; i < SIGV4_PARAMS_MAX; i++)
        buf_add_fmt(&query, "a%d=1&", i);
    struct sigv4_request r = {.method = STR("GET"), .payload = STR("P"), .path = STR("/")};
    r.query = buf_str(&query);
    CHECK_OK(put(&r, "h", &b));
    buf_add(&query, STR("one=more"));
    r.query = buf_str(&query);
    CHECK_ERR(put(&r, "h", &b), ARGUMENT);
}

TEST(without_memory_it_fails)
{
    const struct sigv4_request r = {
        .method = STR("GET"), .payload = STR("P"), .path = STR("/a/b"), .query = STR("a=1&b=2")};
    for (long n = 1;; n++) {
        AUTO(arena) *a = NULL;
        AUTO(buf) b = BUF(ROOM);
        NEED_OK(arena_open(ROOM, &a));
        fault_arm(n);
        const err e = sigv4_canon_put(a, &r, STR("h"), &b);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired) {
            CHECK_OK(e);
            break;
        }
        CHECK_ERR(e, LIMIT);
    }
}
