/* SPDX-License-Identifier: EUPL-1.2 */
/* InvokeModel with a raw text to go on with. */
#include "api/bedrock/invoke.h"

enum { TEXT_BYTES_MAX = 64 * 1024 * 1024 };

struct prompt {
    buf text; /* whole: the answer so far; streamed: one chunk */
    const char *reason;
};

static void
put(buf *b, str text, const char *reason)
{
    buf_add(b, STR("{\"outputs\":[{"));
    json_member_str(b, "text", text);
    json_key(b, "stop_reason");
    if (reason)
        json_put_str(b, str_of(reason));
    else
        json_put_null(b);
    buf_add(b, STR("}]}"));
}

static fallible
add(struct answer *w, const struct engine_piece *p, str text)
{
    struct prompt *m = w->state;
    if (p->part != PART_TEXT)
        return OK; /* raw text has no other parts */
    if (!w->is_stream) {
        buf_add(&m->text, text);
        return buf_end(&m->text);
    }
    buf_clear(&m->text);
    put(&m->text, text, NULL);
    TRY(buf_end(&m->text));
    answer_put_chunk(w, buf_str(&m->text));
    return buf_end(&w->out);
}

static fallible
end(struct answer *w, const struct engine_usage *u)
{
    struct prompt *m = w->state;
    m->reason = u->finish == FINISH_LENGTH ? "length" : "stop";
    if (!u->guardrail)
        return OK;
    const str text = invoke_blocked_text(w);
    buf_clear(&m->text);
    return text.len ? add(w, &(struct engine_piece){.part = PART_TEXT}, text) : OK;
}

static fallible
finish(struct answer *w, buf *b)
{
    struct prompt *m = w->state;
    if (!w->is_stream) {
        put(b, buf_str(&m->text), m->reason);
        return buf_end(b);
    }
    buf_clear(&m->text);
    put(&m->text, STR(""), m->reason);
    TRY(buf_end(&m->text));
    invoke_put_last(w, buf_str(&m->text));
    return buf_end(&w->out);
}

static void
done(struct answer *w)
{
    struct prompt *m = w->state;
    buf_done(&m->text);
}

static const struct shape shape = {
    .add = add, .end = end, .finish = finish, .done = done, .says_blocked = true, .counts = true};

fallible
invoke_prompt(struct answer *w, const jval *body)
{
    struct conv *c = &w->ask.conv;
    struct prompt *m = arena_new(w->call->a, struct prompt);
    const jval text = json_get(body, "prompt"), max = json_get(body, "max_tokens");
    const jval stop = json_get(body, "stop");
    int64_t tokens = 0;
    str prompt;
    conv_params_default(&c->params);
    TRY(bedrock_check_fields(body, BEDROCK_PROMPT));
    TRY(json_str(&text, TEXT_BYTES_MAX, &prompt));
    TRY(opt_json_i64(&max, 1, INT32_MAX, &tokens));
    TRY(bedrock_read_sampling(body, &c->params));
    TRY(bedrock_read_stops(&stop, &c->params));
    c->params.tokens_max = (uint32_t)tokens;
    c->prompt = content_of(prompt, LABEL_BOTTOM);
    m->text = BUF(answer_bytes_max(w));
    m->reason = "stop";
    w->op = OP_COMPLETE;
    w->kind = ENGINE_COMPLETE;
    w->state = m;
    w->shape = &shape;
    return OK;
}
