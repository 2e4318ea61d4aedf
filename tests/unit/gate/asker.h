/* SPDX-License-Identifier: EUPL-1.2 */
/* asker.h - somebody who asks the gate, and writes down what the hooks say; at each it looks into
 * the log, as a stranger would, whether what has to be on record is. */
#pragma once
#include "gate/keep.h"
#include "gate/words/words.h"
#include "unit/gate/engines.h"
#include "unit/gate/records.h"
#include "unit/gate/talker.h"

enum { ASKER_ANSWERS = 8, ASKER_TEXT = 64 * 1024, ASKER_INPUTS = 8, ASKER_DIMS = 64 };

struct asker {
    struct rig *r;
    struct session session;
    arena *a;
    struct conv conv;
    struct conv_message message;
    content inputs[ASKER_INPUTS];
    char id[32];
    struct gate_ask ask;
    gate_job *job;
    /* heard */
    unsigned started, pieces, vectors, done, ended, too_early, after_end;
    char label[LABEL_TEXT_MAX], model[80], public[256], param[64];
    char text[ASKER_ANSWERS][ASKER_TEXT];
    size_t len[ASKER_ANSWERS];
    float vector[ASKER_INPUTS][ASKER_DIMS];
    size_t dims;
    err end;
    unsigned *order, rank; /* who ended when */
};

/* A hook may come only when the decision is on record, and none after the end. */
static inline void
asker_look(struct asker *k)
{
    k->after_end += k->ended;
    k->too_early += !rig_record(k->r, "decision", k->id, 0).len;
}

static inline void
asker_on_start(void *ctx, const struct gate_start *s)
{
    struct asker *k = ctx;
    asker_look(k);
    k->started++;
    snprintf(k->label, sizeof k->label, "%.*s", STR_FMT(s->label_text));
    snprintf(k->model, sizeof k->model, "%.*s", STR_FMT(s->model->name));
}

static inline void
asker_on_text(void *ctx, const struct engine_piece *p, str text)
{
    struct asker *k = ctx;
    asker_look(k);
    k->pieces++;
    if (!k->started || p->index >= ASKER_ANSWERS || text.len > ASKER_TEXT - k->len[p->index])
        test_fail(__FILE__, __LINE__, "an unexpected piece");
    else if (text.len)
        memcpy(k->text[p->index] + k->len[p->index], text.at, text.len);
    k->len[p->index] += text.len;
}

static inline void
asker_on_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    struct asker *k = ctx;
    asker_look(k);
    k->vectors++;
    k->dims = dims;
    if (index < ASKER_INPUTS && dims <= ASKER_DIMS)
        memcpy(k->vector[index], values, dims * sizeof *values);
}

static inline void
asker_on_done(void *ctx, const struct engine_usage *u)
{
    struct asker *k = ctx;
    (void)u;
    asker_look(k);
    k->done++;
}

static inline void
asker_on_end(void *ctx, err e)
{
    struct asker *k = ctx;
    k->after_end += k->ended;
    k->ended++;
    k->end = e;
    snprintf(k->public, sizeof k->public, "%s", err_public(e));
    snprintf(k->param, sizeof k->param, "%s", err_param());
    if (k->order)
        k->rank = ++*k->order;
    /* The last frame waits for the completion record. */
    k->too_early += !e.code && !rig_record(k->r, "completion", k->id, 0).len;
}

/* An asker with a clearance, who says `said`. */
static inline struct asker *
asker_new(struct rig *r, const char *clearance, const char *default_label, const char *said)
{
    static unsigned number;
    struct asker *k = calloc(1, sizeof *k);
    ASSERT(k);
    k->r = r;
    CHECK_OK(arena_open(1 << 20, &k->a));
    k->session = (struct session){.key_id = STR("key_1"),
                                  .key_name = STR("amt"),
                                  .tenant = STR("haus"),
                                  .default_label = small_label(r->policy, default_label)};
    CHECK_OK(policy_clearance(r->policy, str_of(clearance), STR_NONE, &k->session.clearance));
    conv_params_default(&k->conv.params);
    k->message =
        (struct conv_message){.role = CONV_USER, .text = content_of(str_of(said), LABEL_BOTTOM)};
    k->conv.messages.at = &k->message;
    k->conv.messages.count = 1;
    k->conv.prompt = content_of(STR(""), LABEL_BOTTOM);
    snprintf(k->id, sizeof k->id, "req_TEST%u", number++);
    k->ask = (struct gate_ask){.session = &k->session,
                               .op = OP_CHAT,
                               .kind = ENGINE_CHAT,
                               .conv = &k->conv,
                               .request_id = str_of(k->id),
                               .received_us = clock_us(),
                               .a = k->a};
    return k;
}

static inline err
asker_run(struct asker *k)
{
    const struct gate_hooks hooks = {.on_start = asker_on_start,
                                     .on_text = asker_on_text,
                                     .on_vector = asker_on_vector,
                                     .on_done = asker_on_done,
                                     .on_end = asker_on_end,
                                     .ctx = k};
    return gate_run(k->r->gate, &k->ask, hooks, &k->job);
}

/* What must hold whatever happened. */
static inline void
asker_free(struct asker *k)
{
    CHECK_INT(k->after_end, ==, 0);
    CHECK_INT(k->too_early, ==, 0);
    arena_free(k->a);
    free(k);
}

static inline str
asker_text(const struct asker *k, size_t index)
{
    return (str){k->text[index], k->len[index]};
}

/* `"name":"hex of the digest of bytes"` */
static inline const char *
asker_digest(const char *name, str bytes)
{
    static char room[128];
    char hex[65];
    digest d;
    CHECK_OK(sha256_of(bytes, &d));
    digest_text(&d, hex);
    snprintf(room, sizeof room, "\"%s\":\"%s\"", name, hex);
    return room;
}

static inline str
asker_member(str record, const char *name)
{
    char start[64];
    snprintf(start, sizeof start, "\"%s\":\"", name);
    const ptrdiff_t at = str_find(record, str_of(start));
    const str rest =
        str_slice(record, at < 0 ? record.len : (size_t)at + strlen(start), record.len);
    const ptrdiff_t end = str_find_char(rest, '"');
    return str_slice(rest, 0, end < 0 ? 0 : (size_t)end);
}

/* Is the record committed to these bytes, with the salt of its request? */
static inline bool
asker_holds(struct rig *r, str record, const char *name, str bytes)
{
    char want[128] = "salted:";
    digest salt, plain, d;
    const struct keep_salt_of of = {asker_member(record, "key"), asker_member(record, "request"),
                                    asker_member(record, "tenant"), asker_member(record, "case"),
                                    false};
    CHECK_OK(keep_salt(r->gate, &of, &salt));
    CHECK_OK(sha256_of(bytes, &plain));
    CHECK_OK(words_salted(&salt, &plain, &d));
    digest_text(&d, want + strlen(want));
    return str_eq(asker_member(record, name), str_of(want));
}
