/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/decode.h"

#include "api/responses/kept.h"

enum {
    NAME_BYTES_MAX = 256,
    WORD_BYTES_MAX = 64,
    TEXT_BYTES_MAX = 64 * 1024 * 1024,
    FORMAT_NAME_MAX = 64
};

static const struct read_field fields[] = {
#define FIELD(name, fate) {1, name, fate},
#include "api/responses/fields.def"
#undef FIELD
};

struct form { /* while a request is read */
    const struct params *params;
    arena *a;
    const jval *body;
    struct response_ask *ask;
    buf tools, format; /* as the response repeats them */
    bool must_search;
};

static jval
field(const struct form *f, const char *name)
{
    return json_get(f->body, name);
}

/* ---- plain fields */
static fallible
read_flags(struct form *f)
{
    static const char *const known[] = {"include_obfuscation", NULL};
    const jval stream = field(f, "stream"), background = field(f, "background"),
               store = field(f, "store"), options = field(f, "stream_options");
    f->ask->store = true;
    TRY(opt_json_bool(&stream, &f->ask->stream));
    TRY(opt_json_bool(&background, &f->ask->background));
    TRY(opt_json_bool(&store, &f->ask->store));
    if (f->ask->background && !f->ask->store)
        REFUSE(ARGUMENT, "background", "background needs \"store\": true: who would fetch it?");
    if (json_type(options) == J_ABSENT)
        return OK;
    TRY(json_object(&options));
    if (!f->ask->stream)
        REFUSE(ARGUMENT, "stream_options", "stream_options is only for \"stream\": true");
    return read_members(&options, known);
}

static fallible
read_real(const struct form *f, const char *name, double min, double max, double *ret)
{
    const jval v = field(f, name);
    return opt_json_f64(&v, min, max, ret);
}

static fallible
read_sampling(struct form *f)
{
    struct conv_params *s = &f->ask->conv.params;
    const jval tokens = field(f, "max_output_tokens"), top = field(f, "top_logprobs");
    int64_t most = 0, tops = 0;
    conv_params_default(s);
    TRY(read_real(f, "temperature", 0, 2, &s->temperature));
    TRY(read_real(f, "top_p", 0, 1, &s->top_p));
    TRY(read_real(f, "presence_penalty", -2, 2, &s->presence));
    TRY(read_real(f, "frequency_penalty", -2, 2, &s->frequency));
    TRY(opt_json_i64(&tokens, 1, INT32_MAX, &most));
    TRY(opt_json_i64(&top, 0, CONV_TOP_LOGPROBS_MAX, &tops));
    s->tokens_max = (uint32_t)most;
    s->top_logprobs = (uint32_t)tops;
    s->logprobs = tops > 0;
    return OK;
}

/* What may be asked to be included; all but the first two come of tools that are not run here, of
 * images that are not taken, or of thoughts that are not hidden. */
static fallible
read_include(struct form *f)
{
    static const char *const known[] = {
        "message.output_text.logprobs",  "file_search_call.results",
        "web_search_call.results",       "web_search_call.action.sources",
        "message.input_image.image_url", "computer_call_output.output.image_url",
        "code_interpreter_call.outputs", "reasoning.encrypted_content"};
    const jval list = field(f, "include");
    struct jwalk w = {.next = NULL};
    jval v;
    str name;
    if (json_type(list) == J_ABSENT)
        return OK;
    TRY(json_array(&list, 0, 16));
    while (json_each(&list, &w, &v)) {
        size_t i = 0;
        TRY(json_str(&v, NAME_BYTES_MAX, &name));
        while (i < sizeof known / sizeof *known && !str_eq(name, str_of(known[i])))
            i++;
        if (i == sizeof known / sizeof *known)
            REFUSE_AT(ARGUMENT, &v, "names nothing that could be included");
        f->ask->conv.params.logprobs = f->ask->conv.params.logprobs || i == 0;
        f->ask->search.shows_results = f->ask->search.shows_results || i == 1;
    }
    return OK;
}

static fallible
read_word(const struct form *f, const char *name, str *ret)
{
    const jval v = field(f, name);
    return opt_json_str(&v, NAME_BYTES_MAX, ret);
}

static fallible
read_truncation(struct form *f)
{
    str how = STR("disabled");
    TRY(read_word(f, "truncation", &how));
    f->ask->truncates = str_eq(how, STR("auto"));
    if (!f->ask->truncates && !str_eq(how, STR("disabled")))
        REFUSE(ARGUMENT, "truncation", "truncation must be \"auto\" or \"disabled\"");
    return OK;
}

static fallible
read_reasoning(const struct form *f)
{
    static const char *const known[] = {"effort", "summary", "generate_summary", NULL};
    const jval v = field(f, "reasoning");
    str word;
    if (json_type(v) == J_ABSENT)
        return OK;
    TRY(json_object(&v));
    TRY(read_members(&v, known));
    for (size_t i = 0; known[i]; i++) {
        const jval m = json_get(&v, known[i]);
        TRY(opt_json_str(&m, WORD_BYTES_MAX, &word));
    }
    return OK;
}

/* An id, or an object with one. */
static fallible
read_history(struct form *f)
{
    static const char *const known[] = {"id", NULL};
    const jval c = field(f, "conversation");
    TRY(read_word(f, "previous_response_id", &f->ask->previous));
    if (json_type(c) == J_OBJECT) {
        const jval id = json_get(&c, "id");
        TRY(read_members(&c, known));
        TRY(json_str(&id, NAME_BYTES_MAX, &f->ask->conversation));
    } else {
        TRY(opt_json_str(&c, NAME_BYTES_MAX, &f->ask->conversation));
    }
    if (f->ask->previous.len && f->ask->conversation.len)
        REFUSE(ARGUMENT, "previous_response_id",
               "previous_response_id and conversation exclude each other");
    return OK;
}

/* ---- tools, spelt flat */
static fallible
check_type(const jval *v)
{
    static const char *const later[] = {"web_search",       "web_search_preview",
                                        "code_interpreter", "computer_use_preview",
                                        "image_generation", "mcp",
                                        "local_shell",      "custom"};
    const jval type = json_get(v, "type");
    str name;
    TRY(json_str(&type, WORD_BYTES_MAX, &name));
    if (str_eq(name, STR("function")))
        return OK;
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (str_eq(name, str_of(later[i])))
            REFUSE_AT(UNSUPPORTED, &type, "names the tool %s, which this installation does not run",
                      later[i]);
    REFUSE_AT(ARGUMENT, &type, "must be \"function\" or \"file_search\"");
}

static bool
is_search(const jval *v)
{
    const jval type = json_type(*v) == J_OBJECT ? json_get(v, "type") : (jval){.v = NULL};
    str name = STR_NONE;
    return !opt_json_str(&type, WORD_BYTES_MAX, &name).code && str_eq(name, STR("file_search"));
}

static fallible
read_tool(struct form *f, const jval *v, struct tools_one *ret)
{
    static const char *const known[] = {"type",       "name",   "description",
                                        "parameters", "strict", NULL};
    const jval description = json_get(v, "description"), strict = json_get(v, "strict"),
               name = json_get(v, "name");
    struct conv_tools *t = &f->ask->conv.tools;
    TRY(json_object(v));
    TRY(check_type(v));
    TRY(read_members(v, known));
    TRY(tools_read_name(v, CONV_TOOL_NAME_MAX, &ret->call.name));
    TRY(opt_json_str(&description, TOOLS_TEXT_BYTES_MAX, &ret->description));
    TRY(opt_json_bool(&strict, &ret->strict));
    ret->call.parameters = json_get(v, "parameters");
    if (ret->call.parameters.v)
        TRY(json_object(&ret->call.parameters));
    if (tools_has(t, ret->call.name))
        REFUSE_AT(ARGUMENT, &name, "names a tool twice");
    if (ret->strict && !tools_is_wanted(t, ret->call.name))
        TRY(tools_check_schema(f->a, &ret->call));
    t->names[t->count++] = ret->call.name;
    return OK;
}

/* As it came, with the members the API always shows. */
static void
put_tool(struct form *f, const jval *v, const struct tools_one *t)
{
    const jval description = json_get(v, "description"), strict = json_get(v, "strict");
    buf *b = &f->tools;
    json_open(b, '{');
    json_member_str(b, "type", STR("function"));
    json_member_str(b, "name", t->call.name);
    json_key(b, "description");
    if (description.v)
        json_put_str(b, t->description);
    else
        json_put_null(b);
    json_key(b, "parameters");
    if (t->call.parameters.v)
        json_put_value(b, &t->call.parameters);
    else
        json_put_null(b);
    json_key(b, "strict");
    if (strict.v)
        json_put_bool(b, t->strict);
    else
        json_put_null(b);
    json_close(b, '}');
}

static fallible
read_choice(struct form *f)
{
    static const char *const words[] = {"auto", "none", "required"};
    static const char *const known[] = {"type", "name", NULL};
    struct conv_tools *t = &f->ask->conv.tools;
    const jval v = field(f, "tool_choice");
    str word;
    if (json_type(v) == J_ABSENT)
        return OK;
    if (is_search(&v)) {
        f->must_search = true;
        return read_members(&v, known);
    }
    if (json_type(v) == J_OBJECT) {
        TRY(check_type(&v));
        TRY(read_members(&v, known));
        t->choice = CONV_TOOLS_REQUIRED;
        return tools_read_name(&v, CONV_TOOL_NAME_MAX, &t->name);
    }
    TRY(json_str(&v, WORD_BYTES_MAX, &word));
    for (int i = 0; i < 3; i++)
        if (str_eq(word, str_of(words[i]))) {
            t->choice = (enum conv_tool_choice)i; /* in their order */
            return OK;
        }
    REFUSE_AT(ARGUMENT, &v, "must be \"none\", \"auto\", \"required\" or name a function");
}
_Static_assert(CONV_TOOLS_AUTO == 0 && CONV_TOOLS_NONE == 1 && CONV_TOOLS_REQUIRED == 2, "order");

/* A search is made once whenever it is offered and calls are not ruled out: that is a call. */
static fallible
check_choice(struct form *f)
{
    struct conv_tools *t = &f->ask->conv.tools;
    const bool searches = f->ask->search.id_count > 0;
    if (f->must_search && !searches)
        REFUSE(ARGUMENT, "tool_choice", "tool_choice names file_search, which is not offered");
    if (t->choice == CONV_TOOLS_NONE)
        f->ask->search.id_count = 0;
    if (t->choice == CONV_TOOLS_REQUIRED && !t->count && searches)
        t->choice = CONV_TOOLS_AUTO;
    if (t->choice == CONV_TOOLS_REQUIRED && !t->count)
        REFUSE(ARGUMENT, "tool_choice", "tool_choice asks for a call, and no tools are offered");
    if (t->name.len && !tools_has(t, t->name))
        REFUSE(ARGUMENT, "tool_choice.name", "tool_choice.name is none of the tools offered");
    return OK;
}

static fallible
read_list(struct form *f, const jval *list, buf *offer)
{
    struct schema_call calls[CONV_TOOLS_MAX];
    jval items[CONV_TOOLS_MAX];
    struct jwalk w = {.next = NULL};
    size_t count = 0, wanted = 0;
    TRY(json_array(list, 0, CONV_TOOLS_MAX));
    json_open(offer, '[');
    while (json_each(list, &w, &items[count])) {
        struct tools_one t = {.strict = false};
        if (is_search(&items[count])) {
            TRY(file_search_read(f->a, &items[count], &f->ask->search, &f->tools));
            continue;
        }
        TRY(read_tool(f, &items[count], &t));
        tools_put(offer, &t);
        put_tool(f, &items[count], &t);
        if (tools_is_wanted(&f->ask->conv.tools, t.call.name)) {
            calls[wanted].name = t.call.name;
            /* The way to it must outlive it. */
            calls[wanted++].parameters = json_get(&items[count], "parameters");
        }
        count++;
    }
    json_close(offer, ']');
    TRY(check_choice(f));
    return wanted ? tools_compile(f->a, calls, wanted, &f->ask->conv) : OK;
}

static fallible
read_tools(struct form *f)
{
    const jval list = field(f, "tools"), parallel = field(f, "parallel_tool_calls");
    struct conv_tools *t = &f->ask->conv.tools;
    AUTO(buf) offer = BUF(4 * TOOLS_JSON_BYTES_MAX);
    bool many = false;
    TRY(opt_json_bool(&parallel, &many));
    t->most = many ? SCHEMA_PARALLEL_MAX : 1;
    TRY(read_choice(f));
    if (json_type(list) == J_ABSENT)
        return check_choice(f);
    TRY(read_list(f, &list, &offer));
    if (offer.len > TOOLS_JSON_BYTES_MAX)
        REFUSE(ARGUMENT, "tools", "tools are larger than %d bytes", TOOLS_JSON_BYTES_MAX);
    TRY(buf_end(&offer));
    return t->count ? try_arena_str(f->a, buf_str(&offer), &t->json) : OK;
}

/* ---- the form of the answer */
static fallible
read_schema(struct form *f, const jval *v)
{
    struct conv_format *format = &f->ask->conv.format;
    const jval schema = json_get(v, "schema"), strict = json_get(v, "strict"),
               description = json_get(v, "description");
    str text;
    TRY(tools_read_name(v, FORMAT_NAME_MAX, &format->name));
    TRY(opt_json_bool(&strict, &format->strict));
    TRY(opt_json_str(&description, TOOLS_TEXT_BYTES_MAX, &text));
    TRY(json_object(&schema));
    return tools_compile_answer(f->a, &schema, format);
}

static fallible
read_format(struct form *f, const jval *v)
{
    static const char *const plain[] = {"type", NULL};
    static const char *const with_schema[] = {"type",   "name",   "description",
                                              "schema", "strict", NULL};
    const jval type = json_get(v, "type");
    const struct conv_tools *t = &f->ask->conv.tools;
    str name;
    TRY(json_object(v));
    TRY(json_str(&type, WORD_BYTES_MAX, &name));
    const bool has_schema = str_eq(name, STR("json_schema"));
    f->ask->conv.params.json_object = str_eq(name, STR("json_object"));
    const bool is_bound = has_schema || f->ask->conv.params.json_object;
    if (!is_bound && !str_eq(name, STR("text")))
        REFUSE_AT(ARGUMENT, &type, "must be \"text\", \"json_object\" or \"json_schema\"");
    TRY(read_members(v, has_schema ? with_schema : plain));
    if (is_bound && t->count && t->choice != CONV_TOOLS_NONE)
        REFUSE_AT(UNSUPPORTED, &type,
                  "other than \"text\" is not supported beside tools; send \"tool_choice\": "
                  "\"none\"");
    return has_schema ? read_schema(f, v) : OK;
}

static fallible
read_text(struct form *f)
{
    static const char *const known[] = {"format", "verbosity", NULL};
    const jval v = field(f, "text");
    str verbosity = STR("medium");
    if (json_type(v) != J_ABSENT) {
        const jval format = json_get(&v, "format"), words = json_get(&v, "verbosity");
        TRY(json_object(&v));
        TRY(read_members(&v, known));
        TRY(opt_json_str(&words, WORD_BYTES_MAX, &verbosity));
        json_open(&f->format, '{');
        json_key(&f->format, "format");
        if (format.v) {
            TRY(read_format(f, &format));
            json_put_value(&f->format, &format);
        } else {
            buf_add(&f->format, STR("{\"type\":\"text\"}"));
        }
    } else {
        buf_add(&f->format, STR("{\"format\":{\"type\":\"text\"}"));
    }
    json_member_str(&f->format, "verbosity", verbosity);
    json_close(&f->format, '}');
    return OK;
}

/* ---- what the response repeats */
static void
echo_value(const struct form *f, const char *name, const char *otherwise, buf *b)
{
    const jval v = field(f, name);
    json_key(b, name);
    if (v.v)
        json_put_value(b, &v);
    else
        buf_add(b, str_of(otherwise));
}

static void
echo_reasoning(const struct form *f, buf *b)
{
    const jval v = field(f, "reasoning");
    json_key(b, "reasoning");
    json_open(b, '{');
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "summary" : "effort";
        const jval m = json_type(v) == J_OBJECT ? json_get(&v, name) : (jval){.v = NULL};
        json_key(b, name);
        if (m.v)
            json_put_value(b, &m);
        else
            json_put_null(b);
    }
    json_close(b, '}');
}

static void
echo_conversation(const struct form *f, buf *b)
{
    json_key(b, "conversation");
    if (!f->ask->conversation.len) {
        json_put_null(b);
        return;
    }
    json_open(b, '{');
    json_member_str(b, "id", f->ask->conversation);
    json_close(b, '}');
}

static fallible
put_echo(struct form *f)
{
    AUTO(buf) b = BUF(TEXT_BYTES_MAX);
    str metadata;
    TRY(kept_read_metadata(f->a, f->body, &metadata));
    buf_add_char(&b, ',');
    json_member_bool(&b, "background", f->ask->background);
    echo_conversation(f, &b);
    echo_value(f, "instructions", "null", &b);
    echo_value(f, "max_output_tokens", "null", &b);
    echo_value(f, "max_tool_calls", "null", &b);
    echo_value(f, "parallel_tool_calls", "true", &b);
    echo_value(f, "previous_response_id", "null", &b);
    echo_value(f, "prompt_cache_key", "null", &b);
    echo_value(f, "prompt_cache_retention", "null", &b);
    echo_reasoning(f, &b);
    echo_value(f, "safety_identifier", "null", &b);
    json_member_str(&b, "service_tier", STR("default"));
    json_member_bool(&b, "store", f->ask->store);
    echo_value(f, "temperature", "1", &b);
    kept_member_json(&b, "text", buf_str(&f->format));
    echo_value(f, "tool_choice", "\"auto\"", &b);
    json_key(&b, "tools");
    json_open(&b, '[');
    buf_add(&b, buf_str(&f->tools));
    json_close(&b, ']');
    echo_value(f, "top_logprobs", "0", &b);
    echo_value(f, "top_p", "1", &b);
    echo_value(f, "presence_penalty", "0", &b);
    echo_value(f, "frequency_penalty", "0", &b);
    echo_value(f, "truncation", "\"disabled\"", &b);
    echo_value(f, "user", "null", &b);
    kept_member_json(&b, "metadata", metadata);
    TRY(buf_end(&f->tools));
    TRY(buf_end(&f->format));
    TRY(buf_end(&b));
    return try_arena_str(f->a, buf_str(&b), &f->ask->echo);
}

/* ---- all of it */
static fallible
read_input(struct form *f)
{
    const jval input = field(f, "input"), instructions = field(f, "instructions");
    TRY(opt_json_str(&instructions, TEXT_BYTES_MAX, &f->ask->instructions));
    if (json_type(input) == J_ABSENT) {
        if (f->ask->previous.len || f->ask->conversation.len)
            return OK;
        REFUSE(ARGUMENT, "input", "input is missing");
    }
    return items_read_input(f->a, &input, f->params->gate_messages_max, &f->ask->input);
}

static fallible
read_all(struct form *f)
{
    TRY(read_fields(f->body, fields, sizeof fields / sizeof *fields, 1));
    TRY(read_word(f, "model", &f->ask->model));
    TRY(read_flags(f));
    TRY(read_sampling(f));
    TRY(read_include(f));
    TRY(read_truncation(f));
    TRY(read_reasoning(f));
    TRY(read_history(f));
    TRY(read_input(f));
    TRY(read_tools(f));
    TRY(read_text(f));
    if (f->ask->conv.params.logprobs && f->ask->conv.tools.count &&
        f->ask->conv.tools.choice != CONV_TOOLS_NONE)
        REFUSE(UNSUPPORTED, "top_logprobs", "probabilities are not supported beside tools");
    return put_echo(f);
}

fallible
response_decode(const struct params *p, arena *a, const jval *body, struct response_ask *ret)
{
    struct form f = {.params = p,
                     .a = a,
                     .body = body,
                     .ask = ret,
                     .tools = BUF(4 * TOOLS_JSON_BYTES_MAX),
                     .format = BUF(4 * TOOLS_JSON_BYTES_MAX)};
    const err e = read_all(&f);
    buf_done(&f.tools);
    buf_done(&f.format);
    return e;
}
