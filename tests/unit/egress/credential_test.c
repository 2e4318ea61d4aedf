/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/credential.h"

#include <stdio.h>

#include "base/fault.h"
#include "os/clock.h"
#include "test.h"

static struct provider_credential about;

static credential *
make(uint32_t scheme, const char *secret)
{
    credential *c = NULL;
    memset(&about, 0, sizeof about);
    about.scheme = scheme;
    snprintf(about.secret, sizeof about.secret, "%s", secret);
    snprintf(about.id, sizeof about.id, "AKIDEXAMPLE");
    snprintf(about.region, sizeof about.region, "eu-central-1");
    snprintf(about.service, sizeof about.service, "bedrock");
    CHECK_OK(credential_new(&about, STR("https://bedrock.example"), &c));
    return c;
}

static const struct http_field json = {STR_INIT("content-type"), STR_INIT("application/json")};
static const struct credential_ask ask = {.method = "POST",
                                          .path = {"/model/x/invoke?a=b", 19},
                                          .fields = &json,
                                          .field_count = 1,
                                          .body = {"{}", 2}};

static str
value_of(const struct http_field *f, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(f[i].name, str_of(name)))
            return f[i].value;
    return STR_NONE;
}

TEST(headers_are_added_line_by_line)
{
    struct http_field f[CREDENTIAL_FIELDS_MAX];
    size_t count = 0;
    credential *c = make(SCHEME_HEADERS, "X-Token: a:b c\nX-Org:  amt\n");
    CHECK_OK(credential_add(c, &ask, f, &count));
    CHECK_INT(count, ==, 2);
    CHECK_STR(value_of(f, count, "X-Token"), STR("a:b c"));
    CHECK_STR(value_of(f, count, "x-org"), STR("amt"));
    credential_free(c);
    count = 0;
    c = make(SCHEME_HEADERS, "A: 1\nB: 2\nC: 3\nD: 4\nE: 5\n");
    CHECK_OK(credential_add(c, &ask, f, &count));
    CHECK_INT(count, ==, CREDENTIAL_FIELDS_MAX);
    credential_free(c);
}

TEST(each_scheme_adds_its_own_fields)
{
    struct http_field f[CREDENTIAL_FIELDS_MAX];
    size_t count = 0;
    credential *c = make(SCHEME_NONE, "");
    CHECK_OK(credential_add(c, &ask, f, &count));
    CHECK_INT(count, ==, 0);
    credential_free(c);
    c = make(SCHEME_BEARER, "sk-1");
    CHECK_OK(credential_add(c, &ask, f, &count));
    CHECK_STR(value_of(f, count, "Authorization"), STR("Bearer sk-1"));
    credential_free(c);
    count = 0;
    c = make(SCHEME_API_KEY, "sk-2");
    CHECK_OK(credential_add(c, &ask, f, &count));
    CHECK_STR(value_of(f, count, "x-api-key"), STR("sk-2"));
    CHECK_INT(count, ==, 1);
    credential_free(c);
}

TEST(the_longest_secret_fits)
{
    char secret[PROVIDER_SECRET_MAX];
    struct http_field f[CREDENTIAL_FIELDS_MAX];
    size_t count = 0;
    memset(secret, 'a', sizeof secret - 1);
    secret[sizeof secret - 1] = 0;
    credential *c = make(SCHEME_BEARER, secret);
    CHECK_OK(credential_add(c, &ask, f, &count));
    CHECK_INT(f[0].value.len, ==, 7 + sizeof secret - 1);
    credential_free(c);
}

TEST(sigv4_signs_each_call_anew)
{
    struct http_field f[CREDENTIAL_FIELDS_MAX];
    char first[600];
    size_t count = 0;
    clock_fix(0, INT64_C(1767225600000));
    credential *c = make(SCHEME_SIGV4, "wJalrXUtnFEMI");
    CHECK_OK(credential_add(c, &ask, f, &count));
    const str scope = STR("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-central-1/bedrock/"
                          "aws4_request");
    const str signature = value_of(f, count, "Authorization");
    CHECK(str_starts(signature, scope));
    CHECK(str_find(signature, STR("SignedHeaders=content-type;host;x-amz-date")) > 0);
    CHECK_STR(value_of(f, count, "x-amz-date"), STR("20260101T000000Z"));
    snprintf(first, sizeof first, "%.*s", STR_FMT(signature));
    count = 0;
    CHECK_OK(credential_add(c, &ask, f, &count));
    CHECK_STR(value_of(f, count, "Authorization"), str_of(first));
    struct credential_ask other = ask;
    other.body = STR("{ }");
    count = 0;
    CHECK_OK(credential_add(c, &other, f, &count));
    CHECK(!str_eq(value_of(f, count, "Authorization"), str_of(first)));
    clock_free();
    credential_free(c);
}

TEST(a_secret_sigv4_cannot_use_is_refused)
{
    credential *c = NULL;
    char secret[600];
    memset(secret, 'a', sizeof secret - 1);
    secret[sizeof secret - 1] = 0;
    memset(&about, 0, sizeof about);
    about.scheme = SCHEME_SIGV4;
    CHECK_ERR(credential_new(&about, STR("https://a"), &c), CONFIG);
    snprintf(about.secret, sizeof about.secret, "%s", secret);
    CHECK_ERR(credential_new(&about, STR("https://a"), &c), CONFIG);
    CHECK_ERR(credential_new(&about, STR("nonsense"), &c), ARGUMENT);
    snprintf(about.secret, sizeof about.secret, "s");
    CHECK_ERR(credential_new(&about, STR("https://a"), &c), CONFIG); /* no region */
    CHECK(c == NULL);
}

TEST(nobody_else_may_set_what_says_who_sends)
{
    CHECK(credential_is_field(STR("authorization")) && credential_is_field(STR("AUTHORIZATION")));
    CHECK(credential_is_field(STR("X-Api-Key")) && credential_is_field(STR("x-amz-date")));
    CHECK(credential_is_field(STR("host")) && credential_is_field(STR("cookie")));
    CHECK(!credential_is_field(STR("content-type")) && !credential_is_field(STR("x-api-ke")));
}

TEST(whatever_fails_nothing_is_left)
{
    for (uint32_t scheme = SCHEME_NONE; scheme <= SCHEME_SIGV4; scheme++) {
        bool fired = true;
        for (long n = 1; fired; n++) {
            struct http_field f[CREDENTIAL_FIELDS_MAX];
            credential *c = NULL;
            size_t count = 0;
            memset(&about, 0, sizeof about);
            about.scheme = scheme;
            snprintf(about.secret, sizeof about.secret, "s");
            snprintf(about.id, sizeof about.id, "i");
            snprintf(about.region, sizeof about.region, "r");
            snprintf(about.service, sizeof about.service, "b");
            fault_arm(n);
            err e = credential_new(&about, STR("https://a"), &c);
            if (!e.code)
                e = credential_add(c, &ask, f, &count);
            fired = fault_fired();
            fault_arm(0);
            CHECK(!e.code || fired);
            credential_free(c);
        }
    }
}
