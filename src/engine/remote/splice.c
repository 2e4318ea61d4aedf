/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/pass.h"

#include <stdio.h>

enum { EDITS_MAX = 3, ARENA_BYTES = 1 << 30, TOKENS_BYTES_MAX = 64 };

struct span {
    size_t from, to;
};

struct edit {
    struct span at; /* replaced; empty: inserted */
    str text;
};

struct editor {
    str text; /* valid JSON */
    struct edit edits[EDITS_MAX];
    size_t count;
    buf model;
    char tokens[TOKENS_BYTES_MAX];
};

/* ---- positions in a text that is known to be valid */

static size_t
skip_blanks(str s, size_t at)
{
    while (at < s.len &&
           (s.at[at] == ' ' || s.at[at] == '\t' || s.at[at] == '\n' || s.at[at] == '\r'))
        at++;
    return at;
}

static bool
is_escaped(str s, size_t from, size_t quote)
{
    size_t slashes = 0;
    while (quote - slashes > from && s.at[quote - slashes - 1] == '\\')
        slashes++;
    return slashes % 2;
}

/* From the opening quote to behind the closing one. */
static size_t
skip_string(str s, size_t at)
{
    const size_t from = at + 1;
    do {
        const char *quote = memchr(s.at + at + 1, '"', s.len - at - 1);
        ASSERT(quote);
        at = (size_t)(quote - s.at);
    } while (is_escaped(s, from, at));
    return at + 1;
}

static size_t
skip_value(str s, size_t at)
{
    size_t depth = 0;
    for (; at < s.len; at++) {
        const char c = s.at[at];
        if (c == '"') {
            at = skip_string(s, at) - 1;
            continue;
        }
        if (!depth && (c == ',' || c == '}' || c == ']'))
            break;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
    }
    return at;
}

static size_t
trim_end(str s, size_t from, size_t to)
{
    while (to > from && skip_blanks((str){s.at + to - 1, 1}, 0))
        to--;
    return to;
}

/* The value of `want`, which is a member of the object whose '{' is at `open`.  Names are compared
 * as they were read, for they may be written with escapes. */
static struct span
find_value(str s, size_t open, const jval *object, const char *want)
{
    struct jwalk w = {0};
    jval member;
    size_t at = open + 1;
    while (json_each(object, &w, &member)) {
        at = skip_string(s, skip_blanks(s, at));     /* the name */
        at = skip_blanks(s, skip_blanks(s, at) + 1); /* the colon */
        const size_t end = skip_value(s, at);
        if (strcmp(member.name, want) == 0)
            return (struct span){at, trim_end(s, at, end)};
        at = end + 1; /* the comma */
    }
    UNREACHABLE("the member was found before");
}

/* Where the bracket that closes the object at `open` stands. */
static size_t
find_close(str s, size_t open)
{
    size_t end = skip_value(s, open);
    end = trim_end(s, open, end);
    ASSERT(end > open + 1 && s.at[end - 1] == '}');
    return end - 1;
}

/* ---- edits */

static void
add_edit(struct editor *e, struct span at, str text)
{
    ASSERT(e->count < EDITS_MAX);
    size_t i = e->count++;
    for (; i > 0 && e->edits[i - 1].at.from > at.from; i--)
        e->edits[i] = e->edits[i - 1];
    e->edits[i] = (struct edit){at, text};
}

static fallible
edit_model(struct editor *e, const jval *root, size_t open, str model)
{
    const bool is_there = json_get_null(root, "model").v != NULL;
    if (!is_there)
        json_key(&e->model, "model");
    json_put_str(&e->model, model);
    if (!is_there && json_count(root))
        buf_add_char(&e->model, ',');
    TRY(buf_end(&e->model));
    const struct span at =
        is_there ? find_value(e->text, open, root, "model") : (struct span){open + 1, open + 1};
    add_edit(e, at, buf_str(&e->model));
    return OK;
}

static bool
is_true(const jval *v)
{
    bool flag = false;
    return json_type(*v) == J_BOOL && !json_bool(v, &flag).code && flag;
}

/* Within "stream_options": true if the client had not asked. */
static bool
edit_include(struct editor *e, const jval *options, size_t open)
{
    const jval v = json_get_null(options, "include_usage");
    const size_t close = find_close(e->text, open);
    if (is_true(&v))
        return false;
    if (v.v)
        add_edit(e, find_value(e->text, open, options, "include_usage"), STR("true"));
    else
        add_edit(e, (struct span){close, close},
                 json_count(options) ? STR(",\"include_usage\":true")
                                     : STR("\"include_usage\":true"));
    return true;
}

static bool
edit_options(struct editor *e, const jval *root, size_t open)
{
    const jval v = json_get_null(root, "stream_options");
    if (!v.v) {
        const size_t close = find_close(e->text, open);
        add_edit(e, (struct span){close, close},
                 STR(",\"stream_options\":{\"include_usage\":true}"));
        return true;
    }
    const struct span at = find_value(e->text, open, root, "stream_options");
    if (json_type(v) == J_OBJECT)
        return edit_include(e, &v, at.from);
    if (json_type(v) != J_NULL)
        return false; /* nonsense: the provider says so */
    add_edit(e, at, STR("{\"include_usage\":true}"));
    return true;
}

/* A member that is null names none. */
static void
edit_tokens(struct editor *e, const jval *root, size_t open, const struct splice *s)
{
    const char *name = s->says_completion_tokens ? "max_completion_tokens" : "max_tokens";
    const jval other =
        json_get(root, s->says_completion_tokens ? "max_tokens" : "max_completion_tokens");
    const jval v = json_get_null(root, name);
    if (!s->tokens_max || other.v || (v.v && json_type(v) != J_NULL))
        return;
    const size_t close = find_close(e->text, open);
    if (v.v) {
        snprintf(e->tokens, sizeof e->tokens, "%u", s->tokens_max);
        add_edit(e, find_value(e->text, open, root, name), str_of(e->tokens));
        return;
    }
    snprintf(e->tokens, sizeof e->tokens, ",\"%s\":%u", name, s->tokens_max);
    add_edit(e, (struct span){close, close}, str_of(e->tokens));
}

static fallible
write_out(const struct editor *e, buf *out)
{
    size_t at = 0;
    for (size_t i = 0; i < e->count; i++) {
        buf_add(out, str_slice(e->text, at, e->edits[i].at.from));
        buf_add(out, e->edits[i].text);
        at = e->edits[i].at.to;
    }
    buf_add(out, str_slice(e->text, at, e->text.len));
    return buf_end(out);
}

static fallible
edit(struct editor *e, const jval *root, struct splice *s)
{
    const jval n = json_get(root, "n");
    const size_t open = skip_blanks(e->text, 0);
    int64_t answers = 1;
    TRY(json_object(root));
    TRY(opt_json_i64(&n, 1, ENGINE_ANSWERS_MAX, &answers));
    s->n = (uint32_t)answers;
    TRY(edit_model(e, root, open, s->model));
    s->has_added_usage = s->wants_usage && edit_options(e, root, open);
    edit_tokens(e, root, open, s);
    return OK;
}

fallible
splice_body(str body, struct splice *s, buf *out)
{
    AUTO(arena) *a = NULL;
    jval root;
    TRY(arena_open(ARENA_BYTES, &a));
    TRY(json_read(a, body, &root));
    return splice_read(body, &root, s, out);
}

fallible
splice_read(str body, const jval *root, struct splice *s, buf *out)
{
    struct editor e = {.text = body, .model = BUF(body.len + 8 * s->model.len + 64)};
    err bad = edit(&e, root, s);
    if (!bad.code)
        bad = write_out(&e, out);
    buf_done(&e.model);
    return bad;
}
