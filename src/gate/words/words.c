/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/words/words.h"

#include "base/enc.h"
#include "base/fault.h"
#include "base/json.h"
#include "os/entropy.h"

struct words {
    buf said, whole;
};

/* ---- collecting */
static fallible
put_content(buf *b, const char *name, content c, const grant *g)
{
    str text;
    TRY(content_open(c, g, &text));
    json_member_str(b, name, text);
    return OK;
}

static fallible
put_images(buf *b, const conv_images *images, const grant *g)
{
    str bytes;
    json_key(b, "images");
    json_open(b, '[');
    for (size_t i = 0; i < images->count; i++) {
        TRY(content_open(images->at[i].bytes, g, &bytes));
        json_open(b, '{');
        json_member_str(b, "type", str_of(conv_image_type(images->at[i].form)));
        json_key(b, "data");
        buf_add_char(b, '"');
        base64_put(b, bytes.at, bytes.len);
        buf_add_char(b, '"');
        json_close(b, '}');
    }
    json_close(b, ']');
    return OK;
}

static fallible
put_message(buf *b, const struct conv_message *m, const grant *g)
{
    json_open(b, '{');
    json_member_str(b, "role", str_of(conv_role_name(m->role)));
    TRY(put_content(b, "text", m->text, g));
    if (m->tool_calls.len)
        json_member_str(b, "tool_calls", m->tool_calls);
    if (m->images.count)
        TRY(put_images(b, &m->images, g));
    json_close(b, '}');
    return OK;
}

static fallible
put_asked(buf *b, const struct conv *c, const grant *g)
{
    json_open(b, '{');
    json_key(b, "input");
    json_open(b, '[');
    for (size_t i = 0; i < c->messages.count; i++)
        TRY(put_message(b, &c->messages.at[i], g));
    for (size_t i = 0; i < c->inputs.count; i++) {
        json_open(b, '{');
        TRY(put_content(b, "text", c->inputs.at[i], g));
        json_close(b, '}');
    }
    json_close(b, ']');
    TRY(put_content(b, "prompt", c->prompt, g));
    json_key(b, "output");
    buf_add_char(b, '"');
    return buf_end(b);
}

fallible
words_new(const struct conv *c, const grant *g, struct words **ret)
{
    struct words *w = mem_get(sizeof *w);
    if (!w)
        FAIL(LIMIT, "no memory for what is kept");
    *w = (struct words){.said = BUF(WORDS_BYTES_MAX), .whole = BUF(2 * WORDS_BYTES_MAX + 256)};
    const err e = put_asked(&w->said, c, g);
    if (e.code) {
        words_free(w);
        return e;
    }
    *ret = w;
    return OK;
}

static void
wipe_buf(buf *b)
{
    if (b->at)
        wipe(b->at, b->len);
    buf_done(b);
}

void
words_free(struct words *w)
{
    if (!w)
        return;
    wipe_buf(&w->said);
    wipe_buf(&w->whole);
    mem_free(w);
}

fallible
words_add(struct words *w, str text)
{
    if (!w)
        return OK;
    json_put_raw(&w->said, text);
    return buf_end(&w->said);
}

/* ---- committing */
static fallible
commit(const uint8_t salt[WORDS_SALT], str said, digest *ret)
{
    sha256 *h;
    TRY(sha256_new(&h));
    err e = sha256_add(h, (str){(const char *)salt, WORDS_SALT});
    if (!e.code)
        e = sha256_add(h, said);
    if (!e.code)
        return sha256_end(h, ret);
    sha256_free(h);
    return e;
}

fallible
words_salted(const digest *salt, const digest *of, digest *ret)
{
    return commit(salt->bytes, (str){(const char *)of->bytes, sizeof of->bytes}, ret);
}

/* The object stands in the text as a string, so that it comes back to the byte. */
fallible
words_end(struct words *w, str *ret, digest *ret_commitment)
{
    uint8_t salt[WORDS_SALT];
    AUTO(buf) hex = BUF(2 * WORDS_SALT);
    digest d;
    buf_add(&w->said, STR("\"}"));
    TRY(buf_end(&w->said));
    TRY(entropy_get(salt, sizeof salt));
    TRY(commit(salt, buf_str(&w->said), &d));
    hex_put(&hex, salt, sizeof salt);
    TRY(buf_end(&hex));
    json_open(&w->whole, '{');
    json_member_str(&w->whole, "salt", buf_str(&hex));
    json_member_str(&w->whole, "said", buf_str(&w->said));
    json_close(&w->whole, '}');
    TRY(buf_end(&w->whole));
    *ret = buf_str(&w->whole);
    *ret_commitment = d;
    return OK;
}

fallible
words_check(arena *a, str text, const digest *commitment, str *ret_said)
{
    uint8_t salt[WORDS_SALT];
    jval root;
    str hex, said;
    digest d;
    TRY(json_read(a, text, &root));
    const jval h = json_get(&root, "salt"), s = json_get(&root, "said");
    TRY(json_str(&h, 2 * sizeof salt, &hex));
    TRY(json_str(&s, WORDS_BYTES_MAX, &said));
    TRY(hex_read(hex, salt, sizeof salt));
    TRY(commit(salt, said, &d));
    if (!digest_eq(&d, commitment))
        REFUSE(CORRUPT, "", "what was kept is not what the log is committed to");
    *ret_said = said;
    return OK;
}
