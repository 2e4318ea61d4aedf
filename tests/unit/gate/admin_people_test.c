/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/gate/caller.h"

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
