/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/head.h"

#include "test.h"

static str
made(buf *b, int status, enum head_framing framing, const struct http_field *fields, size_t count)
{
    buf_clear(b);
    head_put(b, &(struct head){
                    .status = status,
                    .framing = framing,
                    .length = 12,
                    .date = STR("now"),
                    .id = STR("req_1"),
                    .fields = fields,
                    .count = count,
                });
    return buf_str(b);
}

TEST(a_head_has_status_date_id_fields_and_framing)
{
    AUTO(buf) b = BUF(4096);
    const struct http_field f[] = {{STR("Content-Type"), STR("text/plain")}, {STR("X-A"), STR("")}};
    CHECK_STR(made(&b, 200, HEAD_LENGTH, f, 2),
              STR("HTTP/1.1 200 OK\r\nDate: now\r\nX-Request-Id: req_1\r\n"
                  "Content-Type: text/plain\r\nX-A: \r\nContent-Length: 12\r\n\r\n"));
    CHECK_STR(made(&b, 404, HEAD_CHUNKED, NULL, 0),
              STR("HTTP/1.1 404 Not Found\r\nDate: now\r\nX-Request-Id: req_1\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n"));
    CHECK_STR(made(&b, 299, HEAD_NO_BODY, NULL, 0),
              STR("HTTP/1.1 299 \r\nDate: now\r\nX-Request-Id: req_1\r\n\r\n"));
    CHECK_STR(made(&b, 200, HEAD_UNTIL_CLOSE, NULL, 0),
              STR("HTTP/1.1 200 OK\r\nDate: now\r\nX-Request-Id: req_1\r\n\r\n"));
}

TEST(no_field_breaks_out_of_its_line)
{
    AUTO(buf) b = BUF(1 << 20);
    for (int c = 0; c < 256; c++) {
        const char value[] = {'a', (char)c, 'b'};
        const struct http_field f = {STR("X-A"), {value, 3}}, g = {{value, 3}, STR("v")};
        const size_t plain = made(&b, 200, HEAD_NO_BODY, NULL, 0).len;
        const str with = made(&b, 200, HEAD_NO_BODY, &f, 1);
        const char *const at = with.at + plain - 2 + 6;
        const bool control = (c < 32 && c != '\t') || c == 127;
        NEED(with.len == plain + 10);
        if (*at != (control ? ' ' : (char)c))
            test_fail(__FILE__, __LINE__, "byte %d became %d", c, *at);
        NEED(made(&b, 200, HEAD_NO_BODY, &g, 1).len == plain + 8);
    }
}

TEST(fields_of_the_connection_are_the_servers_alone)
{
    static const char *const ours[] = {
        "Connection", "content-length", "DATE",       "Transfer-Encoding",
        "Upgrade",    "X-Request-ID",   "keep-alive", "TE",
        "Trailer"};
    static const char *const theirs[] = {"Content-Type", "Retry-After", "Dates", "X-Connection",
                                         ""};
    AUTO(buf) b = BUF(4096);
    const size_t plain = made(&b, 200, HEAD_LENGTH, NULL, 0).len;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        const struct http_field f = {str_of(ours[i]), STR("0")};
        CHECK(head_is_ours(f.name));
        CHECK_INT(made(&b, 200, HEAD_LENGTH, &f, 1).len, ==, plain);
    }
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        CHECK(!head_is_ours(str_of(theirs[i])));
}

TEST(only_204_and_304_have_no_body)
{
    for (int status = 200; status < 600; status++)
        CHECK_INT(head_is_bodiless(status), ==, status == 204 || status == 304);
}

TEST(every_status_makes_a_line_of_three_parts)
{
    AUTO(buf) b = BUF(4096);
    for (int status = 200; status < 600; status++) {
        const str s = made(&b, status, HEAD_NO_BODY, NULL, 0);
        NEED(str_starts(s, STR("HTTP/1.1 ")) && s.at[12] == ' ');
        NEED(str_find(s, STR("\r\n")) >= 13);
    }
}
