/* SPDX-License-Identifier: EUPL-1.2 */
/* hear.h - a provider's answer, taken apart as it comes: bytes in, the hooks of an engine out.
 *
 * Pure: no clock, no socket.  Any split of the bytes gives the same pieces.  Three forms: a stream
 * of server-sent events, a stream of Amazon's events, one JSON text (for servers that do not
 * stream, and for vectors).
 *
 * The rules every dialect's reader keeps through hear_text, hear_call, hear_arguments and
 * hear_finish: an index below n; nothing of an answer after its end; one end for each answer; a
 * call has its name before its arguments; a call whose arguments are empty got "{}"; nothing after
 * the end of all.  Ends are kept back until hear_end, for usage comes after them.
 *
 * A failure is final: the caller tells it, and calls nothing but hear_done. */
#pragma once
#include "base/json.h"
#include "engine/remote/remote.h"
#include "net/aws/eventstream.h"
#include "net/sse.h"

enum { HEAR_EVENT_BYTES_MAX = 1 << 20, HEAR_WHOLE_BYTES_MAX = 64 << 20, HEAR_NAME_MAX = 256 };

enum hear_form { HEAR_SSE, HEAR_AWS, HEAR_JSON, HEAR_FORMS };

struct hear_spec {
    enum remote_dialect dialect;
    enum engine_kind kind; /* CHAT, COMPLETE, EMBED */
    uint32_t n;            /* answers */
    uint32_t inputs, dims; /* EMBED; dims 0: the model's own */
    bool has_logprobs;
    uint32_t top_max;
    const str *stops; /* they outlive it */
    size_t stop_count;
    label label; /* of the answer */
};

struct hear_call {
    uint64_t id_hash;
    uint32_t key; /* the provider's number for it */
    buf id;       /* while the name is missing */
    bool is_named, has_arguments;
};

struct hear_name {
    uint32_t key;
    str id, name;
};

struct hear_choice {
    bool is_finished, is_refused;
    enum engine_finish finish;
    uint32_t stop, pieces;
    struct hear_call *calls;
    uint32_t call_count, call_room;
};

struct hear_usage {
    bool is_known;
    uint32_t prompt, cached, output;
};

struct hear {
    struct hear_spec spec;
    struct engine_hooks hooks;
    enum hear_form form;
    bool is_over;   /* nobody listens any more */
    bool has_begun; /* a stream of blocks: its start came */
    bool is_ended;  /* the dialect's own word for the end came */
    bool is_blamed; /* the failure is one the provider named, and may be passed on as it is */
    err failure;
    struct err_kept kept;
    arena *a; /* for one event */
    sse_reader sse;
    eventstream_reader aws;
    buf whole;
    struct hear_choice *choices;
    uint32_t finished; /* answers */
    struct hear_usage usage;
    /* A stream of blocks: the one that is open. */
    bool has_block;
    uint32_t block, block_call;
    uint8_t block_type;
    uint64_t prefill_us, decode_us; /* the caller's, for the usage */
};

/* LIMIT; then hear_done is still fine.  on_text may be NULL for EMBED, on_vector for the others. */
fallible hear_init(struct hear *h, const struct hear_spec *s, struct engine_hooks hooks);
void hear_done(struct hear *h);
/* Before the first byte. */
void hear_open(struct hear *h, enum hear_form form);
/* PROVIDER_LOST, or what the provider itself blames (blame.h). */
fallible hear_add(struct hear *h, str piece);
/* No byte follows.  PROVIDER_LOST when the answer is not whole; else its ends are told. */
fallible hear_end(struct hear *h);
/* Did everything come, though the stream may not have ended? */
bool hear_is_whole(const struct hear *h);

/* ---- for the dialects' readers */
fallible hear_openai_event(struct hear *h, str event, str data);
fallible hear_openai_whole(struct hear *h, const jval *root);
fallible hear_embed_whole(struct hear *h, const jval *root);
fallible hear_anthropic_event(struct hear *h, str event, str data);
fallible hear_anthropic_whole(struct hear *h, const jval *root);
fallible hear_bedrock_event(struct hear *h, const struct eventstream_message *m);
fallible hear_bedrock_whole(struct hear *h, const jval *root);

/* The JSON text of one event as an object; lives until the next. */
fallible hear_json(struct hear *h, str text, jval *ret);
/* A text that may be empty (then nothing is told unless it has logprobs). */
fallible hear_text(struct hear *h, uint32_t index, const struct engine_piece *p, str text);
fallible hear_plain(struct hear *h, uint32_t index, enum engine_part part, str text);
/* More of, or the first of, the call the provider knows by `key` and `id` (may be empty, as may the
 * name if it came before). */
fallible hear_call(struct hear *h, uint32_t index, const struct hear_name *n, uint32_t *ret);
fallible hear_arguments(struct hear *h, uint32_t index, uint32_t call, str piece);
/* "{}" for a call without any. */
fallible hear_close_call(struct hear *h, uint32_t index, uint32_t call);
fallible hear_finish(struct hear *h, uint32_t index, enum engine_finish finish, str stop);
/* 1 + which of spec.stops; 0: none. */
uint32_t hear_stop_of(const struct hear *h, str stop);
/* What OpenAI's dialect says of usage and ends; also for answers that are passed through. */
fallible hear_openai_usage(const jval *root, struct hear_usage *ret);
fallible hear_openai_finish(str word, enum engine_finish *ret);
/* A member that counts tokens; left alone when absent. */
fallible hear_count(const jval *o, const char *name, uint32_t *ret);
