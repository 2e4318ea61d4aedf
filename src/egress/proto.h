/* SPDX-License-Identifier: EUPL-1.2 */
/* proto.h - what the gate and hoheit-egress say to each other over os/ipc.h.
 *
 * One ipc message is a batch: what one turn of a loop had to say, frame after frame, so that many
 * calls share the price of a message.  A frame is a struct egress_frame and `len` bytes, padded to
 * 8.  Neither side trusts the other beyond the form: a batch that is malformed ends the channel.
 *
 * A call's id holds its place (id modulo EGRESS_CALLS_MAX) and a serial number above it, so that
 * what is still said about the last call in a place is not taken for the next.  The gate gives a
 * place free on END or when it has said CANCEL; the process on END or CANCEL.
 *
 * The process gives no texts: why a call failed is a number of enum egress_why, and the gate says
 * it in its own words. */
#pragma once
#include "egress/provider_list.h"

enum {
    EGRESS_PROTO = 1,
    EGRESS_CALLS_MAX = 4096, /* at once */
    EGRESS_FIELDS_MAX = 128,
    EGRESS_FIELD_BYTES_MAX = 64 * 1024, /* all of one call or answer */
    EGRESS_PATH_MAX = 8192,
    EGRESS_METHOD_MAX = 16,
    EGRESS_PIECE_MAX = 32 * 1024, /* of an answer, in one frame */
    EGRESS_BATCH = 1              /* the one ipc type; body: struct egress_batch */
};

struct egress_batch {
    uint32_t proto;
    uint32_t frames;
};

enum egress_message {
    /* gate to process */
    EGRESS_CALL = 1, /* struct egress_ask, then its parts */
    EGRESS_CANCEL,   /* empty */
    /* process to gate */
    EGRESS_HEAD = 64, /* struct egress_head, then its fields */
    EGRESS_DATA,      /* bytes */
    EGRESS_END,       /* struct egress_end */
    EGRESS_STATE      /* struct egress_report; id is the provider's number; all come once first */
};

struct egress_frame {
    uint32_t type;
    uint32_t len;
    uint64_t id;
};

/* Parts in this order: provider, method, path, fields, body.  A field is its two lengths
 * (uint32_t), its name and its value. */
struct egress_ask {
    uint32_t provider_len, method_len, path_len, fields_len;
    uint32_t field_count, is_repeatable;
    uint64_t body_len, wait_ms_max;
};

struct egress_head {
    uint32_t status, field_count;
};

enum egress_why {
#define WHY(id, before, after) EGRESS_##id,
#include "egress/why.def"
#undef WHY
    EGRESS_WHY_COUNT
};

struct egress_numbers { /* of one provider */
    uint32_t provider;
    uint32_t is_open, running, failures;
    uint64_t latency_us;
};

struct egress_end {
    uint32_t why, zero;
    struct egress_numbers now;
};

struct egress_report {
    struct egress_numbers now;
    char name[PROVIDER_NAME_MAX];
};
