/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/blame.h"

#include <stdio.h>

enum { CODE_MAX = 48, TEXT_MAX = 1 << 20 };

struct found {
    char code[CODE_MAX + 1];
    str message;
    int status;
};

/* ---- reading what came */

static bool
is_code(str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        const bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!is_letter && c != '_' && c != '.' && c != '-')
            return false;
    }
    return s.len > 0 && s.len <= CODE_MAX;
}

static void
take_code(struct found *f, str s)
{
    if (!f->code[0])
        snprintf(f->code, sizeof f->code, "%.*s", is_code(s) ? (int)s.len : 1,
                 is_code(s) ? s.at : "?");
}

/* A word, or a number that is a status. */
static void
take_member(struct found *f, const jval *o, const char *name)
{
    const jval v = json_get(o, name);
    int64_t status = 0;
    str s = STR_NONE;
    if (json_type(v) == J_STRING && !json_str(&v, TEXT_MAX, &s).code && s.len)
        take_code(f, s);
    else if (json_type(v) == J_NUMBER && !json_i64(&v, 100, 599, &status).code && !f->status)
        f->status = (int)status;
}

/* OpenAI: {"error":{"message","type","code"}}, also flat; Anthropic: {"type":"error","error":…};
 * AWS: {"__type","message"}. */
static void
read_error(struct found *f, const jval *root)
{
    static const char *const texts[] = {"message", "Message", "detail"};
    const jval inner = json_get(root, "error");
    const jval *o = json_type(inner) == J_OBJECT ? &inner : root;
    take_member(f, o, "code");
    take_member(f, o, "type");
    take_member(f, o, "__type");
    if (json_type(inner) == J_STRING)
        IGNORE(json_str(&inner, TEXT_MAX, &f->message)); /* longer than that says nothing */
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !f->message.len; i++) {
        const jval v = json_get(o, texts[i]);
        if (json_type(v) == J_STRING)
            IGNORE(json_str(&v, TEXT_MAX, &f->message)); /* as above */
    }
}

/* ---- judging it */

static bool
has_word(const char *code, const char *word)
{
    return str_find(str_of(code), str_of(word)) >= 0;
}

static bool
find_nocase(str s, str needle)
{
    for (size_t i = 0; i + needle.len <= s.len; i++)
        if (str_eq_nocase(str_slice(s, i, i + needle.len), needle))
            return true;
    return false;
}

static bool
is_too_long(const struct found *f)
{
    static const char *const phrases[] = {
        "context length", "context window",       "context size",
        "context limit",  "prompt is too long",   "input is too long",
        "too many input", "maximum input length", "context_length"};
    const str head = str_slice(f->message, 0, 4096);
    if (has_word(f->code, "context_length") || has_word(f->code, "context_size"))
        return true;
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (find_nocase(head, str_of(phrases[i])))
            return true;
    return false;
}

/* What a code alone means, where no status came with it. */
static int
status_of_code(const char *code)
{
    static const struct {
        const char *word;
        int status;
    } words[] = {{"context_length", 400},
                 {"exceed_context", 400},
                 {"invalid_request", 400},
                 {"validationException", 400},
                 {"ValidationException", 400},
                 {"BadRequest", 400},
                 {"invalid_", 400},
                 {"authentication", 401},
                 {"permission", 403},
                 {"ccessDenied", 403},
                 {"model_not_found", 404},
                 {"not_found", 404},
                 {"esourceNotFound", 404},
                 {"NotFoundError", 404},
                 {"request_too_large", 413},
                 {"rate_limit", 429},
                 {"hrottling", 429},
                 {"ooManyRequests", 429},
                 {"insufficient_quota", 429}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (has_word(code, words[i].word))
            return words[i].status;
    return 500;
}

static fallible
refuse_input(const struct found *f)
{
    if (is_too_long(f))
        REFUSE(CONTEXT_LENGTH, "",
               "input and requested answer are longer than the model's context");
    REFUSE(ARGUMENT, "", "the model's provider refused a value of the request (its code: %s)",
           f->code[0] ? f->code : "none");
}

static fallible
refuse_load(const struct found *f, uint32_t retry_s)
{
    if (has_word(f->code, "insufficient_quota"))
        FAIL(PROVIDER_LOST, "the provider's quota is used up");
    if (!retry_s)
        REFUSE(BUSY, "", "the model's provider is at its limit");
    const err e =
        err_start_public(ERR_BUSY, "", __FILE__, __LINE__, __func__,
                         "the model's provider is at its limit; try again in %u s", retry_s);
    err_set_retry((uint64_t)retry_s * 1000);
    return e;
}

static fallible
judge(const struct found *f, uint32_t retry_s)
{
    const char *code = f->code[0] ? f->code : "none";
    const int status = f->status ? f->status : status_of_code(f->code);
    switch (status) {
    case 400:
    case 422:
        return refuse_input(f);
    case 401:
    case 402:
    case 403:
        FAIL(PROVIDER_LOST, "the provider does not let us in: status %d, code %s", status, code);
    case 404:
        REFUSE(MODEL_NOT_FOUND, "model", "the provider does not have the model");
    case 413:
        REFUSE(TOO_LARGE, "", "the request is too large for the model's provider");
    case 429:
        return refuse_load(f, retry_s);
    default:
        FAIL(PROVIDER_LOST, "the provider failed: status %d, code %s", status, code);
    }
}

/* ---- the doors */

err
blame_of(arena *a, const struct blame *b)
{
    struct found f = {.status = b->status};
    jval root = {0};
    if (b->code.len)
        take_code(&f, b->code);
    if (!json_read(a, b->body, &root).code && json_type(root) == J_OBJECT)
        read_error(&f, &root);
    else
        f.message = b->body;
    return judge(&f, b->retry_s);
}

bool
blame_is_error(const jval *root)
{
    const jval error = json_get(root, "error"), type = json_get(root, "type");
    const jval object = json_get(root, "object");
    str s = STR_NONE;
    if (error.v)
        return true;
    if (json_type(type) == J_STRING && !json_str(&type, TEXT_MAX, &s).code &&
        str_eq(s, STR("error")))
        return true;
    return json_type(object) == J_STRING && !json_str(&object, TEXT_MAX, &s).code &&
           str_eq(s, STR("error"));
}

err
blame_inside(const jval *root)
{
    struct found f = {0};
    read_error(&f, root);
    return judge(&f, 0);
}
