/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_bench.c - how long one decision takes, timed one by one, over 100,000 keys of 11,000
 * tenants and 4,000 labels of the shipped policy in random order.  Run in the repository's root. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy/policy.h"

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
    TRY(policy_load((str){text, len}, ret));
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
    *s = (struct session){.key_name = {name, (size_t)len}, .is_revoked = random_u64() % 64 == 0};
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
                              .target = policy_local_sink(p)};
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

int
main(void)
{
    if (bench().code)
        fprintf(stderr, "%s\n", err_trail());
    return 0;
}
