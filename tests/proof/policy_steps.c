/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_steps POLICY CEILING - the label lattice, the decision, routing and downgrading, one step
 * for each line of standard input, one line of answer: what tests/proof/model.py is held against.
 *
 *     s I CLEARANCE ROLES EXPIRES REVOKED MODELS CLEARED PURPOSES PURPOSE PERSON
 *                                                  session I, its mark at the bottom; PERSON: what
 *                                                  they may act for, "-" nothing, "*" whatever
 *     o I LABEL                                    object I
 *     m I SINK LABEL RANK ABLE UP FULL COST ENERGY model I
 *     r I J NOW      session I reads object J: its mark rises
 *     w I J NOW      session I writes what it knows to object J
 *     g I J NOW      session I has model J answer: its mark rises
 *     d J            object J through the downgrader
 *     t I MASK NOW   where a request of session I goes among the models of MASK
 *     a I OP DATA TARGET MODEL NOW FLAGS PURPOSE   a decision by itself; 1 elsewhere, 2 own act
 *     x LABEL        its text, and whether that is read back
 *     p TEXT         a label's text
 *
 * Labels and masks are hexadecimal; a denial is "no" and its rule. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "os/file.h"
#include "policy/routing.h"

enum {
    SESSIONS = 8,
    OBJECTS = 16,
    MODELS = 8,
    PURPOSES = 4,
    FIELDS = 12,
    PERSON_MAX_BYTES = 16,
    LINE_MAX_BYTES = 4096
};

#define TIME_MAX ((uint64_t)INT64_MAX)

static const char *const model_names[MODELS] = {"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"};

static const char *const purpose_names[PURPOSES] = {"z0", "z1", "z2", "z3"};

struct subject {
    struct session session;
    str models[MODELS], purposes[PURPOSES];
    char acts_for[PERSON_MAX_BYTES];
    label mark;
};

static struct {
    policy *p;
    arena *a;
    struct subject subjects[SESSIONS];
    label objects[OBJECTS], labels[MODELS];
    struct routing_target models[MODELS];
    str f[FIELDS];
    size_t count;
} app;

/* ---- fields */
static unsigned
digit(char c)
{
    const char *const digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    ASSERT(at);
    return (unsigned)(at - digits);
}

static label
field_label(size_t i)
{
    label l = LABEL_BOTTOM;
    ASSERT(i < app.count && app.f[i].len <= 64);
    for (size_t k = 0; k < app.f[i].len; k++) {
        const size_t nibble = app.f[i].len - 1 - k;
        l.w[nibble / 16] |= (uint64_t)digit(app.f[i].at[k]) << (nibble % 16 * 4);
    }
    return l;
}

static uint64_t
field(size_t i, uint64_t max)
{
    uint64_t n = 0;
    ASSERT(i < app.count);
    const err e = num_u64(app.f[i], 0, max, &n);
    ASSERT(!e.code);
    return n;
}

static void
put_label(label l)
{
    printf(" %016llx%016llx%016llx%016llx", (unsigned long long)l.w[3], (unsigned long long)l.w[2],
           (unsigned long long)l.w[1], (unsigned long long)l.w[0]);
}

/* "-": none. */
static str
field_purpose(size_t i)
{
    ASSERT(i < app.count);
    for (size_t k = 0; k < PURPOSES; k++)
        if (str_eq(app.f[i], str_of(purpose_names[k])))
            return str_of(purpose_names[k]);
    return STR_NONE;
}

/* ---- what there is */
static void
set_session(void)
{
    struct subject *s = &app.subjects[field(1, SESSIONS - 1)];
    const uint64_t models = field_label(6).w[0];
    const uint64_t purposes = field_label(8).w[0];
    *s = (struct subject){.session = {.clearance = field_label(2),
                                      .roles = (uint32_t)field(3, 15),
                                      .expires_wall_ms = (int64_t)field(4, TIME_MAX),
                                      .is_revoked = field(5, 1) != 0,
                                      .models = s->models,
                                      .cleared_until_wall_ms = (int64_t)field(7, TIME_MAX),
                                      .purposes = s->purposes,
                                      .purpose = field_purpose(9),
                                      .key_name = STR("s")}};
    for (size_t i = 0; i < MODELS; i++)
        if (models >> i & 1)
            s->models[s->session.model_count++] = str_of(model_names[i]);
    for (size_t i = 0; i < PURPOSES; i++)
        if (purposes >> i & 1)
            s->purposes[s->session.purpose_count++] = str_of(purpose_names[i]);
    if (!str_eq(app.f[10], STR("*")) && str_copy(app.f[10], s->acts_for, sizeof s->acts_for))
        s->session.acts_for = str_of(s->acts_for);
    puts("-");
}

static void
set_object(void)
{
    app.objects[field(1, OBJECTS - 1)] = field_label(2);
    puts("-");
}

static void
set_model(void)
{
    const uint64_t i = field(1, MODELS - 1);
    app.labels[i] = field_label(3);
    app.models[i] = (struct routing_target){.name = str_of(model_names[i]),
                                            .sink = field_label(2),
                                            .rank = (uint32_t)field(4, 100),
                                            .is_able = field(5, 1) != 0,
                                            .is_up = field(6, 1) != 0,
                                            .is_full = field(7, 1) != 0,
                                            .cost_ue = field(8, 100),
                                            .energy_mj = field(9, 100)};
    puts("-");
}

/* ---- steps */
static struct ask
ask_of(const struct subject *s, enum op op, label data, label target)
{
    return (struct ask){.session = &s->session, .op = op, .data = data, .target = target};
}

static bool
decide(struct ask *q, size_t now_field, const grant **ret)
{
    struct decision d = {0};
    q->now_wall_ms = (int64_t)field(now_field, TIME_MAX);
    const err e = policy_decide(app.p, q, app.a, &d, ret);
    ASSERT((e.code == 0) == d.allowed);
    if (!d.allowed)
        printf("no %s\n", d.rule);
    return d.allowed;
}

static void
put_mark(struct subject *s, label more)
{
    s->mark = label_join(s->mark, more);
    printf("ok");
    put_label(s->mark);
    putchar('\n');
}

static void
step_read(void)
{
    struct subject *s = &app.subjects[field(1, SESSIONS - 1)];
    const label l = app.objects[field(2, OBJECTS - 1)];
    struct ask q = ask_of(s, OP_FILE_READ, l, policy_local_sink(app.p));
    const grant *g;
    if (decide(&q, 3, &g))
        put_mark(s, l);
}

static void
step_write(void)
{
    struct subject *s = &app.subjects[field(1, SESSIONS - 1)];
    struct ask q = ask_of(s, OP_FILE_ADD, s->mark, app.objects[field(2, OBJECTS - 1)]);
    const grant *g;
    if (decide(&q, 3, &g))
        puts("ok");
}

static void
step_generate(void)
{
    struct subject *s = &app.subjects[field(1, SESSIONS - 1)];
    const uint64_t m = field(2, MODELS - 1);
    struct ask q = ask_of(s, OP_CHAT, s->mark, app.models[m].sink);
    const grant *g;
    q.model = app.models[m].name;
    if (decide(&q, 3, &g))
        put_mark(s, app.labels[m]);
}

static void
step_downgrade(void)
{
    label *l = &app.objects[field(1, OBJECTS - 1)];
    *l = policy_downgrade(app.p, DOWNGRADE_PSEUDONYM, *l);
    printf("ok");
    put_label(*l);
    putchar('\n');
}

static void
step_route(void)
{
    const struct subject *s = &app.subjects[field(1, SESSIONS - 1)];
    const uint64_t mask = field_label(2).w[0];
    struct ask q = ask_of(s, OP_CHAT, s->mark, LABEL_BOTTOM);
    struct routing_targets list = {.count = 0};
    struct routing r;
    q.now_wall_ms = (int64_t)field(3, TIME_MAX);
    for (size_t i = 0; i < MODELS; i++)
        if (mask >> i & 1)
            list.at[list.count++] = app.models[i];
    const err e = routing_find(app.p, &q, &list, app.a, &r);
    printf("%s", e.code ? err_info(e)->id : "ok");
    for (size_t i = 0; i < r.count; i++)
        printf(" %.*s:%s:%s", STR_FMT(list.at[r.steps[i].target].name),
               routing_verdict_name(r.steps[i].verdict), r.steps[i].decision.rule);
    putchar('\n');
}

static enum op
field_op(size_t i)
{
    for (int o = 0; o < OP_COUNT; o++)
        if (str_eq(str_of(op_info((enum op)o)->name), app.f[i]))
            return (enum op)o;
    UNREACHABLE("an unknown operation");
}

static void
step_ask(void)
{
    const struct subject *s = &app.subjects[field(1, SESSIONS - 1)];
    struct ask q = ask_of(s, field_op(2), field_label(3), field_label(4));
    const grant *g;
    q.model = app.f[5].len > 1 ? app.f[5] : STR_NONE;
    q.is_elsewhere = field(7, 3) & 1;
    q.is_own_act = field(7, 3) >> 1;
    q.purpose = field_purpose(8);
    if (!decide(&q, 6, &g))
        return;
    printf("ok");
    put_label(grant_ceiling(g));
    putchar('\n');
}

static void
step_text(void)
{
    char room[LABEL_TEXT_MAX];
    const label l = field_label(1);
    label back = LABEL_BOTTOM;
    const str text = label_text(policy_names(app.p), l, room);
    const bool is_read = !label_parse(policy_names(app.p), text, &back).code;
    printf("%s %.*s\n", is_read && label_eq(back, l) ? "same" : "other", STR_FMT(text));
}

static void
step_parse(str line)
{
    label l = LABEL_BOTTOM;
    if (label_parse(policy_names(app.p), str_slice(line, 2, line.len), &l).code) {
        puts("no");
        return;
    }
    printf("ok");
    put_label(l);
    putchar('\n');
}

static const struct {
    char letter;
    size_t fields;
    void (*run)(void);
} steps[] = {{'s', 11, set_session},   {'o', 3, set_object}, {'m', 10, set_model},
             {'r', 4, step_read},      {'w', 4, step_write}, {'g', 4, step_generate},
             {'d', 2, step_downgrade}, {'t', 4, step_route}, {'a', 9, step_ask},
             {'x', 2, step_text}};

static bool
run_line(str line)
{
    str rest = line;
    if (str_starts(line, STR("p "))) {
        step_parse(line);
        return true;
    }
    app.count = 0;
    while (app.count < FIELDS && str_next(&rest, ' ', &app.f[app.count]))
        app.count++;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (app.f[0].len == 1 && app.f[0].at[0] == steps[i].letter &&
            app.count == steps[i].fields) {
            steps[i].run();
            arena_reset(app.a);
            return true;
        }
    return false;
}

static fallible
open_policy(const char *path, const char *ceiling)
{
    TRY(arena_open(1024 * 1024, &app.a));
    str yaml;
    TRY(file_read(app.a, path, 1024 * 1024, &yaml));
    TRY(policy_load(yaml, &app.p));
    arena_reset(app.a);
    return policy_set_ceiling(app.p, str_of(ceiling));
}

int
main(int argc, char **argv)
{
    char line[LINE_MAX_BYTES];
    const err e = argc == 3 ? open_policy(argv[1], argv[2]) : OK;
    if (argc != 3 || e.code) {
        fprintf(stderr, "policy_steps: %s\n", argc == 3 ? err_trail() : "POLICY CEILING");
        return 2;
    }
    while (fgets(line, sizeof line, stdin))
        if (!run_line(str_slice(str_of(line), 0, strcspn(line, "\n")))) {
            fprintf(stderr, "policy_steps: no step: %s", line);
            return 2;
        }
    policy_free(app.p);
    arena_free(app.a);
    return fflush(stdout) ? 1 : 0;
}
