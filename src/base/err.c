/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PLACES_MAX = 16, TEXT_MAX = 256, LINE_MAX = 1536 };

struct place {
    const char *file, *function;
    int line;
};

static _Thread_local struct {
    enum err_code code;
    bool is_public;
    uint64_t retry_ms;
    char text[TEXT_MAX], param[96];
    struct place places[PLACES_MAX];
    int place_count;
    char line[LINE_MAX];
} trail;

static void (*panic_report)(const char *what);

static const struct err_info table[] = {
    [ERR_OK] = {"OK", 200, 0, "", "", "", "", ""},
#define ERR(code, http, exit_status, type, name, de, en, hint)                                     \
    [ERR_##code] = {#code, http, exit_status, type, name, de, en, hint},
#include "base/err.def"
#undef ERR
};
_Static_assert(sizeof table / sizeof *table == ERR_COUNT, "one row per code");

const struct err_info *
err_info(err e)
{
    return &table[e.code < ERR_COUNT ? e.code : ERR_INTERNAL];
}

enum err_code
err_find(const char *id)
{
    for (int i = 1; i < ERR_COUNT; i++)
        if (strcasecmp(table[i].id, id) == 0)
            return (enum err_code)i;
    return ERR_OK;
}

static void
add_place(const char *file, int line, const char *function)
{
    if (trail.place_count < PLACES_MAX)
        trail.places[trail.place_count++] = (struct place){file, function, line};
}

static __attribute__((format(printf, 4, 0))) err
start(enum err_code code, const char *param, bool is_public, const char *fmt, va_list ap)
{
    ASSERT(code > ERR_OK && code < ERR_COUNT);
    trail.code = code;
    trail.is_public = is_public;
    trail.retry_ms = 0;
    trail.place_count = 0;
    snprintf(trail.param, sizeof trail.param, "%s", param);
    vsnprintf(trail.text, sizeof trail.text, fmt, ap);
    return (err){(uint16_t)code};
}

err
err_start(enum err_code code, const char *file, int line, const char *function, const char *fmt,
          ...)
{
    va_list ap;
    va_start(ap, fmt);
    const err e = start(code, "", false, fmt, ap);
    va_end(ap);
    add_place(file, line, function);
    return e;
}

err
err_start_public(enum err_code code, const char *param, const char *file, int line,
                 const char *function, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const err e = start(code, param, true, fmt, ap);
    va_end(ap);
    add_place(file, line, function);
    return e;
}

err
err_pass(err e, const char *file, int line, const char *function)
{
    add_place(file, line, function);
    return e;
}

const char *
err_trail(void)
{
    size_t n = 0;
    const err e = {(uint16_t)trail.code};
    n += (size_t)snprintf(trail.line, LINE_MAX, "%s: %s [", err_info(e)->id, trail.text);
    for (int i = 0; i < trail.place_count && n < LINE_MAX; i++) {
        const struct place *p = &trail.places[i];
        n += (size_t)snprintf(trail.line + n, LINE_MAX - n, "%s%s:%d %s", i ? " < " : "", p->file,
                              p->line, p->function);
    }
    if (n < LINE_MAX)
        snprintf(trail.line + n, LINE_MAX - n, "]");
    return trail.line;
}

const char *
err_text(void)
{
    return trail.text;
}

const char *
err_public(err e)
{
    return trail.is_public && trail.code == e.code ? trail.text : err_info(e)->en;
}

const char *
err_param(void)
{
    return trail.is_public ? trail.param : "";
}

void
err_set_retry(uint64_t ms)
{
    trail.retry_ms = ms;
}

uint64_t
err_retry_ms(err e)
{
    return e.code && trail.code == e.code ? trail.retry_ms : 0;
}

void
err_keep(struct err_kept *k, err e)
{
    *k = (struct err_kept){.e = e, .is_public = trail.is_public && trail.code == e.code};
    if (e.code && trail.code == e.code) {
        snprintf(k->text, sizeof k->text, "%s", trail.text);
        snprintf(k->param, sizeof k->param, "%s", trail.param);
        k->retry_ms = trail.retry_ms;
    }
}

err
err_again(const struct err_kept *k)
{
    if (!k->e.code)
        return OK;
    const enum err_code code = (enum err_code)k->e.code;
    const err e =
        k->is_public ? err_start_public(code, k->param, __FILE__, __LINE__, __func__, "%s", k->text)
                     : err_start(code, __FILE__, __LINE__, __func__, "%s", k->text);
    trail.retry_ms = k->retry_ms;
    return e;
}

void
err_on_panic(void (*report)(const char *what))
{
    panic_report = report;
}

void
err_panic(const char *file, int line, const char *function, const char *what)
{
    static bool dying;
    fprintf(stderr, "panic: %s at %s:%d %s\n", what, file, line, function);
    if (panic_report && !dying) {
        dying = true;
        panic_report(what);
    }
    abort();
}
