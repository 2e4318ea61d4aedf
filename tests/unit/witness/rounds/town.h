/* SPDX-License-Identifier: EUPL-1.2 */
/* town.h - for the tests of witness/rounds: a log, and on the same loop what signs it, the way out
 * and two witnesses, "one" and "two", all played by the test. */
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

/* ---- all of it */
static inline void
town_make_key(const char *name, enum note_key_type type, uint8_t byte, struct note_key *k,
              secret *half)
{
    AUTO(secret) seed = {0};
    sign_public p;
    NEED_OK(secret_get(&seed, SIGN_SEED_LEN));
    memset(seed.at, byte, seed.len);
    NEED_OK(sign_pair(&seed, half, &p));
    NEED_OK(note_key_make(str_of(name), type, &p, k));
}

static inline void
town_settle(struct town *t)
{
    struct cosigners w = {.count = TOWN_WITNESSES};
    static const char *const names[] = {"one", "two"};
    t->list.count = TOWN_WITNESSES;
    for (uint8_t i = 0; i < TOWN_WITNESSES; i++) {
        AUTO(buf) text = BUF(NOTE_KEY_TEXT_MAX);
        town_make_key(i ? "archiv/w2" : "zeuge/w1", NOTE_WITNESS, (uint8_t)(50 + i), &t->at[i].key,
                      &t->at[i].half);
        note_key_put(&text, &t->at[i].key);
        t->list.at[i].dialect = PROVIDER_WITNESS;
        NEED(str_copy(str_of(names[i]), t->list.at[i].name, sizeof t->list.at[i].name));
        NEED(str_copy(buf_str(&text), t->list.at[i].key, sizeof t->list.at[i].key));
        w.at[i] = t->at[i].key;
    }
    ledger_set_cosigners(book_ledger(t->log.b), &w);
}

static inline void
town_set_clock(struct town *t, uint64_t ms)
{
    t->now_ms = ms;
    clock_fix(ms * 1000000, 1772366400000);
}

static inline void
town_build_street(struct town *t)
{
    const struct ipc_hooks hooks = {.on_message = town_on_message, .on_end = town_on_end, .ctx = t};
    int pair[2];
    NEED_OK(ipc_pair(pair));
    NEED_OK(egress_new(t->r.l, pair[0], &t->e));
    NEED_OK(ipc_new(t->r.l, pair[1], 1 << 20, hooks, &t->street));
    batch_init(&t->batch, t->street);
}

static inline err
town_open_rounds(struct town *t)
{
    const struct rounds_parts parts = {.loop = t->r.l,
                                       .audit = t->log.a,
                                       .providers = &t->list,
                                       .params = &t->p,
                                       .leave = town_leave,
                                       .ctx = t};
    TRY(rounds_new(&parts, &t->rounds));
    t->p.witness_interval_ms = 86400000; /* the test turns them */
    return rounds_use(t->rounds, t->e);
}

static inline struct town *
town_new(void)
{
    static unsigned number;
    char dir[512];
    struct town *t = calloc(1, sizeof *t);
    snprintf(dir, sizeof dir, "%s/town%u", test_dir(), number++);
    params_default(&t->p);
    CHECK_OK(loop_new(&t->r.l));
    rig_get_grant(&t->r, "intern");
    town_make_key("hoheit/test", NOTE_ED25519, 3, &t->key, &t->half);
    CHECK_OK(log_end_open(&t->log, t->r.l, dir, &t->p, &t->m));
    town_set_clock(t, 100000);
    CHECK_OK(sign_start(t->r.l, t->log.b, town_take_sign, t, &t->s));
    town_settle(t);
    town_build_street(t);
    CHECK_OK(town_open_rounds(t));
    return t;
}

static inline void
town_free(struct town *t)
{
    rounds_free(t->rounds);
    egress_free(t->e);
    batch_done(&t->batch);
    ipc_free(t->street);
    sign_stop(t->s);
    clock_free();
    log_end_close(&t->log);
    loop_free(t->r.l);
    policy_free(t->r.policy);
    arena_free(t->r.a);
    secret_done(&t->half);
    for (size_t i = 0; i < TOWN_WITNESSES; i++)
        secret_done(&t->at[i].half);
    free(t);
}

/* ---- what happens there */
static inline void
town_on_record(void *ctx, err e)
{
    struct town *t = ctx;
    CHECK_OK(e);
    t->taken++;
}

/* So many entries, signed by the log. */
static inline void
town_grow(struct town *t, size_t count)
{
    const struct audit_record rec = {.event = EVENT_LOG_READ, .outcome = "ok"};
    const size_t until = t->taken + count;
    for (size_t i = 0; i < count; i++)
        CHECK_OK(audit_append(t->log.a, &rec, town_on_record, t));
    for (int i = 0; i < TOWN_TURNS && t->taken < until; i++)
        loop_turn_for(t->r.l, 1);
    CHECK_INT(t->taken, ==, until);
    town_set_clock(t, t->now_ms + 1000);
    sign_turn(t->s);
    if (t->wants_signature)
        town_sign(t);
}

/* Turns the loop until nothing has happened for a while. */
static inline void
town_round(struct town *t)
{
    rounds_turn(t->rounds);
    for (int i = 0; i < 40; i++)
        loop_turn_for(t->r.l, 1);
}

static inline size_t
town_count(struct town *t, const char *event)
{
    char path[600];
    AUTO(arena) *a = NULL;
    str text, line;
    size_t n = 0;
    CHECK_OK(arena_open(1 << 20, &a));
    snprintf(path, sizeof path, "%s/../audit.jsonl", book_log_dir(t->log.b));
    CHECK_OK(file_read(a, path, 1 << 19, &text));
    while (str_next(&text, '\n', &line))
        n += str_find(line, str_of(event)) >= 0;
    return n;
}
