/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/auth.h"

#include "unit/api/bedrock/signed.h"

#define ASK(...) signed_ask((struct sign_wish){__VA_ARGS__})

TEST(a_signed_request_is_its_key_s)
{
    open_signed();
    AUTO(reply) *plain = ASK(.body = NULL);
    AUTO(reply) *hashed = ASK(.sends_hash = true);
    AUTO(reply) *queried = ASK(.query = "b=2&a=1%20");
    AUTO(reply) *odd = ASK(.path = "/model/x%3A0/converse");
    CHECK_INT(plain->status, ==, 200);
    CHECK_INT(hashed->status, ==, 200);
    CHECK_INT(queried->status, ==, 200);
    check_refused(odd, 404, "ResourceNotFoundException", "x:0");
    site_close();
}

TEST(a_presigned_address_works_too)
{
    open_signed();
    AUTO(reply) *list = ASK(.method = "GET", .path = "/foundation-models", .body = "",
                            .is_presigned = true, .query = "byOutputModality=TEXT");
    AUTO(reply) *post = ASK(.is_presigned = true);
    AUTO(reply) *other = ASK(.method = "GET", .path = "/foundation-models", .body = "",
                             .is_presigned = true, .later_ms = -61000);
    CHECK_INT(list->status, ==, 200);
    CHECK_INT(post->status, ==, 200);
    check_refused(other, 403, "RequestExpired", "expired");
    site_close();
}

TEST(a_wrong_secret_is_told_what_was_expected)
{
    open_signed();
    AUTO(reply) *late = ASK(.secret = "falsch");
    AUTO(reply) *early = ASK(.secret = "falsch", .sends_hash = true);
    check_refused(late, 403, "InvalidSignatureException",
                  "The Canonical String for this request should have been\n'POST\n" CONVERSE
                  "\n\ncontent-type:application/json\nhost:");
    check_refused(early, 403, "InvalidSignatureException", "The String-to-Sign should have been");
    CHECK(str_find(reply_text(late, "message"), STR("AWS4-HMAC-SHA256\n2")) > 0);
    CHECK(str_find(reply_text(late, "message"), str_of(pair.secret)) < 0);
    site_close();
}

TEST(whoever_is_not_known_is_told_so)
{
    open_signed();
    AUTO(reply) *id = ASK(.access_id = "AKIAUNBEKANNT");
    AUTO(reply) *token = ASK(.token = "IQoJ");
    AUTO(reply) *late = ASK(.token = "IQoJ", .sends_hash = true);
    AUTO(reply) *bearer = POST(site.net, CONVERSE, "sk-unknown-key", HALLO);
    AUTO(reply) *nobody = POST(site.net, CONVERSE, NULL, HALLO);
    check_refused(id, 403, "UnrecognizedClientException", "security token");
    check_refused(token, 403, "UnrecognizedClientException", "temporary");
    check_refused(late, 403, "UnrecognizedClientException", "temporary");
    check_refused(bearer, 403, "UnrecognizedClientException", "not known");
    check_refused(nobody, 403, "MissingAuthenticationTokenException", "Missing");
    site_close();
}

TEST(a_bearer_key_and_the_operator_s_socket_work_as_elsewhere)
{
    open_signed();
    AUTO(reply) *bearer = POST(site.net, CONVERSE, site_key("other", "intern"), HALLO);
    AUTO(reply) *local = POST(site.local, CONVERSE, NULL, HALLO);
    CHECK_INT(bearer->status, ==, 200);
    CHECK_INT(local->status, ==, 200);
    site_close();
}

TEST(another_time_is_refused_as_aws_does)
{
    open_signed();
    AUTO(reply) *past = ASK(.later_ms = -301000);
    AUTO(reply) *future = ASK(.later_ms = 302000);
    AUTO(reply) *near = ASK(.later_ms = -290000);
    check_refused(past, 403, "InvalidSignatureException", "Signature expired: ");
    check_refused(past, 403, "InvalidSignatureException", " is now earlier than ");
    check_refused(future, 403, "InvalidSignatureException", "Signature not yet current: ");
    CHECK_INT(near->status, ==, 200);
    site_close();
}

TEST(another_scope_is_refused)
{
    open_signed();
    AUTO(reply) *r = ASK(.service = "s3");
    check_refused(r, 403, "InvalidSignatureException", "correct service: 'bedrock'");
    site_close();
}

TEST(what_was_altered_on_the_way_is_refused)
{
    open_signed();
    AUTO(reply) *body = ASK(.sent_body = "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":"
                                         "\"geheim\"}]}]}");
    AUTO(reply) *hashed = ASK(.sends_hash = true, .sent_body = "{}");
    AUTO(reply) *query = ASK(.query = "a=1", .sent_query = "a=2");
    AUTO(reply) *unsigned_label = ASK(.late_name = "x-hoheit-label", .late_value = "offen");
    AUTO(reply) *more =
        ASK(.label = "intern", .late_name = "x-hoheit-label", .late_value = "offen");
    check_refused(body, 403, "InvalidSignatureException", "does not match");
    check_refused(hashed, 403, "InvalidSignatureException", "x-amz-content-sha256");
    check_refused(query, 403, "InvalidSignatureException", "does not match");
    check_refused(unsigned_label, 403, "InvalidSignatureException", "'x-hoheit-label' must be");
    check_refused(more, 403, "InvalidSignatureException", "does not match");
    CHECK(!reply_has(body, "geheim"));
    site_close();
}

TEST(a_label_that_is_signed_counts)
{
    open_signed();
    AUTO(reply) *r = ASK(.label = "intern");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("intern"));
    AUTO(reply) *above = ASK(.label = "VS-NfD");
    check_refused(above, 403, "AccessDeniedException", "");
    site_close();
}

TEST(a_signature_can_be_sent_again_while_it_is_good)
{
    open_signed();
    struct sigv4_field f[SIGNED_FIELDS];
    const struct sign_wish w = {.sends_hash = true};
    for (int i = 0; i < 2; i++) {
        static char authorization[512], date[32], hash[80];
        if (!i) {
            AUTO(arena) *a = NULL;
            str target;
            NEED_OK(arena_open(1 << 20, &a));
            const size_t n = sign_fields(&w, a, f, &target);
            CHECK(str_copy(f[n - 1].value, authorization, sizeof authorization));
            CHECK(str_copy(f[2].value, date, sizeof date));
            CHECK(str_copy(f[3].value, hash, sizeof hash));
        }
        const struct http_field fields[] = {{STR("content-type"), STR("application/json")},
                                            {STR("x-amz-date"), str_of(date)},
                                            {STR("x-amz-content-sha256"), str_of(hash)},
                                            {STR("authorization"), str_of(authorization)}};
        reply *r = reply_new(site.net);
        reply_send(r, (struct wish){"POST", CONVERSE, NULL, NULL, STR(HALLO)}, fields, 4);
        AUTO(reply) *again = reply_wait(r);
        CHECK_INT(again->status, ==, 200);
    }
    site_close();
}

TEST(a_revoked_key_takes_its_pair_with_it)
{
    open_signed();
    OPERATOR(c, &site.rig);
    CHECK_OK(caller_wait(&c, admin_key_revoke(&c.call, STR("amt"))));
    AUTO(reply) *r = ASK(.body = NULL);
    check_refused(r, 403, "UnrecognizedClientException", "security token");
    site_close();
}

/* ---- payloads that are not hashed as a whole */
TEST(an_unsigned_payload_is_not_taken_over_the_open_network)
{
    open_signed();
    AUTO(reply) *r = ASK(.payload = "UNSIGNED-PAYLOAD", .sends_hash = true);
    check_refused(r, 403, "InvalidSignatureException", "over TLS only");
    AUTO(reply) *local = ASK(.payload = "UNSIGNED-PAYLOAD", .sends_hash = true, .is_local = true);
    CHECK_INT(local->status, ==, 200);
    AUTO(reply) *odd = ASK(.payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER", .sends_hash = true);
    check_refused(odd, 400, "ValidationException", "x-amz-content-sha256 must be");
    site_close();
}

/* The body in two signed chunks; the claim is what the head says. */
static void
put_chunks(arena *a, const struct sigv4_field *f, size_t count, const char *body, buf *b)
{
    const struct sigv4_request r = {
        .method = STR("POST"), .path = STR(CONVERSE), .fields = f, .field_count = count};
    struct sigv4_claim c;
    AUTO(secret) key = {0};
    char signature[65];
    const str text = str_of(body);
    NEED_OK(sigv4_claim_read(a, &r, STR("bedrock"), &c));
    NEED_OK(secret_get(&key, strlen(pair.secret)));
    memcpy(key.at, pair.secret, key.len);
    CHECK(str_copy(c.signature, signature, sizeof signature));
    CHECK_OK(sigv4_chunks_put(&c, &key, str_slice(text, 0, 10), signature, b));
    CHECK_OK(sigv4_chunks_put(&c, &key, str_slice(text, 10, text.len), signature, b));
    CHECK_OK(sigv4_chunks_put(&c, &key, STR(""), signature, b));
}

static reply *
ask_chunked(const char *body, size_t damage)
{
    static char room[4096], lengths[24];
    reply *r = reply_new(site.net);
    struct sigv4_field f[SIGNED_FIELDS];
    struct http_field fields[SIGNED_FIELDS];
    AUTO(buf) b = BUF(sizeof room);
    str target;
    size_t sent = 0;
    snprintf(lengths, sizeof lengths, "%zu", strlen(body));
    const struct sign_wish w = {.payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                                .sends_hash = true,
                                .late_name = "x-amz-decoded-content-length",
                                .late_value = lengths};
    size_t count = sign_fields(&w, r->a, f, &target);
    /* It must be signed: so once more, with it. */
    struct sigv4_request again = {
        .method = STR("POST"), .path = STR(CONVERSE), .fields = f, .payload = SIGV4_CHUNKED};
    struct sigv4_field kept[SIGNED_FIELDS];
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (!str_starts(f[i].name, STR("x-amz-date")) &&
            !str_starts(f[i].name, STR("x-amz-content")) &&
            !str_eq(f[i].name, STR("authorization")))
            kept[n++] = f[i];
    again.fields = kept;
    again.field_count = n;
    AUTO(secret) key = {0};
    CHECK_OK(secret_get(&key, strlen(pair.secret)));
    memcpy(key.at, pair.secret, key.len);
    const struct sigv4_signer signer = {.access_id = str_of(pair.access_id),
                                        .key = &key,
                                        .region = STR("eu-central-1"),
                                        .service = STR("bedrock"),
                                        .now_wall_ms = clock_wall_ms(),
                                        .sends_hash = true};
    struct sigv4_signed s;
    CHECK_OK(sigv4_sign(r->a, &again, &signer, &s));
    for (size_t i = 0; i < s.extra_count; i++)
        kept[n++] = s.extra[i];
    kept[n++] = (struct sigv4_field){STR("authorization"), s.authorization};
    put_chunks(r->a, kept, n, body, &b);
    if (damage)
        b.at[damage] = (char)(b.at[damage] ^ 1);
    memcpy(room, b.at, b.len);
    for (size_t i = 0; i < n; i++)
        if (!str_eq(kept[i].name, STR("host")))
            fields[sent++] = (struct http_field){kept[i].name, kept[i].value};
    reply_send(r, (struct wish){"POST", CONVERSE, NULL, NULL, (str){room, b.len}}, fields, sent);
    return reply_wait(r);
}

TEST(signed_chunks_are_put_together)
{
    open_signed();
    AUTO(reply) *good = ask_chunked(HALLO, 0);
    AUTO(reply) *bad = ask_chunked(HALLO, 90);
    CHECK_INT(good->status, ==, 200);
    check_refused(bad, 403, "InvalidSignatureException", "chunk 0");
    site_close();
}

TEST(a_body_that_is_not_in_chunks_is_refused)
{
    open_signed();
    AUTO(reply) *r = ASK(.payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", .sends_hash = true);
    check_refused(r, 400, "ValidationException", "x-amz-decoded-content-length");
    site_close();
}
