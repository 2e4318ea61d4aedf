/* SPDX-License-Identifier: EUPL-1.2 */
/* hoheit-reader - documents of foreign forms into Markdown, each in a process that has nothing
 * (know/cell/cell.h).  Composition only.
 *
 * Started by `hoheit know add` with the channel as descriptor 3; with an argument it is a worker.
 */
#include <limits.h>
#include <stdio.h>

#include "know/cell/cell.h"
#include "os/proc.h"
#include "os/sandbox.h"

static fallible
serve(void)
{
    char dir[PATH_MAX], program[PATH_MAX + 32];
    struct sandbox_report report;
    const char *const none[] = {NULL};
    /* It starts workers, which confine themselves, and writes no file. */
    const struct sandbox_spec spec = {
        .role = SANDBOX_SUPERVISOR, .writable = none, .files_max = 64};
    TRY(proc_own_dir(dir, sizeof dir));
    (void)snprintf(program, sizeof program, "%s/hoheit-reader", dir);
    TRY(sandbox_enter(&spec, &report));
    return broker_serve(CELL_FD, program);
}

int
main(int argc, char **argv)
{
    if (argc == 2)
        return worker_run(str_of(argv[1]));
    const err e = serve();
    if (e.code)
        (void)fprintf(stderr, "hoheit-reader: %s\n", err_text());
    return err_info(e)->exit_status;
}
