/* SPDX-License-Identifier: EUPL-1.2 */
/* talkto.h - a client of the Anthropic routes against a served gate (unit/api/reply.h). */
#pragma once
#include "api/anthropic/anthropic.h"
#include "unit/api/anthropic/shown.h"
#include "unit/api/reply.h"

/* A dialect that nothing marks, for what is not Anthropic's. */
static inline void
other_error(buf *b, const struct api_error *e)
{
    buf_add_fmt(b, "\"other %s\"", err_info(e->e)->id);
}

static inline void
other_models(struct api_call *c)
{
    http_answer(c->x, 200, NULL, 0, STR("\"other models\""));
}

static const struct dialect other_dialect = {.name = "other", .put_error = other_error};
static const struct route other_routes[] = {
    {HTTP_GET, "/v1/models", other_models, AUTH_LOCAL, &other_dialect, NULL, NULL}};

static inline void
open_site(void)
{
    static struct route_table tables[2];
    tables[0] = (struct route_table){other_routes, 1};
    tables[1] = anthropic_table;
    site_open(tables, 2, &other_dialect);
}

/* How a request is marked; what is NULL is left out. */
struct head {
    const char *key, *bearer, *version, *beta, *label;
};

/* Sent, not waited for; all of it must live until the end. */
static inline reply *
send_with(const char *url, const char *method, const char *path, struct head h, const char *body)
{
    reply *r = reply_new(url);
    struct http_field f[6] = {{STR("content-type"), STR("application/json")}};
    const char *const names[] = {"x-api-key", "anthropic-version", "anthropic-beta",
                                 "x-hoheit-label"};
    const char *const values[] = {h.key, h.version, h.beta, h.label};
    size_t count = 1;
    for (size_t i = 0; i < 4; i++)
        if (values[i])
            f[count++] = (struct http_field){str_of(names[i]), str_of(values[i])};
    if (h.bearer) {
        snprintf(r->bearer, sizeof r->bearer, "Bearer %s", h.bearer);
        f[count++] = (struct http_field){STR("authorization"), str_of(r->bearer)};
    }
    reply_send(r, (struct wish){method, path, NULL, NULL, str_of(body)}, f, count);
    return r;
}

#define VERSION "2023-06-01"
#define MESSAGES "/v1/messages"
#define SAID WIRE_BASE_TOY ",\"messages\":[{\"role\":\"user\",\"content\":\"hallo\"}]"
#define WIRE_BASE_TOY "\"model\":\"toy\",\"max_tokens\":64"

static inline reply *
ask_with(const char *method, const char *path, struct head h, const char *body)
{
    reply *r = reply_wait(send_with(site.net, method, path, h, body));
    CHECK_INT(r->end.code, ==, 0);
    CHECK_INT(r->heads, ==, 1);
    return r;
}

static inline reply *
ask(const char *path, const char *key, const char *body)
{
    return ask_with("POST", path, (struct head){.key = key, .version = VERSION}, body);
}

/* An error in the dialect's shape. */
static inline void
check_error(const reply *r, int status, const char *type, const char *word)
{
    CHECK_INT(r->status, ==, status);
    CHECK_STR(reply_field(r, "content-type"), STR("application/json"));
    CHECK_STR(reply_text(r, "type"), STR("error"));
    CHECK_STR(reply_text(r, "error.type"), str_of(type));
    CHECK(str_find(reply_text(r, "error.message"), str_of(word)) >= 0);
    CHECK_STR(reply_text(r, "request_id"), reply_field(r, "request-id"));
    CHECK_STR(reply_field(r, "request-id"), reply_field(r, "x-request-id"));
    CHECK(str_starts(reply_text(r, "request_id"), STR("req_")));
    CHECK_INT(reply_field(r, "x-hoheit-label").len, ==, 0);
}
