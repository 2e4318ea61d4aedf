/* SPDX-License-Identifier: EUPL-1.2 */
/* cert.h - a self-signed certificate and its key, made on the spot. */
#pragma once
#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/err.h"
#include "base/str.h"

struct cert {
    char cert[4096], key[4096];
    uint8_t pin[32]; /* SHA-256 of the public key */
};

static inline void
cert_text(BIO *bio, char *room, size_t room_len)
{
    const int n = BIO_read(bio, room, (int)room_len - 1);
    room[n > 0 ? n : 0] = 0;
    BIO_free(bio);
}

/* The name as clients look for it. */
static inline void
cert_add_name(X509 *x, const char *name)
{
    struct in6_addr room;
    char text[300];
    const int is_ip = inet_pton(AF_INET, name, &room) == 1 || inet_pton(AF_INET6, name, &room) == 1;
    snprintf(text, sizeof text, "%s:%s", is_ip ? "IP" : "DNS", name);
    X509_EXTENSION *const e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

/* Good from `from_s` to `to_s`, seconds from now. */
static inline X509 *
cert_sign(EVP_PKEY *key, const char *name, const char *alt_name, long from_s, long to_s)
{
    X509 *const x = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), from_s);
    X509_gmtime_adj(X509_getm_notAfter(x), to_s);
    X509_NAME *const n = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, n);
    X509_set_pubkey(x, key);
    X509_set_version(x, 2);
    if (alt_name)
        cert_add_name(x, alt_name);
    X509_sign(x, key, EVP_sha256());
    return x;
}

/* A fresh P-256 key and a certificate for `name`; `alt_name` NULL: by its old common name only. */
static inline void
cert_make_as(struct cert *c, const char *name, const char *alt_name, long from_s, long to_s)
{
    EVP_PKEY *const key = EVP_EC_gen("P-256");
    X509 *const x = cert_sign(key, name, alt_name, from_s, to_s);
    BIO *const cert_bio = BIO_new(BIO_s_mem()), *const key_bio = BIO_new(BIO_s_mem());
    unsigned char *der = NULL;
    const int len = i2d_PUBKEY(key, &der);
    EVP_Digest(der, len > 0 ? (size_t)len : 0, c->pin, NULL, EVP_sha256(), NULL);
    OPENSSL_free(der);
    PEM_write_bio_X509(cert_bio, x);
    PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
    cert_text(cert_bio, c->cert, sizeof c->cert);
    cert_text(key_bio, c->key, sizeof c->key);
    X509_free(x);
    EVP_PKEY_free(key);
}

static inline void
cert_make(struct cert *c, const char *name)
{
    cert_make_as(c, name, name, -3600, 24 * 3600);
}
