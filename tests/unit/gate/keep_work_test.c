/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/keep.h"

#include "base/fault.h"
#include "unit/gate/asker.h"
#include "unit/gate/keeper.h"

static struct rig rig;
static const char *const over[] = {"completed", "failed", NULL};

TEST(what_is_not_over_is_found_again_whoever_it_belongs_to)
{
    struct keeper a, b;
    struct kept k;
    struct kept_list l;
    const struct keep_search s = {OBJECT_BATCH, over};
    rig_open(&rig);
    keeper_init(&a, &rig, "key_1", "VS-NfD");
    keeper_init(&b, &rig, "key_2", "offen");
    NEED_OK(keeper_add(&a, OBJECT_BATCH, "VS-NfD", "{}", &k));
    NEED_OK(keeper_add(&b, OBJECT_BATCH, "offen", "{}", &k));
    NEED_OK(keeper_add(&b, OBJECT_FILE, "offen", "{}", &k));
    NEED_OK(keep_unfinished(rig.gate, &s, rig.a, &l));
    CHECK_INT(l.list.count, ==, 2);
    CHECK_OK(keep_end(rig.gate, &l.list.at[0].head, "failed"));
    NEED_OK(keep_unfinished(rig.gate, &s, rig.a, &l));
    NEED(l.list.count == 1);
    CHECK_STR(l.list.at[0].head.owner, STR("key_2"));
    CHECK(!keep_owner(rig.gate, &l.list.at[0].head)); /* the rig's keys are nobody's */
    keeper_end(&a);
    keeper_end(&b);
    rig_close(&rig);
}

TEST(work_is_resumed_only_for_whom_may_still_see_it)
{
    struct keeper high, low;
    struct kept k, out;
    rig_open(&rig);
    keeper_init(&high, &rig, "key_1", "VS-NfD");
    keeper_init(&low, &rig, "key_1", "offen");
    NEED_OK(keeper_add(&high, OBJECT_BATCH, "VS-NfD", "{\"a\":1}", &k));
    const struct keep_name n = {.kind = OBJECT_BATCH, .id = k.head.id};
    CHECK_ERR(keep_resume(&low.call, &n, &out), NOT_FOUND);
    NEED_OK(keep_resume(&high.call, &n, &out));
    CHECK_STR(out.meta, STR("{\"a\":1}"));
    out.meta = STR("{\"a\":2}");
    out.head.state = STR("completed");
    CHECK_OK(keep_ended(&high.call, &out));
    NEED_OK(keep_resume(&high.call, &n, &out));
    CHECK_STR(out.meta, STR("{\"a\":2}"));
    CHECK_STR(out.head.state, STR("completed"));
    RIG_UNTIL(&rig, rig_record(&rig, "batch.end", high.id, 0).len);
    keeper_end(&high);
    keeper_end(&low);
    rig_close(&rig);
}

struct lines {
    char text[256];
    int64_t last;
};

static err
note(void *ctx, const struct keep_line *l)
{
    struct lines *s = ctx;
    const size_t len = strlen(s->text);
    s->last = l->seq;
    snprintf(s->text + len, sizeof s->text - len, "%.*s%s%.*s ", STR_FMT(l->id),
             l->is_good ? "+" : "-", STR_FMT(l->meta));
    return OK;
}

TEST(lines_are_kept_once_and_come_back_in_order_and_in_pieces)
{
    struct keeper k;
    struct kept batch;
    AUTO(arena) *scratch = NULL;
    rig_open(&rig);
    NEED_OK(arena_open(1 << 20, &scratch));
    keeper_init(&k, &rig, "key_1", "VS-NfD");
    NEED_OK(keeper_add(&k, OBJECT_BATCH, "offen", "{}", &batch));
    const struct keep_line lines[] = {{.id = STR("l2"), .meta = STR("B"), .is_good = true},
                                      {.id = STR("l1"), .meta = STR("A"), .is_good = false},
                                      {.id = STR("l3"), .meta = STR("C"), .is_good = true}};
    for (int i = 0; i < 3; i++)
        CHECK_OK(keep_add_line(&k.call, &batch, &lines[i]));
    CHECK_ERR(keep_add_line(&k.call, &batch, &lines[1]), CONFLICT);
    struct lines seen = {.last = 0};
    struct keep_lines w = {.scratch = scratch, .fn = note, .ctx = &seen, .max = 2};
    CHECK_OK(keep_each_line(&k.call, &batch, k.a, &w));
    CHECK_STR(str_of(seen.text), STR("l2+B l1-A "));
    w.after = seen.last;
    CHECK_OK(keep_each_line(&k.call, &batch, k.a, &w));
    CHECK_STR(str_of(seen.text), STR("l2+B l1-A l3+C "));
    CHECK_OK(keep_drop_lines(rig.gate, &batch));
    w.after = 0;
    CHECK_OK(keep_each_line(&k.call, &batch, k.a, &w));
    CHECK_STR(str_of(seen.text), STR("l2+B l1-A l3+C "));
    keeper_end(&k);
    rig_close(&rig);
}

TEST(a_batch_rises_to_the_label_of_its_lines)
{
    struct keeper k, low;
    struct kept batch, out;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "VS-NfD");
    keeper_init(&low, &rig, "key_1", "offen");
    NEED_OK(keeper_add(&k, OBJECT_BATCH, "offen", "{}", &batch));
    struct keep_line l = {.id = STR("l1"), .label_text = STR("VS-NfD"), .meta = STR("A")};
    CHECK_OK(keep_add_line(&k.call, &batch, &l));
    CHECK_STR(batch.label_text, STR("VS-NfD"));
    CHECK_ERR(keeper_get(&low, OBJECT_BATCH, batch.head.id, &out), NOT_FOUND);
    NEED_OK(keeper_get(&k, OBJECT_BATCH, batch.head.id, &out));
    CHECK_STR(out.label_text, STR("VS-NfD"));
    l.id = STR("l2");
    l.label_text = STR("VS-NfD//STEUER");
    CHECK_ERR(keep_add_line(&k.call, &batch, &l), DENIED);
    keeper_end(&k);
    keeper_end(&low);
    rig_close(&rig);
}

struct seen {
    char text[256];
    struct kept last;
};

static err
see(void *ctx, const struct kept *k)
{
    struct seen *s = ctx;
    const size_t len = strlen(s->text);
    snprintf(s->text + len, sizeof s->text - len, "%.*s ", STR_FMT(k->meta));
    s->last = *k;
    return OK;
}

static void
add_child(struct keeper *k, str parent, const char *marked, const char *meta)
{
    const struct keep_wish w = {.kind = OBJECT_STORE_FILE,
                                .parent = parent,
                                .state = STR("completed"),
                                .label_text = str_of(marked),
                                .meta = str_of(meta)};
    struct kept out;
    CHECK_OK(keeper_wait(k, keep_add(&k->call, &w, &out)));
}

TEST(children_are_walked_that_the_key_may_see_and_go_with_what_they_are_in)
{
    struct keeper high, low, other;
    struct kept store, out;
    AUTO(arena) *scratch = NULL;
    struct seen s = {.text = ""};
    rig_open(&rig);
    NEED_OK(arena_open(1 << 20, &scratch));
    keeper_init(&high, &rig, "key_1", "VS-NfD");
    keeper_init(&low, &rig, "key_1", "offen");
    keeper_init(&other, &rig, "key_2", "VS-NfD");
    NEED_OK(keeper_add(&high, OBJECT_STORE, "offen", "{}", &store));
    add_child(&high, store.head.id, "offen", "1");
    add_child(&high, store.head.id, "VS-NfD", "2");
    add_child(&high, STR("vs_other"), "offen", "3");
    struct keep_children all = {.kind = OBJECT_STORE_FILE,
                                .parent = store.head.id,
                                .scratch = scratch,
                                .fn = see,
                                .ctx = &s};
    NEED_OK(keep_each_child(&high.call, &all));
    CHECK_STR(str_of(s.text), STR("1 2 "));
    s.text[0] = 0;
    NEED_OK(keep_each_child(&low.call, &all));
    CHECK_STR(str_of(s.text), STR("1 "));
    s.text[0] = 0;
    NEED_OK(keep_each_child(&other.call, &all));
    CHECK_STR(str_of(s.text), STR(""));
    all.parent = STR_NONE; /* all of the key */
    NEED_OK(keep_each_child(&high.call, &all));
    CHECK_STR(str_of(s.text), STR("1 2 3 "));
    const struct keep_name n = {.kind = OBJECT_STORE, .id = store.head.id};
    NEED_OK(keep_resume(&high.call, &n, &out));
    NEED_OK(keep_drop(rig.gate, &out));
    CHECK_ERR(keep_resume(&high.call, &n, &out), NOT_FOUND);
    s.text[0] = 0;
    NEED_OK(keep_each_child(&high.call, &all));
    CHECK_STR(str_of(s.text), STR("3 "));
    bool there = false;
    NEED_OK(keep_is_there(rig.gate, rig.a, STR("nothing"), &there));
    CHECK(!there);
    keeper_end(&high);
    keeper_end(&low);
    keeper_end(&other);
    rig_close(&rig);
}

/* ---- what was said */
/* From now on what is at most intern is kept. */
static void
keep_intern(void)
{
    AUTO(buf) text = BUF(64 * 1024);
    policy *next = NULL;
    buf_add(&text, policy_text(rig.policy));
    buf_add(&text, STR("\nkeep: [{ label: intern, days: 2 }]\n"));
    NEED_OK(policy_load(buf_str(&text), &next));
    NEED_OK(policy_set_ceiling(next, STR("VS-NfD")));
    policy_become(rig.policy, next);
}

static err
say(struct keeper *k, const char *request, digest *ret)
{
    struct conv_message m = {.role = CONV_USER,
                             .text = content_of(STR("Frage"), small_label(rig.policy, "intern"))};
    const struct conv c = {.messages = {.at = &m, .count = 1}};
    const grant *const g = small_grant(rig.policy, k->a, "VS-NfD");
    struct words *w = NULL;
    TRY(words_new(&c, g, &w));
    const struct keep_words kw = {&k->session,       g, str_of(request),
                                  k->call.case_name, w, small_label(rig.policy, "intern")};
    const err e = keep_words(rig.gate, &kw, ret);
    words_free(w);
    return e;
}

TEST(what_was_said_is_read_by_auditors_who_are_cleared_for_it_alone)
{
    struct keeper asker, auditor, low;
    struct kept_list out;
    str said;
    digest d, second;
    rig_open(&rig);
    keep_intern();
    keeper_init(&asker, &rig, "key_1", "VS-NfD");
    keeper_init(&auditor, &rig, "key_2", "VS-NfD");
    keeper_init(&low, &rig, "key_3", "offen");
    auditor.session.roles = low.session.roles = ROLE_AUDITOR;
    NEED_OK(say(&asker, "req_1", &d));
    NEED_OK(say(&asker, "req_1", &second)); /* it went through the door twice */
    NEED_OK(keeper_wait(&auditor, keep_words_read(&auditor.call, STR("req_1"), &out)));
    NEED(out.list.count == 2);
    NEED_OK(words_check(auditor.a, out.list.at[0].meta, &d, &said));
    NEED_OK(words_check(auditor.a, out.list.at[1].meta, &second, &said));
    CHECK(rig_has(said, "Frage"));
    CHECK(rig_has(rig_record(&rig, "content.read", auditor.id, 0), "\"object\":\"req_1\""));
    CHECK_ERR(keeper_wait(&low, keep_words_read(&low.call, STR("req_1"), &out)), NOT_FOUND);
    CHECK_ERR(keeper_wait(&auditor, keep_words_read(&auditor.call, STR("req_2"), &out)), NOT_FOUND);
    CHECK_ERR(keeper_wait(&asker, keep_words_read(&asker.call, STR("req_1"), &out)), DENIED);
    keeper_end(&asker);
    keeper_end(&auditor);
    keeper_end(&low);
    rig_close(&rig);
}

TEST(what_was_said_goes_with_its_owner)
{
    struct keeper asker, auditor;
    struct keep_erased total = {0};
    struct kept_list out;
    digest d;
    rig_open(&rig);
    keep_intern();
    keeper_init(&asker, &rig, "key_1", "VS-NfD");
    keeper_init(&auditor, &rig, "key_2", "VS-NfD");
    auditor.session.roles = ROLE_AUDITOR;
    NEED_OK(say(&asker, "req_1", &d));
    NEED_OK(keep_erase(rig.gate, STR("key_1"), &total));
    CHECK_INT(total.things, ==, 1);
    CHECK_ERR(keeper_wait(&auditor, keep_words_read(&auditor.call, STR("req_1"), &out)), NOT_FOUND);
    CHECK_ERR(say(&asker, "req_2", &d), NOT_FOUND);
    keeper_end(&asker);
    keeper_end(&auditor);
    rig_close(&rig);
}

TEST(whatever_fails_while_an_owner_is_erased_is_said_and_done_again)
{
    struct keeper k;
    struct kept kept;
    struct keep_erased total = {0};
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "VS-NfD");
    NEED_OK(keeper_add(&k, OBJECT_RESPONSE, "offen", "{}", &kept));
    for (long n = 1;; n++) {
        fault_arm(n);
        const err e = keep_erase(rig.gate, STR("key_1"), &total);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        if (!fired)
            break;
        NEED(n < 200);
    }
    struct object o;
    CHECK_ERR(objects_find(rig.gate->keep->objects, k.a, kept.head.id, 1, &o), NOT_FOUND);
    keeper_end(&k);
    rig_close(&rig);
}

/* An answer in two pieces. */
static struct asker *
ask_for_answer(const char *marked)
{
    struct asker *k = asker_new(&rig, "VS-NfD", marked, "Frage");
    CHECK_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "Ant");
    rig_says(e, id, 0, "wort");
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->ended);
    return k;
}

TEST(a_request_is_kept_where_policy_says_so_and_the_log_is_committed_to_it)
{
    struct keeper auditor;
    struct kept_list out;
    rig_open(&rig);
    keep_intern();
    keeper_init(&auditor, &rig, "key_2", "VS-NfD");
    auditor.session.roles = ROLE_AUDITOR;
    struct asker *k = ask_for_answer("intern"), *above = ask_for_answer("VS-NfD");
    CHECK_ERR(k->end, OK);
    CHECK_ERR(above->end, OK);
    CHECK(rig_has(rig_record(&rig, "completion", k->id, 0), "\"kept\":\""));
    CHECK(!rig_has(rig_record(&rig, "completion", above->id, 0), "\"kept\":\""));
    NEED_OK(keeper_wait(&auditor, keep_words_read(&auditor.call, str_of(k->id), &out)));
    NEED(out.list.count == 1);
    CHECK(rig_has(out.list.at[0].meta, "Frage") && rig_has(out.list.at[0].meta, "Antwort"));
    CHECK_ERR(keeper_wait(&auditor, keep_words_read(&auditor.call, str_of(above->id), &out)),
              NOT_FOUND);
    asker_free(k);
    asker_free(above);
    keeper_end(&auditor);
    rig_close(&rig);
}

TEST(an_answer_that_must_be_kept_and_cannot_fails)
{
    rig_open(&rig);
    keep_intern();
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "Frage");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "Antwort");
    RIG_UNTIL(&rig, k->pieces);
    NEED_OK(subjects_erase(rig.gate->keep->keys, STR("key_1")));
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, NOT_FOUND);
    const str c = rig_record(&rig, "completion", k->id, 0);
    CHECK(rig_has(c, "\"outcome\":\"NOT_FOUND\"") && !rig_has(c, "\"kept\""));
    asker_free(k);
    rig_close(&rig);
}

TEST(what_must_be_kept_and_has_no_room_is_refused_loudly_and_room_comes_back)
{
    rig_open(&rig);
    keep_intern();
    rig.params.keep_words_bytes_max = 600;
    CHECK_OK(keep_words_room(rig.gate, 256));
    struct asker *first = ask_for_answer("intern");
    CHECK_ERR(first->end, OK);
    CHECK(rig.gate->keep->words_bytes > 0);
    struct asker *k = NULL;
    for (int i = 0; i < 8 && keep_words_room(rig.gate, WORDS_LEAST).code == ERR_OK; i++)
        asker_free(ask_for_answer("intern"));
    k = asker_new(&rig, "VS-NfD", "intern", "Frage");
    CHECK_ERR(asker_run(k), DISK_FULL);
    asker_free(k);
    k = asker_new(&rig, "VS-NfD", "VS-NfD", "Frage"); /* nothing is kept of it */
    CHECK_OK(asker_run(k));
    gate_cancel(k->job);
    asker_free(k);
    RIG_UNTIL(&rig, rig_record(&rig, "kept.full", "", 0).len);
    CHECK(!rig_record(&rig, "kept.full", "", 1).len);
    struct keep_erased gone = {0};
    CHECK_OK(keep_erase(rig.gate, STR("key_1"), &gone));
    CHECK_OK(keep_words_room(rig.gate, WORDS_LEAST));
    CHECK_INT(rig.gate->keep->words_bytes, ==, 0);
    asker_free(first);
    rig_close(&rig);
}

TEST(what_was_said_goes_from_every_copy_when_its_day_has_come)
{
    struct keeper auditor;
    struct kept_list out;
    const int64_t now = clock_wall_ms();
    rig_open(&rig);
    keep_intern();
    keeper_init(&auditor, &rig, "key_2", "VS-NfD");
    auditor.session.roles = ROLE_AUDITOR;
    struct asker *k = ask_for_answer("intern");
    CHECK_OK(keep_end_days(rig.gate->keep, now));
    NEED_OK(keeper_wait(&auditor, keep_words_read(&auditor.call, str_of(k->id), &out)));
    CHECK_INT(out.list.count, ==, 1);
    /* The row is there still, as in a backup; its key is not. */
    CHECK_OK(keep_end_days(rig.gate->keep, now + INT64_C(400) * 86400000));
    CHECK_ERR(keeper_wait(&auditor, keep_words_read(&auditor.call, str_of(k->id), &out)),
              NOT_FOUND);
    RIG_UNTIL(&rig, rig_record(&rig, "kept.expired", "", 0).len);
    CHECK(rig_has(rig_record(&rig, "kept.expired", "", 0), "words until day "));
    CHECK_OK(keep_end_days(rig.gate->keep, now + INT64_C(401) * 86400000));
    asker_free(k);
    keeper_end(&auditor);
    rig_close(&rig);
}

TEST(a_salt_is_the_requests_own_and_goes_with_its_owner)
{
    digest a, b, c;
    rig_open(&rig);
    CHECK_ERR(
        keep_salt(rig.gate,
                  &(struct keep_salt_of){STR("key_1"), STR("req_1"), STR_NONE, STR_NONE, false},
                  &a),
        NOT_FOUND);
    NEED_OK(keep_salt(rig.gate,
                      &(struct keep_salt_of){STR("key_1"), STR("req_1"), STR_NONE, STR_NONE, true},
                      &a));
    NEED_OK(keep_salt(rig.gate,
                      &(struct keep_salt_of){STR("key_1"), STR("req_1"), STR_NONE, STR_NONE, false},
                      &b));
    CHECK(digest_eq(&a, &b));
    NEED_OK(keep_salt(rig.gate,
                      &(struct keep_salt_of){STR("key_1"), STR("req_2"), STR_NONE, STR_NONE, true},
                      &b));
    NEED_OK(keep_salt(rig.gate,
                      &(struct keep_salt_of){STR("key_2"), STR("req_1"), STR_NONE, STR_NONE, true},
                      &c));
    CHECK(!digest_eq(&a, &b) && !digest_eq(&a, &c) && !digest_eq(&b, &c));
    NEED_OK(subjects_erase(rig.gate->keep->keys, STR("key_1")));
    CHECK_ERR(
        keep_salt(rig.gate,
                  &(struct keep_salt_of){STR("key_1"), STR("req_1"), STR_NONE, STR_NONE, false},
                  &a),
        NOT_FOUND);
    CHECK_ERR(
        keep_salt(rig.gate,
                  &(struct keep_salt_of){STR("key_1"), STR("req_1"), STR_NONE, STR_NONE, true}, &a),
        NOT_FOUND);
    rig_close(&rig);
}

TEST(who_was_erased_asks_no_more)
{
    rig_open(&rig);
    NEED_OK(subjects_erase(rig.gate->keep->keys, STR("key_1")));
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "Frage");
    CHECK_ERR(asker_run(k), NOT_FOUND);
    asker_free(k);
    rig_close(&rig);
}

TEST(what_was_broken_off_is_not_kept)
{
    rig_open(&rig);
    keep_intern();
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "Frage");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    rig_says(e, rig_submitted(&rig, e), 0, "Ant");
    RIG_UNTIL(&rig, k->pieces);
    gate_cancel(k->job);
    RIG_UNTIL(&rig, rig_record(&rig, "completion", k->id, 0).len);
    CHECK(!rig_has(rig_record(&rig, "completion", k->id, 0), "\"kept\""));
    asker_free(k);
    rig_close(&rig);
}

TEST(what_was_said_for_a_case_goes_with_it_and_so_does_its_salt)
{
    struct keeper auditor;
    struct kept_list out;
    struct keep_erased gone = {0};
    digest salt;
    rig_open(&rig);
    keep_intern();
    keeper_init(&auditor, &rig, "key_2", "VS-NfD");
    auditor.session.roles = ROLE_AUDITOR;
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "Frage");
    k->ask.case_name = STR("AZ-1");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "Antwort");
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK_OK(k->end);
    const str record = rig_record(&rig, "completion", k->id, 0);
    CHECK(rig_has(record, "\"case\":\"AZ-1\"") && rig_has(record, "\"kept\":\""));
    CHECK(asker_holds(&rig, record, "output", STR("Antwort")));
    /* An auditor reads by the request and need not know the case. */
    NEED_OK(keeper_wait(&auditor, keep_words_read(&auditor.call, str_of(k->id), &out)));
    CHECK_INT(out.list.count, ==, 1);
    const str tenant = k->ask.session->tenant;
    NEED_OK(keep_erase_case(rig.gate, tenant, STR("AZ-1"), &gone));
    CHECK_INT(gone.kinds[OBJECT_WORDS], ==, 1);
    CHECK_ERR(keeper_wait(&auditor, keep_words_read(&auditor.call, str_of(k->id), &out)),
              NOT_FOUND);
    const struct keep_salt_of of = {STR("key_1"), str_of(k->id), tenant, STR("AZ-1"), false};
    CHECK_ERR(keep_salt(rig.gate, &of, &salt), NOT_FOUND);
    struct asker *late = asker_new(&rig, "VS-NfD", "intern", "Frage");
    late->ask.case_name = STR("AZ-1");
    CHECK_ERR(asker_run(late), NOT_FOUND);
    asker_free(k);
    asker_free(late);
    keeper_end(&auditor);
    rig_close(&rig);
}
