/* SPDX-License-Identifier: EUPL-1.2 */
/* cert.h - a self-signed certificate and its key, made on the spot. */
#pragma once
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "base/str.h"

struct cert {
    char cert[4096], key[4096];
};

static inline void
cert_text(BIO *bio, char *room, size_t room_len)
{
    const int n = BIO_read(bio, room, (int)room_len - 1);
    room[n > 0 ? n : 0] = 0;
    BIO_free(bio);
}

static inline X509 *
cert_sign(EVP_PKEY *key, const char *name)
{
    X509 *const x = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 24 * 3600);
    X509_NAME *const n = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, n);
    X509_set_pubkey(x, key);
    X509_set_version(x, 2);
    X509_sign(x, key, EVP_sha256());
    return x;
}

/* A fresh P-256 key and a certificate for `name`. */
static inline void
cert_make(struct cert *c, const char *name)
{
    EVP_PKEY *const key = EVP_EC_gen("P-256");
    X509 *const x = cert_sign(key, name);
    BIO *const cert_bio = BIO_new(BIO_s_mem()), *const key_bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(cert_bio, x);
    PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
    cert_text(cert_bio, c->cert, sizeof c->cert);
    cert_text(key_bio, c->key, sizeof c->key);
    X509_free(x);
    EVP_PKEY_free(key);
}
