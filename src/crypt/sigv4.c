/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/sigv4.h"

#include <stdio.h>

enum { CANONICAL_BYTES_MAX = 1024 * 1024, TEXT_BYTES_MAX = 64 * 1024 };

/* ---- keys */
/* HMAC under a digest. */
static fallible
step(digest *key, str text)
{
    const secret k = {key->bytes, sizeof key->bytes};
    return hmac_sha256(&k, text, key);
}

fallible
sigv4_key(const secret *key, str date, str region, str service, digest *ret)
{
    uint8_t room[4 + SIGV4_SECRET_MAX] = "AWS4";
    digest d;
    if (!key->len || key->len > SIGV4_SECRET_MAX)
        FAIL(ARGUMENT, "a secret access key of %zu bytes", key->len);
    memcpy(room + 4, key->at, key->len);
    const secret first = {room, 4 + key->len};
    err e = hmac_sha256(&first, date, &d);
    wipe(room, sizeof room);
    if (!e.code)
        e = step(&d, region);
    if (!e.code)
        e = step(&d, service);
    if (!e.code)
        e = step(&d, STR("aws4_request"));
    if (!e.code)
        *ret = d;
    wipe(&d, sizeof d);
    return e;
}

fallible
sigv4_hash_body(arena *a, str body, str *ret)
{
    digest d;
    char hex[65];
    TRY(sha256_of(body, &d));
    digest_text(&d, hex);
    return try_arena_str(a, str_of(hex), ret);
}

/* ---- what is signed */
/* Not formatted: what an address says may hold a NUL. */
static void
put_all(buf *b, const str *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add(b, parts[i]);
}

static fallible
put_to_sign(str time, str scope, str canonical, buf *b)
{
    digest d;
    char hex[65];
    TRY(sha256_of(canonical, &d));
    digest_text(&d, hex);
    const str parts[] = {STR("AWS4-HMAC-SHA256\n"), time, STR("\n"), scope, STR("\n"), str_of(hex)};
    put_all(b, parts, sizeof parts / sizeof *parts);
    return buf_end(b);
}

static fallible
expect(arena *a, const struct sigv4_request *r, const struct sigv4_claim *c,
       struct sigv4_expected *ret)
{
    AUTO(buf) canonical = BUF(CANONICAL_BYTES_MAX);
    AUTO(buf) to_sign = BUF(TEXT_BYTES_MAX);
    TRY(sigv4_canon_put(a, r, c->signed_names, &canonical));
    TRY(put_to_sign(c->time, c->scope, buf_str(&canonical), &to_sign));
    TRY(try_arena_str(a, buf_str(&canonical), &ret->canonical));
    return try_arena_str(a, buf_str(&to_sign), &ret->to_sign);
}

static fallible
signature_of(const struct sigv4_claim *c, const secret *key, str to_sign, char ret_hex[65])
{
    digest d;
    TRY(sigv4_key(key, c->date, c->region, c->service, &d));
    const err e = step(&d, to_sign);
    digest_text(&d, ret_hex);
    wipe(&d, sizeof d);
    return e;
}

fallible
sigv4_verify(arena *a, const struct sigv4_request *r, const struct sigv4_claim *c,
             const secret *key, struct sigv4_expected *ret_expected)
{
    char hex[65];
    ASSERT(r->payload.len && c->scope.len);
    TRY(expect(a, r, c, ret_expected));
    TRY(signature_of(c, key, ret_expected->to_sign, hex));
    if (!secret_eq(str_of(hex), c->signature))
        REFUSE(UNAUTHENTICATED, "InvalidSignatureException",
               "The request signature we calculated does not match the signature you provided. "
               "Check your AWS Secret Access Key and signing method.");
    return OK;
}

/* ---- signing */
static bool
is_left_out(str name)
{
    static const str names[] = {STR_INIT("authorization"), STR_INIT("connection"),
                                STR_INIT("expect"),        STR_INIT("transfer-encoding"),
                                STR_INIT("user-agent"),    STR_INIT("x-amzn-trace-id")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_nocase(name, names[i]))
            return true;
    return false;
}

static int
by_text(const void *a, const void *b)
{
    return str_cmp(*(const str *)a, *(const str *)b);
}

static fallible
to_lower(arena *a, str s, str *ret)
{
    void *room;
    TRY(try_arena_get(a, s.len + 1, 1, &room));
    char *at = room;
    for (size_t i = 0; i < s.len; i++)
        at[i] = s.at[i] >= 'A' && s.at[i] <= 'Z' ? (char)(s.at[i] | 0x20) : s.at[i];
    *ret = (str){at, s.len};
    return OK;
}

/* "host;x-amz-date": each name once, sorted. */
static fallible
name_fields(arena *a, const struct sigv4_request *r, str *ret)
{
    str names[SIGV4_FIELDS_MAX + SIGV4_EXTRA_MAX];
    size_t count = 0;
    AUTO(buf) b = BUF(TEXT_BYTES_MAX);
    for (size_t i = 0; i < r->field_count; i++)
        if (!is_left_out(r->fields[i].name))
            TRY(to_lower(a, r->fields[i].name, &names[count++]));
    qsort(names, count, sizeof *names, by_text);
    for (size_t i = 0; i < count; i++) {
        if (i && str_eq(names[i], names[i - 1]))
            continue;
        if (b.len)
            buf_add_char(&b, ';');
        buf_add(&b, names[i]);
    }
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

static fallible
claim_of(arena *a, const struct sigv4_signer *s, struct sigv4_claim *ret)
{
    char time[SIGV4_TIME_LEN + 1];
    AUTO(buf) scope = BUF(TEXT_BYTES_MAX);
    struct sigv4_claim c = {.access_id = s->access_id, .region = s->region, .service = s->service};
    ASSERT(s->access_id.len && s->region.len && s->service.len);
    sigv4_time_text(s->now_wall_ms, time);
    TRY(try_arena_str(a, str_of(time), &c.time));
    c.date = str_slice(c.time, 0, 8);
    const str parts[] = {c.date, STR("/"), c.region, STR("/"), c.service, STR("/aws4_request")};
    put_all(&scope, parts, sizeof parts / sizeof *parts);
    TRY(buf_end(&scope));
    TRY(try_arena_str(a, buf_str(&scope), &c.scope));
    *ret = c;
    return OK;
}

/* The request as it will be, with the fields that signing adds. */
static fallible
complete(arena *a, const struct sigv4_request *r, const struct sigv4_signed *s,
         struct sigv4_request *ret)
{
    void *room;
    if (r->field_count > SIGV4_FIELDS_MAX)
        FAIL(LIMIT, "%zu header fields to sign", r->field_count);
    TRY(try_arena_get(a, r->field_count + s->extra_count + 1, sizeof *r->fields, &room));
    struct sigv4_field *fields = room;
    if (r->field_count)
        memcpy(fields, r->fields, r->field_count * sizeof *fields);
    memcpy(fields + r->field_count, s->extra, s->extra_count * sizeof *fields);
    *ret = *r;
    ret->fields = fields;
    ret->field_count = r->field_count + s->extra_count;
    if (!sigv4_field_of(ret, STR("host")).at && !sigv4_field_of(ret, STR(":authority")).at)
        FAIL(ARGUMENT, "a request without host cannot be signed");
    return OK;
}

static fallible
sign(arena *a, const struct sigv4_request *r, const struct sigv4_signer *s, struct sigv4_claim *c)
{
    struct sigv4_expected what;
    char hex[65];
    TRY(expect(a, r, c, &what));
    TRY(signature_of(c, s->key, what.to_sign, hex));
    return try_arena_str(a, str_of(hex), &c->signature);
}

static void
add_extra(struct sigv4_signed *s, str name, str value)
{
    ASSERT(s->extra_count < SIGV4_EXTRA_MAX);
    s->extra[s->extra_count++] = (struct sigv4_field){name, value};
}

fallible
sigv4_sign(arena *a, const struct sigv4_request *r, const struct sigv4_signer *s,
           struct sigv4_signed *ret)
{
    struct sigv4_signed done = {.extra_count = 0};
    struct sigv4_request all;
    struct sigv4_claim c;
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    TRY(claim_of(a, s, &c));
    add_extra(&done, STR("x-amz-date"), c.time);
    if (s->sends_hash)
        add_extra(&done, STR("x-amz-content-sha256"), r->payload);
    if (s->session_token.len)
        add_extra(&done, STR("x-amz-security-token"), s->session_token);
    TRY(complete(a, r, &done, &all));
    TRY(name_fields(a, &all, &c.signed_names));
    TRY(sign(a, &all, s, &c));
    const str parts[] = {STR("AWS4-HMAC-SHA256 Credential="),
                         c.access_id,
                         STR("/"),
                         c.scope,
                         STR(", SignedHeaders="),
                         c.signed_names,
                         STR(", Signature="),
                         c.signature};
    put_all(&text, parts, sizeof parts / sizeof *parts);
    TRY(buf_end(&text));
    TRY(try_arena_str(a, buf_str(&text), &done.authorization));
    done.signature = c.signature;
    *ret = done;
    return OK;
}

static void
put_param(buf *b, const char *name, str value)
{
    if (b->len)
        buf_add_char(b, '&');
    buf_add(b, str_of(name));
    buf_add_char(b, '=');
    sigv4_canon_encode(b, value);
}

static void
put_params(buf *b, const struct sigv4_signer *s, const struct sigv4_claim *c, int64_t expires_s)
{
    AUTO(buf) credential = BUF(TEXT_BYTES_MAX);
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)expires_s);
    const str parts[] = {c->access_id, STR("/"), c->scope};
    put_all(&credential, parts, sizeof parts / sizeof *parts);
    b->failed |= credential.failed;
    put_param(b, "X-Amz-Algorithm", STR("AWS4-HMAC-SHA256"));
    put_param(b, "X-Amz-Credential", buf_str(&credential));
    put_param(b, "X-Amz-Date", c->time);
    put_param(b, "X-Amz-Expires", str_of(seconds));
    if (s->session_token.len)
        put_param(b, "X-Amz-Security-Token", s->session_token);
    put_param(b, "X-Amz-SignedHeaders", c->signed_names);
}

fallible
sigv4_presign(arena *a, const struct sigv4_request *r, const struct sigv4_signer *s,
              int64_t expires_s, str *ret_query)
{
    const struct sigv4_signed none = {.extra_count = 0};
    struct sigv4_request all;
    struct sigv4_claim c;
    AUTO(buf) query = BUF(TEXT_BYTES_MAX);
    ASSERT(expires_s >= 1 && expires_s <= SIGV4_EXPIRES_S_MAX);
    TRY(claim_of(a, s, &c));
    TRY(complete(a, r, &none, &all));
    TRY(name_fields(a, &all, &c.signed_names));
    buf_add(&query, r->query);
    put_params(&query, s, &c, expires_s);
    TRY(buf_end(&query));
    all.query = buf_str(&query);
    TRY(sign(a, &all, s, &c));
    put_param(&query, "X-Amz-Signature", c.signature);
    TRY(buf_end(&query));
    return try_arena_str(a, buf_str(&query), ret_query);
}
