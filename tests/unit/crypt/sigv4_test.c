/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/sigv4.h"

#include "base/fault.h"
#include "test.h"

enum { ROOM = 4 << 20 };
#define EMPTY STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

static secret
secret_of(const char *text)
{
    secret s = {0};
    CHECK_OK(secret_get(&s, strlen(text)));
    memcpy(s.at, text, s.len);
    return s;
}

static int64_t
time_of(const char *text)
{
    int64_t ms = -1;
    CHECK_OK(sigv4_time_read(str_of(text), &ms));
    return ms;
}

/* ---- the vectors that AWS publishes */
#define EXAMPLE "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define S3_EXAMPLE "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

TEST(the_signing_key_is_the_published_one)
{
    AUTO(secret) key = secret_of(EXAMPLE);
    digest d;
    char hex[65];
    NEED_OK(sigv4_key(&key, STR("20150830"), STR("us-east-1"), STR("iam"), &d));
    digest_text(&d, hex);
    CHECK_STR(str_of(hex), STR("c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"));
}

struct vector {
    const char *method, *path, *query, *names, *signature;
    struct sigv4_field fields[4];
    const char *body;
};

/* Of the AWS SigV4 test suite: 20150830T123600Z, us-east-1, service "service", AKIDEXAMPLE. */
static const struct vector vectors[] = {
    {"GET",
     "/",
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
     {{STR_INIT(""), STR_INIT("")}},
     ""},
    {"POST",
     "/",
     "",
     "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
     {{STR_INIT(""), STR_INIT("")}},
     ""},
    {"GET",
     "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     "",
     "host;x-amz-date",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
     {{STR_INIT(""), STR_INIT("")}},
     ""},
    {"GET",
     "/\xe1\x88\xb4",
     "",
     "host;x-amz-date",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
     {{STR_INIT(""), STR_INIT("")}},
     ""},
    {"GET",
     "/example space/",
     "",
     "host;x-amz-date",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
     {{STR_INIT(""), STR_INIT("")}},
     ""},
    {"GET",
     "//./example/../",
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
     {{STR_INIT(""), STR_INIT("")}},
     ""},
    {"GET",
     "/",
     "Param2=value2&Param1=value1",
     "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
     {{STR_INIT(""), STR_INIT("")}},
     ""},
    {"GET",
     "/",
     "Param1=value1",
     "host;x-amz-date",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
     {{STR_INIT(""), STR_INIT("")}},
     ""},
    {"GET",
     "/",
     "",
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
     {{STR_INIT("My-Header1"), STR_INIT(" value1")},
      {STR_INIT("My-Header2"), STR_INIT(" \"a   b   c\"")}},
     ""},
    {"POST",
     "/",
     "",
     "host;my-header1;x-amz-date",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
     {{STR_INIT("My-Header1"), STR_INIT("value1")}},
     ""},
    {"POST",
     "/",
     "",
     "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
     {{STR_INIT("Content-Type"), STR_INIT("application/x-www-form-urlencoded")}},
     "Param1=value1"},
};

static size_t
count_fields(const struct vector *v)
{
    size_t n = 0;
    while (n < 3 && v->fields[n].name.len)
        n++;
    return n;
}

static void
check_vector(const struct vector *v)
{
    AUTO(arena) *a = NULL;
    AUTO(secret) key = secret_of(EXAMPLE);
    struct sigv4_field f[4] = {{STR("Host"), STR("example.amazonaws.com")}};
    const size_t more = count_fields(v);
    struct sigv4_signed s;
    NEED_OK(arena_open(ROOM, &a));
    memcpy(f + 1, v->fields, more * sizeof *f);
    struct sigv4_request r = {.method = str_of(v->method),
                              .path = str_of(v->path),
                              .query = str_of(v->query),
                              .fields = f,
                              .field_count = 1 + more};
    const struct sigv4_signer signer = {.access_id = STR("AKIDEXAMPLE"),
                                        .key = &key,
                                        .region = STR("us-east-1"),
                                        .service = STR("service"),
                                        .now_wall_ms = time_of("20150830T123600Z")};
    NEED_OK(sigv4_hash_body(a, str_of(v->body), &r.payload));
    NEED_OK(sigv4_sign(a, &r, &signer, &s));
    CHECK_STR(s.authorization,
              arena_fmt(a,
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
                        "aws4_request, SignedHeaders=%s, Signature=%s",
                        v->names, v->signature));
    CHECK_INT(s.extra_count, ==, 1);
    CHECK_STR(s.extra[0].value, STR("20150830T123600Z"));
}

TEST(the_vectors_of_the_test_suite_are_signed_as_published)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        check_vector(&vectors[i]);
}

static struct sigv4_signer
s3_signer(const secret *key)
{
    return (struct sigv4_signer){.access_id = STR("AKIAIOSFODNN7EXAMPLE"),
                                 .key = key,
                                 .region = STR("us-east-1"),
                                 .service = STR("s3"),
                                 .now_wall_ms = time_of("20130524T000000Z"),
                                 .sends_hash = true};
}

TEST(the_examples_of_s3_are_signed_as_published)
{
    AUTO(arena) *a = NULL;
    AUTO(secret) key = secret_of(S3_EXAMPLE);
    const struct sigv4_field get[] = {{STR("Host"), STR("examplebucket.s3.amazonaws.com")},
                                      {STR("Range"), STR("bytes=0-9")}};
    const struct sigv4_field put[] = {{STR("Host"), STR("examplebucket.s3.amazonaws.com")},
                                      {STR("Date"), STR("Fri, 24 May 2013 00:00:00 GMT")},
                                      {STR("x-amz-storage-class"), STR("REDUCED_REDUNDANCY")}};
    struct sigv4_signer signer = s3_signer(&key);
    struct sigv4_signed s;
    NEED_OK(arena_open(ROOM, &a));
    struct sigv4_request r = {.method = STR("GET"),
                              .path = STR("/test.txt"),
                              .fields = get,
                              .field_count = 2,
                              .payload = EMPTY,
                              .is_s3 = true};
    NEED_OK(sigv4_sign(a, &r, &signer, &s));
    CHECK_STR(s.signature, STR("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
    r = (struct sigv4_request){.method = STR("PUT"),
                               .path = STR("/test$file.text"),
                               .fields = put,
                               .field_count = 3,
                               .is_s3 = true};
    NEED_OK(sigv4_hash_body(a, STR("Welcome to Amazon S3."), &r.payload));
    NEED_OK(sigv4_sign(a, &r, &signer, &s));
    CHECK_STR(s.signature, STR("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(the_presigned_example_of_s3_is_as_published)
{
    AUTO(arena) *a = NULL;
    AUTO(secret) key = secret_of(S3_EXAMPLE);
    const struct sigv4_field f[] = {{STR("Host"), STR("examplebucket.s3.amazonaws.com")}};
    const struct sigv4_signer signer = s3_signer(&key);
    const struct sigv4_request r = {.method = STR("GET"),
                                    .path = STR("/test.txt"),
                                    .fields = f,
                                    .field_count = 1,
                                    .payload = SIGV4_UNSIGNED,
                                    .is_s3 = true};
    str query;
    NEED_OK(arena_open(ROOM, &a));
    NEED_OK(sigv4_presign(a, &r, &signer, 86400, &query));
    CHECK_STR(query, STR("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
                         "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&"
                         "X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
                         "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"));
}

/* ---- what another implementation signs */
struct one_case {
    const char *method, *path, *query, *fields, *token;
    str body;
    const char *names, *signature;
};
static const struct one_case cases[] = {
#define CASE(m, p, q, f, t, b, n, s) {m, p, q, f, t, STR_INIT(b), n, s},
#include "unit/crypt/sigv4_cases.def"
#undef CASE
};

enum { FIELDS = 16 };

static size_t
split_fields(const char *text, struct sigv4_field f[FIELDS])
{
    str rest = str_of(text), line;
    size_t n = 0;
    while (str_next(&rest, '\n', &line))
        if (line.len && n < FIELDS && str_next(&line, ':', &f[n].name))
            f[n++].value = line;
    return n;
}

static struct sigv4_signer
case_signer(const secret *key, const char *token)
{
    return (struct sigv4_signer){.access_id = STR("AKIDHOHEITTEST"),
                                 .key = key,
                                 .session_token = str_of(token),
                                 .region = STR("eu-central-1"),
                                 .service = STR("bedrock"),
                                 .now_wall_ms = time_of("20260329T015930Z")};
}

TEST(signatures_are_those_of_botocore)
{
    AUTO(secret) key = secret_of("hoheit/secret+key");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct one_case *c = &cases[i];
        AUTO(arena) *a = NULL;
        struct sigv4_field f[FIELDS];
        struct sigv4_signed s;
        NEED_OK(arena_open(ROOM, &a));
        struct sigv4_request r = {.method = str_of(c->method),
                                  .path = str_of(c->path),
                                  .query = str_of(c->query),
                                  .fields = f,
                                  .field_count = split_fields(c->fields, f)};
        const struct sigv4_signer signer = case_signer(&key, c->token);
        NEED_OK(sigv4_hash_body(a, c->body, &r.payload));
        NEED_OK(sigv4_sign(a, &r, &signer, &s));
        const ptrdiff_t names = str_find(s.authorization, str_of(c->names));
        CHECK(names > 0);
        if (!str_eq(s.signature, str_of(c->signature)))
            test_fail(__FILE__, __LINE__, "case %zu: %s %s?%s", i, c->method, c->path, c->query);
    }
}

/* ---- sign, then check */
struct trip {
    arena *a;
    secret key;
    struct sigv4_field f[FIELDS];
    struct sigv4_request r;
    struct sigv4_claim c;
    struct sigv4_expected want;
};

static void
trip_done(struct trip *t)
{
    arena_free(t->a);
    secret_done(&t->key);
}

static err
trip_check(struct trip *t)
{
    TRY(sigv4_claim_read(t->a, &t->r, STR("bedrock"), &t->c));
    return sigv4_verify(t->a, &t->r, &t->c, &t->key, &t->want);
}

/* A request as a client sends it. */
static void
trip_open(struct trip *t, const char *path, const char *token)
{
    struct sigv4_signed s;
    memset(t, 0, sizeof *t);
    NEED_OK(arena_open(ROOM, &t->a));
    t->key = secret_of("hoheit/secret+key");
    t->f[0] = (struct sigv4_field){STR("host"), STR("127.0.0.1:7080")};
    t->f[1] = (struct sigv4_field){STR("content-type"), STR("application/json")};
    t->f[2] = (struct sigv4_field){STR("x-hoheit-label"), STR("intern")};
    t->r = (struct sigv4_request){.method = STR("POST"),
                                  .path = str_of(path),
                                  .query = STR("a=1&b=%20"),
                                  .fields = t->f,
                                  .field_count = 3};
    NEED_OK(sigv4_hash_body(t->a, STR("{}"), &t->r.payload));
    struct sigv4_signer signer = case_signer(&t->key, token);
    signer.sends_hash = true;
    NEED_OK(sigv4_sign(t->a, &t->r, &signer, &s));
    for (size_t i = 0; i < s.extra_count; i++)
        t->f[t->r.field_count++] = s.extra[i];
    t->f[t->r.field_count++] = (struct sigv4_field){STR("authorization"), s.authorization};
    t->f[t->r.field_count++] = (struct sigv4_field){STR("user-agent"), STR("anything")};
}

TEST(what_was_signed_is_verified)
{
    static const char *const paths[] = {"/", "/model/toy/converse", "/model/x%3A0/converse",
                                        "/model/arn%3Aaws%3Abedrock%2Feu.nix-v1%3A0/invoke"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct trip t;
        trip_open(&t, paths[i], i % 2 ? "token" : "");
        CHECK_OK(trip_check(&t));
        CHECK_STR(t.c.access_id, STR("AKIDHOHEITTEST"));
        CHECK_STR(t.c.region, STR("eu-central-1"));
        CHECK_STR(t.c.session_token, i % 2 ? STR("token") : STR_NONE);
        CHECK_STR(t.c.payload, t.r.payload);
        CHECK_OK(sigv4_claim_check_time(&t.c, time_of("20260329T015930Z")));
        trip_done(&t);
    }
}

/* What is changed after signing; the names of the parts. */
static void
change(struct trip *t, int what)
{
    switch (what) {
    case 0:
        t->r.method = STR("PUT");
        break;
    case 1:
        t->r.path = STR("/model/toy2/converse");
        break;
    case 2:
        t->r.query = STR("a=1&b=2");
        break;
    case 3:
        t->r.query = STR_NONE;
        break;
    case 4:
        t->f[0].value = STR("127.0.0.1:7081");
        break;
    case 5:
        t->f[1].value = STR("text/plain");
        break;
    case 6:
        t->f[2].value = STR("offen");
        break;
    case 7:
        CHECK_OK(sigv4_hash_body(t->a, STR("{ }"), &t->r.payload));
        break;
    case 8:
        t->key.at[3] ^= 1;
        break;
    case 9: /* the date of the header alone */
        t->f[3].value = STR("20260329T015931Z");
        break;
    case 10: /* a field given twice is not the field once */
        t->f[t->r.field_count++] = t->f[2];
        break;
    case 11: /* a signed field is gone */
        t->f[1].name = STR("content-kind");
        break;
    case 12:
        t->f[4].value = SIGV4_UNSIGNED;
        break;
    default:
        break;
    }
}

TEST(whatever_is_altered_after_signing_is_refused)
{
    for (int what = 0; what <= 12; what++) {
        struct trip t;
        trip_open(&t, "/model/toy/converse", "");
        change(&t, what);
        const err e = trip_check(&t);
        if (e.code != ERR_UNAUTHENTICATED)
            test_fail(__FILE__, __LINE__, "change %d was not seen", what);
        CHECK_STR(str_of(err_param()), STR("InvalidSignatureException"));
        trip_done(&t);
    }
}

TEST(what_is_not_signed_may_change)
{
    struct trip t;
    trip_open(&t, "/model/toy/converse", "");
    t.f[t.r.field_count - 1].value = STR("something else");
    t.f[t.r.field_count++] = (struct sigv4_field){STR("via"), STR("a proxy")};
    CHECK_OK(trip_check(&t));
    trip_done(&t);
}

TEST(what_has_a_meaning_must_be_signed)
{
    static const char *const names[] = {"x-amz-anything", "X-Amz-Security-Token",
                                        "x-amzn-bedrock-guardrailidentifier", "x-hoheit-purpose"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct trip t;
        trip_open(&t, "/model/toy/converse", "");
        t.f[t.r.field_count++] = (struct sigv4_field){str_of(names[i]), STR("x")};
        CHECK_ERR(trip_check(&t), UNAUTHENTICATED);
        CHECK(strstr(err_text(), "must be a 'SignedHeader'"));
        trip_done(&t);
    }
}

TEST(a_refusal_shows_what_was_expected)
{
    struct trip t;
    trip_open(&t, "/model/x%3A0/converse", "");
    t.key.at[0] ^= 1;
    CHECK_ERR(trip_check(&t), UNAUTHENTICATED);
    CHECK(str_starts(t.want.canonical, STR("POST\n/model/x%253A0/converse\na=1&b=%20\n"
                                           "content-type:application/json\nhost:127.0.0.1:7080\n"
                                           "x-amz-content-sha256:")));
    CHECK(str_starts(t.want.to_sign, STR("AWS4-HMAC-SHA256\n20260329T015930Z\n"
                                         "20260329/eu-central-1/bedrock/aws4_request\n")));
    trip_done(&t);
}

TEST(a_presigned_request_is_verified_and_what_is_altered_is_not)
{
    for (int what = -1; what < 4; what++) {
        struct trip t;
        memset(&t, 0, sizeof t);
        NEED_OK(arena_open(ROOM, &t.a));
        t.key = secret_of("hoheit/secret+key");
        t.f[0] = (struct sigv4_field){STR("host"), STR("h")};
        t.r = (struct sigv4_request){.method = STR("GET"),
                                     .path = STR("/foundation-models"),
                                     .query = STR("byProvider=hoheit"),
                                     .fields = t.f,
                                     .field_count = 1,
                                     .payload = EMPTY};
        const struct sigv4_signer signer = case_signer(&t.key, "to/ken");
        NEED_OK(sigv4_presign(t.a, &t.r, &signer, 60, &t.r.query));
        if (what == 0)
            t.r.path = STR("/foundation-models/x");
        if (what == 1)
            t.key.at[0] ^= 1;
        if (what == 2)
            t.r.query = arena_fmt(t.a, "%.*s&more=1", STR_FMT(t.r.query));
        if (what == 3)
            t.r.method = STR("POST");
        const err e = trip_check(&t);
        CHECK_INT(e.code, ==, what < 0 ? 0 : ERR_UNAUTHENTICATED);
        CHECK(t.c.is_query);
        CHECK_STR(t.c.session_token, STR("to/ken"));
        CHECK_INT(t.c.expires_s, ==, 60);
        trip_done(&t);
    }
}

TEST(a_request_without_host_is_not_signed)
{
    AUTO(arena) *a = NULL;
    AUTO(secret) key = secret_of("k");
    struct sigv4_signed s;
    NEED_OK(arena_open(ROOM, &a));
    const struct sigv4_request r = {.method = STR("GET"), .path = STR("/"), .payload = EMPTY};
    const struct sigv4_signer signer = case_signer(&key, "");
    CHECK_ERR(sigv4_sign(a, &r, &signer, &s), ARGUMENT);
}

TEST(a_secret_that_is_empty_or_too_long_signs_nothing)
{
    secret none = {0};
    AUTO(secret) long_one = {0};
    digest d;
    NEED_OK(secret_get(&long_one, SIGV4_SECRET_MAX + 1));
    CHECK_ERR(sigv4_key(&none, STR("d"), STR("r"), STR("s"), &d), ARGUMENT);
    CHECK_ERR(sigv4_key(&long_one, STR("d"), STR("r"), STR("s"), &d), ARGUMENT);
}

TEST(without_memory_or_library_nothing_is_signed_and_nothing_accepted)
{
    for (long n = 1;; n++) {
        struct trip t;
        trip_open(&t, "/model/toy/converse", "");
        fault_arm(n);
        const err e = trip_check(&t);
        const bool fired = fault_fired();
        fault_arm(0);
        trip_done(&t);
        if (!fired) {
            CHECK_OK(e);
            break;
        }
        CHECK(e.code != 0 && e.code != ERR_UNAUTHENTICATED);
    }
}
