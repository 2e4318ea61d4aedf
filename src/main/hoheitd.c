/* SPDX-License-Identifier: EUPL-1.2 */
/* hoheitd - the supervisor: configuration, keys, listening sockets, children.  Parses nothing
 * from the network.  Composition only.
 *
 *   hoheitd [--data DIR] [--set KEY=VALUE]...   runs in the foreground until SIGTERM or SIGINT
 *   hoheitd --init [--data DIR]                 makes the data directory
 *   hoheitd -t [--data DIR]                     checks the configuration and ends
 *
 * Tests set FAULT=N, FAULT=gate:N or FAULT=log:N, to have the N-th allocation or system call fail
 * (base/fault.h). SIGHUP reads the certificate again.  Standard output gets one line, "ready URL",
 * when requests are served; everything else is log. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/num.h"
#include "crypt/hash.h"
#include "egress/providers.h"
#include "net/server.h"
#include "os/clock.h"
#include "os/config.h"
#include "os/entropy.h"
#include "os/log.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "otel/otel.h"
#include "policy/policy.h"
#include "super/cosign_keys.h"
#include "super/datadir.h"
#include "super/signer.h"
#include "super/super.h"

enum { SCRATCH_BYTES = 16 * 1024 * 1024, POLICY_BYTES_MAX = 4 * 1024 * 1024, SETS_MAX = 64 };

/* The shipped policy travels inside the program, so `--init` needs no other file. */
__asm__(".section .rodata\n"
        ".global shipped_policy, shipped_policy_len\n"
        "shipped_policy: .incbin \"etc/policy.yaml\"\n"
        "shipped_policy_end: .balign 8\n"
        "shipped_policy_len: .quad shipped_policy_end - shipped_policy\n"
        ".previous\n");
extern const char shipped_policy[];
extern const uint64_t shipped_policy_len;

struct app {
    const char *data_dir;
    bool init, test;
    const char *sets[SETS_MAX];
    size_t set_count;
    arena *a;
    struct boot boot;
    struct boot_tls tls;
    secret providers_room;
    struct providers *providers; /* in there: it has credentials */
    fd lock, listener, local;
    char bin_dir[BOOT_PATH_MAX];
    loop *loop;
    super *super;
    signer *signer;
    err ended;
};

/* ---- the command line */
static fallible
usage(void)
{
    REFUSE(ARGUMENT, "", "usage: hoheitd [--data DIR] [--set KEY=VALUE]... [--init | -t]");
}

static fallible
read_option(struct app *app, char **argv, int *i)
{
    const str word = str_of(argv[*i]);
    if (str_eq(word, STR("--init"))) {
        app->init = true;
        return OK;
    }
    if (str_eq(word, STR("-t"))) {
        app->test = true;
        return OK;
    }
    const char *value = argv[*i + 1];
    if (!value)
        return usage();
    ++*i;
    if (str_eq(word, STR("--data")))
        app->data_dir = value;
    else if (str_eq(word, STR("--set")) && app->set_count < SETS_MAX)
        app->sets[app->set_count++] = value;
    else
        return usage();
    return OK;
}

static fallible
arm_fault(struct app *app)
{
    str text = str_of(secure_getenv("FAULT")), whose = STR_NONE;
    uint64_t n;
    if (!text.len)
        return OK;
    if (str_find_char(text, ':') >= 0)
        (void)str_next(&text, ':', &whose);
    TRY(num_u64(text, 1, LONG_MAX, &n));
    if (str_eq(whose, STR("gate")))
        app->boot.fault = n;
    else if (str_eq(whose, STR("log")))
        app->boot.log_fault = n;
    else
        fault_arm((long)n);
    return OK;
}

static const char *
default_data_dir(arena *a)
{
    const char *data = secure_getenv("HOHEIT_DATA"), *home = secure_getenv("HOME");
    if (data)
        return data;
    if (geteuid() == 0 || !home)
        return "/var/lib/hoheit";
    return file_join(a, home, ".local/share/hoheit");
}

static fallible
read_command_line(struct app *app, int argc, char **argv)
{
    app->data_dir = default_data_dir(app->a);
    for (int i = 1; i < argc; i++)
        TRY(read_option(app, argv, &i));
    if (!str_copy(str_of(app->data_dir), app->boot.data_dir, sizeof app->boot.data_dir))
        REFUSE(ARGUMENT, "--data", "the path of the data directory is too long");
    return OK;
}

/* ---- configuration */
static fallible
apply_sets(struct app *app)
{
    for (size_t i = 0; i < app->set_count; i++) {
        str value = str_of(app->sets[i]), key;
        if (!str_next(&value, '=', &key) || !value.at)
            REFUSE(ARGUMENT, "--set", "--set wants KEY=VALUE, not \"%s\"", app->sets[i]);
        TRY(params_set(&app->boot.params, key, value));
    }
    return OK;
}

static fallible
check_policy(struct app *app)
{
    const char *file = app->boot.params.policy_file;
    if (!*file)
        file = file_join(app->a, app->data_dir, "policy.yaml");
    if (!str_copy(str_of(file), app->boot.policy_file, sizeof app->boot.policy_file))
        REFUSE(CONFIG, "policy.file", "the path of the policy file is too long");
    str text;
    policy *p = NULL;
    label l;
    TRY(file_read(app->a, file, POLICY_BYTES_MAX, &text));
    TRY(policy_load(text, &p));
    err e = policy_set_ceiling(p, str_of(app->boot.params.policy_level_max));
    if (!e.code)
        e = label_parse(policy_names(p), str_of(app->boot.params.policy_default_label), &l);
    if (!e.code)
        e = providers_check_sinks(app->providers, policy_names(p));
    if (!e.code)
        e = otel_check(&app->boot.params, &app->providers->list, p);
    policy_free(p);
    return e;
}

static fallible
read_providers(struct app *app)
{
    TRY(secret_get(&app->providers_room, sizeof *app->providers));
    app->providers = (void *)app->providers_room.at;
    TRY(providers_read(app->a, app->data_dir, app->providers));
    app->boot.providers = app->providers->list;
    return OK;
}

static fallible
check_witnesses(const struct app *app)
{
    AUTO(buf) keys = BUF(BOOT_WITNESSES_MAX - 1);
    return cosign_keys_put(&app->boot.params, &app->boot.providers, &keys);
}

static fallible
configure(struct app *app)
{
    TRY(datadir_check(app->data_dir));
    TRY(config_read(app->a, app->data_dir, &app->boot.params));
    TRY(apply_sets(app));
    TRY(read_providers(app));
    TRY(check_witnesses(app));
    return check_policy(app);
}

static fallible
read_pem(struct app *app, const char *path, char *room, uint32_t *ret_len)
{
    str text;
    TRY(file_read(app->a, path, BOOT_PEM_MAX, &text));
    memcpy(room, text.at, text.len);
    *ret_len = (uint32_t)text.len;
    return OK;
}

static fallible
read_tls(struct app *app)
{
    const struct params *p = &app->boot.params;
    if (!*p->net_tls_cert && !*p->net_tls_key)
        return OK;
    if (!*p->net_tls_cert || !*p->net_tls_key)
        REFUSE(CONFIG, "net.tls_key", "net.tls_cert and net.tls_key belong together");
    TRY(read_pem(app, p->net_tls_cert, app->tls.pem, &app->tls.cert_len));
    TRY(read_pem(app, p->net_tls_key, app->tls.pem + BOOT_PEM_MAX, &app->tls.key_len));
    app->boot.has_tls = 1;
    return OK;
}

/* ---- keys */
static fallible
derive_keys(struct app *app)
{
    AUTO(secret) master = {.at = NULL};
    AUTO(secret) pepper = {.at = NULL};
    AUTO(secret) seal = {.at = NULL};
    TRY(datadir_master_key(app->data_dir, &master));
    TRY(hkdf_sha256(&master, STR("hoheit api key pepper v1"), sizeof app->boot.pepper, &pepper));
    memcpy(app->boot.pepper, pepper.at, pepper.len);
    TRY(hkdf_sha256(&master, STR("hoheit seal key v1"), sizeof app->boot.seal_key, &seal));
    memcpy(app->boot.seal_key, seal.at, seal.len);
    TRY(signer_open(app->data_dir, &master, &app->signer));
    return entropy_get(app->boot.map_key, sizeof app->boot.map_key);
}

/* ---- signals */
static void
on_term(void *ctx)
{
    struct app *app = ctx;
    super_stop(app->super);
}

static void
on_hup(void *ctx)
{
    struct app *app = ctx;
    err e = read_tls(app);
    if (!e.code && app->boot.has_tls)
        e = super_reload_tls(app->super, &app->tls);
    if (e.code)
        log_failure(LOG_ERROR, "reload.failed", e);
}

static void
on_ready(void *ctx)
{
    struct app *app = ctx;
    printf("ready %s://%s\n", app->boot.has_tls ? "https" : "http", app->boot.address);
    fflush(stdout);
    LOG(INFO, "daemon.ready", LOG_Z("address", app->boot.address));
}

static void
on_end(void *ctx, err e)
{
    struct app *app = ctx;
    app->ended = e;
    loop_stop(app->loop);
}

/* ---- the run */
static fallible
open_sockets(struct app *app)
{
    char path[BOOT_PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/run/hoheit.sock", app->data_dir);
    TRY(datadir_lock(app->data_dir, &app->lock));
    TRY(http_bind(str_of(app->boot.params.net_listen), &app->listener, app->boot.address));
    return http_bind_unix(path, &app->local);
}

static fallible
start(struct app *app)
{
    const struct super_spec spec = {.boot = &app->boot,
                                    .tls = app->boot.has_tls ? &app->tls : NULL,
                                    .listen_fd = app->listener,
                                    .local_fd = app->local,
                                    .bin_dir = app->bin_dir,
                                    .signer = app->signer,
                                    .providers = app->providers,
                                    .on_ready = on_ready,
                                    .on_end = on_end,
                                    .ctx = app};
    TRY(loop_new(&app->loop));
    TRY(loop_signal(app->loop, SIGTERM, on_term, app));
    TRY(loop_signal(app->loop, SIGINT, on_term, app));
    TRY(loop_signal(app->loop, SIGHUP, on_hup, app));
    return super_new(app->loop, &spec, &app->super);
}

/* The children inherit this and add their own; so it comes last before them. */
static fallible
confine(const struct app *app)
{
    const char *const writable[] = {app->data_dir, NULL};
    struct sandbox_report report;
    const struct sandbox_spec spec = {
        .role = SANDBOX_SUPERVISOR,
        .writable = writable,
        .strict = str_eq(str_of(app->boot.params.os_sandbox), STR("strict")),
    };
    return sandbox_enter(&spec, &report);
}

static fallible
run(struct app *app)
{
    TRY(derive_keys(app));
    TRY(read_tls(app));
    TRY(proc_own_dir(app->bin_dir, sizeof app->bin_dir));
    TRY(open_sockets(app));
    TRY(confine(app));
    app->boot.started_wall_ms = clock_wall_ms();
    app->boot.started_ms = clock_ms();
    TRY(start(app));
    loop_run(app->loop);
    return app->ended;
}

static fallible
serve(struct app *app, int argc, char **argv)
{
    TRY(arm_fault(app));
    TRY(arena_open(SCRATCH_BYTES, &app->a));
    TRY(read_command_line(app, argc, argv));
    if (app->init)
        return datadir_make(app->data_dir, (str){shipped_policy, shipped_policy_len});
    TRY(configure(app));
    TRY(log_open("hoheitd", str_of(app->boot.params.log_level), str_of(app->boot.params.log_to)));
    return app->test ? OK : run(app);
}

static void
say(const struct app *app, err e)
{
    if (!e.code && app->test)
        printf("the configuration in %s is fine\n", app->data_dir);
    if (!e.code && app->init)
        printf("%s is ready; start it with: hoheitd --data %s\n", app->data_dir, app->data_dir);
    if (e.code)
        fprintf(stderr, "hoheitd: %s\nhoheitd: %s\n", err_text(), err_info(e)->hint);
}

int
main(int argc, char **argv)
{
    static struct app app; /* the process's one; large, so not on the stack */
    app.boot.version = BOOT_VERSION;
    app.lock = app.listener = app.local = -1;
    snprintf(app.boot.commit, sizeof app.boot.commit, "%s", HOHEIT_COMMIT);
    params_default(&app.boot.params);
    const err e = serve(&app, argc, argv);
    say(&app, e);
    super_free(app.super);
    secret_done(&app.providers_room);
    signer_free(app.signer);
    loop_free(app.loop);
    wipe(&app.tls, sizeof app.tls);
    wipe(app.boot.pepper, sizeof app.boot.pepper);
    wipe(app.boot.seal_key, sizeof app.boot.seal_key);
    arena_free(app.a);
    return err_info(e)->exit_status;
}
