/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openai/openai.h"

#include "api/ratelimit.h"

enum { MODELS_BYTES_MAX = 16 * 1024 * 1024 };

static void
put_error(buf *b, const struct api_error *e)
{
    const struct err_info *i = err_info(e->e);
    json_open(b, '{');
    json_key(b, "error");
    json_open(b, '{');
    json_member_str(b, "message", e->sentence);
    json_member_str(b, "type", str_of(i->type));
    json_key(b, "param");
    if (e->param.len)
        json_put_str(b, e->param);
    else
        json_put_null(b);
    json_member_str(b, "code", str_of(i->name));
    json_close(b, '}');
    json_close(b, '}');
}

const struct dialect openai_dialect = {
    .name = "openai", .put_error = put_error, .limit_fields = ratelimit_openai};

static void
put_model(const struct model *m, str shown_as, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "id", shown_as);
    json_member_str(b, "object", STR("model"));
    json_member_i64(b, "created", m->added_wall_ms / 1000);
    json_member_str(b, "owned_by", STR("hoheit"));
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

static const registry *
models_of(const struct api_call *c)
{
    return gate_parts_of(c->gate)->registry;
}

static fallible
may_list(const struct api_call *c)
{
    return gate_allow(c->gate, c->session, OP_MODEL_LIST, http_request_id(c->x), c->a);
}

static void
list_models(struct api_call *c)
{
    const struct model *m;
    AUTO(buf) b = BUF(MODELS_BYTES_MAX);
    const err denied = may_list(c);
    if (denied.code) {
        api_fail(c, denied);
        return;
    }
    json_open(&b, '{');
    json_member_str(&b, "object", STR("list"));
    json_key(&b, "data");
    json_open(&b, '[');
    for (size_t i = 0; (m = registry_at(models_of(c), i)); i++)
        put_model(m, m->name, &b);
    put_aliases(models_of(c), &b);
    json_close(&b, ']');
    json_close(&b, '}');
    api_json(c, &b);
}

static fallible
find_model(const struct api_call *c, const struct model **ret)
{
    TRY(may_list(c));
    if (!registry_find(models_of(c), c->args[0], MODEL_EMBED, ret).code)
        return OK;
    return registry_find(models_of(c), c->args[0], MODEL_CHAT, ret);
}

static void
show_model(struct api_call *c)
{
    const struct model *m;
    AUTO(buf) b = BUF(64 * 1024);
    const err e = find_model(c, &m);
    if (e.code) {
        api_fail(c, e);
        return;
    }
    put_model(m, c->args[0], &b);
    api_json(c, &b);
}

static const struct route routes[] = {
    {HTTP_POST, "/v1/chat/completions", openai_chat, AUTH_LOCAL, &openai_dialect, NULL, NULL},
    {HTTP_POST, "/v1/completions", openai_completions, AUTH_LOCAL, &openai_dialect, NULL, NULL},
    {HTTP_POST, "/v1/embeddings", openai_embeddings, AUTH_LOCAL, &openai_dialect, NULL, NULL},
    {HTTP_GET, "/v1/models", list_models, AUTH_LOCAL, &openai_dialect, NULL, NULL},
    {HTTP_GET, "/v1/models/{id}", show_model, AUTH_LOCAL, &openai_dialect, NULL, NULL},
};

const struct route_table openai_table = {routes, sizeof routes / sizeof *routes};
