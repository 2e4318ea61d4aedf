/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/gate.h"

#include <dirent.h>

#include "policy/network.h"
#include "unit/gate/asker.h"
#include "unit/gate/caller.h"

static struct rig rig;

static enum err_code
session_of(const char *authorization, const struct session **ret)
{
    *ret = NULL;
    return (enum err_code)gate_session(rig.gate, str_of(authorization), ret).code;
}

TEST(a_key_may_be_sent_as_a_bearer_or_bare)
{
    char text[KEY_TEXT_MAX], line[256];
    const struct session *s;
    static const char *const forms[] = {"Bearer %s", "bearer %s", "BEARER %s", "Bearer   %s", "%s"};
    struct key_wish w = {.name = STR("amt"), .clearance = STR("intern")};
    rig_open(&rig);
    OPERATOR(c, &rig);
    NEED_OK(caller_wait(&c, admin_key_add(&c.call, &w, text)));
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *at = strstr(forms[i], "%s");
        snprintf(line, sizeof line, "%.*s%s", (int)(at - forms[i]), forms[i], text);
        CHECK_INT(session_of(line, &s), ==, ERR_OK);
        CHECK(s && str_eq(s->key_name, STR("amt")));
    }
    rig_close(&rig);
}

TEST(anything_else_is_unauthenticated_with_a_sentence)
{
    static const char *const forms[] = {
        "", "Bearer", "Bearer ", "Basic abcdefg", "Bearer x", "BearerToken", "Bearer hoh_x hoh_y",
        " "};
    const struct session *s;
    rig_open(&rig);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        CHECK_INT(session_of(forms[i], &s), ==, ERR_UNAUTHENTICATED);
        CHECK(!s && err_public((err){ERR_UNAUTHENTICATED})[0]);
    }
    rig_close(&rig);
}

TEST(the_operator_at_the_local_socket_is_cleared_for_nothing)
{
    rig_open(&rig);
    const struct session *s = gate_operator(rig.gate);
    CHECK_INT(s->roles, ==, ROLE_OPERATOR);
    CHECK(label_eq(s->clearance, LABEL_BOTTOM) && !s->is_revoked && !s->expires_wall_ms);
    rig_close(&rig);
}

TEST(leave_is_given_without_a_word_and_refused_on_record)
{
    rig_open(&rig);
    CHECK_OK(gate_allow(rig.gate, plain_session(), OP_MODEL_LIST, STR("req_A"), rig.a));
    CHECK_ERR(gate_allow(rig.gate, plain_session(), OP_STATUS, STR("req_B"), rig.a), DENIED);
    CHECK(rig_has(str_of(err_public((err){ERR_DENIED})), "role"));
    RIG_UNTIL(&rig, rig_record(&rig, "decision", "req_B", 0).len);
    CHECK(rig_has(rig_record(&rig, "decision", "req_B", 0), "\"op\":\"status\""));
    CHECK(!rig_record(&rig, "decision", "req_A", 0).len);
    CHECK_INT(meter_value(&rig.meters, METER_DECISIONS_DENIED), ==, 1);
    rig_close(&rig);
}

/* ---- birth */
static size_t
files_in_models(void)
{
    size_t n = 0;
    DIR *d = opendir(rig.models);
    const struct dirent *e;
    while (d && (e = readdir(d)))
        n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    if (d)
        closedir(d);
    return n;
}

static void
put_file(const char *name)
{
    char path[800];
    snprintf(path, sizeof path, "%s/%s", rig.models, name);
    CHECK_OK(file_write_atomic(path, STR("x"), 0600));
}

TEST(what_interrupted_uploads_left_is_swept_away_and_nothing_else)
{
    rig_open(&rig);
    rig_close(&rig);
    put_file(".incoming-req_1");
    put_file(".incoming-");
    put_file("aaaa.gguf");
    put_file("incoming-not-hidden");
    put_file(".other");
    CHECK_INT(files_in_models(), ==, 5);
    rig_open_parts(&rig);
    rig_open_gate(&rig);
    CHECK_INT(files_in_models(), ==, 3);
    rig_close(&rig);
}

TEST(without_the_models_directory_there_is_no_gate_and_no_descriptor_left)
{
    int ends[2];
    char c;
    gate *g = NULL;
    rig_open(&rig);
    rig_close(&rig);
    rig_open_parts(&rig);
    CHECK_OK(file_remove_tree(rig.models));
    CHECK_OK(ipc_pair(ends));
    const struct gate_parts p = rig_parts(&rig, ends[0]);
    CHECK_ERR(gate_new(&p, &g), NOT_FOUND);
    CHECK(!g);
    CHECK_INT(read(ends[1], &c, 1), ==, 0); /* the other end is closed */
    close(ends[1]);
    rig_close(&rig);
}

TEST(whatever_fails_there_is_no_gate_and_no_descriptor_left)
{
    bool fired = true;
    rig_open(&rig);
    rig_close(&rig);
    rig_open_parts(&rig);
    for (long n = 1; fired; n++) {
        int ends[2];
        char c;
        gate *g = NULL;
        CHECK_OK(ipc_pair(ends));
        const struct gate_parts p = rig_parts(&rig, ends[0]);
        fault_arm(n);
        const err e = gate_new(&p, &g);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        CHECK((e.code == 0) == (g != NULL));
        gate_free(g);
        loop_turn(rig.l);
        CHECK_INT(read(ends[1], &c, 1), ==, 0);
        close(ends[1]);
    }
    gate_free(NULL);
    rig_close(&rig);
}

TEST(readiness_without_models_is_readiness)
{
    rig_open(&rig);
    CHECK_OK(registry_remove(rig.registry, STR("toy")));
    CHECK_OK(registry_remove(rig.registry, STR("toy-embed")));
    CHECK_OK(gate_ready(rig.gate));
    RIG_UNTIL(&rig, rig.ready);
    rig_settle(&rig);
    CHECK(rig.starts == 0 && gate_engines_ready(rig.gate));
    rig_close(&rig);
}

TEST(readiness_that_cannot_be_said_is_an_error)
{
    rig_open(&rig);
    ipc_free(TAKE(rig.control));
    loop_turn(rig.l);
    CHECK(gate_ready(rig.gate).code != ERR_OK);
    rig_close(&rig);
}

/* ---- from where */
TEST(a_key_for_some_networks_is_denied_from_elsewhere_on_record)
{
    static const struct network home = {{[10] = 0xff, [11] = 0xff, [12] = 10}, 104};
    rig_open(&rig);
    struct session s = {.key_id = STR("key_1"), .key_name = STR("amt"), .tenant = STR("haus")};
    CHECK_OK(gate_check_peer(rig.gate, &s, STR("192.168.0.1:5"), STR("req_A"), rig.a));
    s.networks = &home;
    s.network_count = 1;
    CHECK_OK(gate_check_peer(rig.gate, &s, STR("10.1.2.3:5"), STR("req_A"), rig.a));
    CHECK_ERR(gate_check_peer(rig.gate, &s, STR("192.168.0.1:5"), STR("req_B"), rig.a), DENIED);
    CHECK(strstr(err_public((err){ERR_DENIED}), "amt") != NULL);
    CHECK_ERR(gate_check_peer(rig.gate, &s, STR("unix:0"), STR("req_C"), rig.a), DENIED);
    RIG_UNTIL(&rig, rig_record(&rig, "decision", "req_C", 0).len);
    CHECK(rig_has(rig_record(&rig, "decision", "req_B", 0), "\"rule\":\"session.network\""));
    CHECK(!rig_record(&rig, "decision", "req_A", 0).len);
    rig_close(&rig);
}

TEST(a_request_is_for_the_purpose_it_names_if_its_key_may_and_else_denied_on_record)
{
    static const char policy_text[] = "version: 1\nlevels: [{ height: 0, id: offen, title: O }]\n"
                                      "compartments: []\nparties: []\ntaints: []\n"
                                      "purposes: [{ id: a, title: A }, { id: b, title: B }]\n";
    static const str names[] = {STR_INIT("a"), STR_INIT("b"), STR_INIT("gone")};
    policy *p = NULL;
    rig_open(&rig);
    NEED_OK(policy_load(str_of(policy_text), &p));
    NEED_OK(gate_store_clearances(rig.gate, p));
    gate_use_policy(rig.gate, p);
    static struct session others[3];
    const struct session key = {.key_id = STR("key_1"),
                                .key_name = STR("amt"),
                                .tenant = STR("haus"),
                                .purposes = names,
                                .purpose_count = 3,
                                .purpose = STR("a"),
                                .for_purposes = others};
    for (size_t i = 0; i < 3; i++) {
        others[i] = key;
        others[i].purpose = names[i];
    }
    const struct session *s = &key;
    CHECK_OK(gate_use_purpose(rig.gate, &s, STR("b"), STR("req_A"), rig.a));
    CHECK(s == &others[1]);
    static const char *const bad[] = {"gone", "c", "B", ""};
    for (size_t i = 0; i < 3; i++) {
        s = &key;
        CHECK_ERR(gate_use_purpose(rig.gate, &s, str_of(bad[i]), STR("req_B"), rig.a), DENIED);
        CHECK(s == &key);
    }
    RIG_UNTIL(&rig, rig_record(&rig, "decision", "req_B", 2).len);
    CHECK(rig_has(rig_record(&rig, "decision", "req_B", 0), "\"rule\":\"purpose.key\""));
    CHECK(!rig_record(&rig, "decision", "req_A", 0).len);
    rig_close(&rig);
}

/* ---- a key that may not be used any more */
static void
revoke_key(struct session *s)
{
    s->is_revoked = true;
    jobs_end(rig.gate, s);
}

TEST(what_runs_with_a_revoked_key_ends_at_once_and_nobody_else_notices)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x"),
                 *other = asker_new(&rig, "VS-NfD", "intern", "y");
    NEED_OK(asker_run(k));
    NEED_OK(asker_run(other));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e), second = rig_submitted(&rig, e);
    rig_says(e, id, 0, "y");
    RIG_UNTIL(&rig, k->pieces);
    revoke_key(&k->session);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, UNAUTHENTICATED);
    CHECK(strstr(k->public, "revoked") != NULL);
    CHECK(rig_has(rig_record(&rig, "completion", k->id, 0), "\"outcome\":\"UNAUTHENTICATED\""));
    rig_done(e, second, 0, true);
    RIG_UNTIL(&rig, other->ended);
    CHECK_ERR(other->end, OK);
    asker_free(k);
    asker_free(other);
    rig_close(&rig);
}

TEST(what_waits_with_a_revoked_key_never_reaches_an_engine)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    RIG_UNTIL(&rig, rig.starts);
    revoke_key(&k->session);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, UNAUTHENTICATED);
    asker_free(k);
    disk_hold(); /* and while its decision is being written */
    k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    revoke_key(&k->session);
    CHECK_INT(k->ended, ==, 0);
    disk_release();
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, UNAUTHENTICATED);
    CHECK(rig_has(rig_record(&rig, "completion", k->id, 0), "UNAUTHENTICATED"));
    asker_free(k);
    rig_close(&rig);
}

TEST(a_clock_that_is_set_back_gives_no_key_and_no_clearance_its_time_again)
{
    rig_open(&rig);
    const int64_t now = clock_wall_ms();
    const grant *g;
    struct session s = {.key_id = STR("key_1"), .key_name = STR("amt"), .tenant = STR("haus")};
    s.clearance = policy_local_sink(rig.policy);
    s.cleared_until_wall_ms = now + 1000;
    const struct gate_want w = {&s,    OP_FILE_READ, small_label(rig.policy, "intern"),
                                false, STR("req_A"), rig.a};
    CHECK_OK(gate_leave(rig.gate, &w, &g));
    clock_fix(clock_ns(), now + 1000);
    CHECK_ERR(gate_leave(rig.gate, &w, &g), DENIED);
    clock_fix(clock_ns(), now - 1000000);
    CHECK_ERR(gate_leave(rig.gate, &w, &g), DENIED);
    s.cleared_until_wall_ms = 0;
    s.expires_wall_ms = now + 900;
    CHECK_ERR(gate_leave(rig.gate, &w, &g), UNAUTHENTICATED);
    s.expires_wall_ms = now + 1001;
    CHECK_OK(gate_leave(rig.gate, &w, &g));
    clock_free();
    rig_close(&rig);
}

/* `how` while an answer is under way: nothing more of it leaves. */
static void
check_ends(void (*how)(struct session *s), const char *marked, bool ends)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", marked, "x");
    k->session.cleared_until_wall_ms = clock_wall_ms() + 60000;
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "y");
    RIG_UNTIL(&rig, k->pieces);
    how(&k->session);
    if (ends) {
        rig_says(e, id, 0, "z");
        RIG_UNTIL(&rig, k->ended);
        CHECK_ERR(k->end, DENIED);
        CHECK(strstr(k->public, "ended while the request ran") != NULL);
        CHECK_INT(k->pieces, ==, 1);
        CHECK(rig_has(rig_record(&rig, "completion", k->id, 0), "\"outcome\":\"DENIED\""));
    } else {
        rig_done(e, id, 0, true);
        RIG_UNTIL(&rig, k->ended);
        CHECK_ERR(k->end, OK);
    }
    asker_free(k);
    rig_close(&rig);
    clock_free();
}

static void
time_passes(struct session *s)
{
    (void)s;
    clock_fix(clock_ns(), clock_wall_ms() + 61000);
}

static void
lowered(struct session *s)
{
    s->clearance = label_part(s->clearance, LABEL_REL_FIRST, 128);
    jobs_end(rig.gate, NULL);
}

static void
other_purpose(struct session *s)
{
    s->purpose = STR("aid");
    s->is_other_purpose = true;
    s->acts_for = STR("audit");
    jobs_end(rig.gate, NULL);
}

static void
same_purpose(struct session *s)
{
    s->purpose = STR("aid");
    s->acts_for = STR("audit,aid");
    jobs_end(rig.gate, NULL);
}

static void
lowered_a_little(struct session *s)
{
    s->clearance.w[0] &= ~(uint64_t)2;
    jobs_end(rig.gate, NULL);
}

TEST(a_clearance_that_ends_in_the_middle_of_an_answer_ends_it)
{
    check_ends(time_passes, "intern", true);
    check_ends(lowered, "intern", true);
    check_ends(other_purpose, "offen", true);
}

TEST(what_a_clearance_still_covers_or_that_needs_none_goes_on)
{
    check_ends(lowered_a_little, "intern", false);
    check_ends(time_passes, "offen", false);
    check_ends(lowered, "offen", false);
    check_ends(same_purpose, "intern", false);
}

/* Office hours of the level intern, which are on Mondays, from half past seven. */
static void
set_hours(void)
{
    AUTO(buf) b = BUF(8192);
    policy *next = NULL;
    const str text = policy_text(rig.policy), mark = STR("title: Intern");
    const ptrdiff_t at = str_find(text, mark);
    NEED(at > 0);
    buf_add_fmt(&b, "%.*s, hours: true%.*s", (int)((size_t)at + mark.len), text.at,
                STR_FMT(str_slice(text, (size_t)at + mark.len, text.len)));
    buf_add(&b, STR("hours: { zone: UTC, times: [ { days: mo, from: \"07:30\", to: \"08:00\" } ] "
                    "}\n"));
    NEED_OK(policy_load(buf_str(&b), &next));
    NEED_OK(policy_set_ceiling(next, STR("VS-NfD")));
    policy_become(rig.policy, next);
}

/* An answer about what is `marked`, from a second before the hours end to their end. */
static void
check_hours(const char *marked, bool ends)
{
    const int64_t hour_ms = 3600000, week_ms = 7 * 24 * hour_ms, first_ms = (4 * 24 + 8) * hour_ms;
    const int64_t weeks = (clock_wall_ms() - first_ms) / week_ms + 1;
    const int64_t eight_ms = first_ms + weeks * week_ms; /* of the next Monday */
    rig_open(&rig);
    set_hours();
    clock_fix(clock_ns(), eight_ms - 1000);
    struct asker *k = asker_new(&rig, "VS-NfD", marked, "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "y");
    RIG_UNTIL(&rig, k->pieces);
    clock_fix(clock_ns(), eight_ms);
    rig_says(e, id, 0, "z");
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK_INT(k->end.code, ==, ends ? ERR_DENIED : ERR_OK);
    CHECK_INT(k->pieces, ==, ends ? 1 : 2);
    CHECK(!ends || strstr(k->public, "office hours of the data ended while") != NULL);
    asker_free(k);
    rig_close(&rig);
    clock_free();
}

TEST(an_answer_about_what_has_office_hours_ends_with_them)
{
    check_hours("intern", true);
    check_hours("VS-NfD", true);
}

TEST(what_has_no_office_hours_is_answered_after_them)
{
    check_hours("offen", false);
}

TEST(nothing_more_leaves_when_the_key_s_time_is_over)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    k->session.expires_wall_ms = clock_wall_ms() + 60000;
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "y");
    RIG_UNTIL(&rig, k->pieces);
    clock_fix(clock_ns(), clock_wall_ms() + 61000);
    rig_says(e, id, 0, "z");
    RIG_UNTIL(&rig, k->ended);
    clock_free();
    CHECK_ERR(k->end, UNAUTHENTICATED);
    CHECK_STR(asker_text(k, 0), STR("y"));
    asker_free(k);
    rig_close(&rig);
}

TEST(a_case_has_a_number_of_letters_digits_and_a_few_signs)
{
    static const char *const good[] = {"1", "AZ-2026/147", "a.b_c", "12-C-345/26"};
    static const char *const bad[] = {"", "-1", "/1", ".1", "a b", "a:b", "ä", "a\"", "a\n", "Ü-1"};
    char long_one[CASE_NAME_MAX + 2];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK_OK(gate_check_case(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(gate_check_case(str_of(bad[i])), ARGUMENT);
    memset(long_one, 'x', sizeof long_one);
    CHECK_OK(gate_check_case((str){long_one, CASE_NAME_MAX}));
    CHECK_ERR(gate_check_case((str){long_one, CASE_NAME_MAX + 1}), ARGUMENT);
}
