/* SPDX-License-Identifier: EUPL-1.2 */
/* conv.h - the canonical conversation: what every dialect decodes into and every engine is given.
 *
 * Plain structs in the request's arena; each message is content with its own label, and the
 * label of the whole is the join.  A field no engine understands yet is refused by the dialect,
 * never dropped.  Numbers are checked by the dialect against the bounds here. */
#pragma once
#include "base/vec.h"
#include "policy/content.h"

enum conv_role { CONV_SYSTEM, CONV_USER, CONV_ASSISTANT, CONV_TOOL };

enum conv_image_form { CONV_PNG, CONV_JPEG, CONV_IMAGE_FORMS };

enum {
    CONV_IMAGES_MAX = 16, /* of one conversation */
    CONV_IMAGE_BYTES_MAX = 16 * 1024 * 1024,
    CONV_IMAGE_TOKENS_MAX = 4096 /* no engine of ours makes more of one image */
};

/* An image in a message.  What it shows nobody looks into but the model: detectors and guardrails
 * see texts. */
struct conv_image {
    size_t at; /* it stands before this byte of the message's text */
    enum conv_image_form form;
    content bytes;          /* as they came, not decoded */
    str place;              /* in the request, for refusals: "messages[0].content[1]" */
    content pixels;         /* RGB, row by row; empty until the gate had it decoded */
    uint32_t width, height; /* of the pixels */
};

typedef VEC(struct conv_image) conv_images;

struct conv_message {
    enum conv_role role;
    content text;   /* parts of type text, joined */
    str name;       /* optional speaker */
    str tool_calls; /* assistant: JSON array in OpenAI's shape, as it came; empty: none */
    str tool_call_id;
    conv_images images; /* in the order of `at` */
};

struct conv_bias {
    int32_t token;
    float bias;
};

enum {
    CONV_STOPS_MAX = 16,
    CONV_STOP_BYTES_MAX = 256,
    CONV_BIAS_MAX = 1024,
    CONV_TOP_LOGPROBS_MAX = 20
};

/* Sampling; the defaults are conv_params_default's. */
struct conv_params {
    double temperature;         /* 0 … 2; 0: greedy */
    double top_p, min_p;        /* 0 … 1 */
    int32_t top_k;              /* 0: off */
    double presence, frequency; /* -2 … 2 */
    double repeat;              /* 1: off */
    uint64_t seed;
    bool has_seed;
    uint32_t tokens_max; /* 0: as many as fit */
    uint32_t n;          /* answers, 1 … */
    bool logprobs;
    uint32_t top_logprobs;
    bool json_object; /* the answer must be one JSON object */
    bool echo;        /* completions: the prompt comes back first */
    bool ignore_eos;  /* benchmarks: write tokens_max tokens */
    str stops[CONV_STOPS_MAX];
    uint32_t stop_count;
    struct conv_bias bias[CONV_BIAS_MAX];
    uint32_t bias_count;
};

/* What the model must do with the tools it is offered.  A named tool is REQUIRED with its name. */
enum conv_tool_choice { CONV_TOOLS_AUTO, CONV_TOOLS_NONE, CONV_TOOLS_REQUIRED };

enum { CONV_TOOLS_MAX = 128, CONV_TOOL_NAME_MAX = 64 };

struct conv_tools {
    str json; /* the array in OpenAI's shape, checked; empty: none are offered */
    str names[CONV_TOOLS_MAX];
    size_t count;
    enum conv_tool_choice choice;
    str name;      /* the one that must be called; empty: any */
    uint32_t most; /* calls in one answer when they are required */
};

/* The form the answer must have. */
struct conv_format {
    str name, schema; /* JSON Schema as it came; empty: none */
    bool strict;
    str grammar; /* GBNF of the answer, made from the schema or the required calls; empty: any */
};

/* Who is served, how; the gate says it, the engine's scheduler goes by it. */
enum conv_class { CONV_CITIZEN, CONV_CLERK, CONV_BATCH };
enum { CONV_SCOPE_BYTES = 32 };

struct conv_service {
    enum conv_class class;
    uint64_t tenant;                 /* opaque: engines learn no names */
    uint32_t weight;                 /* its share; 0: 1 */
    uint8_t scope[CONV_SCOPE_BYTES]; /* prompts are shared only where all of it is equal; all zero:
                                        with nobody */
    bool wipes; /* what it leaves in memory is overwritten, not only given up */
};

struct conv {
    struct conv_service service;
    VEC(struct conv_message) messages; /* chat */
    content prompt;                    /* completions: raw text, no template */
    VEC(content) inputs;               /* embeddings */
    uint32_t dimensions;               /* embeddings: 0 for the model's own */
    struct conv_params params;
    struct conv_tools tools;   /* chat */
    struct conv_format format; /* chat */
    label label;               /* join of all of it */
};

void conv_params_default(struct conv_params *p);
const char *conv_role_name(enum conv_role r);
const char *conv_image_type(enum conv_image_form f); /* "image/png" */
size_t conv_image_count(const struct conv *c);
/* In the order in which the model is shown them; NULL past the end. */
struct conv_image *conv_image_at(const struct conv *c, size_t i);
/* What is said before the image `i`, and behind the last one for i = images.count; without the line
 * end that joined it to the text before the image. */
str conv_text_between(const struct conv_message *m, str text, size_t i);
/* {"messages":[{"role":…,"content":…}]} as template engines take it, with "tools" when the model is
 * to see them; against the grant.  CONV_IMAGE_MARK stands where an image is; in a conversation that
 * has images nobody else's text has one. */
#define CONV_IMAGE_MARK "\xef\xb7\x92" /* U+FDD2, which is no character */
fallible conv_put_messages(const struct conv *c, const grant *g, buf *b);
