/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/fates/fates.h"

#include "base/str.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define FIELD(routes, name, fate) {routes, name, fate},

/* The letters of the tables, each with what it stands for. */
enum openai_letter { C = 1, T = 2, E = 4 };
static const struct fates_route openai_routes[] = {
    {C, "chat/completions"}, {T, "completions"}, {E, "embeddings"}};
static const struct read_field openai_fields[] = {
#include "api/openai/fields.def"
};

enum anthropic_letter { M = 1, K = 2 };
static const struct fates_route anthropic_routes[] = {
    {M, "messages"}, {K, "count_tokens"}, {E, "messages/batches"}};
static const struct read_field anthropic_fields[] = {
#include "api/anthropic/fields.def"
};

/* C, E and K of the tables before are 1, 4 and 2; they may stand for other routes here. */
enum bedrock_letter { I = 8, A = 16, P = 32, U = 64, W = 128, X = 256 };
static const struct fates_route bedrock_routes[] = {{C, "Converse, ConverseStream"},
                                                    {K, "CountTokens"},
                                                    {I, "inferenceConfig"},
                                                    {A, "additionalModelRequestFields"},
                                                    {P, "InvokeModel, prompt"},
                                                    {E, "InvokeModel, inputText"},
                                                    {U, "Retrieve"},
                                                    {W, "RetrieveAndGenerate"},
                                                    {X, "vectorSearchConfiguration"}};
static const struct read_field bedrock_fields[] = {
#include "api/bedrock/fields.def"
};

enum ollama_letter { G = 2, V = 8, S = 16, O = 32 };
static const struct fates_route ollama_routes[] = {
    {C, "chat"}, {G, "generate"}, {E, "embed"}, {V, "embeddings"}, {S, "show"}, {O, "in options"}};
static const struct read_field ollama_fields[] = {
#include "api/ollama/fields.def"
};

/* M and A are 1 and 16. */
enum stores_letter { N = 2, F = 4, B = 8, L = 32, Q = 64 };
static const struct fates_route stores_routes[] = {
    {N, "vector_stores"},  {M, "vector_stores/{id}"}, {F, "…/files"}, {A, "…/files/{file}"},
    {B, "…/file_batches"}, {L, "in its files"},       {Q, "…/search"}};
static const struct read_field stores_fields[] = {
#include "api/stores/fields.def"
};
#undef FIELD

#define FIELD(name, fate) {1, name, fate},
static const struct fates_route responses_routes[] = {{1, "responses"}};
static const struct read_field responses_fields[] = {
#include "api/responses/fields.def"
};
#undef FIELD

#define DIALECT(id, name, says)                                                                    \
    {                                                                                              \
        name, says, id##_routes, COUNT(id##_routes), id##_fields, COUNT(id##_fields)               \
    }

static const struct fates_dialect dialects[] = {
    DIALECT(openai, "OpenAI",
            "Below `/v1/`. A field that is not here is refused, unless the whole request can be "
            "passed on as it came to a provider that speaks this dialect itself."),
    DIALECT(responses, "OpenAI Responses", "`POST /v1/responses`."),
    DIALECT(stores, "OpenAI vector stores",
            "Below `/v1/`. What is searched may also be a collection of the installation, by its "
            "name."),
    DIALECT(
        anthropic, "Anthropic",
        "`POST /v1/messages`, `POST /v1/messages/count_tokens` and `POST /v1/messages/batches`."),
    DIALECT(bedrock, "Amazon Bedrock",
            "Below `/model/{modelId}/`; Retrieve below `/knowledgebases/{id}/`. InvokeModel with "
            "`anthropic_version` goes by the table of "
            "Anthropic messages, with `messages` by that of OpenAI chat, both without the fields "
            "that the path says already."),
    DIALECT(ollama, "Ollama",
            "Below `/api/`. A refused option may be sent with the value that asks for nothing."),
};

const struct fates_dialect *
fates_at(size_t i)
{
    return i < COUNT(dialects) ? &dialects[i] : NULL;
}

const char *
fates_name(enum read_fate fate)
{
    static const char *const names[] = {
        [MAPPED] = "mapped", [ACCEPTED] = "accepted", [REFUSED] = "refused"};
    ASSERT(fate < COUNT(names));
    return names[fate];
}

/* A name may be there more than once, for other routes each time: one line shows them all. */
static bool
is_first(const struct fates_dialect *d, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(d->fields[i].name, d->fields[at].name) == 0)
            return false;
    return true;
}

static const struct read_field *
find(const struct fates_dialect *d, const char *name, uint32_t route)
{
    for (size_t i = 0; i < d->field_count; i++)
        if ((d->fields[i].routes & route) && strcmp(d->fields[i].name, name) == 0)
            return &d->fields[i];
    return NULL;
}

static void
put_field(FILE *f, const struct fates_dialect *d, const char *name)
{
    (void)fprintf(f, "| `%s` |", name);
    for (size_t i = 0; i < d->route_count; i++) {
        const struct read_field *field = find(d, name, d->routes[i].bit);
        (void)fprintf(f, " %s |", field ? fates_name(field->fate) : "–");
    }
    (void)fputc('\n', f);
}

static void
put_dialect(FILE *f, const struct fates_dialect *d)
{
    (void)fprintf(f, "\n## %s\n\n%s\n\n| field |", d->name, d->says);
    for (size_t i = 0; i < d->route_count; i++)
        (void)fprintf(f, " %s |", d->routes[i].name);
    (void)fputs("\n|---|", f);
    for (size_t i = 0; i < d->route_count; i++)
        (void)fputs("---|", f);
    (void)fputc('\n', f);
    for (size_t i = 0; i < d->field_count; i++)
        if (is_first(d, i))
            put_field(f, d, d->fields[i].name);
}

void
fates_put(FILE *f)
{
    (void)fputs("# Dialects: every field and what becomes of it\n\n"
                "Printed by `hoheit doc dialects` from the tables the decoders go by; change the "
                "tables, not this.\n\n"
                "- **mapped**: decoded into the canonical conversation, or into how the answer is "
                "written.\n"
                "- **accepted**: read and without effect here: hints and bookkeeping that do not "
                "change the meaning.\n"
                "- **refused**: would change the meaning and is not supported: 400 that names it, "
                "unless it is null, false or empty.\n"
                "- **–**: no field of that route; sent there it is refused as unknown.\n\n"
                "Nothing is dropped in silence; what lies deeper within a field is known or "
                "refused by its path.\n",
                f);
    for (size_t i = 0; i < COUNT(dialects); i++)
        put_dialect(f, &dialects[i]);
}
