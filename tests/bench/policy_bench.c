/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_bench.c - how long one decision takes, timed one by one, over 100,000 keys of 11,000
 * tenants and 4,000 labels of the shipped policy in random order; and what a whole state costs: the
 * same number of tenants and keys from a database, with limits, all of them used within a minute,
 * while one tenant asks as much as all others together.  Run in the repository's root. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gate/budget.h"
#include "gate/keyring.h"
#include "os/file.h"
#include "store/limits.h"
#include "store/people.h"

enum { TENANTS = 11000, KEYS = 100000, LABELS = 4000, ROUNDS = 1000000, GRANTS = 1024 };

static uint64_t state = 1;

static uint64_t
random_u64(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t
now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static err
load(policy **ret)
{
    static char text[256 * 1024];
    FILE *f = fopen("etc/policy.yaml", "r");
    if (!f)
        FAIL(NOT_FOUND, "no etc/policy.yaml here");
    const size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    static char limited[sizeof text + 256]; /* with a matrix of purposes, and office hours */
    const str law = STR("law: § 35 SGB I");
    const ptrdiff_t at = str_find((str){text, len}, STR("law: § 35 SGB I }"));
    ASSERT(at > 0);
    const int n = snprintf(
        limited, sizeof limited, "%.*s%.*s, purposes: \"leistung,aufsicht\", hours: true%.*s%s",
        (int)at, text, STR_FMT(law), (int)(len - (size_t)at - law.len), text + at + law.len,
        "hours: { zone: Europe/Berlin, times: [ { days: mo-fr, from: \"06:00\", to: "
        "\"20:00\" } ] }\n");
    TRY(policy_load((str){limited, (size_t)n}, ret));
    TRY(policy_set_ceiling(*ret, STR("VS-NfD")));
    return OK;
}

static label
random_label(const struct label_names *n, int levels, unsigned sparse)
{
    label l = label_of_level((int)(random_u64() % (uint64_t)levels));
    for (size_t i = 0; i < n->compartment_count; i++)
        l = random_u64() % sparse == 0 ? label_with(l, n->compartments[i].bit) : l;
    for (size_t i = 0; i < n->taint_count; i++)
        l = random_u64() % sparse == 0 ? label_with(l, n->taints[i].bit) : l;
    return l;
}

static err
make_key(const policy *p, size_t i, struct session *s, char name[32])
{
    const struct label_names *n = policy_names(p);
    char room[LABEL_TEXT_MAX];
    label l = random_label(n, 4, 2);
    l = label_part(l, 0, LABEL_REL_FIRST);
    const str party = random_u64() % 2 ? n->parties[random_u64() % n->party_count].id : STR_NONE;
    const int len = snprintf(name, 32, "tenant-%zu-key-%zu", i % TENANTS, i);
    static const str purposes[] = {STR_INIT("leistung"), STR_INIT("statistik"),
                                   STR_INIT("forschung")};
    *s = (struct session){.key_name = {name, (size_t)len},
                          .is_revoked = random_u64() % 64 == 0,
                          .cleared_until_wall_ms = INT64_MAX,
                          .purposes = purposes,
                          .purpose_count = 3,
                          .purpose = purposes[random_u64() % 3],
                          .acts_for = random_u64() % 2 ? STR("aufsicht,leistung") : STR_NONE};
    return policy_clearance(p, label_text(n, l, room), party, &s->clearance);
}

static int
by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void
show(const char *name, double share, const uint32_t *ns, double goal)
{
    const double value = ns[(size_t)(share * (ROUNDS - 1))];
    printf("bench %s %.0f ns goal <= %.0f %s\n", name, value, goal, value <= goal ? "ok" : "short");
}

static err
bench(void)
{
    policy *p = NULL;
    arena *a = NULL;
    TRY(load(&p));
    TRY(arena_open(GRANTS * 64, &a));
    struct session *keys = calloc(KEYS, sizeof *keys);
    char(*names)[32] = calloc(KEYS, sizeof *names);
    label *labels = calloc(LABELS, sizeof *labels);
    uint32_t *ns = calloc(ROUNDS, sizeof *ns);
    ASSERT(keys && names && labels && ns);
    for (size_t i = 0; i < KEYS; i++)
        TRY(make_key(p, i, &keys[i], names[i]));
    for (size_t i = 0; i < LABELS; i++)
        labels[i] = random_label(policy_names(p), 3, 12);
    size_t allowed = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct decision d;
        const grant *g = NULL;
        const struct ask q = {.session = &keys[random_u64() % KEYS],
                              .op = OP_CHAT,
                              .data = labels[random_u64() % LABELS],
                              .model = STR("model"),
                              .purpose = i % 2 ? STR("forschung") : STR_NONE,
                              .target = policy_local_sink(p),
                              .now_wall_ms = (int64_t)(random_u64() % 4000000000000)};
        if (i % GRANTS == 0)
            arena_reset(a);
        const uint64_t from = now_ns();
        const err e = policy_decide(p, &q, a, &d, &g);
        ns[i] = (uint32_t)(now_ns() - from);
        allowed += !e.code;
    }
    qsort(ns, ROUNDS, sizeof *ns, by_size);
    printf("# %d decisions, %zu allowed; two readings of the clock included\n", ROUNDS, allowed);
    show("policy.decide.p50", 0.5, ns, 1000);
    show("policy.decide.p99", 0.99, ns, 1000);
    free(keys), free(names), free(labels), free(ns);
    arena_free(a);
    policy_free(p);
    return OK;
}

/* ---- a whole state */
enum { SPENDS = 400000, QUIET_LIMIT = 600 };

struct state {
    char dir[64], path[96];
    secret pepper;
    db *db;
    keyring *keys;
    budget *budget;
    struct params params;
    struct gate_parts parts;
    const struct session **sessions;
    uint32_t *ns;
};

static double
resident_mb(void)
{
    unsigned long long all = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f)
        return 0;
    char line[128] = "";
    if (fgets(line, sizeof line, f)) {
        char *end;
        all = strtoull(line, &end, 10);
        resident = strtoull(end, NULL, 10);
    }
    fclose(f);
    return all ? (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6 : 0;
}

static void
show_one(const char *name, double value, const char *unit, const char *op, double goal)
{
    const bool is_good = *op == '<' ? value <= goal : value >= goal;
    printf("bench %s %.2f %s goal %s %.2f %s\n", name, value, unit, op, goal,
           is_good ? "ok" : "short");
}

static str
key_text(size_t i, char room[32])
{
    const int len = snprintf(room, 32, "bench-key-%06zu", i);
    return (str){room, (size_t)len};
}

static err
put_key(struct state *s, const policy *p, size_t i, arena *a)
{
    char text[32], name[32], tenant[32];
    struct session made;
    struct key_record r = {.clearance_text = STR("VS-NfD//SOZIALDATEN"),
                           .default_text = STR("intern"),
                           .created_wall_ms = 1};
    TRY(make_key(p, i, &made, name));
    TRY(key_import(&s->pepper, key_text(i, text), &r.id, &r.mac, a));
    snprintf(tenant, sizeof tenant, "tenant-%zu", i % TENANTS);
    r.name = r.line = made.key_name;
    r.tenant = str_of(tenant);
    r.clearance = made.clearance;
    r.default_label = label_of_level(1);
    return keys_add(s->db, &r);
}

static err
put_tenant(struct state *s, size_t i)
{
    char name[32], subject[48];
    snprintf(name, sizeof name, "tenant-%zu", i);
    snprintf(subject, sizeof subject, "tenant:%s", name);
    const struct limit_row row = {str_of(subject), STR("tokens/day"), 100000000};
    TRY(tenants_ensure(s->db, str_of(name), 1));
    return limits_put(s->db, &row);
}

static err
fill(struct state *s, const policy *p)
{
    AUTO(arena) *a = NULL;
    const struct limit_row rows[] = {{STR("default:tenant"), STR("requests/minute"), QUIET_LIMIT},
                                     {STR("default:key"), STR("requests/minute"), 6000},
                                     {STR("default:key"), STR("tokens/day"), 10000000},
                                     {STR("default:key"), STR("streams"), 16}};
    TRY(arena_open(64 * 1024 * 1024, &a));
    TRY(db_open(s->path, &s->db));
    TRY(db_begin(s->db));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        TRY(limits_put(s->db, &rows[i]));
    for (size_t i = 0; i < TENANTS; i++)
        TRY(put_tenant(s, i));
    for (size_t i = 0; i < KEYS; i++)
        TRY(put_key(s, p, i, a));
    TRY(db_commit(s->db));
    db_close(TAKE(s->db));
    return OK;
}

static err
start(struct state *s)
{
    params_default(&s->params);
    TRY(db_open(s->path, &s->db));
    s->parts = (struct gate_parts){.params = &s->params, .db = s->db};
    TRY(keyring_open(s->db, &s->pepper, &s->keys));
    return budget_open(&s->parts, &s->budget);
}

static err
spend(struct state *s, const struct session *who, uint64_t *ret_ns)
{
    static struct conv c; /* says nothing */
    static struct budget_hold h;
    static struct decision d;
    const struct model m = {.name = STR("model")};
    const struct budget_ask q = {.session = who, .model = &m, .kind = ENGINE_CHAT, .conv = &c};
    const struct budget_spent spent = {.tokens = 50};
    c.params.tokens_max = 100;
    const uint64_t from = now_ns();
    const err e = budget_reserve(s->budget, &q, &h, &d);
    if (!e.code)
        (void)budget_settle(s->budget, &h, &spent);
    *ret_ns = now_ns() - from;
    return e;
}

/* Every second request is one tenant's; each of the others asks about 20 times. */
static void
neighbours(struct state *s)
{
    size_t asked = 0, allowed = 0, noisy = 0, noisy_allowed = 0;
    for (size_t i = 0; i < SPENDS; i++) {
        uint64_t ns;
        const bool is_noisy = i % 2;
        const size_t key = is_noisy ? 7 : random_u64() % KEYS;
        const bool is_of_noisy = key % TENANTS == 7;
        const err e = spend(s, s->sessions[key], &ns);
        s->ns[i] = (uint32_t)ns;
        asked += !is_of_noisy, allowed += !is_of_noisy && !e.code;
        noisy += is_of_noisy, noisy_allowed += is_of_noisy && !e.code;
    }
    printf("# %zu requests of 10,999 tenants, %zu allowed; %zu of one, %zu allowed\n", asked,
           allowed, noisy, noisy_allowed);
    show_one("scale.fairness", (double)allowed / (double)asked, "share", ">=", 0.999);
    qsort(s->ns, SPENDS, sizeof *s->ns, by_size);
    show_one("scale.reserve.p50", s->ns[SPENDS / 2], "ns", "<=", 2000);
    show_one("scale.reserve.p99", s->ns[SPENDS / 100 * 99], "ns", "<=", 10000);
}

static err
decide_all(struct state *s, const policy *p)
{
    AUTO(arena) *a = NULL;
    TRY(arena_open(GRANTS * 64, &a));
    for (size_t i = 0; i < SPENDS; i++) {
        struct decision d;
        const grant *g = NULL;
        const struct ask q = {.session = s->sessions[random_u64() % KEYS],
                              .op = OP_CHAT,
                              .data = label_of_level((int)(random_u64() % 3)),
                              .model = STR("model"),
                              .target = policy_local_sink(p)};
        if (i % GRANTS == 0)
            arena_reset(a);
        const uint64_t from = now_ns();
        IGNORE(policy_decide(p, &q, a, &d, &g)); /* either way it took its time */
        s->ns[i] = (uint32_t)(now_ns() - from);
    }
    qsort(s->ns, SPENDS, sizeof *s->ns, by_size);
    show_one("scale.decision.p99", s->ns[SPENDS / 100 * 99], "ns", "<=", 1000);
    return OK;
}

/* All keys are used once, so that every one of them is accounted for; the first time on a day it
 * takes a block from the database. */
static err
use_all(struct state *s)
{
    s->sessions = calloc(KEYS, sizeof(const struct session *));
    s->ns = calloc(SPENDS, sizeof *s->ns);
    ASSERT(s->sessions && s->ns);
    for (size_t i = 0; i < KEYS; i++) {
        char room[32];
        uint64_t ns;
        TRY(keyring_find(s->keys, key_text(i, room), &s->sessions[i]));
        IGNORE(spend(s, s->sessions[i], &ns)); /* a tenant may have none left this minute */
        s->ns[i] = (uint32_t)ns;
    }
    qsort(s->ns, KEYS, sizeof *s->ns, by_size);
    show_one("scale.reserve.first.p50", s->ns[KEYS / 2], "ns", "<=", 100000);
    return OK;
}

static err
scale(void)
{
    struct state s = {.dir = "/tmp/hoheit-bench.XXXXXX"};
    policy *p = NULL;
    TRY(load(&p));
    TRY(secret_get(&s.pepper, 32));
    memset(s.pepper.at, 7, s.pepper.len);
    if (!mkdtemp(s.dir))
        FAIL(IO, "no directory");
    snprintf(s.path, sizeof s.path, "%s/records.db", s.dir);
    TRY(fill(&s, p));
    malloc_trim(0);
    const double before = resident_mb();
    const uint64_t from = now_ns();
    TRY(start(&s));
    const double started = (double)(now_ns() - from) / 1e9;
    malloc_trim(0);
    const double loaded = resident_mb() - before;
    TRY(use_all(&s));
    show_one("scale.start", started, "s", "<=", 2);
    printf("# 100,000 keys of 11,000 tenants with limits: %.1f MB right after the start\n", loaded);
    TRY(decide_all(&s, p));
    neighbours(&s);
    malloc_trim(0);
    show_one("scale.memory", resident_mb() - before, "MB", "<=", 150);
    budget_free(s.budget);
    keyring_free(s.keys);
    db_close(s.db);
    policy_free(p);
    secret_done(&s.pepper);
    free(s.sessions), free(s.ns);
    char file[112];
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s%s", s.path, ends[i]);
        (void)unlink(file);
    }
    (void)rmdir(s.dir);
    return OK;
}

int
main(void)
{
    if (bench().code || scale().code)
        fprintf(stderr, "%s\n", err_trail());
    return 0;
}
