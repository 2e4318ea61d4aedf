/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/sigv4_claim.h"

#include <stdio.h>

#include "base/enc.h"
#include "base/num.h"

enum { SIGNATURE_LEN = 64, NAMES_MAX = 64, DATE_LEN = 8, VALUE_BYTES_MAX = 16 * 1024 };
static const int64_t day_ms = 86400000;
static const str algorithm = STR_INIT("AWS4-HMAC-SHA256");

#define MISSING(...) REFUSE(UNAUTHENTICATED, "MissingAuthenticationTokenException", __VA_ARGS__)
#define INCOMPLETE(...) REFUSE(UNAUTHENTICATED, "IncompleteSignatureException", __VA_ARGS__)
#define INVALID(...) REFUSE(UNAUTHENTICATED, "InvalidSignatureException", __VA_ARGS__)

/* ---- time; days are counted as Howard Hinnant's "days_from_civil" does */
static int64_t
days_of(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    const int64_t era = y / 400, yoe = y - era * 400;
    const int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void
sigv4_time_text(int64_t wall_ms, char room[SIGV4_TIME_LEN + 1])
{
    ASSERT(wall_ms >= 0 && wall_ms < INT64_C(253402300800000)); /* the year 10000 */
    const int64_t s = wall_ms / 1000 % 86400, z = wall_ms / day_ms + 719468, era = z / 146097;
    const int64_t doe = z - era * 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    const int64_t d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9;
    const int64_t y = yoe + era * 400 + (m <= 2);
    char text[64];
    const int n = snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d%02dZ", (int)y, (int)m, (int)d,
                           (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    ASSERT(n == SIGV4_TIME_LEN);
    memcpy(room, text, SIGV4_TIME_LEN + 1);
}

/* Where a number stands in the text, and what it may be. */
struct span {
    size_t from, len;
    uint64_t min, max;
};

static fallible
read_spans(str text, const struct span *spans, size_t count, uint64_t *ret)
{
    for (size_t i = 0; i < count; i++) {
        const struct span *p = &spans[i];
        TRY(num_u64(str_slice(text, p->from, p->from + p->len), p->min, p->max, &ret[i]));
    }
    return OK;
}

fallible
sigv4_time_read(str text, int64_t *ret_wall_ms)
{
    static const struct span spans[] = {{0, 4, 1970, 9999}, {4, 2, 1, 12},  {6, 2, 1, 31},
                                        {9, 2, 0, 23},      {11, 2, 0, 59}, {13, 2, 0, 59}};
    uint64_t n[6];
    char again[SIGV4_TIME_LEN + 1];
    if (text.len != SIGV4_TIME_LEN || read_spans(text, spans, 6, n).code)
        FAIL(PARSE, "no time in ISO 8601 basic form");
    const int64_t day = days_of((int64_t)n[0], (int64_t)n[1], (int64_t)n[2]);
    const int64_t ms = day * day_ms + (int64_t)((n[3] * 60 + n[4]) * 60 + n[5]) * 1000;
    sigv4_time_text(ms, again);
    if (!str_eq(str_of(again), text)) /* 31 February, or no T and Z */
        FAIL(PARSE, "no such time");
    *ret_wall_ms = ms;
    return OK;
}

/* ---- the parts */
/* Access id, date, region, service, terminator; the id may hold a slash, so from the end. */
static fallible
read_credential(str credential, struct sigv4_claim *c)
{
    str parts[4], rest = credential;
    for (size_t i = 4; i-- > 0;) {
        size_t at = rest.len;
        while (at > 0 && rest.at[at - 1] != '/')
            at--;
        if (!at)
            INCOMPLETE("Credential must have at least 5 slash-delimited elements, e.g. "
                       "keyid/date/region/service/term.");
        parts[i] = str_slice(rest, at, rest.len);
        rest = str_slice(rest, 0, at - 1);
    }
    c->access_id = rest;
    c->scope = str_slice(credential, rest.len + 1, credential.len);
    c->date = parts[0];
    c->region = parts[1];
    c->service = parts[2];
    if (!rest.len)
        INCOMPLETE("Credential has no access key id.");
    if (!str_eq(parts[3], STR("aws4_request")))
        INVALID("Credential should be scoped with a valid terminator: 'aws4_request'.");
    return OK;
}

static bool
is_hex(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] >= 'a' && s.at[i] <= 'f')))
            return false;
    return s.len == SIGNATURE_LEN;
}

static bool
is_signed(const struct sigv4_claim *c, str name)
{
    str rest = c->signed_names, signed_name;
    while (str_next(&rest, ';', &signed_name))
        if (str_eq_nocase(signed_name, name))
            return true;
    return false;
}

/* What a request means must be under its signature; the rest may be a proxy's. */
static bool
must_be_signed(str name)
{
    static const str prefixes[] = {STR_INIT("x-amz-"), STR_INIT("x-amzn-bedrock-"),
                                   STR_INIT("x-hoheit-")};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (str_eq_nocase(str_slice(name, 0, prefixes[i].len), prefixes[i]))
            return true;
    return false;
}

static fallible
check_names(const struct sigv4_request *r, const struct sigv4_claim *c)
{
    str rest = c->signed_names, name;
    size_t count = 0;
    while (str_next(&rest, ';', &name))
        if (!name.len || ++count > NAMES_MAX)
            INCOMPLETE("SignedHeaders must name 1 to %d headers.", NAMES_MAX);
    if (!is_signed(c, STR("host")) && !is_signed(c, STR(":authority")))
        INVALID("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    for (size_t i = 0; i < r->field_count; i++) {
        name = r->fields[i].name;
        if (must_be_signed(name) && !is_signed(c, name))
            INVALID("'%.*s' must be a 'SignedHeader' in the AWS Authorization.",
                    STR_FMT(str_slice(name, 0, 64)));
    }
    return OK;
}

static fallible
check_scope(const struct sigv4_claim *c, str service)
{
    const str day = str_slice(c->time, 0, DATE_LEN);
    if (!str_eq(c->date, day))
        INVALID("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                "from HTTP: '%.*s' != '%.*s'.",
                STR_FMT(str_slice(c->date, 0, 32)), STR_FMT(day));
    if (!str_eq(c->service, service))
        INVALID("Credential should be scoped to correct service: '%.*s'.", STR_FMT(service));
    if (!c->region.len)
        INVALID("Credential should be scoped to a valid region.");
    return OK;
}

static fallible
check_all(const struct sigv4_request *r, str service, struct sigv4_claim *c)
{
    if (!is_hex(c->signature))
        INCOMPLETE("Signature must be %d lower-case hexadecimal digits.", SIGNATURE_LEN);
    if (sigv4_time_read(c->time, &c->signed_wall_ms).code)
        INCOMPLETE("Date must be in ISO-8601 'basic format'. Got '%.*s'. See "
                   "http://en.wikipedia.org/wiki/ISO_8601",
                   STR_FMT(str_slice(c->time, 0, 32)));
    TRY(check_scope(c, service));
    return check_names(r, c);
}

/* ---- the header */
/* "Credential=…, SignedHeaders=…, Signature=…" in any order. */
static void
read_pairs(str rest, str *credential, struct sigv4_claim *c)
{
    str pair;
    while (str_next(&rest, ',', &pair)) {
        str value = str_trim(pair), name;
        (void)str_next(&value, '=', &name);
        if (str_eq(name, STR("Credential")))
            *credential = value;
        else if (str_eq(name, STR("SignedHeaders")))
            c->signed_names = value;
        else if (str_eq(name, STR("Signature")))
            c->signature = value;
    }
}

static fallible
read_header(const struct sigv4_request *r, struct sigv4_claim *c)
{
    const str text = sigv4_field_of(r, STR("authorization"));
    str credential = STR_NONE;
    read_pairs(str_slice(text, algorithm.len, text.len), &credential, c);
    c->time = sigv4_field_of(r, STR("x-amz-date"));
    if (!c->time.at && is_signed(c, STR("date")))
        c->time = sigv4_field_of(r, STR("date"));
    c->payload = sigv4_field_of(r, STR("x-amz-content-sha256"));
    c->session_token = sigv4_field_of(r, STR("x-amz-security-token"));
    if (!credential.len || !c->signed_names.len || !c->signature.len || !c->time.len)
        INCOMPLETE("%s%s%s%s",
                   credential.len ? ""
                                  : "Authorization header requires 'Credential' "
                                    "parameter. ",
                   c->signature.len ? "" : "Authorization header requires 'Signature' parameter. ",
                   c->signed_names.len ? ""
                                       : "Authorization header requires 'SignedHeaders' "
                                         "parameter. ",
                   c->time.len ? ""
                               : "Authorization header requires existence of a signed "
                                 "'X-Amz-Date' header. ");
    return read_credential(credential, c);
}

/* ---- the query */
static fallible
decode(arena *a, str s, str *ret)
{
    AUTO(buf) b = BUF(VALUE_BYTES_MAX);
    for (size_t i = 0; i < s.len; i++) {
        char byte = s.at[i];
        if (byte == '%') {
            if (hex_read(str_slice(s, i + 1, i + 3), &byte, 1).code)
                INCOMPLETE("A parameter of the address is not encoded as it must be.");
            i += 2;
        }
        buf_add_char(&b, byte);
    }
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

static fallible
param(arena *a, str query, const char *name, str *ret)
{
    str rest = query, pair;
    *ret = STR_NONE;
    while (str_next(&rest, '&', &pair)) {
        str value = pair, key;
        if (str_next(&value, '=', &key) && str_eq(key, str_of(name)))
            return decode(a, value, ret);
    }
    return OK;
}

static fallible
read_query(arena *a, const struct sigv4_request *r, struct sigv4_claim *c)
{
    const str q = r->query;
    str named, credential, expires;
    uint64_t expires_s = 0;
    c->is_query = true;
    TRY(param(a, q, "X-Amz-Algorithm", &named));
    TRY(param(a, q, "X-Amz-Credential", &credential));
    TRY(param(a, q, "X-Amz-Date", &c->time));
    TRY(param(a, q, "X-Amz-Expires", &expires));
    TRY(param(a, q, "X-Amz-SignedHeaders", &c->signed_names));
    TRY(param(a, q, "X-Amz-Signature", &c->signature));
    TRY(param(a, q, "X-Amz-Security-Token", &c->session_token));
    c->payload = sigv4_field_of(r, STR("x-amz-content-sha256"));
    if (!str_eq(named, algorithm))
        INCOMPLETE("AWS query-string parameters must include 'X-Amz-Algorithm=%.*s'.",
                   STR_FMT(algorithm));
    if (!credential.len || !c->time.len || !c->signed_names.len || !c->signature.len)
        INCOMPLETE("AWS query-string parameters must include 'X-Amz-Credential', 'X-Amz-Date', "
                   "'X-Amz-SignedHeaders' and 'X-Amz-Signature'.");
    if (num_u64(expires, 1, SIGV4_EXPIRES_S_MAX, &expires_s).code)
        INCOMPLETE("'X-Amz-Expires' must be 1 to %d seconds.", SIGV4_EXPIRES_S_MAX);
    c->expires_s = (int64_t)expires_s;
    return read_credential(credential, c);
}

/* ---- all of it */
static bool
is_presigned(const struct sigv4_request *r)
{
    return str_find(r->query, STR("X-Amz-Signature=")) >= 0 ||
           str_find(r->query, STR("X-Amz-Credential=")) >= 0;
}

static bool
is_signed_header(const struct sigv4_request *r)
{
    return str_starts(sigv4_field_of(r, STR("authorization")), STR("AWS4-"));
}

bool
sigv4_claim_is_there(const struct sigv4_request *r)
{
    return is_signed_header(r) || is_presigned(r);
}

fallible
sigv4_claim_read(arena *a, const struct sigv4_request *r, str service, struct sigv4_claim *ret)
{
    struct sigv4_claim c = {.expires_s = 0};
    const str text = sigv4_field_of(r, STR("authorization"));
    const bool has_header = is_signed_header(r);
    if (has_header && is_presigned(r))
        INCOMPLETE("Only one auth mechanism allowed: header or query, not both.");
    if (!has_header && !is_presigned(r))
        MISSING("Missing Authentication Token");
    if (has_header && !str_starts(text, STR("AWS4-HMAC-SHA256 ")))
        INCOMPLETE("Unsupported AWS 'algorithm': only AWS4-HMAC-SHA256 is supported.");
    TRY(has_header ? read_header(r, &c) : read_query(a, r, &c));
    TRY(check_all(r, service, &c));
    *ret = c;
    return OK;
}

fallible
sigv4_claim_check_time(const struct sigv4_claim *c, int64_t now_wall_ms)
{
    const int64_t ends =
        c->signed_wall_ms + (c->is_query ? c->expires_s * 1000 : SIGV4_SKEW_MS_MAX);
    char now[SIGV4_TIME_LEN + 1], bound[SIGV4_TIME_LEN + 1];
    sigv4_time_text(now_wall_ms, now);
    if (c->signed_wall_ms > now_wall_ms + SIGV4_SKEW_MS_MAX) {
        sigv4_time_text(now_wall_ms + SIGV4_SKEW_MS_MAX, bound);
        INVALID("Signature not yet current: %.*s is still later than %s (%s + 5 min.)",
                STR_FMT(c->time), bound, now);
    }
    if (now_wall_ms <= ends)
        return OK;
    if (c->is_query)
        REFUSE(UNAUTHENTICATED, "RequestExpired",
               "Request has expired: it was signed at %.*s for %lld seconds, and it is %s now",
               STR_FMT(c->time), (long long)c->expires_s, now);
    sigv4_time_text(now_wall_ms - SIGV4_SKEW_MS_MAX, bound);
    INVALID("Signature expired: %.*s is now earlier than %s (%s - 5 min.)", STR_FMT(c->time), bound,
            now);
}
