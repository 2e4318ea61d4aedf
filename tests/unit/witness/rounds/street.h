/* SPDX-License-Identifier: EUPL-1.2 */
/* street.h - for town.h: who signs the log, the way out, and two witnesses, played by the test. */
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include "audit/ledger.h"
#include "audit/sign.h"
#include "egress/parts.h"
#include "unit/audit/desk.h"
#include "unit/egress/rig.h"
#include "witness/rounds/rounds.h"

enum { TOWN_WITNESSES = 2, TOWN_TURNS = 4000 };

enum manner { SIGNS, IS_GONE, STAYS_SILENT, ANSWERS };

struct townsman {
    struct note_key key;
    secret half;
    enum manner manner;
    int status; /* of ANSWERS */
    const char *body;
    uint64_t seen; /* it answers 409 unless it is asked from there */
    unsigned asked;
    uint64_t asked_old, asked_size;
};

struct town {
    struct rig r; /* its loop, its grant */
    struct params p;
    meters m;
    struct log_end log;
    sign *s;
    struct note_key key;
    secret half;
    struct log_sign to_sign;
    bool wants_signature;
    uint64_t now_ms;
    struct provider_list list;
    struct townsman at[TOWN_WITNESSES];
    egress *e;
    ipc *street; /* the process's end */
    struct batch batch;
    rounds *rounds;
    bool denies;
    size_t taken;
};

/* ---- signing */
static inline err
town_take_sign(void *ctx, const struct log_sign *ask)
{
    struct town *t = ctx;
    t->to_sign = *ask;
    t->wants_signature = true;
    return OK;
}

static inline void
town_sign(struct town *t)
{
    struct log_signed a = {.code = ERR_OK};
    struct tree_head h = {.size = t->to_sign.size};
    AUTO(buf) text = BUF(1024);
    AUTO(buf) note = BUF(1024);
    AUTO(buf) key = BUF(256);
    memcpy(h.root.bytes, t->to_sign.root, sizeof h.root.bytes);
    checkpoint_put(&text, str_of(t->key.name), &h);
    buf_add(&note, buf_str(&text));
    buf_add_char(&note, '\n');
    NEED_OK(note_sign(&note, &t->key, &t->half, buf_str(&text), 0));
    note_key_put(&key, &t->key);
    a.note_len = (uint32_t)note.len;
    memcpy(a.note, note.at, note.len);
    NEED(str_copy(buf_str(&key), a.key, sizeof a.key));
    t->wants_signature = false;
    sign_answered(t->s, &a);
}

/* ---- witnesses */
static inline struct townsman *
town_find(struct town *t, str name)
{
    for (size_t i = 0; i < TOWN_WITNESSES; i++)
        if (str_eq(str_of(t->list.at[i].name), name))
            return &t->at[i];
    return NULL;
}

static inline void
town_end(struct town *t, uint64_t id, enum egress_why why)
{
    const struct egress_end end = {.why = why, .now = {.provider = UINT32_MAX}};
    char *at = batch_add(&t->batch, EGRESS_END, id, sizeof end);
    NEED(at);
    memcpy(at, &end, sizeof end);
    NEED_OK(batch_flush(&t->batch));
}

static inline void
town_answer(struct town *t, uint64_t id, int status, str body)
{
    NEED_OK(parts_put_head(&t->batch, id, status, NULL, 0));
    for (; body.len; body = str_slice(body, EGRESS_PIECE_MAX, body.len)) {
        const str piece = str_slice(body, 0, EGRESS_PIECE_MAX);
        char *at = batch_add(&t->batch, EGRESS_DATA, id, piece.len);
        NEED(at);
        memcpy(at, piece.at, piece.len);
    }
    town_end(t, id, EGRESS_FINE);
}

static inline void
town_witness(struct town *t, struct townsman *w, uint64_t id, str question)
{
    AUTO(buf) line = BUF(1024);
    struct cosign_ask q;
    struct checkpoint c;
    struct note n;
    NEED_OK(cosign_ask_read(question, &q));
    NEED_OK(note_read(q.note, &n));
    NEED_OK(checkpoint_read(n.text, &c));
    w->asked++;
    w->asked_old = q.old;
    w->asked_size = c.head.size;
    if (w->manner == STAYS_SILENT)
        return;
    if (w->manner == IS_GONE) {
        town_end(t, id, EGRESS_UNREACHED);
        return;
    }
    if (w->manner == ANSWERS) {
        town_answer(t, id, w->status, str_of(w->body));
        return;
    }
    if (q.old != w->seen) {
        buf_add_fmt(&line, "%llu\n", (unsigned long long)w->seen);
        town_answer(t, id, 409, buf_str(&line));
        return;
    }
    w->seen = c.head.size;
    NEED_OK(note_sign(&line, &w->key, &w->half, n.text, t->now_ms / 1000));
    town_answer(t, id, 200, buf_str(&line));
}

static inline bool
town_on_message(void *ctx, const struct ipc_message *m)
{
    struct town *t = ctx;
    struct http_field room[EGRESS_FIELDS_MAX];
    struct call_parts c;
    struct frame f;
    str rest;
    CHECK(batch_open(m, &rest));
    while (batch_next(&rest, &f)) {
        if (f.type != EGRESS_CALL)
            continue;
        CHECK(parts_read_call(f.bytes, room, &c));
        CHECK_STR(c.path, STR("/add-checkpoint"));
        CHECK_STR(c.method, STR("POST"));
        struct townsman *w = town_find(t, c.provider);
        CHECK(w != NULL);
        if (w)
            town_witness(t, w, f.id, c.body);
    }
    return true;
}

static inline void
town_on_end(void *ctx)
{
    (void)ctx;
}

static inline err
town_leave(void *ctx, arena *a, const grant **ret)
{
    struct town *t = ctx;
    (void)a;
    if (t->denies)
        REFUSE(DENIED, "", "nothing may go there");
    *ret = t->r.g;
    return OK;
}
