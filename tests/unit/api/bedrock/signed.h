/* SPDX-License-Identifier: EUPL-1.2 */
/* signed.h - a client that signs, against a served gate (unit/api/reply.h). */
#pragma once
#include "api/bedrock/bedrock.h"
#include "crypt/sigv4_chunks.h"
#include "os/clock.h"
#include "unit/api/bedrock/heard.h"
#include "unit/api/reply.h"

enum { SIGNED_FIELDS = 16 };

/* The only pair of a test; its clearance is "intern". */
static struct pair_text pair;

static inline void
open_signed(void)
{
    char text[KEY_TEXT_MAX];
    site_open(&bedrock_table, 1, &bedrock_dialect);
    const struct key_wish w = {.name = STR("amt"),
                               .clearance = STR("intern"),
                               .default_label = STR("offen"),
                               .pair = &pair};
    OPERATOR(c, &site.rig);
    memset(&pair, 0, sizeof pair);
    CHECK_OK(caller_wait(&c, admin_key_add(&c.call, &w, text)));
}

/* What a request is, and how it departs from being right; all zero: as a client sends it. */
struct sign_wish {
    const char *method, *path, *query, *body; /* NULL: POST, Converse, none, "hallo" */
    const char *access_id, *secret, *token, *service, *payload;
    int64_t later_ms; /* the client's clock */
    bool sends_hash;
    bool is_presigned, is_local;        /* local: over the Unix socket */
    const char *label;                  /* signed */
    const char *late_name, *late_value; /* a field that is added after signing */
    const char *sent_body, *sent_query; /* instead of what was signed */
};

#define CONVERSE "/model/toy/converse"
#define HALLO "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"hallo\"}]}]}"

static inline const char *
or_else(const char *text, const char *other)
{
    return text ? text : other;
}

static inline size_t
sign_fields(const struct sign_wish *w, arena *a, struct sigv4_field f[SIGNED_FIELDS],
            str *ret_target)
{
    struct sigv4_request r = {.method = str_of(or_else(w->method, "POST")),
                              .path = str_of(or_else(w->path, CONVERSE)),
                              .query = str_of(or_else(w->query, "")),
                              .fields = f};
    AUTO(secret) key = {0};
    const str secret_text = str_of(or_else(w->secret, pair.secret));
    struct sigv4_signed s = {.extra_count = 0};
    str query = r.query;
    f[r.field_count++] =
        (struct sigv4_field){STR("host"), w->is_local ? STR("localhost") : str_of(site.net + 7)};
    if (!w->is_presigned)
        f[r.field_count++] = (struct sigv4_field){STR("content-type"), STR("application/json")};
    if (w->label)
        f[r.field_count++] = (struct sigv4_field){STR("x-hoheit-label"), str_of(w->label)};
    CHECK_OK(secret_get(&key, secret_text.len));
    memcpy(key.at, secret_text.at, key.len);
    const struct sigv4_signer signer = {.access_id = str_of(or_else(w->access_id, pair.access_id)),
                                        .key = &key,
                                        .session_token = str_of(or_else(w->token, "")),
                                        .region = STR("eu-central-1"),
                                        .service = str_of(or_else(w->service, "bedrock")),
                                        .now_wall_ms = clock_wall_ms() + w->later_ms,
                                        .sends_hash = w->sends_hash};
    CHECK_OK(sigv4_hash_body(a, str_of(or_else(w->body, HALLO)), &r.payload));
    if (w->payload)
        r.payload = str_of(w->payload);
    if (w->is_presigned) {
        CHECK_OK(sigv4_presign(a, &r, &signer, 60, &query));
    } else {
        CHECK_OK(sigv4_sign(a, &r, &signer, &s));
        for (size_t i = 0; i < s.extra_count; i++)
            f[r.field_count++] = s.extra[i];
        f[r.field_count++] = (struct sigv4_field){STR("authorization"), s.authorization};
    }
    if (w->late_name)
        f[r.field_count++] = (struct sigv4_field){str_of(w->late_name), str_of(w->late_value)};
    if (w->sent_query)
        query = str_of(w->sent_query);
    *ret_target = query.len ? arena_fmt(a, "%.*s?%.*s", STR_FMT(r.path), STR_FMT(query)) : r.path;
    return r.field_count;
}

/* Sent, not waited for. */
static inline reply *
signed_send(struct sign_wish w)
{
    reply *r = reply_new(w.is_local ? site.local : site.net);
    struct sigv4_field f[SIGNED_FIELDS];
    struct http_field fields[SIGNED_FIELDS];
    str target;
    size_t sent = 0;
    const size_t count = sign_fields(&w, r->a, f, &target);
    for (size_t i = 0; i < count; i++)
        if (!str_eq(f[i].name, STR("host"))) /* the client's own */
            fields[sent++] = (struct http_field){f[i].name, f[i].value};
    const char *body = or_else(w.sent_body, or_else(w.body, HALLO));
    reply_send(r, (struct wish){or_else(w.method, "POST"), target.at, NULL, NULL, str_of(body)},
               fields, sent);
    return r;
}

static inline reply *
signed_ask(struct sign_wish w)
{
    reply *r = reply_wait(signed_send(w));
    CHECK_INT(r->end.code, ==, 0);
    CHECK_INT(r->heads, ==, 1);
    return r;
}

static inline void
check_refused(const reply *r, int status, const char *name, const char *word)
{
    CHECK_INT(r->status, ==, status);
    CHECK_STR(reply_field(r, "x-amzn-errortype"), str_of(name));
    CHECK_STR(reply_field(r, "content-type"), STR("application/json"));
    CHECK_STR(reply_field(r, "x-amzn-requestid"), reply_field(r, "x-request-id"));
    CHECK(str_starts(reply_field(r, "x-amzn-requestid"), STR("req_")));
    CHECK_INT(reply_field(r, "x-hoheit-label").len, ==, 0);
    if (str_find(reply_text(r, "message"), str_of(word)) < 0)
        test_fail(__FILE__, __LINE__, "no \"%s\" in %.*s", word, STR_FMT(buf_str(&r->body)));
}

/* The events of a stream, a line each. */
static inline str
heard_of(reply *r)
{
    AUTO(buf) b = BUF(HEARD_ROOM);
    CHECK_STR(reply_field(r, "content-type"), STR("application/vnd.amazon.eventstream"));
    heard_stream(buf_str(&r->body), r->body.len ? r->body.len : 1, &b);
    return arena_str(r->a, buf_str(&b));
}
