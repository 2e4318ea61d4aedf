/* SPDX-License-Identifier: EUPL-1.2 */
/* Tenants and the people of a tenant, as operators keep them. */
#include "gate/admin.h"

#include <stdio.h>

#include "base/json.h"
#include "gate/inside.h"
#include "gate/keep.h"
#include "os/clock.h"
#include "store/people.h"

enum {
    SCRUB_BYTES_MAX = 256 * 1024 * 1024,
    WHY_MAX = 1024,
    TITLE_BYTES_MAX = 256,
    LIST_BYTES_MAX = 64 * 1024 * 1024
};

static db *
db_of(const struct admin_call *c)
{
    return gate_parts_of(c->gate)->db;
}

static fallible
check_title(str title)
{
    if (title.len > TITLE_BYTES_MAX)
        REFUSE(ARGUMENT, "title", "a title has at most %d bytes", TITLE_BYTES_MAX);
    return OK;
}

/* ---- tenants */
fallible
admin_tenant_add(const struct admin_call *c, const struct person_wish *w)
{
    const struct tenant_row t = {w->name, w->title, w->tenant, clock_wall_ms()};
    TRY(admin_allow(c, OP_TENANT_CHANGE));
    TRY(admin_check_name(w->name, "name"));
    TRY(check_title(w->title));
    TRY(tenants_add(db_of(c), &t));
    return admin_record(c, EVENT_TENANT_ADD, w->name);
}

fallible
admin_tenant_remove(const struct admin_call *c, str name)
{
    TRY(admin_allow(c, OP_TENANT_CHANGE));
    TRY(tenants_remove(db_of(c), name));
    return admin_record(c, EVENT_TENANT_REMOVE, name);
}

/* "title", "created" and the end of an object. */
static void
put_rest(buf *b, str title, int64_t created_wall_ms)
{
    json_member_str(b, "title", title);
    json_key(b, "created");
    buf_add_char(b, '"');
    clock_put(b, created_wall_ms);
    buf_add_char(b, '"');
    json_close(b, '}');
}

static err
tenant_put(void *ctx, const struct tenant_row *t)
{
    buf *b = ctx;
    json_open(b, '{');
    json_member_str(b, "name", t->name);
    json_member_str(b, "parent", t->parent);
    put_rest(b, t->title, t->created_wall_ms);
    return OK;
}

fallible
admin_tenants_put(const struct admin_call *c, buf *b)
{
    AUTO(arena) *scratch = NULL;
    TRY(admin_allow(c, OP_TENANT_LIST));
    TRY(arena_open(LIST_BYTES_MAX, &scratch));
    json_open(b, '[');
    TRY(tenants_each(db_of(c), scratch, tenant_put, b));
    json_close(b, ']');
    return buf_end(b);
}

/* ---- people */
fallible
admin_person_add(const struct admin_call *c, const struct person_wish *w)
{
    const struct person_row p = {w->name, w->tenant.len ? w->tenant : STR("default"), w->title,
                                 clock_wall_ms()};
    TRY(admin_allow(c, OP_PERSON_CHANGE));
    TRY(admin_check_name(w->name, "name"));
    TRY(check_title(w->title));
    if (!w->tenant.len)
        TRY(tenants_ensure(db_of(c), p.tenant, p.created_wall_ms));
    TRY(persons_add(db_of(c), &p));
    return admin_record(c, EVENT_PERSON_ADD, w->name);
}

fallible
admin_person_remove(const struct admin_call *c, str name)
{
    TRY(admin_allow(c, OP_PERSON_CHANGE));
    TRY(persons_remove(db_of(c), name));
    keyring_unclear(c->gate->keys, name);
    return admin_record(c, EVENT_PERSON_REMOVE, name);
}

static err
person_put(void *ctx, const struct person_row *p)
{
    buf *b = ctx;
    json_open(b, '{');
    json_member_str(b, "name", p->name);
    json_member_str(b, "tenant", p->tenant);
    put_rest(b, p->title, p->created_wall_ms);
    return OK;
}

fallible
admin_persons_put(const struct admin_call *c, buf *b)
{
    AUTO(arena) *scratch = NULL;
    TRY(admin_allow(c, OP_PERSON_LIST));
    TRY(arena_open(LIST_BYTES_MAX, &scratch));
    json_open(b, '[');
    TRY(persons_each(db_of(c), scratch, person_put, b));
    json_close(b, ']');
    return buf_end(b);
}

/* ---- forgetting (GDPR Art. 17) */
struct erased {
    gate *gate;
    uint64_t keys;
    struct keep_erased kept;
    bool is_anew;
};

static err
erase_owner(void *ctx, str key_id)
{
    struct erased *e = ctx;
    e->keys++;
    return keep_erase(e->gate, key_id, &e->kept);
}

/* In this order an interruption leaves nothing that the next try does not find. */
static fallible
erase(const struct admin_call *c, str name, struct erased *e)
{
    const int64_t now = clock_wall_ms();
    TRY(keyring_revoke_person(c->gate->keys, name, now));
    TRY(keyring_each_of(c->gate->keys, name, erase_owner, e));
    TRY(persons_erase(db_of(c), name, now));
    keyring_forget_names(c->gate->keys, name);
    return db_scrub(db_of(c), SCRUB_BYTES_MAX, &e->is_anew);
}

/* What went, by its kind: numbers alone. */
static fallible
tell_kinds(const struct keep_erased *kept, buf *b)
{
    uint64_t told = 0;
    for (enum object_kind k = 1; k < OBJECT_KINDS; k++) {
        if (kept->kinds[k])
            buf_add_fmt(b, "%s%s %llu", told ? ", " : ": ", keep_kind_name(k),
                        (unsigned long long)kept->kinds[k]);
        told += kept->kinds[k];
    }
    if (kept->things > told)
        buf_add_fmt(b, "%sproposal for a lower label %llu", told ? ", " : ": ",
                    (unsigned long long)(kept->things - told));
    return buf_end(b);
}

struct erasure {
    enum audit_event event;
    const char *what; /* what was destroyed besides */
    str object, case_name;
};

static fallible
record_erased(const struct admin_call *c, const struct erasure *what, const struct erased *e)
{
    AUTO(buf) why = BUF(WHY_MAX);
    buf_add_fmt(&why, "%s destroyed; %llu things removed", what->what,
                (unsigned long long)e->kept.things);
    TRY(tell_kinds(&e->kept, &why));
    const struct audit_record r = {.event = what->event,
                                   .request_id = c->request_id,
                                   .key_id = c->session->key_id,
                                   .tenant = c->session->tenant,
                                   .person = c->session->person,
                                   .purpose = c->session->purpose,
                                   .case_name = what->case_name,
                                   .object = what->object,
                                   .decision = "",
                                   .rule = "",
                                   .why = buf_str(&why),
                                   .outcome = "ok"};
    return audit_append(gate_parts_of(c->gate)->audit, &r, c->done, c->ctx);
}

static fallible
put_erased(const struct erased *e, buf *b)
{
    json_member_u64(b, "keys", e->keys);
    json_member_u64(b, "things", e->kept.things);
    json_member_u64(b, "bytes", e->kept.bytes);
    json_member_bool(b, "rewritten", e->is_anew);
    json_close(b, '}');
    return buf_end(b);
}

fallible
admin_person_erase(const struct admin_call *c, str name, buf *b)
{
    struct erased e = {.gate = c->gate};
    char keys[64];
    str tenant;
    TRY(admin_allow(c, OP_PERSON_ERASE));
    TRY(persons_tenant(db_of(c), c->a, name, &tenant));
    if (!tenant.len)
        REFUSE(NOT_FOUND, "name", "there is no person of this name");
    TRY(erase(c, name, &e));
    json_open(b, '{');
    json_member_str(b, "request", c->request_id);
    json_member_str(b, "person", name);
    TRY(put_erased(&e, b));
    snprintf(keys, sizeof keys, "the keys of %llu API keys were", (unsigned long long)e.keys);
    return record_erased(c, &(struct erasure){EVENT_PERSON_ERASE, keys, name, STR_NONE}, &e);
}

fallible
admin_case_erase(const struct admin_call *c, str tenant, str name, buf *b)
{
    struct erased e = {.gate = c->gate, .keys = 1};
    TRY(admin_allow(c, OP_PERSON_ERASE));
    TRY(gate_check_case(name));
    TRY(admin_check_name(tenant, "tenant"));
    TRY(keep_erase_case(c->gate, tenant, name, &e.kept));
    TRY(db_scrub(db_of(c), SCRUB_BYTES_MAX, &e.is_anew));
    json_open(b, '{');
    json_member_str(b, "request", c->request_id);
    json_member_str(b, "case", name);
    json_member_str(b, "tenant", tenant);
    TRY(put_erased(&e, b));
    const str object = arena_fmt(c->a, "%.*s:%.*s", STR_FMT(tenant), STR_FMT(name));
    return record_erased(
        c, &(struct erasure){EVENT_CASE_ERASE, "the key of the case was", object, name}, &e);
}
