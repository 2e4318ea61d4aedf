/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit ask`: one question, its answer as it is written, and where it stands in the log. */
#include <signal.h>

#include "cli/citizen.h"
#include "cli/prompt.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "net/sse.h"
#include "os/clock.h"
#include "os/file.h"
#include "policy/policy.h"

enum { EVENT_MAX = 1024 * 1024 };

struct asking {
    struct cli *c;
    loop *l;
    http_client *client;
    arena *scratch; /* of one event */
    sse_reader events;
    buf body;   /* of an answer that is no stream */
    buf answer; /* for --json */
    bool stream, done, interrupted;
    int status;
    char last; /* byte printed */
    char label[512];
    str finish, model; /* in scratch no longer than an event: copied */
    uint64_t tokens_in, tokens_out, began_us, first_us;
    struct err_kept failure;
};

/* ---- what is asked */

static fallible
build(struct cli *c, const struct args *a, bool stream, buf *ret)
{
    struct prompt_file files[PROMPT_FILES_MAX];
    struct prompt p = {.model = args_str(a, "model"),
                       .instruction = args_str(a, "system"),
                       .files = files,
                       .file_count = a->count - 1,
                       .stream = stream,
                       .has_temperature = args_has(a, "temperature")};
    TRY(args_u64(a, "max-tokens", 1, UINT32_MAX, &p.max_tokens));
    TRY(args_f64(a, "temperature", 0, 2, &p.temperature));
    TRY(prompt_read(c, a, &p.question, files));
    return prompt_put(ret, &p);
}

/* ---- what is answered */

static void
print(struct asking *k, str text)
{
    struct cli *const c = k->c;
    if (!text.len)
        return;
    if (!k->first_us)
        k->first_us = clock_us();
    k->last = text.at[text.len - 1];
    if (c->json)
        buf_add(&k->answer, text);
    else if (c->out_is_terminal)
        show_text(c->out, text, true);
    else
        (void)fwrite(text.at, 1, text.len, c->out);
    (void)fflush(c->out);
}

static void
take_usage(struct asking *k, const jval *root)
{
    const jval usage = json_get(root, "usage");
    if (json_type(usage) != J_OBJECT)
        return;
    k->tokens_in = cli_number(&usage, "prompt_tokens");
    k->tokens_out = cli_number(&usage, "completion_tokens");
}

/* A chunk or the whole answer: both carry choices[0], under `inner`. */
static fallible
take_root(struct asking *k, const jval *root, const char *inner)
{
    struct cli *const c = k->c;
    const jval error = json_get(root, "error"), choices = json_get(root, "choices");
    str text = STR_NONE;
    if (json_type(error) == J_OBJECT)
        return remote_refused_by(c, 0, &error);
    take_usage(k, root);
    if (!k->model.len)
        k->model = arena_str(c->a, cli_text(c, root, "model"));
    if (json_type(choices) != J_ARRAY || !json_count(&choices))
        return OK;
    const jval first = json_at(&choices, 0), part = json_get(&first, inner);
    const jval content = json_type(part) == J_OBJECT ? json_get(&part, "content") : part;
    TRY(opt_json_str(&content, REMOTE_ANSWER_MAX, &text));
    print(k, text);
    const str finish = cli_text(c, &first, "finish_reason");
    if (finish.len)
        k->finish = arena_str(c->a, finish);
    return OK;
}

static void
fail(struct asking *k, err e)
{
    err_keep(&k->failure, e);
    http_client_cancel(k->client);
    loop_stop(k->l);
}

static fallible
take_event(struct asking *k, str data)
{
    jval root;
    arena_reset(k->scratch);
    if (str_eq(data, STR("[DONE]"))) {
        k->done = true;
        return OK;
    }
    TRY(json_read(k->scratch, data, &root));
    TRY(json_object(&root));
    return take_root(k, &root, "delta");
}

static void
on_event(void *ctx, str event, str data)
{
    struct asking *const k = ctx;
    (void)event;
    const err e = k->failure.e.code ? OK : take_event(k, data);
    if (e.code)
        fail(k, e);
}

static void
on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    struct asking *const k = ctx;
    k->status = status;
    remote_note_request(k->c, fields, count);
    for (size_t i = 0; i < count; i++)
        if (str_eq(fields[i].name, STR("x-hoheit-label")))
            (void)str_copy(fields[i].value, k->label, sizeof k->label);
}

static void
on_data(void *ctx, str piece)
{
    struct asking *const k = ctx;
    if (!k->stream || k->status != 200) {
        buf_add(&k->body, piece);
        return;
    }
    const err e = sse_read(&k->events, piece, on_event, k);
    if (e.code)
        fail(k, e);
}

static void
on_end(void *ctx, err e)
{
    struct asking *const k = ctx;
    if (!k->failure.e.code)
        err_keep(&k->failure, e);
    loop_stop(k->l);
}

static void
on_interrupt(void *ctx)
{
    struct asking *const k = ctx;
    k->interrupted = true;
    http_client_cancel(k->client);
    loop_stop(k->l);
}

static fallible
conclude(struct asking *k)
{
    jval root;
    if (k->interrupted)
        REFUSE(CANCELLED, "", "cancelled");
    TRY(k->failure.e.code ? remote_lost(k->c, err_again(&k->failure)) : OK);
    if (k->status != 200)
        return remote_refused(k->c, k->status, buf_str(&k->body));
    if (k->stream && !k->done)
        REFUSE(ENGINE_LOST, "", "the answer broke off");
    if (k->stream)
        return OK;
    TRY(buf_end(&k->body));
    TRY(json_read(k->c->a, buf_str(&k->body), &root));
    TRY(json_object(&root));
    return take_root(k, &root, "message");
}

/* ---- the call */

static fallible
converse(struct asking *k, str body, const struct args *a)
{
    struct http_field fields[REMOTE_FIELDS_MAX];
    size_t count = remote_fields(k->c, args_str(a, "label"), true, fields);
    if (args_has(a, "case"))
        fields[count++] = (struct http_field){STR("X-Hoheit-Case"), args_str(a, "case")};
    const struct http_call call = {.method = "POST",
                                   .path = STR("/v1/chat/completions"),
                                   .fields = fields,
                                   .field_count = count,
                                   .body = body,
                                   .body_file = -1,
                                   .wait_ms_max = REMOTE_WAIT_MS,
                                   .on_head = on_head,
                                   .on_data = on_data,
                                   .on_end = on_end,
                                   .ctx = k};
    TRY(loop_signal(k->l, SIGINT, on_interrupt, k));
    TRY(http_client_new(k->l, k->c->url, &k->client));
    k->began_us = clock_us();
    TRY(http_client_call(k->client, &call));
    loop_run(k->l);
    return conclude(k);
}

static fallible
prepare(struct asking *k)
{
    k->events = SSE_READER(EVENT_MAX);
    k->body = BUF(REMOTE_ANSWER_MAX);
    k->answer = BUF(REMOTE_ANSWER_MAX);
    TRY(arena_open(4 * EVENT_MAX, &k->scratch));
    return loop_new(&k->l);
}

static void
clear(struct asking *k)
{
    http_client_free(k->client);
    loop_free(k->l);
    sse_reader_done(&k->events);
    buf_done(&k->body);
    buf_done(&k->answer);
    arena_free(k->scratch);
}

/* ---- afterwards */

/* Which rule denied it and who can grant it, from the record; without one the sentence must do. */
static void
look_up_denial(struct cli *c)
{
    char request[sizeof c->request], hint[sizeof c->hint];
    AUTO(buf) path = BUF(512);
    jval root;
    memcpy(request, c->request, sizeof request);
    memcpy(hint, c->hint, sizeof hint);
    buf_add(&path, STR("/admin/v1/explain/"));
    percent_put(&path, str_of(request));
    const struct remote_call q = REMOTE_CALL("GET", buf_str(&path));
    const err e = *request ? remote_json(c, &q, &root) : OK;
    const bool found = *request && !e.code && json_type(root) == J_OBJECT;
    const jval records = found ? json_get(&root, "records") : (jval){.v = NULL};
    memcpy(c->request, request, sizeof request);
    memcpy(c->hint, hint, sizeof hint);
    if (json_type(records) != J_ARRAY || !json_count(&records))
        return;
    const jval record = json_at(&records, 0);
    const struct rule_info *const rule = rule_find(cli_text(c, &record, "rule"));
    if (rule)
        cli_hint(c, "Rule %s: %s It can be granted by: %s.", rule->name, rule->doc,
                 rule->granted_by);
}

static fallible
keep_id(const struct cli *c, const char *path)
{
    char line[sizeof c->request + 1];
    const int n = snprintf(line, sizeof line, "%s\n", c->request);
    return path && *c->request ? file_write_atomic(path, (str){line, (size_t)n}, 0600) : OK;
}

static fallible
put_json(struct asking *k)
{
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    TRY(buf_end(&k->answer));
    json_open(&b, '{');
    json_member_str(&b, "answer", buf_str(&k->answer));
    json_member_str(&b, "finish", k->finish);
    json_member_str(&b, "model", k->model);
    json_member_str(&b, "label", str_of(k->label));
    json_member_str(&b, "request", str_of(k->c->request));
    json_member_u64(&b, "tokens_in", k->tokens_in);
    json_member_u64(&b, "tokens_out", k->tokens_out);
    json_member_u64(&b, "first_token_us", k->first_us ? k->first_us - k->began_us : 0);
    json_member_u64(&b, "duration_us", clock_us() - k->began_us);
    json_close(&b, '}');
    return cli_put_json(k->c, &b);
}

static void
sum_up(const struct asking *k)
{
    const struct cli *const c = k->c;
    char whole[SHOW_MAX], first[SHOW_MAX];
    if (!c->err_is_terminal && !c->verbose)
        return;
    show_us(clock_us() - k->began_us, whole);
    show_us(k->first_us ? k->first_us - k->began_us : 0, first);
    cli_note(c, "%s · %.*s · %llu tokens in %s, the first after %s%s · %s", k->label,
             STR_FMT(k->model), (unsigned long long)k->tokens_out, whole, first,
             str_eq(k->finish, STR("length")) ? " · cut at the limit of tokens" : "", c->request);
}

static fallible
finish(struct asking *k, err e, const char *id_file)
{
    struct err_kept kept;
    err_keep(&kept, e);
    if (k->last && k->last != '\n' && !k->c->json)
        (void)fputc('\n', k->c->out);
    (void)fflush(k->c->out);
    TRY(keep_id(k->c, id_file));
    if (kept.e.code == ERR_DENIED)
        look_up_denial(k->c);
    if (kept.e.code)
        return err_again(&kept);
    if (k->c->json)
        return put_json(k);
    sum_up(k);
    return OK;
}

fallible
cmd_ask(struct cli *c, const struct args *a)
{
    struct asking k = {.c = c, .stream = !args_has(a, "no-stream")};
    AUTO(buf) body = BUF(2 * PROMPT_MAX);
    if (args_has(a, "citizen"))
        return citizen_ask_daemon(c, a);
    TRY(build(c, a, k.stream, &body));
    err e = prepare(&k);
    if (!e.code)
        e = converse(&k, buf_str(&body), a);
    e = finish(&k, e, args_value(a, "id-file"));
    clear(&k);
    return e;
}
