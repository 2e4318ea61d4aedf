/* SPDX-License-Identifier: EUPL-1.2 */
/* CountTokens: the conversation as the model would be shown it, counted by its own tokenizer and
 * under the same rules as if it were answered. */
#include "api/bedrock/answer.h"
#include "api/bedrock/invoke.h"
#include "api/read.h"
#include "base/enc.h"

enum { BODY_BYTES_MAX = 64 * 1024 * 1024 };

static fallible
add(struct answer *w, const struct engine_piece *p, str text)
{
    (void)w, (void)p, (void)text; /* none comes */
    return OK;
}

static fallible
end(struct answer *w, const struct engine_usage *u)
{
    (void)w, (void)u; /* the caller keeps the numbers */
    return OK;
}

static fallible
finish(struct answer *w, buf *b)
{
    json_open(b, '{');
    json_member_u64(b, "inputTokens", w->input_tokens);
    json_close(b, '}');
    return buf_end(b);
}

static void
done(struct answer *w)
{
    (void)w; /* nothing is held */
}

static const struct shape shape = {.add = add, .end = end, .finish = finish, .done = done};

/* {"body": BASE64 of what InvokeModel would be sent} */
static fallible
read_invoke(struct answer *w, const jval *invoke)
{
    static const char *const known[] = {"body", NULL};
    const jval v = json_get(invoke, "body");
    AUTO(buf) bytes = BUF(BODY_BYTES_MAX);
    str text, kept;
    jval body;
    TRY(json_object(invoke));
    TRY(read_members(invoke, known));
    TRY(json_str(&v, BODY_BYTES_MAX, &text));
    TRY(base64_read(text, &bytes));
    TRY(try_arena_str(w->call->a, buf_str(&bytes), &kept));
    TRY(json_read(w->call->a, kept, &body));
    TRY(json_object(&body));
    return invoke_decode(w, &body);
}

static fallible
decode(struct answer *w)
{
    static const char *const known[] = {"input", NULL}, *const kinds[] = {"converse", "invokeModel",
                                                                          NULL};
    struct api_call *c = w->call;
    jval body;
    TRY(api_body(c, &body));
    TRY(read_members(&body, known));
    const jval input = json_get(&body, "input");
    TRY(json_object(&input));
    TRY(read_members(&input, kinds));
    const jval converse = json_get(&input, "converse"), invoke = json_get(&input, "invokeModel");
    if (!converse.v == !invoke.v)
        REFUSE_AT(ARGUMENT, &input, "must hold one of converse, invokeModel");
    if (invoke.v)
        return read_invoke(w, &invoke);
    TRY(json_object(&converse));
    return bedrock_decode(gate_parts_of(c->gate)->params, c->a, &converse, BEDROCK_COUNT, &w->ask);
}

static fallible
run(struct answer *w)
{
    TRY(decode(w));
    w->shape = &shape;
    w->op = OP_TOKENIZE;
    w->kind = ENGINE_TOKENIZE;
    return answer_run(w);
}

void
bedrock_count_tokens(struct api_call *c)
{
    const err e = run(answer_new(c, false));
    if (e.code)
        api_fail(c, e);
}
