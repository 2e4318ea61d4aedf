/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openai/answer.h"

enum { TOKEN_BYTES_MAX = 512 * 1024 }; /* of one token, with every byte escaped */

/* ---- chat: {"content":[{token, logprob, bytes, top_logprobs}]} */
static void
put_bytes(buf *b, str text)
{
    json_key(b, "bytes");
    json_open(b, '[');
    for (size_t i = 0; i < text.len; i++)
        json_put_u64(b, (unsigned char)text.at[i]);
    json_close(b, ']');
}

static void
put_token(buf *b, const struct engine_token *t)
{
    json_member_str(b, "token", t->text);
    json_member_f64(b, "logprob", t->logprob);
    put_bytes(b, t->text);
}

static void
put_item(buf *b, const struct engine_token *t)
{
    json_open(b, '{');
    put_token(b, t);
    json_key(b, "top_logprobs");
    json_open(b, '[');
    for (size_t i = 0; i < t->top_count; i++) {
        json_open(b, '{');
        put_token(b, &t->top[i]);
        json_close(b, '}');
    }
    json_close(b, ']');
    json_close(b, '}');
}

/* ---- completions: parallel lists, so rows are kept apart by their list until the end: each row
 * is four JSON values, one a line */
/* Tokens that are no UTF-8 may look the same once they are written. */
static bool
looks_like(buf *to, str a, str b)
{
    AUTO(buf) x = BUF(TOKEN_BYTES_MAX);
    AUTO(buf) y = BUF(TOKEN_BYTES_MAX);
    json_put_str(&x, a);
    json_put_str(&y, b);
    to->failed = to->failed || x.failed || y.failed;
    return str_eq(buf_str(&x), buf_str(&y));
}

/* An object has a name once: of tokens that look the same the first, likeliest, is shown. */
static bool
is_shown_before(buf *to, const struct engine_token *t, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (looks_like(to, t->top[i].text, t->top[at].text))
            return true;
    return false;
}

static void
put_tops(buf *b, const struct engine_token *t)
{
    json_open(b, '{');
    for (size_t i = 0; i < t->top_count; i++) {
        if (is_shown_before(b, t, i))
            continue;
        if (i)
            buf_add_char(b, ',');
        json_put_str(b, t->top[i].text);
        buf_add_char(b, ':');
        json_put_f64(b, t->top[i].logprob);
    }
    json_close(b, '}');
}

static void
add_row(buf *rows, const struct engine_token *t, uint32_t *offset)
{
    json_put_str(rows, t->text);
    buf_add_char(rows, '\n');
    json_put_f64(rows, t->logprob);
    buf_add_char(rows, '\n');
    put_tops(rows, t);
    buf_add_char(rows, '\n');
    buf_add_u64(rows, *offset);
    buf_add_char(rows, '\n');
    /* A character begins with a byte that continues none. */
    for (size_t i = 0; i < t->text.len; i++)
        *offset += ((unsigned char)t->text.at[i] & 0xc0) != 0x80;
}

void
openai_add_logprobs(buf *rows, bool is_chat, const struct engine_piece *p, uint32_t *offset)
{
    for (size_t i = 0; i < p->logprob_count; i++) {
        if (!is_chat) {
            add_row(rows, &p->tokens[i], offset);
            continue;
        }
        if (rows->len)
            buf_add_char(rows, ',');
        put_item(rows, &p->tokens[i]);
    }
}

static void
put_column(buf *b, const char *name, str rows, size_t column)
{
    str line;
    json_key(b, name);
    json_open(b, '[');
    for (size_t i = 0, shown = 0; str_next(&rows, '\n', &line) && line.len; i++) {
        if (i % 4 != column)
            continue;
        if (shown++)
            buf_add_char(b, ',');
        buf_add(b, line);
    }
    json_close(b, ']');
}

void
openai_put_logprob_list(buf *b, bool is_chat, str rows)
{
    if (!rows.len) {
        json_put_null(b);
        return;
    }
    json_open(b, '{');
    if (is_chat) {
        json_key(b, "content");
        json_open(b, '[');
        buf_add(b, rows);
        json_close(b, ']');
    } else {
        put_column(b, "tokens", rows, 0);
        put_column(b, "token_logprobs", rows, 1);
        put_column(b, "top_logprobs", rows, 2);
        put_column(b, "text_offset", rows, 3);
    }
    json_close(b, '}');
}

void
openai_put_logprobs(buf *b, bool is_chat, const struct engine_piece *p, uint32_t *offset)
{
    AUTO(buf) rows = BUF(b->limit);
    openai_add_logprobs(&rows, is_chat, p, offset);
    b->failed = b->failed || rows.failed;
    openai_put_logprob_list(b, is_chat, buf_str(&rows));
}
