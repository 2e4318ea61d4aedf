/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pthread.h>

#include "base/enc.h"
#include "base/fault.h"

enum { DIGEST_LEN = sizeof(digest), HKDF_LEN_MAX = 255 * DIGEST_LEN };

struct sha256 {
    EVP_MD_CTX *ctx;
};

/* Looking an algorithm up in OpenSSL 3 costs more than hashing a short text, so it is done once;
 * what is found is constant and lives as long as the process. */
static struct {
    EVP_MD *sha256;
    EVP_MAC *hmac;
    EVP_KDF *hkdf;
} found;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
find_all(void)
{
    found.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    found.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    found.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
}

static fallible
find(void)
{
    if (pthread_once(&once, find_all) != 0 || !found.sha256 || !found.hmac || !found.hkdf)
        FAIL(INTERNAL, "the library has no SHA-256, HMAC or HKDF");
    return OK;
}

static fallible
check(int rc, const char *what)
{
    if (fault_now() || rc != 1)
        FAIL(INTERNAL, "the library failed to %s", what);
    return OK;
}

fallible
sha256_of(str bytes, digest *ret)
{
    digest d;
    TRY(find());
    TRY(check(EVP_Digest(bytes.at, bytes.len, d.bytes, NULL, found.sha256, NULL), "hash"));
    *ret = d;
    return OK;
}

fallible
sha256_new(sha256 **ret)
{
    TRY(find());
    sha256 *h = mem_get(sizeof *h);
    if (!h)
        FAIL(LIMIT, "no memory for a hash");
    h->ctx = EVP_MD_CTX_new();
    const err e = check(h->ctx && EVP_DigestInit_ex2(h->ctx, found.sha256, NULL), "begin a hash");
    if (e.code) {
        sha256_free(h);
        return e;
    }
    *ret = h;
    return OK;
}

fallible
sha256_add(sha256 *h, str bytes)
{
    ASSERT(h);
    return check(EVP_DigestUpdate(h->ctx, bytes.at, bytes.len), "hash");
}

fallible
sha256_end(sha256 *h, digest *ret)
{
    ASSERT(h);
    digest d;
    const err e = check(EVP_DigestFinal_ex(h->ctx, d.bytes, NULL), "end a hash");
    sha256_free(h);
    TRY(e);
    *ret = d;
    return OK;
}

void
sha256_free(sha256 *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->ctx);
    mem_free(h);
}

static OSSL_PARAM
text_param(const char *name, char *value)
{
    return OSSL_PARAM_construct_utf8_string(name, value, 0);
}

static int
run_hmac(EVP_MAC_CTX *ctx, const secret *key, str bytes, digest *d)
{
    char hash[] = "SHA256";
    const OSSL_PARAM params[] = {text_param(OSSL_MAC_PARAM_DIGEST, hash),
                                 OSSL_PARAM_construct_end()};
    size_t len = 0;
    /* No key means "as before" to the library, which would be none at all. */
    const unsigned char *at = key->len ? key->at : (const unsigned char *)"";
    return ctx && EVP_MAC_init(ctx, at, key->len, params) == 1 &&
           EVP_MAC_update(ctx, (const unsigned char *)bytes.at, bytes.len) == 1 &&
           EVP_MAC_final(ctx, d->bytes, &len, sizeof d->bytes) == 1 && len == sizeof d->bytes;
}

fallible
hmac_sha256(const secret *key, str bytes, digest *ret)
{
    digest d;
    TRY(find());
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(found.hmac);
    const int rc = run_hmac(ctx, key, bytes, &d);
    EVP_MAC_CTX_free(ctx);
    TRY(check(rc, "authenticate"));
    *ret = d;
    return OK;
}

static int
run_hkdf(EVP_KDF_CTX *ctx, const secret *key, str info, const secret *out)
{
    char hash[] = "SHA256", none[] = "";
    /* The parameters are not const in OpenSSL 3.0, but only read. */
    void *info_at = info.len ? (void *)(uintptr_t)info.at : none;
    const OSSL_PARAM params[] = {
        text_param(OSSL_KDF_PARAM_DIGEST, hash),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key->at, key->len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info_at, info.len),
        OSSL_PARAM_construct_end()};
    return ctx && EVP_KDF_derive(ctx, out->at, out->len, params) == 1;
}

fallible
hkdf_sha256(const secret *key, str info, size_t len, secret *ret)
{
    AUTO(secret) out = {0};
    ASSERT(key->len > 0 && len > 0 && len <= HKDF_LEN_MAX);
    ASSERT(info.len <= HKDF_INFO_MAX);
    TRY(find());
    TRY(secret_get(&out, len));
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(found.hkdf);
    const int rc = run_hkdf(ctx, key, info, &out);
    EVP_KDF_CTX_free(ctx);
    TRY(check(rc, "derive a key"));
    *ret = out;
    out = (secret){0};
    return OK;
}

void
digest_text(const digest *d, char room[65])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof d->bytes; i++) {
        room[2 * i] = digits[d->bytes[i] >> 4];
        room[2 * i + 1] = digits[d->bytes[i] & 15];
    }
    room[64] = '\0';
}

fallible
digest_read(str hex, digest *ret)
{
    digest d = {{0}};
    TRY(hex_read(hex, d.bytes, sizeof d.bytes));
    *ret = d;
    return OK;
}
