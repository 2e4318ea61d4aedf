/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/sigv4_claim.h"

#include <stdio.h>

#include "test.h"

enum { ROOM = 1 << 20 };
#define SIG "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SCOPE "20260329/eu-central-1/bedrock/aws4_request"
#define GOOD                                                                                       \
    "AWS4-HMAC-SHA256 Credential=ID/" SCOPE ", SignedHeaders=host;x-amz-date, Signature=" SIG
#define PRESIGNED                                                                                  \
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ID%2F20260329%2Feu-central-1%2Fbedrock%2F"  \
    "aws4_request&X-Amz-Date=20260329T015930Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&"          \
    "X-Amz-Signature=" SIG

static arena *room;
static struct sigv4_claim claim;

static err
read_with(const char *authorization, const char *date, const char *query)
{
    const struct sigv4_field f[] = {{STR("host"), STR("h")},
                                    {STR("authorization"), str_of(authorization)},
                                    {STR("x-amz-date"), str_of(date)}};
    const struct sigv4_request r = {.method = STR("POST"),
                                    .path = STR("/"),
                                    .query = str_of(query),
                                    .fields = f,
                                    .field_count = date ? 3 : 2};
    arena_free(room);
    room = NULL;
    CHECK_OK(arena_open(ROOM, &room));
    return sigv4_claim_read(room, &r, STR("bedrock"), &claim);
}

static err
read_header(const char *authorization)
{
    return read_with(authorization, "20260329T015930Z", "");
}

#define CHECK_REFUSED(call, name, words)                                                           \
    do {                                                                                           \
        CHECK_ERR(call, UNAUTHENTICATED);                                                          \
        CHECK_STR(str_of(err_param()), STR(name));                                                 \
        CHECK_INT(str_find(str_of(err_text()), STR(words)), >=, 0);                                \
    } while (0)

TEST(a_header_is_read_in_its_parts)
{
    NEED_OK(read_header(GOOD));
    CHECK_STR(claim.access_id, STR("ID"));
    CHECK_STR(claim.date, STR("20260329"));
    CHECK_STR(claim.region, STR("eu-central-1"));
    CHECK_STR(claim.service, STR("bedrock"));
    CHECK_STR(claim.scope, STR(SCOPE));
    CHECK_STR(claim.signed_names, STR("host;x-amz-date"));
    CHECK_STR(claim.signature, STR(SIG));
    CHECK(!claim.is_query);
}

TEST(its_parts_come_in_any_order_and_without_spaces)
{
    NEED_OK(read_header("AWS4-HMAC-SHA256 Signature=" SIG
                        ",SignedHeaders=:authority;x-amz-date,Credential=I/D/" SCOPE));
    CHECK_STR(claim.access_id, STR("I/D"));
    CHECK_STR(claim.signed_names, STR(":authority;x-amz-date"));
}

TEST(a_query_is_read_in_its_parts)
{
    NEED_OK(read_with("", NULL, PRESIGNED "&x=1"));
    CHECK(claim.is_query);
    CHECK_STR(claim.access_id, STR("ID"));
    CHECK_STR(claim.scope, STR(SCOPE));
    CHECK_INT(claim.expires_s, ==, 60);
}

TEST(nothing_signed_is_said_so)
{
    CHECK_REFUSED(read_with("", NULL, ""), "MissingAuthenticationTokenException", "Missing");
    CHECK_REFUSED(read_with("Bearer x", NULL, "a=b"), "MissingAuthenticationTokenException",
                  "Missing");
}

#define INCOMPLETE "IncompleteSignatureException"
#define INVALID "InvalidSignatureException"

TEST(a_header_that_lacks_a_part_names_it)
{
    CHECK_REFUSED(read_header("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=" SIG), INCOMPLETE,
                  "requires 'Credential'");
    CHECK_REFUSED(read_header("AWS4-HMAC-SHA256 Credential=ID/" SCOPE ", Signature=" SIG),
                  INCOMPLETE, "requires 'SignedHeaders'");
    CHECK_REFUSED(read_header("AWS4-HMAC-SHA256 Credential=ID/" SCOPE ", SignedHeaders=host"),
                  INCOMPLETE, "requires 'Signature'");
    CHECK_REFUSED(read_with(GOOD, NULL, ""), INCOMPLETE, "'X-Amz-Date'");
    CHECK_REFUSED(read_header("AWS4-HMAC-SHA256"), INCOMPLETE, "algorithm");
    CHECK_REFUSED(read_header("AWS4-ECDSA-P256-SHA256 Credential=x"), INCOMPLETE, "algorithm");
}

TEST(a_part_without_its_form_is_refused)
{
    CHECK_REFUSED(read_header("AWS4-HMAC-SHA256 Credential=ID/20260329/bedrock/aws4_request, "
                              "SignedHeaders=host, Signature=" SIG),
                  INCOMPLETE, "5 slash-delimited");
    CHECK_REFUSED(
        read_header("AWS4-HMAC-SHA256 Credential=/" SCOPE ", SignedHeaders=host, Signature=" SIG),
        INCOMPLETE, "access key id");
    CHECK_REFUSED(
        read_header("AWS4-HMAC-SHA256 Credential=ID/" SCOPE ", SignedHeaders=host, Signature=abc"),
        INCOMPLETE, "Signature");
    CHECK_REFUSED(read_header("AWS4-HMAC-SHA256 Credential=ID/" SCOPE
                              ", SignedHeaders=host;;x, Signature=" SIG),
                  INCOMPLETE, "SignedHeaders");
    CHECK_REFUSED(read_with(GOOD, "Fri, 24 May 2013 00:00:00 GMT", ""), INCOMPLETE, "ISO-8601");
    CHECK_REFUSED(read_with(GOOD, "20260231T000000Z", ""), INCOMPLETE, "ISO-8601");
}

TEST(a_scope_that_is_not_ours_is_refused)
{
#define SCOPED(scope)                                                                              \
    "AWS4-HMAC-SHA256 Credential=ID/" scope ", SignedHeaders=host;x-amz-date, Signature=" SIG
    CHECK_REFUSED(read_header(SCOPED("20260329/eu-central-1/s3/aws4_request")), INVALID,
                  "correct service: 'bedrock'");
    CHECK_REFUSED(read_header(SCOPED("20260330/eu-central-1/bedrock/aws4_request")), INVALID,
                  "'20260330' != '20260329'");
    CHECK_REFUSED(read_header(SCOPED("20260329/eu-central-1/bedrock/aws5_request")), INVALID,
                  "terminator");
    CHECK_REFUSED(read_header(SCOPED("20260329//bedrock/aws4_request")), INVALID, "region");
}

TEST(the_host_and_the_date_must_be_signed)
{
    CHECK_REFUSED(read_header("AWS4-HMAC-SHA256 Credential=ID/" SCOPE
                              ", SignedHeaders=x-amz-date, Signature=" SIG),
                  INVALID, "'Host' or ':authority'");
    CHECK_REFUSED(
        read_header("AWS4-HMAC-SHA256 Credential=ID/" SCOPE ", SignedHeaders=host, Signature=" SIG),
        INVALID, "'x-amz-date' must be");
}

TEST(header_and_query_together_are_refused)
{
    CHECK_REFUSED(read_with(GOOD, "20260329T015930Z", PRESIGNED), INCOMPLETE, "Only one");
}

TEST(a_presigned_address_that_lacks_a_part_is_refused)
{
    static const char *const parts[] = {"X-Amz-Algorithm",  "X-Amz-Date",
                                        "X-Amz-Expires",    "X-Amz-SignedHeaders",
                                        "X-Amz-Credential", "X-Amz-Signature"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char query[] = PRESIGNED;
        char *at = strstr(query, parts[i]);
        NEED(at);
        at[0] = 'Y';
        CHECK_REFUSED(read_with("", NULL, query), INCOMPLETE, "X-Amz-");
    }
    CHECK_REFUSED(read_with("", NULL, "X-Amz-Signature=%zz"), INCOMPLETE, "encoded");
}

TEST(a_presigned_address_lives_a_week_at_most)
{
    static const char *const bad[] = {"0", "604801", "-1", "1.5", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char query[1024];
        snprintf(query, sizeof query,
                 "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ID/" SCOPE
                 "&X-Amz-Date=20260329T015930Z&X-Amz-SignedHeaders=host&X-Amz-Signature=" SIG
                 "&X-Amz-Expires=%s",
                 bad[i]);
        CHECK_REFUSED(read_with("", NULL, query), INCOMPLETE, "X-Amz-Expires");
    }
}

/* ---- time */
TEST(a_time_is_read_and_written)
{
    static const struct {
        const char *text;
        int64_t ms;
    } times[] = {{"19700101T000000Z", 0},
                 {"20000229T235959Z", 951868799000},
                 {"20260329T015930Z", 1774749570000},
                 {"20991231T000000Z", 4102358400000}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char text[SIGV4_TIME_LEN + 1];
        int64_t ms = -1;
        CHECK_OK(sigv4_time_read(str_of(times[i].text), &ms));
        CHECK_INT(ms, ==, times[i].ms);
        sigv4_time_text(ms, text);
        CHECK_STR(str_of(text), str_of(times[i].text));
    }
    for (int64_t day = 0; day < 60000; day++) {
        char text[SIGV4_TIME_LEN + 1];
        int64_t ms = -1;
        sigv4_time_text(day * 86400000 + 1000, text);
        NEED_OK(sigv4_time_read(str_of(text), &ms));
        NEED(ms == day * 86400000 + 1000);
    }
}

TEST(what_is_no_time_is_not_read)
{
    static const char *const bad[] = {"",
                                      "20260329T015930",
                                      "20260329 015930Z",
                                      "20260329T015930z",
                                      "20261329T015930Z",
                                      "20260230T015930Z",
                                      "20260329T240000Z",
                                      "20260329T006000Z",
                                      "20260329T000060Z",
                                      "2026-03-29T01:59",
                                      "19691231T235959Z"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ms = 7;
        CHECK_ERR(sigv4_time_read(str_of(bad[i]), &ms), PARSE);
        CHECK_INT(ms, ==, 7);
    }
}

TEST(a_signature_is_good_for_five_minutes_before_and_after)
{
    const int64_t at = 1774749570000;
    NEED_OK(read_header(GOOD));
    CHECK_OK(sigv4_claim_check_time(&claim, at));
    CHECK_OK(sigv4_claim_check_time(&claim, at + 300000));
    CHECK_OK(sigv4_claim_check_time(&claim, at - 300000));
    CHECK_REFUSED(sigv4_claim_check_time(&claim, at + 300001), INVALID,
                  "Signature expired: 20260329T015930Z is now earlier than 20260329T015930Z "
                  "(20260329T020430Z - 5 min.)");
    CHECK_REFUSED(sigv4_claim_check_time(&claim, at + 360000), INVALID,
                  "Signature expired: 20260329T015930Z is now earlier than 20260329T020030Z "
                  "(20260329T020530Z - 5 min.)");
    CHECK_REFUSED(sigv4_claim_check_time(&claim, at - 360000), INVALID,
                  "Signature not yet current: 20260329T015930Z is still later than "
                  "20260329T015830Z (20260329T015330Z + 5 min.)");
}

TEST(a_presigned_address_is_good_for_as_long_as_it_says)
{
    const int64_t at = 1774749570000;
    NEED_OK(read_with("", NULL, PRESIGNED));
    CHECK_OK(sigv4_claim_check_time(&claim, at + 60000));
    CHECK_REFUSED(sigv4_claim_check_time(&claim, at + 60001), "RequestExpired", "expired");
    CHECK_REFUSED(sigv4_claim_check_time(&claim, at - 300001), INVALID, "not yet current");
    arena_free(room);
    room = NULL;
}
