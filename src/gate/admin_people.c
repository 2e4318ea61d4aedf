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
    WHY_MAX = 256,
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

static fallible
record_erased(const struct admin_call *c, str name, const struct erased *e)
{
    char why[WHY_MAX];
    snprintf(why, sizeof why, "the keys of %llu API keys were destroyed; %llu things removed",
             (unsigned long long)e->keys, (unsigned long long)e->kept.things);
    const struct audit_record r = {.event = EVENT_PERSON_ERASE,
                                   .request_id = c->request_id,
                                   .key_id = c->session->key_id,
                                   .tenant = c->session->tenant,
                                   .person = c->session->person,
                                   .purpose = c->session->purpose,
                                   .object = name,
                                   .decision = "",
                                   .rule = "",
                                   .why = str_of(why),
                                   .outcome = "ok"};
    return audit_append(gate_parts_of(c->gate)->audit, &r, c->done, c->ctx);
}

static void
put_erased(const struct admin_call *c, str name, const struct erased *e, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "request", c->request_id);
    json_member_str(b, "person", name);
    json_member_u64(b, "keys", e->keys);
    json_member_u64(b, "things", e->kept.things);
    json_member_u64(b, "bytes", e->kept.bytes);
    json_member_bool(b, "rewritten", e->is_anew);
    json_close(b, '}');
}

fallible
admin_person_erase(const struct admin_call *c, str name, buf *b)
{
    struct erased e = {.gate = c->gate};
    str tenant;
    TRY(admin_allow(c, OP_PERSON_ERASE));
    TRY(persons_tenant(db_of(c), c->a, name, &tenant));
    if (!tenant.len)
        REFUSE(NOT_FOUND, "name", "there is no person of this name");
    TRY(erase(c, name, &e));
    put_erased(c, name, &e, b);
    TRY(buf_end(b));
    return record_erased(c, name, &e);
}
