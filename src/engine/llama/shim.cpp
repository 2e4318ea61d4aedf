/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/shim.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <jinja/caps.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <json.h>
#include <llama.h>
#include <mtmd.h>

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

/* Strings of tools and calls reach the prompt through the filter `tojson`, which forgets where they
 * came from.  So those that could be read as a control token are fenced with two characters that
 * Unicode leaves to programs; when the prompt is taken apart, what is fenced is input. */
const char fence_open[] = "\xEF\xB7\x90", fence_close[] = "\xEF\xB7\x91"; /* U+FDD0, U+FDD1 */

void
drop_all(std::string &s, const std::string &what)
{
    for (size_t at = s.find(what); at != std::string::npos; at = s.find(what, at))
        s.erase(at, what.size());
}

/* Control tokens of all families begin with one of these. */
std::string
fenced(std::string s)
{
    drop_all(s, fence_open);
    drop_all(s, fence_close);
    if (s.find_first_of("<[") == std::string::npos && s.find("\xEF\xBD\x9C") == std::string::npos)
        return s;
    return fence_open + s + fence_close;
}

json
fence(const json &v)
{
    if (v.is_string())
        return json(fenced(v.get<std::string>()));
    if (v.is_array()) {
        json list = json::array();
        for (const json &item : v)
            list.push_back(fence(item));
        return list;
    }
    if (!v.is_object())
        return v;
    json object = json::object();
    for (auto it = v.begin(); it != v.end(); ++it)
        object[fenced(it.key())] = fence(it.value());
    return object;
}

/* For templates that know no tools: the form most models have seen. */
std::string
describe_tools(const json &tools)
{
    std::string text = "You may call one or more of these functions:\n<tools>\n";
    for (const json &tool : tools)
        text += tool.dump() + "\n";
    return text + "</tools>\nFor each call write a JSON object within tags:\n<tool_call>\n"
                  "{\"name\": NAME, \"arguments\": OBJECT}\n</tool_call>";
}

void
tell_tools(json &messages, const json &tools)
{
    const std::string text = describe_tools(tools);
    json first = json::object({{"role", "system"}, {"content", text}});
    size_t from = 0;
    if (messages.size() && messages.front().at("role") == "system") {
        first["content"] = messages.front().value("content", "") + "\n\n" + text;
        from = 1;
    }
    json list = json::array();
    list.push_back(first);
    for (size_t i = from; i < messages.size(); i++)
        list.push_back(messages.at(i));
    messages = list;
}

/* Calls and what came back, as text of the two who speak. */
void
tell_turn(json &message)
{
    if (message.at("role") == "tool") {
        const std::string text = message.value("content", "");
        message["role"] = "user";
        message["content"] = "<tool_response>\n" + text + "\n</tool_response>";
        message.erase("tool_call_id");
    }
    if (!message.contains("tool_calls"))
        return;
    std::string text = message.value("content", "");
    for (const json &call : message.at("tool_calls")) {
        const json &f = call.at("function");
        text += (text.empty() ? "" : "\n") + std::string("<tool_call>\n{\"name\": ") +
                f.at("name").dump() + ", \"arguments\": " + f.at("arguments").get<std::string>() +
                "}\n</tool_call>";
    }
    message["content"] = text;
    message.erase("tool_calls");
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
    if (!caps.supports_tool_calls)
        tell_turn(message);
    if (caps.supports_object_arguments)
        read_tool_arguments(message);
    if (message.contains("tool_calls"))
        message["tool_calls"] = fence(message.at("tool_calls"));
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
set_variables(jinja::context &ctx, const shim_template &t, json &request)
{
    json &messages = request.at("messages");
    if (request.contains("tools") && !t.caps.supports_tools)
        tell_tools(messages, request.at("tools"));
    else if (request.contains("tools"))
        jinja::global_from_json(ctx, json::object({{"tools", fence(request.at("tools"))}}), false);
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

struct prompt {
    std::string text;
    std::vector<shim_part> parts;

    void
    add(const std::string &more, bool is_input)
    {
        if (more.empty())
            return;
        text += more;
        if (!parts.empty() && parts.back().is_input == is_input)
            parts.back().len += more.size();
        else
            parts.push_back({more.size(), is_input});
    }
};

/* Where the next fence stands, and how long it is: as it is, or as JSON in ASCII has it. */
size_t
find_fence(const std::string &s, size_t from, size_t *ret_len, bool *ret_opens)
{
    static const struct {
        std::string mark;
        bool opens;
    } fences[] = {{fence_open, true}, {fence_close, false}, {"\\ufdd0", true}, {"\\ufdd1", false}};
    size_t first = std::string::npos;
    for (const auto &f : fences) {
        const size_t at = s.find(f.mark, from);
        if (at < first) {
            first = at;
            *ret_len = f.mark.size();
            *ret_opens = f.opens;
        }
    }
    return first;
}

void
add_unfenced(const std::string &s, bool is_input, prompt &p)
{
    size_t from = 0, len = 0;
    bool is_inside = false, opens = false;
    for (;;) {
        const size_t at = find_fence(s, from, &len, &opens);
        p.add(s.substr(from, at == std::string::npos ? at : at - from), is_input || is_inside);
        if (at == std::string::npos)
            return;
        is_inside = opens;
        from = at + len;
    }
}

void
copy_out(const jinja::string &from, shim_prompt *ret)
{
    prompt whole;
    for (const auto &part : from.parts)
        add_unfenced(part.val, part.is_input, whole);
    shim_prompt p = {};
    p.text = static_cast<char *>(malloc(whole.text.size() + 1));
    p.parts = static_cast<shim_part *>(calloc(whole.parts.size() + 1, sizeof *p.parts));
    if (!p.text || !p.parts) {
        shim_prompt_done(&p);
        throw std::bad_alloc();
    }
    memcpy(p.text, whole.text.c_str(), whole.text.size() + 1);
    p.len = whole.text.size();
    for (const shim_part &part : whole.parts)
        p.parts[p.count++] = part;
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
            set_variables(ctx, *t, request);
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

shim_status
shim_grammar_new(const llama_vocab *v, const char *grammar, llama_sampler **ret)
{
    return contained(
        [&] {
            *ret = llama_sampler_init_grammar(v, grammar, "root");
            return *ret ? SHIM_OK : SHIM_REFUSED;
        },
        nullptr, 0);
}

shim_status
shim_grammar_filter(llama_sampler *g, llama_token_data_array *tokens)
{
    return contained(
        [&] {
            llama_sampler_apply(g, tokens);
            return SHIM_OK;
        },
        nullptr, 0);
}

shim_status
shim_grammar_accept(llama_sampler *g, int32_t token)
{
    return contained(
        [&] {
            llama_sampler_accept(g, token);
            return SHIM_OK;
        },
        nullptr, 0);
}

shim_status
shim_image(mtmd_context *c, const uint8_t *rgb, uint32_t width, uint32_t height,
           mtmd_input_chunks **ret)
{
    return contained(
        [&] {
            const std::unique_ptr<mtmd_bitmap, void (*)(mtmd_bitmap *)> bitmap(
                mtmd_bitmap_init(width, height, rgb), mtmd_bitmap_free);
            std::unique_ptr<mtmd_input_chunks, void (*)(mtmd_input_chunks *)> chunks(
                mtmd_input_chunks_init(), mtmd_input_chunks_free);
            const mtmd_input_part part = {nullptr, bitmap.get()};
            const mtmd_input_part *const parts[] = {&part};
            if (mtmd_tokenize_from_parts(c, chunks.get(), parts, 1, false) != 0)
                return SHIM_REFUSED;
            *ret = chunks.release();
            return SHIM_OK;
        },
        nullptr, 0);
}
