/* SPDX-License-Identifier: EUPL-1.2 */
/* batch_rig.h - batches over the served gate. */
#pragma once
#include "api/responses/batcher_inside.h"
#include "unit/api/responses/send.h"

#define B "/v1/batches"

static inline void
add_line(buf *b, const char *id, const char *said)
{
    buf_add_fmt(
        b,
        "{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":"
        "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}}\n",
        id, said);
}

static inline reply *
begin_batch(const char *key, const char *marked, str file)
{
    char body[300];
    snprintf(body, sizeof body,
             "{\"input_file_id\":\"%.*s\",\"endpoint\":\"/v1/chat/completions\","
             "\"completion_window\":\"24h\"}",
             STR_FMT(file));
    return SEND(.method = "POST", .path = B, .key = key, .label = marked, .body = str_of(body));
}

/* A batch of `count` lines; its id. */
static inline str
batch_of(const char *key, const char *marked, int count, const char *said)
{
    static char ids[8][64];
    static unsigned next;
    char *id = ids[next++ % 8];
    AUTO(buf) lines = BUF(1 << 20);
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "r%d", i);
        add_line(&lines, name, said);
    }
    AUTO(reply) *r = begin_batch(key, marked, put_file(key, marked, "batch", buf_str(&lines)));
    CHECK_INT(r->status, ==, 200);
    snprintf(id, sizeof ids[0], "%.*s", STR_FMT(reply_text(r, "id")));
    return str_of(id);
}

static inline reply *
show_batch(const char *key, str id)
{
    return SEND(.path = path_of(B "/{id}", id), .key = key);
}

static inline reply *
batch_when_over(const char *key, str id)
{
    (void)SITE_UNTIL(!works->batcher->jobs);
    return show_batch(key, id);
}

static inline str
file_content(const char *key, str id)
{
    static char room[1 << 20];
    AUTO(reply) *r = SEND(.path = path_of("/v1/files/{id}/content", id), .key = key);
    CHECK_INT(r->status, ==, 200);
    CHECK(r->body.len < sizeof room);
    memcpy(room, r->body.at, r->body.len);
    return (str){room, r->body.len};
}

static inline size_t
count_of(str text, const char *what)
{
    size_t n = 0;
    const str needle = str_of(what);
    for (ptrdiff_t at; (at = str_find(text, needle)) >= 0; n++)
        text = str_slice(text, (size_t)at + needle.len, text.len);
    return n;
}
