/* SPDX-License-Identifier: EUPL-1.2 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypt/quick.h"

#include <openssl/sha.h>

/* What these functions return is always 1: they work on memory they are given. */
static void
add(SHA256_CTX *c, str s)
{
    if (s.len)
        SHA256_Update(c, s.at, s.len);
}

digest
quick_hash(uint8_t tag, str a, str b)
{
    SHA256_CTX c;
    digest d;
    SHA256_Init(&c);
    SHA256_Update(&c, &tag, 1);
    add(&c, a);
    add(&c, b);
    SHA256_Final(d.bytes, &c);
    return d;
}

digest
quick_hash_plain(str text)
{
    SHA256_CTX c;
    digest d;
    SHA256_Init(&c);
    add(&c, text);
    SHA256_Final(d.bytes, &c);
    return d;
}
