/* SPDX-License-Identifier: EUPL-1.2 */
/* hoheit-egress - the only process with a way out (egress/outlet.h).  Composition only.
 *
 * Started by hoheitd with the descriptors of super/egress_proc.h and no arguments.  It confines
 * itself before it makes its first connection; ends with 0 when the gate closes the channel, else
 * with the status of the error, which is logged. */
#include "egress/outlet.h"
#include "os/log.h"
#include "os/sandbox.h"
#include "os/share.h"
#include "super/egress_proc.h"

enum { OTHER_FILES = 64 };

struct app {
    loop *loop;
    outlet *outlet;
};

static void
on_end(void *ctx)
{
    struct app *app = ctx;
    loop_stop(app->loop);
}

static fallible
confine(const struct egress_boot *b)
{
    struct sandbox_report report;
    const struct sandbox_spec spec = {
        .role = SANDBOX_EGRESS,
        .files_max = b->connections + OTHER_FILES,
        .strict = str_eq(str_of(b->sandbox), STR("strict")),
    };
    TRY(sandbox_enter(&spec, &report));
    LOG(INFO, "egress.confined", LOG_N("seccomp", report.seccomp),
        LOG_N("landlock", report.landlock), LOG_N("landlock_abi", report.landlock_abi));
    return OK;
}

/* Certificates and credentials are made ready before the files of OpenSSL are out of reach; no
 * connection is made before the loop runs. */
static fallible
open_all(struct app *app, const struct egress_boot *b)
{
    TRY(log_open("hoheit-egress", str_of(b->log_level), str_of(b->log_to)));
    TRY(loop_new(&app->loop));
    const struct outlet_parts parts = {.loop = app->loop,
                                       .channel = EGRESS_FD_CHANNEL,
                                       .providers = &b->providers,
                                       .on_end = on_end,
                                       .ctx = app};
    TRY(outlet_new(&parts, &app->outlet));
    return confine(b);
}

static fallible
run(struct app *app)
{
    str bytes;
    TRY(share_map(EGRESS_FD_BOOT, sizeof(struct egress_boot), &bytes));
    const struct egress_boot *const b = (const void *)bytes.at;
    const bool fits = bytes.len == sizeof *b && b->version == BOOT_VERSION &&
                      b->providers.version == PROVIDERS_VERSION;
    const err e = fits ? open_all(app, b) : OK;
    share_unmap(bytes);
    fd boot = EGRESS_FD_BOOT;
    fd_auto(&boot); /* the credentials cannot be read again */
    if (!fits)
        FAIL(CONFIG, "hoheitd and hoheit-egress are of different builds");
    TRY(e);
    loop_run(app->loop);
    return OK;
}

int
main(void)
{
    struct app app = {.loop = NULL};
    const err e = run(&app);
    if (e.code)
        log_failure(LOG_ERROR, "egress.failed_to_start", e);
    outlet_free(app.outlet);
    loop_free(app.loop);
    return err_info(e)->exit_status;
}
