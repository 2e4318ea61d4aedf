/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/client/reply.h"

#include "base/buf.h"
#include "base/fault.h"
#include "net/parser.h"

enum { CHUNK_OVERHEAD_MAX = 32 };

struct span {
    uint32_t name_at, name_len, value_at, value_len;
};

struct reply {
    struct reply_hooks hooks;
    llhttp_t parser;
    buf text; /* names and values of the head */
    struct span spans[REPLY_FIELDS_MAX];
    size_t span_count;
    uint64_t head_bytes;  /* as they came, until the final head is told */
    uint64_t other_bytes; /* all that is no body */
    uint64_t chunks;
    const char *why; /* a hook of the parser refused */
    bool bodiless, in_value, head_told, complete, keeps, stopped;
};

/* ---- the parser's hooks: 0 goes on, -1 ends the run */

static int
refuse(reply *r, const char *why)
{
    r->why = why;
    return -1;
}

static int
add_text(reply *r, const char *at, size_t len, uint32_t *counted)
{
    buf_add(&r->text, (str){at, len});
    if (r->text.failed)
        return refuse(r, "there is no memory for its head");
    *counted += (uint32_t)len;
    return 0;
}

static int
begin_field(reply *r)
{
    if (r->span_count == REPLY_FIELDS_MAX)
        return refuse(r, "its head has more than 128 fields");
    r->spans[r->span_count++] = (struct span){.name_at = (uint32_t)r->text.len};
    r->in_value = false;
    return 0;
}

static int
on_name(llhttp_t *p, const char *at, size_t len)
{
    reply *const r = p->data;
    if (r->head_told) /* trailers are for nobody; that they are not too many, run() sees */
        return 0;
    if ((r->in_value || !r->span_count) && begin_field(r))
        return -1;
    const size_t from = r->text.len;
    const int rc = add_text(r, at, len, &r->spans[r->span_count - 1].name_len);
    for (size_t i = from; i < r->text.len; i++)
        if (r->text.at[i] >= 'A' && r->text.at[i] <= 'Z')
            r->text.at[i] = (char)(r->text.at[i] | 0x20);
    return rc;
}

static int
on_value(llhttp_t *p, const char *at, size_t len)
{
    reply *const r = p->data;
    if (r->head_told)
        return 0;
    ASSERT(r->span_count > 0);
    struct span *const s = &r->spans[r->span_count - 1];
    if (!r->in_value)
        s->value_at = (uint32_t)r->text.len;
    r->in_value = true;
    return add_text(r, at, len, &s->value_len);
}

/* Also where the value is empty and on_value was not called. */
static int
on_value_done(llhttp_t *p)
{
    reply *const r = p->data;
    r->in_value = true;
    return 0;
}

static void
tell_head(reply *r, int status)
{
    struct http_field fields[REPLY_FIELDS_MAX];
    const str all = buf_str(&r->text);
    for (size_t i = 0; i < r->span_count; i++) {
        const struct span *const s = &r->spans[i];
        fields[i].name = str_slice(all, s->name_at, s->name_at + s->name_len);
        fields[i].value = str_trim(str_slice(all, s->value_at, s->value_at + s->value_len));
    }
    r->head_told = true;
    r->hooks.on_head(r->hooks.ctx, status, fields, r->span_count);
}

static int
on_head_done(llhttp_t *p)
{
    reply *const r = p->data;
    if (p->status_code < 100)
        return refuse(r, "its status has less than three digits");
    if (p->status_code == 101)
        return refuse(r, "it wants to speak another protocol");
    if (p->status_code >= 200)
        tell_head(r, p->status_code);
    r->span_count = 0;
    r->in_value = false;
    buf_clear(&r->text);
    if (r->stopped)
        return -1;
    return r->bodiless || !r->head_told ? 1
                                        : 0; /* 1: a body there is not, whatever the head says */
}

static int
on_body(llhttp_t *p, const char *at, size_t len)
{
    reply *const r = p->data;
    r->other_bytes -= len; /* reply_read counts every byte first */
    r->hooks.on_data(r->hooks.ctx, (str){at, len});
    return r->stopped ? -1 : 0;
}

static int
on_chunk(llhttp_t *p)
{
    reply *const r = p->data;
    r->chunks++;
    return 0;
}

static int
on_whole(llhttp_t *p)
{
    reply *const r = p->data;
    if (!r->head_told) /* an interim answer (RFC 9110 section 15.2); the real one follows */
        return 0;
    r->complete = true;
    r->keeps = llhttp_should_keep_alive(p) == 1;
    return HPE_PAUSED;
}

static const llhttp_settings_t hooks = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_done,
    .on_headers_complete = on_head_done,
    .on_body = on_body,
    .on_chunk_header = on_chunk,
    .on_message_complete = on_whole,
};

/* ---- bytes */

static err
not_http(const reply *r, enum llhttp_errno code)
{
    FAIL(PARSE, "the answer is not HTTP: %s", r->why ? r->why : llhttp_errno_name(code));
}

/* Heads are handed on in what is left of their limit, so that it is the same for every split. */
static size_t
share(const reply *r, size_t len)
{
    const uint64_t left = REPLY_HEAD_MAX - r->head_bytes;
    return r->head_told || len < left ? len : (size_t)left;
}

/* One run of the parser. */
static fallible
run(reply *r, str *piece)
{
    const size_t len = share(r, piece->len);
    if (!len) {
        r->why = "its head is larger than 64 KiB";
        return not_http(r, HPE_USER);
    }
    r->head_bytes += r->head_told ? 0 : len;
    r->other_bytes += len;
    const enum llhttp_errno code = llhttp_execute(&r->parser, piece->at, len);
    const char *const end = r->complete ? llhttp_get_error_pos(&r->parser) : piece->at + len;
    *piece = str_slice(*piece, (size_t)(end - piece->at), piece->len);
    if (r->complete || r->stopped)
        return OK;
    if (r->other_bytes > 2 * REPLY_HEAD_MAX + r->chunks * CHUNK_OVERHEAD_MAX)
        r->why = "it has too little body for its bytes";
    return code != HPE_OK || r->why ? not_http(r, code) : OK;
}

fallible
reply_read(reply *r, str *piece)
{
    while (piece->len && !r->complete && !r->stopped)
        TRY(run(r, piece));
    return OK;
}

void
reply_eof(reply *r)
{
    if (!r->complete && !r->stopped)
        (void)llhttp_finish(&r->parser); /* on_whole says whether that was the end */
}

/* ---- state */

fallible
reply_new(const struct reply_hooks *h, reply **ret)
{
    ASSERT(h->on_head && h->on_data);
    reply *r = mem_get(sizeof *r);
    if (!r)
        FAIL(LIMIT, "no memory for an answer");
    *r = (reply){.hooks = *h, .text = BUF(REPLY_HEAD_MAX)};
    reply_begin(r, false);
    *ret = r;
    return OK;
}

void
reply_free(reply *r)
{
    if (!r)
        return;
    buf_done(&r->text);
    mem_free(r);
}

void
reply_begin(reply *r, bool bodiless)
{
    llhttp_init(&r->parser, HTTP_RESPONSE, &hooks);
    r->parser.data = r;
    r->bodiless = bodiless;
    r->in_value = r->head_told = r->complete = r->keeps = r->stopped = false;
    r->span_count = 0;
    r->head_bytes = r->other_bytes = r->chunks = 0;
    r->why = NULL;
    buf_clear(&r->text);
}

void
reply_stop(reply *r)
{
    r->stopped = true;
}

bool
reply_is_complete(const reply *r)
{
    return r->complete;
}

bool
reply_began(const reply *r)
{
    return r->head_bytes > 0;
}

bool
reply_keeps(const reply *r)
{
    return r->complete && r->keeps;
}
