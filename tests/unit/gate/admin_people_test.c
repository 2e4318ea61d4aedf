/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/gate/caller.h"
#include "unit/gate/keeper.h"

static struct rig rig;

static err
add_tenant(const char *name, const char *parent)
{
    const struct person_wish w = {.name = str_of(name), .tenant = str_of(parent)};
    OPERATOR(c, &rig);
    return caller_wait(&c, admin_tenant_add(&c.call, &w));
}

static err
add_person(const char *name, const char *tenant, const char *title)
{
    const struct person_wish w = {
        .name = str_of(name), .tenant = str_of(tenant), .title = str_of(title)};
    OPERATOR(c, &rig);
    return caller_wait(&c, admin_person_add(&c.call, &w));
}

typedef err put_fn(const struct admin_call *c, buf *b);

static bool
shows(put_fn *put, const char *what)
{
    AUTO(buf) b = BUF(65536);
    OPERATOR(c, &rig);
    CHECK_OK(put(&c.call, &b));
    return rig_has(buf_str(&b), what);
}

TEST(tenants_are_added_under_others_recorded_and_removed)
{
    rig_open(&rig);
    CHECK_OK(add_tenant("stadt", ""));
    CHECK_ERR(add_tenant("stadt", ""), CONFLICT);
    CHECK_ERR(add_tenant("amt", "land"), NOT_FOUND);
    CHECK_OK(add_tenant("amt", "stadt"));
    CHECK(shows(admin_tenants_put, "{\"name\":\"amt\",\"parent\":\"stadt\",\"title\":\"\""));
    CHECK(rig_has(rig_record(&rig, "tenant.add", "", 1), "\"object\":\"amt\""));
    OPERATOR(c, &rig);
    CHECK_ERR(caller_wait(&c, admin_tenant_remove(&c.call, STR("stadt"))), CONFLICT);
    OPERATOR(d, &rig);
    CHECK_OK(caller_wait(&d, admin_tenant_remove(&d.call, STR("amt"))));
    CHECK(rig_record(&rig, "tenant.rm", d.id, 0).len > 0);
    OPERATOR(e, &rig);
    CHECK_ERR(caller_wait(&e, admin_tenant_remove(&e.call, STR("amt"))), NOT_FOUND);
    rig_close(&rig);
}

TEST(people_work_for_a_tenant_that_is_there)
{
    rig_open(&rig);
    CHECK_ERR(add_person("frau", "amt", ""), NOT_FOUND);
    CHECK_OK(add_person("herr", "", "Sachbearbeitung"));
    CHECK(shows(admin_persons_put, "{\"name\":\"herr\",\"tenant\":\"default\",\"title\":\"Sach"));
    CHECK(shows(admin_tenants_put, "\"default\""));
    CHECK(rig_record(&rig, "person.add", "", 0).len > 0);
    OPERATOR(c, &rig);
    CHECK_OK(caller_wait(&c, admin_person_remove(&c.call, STR("herr"))));
    CHECK(rig_record(&rig, "person.rm", c.id, 0).len > 0);
    CHECK(!shows(admin_persons_put, "herr"));
    rig_close(&rig);
}

TEST(names_and_titles_have_bounds)
{
    char title[300];
    rig_open(&rig);
    memset(title, 'x', sizeof title);
    title[257] = 0;
    CHECK_ERR(add_tenant("", ""), ARGUMENT);
    CHECK_ERR(add_tenant("a b", ""), ARGUMENT);
    CHECK_ERR(add_tenant("a~b", ""), ARGUMENT);
    CHECK_ERR(add_person("\xc3\xa4", "", ""), ARGUMENT);
    CHECK_ERR(add_person("a", "", title), ARGUMENT);
    title[256] = 0;
    CHECK_OK(add_person("a", "", title));
    rig_close(&rig);
}

TEST(who_lacks_the_role_changes_and_sees_nothing)
{
    const struct person_wish w = {.name = STR("neu")};
    AUTO(buf) b = BUF(1024);
    rig_open(&rig);
    PLAIN(c, &rig);
    CHECK_ERR(admin_tenant_add(&c.call, &w), DENIED);
    CHECK_ERR(admin_tenant_remove(&c.call, w.name), DENIED);
    CHECK_ERR(admin_tenants_put(&c.call, &b), DENIED);
    CHECK_ERR(admin_person_add(&c.call, &w), DENIED);
    CHECK_ERR(admin_person_remove(&c.call, w.name), DENIED);
    CHECK_ERR(admin_persons_put(&c.call, &b), DENIED);
    CHECK(!b.len && c.done == 0);
    CHECK(!shows(admin_tenants_put, "neu"));
    rig_close(&rig);
}

TEST(whatever_fails_is_said)
{
    bool fired = true;
    rig_open(&rig);
    for (long n = 1; fired; n++) {
        char name[32];
        snprintf(name, sizeof name, "t%ld", n);
        const struct person_wish t = {.name = str_of(name)}, p = {str_of(name), STR_NONE, t.name};
        OPERATOR(c, &rig);
        OPERATOR(d, &rig);
        fault_arm(n);
        err e = caller_wait(&c, admin_tenant_add(&c.call, &t));
        if (!e.code)
            e = caller_wait(&d, admin_person_add(&d.call, &p));
        fired = fault_fired();
        fault_arm(0);
        CHECK(!e.code || fired);
    }
    rig_close(&rig);
}

/* ---- forgetting */
static str
add_key(const char *name, const char *person)
{
    static char text[KEY_TEXT_MAX];
    const struct key_wish w = {
        .name = str_of(name), .person = str_of(person), .clearance = STR("offen")};
    OPERATOR(c, &rig);
    CHECK_OK(caller_wait(&c, admin_key_add(&c.call, &w, text)));
    for (size_t i = 0;; i++) {
        const struct key_record *r = keyring_at(rig.gate->keys, i);
        if (!r || str_eq(r->name, str_of(name)))
            return r ? r->id : STR_NONE;
    }
}

static struct object
leave(const char *key, struct kept *ret)
{
    struct keeper k;
    keeper_init(&k, &rig, key, "offen");
    CHECK_OK(keeper_add(&k, OBJECT_RESPONSE, "offen", "{\"a\":1}", ret));
    struct object o = ret->head;
    o.id = arena_str(rig.a, o.id);
    keeper_end(&k);
    return o;
}

static err
erase(const char *name, buf *b)
{
    OPERATOR(c, &rig);
    return caller_wait(&c, admin_person_erase(&c.call, str_of(name), b));
}

TEST(a_person_is_erased_with_all_they_left_and_that_is_on_record)
{
    AUTO(buf) b = BUF(65536);
    AUTO(buf) again = BUF(65536);
    AUTO(buf) none = BUF(65536);
    struct kept kept;
    struct object o;
    rig_open(&rig);
    CHECK_OK(add_person("frau", "", "Erika Mustermann"));
    const str key = add_key("erika-laptop", "frau"), other = add_key("anderer", "herr");
    char room[64], other_room[64];
    CHECK(str_copy(key, room, sizeof room) && str_copy(other, other_room, sizeof other_room));
    const struct object left = leave(room, &kept), theirs = leave(other_room, &kept);
    CHECK_ERR(erase("niemand", &none), NOT_FOUND);
    PLAIN(p, &rig);
    CHECK_ERR(caller_wait(&p, admin_person_erase(&p.call, STR("frau"), &none)), DENIED);
    CHECK_OK(erase("frau", &b));
    CHECK(rig_has(buf_str(&b), "\"person\":\"frau\",\"keys\":1,\"things\":1"));
    CHECK(rig_has(rig_record(&rig, "person.erase", "", 0), "\"object\":\"frau\""));
    CHECK(!rig_has(rig_log(&rig), "Mustermann"));
    CHECK_ERR(objects_find(rig.gate->keep->objects, rig.a, left.id, 1, &o), NOT_FOUND);
    CHECK_OK(objects_find(rig.gate->keep->objects, rig.a, theirs.id, 1, &o));
    CHECK(!shows(admin_persons_put, "Mustermann"));
    CHECK(!shows(admin_keys_put, "erika"));
    CHECK(shows(admin_keys_put, "erased~"));
    CHECK(keyring_session(rig.gate->keys, str_of(room))->is_revoked);
    CHECK(!keyring_session(rig.gate->keys, str_of(other_room))->is_revoked);
    CHECK_OK(erase("frau", &again));
    CHECK(rig_has(buf_str(&again), "\"things\":0"));
    rig_close(&rig);
}

TEST(nobody_gets_the_name_of_who_was_erased)
{
    AUTO(buf) b = BUF(65536);
    char text[KEY_TEXT_MAX];
    rig_open(&rig);
    CHECK_OK(add_person("frau", "", ""));
    CHECK_OK(erase("frau", &b));
    CHECK_ERR(add_person("frau", "", ""), CONFLICT);
    const struct key_wish w = {
        .name = STR("neu"), .person = STR("frau"), .clearance = STR("offen")};
    OPERATOR(c, &rig);
    CHECK_ERR(caller_wait(&c, admin_key_add(&c.call, &w, text)), CONFLICT);
    rig_close(&rig);
}

TEST(a_case_is_erased_by_who_may_erase_people_and_that_is_on_record)
{
    AUTO(buf) b = BUF(65536);
    AUTO(buf) none = BUF(65536);
    struct keeper k;
    struct kept kept;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "offen");
    k.call.case_name = STR("AZ/1");
    CHECK_OK(keeper_add(&k, OBJECT_RESPONSE, "offen", "{\"a\":1}", &kept));
    OPERATOR(c, &rig);
    CHECK_ERR(admin_case_erase(&c.call, STR("haus"), STR("AZ/2"), &none), NOT_FOUND);
    CHECK_ERR(admin_case_erase(&c.call, STR("haus"), STR("A Z"), &none), ARGUMENT);
    CHECK_ERR(admin_case_erase(&c.call, STR(""), STR("AZ/1"), &none), ARGUMENT);
    PLAIN(p, &rig);
    CHECK_ERR(caller_wait(&p, admin_case_erase(&p.call, STR("haus"), STR("AZ/1"), &none)), DENIED);
    OPERATOR(d, &rig);
    CHECK_OK(caller_wait(&d, admin_case_erase(&d.call, STR("haus"), STR("AZ/1"), &b)));
    CHECK(rig_has(buf_str(&b), "\"case\":\"AZ/1\",\"tenant\":\"haus\""));
    CHECK(rig_has(buf_str(&b), "\"things\":1"));
    const str r = rig_record(&rig, "case.erase", d.id, 0);
    CHECK(rig_has(r, "\"case\":\"AZ/1\"") && rig_has(r, "\"object\":\"haus:AZ/1\""));
    CHECK(rig_has(r, "1 things removed: response 1"));
    keeper_end(&k);
    rig_close(&rig);
}
