/* SPDX-License-Identifier: EUPL-1.2 */
/* proto.h - what is said to hoheit-log and what it says, over os/ipc.h.  Fixed layout, one build at
 * all ends.
 *
 * The gate numbers its entries and sends them in batches; each is answered by ranges of numbers
 * (DONE) once it is durable or has failed.  It can append and read, nothing else.
 *
 * A channel begins with ATTACH and ATTACHED.  When hoheit-log died, entries may be durable whose
 * DONE was never heard.  So the gate says in ATTACH which record was the last it heard of, and
 * sends again all that is open, in order; what lies in the file behind that record is answered at
 * once and not written twice (desk.h).
 *
 * hoheitd holds the signing key.  It signs a head only with the proof that the tree begins with the
 * one signed last (super/signer.h). */
#pragma once
#include <stdint.h>

enum {
    LOG_VERSION = 2,
    LOG_WHAT_MAX = 128,
    LOG_REASON_MAX = 256,
    LOG_PROOF_MAX = 64,
    LOG_NOTE_MAX = 1024,
    LOG_KEY_MAX = 256,
    LOG_BATCH_BYTES_MAX = 32 * 1024 * 1024,
    LOG_ANSWER_BYTES_MAX = 40 * 1024 * 1024
};

enum log_message {
    /* gate to log */
    LOG_ATTACH = 1, /* struct log_attach */
    LOG_APPEND,     /* struct log_append; tail: the entries (entry.h) */
    LOG_READ,       /* struct log_read, for some with a tail; head.id names the question */
    /* log to gate */
    LOG_ATTACHED = 64, /* struct log_attached */
    LOG_DONE,          /* struct log_done */
    LOG_ANSWER,        /* struct log_answer; tail: what was asked for */
    /* hoheitd to log */
    LOG_CLIENT = 128, /* no body; passes the log's end of a gate's channel */
    LOG_EVENT,        /* struct log_event: what hoheitd saw goes on record */
    LOG_STOP,         /* no body: nothing more comes; have all signed and end */
    LOG_SIGNED,       /* struct log_signed: the answer to each SIGN */
    /* log to hoheitd */
    LOG_READY = 192, /* no body: the log is open */
    LOG_GARBLED,     /* no body: the gate broke the protocol */
    LOG_ALONE,       /* no body: the gate's channel has ended */
    LOG_SIGN         /* struct log_sign */
};

struct log_attach {
    uint32_t version;
    uint32_t has_seq; /* 0: a gate that has nothing open */
    uint64_t seq;     /* of the last record this gate heard of */
    uint64_t open_to; /* the number of its last entry that is open; those are sent again */
};

struct log_attached {
    uint64_t seq; /* of the last record that is durable */
};

struct log_append {
    uint64_t first; /* the number of the first entry; the others follow */
    uint32_t count, unused;
};

struct log_done {
    uint64_t first, count;
    uint64_t seq; /* what is open lies behind this record, if it is durable at all */
    uint64_t took_us;
    uint32_t code; /* enum err_code */
    uint32_t unused;
    char reason[LOG_REASON_MAX];
};

enum log_what {
    LOG_FIND,   /* the records of request `what`, a line each */
    LOG_TAIL,   /* the last `count` records */
    LOG_PROVE,  /* checkpoint and proofs of inclusion for request `what`: one JSON object */
    LOG_FILE,   /* "checkpoint", a tile by its path (tiles.h), or for witnesses (cosign.h)
                 * "cosigned/ID" and "add-checkpoint/SIZE" */
    LOG_COSIGN, /* takes in the tail, a checkpoint that witnesses signed: one JSON object */
    LOG_QUERY,  /* the last `count` records that the tail (struct log_query) asks for:
                 * {"records":[…],"complete":bool} */
    LOG_ALARM,  /* does an alarm about witnesses stand?  {"alarm":bool,"record":{…}} */
    LOG_PRUNE,  /* what may go of what is older than `what` (ms since 1970), prune/prune.h */
    LOG_CUT     /* prunes as the record of request `what` decided */
};

/* Texts end with a NUL. */
struct log_query {
    char field[16]; /* "request", … (catalog/terms.h); "": any record */
    char value[512];
    char since[32], until[32];
};

struct log_read {
    uint32_t kind; /* enum log_what */
    uint32_t count;
    char what[LOG_WHAT_MAX];
};

struct log_answer {
    uint32_t code;
    uint32_t is_public; /* may the asker read the reason? */
    char reason[LOG_REASON_MAX];
    char param[32]; /* to blame */
};

struct log_event {
    uint32_t event; /* enum audit_event */
    uint32_t unused;
    char outcome[64];
};

struct log_sign {
    uint64_t from; /* size of what was signed last, as far as is known here */
    uint64_t size;
    uint8_t root[32];
    uint32_t proof_count, unused;
    uint8_t proof[LOG_PROOF_MAX][32]; /* of consistency, RFC 9162 */
};

struct log_signed {
    uint32_t code; /* enum err_code; CONFLICT: not `from` was signed last, but what `note` says */
    uint32_t note_len;
    char note[LOG_NOTE_MAX]; /* what was signed last: a checkpoint (note.h) */
    char key[LOG_KEY_MAX];   /* that signs, as text */
};
