/* SPDX-License-Identifier: EUPL-1.2 */
/* RetrieveAndGenerate, whole or streamed: passages are looked up, a model writes from them, its
 * marks become citations.  The answer has at least the label of all that was searched.  Streamed,
 * the text goes as it comes, and the citations when all of it is on record. */
#include "api/bedrock/answer.h"
#include "api/bedrock/decode.h"
#include "api/bedrock/retrieve.h"
#include "api/read.h"
#include "base/utf8.h"
#include "net/aws/eventstream.h"
#include "os/entropy.h"
#include "work/stores/passages.h"

enum { WORD_BYTES_MAX = 64, TEXT_BYTES_MAX = 16 * 1024 * 1024, TEMPLATE_MAX = 64 * 1024 };

struct generating {
    struct api_call *call;
    struct keep_call keep;
    struct retrieve_ask ask;
    str model, template, label_text;
    struct conv conv;
    struct stores_found found;
    size_t shown; /* passages */
    buf text;
    bool is_stream;
    char session_id[ID_MAX];
};

static void
generating_done(void *p)
{
    struct generating *w = p;
    buf_done(&w->text);
}

/* ---- the answer */
static size_t
characters(str text)
{
    uint32_t c;
    size_t count = 0;
    while (utf8_next(&text, &c))
        count++;
    return count;
}

struct part { /* of the text, up to the end of the marks that belong to it */
    size_t from, to, next;
};

/* A part ends behind a run of marks; the last has none. */
static struct part
part_from(const struct generating *w, size_t from)
{
    const str text = buf_str(&w->text);
    struct part p = {from, text.len, text.len};
    struct passage_mark m;
    size_t at = from;
    while (passage_mark_next(text, at, &m)) {
        at = m.to;
        if (m.number > w->shown)
            continue;
        p.to = p.next = m.to;
        while (passage_mark_next(text, p.to, &m) && m.from == p.to)
            p.to = p.next = m.to;
        break;
    }
    return p;
}

static fallible
put_references(buf *b, const struct generating *w, struct part p)
{
    const str text = str_slice(buf_str(&w->text), 0, p.to);
    struct passage_mark m = {.to = p.from};
    json_key(b, "retrievedReferences");
    json_open(b, '[');
    while (passage_mark_next(text, m.to, &m))
        if (m.number <= w->shown)
            TRY(retrieve_put(b, &w->found, m.number - 1, false));
    json_close(b, ']');
    return OK;
}

/* The members of a citation. */
static fallible
put_citation(buf *b, const struct generating *w, struct part p)
{
    const str text = str_slice(buf_str(&w->text), p.from, p.to);
    const size_t start = characters(str_slice(buf_str(&w->text), 0, p.from));
    json_key(b, "generatedResponsePart");
    json_open(b, '{');
    json_key(b, "textResponsePart");
    json_open(b, '{');
    json_member_str(b, "text", text);
    json_key(b, "span");
    json_open(b, '{');
    json_member_u64(b, "start", start);
    json_member_u64(b, "end", start + characters(text) - 1);
    json_close(b, '}');
    json_close(b, '}');
    json_close(b, '}');
    return put_references(b, w, p);
}

static fallible
put_all(buf *b, const struct generating *w)
{
    json_open(b, '{');
    json_member_str(b, "sessionId", str_of(w->session_id));
    json_key(b, "output");
    json_open(b, '{');
    json_member_str(b, "text", buf_str(&w->text));
    json_close(b, '}');
    json_key(b, "citations");
    json_open(b, '[');
    for (struct part p = part_from(w, 0); p.from < p.to; p = part_from(w, p.next)) {
        json_open(b, '{');
        TRY(put_citation(b, w, p));
        json_close(b, '}');
    }
    json_close(b, ']');
    json_close(b, '}');
    return buf_end(b);
}

/* ---- streamed */
/* As this service names them; what is wrong with the model is a dependency's. */
static const char *
exception_of(err e)
{
    static const struct {
        const char *name, *in_stream;
    } known[] = {{"ValidationException", "validationException"},
                 {"ThrottlingException", "throttlingException"},
                 {"ModelNotReadyException", "throttlingException"},
                 {"AccessDeniedException", "accessDeniedException"},
                 {"ResourceNotFoundException", "resourceNotFoundException"},
                 {"ServiceUnavailableException", "dependencyFailedException"},
                 {"ModelTimeoutException", "dependencyFailedException"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, bedrock_exception(e)) == 0)
            return known[i].in_stream;
    return "internalServerException";
}

static void
send_event(struct generating *w, const char *type, const buf *json)
{
    AUTO(buf) b = BUF(4 * TEXT_BYTES_MAX);
    eventstream_put_event(&b, str_of(type), buf_str(json));
    if (json->failed || b.failed) {
        w->text.failed = true; /* told in on_end */
        return;
    }
    IGNORE(http_write(w->call->x, buf_str(&b))); /* BUSY: it is being cut, on_gone comes */
}

static void
send_text(struct generating *w, str text)
{
    AUTO(buf) json = BUF(TEXT_BYTES_MAX);
    json_open(&json, '{');
    json_member_str(&json, "text", text);
    json_close(&json, '}');
    send_event(w, "output", &json);
}

/* Twice: as it is read now, and as older clients do. */
static fallible
send_citations(struct generating *w)
{
    for (struct part p = part_from(w, 0); p.from < p.to; p = part_from(w, p.next)) {
        AUTO(buf) json = BUF(2 * TEXT_BYTES_MAX);
        json_open(&json, '{');
        TRY(put_citation(&json, w, p));
        json_key(&json, "citation");
        json_open(&json, '{');
        TRY(put_citation(&json, w, p));
        json_close(&json, '}');
        json_close(&json, '}');
        send_event(w, "citation", &json);
    }
    return buf_end(&w->text);
}

static void
end_stream(struct generating *w, err e)
{
    if (!e.code)
        e = send_citations(w);
    if (e.code)
        answer_fail_stream(w->call, exception_of(e), e);
    else
        http_end(w->call->x);
}

/* ---- the gate's hooks */
static void
on_start(void *ctx, const struct gate_start *s)
{
    struct generating *w = ctx;
    struct http_field fields[BEDROCK_FIELDS + 2];
    w->label_text = arena_str(w->call->a, s->label_text);
    if (!w->is_stream)
        return;
    size_t count =
        bedrock_fields(w->call, STR("application/vnd.amazon.eventstream"), w->label_text, fields);
    fields[count++] = (struct http_field){STR("cache-control"), STR("no-cache")};
    fields[count++] =
        (struct http_field){STR("x-amzn-bedrock-knowledge-base-session-id"), str_of(w->session_id)};
    http_start(w->call->x, 200, fields, count);
}

static void
on_text(void *ctx, const struct engine_piece *p, str text)
{
    struct generating *w = ctx;
    if (p->part != PART_TEXT)
        return;
    buf_add(&w->text, text);
    if (w->is_stream && !w->text.failed)
        send_text(w, text);
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    (void)ctx, (void)u; /* the answer tells no numbers */
}

static void
answer_whole(struct generating *w)
{
    struct http_field fields[BEDROCK_FIELDS];
    AUTO(buf) b = BUF(4 * TEXT_BYTES_MAX);
    const err e = put_all(&b, w);
    if (e.code) {
        api_fail(w->call, e);
        return;
    }
    const size_t count = bedrock_fields(w->call, STR("application/json"), w->label_text, fields);
    http_answer(w->call->x, 200, fields, count, buf_str(&b));
}

static void
on_end(void *ctx, err e)
{
    struct generating *w = ctx;
    w->call->job = NULL;
    if (!e.code)
        e = buf_end(&w->text);
    if (http_started(w->call->x))
        end_stream(w, e);
    else if (e.code)
        api_fail(w->call, e);
    else
        answer_whole(w);
}

/* ---- what the model is shown */
/* The template with what stands for passages and question replaced; what holds no place for the
 * passages has them behind it. */
static fallible
put_template(const struct generating *w, str passages, buf *b)
{
    static const struct {
        const char *name;
        bool is_query;
    } places[] = {
        {"$search_results$", false}, {"$query$", true}, {"$output_format_instructions$", true}};
    bool has_passages = false;
    for (str rest = w->template; rest.len;) {
        ptrdiff_t best = -1;
        size_t which = 0;
        for (size_t i = 0; i < 3; i++) {
            const ptrdiff_t at = str_find(rest, str_of(places[i].name));
            if (at >= 0 && (best < 0 || at < best)) {
                best = at;
                which = i;
            }
        }
        if (best < 0) {
            buf_add(b, rest);
            break;
        }
        buf_add(b, str_slice(rest, 0, (size_t)best));
        if (which < 2)
            buf_add(b, which ? w->ask.query : passages);
        has_passages = has_passages || !which;
        rest = str_slice(rest, (size_t)best + strlen(places[which].name), rest.len);
    }
    if (!has_passages) {
        if (b->len)
            buf_add(b, STR("\n\n"));
        buf_add(b, passages);
    }
    return buf_end(b);
}

static fallible
add_message(struct generating *w, enum conv_role role, str text)
{
    struct conv_message m = {.role = role};
    str kept;
    TRY(try_arena_str(w->call->a, text, &kept));
    m.text = content_of(kept, LABEL_BOTTOM);
    return VEC_ADD(w->call->a, &w->conv.messages, &m);
}

static fallible
put_talk(struct generating *w)
{
    AUTO(buf) passages = BUF(2 * PASSAGES_BYTES), b = BUF(TEXT_BYTES_MAX);
    TRY(passages_put(&w->found, &passages, &w->shown));
    TRY(put_template(w, buf_str(&passages), &b));
    TRY(add_message(w, CONV_SYSTEM, buf_str(&b)));
    return add_message(w, CONV_USER, w->ask.query);
}

static fallible
run_model(struct generating *w)
{
    struct api_call *c = w->call;
    struct gate_ask ask = api_ask(c, OP_CHAT, ENGINE_CHAT, w->model, &w->conv);
    ask.floor = w->found.label;
    const struct gate_hooks hooks = {
        .on_start = on_start, .on_text = on_text, .on_done = on_done, .on_end = on_end, .ctx = w};
    TRY(put_talk(w));
    return gate_run(c->gate, &ask, hooks, &c->job);
}

static void
on_found(void *ctx, const struct stores_found *f, err e)
{
    struct generating *w = ctx;
    if (!e.code) {
        w->found = *f;
        e = run_model(w);
    }
    if (e.code)
        api_fail(w->call, e);
}

/* ---- the request */
static fallible
read_inference(struct generating *w, const jval *v)
{
    static const char *const known[] = {"textInferenceConfig", NULL}, *const params[] = {
                                                                          "maxTokens",
                                                                          "temperature", "topP",
                                                                          "stopSequences", NULL};
    struct conv_params *s = &w->conv.params;
    int64_t most = 0;
    if (!v->v)
        return OK;
    TRY(json_object(v));
    TRY(read_members(v, known));
    const jval text = json_get(v, "textInferenceConfig");
    if (!text.v)
        return OK;
    TRY(json_object(&text));
    TRY(read_members(&text, params));
    const jval tokens = json_get(&text, "maxTokens"), temperature = json_get(&text, "temperature"),
               top = json_get(&text, "topP"), stops = json_get(&text, "stopSequences");
    TRY(opt_json_i64(&tokens, 1, INT32_MAX, &most));
    TRY(opt_json_f64(&temperature, 0, 1, &s->temperature));
    TRY(opt_json_f64(&top, 0, 1, &s->top_p));
    s->tokens_max = (uint32_t)most;
    return bedrock_read_stops(&stops, s);
}

static fallible
read_generation(struct generating *w, const jval *v)
{
    static const char *const known[] = {"inferenceConfig", "promptTemplate", "performanceConfig",
                                        NULL},
                             *const templates[] = {"textPromptTemplate", NULL};
    if (!v->v)
        return OK;
    TRY(json_object(v));
    TRY(read_members(v, known));
    const jval inference = json_get(v, "inferenceConfig"), prompt = json_get(v, "promptTemplate");
    TRY(read_inference(w, &inference));
    if (!prompt.v)
        return OK;
    TRY(json_object(&prompt));
    TRY(read_members(&prompt, templates));
    const jval text = json_get(&prompt, "textPromptTemplate");
    return opt_json_str(&text, TEMPLATE_MAX, &w->template);
}

static fallible
read_base(struct generating *w, const jval *v)
{
    static const char *const known[] = {"knowledgeBaseId", "modelArn", "retrievalConfiguration",
                                        "generationConfiguration", NULL};
    str model;
    TRY(json_object(v));
    TRY(read_members(v, known));
    const jval id = json_get(v, "knowledgeBaseId"), arn = json_get(v, "modelArn"),
               retrieval = json_get(v, "retrievalConfiguration"),
               generation = json_get(v, "generationConfiguration");
    TRY(json_str(&id, RETRIEVE_NAME_MAX, &w->ask.id));
    TRY(json_str(&arn, RETRIEVE_NAME_MAX, &model));
    w->model = bedrock_model_name(model);
    TRY(retrieve_read_config(w->call->a, &retrieval, &w->ask));
    return read_generation(w, &generation);
}

static fallible
read_config(struct generating *w, const jval *v)
{
    static const char *const known[] = {"type", "knowledgeBaseConfiguration", NULL};
    str type;
    TRY(json_object(v));
    const jval kind = json_get(v, "type"), base = json_get(v, "knowledgeBaseConfiguration");
    TRY(json_str(&kind, WORD_BYTES_MAX, &type));
    if (!str_eq(type, STR("KNOWLEDGE_BASE")))
        REFUSE_AT(UNSUPPORTED, &kind, "must be \"KNOWLEDGE_BASE\"");
    TRY(read_members(v, known));
    return read_base(w, &base);
}

static fallible
generate(struct generating *w)
{
    static const char *const known[] = {"text", NULL};
    struct api_call *c = w->call;
    jval body;
    conv_params_default(&w->conv.params);
    TRY(api_body(c, &body));
    TRY(bedrock_check_fields(&body, BEDROCK_GENERATE));
    const jval input = json_get(&body, "input"),
               config = json_get(&body, "retrieveAndGenerateConfiguration");
    TRY(json_object(&input));
    TRY(read_members(&input, known));
    const jval text = json_get(&input, "text");
    TRY(json_str(&text, RETRIEVE_QUERY_MAX, &w->ask.query));
    TRY(read_config(w, &config));
    return retrieve_search(c, &w->keep, &w->ask, on_found, w);
}

static void
begin(struct api_call *c, bool is_stream)
{
    struct generating *w = arena_new(c->a, struct generating);
    w->call = c;
    w->is_stream = is_stream;
    w->text = BUF(TEXT_BYTES_MAX);
    id_new("", w->session_id);
    w->keep = (struct keep_call){.gate = c->gate,
                                 .session = c->session,
                                 .case_name = c->case_name,
                                 .request_id = http_request_id(c->x),
                                 .a = c->a};
    arena_on_end(c->a, generating_done, w);
    const err e = generate(w);
    if (e.code)
        api_fail(c, e);
}

void
bedrock_generate(struct api_call *c)
{
    begin(c, false);
}

void
bedrock_generate_stream(struct api_call *c)
{
    begin(c, true);
}
