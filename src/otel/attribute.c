/* SPDX-License-Identifier: EUPL-1.2 */
#include "otel/attribute.h"

#include <stdio.h>

static void
open_value(buf *b, const char *key, const char *kind)
{
    json_open(b, '{');
    json_member_str(b, "key", str_of(key));
    json_key(b, "value");
    json_open(b, '{');
    json_key(b, kind);
}

static void
close_value(buf *b)
{
    json_close(b, '}');
    json_close(b, '}');
}

void
attribute_str(buf *b, const char *key, str value)
{
    open_value(b, key, "stringValue");
    json_put_str(b, value);
    close_value(b);
}

static void
put_text_u64(buf *b, uint64_t n)
{
    char room[24];
    (void)snprintf(room, sizeof room, "%llu", (unsigned long long)n);
    json_put_str(b, str_of(room));
}

void
attribute_u64(buf *b, const char *key, uint64_t value)
{
    open_value(b, key, "intValue");
    put_text_u64(b, value);
    close_value(b);
}

void
attribute_id(buf *b, const char *key, uint64_t value)
{
    char room[24];
    (void)snprintf(room, sizeof room, "%016llx", (unsigned long long)value);
    attribute_str(b, key, str_of(room));
}

void
member_text_u64(buf *b, const char *name, uint64_t n)
{
    json_key(b, name);
    put_text_u64(b, n);
}

void
member_resource(buf *b, const struct otel_self *self)
{
    json_key(b, "resource");
    json_open(b, '{');
    json_key(b, "attributes");
    json_open(b, '[');
    attribute_str(b, "service.name", STR("hoheit"));
    attribute_str(b, "service.version", self->version);
    attribute_id(b, "service.instance.id", self->instance);
    json_close(b, ']');
    json_close(b, '}');
}

void
member_scope(buf *b, const struct otel_self *self)
{
    json_key(b, "scope");
    json_open(b, '{');
    json_member_str(b, "name", STR("hoheit"));
    json_member_str(b, "version", self->version);
    json_close(b, '}');
}
