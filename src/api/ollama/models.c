/* SPDX-License-Identifier: EUPL-1.2 */
/* Which models there are, in Ollama's words. */
#include <stdio.h>

#include "api/ollama/decode.h"
#include "api/ollama/ollama.h"
#include "os/clock.h"

enum { MODELS_BYTES_MAX = 16 * 1024 * 1024 };

static const registry *
models_of(const struct api_call *c)
{
    return gate_parts_of(c->gate)->registry;
}

static bool
is_known(const struct api_call *c, str name, enum model_kind kind)
{
    const struct model *m;
    return !registry_find(models_of(c), name, kind, &m).code;
}

str
ollama_model(const struct api_call *c, str name, enum model_kind kind)
{
    const str tag = STR(":latest");
    if (!str_ends(name, tag) || is_known(c, name, kind))
        return name;
    return str_slice(name, 0, name.len - tag.len);
}

static fallible
may_list(const struct api_call *c)
{
    return gate_allow(c->gate, c->session, OP_MODEL_LIST, http_request_id(c->x), c->a);
}

/* "7.6B", "137M"; empty where nobody knows. */
static void
put_size(const struct model *m, buf *b)
{
    json_key(b, "parameter_size");
    buf_add_char(b, '"');
    if (m->parameters >= 1000000000)
        buf_add_fmt(b, "%.1fB", (double)m->parameters / 1e9);
    else if (m->parameters >= 1000000)
        buf_add_fmt(b, "%.0fM", (double)m->parameters / 1e6);
    buf_add_char(b, '"');
}

static void
put_details(const struct model *m, buf *b)
{
    json_key(b, "details");
    json_open(b, '{');
    json_member_str(b, "parent_model", STR(""));
    json_member_str(b, "format", m->file.len ? STR("gguf") : STR(""));
    json_member_str(b, "family", m->architecture);
    json_key(b, "families");
    json_open(b, '[');
    json_put_str(b, m->architecture);
    json_close(b, ']');
    put_size(m, b);
    json_member_str(b, "quantization_level", STR(""));
    json_close(b, '}');
}

static void
put_time(const struct model *m, buf *b)
{
    json_key(b, "modified_at");
    buf_add_char(b, '"');
    clock_put(b, m->added_wall_ms);
    buf_add_char(b, '"');
}

static void
put_model(const struct model *m, str shown_as, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "name", shown_as);
    json_member_str(b, "model", shown_as);
    put_time(m, b);
    json_member_u64(b, "size", m->size_bytes);
    json_member_str(b, "digest", m->sha256);
    put_details(m, b);
    json_close(b, '}');
}

static void
put_aliases(const registry *r, buf *b)
{
    str alias, targets;
    const struct model *m;
    for (size_t i = 0; registry_alias_at(r, i, &alias, &targets); i++)
        if (!registry_find(r, alias, MODEL_CHAT, &m).code ||
            !registry_find(r, alias, MODEL_EMBED, &m).code)
            put_model(m, alias, b);
}

void
ollama_tags(struct api_call *c)
{
    AUTO(buf) b = BUF(MODELS_BYTES_MAX);
    const struct model *m;
    const err denied = may_list(c);
    if (denied.code) {
        api_fail(c, denied);
        return;
    }
    json_open(&b, '{');
    json_key(&b, "models");
    json_open(&b, '[');
    for (size_t i = 0; (m = registry_at(models_of(c), i)); i++)
        put_model(m, m->name, &b);
    put_aliases(models_of(c), &b);
    json_close(&b, ']');
    json_close(&b, '}');
    api_json(c, &b);
}

/* ---- one model */
static void
put_named(const struct model *m, const char *member, uint64_t n, buf *b)
{
    char name[128];
    snprintf(name, sizeof name, "%.*s.%s", STR_FMT(str_slice(m->architecture, 0, 64)), member);
    if (n)
        json_member_u64(b, name, n);
}

static void
put_info(const struct model *m, buf *b)
{
    json_key(b, "model_info");
    json_open(b, '{');
    json_member_str(b, "general.architecture", m->architecture);
    if (m->parameters)
        json_member_u64(b, "general.parameter_count", m->parameters);
    put_named(m, "context_length", m->context_tokens, b);
    put_named(m, "embedding_length", m->embedding_dims, b);
    json_close(b, '}');
}

static void
put_shown(const struct model *m, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "license", m->licence);
    json_member_str(b, "modelfile", STR(""));
    json_member_str(b, "parameters", STR(""));
    json_member_str(b, "template", STR(""));
    put_details(m, b);
    put_info(m, b);
    json_key(b, "capabilities");
    json_open(b, '[');
    if (m->kind == MODEL_EMBED)
        json_put_str(b, STR("embedding"));
    else {
        json_put_str(b, STR("completion"));
        json_put_str(b, STR("tools"));
    }
    json_close(b, ']');
    put_time(m, b);
    json_close(b, '}');
}

static fallible
find(struct api_call *c, const struct model **ret)
{
    struct ollama_ask *ask = arena_new(c->a, struct ollama_ask);
    jval body;
    TRY(may_list(c));
    TRY(api_body(c, &body));
    TRY(ollama_decode(gate_parts_of(c->gate)->params, c->a, &body, OLLAMA_SHOW, ask));
    if (!ask->model.len)
        REFUSE(ARGUMENT, "model", "model must name one");
    const str embedder = ollama_model(c, ask->model, MODEL_EMBED);
    if (!registry_find(models_of(c), embedder, MODEL_EMBED, ret).code)
        return OK;
    return registry_find(models_of(c), ollama_model(c, ask->model, MODEL_CHAT), MODEL_CHAT, ret);
}

void
ollama_show(struct api_call *c)
{
    AUTO(buf) b = BUF(1024 * 1024);
    const struct model *m;
    const err e = find(c, &m);
    if (e.code) {
        api_fail(c, e);
        return;
    }
    put_shown(m, &b);
    api_json(c, &b);
}
