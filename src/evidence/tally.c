/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/tally.h"

#include <stdlib.h>

#include "base/json.h"
#include "policy/policy.h"

static const char *const by_names[BY_COUNT] = {"events",    "rules",   "models",   "labels",
                                               "tenants",   "persons", "purposes", "cases",
                                               "providers", "outcomes"};
static const char *const list_names[LIST_COUNT] = {"egress", "denials", "limits", "erasures",
                                                   "log_readers"};

void
tally_init(struct tally *t, arena *a)
{
    *t = (struct tally){.a = a};
}

void
tally_done(struct tally *t)
{
    for (int i = 0; i < BY_COUNT; i++)
        map_done(&t->by[i].names);
}

/* ---- lines */

static fallible
add_line(struct tally *t, struct tally_table *table, str name, size_t *ret)
{
    struct tally_line line = {.name = STR_NONE};
    TRY(try_arena_str(t->a, name, &line.name));
    TRY(VEC_ADD(t->a, &table->lines, &line));
    *ret = table->lines.count;
    return map_put(&table->names, line.name, (void *)(uintptr_t)*ret);
}

static fallible
find_line(struct tally *t, enum tally_by by, str name, struct tally_line **ret)
{
    struct tally_table *const table = &t->by[by];
    size_t place = (size_t)(uintptr_t)map_get(&table->names, name);
    if (!place && table->lines.count >= TALLY_LINES_MAX) {
        name = STR("(other)");
        place = (size_t)(uintptr_t)map_get(&table->names, name);
    }
    if (!place)
        TRY(add_line(t, table, name, &place));
    *ret = &table->lines.at[place - 1];
    return OK;
}

static fallible
keep(struct tally *t, str *place, str value)
{
    return place->len || !value.len ? OK : try_arena_str(t->a, value, place);
}

static bool
has(const struct row *r, enum row_column c, const char *value)
{
    return str_eq(r->at[c], str_of(value));
}

static fallible
count(struct tally *t, enum tally_by by, str name, const struct row *r)
{
    struct tally_line *line;
    if (!name.len)
        return OK;
    TRY(find_line(t, by, name, &line));
    line->entries++;
    line->allowed += has(r, ROW_decision, "allowed");
    line->denied += has(r, ROW_decision, "denied");
    line->ended += has(r, ROW_event, "completion");
    line->tokens_in += row_number(r, ROW_tokens_in);
    line->tokens_out += row_number(r, ROW_tokens_out);
    line->priced += r->at[ROW_cost_by].len > 0;
    line->cost_micro_euro += row_number(r, ROW_cost_micro_euro);
    line->measured += r->at[ROW_energy_mj].len > 0;
    line->energy_mj += row_number(r, ROW_energy_mj);
    if (by != BY_MODEL)
        return OK;
    TRY(keep(t, &line->sha256, r->at[ROW_model_sha256]));
    TRY(keep(t, &line->licence, r->at[ROW_licence]));
    return has(r, ROW_event, "model.add") ? keep(t, &line->added, r->at[ROW_time]) : OK;
}

/* ---- lists */

static bool
is_denial(const struct row *r)
{
    return has(r, ROW_event, "decision") && has(r, ROW_decision, "denied");
}

/* Rules of policy stand in its table; what else denies is a limit. */
static bool
is_refused_by_limit(const struct row *r)
{
    return is_denial(r) && r->at[ROW_rule].len && !rule_find(r->at[ROW_rule]);
}

static bool
is_erasure(const struct row *r)
{
    const str e = r->at[ROW_event];
    return str_ends(e, STR(".rm")) || str_ends(e, STR(".expired")) || str_find(e, STR("eras")) >= 0;
}

static bool
belongs(const struct row *r, enum tally_list list)
{
    switch (list) {
    case LIST_EGRESS:
        return has(r, ROW_event, "egress");
    case LIST_DENIAL:
        return is_denial(r) && !is_refused_by_limit(r);
    case LIST_LIMIT:
        return is_refused_by_limit(r);
    case LIST_ERASURE:
        return is_erasure(r);
    case LIST_READ:
        return str_starts(r->at[ROW_event], STR("log.read")) ||
               str_starts(r->at[ROW_event], STR("evidence."));
    case LIST_COUNT:
        break;
    }
    return false;
}

static fallible
list(struct tally *t, const struct row *r)
{
    for (int i = 0; i < LIST_COUNT; i++) {
        struct row copy;
        if (!belongs(r, (enum tally_list)i) || t->list[i].total++ >= TALLY_LIST_MAX)
            continue;
        TRY(row_copy(t->a, r, &copy));
        TRY(VEC_ADD(t->a, &t->list[i].rows, &copy));
    }
    return OK;
}

static void
keep_times(struct tally *t, str time)
{
    char room[TALLY_TIME_MAX];
    if (!time.len || !str_copy(time, room, sizeof room))
        return;
    memcpy(t->last, room, sizeof room);
    if (!t->first[0])
        memcpy(t->first, room, sizeof room);
}

fallible
tally_add(struct tally *t, const struct row *r)
{
    const bool is_model = str_starts(r->at[ROW_event], STR("model.")) && !r->at[ROW_model].len;
    const bool is_decision = has(r, ROW_event, "decision");
    ASSERT(t->a);
    t->entries++;
    t->allowed += is_decision && has(r, ROW_decision, "allowed");
    t->denied += is_decision && has(r, ROW_decision, "denied");
    TRY(count(t, BY_EVENT, r->at[ROW_event], r));
    TRY(count(t, BY_RULE, is_decision ? r->at[ROW_rule] : STR_NONE, r));
    TRY(count(t, BY_MODEL, is_model ? r->at[ROW_object] : r->at[ROW_model], r));
    TRY(count(t, BY_LABEL, is_decision ? r->at[ROW_label] : STR_NONE, r));
    TRY(count(t, BY_TENANT, r->at[ROW_tenant], r));
    TRY(count(t, BY_PERSON, r->at[ROW_person], r));
    TRY(count(t, BY_PURPOSE, r->at[ROW_purpose], r));
    TRY(count(t, BY_CASE, r->at[ROW_case], r));
    TRY(count(t, BY_PROVIDER, has(r, ROW_event, "egress") ? r->at[ROW_object] : STR_NONE, r));
    TRY(count(t, BY_OUTCOME, has(r, ROW_event, "completion") ? r->at[ROW_outcome] : STR_NONE, r));
    keep_times(t, r->at[ROW_time]);
    return list(t, r);
}

static int
by_name(const void *a, const void *b)
{
    return str_cmp(((const struct tally_line *)a)->name, ((const struct tally_line *)b)->name);
}

void
tally_sort(struct tally *t)
{
    for (int i = 0; i < BY_COUNT; i++) {
        if (t->by[i].lines.count)
            qsort(t->by[i].lines.at, t->by[i].lines.count, sizeof *t->by[i].lines.at, by_name);
        map_done(&t->by[i].names); /* its places are no longer true */
    }
}

/* ---- as JSON */

static void
put_line(buf *b, const struct tally_line *l)
{
    json_open(b, '{');
    json_member_str(b, "name", l->name);
    json_member_u64(b, "entries", l->entries);
    json_member_u64(b, "allowed", l->allowed);
    json_member_u64(b, "denied", l->denied);
    json_member_u64(b, "ended", l->ended);
    json_member_u64(b, "tokens_in", l->tokens_in);
    json_member_u64(b, "tokens_out", l->tokens_out);
    if (l->priced) {
        json_member_u64(b, "priced", l->priced);
        json_member_u64(b, "cost_micro_euro", l->cost_micro_euro);
    }
    if (l->measured) {
        json_member_u64(b, "measured", l->measured);
        json_member_u64(b, "energy_mj", l->energy_mj);
    }
    if (l->sha256.len)
        json_member_str(b, "sha256", l->sha256);
    if (l->licence.len)
        json_member_str(b, "licence", l->licence);
    if (l->added.len)
        json_member_str(b, "added", l->added);
    json_close(b, '}');
}

void
tally_put(buf *b, const struct tally *t)
{
    json_open(b, '{');
    json_member_u64(b, "entries", t->entries);
    json_member_u64(b, "allowed", t->allowed);
    json_member_u64(b, "denied", t->denied);
    json_member_str(b, "first", str_of(t->first));
    json_member_str(b, "last", str_of(t->last));
    for (int i = 0; i < BY_COUNT; i++) {
        json_key(b, by_names[i]);
        json_open(b, '[');
        for (size_t k = 0; k < t->by[i].lines.count; k++)
            put_line(b, &t->by[i].lines.at[k]);
        json_close(b, ']');
    }
    for (int i = 0; i < LIST_COUNT; i++)
        json_member_u64(b, list_names[i], t->list[i].total);
    json_close(b, '}');
}
