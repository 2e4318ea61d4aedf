/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/budget.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include "unit/gate/asker.h"
#include "unit/gate/caller.h"
#include "unit/gate/spender.h"

static struct rig rig;

static budget *
open_budget(void)
{
    static struct gate_parts parts;
    budget *b = NULL;
    parts = rig_parts(&rig, -1);
    CHECK_OK(budget_open(&parts, &b));
    return b;
}

/* The database of the rig, seen by another program. */
static sqlite3 *other;

static void
lock_records(void)
{
    char path[600];
    snprintf(path, sizeof path, "%s/records.db", rig.dir);
    CHECK_INT(sqlite3_open(path, &other), ==, SQLITE_OK);
    CHECK_INT(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
}

static void
unlock_records(void)
{
    sqlite3_close(other);
    other = NULL;
}

/* ---- what is estimated */
TEST(the_estimate_is_of_all_that_is_said_and_may_be_answered)
{
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_TOKENS_DAY, 100000));
    struct spender s;
    spender_init(&s, "zehn Bytes");
    s.conv.params.tokens_max = 50;
    s.conv.params.n = 3;
    s.conv.tools.json = STR("[]");
    NEED_OK(spend(b, &s));
    CHECK_INT(s.hold.input_tokens, ==, 4 + 8); /* 12 bytes, one message */
    CHECK_INT(used(b, "key:amt", LIMIT_TOKENS_DAY), ==, 12 + 150);
    CHECK(s.hold.shown.has_tokens && !s.hold.shown.has_requests);
    CHECK_INT(s.hold.shown.remaining_tokens, ==, 100000 - 162);
    settle(b, &s, 7);
    CHECK_INT(used(b, "key:amt", LIMIT_TOKENS_DAY), ==, 7);
    settle(b, &s, 7); /* what is settled is settled */
    budget_release(b, &s.hold);
    CHECK_INT(used(b, "key:amt", LIMIT_TOKENS_DAY), ==, 7);
    budget_free(b);
    rig_close(&rig);
}

TEST(an_answer_without_a_bound_gets_one_where_tokens_are_limited_only)
{
    rig_open(&rig);
    rig.params.limit_answer_tokens = 300;
    budget *b = open_budget();
    struct spender s;
    spender_init(&s, "x");
    NEED_OK(spend(b, &s));
    CHECK_INT(s.conv.params.tokens_max, ==, 0);
    budget_release(b, &s.hold);
    CHECK_OK(budget_set(b, STR("tenant:haus"), LIMIT_TOKENS_MINUTE, 100000));
    NEED_OK(spend(b, &s));
    CHECK_INT(s.conv.params.tokens_max, ==, 300);
    budget_release(b, &s.hold);
    s.conv.params.tokens_max = 0;
    s.model.context_tokens = 100;
    NEED_OK(spend(b, &s));
    CHECK_INT(s.conv.params.tokens_max, ==, 100 - 9);
    budget_release(b, &s.hold);
    budget_free(b);
    rig_close(&rig);
}

TEST(embeddings_answer_no_tokens)
{
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_TOKENS_DAY, 100));
    struct spender s;
    spender_init(&s, "");
    content inputs[2] = {content_of(STR("abc"), LABEL_BOTTOM), content_of(STR("d"), LABEL_BOTTOM)};
    s.conv.messages.count = 0;
    s.conv.inputs.at = inputs;
    s.conv.inputs.count = 2;
    const struct budget_ask q = {
        .session = &s.session, .model = &s.model, .kind = ENGINE_EMBED, .conv = &s.conv};
    budget_bound(b, &q);
    NEED_OK(budget_reserve(b, &q, &s.hold, &s.decision));
    CHECK_INT(used(b, "key:amt", LIMIT_TOKENS_DAY), ==, 2 + 16);
    CHECK_INT(s.conv.params.tokens_max, ==, 0);
    budget_release(b, &s.hold);
    budget_free(b);
    rig_close(&rig);
}

/* ---- refusals */
TEST(what_is_used_up_is_denied_by_a_rule_that_has_the_limit_s_name)
{
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("person:frau"), LIMIT_REQUESTS_DAY, 1));
    struct spender s, t;
    spender_init(&s, "x");
    spender_init(&t, "x");
    NEED_OK(spend(b, &s));
    CHECK_INT(s.hold.shown.remaining_requests, ==, 0);
    const err e = spend(b, &t);
    CHECK_ERR(e, RATE);
    CHECK(err_retry_ms(e) > 0 && !t.hold.is_held);
    CHECK(!t.decision.allowed);
    CHECK_STR(str_of(t.decision.rule), STR("limit.requests/day"));
    CHECK(strstr(t.decision.why, "person:frau") && t.decision.granted_by[0]);
    CHECK(t.hold.shown.has_requests && !t.hold.shown.has_tokens);
    CHECK_INT(t.hold.shown.limit_requests, ==, 1);
    CHECK_INT(t.hold.shown.remaining_requests, ==, 0);
    CHECK(t.hold.shown.reset_requests_ms > 0);
    budget_release(b, &t.hold);
    settle(b, &s, 1);
    CHECK_ERR(spend(b, &t), RATE);
    budget_free(b);
    rig_close(&rig);
}

TEST(a_locked_database_refuses_who_needs_a_block_and_is_not_asked_again_for_a_second)
{
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_TOKENS_DAY, 100000));
    struct spender s, t;
    spender_init(&s, "x");
    spender_init(&t, "x");
    s.conv.params.tokens_max = t.conv.params.tokens_max = 100;
    NEED_OK(spend(b, &s));
    lock_records();
    NEED_OK(spend(b, &t)); /* of the block that is there */
    budget_release(b, &t.hold);
    t.conv.params.tokens_max = 5000;
    const err e = spend(b, &t);
    CHECK_ERR(e, BUSY);
    CHECK(strstr(err_public(e), "written down") != NULL);
    CHECK_INT(err_retry_ms(e), ==, 1000);
    unlock_records();
    CHECK_ERR(spend(b, &t), BUSY); /* the pause: nobody waits for the lock again */
    clock_fix(clock_ns() + 2000000000, clock_wall_ms());
    NEED_OK(spend(b, &t));
    budget_release(b, &t.hold);
    budget_release(b, &s.hold);
    clock_free();
    budget_free(b);
    rig_close(&rig);
}

/* ---- money */
static const struct price dear = {
    .is_known = true, .in = 3000000, .cached = 300000, .out = 15000000};

static void
outside_init(struct spender *s, const char *said, const struct price *p)
{
    spender_init(s, said);
    s->price = p;
    s->conv.params.tokens_max = 100;
}

static struct budget_cost
bill(budget *b, struct spender *s, struct price_usage u)
{
    const struct budget_spent spent = {.usage = u, .is_counted = true};
    return budget_settle(b, &s->hold, &spent);
}

/* 3 bytes, one message and what a provider may add; 100 tokens of answer. */
enum { WORST = (3 + 8 + 1024) * 3 + 100 * 15 };

TEST(the_worst_case_is_reserved_and_what_it_cost_is_settled)
{
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_MONEY_DAY, 1000000));
    CHECK_OK(budget_set(b, STR("tenant:haus"), LIMIT_MONEY_MONTH, 9000000));
    struct spender s;
    outside_init(&s, "abc", &dear);
    NEED_OK(spend(b, &s));
    CHECK_INT(used(b, "key:amt", LIMIT_MONEY_DAY), ==, WORST);
    CHECK_INT(used(b, "tenant:haus", LIMIT_MONEY_MONTH), ==, WORST);
    const struct budget_cost c = bill(b, &s, (struct price_usage){10, 4, 20});
    CHECK_STR(str_of(c.by), STR("usage"));
    CHECK_INT(c.micro_euro, ==, 6 * 3 + 2 + 20 * 15); /* 1.2 of what was cached, rounded up */
    CHECK_INT(used(b, "key:amt", LIMIT_MONEY_DAY), ==, c.micro_euro);
    CHECK_INT(used(b, "tenant:haus", LIMIT_MONEY_MONTH), ==, c.micro_euro);
    CHECK(!bill(b, &s, (struct price_usage){10, 4, 20}).by[0]); /* what is settled is settled */
    CHECK_INT(used(b, "key:amt", LIMIT_MONEY_DAY), ==, c.micro_euro);
    budget_free(b);
    rig_close(&rig);
}

TEST(what_stays_inside_costs_no_money)
{
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_MONEY_DAY, 0));
    struct spender s;
    spender_init(&s, "abc");
    NEED_OK(spend(b, &s));
    CHECK_INT(s.conv.params.tokens_max, ==, 0); /* and gets no longest answer */
    CHECK(!settle(b, &s, 10).by[0]);
    CHECK_INT(used(b, "key:amt", LIMIT_MONEY_DAY), ==, 0);
    budget_free(b);
    rig_close(&rig);
}

TEST(money_that_is_used_up_is_refused_with_the_limit_s_name)
{
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("key:amt+model:toy"), LIMIT_MONEY_MONTH, WORST - 1));
    struct spender s;
    outside_init(&s, "abc", &dear);
    const err e = spend(b, &s);
    CHECK_ERR(e, RATE);
    CHECK(strstr(err_public(e), "money/month of key:amt+model:toy") != NULL);
    CHECK(err_retry_ms(e) > 0 && !s.hold.is_held);
    CHECK_STR(str_of(s.decision.rule), STR("limit.money/month"));
    budget_free(b);
    rig_close(&rig);
}

TEST(a_model_without_a_price_is_denied_to_who_has_a_limit_of_money)
{
    static const struct price unknown = {.is_known = false};
    rig_open(&rig);
    budget *b = open_budget();
    struct spender s;
    outside_init(&s, "abc", &unknown);
    NEED_OK(spend(b, &s));
    CHECK(!bill(b, &s, (struct price_usage){10, 0, 20}).by[0]); /* nobody says that it was free */
    CHECK_OK(budget_set(b, STR("model:other"), LIMIT_MONEY_DAY, LIMIT_VALUE_MAX - 1));
    NEED_OK(spend(b, &s)); /* somebody else's limit */
    budget_release(b, &s.hold);
    CHECK_OK(budget_set(b, STR("person:frau"), LIMIT_MONEY_DAY, LIMIT_VALUE_MAX - 1));
    const err e = spend(b, &s);
    CHECK_ERR(e, DENIED);
    CHECK(strstr(err_public(e), "nobody knows what the model toy costs") != NULL);
    CHECK(!s.decision.allowed && strstr(s.decision.why, "providers.yaml"));
    CHECK_INT(used(b, "person:frau", LIMIT_MONEY_DAY), ==, 0);
    budget_free(b);
    rig_close(&rig);
}

TEST(without_a_count_or_with_one_that_cannot_be_the_reservation_was_spent)
{
    static const struct price_usage garbage[] = {
        {0, 0, 5},                   /* nothing was read */
        {3 + 8 + 1024 + 1, 0, 5},    /* more than bytes were sent */
        {UINT32_MAX, 0, UINT32_MAX}, /* all there is */
        {10, 11, 5},                 /* more was cached than read */
        {10, 0, 0},                  /* an answer without a token */
        {10, 0, 101},                /* longer than it may be */
    };
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_MONEY_DAY, 1000000));
    struct spender s;
    outside_init(&s, "abc", &dear);
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        NEED_OK(spend(b, &s));
        const struct budget_cost c = bill(b, &s, garbage[i]);
        CHECK_STR(str_of(c.by), STR("reservation"));
        CHECK(c.is_doubted && c.micro_euro == WORST);
        CHECK_INT(used(b, "key:amt", LIMIT_MONEY_DAY), ==, (i + 1) * WORST);
    }
    NEED_OK(spend(b, &s));
    const struct budget_cost silent = settle(b, &s, 5);
    CHECK(!silent.is_doubted && silent.micro_euro == WORST);
    NEED_OK(spend(b, &s));
    const struct budget_spent free = {.is_free = true};
    CHECK_INT(budget_settle(b, &s.hold, &free).micro_euro, ==, 0);
    CHECK_INT(used(b, "key:amt", LIMIT_MONEY_DAY), ==, 7 * WORST);
    budget_free(b);
    rig_close(&rig);
}

/* Begun and ended in any order, with bills of any size, good and bad. */
TEST(ten_thousand_at_once_never_spend_a_millionth_more_than_there_is)
{
    enum { MANY = 10000, MOST = 20000000 };
    static struct spender s[MANY];
    uint64_t seed = 42, billed = 0;
    size_t refused = 0, running = 0;
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("tenant:haus"), LIMIT_MONEY_DAY, MOST));
    for (size_t i = 0; i < MANY; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        outside_init(&s[i], "abc", &dear);
        s[i].conv.params.tokens_max = 1 + (uint32_t)(seed >> 50) % 200;
        const err e = spend(b, &s[i]);
        CHECK_INT(e.code == ERR_OK || e.code == ERR_RATE, ==, true);
        refused += e.code != ERR_OK;
        running += e.code == ERR_OK;
        CHECK(used(b, "tenant:haus", LIMIT_MONEY_DAY) <= MOST);
        struct spender *old = &s[(seed >> 33) % (i + 1)];
        if (!old->hold.is_held || seed >> 63)
            continue;
        billed += bill(b, old, (struct price_usage){(seed >> 20) % 1200, 0, (seed >> 40) % 250})
                      .micro_euro;
        running--;
    }
    CHECK(refused > 100 && running > 100);
    for (size_t i = 0; i < MANY; i++)
        billed += settle(b, &s[i], 0).micro_euro;
    CHECK(billed <= MOST);
    CHECK_INT(used(b, "tenant:haus", LIMIT_MONEY_DAY), ==, billed);
    budget_free(b);
    rig_close(&rig);
}

TEST(a_crash_between_reservation_and_bill_gives_no_money_back)
{
    rig_open(&rig);
    budget *b = open_budget();
    struct spender s;
    outside_init(&s, "abc", &dear);
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_MONEY_MONTH, 2 * WORST - 1));
    NEED_OK(spend(b, &s));
    budget *crashed = open_budget();
    CHECK_INT(used(crashed, "key:amt", LIMIT_MONEY_MONTH), >=, WORST);
    struct spender t;
    outside_init(&t, "abc", &dear);
    CHECK_ERR(spend(crashed, &t), RATE);
    budget_free(crashed);
    settle(b, &s, 10);
    budget_free(b);
    rig_close(&rig);
}

TEST(money_that_cannot_be_written_down_is_not_spent)
{
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_MONEY_DAY, 1000000000));
    struct spender s;
    outside_init(&s, "abc", &dear);
    lock_records();
    const err e = spend(b, &s);
    CHECK_ERR(e, BUSY);
    CHECK(strstr(err_public(e), "cannot be written down") != NULL && !s.hold.is_held);
    unlock_records();
    CHECK_INT(used(b, "key:amt", LIMIT_MONEY_DAY), ==, 0);
    budget_free(b);
    rig_close(&rig);
}

/* ---- energy */
TEST(energy_is_reserved_by_the_mean_and_settled_as_measured)
{
    const struct energy e = {.ended_mj = 10000, .ended_tokens = 10}; /* a joule for each */
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("tenant:haus"), LIMIT_JOULES_DAY, 200));
    struct spender s, t;
    spender_init(&s, "abc");
    spender_init(&t, "abc");
    s.energy = t.energy = &e;
    s.conv.params.tokens_max = t.conv.params.tokens_max = 100;
    NEED_OK(spend(b, &s));
    CHECK_INT(used(b, "tenant:haus", LIMIT_JOULES_DAY), ==, 1 + 8 + 100);
    CHECK_ERR(spend(b, &t), RATE);
    CHECK_STR(str_of(t.decision.rule), STR("limit.joules/day"));
    const struct budget_spent spent = {.tokens = 20, .energy_mj = 90001};
    CHECK(!budget_settle(b, &s.hold, &spent).by[0]);
    CHECK_INT(used(b, "tenant:haus", LIMIT_JOULES_DAY), ==, 91);
    NEED_OK(spend(b, &t));
    const struct budget_spent more = {.tokens = 20, .energy_mj = 500000};
    budget_settle(b, &t.hold, &more); /* what was more than reserved is counted */
    CHECK_INT(used(b, "tenant:haus", LIMIT_JOULES_DAY), ==, 591);
    CHECK_ERR(spend(b, &s), RATE);
    budget_free(b);
    rig_close(&rig);
}

TEST(who_has_a_limit_of_energy_is_denied_where_it_is_not_measured)
{
    rig_open(&rig);
    budget *b = open_budget();
    struct spender s;
    spender_init(&s, "abc");
    s.is_dark = true;
    NEED_OK(spend(b, &s));
    settle(b, &s, 1);
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_JOULES_DAY, 1000));
    const err e = spend(b, &s);
    CHECK_ERR(e, DENIED);
    CHECK(strstr(err_public(e), "energy is not measured here, and joules/day of key:amt") != NULL);
    CHECK(!s.decision.allowed && strstr(s.decision.why, "not measured"));
    s.is_dark = false; /* what goes outside uses none of ours */
    s.price = &dear;
    NEED_OK(spend(b, &s));
    budget_release(b, &s.hold);
    CHECK_INT(used(b, "key:amt", LIMIT_JOULES_DAY), ==, 0);
    budget_free(b);
    rig_close(&rig);
}

/* ---- records that cannot be written or read */
static void
in_records(const char *sql)
{
    char path[600];
    sqlite3 *s = NULL;
    snprintf(path, sizeof path, "%s/records.db", rig.dir);
    CHECK_INT(sqlite3_open(path, &s), ==, SQLITE_OK);
    CHECK_INT(sqlite3_exec(s, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(s);
}

TEST(damaged_records_refuse_who_needs_a_block_with_one_sentence)
{
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_MONEY_DAY, 1000000000));
    struct spender s;
    outside_init(&s, "abc", &dear);
    in_records("DROP TABLE spent");
    const err e = spend(b, &s);
    CHECK_ERR(e, BUSY);
    CHECK_STR(str_of(err_public(e)), STR("what is spent cannot be written down right now, so "
                                         "nothing is spent; try again in a moment"));
    CHECK(!s.hold.is_held);
    CHECK_INT(used(b, "key:amt", LIMIT_MONEY_DAY), ==, 0);
    budget_free(b);
    rig_close(&rig);
}

TEST(without_room_on_the_disk_nothing_is_spent)
{
    struct rlimit was, none;
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_MONEY_DAY, 1000000000));
    struct spender s;
    outside_init(&s, "abc", &dear);
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &was), ==, 0);
    none = was;
    none.rlim_cur = 0;
    signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &none), ==, 0);
    const err e = spend(b, &s);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &was), ==, 0);
    CHECK(e.code == ERR_BUSY || e.code == ERR_DISK_FULL);
    CHECK(err_public(e)[0] && !s.hold.is_held);
    CHECK_INT(used(b, "key:amt", LIMIT_MONEY_DAY), ==, 0);
    clock_fix(clock_ns() + 2000000000, clock_wall_ms());
    NEED_OK(spend(b, &s)); /* there is room again */
    budget_release(b, &s.hold);
    clock_free();
    budget_free(b);
    rig_close(&rig);
}

TEST(a_stored_limit_that_is_none_keeps_the_door_shut)
{
    static const char *const bad[] = {
        "INSERT INTO limits VALUES ('key:amt', 'beer/day', 5)",
        "INSERT INTO limits VALUES ('amt', 'money/day', 5)",
        "INSERT INTO limits VALUES ('key:amt', 'money/day', -5)",
        "INSERT INTO spent VALUES ('key:amt', 'beer/day', 5, 5)",
        "INSERT INTO spent VALUES ('nobody', 'money/day', 500000, 5)",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rig_open(&rig);
        const struct gate_parts parts = rig_parts(&rig, -1);
        budget *b = NULL;
        in_records(bad[i]);
        const err e = budget_open(&parts, &b);
        CHECK_ERR(e, CORRUPT);
        CHECK(!b && strstr(err_public(e), "a limit that is none") != NULL);
        in_records("DELETE FROM limits; DELETE FROM spent");
        rig_close(&rig);
    }
}

/* ---- over a restart */
TEST(what_was_spent_is_spent_after_an_orderly_end_and_the_rest_is_not)
{
    rig_open(&rig);
    budget *b = open_budget();
    struct spender s;
    spender_init(&s, "x");
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_TOKENS_DAY, 100000));
    CHECK_OK(budget_set(b, STR("default:tenant"), LIMIT_REQUESTS_DAY, 50));
    NEED_OK(spend(b, &s));
    settle(b, &s, 42);
    budget_free(b);
    b = open_budget();
    CHECK_INT(used(b, "key:amt", LIMIT_TOKENS_DAY), ==, 42);
    CHECK_INT(used(b, "tenant:haus", LIMIT_REQUESTS_DAY), ==, 1);
    CHECK_OK(budget_unset(b, STR("key:amt"), LIMIT_TOKENS_DAY));
    budget_free(b);
    b = open_budget();
    CHECK(used(b, "key:amt", LIMIT_TOKENS_DAY) == UINT64_MAX);
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_TOKENS_DAY, 100000));
    CHECK_INT(used(b, "key:amt", LIMIT_TOKENS_DAY), ==, 0);
    budget_free(b);
    rig_close(&rig);
}

/* The second budget opens what the first has left so far, as after kill -9. */
TEST(after_a_crash_what_was_granted_counts_as_spent)
{
    rig_open(&rig);
    budget *b = open_budget();
    struct spender s;
    spender_init(&s, "x");
    s.conv.params.tokens_max = 100;
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_TOKENS_DAY, 100000));
    NEED_OK(spend(b, &s));
    budget *crashed = open_budget();
    CHECK_INT(used(crashed, "key:amt", LIMIT_TOKENS_DAY), >=, 109);
    CHECK_INT(used(crashed, "key:amt", LIMIT_TOKENS_DAY), <=, 109 + 1000);
    budget_free(crashed);
    settle(b, &s, 10);
    budget_free(b);
    rig_close(&rig);
}

TEST(yesterday_is_forgotten_and_a_clock_set_back_gives_nothing_twice)
{
    const int64_t noon = 20000LL * 86400000 + 43200000;
    rig_open(&rig);
    clock_fix(clock_ns(), noon);
    budget *b = open_budget();
    struct spender s;
    spender_init(&s, "x");
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_TOKENS_DAY, 2000));
    NEED_OK(spend(b, &s));
    settle(b, &s, 1999);
    budget_free(b);
    clock_fix(clock_ns(), noon - 3 * 86400000);
    b = open_budget();
    CHECK_INT(used(b, "key:amt", LIMIT_TOKENS_DAY), ==, 1999);
    CHECK_ERR(spend(b, &s), RATE);
    budget_free(b);
    clock_fix(clock_ns(), noon + 86400000);
    b = open_budget();
    CHECK_INT(used(b, "key:amt", LIMIT_TOKENS_DAY), ==, 0);
    NEED_OK(spend(b, &s));
    budget_release(b, &s.hold);
    budget_free(b);
    clock_free();
    rig_close(&rig);
}

/* ---- at the door */
static void
bound(const char *subject, enum limit_id id, uint64_t max)
{
    CHECK_OK(budget_set(rig.gate->budget, str_of(subject), id, max));
}

static uint64_t
spent(const char *subject, enum limit_id id)
{
    struct limit_use u;
    return budget_use_of(rig.gate->budget, str_of(subject), id, &u) ? u.used + u.reserved
                                                                    : UINT64_MAX;
}

TEST(what_was_used_up_is_refused_recorded_and_told_with_the_limit_s_name)
{
    rig_open(&rig);
    bound("key:amt", LIMIT_REQUESTS_DAY, 0);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    CHECK_INT(k->ended, ==, 0); /* its record goes first */
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, RATE);
    CHECK(err_retry_ms(k->end) > 0);
    CHECK(strstr(k->public, "requests/day of key:amt") != NULL);
    const str d = rig_record(&rig, "decision", k->id, 0);
    CHECK(rig_has(d, "\"decision\":\"denied\"") && rig_has(d, "\"rule\":\"limit.requests/day\""));
    CHECK(!rig_record(&rig, "completion", k->id, 0).len);
    CHECK_INT(rig.starts, ==, 0);
    CHECK_INT(meter_value(&rig.meters, METER_REQUESTS_LIMITED), ==, 1);
    asker_free(k);
    rig_close(&rig);
}

TEST(what_the_engine_counted_is_settled)
{
    rig_open(&rig);
    bound("tenant:haus", LIMIT_TOKENS_DAY, 10000);
    bound("model:toy", LIMIT_STREAMS, 1);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    k->conv.params.tokens_max = 100;
    NEED_OK(asker_run(k));
    CHECK_INT(spent("tenant:haus", LIMIT_TOKENS_DAY), ==, 1 + 8 + 100);
    CHECK_INT(spent("model:toy", LIMIT_STREAMS), ==, 1);
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "y");
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, OK);
    CHECK_INT(spent("tenant:haus", LIMIT_TOKENS_DAY), ==, 5 + 3);
    CHECK_INT(spent("model:toy", LIMIT_STREAMS), ==, 0);
    asker_free(k);
    rig_close(&rig);
}

TEST(what_never_ran_costs_nothing)
{
    rig_open(&rig);
    bound("key:amt", LIMIT_TOKENS_DAY, 10000);
    bound("key:amt", LIMIT_REQUESTS_DAY, 10);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x"); /* cancelled while it waits */
    NEED_OK(asker_run(k));
    RIG_UNTIL(&rig, rig.starts);
    gate_cancel(k->job);
    asker_free(k);
    CHECK_INT(spent("key:amt", LIMIT_TOKENS_DAY), ==, 0);
    disk.sync_errno = EIO; /* the decision finds no disk */
    k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    RIG_UNTIL(&rig, k->ended);
    disk.sync_errno = 0;
    asker_free(k);
    CHECK_INT(spent("key:amt", LIMIT_TOKENS_DAY), ==, 0);
    CHECK_INT(spent("key:amt", LIMIT_REQUESTS_DAY), ==, 0);
    rig_close(&rig);
}

TEST(who_cancels_pays_for_what_was_read_and_written)
{
    rig_open(&rig);
    bound("key:amt", LIMIT_TOKENS_DAY, 10000);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "dreiunddreissig Bytes sind in dem.");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    rig_says(e, rig_submitted(&rig, e), 0, "y");
    RIG_UNTIL(&rig, k->pieces);
    gate_cancel(k->job);
    CHECK_INT(spent("key:amt", LIMIT_TOKENS_DAY), ==, 12 + 8 + 2);
    asker_free(k);
    rig_close(&rig);
}

TEST(who_may_do_it_is_asked_before_what_is_left)
{
    rig_open(&rig);
    bound("key:amt", LIMIT_REQUESTS_DAY, 0);
    struct asker *k = asker_new(&rig, "intern", "VS-NfD", "x");
    NEED_OK(asker_run(k));
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, DENIED);
    CHECK(rig_has(rig_record(&rig, "decision", k->id, 0), "clearance.level"));
    asker_free(k);
    rig_close(&rig);
}

TEST(many_at_once_never_spend_more_than_there_is)
{
    enum { ASKERS = 60 };
    struct asker *k[ASKERS];
    size_t allowed = 0;
    rig_open(&rig);
    bound("key:amt", LIMIT_TOKENS_DAY, 1000);
    for (size_t i = 0; i < ASKERS; i++) {
        k[i] = asker_new(&rig, "VS-NfD", "intern", "x");
        k[i]->conv.params.tokens_max = 41;
        NEED_OK(asker_run(k[i]));
        CHECK_INT(spent("key:amt", LIMIT_TOKENS_DAY), <=, 1000);
    }
    RIG_UNTIL(&rig, rig.starts && k[ASKERS - 1]->ended);
    for (size_t i = 0; i < ASKERS; i++)
        allowed += !k[i]->ended;
    CHECK_INT(allowed, ==, 20); /* of 50 tokens each */
    for (size_t i = 0; i < ASKERS; i++) {
        if (!k[i]->ended)
            gate_cancel(k[i]->job);
        asker_free(k[i]);
    }
    rig_close(&rig);
}

/* ---- faults */
TEST(a_limit_that_could_not_be_stored_is_as_it_was)
{
    bool fired = true;
    rig_open(&rig);
    budget *b = open_budget();
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_STREAMS, 5));
    for (long n = 1; fired; n++) {
        struct limit_use u = {0};
        fault_arm(n);
        const err e = budget_set(b, STR("key:amt"), LIMIT_STREAMS, 6);
        const err f = budget_set(b, STR("key:neu"), LIMIT_STREAMS, 7);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code || f.code, ==, fired);
        CHECK(budget_use_of(b, STR("key:amt"), LIMIT_STREAMS, &u) && u.max == (e.code ? 5 : 6));
        CHECK(budget_use_of(b, STR("key:neu"), LIMIT_STREAMS, &u) == !f.code);
        if (!e.code)
            CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_STREAMS, 5));
        if (!f.code)
            CHECK_OK(budget_unset(b, STR("key:neu"), LIMIT_STREAMS));
    }
    budget_free(b);
    rig_close(&rig);
}

TEST(a_budget_opens_whole_or_not_at_all)
{
    bool fired = true;
    rig_open(&rig);
    budget *b = open_budget();
    struct spender s;
    spender_init(&s, "x");
    CHECK_OK(budget_set(b, STR("key:amt"), LIMIT_TOKENS_DAY, 100000));
    CHECK_OK(budget_set(b, STR("default:key"), LIMIT_STREAMS, 1));
    NEED_OK(spend(b, &s));
    settle(b, &s, 42);
    budget_free(b);
    const struct gate_parts parts = rig_parts(&rig, -1);
    for (long n = 1; fired; n++) {
        b = NULL;
        fault_arm(n);
        const err e = budget_open(&parts, &b);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        CHECK((b != NULL) == !e.code);
        if (b)
            CHECK_INT(used(b, "key:amt", LIMIT_TOKENS_DAY), ==, 42);
        budget_free(b);
    }
    budget_free(NULL);
    rig_close(&rig);
}
