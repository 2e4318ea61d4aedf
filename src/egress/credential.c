/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/credential.h"

#include <stdio.h>

#include "base/fault.h"
#include "crypt/sigv4.h"
#include "net/client/dial.h"
#include "os/clock.h"

enum { SCRATCH_BYTES = 1024 * 1024 };

struct credential {
    struct provider_credential about; /* for sigv4 without the secret */
    struct dial_target to;
    char value[PROVIDER_SECRET_MAX + 16]; /* of the one field that never changes */
    secret key;                           /* sigv4 */
    arena *a;                             /* sigv4: of one call */
};

static fallible
fill_signing(credential *c)
{
    const str text = str_of(c->about.secret);
    if (!text.len || text.len > SIGV4_SECRET_MAX)
        REFUSE(CONFIG, "credential", "a secret of sigv4 has 1 to %d bytes", SIGV4_SECRET_MAX);
    if (!c->about.id[0] || !c->about.region[0] || !c->about.service[0])
        REFUSE(CONFIG, "credential", "sigv4 needs a key id, a region and a service");
    TRY(secret_get(&c->key, text.len));
    memcpy(c->key.at, text.at, text.len);
    wipe(c->about.secret, sizeof c->about.secret);
    TRY(arena_open(SCRATCH_BYTES, &c->a));
    return OK;
}

fallible
credential_new(const struct provider_credential *about, str url, credential **ret)
{
    struct dial_target to;
    TRY(dial_parse_tls(url, &to));
    credential *c = mem_get(sizeof *c);
    if (!c)
        FAIL(LIMIT, "no memory for a credential");
    *c = (credential){.about = *about, .to = to};
    (void)snprintf(c->value, sizeof c->value, "%s%s",
                   about->scheme == SCHEME_BEARER ? "Bearer " : "", about->secret);
    const err e = about->scheme == SCHEME_SIGV4 ? fill_signing(c) : OK;
    if (e.code) {
        credential_free(c);
        return e;
    }
    *ret = c;
    return OK;
}

void
credential_free(credential *c)
{
    if (!c)
        return;
    secret_done(&c->key);
    arena_free(c->a);
    wipe(c, sizeof *c);
    mem_free(c);
}

static fallible
fill_request(credential *c, const struct credential_ask *ask, struct sigv4_request *ret)
{
    struct sigv4_field *const fields = arena_get(c->a, (ask->field_count + 1) * sizeof *fields);
    const ptrdiff_t mark = str_find_char(ask->path, '?');
    const size_t end = mark < 0 ? ask->path.len : (size_t)mark;
    for (size_t i = 0; i < ask->field_count; i++)
        fields[i] = (struct sigv4_field){ask->fields[i].name, ask->fields[i].value};
    fields[ask->field_count] = (struct sigv4_field){STR("host"), str_of(c->to.authority)};
    *ret = (struct sigv4_request){.method = str_of(ask->method),
                                  .path = str_slice(ask->path, 0, end),
                                  .query = str_slice(ask->path, end + 1, ask->path.len),
                                  .fields = fields,
                                  .field_count = ask->field_count + 1};
    return sigv4_hash_body(c->a, ask->body, &ret->payload);
}

static fallible
sign(credential *c, const struct credential_ask *ask, struct http_field *room, size_t *count)
{
    const struct sigv4_signer by = {.access_id = str_of(c->about.id),
                                    .key = &c->key,
                                    .session_token = str_of(c->about.token),
                                    .region = str_of(c->about.region),
                                    .service = str_of(c->about.service),
                                    .now_wall_ms = clock_wall_ms()};
    struct sigv4_request r;
    struct sigv4_signed done;
    arena_reset(c->a);
    TRY(fill_request(c, ask, &r));
    TRY(sigv4_sign(c->a, &r, &by, &done));
    ASSERT(done.extra_count < CREDENTIAL_FIELDS_MAX);
    *room++ = (struct http_field){STR("Authorization"), done.authorization};
    for (size_t i = 0; i < done.extra_count; i++)
        *room++ = (struct http_field){done.extra[i].name, done.extra[i].value};
    *count += done.extra_count + 1;
    return OK;
}

/* "Name: value" lines, as providers.c has checked them. */
static void
add_headers(const credential *c, struct http_field *room, size_t *count)
{
    str rest = str_of(c->about.secret), line, name;
    for (size_t n = 0; n < PROVIDER_HEADERS_MAX && str_next(&rest, '\n', &line) && line.len; n++) {
        (void)str_next(&line, ':', &name);
        *room++ = (struct http_field){name, str_trim(line)};
        ++*count;
    }
}

fallible
credential_add(credential *c, const struct credential_ask *ask, struct http_field *room,
               size_t *count)
{
    switch ((enum provider_scheme)c->about.scheme) {
    case SCHEME_NONE:
        return OK;
    case SCHEME_BEARER:
        *room = (struct http_field){STR("Authorization"), str_of(c->value)};
        ++*count;
        return OK;
    case SCHEME_API_KEY:
        *room = (struct http_field){STR("x-api-key"), str_of(c->value)};
        ++*count;
        return OK;
    case SCHEME_HEADERS:
        add_headers(c, room, count);
        return OK;
    case SCHEME_SIGV4:
        return sign(c, ask, room, count);
    }
    UNREACHABLE("no such scheme");
}

bool
credential_is_field(str name)
{
    static const char *const names[] = {
        "authorization",        "x-api-key",           "x-amz-date", "x-amz-security-token",
        "x-amz-content-sha256", "proxy-authorization", "cookie",     "host"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return true;
    return false;
}
