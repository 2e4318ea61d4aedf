/* SPDX-License-Identifier: EUPL-1.2 */
/* away.h - a hoheit-egress that writes down what it is given and answers what the test says.
 * Included once in a program: it stands for all of egress.h. */
#pragma once
#include "unit/engine/remote/rig.h"

struct egress_job {
    struct egress_hooks hooks;
    bool is_open;
};

struct egress {
    struct egress_job job;
    unsigned sent, cancelled;
    err refusal; /* of the next call */
    buf log;     /* METHOD PROVIDER PATH, fields, body, by lines */
    label label;
};

static struct egress away;

static inline void
away_reset(void)
{
    buf_done(&away.log);
    away = (struct egress){.log = BUF(SCRIPT_MAX)};
}

static inline str
away_body(void)
{
    const str all = buf_str(&away.log);
    const ptrdiff_t at = str_find(all, STR("\n\n"));
    return at < 0 ? STR_NONE : str_slice(all, (size_t)at + 2, all.len);
}

/* ---- the answer */
static inline void
away_head(int status, const char *type, const char *name, const char *value)
{
    const struct http_field fields[] = {{STR("Content-Type"), str_of(type)},
                                        {str_of(name), str_of(value)}};
    CHECK(away.job.is_open);
    away.job.hooks.on_head(away.job.hooks.ctx, status, fields, name ? 2 : 1);
}

static inline void
away_data(str piece)
{
    if (away.job.is_open)
        away.job.hooks.on_data(away.job.hooks.ctx, piece);
}

static inline void
away_end(err e)
{
    if (!away.job.is_open)
        return;
    away.job.is_open = false;
    away.job.hooks.on_end(away.job.hooks.ctx, e);
}

static inline fallible
away_lost(void)
{
    REFUSE(PROVIDER_LOST, "", "the provider went away");
}

/* ---- egress.h */
fallible
egress_new(loop *l, int channel, egress **ret)
{
    (void)l, (void)channel;
    *ret = &away;
    return OK;
}

void
egress_free(egress *e)
{
    (void)e;
}

fallible
egress_replace(egress *e, int channel)
{
    (void)e, (void)channel;
    return OK;
}

fallible
egress_send(egress *e, const grant *g, const struct egress_call *c, struct egress_hooks hooks,
            egress_job **ret)
{
    str body;
    ASSERT(e == &away);
    if (fault_now())
        FAIL(LIMIT, "no memory for a call");
    if (e->refusal.code)
        return e->refusal;
    TRY(content_open(c->body, g, &body));
    e->sent++;
    e->label = c->body.label;
    buf_clear(&e->log);
    buf_add_fmt(&e->log, "%s %.*s %.*s\n", c->method, STR_FMT(c->provider), STR_FMT(c->path));
    for (size_t i = 0; i < c->field_count; i++)
        buf_add_fmt(&e->log, "%.*s: %.*s\n", STR_FMT(c->fields[i].name),
                    STR_FMT(c->fields[i].value));
    buf_add_char(&e->log, '\n');
    buf_add(&e->log, body);
    e->job = (struct egress_job){hooks, true};
    *ret = &e->job;
    return OK;
}

void
egress_cancel(egress_job *j)
{
    if (!j)
        return;
    CHECK(j->is_open);
    j->is_open = false;
    away.cancelled++;
}

struct egress_state
egress_state_of(const egress *e, str provider)
{
    (void)e, (void)provider;
    return (struct egress_state){0};
}
