/* SPDX-License-Identifier: EUPL-1.2 */
/* engine_fuzz.c - any bytes as messages of an engine process: each request ends exactly once and
 * nothing is heard of it after.  Input: messages, each a type (from ENGINE_HELLO on), an id, the
 * fixed struct of that type, the tail's length and the tail.  A type with the highest bit set has
 * its struct cut short. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "engine/engine.h"
#include "fuzz/fuzz.h"
#include "policy/policy.h"

enum { MESSAGES_MAX = 32, TYPES = ENGINE_STATS - ENGINE_HELLO + 1 };

static const size_t sizes[TYPES] = {sizeof(struct engine_hello), sizeof(struct engine_loading),
                                    sizeof(struct engine_text),  sizeof(struct engine_vector),
                                    sizeof(struct engine_done),  sizeof(struct engine_failed),
                                    sizeof(struct engine_stats)};

static const char policy_yaml[] = "version: 1\n"
                                  "levels: [{ height: 0, id: offen, title: Offen }]\n"
                                  "compartments: [{ bit: 8, id: A, title: A }]\n"
                                  "parties: [{ bit: 128, id: BUND, title: Bund }]\n"
                                  "taints: [{ bit: 224, id: web, title: Web }]\n";

/* Made once; kept until the process ends. */
static struct {
    loop *l;
    arena *a;
    policy *p;
    const grant *g;
    struct conv chat, embed;
    struct conv_message message;
    content inputs[2];
} kept;

struct heard {
    unsigned ends, done[2], vectors[2];
};

static void
on_text(void *ctx, const struct engine_piece *p)
{
    const struct heard *h = ctx;
    str text;
    ASSERT(!h->ends && p->index < 2 && !h->done[p->index]);
    ASSERT(!content_open(p->text, kept.g, &text).code && utf8_valid(text));
    for (size_t i = 0; i < p->logprob_count; i++) {
        ASSERT(p->tokens[i].logprob <= 0 && p->tokens[i].top_count <= 2);
        for (size_t k = 0; k < p->tokens[i].top_count; k++)
            ASSERT(p->tokens[i].top[k].logprob <= 0);
    }
}

static void
on_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    struct heard *h = ctx;
    ASSERT(!h->ends && index < 2 && dims == 2 && isfinite(values[0]) && isfinite(values[1]));
    ASSERT(h->vectors[index]++ == 0);
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct heard *h = ctx;
    ASSERT(!h->ends && u->index < 2);
    ASSERT(h->done[u->index]++ == 0);
    h->ends += u->is_last;
}

static void
on_failed(void *ctx, err e)
{
    struct heard *h = ctx;
    ASSERT(!h->ends && e.code != ERR_OK && e.code < ERR_COUNT);
    h->ends++;
}

static void
keep(void)
{
    struct decision d;
    struct session who = {.key_id = STR("k"), .key_name = STR("k"), .tenant = STR("t")};
    struct ask q = {.session = &who, .op = OP_CHAT, .model = STR("m"), .now_wall_ms = 1};
    if (kept.g)
        return;
    ASSERT(!loop_new(&kept.l).code && !arena_open(65536, &kept.a).code);
    ASSERT(!policy_load(str_of(policy_yaml), &kept.p).code);
    ASSERT(!policy_decide(kept.p, &q, kept.a, &d, &kept.g).code);
    const content text = content_of(STR("Frage"), LABEL_BOTTOM);
    kept.message = (struct conv_message){.role = CONV_USER, .text = text};
    kept.inputs[0] = kept.inputs[1] = text;
    conv_params_default(&kept.chat.params);
    kept.embed.params = kept.chat.params;
    kept.chat.params.n = 2;
    kept.chat.params.logprobs = true;
    kept.chat.params.top_logprobs = 2;
    kept.chat.messages.at = &kept.message;
    kept.chat.messages.count = 1;
    kept.embed.inputs.at = kept.inputs;
    kept.embed.inputs.count = 2;
}

static void
turns(void)
{
    for (int i = 0; i < 3; i++)
        loop_turn(kept.l);
}

/* Takes up to `len` bytes into a room of zeros. */
static void
take(str *rest, void *room, size_t len)
{
    if (len > rest->len)
        len = rest->len;
    if (len)
        memcpy(room, rest->at, len);
    *rest = str_slice(*rest, len, rest->len);
}

static void
say_one(int far, str *rest)
{
    struct {
        uint8_t type, id;
    } head = {0};
    _Alignas(16) char body[sizeof(struct engine_hello)] = {0};
    uint8_t tail_len = 0;
    take(rest, &head, sizeof head);
    const uint32_t at = head.type % 8u;
    const size_t size = at < TYPES ? sizes[at] : 0;
    take(rest, body, size);
    take(rest, &tail_len, 1);
    const str tail = str_slice(*rest, 0, tail_len);
    *rest = str_slice(*rest, tail.len, rest->len);
    /* The client may have closed the channel by now. */
    IGNORE(ipc_send_wait(far, ENGINE_HELLO + at, head.id, body, head.type & 0x80 ? size / 2 : size,
                         tail, -1));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct engine_hello hello = {.proto = ENGINE_PROTO,
                                       .context_tokens = 9,
                                       .sequences_max = 1,
                                       .embedding_dims = 2,
                                       .can_chat = 1,
                                       .can_embed = 1};
    struct heard a = {0}, b = {0};
    engine *e;
    engine_job *j;
    int pair[2];
    str rest = {(const char *)data, len};
    keep();
    ASSERT(!ipc_pair(pair).code);
    ASSERT(!engine_new(kept.l, pair[0], (struct engine_events){0}, &e).code);
    ASSERT(!ipc_send_wait(pair[1], ENGINE_HELLO, 0, &hello, sizeof hello, STR_NONE, -1).code);
    turns();
    const struct engine_hooks of_a = {on_text, NULL, on_done, on_failed, &a};
    const struct engine_hooks of_b = {NULL, on_vector, on_done, on_failed, &b};
    ASSERT(!engine_submit(e, kept.g, ENGINE_CHAT, &kept.chat, LABEL_BOTTOM, of_a, &j).code);
    ASSERT(!engine_submit(e, kept.g, ENGINE_EMBED, &kept.embed, LABEL_BOTTOM, of_b, &j).code);
    for (int i = 0; i < MESSAGES_MAX && rest.len; i++)
        say_one(pair[1], &rest);
    turns();
    engine_free(e);
    ASSERT(a.ends == 1 && b.ends == 1);
    close(pair[1]);
    turns();
    return 0;
}
