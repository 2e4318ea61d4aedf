/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/rounds/rounds.h"

#include "unit/witness/rounds/town.h"

static struct rounds_witness
look(const struct town *t, size_t i)
{
    struct rounds_witness w = {.v = NULL};
    CHECK(rounds_witness_at(t->rounds, i, &w));
    return w;
}

TEST(both_witnesses_sign_what_is_new_and_that_is_on_record)
{
    struct town *t = town_new();
    town_grow(t, 5);
    town_round(t);
    CHECK_INT(look(t, 0).v->signed_size, ==, 5);
    CHECK_INT(look(t, 1).v->signed_size, ==, 5);
    CHECK_INT(rounds_view_of(t->rounds).good, ==, 2);
    CHECK_INT(town_count(t, "log.cosign"), ==, 2);
    CHECK_INT(town_count(t, "zeuge/w1"), ==, 1);
    town_grow(t, 3);
    town_round(t);
    CHECK_INT(t->at[0].asked_old, ==, 5);
    CHECK_INT(t->at[0].asked_size, ==, 10); /* with the two records of before */
    town_free(t);
}

TEST(entries_about_cosignatures_alone_start_no_round)
{
    struct town *t = town_new();
    town_grow(t, 5);
    for (int i = 0; i < 4; i++) {
        town_round(t);
        town_grow(t, 0);
    }
    CHECK_INT(t->at[0].asked, ==, 1);
    CHECK_INT(look(t, 0).lag_entries, ==, 0);
    CHECK_INT(town_count(t, "log.cosign"), ==, 2);
    town_free(t);
}

TEST(before_the_first_checkpoint_nobody_is_asked)
{
    struct town *t = town_new();
    town_round(t);
    CHECK_INT(t->at[0].asked + t->at[1].asked, ==, 0);
    CHECK_INT(rounds_view_of(t->rounds).good, ==, 0);
    CHECK(!look(t, 0).v->failures);
    town_free(t);
}

TEST(one_that_is_gone_lags_alone_and_catches_up)
{
    struct town *t = town_new();
    t->at[1].manner = IS_GONE;
    town_grow(t, 5);
    town_round(t);
    CHECK_INT(look(t, 0).v->signed_size, ==, 5);
    CHECK_INT(look(t, 1).lag_entries, ==, 5);
    CHECK_INT(rounds_view_of(t->rounds).good, ==, 1);
    town_set_clock(t, t->now_ms + 7000);
    CHECK_INT(look(t, 1).lag_ms, ==, 7000);
    CHECK_INT(look(t, 0).lag_ms, ==, 0);
    t->at[1].manner = SIGNS;
    town_round(t);
    CHECK_INT(look(t, 1).v->failures, ==, 0);
    CHECK_INT(look(t, 1).lag_ms, ==, 0);
    CHECK_INT(rounds_view_of(t->rounds).good, ==, 2);
    CHECK_INT(t->at[0].asked, ==, 1);
    town_free(t);
}

TEST(one_that_stays_silent_holds_up_neither_records_nor_the_end)
{
    struct town *t = town_new();
    t->at[0].manner = STAYS_SILENT;
    town_grow(t, 5);
    town_round(t);
    CHECK_INT(look(t, 1).v->signed_size, ==, 5);
    town_grow(t, 5);
    town_round(t); /* no second question while it has one */
    CHECK_INT(t->at[0].asked, ==, 1);
    town_free(t);
}

TEST(a_witness_that_saw_more_raises_one_alarm_and_nobody_is_asked_any_more)
{
    struct town *t = town_new();
    t->at[0].seen = t->at[1].seen = 99;
    town_grow(t, 5);
    town_round(t);
    CHECK(rounds_view_of(t->rounds).is_alarmed);
    CHECK_INT(town_count(t, "witness.alarm"), ==, 1);
    CHECK_INT(town_count(t, "it saw 99 entries, this log has 5"), ==, 1);
    const unsigned asked = t->at[0].asked;
    t->at[0].seen = t->at[1].seen = 0;
    town_grow(t, 1);
    town_round(t);
    CHECK_INT(t->at[0].asked, ==, asked);
    CHECK_INT(town_count(t, "log.cosign"), ==, 0);
    CHECK_INT(town_count(t, "witness.alarm"), ==, 1);
    town_free(t);
}

TEST(an_alarm_that_was_ended_comes_again_while_its_cause_stands)
{
    const struct audit_record clear = {.event = EVENT_WITNESS_CLEAR, .outcome = "ok"};
    struct town *t = town_new();
    t->at[0].seen = 99;
    town_grow(t, 5);
    town_round(t);
    CHECK_OK(audit_append(t->log.a, &clear, NULL, NULL));
    town_grow(t, 1);
    town_round(t);
    CHECK_INT(town_count(t, "witness.alarm"), ==, 2);
    CHECK_OK(audit_append(t->log.a, &clear, NULL, NULL));
    t->at[0].seen = 0;
    town_grow(t, 1);
    town_round(t);
    CHECK_INT(town_count(t, "witness.alarm"), ==, 2);
    CHECK(!rounds_view_of(t->rounds).is_alarmed);
    CHECK_INT(rounds_view_of(t->rounds).good, ==, 2);
    town_free(t);
}

TEST(an_answer_that_is_too_long_is_none)
{
    static char body[VISIT_ANSWER_MAX + 2];
    struct town *t = town_new();
    memset(body, 'x', sizeof body - 1);
    t->at[0] = (struct townsman){
        .key = t->at[0].key, .half = t->at[0].half, .manner = ANSWERS, .status = 200, .body = body};
    town_grow(t, 2);
    town_round(t);
    CHECK(strstr(look(t, 0).v->why, "too long") != NULL);
    CHECK_INT(look(t, 1).v->signed_size, ==, 2);
    town_free(t);
}

TEST(without_leave_or_a_way_out_nothing_goes)
{
    struct town *t = town_new();
    t->denies = true;
    town_grow(t, 2);
    town_round(t);
    CHECK_INT(t->at[0].asked + t->at[1].asked, ==, 0);
    CHECK(strstr(look(t, 0).v->why, "it was not asked") != NULL);
    t->denies = false;
    ipc_free(TAKE(t->street)); /* the process died */
    t->batch.channel = NULL;
    town_round(t);
    CHECK_INT(look(t, 0).v->failures, ==, 2);
    CHECK(!rounds_view_of(t->rounds).is_alarmed);
    town_free(t);
}

TEST(what_the_log_does_not_take_is_not_signed)
{
    const struct cosigners nobody = {.count = 0};
    struct town *t = town_new();
    ledger_set_cosigners(book_ledger(t->log.b), &nobody);
    town_grow(t, 2);
    town_round(t);
    CHECK_INT(look(t, 0).v->signed_size, ==, 0);
    CHECK_INT(look(t, 0).v->failures, ==, 1);
    CHECK_INT(town_count(t, "log.cosign"), ==, 0);
    town_free(t);
}

TEST(where_there_are_no_witnesses_there_are_no_rounds)
{
    struct town *t = town_new();
    struct rounds_witness w;
    rounds *none = NULL;
    struct rounds_parts parts = {
        .loop = t->r.l, .audit = t->log.a, .params = &t->p, .leave = town_leave, .ctx = t};
    struct provider_list providers = {.count = 1};
    CHECK_OK(rounds_new(&parts, &none));
    CHECK(none == NULL);
    parts.providers = &providers; /* of models */
    CHECK_OK(rounds_new(&parts, &none));
    CHECK(none == NULL);
    providers.at[0].dialect = PROVIDER_WITNESS; /* without a key */
    CHECK_ERR(rounds_new(&parts, &none), CONFIG);
    CHECK(!rounds_witness_at(NULL, 0, &w));
    CHECK_INT(rounds_view_of(NULL).wanted, ==, 0);
    CHECK_OK(rounds_use(NULL, t->e));
    rounds_free(NULL);
    town_free(t);
}
