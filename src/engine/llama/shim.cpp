/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/shim.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include <jinja/caps.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <json.h>
#include <llama.h>

using json = common_json;

struct shim_template {
    jinja::program program;
    std::string source, bos, eos;
    jinja::caps caps;
};

namespace
{

/* Runs `body`, which returns a status; no exception passes. */
template <typename F>
shim_status
contained(F body, char *why, size_t why_len)
{
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return SHIM_MEMORY;
    } catch (const std::exception &e) {
        if (why)
            snprintf(why, why_len, "%s", e.what());
    } catch (...) {
        if (why)
            snprintf(why, why_len, "an exception without a text");
    }
    return SHIM_REFUSED;
}

/* Templates that know no system role get its text before the first message. */
void
merge_system_message(json &messages)
{
    if (messages.size() < 2 || messages.front().at("role") != "system")
        return;
    const std::string system = messages.front().at("content");
    messages.erase(0);
    json &first = messages.front();
    first["content"] = system + "\n" + first.value("content", "");
}

/* Arguments come as JSON text; templates that walk them want the value. */
void
read_tool_arguments(json &message)
{
    if (!message.contains("tool_calls"))
        return;
    for (json &call : message["tool_calls"]) {
        if (!call.contains("function") || !call["function"].contains("arguments"))
            continue;
        json &arguments = call["function"]["arguments"];
        if (!arguments.is_string())
            continue;
        json value = json::parse_no_throw(arguments);
        if (!value.is_discarded())
            arguments = value;
    }
}

void
fit_message(json &message, const jinja::caps &caps)
{
    if (message.contains("tool_calls") &&
        (!message.contains("content") || message.at("content").is_null()))
        message["content"] = "";
    if (caps.supports_object_arguments)
        read_tool_arguments(message);
    if (caps.supports_typed_content && !caps.supports_string_content &&
        message.value("content", json()).is_string()) {
        const std::string text = message.at("content");
        message["content"] = json::array({json::object({{"type", "text"}, {"text", text}})});
    }
}

/* The role is one of four words of ours; templates build control tokens out of it. */
jinja::value
message_value(const json &message)
{
    jinja::context fields;
    jinja::global_from_json(fields, message, true);
    auto object = jinja::mk_val<jinja::value_object>();
    for (auto it = message.begin(); it != message.end(); ++it) {
        const std::string key = it.key();
        if (key == "role")
            object->insert(key,
                           jinja::mk_val<jinja::value_string>(message.at(key).get<std::string>()));
        else
            object->insert(key, fields.get_val(key));
    }
    return object;
}

void
set_variables(jinja::context &ctx, const shim_template &t, json &messages)
{
    if (!t.caps.supports_system_role)
        merge_system_message(messages);
    auto list = jinja::mk_val<jinja::value_array>();
    for (json &message : messages) {
        fit_message(message, t.caps);
        list->push_back(message_value(message));
    }
    ctx.set_val("messages", list);
    jinja::global_from_json(ctx,
                            json::object({{"bos_token", t.bos},
                                          {"eos_token", t.eos},
                                          {"enable_thinking", true},
                                          {"add_generation_prompt", true}}),
                            false);
}

void
copy_out(const jinja::string &from, shim_prompt *ret)
{
    const std::string text = from.str();
    shim_prompt p = {};
    p.text = static_cast<char *>(malloc(text.size() + 1));
    p.parts = static_cast<shim_part *>(calloc(from.parts.size() + 1, sizeof *p.parts));
    if (!p.text || !p.parts) {
        shim_prompt_done(&p);
        throw std::bad_alloc();
    }
    memcpy(p.text, text.c_str(), text.size() + 1);
    p.len = text.size();
    for (const auto &part : from.parts)
        p.parts[p.count++] = {part.val.size(), part.is_input};
    *ret = p;
}

} // namespace

shim_status
shim_template_new(const char *source, size_t len, const char *bos, const char *eos,
                  shim_template **ret, char *why, size_t why_len)
{
    return contained(
        [&] {
            std::unique_ptr<shim_template> t(new shim_template());
            const jinja::lexer_result tokens = jinja::lexer().tokenize(std::string(source, len));
            t->program = jinja::parse_from_tokens(tokens);
            t->source = tokens.source;
            t->bos = bos;
            t->eos = eos;
            t->caps = jinja::caps_get(t->program);
            *ret = t.release();
            return SHIM_OK;
        },
        why, why_len);
}

void
shim_template_free(shim_template *t)
{
    delete t;
}

shim_status
shim_template_render(const shim_template *t, const char *messages, size_t len, shim_prompt *ret)
{
    return contained(
        [&] {
            json request = json::parse(std::string(messages, len));
            jinja::context ctx(t->source);
            set_variables(ctx, *t, request.at("messages"));
            const jinja::value result = jinja::runtime(ctx).execute(t->program);
            copy_out(jinja::runtime::gather_string_parts(result)->as_string(), ret);
            return SHIM_OK;
        },
        nullptr, 0);
}

void
shim_prompt_done(shim_prompt *p)
{
    free(p->text);
    free(p->parts);
    *p = {};
}

int32_t
shim_tokenize(const llama_vocab *v, const char *text, int32_t len, int32_t *tokens,
              int32_t tokens_max, bool add_special, bool parse_special)
{
    try {
        return llama_tokenize(v, text, len, tokens, tokens_max, add_special, parse_special);
    } catch (...) {
        return INT32_MIN;
    }
}

int32_t
shim_piece(const llama_vocab *v, int32_t token, char *room, int32_t room_len, bool special)
{
    try {
        return llama_token_to_piece(v, token, room, room_len, 0, special);
    } catch (...) {
        return INT32_MIN;
    }
}
