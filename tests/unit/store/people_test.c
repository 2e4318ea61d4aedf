/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/people.h"

#include <stdio.h>

#include "base/fault.h"
#include "store/keys.h"
#include "test.h"

static db *
open_new(const char *name)
{
    char path[256];
    db *d = NULL;
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    CHECK_OK(db_open(path, &d));
    return d;
}

struct list {
    char text[4096];
    size_t len;
    bool is_enough;
};

static err
collect_tenant(void *ctx, const struct tenant_row *t)
{
    struct list *l = ctx;
    if (l->is_enough)
        FAIL(CANCELLED, "enough");
    l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len, "%.*s|%.*s|%.*s|%lld\n",
                               STR_FMT(t->name), STR_FMT(t->title), STR_FMT(t->parent),
                               (long long)t->created_wall_ms);
    return OK;
}

static err
collect_person(void *ctx, const struct person_row *p)
{
    struct list *l = ctx;
    if (l->is_enough)
        FAIL(CANCELLED, "enough");
    l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len, "%.*s|%.*s|%.*s|%lld\n",
                               STR_FMT(p->name), STR_FMT(p->tenant), STR_FMT(p->title),
                               (long long)p->created_wall_ms);
    return OK;
}

static str
tenants_of(db *d)
{
    static struct list l;
    AUTO(arena) *a = NULL;
    memset(&l, 0, sizeof l);
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(tenants_each(d, a, collect_tenant, &l));
    return (str){l.text, l.len};
}

static str
persons_of(db *d)
{
    static struct list l;
    AUTO(arena) *a = NULL;
    memset(&l, 0, sizeof l);
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(persons_each(d, a, collect_person, &l));
    return (str){l.text, l.len};
}

static err
add_key(db *d, const char *tenant, const char *person)
{
    struct key_record k = {.id = STR("key_1"),
                           .name = STR("k"),
                           .line = STR("k"),
                           .tenant = str_of(tenant),
                           .person = str_of(person)};
    return keys_add(d, &k);
}

static const struct tenant_row land = {STR_INIT("land"), STR_INIT("Das Land"), {NULL, 0}, 5},
                               amt = {STR_INIT("amt"), {NULL, 0}, STR_INIT("land"), 6};
static const struct person_row frau = {STR_INIT("frau"), STR_INIT("amt"), STR_INIT("Amtsleitung"),
                                       7};

TEST(tenants_and_people_come_back_by_name)
{
    db *d = open_new("list");
    NEED(d);
    CHECK_OK(tenants_add(d, &land));
    CHECK_OK(tenants_add(d, &amt));
    CHECK_OK(persons_add(d, &frau));
    CHECK_STR(tenants_of(d), STR("amt||land|6\nland|Das Land||5\n"));
    CHECK_STR(persons_of(d), STR("frau|amt|Amtsleitung|7\n"));
    db_close(d);
}

TEST(a_name_is_taken_once_and_what_is_named_must_be_there)
{
    db *d = open_new("names");
    NEED(d);
    CHECK_ERR(tenants_add(d, &amt), NOT_FOUND);
    CHECK_STR(str_of(err_param()), STR("parent"));
    CHECK_ERR(persons_add(d, &frau), NOT_FOUND);
    CHECK_STR(str_of(err_param()), STR("tenant"));
    CHECK_OK(tenants_add(d, &land));
    CHECK_ERR(tenants_add(d, &land), CONFLICT);
    CHECK_OK(tenants_add(d, &amt));
    CHECK_OK(persons_add(d, &frau));
    CHECK_ERR(persons_add(d, &frau), CONFLICT);
    db_close(d);
}

TEST(what_a_key_names_is_made_when_it_is_not_there)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("ensure");
    str tenant;
    bool is_there = true;
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(tenants_have(d, STR("amt"), &is_there));
    CHECK(!is_there);
    CHECK_OK(tenants_ensure(d, STR("amt"), 1));
    CHECK_OK(tenants_ensure(d, STR("amt"), 2));
    CHECK_OK(tenants_have(d, STR("amt"), &is_there));
    CHECK(is_there);
    CHECK_OK(persons_ensure(d, STR("frau"), STR("amt"), 3));
    CHECK_OK(persons_ensure(d, STR("frau"), STR("other"), 4));
    CHECK_STR(tenants_of(d), STR("amt|||1\n"));
    CHECK_STR(persons_of(d), STR("frau|amt||3\n"));
    CHECK_OK(persons_tenant(d, a, STR("frau"), &tenant));
    CHECK_STR(tenant, STR("amt"));
    CHECK_OK(persons_tenant(d, a, STR("herr"), &tenant));
    CHECK_INT(tenant.len, ==, 0);
    db_close(d);
}

TEST(who_is_in_use_is_not_removed)
{
    db *d = open_new("used");
    NEED(d);
    CHECK_OK(tenants_add(d, &land));
    CHECK_OK(tenants_add(d, &amt));
    CHECK_OK(persons_add(d, &frau));
    CHECK_OK(add_key(d, "land", "frau"));
    CHECK_ERR(tenants_remove(d, STR("amt")), CONFLICT);  /* a person */
    CHECK_ERR(persons_remove(d, STR("frau")), CONFLICT); /* a key */
    CHECK_OK(keys_revoke(d, STR("k"), 9));
    CHECK_OK(persons_remove(d, STR("frau")));
    CHECK_ERR(persons_remove(d, STR("frau")), NOT_FOUND);
    CHECK_ERR(tenants_remove(d, STR("land")), CONFLICT); /* a tenant below */
    CHECK_OK(tenants_remove(d, STR("amt")));
    CHECK_OK(tenants_remove(d, STR("land")));
    CHECK_ERR(tenants_remove(d, STR("land")), NOT_FOUND);
    CHECK_OK(tenants_add(d, &land));
    db_close(d);
}

TEST(a_walk_ends_when_its_listener_fails)
{
    AUTO(arena) *a = NULL;
    struct list l = {.is_enough = true};
    db *d = open_new("enough");
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(tenants_add(d, &land));
    CHECK_OK(persons_ensure(d, STR("frau"), STR("land"), 1));
    CHECK_ERR(tenants_each(d, a, collect_tenant, &l), CANCELLED);
    CHECK_ERR(persons_each(d, a, collect_person, &l), CANCELLED);
    db_close(d);
}

TEST(every_fault_is_reported)
{
    db *d = open_new("faults");
    NEED(d);
    long n = 1;
    for (bool fired = true; fired; n++) {
        fault_arm(n);
        err e = tenants_add(d, &land);
        if (!e.code)
            e = tenants_add(d, &amt);
        if (!e.code)
            e = persons_add(d, &frau);
        if (!e.code)
            e = persons_remove(d, STR("frau"));
        if (!e.code)
            e = tenants_remove(d, STR("amt"));
        if (!e.code)
            e = tenants_remove(d, STR("land"));
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        IGNORE(persons_remove(d, STR("frau"))); /* what is left of it */
        IGNORE(tenants_remove(d, STR("amt")));
        IGNORE(tenants_remove(d, STR("land")));
        CHECK_STR(tenants_of(d), STR(""));
    }
    CHECK_INT(n, >, 10);
    db_close(d);
}

TEST(a_person_who_was_erased_leaves_a_name_that_nobody_gets)
{
    db *d = open_new("erased.db");
    bool is_erased = true;
    NEED_OK(tenants_ensure(d, STR("amt"), 1));
    const struct person_row p = {STR("frau"), STR("amt"), STR("Erika Mustermann"), 1};
    NEED_OK(persons_add(d, &p));
    CHECK_OK(persons_are_erased(d, STR("frau"), &is_erased));
    CHECK(!is_erased);
    CHECK_ERR(persons_erase(d, STR("herr"), 5), NOT_FOUND);
    CHECK_OK(persons_erase(d, STR("frau"), 5));
    CHECK_OK(persons_erase(d, STR("frau"), 6));
    CHECK_OK(persons_are_erased(d, STR("frau"), &is_erased));
    CHECK(is_erased);
    CHECK_STR(persons_of(d), STR("frau|amt||1\n"));
    CHECK_ERR(persons_add(d, &p), CONFLICT);
    CHECK_ERR(persons_remove(d, STR("frau")), NOT_FOUND);
    db_close(d);
}

TEST(whatever_fails_while_a_person_is_erased_all_or_nothing_is)
{
    db *d = open_new("erased-faults.db");
    NEED_OK(tenants_ensure(d, STR("amt"), 1));
    const struct person_row p = {STR("frau"), STR("amt"), STR("Erika"), 1};
    NEED_OK(persons_add(d, &p));
    for (long n = 1;; n++) {
        bool is_erased = false;
        fault_arm(n);
        const err e = persons_erase(d, STR("frau"), 5);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        CHECK_OK(persons_are_erased(d, STR("frau"), &is_erased));
        CHECK(is_erased == !e.code);
        if (!fired)
            break;
        NEED(n < 100);
    }
    db_close(d);
}
