/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/keep.h"

#include "unit/gate/keeper.h"

static struct rig rig;

TEST(what_was_kept_comes_back_under_its_label)
{
    struct keeper k;
    struct kept in, out;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "VS-NfD");
    NEED_OK(keeper_add(&k, OBJECT_RESPONSE, "intern", "{\"a\":1}", &in));
    CHECK(str_starts(in.head.id, STR("resp_")));
    NEED_OK(keeper_get(&k, OBJECT_RESPONSE, in.head.id, &out));
    CHECK_STR(out.meta, STR("{\"a\":1}"));
    CHECK_STR(out.label_text, STR("intern"));
    CHECK_STR(out.head.state, STR("da"));
    const str r = rig_record(&rig, "response.add", k.id, 0);
    CHECK(rig_has(r, "\"label\":\"intern\"") && str_find(r, in.head.id) > 0);
    CHECK(rig_record(&rig, "response.read", k.id, 0).len > 0);
    keeper_end(&k);
    rig_close(&rig);
}

TEST(a_key_that_replaced_another_has_what_was_kept_with_it_and_no_other_has)
{
    struct keeper first, next, other;
    struct kept in, out;
    rig_open(&rig);
    keeper_init(&first, &rig, "key_1", "VS-NfD");
    keeper_init(&next, &rig, "key_2", "VS-NfD");
    keeper_init(&other, &rig, "key_3", "VS-NfD");
    next.session.owner = STR("key_1");
    NEED_OK(keeper_add(&first, OBJECT_RESPONSE, "intern", "{}", &in));
    NEED_OK(keeper_get(&next, OBJECT_RESPONSE, in.head.id, &out));
    CHECK_ERR(keeper_get(&other, OBJECT_RESPONSE, in.head.id, &out), NOT_FOUND);
    NEED_OK(keeper_add(&next, OBJECT_RESPONSE, "intern", "{}", &in));
    CHECK_STR(in.head.owner, STR("key_1"));
    NEED_OK(keeper_get(&first, OBJECT_RESPONSE, in.head.id, &out)); /* while both are in use */
    keeper_end(&first);
    keeper_end(&next);
    keeper_end(&other);
    rig_close(&rig);
}

/* Three askers get the same sentence, code and wait, and only the record tells them apart. */
TEST(what_is_above_the_clearance_is_as_if_it_were_not_there)
{
    struct keeper high, low, other;
    struct kept in, out;
    rig_open(&rig);
    keeper_init(&high, &rig, "key_1", "VS-NfD");
    keeper_init(&low, &rig, "key_1", "offen");
    keeper_init(&other, &rig, "key_2", "VS-NfD");
    NEED_OK(keeper_add(&high, OBJECT_FILE, "VS-NfD", "{}", &in));
    CHECK_ERR(keeper_get(&low, OBJECT_FILE, in.head.id, &out), NOT_FOUND);
    CHECK(rig_has(rig_record(&rig, "decision", low.id, 0), "clearance.level"));
    CHECK_ERR(keeper_get(&other, OBJECT_FILE, in.head.id, &out), NOT_FOUND);
    CHECK(rig_has(rig_record(&rig, "decision", other.id, 0), "belongs to another key"));
    char hidden[256];
    snprintf(hidden, sizeof hidden, "%s", other.public);
    CHECK_STR(str_of(low.public), str_of(hidden));
    CHECK_ERR(keeper_get(&other, OBJECT_FILE, STR("file-nix"), &out), NOT_FOUND);
    CHECK_STR(str_of(other.public), str_of(hidden));
    /* Another kind of thing is none either. */
    CHECK_ERR(keeper_get(&high, OBJECT_BATCH, in.head.id, &out), NOT_FOUND);
    const struct keep_name n = {.kind = OBJECT_FILE, .id = in.head.id};
    CHECK_ERR(keeper_wait(&low, keep_remove(&low.call, &n)), NOT_FOUND);
    CHECK_ERR(keeper_wait(&other, keep_remove(&other.call, &n)), NOT_FOUND);
    CHECK_OK(keeper_get(&high, OBJECT_FILE, in.head.id, &out));
    keeper_end(&high);
    keeper_end(&low);
    keeper_end(&other);
    rig_close(&rig);
}

TEST(nothing_is_kept_above_the_clearance_or_the_ceiling)
{
    struct keeper k;
    struct kept in;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "intern");
    CHECK_ERR(keeper_add(&k, OBJECT_FILE, "VS-NfD", "{}", &in), DENIED);
    CHECK_ERR(keeper_add(&k, OBJECT_FILE, "offen//SOZIALDATEN", "{}", &in), DENIED);
    CHECK_ERR(keeper_add(&k, OBJECT_FILE, "sehr geheim", "{}", &in), PARSE);
    k.session.is_revoked = true;
    CHECK_ERR(keeper_add(&k, OBJECT_FILE, "offen", "{}", &in), UNAUTHENTICATED);
    rig_settle(&rig);
    CHECK(!rig_record(&rig, "file.add", "", 0).len);
    k.id[0] = 0; /* none of these had a `done` */
    keeper_end(&k);
    rig_close(&rig);
}

static err
list_of(struct keeper *k, struct keep_page p, struct kept_list *ret)
{
    return keeper_wait(k, keep_list(&k->call, &p, ret));
}

/* Every subset of what is there, seen from below: lists, their ends and their pages are those of a
 * store in which nothing above exists. */
TEST(lists_are_the_same_whether_or_not_something_above_exists)
{
    for (unsigned set = 0; set < 16; set++) {
        struct keeper high, low;
        struct kept_list seen;
        str ids[4];
        size_t visible = 0;
        rig_open(&rig);
        keeper_init(&high, &rig, "key_1", "VS-NfD");
        keeper_init(&low, &rig, "key_1", "offen");
        for (unsigned i = 0; i < 4; i++) {
            struct kept k;
            const bool above = set & 1u << i;
            CHECK_OK(keeper_add(&high, OBJECT_FILE, above ? "VS-NfD" : "offen", "{}", &k));
            if (!above)
                ids[visible++] = k.head.id;
        }
        const struct keep_page all = {.kind = OBJECT_FILE, .count = 10, .oldest_first = true};
        NEED_OK(list_of(&low, all, &seen));
        NEED(seen.list.count == visible);
        CHECK(!seen.has_more);
        for (size_t i = 0; i < visible; i++)
            CHECK_STR(seen.list.at[i].head.id, ids[i]);
        for (size_t i = 0; i + 1 < visible; i++) {
            const struct keep_page one = {
                .kind = OBJECT_FILE, .count = 1, .oldest_first = true, .after = ids[i]};
            NEED_OK(list_of(&low, one, &seen));
            NEED(seen.list.count == 1);
            CHECK_STR(seen.list.at[0].head.id, ids[i + 1]);
            CHECK_INT(seen.has_more, ==, i + 2 < visible);
        }
        keeper_end(&high);
        keeper_end(&low);
        rig_close(&rig);
    }
}

TEST(a_place_in_a_list_that_one_may_not_see_is_none)
{
    struct keeper high, low;
    struct kept k;
    struct kept_list seen;
    rig_open(&rig);
    keeper_init(&high, &rig, "key_1", "VS-NfD");
    keeper_init(&low, &rig, "key_1", "offen");
    CHECK_OK(keeper_add(&high, OBJECT_FILE, "VS-NfD", "{}", &k));
    const struct keep_page p = {.kind = OBJECT_FILE, .count = 1, .after = k.head.id};
    CHECK_ERR(list_of(&low, p, &seen), ARGUMENT);
    CHECK_OK(list_of(&high, p, &seen));
    const struct keep_page items = {.kind = OBJECT_ITEM, .count = 1, .parent = STR("conv_nix")};
    CHECK_ERR(list_of(&high, items, &seen), NOT_FOUND);
    keeper_end(&high);
    keeper_end(&low);
    rig_close(&rig);
}

TEST(changing_keeps_the_label_and_refuses_what_is_declared_above_it)
{
    struct keeper k;
    struct kept c, back;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "VS-NfD");
    NEED_OK(keeper_add(&k, OBJECT_CONVERSATION, "intern", "{}", &c));
    c.meta = STR("{\"neu\":1}");
    CHECK_ERR(keeper_wait(&k, keep_set(&k.call, &c, STR("VS-NfD"))), DENIED);
    CHECK(str_find(str_of(err_public((err){ERR_DENIED})), STR("target.level")) > 0);
    NEED_OK(keeper_get(&k, OBJECT_CONVERSATION, c.head.id, &back));
    CHECK_STR(back.meta, STR("{}"));
    NEED_OK(keeper_wait(&k, keep_set(&k.call, &c, STR("offen"))));
    NEED_OK(keeper_get(&k, OBJECT_CONVERSATION, c.head.id, &back));
    CHECK_STR(back.meta, STR("{\"neu\":1}"));
    CHECK_STR(back.label_text, STR("intern"));
    keeper_end(&k);
    rig_close(&rig);
}

TEST(leave_for_what_is_not_kept_is_recorded_before_it_is_given)
{
    struct keeper k;
    struct kept leave;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "intern");
    CHECK_OK(keeper_wait(&k, keep_allow(&k.call, OP_MODERATE, STR("intern"), &leave)));
    CHECK(rig_has(rig_record(&rig, "decision", k.id, 0), "\"op\":\"moderate\""));
    CHECK_ERR(keeper_wait(&k, keep_allow(&k.call, OP_MODERATE, STR("VS-NfD"), &leave)), DENIED);
    keeper_end(&k);
    rig_close(&rig);
}

TEST(what_is_past_its_time_is_swept_away_and_recorded)
{
    struct keeper k;
    struct kept a, b, out;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "offen");
    const struct keep_wish w = {
        .kind = OBJECT_RESPONSE, .state = STR("da"), .meta = STR("{}"), .valid_ms = 1};
    NEED_OK(keeper_wait(&k, keep_add(&k.call, &w, &a)));
    NEED_OK(keeper_add(&k, OBJECT_RESPONSE, "offen", "{}", &b));
    clock_fix(clock_ns(), clock_wall_ms() + 10);
    CHECK_ERR(keeper_get(&k, OBJECT_RESPONSE, a.head.id, &out), NOT_FOUND);
    keep_sweep(rig.gate->keep);
    clock_free();
    NEED_OK(keeper_get(&k, OBJECT_RESPONSE, b.head.id, &out));
    CHECK(str_find(rig_record(&rig, "kept.expired", "", 0), a.head.id) > 0);
    CHECK(!rig_record(&rig, "kept.expired", "", 1).len);
    keeper_end(&k);
    rig_close(&rig);
}

TEST(a_tenant_keeps_no_more_than_it_may)
{
    struct keeper k;
    struct kept in;
    rig_open(&rig);
    rig.params.keep_tenant_bytes_max = 100;
    keeper_init(&k, &rig, "key_1", "offen");
    NEED_OK(keeper_add(&k, OBJECT_RESPONSE, "offen", "{}", &in));
    CHECK_ERR(keeper_add(&k, OBJECT_RESPONSE, "offen",
                         "{\"lang\":\"0123456789012345678901234567890123456789012345678901234567"
                         "8901234567890\"}",
                         &in),
              TOO_LARGE);
    keeper_end(&k);
    rig_close(&rig);
}

TEST(whoever_goes_away_hears_nothing_any_more)
{
    struct keeper k;
    struct kept in;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "offen");
    const struct keep_wish w = {.kind = OBJECT_FILE, .state = STR("da"), .meta = STR("{}")};
    CHECK_OK(keep_add(&k.call, &w, &in));
    keeper_end(&k);
    for (int i = 0; i < 20; i++)
        rig_turn(&rig);
    CHECK_INT(k.done, ==, 0);
    rig_close(&rig);
}

TEST(each_failure_on_the_way_is_told_and_leaves_all_or_nothing)
{
    rig_open(&rig);
    for (long n = 1;; n++) {
        struct keeper k;
        struct kept in = {.meta = STR_NONE}, out;
        keeper_init(&k, &rig, "key_1", "offen");
        fault_arm(n);
        const err e = keeper_add(&k, OBJECT_RESPONSE, "offen", "{}", &in);
        if (!e.code)
            IGNORE(keeper_get(&k, OBJECT_RESPONSE, in.head.id, &out));
        const bool fired = fault_fired();
        fault_arm(0);
        rig_settle(&rig);
        k.early = 0;
        /* Nobody keeps what its owner was not told of. */
        if (in.head.id.len)
            CHECK_INT(keeper_get(&k, OBJECT_RESPONSE, in.head.id, &out).code, ==,
                      e.code ? ERR_NOT_FOUND : ERR_OK);
        keeper_end(&k);
        if (!fired)
            break;
        CHECK_INT(n, <, 200);
    }
    rig_close(&rig);
}

/* ---- cases */
TEST(what_is_left_for_a_case_is_there_for_it_alone)
{
    struct keeper k;
    struct kept one, got;
    struct kept_list all;
    const struct keep_page page = {.kind = OBJECT_RESPONSE, .count = 10};
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "offen");
    k.call.case_name = STR("AZ-1");
    NEED_OK(keeper_add(&k, OBJECT_RESPONSE, "offen", "{\"a\":1}", &one));
    CHECK_STR(keep_case_of(&one.head), STR("AZ-1"));
    CHECK_OK(keeper_get(&k, OBJECT_RESPONSE, one.head.id, &got));
    CHECK(rig_has(rig_record(&rig, "response.read", k.id, 0), "\"case\":\"AZ-1\""));
    static const char *const others[] = {"", "AZ-2", "AZ-11", "AZ"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        k.call.case_name = str_of(others[i]);
        CHECK_ERR(keeper_get(&k, OBJECT_RESPONSE, one.head.id, &got), NOT_FOUND);
        NEED_OK(keeper_wait(&k, keep_list(&k.call, &page, &all)));
        CHECK_INT(all.list.count, ==, 0);
        const struct keep_name n = {.kind = OBJECT_RESPONSE, .id = one.head.id};
        CHECK_ERR(keeper_wait(&k, keep_remove(&k.call, &n)), NOT_FOUND);
    }
    k.call.case_name = STR_NONE;
    NEED_OK(keeper_add(&k, OBJECT_RESPONSE, "offen", "{\"a\":2}", &got));
    CHECK(!keep_case_of(&got.head).len);
    k.call.case_name = STR("AZ-1");
    CHECK_OK(keeper_get(&k, OBJECT_RESPONSE, got.head.id, &got));
    NEED_OK(keeper_wait(&k, keep_list(&k.call, &page, &all)));
    CHECK_INT(all.list.count, ==, 2);
    keeper_end(&k);
    rig_close(&rig);
}

static err
note_erased(void *ctx, const struct object *row)
{
    uint64_t *kinds = ctx;
    *kinds |= UINT64_C(1) << row->kind;
    return OK;
}

TEST(a_case_is_erased_for_all_who_worked_on_it_and_who_keeps_more_is_told)
{
    struct keeper k, other;
    struct kept one, theirs, beside, got;
    struct keep_erased gone = {0};
    uint64_t told = 0;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "offen");
    keeper_init(&other, &rig, "key_2", "offen");
    k.call.case_name = other.call.case_name = STR("AZ-1");
    CHECK_ERR(keep_erase_case(rig.gate, STR("haus"), STR("AZ-1"), &gone), NOT_FOUND);
    NEED_OK(keeper_add(&k, OBJECT_STORE, "offen", "{}", &one));
    NEED_OK(keeper_add(&other, OBJECT_RESPONSE, "offen", "{}", &theirs));
    k.call.case_name = STR("AZ-2");
    NEED_OK(keeper_add(&k, OBJECT_RESPONSE, "offen", "{}", &beside));
    keep_on_erased(rig.gate, note_erased, &told);
    CHECK_ERR(keep_erase_case(rig.gate, STR("amt"), STR("AZ-1"), &gone), NOT_FOUND);
    NEED_OK(keep_erase_case(rig.gate, STR("haus"), STR("AZ-1"), &gone));
    CHECK_INT(gone.things, ==, 2);
    CHECK_INT(gone.kinds[OBJECT_STORE], ==, 1);
    CHECK_INT(told, ==, 1 << OBJECT_STORE | 1 << OBJECT_RESPONSE);
    CHECK_OK(keeper_get(&k, OBJECT_RESPONSE, beside.head.id, &got));
    CHECK_ERR(keeper_get(&other, OBJECT_RESPONSE, theirs.head.id, &got), NOT_FOUND);
    CHECK_ERR(keeper_add(&other, OBJECT_RESPONSE, "offen", "{}", &got), NOT_FOUND);
    NEED_OK(keep_erase_case(rig.gate, STR("haus"), STR("AZ-1"), &gone)); /* again */
    keep_on_erased(rig.gate, NULL, NULL);
    keeper_end(&k);
    keeper_end(&other);
    rig_close(&rig);
}
