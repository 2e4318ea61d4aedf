/* SPDX-License-Identifier: EUPL-1.2 */
/* parts.h - what stands in a CALL and in a HEAD (proto.h), written and read.
 *
 * Reading believes nothing: every length is checked, and a frame with bytes left over is malformed.
 * What is read points into the frame. */
#pragma once
#include "egress/batch.h"
#include "net/http.h"

struct call_parts {
    str provider, method, path;
    const struct http_field *fields;
    size_t field_count;
    str body;
    uint64_t wait_ms_max;
    bool is_repeatable;
};

/* LIMIT: beyond the bounds of proto.h, or no memory.  Nothing is added then. */
fallible parts_put_call(struct batch *b, uint64_t id, const struct call_parts *c);
/* `room` holds EGRESS_FIELDS_MAX; false when malformed. */
bool parts_read_call(str bytes, struct http_field *room, struct call_parts *ret);

fallible parts_put_head(struct batch *b, uint64_t id, int status, const struct http_field *fields,
                        size_t count);
/* A status of 200 to 599 only. */
bool parts_read_head(str bytes, struct http_field *room, int *ret_status, size_t *ret_count);
