/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openapi/tables.h"

#include "api/anthropic/anthropic.h"
#include "api/bedrock/bedrock.h"
#include "api/openai/openai.h"
#include "api/openapi/openapi.h"
#include "unit/api/responses/send.h"

static const struct openapi_path *
described(const struct route *r)
{
    const struct openapi_path *p;
    for (size_t i = 0; (p = openapi_at(i)); i++)
        if (p->method == r->method && strcmp(p->pattern, r->pattern) == 0 &&
            strcmp(openapi_dialect_name(p->dialect), r->dialect->name) == 0)
            return p;
    return NULL;
}

TEST(every_route_that_is_served_is_described)
{
    struct route_table all[ROUTE_TABLES];
    size_t served = 0, lines = 0;
    route_tables(all);
    for (size_t t = 0; t < ROUTE_TABLES; t++)
        for (size_t i = 0; i < all[t].count; i++, served++)
            if (!described(&all[t].routes[i]))
                test_fail(__FILE__, __LINE__, "paths.def lacks %s of %s", all[t].routes[i].pattern,
                          all[t].routes[i].dialect->name);
    while (openapi_at(lines))
        lines++;
    CHECK_INT(lines, ==, served);
}

TEST(what_needs_no_key_is_described_so_and_nothing_else)
{
    struct route_table all[ROUTE_TABLES];
    route_tables(all);
    for (size_t t = 0; t < ROUTE_TABLES; t++)
        for (size_t i = 0; i < all[t].count; i++) {
            const struct openapi_path *p = described(&all[t].routes[i]);
            const bool is_public = all[t].routes[i].auth == AUTH_NONE;
            if (p && is_public != ((p->answers & OPENAPI_PUBLIC) != 0))
                test_fail(__FILE__, __LINE__, "%s", p->pattern);
        }
}

TEST(statuses_are_described_as_the_dialects_give_them)
{
    for (uint16_t i = 1; i < ERR_COUNT; i++) {
        const err e = {i};
        CHECK_INT(openapi_status(OPENAPI_anthropic, e), ==, anthropic_dialect.status(e));
        CHECK_INT(openapi_status(OPENAPI_bedrock, e), ==, bedrock_dialect.status(e));
    }
}

TEST(no_dialect_has_statuses_that_are_not_described)
{
    struct route_table all[ROUTE_TABLES];
    route_tables(all);
    for (size_t t = 0; t < ROUTE_TABLES; t++)
        for (size_t i = 0; i < all[t].count; i++) {
            const struct dialect *d = all[t].routes[i].dialect;
            CHECK(!d->status || d == &anthropic_dialect || d == &bedrock_dialect);
        }
}

/* ---- what no model here can see or hear */
#define PNG "iVBORw0KGgo="
#define CHAT_PART(part) "{\"messages\":[{\"role\":\"user\",\"content\":[" part "]}]}"
#define CONVERSE_PART(part) "{\"messages\":[{\"role\":\"user\",\"content\":[" part "]}]}"

static const struct {
    const char *path, *body, *says, *sentence_at; /* where the sentence stands in this dialect */
} unseen[] = {
    {"/v1/chat/completions",
     CHAT_PART("{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64," PNG
               "\"}}"),
     "messages[0].content[0]", "error.message"},
    {"/v1/chat/completions",
     CHAT_PART("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"" PNG
               "\",\"format\":\"wav\"}}"),
     "messages[0].content[0]", "error.message"},
    {"/v1/chat/completions", CHAT_PART("{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}}"),
     "messages[0].content[0]", "error.message"},
    {"/v1/responses",
     "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"image_url\":"
     "\"data:image/png;base64," PNG "\"}]}]}",
     "input is an image", "error.message"},
    {"/v1/responses",
     "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\",\"input_audio\":{"
     "\"data\":\"" PNG "\",\"format\":\"mp3\"}}]}]}",
     "input[0].content[0]", "error.message"},
    {"/v1/moderations",
     "{\"input\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a.example/b.png\"}}]}",
     "input[0]", "error.message"},
    {"/v1/messages",
     "{\"model\":\"toy\",\"max_tokens\":4,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
     "\"image\","
     "\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"" PNG "\"}}]}]}",
     "messages[0].content[0]", "error.message"},
    {"/v1/messages",
     "{\"model\":\"toy\",\"max_tokens\":4,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
     "\"document\","
     "\"source\":{\"type\":\"base64\",\"media_type\":\"application/pdf\",\"data\":\"" PNG
     "\"}}]}]}",
     "messages[0].content[0]", "error.message"},
    {"/model/toy/converse",
     CONVERSE_PART("{\"image\":{\"format\":\"png\",\"source\":{\"bytes\":\"" PNG "\"}}}"),
     "messages[0].content[0]", "message"},
    {"/model/toy/converse",
     CONVERSE_PART("{\"video\":{\"format\":\"mp4\",\"source\":{\"bytes\":\"" PNG "\"}}}"),
     "messages[0].content[0]", "message"},
    {"/model/toy/converse",
     CONVERSE_PART("{\"audio\":{\"format\":\"mp3\",\"source\":{\"bytes\":\"" PNG "\"}}}"),
     "messages[0].content[0]", "message"},
    {"/model/toy/converse",
     CONVERSE_PART("{\"document\":{\"format\":\"pdf\",\"name\":\"d\",\"source\":{\"bytes\":\"" PNG
                   "\"}}}"),
     "messages[0].content[0]", "message"},
    {"/model/toy/invoke",
     "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":4,\"messages\":[{\"role\":"
     "\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":"
     "\"image/png\",\"data\":\"" PNG "\"}}]}]}",
     "messages[0].content[0]", "message"},
    {"/model/toy/invoke",
     CHAT_PART("{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64," PNG
               "\"}}"),
     "messages[0].content[0]", "message"},
    {"/api/chat", "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"images\":[\"" PNG "\"]}]}",
     "messages[0].images", "error"},
    {"/api/generate", "{\"prompt\":\"x\",\"images\":[\"" PNG "\"]}", "images", "error"},
};

TEST(what_no_model_here_can_see_or_hear_is_refused_by_its_place_in_every_dialect)
{
    static struct route_table all[ROUTE_TABLES];
    route_tables(all);
    site_open(all, ROUTE_TABLES, &openai_dialect);
    CHECK_OK(works_new(site.rig.gate, site.api, &works));
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++) {
        AUTO(reply) *r = POST(site.local, unseen[i].path, NULL, unseen[i].body);
        const str told = reply_text(r, unseen[i].sentence_at);
        if (r->status != 400 || str_find(told, str_of(unseen[i].says)) < 0 ||
            str_find(buf_str(&r->body), STR(PNG)) >= 0)
            test_fail(__FILE__, __LINE__, "%s %s: %d %.*s", unseen[i].path, unseen[i].body,
                      r->status, STR_FMT(buf_str(&r->body)));
    }
    close_site();
}
