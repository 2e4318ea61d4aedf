/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/http.h"

#include "net/conn.h"
#include "net/gzip.h"

enum { ANSWER_FIELDS_MAX = 24 };

enum http_method
http_method(const http_exchange *x)
{
    return x->method;
}

str
http_method_name(const http_exchange *x)
{
    return x->method_name;
}

str
http_path(const http_exchange *x)
{
    return x->path;
}

str
http_query(const http_exchange *x)
{
    return x->query;
}

str
http_header(const http_exchange *x, str name)
{
    for (size_t i = 0; i < x->fields.count; i++)
        if (str_eq(x->fields.at[i].name, name))
            return x->fields.at[i].value;
    return STR_NONE;
}

size_t
http_header_count(const http_exchange *x)
{
    return x->fields.count;
}

struct http_field
http_header_at(const http_exchange *x, size_t i)
{
    ASSERT(i < x->fields.count);
    return x->fields.at[i];
}

str
http_body(const http_exchange *x)
{
    return buf_str(&x->body);
}

arena *
http_arena(http_exchange *x)
{
    return x->a;
}

str
http_peer(const http_exchange *x)
{
    return str_of(x->conn->peer);
}

bool
http_is_sealed(const http_exchange *x)
{
    return x->conn->sealed || x->conn->peer_uid >= 0;
}

int64_t
http_peer_uid(const http_exchange *x)
{
    return x->conn->peer_uid;
}

int
http_version(const http_exchange *x)
{
    return x->conn->protocol->version;
}

str
http_request_id(const http_exchange *x)
{
    return x->id;
}

uint64_t
http_received_us(const http_exchange *x)
{
    return x->received_us;
}

void
http_set_trace(http_exchange *x, str id)
{
    x->trace = arena_str(x->a, id);
}

void
http_set_user(http_exchange *x, void *user)
{
    x->user = user;
}

void *
http_user(const http_exchange *x)
{
    return x->user;
}

/* Without memory for it the answer goes as it is. */
static bool
pack(http_exchange *x, str body, str *ret)
{
    const bool asked = gzip_is_accepted(http_header(x, STR("accept-encoding")));
    return asked && !gzip_pack(x->a, body, ret).code;
}

/* The fields and that of the trace, in `more`. */
static const struct http_field *
with_trace(const http_exchange *x, const struct http_field *fields, size_t *count,
           struct http_field *more)
{
    if (!x->trace.len || *count >= ANSWER_FIELDS_MAX)
        return fields;
    if (*count)
        memcpy(more, fields, *count * sizeof *fields);
    more[(*count)++] = (struct http_field){STR("x-trace-id"), x->trace};
    return more;
}

void
http_answer(http_exchange *x, int status, const struct http_field *fields, size_t field_count,
            str body)
{
    struct http_field more[ANSWER_FIELDS_MAX];
    ASSERT(!x->started && !x->ended);
    x->started = true;
    exchange_meter(x, status);
    fields = with_trace(x, fields, &field_count, more);
    if (field_count + 2 <= ANSWER_FIELDS_MAX && gzip_is_worth(status, fields, field_count, body)) {
        if (fields != more)
            memcpy(more, fields, field_count * sizeof *fields);
        more[field_count++] = (struct http_field){STR("vary"), STR("accept-encoding")};
        if (pack(x, body, &body))
            more[field_count++] = (struct http_field){STR("content-encoding"), STR("gzip")};
        fields = more;
    }
    x->conn->protocol->answer(x, status, fields, field_count, body);
}

void
http_start(http_exchange *x, int status, const struct http_field *fields, size_t count)
{
    struct http_field more[ANSWER_FIELDS_MAX];
    ASSERT(!x->started && !x->ended);
    x->started = true;
    exchange_meter(x, status);
    fields = with_trace(x, fields, &count, more);
    x->conn->protocol->start(x, status, fields, count);
}

fallible
http_write(http_exchange *x, str bytes)
{
    ASSERT(x->started && !x->ended);
    return bytes.len ? x->conn->protocol->write(x, bytes) : OK;
}

void
http_end(http_exchange *x)
{
    ASSERT(x->started && !x->ended);
    x->conn->protocol->end(x);
}

bool
http_started(const http_exchange *x)
{
    return x->started;
}

void
http_abort(http_exchange *x)
{
    ASSERT(!x->ended);
    x->conn->protocol->abort(x);
}
