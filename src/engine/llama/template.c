/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/template.h"

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/clock.h"
#include "os/log.h"

enum { LOOK_NS = 50 * 1000 * 1000, WHY_MAX = 200 };

/* ---- the watcher */

struct watcher {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t until_ns; /* 0: nothing runs */
    size_t heap_max;
    bool ends;
};

/* What malloc has handed out to the main thread, and in maps of their own. */
static size_t
heap_bytes(void)
{
    const struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static _Noreturn void
end_process(const char *what)
{
    LOG(ERROR, "engine.template_stuck", LOG_Z("exhausted", what));
    _exit(TEMPLATE_STUCK_EXIT);
}

static struct timespec
at_ns(uint64_t ns)
{
    return (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
}

static void
watch_once(struct watcher *w)
{
    if (!w->until_ns) {
        pthread_cond_wait(&w->changed, &w->lock);
        return;
    }
    const struct timespec next = at_ns(clock_ns() + LOOK_NS);
    pthread_cond_timedwait(&w->changed, &w->lock, &next);
    if (w->until_ns && clock_ns() > w->until_ns)
        end_process("time");
    if (w->until_ns && heap_bytes() > w->heap_max)
        end_process("memory");
}

static void *
watch(void *ctx)
{
    struct watcher *w = ctx;
    pthread_mutex_lock(&w->lock);
    while (!w->ends)
        watch_once(w);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void
tell(struct watcher *w, uint64_t until_ns, bool ends)
{
    pthread_mutex_lock(&w->lock);
    w->until_ns = until_ns;
    w->heap_max = heap_bytes() + TEMPLATE_HEAP_BYTES_MAX;
    w->ends = ends;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static fallible
watcher_start(struct watcher *w)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (fault_now() || pthread_create(&w->thread, NULL, watch, w) != 0) {
        pthread_cond_destroy(&w->changed);
        pthread_mutex_destroy(&w->lock);
        FAIL(LIMIT, "no thread to watch chat templates");
    }
    return OK;
}

static void
watcher_stop(struct watcher *w)
{
    tell(w, 0, true);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
}

/* ---- form */

struct form {
    unsigned blocks, branches;
};

/* Behind a tag's opening: spaces and the signs that trim around it. */
static str
first_word(str code)
{
    size_t from = 0, to;
    while (from < code.len && strchr("-+ \t\r\n", code.at[from]))
        from++;
    for (to = from; to < code.len && code.at[to] >= 'a' && code.at[to] <= 'z'; to++)
        continue;
    return str_slice(code, from, to);
}

static fallible
count_block(struct form *f, str code)
{
    static const char *const openers[] = {"if", "for", "macro", "call", "filter"};
    const str word = first_word(code);
    if (str_starts(word, STR("end")) && f->blocks)
        f->blocks--;
    if (str_eq(word, STR("elif")) && ++f->branches > TEMPLATE_BRANCHES_MAX)
        FAIL(UNSUPPORTED, "chat template: more than %d branches", TEMPLATE_BRANCHES_MAX);
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++)
        if (str_eq(word, str_of(openers[i])) && ++f->blocks > TEMPLATE_NESTING_MAX)
            FAIL(UNSUPPORTED, "chat template: more than %d blocks in one another",
                 TEMPLATE_NESTING_MAX);
    return OK;
}

/* Length of the quoted text at the start of `s`, quotes included. */
static size_t
quoted_len(str s)
{
    size_t i = 1;
    while (i < s.len && s.at[i] != s.at[0])
        i += s.at[i] == '\\' ? 2 : 1;
    return i < s.len ? i + 1 : s.len;
}

/* Code up to the tag's end, `close` and '}' outside of brackets. */
static fallible
check_tag(str rest, char close, size_t *ret_len)
{
    size_t depth = 0, code = 0, i = 0;
    while (i < rest.len) {
        const char c = rest.at[i];
        if (c == close && !depth && i + 1 < rest.len && rest.at[i + 1] == '}')
            break;
        if (strchr("([{", c))
            depth++;
        else if (strchr(")]}", c) && depth)
            depth--;
        if (depth > TEMPLATE_NESTING_MAX)
            FAIL(UNSUPPORTED, "chat template: more than %d brackets in one another",
                 TEMPLATE_NESTING_MAX);
        if (++code > TEMPLATE_CODE_BYTES_MAX)
            FAIL(UNSUPPORTED, "chat template: more than %d bytes of code in one tag",
                 TEMPLATE_CODE_BYTES_MAX);
        i += c == '"' || c == '\'' ? quoted_len(str_slice(rest, i, rest.len)) : 1;
    }
    *ret_len = i;
    return OK;
}

fallible
template_check_form(str source)
{
    struct form f = {0};
    if (source.len > TEMPLATE_BYTES_MAX)
        FAIL(UNSUPPORTED, "chat template: %zu bytes, more than %d", source.len, TEMPLATE_BYTES_MAX);
    if (source.len && memchr(source.at, 0, source.len))
        FAIL(UNSUPPORTED, "chat template: holds a NUL");
    for (size_t i = 0; i + 1 < source.len; i++) {
        const char kind = source.at[i + 1];
        if (source.at[i] != '{' || (kind != '{' && kind != '%' && kind != '#'))
            continue;
        const str rest = str_slice(source, i + 2, source.len);
        if (kind == '#') {
            const ptrdiff_t end = str_find(rest, STR("#}"));
            i += end < 0 ? rest.len : (size_t)end + 2;
            continue;
        }
        size_t len = 0;
        TRY(check_tag(rest, kind == '{' ? '}' : '%', &len));
        if (kind == '%')
            TRY(count_block(&f, str_slice(rest, 0, len)));
        i += len + 2;
    }
    return OK;
}

/* ---- templates */

struct template
{
    struct watcher watcher;
    struct shim_template *compiled;
    uint32_t ms_max;
};

static void
begin(struct template *t)
{
    tell(&t->watcher, clock_ns() + (uint64_t)t->ms_max * 1000000, false);
}

static fallible
compile(struct template *t, str source, const char *bos, const char *eos)
{
    char why[WHY_MAX] = "";
    begin(t);
    const enum shim_status status =
        shim_template_new(source.at, source.len, bos, eos, &t->compiled, why, sizeof why);
    tell(&t->watcher, 0, false);
    if (status == SHIM_MEMORY)
        FAIL(LIMIT, "no memory for the chat template");
    if (status != SHIM_OK)
        FAIL(UNSUPPORTED, "chat template: %s", why);
    return OK;
}

fallible
template_new(str source, const char *bos, const char *eos, uint32_t ms_max, struct template **ret)
{
    ASSERT(ms_max > 0);
    TRY(template_check_form(source));
    struct template *t = mem_get(sizeof *t);
    if (!t)
        FAIL(LIMIT, "no memory for a chat template");
    *t = (struct template){.ms_max = ms_max};
    err e = watcher_start(&t->watcher);
    if (e.code) {
        mem_free(t);
        return e;
    }
    e = compile(t, source, bos, eos);
    if (e.code) {
        template_free(t);
        return e;
    }
    *ret = t;
    return OK;
}

void
template_free(struct template *t)
{
    if (!t)
        return;
    watcher_stop(&t->watcher);
    shim_template_free(t->compiled);
    mem_free(t);
}

fallible
template_render(struct template *t, str messages, struct shim_prompt *ret)
{
    begin(t);
    const enum shim_status status =
        shim_template_render(t->compiled, messages.at, messages.len, ret);
    tell(&t->watcher, 0, false);
    if (status == SHIM_MEMORY)
        FAIL(LIMIT, "no memory for the prompt");
    if (status != SHIM_OK)
        REFUSE(ARGUMENT, "messages",
               "The model's chat template does not take these messages; look at the order of "
               "the roles.");
    return OK;
}
