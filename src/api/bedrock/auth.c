/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/auth.h"

#include <stdio.h>

#include "base/num.h"
#include "crypt/sigv4.h"
#include "crypt/sigv4_chunks.h"
#include "os/clock.h"

enum { SHOWN_BYTES_MAX = 4096, HASH_DIGITS = 64 };

struct signed_call {
    struct sigv4_request request;
    struct sigv4_claim claim;
    const secret *key;
    bool is_verified;
    buf data; /* of signed chunks */
};

static void
signed_done(void *p)
{
    struct signed_call *s = p;
    buf_done(&s->data);
}

/* ---- the request as the signature sees it */
static fallible
copy_fields(struct api_call *c, struct sigv4_request *r)
{
    const size_t count = http_header_count(c->x);
    void *room;
    TRY(try_arena_get(c->a, count + 1, sizeof(struct sigv4_field), &room));
    struct sigv4_field *fields = room;
    for (size_t i = 0; i < count; i++) {
        const struct http_field f = http_header_at(c->x, i);
        fields[i] = (struct sigv4_field){f.name, f.value};
    }
    r->fields = fields;
    r->field_count = count;
    return OK;
}

static fallible
request_of(struct api_call *c, struct sigv4_request *ret)
{
    *ret = (struct sigv4_request){
        .method = http_method_name(c->x), .path = http_path(c->x), .query = http_query(c->x)};
    return copy_fields(c, ret);
}

/* ---- the verdict */
/* As AWS does it: what would have been right, so that the two can be compared. */
static void
show_expected(struct api_call *c, const struct sigv4_expected *want)
{
    if (want->canonical.len + want->to_sign.len > SHOWN_BYTES_MAX)
        return;
    c->told = arena_fmt(c->a,
                        "The request signature we calculated does not match the signature you "
                        "provided. Check your AWS Secret Access Key and signing method. Consult "
                        "the service documentation for details.\n\nThe Canonical String for this "
                        "request should have been\n'%.*s'\n\nThe String-to-Sign should have "
                        "been\n'%.*s'\n",
                        STR_FMT(want->canonical), STR_FMT(want->to_sign));
}

static fallible
verify(struct api_call *c, struct signed_call *s, str payload)
{
    struct sigv4_expected want = {.canonical = STR_NONE};
    s->request.payload = payload;
    const err e = sigv4_verify(c->a, &s->request, &s->claim, s->key, &want);
    if (e.code == ERR_UNAUTHENTICATED)
        show_expected(c, &want);
    s->is_verified = !e.code;
    return e;
}

static bool
is_hash(str s)
{
    return s.len == HASH_DIGITS && str_find_char(s, '-') < 0;
}

/* What the head says of the body, and whether that may be. */
static fallible
check_payload(const struct api_call *c, str payload)
{
    if (!payload.len || is_hash(payload) || str_eq(payload, SIGV4_CHUNKED))
        return OK;
    if (!str_eq(payload, SIGV4_UNSIGNED))
        REFUSE(ARGUMENT, "x-amz-content-sha256",
               "x-amz-content-sha256 must be a SHA-256, UNSIGNED-PAYLOAD or %.*s",
               STR_FMT(SIGV4_CHUNKED));
    if (!http_is_sealed(c->x))
        REFUSE(UNAUTHENTICATED, "InvalidSignatureException",
               "UNSIGNED-PAYLOAD is taken over TLS only.");
    return OK;
}

static fallible
authenticate_signed(struct api_call *c, struct signed_call *s)
{
    const str payload = s->claim.payload;
    TRY(sigv4_claim_check_time(&s->claim, clock_wall_ms()));
    TRY(gate_session_signed(c->gate, s->claim.access_id, &c->session, &s->key));
    if (s->claim.session_token.len)
        REFUSE(UNAUTHENTICATED, "UnrecognizedClientException",
               "The security token included in the request is invalid: there are no temporary "
               "credentials here.");
    TRY(check_payload(c, payload));
    return payload.len ? verify(c, s, payload) : OK;
}

static fallible
read_signed(struct api_call *c)
{
    struct signed_call *s = arena_new(c->a, struct signed_call);
    TRY(request_of(c, &s->request));
    TRY(sigv4_claim_read(c->a, &s->request, STR("bedrock"), &s->claim));
    s->data = BUF(gate_parts_of(c->gate)->params->net_body_bytes_max);
    arena_on_end(c->a, signed_done, s);
    c->auth = s;
    const err e = authenticate_signed(c, s);
    if (e.code)
        c->session = NULL;
    return e;
}

static fallible
read_bearer(struct api_call *c, str authorization)
{
    const err e = gate_session(c->gate, authorization, &c->session);
    char sentence[256];
    if (e.code != ERR_UNAUTHENTICATED)
        return e;
    snprintf(sentence, sizeof sentence, "%s", err_public(e));
    REFUSE(UNAUTHENTICATED, "UnrecognizedClientException", "%s", sentence);
}

fallible
bedrock_authenticate(struct api_call *c)
{
    const str authorization = http_header(c->x, STR("authorization"));
    const struct sigv4_request head = {.query = http_query(c->x)};
    if (str_starts(authorization, STR("AWS4-")) || sigv4_claim_is_there(&head))
        return read_signed(c);
    if (authorization.len)
        return read_bearer(c, authorization);
    if (c->route->auth == AUTH_LOCAL && http_peer_uid(c->x) >= 0) {
        c->session = gate_operator(c->gate);
        return OK;
    }
    REFUSE(UNAUTHENTICATED, "MissingAuthenticationTokenException", "Missing Authentication Token");
}

/* ---- the body */
static fallible
join_chunks(struct api_call *c, struct signed_call *s)
{
    const str text = sigv4_field_of(&s->request, STR("x-amz-decoded-content-length"));
    uint64_t len;
    if (num_u64(text, 0, s->data.limit, &len).code)
        REFUSE(ARGUMENT, "x-amz-decoded-content-length",
               "x-amz-decoded-content-length must be the number of bytes without the chunks");
    TRY(sigv4_chunks_read(&s->claim, s->key, c->body, len, &s->data));
    c->body = buf_str(&s->data);
    return OK;
}

fallible
bedrock_check_body(struct api_call *c)
{
    struct signed_call *s = c->auth;
    str hash;
    if (!s)
        return OK;
    if (str_eq(s->claim.payload, SIGV4_UNSIGNED))
        return OK;
    if (str_eq(s->claim.payload, SIGV4_CHUNKED))
        return join_chunks(c, s);
    TRY(sigv4_hash_body(c->a, c->body, &hash));
    if (!s->is_verified)
        return verify(c, s, hash);
    if (!str_eq_nocase(hash, s->claim.payload))
        REFUSE(UNAUTHENTICATED, "InvalidSignatureException",
               "The provided 'x-amz-content-sha256' header does not match what was computed.");
    return OK;
}
