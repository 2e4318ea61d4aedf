/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/sigv4_chunks.h"

enum { TEXT_BYTES_MAX = 16 * 1024, SIZE_DIGITS_MAX = 8 };

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MALFORMED(...) REFUSE(ARGUMENT, "", "the body is not in signed chunks: " __VA_ARGS__)

static fallible
sign_chunk(const struct sigv4_claim *c, const digest *day_key, str data, char signature[65])
{
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    digest key = *day_key, d;
    char hash[65];
    TRY(sha256_of(data, &d));
    digest_text(&d, hash);
    buf_add(&text, STR("AWS4-HMAC-SHA256-PAYLOAD\n"));
    buf_add(&text, c->time);
    buf_add_char(&text, '\n');
    buf_add(&text, c->scope);
    buf_add_fmt(&text, "\n%s\n" EMPTY_HASH "\n%s", signature, hash);
    TRY(buf_end(&text));
    const secret k = {key.bytes, sizeof key.bytes};
    const err e = hmac_sha256(&k, buf_str(&text), &d);
    wipe(&key, sizeof key);
    if (!e.code)
        digest_text(&d, signature);
    return e;
}

fallible
sigv4_chunks_put(const struct sigv4_claim *c, const secret *key, str data, char signature[65],
                 buf *b)
{
    digest day;
    TRY(sigv4_key(key, c->date, c->region, c->service, &day));
    const err e = sign_chunk(c, &day, data, signature);
    wipe(&day, sizeof day);
    TRY(e);
    buf_add_fmt(b, "%zx;chunk-signature=%s\r\n", data.len, signature);
    buf_add(b, data);
    buf_add(b, STR("\r\n"));
    return buf_end(b);
}

static fallible
read_size(str text, size_t *ret)
{
    size_t n = 0;
    if (!text.len || text.len > SIZE_DIGITS_MAX)
        MALFORMED("a size has 1 to %d digits", SIZE_DIGITS_MAX);
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i], low = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            n = n << 4 | (size_t)(c - '0');
        else if (low >= 'a' && low <= 'f')
            n = n << 4 | (size_t)(low - 'a' + 10);
        else
            MALFORMED("a size is hexadecimal");
    }
    *ret = n;
    return OK;
}

/* Takes one chunk off; its signature and data. */
static fallible
take_chunk(str *rest, str *ret_signature, str *ret_data)
{
    const ptrdiff_t end = str_find(str_slice(*rest, 0, 128), STR("\r\n"));
    size_t size;
    str line, digits;
    if (end < 0)
        MALFORMED("a chunk has no head");
    line = str_slice(*rest, 0, (size_t)end);
    *rest = str_slice(*rest, (size_t)end + 2, rest->len);
    (void)str_next(&line, ';', &digits);
    TRY(read_size(digits, &size));
    if (!str_starts(line, STR("chunk-signature=")))
        MALFORMED("a chunk has no signature");
    if (rest->len < 2 || size > rest->len - 2 ||
        !str_eq(str_slice(*rest, size, size + 2), STR("\r\n")))
        MALFORMED("a chunk is shorter or longer than it says");
    *ret_signature = str_slice(line, 16, line.len);
    *ret_data = str_slice(*rest, 0, size);
    *rest = str_slice(*rest, size + 2, rest->len);
    return OK;
}

static fallible
read_all(const struct sigv4_claim *c, const digest *day, str rest, buf *ret)
{
    char signature[65];
    if (!str_copy(c->signature, signature, sizeof signature))
        FAIL(INTERNAL, "the claim was not read");
    for (size_t count = 0;; count++) {
        str claimed, data;
        if (count == SIGV4_CHUNK_COUNT_MAX)
            MALFORMED("more than %d chunks", SIGV4_CHUNK_COUNT_MAX);
        TRY(take_chunk(&rest, &claimed, &data));
        TRY(sign_chunk(c, day, data, signature));
        if (!secret_eq(str_of(signature), claimed))
            REFUSE(UNAUTHENTICATED, "InvalidSignatureException",
                   "The signature of chunk %zu does not match the one we calculated.", count);
        if (!data.len)
            break;
        buf_add(ret, data);
        TRY(buf_end(ret));
    }
    if (rest.len)
        MALFORMED("something follows the last chunk");
    return OK;
}

fallible
sigv4_chunks_read(const struct sigv4_claim *c, const secret *key, str body, uint64_t want_len,
                  buf *ret)
{
    digest day;
    const size_t before = ret->len;
    TRY(sigv4_key(key, c->date, c->region, c->service, &day));
    const err e = read_all(c, &day, body, ret);
    wipe(&day, sizeof day);
    TRY(e);
    if (ret->len - before != want_len)
        MALFORMED("it is not as long as x-amz-decoded-content-length says");
    return OK;
}
