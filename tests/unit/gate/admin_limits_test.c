/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/powercap.h"
#include "unit/gate/caller.h"

static struct rig rig;

static void
open_with_key(void)
{
    char text[KEY_TEXT_MAX];
    const struct key_wish w = {.name = STR("amt"),
                               .clearance = STR("intern"),
                               .tenant = STR("haus"),
                               .person = STR("frau")};
    rig_open(&rig);
    OPERATOR(c, &rig);
    CHECK_OK(caller_wait(&c, admin_key_add(&c.call, &w, text)));
}

static err
set(const char *subject, const char *limit, uint64_t value)
{
    OPERATOR(c, &rig);
    return caller_wait(&c, admin_limit_set(&c.call, str_of(subject), str_of(limit), value));
}

static err
unset(const char *subject, const char *limit)
{
    OPERATOR(c, &rig);
    return caller_wait(&c, admin_limit_unset(&c.call, str_of(subject), str_of(limit)));
}

static str
list(const char *subject)
{
    static char room[65536];
    AUTO(buf) b = BUF(sizeof room - 1);
    OPERATOR(c, &rig);
    CHECK_OK(*subject ? admin_limits_of_put(&c.call, str_of(subject), &b)
                      : admin_limits_put(&c.call, &b));
    memcpy(room, b.at, b.len);
    return (str){room, b.len};
}

TEST(a_limit_is_set_recorded_listed_and_removed)
{
    open_with_key();
    CHECK_OK(set("key:amt", "tokens/day", 1000));
    CHECK_OK(set("default:key", "streams", 3));
    CHECK(rig_has(rig_record(&rig, "limit.set", "", 0), "\"object\":\"key:amt tokens/day 1000\""));
    const str all = list("");
    CHECK(
        rig_has(all, "{\"subject\":\"default:key\",\"limit\":\"streams\",\"value\":3,\"used\":0"));
    CHECK(rig_has(all, "{\"subject\":\"key:amt\",\"limit\":\"tokens/day\",\"value\":1000,"
                       "\"used\":0,\"reserved\":0,\"resets_in_ms\":"));
    const str one = list("key:amt");
    CHECK(rig_has(one, "\"limit\":\"tokens/day\"") && rig_has(one, "\"limit\":\"streams\""));
    CHECK(rig_has(one, "\"default\":true") && rig_has(one, "\"default\":false"));
    CHECK_STR(list("tenant:haus"), STR("[]"));
    CHECK_OK(unset("key:amt", "tokens/day"));
    CHECK_ERR(unset("key:amt", "tokens/day"), NOT_FOUND);
    CHECK(rig_has(rig_record(&rig, "limit.rm", "", 0), "\"object\":\"key:amt tokens/day\""));
    CHECK(!rig_has(list(""), "tokens/day"));
    rig_close(&rig);
}

TEST(a_limit_is_for_somebody_who_is_there)
{
    static const struct {
        const char *subject, *limit;
        enum err_code want;
    } cases[] = {{"key:amt", "streams", ERR_OK},
                 {"tenant:haus", "streams", ERR_OK},
                 {"person:frau", "streams", ERR_OK},
                 {"model:toy", "streams", ERR_OK},
                 {"key:amt+model:toy", "streams", ERR_OK},
                 {"default:person+model", "streams", ERR_OK},
                 {"key:nobody", "streams", ERR_NOT_FOUND},
                 {"tenant:nobody", "streams", ERR_NOT_FOUND},
                 {"person:nobody", "streams", ERR_NOT_FOUND},
                 {"model:none", "streams", ERR_NOT_FOUND},
                 {"key:amt+model:none", "streams", ERR_NOT_FOUND},
                 {"key:nobody+model:toy", "streams", ERR_NOT_FOUND},
                 {"amt", "streams", ERR_ARGUMENT},
                 {"default:all", "streams", ERR_ARGUMENT},
                 {"key:amt", "requests", ERR_ARGUMENT},
                 {"key:amt", "", ERR_ARGUMENT}};
    open_with_key();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(set(cases[i].subject, cases[i].limit, 1).code, ==, cases[i].want);
        CHECK_INT(unset(cases[i].subject, cases[i].limit).code, ==, cases[i].want);
    }
    CHECK_ERR(set("key:amt", "streams", UINT64_MAX), ARGUMENT);
    CHECK_STR(list(""), STR("[]"));
    OPERATOR(c, &rig);
    AUTO(buf) b = BUF(1024);
    CHECK_ERR(admin_limits_of_put(&c.call, STR("amt"), &b), ARGUMENT);
    rig_close(&rig);
}

TEST(who_lacks_the_role_sets_and_sees_nothing)
{
    AUTO(buf) b = BUF(1024);
    open_with_key();
    PLAIN(c, &rig);
    CHECK_ERR(admin_limit_set(&c.call, STR("key:amt"), STR("streams"), 1), DENIED);
    CHECK_ERR(admin_limit_unset(&c.call, STR("key:amt"), STR("streams")), DENIED);
    CHECK_ERR(admin_limits_put(&c.call, &b), DENIED);
    CHECK_ERR(admin_limits_of_put(&c.call, STR("key:amt"), &b), DENIED);
    CHECK(!b.len && c.done == 0);
    CHECK_STR(list(""), STR("[]"));
    rig_close(&rig);
}

TEST(limits_are_there_after_a_restart)
{
    open_with_key();
    CHECK_OK(set("key:amt", "requests/minute", 7));
    rig_close(&rig);
    rig_open_parts(&rig);
    rig_open_gate(&rig);
    CHECK(rig_has(list(""), "\"limit\":\"requests/minute\",\"value\":7"));
    rig_close(&rig);
}

TEST(energy_is_bounded_only_where_it_is_measured)
{
    struct powercap p = {.count = 0, .missing = ""};
    open_with_key();
    CHECK_ERR(set("key:amt", "joules/day", 1000), UNSUPPORTED);
    rig.gate->parts.powercap = &p;
    CHECK_ERR(set("key:amt", "joules/day", 1000), UNSUPPORTED);
    CHECK_STR(list(""), STR("[]"));
    p.count = 1;
    CHECK_OK(set("key:amt", "joules/day", 1000));
    p.count = 0;
    CHECK_OK(unset("key:amt", "joules/day"));
    rig_close(&rig);
}
