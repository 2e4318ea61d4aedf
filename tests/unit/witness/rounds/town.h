/* SPDX-License-Identifier: EUPL-1.2 */
/* town.h - for the tests of witness/rounds: a log, and on the same loop what signs it, the way out
 * and two witnesses, "one" and "two", all played by the test (street.h). */
#pragma once
#include "unit/witness/rounds/street.h"

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
