/* SPDX-License-Identifier: EUPL-1.2 */
/* hoheit-engine - an engine process: one model, run by llama.cpp (engine/llama/).
 *
 *     hoheit-engine [--context N] [--context-max N] [--sequences N] [--threads N]
 *                   [--step-tokens N] [--gap-ms N] [--guess N] [--queue N] [--embed] [--adapter]
 * [--projector]
 *                   [--memory-max BYTES] [--sandbox strict|open]
 *
 * Started by hoheitd with the channel to the gate as descriptor 3 and the model file, open for
 * reading, as descriptor 4, and with --adapter the adapter's, with --projector the projector's as
 * descriptor 5.  It confines itself
 * before it reads the first byte of the file, looks at the file's head with our own validator
 * before llama.cpp sees it, loads, and serves until the gate closes the channel.  Exits 0 then,
 * else with the status of the error, which is logged. */
#include <stdlib.h>
#include <unistd.h>

#include "base/num.h"
#include "engine/llama/guess.h"
#include "engine/llama/llama_backend.h"
#include "model/registry.h"
#include "os/log.h"
#include "os/sandbox.h"

enum { CHANNEL = 3, MODEL = 4, ADDITION = 5, FILES_MAX = 64, SCRATCH_BYTES = 1024 * 1024 };

/* Of the machine's memory, what keys and values of the conversations at hand may take. */
enum { CELLS_SHARE = 8, CELLS_SHARE_OF_LIMIT = 4 };

/* Beside the weights; with less, llama.cpp ends in an assertion instead of an error. */
enum { OWN_BYTES_MIN = 256 * 1024 * 1024 };

struct options {
    uint64_t context, context_max, sequences, threads, step_tokens, gap_ms, guess, queue,
        memory_max;
    bool is_embedder, is_open, has_adapter, has_projector;
};

struct number_option {
    const char *name;
    uint64_t min, max;
    uint64_t *value;
};

/* ---- the command line */

static fallible
read_number(const struct number_option *table, size_t count, str name, str value)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(name, str_of(table[i].name)))
            return num_u64(value, table[i].min, table[i].max, table[i].value);
    FAIL(ARGUMENT, "unknown option %.*s", STR_FMT(name));
}

static fallible
read_options(int argc, char **argv, struct options *o)
{
    const struct number_option numbers[] = {
        {"--context", 0, 1 << 20, &o->context},
        {"--context-max", 1, 1 << 20, &o->context_max},
        {"--sequences", 1, ENGINE_SEQUENCES_MAX, &o->sequences},
        {"--threads", 1, 1024, &o->threads},
        {"--step-tokens", 1, 8192, &o->step_tokens},
        {"--gap-ms", 1, 600000, &o->gap_ms},
        {"--guess", 0, GUESS_MAX, &o->guess},
        {"--queue", 1, 65536, &o->queue},
        {"--memory-max", 0, UINT64_MAX, &o->memory_max},
    };
    for (int i = 1; i < argc; i++) {
        const str name = str_of(argv[i]), value = str_of(i + 1 < argc ? argv[i + 1] : NULL);
        if (str_eq(name, STR("--embed"))) {
            o->is_embedder = true;
            continue;
        }
        if (str_eq(name, STR("--adapter")) || str_eq(name, STR("--projector"))) {
            *(str_eq(name, STR("--adapter")) ? &o->has_adapter : &o->has_projector) = true;
            continue;
        }
        i++;
        if (str_eq(name, STR("--sandbox")))
            o->is_open = str_eq(value, STR("open"));
        else
            TRY(read_number(numbers, sizeof numbers / sizeof *numbers, name, value));
    }
    return OK;
}

/* ---- the process */

/* OpenMP reads its settings before main runs, and its default is to wait in a busy loop: started
 * without, the program starts itself again. */
static void
ensure_environment(char **argv)
{
    setenv("GGML_NO_BACKTRACE", "1", 1); /* it would start a debugger */
    if (secure_getenv("OMP_WAIT_POLICY"))
        return;
    setenv("OMP_WAIT_POLICY", "passive", 1);
    execv("/proc/self/exe", argv);
    LOG(WARNING, "engine.busy_wait", LOG_Z("reason", "OMP_WAIT_POLICY was not set"));
}

static fallible
confine(const struct options *o)
{
    const struct sandbox_spec spec = {
        .role = SANDBOX_ENGINE,
        .memory_bytes_max = o->memory_max,
        .files_max = FILES_MAX,
        .strict = !o->is_open,
    };
    struct sandbox_report report;
    return sandbox_enter(&spec, &report);
}

static uint64_t
cells_bytes_max(const struct options *o)
{
    if (o->memory_max)
        return o->memory_max / CELLS_SHARE_OF_LIMIT;
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size / CELLS_SHARE : 0;
}

static fallible
check_memory(const struct options *o, const struct model *m)
{
    const uint64_t need = m->size_bytes + OWN_BYTES_MIN;
    if (o->memory_max && need > o->memory_max)
        FAIL(LIMIT, "the model needs %ju bytes or more, --memory-max grants %ju", (uintmax_t)need,
             (uintmax_t)o->memory_max);
    return OK;
}

/* CONTEXT 0: the model's own, within a bound. */
static uint32_t
context_tokens(const struct options *o, const struct model *m)
{
    const uint64_t own = m->context_tokens < o->context_max ? m->context_tokens : o->context_max;
    return (uint32_t)(o->context ? o->context : own);
}

static fallible
serve(const struct options *o, const struct model *m)
{
    struct llama_backend *b;
    const struct llama_options options = {
        .model_fd = MODEL,
        .adapter_fd = o->has_adapter ? ADDITION : 0,
        .projector_fd = o->has_projector ? ADDITION : 0,
        .context_tokens = context_tokens(o, m),
        .sequences_max = (uint32_t)o->sequences,
        .threads = (uint32_t)o->threads,
        .step_tokens_max = (uint32_t)o->step_tokens,
        .gap_ms_max = (uint32_t)o->gap_ms,
        .guess_tokens_max = (uint32_t)o->guess,
        .cells_bytes_max = cells_bytes_max(o),
        .is_embedder = o->is_embedder,
    };
    TRY(llama_backend_new(&options, &b));
    const struct serve_backend vtable = llama_backend_vtable(b);
    const err e = serve_run(CHANNEL, &vtable, (uint32_t)o->queue);
    llama_backend_delete(b);
    return e;
}

static fallible
run(int argc, char **argv)
{
    struct options o = {.context_max = 16384,
                        .sequences = 8,
                        .threads = 1,
                        .step_tokens = 512,
                        .gap_ms = 200,
                        .queue = 1024};
    struct model m, addition;
    AUTO(arena) *a = NULL;
    TRY(read_options(argc, argv, &o));
    TRY(confine(&o));
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(model_inspect(MODEL, a, &m));
    TRY(check_memory(&o, &m));
    if (o.has_adapter)
        TRY(model_inspect_adapter(ADDITION, &m, a, &addition));
    if (o.has_projector)
        TRY(model_inspect_projector(ADDITION, &m, a, &addition));
    return serve(&o, &m);
}

int
main(int argc, char **argv)
{
    err e = log_open("hoheit-engine", STR("info"), STR("stderr"));
    if (!e.code) {
        ensure_environment(argv);
        e = run(argc, argv);
    }
    if (e.code)
        log_failure(LOG_ERROR, "engine.failed", e);
    return err_info(e)->exit_status;
}
