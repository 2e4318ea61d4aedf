/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/invoke.h"

#include "api/read.h"

/* What is in the body is in memory already; a second copy is no longer. */
fallible
invoke_rewrite(struct answer *w, const jval *body, const char *const *without, jval *ret)
{
    AUTO(buf) b = BUF(2 * http_body(w->call->x).len + 4096);
    struct jwalk walk = {.next = NULL};
    jval v;
    str text;
    json_open(&b, '{');
    while (json_each(body, &walk, &v)) {
        const char *const *k = without;
        if (strcmp(v.name, "model") == 0 || strcmp(v.name, "stream") == 0)
            REFUSE_AT(ARGUMENT, &v, "is said by the address, not by the body");
        while (*k && strcmp(*k, v.name) != 0)
            k++;
        if (*k)
            continue;
        json_key(&b, v.name);
        json_put_value(&b, &v);
    }
    json_member_str(&b, "model", w->model);
    json_close(&b, '}');
    TRY(buf_end(&b));
    TRY(try_arena_str(w->call->a, buf_str(&b), &text));
    return json_read(w->call->a, text, ret);
}

str
invoke_blocked_text(const struct answer *w)
{
    const struct guardrail *r = w->blocked;
    ASSERT(r);
    if (r->message.len || (w->is_stream && w->first_us))
        return r->message;
    return arena_fmt(w->call->a, "%.*s forbids this%s%.*s", STR_FMT(r->name),
                     r->title.len ? ": " : "", STR_FMT(r->title));
}

void
invoke_put_last(struct answer *w, str json)
{
    AUTO(buf) b = BUF(answer_bytes_max(w));
    ASSERT(str_ends(json, STR("}")));
    buf_add(&b, str_slice(json, 0, json.len - 1));
    answer_put_metrics(w, &b);
    answer_put_guardrail(w, &b);
    json_close(&b, '}');
    w->out.failed |= b.failed;
    answer_put_chunk(w, buf_str(&b));
}

fallible
invoke_decode(struct answer *w, const jval *body)
{
    static const struct {
        const char *mark;
        fallible (*decode)(struct answer *w, const jval *body);
    } shapes[] = {{"anthropic_version", invoke_messages},
                  {"messages", invoke_chat},
                  {"prompt", invoke_prompt},
                  {"inputText", invoke_embed}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (json_get(body, shapes[i].mark).v)
            return shapes[i].decode(w, body);
    REFUSE(ARGUMENT, "body",
           "the body has none of anthropic_version, messages, prompt and inputText, which say what "
           "shape it has");
}

/* As Converse has them in its body. */
static fallible
read_guardrail(struct answer *w)
{
    const str id = http_header(w->call->x, STR("x-amzn-bedrock-guardrailidentifier")),
              version = http_header(w->call->x, STR("x-amzn-bedrock-guardrailversion")),
              trace = http_header(w->call->x, STR("x-amzn-bedrock-trace"));
    w->is_guarded = id.len != 0;
    w->wants_trace = str_starts(trace, STR("ENABLED"));
    if (trace.len && !str_eq(trace, STR("ENABLED")) && !str_eq(trace, STR("ENABLED_FULL")) &&
        !str_eq(trace, STR("DISABLED")))
        REFUSE(ARGUMENT, "trace", "trace must be ENABLED, ENABLED_FULL or DISABLED");
    if (version.len)
        TRY(bedrock_check_guardrail_version(version));
    return id.len ? bedrock_check_guardrail(w->call, id) : OK;
}

static fallible
run(struct answer *w)
{
    jval body;
    TRY(read_guardrail(w));
    TRY(api_body(w->call, &body));
    TRY(invoke_decode(w, &body));
    return answer_run(w);
}

static void
start(struct api_call *c, bool is_stream)
{
    const err e = run(answer_new(c, is_stream));
    if (e.code)
        api_fail(c, e);
}

void
bedrock_invoke(struct api_call *c)
{
    start(c, false);
}

void
bedrock_invoke_stream(struct api_call *c)
{
    start(c, true);
}
