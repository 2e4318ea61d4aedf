/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit detect --jsonl`: what points to a person in the texts on standard input, offline. */
#include "detect/detect.h"

#include "cli/offline/commands.h"

enum { LINE_MAX_BYTES = 32 * 1024 * 1024 };
#define WORK_BYTES ((size_t)1024 * 1024 * 1024)

static void
put_span(buf *b, const struct detect_span *s)
{
    json_open(b, '{');
    json_member_u64(b, "start", s->start);
    json_member_u64(b, "end", s->end);
    json_member_str(b, "type", str_of(detect_name((enum detect_type)s->type)));
    json_member_f64(b, "score", s->score / 100.0);
    if (s->is_damaged)
        json_member_bool(b, "damaged", true);
    json_close(b, '}');
}

static fallible
answer_line(struct cli *c, const lexicon *x, arena *a, str line, uint64_t number)
{
    jval v;
    str id, text;
    detect_spans spans = {0};
    if (json_read(a, line, &v).code)
        REFUSE(PARSE, "", "line %llu is no JSON", (unsigned long long)number);
    TRY(json_object(&v));
    const jval id_value = json_get(&v, "id"), text_value = json_get(&v, "text");
    TRY(json_str(&id_value, 4096, &id));
    TRY(json_str(&text_value, LINE_MAX_BYTES, &text));
    TRY(detect(x, text, NULL, a, &spans));
    detect_code_points(text, spans.at, spans.count);
    AUTO(buf) b = BUF((size_t)1 << 30);
    json_open(&b, '{');
    json_member_str(&b, "id", id);
    json_key(&b, "spans");
    json_open(&b, '[');
    for (size_t i = 0; i < spans.count; i++)
        put_span(&b, &spans.at[i]);
    json_close(&b, ']');
    json_close(&b, '}');
    return cli_put_json(c, &b);
}

/* A line without its end into `b`; false at the end of the input. */
static bool
read_line(FILE *f, buf *b)
{
    int ch;
    buf_clear(b);
    while ((ch = getc_unlocked(f)) != EOF && ch != '\n')
        buf_add_char(b, (char)ch);
    return ch != EOF || b->len > 0;
}

fallible
cmd_detect(struct cli *c, const struct args *a)
{
    AUTO(arena) *work = NULL;
    AUTO(buf) line = BUF(LINE_MAX_BYTES);
    const lexicon *x = NULL;
    if (!args_has(a, "jsonl"))
        REFUSE(ARGUMENT, "jsonl",
               "say --jsonl: lines of {\"id\", \"text\"} are the only form there is");
    TRY(detect_open(c->a, &x));
    TRY(arena_open(WORK_BYTES, &work));
    for (uint64_t number = 1; read_line(c->in, &line); number++) {
        if (line.failed)
            REFUSE(TOO_LARGE, "", "line %llu is longer than %d bytes", (unsigned long long)number,
                   LINE_MAX_BYTES);
        arena_reset(work);
        if (line.len)
            TRY(answer_line(c, x, work, buf_str(&line), number));
    }
    return OK;
}
