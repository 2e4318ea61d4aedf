/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/doctor.h"

#include <unistd.h>

#include "base/fault.h"
#include "base/secret.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "egress/providers.h"
#include "net/client/dial.h"
#include "os/clock.h"
#include "os/config.h"
#include "os/file.h"
#include "policy/policy.h"

enum { POLICY_BYTES_MAX = 4 * 1024 * 1024, MASTER_KEY_LEN = 32 };

static const uint64_t mib = 1024 * 1024;
static const int64_t year_2026_ms = INT64_C(1767225600000);

void
doctor_find(struct findings *f, enum health health, const char *what, const char *todo)
{
    const struct finding one = {health, what, todo};
    if (f->e.code)
        return;
    f->weak += health == HEALTH_WEAK;
    f->wrong += health == HEALTH_WRONG;
    f->e = VEC_ADD(f->a, &f->list, &one);
}

#define TEXT(f, ...) (arena_fmt((f)->a, __VA_ARGS__).at)

/* ---- the machine */

static void
judge_sandbox(struct findings *f, const struct sandbox_report *s)
{
    doctor_find(
        f, s->no_new_privs && s->seccomp ? HEALTH_OK : HEALTH_WRONG,
        s->no_new_privs && s->seccomp ? "system calls can be filtered"
                                      : "system calls cannot be filtered: engines are not confined",
        s->no_new_privs && s->seccomp ? "" : "use a kernel and a container that allow seccomp");
    if (s->landlock)
        doctor_find(f, HEALTH_OK,
                    TEXT(f, "files can be confined (Landlock ABI %d)", s->landlock_abi), "");
    else
        doctor_find(f, HEALTH_WEAK, "files cannot be confined: this kernel has no Landlock",
                    "boot Linux 5.13 or later with lsm=landlock,…");
    if (!s->core_dumps_off)
        doctor_find(f, HEALTH_WEAK, "core dumps cannot be switched off: they could hold content",
                    "set fs.suid_dumpable=0 and kernel.core_pattern to nothing");
}

static void
judge_memory(struct findings *f, const struct host *h)
{
    char available[SHOW_MAX], swap[SHOW_MAX];
    show_bytes(h->memory_free_bytes, available);
    show_bytes(h->swap_bytes, swap);
    if (h->memory_free_bytes && h->memory_free_bytes < 512 * mib)
        doctor_find(f, HEALTH_WEAK, TEXT(f, "only %s of memory are free", available),
                    "end other programs or choose smaller models");
    else
        doctor_find(f, HEALTH_OK, TEXT(f, "%s of memory are free, %u cores", available, h->cores),
                    "");
    if (h->swap_bytes)
        doctor_find(f, HEALTH_WEAK,
                    TEXT(f, "%s of swap are on: what models read can reach the disk", swap),
                    "encrypt it, or switch it off with `swapoff -a`");
}

static void
list_accelerators(struct findings *f, const struct host *h)
{
    if (!h->accelerator_count)
        doctor_find(f, HEALTH_OK, "no accelerator: engines use the processor", "");
    for (size_t i = 0; i < h->accelerator_count; i++)
        doctor_find(f, HEALTH_OK,
                    TEXT(f, "accelerator: %s; engines built with `make ENGINE_CUDA=1` use NVIDIA's",
                         h->accelerators[i]),
                    "");
}

void
doctor_host(struct findings *f, const struct host *h)
{
    doctor_find(f, HEALTH_OK, TEXT(f, "kernel %s", h->kernel), "");
    judge_sandbox(f, &h->sandbox);
    judge_memory(f, h);
    list_accelerators(f, h);
    if (h->wall_ms < year_2026_ms)
        doctor_find(f, HEALTH_WRONG,
                    "the clock is years behind: records and keys would carry wrong times",
                    "set it, and let chrony or systemd-timesyncd keep it");
    else if (h->clock_known && !h->clock_set)
        doctor_find(f, HEALTH_WEAK, "nothing keeps the clock right",
                    "run chrony or systemd-timesyncd");
    else
        doctor_find(f, HEALTH_OK, "the clock is plausible", "");
    if (h->reads_pdf)
        doctor_find(f, HEALTH_OK, "PDF documents can be read", "");
    else
        doctor_find(f, HEALTH_WEAK, "PDF documents cannot be read: there is no pdftohtml",
                    "install poppler-utils, if there are any");
}

/* ---- the data directory */

static void
judge_part(struct findings *f, const char *dir, const struct part *p, uint32_t own_uid)
{
    const char *const path = *p->name ? TEXT(f, "%s/%s", dir, p->name) : dir;
    if (!p->there)
        doctor_find(f, HEALTH_WRONG, TEXT(f, "%s is missing", path),
                    TEXT(f, "`hoheit init %s`", dir));
    else if (p->mode & 077)
        doctor_find(f, HEALTH_WRONG, TEXT(f, "%s is open to others (mode %o)", path, p->mode),
                    TEXT(f, "`chmod go= %s`", path));
    else if (p->uid == own_uid && !p->writable)
        doctor_find(f, HEALTH_WRONG, TEXT(f, "%s cannot be written", path),
                    TEXT(f, "`chmod u+w %s`, or mount it writable", path));
    else if (strcmp(p->name, "keys/master.key") == 0 && p->len != MASTER_KEY_LEN)
        doctor_find(f, HEALTH_WRONG, TEXT(f, "%s is damaged", path), "restore it from the backup");
}

/* Gate and log are kept apart by their sandboxes; by their users as well where root starts them. */
static void
judge_log_user(struct findings *f, const struct part *top, const struct part *audit)
{
    if (!audit->there)
        return;
    if (audit->uid == top->uid)
        doctor_find(f, HEALTH_WEAK, "the log's files belong to the user the gate runs as",
                    "start hoheitd as root with audit.user set; the sandbox keeps them apart until "
                    "then");
    else
        doctor_find(f, HEALTH_OK,
                    TEXT(f, "the log's files belong to a user of their own (%u)", audit->uid), "");
}

void
doctor_parts(struct findings *f, const char *dir, const struct part *parts, size_t count,
             uint32_t own_uid)
{
    const size_t before = f->wrong;
    for (size_t i = 0; i < count; i++)
        judge_part(f, dir, &parts[i], own_uid);
    for (size_t i = 0; i < count; i++)
        if (strcmp(parts[i].name, "audit") == 0)
            judge_log_user(f, &parts[0], &parts[i]);
    if (f->wrong == before)
        doctor_find(f, HEALTH_OK, TEXT(f, "%s is whole and closed to others", dir), "");
    if (parts[0].there && parts[0].uid == 0)
        doctor_find(f, HEALTH_WEAK, "the daemon runs as root",
                    TEXT(f, "run it as a user of its own: `chown -R hoheit %s`", dir));
}

void
doctor_disk(struct findings *f, const char *dir, uint64_t free_bytes, uint64_t all_bytes)
{
    char text[SHOW_MAX];
    const char *const what =
        TEXT(f, "%s are free on the disk of %s", show_bytes(free_bytes, text), dir);
    const char *const todo = "free some: without room for records nothing is answered";
    if (!all_bytes)
        doctor_find(f, HEALTH_WEAK, TEXT(f, "the free space of %s is not known", dir),
                    "look with `df`");
    else if (free_bytes < 256 * mib)
        doctor_find(f, HEALTH_WRONG, TEXT(f, "only %s", what), todo);
    else if (free_bytes < 2048 * mib || free_bytes < all_bytes / 20)
        doctor_find(f, HEALTH_WEAK, TEXT(f, "only %s", what), todo);
    else
        doctor_find(f, HEALTH_OK, what, "");
}

/* ---- the configuration */

static bool
listens_beyond(const struct params *p)
{
    struct dial_target t;
    char url[PARAM_TEXT_MAX + 8];
    (void)snprintf(url, sizeof url, "http://%s", p->net_listen);
    const size_t len = strlen(url);
    if (len > 2 && strcmp(url + len - 2, ":0") == 0)
        url[len - 1] = '1'; /* port 0 picks one, but is no place to dial */
    return !dial_parse(str_of(url), &t).code && !dial_is_loopback(&t);
}

static void
judge_tls(struct findings *f, const struct params *p)
{
    if (!*p->net_tls_cert && listens_beyond(p))
        doctor_find(f, HEALTH_WRONG,
                    TEXT(f, "%s is served without TLS: keys and content can be read on the way",
                         p->net_listen),
                    "set net.tls_cert and net.tls_key, or listen on 127.0.0.1");
    else
        doctor_find(f, HEALTH_OK,
                    TEXT(f, "served on %s%s", p->net_listen,
                         *p->net_tls_cert ? " with TLS" : ", this machine only"),
                    "");
    if (*p->net_tls_key && access(p->net_tls_key, R_OK) != 0)
        doctor_find(f, HEALTH_WRONG, TEXT(f, "%s cannot be read", p->net_tls_key),
                    "check net.tls_key, and the owner and mode of the file");
}

void
doctor_params(struct findings *f, const struct params *p, const struct host *h)
{
    judge_tls(f, p);
    if (strcmp(p->os_sandbox, "open") == 0)
        doctor_find(f, HEALTH_WEAK, "os.sandbox is open: what cannot be confined runs all the same",
                    "set os.sandbox to strict once everything above is ok");
    if (p->engine_threads > h->cores && h->cores)
        doctor_find(f, HEALTH_WEAK,
                    TEXT(f, "engine.threads is %llu, but there are %u cores",
                         (unsigned long long)p->engine_threads, h->cores),
                    "set it to 0: then it follows the cores");
    if (h->files_max && h->files_max < p->net_connections_max + 64)
        doctor_find(f, HEALTH_WEAK,
                    TEXT(f, "%llu files may be open, net.connections_max is %llu",
                         (unsigned long long)h->files_max,
                         (unsigned long long)p->net_connections_max),
                    "raise the limit (LimitNOFILE, ulimit -n) or lower net.connections_max");
}

/* What an err says, kept. */
static const char *
reason(struct findings *f, err e)
{
    struct err_kept k;
    err_keep(&k, e);
    return TEXT(f, "%s", *k.text ? k.text : err_info(e)->en);
}

/* providers.yaml with all it names: credentials nobody else can read, labels the policy knows,
 * plain http on this machine only.  *ret_count: how many there are. */
static fallible
check_providers(struct cli *c, const struct label_names *names, uint32_t *ret_count)
{
    struct providers *p = mem_get(sizeof *p);
    if (!p)
        FAIL(LIMIT, "no memory for the providers");
    err e = providers_read(c->a, c->data_dir, p);
    if (!e.code)
        e = providers_check_sinks(p, names);
    *ret_count = 0;
    for (uint32_t i = 0; !e.code && i < p->list.count; i++)
        *ret_count += !provider_is_witness(&p->list.at[i]);
    wipe(p, sizeof *p);
    mem_free(p);
    return e;
}

static void
look_at_providers(struct cli *c, struct findings *f, const struct label_names *names)
{
    uint32_t count = 0;
    const err e = check_providers(c, names, &count);
    if (e.code)
        doctor_find(f, HEALTH_WRONG, reason(f, e),
                    "mend providers.yaml; `hoheitd -t` says when it is right");
    else if (count)
        doctor_find(f, HEALTH_OK,
                    TEXT(f, "%u providers, their credentials closed to others", count), "");
}

/* And the providers, by the names of the policy. */
static fallible
check_policy(struct cli *c, struct findings *f, const struct params *p)
{
    const char *const file =
        *p->policy_file ? p->policy_file : file_join(c->a, c->data_dir, "policy.yaml");
    policy *loaded = NULL;
    label l;
    str text;
    TRY(file_read(c->a, file, POLICY_BYTES_MAX, &text));
    TRY(policy_load(text, &loaded));
    err e = policy_set_ceiling(loaded, str_of(p->policy_level_max));
    if (!e.code)
        e = label_parse(policy_names(loaded), str_of(p->policy_default_label), &l);
    if (!e.code)
        look_at_providers(c, f, policy_names(loaded));
    policy_free(loaded);
    return e;
}

/* Sets *ret if the configuration can be read. */
static bool
look_at_config(struct cli *c, struct findings *f, const struct host *h, struct params *ret)
{
    err e = config_read(c->a, c->data_dir, ret);
    if (e.code) {
        doctor_find(f, HEALTH_WRONG, reason(f, e), "mend it; `hoheitd -t` says when it is right");
        return false;
    }
    doctor_params(f, ret, h);
    e = check_policy(c, f, ret);
    doctor_find(f, e.code ? HEALTH_WRONG : HEALTH_OK,
                e.code ? reason(f, e) : "the policy can be read",
                e.code ? "mend policy.yaml; `hoheitd -t` says when it is right" : "");
    return true;
}

/* ---- the daemon */

/* What a machine does not have is no fault of its operator. */
static void
judge_energy(struct cli *c, struct findings *f, const jval *status)
{
    const jval energy = json_get(status, "energy"), measured = json_get(&energy, "measured");
    bool is_measured = false;
    if (json_type(energy) != J_OBJECT || opt_json_bool(&measured, &is_measured).code)
        return;
    const str missing = cli_text(c, &energy, "missing");
    if (is_measured)
        doctor_find(f, HEALTH_OK, "energy is measured (RAPL)", "");
    else if (str_find(missing, STR("by this user")) >= 0)
        doctor_find(f, HEALTH_WEAK, TEXT(f, "energy is not measured: %.*s", STR_FMT(missing)),
                    "let the daemon read /sys/class/powercap/intel-rapl:*/energy_uj: chgrp and "
                    "chmod g+r them, at each start of the machine");
    else
        doctor_find(f, HEALTH_OK, TEXT(f, "energy is not measured: %.*s", STR_FMT(missing)), "");
}

void
doctor_status(struct cli *c, struct findings *f, const jval *status)
{
    const jval engines = json_get(status, "engines");
    struct jwalk w = {0};
    jval e;
    judge_energy(c, f, status);
    while (json_type(engines) == J_ARRAY && json_each(&engines, &w, &e)) {
        const str model = cli_text(c, &e, "model"), state = cli_text(c, &e, "state");
        const uint64_t restarts = cli_number(&e, "restarts");
        if (str_eq(state, STR("failed")))
            doctor_find(f, HEALTH_WRONG, TEXT(f, "the engine of %.*s fails", STR_FMT(model)),
                        "look for engine.lost in the log; the file may be damaged");
        else if (restarts)
            doctor_find(f, HEALTH_WEAK,
                        TEXT(f, "the engine of %.*s was restarted %llu times", STR_FMT(model),
                             (unsigned long long)restarts),
                        "look for engine.lost in the log");
        else
            doctor_find(f, HEALTH_OK,
                        TEXT(f, "engine of %.*s: %.*s", STR_FMT(model), STR_FMT(state)), "");
    }
}

void
doctor_providers(struct cli *c, struct findings *f, const jval *status)
{
    const jval providers = json_get(status, "providers");
    struct jwalk w = {0};
    jval p;
    while (json_type(providers) == J_ARRAY && json_each(&providers, &w, &p)) {
        const str name = cli_text(c, &p, "name"), state = cli_text(c, &p, "state");
        const unsigned long long failures = cli_number(&p, "failures");
        if (str_eq(state, STR("left alone")))
            doctor_find(f, HEALTH_WEAK,
                        TEXT(f, "the provider %.*s failed %llu times in a row and is left alone",
                             STR_FMT(name), failures),
                        "look for egress in the log; it is tried again by itself");
        else if (str_eq(state, STR("unknown")))
            doctor_find(f, HEALTH_WEAK,
                        TEXT(f, "nothing is heard of the provider %.*s", STR_FMT(name)),
                        "look for egress.lost in the log");
        else if (failures)
            doctor_find(
                f, HEALTH_WEAK,
                TEXT(f, "the last %llu calls to the provider %.*s failed", failures, STR_FMT(name)),
                "ask `hoheit explain` about one of them");
        else
            doctor_find(f, HEALTH_OK,
                        TEXT(f, "provider %.*s: may hold %.*s", STR_FMT(name),
                             STR_FMT(cli_text(c, &p, "sink"))),
                        "");
    }
}

static uint64_t
seconds_since(uint64_t wall_s)
{
    const uint64_t now_s = (uint64_t)(clock_wall_ms() / 1000);
    return now_s > wall_s ? now_s - wall_s : 0;
}

static void
judge_witness(struct cli *c, struct findings *f, const jval *w)
{
    const str name = cli_text(c, w, "name"), state = cli_text(c, w, "state");
    const unsigned long long lag = cli_number(w, "lag_entries");
    const unsigned long long lag_s = cli_number(w, "lag_ms") / 1000;
    if (str_eq(state, STR("failing")))
        doctor_find(f, HEALTH_WEAK,
                    TEXT(f, "the witness %.*s is %llu entries behind for %llu s: %.*s",
                         STR_FMT(name), lag, lag_s, STR_FMT(cli_text(c, w, "why"))),
                    "look at its side; it is asked again by itself");
    else if (str_eq(state, STR("new")))
        doctor_find(f, HEALTH_WEAK, TEXT(f, "the witness %.*s was not asked yet", STR_FMT(name)),
                    "wait for witness.interval_ms; then look for egress in the log");
    else
        doctor_find(f, HEALTH_OK,
                    TEXT(f, "witness %.*s signed %llu entries of the log %llu s ago", STR_FMT(name),
                         (unsigned long long)cli_number(w, "signed_entries"),
                         (unsigned long long)seconds_since(cli_number(w, "signed_s"))),
                    "");
}

void
doctor_witnesses(struct cli *c, struct findings *f, const jval *status)
{
    const jval all = json_get(status, "witnesses"), list = json_get(&all, "list");
    const jval alarm = json_get(&all, "alarm");
    const unsigned long long wanted = cli_number(&all, "wanted"), good = cli_number(&all, "good");
    struct jwalk walk = {0};
    bool is_alarmed = false;
    jval w;
    if (json_type(list) != J_ARRAY || !json_count(&list))
        return;
    if (opt_json_bool(&alarm, &is_alarmed).code || is_alarmed)
        doctor_find(f, HEALTH_WRONG, "an alarm about witnesses stands: one saw another log",
                    "`hoheit log alarm` shows it; an auditor ends it with `hoheit log clear`");
    while (json_each(&list, &walk, &w))
        judge_witness(c, f, &w);
    if (good < wanted)
        doctor_find(f, HEALTH_WEAK,
                    TEXT(f, "%llu of the %llu wanted witnesses sign the log", good, wanted),
                    "bring them back, or set witness.quorum");
}

void
doctor_models(struct cli *c, struct findings *f, const jval *models)
{
    const jval list = json_get(models, "models");
    struct jwalk w = {0};
    jval m;
    if (json_type(list) != J_ARRAY || !json_count(&list)) {
        doctor_find(f, HEALTH_WEAK, "there is no model", "`hoheit model add FILE`");
        return;
    }
    doctor_find(f, HEALTH_OK,
                json_count(&list) == 1 ? "one model" : TEXT(f, "%zu models", json_count(&list)),
                "");
    while (json_each(&list, &w, &m))
        if (!cli_text(c, &m, "licence").len)
            doctor_find(
                f, HEALTH_WEAK,
                TEXT(f, "the licence of model %.*s is not known", STR_FMT(cli_text(c, &m, "name"))),
                "add it again with --licence");
}

void
doctor_keys(struct cli *c, struct findings *f, const jval *keys)
{
    struct jwalk w = {0};
    jval k;
    size_t eternal = 0;
    while (json_type(*keys) == J_ARRAY && json_each(keys, &w, &k))
        eternal +=
            str_eq(cli_text(c, &k, "state"), STR("valid")) && !cli_text(c, &k, "expires").len;
    if (eternal)
        doctor_find(f, HEALTH_WEAK,
                    eternal == 1 ? "one key never expires"
                                 : TEXT(f, "%zu keys never expire", eternal),
                    "make keys with --expires and revoke the old ones");
}

static err
ask(struct cli *c, str path, jval *ret)
{
    const struct remote_call q = REMOTE_CALL("GET", path);
    return remote_json(c, &q, ret);
}

static bool
look_at_daemon(struct cli *c, struct findings *f)
{
    jval status, models, keys, ready;
    const err e = ask(c, STR("/admin/v1/status"), &status);
    if (e.code) {
        const char *const why = reason(f, e);
        doctor_find(f, HEALTH_WRONG, why, TEXT(f, "%s", *c->hint ? c->hint : err_info(e)->hint));
        return false;
    }
    doctor_find(f, HEALTH_OK, TEXT(f, "hoheitd answers at %.*s", STR_FMT(c->url)), "");
    doctor_status(c, f, &status);
    doctor_providers(c, f, &status);
    doctor_witnesses(c, f, &status);
    if (!ask(c, STR("/admin/v1/models"), &models).code)
        doctor_models(c, f, &models);
    if (!ask(c, STR("/admin/v1/keys"), &keys).code)
        doctor_keys(c, f, &keys);
    const bool is_ready = !ask(c, STR("/ready"), &ready).code;
    doctor_find(f, is_ready ? HEALTH_OK : HEALTH_WEAK,
                is_ready ? "ready to answer" : "not ready: an engine is still loading",
                is_ready ? "" : "wait; `hoheit status` shows how far it is");
    return true;
}

/* Who answers where the configuration says that hoheitd does? */
static void
look_at_port(const struct cli *c, struct findings *f, const struct params *p, bool runs)
{
    struct cli there = *c;
    jval answer;
    if (*p->net_tls_cert || str_ends(str_of(p->net_listen), STR(":0")))
        return;
    there.url = arena_fmt(c->a, "http://%s", p->net_listen);
    there.key = STR_NONE;
    there.is_local = false;
    const err e = ask(&there, STR("/healthy"), &answer);
    if (runs && e.code)
        doctor_find(f, HEALTH_WEAK,
                    TEXT(f, "hoheitd does not answer on %s, where net.listen says", p->net_listen),
                    "start it anew, if it was not told another address by --set");
    else if (runs)
        doctor_find(f, HEALTH_OK, TEXT(f, "hoheitd answers on %s", p->net_listen), "");
    else if (e.code != ERR_ENGINE_LOST)
        doctor_find(f, HEALTH_WRONG, TEXT(f, "another program answers on %s", p->net_listen),
                    "end it, or set net.listen to a free port");
}

/* ---- telling */

static void
put_finding(const struct cli *c, const struct finding *one)
{
    static const char *const words[] = {"ok", "weak", "wrong"};
    static const enum style styles[] = {STYLE_GREEN, STYLE_YELLOW, STYLE_RED};
    if (c->quiet && one->health == HEALTH_OK)
        return;
    show_styled(c->out, c->colored, styles[one->health], str_of(words[one->health]));
    (void)fprintf(c->out, "%*s", 7 - (int)strlen(words[one->health]), "");
    show_text(c->out, str_of(one->what), false);
    if (*one->todo)
        (void)fputs(" — ", c->out);
    show_text(c->out, str_of(one->todo), false);
    (void)fputc('\n', c->out);
}

static fallible
put_json(struct cli *c, const struct findings *f)
{
    static const char *const words[] = {"ok", "weak", "wrong"};
    AUTO(buf) b = BUF(1024 * 1024);
    json_open(&b, '[');
    for (size_t i = 0; i < f->list.count; i++) {
        const struct finding *const one = &f->list.at[i];
        json_open(&b, '{');
        json_member_str(&b, "health", str_of(words[one->health]));
        json_member_str(&b, "what", str_of(one->what));
        json_member_str(&b, "todo", str_of(one->todo));
        json_close(&b, '}');
    }
    json_close(&b, ']');
    return cli_put_json(c, &b);
}

static void
look_here(struct cli *c, struct findings *f)
{
    struct host h;
    struct params p;
    struct part parts[HOST_PARTS];
    uint64_t free_bytes, all_bytes;
    host_look(c->a, &h);
    doctor_host(f, &h);
    const size_t count = host_parts(c->a, c->data_dir, parts);
    doctor_parts(f, c->data_dir, parts, count, geteuid());
    if (!parts[0].there)
        return;
    host_disk(c->data_dir, &free_bytes, &all_bytes);
    doctor_disk(f, c->data_dir, free_bytes, all_bytes);
    const bool configured = look_at_config(c, f, &h, &p), runs = look_at_daemon(c, f);
    if (configured)
        look_at_port(c, f, &p, runs);
}

fallible
cmd_doctor(struct cli *c, const struct args *a)
{
    struct findings f = {.a = c->a};
    (void)a;
    if (c->is_local)
        look_here(c, &f);
    else
        look_at_daemon(c, &f);
    c->hint[0] = c->de[0] = c->request[0] = 0;
    TRY(f.e);
    if (c->json)
        TRY(put_json(c, &f));
    else
        for (size_t i = 0; i < f.list.count; i++)
            put_finding(c, &f.list.at[i]);
    if (!f.wrong)
        return OK;
    c->silent = true; /* the findings say it, and the status */
    FAIL(CONFLICT, "%zu things are wrong", f.wrong);
}
