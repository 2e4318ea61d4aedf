/* SPDX-License-Identifier: EUPL-1.2 */
/* engines.h - engines of the rig of gate/ that are played by hand. */
#pragma once
#include "unit/gate/rig.h"

/* Its process is there, but has said nothing yet. */
static inline struct rig_engine *
rig_play(struct rig *r, struct rig_engine *e, uint32_t restarts)
{
    int pair[2];
    CHECK_OK(ipc_pair(pair));
    rig_up(r, e->id, restarts, pair[0]);
    close(pair[0]);
    fd_auto(&e->far);
    e->far = pair[1];
    return e;
}

static inline void
rig_say(const struct rig_engine *e, uint32_t type, uint64_t id, const void *body, size_t len,
        str tail)
{
    CHECK_OK(ipc_send_wait(e->far, type, id, body, len, tail, -1));
}

static inline void
rig_hello(const struct rig_engine *e)
{
    const struct engine_hello h = {.proto = ENGINE_PROTO,
                                   .context_tokens = 4096,
                                   .sequences_max = 8,
                                   .embedding_dims = e->start.is_embedder ? 4 : 0,
                                   .can_chat = !e->start.is_embedder,
                                   .can_embed = e->start.is_embedder != 0,
                                   .engine = "played"};
    rig_say(e, ENGINE_HELLO, 0, &h, sizeof h, STR_NONE);
}

/* Asked for, up, ready. */
static inline struct rig_engine *
rig_ready(struct rig *r, size_t number)
{
    RIG_UNTIL(r, r->starts > number);
    struct rig_engine *e = rig_play(r, &r->engines[number], 0);
    rig_hello(e);
    return e;
}

/* What the engine was sent next: type, or 0 if nothing; *ret_id is the request's. */
static inline uint32_t
rig_sent(const struct rig_engine *e, uint64_t *ret_id)
{
    struct ipc_message m;
    if (ipc_recv_wait(e->far, 0, rig_room, &m).code)
        return 0;
    *ret_id = m.head.id;
    ipc_release(&m);
    return m.head.type;
}

static inline uint64_t
rig_submitted(struct rig *r, const struct rig_engine *e)
{
    uint64_t id = 0;
    uint32_t type = 0;
    RIG_UNTIL(r, (type = rig_sent(e, &id)));
    CHECK_INT(type, ==, ENGINE_SUBMIT);
    return id;
}

static inline void
rig_says(const struct rig_engine *e, uint64_t id, uint32_t index, const char *text)
{
    const struct engine_text t = {
        .index = index, .token_count = 2, .text_len = (uint32_t)strlen(text)};
    rig_say(e, ENGINE_TEXT, id, &t, sizeof t, str_of(text));
}

static inline void
rig_done(const struct rig_engine *e, uint64_t id, uint32_t index, bool is_last)
{
    const struct engine_done d = {.index = index,
                                  .finish = FINISH_STOP,
                                  .prompt_tokens = 5,
                                  .output_tokens = 3,
                                  .is_last = is_last};
    rig_say(e, ENGINE_DONE, id, &d, sizeof d, STR_NONE);
}
