/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/ollama/ollama.h"

#include "api/ratelimit.h"

/* Of the API whose shapes these are: clients look at it before they use what came later. */
static const char version[] = "0.12.6";

static void
put_error(buf *b, const struct api_error *e)
{
    json_open(b, '{');
    json_member_str(b, "error", e->sentence);
    json_close(b, '}');
}

const struct dialect ollama_dialect = {
    .name = "ollama", .put_error = put_error, .limit_fields = ratelimit_openai};

static void
show_version(struct api_call *c)
{
    AUTO(buf) b = BUF(256);
    json_open(&b, '{');
    json_member_str(&b, "version", str_of(version));
    json_close(&b, '}');
    api_json(c, &b);
}

static const struct route routes[] = {
    {HTTP_POST, "/api/chat", ollama_chat, AUTH_LOCAL, &ollama_dialect, NULL, NULL},
    {HTTP_POST, "/api/generate", ollama_generate, AUTH_LOCAL, &ollama_dialect, NULL, NULL},
    {HTTP_POST, "/api/embed", ollama_embed, AUTH_LOCAL, &ollama_dialect, NULL, NULL},
    {HTTP_POST, "/api/embeddings", ollama_embeddings, AUTH_LOCAL, &ollama_dialect, NULL, NULL},
    {HTTP_POST, "/api/show", ollama_show, AUTH_LOCAL, &ollama_dialect, NULL, NULL},
    {HTTP_GET, "/api/tags", ollama_tags, AUTH_LOCAL, &ollama_dialect, NULL, NULL},
    {HTTP_GET, "/api/version", show_version, AUTH_LOCAL, &ollama_dialect, NULL, NULL},
};

const struct route_table ollama_table = {routes, sizeof routes / sizeof *routes};
