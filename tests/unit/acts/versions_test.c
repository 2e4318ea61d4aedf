/* SPDX-License-Identifier: EUPL-1.2 */
#include "acts/versions.h"

#include "unit/gate/caller.h"

static struct rig rig;

/* The small policy with something instead of something in it. */
static str
with(const char *what, const char *instead)
{
    static char room[4096];
    const str text = policy_text(rig.policy);
    const ptrdiff_t at = str_find(text, str_of(what));
    ASSERT(at >= 0);
    const int n = snprintf(room, sizeof room, "%.*s%s%.*s", (int)at, text.at, instead,
                           STR_FMT(str_slice(text, (size_t)at + strlen(what), text.len)));
    return arena_str(rig.a, (str){room, (size_t)n});
}

#define STEUER "  - { bit: 9, id: STEUER, title: Steuer }\n"
#define NEW STEUER "  - { bit: 10, id: NEU, title: Neues }\n"

static struct session
officer(const char *name)
{
    return (struct session){.key_id = str_of(name),
                            .key_name = str_of(name),
                            .line = str_of(name),
                            .person = str_of(name),
                            .tenant = STR("haus"),
                            .roles = ROLE_OFFICER};
}

static err
propose_as(const struct session *s, str text, int64_t *ret)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, versions_propose(&c.call, text, ret));
}

static err
approve_as(const struct session *s, int64_t id)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, versions_approve(&c.call, id));
}

static err
roll_back_as(const struct session *s, int64_t *ret)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, versions_rollback(&c.call, ret));
}

static int64_t
propose(const char *name, str text)
{
    const struct session s = officer(name);
    int64_t id = 0;
    CHECK_OK(propose_as(&s, text, &id));
    return id;
}

static err
approve(const char *name, int64_t id)
{
    const struct session s = officer(name);
    return approve_as(&s, id);
}

static bool
knows(const char *label_text_)
{
    label l;
    return !label_parse(policy_names(rig.policy), str_of(label_text_), &l).code;
}

static bool
shows(int64_t id, const char *what)
{
    AUTO(buf) b = BUF(65536);
    const struct session s = officer("anna");
    struct caller c;
    caller_init(&c, &rig, &s);
    CHECK_OK(id ? version_put(&c.call, id, &b) : versions_put(&c.call, &b));
    return rig_has(buf_str(&b), what);
}

TEST(a_second_person_puts_a_version_in_force_and_all_of_it_is_on_record)
{
    rig_open(&rig);
    const int64_t id = propose("anna", with(STEUER, NEW));
    CHECK(!knows("offen//NEU"));
    CHECK(shows(id, "\"changes\":[\"compartment NEU (number 10) is new: Neues\"]"));
    CHECK(shows(0, "\"active\":0"));
    CHECK(shows(0, "\"state\":\"proposed\""));
    CHECK_OK(approve("bernd", id));
    CHECK(knows("offen//NEU"));
    CHECK(shows(0, "\"state\":\"active\""));
    CHECK(shows(0, "\"approver_person\":\"bernd\""));
    CHECK(rig_has(rig_record(&rig, "policy.propose", "", 0), "\"key\":\"anna\""));
    CHECK(rig_has(rig_record(&rig, "policy.approve", "", 0), "\"key\":\"bernd\""));
    CHECK(rig_has(rig_record(&rig, "policy.active", "", 0), "\"input\":\""));
    rig_close(&rig);
}

TEST(who_proposed_does_not_approve_whatever_key_they_take)
{
    rig_open(&rig);
    const int64_t id = propose("anna", with(STEUER, NEW));
    CHECK_ERR(approve("anna", id), DENIED);
    struct session other_key = officer("anna");
    other_key.key_id = other_key.line = STR("another");
    CHECK_ERR(approve_as(&other_key, id), DENIED);
    struct session no_person = officer("anna"); /* a key that replaced hers */
    no_person.key_id = STR("another");
    no_person.person = STR_NONE;
    CHECK_ERR(approve_as(&no_person, id), DENIED);
    RIG_UNTIL(&rig, rig_record(&rig, "decision", "", 2).len);
    CHECK(rig_has(rig_record(&rig, "decision", "", 0), "\"rule\":\"act.one_person\""));
    CHECK(!knows("offen//NEU"));
    CHECK_OK(approve("bernd", id));
    rig_close(&rig);
}

TEST(others_than_officers_neither_propose_nor_approve)
{
    static const enum role roles[] = {ROLE_ANY, ROLE_OPERATOR, ROLE_AUDITOR, ROLE_BUSINESS};
    rig_open(&rig);
    const str text = with(STEUER, NEW);
    const int64_t id = propose("anna", text);
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        struct session s = officer("bernd");
        int64_t none;
        s.roles = (uint32_t)roles[i];
        CHECK_ERR(propose_as(&s, text, &none), DENIED);
        CHECK_ERR(approve_as(&s, id), DENIED);
        CHECK_ERR(roll_back_as(&s, &none), DENIED);
    }
    CHECK(!knows("offen//NEU"));
    rig_close(&rig);
}

TEST(what_is_no_policy_or_reuses_a_number_is_not_proposed)
{
    const struct session s = officer("anna");
    int64_t id = 0;
    rig_open(&rig);
    CHECK_ERR(propose_as(&s, STR("version: 1\n"), &id), CONFIG);
    CHECK_ERR(propose_as(&s, policy_text(rig.policy), &id), CONFLICT);
    CHECK_ERR(propose_as(&s, with("id: intern", "id: nobody"), &id),
              CONFIG); /* the default label */
    const err e = propose_as(&s, with("id: STEUER", "id: ANDERES"), &id);
    CHECK_ERR(e, CONFLICT);
    CHECK(strstr(err_public(e), "ANDERES cannot have number 9, which is STEUER for good"));
    CHECK_INT(id, ==, 0);
    rig_close(&rig);
}

TEST(a_number_stays_taken_after_its_name_was_left_out)
{
    rig_open(&rig);
    const str reused = with(STEUER, "  - { bit: 9, id: ANDERES, title: A }\n");
    CHECK_OK(approve("bernd", propose("anna", with(STEUER, ""))));
    CHECK(!knows("offen//STEUER"));
    const struct session s = officer("anna");
    int64_t id;
    const err e = propose_as(&s, reused, &id);
    CHECK_ERR(e, CONFLICT);
    CHECK(strstr(err_public(e), "STEUER"));
    rig_close(&rig);
}

TEST(keys_lose_and_regain_what_a_version_takes_and_gives)
{
    char text[KEY_TEXT_MAX];
    const struct session *s;
    rig_open(&rig);
    struct key_record r = {.name = STR("k"),
                           .tenant = STR("t"),
                           .clearance_text = STR("intern//STEUER"),
                           .default_text = STR("offen")};
    CHECK_OK(policy_clearance(rig.policy, r.clearance_text, STR("BUND"), &r.clearance));
    const label before = r.clearance;
    CHECK_OK(keyring_add(rig.gate->keys, &r, text));
    CHECK_OK(keyring_find(rig.gate->keys, str_of(text), &s));
    const int64_t id = propose("anna", with(STEUER, ""));
    CHECK(shows(id, "one key loses access to STEUER: k"));
    CHECK_OK(approve("bernd", id));
    CHECK(label_eq(label_part(s->clearance, 0, LABEL_REL_FIRST), LABEL_BOTTOM));
    CHECK(label_eq(label_part(s->clearance, LABEL_REL_FIRST, 128),
                   label_part(before, LABEL_REL_FIRST, 128)));
    int64_t back = 0;
    const struct session a = officer("anna");
    CHECK_OK(roll_back_as(&a, &back));
    CHECK_OK(approve("bernd", back));
    CHECK(label_eq(s->clearance, before));
    CHECK(knows("offen//STEUER"));
    rig_close(&rig);
}

TEST(a_proposal_against_another_policy_than_the_one_in_force_is_stale)
{
    rig_open(&rig);
    const int64_t one = propose("anna", with(STEUER, NEW)), two = propose("anna", with(STEUER, ""));
    CHECK_OK(approve("bernd", one));
    CHECK_ERR(approve("bernd", two), CONFLICT);
    CHECK_ERR(approve("bernd", one), CONFLICT);
    CHECK_ERR(approve("bernd", 99), NOT_FOUND);
    CHECK(shows(0, "\"state\":\"stale\""));
    CHECK(knows("offen//NEU"));
    rig_close(&rig);
}

TEST(nothing_is_rolled_back_before_something_was_in_force)
{
    const struct session s = officer("anna");
    int64_t id;
    rig_open(&rig);
    CHECK_ERR(roll_back_as(&s, &id), CONFLICT);
    rig_close(&rig);
}

TEST(the_version_in_force_counts_after_a_restart_and_the_file_does_not)
{
    rig_open(&rig);
    CHECK_OK(approve("bernd", propose("anna", with(STEUER, NEW))));
    policy *p = small_policy();
    NEED(p);
    CHECK_OK(versions_load(rig.db, STR("VS-NfD"), p));
    label l;
    CHECK_OK(label_parse(policy_names(p), STR("offen//NEU"), &l));
    CHECK(label_eq(policy_ceiling(p), policy_ceiling(rig.policy)));
    CHECK_ERR(versions_load(rig.db, STR("NIE"), p), CONFIG);
    CHECK_OK(label_parse(policy_names(p), STR("offen//NEU"), &l));
    policy_free(p);
    rig_close(&rig);
}

TEST(without_a_record_nothing_is_in_force)
{
    rig_open(&rig);
    const int64_t id = propose("anna", with(STEUER, NEW));
    disk.room = 0;
    CHECK(approve("bernd", id).code != 0);
    CHECK(!knows("offen//NEU"));
    disk.room = -1;
    rig_close(&rig);
}

TEST(when_the_records_cannot_be_written_the_version_before_stays_in_force_loudly)
{
    char path[600];
    db *other = NULL;
    rig_open(&rig);
    const int64_t id = propose("anna", with(STEUER, NEW));
    snprintf(path, sizeof path, "%s/records.db", rig.dir);
    NEED_OK(db_open(path, &other));
    CHECK_OK(db_begin(other));
    CHECK_ERR(approve("bernd", id), BUSY);
    CHECK(!knows("offen//NEU"));
    RIG_UNTIL(&rig, rig_record(&rig, "policy.failed", "", 0).len);
    CHECK(rig_has(rig_record(&rig, "policy.failed", "", 0), "\"outcome\":\"failed\""));
    db_rollback(other);
    db_close(other);
    CHECK_OK(approve("bernd", id));
    CHECK(knows("offen//NEU"));
    rig_close(&rig);
}
