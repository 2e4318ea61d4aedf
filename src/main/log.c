/* SPDX-License-Identifier: EUPL-1.2 */
/* hoheit-log - the process that alone writes the log.  Composition only.
 *
 * Started by hoheitd with the descriptors of super/boot.h and no arguments.  It confines itself to
 * the log's directory before it reads anything there; ends with an exit status of base/err.def. */
#include <signal.h>

#include "audit/cosign.h"
#include "audit/desk.h"
#include "audit/ledger.h"
#include "audit/proto.h"
#include "audit/prune/prune.h"
#include "audit/sign.h"
#include "base/fault.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/log.h"
#include "os/sandbox.h"
#include "os/share.h"
#include "super/boot.h"

enum { QUEUE_BYTES_MAX = 1024 * 1024, WAITING_MAX = 4 * 1024 * 1024 };

struct app {
    struct boot_log boot;
    meters meters;
    loop *loop;
    book *book;
    desk *desk;
    sign *sign;
    prune *prune;
    ipc *control;
    bool is_stopping;
    err failure;
};

/* ---- the way up */
static fallible
read_boot(struct app *app)
{
    str bytes;
    TRY(share_map(BOOT_LOG_FD_BOOT, sizeof app->boot, &bytes));
    const bool fits = bytes.len == sizeof app->boot;
    if (fits)
        memcpy(&app->boot, bytes.at, sizeof app->boot);
    share_unmap(bytes);
    if (!fits || app->boot.version != BOOT_VERSION)
        FAIL(CONFIG, "hoheitd and hoheit-log are of different builds");
    fault_arm((long)app->boot.fault);
    return OK;
}

static fallible
confine(struct app *app)
{
    const char *const writable[] = {app->boot.audit_dir, NULL};
    struct sandbox_report report;
    const struct sandbox_spec spec = {
        .role = SANDBOX_LOG,
        .writable = writable,
        .files_max = 64,
        .strict = str_eq(str_of(app->boot.params.os_sandbox), STR("strict")),
    };
    TRY(file_make_dir(app->boot.audit_dir, 0700));
    TRY(sandbox_enter(&spec, &report));
    LOG(INFO, "log.confined", LOG_N("seccomp", report.seccomp), LOG_N("landlock", report.landlock),
        LOG_N("landlock_abi", report.landlock_abi));
    return OK;
}

/* ---- the way down: STOP is the last record, and it is signed before the process ends */
static void
is_signed(void *ctx)
{
    struct app *app = ctx;
    loop_stop(app->loop);
}

static void
is_recorded(void *ctx, err e)
{
    struct app *app = ctx;
    if (!e.code)
        e = sign_last(app->sign, is_signed, app);
    if (!e.code)
        return;
    log_failure(LOG_ERROR, "log.stop_failed", e);
    loop_stop(app->loop);
}

static void
stop(struct app *app)
{
    const struct audit_record r = {.event = EVENT_STOP, .outcome = "ok"};
    if (app->is_stopping)
        return;
    app->is_stopping = true;
    const err e = book_append(app->book, &r, is_recorded, app);
    if (e.code)
        is_recorded(app, e);
}

/* Ends at once: what is open comes again, and hoheitd starts the next. */
static void
on_broken(void *ctx)
{
    struct app *app = ctx;
    app->failure = err_start(ERR_IO, __FILE__, __LINE__, __func__, "an answer could not be sent");
    loop_stop(app->loop);
}

/* ---- what hoheitd says */
static bool
take_event(struct app *app, const struct ipc_message *m)
{
    struct log_event v;
    if (m->head.body_len != sizeof v)
        return false;
    memcpy(&v, m->body, sizeof v);
    v.outcome[sizeof v.outcome - 1] = '\0';
    if (v.event >= EVENT_COUNT)
        return false;
    const struct audit_record r = {.event = (enum audit_event)v.event, .outcome = v.outcome};
    const err e = book_append(app->book, &r, NULL, NULL);
    if (e.code) /* nobody waits; the operator must still learn of the gap */
        log_failure(LOG_ERROR, "audit.lost", e);
    return true;
}

static bool
take_client(struct app *app, fd *channel)
{
    if (*channel < 0)
        return false;
    const err e = desk_serve(app->desk, fd_take(channel));
    if (e.code) { /* the next process gets another channel */
        log_failure(LOG_ERROR, "log.not_served", e);
        on_broken(app);
    }
    return true;
}

static bool
take_signature(struct app *app, const struct ipc_message *m)
{
    if (m->head.body_len != sizeof(struct log_signed))
        return false;
    sign_answered(app->sign, m->body);
    return true;
}

static bool
take(struct app *app, const struct ipc_message *m, fd *passed)
{
    switch (m->head.type) {
    case LOG_CLIENT:
        return take_client(app, passed);
    case LOG_EVENT:
        return take_event(app, m);
    case LOG_SIGNED:
        return take_signature(app, m);
    case LOG_STOP:
        stop(app);
        return true;
    default:
        return false;
    }
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    AUTO(fd) passed = m->fd;
    if (take(ctx, m, &passed))
        return true;
    LOG(ERROR, "control.garbled", LOG_N("type", m->head.type));
    return false;
}

/* hoheitd is gone: nothing here may outlive it. */
static void
on_end(void *ctx)
{
    struct app *app = ctx;
    LOG(ERROR, "supervisor.lost", LOG_Z("then", "stop"));
    loop_stop(app->loop);
}

static err
send_sign(void *ctx, const struct log_sign *ask)
{
    struct app *app = ctx;
    return ipc_send(app->control, LOG_SIGN, 0, ask, sizeof *ask, STR_NONE, -1);
}

static void
on_garbled(void *ctx)
{
    struct app *app = ctx;
    IGNORE(ipc_send(app->control, LOG_GARBLED, 0, NULL, 0, STR_NONE,
                    -1)); /* its channel is closed in any case */
}

/* What is sent to the whole group, as by Ctrl-C, is for hoheitd: it says when to stop. */
static void
not_for_us(void *ctx)
{
    (void)ctx;
}

static void
on_lost(void *ctx)
{
    struct app *app = ctx;
    IGNORE(ipc_send(app->control, LOG_ALONE, 0, NULL, 0, STR_NONE,
                    -1)); /* a hoheitd that is gone needs no word */
}

static err
on_prune(void *ctx, const struct log_read *q, buf *ret)
{
    struct app *app = ctx;
    return prune_ask(app->prune, q, ret);
}

static struct desk_hooks
hooks_of(struct app *app)
{
    return (struct desk_hooks){.on_garbled = on_garbled,
                               .on_lost = on_lost,
                               .on_broken = on_broken,
                               .on_prune = on_prune,
                               .ctx = app};
}

/* ---- all of it */
static fallible
take_witnesses(struct app *app)
{
    struct cosigners w;
    TRY(cosigners_read(str_of(app->boot.witnesses), &w));
    ledger_set_cosigners(book_ledger(app->book), &w);
    return OK;
}

static fallible
open_all(struct app *app)
{
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_end, .ctx = app};
    TRY(read_boot(app));
    TRY(log_open("hoheit-log", str_of(app->boot.params.log_level),
                 str_of(app->boot.params.log_to)));
    TRY(confine(app));
    TRY(loop_new(&app->loop));
    TRY(loop_signal(app->loop, SIGINT, not_for_us, app));
    TRY(loop_signal(app->loop, SIGTERM, not_for_us, app));
    /* The bound of what waits is the gate's; here it must not be met by two gates in a row. */
    app->boot.params.audit_queue_max = WAITING_MAX;
    TRY(book_open(app->loop, app->boot.audit_dir, &app->boot.params, &app->meters, &app->book));
    TRY(take_witnesses(app));
    TRY(prune_start(app->loop, app->book, &app->boot.params, &app->prune));
    TRY(desk_new(app->loop, app->book, hooks_of(app), &app->desk));
    TRY(sign_start(app->loop, app->book, send_sign, app, &app->sign));
    TRY(ipc_new(app->loop, BOOT_LOG_FD_CONTROL, QUEUE_BYTES_MAX, hooks, &app->control));
    return ipc_send(app->control, LOG_READY, 0, NULL, 0, STR_NONE, -1);
}

static void
close_all(struct app *app)
{
    if (app->book)
        book_forget(app->book, app);
    sign_stop(app->sign);
    prune_stop(app->prune);
    book_close(app->book);
    desk_free(app->desk);
    ipc_free(app->control);
    loop_free(app->loop);
}

int
main(void)
{
    static struct app app; /* the process's one; large, so not on the stack */
    const err e = open_all(&app);
    if (e.code)
        log_failure(LOG_ERROR, "log.failed", e);
    else
        loop_run(app.loop);
    close_all(&app);
    return err_info(e.code ? e : app.failure)->exit_status;
}
