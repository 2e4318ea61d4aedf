/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/admin.h"

#include "base/json.h"
#include "gate/inside.h"
#include "os/clock.h"
#include "os/log.h"
#include "policy/network.h"
#include "store/people.h"

enum { MODELS_BYTES_MAX = 4096 };

static fallible
read_labels(const struct admin_call *c, const struct key_wish *w, struct key_record *r)
{
    const struct gate_parts *p = gate_parts_of(c->gate);
    TRY(policy_clearance(p->policy, w->clearance, w->party, &r->clearance));
    r->clearance_text = w->clearance;
    if (w->ceiling.len) {
        label ceiling;
        TRY(policy_clearance(p->policy, w->ceiling, w->party, &ceiling));
        r->clearance = label_meet(r->clearance, ceiling);
        r->ceiling_text = w->ceiling;
    }
    r->default_text =
        w->default_label.len ? w->default_label : str_of(p->params->policy_default_label);
    TRY(label_parse(policy_names(p->policy), r->default_text, &r->default_label));
    if (!label_dominates(r->clearance, r->default_label)) {
        if (w->default_label.len)
            REFUSE(ARGUMENT, "default_label", "the default label is above the clearance");
        /* A key below the instance's default works with what it may see. */
        r->default_label = label_part(r->clearance, LABEL_LEVEL_FIRST, LABEL_LEVEL_COUNT);
        r->default_text = w->ceiling.len ? w->ceiling : r->clearance_text;
    }
    return OK;
}

/* A name that stands for another would never be what policy is asked for. */
static str
model_meant(const registry *r, str name)
{
    str alias, model;
    for (size_t i = 0; !registry_get(r, name) && registry_alias_at(r, i, &alias, &model); i++)
        if (str_eq(alias, name))
            return model;
    return name;
}

static fallible
read_models(const struct admin_call *c, str names, str *ret)
{
    AUTO(buf) b = BUF(MODELS_BYTES_MAX);
    str rest = names, one;
    while (rest.len && str_next(&rest, ',', &one)) {
        const str name = str_trim(one);
        if (!name.len || name.len > REGISTRY_NAME_BYTES_MAX)
            REFUSE(ARGUMENT, "models", "models are names with commas between them");
        if (b.len)
            buf_add_char(&b, ',');
        buf_add(&b, model_meant(gate_parts_of(c->gate)->registry, name));
    }
    TRY(buf_end(&b));
    return try_arena_str(c->a, buf_str(&b), ret);
}

static fallible
check_purpose(const struct admin_call *c, str name)
{
    if (!purpose_find(policy_purposes(gate_parts_of(c->gate)->policy), name))
        REFUSE(ARGUMENT, "purposes", "\"%.*s\" is no purpose of the policy",
               STR_FMT(str_slice(name, 0, PURPOSE_ID_BYTES_MAX)));
    return OK;
}

/* Without blanks; the one of requests that name none is among them. */
static fallible
read_purposes(const struct admin_call *c, const struct key_wish *w, struct key_record *r)
{
    AUTO(buf) b = BUF(PURPOSES_MAX * (PURPOSE_ID_BYTES_MAX + 1));
    const str list = w->purposes.len ? w->purposes : w->purpose;
    str rest = list.len ? list : STR_NONE, one;
    bool has_own = !w->purpose.len;
    while (str_next(&rest, ',', &one)) {
        const str name = str_trim(one);
        TRY(check_purpose(c, name));
        has_own = has_own || str_eq(name, w->purpose);
        buf_add_fmt(&b, "%s%.*s", b.len ? "," : "", STR_FMT(name));
    }
    if (!has_own)
        REFUSE(ARGUMENT, "purpose", "the key's own purpose is none of those it may name");
    TRY(buf_end(&b));
    r->purpose = w->purpose;
    return try_arena_str(c->a, buf_str(&b), &r->purposes);
}

static fallible
read_scope(const struct admin_call *c, const struct key_wish *w, struct key_record *r)
{
    const struct network *list;
    size_t count;
    TRY(read_models(c, w->models, &r->models));
    TRY(networks_read(w->networks, c->a, &list, &count));
    r->networks = w->networks;
    return read_purposes(c, w, r);
}

/* ---- whose it is */
static bool
is_open(const struct admin_call *c)
{
    return str_eq(str_of(gate_parts_of(c->gate)->params->gate_tenants), STR("open"));
}

static fallible
find_person(const struct admin_call *c, const struct key_wish *w, struct key_record *r)
{
    bool is_erased = false;
    str tenant;
    TRY(admin_check_name(w->person, "person"));
    TRY(persons_tenant(gate_parts_of(c->gate)->db, c->a, w->person, &tenant));
    if (!tenant.len && !is_open(c))
        REFUSE(NOT_FOUND, "person", "there is no person \"%.*s\"", STR_FMT(w->person));
    TRY(persons_are_erased(gate_parts_of(c->gate)->db, w->person, &is_erased));
    if (is_erased)
        REFUSE(CONFLICT, "person", "the person \"%.*s\" was erased: take another name",
               STR_FMT(w->person));
    if (tenant.len && w->tenant.len && !str_eq(tenant, w->tenant))
        REFUSE(ARGUMENT, "tenant", "the person \"%.*s\" belongs to the tenant \"%.*s\"",
               STR_FMT(w->person), STR_FMT(tenant));
    r->person = w->person;
    r->tenant = tenant.len ? tenant : r->tenant;
    return OK;
}

static fallible
find_holder(const struct admin_call *c, const struct key_wish *w, struct key_record *r)
{
    bool is_there;
    if (w->person.len)
        TRY(find_person(c, w, r));
    TRY(admin_check_name(r->tenant, "tenant"));
    TRY(tenants_have(gate_parts_of(c->gate)->db, r->tenant, &is_there));
    if (!is_there && !is_open(c))
        REFUSE(NOT_FOUND, "tenant", "there is no tenant \"%.*s\"", STR_FMT(r->tenant));
    return OK;
}

/* ---- roles */
static const struct {
    const char *name;
    enum role role;
} roles[] = {{"operator", ROLE_OPERATOR},
             {"officer", ROLE_OFFICER},
             {"auditor", ROLE_AUDITOR},
             {"business", ROLE_BUSINESS}};

static const char *
role_name(uint32_t role)
{
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if ((uint32_t)roles[i].role == role)
            return roles[i].name;
    return "";
}

static fallible
find_role(const struct key_wish *w, uint32_t *ret)
{
    *ret = w->is_operator ? ROLE_OPERATOR : ROLE_ANY;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (str_eq(w->role, str_of(roles[i].name))) {
            *ret |= (uint32_t)roles[i].role;
            return OK;
        }
    if (w->role.len)
        REFUSE(ARGUMENT, "role", "a role is operator, officer, auditor or business");
    return OK;
}

/* Operations, audit, security and the business check each other: nobody is two of them. */
static fallible
check_role(const struct admin_call *c, const struct key_wish *w, uint32_t role)
{
    if (role & (role - 1))
        REFUSE(ARGUMENT, "role", "no key holds two roles");
    if (role == ROLE_OFFICER && !w->person.len)
        REFUSE(ARGUMENT, "person", "a security officer is a person: say whose key it is");
    if (role && w->person.len && keyring_has_other_role(c->gate->keys, w->person, role))
        REFUSE(CONFLICT, "role", "the person \"%.*s\" holds another role already",
               STR_FMT(w->person));
    return OK;
}

static fallible
ensure_holder(const struct admin_call *c, const struct key_record *r)
{
    db *d = gate_parts_of(c->gate)->db;
    TRY(tenants_ensure(d, r->tenant, r->created_wall_ms));
    return r->person.len ? persons_ensure(d, r->person, r->tenant, r->created_wall_ms) : OK;
}

static fallible
make(const struct admin_call *c, const struct key_wish *w, struct key_record *r,
     char ret[KEY_TEXT_MAX])
{
    if (!w->import.len)
        return keyring_add(c->gate->keys, r, ret);
    TRY(keyring_import(c->gate->keys, r, w->import));
    const bool fits = str_copy(w->import, ret, KEY_TEXT_MAX);
    ASSERT(fits);
    return OK;
}

static bool
is_given(const struct pair_text *pair)
{
    return pair && pair->access_id[0];
}

/* The key is there; without its pair it is not what was asked for. */
static fallible
make_pair(const struct admin_call *c, const struct key_wish *w, const struct key_record *r)
{
    pairs *p = c->gate->pairs;
    struct err_kept kept;
    if (!w->pair)
        return OK;
    const err e = is_given(w->pair) ? pairs_import(p, r->id, r->created_wall_ms, w->pair)
                                    : pairs_make(p, r->id, r->created_wall_ms, w->pair);
    if (!e.code)
        return OK;
    err_keep(&kept, e);
    admin_key_undo(c, r->id);
    return err_again(&kept);
}

/* Nobody may hold what no record tells of. */
static fallible
record_new(const struct admin_call *c, enum audit_event event, str id, char text[KEY_TEXT_MAX])
{
    const err e = admin_record(c, event, id);
    if (!e.code)
        return OK;
    wipe(text, KEY_TEXT_MAX);
    struct err_kept kept;
    err_keep(&kept, e);
    admin_key_undo(c, id);
    return err_again(&kept);
}

fallible
admin_key_add(const struct admin_call *c, const struct key_wish *w, char ret[KEY_TEXT_MAX])
{
    struct key_record r = {.name = w->name,
                           .tenant = w->tenant.len ? w->tenant : STR("default"),
                           .created_wall_ms = clock_wall_ms()};
    TRY(admin_allow(c, OP_KEY_ADD));
    TRY(admin_check_name(r.name, "name"));
    TRY(find_holder(c, w, &r));
    TRY(find_role(w, &r.roles));
    TRY(check_role(c, w, r.roles));
    TRY(read_labels(c, w, &r));
    TRY(read_scope(c, w, &r));
    if (w->valid_ms)
        r.expires_wall_ms = r.created_wall_ms + (int64_t)w->valid_ms;
    if (is_given(w->pair))
        TRY(pairs_check(c->gate->pairs, w->pair));
    TRY(ensure_holder(c, &r));
    TRY(make(c, w, &r, ret));
    TRY(make_pair(c, w, &r));
    return record_new(c, EVENT_KEY_ADD, r.id, ret);
}

fallible
admin_key_rotate(const struct admin_call *c, const struct key_rotation *w, char ret[KEY_TEXT_MAX],
                 str *ret_id)
{
    const int64_t now = clock_wall_ms();
    const struct key_change change = {.id_or_name = w->id_or_name,
                                      .import = w->import,
                                      .now_wall_ms = now,
                                      .old_end_wall_ms = now + (int64_t)w->overlap_ms};
    ASSERT(w->overlap_ms < INT64_MAX / 2);
    TRY(admin_allow(c, OP_KEY_ROTATE));
    TRY(keyring_rotate(c->gate->keys, &change, ret, ret_id));
    return record_new(c, EVENT_KEY_ROTATE, *ret_id, ret);
}

void
admin_key_undo(const struct admin_call *c, str id_or_name)
{
    const err e = keyring_revoke(c->gate->keys, id_or_name, clock_wall_ms());
    if (e.code) /* nobody was told the key's text, but if it was imported it works */
        log_failure(LOG_ERROR, "key.not_undone", e);
}

fallible
admin_key_revoke(const struct admin_call *c, str id_or_name)
{
    TRY(admin_allow(c, OP_KEY_REVOKE));
    TRY(keyring_revoke(c->gate->keys, id_or_name, clock_wall_ms()));
    return admin_record(c, EVENT_KEY_REVOKE, id_or_name);
}

static const char *
key_state(const struct key_record *r, int64_t now)
{
    if (r->revoked_wall_ms)
        return "revoked";
    return r->expires_wall_ms && r->expires_wall_ms <= now ? "expired" : "valid";
}

static void
member_list(buf *b, const char *name, str list)
{
    str rest = list, one;
    json_key(b, name);
    json_open(b, '[');
    while (rest.len && str_next(&rest, ',', &one))
        json_put_str(b, str_trim(one));
    json_close(b, ']');
}

static void
key_put(const struct gate_parts *p, const struct key_record *r, buf *b)
{
    char text[LABEL_TEXT_MAX];
    json_open(b, '{');
    json_member_str(b, "id", r->id);
    json_member_str(b, "name", r->name);
    json_member_str(b, "tenant", r->tenant);
    json_member_str(b, "clearance", r->clearance_text);
    json_member_str(b, "default_label",
                    label_text(policy_names(p->policy), r->default_label, text));
    json_member_bool(b, "operator", (r->roles & ROLE_OPERATOR) != 0);
    json_member_str(b, "role", str_of(role_name(r->roles)));
    json_member_str(b, "state", str_of(key_state(r, clock_wall_ms())));
    clock_put_member(b, "created", r->created_wall_ms);
    clock_put_member(b, "expires", r->expires_wall_ms);
    json_member_str(b, "person", r->person);
    json_member_str(b, "line", r->line);
    json_member_str(b, "ceiling", r->ceiling_text);
    member_list(b, "models", r->models);
    member_list(b, "networks", r->networks);
    member_list(b, "purposes", r->purposes);
    json_member_str(b, "purpose", r->purpose);
    json_close(b, '}');
}

fallible
admin_keys_put(const struct admin_call *c, buf *b)
{
    const struct key_record *r;
    TRY(admin_allow(c, OP_KEY_LIST));
    json_open(b, '[');
    for (size_t i = 0; (r = keyring_at(c->gate->keys, i)); i++)
        key_put(gate_parts_of(c->gate), r, b);
    json_close(b, ']');
    return buf_end(b);
}
