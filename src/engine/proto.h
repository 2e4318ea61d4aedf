/* SPDX-License-Identifier: EUPL-1.2 */
/* proto.h - what the gate and an engine process say to each other over os/ipc.h.
 *
 * Fixed structs, one build at both ends: the hello carries ENGINE_PROTO and the build.  A request
 * is one SUBMIT; the engine answers with TEXT (or VECTOR) messages and ends each of its n answers
 * with DONE, or the whole request with FAILED.  CANCEL makes it end with finish CANCELLED within
 * one step.  The engine trusts nothing the gate sends beyond its form; the gate trusts nothing
 * the engine sends: every length is checked on both sides. */
#pragma once
#include <stdint.h>

#include "base/buf.h"

enum {
    ENGINE_IMAGE_SIDE_MAX = 32768,
    ENGINE_PROTO = 7,
    ENGINE_NAME_MAX = 64,
    ENGINE_SEQUENCES_MAX = 256,
    ENGINE_ANSWERS_MAX = 128,  /* n of one request */
    ENGINE_INPUTS_MAX = 65536, /* texts of one embedding request */
    ENGINE_DIMS_MAX = 65536,
    ENGINE_LOGPROBS_MAX = 4096 /* entries of one TEXT */
};

enum engine_message {
    /* gate to engine */
    ENGINE_SUBMIT = 1, /* struct engine_submit; tail: sections */
    ENGINE_CANCEL,     /* no body; head.id */
    ENGINE_ASK_STATS,
    /* engine to gate */
    ENGINE_HELLO = 64, /* struct engine_hello, once, when the model is loaded */
    ENGINE_LOADING,    /* struct engine_loading, now and then before the hello */
    ENGINE_TEXT,       /* struct engine_text; tail: text, then logprobs */
    ENGINE_VECTOR,     /* struct engine_vector; tail: dims × float */
    ENGINE_DONE,       /* struct engine_done */
    ENGINE_FAILED,     /* struct engine_failed: the whole request is over */
    ENGINE_STATS       /* struct engine_stats */
};

enum engine_kind { ENGINE_CHAT, ENGINE_COMPLETE, ENGINE_EMBED, ENGINE_TOKENIZE };

/* Parts of SUBMIT's tail, one after the other, lengths in the struct. */
enum engine_section {
    SECTION_PROMPT,  /* chat, and tokenize with is_chat: conv_put_messages JSON, with the tools
                      * offered; complete, tokenize: raw text; embed: texts, each a uint32_t length
                      * and its bytes */
    SECTION_STOPS,   /* texts, each a uint32_t length and its bytes */
    SECTION_BIAS,    /* struct conv_bias, unaligned */
    SECTION_GRAMMAR, /* GBNF (engine/gbnf.h) that every answer belongs to; empty: any */
    SECTION_IMAGES,  /* for each mark in the prompt's messages, in their order: struct engine_image
                      * and its pixels */
    SECTION_COUNT
};

struct engine_image { /* unaligned; then height × width × (red, green, blue) */
    uint32_t width, height;
};

struct engine_submit {
    uint32_t kind; /* enum engine_kind */
    uint32_t n, tokens_max, top_k, top_logprobs, dimensions;
    float temperature, top_p, min_p, presence, frequency, repeat;
    uint64_t seed;
    uint64_t section_len[SECTION_COUNT];
    uint8_t logprobs, json_object, echo, ignore_eos;
    uint8_t has_seed; /* 0: nobody chose one, the backend does */
    uint8_t is_chat;  /* tokenize: the prompt is a chat's, to be counted as the model is shown it */
    uint8_t wipes;    /* as the three below: struct conv_service */
    uint8_t zero;
    uint32_t class, weight;
    uint64_t tenant;
    uint8_t scope[32];
};

struct engine_hello {
    uint32_t proto;
    uint32_t context_tokens; /* of one sequence */
    uint32_t sequences_max;
    uint32_t embedding_dims; /* 0: cannot embed */
    uint32_t vocabulary;
    uint8_t can_chat, can_embed, can_see, zero;
    uint64_t memory_bytes;        /* the most resident up to now */
    char engine[ENGINE_NAME_MAX]; /* "llama.cpp v0.5.0", "toy" */
};

struct engine_loading {
    float progress; /* 0 … 1 */
};

struct engine_text {
    uint32_t index;                        /* which of the n answers */
    uint32_t token_count;                  /* tokens this text stands for */
    uint32_t text_len;                     /* bytes of whole UTF-8 characters at the tail's start */
    uint32_t logprob_count;                /* entries behind the text: struct engine_logprob each */
    uint32_t prompt_tokens, cached_tokens; /* of the request */
};

/* One token: this struct, `text_len` bytes, then `top_count` × (struct engine_top, bytes).
 * Unaligned; read with memcpy. */
struct engine_logprob {
    float logprob;
    uint16_t text_len, top_count;
};
struct engine_top {
    float logprob;
    uint16_t text_len, zero;
};

struct engine_vector {
    uint32_t index, dims;
};

enum engine_finish {
    FINISH_STOP,
    FINISH_LENGTH,
    FINISH_CANCELLED,
    /* never on the channel: seen by whoever puts the parts together */
    FINISH_CALLS, /* the answer ended with tool calls */
    FINISH_FILTER /* a provider or a guardrail cut it */
};

struct engine_done {
    uint32_t index;
    uint32_t finish;        /* enum engine_finish, up to CANCELLED */
    uint32_t stop;          /* 1 + which stop string matched; 0: none */
    uint32_t prompt_tokens; /* counted once per request: the same in each DONE */
    uint32_t cached_tokens;
    uint32_t output_tokens; /* of this answer */
    uint32_t is_last;       /* the request is over */
    uint32_t guessed;       /* tokens guessed for this answer, and those that were right */
    uint32_t guessed_right;
    uint32_t zero;
    uint64_t queued_us, prefill_us, decode_us;
};

struct engine_failed {
    uint32_t code; /* enum err_code: CONTEXT_LENGTH, ARGUMENT, UNSUPPORTED, BUSY, INTERNAL … */
    uint32_t zero;
    uint64_t have, limit; /* CONTEXT_LENGTH: tokens of the input, and the context */
};

struct engine_stats {
    uint64_t running, waiting, steps, tokens_in, tokens_out, cells_used, cells, resident_bytes;
    uint64_t guessed, guessed_right;
};

/* Takes the next length-prefixed text off a section; false at its end or when malformed
 * (then rest->at is NULL). */
bool section_next(str *rest, str *ret);
/* Adds one; its length must be below 4 GiB. */
void section_put(buf *b, str text);
