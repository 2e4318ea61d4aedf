/* SPDX-License-Identifier: EUPL-1.2 */
/* answer.h - one call of a model on its way through the gate and back, whatever the shape of its
 * answer: the hooks, the order of events, errors before and within a stream.
 *
 * A shape is a table of functions over parts (struct shape).  Streamed, it writes messages of the
 * event stream into `out`, which is sent after each part; what closes the answer waits for on_end,
 * because the completion record must be durable before the last frame leaves. */
#pragma once
#include "api/bedrock/bedrock.h"
#include "api/bedrock/decode.h"

struct answer;

struct shape {
    fallible (*add)(struct answer *w, const struct engine_piece *p, str text);
    fallible (*end)(struct answer *w, const struct engine_usage *u);
    /* Streamed: the last events into w->out; whole: the body into `b`. */
    fallible (*finish)(struct answer *w, buf *b);
    void (*done)(struct answer *w);
    /* Embeddings; NULL: none come. */
    void (*vector)(struct answer *w, uint32_t index, const float *values, size_t dims);
    /* What a guardrail forbids is an answer, not an error: `end` is called with the rule. */
    bool says_blocked;
    bool counts; /* numbers of tokens and times stand in the head, too: InvokeModel */
};

struct answer {
    struct api_call *call;
    const struct shape *shape;
    void *state; /* the shape's */
    struct bedrock_ask ask;
    enum op op;
    enum engine_kind kind;
    bool is_stream;
    bool is_refused;              /* what was asked is what a guardrail forbids */
    bool is_guarded, wants_trace; /* InvokeModel: a guardrail was named; what it found is wanted */
    const struct guardrail *blocked; /* the one that forbade what was asked or answered */
    buf out;
    str model, label_text;
    uint32_t input_tokens, output_tokens;
    uint64_t first_us;       /* clock of the first part; 0: none came */
    struct err_kept failure; /* of a part: nothing more is sent until the error in on_end */
};

/* In the call's arena; the model is the one of the path. */
struct answer *answer_new(struct api_call *c, bool is_stream);
/* Decoded: through the gate. */
fallible answer_run(struct answer *w);
/* Since the request had come. */
uint64_t answer_latency_ms(const struct answer *w);
/* Bytes that an answer may hold in memory. */
size_t answer_bytes_max(const struct answer *w);
/* Request id without its prefix. */
str answer_id(const struct answer *w);
/* ,"amazon-bedrock-invocationMetrics":{…} */
void answer_put_metrics(const struct answer *w, buf *b);
/* ,"amazon-bedrock-guardrailAction":… and, where it is wanted, amazon-bedrock-trace; nothing where
 * no guardrail was named and none intervened. */
void answer_put_guardrail(const struct answer *w, buf *b);
/* Adds a chunk of InvokeModelWithResponseStream that carries `json` to w->out. */
void answer_put_chunk(struct answer *w, str json);
/* Ends a stream that was begun with this exception. */
void answer_fail_stream(struct api_call *c, const char *exception, err e);
