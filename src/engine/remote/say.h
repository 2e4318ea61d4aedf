/* SPDX-License-Identifier: EUPL-1.2 */
/* say.h - a conversation as a provider's dialect has it.
 *
 * Pure: text into a buf, against the grant, before anything is sent.  A parameter at its default is
 * not written, so that the provider's own default holds, as for a client that asks it directly.
 * What a dialect has no word for is UNSUPPORTED with the field's name, as the client knows it from
 * OpenAI's API.  The mapping, where it is not plain:
 *
 *   Anthropic, Bedrock   system messages at the start become "system", later ones keep their place
 *                        with the role "system"; messages that follow one another in one role
 *                        become blocks of one; results of tools are blocks of the user; ids of
 *                        calls with other characters than the dialect's get another name, the same
 *                        in call and result; temperature above 1 is 1
 *   Anthropic            max_tokens is always there
 *   all                  a tool message's own name is not sent: its call's id says it
 *   response_format      a schema by OpenAI's json_schema, Anthropic's output_config, Bedrock's
 *                        outputConfig; its name is bookkeeping */
#pragma once
#include "base/json.h"
#include "engine/remote/remote.h"

enum { SAY_TOKENS_DEFAULT = 4096, SAY_BYTES_MAX = 256 << 20 };

struct say {
    enum engine_kind kind;
    const struct conv *c;
    const grant *g;
    const struct remote_target *t;
};

/* The request of any dialect: the body, and the path below the provider's base. */
fallible say_body(const struct say *s, buf *b);
fallible say_path(const struct remote_target *t, enum engine_kind kind, buf *path);

fallible say_openai(const struct say *s, buf *b);
fallible say_anthropic(const struct say *s, buf *b);
fallible say_bedrock(const struct say *s, buf *b);

/* ---- for dialects whose messages are made of blocks */
struct say_call {
    str id, name, arguments; /* a JSON object's text */
};

struct say_tool {
    str name, description;
    jval parameters; /* absent: none */
    bool strict;
};

typedef VEC(struct say_tool) say_tools;

struct say_blocks {
    size_t id_max;
    const char *id_more; /* characters an id may have besides letters, digits, '_' and '-' */
    void (*put_text)(buf *b, str text);
    void (*put_image)(buf *b, enum conv_image_form form, str bytes);
    void (*put_call)(buf *b, const struct say_call *c);
    void (*put_result)(buf *b, str id, str text);
};

/* "system":[…],"messages":[…] */
fallible say_messages(const struct say *s, const struct say_blocks *how, arena *a, buf *b);
/* conv->tools.json; the values live in the arena. */
fallible say_read_tools(const struct say *s, arena *a, say_tools *ret);
/* UNSUPPORTED for each parameter that only OpenAI's dialect has. */
fallible say_check_params(const struct say *s);
void say_put_stops(const struct conv *c, const char *name, buf *b);
/* A schema, or {"type":"object","properties":{}} for none. */
void say_put_schema(const jval *parameters, buf *b);
