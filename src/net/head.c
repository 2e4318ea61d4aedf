/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/head.h"

static str
reason(int status)
{
    static const struct {
        int status;
        str text;
    } known[] = {
        {200, STR_INIT("OK")},
        {201, STR_INIT("Created")},
        {202, STR_INIT("Accepted")},
        {204, STR_INIT("No Content")},
        {206, STR_INIT("Partial Content")},
        {301, STR_INIT("Moved Permanently")},
        {302, STR_INIT("Found")},
        {303, STR_INIT("See Other")},
        {304, STR_INIT("Not Modified")},
        {307, STR_INIT("Temporary Redirect")},
        {308, STR_INIT("Permanent Redirect")},
        {400, STR_INIT("Bad Request")},
        {401, STR_INIT("Unauthorized")},
        {403, STR_INIT("Forbidden")},
        {404, STR_INIT("Not Found")},
        {405, STR_INIT("Method Not Allowed")},
        {406, STR_INIT("Not Acceptable")},
        {408, STR_INIT("Request Timeout")},
        {409, STR_INIT("Conflict")},
        {410, STR_INIT("Gone")},
        {411, STR_INIT("Length Required")},
        {412, STR_INIT("Precondition Failed")},
        {413, STR_INIT("Content Too Large")},
        {414, STR_INIT("URI Too Long")},
        {415, STR_INIT("Unsupported Media Type")},
        {416, STR_INIT("Range Not Satisfiable")},
        {417, STR_INIT("Expectation Failed")},
        {421, STR_INIT("Misdirected Request")},
        {422, STR_INIT("Unprocessable Content")},
        {424, STR_INIT("Failed Dependency")},
        {428, STR_INIT("Precondition Required")},
        {429, STR_INIT("Too Many Requests")},
        {431, STR_INIT("Request Header Fields Too Large")},
        {500, STR_INIT("Internal Server Error")},
        {501, STR_INIT("Not Implemented")},
        {502, STR_INIT("Bad Gateway")},
        {503, STR_INIT("Service Unavailable")},
        {504, STR_INIT("Gateway Timeout")},
        {505, STR_INIT("HTTP Version Not Supported")},
        {529, STR_INIT("Overloaded")},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == status)
            return known[i].text;
    return STR_NONE; /* an empty reason is allowed */
}

bool
head_is_ours(str name)
{
    static const str ours[] = {
        STR_INIT("connection"),
        STR_INIT("content-length"),
        STR_INIT("date"),
        STR_INIT("keep-alive"),
        STR_INIT("te"),
        STR_INIT("trailer"),
        STR_INIT("transfer-encoding"),
        STR_INIT("upgrade"),
        STR_INIT("x-request-id"),
    };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (str_eq_nocase(name, ours[i]))
            return true;
    return false;
}

bool
head_is_bodiless(int status)
{
    return status == 204 || status == 304;
}

static bool
is_control(char c)
{
    const uint8_t u = (uint8_t)c;
    return (u < 0x20 && u != '\t') || u == 0x7f;
}

void
head_put_clean(buf *b, str s)
{
    const size_t from = b->len;
    buf_add(b, s);
    for (size_t i = from; i < b->len; i++)
        if (is_control(b->at[i]))
            b->at[i] = ' ';
}

static void
put_field(buf *b, str name, str value)
{
    head_put_clean(b, name);
    buf_add(b, STR(": "));
    head_put_clean(b, value);
    buf_add(b, STR("\r\n"));
}

static void
put_framing(buf *b, const struct head *h)
{
    switch (h->framing) {
    case HEAD_LENGTH:
        buf_add(b, STR("Content-Length: "));
        buf_add_u64(b, h->length);
        buf_add(b, STR("\r\n"));
        break;
    case HEAD_CHUNKED:
        buf_add(b, STR("Transfer-Encoding: chunked\r\n"));
        break;
    case HEAD_UNTIL_CLOSE:
    case HEAD_NO_BODY:
        break;
    }
}

void
head_put(buf *b, const struct head *h)
{
    ASSERT(h->status >= 200 && h->status <= 599);
    buf_add(b, STR("HTTP/1.1 "));
    buf_add_u64(b, (uint64_t)h->status);
    buf_add_char(b, ' ');
    buf_add(b, reason(h->status));
    buf_add(b, STR("\r\nDate: "));
    buf_add(b, h->date);
    buf_add(b, STR("\r\nX-Request-Id: "));
    buf_add(b, h->id);
    buf_add(b, STR("\r\n"));
    for (size_t i = 0; i < h->count; i++)
        if (!head_is_ours(h->fields[i].name))
            put_field(b, h->fields[i].name, h->fields[i].value);
    if (h->connection.len)
        put_field(b, STR("Connection"), h->connection);
    put_framing(b, h);
    buf_add(b, STR("\r\n"));
}
