/* SPDX-License-Identifier: EUPL-1.2 */
/* sigv4.h - AWS Signature Version 4, both sides: signing requests that go out, and checking those
 * that come in.
 *
 * The signature is an HMAC over the canonical request (sigv4_canon.h), the time and the scope
 * (date, region, service), under a key that four HMACs derive from the secret.  So a stolen request
 * is good for one path, query, body and set of fields, in one service, for minutes; within them it
 * can be sent again, by anybody who saw it: AWS does not detect that either, TLS is what prevents
 * it.
 *
 * What of the body is signed is said in x-amz-content-sha256: its SHA-256; or a word: the body is
 * not signed (UNSIGNED-PAYLOAD), or each of its chunks is (sigv4_chunks.h).  Without that field it
 * is the SHA-256 of the body.
 *
 * Source: AWS, "Signature Version 4 signing process".  Pure over its arguments: no clock, no
 * memory between calls.  Any thread. */
#pragma once
#include "base/secret.h"
#include "crypt/hash.h"
#include "crypt/sigv4_claim.h"

#define SIGV4_UNSIGNED STR("UNSIGNED-PAYLOAD")
#define SIGV4_CHUNKED STR("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")

enum { SIGV4_SECRET_MAX = 256, SIGV4_EXTRA_MAX = 3 };

/* The key that signs for one day, region and service. */
fallible sigv4_key(const secret *key, str date, str region, str service, digest *ret);

/* ---- signing */
struct sigv4_signer {
    str access_id;
    const secret *key;   /* 1 to SIGV4_SECRET_MAX bytes */
    str session_token;   /* empty: none */
    str region, service; /* "eu-central-1", "bedrock" */
    int64_t now_wall_ms;
    bool sends_hash; /* x-amz-content-sha256 is sent along: S3 wants it */
};

struct sigv4_signed {
    str authorization;                         /* value of the field Authorization */
    struct sigv4_field extra[SIGV4_EXTRA_MAX]; /* to be sent too: they are signed */
    size_t extra_count;
    str signature; /* the seed of chunks */
};

/* Signs the request with all its fields, among which "host" must be, but for those that are the
 * connection's or that proxies change (connection, expect, transfer-encoding, user-agent,
 * x-amzn-trace-id, authorization).  r->payload is set. */
fallible sigv4_sign(arena *a, const struct sigv4_request *r, const struct sigv4_signer *s,
                    struct sigv4_signed *ret);
/* The query of a presigned address, r->query in front: good for `expires_s` seconds. */
fallible sigv4_presign(arena *a, const struct sigv4_request *r, const struct sigv4_signer *s,
                       int64_t expires_s, str *ret_query);

/* ---- checking */
struct sigv4_expected { /* what the signature should have been made of */
    str canonical, to_sign;
};

/* Does the signature fit the request, made with this key?  `r->payload` is the hash of the body
 * that came, or the word that the claim has.  UNAUTHENTICATED (InvalidSignatureException) when it
 * does not; *ret_expected is set in any case and may be shown to who asks. */
fallible sigv4_verify(arena *a, const struct sigv4_request *r, const struct sigv4_claim *c,
                      const secret *key, struct sigv4_expected *ret_expected);
/* SHA-256 of the body as `payload` wants it. */
fallible sigv4_hash_body(arena *a, str body, str *ret);
