/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/people.h"
#include "unit/gate/caller.h"

static struct rig rig;

static struct key_wish
wish(const char *name, const char *clearance)
{
    return (struct key_wish){.name = str_of(name), .clearance = str_of(clearance)};
}

static err
add(const struct key_wish *w, char text[KEY_TEXT_MAX])
{
    OPERATOR(c, &rig);
    text[0] = '\0';
    return caller_wait(&c, admin_key_add(&c.call, w, text));
}

static const struct session *
session_of(const char *text)
{
    const struct session *s = NULL;
    return gate_session(rig.gate, str_of(text), &s).code ? NULL : s;
}

/* What listing shows, in static memory. */
static str
list(void)
{
    static char room[65536];
    AUTO(buf) b = BUF(sizeof room - 1);
    OPERATOR(c, &rig);
    CHECK_OK(admin_keys_put(&c.call, &b));
    if (b.len)
        memcpy(room, b.at, b.len);
    return (str){room, b.len};
}

static bool
shows(const char *what)
{
    return rig_has(list(), what);
}

TEST(a_new_key_is_listed_recorded_and_works)
{
    char text[KEY_TEXT_MAX];
    jval root;
    rig_open(&rig);
    OPERATOR(c, &rig);
    struct key_wish w = wish("amt", "VS-NfD//SOZIALDATEN");
    w.tenant = STR("haus");
    w.valid_ms = 90000;
    NEED_OK(caller_wait(&c, admin_key_add(&c.call, &w, text)));
    const struct session *s = session_of(text);
    NEED(s);
    CHECK_STR(s->tenant, STR("haus"));
    CHECK_INT(s->roles, ==, ROLE_ANY);
    CHECK(s->expires_wall_ms > clock_wall_ms() && s->expires_wall_ms <= clock_wall_ms() + 90000);
    CHECK(label_has(s->clearance, 8) && !label_has(s->clearance, 9));
    CHECK_OK(json_read(rig.a, list(), &root));
    CHECK_INT(json_count(&root), ==, 1);
    CHECK(shows("\"name\":\"amt\",\"tenant\":\"haus\",\"clearance\":\"VS-NfD//SOZIALDATEN\""));
    CHECK(
        shows("\"default_label\":\"intern\",\"operator\":false,\"role\":\"\",\"state\":\"valid\""));
    CHECK(!shows(text));
    const str r = rig_record(&rig, "key.add", c.id, 0);
    CHECK(rig_has(r, "\"object\":\"key_") && !rig_has(rig_log(&rig), text));
    rig_close(&rig);
}

TEST(a_key_has_the_installations_default_label_or_what_it_may_see_or_its_own)
{
    static const struct {
        const char *clearance, *own, *want;
    } cases[] = {{"VS-NfD", "", "intern"},
                 {"offen", "", "offen"},
                 {"offen//STEUER", "", "offen"},
                 {"VS-NfD//STEUER", "VS-NfD//STEUER", "VS-NfD//STEUER"},
                 {"VS-NfD", "offen", "offen"}};
    char text[KEY_TEXT_MAX], name[8], want[128];
    rig_open(&rig);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(name, sizeof name, "k%zu", i);
        struct key_wish w = wish(name, cases[i].clearance);
        w.default_label = str_of(cases[i].own);
        CHECK_OK(add(&w, text));
        const struct session *s = session_of(text);
        NEED(s);
        CHECK(label_eq(s->default_label, small_label(rig.policy, cases[i].want)));
        CHECK(label_dominates(s->clearance, s->default_label));
        snprintf(want, sizeof want,
                 "\"name\":\"%s\",\"tenant\":\"default\",\"clearance\":\"%s\","
                 "\"default_label\":\"%s\"",
                 name, cases[i].clearance, cases[i].want);
        CHECK(shows(want));
    }
    rig_close(&rig);
}

TEST(a_key_may_act_for_a_party_or_for_operations)
{
    char text[KEY_TEXT_MAX];
    rig_open(&rig);
    struct key_wish w = wish("boss", "intern");
    w.party = STR("BUND");
    w.is_operator = true;
    CHECK_OK(add(&w, text));
    const struct session *s = session_of(text);
    NEED(s);
    CHECK_INT(s->roles, ==, ROLE_OPERATOR);
    CHECK(label_dominates(s->clearance, small_label(rig.policy, "intern//REL BUND")));
    CHECK(!label_dominates(s->clearance, small_label(rig.policy, "intern//REL BAYERN")));
    CHECK(shows("\"operator\":true"));
    rig_close(&rig);
}

TEST(what_is_wrong_with_a_wish_is_said_and_makes_no_key)
{
    static const struct {
        const char *name, *clearance, *own, *party, *tenant, *import;
        enum err_code want;
    } cases[] = {
        {"", "intern", "", "", "", "", ERR_ARGUMENT},
        {"two words", "intern", "", "", "", "", ERR_ARGUMENT},
        {"a/b", "intern", "", "", "", "", ERR_ARGUMENT},
        {"a\"b", "intern", "", "", "", "", ERR_ARGUMENT},
        {"ä", "intern", "", "", "", "", ERR_ARGUMENT},
        {"a", "intern", "", "", "x y", "", ERR_ARGUMENT},
        {"a", "", "", "", "", "", ERR_PARSE},
        {"a", "GIBTSNICHT", "", "", "", "", ERR_PARSE},
        {"a", "intern//REL BUND", "", "", "", "", ERR_PARSE},
        {"a", "intern//TAINT web", "", "", "", "", ERR_PARSE},
        {"a", "intern", "GIBTSNICHT", "", "", "", ERR_PARSE},
        {"a", "intern", "VS-NfD", "", "", "", ERR_ARGUMENT},
        {"a", "intern", "intern//STEUER", "", "", "", ERR_ARGUMENT},
        {"a", "intern", "", "MARS", "", "", ERR_PARSE},
        {"a", "intern", "", "", "", "kurz", ERR_ARGUMENT},
        {"a", "intern", "", "", "", "hoh_mine", ERR_ARGUMENT},
    };
    char text[KEY_TEXT_MAX], long_name[70];
    rig_open(&rig);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct key_wish w = {.name = str_of(cases[i].name),
                                   .clearance = str_of(cases[i].clearance),
                                   .default_label = str_of(cases[i].own),
                                   .party = str_of(cases[i].party),
                                   .tenant = str_of(cases[i].tenant),
                                   .import = str_of(cases[i].import)};
        CHECK_INT(add(&w, text).code, ==, cases[i].want);
        CHECK(!text[0]);
    }
    memset(long_name, 'x', sizeof long_name);
    struct key_wish w = wish("", "intern");
    w.name = (str){long_name, 65};
    CHECK_ERR(add(&w, text), ARGUMENT);
    w.name.len = 64;
    CHECK_OK(add(&w, text));
    CHECK_ERR(add(&w, text), CONFLICT);
    CHECK(!shows("\"name\":\"a\""));
    rig_close(&rig);
}

TEST(an_imported_key_works_by_its_text)
{
    char text[KEY_TEXT_MAX];
    rig_open(&rig);
    struct key_wish w = wish("alt", "intern");
    w.import = STR("sk-test-1234");
    CHECK_OK(add(&w, text));
    CHECK_STR(str_of(text), w.import);
    const struct session *s = NULL;
    CHECK_OK(gate_session(rig.gate, STR("Bearer sk-test-1234"), &s));
    CHECK(s && str_eq(s->key_name, STR("alt")));
    CHECK(!rig_has(rig_log(&rig), "sk-test") && !shows("sk-test"));
    rig_close(&rig);
}

TEST(a_revoked_key_stops_at_once_by_id_or_by_name)
{
    char a[KEY_TEXT_MAX], b[KEY_TEXT_MAX];
    rig_open(&rig);
    struct key_wish w = wish("a", "intern");
    CHECK_OK(add(&w, a));
    w.name = STR("b");
    CHECK_OK(add(&w, b));
    const str id = session_of(a)->key_id;
    OPERATOR(c, &rig);
    CHECK_OK(caller_wait(&c, admin_key_revoke(&c.call, id)));
    OPERATOR(d, &rig);
    CHECK_OK(caller_wait(&d, admin_key_revoke(&d.call, STR("b"))));
    CHECK(!session_of(a) && !session_of(b));
    CHECK(rig_has(rig_record(&rig, "key.revoke", d.id, 0), "\"object\":\"b\""));
    OPERATOR(e, &rig);
    CHECK_ERR(caller_wait(&e, admin_key_revoke(&e.call, STR("b"))), NOT_FOUND);
    CHECK(shows("\"state\":\"revoked\"") && !shows("\"state\":\"valid\""));
    rig_close(&rig);
}

TEST(an_expired_key_is_listed_as_such)
{
    char text[KEY_TEXT_MAX];
    rig_open(&rig);
    struct key_wish w = wish("a", "intern");
    w.valid_ms = 1;
    CHECK_OK(add(&w, text));
    clock_fix(clock_ns(), clock_wall_ms() + 10);
    CHECK(shows("\"state\":\"expired\""));
    clock_free();
    rig_close(&rig);
}

TEST(who_lacks_the_role_changes_and_sees_nothing)
{
    char text[KEY_TEXT_MAX] = "";
    AUTO(buf) b = BUF(1024);
    rig_open(&rig);
    const struct key_wish w = wish("a", "intern");
    PLAIN(c, &rig);
    CHECK_ERR(admin_key_add(&c.call, &w, text), DENIED);
    CHECK_ERR(admin_key_revoke(&c.call, STR("a")), DENIED);
    CHECK_ERR(admin_keys_put(&c.call, &b), DENIED);
    CHECK(!text[0] && !b.len && c.done == 0);
    CHECK_STR(list(), STR("[]"));
    RIG_UNTIL(&rig, rig_record(&rig, "decision", c.id, 2).len);
    rig_close(&rig);
}

/* ---- whose it is, for what, from where */
TEST(a_key_is_listed_with_all_it_is_bound_to)
{
    char text[KEY_TEXT_MAX];
    rig_open(&rig);
    CHECK_OK(registry_set_alias(rig.registry, STR("gpt-4o"), STR("toy")));
    struct key_wish w = wish("amt", "VS-NfD//SOZIALDATEN");
    w.person = STR("frau");
    w.tenant = STR("haus");
    w.models = STR("gpt-4o, other");
    w.networks = STR("10.0.0.0/8");
    w.ceiling = STR("intern//SOZIALDATEN");
    NEED_OK(add(&w, text));
    const struct session *s = session_of(text);
    NEED(s);
    CHECK(label_eq(label_part(s->clearance, 0, LABEL_REL_FIRST),
                   small_label(rig.policy, "intern//SOZIALDATEN")));
    CHECK(s->model_count == 2 && str_eq(s->models[0], STR("toy"))); /* what the alias stands for */
    CHECK(shows("\"person\":\"frau\",\"line\":\"amt\",\"ceiling\":\"intern//SOZIALDATEN\","
                "\"models\":[\"toy\",\"other\"],\"networks\":[\"10.0.0.0/8\"]"));
    rig_close(&rig);
}

TEST(tenants_and_people_a_key_names_are_made_unless_they_must_be_listed)
{
    char text[KEY_TEXT_MAX];
    bool is_there = false;
    rig_open(&rig);
    struct key_wish w = wish("a", "intern");
    w.person = STR("frau");
    w.tenant = STR("haus");
    CHECK_OK(add(&w, text));
    CHECK_OK(tenants_have(rig.db, STR("haus"), &is_there));
    CHECK(is_there);
    snprintf(rig.params.gate_tenants, sizeof rig.params.gate_tenants, "listed");
    w = wish("b", "intern");
    w.tenant = STR("neu");
    CHECK_ERR(add(&w, text), NOT_FOUND);
    CHECK_STR(str_of(err_param()), STR("tenant"));
    w.tenant = STR("haus");
    w.person = STR("herr");
    CHECK_ERR(add(&w, text), NOT_FOUND);
    CHECK_STR(str_of(err_param()), STR("person"));
    w.person = STR("frau");
    CHECK_OK(add(&w, text));
    rig_close(&rig);
}

TEST(a_person_has_one_tenant_and_so_have_their_keys)
{
    char text[KEY_TEXT_MAX];
    rig_open(&rig);
    struct key_wish w = wish("a", "intern");
    w.person = STR("frau");
    w.tenant = STR("haus");
    CHECK_OK(add(&w, text));
    w.name = STR("b");
    w.tenant = STR("other");
    CHECK_ERR(add(&w, text), ARGUMENT);
    CHECK_STR(str_of(err_param()), STR("tenant"));
    w.tenant = STR_NONE;
    CHECK_OK(add(&w, text));
    CHECK_STR(session_of(text)->tenant, STR("haus"));
    rig_close(&rig);
}

/* The rig's policy with two purposes. */
static void
use_purposes(void)
{
    policy *p = NULL;
    const str text = arena_fmt(rig.a, "%.*spurposes: [{ id: a, title: A }, { id: b, title: B }]\n",
                               STR_FMT(policy_text(rig.policy)));
    NEED_OK(policy_load(text, &p));
    CHECK_OK(policy_set_ceiling(p, STR("VS-NfD")));
    NEED_OK(gate_store_clearances(rig.gate, p));
    gate_use_policy(rig.gate, p);
}

TEST(a_key_is_for_purposes_of_the_policy_and_has_one_of_its_own)
{
    static const struct {
        const char *purposes, *purpose, *param;
    } bad[] = {{"c", "", "purposes"},
               {"a,", "", "purposes"},
               {"a", "b", "purpose"},
               {"", "c", "purposes"},
               {",", "", "purposes"}};
    char text[KEY_TEXT_MAX];
    rig_open(&rig);
    use_purposes();
    struct key_wish w = wish("x", "intern");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        w.purposes = str_of(bad[i].purposes);
        w.purpose = str_of(bad[i].purpose);
        CHECK_ERR(add(&w, text), ARGUMENT);
        CHECK_STR(str_of(err_param()), str_of(bad[i].param));
    }
    CHECK_STR(list(), STR("[]"));
    w.purposes = STR("b, a");
    w.purpose = STR("a");
    NEED_OK(add(&w, text));
    CHECK(shows("\"purposes\":[\"b\",\"a\"],\"purpose\":\"a\""));
    CHECK_STR(session_of(text)->purpose, STR("a"));
    w = wish("y", "intern");
    w.purpose = STR("b");
    NEED_OK(add(&w, text));
    CHECK(shows("\"purposes\":[\"b\"],\"purpose\":\"b\""));
    w = wish("z", "intern");
    w.purposes = STR("a");
    NEED_OK(add(&w, text));
    CHECK_INT(session_of(text)->purpose.len, ==, 0);
    rig_close(&rig);
}

TEST(a_scope_that_is_none_is_refused)
{
    static const struct {
        const char *models, *networks, *ceiling, *person, *param;
    } cases[] = {{"a,,b", "", "", "", "models"},
                 {",", "", "", "", "models"},
                 {"", "10.0.0.0/99", "", "", "networks"},
                 {"", "", "GIBTSNICHT", "", ""},
                 {"", "", "", "two words", "person"}};
    char text[KEY_TEXT_MAX];
    rig_open(&rig);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct key_wish w = wish("a", "intern");
        w.models = str_of(cases[i].models);
        w.networks = str_of(cases[i].networks);
        w.ceiling = str_of(cases[i].ceiling);
        w.person = str_of(cases[i].person);
        CHECK(add(&w, text).code != 0);
        if (cases[i].param[0])
            CHECK_STR(str_of(err_param()), str_of(cases[i].param));
    }
    CHECK_STR(list(), STR("[]"));
    rig_close(&rig);
}

TEST(a_key_is_replaced_recorded_and_both_work_for_the_overlap)
{
    char old[KEY_TEXT_MAX], fresh[KEY_TEXT_MAX] = "";
    str id;
    rig_open(&rig);
    const struct key_wish w = wish("amt", "intern");
    CHECK_OK(add(&w, old));
    OPERATOR(c, &rig);
    const struct key_rotation r = {STR("amt"), STR_NONE, 60000};
    NEED_OK(caller_wait(&c, admin_key_rotate(&c.call, &r, fresh, &id)));
    CHECK(session_of(old) && session_of(fresh));
    CHECK(session_of(old)->expires_wall_ms <= clock_wall_ms() + 60000);
    CHECK_INT(session_of(fresh)->expires_wall_ms, ==, 0);
    CHECK(rig_has(rig_record(&rig, "key.rotate", c.id, 0), "\"object\":\"key_"));
    CHECK(shows("\"name\":\"amt~") && shows("\"line\":\"amt\""));
    PLAIN(p, &rig);
    CHECK_ERR(admin_key_rotate(&p.call, &r, fresh, &id), DENIED);
    rig_close(&rig);
}

TEST(a_new_key_whose_record_fails_is_taken_back_and_the_old_one_stays)
{
    char old[KEY_TEXT_MAX], fresh[KEY_TEXT_MAX] = "";
    str id;
    rig_open(&rig);
    const struct key_wish w = wish("amt", "intern");
    CHECK_OK(add(&w, old));
    OPERATOR(c, &rig);
    const struct key_rotation r = {STR("amt"), STR_NONE, 60000};
    disk.sync_errno = EIO;
    CHECK_ERR(caller_wait(&c, admin_key_rotate(&c.call, &r, fresh, &id)), IO);
    disk.sync_errno = 0;
    admin_key_undo(&c.call, id); /* as the API does */
    CHECK(!session_of(fresh) && session_of(old));
    rig_close(&rig);
}

/* ---- without a record there is no key */
TEST(a_key_whose_record_finds_no_room_is_taken_back)
{
    const struct audit_record filler = {.event = EVENT_START, .outcome = "ok"};
    char text[KEY_TEXT_MAX] = "";
    rig_open(&rig);
    rig_close(&rig);
    rig.params.audit_queue_max = 16;
    rig_open_parts(&rig);
    rig_open_gate(&rig);
    disk_hold();
    while (!audit_append(rig.audit, &filler, NULL, NULL).code)
        continue;
    struct key_wish w = wish("a", "intern");
    w.import = STR("sk-known-before");
    OPERATOR(c, &rig);
    CHECK_ERR(admin_key_add(&c.call, &w, text), BUSY);
    CHECK(!text[0] && !session_of("sk-known-before"));
    disk_release();
    rig_close(&rig);
}

TEST(a_key_whose_record_is_not_durable_can_be_taken_back)
{
    char text[KEY_TEXT_MAX];
    rig_open(&rig);
    const struct key_wish w = wish("a", "intern");
    OPERATOR(c, &rig);
    disk.sync_errno = EIO;
    CHECK_ERR(caller_wait(&c, admin_key_add(&c.call, &w, text)), IO);
    disk.sync_errno = 0;
    CHECK(session_of(text) != NULL);
    admin_key_undo(&c.call, w.name);
    CHECK(!session_of(text));
    admin_key_undo(&c.call, w.name); /* nothing to be taken back is no harm */
    rig_close(&rig);
}

TEST(whatever_fails_a_key_that_works_was_answered)
{
    bool fired = true;
    rig_open(&rig);
    for (long n = 1; fired; n++) {
        char text[KEY_TEXT_MAX] = "", name[32], imported[40];
        snprintf(name, sizeof name, "k%ld", n);
        snprintf(imported, sizeof imported, "imported-%ld", n);
        struct key_wish w = wish(name, "intern");
        w.import = str_of(imported);
        OPERATOR(c, &rig);
        fault_arm(n);
        const err e = caller_wait(&c, admin_key_add(&c.call, &w, text));
        fired = fault_fired();
        fault_arm(0);
        if (e.code && c.done)
            admin_key_undo(&c.call, w.name); /* as the API does */
        CHECK(!e.code || fired);
        CHECK_INT(e.code == 0, ==, session_of(imported) != NULL);
    }
    rig_close(&rig);
}

/* ---- access key pairs */
static const struct session *
signed_by(const struct pair_text *pair, bool *ret_has_secret)
{
    const struct session *s = NULL;
    const secret *key = NULL;
    *ret_has_secret = false;
    if (gate_session_signed(rig.gate, str_of(pair->access_id), &s, &key).code)
        return NULL;
    *ret_has_secret = secret_eq((str){(const char *)key->at, key->len}, str_of(pair->secret));
    return s;
}

TEST(a_key_with_a_pair_is_found_by_both)
{
    char text[KEY_TEXT_MAX];
    struct pair_text made = {"", ""}, given = {"AKIDHOHEITTEST", "hoheit-secret"};
    bool has_secret;
    rig_open(&rig);
    struct key_wish w = wish("amt", "VS-NfD"), v = wish("alt", "VS-NfD");
    w.pair = &made;
    v.pair = &given;
    NEED_OK(add(&w, text));
    CHECK(signed_by(&made, &has_secret) == session_of(text) && has_secret);
    NEED_OK(add(&v, text));
    CHECK(signed_by(&given, &has_secret) == session_of(text) && has_secret);
    rig_close(&rig);
}

TEST(a_pair_that_cannot_be_makes_no_key)
{
    char text[KEY_TEXT_MAX];
    struct pair_text bad = {"a b", "hoheit-secret"}, good = {"AKIDHOHEITTEST", "hoheit-secret"};
    rig_open(&rig);
    struct key_wish w = wish("amt", "VS-NfD");
    w.pair = &bad;
    CHECK_ERR(add(&w, text), ARGUMENT);
    CHECK(!shows("\"amt\""));
    w.pair = &good;
    NEED_OK(add(&w, text));
    w.name = STR("zwei");
    CHECK_ERR(add(&w, text), CONFLICT);
    CHECK(!shows("\"zwei\""));
    rig_close(&rig);
}

TEST(a_pair_goes_with_its_key)
{
    char text[KEY_TEXT_MAX];
    struct pair_text made = {"", ""};
    bool has_secret;
    rig_open(&rig);
    struct key_wish w = wish("amt", "VS-NfD");
    w.pair = &made;
    NEED_OK(add(&w, text));
    OPERATOR(c, &rig);
    NEED_OK(caller_wait(&c, admin_key_revoke(&c.call, STR("amt"))));
    CHECK(!signed_by(&made, &has_secret));
    rig_close(&rig);
}

/* ---- roles */
static err
add_role(const char *name, const char *role, const char *person)
{
    char text[KEY_TEXT_MAX];
    struct key_wish w = wish(name, "intern");
    w.role = str_of(role);
    w.person = str_of(person);
    return add(&w, text);
}

TEST(a_key_has_one_role_of_four)
{
    static const struct {
        const char *name;
        enum role role;
    } roles[] = {{"operator", ROLE_OPERATOR},
                 {"officer", ROLE_OFFICER},
                 {"auditor", ROLE_AUDITOR},
                 {"business", ROLE_BUSINESS}};
    rig_open(&rig);
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        char text[KEY_TEXT_MAX], shown[64];
        struct key_wish w = wish(roles[i].name, "intern");
        w.role = w.person = str_of(roles[i].name);
        CHECK_OK(add(&w, text));
        const struct session *s = session_of(text);
        NEED(s);
        CHECK_INT(s->roles, ==, roles[i].role);
        snprintf(shown, sizeof shown, "\"role\":\"%s\"", roles[i].name);
        CHECK(shows(shown));
    }
    CHECK_ERR(add_role("x", "admin", ""), ARGUMENT);
    CHECK_ERR(add_role("x", "Officer", "y"), ARGUMENT);
    char text[KEY_TEXT_MAX];
    struct key_wish both = wish("x", "intern");
    both.is_operator = true;
    both.role = STR("auditor");
    CHECK_ERR(add(&both, text), ARGUMENT);
    both.role = STR("operator");
    CHECK_OK(add(&both, text));
    rig_close(&rig);
}

TEST(no_person_holds_two_roles_and_an_officer_is_a_person)
{
    static const char *const roles[] = {"operator", "officer", "auditor", "business"};
    rig_open(&rig);
    CHECK_ERR(add_role("nobody", "officer", ""), ARGUMENT);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++) {
            char person[16], one[24], two[24];
            snprintf(person, sizeof person, "p%zu%zu", i, k);
            snprintf(one, sizeof one, "%s-1", person);
            snprintf(two, sizeof two, "%s-2", person);
            CHECK_OK(add_role(one, roles[i], person));
            const err e = add_role(two, roles[k], person);
            CHECK_INT(e.code, ==, i == k ? ERR_OK : ERR_CONFLICT);
        }
    CHECK_OK(add_role("p01-plain", "", "p01")); /* to work with */
    rig_close(&rig);
}

TEST(who_gave_a_role_up_may_take_another)
{
    rig_open(&rig);
    CHECK_OK(add_role("a", "auditor", "anna"));
    CHECK_ERR(add_role("b", "officer", "anna"), CONFLICT);
    OPERATOR(c, &rig);
    CHECK_OK(caller_wait(&c, admin_key_revoke(&c.call, STR("a"))));
    CHECK_OK(add_role("b", "officer", "anna"));
    rig_close(&rig);
}
