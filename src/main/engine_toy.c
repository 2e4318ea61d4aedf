/* SPDX-License-Identifier: EUPL-1.2 */
/* hoheit-engine-toy - an engine process without a model (engine/toy/toy.h).
 *
 *     hoheit-engine-toy [--embed] [--sequences N] [--queue N] [--token-ms N] [--sandbox
 * strict|open]
 *
 * Started by hoheitd with the channel to the gate as descriptor 3.  Exits 0 when the gate closes
 * the channel, else with the status of the error, which is printed. */
#include <stdio.h>

#include "base/num.h"
#include "engine/toy/toy.h"
#include "os/sandbox.h"

enum { CHANNEL = 3, QUEUE_MAX = 65536, FILES_MAX = 64 };

struct options {
    bool is_embedder, strict;
    uint64_t sequences, queue, token_ms;
};

static fallible
read_options(int argc, char **argv, struct options *ret)
{
    for (int i = 1; i < argc; i++) {
        const str arg = str_of(argv[i]), value = str_of(i + 1 < argc ? argv[i + 1] : NULL);
        if (str_eq(arg, STR("--embed"))) {
            ret->is_embedder = true;
            continue;
        }
        i++;
        if (str_eq(arg, STR("--sequences")))
            TRY(num_u64(value, 1, ENGINE_SEQUENCES_MAX, &ret->sequences));
        else if (str_eq(arg, STR("--queue")))
            TRY(num_u64(value, 1, QUEUE_MAX, &ret->queue));
        else if (str_eq(arg, STR("--sandbox")))
            ret->strict = str_eq(value, STR("strict"));
        else if (str_eq(arg, STR("--token-ms")))
            TRY(num_u64(value, 0, TOY_MS_MAX, &ret->token_ms));
        else
            FAIL(ARGUMENT, "unknown option %s", argv[i - 1]);
    }
    return OK;
}

static fallible
confine(bool strict)
{
    const struct sandbox_spec spec = {
        .role = SANDBOX_ENGINE, .files_max = FILES_MAX, .strict = strict};
    struct sandbox_report report;
    return sandbox_enter(&spec, &report);
}

static fallible
run(int argc, char **argv)
{
    struct options o = {.sequences = 8, .queue = QUEUE_MAX};
    struct toy *t;
    TRY(read_options(argc, argv, &o));
    TRY(confine(o.strict));
    TRY(toy_new(o.is_embedder, (uint32_t)o.sequences, (uint32_t)o.token_ms, &t));
    const struct serve_backend b = toy_backend(t);
    const err e = serve_run(CHANNEL, &b, (uint32_t)o.queue);
    toy_free(t);
    return e;
}

int
main(int argc, char **argv)
{
    const err e = run(argc, argv);
    if (e.code)
        fprintf(stderr, "hoheit-engine-toy: %s\n", err_trail());
    return err_info(e)->exit_status;
}
