/* SPDX-License-Identifier: EUPL-1.2 */
/* zip_write.h - zip files for tests, by hand: members are stored, and every field can be made to
 * lie.  Source: PKWARE APPNOTE 6.3. */
#pragma once
#include "base/buf.h"

struct zip_part {
    const char *name;
    str bytes;
    uint32_t claimed; /* uncompressed size that the heads claim; 0: the right one */
    bool is_encrypted;
};

static inline uint32_t
zip_crc(str s)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < s.len; i++) {
        crc ^= (uint8_t)s.at[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static inline void
zip_number(buf *b, uint32_t n, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_add_char(b, (char)(n >> 8 * i & 0xff));
}

/* What a local head and a central one have in common, from the version on. */
static inline void
zip_fields(buf *b, const struct zip_part *p)
{
    zip_number(b, 20, 2);
    zip_number(b, p->is_encrypted, 2);
    zip_number(b, 0, 2);
    zip_number(b, 0x21u << 16, 4); /* 1980-01-01 */
    zip_number(b, zip_crc(p->bytes), 4);
    zip_number(b, (uint32_t)p->bytes.len, 4);
    zip_number(b, p->claimed ? p->claimed : (uint32_t)p->bytes.len, 4);
    zip_number(b, (uint32_t)strlen(p->name), 2);
    zip_number(b, 0, 2);
}

static inline void
zip_write(buf *b, const struct zip_part *parts, size_t count)
{
    AUTO(buf) central = BUF(b->limit);
    for (size_t i = 0; i < count; i++) {
        const uint32_t at = (uint32_t)b->len;
        buf_add(b, STR("PK\x03\x04"));
        zip_fields(b, &parts[i]);
        buf_add(b, str_of(parts[i].name));
        buf_add(b, parts[i].bytes);
        buf_add(&central, STR("PK\x01\x02"));
        zip_number(&central, 20, 2);
        zip_fields(&central, &parts[i]);
        zip_number(&central, 0, 2); /* comment, disk, attributes */
        zip_number(&central, 0, 4);
        zip_number(&central, 0, 4);
        zip_number(&central, at, 4);
        buf_add(&central, str_of(parts[i].name));
    }
    const uint32_t at = (uint32_t)b->len;
    buf_add(b, buf_str(&central));
    buf_add(b, STR("PK\x05\x06"));
    zip_number(b, 0, 4);
    zip_number(b, (uint32_t)count, 2);
    zip_number(b, (uint32_t)count, 2);
    zip_number(b, (uint32_t)central.len, 4);
    zip_number(b, at, 4);
    zip_number(b, 0, 2);
}
