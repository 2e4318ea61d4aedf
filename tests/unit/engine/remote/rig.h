/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - for the tests of engine/remote/: a listener that writes down what the hooks hear, and
 * readers fed in pieces. */
#pragma once
#include "base/utf8.h"
#include "engine/remote/hear.h"
#include "unit/engine/rig.h"

enum { SCRIPT_MAX = 4 << 20 };

/* What was heard, one line for each call of a hook:
 *   T0 text   R0 reasoning   C0.1 id name   A0.1 arguments   V0 1.5,2   D0 stop 5/2/3 ~ . */
struct script {
    buf log;
    unsigned lasts, failed, after_the_end;
    err failure;
    char public[256], param[64];
    label label;
    remote_job *job;
    unsigned cancel_at; /* at this call of a hook; 0: never */
    unsigned calls;
};

static inline bool
script_is_over(const struct script *s)
{
    return s->lasts || s->failed;
}

static inline void
script_hook(struct script *s)
{
    s->after_the_end += script_is_over(s);
    if (++s->calls == s->cancel_at)
        remote_cancel(s->job);
}

static inline void
script_text(void *ctx, const struct engine_piece *p)
{
    struct script *s = ctx;
    const str text = p->text.bytes_; /* a test may look */
    s->label = p->text.label;
    CHECK(utf8_valid(text) && utf8_valid(p->call_id));
    buf_add_fmt(&s->log, "%c%u", "TRCA"[p->part], p -> index);
    if (p->part == PART_CALL || p->part == PART_ARGUMENTS)
        buf_add_fmt(&s->log, ".%u", p->call);
    buf_add_char(&s->log, ' ');
    if (p->part == PART_CALL)
        buf_add_fmt(&s->log, "%.*s ", STR_FMT(p->call_id));
    buf_add(&s->log, text);
    for (size_t i = 0; i < p->logprob_count; i++) {
        buf_add_fmt(&s->log, " [%.*s %g", STR_FMT(p->tokens[i].text), p->tokens[i].logprob);
        for (size_t k = 0; k < p->tokens[i].top_count; k++)
            buf_add_fmt(&s->log, " %.*s=%g", STR_FMT(p->tokens[i].top[k].text),
                        p->tokens[i].top[k].logprob);
        buf_add_char(&s->log, ']');
    }
    buf_add_char(&s->log, '\n');
    script_hook(s);
}

static inline void
script_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    struct script *s = ctx;
    buf_add_fmt(&s->log, "V%u ", index);
    for (size_t i = 0; i < dims; i++)
        buf_add_fmt(&s->log, "%s%g", i ? "," : "", (double)values[i]);
    buf_add_char(&s->log, '\n');
    script_hook(s);
}

static inline void
script_done(void *ctx, const struct engine_usage *u)
{
    static const char *const names[] = {"stop", "length", "cancelled", "calls", "filter"};
    struct script *s = ctx;
    buf_add_fmt(&s->log, "D%u %s", u->index, names[u->finish]);
    if (u->stop)
        buf_add_fmt(&s->log, "#%u", u->stop);
    buf_add_fmt(&s->log, " %u/%u/%u%s%s\n", u->prompt_tokens, u->cached_tokens, u->output_tokens,
                u->is_estimated ? " ~" : "", u->is_last ? " ." : "");
    script_hook(s);
    s->lasts += u->is_last;
}

static inline void
script_failed(void *ctx, err e)
{
    struct script *s = ctx;
    snprintf(s->public, sizeof s->public, "%s", err_public(e));
    snprintf(s->param, sizeof s->param, "%s", err_param());
    s->failure = e;
    script_hook(s);
    s->failed++;
}

static inline struct engine_hooks
script_hooks(struct script *s)
{
    *s = (struct script){.log = BUF(SCRIPT_MAX)};
    return (struct engine_hooks){script_text, script_vector, script_done, script_failed, s};
}

static inline void
script_auto(struct script *s)
{
    buf_done(&s->log);
}

static inline str
script_str(const struct script *s)
{
    return buf_str(&s->log);
}

/* ---- a reader, fed in pieces of `step` bytes after a first one of `first` */

struct fed {
    const struct hear_spec *spec;
    enum hear_form form;
    str bytes;
    size_t first, step;
};

static inline err
feed(const struct fed *f, struct script *s)
{
    struct hear h;
    err e = hear_init(&h, f->spec, script_hooks(s));
    hear_open(&h, f->form);
    size_t at = 0;
    while (!e.code && at < f->bytes.len) {
        const size_t len = at ? f->step : f->first ? f->first : f->step;
        e = hear_add(&h, str_slice(f->bytes, at, at + len));
        at += len;
    }
    if (!e.code)
        e = hear_end(&h);
    s->failure = e;
    snprintf(s->public, sizeof s->public, "%s", err_public(e));
    hear_done(&h);
    return e;
}

/* One fixture, whole, cut in two at each place, and byte by byte: always the same. */
static inline void
feed_all(const char *file, int line, struct fed f, str want, enum err_code code)
{
    __attribute__((cleanup(script_auto))) struct script whole = {.lasts = 0};
    f.first = f.step = SIZE_MAX / 2;
    const err e = feed(&f, &whole);
    if (e.code != code)
        test_fail(file, line, "got %s (%s), want code %d", err_info(e)->id,
                  e.code ? err_trail() : "", code);
    if (!str_eq(script_str(&whole), want))
        test_fail(file, line, "heard \"%.*s\", want \"%.*s\"", STR_FMT(script_str(&whole)),
                  STR_FMT(want));
    for (size_t at = 0; at < f.bytes.len; at++) {
        __attribute__((cleanup(script_auto))) struct script cut = {.lasts = 0};
        f.first = at;
        f.step = at ? SIZE_MAX / 2 : 1;
        const err c = feed(&f, &cut);
        if (c.code != e.code || !str_eq(script_str(&cut), script_str(&whole)))
            test_fail(file, line, "cut at %zu: code %d, heard \"%.*s\"", at, c.code,
                      STR_FMT(script_str(&cut)));
    }
}

#define FEED(spec, form, bytes, want)                                                              \
    feed_all(__FILE__, __LINE__, (struct fed){&(spec), form, str_of(bytes), 0, 0}, str_of(want),   \
             ERR_OK)
/* `want` is heard before it fails. */
#define FEED_FAILS(spec, form, bytes, want, code)                                                  \
    feed_all(__FILE__, __LINE__, (struct fed){&(spec), form, str_of(bytes), 0, 0}, str_of(want),   \
             ERR_##code)
