/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - a whole gate for the tests of gate/ and api/: everything is real but hoheitd, which the
 * test plays on the same loop, and the disk below the audit log (unit/audit/disk.h).
 *
 * Engines are played by the test, message by message (engines.h), or are talkers (talker.h). */
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <uv.h>

#include "base/fault.h"
#include "gate/inside.h"
#include "os/clock.h"
#include "os/proc.h"
#include "test.h"
#include "unit/audit/desk.h"
#include "unit/audit/disk.h"
#include "unit/gate/reader.h"
#include "unit/model/small_policy.h"

enum { RIG_ENGINES = 80 };

struct rig_engine { /* as hoheitd was asked for it */
    uint64_t id;
    struct control_start start;
    int far;   /* the engine's end of its channel, when the test plays it; else -1 */
    pid_t pid; /* of a talker; else 0 */
};

struct rig {
    char dir[512], models[540], blobs[540];
    loop *l;
    struct params params;
    meters meters;
    policy *policy;
    db *db;
    registry *registry;
    audit *audit;
    struct log_end log; /* hoheit-log, on the same loop */
    secret pepper, seal_key;
    gate *gate;
    arena *a;
    ipc *control; /* hoheitd's end */
    bool talkers; /* each START starts a talker */
    unsigned ready, control_ended;
    struct rig_engine engines[RIG_ENGINES];
    size_t starts;
    uint64_t stopped[RIG_ENGINES];
    size_t stops;
    struct played_readers readers; /* of documents */
};

static _Alignas(16) char rig_room[IPC_ROOM];

/* ---- hoheitd */
static inline void
rig_up(struct rig *r, uint64_t id, uint32_t restarts, int channel)
{
    const struct control_up up = {.pid = 4711, .restarts = restarts};
    CHECK_OK(ipc_send(r->control, CONTROL_ENGINE_UP, id, &up, sizeof up, STR_NONE, channel));
}

static inline void
rig_down(struct rig *r, uint64_t id, enum err_code code, uint64_t again_ms)
{
    const struct control_down d = {.status = -1, .code = code, .again_ms = again_ms};
    CHECK_OK(ipc_send(r->control, CONTROL_ENGINE_DOWN, id, &d, sizeof d, STR_NONE, -1));
}

static inline void
rig_start_talker(struct rig *r, struct rig_engine *e, uint32_t restarts)
{
    const char *const argv[] = {"rig-talker", e->start.is_embedder ? "embed" : "chat", NULL};
    static const char *const env[] = {NULL};
    struct proc_spec p = {.path = "/proc/self/exe", .argv = argv, .env = env, .fd_count = 1};
    int pair[2];
    CHECK_OK(ipc_pair(pair));
    p.fds[0] = pair[1];
    CHECK_OK(proc_start(&p, &e->pid));
    rig_up(r, e->id, restarts, pair[0]);
    close(pair[0]);
    close(pair[1]);
}

static inline void
rig_end_talker(struct rig_engine *e)
{
    if (e->pid <= 0)
        return;
    kill(e->pid, SIGKILL);
    waitpid(e->pid, NULL, 0);
    e->pid = 0;
}

static inline bool
rig_on_message(void *ctx, const struct ipc_message *m)
{
    struct rig *r = ctx;
    if (m->head.type == CONTROL_READY)
        r->ready++;
    played_readers_hear(&r->readers, r->control, m);
    if (m->head.type == CONTROL_ENGINE_STOP && r->stops < RIG_ENGINES) {
        r->stopped[r->stops++] = m->head.id;
        for (size_t i = 0; i < r->starts; i++)
            if (r->engines[i].id == m->head.id)
                rig_end_talker(&r->engines[i]);
    }
    if (m->head.type == CONTROL_ENGINE_START && r->starts < RIG_ENGINES) {
        struct rig_engine *e = &r->engines[r->starts++];
        *e = (struct rig_engine){.id = m->head.id, .far = -1};
        memcpy(&e->start, m->body, sizeof e->start);
        if (r->talkers)
            rig_start_talker(r, e, 0);
    }
    return true;
}

static inline void
rig_on_control_end(void *ctx)
{
    struct rig *r = ctx;
    r->control_ended++;
}

/* ---- turning the loop: waits for what is coming, a little at a time, since the ends the test
 * holds itself are not the loop's */
static inline void
rig_turn(struct rig *r)
{
    struct pollfd p = {.fd = uv_backend_fd(loop_uv(r->l)), .events = POLLIN};
    poll(&p, 1, 2);
    loop_turn(r->l);
}

/* Everything that can happen without the disk has happened. */
static inline void
rig_settle(struct rig *r)
{
    for (int i = 0; i < 20; i++)
        loop_turn(r->l);
}

#define RIG_UNTIL(r, condition)                                                                    \
    do {                                                                                           \
        while (!(condition))                                                                       \
            rig_turn(r);                                                                           \
    } while (0)

/* ---- life */
static inline void
rig_add_model(struct rig *r, const char *name, enum model_kind kind, const char *up_to)
{
    struct model m;
    model_toy(str_of(name), kind, &m);
    m.label_text = str_of(up_to);
    CHECK_OK(registry_add(r->registry, &m));
}

/* All of it but the gate; what was there before stays. */
static inline void
rig_open_parts(struct rig *r)
{
    char path[600];
    CHECK_OK(arena_open(64 * 1024 * 1024, &r->a));
    CHECK_OK(loop_new(&r->l));
    r->policy = small_policy();
    snprintf(path, sizeof path, "%s/records.db", r->dir);
    CHECK_OK(db_open(path, &r->db));
    CHECK_OK(registry_open(r->db, r->policy, &r->registry));
    snprintf(path, sizeof path, "%s/audit", r->dir);
    CHECK_OK(log_end_open(&r->log, r->l, path, &r->params, &r->meters));
    r->audit = r->log.a;
    CHECK_OK(secret_get(&r->pepper, 32));
    memset(r->pepper.at, 7, 32);
    CHECK_OK(secret_get(&r->seal_key, 32));
    memset(r->seal_key.at, 9, 32);
}

static inline struct gate_parts
rig_parts(struct rig *r, int control)
{
    return (struct gate_parts){.loop = r->l,
                               .params = &r->params,
                               .meters = &r->meters,
                               .policy = r->policy,
                               .db = r->db,
                               .registry = r->registry,
                               .audit = r->audit,
                               .pepper = &r->pepper,
                               .seal_key = &r->seal_key,
                               .models_dir = r->models,
                               .blobs_dir = r->blobs,
                               .control = control,
                               .address = "127.0.0.1:7080",
                               .commit = "abc",
                               .started_ms = clock_ms() - 7500};
}

static inline void
rig_open_gate(struct rig *r)
{
    const struct ipc_hooks hooks = {rig_on_message, rig_on_control_end, r};
    int pair[2];
    CHECK_OK(ipc_pair(pair));
    const struct gate_parts parts = rig_parts(r, pair[0]);
    CHECK_OK(gate_new(&parts, &r->gate));
    CHECK_OK(ipc_new(r->l, pair[1], 1 << 20, hooks, &r->control));
}

static inline void
rig_open(struct rig *r)
{
    static unsigned number;
    memset(r, 0, sizeof *r);
    snprintf(r->dir, sizeof r->dir, "%s/rig%u", test_dir(), number++);
    snprintf(r->models, sizeof r->models, "%s/models", r->dir);
    snprintf(r->blobs, sizeof r->blobs, "%s/blobs", r->dir);
    CHECK_OK(file_make_dir(r->models, 0700));
    params_default(&r->params);
    rig_open_parts(r);
    rig_add_model(r, "toy", MODEL_CHAT, "");
    rig_add_model(r, "toy-embed", MODEL_EMBED, "");
    rig_open_gate(r);
}

static inline void
rig_close(struct rig *r)
{
    CHECK_INT(meter_value(&r->meters, METER_REQUESTS_RUNNING), ==, 0);
    arena_free(TAKE(r->a)); /* calls end before the gate they were made of */
    gate_free(TAKE(r->gate));
    ipc_free(TAKE(r->control));
    for (size_t i = 0; i < r->starts; i++) {
        rig_end_talker(&r->engines[i]);
        fd_auto(&r->engines[i].far);
    }
    r->starts = r->stops = 0;
    played_readers_end(&r->readers);
    log_end_close(&r->log);
    registry_free(r->registry);
    db_close(r->db);
    policy_free(r->policy);
    secret_done(&r->pepper);
    secret_done(&r->seal_key);
    loop_free(r->l);
}
