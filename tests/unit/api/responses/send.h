/* SPDX-License-Identifier: EUPL-1.2 */
/* send.h - calls on what is kept, with the fields reply.h's calls lack; and the tables served. */
#pragma once
#include "api/openai/openai.h"
#include "api/responses/responses.h"
#include "api/responses/works.h"
#include "unit/api/reply.h"

struct sent { /* use with designated initialisers; method NULL: GET */
    const char *method, *path, *key, *label, *type, *range;
    str body;
};

static inline reply *
send_start(const struct sent *w)
{
    reply *r = calloc(1, sizeof *r);
    ASSERT(r);
    r->fields = BUF(64 * 1024);
    r->body = BUF(REPLY_BYTES_MAX);
    CHECK_OK(arena_open(64 * 1024 * 1024, &r->a));
    CHECK_OK(http_client_new(site.rig.l, str_of(site.net), &r->client));
    struct http_field fields[4] = {
        {STR("content-type"), str_of(w->type ? w->type : "application/json")}};
    size_t count = 1;
    if (w->key) {
        snprintf(r->bearer, sizeof r->bearer, "Bearer %s", w->key);
        fields[count++] = (struct http_field){STR("authorization"), str_of(r->bearer)};
    }
    if (w->label)
        fields[count++] = (struct http_field){STR("x-hoheit-label"), str_of(w->label)};
    if (w->range)
        fields[count++] = (struct http_field){STR("range"), str_of(w->range)};
    const struct http_call call = {.method = w->method ? w->method : "GET",
                                   .path = str_of(w->path),
                                   .fields = fields,
                                   .field_count = count,
                                   .body = w->body,
                                   .body_file = -1,
                                   .on_head = reply_on_head,
                                   .on_data = reply_on_data,
                                   .on_end = reply_on_end,
                                   .ctx = r};
    CHECK_OK(http_client_call(r->client, &call));
    return r;
}

#define SEND(...)                                                                                  \
    ({                                                                                             \
        reply *sent_ = reply_wait(send_start(&(struct sent){__VA_ARGS__}));                        \
        CHECK_INT(sent_->end.code, ==, 0);                                                         \
        sent_;                                                                                     \
    })

static struct works *works;

static inline void
open_site(void)
{
    static struct route_table tables[2];
    tables[0] = openai_table;
    tables[1] = responses_table;
    site_open(tables, 2, &openai_dialect);
    CHECK_OK(works_new(site.rig.gate, site.api, &works));
}

static inline void
close_site(void)
{
    http_server_free(TAKE(site.server));
    works_free(TAKE(works));
    site_close();
}

/* Another clearance for a key that is in use, as when somebody's is taken back. */
static inline void
clear_for(const char *key, const char *clearance)
{
    const struct session *found = NULL;
    struct session *s;
    CHECK_OK(gate_session(site.rig.gate, str_of(key), &found));
    memcpy(&s, &found, sizeof s); /* the keyring's own */
    s->clearance = small_label(site.rig.policy, clearance);
}

/* "/v1/…" of a pattern and an id. */
static inline const char *
path_of(const char *pattern, str id)
{
    static char rooms[8][256];
    static unsigned next;
    char *room = rooms[next++ % 8];
    snprintf(room, 256, "%.*s%.*s%s", (int)strcspn(pattern, "{"), pattern, STR_FMT(id),
             strchr(pattern, '}') ? strchr(pattern, '}') + 1 : "");
    return room;
}

/* Leaves a file; its id, or what went wrong as "". */
static inline str
put_file(const char *key, const char *marked, const char *purpose, str bytes)
{
    static char ids[16][64];
    static unsigned next;
    char *id = ids[next++ % 16];
    AUTO(buf) form = BUF(REPLY_BYTES_MAX);
    buf_add_fmt(&form,
                "--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n%s\r\n--XX\r\n"
                "Content-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n",
                purpose);
    buf_add(&form, bytes);
    buf_add(&form, STR("\r\n--XX--\r\n"));
    AUTO(reply) *r = SEND(.method = "POST", .path = "/v1/files", .key = key, .label = marked,
                          .type = "multipart/form-data; boundary=XX", .body = buf_str(&form));
    CHECK_INT(r->status, ==, 200);
    snprintf(id, sizeof ids[0], "%.*s", STR_FMT(reply_text(r, "id")));
    return str_of(id);
}
