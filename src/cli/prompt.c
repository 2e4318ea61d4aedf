/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/prompt.h"

#include "base/utf8.h"
#include "os/file.h"

enum { FENCE_MIN = 3 };

/* ---- reading */

static fallible
read_stream(struct cli *c, FILE *f, str *ret)
{
    AUTO(buf) b = BUF(PROMPT_MAX);
    char room[65536];
    for (size_t n; (n = fread(room, 1, sizeof room, f)) > 0;)
        buf_add(&b, (str){room, n});
    if (ferror(f))
        FAIL(IO, "standard input cannot be read");
    TRY(buf_end(&b));
    return try_arena_str(c->a, buf_str(&b), ret);
}

static fallible
read_file(struct cli *c, str name, str *ret)
{
    if (str_eq(name, STR("-")))
        return read_stream(c, c->in, ret);
    return file_read(c->a, name.at, PROMPT_MAX, ret);
}

static str
base_name(str path)
{
    for (ptrdiff_t i; (i = str_find_char(path, '/')) >= 0;)
        path = str_slice(path, (size_t)i + 1, path.len);
    return path;
}

static fallible
read_files(struct cli *c, const struct args *a, struct prompt_file *files)
{
    for (size_t i = 1; i < a->count; i++) {
        struct prompt_file *const f = &files[i - 1];
        const bool is_input = str_eq(a->at[i], STR("-"));
        f->name = is_input ? STR("standard input") : base_name(a->at[i]);
        TRY(read_file(c, a->at[i], &f->text));
        if (utf8_valid(f->text) && str_find_char(f->text, 0) < 0)
            continue;
        cli_hint(c, "Convert it to text (UTF-8) first, as with pdftotext.");
        REFUSE(UNSUPPORTED, "", "%.*s is not text", STR_FMT(a->at[i]));
    }
    return OK;
}

static fallible
check_inputs(const struct args *a)
{
    size_t inputs = 0;
    for (size_t i = 0; i < a->count; i++)
        inputs += str_eq(a->at[i], STR("-"));
    if (inputs > 1)
        REFUSE(ARGUMENT, "", "\"-\" can stand only once: standard input is read once");
    return OK;
}

fallible
prompt_read(struct cli *c, const struct args *a, str *ret_question, struct prompt_file *ret_files)
{
    str question = a->at[0];
    ASSERT(a->count >= 1 && a->count <= PROMPT_FILES_MAX + 1);
    TRY(check_inputs(a));
    if (str_eq(question, STR("-")))
        TRY(read_stream(c, c->in, &question));
    if (!utf8_valid(question) || !str_trim(question).len)
        REFUSE(ARGUMENT, "", "the question is empty or not UTF-8");
    TRY(read_files(c, a, ret_files));
    *ret_question = question;
    return OK;
}

/* ---- writing */

static size_t
longest_run(str s, char c)
{
    size_t longest = 0, run = 0;
    for (size_t i = 0; i < s.len; i++) {
        run = s.at[i] == c ? run + 1 : 0;
        if (run > longest)
            longest = run;
    }
    return longest;
}

static void
put_fence(buf *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_add_char(b, '`');
    buf_add_char(b, '\n');
}

static void
put_name(buf *b, str name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.at[i];
        buf_add_char(b, (unsigned char)c < 0x20 || c == '"' ? '_' : c);
    }
}

static void
put_file(buf *b, const struct prompt_file *f)
{
    const size_t run = longest_run(f->text, '`'), fence = run < FENCE_MIN ? FENCE_MIN : run + 1;
    buf_add(b, STR("\n\nFile \""));
    put_name(b, f->name);
    buf_add(b, STR("\":\n"));
    put_fence(b, fence);
    buf_add(b, f->text);
    if (f->text.len && f->text.at[f->text.len - 1] != '\n')
        buf_add_char(b, '\n');
    put_fence(b, fence);
}

void
prompt_put_text(buf *b, const struct prompt *p)
{
    buf_add(b, p->question);
    for (size_t i = 0; i < p->file_count; i++)
        put_file(b, &p->files[i]);
}

static void
put_message(buf *b, const char *role, str text)
{
    json_open(b, '{');
    json_member_str(b, "role", str_of(role));
    json_member_str(b, "content", text);
    json_close(b, '}');
}

fallible
prompt_put(buf *b, const struct prompt *p)
{
    AUTO(buf) text = BUF(b->limit);
    prompt_put_text(&text, p);
    TRY(buf_end(&text));
    json_open(b, '{');
    if (p->model.len)
        json_member_str(b, "model", p->model);
    json_key(b, "messages");
    json_open(b, '[');
    if (p->instruction.len)
        put_message(b, "system", p->instruction);
    put_message(b, "user", buf_str(&text));
    json_close(b, ']');
    if (p->max_tokens)
        json_member_u64(b, "max_tokens", p->max_tokens);
    if (p->has_temperature)
        json_member_f64(b, "temperature", p->temperature);
    json_member_bool(b, "stream", p->stream);
    if (p->stream)
        buf_add(b, STR(",\"stream_options\":{\"include_usage\":true}"));
    json_close(b, '}');
    return buf_end(b);
}
