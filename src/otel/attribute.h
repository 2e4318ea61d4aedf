/* SPDX-License-Identifier: EUPL-1.2 */
/* attribute.h - what spans and measures share in OTLP's JSON form (opentelemetry-proto, "JSON
 * Protobuf Encoding"): attributes, times, who tells.
 *
 * 64-bit numbers are texts there, ids hexadecimal, enums numbers.  Everything is written into a
 * bounded buf (base/json.h); nothing fails before its buf_end. */
#pragma once
#include "base/json.h"

struct otel_self { /* who tells; texts live as long as whoever has it */
    str version;
    uint64_t instance; /* opaque: this start of this installation */
    str address;       /* where requests are taken: "127.0.0.1:7080" */
};

/* One {"key":…,"value":…} of an array. */
void attribute_str(buf *b, const char *key, str value);
void attribute_u64(buf *b, const char *key, uint64_t value);
/* The same with 16 hexadecimal digits. */
void attribute_id(buf *b, const char *key, uint64_t value);
/* A member with a number as text: nanoseconds since 1970, counts. */
void member_text_u64(buf *b, const char *name, uint64_t n);
/* "resource":{…} */
void member_resource(buf *b, const struct otel_self *self);
/* "scope":{…} */
void member_scope(buf *b, const struct otel_self *self);
