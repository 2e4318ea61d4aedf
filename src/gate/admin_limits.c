/* SPDX-License-Identifier: EUPL-1.2 */
/* Limits as operators set and see them. */
#include "gate/admin.h"

#include "base/json.h"
#include "gate/inside.h"
#include "store/limits.h"
#include "store/people.h"

enum { LIST_BYTES_MAX = 128 * 1024 * 1024 };

/* ---- is there somebody of that name? */
static fallible
has_holder(const struct admin_call *c, enum subject_kind kind, str name, bool *ret)
{
    const struct gate_parts *p = gate_parts_of(c->gate);
    str tenant = STR_NONE;
    switch (kind) {
    case SUBJECT_TENANT:
        return tenants_have(p->db, name, ret);
    case SUBJECT_PERSON:
        TRY(persons_tenant(p->db, c->a, name, &tenant));
        *ret = tenant.len > 0;
        return OK;
    case SUBJECT_KEY:
        *ret = keyring_has_line(c->gate->keys, name);
        return OK;
    case SUBJECT_MODEL:
        *ret = registry_get(p->registry, name) != NULL;
        return OK;
    case SUBJECT_TENANT_MODEL:
    case SUBJECT_PERSON_MODEL:
    case SUBJECT_KEY_MODEL:
    case SUBJECT_KINDS:
        break;
    }
    UNREACHABLE("half a subject is of one of four kinds");
}

/* A limit on a name nobody has would bound nobody, and nobody would notice. */
static fallible
check_subject(const struct admin_call *c, str subject)
{
    enum subject_kind kind;
    bool is_default, is_there;
    str rest = subject, half;
    TRY(subject_read(subject, &kind, &is_default));
    while (!is_default && str_next(&rest, '+', &half)) {
        str name = half, prefix;
        (void)str_next(&name, ':', &prefix); /* subject_read has seen the colon */
        TRY(subject_read(half, &kind, &is_default));
        TRY(has_holder(c, kind, name, &is_there));
        if (!is_there)
            REFUSE(NOT_FOUND, "subject", "there is no %s \"%.*s\"", subject_kind_name(kind),
                   STR_FMT(name));
    }
    return OK;
}

/* It would refuse everything; better said now. */
static fallible
check_measured(const struct admin_call *c, enum limit_id id)
{
    if (limit_info(id)->unit == UNIT_JOULES && !gate_measures_energy(c->gate))
        REFUSE(UNSUPPORTED, "limit",
               "energy is not measured here, so it cannot be bounded; `hoheit doctor` says what is "
               "missing");
    return OK;
}

fallible
admin_limit_set(const struct admin_call *c, str subject, str limit, uint64_t value)
{
    enum limit_id id;
    TRY(admin_allow(c, OP_LIMIT_SET));
    TRY(limit_read(limit, &id));
    TRY(check_subject(c, subject));
    TRY(check_measured(c, id));
    TRY(budget_set(c->gate->budget, subject, id, value));
    return admin_record(c, EVENT_LIMIT_SET,
                        arena_fmt(c->a, "%.*s %.*s %llu", STR_FMT(subject), STR_FMT(limit),
                                  (unsigned long long)value));
}

fallible
admin_limit_unset(const struct admin_call *c, str subject, str limit)
{
    enum subject_kind kind;
    bool is_default;
    enum limit_id id;
    TRY(admin_allow(c, OP_LIMIT_SET));
    TRY(limit_read(limit, &id));
    TRY(subject_read(subject, &kind, &is_default));
    TRY(budget_unset(c->gate->budget, subject, id));
    return admin_record(c, EVENT_LIMIT_REMOVE,
                        arena_fmt(c->a, "%.*s %.*s", STR_FMT(subject), STR_FMT(limit)));
}

/* ---- lists */
static void
put_row(buf *b, str subject, enum limit_id id, const struct limit_use *u)
{
    json_open(b, '{');
    json_member_str(b, "subject", subject);
    json_member_str(b, "limit", str_of(limit_info(id)->name));
    json_member_u64(b, "value", u->max);
    json_member_u64(b, "used", u->used);
    json_member_u64(b, "reserved", u->reserved);
    json_member_u64(b, "resets_in_ms", u->reset_ms);
    json_member_bool(b, "default", !u->is_own);
    json_close(b, '}');
}

struct listing {
    const struct budget *budget;
    buf *b;
};

static err
list_one(void *ctx, const struct limit_row *r)
{
    const struct listing *l = ctx;
    enum limit_id id;
    struct limit_use u;
    TRY(limit_read(r->name, &id));
    if (budget_use_of(l->budget, r->subject, id, &u))
        put_row(l->b, r->subject, id, &u);
    return OK;
}

fallible
admin_limits_put(const struct admin_call *c, buf *b)
{
    AUTO(arena) *scratch = NULL;
    struct listing l = {c->gate->budget, b};
    TRY(admin_allow(c, OP_LIMIT_LIST));
    TRY(arena_open(LIST_BYTES_MAX, &scratch));
    json_open(b, '[');
    TRY(limits_each(gate_parts_of(c->gate)->db, scratch, list_one, &l));
    json_close(b, ']');
    return buf_end(b);
}

fallible
admin_limits_of_put(const struct admin_call *c, str subject, buf *b)
{
    enum subject_kind kind;
    bool is_default;
    struct limit_use u;
    TRY(admin_allow(c, OP_LIMIT_LIST));
    TRY(subject_read(subject, &kind, &is_default));
    json_open(b, '[');
    for (int i = 0; i < LIMIT_COUNT; i++)
        if (budget_use_of(c->gate->budget, subject, (enum limit_id)i, &u))
            put_row(b, subject, (enum limit_id)i, &u);
    json_close(b, ']');
    return buf_end(b);
}
