/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/parts.h"

static size_t
fields_len(const struct http_field *fields, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += 2 * sizeof(uint32_t) + fields[i].name.len + fields[i].value.len;
    return len;
}

static char *
put(char *at, const void *bytes, size_t len)
{
    if (len)
        memcpy(at, bytes, len);
    return at + len;
}

static char *
put_fields(char *at, const struct http_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t lens[2] = {(uint32_t)fields[i].name.len, (uint32_t)fields[i].value.len};
        at = put(at, lens, sizeof lens);
        at = put(at, fields[i].name.at, lens[0]);
        at = put(at, fields[i].value.at, lens[1]);
    }
    return at;
}

/* `count` fields and nothing else. */
static bool
read_fields(str bytes, size_t count, struct http_field *room)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t lens[2];
        str head;
        if (!batch_take(&bytes, sizeof lens, &head))
            return false;
        memcpy(lens, head.at, sizeof lens);
        if (!batch_take(&bytes, lens[0], &room[i].name) ||
            !batch_take(&bytes, lens[1], &room[i].value))
            return false;
    }
    return !bytes.len;
}

/* ---- a call */

fallible
parts_put_call(struct batch *b, uint64_t id, const struct call_parts *c)
{
    const size_t fields =
        c->field_count <= EGRESS_FIELDS_MAX ? fields_len(c->fields, c->field_count) : SIZE_MAX;
    if (fields > EGRESS_FIELD_BYTES_MAX || c->provider.len >= PROVIDER_NAME_MAX ||
        c->method.len >= EGRESS_METHOD_MAX || c->path.len > EGRESS_PATH_MAX)
        FAIL(LIMIT, "a call to a provider is out of bounds");
    const struct egress_ask ask = {.provider_len = (uint32_t)c->provider.len,
                                   .method_len = (uint32_t)c->method.len,
                                   .path_len = (uint32_t)c->path.len,
                                   .fields_len = (uint32_t)fields,
                                   .field_count = (uint32_t)c->field_count,
                                   .is_repeatable = c->is_repeatable,
                                   .body_len = c->body.len,
                                   .wait_ms_max = c->wait_ms_max};
    const size_t head = sizeof ask + c->provider.len + c->method.len + c->path.len + fields;
    char *at =
        c->body.len <= BATCH_BYTES_MAX ? batch_add(b, EGRESS_CALL, id, head + c->body.len) : NULL;
    if (!at)
        FAIL(LIMIT, "no memory for a call to a provider");
    at = put(at, &ask, sizeof ask);
    at = put(at, c->provider.at, c->provider.len);
    at = put(at, c->method.at, c->method.len);
    at = put(at, c->path.at, c->path.len);
    at = put_fields(at, c->fields, c->field_count);
    (void)put(at, c->body.at, c->body.len);
    return OK;
}

bool
parts_read_call(str bytes, struct http_field *room, struct call_parts *ret)
{
    struct egress_ask ask;
    struct call_parts c;
    str head, fields;
    if (!batch_take(&bytes, sizeof ask, &head))
        return false;
    memcpy(&ask, head.at, sizeof ask);
    if (ask.field_count > EGRESS_FIELDS_MAX || ask.provider_len >= PROVIDER_NAME_MAX ||
        ask.method_len >= EGRESS_METHOD_MAX || ask.path_len > EGRESS_PATH_MAX ||
        !batch_take(&bytes, ask.provider_len, &c.provider) ||
        !batch_take(&bytes, ask.method_len, &c.method) ||
        !batch_take(&bytes, ask.path_len, &c.path) ||
        !batch_take(&bytes, ask.fields_len, &fields) || bytes.len != ask.body_len ||
        !read_fields(fields, ask.field_count, room))
        return false;
    c.fields = room;
    c.field_count = ask.field_count;
    c.body = bytes;
    c.wait_ms_max = ask.wait_ms_max;
    c.is_repeatable = ask.is_repeatable != 0;
    *ret = c;
    return true;
}

/* ---- the head of an answer */

fallible
parts_put_head(struct batch *b, uint64_t id, int status, const struct http_field *fields,
               size_t count)
{
    ASSERT(count <= EGRESS_FIELDS_MAX);
    const struct egress_head head = {(uint32_t)status, (uint32_t)count};
    char *at = batch_add(b, EGRESS_HEAD, id, sizeof head + fields_len(fields, count));
    if (!at)
        FAIL(LIMIT, "no memory for an answer");
    at = put(at, &head, sizeof head);
    (void)put_fields(at, fields, count);
    return OK;
}

bool
parts_read_head(str bytes, struct http_field *room, int *ret_status, size_t *ret_count)
{
    struct egress_head head;
    str first;
    if (!batch_take(&bytes, sizeof head, &first))
        return false;
    memcpy(&head, first.at, sizeof head);
    if (head.field_count > EGRESS_FIELDS_MAX || head.status < 200 || head.status > 599 ||
        !read_fields(bytes, head.field_count, room))
        return false;
    *ret_status = (int)head.status;
    *ret_count = head.field_count;
    return true;
}
