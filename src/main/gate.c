/* SPDX-License-Identifier: EUPL-1.2 */
/* hoheit-gate - the worker: HTTP, dialects, the one door, records.  Composition only.
 *
 * Started by hoheitd with the descriptors of super/boot.h and no arguments.  It confines itself
 * before it reads its first foreign byte; ends with an exit status of base/err.def. */
#include <signal.h>

#include "acts/versions.h"
#include "api/openai/openai.h"
#include "api/openapi/tables.h"
#include "api/responses/works.h"
#include "base/fault.h"
#include "base/map.h"
#include "net/server.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/powercap.h"
#include "os/sandbox.h"
#include "os/share.h"
#include "super/boot.h"
#include "work/cases/cases.h"
#include "work/citizen/citizen.h"
#include "work/stores/sweep.h"

enum { POLICY_BYTES_MAX = 4 * 1024 * 1024, SCRATCH_BYTES = 8 * 1024 * 1024 };

struct app {
    struct boot boot;
    arena *a;
    loop *loop;
    meters meters;
    struct powercap powercap;
    secret pepper, seal_key;
    policy *policy;
    db *db;
    registry *registry;
    audit *audit;
    gate *gate;
    api *api;
    struct works *works;
    library *library, *stores_library;
    struct stores stores;
    stores_sweeper *sweeper;
    citizen *citizen;
    cases *cases;
    tls *tls;
    http_server *server;
    err failure; /* of serve */
};

/* ---- what hoheitd handed over */
static fallible
read_boot(struct app *app)
{
    str bytes;
    TRY(share_map(BOOT_FD_BOOT, sizeof app->boot, &bytes));
    if (bytes.len != sizeof app->boot)
        FAIL(CONFIG, "hoheitd and hoheit-gate are of different builds");
    memcpy(&app->boot, bytes.at, sizeof app->boot);
    share_unmap(bytes);
    if (app->boot.version != BOOT_VERSION)
        FAIL(CONFIG, "hoheitd and hoheit-gate are of different builds");
    TRY(secret_get(&app->pepper, sizeof app->boot.pepper));
    memcpy(app->pepper.at, app->boot.pepper, app->pepper.len);
    wipe(app->boot.pepper, sizeof app->boot.pepper);
    TRY(secret_get(&app->seal_key, sizeof app->boot.seal_key));
    memcpy(app->seal_key.at, app->boot.seal_key, app->seal_key.len);
    wipe(app->boot.seal_key, sizeof app->boot.seal_key);
    map_key(app->boot.map_key);
    fault_arm((long)app->boot.fault);
    return OK;
}

static fallible
use_tls(struct app *app, int f)
{
    str bytes;
    TRY(share_map(f, sizeof(struct boot_tls), &bytes));
    const struct boot_tls *t = (const void *)bytes.at;
    err e = OK;
    if (bytes.len != sizeof *t || t->cert_len > BOOT_PEM_MAX || t->key_len > BOOT_PEM_MAX)
        e = err_start(ERR_CONFIG, __FILE__, __LINE__, __func__, "malformed certificate message");
    const str cert = {t->pem, t->cert_len}, key = {t->pem + BOOT_PEM_MAX, t->key_len};
    if (!e.code)
        e = app->tls ? tls_reload(app->tls, cert, key) : tls_new(cert, key, &app->tls);
    share_unmap(bytes);
    return e;
}

/* ---- the way down */
static void
stopped(void *ctx)
{
    struct app *app = ctx;
    loop_stop(app->loop);
}

static void
on_stop(void *ctx)
{
    struct app *app = ctx;
    LOG(INFO, "gate.stopping", LOG_N("wait_ms_max", app->boot.params.net_stop_ms_max));
    if (app->server)
        http_server_stop(app->server, app->boot.params.net_stop_ms_max, stopped, app);
    else /* still waiting for the log */
        stopped(app);
}

static void
on_reload(void *ctx, int f)
{
    AUTO(fd) tls_fd = f;
    const err e = use_tls(ctx, tls_fd);
    if (e.code)
        log_failure(LOG_ERROR, "tls.reload_failed", e);
    else
        LOG(INFO, "tls.reloaded", LOG_Z("for", "new connections"));
}

static void
close_all(struct app *app)
{
    http_server_free(app->server);
    works_free(app->works);
    stores_sweeper_free(app->sweeper);
    cases_free(app->cases);
    citizen_free(app->citizen);
    library_free(app->library);
    library_free(app->stores_library);
    api_free(app->api);
    gate_free(app->gate);
    audit_close(app->audit);
    registry_free(app->registry);
    db_close(app->db);
    policy_free(app->policy);
    tls_free(app->tls);
    powercap_close(&app->powercap);
    secret_done(&app->pepper);
    secret_done(&app->seal_key);
    loop_free(app->loop);
    arena_free(app->a);
}

/* ---- the way up */
static fallible
load_policy(struct app *app)
{
    const struct params *p = &app->boot.params;
    str text;
    TRY(file_read(app->a, app->boot.policy_file, POLICY_BYTES_MAX, &text));
    TRY(policy_load(text, &app->policy));
    return policy_set_ceiling(app->policy, str_of(p->policy_level_max));
}

static fallible
confine(struct app *app)
{
    /* Not keys/: a gate that was taken over must not read the master key. */
    const char *const writable[] = {file_join(app->a, app->boot.data_dir, "records"),
                                    file_join(app->a, app->boot.data_dir, "models"), NULL};
    const char *const readable[] = {"/proc/self", "/proc/stat", NULL};
    struct sandbox_report report;
    const struct sandbox_spec spec = {
        .role = SANDBOX_GATE,
        .writable = writable,
        .readable = readable,
        .files_max = app->boot.params.net_connections_max + 256,
        .strict = str_eq(str_of(app->boot.params.os_sandbox), STR("strict")),
    };
    TRY(sandbox_enter(&spec, &report));
    LOG(INFO, "gate.confined", LOG_N("seccomp", report.seccomp), LOG_N("landlock", report.landlock),
        LOG_N("landlock_abi", report.landlock_abi));
    return OK;
}

static fallible
open_records(struct app *app)
{
    const struct params *p = &app->boot.params;
    const char *dir = app->boot.data_dir;
    TRY(db_open(file_join(app->a, dir, "records/records.db"), &app->db));
    TRY(versions_load(app->db, str_of(p->policy_level_max), app->policy));
    TRY(registry_open(app->db, app->policy, &app->registry));
    return audit_new(app->loop, p, &app->meters, &app->audit);
}

static fallible
open_gate(struct app *app)
{
    const struct gate_parts parts = {
        .loop = app->loop,
        .params = &app->boot.params,
        .meters = &app->meters,
        .policy = app->policy,
        .db = app->db,
        .registry = app->registry,
        .audit = app->audit,
        .pepper = &app->pepper,
        .seal_key = &app->seal_key,
        .models_dir = file_join(app->a, app->boot.data_dir, "models"),
        .blobs_dir = file_join(app->a, app->boot.data_dir, "records/blobs"),
        .control = BOOT_FD_CONTROL,
        .providers = &app->boot.providers,
        .powercap = &app->powercap,
        .address = app->boot.address,
        .commit = app->boot.commit,
        .started_wall_ms = app->boot.started_wall_ms,
        .started_ms = app->boot.started_ms,
    };
    TRY(gate_new(&parts, &app->gate));
    gate_on_events(app->gate,
                   (struct gate_events){.on_stop = on_stop, .on_reload = on_reload, .ctx = app});
    return OK;
}

/* What documents are kept and asked. */
static fallible
open_desk(struct app *app)
{
    const char *const dir = file_join(app->a, app->boot.data_dir, "records/know");
    TRY(library_new(dir, &app->seal_key, &app->library));
    const struct citizen_parts parts = {.gate = app->gate,
                                        .library = app->library,
                                        .collection = str_of(app->boot.params.citizen_know),
                                        .contact = str_of(app->boot.params.citizen_contact)};
    TRY(citizen_new(&parts, &app->citizen));
    const char *const own = file_join(app->a, app->boot.data_dir, "records/stores");
    TRY(library_new(own, &app->seal_key, &app->stores_library));
    app->stores = (struct stores){app->gate, app->library, app->stores_library};
    api_set_stores(app->api, &app->stores);
    TRY(stores_sweeper_new(&app->stores, app->loop, &app->sweeper));
    TRY(cases_new(file_join(app->a, app->boot.data_dir, "records/cases"), &app->seal_key,
                  clock_wall_ms(), &app->cases));
    api_set_cases(app->api, app->cases);
    api_set_library(app->api, app->library);
    api_set_citizen(app->api, app->citizen);
    return OK;
}

static fallible
open_server(struct app *app)
{
    struct route_table *kept = arena_get(app->a, ROUTE_TABLES * sizeof *kept);
    route_tables(kept);
    TRY(api_new(app->gate, kept, ROUTE_TABLES, &openai_dialect, &app->api));
    TRY(works_new(app->gate, app->api, &app->works));
    TRY(open_desk(app));
    TRY(http_server_new(app->loop, &app->boot.params, &app->meters, api_hooks(app->api),
                        &app->server));
    if (app->boot.has_tls)
        TRY(use_tls(app, BOOT_FD_TLS));
    TRY(http_server_listen(app->server, BOOT_FD_LOCAL, NULL));
    return http_server_listen(app->server, BOOT_FD_LISTEN, app->tls);
}

/* What is sent to the whole group, as by Ctrl-C, is for hoheitd: it says when to stop. */
static void
not_for_us(void *ctx)
{
    (void)ctx;
}

/* Nothing is served before it can be recorded. */
static fallible
serve(struct app *app)
{
    TRY(open_server(app));
    return gate_ready(app->gate);
}

static void
on_log_ready(void *ctx)
{
    struct app *app = ctx;
    app->failure = serve(app);
    if (app->failure.code) {
        log_failure(LOG_ERROR, "gate.failed", app->failure);
        loop_stop(app->loop);
    }
}

static fallible
open_all(struct app *app)
{
    TRY(read_boot(app));
    TRY(log_open("hoheit-gate", str_of(app->boot.params.log_level),
                 str_of(app->boot.params.log_to)));
    TRY(arena_open(SCRATCH_BYTES, &app->a));
    TRY(load_policy(app));
    powercap_open(POWERCAP_DIR, &app->powercap);
    TRY(confine(app));
    TRY(loop_new(&app->loop));
    TRY(loop_signal(app->loop, SIGINT, not_for_us, app));
    TRY(loop_signal(app->loop, SIGTERM, not_for_us, app));
    TRY(open_records(app));
    TRY(open_gate(app));
    audit_when_ready(app->audit, on_log_ready, app);
    return OK;
}

int
main(void)
{
    static struct app app; /* the process's one; large, so not on the stack */
    const err e = open_all(&app);
    if (e.code)
        log_failure(LOG_ERROR, "gate.failed", e);
    else
        loop_run(app.loop);
    close_all(&app);
    return err_info(e.code ? e : app.failure)->exit_status;
}
