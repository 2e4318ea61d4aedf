/* SPDX-License-Identifier: EUPL-1.2 */
/* control.h - what the gate asks of hoheitd, and what hoheitd tells it, over os/ipc.h.
 *
 * The gate may ask for engines and for readers of documents, nothing else: hoheitd picks the
 * program, opens the model file (below models/ of the data directory, by digest) and starts the
 * process.  head.id names a slot,
 * id modulo CONTROL_SLOTS_MAX; it stays the same through restarts and is another one for the next
 * model in the slot, so that what is still said about the last is not taken for it.  Readers have
 * places and ids of their own, likewise modulo CONTROL_READERS_MAX. */
#pragma once
#include <stdint.h>

enum { CONTROL_SLOTS_MAX = 64, CONTROL_FILE_MAX = 80, CONTROL_READERS_MAX = 3 };

enum control_message {
    /* gate to hoheitd */
    CONTROL_READY = 1,    /* no body: the gate serves */
    CONTROL_ENGINE_START, /* struct control_start */
    CONTROL_ENGINE_STOP,  /* no body */
    CONTROL_READER_START, /* no body: a hoheit-reader for one document */
    CONTROL_READER_STOP,  /* no body: it is not waited for any more */
    /* hoheitd to gate */
    CONTROL_ENGINE_UP = 64, /* struct control_up; passes the channel's descriptor */
    CONTROL_ENGINE_DOWN,    /* struct control_down */
    CONTROL_STOP,           /* no body: end gracefully */
    CONTROL_RELOAD,         /* no body; passes a memfd: certificate and key (struct boot_tls) */
    CONTROL_LOG,            /* no body; passes the gate's end of a channel to hoheit-log */
    CONTROL_EGRESS_UP,      /* struct control_up; passes the channel to a new hoheit-egress */
    CONTROL_READER_UP,      /* no body; passes the channel (know/cell/cell.h) */
    CONTROL_READER_DOWN     /* no body: it could not be started */
};

enum control_engine { CONTROL_TOY, CONTROL_LLAMA };

struct control_start {
    uint32_t engine; /* enum control_engine */
    uint32_t is_embedder;
    uint32_t context_tokens, sequences_max, threads, step_tokens_max, queue_max;
    uint32_t token_ms; /* toy: time per token */
    uint64_t memory_bytes_max;
    char file[CONTROL_FILE_MAX];    /* "<sha256>.gguf"; empty for the toy */
    char adapter[CONTROL_FILE_MAX]; /* the same; empty: none */
    uint32_t is_projector;          /* `adapter` is one */
    uint32_t zero;
};

struct control_up {
    uint32_t pid;
    uint32_t restarts;
};

struct control_down {
    int32_t status;    /* as waitpid gives it; -1: could not be started */
    uint32_t code;     /* enum err_code of why it could not be started; 0: it ended */
    uint64_t again_ms; /* it is started again after so long; UINT64_MAX: never */
};
