/* SPDX-License-Identifier: EUPL-1.2 */
#include "acts/salt.h"

#include "gate/keep_inside.h"
#include "unit/gate/asker.h"
#include "unit/gate/caller.h"

static struct rig rig;

static struct session
person(const char *name, uint32_t roles, const char *clearance)
{
    struct session s = {.key_id = str_of(name),
                        .key_name = str_of(name),
                        .line = str_of(name),
                        .tenant = STR("haus"),
                        .roles = roles};
    CHECK_OK(policy_clearance(rig.policy, str_of(clearance), STR("BUND"), &s.clearance));
    return s;
}

static err
ask_as(const struct session *s, const char *request, buf *b)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, salt_show(&c.call, str_of(request), b));
}

/* Somebody asked under this label. */
static struct asker *
asked(const char *mark)
{
    struct asker *k = asker_new(&rig, "VS-NfD", mark, "Frage");
    CHECK_OK(asker_run(k));
    (void)rig_submitted(&rig, rig_ready(&rig, 0)); /* on record, then */
    return k;
}

TEST(an_auditor_is_told_the_salt_and_that_is_on_record)
{
    AUTO(buf) b = BUF(4096);
    digest salt;
    char hex[65];
    rig_open(&rig);
    struct asker *k = asked("intern");
    const struct session rita = person("rita", ROLE_AUDITOR, "VS-NfD");
    NEED_OK(ask_as(&rita, k->id, &b));
    NEED_OK(keep_salt(
        rig.gate, &(struct keep_salt_of){STR("key_1"), str_of(k->id), STR_NONE, STR_NONE, false},
        &salt));
    digest_text(&salt, hex);
    CHECK(rig_has(buf_str(&b), hex));
    CHECK(rig_has(rig_record(&rig, "content.read", "", 0), k->id));
    gate_cancel(k->job);
    asker_free(k);
    rig_close(&rig);
}

TEST(nobody_else_is_told_nor_an_auditor_below_the_label)
{
    AUTO(buf) b = BUF(4096);
    rig_open(&rig);
    struct asker *k = asked("intern");
    const struct session low = person("low", ROLE_AUDITOR, "offen");
    const struct session clerk = person("carla", 0, "VS-NfD");
    const struct session op = person("otto", ROLE_OPERATOR, "VS-NfD");
    const struct session rita = person("rita", ROLE_AUDITOR, "VS-NfD");
    CHECK_ERR(ask_as(&low, k->id, &b), DENIED);
    CHECK_ERR(ask_as(&clerk, k->id, &b), DENIED);
    CHECK_ERR(ask_as(&op, k->id, &b), DENIED);
    CHECK_ERR(ask_as(&rita, "req_NONE", &b), NOT_FOUND);
    CHECK_INT(b.len, ==, 0);
    gate_cancel(k->job);
    asker_free(k);
    rig_close(&rig);
}

TEST(of_who_was_erased_there_is_no_salt)
{
    AUTO(buf) b = BUF(4096);
    rig_open(&rig);
    struct asker *k = asked("intern");
    const struct session rita = person("rita", ROLE_AUDITOR, "VS-NfD");
    NEED_OK(subjects_erase(rig.gate->keep->keys, STR("key_1")));
    CHECK_ERR(ask_as(&rita, k->id, &b), NOT_FOUND);
    gate_cancel(k->job);
    asker_free(k);
    rig_close(&rig);
}
