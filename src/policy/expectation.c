/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/expectation.h"

#include <stdio.h>

#include "policy/document.h"

enum { WORD_BYTES_MAX = 200, OUTCOME_MAX = 80, WORK_BYTES = 64 * 1024 };

struct row {
    char *name, *clearance, *party, *label, *sink, *purpose, *purposes, *at, *expect;
};

struct table {
    char *version, *ceiling;
    struct row *rows;
    uint32_t rows_count;
};

#define TEXT(field, len_max, flags)                                                                \
    CYAML_FIELD_STRING_PTR(#field, CYAML_FLAG_POINTER | (flags), struct row, field, 1, len_max)
static const cyaml_schema_field_t row_fields[] = {
    TEXT(name, WORD_BYTES_MAX, CYAML_FLAG_OPTIONAL),
    TEXT(clearance, LABEL_TEXT_MAX, CYAML_FLAG_DEFAULT),
    TEXT(party, WORD_BYTES_MAX, CYAML_FLAG_OPTIONAL),
    TEXT(label, LABEL_TEXT_MAX, CYAML_FLAG_DEFAULT),
    TEXT(sink, LABEL_TEXT_MAX, CYAML_FLAG_OPTIONAL),
    TEXT(purpose, WORD_BYTES_MAX, CYAML_FLAG_OPTIONAL),
    TEXT(purposes, LABEL_TEXT_MAX, CYAML_FLAG_OPTIONAL),
    TEXT(at, WORD_BYTES_MAX, CYAML_FLAG_OPTIONAL),
    TEXT(expect, WORD_BYTES_MAX, CYAML_FLAG_DEFAULT),
    CYAML_FIELD_END};
static const cyaml_schema_value_t row_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct row, row_fields)};
static const cyaml_schema_field_t table_fields[] = {
    CYAML_FIELD_STRING_PTR("version", CYAML_FLAG_POINTER, struct table, version, 1, 8),
    CYAML_FIELD_STRING_PTR("ceiling", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct table,
                           ceiling, 1, WORD_BYTES_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("expectations", CYAML_FLAG_POINTER, struct table, rows, rows_count,
                               &row_schema, 1, EXPECTATIONS_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t table_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct table, table_fields)};

typedef struct table *table_tree;

static void
table_tree_auto(table_tree *t)
{
    document_free(&table_schema, *t);
}

/* ---- one row */
static fallible
read_sink(const policy *p, const struct row *r, label *ret)
{
    *ret = policy_local_sink(p);
    return r->sink ? label_parse(policy_names(p), str_of(r->sink), ret) : OK;
}

/* What the key may name: the row's list, else every purpose of the policy. */
static fallible
read_purposes(const policy *p, const struct row *r, arena *a, struct session *s)
{
    const struct purposes *all = policy_purposes(p);
    str rest = str_of(r->purposes ? r->purposes : ""), name;
    void *room;
    TRY(try_arena_get(a, PURPOSES_MAX, sizeof(str), &room));
    str *list = room;
    while (rest.len && s->purpose_count < PURPOSES_MAX && str_next(&rest, ',', &name))
        list[s->purpose_count++] = str_trim(name);
    for (size_t i = 0; !r->purposes && i < all->count; i++)
        list[s->purpose_count++] = all->at[i].id;
    s->purposes = list;
    return OK;
}

static err
decide(const policy *p, const struct row *r, arena *a, struct decision *d)
{
    struct session s = {.key_name = STR("expected")};
    d->rule = NULL;
    struct ask q = {.session = &s,
                    .op = OP_CHAT,
                    .model = STR("expected"),
                    .purpose = str_of(r->purpose ? r->purpose : "")};
    TRY(read_purposes(p, r, a, &s));
    TRY(hours_example(policy_hours(p), str_of(r->at ? r->at : ""), &q.now_wall_ms));
    const grant *g;
    TRY(policy_clearance(p, str_of(r->clearance), str_of(r->party), &s.clearance));
    TRY(label_parse(policy_names(p), str_of(r->label), &q.data));
    TRY(read_sink(p, r, &q.target));
    return policy_decide(p, &q, a, d, &g);
}

static void
outcome(const struct decision *d, char room[OUTCOME_MAX])
{
    snprintf(room, OUTCOME_MAX, d->allowed ? "allowed" : "denied by %s", d->rule);
}

struct run {
    const policy *p;
    arena *a; /* of one row */
    size_t number;
    char room[OUTCOME_MAX];
};

static void
run_row(struct run *run, const struct row *r, struct expected *ret)
{
    arena *a = run->a;
    struct decision *d = arena_new(a, struct decision);
    const err e = decide(run->p, r, a, d);
    *ret =
        (struct expected){.about = r->name ? str_of(r->name) : arena_fmt(a, "row %zu", run->number),
                          .want = str_of(r->expect)};
    if (e.code && !d->rule) {
        ret->got = STR("no decision");
        ret->why = arena_str(a, str_of(err_public(e)));
        return;
    }
    outcome(d, run->room);
    ret->got = str_of(run->room);
    ret->holds = str_eq(ret->got, ret->want);
    ret->why = str_of(d->why);
}

/* "allowed" or "denied by" a rule that there is: else a row could never fail for the right reason.
 */
static fallible
check_want(const struct row *r, size_t number)
{
    const str want = str_of(r->expect), denied = STR("denied by ");
    if (str_eq(want, STR("allowed")))
        return OK;
    if (!str_starts(want, denied) || !rule_find(str_slice(want, denied.len, want.len)))
        REFUSE(CONFIG, "", "policy test, row %zu: \"expect\" is \"allowed\" or \"denied by RULE\"",
               number);
    return OK;
}

fallible
expectations_run(policy *p, str yaml, expected_fn *fn, void *ctx)
{
    AUTO(table_tree) t = NULL;
    AUTO(arena) *a = NULL;
    TRY(document_read("policy test", yaml, &table_schema, (void **)&t));
    TRY(arena_open(WORK_BYTES, &a));
    if (!str_eq(str_of(t->version), STR("1")))
        REFUSE(CONFIG, "", "policy test: version %s is unknown, this program reads version 1",
               t->version);
    if (t->ceiling)
        TRY(policy_set_ceiling(p, str_of(t->ceiling)));
    for (uint32_t i = 0; i < t->rows_count; i++)
        TRY(check_want(&t->rows[i], i + (size_t)1));
    for (uint32_t i = 0; i < t->rows_count; i++) {
        struct run run = {.p = p, .a = a, .number = i + (size_t)1};
        struct expected e;
        run_row(&run, &t->rows[i], &e);
        fn(ctx, &e);
        arena_reset(a);
    }
    return OK;
}
