/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit init`, `stop` and `status`: the installation on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/proc.h"

enum { LOOK_MS = 20, WAIT_MS = 60000, DIR_ROOM = 4096 };

/* ---- init: hoheitd knows how, since it must trust what it finds */

fallible
cmd_init(struct cli *c, const struct args *a)
{
    char dir[DIR_ROOM];
    const char *const data = a->count ? a->at[0].at : c->data_dir;
    TRY(proc_own_dir(dir, sizeof dir));
    const char *const program = file_join(c->a, dir, "hoheitd");
    char *const argv[] = {(char *)(uintptr_t)program, (char[]){"--init"}, (char[]){"--data"},
                          (char *)(uintptr_t)data, NULL};
    (void)fflush(c->out);
    (void)execv(program, argv);
    cli_hint(c, "hoheit and hoheitd must lie in one directory.");
    return file_errno("start", program);
}

/* ---- stop */

/* The pid of the daemon that holds the directory's lock; 0: none does. */
static fallible
running_pid(struct cli *c, const char *path, pid_t *ret)
{
    AUTO(fd) f = -1;
    char text[32] = "";
    size_t len = 0;
    uint64_t pid = 0;
    *ret = 0;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return OK;
    TRY(file_open(path, O_RDONLY, 0, &f));
    if (flock(f, LOCK_SH | LOCK_NB) == 0)
        return OK;
    TRY(file_read_at(f, 0, text, sizeof text - 1, &len));
    const str line = {text, len && text[len - 1] == '\n' ? len - 1 : len};
    if (num_u64(line, 2, INT32_MAX, &pid).code) {
        cli_hint(c, "Look for it with `pgrep hoheitd`.");
        REFUSE(CORRUPT, "", "%s does not hold a process id", path);
    }
    *ret = (pid_t)pid;
    return OK;
}

static fallible
await_end(struct cli *c, const char *path, pid_t pid, uint64_t wait_ms)
{
    const uint64_t until = clock_ms() + wait_ms;
    pid_t now = pid;
    while (now == pid && clock_ms() < until) {
        (void)poll(NULL, 0, LOOK_MS);
        TRY(running_pid(c, path, &now));
    }
    if (now != pid)
        return OK;
    cli_hint(c, "It may still be finishing requests (net.stop_ms_max); `kill -9 %d` ends it now.",
             (int)pid);
    REFUSE(BUSY, "", "hoheitd (process %d) has not ended yet", (int)pid);
}

fallible
cmd_stop(struct cli *c, const struct args *a)
{
    const char *const path = file_join(c->a, c->data_dir, "run/hoheitd.pid");
    uint64_t wait_ms = WAIT_MS;
    pid_t pid;
    TRY(args_ms(a, "wait", 86400000, &wait_ms));
    if (!c->is_local)
        REFUSE(ARGUMENT, "", "stop is for a daemon on this machine, not for --url");
    if (access(c->data_dir, F_OK) != 0)
        return file_errno("look into", c->data_dir);
    TRY(running_pid(c, path, &pid));
    if (!pid) {
        cli_note(c, "hoheitd was not running on %s", c->data_dir);
        return OK;
    }
    if (kill(pid, SIGTERM) != 0)
        return file_errno("end", "hoheitd");
    TRY(await_end(c, path, pid, wait_ms));
    cli_note(c, "hoheitd (process %d) has ended", (int)pid);
    return OK;
}

/* ---- status */

static void
show_serving(struct cli *c, const jval *root)
{
    const uint64_t up_s = cli_number(root, "uptime_s");
    (void)fputs("serving      ", c->out);
    show_text(c->out, cli_text(c, root, "address"), false);
    (void)fprintf(c->out, ", up %llu:%02llu:%02llu, build ", (unsigned long long)(up_s / 3600),
                  (unsigned long long)(up_s / 60 % 60), (unsigned long long)(up_s % 60));
    show_text(c->out, cli_text(c, root, "commit"), false);
    (void)fputc('\n', c->out);
}

static void
show_gate(struct cli *c, const jval *root)
{
    char memory[SHOW_MAX];
#define N(name) (unsigned long long)cli_number(root, name)
    show_bytes(cli_number(root, "gate_resident_bytes"), memory);
    const str level = cli_text(c, root, "level_max");
    (void)fprintf(c->out, "gate         process %llu, %s, data up to ", N("gate_pid"), memory);
    show_text(c->out, level, false);
    (void)fprintf(c->out, "\nconnections  %llu open\n", N("connections"));
    (void)fprintf(c->out, "requests     %llu answered, %llu running, %llu denied\n", N("requests"),
                  N("requests_running"), N("denied"));
    (void)fprintf(c->out, "tokens       %llu written\n", N("tokens_out"));
#undef N
}

static fallible
show_energy(struct cli *c, const jval *root)
{
    const jval energy = json_get(root, "energy"), measured = json_get(&energy, "measured");
    bool is_measured = false;
    if (!energy.v)
        return OK;
    TRY(json_object(&energy));
    TRY(opt_json_bool(&measured, &is_measured));
    (void)fputs(is_measured ? "energy       measured\n" : "energy       not measured: ", c->out);
    if (is_measured)
        return OK;
    show_text(c->out, cli_text(c, &energy, "missing"), false);
    (void)fputc('\n', c->out);
    return OK;
}

static fallible
add_state(struct cli *c, struct table *t, const jval *engine)
{
    const jval progress = json_get(engine, "progress");
    const str state = cli_text(c, engine, "state");
    double done = 1;
    TRY(opt_json_f64(&progress, 0, 1, &done));
    if (done > 0 && done < 1)
        return table_add_fmt(t, "%.*s %d %%", STR_FMT(state), (int)(done * 100));
    return table_add(t, state);
}

static fallible
add_number(struct table *t, const jval *engine, const char *name)
{
    const uint64_t n = cli_number(engine, name);
    return n ? table_add_fmt(t, "%llu", (unsigned long long)n) : table_add(t, STR("-"));
}

static fallible
add_engine(struct cli *c, struct table *t, const jval *engine)
{
    char memory[SHOW_MAX];
    uint64_t bytes = cli_number(engine, "resident_bytes");
    TRY(json_object(engine));
    if (!bytes)
        bytes = cli_number(engine, "memory_bytes");
    TRY(table_add(t, cli_text(c, engine, "model")));
    TRY(add_state(c, t, engine));
    TRY(table_add(t, cli_text(c, engine, "engine")));
    TRY(add_number(t, engine, "pid"));
    TRY(table_add(t, bytes ? str_of(show_bytes(bytes, memory)) : STR("-")));
    TRY(add_number(t, engine, "context_tokens"));
    TRY(add_number(t, engine, "sequences_max"));
    TRY(add_number(t, engine, "jobs"));
    return add_number(t, engine, "restarts");
}

static fallible
show_engines(struct cli *c, const jval *root)
{
    const jval engines = json_get(root, "engines");
    struct table t;
    struct jwalk w = {0};
    jval engine;
    if (json_type(engines) != J_ARRAY || !json_count(&engines)) {
        (void)fputs("engines      none runs; one is started by the first request for its model\n",
                    c->out);
        return OK;
    }
    TRY(table_begin(&t, c->a,
                    "MODEL|STATE|ENGINE|PROCESS>|MEMORY>|CONTEXT>|AT ONCE>|JOBS>|RESTARTS>"));
    while (json_each(&engines, &w, &engine))
        TRY(add_engine(c, &t, &engine));
    (void)fputc('\n', c->out);
    table_show(&t, c->out, c->colored);
    return OK;
}

static fallible
add_provider(struct cli *c, struct table *t, const jval *provider)
{
    const uint64_t us = cli_number(provider, "latency_us");
    TRY(json_object(provider));
    TRY(table_add(t, cli_text(c, provider, "name")));
    TRY(table_add(t, cli_text(c, provider, "dialect")));
    TRY(table_add(t, cli_text(c, provider, "region")));
    TRY(table_add(t, cli_text(c, provider, "sink")));
    TRY(table_add(t, cli_text(c, provider, "state")));
    TRY(add_number(t, provider, "running"));
    TRY(add_number(t, provider, "failures"));
    return us ? table_add_fmt(t, "%.1f ms", (double)us / 1000) : table_add(t, STR("-"));
}

static fallible
show_providers(struct cli *c, const jval *root)
{
    const jval providers = json_get(root, "providers");
    struct table t;
    struct jwalk w = {0};
    jval provider;
    if (json_type(providers) != J_ARRAY || !json_count(&providers))
        return OK;
    TRY(table_begin(&t, c->a,
                    "PROVIDER|DIALECT|REGION|MAY HOLD|STATE|RUNNING>|FAILURES>|LATENCY>"));
    while (json_each(&providers, &w, &provider))
        TRY(add_provider(c, &t, &provider));
    (void)fputc('\n', c->out);
    table_show(&t, c->out, c->colored);
    return OK;
}

static fallible
add_witness(struct cli *c, struct table *t, const jval *witness)
{
    const uint64_t lag = cli_number(witness, "lag_entries"), s = cli_number(witness, "signed_s");
    const uint64_t now_s = (uint64_t)(clock_wall_ms() / 1000);
    TRY(json_object(witness));
    TRY(table_add(t, cli_text(c, witness, "name")));
    TRY(table_add(t, cli_text(c, witness, "state")));
    TRY(table_add_fmt(t, "%llu", (unsigned long long)cli_number(witness, "signed_entries")));
    TRY(s ? table_add_fmt(t, "%llu s ago", (unsigned long long)(now_s > s ? now_s - s : 0))
          : table_add(t, STR("never")));
    TRY(lag ? table_add_fmt(t, "%llu for %llu s", (unsigned long long)lag,
                            (unsigned long long)cli_number(witness, "lag_ms") / 1000)
            : table_add(t, STR("-")));
    return table_add(t, cli_text(c, witness, "why"));
}

static fallible
show_witnesses(struct cli *c, const jval *root)
{
    const jval all = json_get(root, "witnesses"), list = json_get(&all, "list");
    const jval alarm = json_get(&all, "alarm");
    bool is_alarmed = false;
    struct table t;
    struct jwalk w = {0};
    jval witness;
    if (!list.v || json_type(list) != J_ARRAY || !json_count(&list))
        return OK;
    TRY(opt_json_bool(&alarm, &is_alarmed));
    (void)fprintf(c->out, "\nwitnesses    %llu of %llu wanted sign what is new%s\n",
                  (unsigned long long)cli_number(&all, "good"),
                  (unsigned long long)cli_number(&all, "wanted"),
                  is_alarmed ? "; AN ALARM STANDS, see \"hoheit log alarm\"" : "");
    TRY(table_begin(&t, c->a, "WITNESS|STATE|ENTRIES>|SIGNED>|BEHIND>|WHY"));
    while (json_each(&list, &w, &witness))
        TRY(add_witness(c, &t, &witness));
    table_show(&t, c->out, c->colored);
    return OK;
}

fallible
cmd_status(struct cli *c, const struct args *a)
{
    (void)a;
    const struct remote_call q = REMOTE_CALL("GET", STR("/admin/v1/status"));
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    jval root;
    TRY(remote_json(c, &q, &root));
    TRY(json_object(&root));
    if (c->json) {
        json_put_value(&b, &root);
        return cli_put_json(c, &b);
    }
    show_serving(c, &root);
    show_gate(c, &root);
    TRY(show_energy(c, &root));
    TRY(show_engines(c, &root));
    TRY(show_providers(c, &root));
    return show_witnesses(c, &root);
}
