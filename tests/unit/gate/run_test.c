/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/gate.h"

#include "unit/gate/asker.h"

static struct rig rig;

static int64_t
places(void)
{
    return meter_value(&rig.meters, METER_REQUESTS_RUNNING);
}

/* ---- the orderly course */
TEST(an_allowed_request_is_answered_and_both_records_say_what_passed)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "Hallo");
    NEED_OK(asker_run(k));
    CHECK_INT(places(), ==, 1);
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "Guten ");
    rig_says(e, id, 0, "Täg!");
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, OK);
    CHECK(k->started == 1 && k->pieces == 2 && k->done == 1 && k->ended == 1);
    CHECK_STR(asker_text(k, 0), STR("Guten Täg!"));
    CHECK_STR(str_of(k->label), STR("intern"));
    CHECK_STR(str_of(k->model), STR("toy"));
    const str d = rig_record(&rig, "decision", k->id, 0),
              c = rig_record(&rig, "completion", k->id, 0);
    CHECK(rig_has(d, "\"decision\":\"allowed\"") && rig_has(d, "\"label\":\"intern\""));
    CHECK(rig_has(d, "\"key\":\"key_1\"") && rig_has(d, "\"tenant\":\"haus\""));
    CHECK(rig_has(d, "\"op\":\"chat\"") && rig_has(d, "\"model\":\"toy\""));
    CHECK(rig_has(d, "\"input\":\"") && rig_has(c, "\"input\":\""));
    CHECK(rig_has(c, "\"outcome\":\"ok\""));
    CHECK(rig_has(c, "\"tokens_in\":5,\"tokens_out\":4"));
    CHECK(asker_holds(&rig, c, "output", STR("Guten Täg!")));
    CHECK(!rig_has(rig_log(&rig), "Hallo") && !rig_has(rig_log(&rig), "Guten"));
    CHECK(!rig_record(&rig, "completion", k->id, 1).len);
    CHECK_INT(meter_value(&rig.meters, METER_TOKENS_OUT), ==, 4);
    CHECK_INT(meter_value(&rig.meters, METER_TOKENS_IN), ==, 5);
    asker_free(k);
    rig_close(&rig);
}

TEST(equal_requests_cannot_be_told_from_others_by_their_digests)
{
    static const struct {
        enum conv_role role;
        const char *said, *name, *call;
    } turns[] = {{CONV_USER, "a", "", ""},   {CONV_USER, "a", "", ""},  {CONV_USER, "b", "", ""},
                 {CONV_SYSTEM, "a", "", ""}, {CONV_USER, "a", "x", ""}, {CONV_USER, "a", "", "x"},
                 {CONV_USER, "", "a", ""}};
    char hex[7][90];
    rig_open(&rig);
    for (size_t i = 0; i < 7; i++) {
        struct asker *k = asker_new(&rig, "VS-NfD", "intern", turns[i].said);
        k->message.role = turns[i].role;
        k->message.name = str_of(turns[i].name);
        k->message.tool_call_id = str_of(turns[i].call);
        NEED_OK(asker_run(k));
        RIG_UNTIL(&rig, rig_record(&rig, "decision", k->id, 0).len);
        const str d = rig_record(&rig, "decision", k->id, 0);
        const ptrdiff_t at = str_find(d, STR("\"input\":\""));
        NEED(at >= 0);
        snprintf(hex[i], sizeof hex[i], "%.*s", STR_FMT(str_slice(d, (size_t)at, (size_t)at + 81)));
        gate_cancel(k->job);
        asker_free(k);
    }
    for (size_t i = 1; i < 7; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(hex[i], hex[j]) != 0);
    rig_close(&rig);
}

TEST(several_answers_are_told_apart_and_their_tokens_added)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "Hallo");
    k->conv.params.n = 3;
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 2, "drei");
    rig_says(e, id, 0, "eins");
    rig_done(e, id, 2, false);
    rig_done(e, id, 0, false);
    rig_done(e, id, 1, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, OK);
    CHECK_INT(k->started, ==, 1);
    CHECK_INT(k->done, ==, 3);
    CHECK_STR(asker_text(k, 0), STR("eins"));
    CHECK_STR(asker_text(k, 2), STR("drei"));
    CHECK(rig_has(rig_record(&rig, "completion", k->id, 0), "\"tokens_in\":5,\"tokens_out\":9"));
    asker_free(k);
    rig_close(&rig);
}

TEST(an_answer_without_text_starts_and_ends_all_the_same)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "Hallo");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    rig_done(e, rig_submitted(&rig, e), 0, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK(k->started == 1 && k->pieces == 0 && !k->end.code);
    CHECK(asker_holds(&rig, rig_record(&rig, "completion", k->id, 0), "output", STR("")));
    asker_free(k);
    rig_close(&rig);
}

TEST(vectors_are_handed_on_and_hashed)
{
    const struct engine_vector head = {.index = 0, .dims = 4};
    const float values[4] = {1, 0, -0.5f, 0.25f};
    const str bytes = {(const char *)values, sizeof values};
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "");
    k->conv.messages.count = 0;
    k->inputs[0] = content_of(STR("ein Text"), LABEL_BOTTOM);
    k->conv.inputs.at = k->inputs;
    k->conv.inputs.count = 1;
    k->ask.kind = ENGINE_EMBED;
    k->ask.op = OP_EMBED;
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    CHECK_INT(e->start.is_embedder, ==, 1);
    const uint64_t id = rig_submitted(&rig, e);
    rig_say(e, ENGINE_VECTOR, id, &head, sizeof head, bytes);
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, OK);
    CHECK(k->vectors == 1 && k->dims == 4 && memcmp(k->vector[0], values, sizeof values) == 0);
    const str c = rig_record(&rig, "completion", k->id, 0);
    CHECK(rig_has(c, "\"op\":\"embed\"") && asker_holds(&rig, c, "output", bytes));
    asker_free(k);
    rig_close(&rig);
}

/* ---- labels */
TEST(the_label_comes_from_the_request_else_from_the_key)
{
    static const struct {
        const char *said, *own, *want;
    } cases[] = {{"", "intern", "intern"},
                 {"", "offen", "offen"},
                 {"VS-NfD", "intern", "VS-NfD"},
                 {"vs-nfd", "intern", "VS-NfD"},
                 {"offen", "intern", "offen"},
                 {"intern//STEUER,SOZIALDATEN", "offen", "intern//SOZIALDATEN,STEUER"}};
    rig_open(&rig);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char want[128];
        struct asker *k = asker_new(&rig, "VS-NfD//SOZIALDATEN,STEUER", cases[i].own, "x");
        k->ask.label_text = str_of(cases[i].said);
        NEED_OK(asker_run(k));
        const label l = small_label(rig.policy, cases[i].want);
        CHECK(label_eq(k->conv.label, l));
        CHECK(label_eq(k->message.text.label, l));
        RIG_UNTIL(&rig, rig_record(&rig, "decision", k->id, 0).len);
        snprintf(want, sizeof want, "\"label\":\"%s\"", cases[i].want);
        CHECK(rig_has(rig_record(&rig, "decision", k->id, 0), want));
        gate_cancel(k->job);
        asker_free(k);
    }
    rig_close(&rig);
}

TEST(the_answer_has_the_label_of_what_was_asked)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD//STEUER", "intern", "x");
    k->ask.label_text = STR("VS-NfD//STEUER");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "y");
    RIG_UNTIL(&rig, k->pieces);
    CHECK_STR(str_of(k->label), STR("VS-NfD//STEUER"));
    gate_cancel(k->job);
    asker_free(k);
    rig_close(&rig);
}

/* ---- refusals before anything is recorded */
static void
refused(struct asker *k, enum err_code want, const char *param)
{
    const err e = asker_run(k);
    CHECK_INT(e.code, ==, want);
    CHECK_STR(str_of(err_param()), str_of(param));
    rig_settle(&rig);
    CHECK(k->ended == 0 && !k->job);
    CHECK_INT(places(), ==, 0);
    CHECK(!rig_log(&rig).len);
    CHECK_INT(rig.starts, ==, 0);
    asker_free(k);
}

TEST(an_unknown_label_or_model_is_an_error_before_anything_is_recorded)
{
    static const char *const labels[] = {
        "geheimer", "VS-NfD//",         "intern//GIBTSNICHT",         "//",
        " ",        "intern//REL MARS", "intern//STEUER//SOZIALDATEN"};
    struct asker *k;
    rig_open(&rig);
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        k = asker_new(&rig, "VS-NfD", "intern", "x");
        k->ask.label_text = str_of(labels[i]);
        CHECK_INT(asker_run(k).code, ==, ERR_PARSE);
        CHECK(!k->job && !k->ended);
        asker_free(k);
    }
    k = asker_new(&rig, "VS-NfD", "intern", "x");
    k->ask.model = STR("gpt-7");
    refused(k, ERR_MODEL_NOT_FOUND, "model");
    k = asker_new(&rig, "VS-NfD", "intern", "x");
    k->ask.model = STR("toy-embed"); /* is there, but not for this */
    refused(k, ERR_MODEL_NOT_FOUND, "model");
    rig_close(&rig);
}

TEST(without_a_default_model_one_has_to_be_named)
{
    rig_open(&rig);
    CHECK_OK(registry_remove(rig.registry, STR("toy")));
    refused(asker_new(&rig, "VS-NfD", "intern", "x"), ERR_MODEL_NOT_FOUND, "model");
    rig_close(&rig);
}

TEST(more_than_the_places_there_are_is_busy_and_a_place_comes_back)
{
    struct asker *k[3];
    rig_open(&rig);
    rig.params.gate_running_max = 2;
    for (size_t i = 0; i < 3; i++)
        k[i] = asker_new(&rig, "VS-NfD", "intern", "x");
    CHECK_OK(asker_run(k[0]));
    CHECK_OK(asker_run(k[1]));
    CHECK_ERR(asker_run(k[2]), BUSY);
    CHECK_INT(places(), ==, 2);
    gate_cancel(k[0]->job);
    CHECK_INT(places(), ==, 1);
    CHECK_OK(asker_run(k[2]));
    gate_cancel(k[1]->job);
    gate_cancel(k[2]->job);
    for (size_t i = 0; i < 3; i++)
        asker_free(k[i]);
    rig_close(&rig);
}

TEST(what_is_larger_than_its_arena_is_refused_and_holds_no_place)
{
    void *room;
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    while (!try_arena_get(k->a, 1, 1024, &room).code)
        continue;
    refused(k, ERR_LIMIT, "");
    rig_close(&rig);
}

/* ---- denials */
TEST(a_denied_request_never_reaches_an_engine_and_its_record_is_durable_before_the_answer)
{
    rig_open(&rig);
    disk_hold();
    struct asker *k = asker_new(&rig, "intern", "intern", "x");
    k->ask.label_text = STR("VS-NfD");
    NEED_OK(asker_run(k));
    rig_settle(&rig);
    CHECK_INT(k->ended, ==, 0); /* the disk has not said yes */
    disk_release();
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, DENIED);
    CHECK(rig_has(str_of(k->public), "clearance"));
    const str d = rig_record(&rig, "decision", k->id, 0);
    CHECK(rig_has(d, "\"decision\":\"denied\"") && rig_has(d, "\"rule\":\"clearance.level\""));
    CHECK(rig_has(d, "\"label\":\"VS-NfD\"") && !rig_has(d, "\"input\":"));
    CHECK(k->started == 0 && k->pieces == 0);
    CHECK_INT(rig.starts, ==, 0);
    CHECK_INT(places(), ==, 0);
    CHECK(!rig_record(&rig, "completion", k->id, 0).len);
    CHECK_INT(meter_value(&rig.meters, METER_DECISIONS_DENIED), ==, 1);
    asker_free(k);
    rig_close(&rig);
}

static void
denied_with(const char *clearance, const char *said, const char *model, const char *rule)
{
    char want[64];
    struct asker *k = asker_new(&rig, clearance, "offen", "x");
    k->ask.label_text = str_of(said);
    k->ask.model = str_of(model);
    snprintf(want, sizeof want, "\"rule\":\"%s\"", rule);
    CHECK_OK(asker_run(k));
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, DENIED);
    CHECK(rig_has(rig_record(&rig, "decision", k->id, 0), want));
    CHECK_INT(rig.starts, ==, 0);
    asker_free(k);
}

TEST(each_kind_of_denial_names_its_rule)
{
    rig_open(&rig);
    rig_add_model(&rig, "small", MODEL_CHAT, "intern//STEUER");
    denied_with("intern", "VS-NfD", "", "clearance.level");
    denied_with("VS-NfD", "offen//STEUER", "", "clearance.compartment");
    denied_with("VS-NfD", "offen//REL BUND", "", "clearance.release");
    denied_with("VS-NfD", "VS-NfD", "small", "target.level");
    denied_with("VS-NfD//SOZIALDATEN", "intern//SOZIALDATEN", "small", "target.compartment");
    rig_close(&rig);
    rig_open(&rig);
    CHECK_OK(policy_set_ceiling(rig.policy, STR("intern")));
    denied_with("VS-NfD", "VS-NfD", "", "instance.ceiling");
    rig_close(&rig);
}

TEST(an_expired_or_revoked_session_is_unauthenticated_and_on_record)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    k->session.expires_wall_ms = 1;
    CHECK_OK(asker_run(k));
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, UNAUTHENTICATED);
    CHECK(rig_has(rig_record(&rig, "decision", k->id, 0), "\"rule\":\"session.expired\""));
    asker_free(k);
    k = asker_new(&rig, "VS-NfD", "intern", "x");
    k->session.is_revoked = true;
    CHECK_OK(asker_run(k));
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, UNAUTHENTICATED);
    CHECK(rig_has(rig_record(&rig, "decision", k->id, 0), "\"rule\":\"session.revoked\""));
    CHECK_INT(rig.starts, ==, 0);
    asker_free(k);
    rig_close(&rig);
}

TEST(a_model_removed_while_the_decision_is_written_is_not_started)
{
    rig_open(&rig);
    for (int again = 0; again < 2; again++) {
        disk_hold();
        struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
        NEED_OK(asker_run(k));
        CHECK_OK(registry_remove(rig.registry, STR("toy")));
        struct model other; /* the second time another one has its name */
        model_toy(STR("toy"), MODEL_CHAT, &other);
        other.engine = STR("llama");
        other.sha256 = STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        other.file = STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.gguf");
        if (again)
            CHECK_OK(registry_add(rig.registry, &other));
        disk_release();
        RIG_UNTIL(&rig, k->ended);
        CHECK_ERR(k->end, MODEL_NOT_FOUND);
        CHECK_INT(rig.starts, ==, 0);
        CHECK(rig_has(rig_record(&rig, "completion", k->id, 0), "MODEL_NOT_FOUND"));
        asker_free(k);
        if (!again)
            rig_add_model(&rig, "toy", MODEL_CHAT, "");
    }
    rig_close(&rig);
}

/* ---- logged, then released */
TEST(nothing_reaches_an_engine_before_the_decision_is_durable)
{
    uint64_t id;
    rig_open(&rig);
    CHECK_OK(gate_ready(rig.gate));
    const struct rig_engine *e = rig_ready(&rig, 0);
    rig_settle(&rig);
    disk_hold();
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    rig_settle(&rig);
    CHECK_INT(rig_sent(e, &id), ==, 0);
    disk_release();
    id = rig_submitted(&rig, e);
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, OK);
    asker_free(k);
    rig_close(&rig);
}

TEST(a_decision_the_disk_refuses_yields_nothing)
{
    uint64_t id;
    rig_open(&rig);
    CHECK_OK(gate_ready(rig.gate));
    const struct rig_engine *e = rig_ready(&rig, 0);
    rig_settle(&rig);
    disk.sync_errno = ENOSPC;
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, DISK_FULL);
    disk.sync_errno = 0;
    rig_settle(&rig);
    CHECK_INT(rig_sent(e, &id), ==, 0);
    CHECK(k->started == 0 && k->pieces == 0);
    CHECK_INT(places(), ==, 0);
    asker_free(k);
    rig_close(&rig);
}

TEST(a_denial_the_disk_refuses_says_so_and_not_denied)
{
    rig_open(&rig);
    disk.sync_errno = EIO;
    struct asker *k = asker_new(&rig, "intern", "intern", "x");
    k->ask.label_text = STR("VS-NfD");
    NEED_OK(asker_run(k));
    RIG_UNTIL(&rig, k->ended);
    disk.sync_errno = 0;
    CHECK_ERR(k->end, IO);
    asker_free(k);
    rig_close(&rig);
}

/* So many records wait that no other finds room. */
static void
fill_the_queue(void)
{
    const struct audit_record r = {.event = EVENT_START, .outcome = "ok"};
    err e = OK;
    disk_hold();
    for (int i = 0; !e.code && i < 1000; i++)
        e = audit_append(rig.audit, &r, NULL, NULL);
    CHECK_ERR(e, BUSY);
}

static void
open_narrow(void)
{
    rig_open(&rig);
    rig_close(&rig);
    rig.params.audit_queue_max = 16;
    rig_open_parts(&rig);
    rig_open_gate(&rig);
}

TEST(a_full_queue_of_records_refuses_before_anything_runs)
{
    open_narrow();
    fill_the_queue();
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    CHECK_ERR(asker_run(k), BUSY);
    CHECK(!k->job && k->ended == 0);
    CHECK_INT(places(), ==, 0);
    disk_release();
    asker_free(k);
    rig_close(&rig);
}

TEST(a_full_queue_at_the_end_is_an_error_in_place_of_the_last_frame)
{
    open_narrow();
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    fill_the_queue();
    rig_says(e, id, 0, "y");
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, BUSY);
    CHECK_INT(places(), ==, 0);
    disk_release();
    asker_free(k);
    rig_close(&rig);
}

TEST(a_disk_that_does_not_keep_up_fails_the_request_and_what_comes_late_changes_nothing)
{
    uint64_t id;
    rig_open(&rig);
    rig_close(&rig);
    rig.params.audit_wait_ms_max = 10;
    rig_open_parts(&rig);
    rig_open_gate(&rig);
    CHECK_OK(gate_ready(rig.gate));
    const struct rig_engine *e = rig_ready(&rig, 0);
    rig_settle(&rig);
    disk_hold();
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, BUSY);
    disk_release();
    RIG_UNTIL(&rig, rig_record(&rig, "decision", k->id, 0).len);
    rig_settle(&rig);
    CHECK_INT(rig_sent(e, &id), ==, 0);
    CHECK_INT(k->ended, ==, 1);
    asker_free(k);
    rig_close(&rig);
}

/* ---- the asker goes away */
static void
cancel(struct asker *k, unsigned completions, const char *outcome)
{
    char want[64];
    gate_cancel(k->job);
    CHECK_INT(places(), ==, 0);
    const unsigned heard = k->started + k->pieces + k->done + k->ended;
    rig_close(&rig); /* flushes what was recorded */
    CHECK_INT(k->started + k->pieces + k->done + k->ended, ==, heard);
    CHECK_INT(k->ended, ==, 0);
    snprintf(want, sizeof want, "\"outcome\":\"%s\"", outcome);
    const str c = rig_record(&rig, "completion", k->id, 0);
    CHECK_INT(c.len != 0, ==, completions);
    CHECK(!c.len || rig_has(c, want));
    CHECK(!rig_record(&rig, "completion", k->id, 1).len);
    CHECK(rig_record(&rig, "decision", k->id, 0).len &&
          !rig_record(&rig, "decision", k->id, 1).len);
    asker_free(k);
}

TEST(gone_before_the_decision_is_durable)
{
    rig_open(&rig);
    disk_hold();
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    rig_settle(&rig);
    disk_release();
    cancel(k, 1, "cancelled");
}

TEST(gone_before_the_denial_is_durable)
{
    rig_open(&rig);
    disk_hold();
    struct asker *k = asker_new(&rig, "intern", "intern", "x");
    k->ask.label_text = STR("VS-NfD");
    NEED_OK(asker_run(k));
    rig_settle(&rig);
    disk_release();
    cancel(k, 0, "");
}

TEST(gone_while_it_waits_for_an_engine)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    uint64_t id;
    NEED_OK(asker_run(k));
    RIG_UNTIL(&rig, rig.starts);
    gate_cancel(TAKE(k->job));
    const struct rig_engine *e = rig_ready(&rig, 0);
    RIG_UNTIL(&rig, gate_engines_ready(rig.gate));
    rig_settle(&rig);
    CHECK_INT(rig_sent(e, &id), ==, 0);
    cancel(k, 1, "cancelled");
}

TEST(gone_in_the_middle_of_the_answer_stops_the_engine)
{
    uint64_t id = 0, cancelled = 0;
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "halb");
    RIG_UNTIL(&rig, k->pieces);
    gate_cancel(TAKE(k->job));
    RIG_UNTIL(&rig, rig_sent(e, &cancelled) == ENGINE_CANCEL);
    CHECK_INT(cancelled, ==, id);
    rig_says(e, id, 0, "zu spät");
    rig_done(e, id, 0, true);
    rig_settle(&rig);
    CHECK_INT(k->pieces, ==, 1);
    RIG_UNTIL(&rig, rig_record(&rig, "completion", k->id, 0).len);
    const str c = rig_record(&rig, "completion", k->id, 0);
    CHECK(rig_has(c, "\"tokens_out\":2") && asker_holds(&rig, c, "output", STR("halb")));
    cancel(k, 1, "cancelled");
}

TEST(gone_while_the_completion_is_being_written)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    disk_hold();
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->done);
    rig_settle(&rig);
    gate_cancel(TAKE(k->job));
    disk_release();
    rig_settle(&rig);
    cancel(k, 1, "ok");
}

TEST(others_go_on_when_one_goes_away)
{
    struct asker *k[3];
    uint64_t id[3] = {0};
    rig_open(&rig);
    for (size_t i = 0; i < 3; i++) {
        k[i] = asker_new(&rig, "VS-NfD", "intern", "x");
        NEED_OK(asker_run(k[i]));
    }
    RIG_UNTIL(&rig, rig.starts);
    rig_settle(&rig);
    gate_cancel(TAKE(k[1]->job));
    const struct rig_engine *e = rig_ready(&rig, 0);
    id[0] = rig_submitted(&rig, e);
    id[2] = rig_submitted(&rig, e);
    gate_cancel(TAKE(k[0]->job));
    rig_says(e, id[2], 0, "noch da");
    rig_done(e, id[2], 0, true);
    RIG_UNTIL(&rig, k[2]->ended);
    CHECK_STR(asker_text(k[2], 0), STR("noch da"));
    CHECK(k[0]->ended == 0 && k[1]->ended == 0);
    for (size_t i = 0; i < 3; i++)
        asker_free(k[i]);
    rig_close(&rig);
}

TEST(cancelling_nothing_is_fine)
{
    gate_cancel(NULL);
}

/* ---- faults */
static void
play_with_fault(long n, bool *ret_fired)
{
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    k->conv.params.n = 2;
    fault_arm(n);
    const err e = asker_run(k);
    if (!e.code)
        RIG_UNTIL(&rig, k->ended);
    *ret_fired = fault_fired();
    fault_arm(0);
    CHECK(!e.code || *ret_fired);
    CHECK_INT(places(), ==, 0);
    if (!e.code && !k->end.code) {
        CHECK_INT(k->done, ==, 2);
        CHECK(asker_text(k, 0).len && asker_text(k, 1).len);
    }
    asker_free(k);
}

TEST(whatever_fails_a_request_ends_once_and_nothing_is_told_before_its_record)
{
    bool fired = true;
    rig_open(&rig);
    rig.talkers = true;
    CHECK_OK(gate_ready(rig.gate));
    RIG_UNTIL(&rig, rig.starts == 2 && gate_engines_ready(rig.gate));
    for (long n = 1; fired && n < 500; n++) {
        if (!gate_engines_ready(rig.gate)) { /* the fault hit the engine's channel */
            rig_end_talker(&rig.engines[0]);
            rig_start_talker(&rig, &rig.engines[0], 1);
            RIG_UNTIL(&rig, gate_engines_ready(rig.gate));
        }
        play_with_fault(n, &fired);
    }
    CHECK(!fired);
    rig_close(&rig);
}

TEST(a_request_cancelled_at_any_turn_leaves_nothing_behind)
{
    rig_open(&rig);
    rig.talkers = true;
    CHECK_OK(gate_ready(rig.gate));
    RIG_UNTIL(&rig, rig.starts == 2 && gate_engines_ready(rig.gate));
    for (int i = 0; i < 200; i++) {
        struct asker *k = asker_new(&rig, "VS-NfD", "intern", i % 3 ? "x" : "!hang");
        NEED_OK(asker_run(k));
        for (uint64_t turns = test_random() % 40; turns && !k->ended; turns--)
            loop_turn(rig.l);
        if (!k->ended)
            gate_cancel(k->job);
        CHECK_INT(places(), ==, 0);
        asker_free(k);
    }
    rig_close(&rig);
}

/* ---- priority */
TEST(who_waits_for_nobody_may_say_so_and_anything_else_is_refused)
{
    static const struct {
        const char *text;
        uint32_t class;
    } rows[] = {{"", CONV_CLERK}, {"clerk", CONV_CLERK}, {"batch", CONV_BATCH}};
    rig_open(&rig);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct asker *k = asker_new(&rig, "intern", "offen", "Hallo");
        k->ask.priority_text = str_of(rows[i].text);
        CHECK_OK(asker_run(k));
        CHECK_INT(k->conv.service.class, ==, rows[i].class);
        gate_cancel(k->job);
        asker_free(k);
    }
    struct asker *k = asker_new(&rig, "intern", "offen", "Hallo");
    k->ask.priority_text = STR("citizen");
    CHECK_ERR(asker_run(k), ARGUMENT);
    asker_free(k);
    rig_close(&rig);
}
