/* SPDX-License-Identifier: EUPL-1.2 */
#include "acts/prune.h"

#include "os/clock.h"
#include "unit/gate/caller.h"

static struct rig rig;
static const int64_t day = 86400000;
static const char *const counted =
    "{\"state\":\"counted\",\"minimum\":0,\"below\":512,\"why\":\"\"}";

static struct session
person(const char *name, uint32_t roles)
{
    return (struct session){.key_id = str_of(name),
                            .key_name = str_of(name),
                            .line = str_of(name),
                            .person = str_of(name),
                            .tenant = STR("haus"),
                            .roles = roles};
}

static str
ago(int64_t days)
{
    AUTO(buf) b = BUF(64);
    clock_put(&b, clock_wall_ms() - days * day);
    return arena_str(rig.a, buf_str(&b));
}

static err
propose_as(const struct session *s, str before, buf *b)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, prune_propose(&c.call, before, b));
}

static err
show_as(const struct session *s, str before, buf *b)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, prune_show(&c.call, before, b));
}

static err
approve_as(const struct session *s, str request, buf *b)
{
    struct caller c;
    caller_init(&c, &rig, s);
    return caller_wait(&c, prune_approve(&c.call, request, b));
}

/* The request in which it was proposed. */
static str
proposed(void)
{
    const struct session op = person("otto", ROLE_OPERATOR);
    AUTO(buf) b = BUF(4096);
    jval root;
    str request;
    rig.log.prune_says = counted;
    CHECK_OK(propose_as(&op, ago(200), &b));
    CHECK_OK(json_read(rig.a, arena_str(rig.a, buf_str(&b)), &root));
    const jval v = json_get(&root, "request");
    CHECK_OK(json_str(&v, 64, &request));
    return request;
}

TEST(what_an_operator_proposed_an_auditor_approves_and_the_log_is_told)
{
    rig_open(&rig);
    const struct session auditor = person("rita", ROLE_AUDITOR);
    AUTO(buf) b = BUF(4096);
    const str request = proposed();
    CHECK_OK(approve_as(&auditor, request, &b));
    CHECK_INT(rig.log.pruned.kind, ==, LOG_CUT);
    CHECK(str_starts(str_of(rig.log.pruned.what), STR("req_ADMIN")));
    CHECK(str_eq(buf_str(&b), str_of(counted)));
    rig_close(&rig);
}

TEST(operators_do_not_approve_and_auditors_do_not_propose)
{
    rig_open(&rig);
    const struct session op = person("otto", ROLE_OPERATOR), clerk = person("carla", 0);
    const struct session auditor = person("rita", ROLE_AUDITOR);
    AUTO(buf) b = BUF(4096);
    const str request = proposed();
    CHECK_ERR(approve_as(&op, request, &b), DENIED);
    CHECK_ERR(approve_as(&clerk, request, &b), DENIED);
    CHECK_ERR(propose_as(&auditor, ago(200), &b), DENIED);
    CHECK_ERR(propose_as(&clerk, ago(200), &b), DENIED);
    CHECK_ERR(show_as(&clerk, ago(200), &b), DENIED);
    CHECK_INT(rig.log.pruned.kind, ==, LOG_PRUNE);
    rig_close(&rig);
}

TEST(who_proposed_it_does_not_approve_it_whatever_their_roles)
{
    rig_open(&rig);
    const struct session both = person("otto", ROLE_OPERATOR | ROLE_AUDITOR);
    AUTO(buf) b = BUF(4096);
    CHECK_ERR(approve_as(&both, proposed(), &b), DENIED);
    rig_close(&rig);
}

TEST(what_nobody_proposed_is_not_approved)
{
    rig_open(&rig);
    const struct session auditor = person("rita", ROLE_AUDITOR);
    AUTO(buf) b = BUF(4096);
    CHECK_ERR(approve_as(&auditor, STR("req_NONE"), &b), NOT_FOUND);
    CHECK_ERR(approve_as(&auditor, STR("not an id"), &b), NOT_FOUND);
    rig_close(&rig);
}

TEST(a_time_the_law_does_not_let_go_is_refused_before_anything_is_asked)
{
    rig_open(&rig);
    const struct session op = person("otto", ROLE_OPERATOR);
    AUTO(buf) b = BUF(4096);
    CHECK_ERR(propose_as(&op, ago(100), &b), ARGUMENT);
    CHECK(str_find(str_of(err_text()), STR("AI Act")) >= 0);
    CHECK_ERR(show_as(&op, ago(10), &b), ARGUMENT);
    CHECK_ERR(propose_as(&op, STR("lately"), &b), ARGUMENT);
    CHECK_INT(rig.log.pruned.kind, ==, 0);
    CHECK_INT(b.len, ==, 0);
    rig_close(&rig);
}

TEST(nothing_is_proposed_before_it_was_counted_or_when_nothing_may_go)
{
    rig_open(&rig);
    const struct session op = person("otto", ROLE_OPERATOR);
    AUTO(buf) b = BUF(4096);
    rig.log.prune_says = "{\"state\":\"counting\",\"minimum\":0,\"below\":512}";
    CHECK_ERR(propose_as(&op, ago(200), &b), BUSY);
    rig.log.prune_says = "{\"state\":\"counted\",\"minimum\":512,\"below\":512}";
    CHECK_ERR(propose_as(&op, ago(200), &b), CONFLICT);
    rig.log.prune_says = "garbage";
    CHECK(propose_as(&op, ago(200), &b).code != ERR_OK);
    rig_close(&rig);
}
