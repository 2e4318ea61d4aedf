/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/sigv4_chunks.h"

#include "base/fault.h"
#include "test.h"

enum { ROOM = 1 << 20 };
#define SEED "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"

/* The example that AWS publishes: 66,560 times 'a' in chunks of 64 KiB. */
static const struct sigv4_claim claim = {
    .date = STR_INIT("20130524"),
    .region = STR_INIT("us-east-1"),
    .service = STR_INIT("s3"),
    .scope = STR_INIT("20130524/us-east-1/s3/aws4_request"),
    .time = STR_INIT("20130524T000000Z"),
    .signature = STR_INIT(SEED),
};

static secret
example_key(void)
{
    static const char text[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    secret s = {0};
    CHECK_OK(secret_get(&s, sizeof text - 1));
    memcpy(s.at, text, s.len);
    return s;
}

static void
put_example(buf *b)
{
    static char data[65536];
    char signature[65] = SEED;
    AUTO(secret) key = example_key();
    memset(data, 'a', sizeof data);
    CHECK_OK(sigv4_chunks_put(&claim, &key, (str){data, 65536}, signature, b));
    CHECK_STR(str_of(signature),
              STR("ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"));
    CHECK_OK(sigv4_chunks_put(&claim, &key, (str){data, 1024}, signature, b));
    CHECK_STR(str_of(signature),
              STR("0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"));
    CHECK_OK(sigv4_chunks_put(&claim, &key, STR(""), signature, b));
    CHECK_STR(str_of(signature),
              STR("b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"));
}

static err
read_chunks(str body, uint64_t len, buf *ret)
{
    AUTO(secret) key = example_key();
    return sigv4_chunks_read(&claim, &key, body, len, ret);
}

TEST(the_published_example_is_written_and_read)
{
    AUTO(buf) b = BUF(ROOM);
    AUTO(buf) data = BUF(ROOM);
    put_example(&b);
    CHECK_INT(b.len, ==, 66824); /* as published */
    CHECK_OK(read_chunks(buf_str(&b), 66560, &data));
    CHECK_INT(data.len, ==, 66560);
    for (size_t i = 0; i < data.len; i++)
        NEED(data.at[i] == 'a');
}

TEST(a_changed_byte_anywhere_is_refused)
{
    AUTO(buf) b = BUF(ROOM);
    put_example(&b);
    for (size_t i = 0; i < b.len; i = i < 100 || i > b.len - 300 ? i + 1 : i + 997) {
        AUTO(buf) data = BUF(ROOM);
        b.at[i] = (char)(b.at[i] ^ 1);
        const err e = read_chunks(buf_str(&b), 66560, &data);
        if (e.code != ERR_UNAUTHENTICATED && e.code != ERR_ARGUMENT)
            test_fail(__FILE__, __LINE__, "byte %zu", i);
        b.at[i] = (char)(b.at[i] ^ 1);
    }
}

TEST(a_body_that_is_cut_or_goes_on_is_refused)
{
    AUTO(buf) b = BUF(ROOM);
    put_example(&b);
    for (size_t cut = 0; cut < 2000; cut += 13) {
        AUTO(buf) data = BUF(ROOM);
        CHECK_ERR(read_chunks(str_slice(buf_str(&b), 0, b.len - 1 - cut), 66560, &data), ARGUMENT);
    }
    AUTO(buf) data = BUF(ROOM);
    CHECK_ERR(read_chunks(buf_str(&b), 66559, &data), ARGUMENT);
    buf_add(&b, STR("x"));
    CHECK_ERR(read_chunks(buf_str(&b), 66560, &data), ARGUMENT);
}

TEST(a_chunk_left_out_is_seen)
{
    AUTO(buf) b = BUF(ROOM);
    AUTO(buf) less = BUF(ROOM);
    AUTO(buf) data = BUF(ROOM);
    put_example(&b);
    const size_t first = 65536 + 5 + 1 + 16 + 64 + 2 + 2;
    buf_add(&less, str_slice(buf_str(&b), first, b.len));
    CHECK_ERR(read_chunks(buf_str(&less), 1024, &data), UNAUTHENTICATED);
    CHECK_STR(str_of(err_param()), STR("InvalidSignatureException"));
}

TEST(what_has_not_the_form_of_chunks_is_refused)
{
    static const str bad[] = {
        STR_INIT(""),
        STR_INIT("{}"),
        STR_INIT("2\r\n{}\r\n"),
        STR_INIT(";chunk-signature=0\r\n\r\n"),
        STR_INIT("xyz;chunk-signature=0\r\n\r\n"),
        STR_INIT("fffffffff;chunk-signature=0\r\n\r\n"),
        STR_INIT("ffffffff;chunk-signature=0\r\n\r\n"),
        STR_INIT("5;chunk-signature=0\r\nabc\r\n"),
        STR_INIT("2;chunk-signature=0\r\nabc\r\n"),
        STR_INIT("0;other=0\r\n\r\n"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf) data = BUF(ROOM);
        CHECK_ERR(read_chunks(bad[i], 2, &data), ARGUMENT);
    }
}

TEST(more_data_than_there_is_room_for_is_refused)
{
    AUTO(buf) b = BUF(ROOM);
    AUTO(buf) data = BUF(1000);
    put_example(&b);
    CHECK_ERR(read_chunks(buf_str(&b), 66560, &data), LIMIT);
}

TEST(without_memory_or_library_nothing_is_accepted)
{
    AUTO(buf) b = BUF(ROOM);
    put_example(&b);
    for (long n = 1;; n++) {
        AUTO(buf) data = BUF(ROOM);
        AUTO(secret) key = example_key();
        fault_arm(n);
        const err e = sigv4_chunks_read(&claim, &key, buf_str(&b), 66560, &data);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired) {
            CHECK_OK(e);
            break;
        }
        CHECK(e.code != 0 && e.code != ERR_UNAUTHENTICATED);
    }
}
