/* SPDX-License-Identifier: EUPL-1.2 */
/* far.h - an engine whose process the test plays, message by message. */
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include "unit/engine/rig.h"

/* The test plays the engine process: whatever it writes into `far`, the client must stand. */
enum { TURNS = 8 };

struct rig {
    struct rig_grant leave;
    loop *l;
    engine *e;
    int far;
    unsigned ready, lost;
    bool frees; /* on_lost frees the engine */
    _Alignas(16) char room[IPC_ROOM];
    struct ipc_message m;
};

static struct rig_heard one;
static struct rig_conv talk;

static inline void
on_ready(void *ctx, engine *e)
{
    struct rig *r = ctx;
    (void)e;
    r->ready++;
}

static inline void
on_lost(void *ctx, engine *e)
{
    struct rig *r = ctx;
    r->lost++;
    CHECK_INT(engine_jobs(e), ==, 0);
    if (r->frees) {
        engine_free(e);
        r->e = NULL;
    }
}

static inline void
turns(struct rig *r)
{
    for (int i = 0; i < TURNS; i++)
        loop_turn(r->l);
}

static inline void
say(struct rig *r, uint32_t type, uint64_t id, const void *body, size_t len, str tail)
{
    CHECK_OK(ipc_send_wait(r->far, type, id, body, len, tail, -1));
    turns(r);
}

static inline struct engine_hello
good_hello(void)
{
    return (struct engine_hello){.proto = ENGINE_PROTO,
                                 .context_tokens = 4096,
                                 .sequences_max = 8,
                                 .embedding_dims = 4,
                                 .can_chat = 1,
                                 .can_embed = 1,
                                 .engine = "fake"};
}

static inline void
open_silent(struct rig *r)
{
    int pair[2] = {-1, -1};
    *r = (struct rig){.leave = rig_grant("intern")};
    CHECK_OK(loop_new(&r->l));
    CHECK_OK(ipc_pair(pair));
    r->far = pair[1];
    CHECK_OK(engine_new(r->l, pair[0], (struct engine_events){on_ready, on_lost, r}, &r->e));
}

static inline void
open_rig(struct rig *r)
{
    const struct engine_hello h = good_hello();
    open_silent(r);
    say(r, ENGINE_HELLO, 0, &h, sizeof h, STR_NONE);
    CHECK_INT(r->ready, ==, 1);
}

static inline void
close_rig(struct rig *r)
{
    engine_free(r->e);
    if (r->far >= 0)
        close(r->far);
    loop_free(r->l);
    rig_grant_done(&r->leave);
}

static inline void
submit(struct rig *r, enum engine_kind kind, const struct conv *c, struct rig_heard *h)
{
    const struct engine_hooks hooks = rig_hooks(h, r->l);
    CHECK_OK(engine_submit(r->e, r->leave.g, kind, c, LABEL_BOTTOM, hooks, &h->job));
}

/* What the engine was sent: type, or 0 if nothing. */
static inline uint32_t
sent(struct rig *r)
{
    turns(r);
    ipc_release(&r->m);
    return ipc_recv_wait(r->far, 0, r->room, &r->m).code ? 0 : r->m.head.type;
}

static inline struct engine_done
good_done(uint32_t index, bool is_last)
{
    return (struct engine_done){.index = index,
                                .finish = FINISH_STOP,
                                .prompt_tokens = 5,
                                .cached_tokens = 2,
                                .output_tokens = 3,
                                .is_last = is_last};
}

static inline void
say_text(struct rig *r, uint64_t id, uint32_t index, str text)
{
    const struct engine_text t = {.index = index, .token_count = 1, .text_len = (uint32_t)text.len};
    say(r, ENGINE_TEXT, id, &t, sizeof t, text);
}

static inline void
say_done(struct rig *r, uint64_t id, struct engine_done d)
{
    say(r, ENGINE_DONE, id, &d, sizeof d, STR_NONE);
}
