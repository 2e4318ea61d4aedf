/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/keep.h"

#include "unit/gate/keeper.h"

static struct rig rig;

static str
answer(struct keeper *k, const char *marked, str parent)
{
    const struct keep_wish w = {.kind = OBJECT_RESPONSE,
                                .id = keep_id(k->a, OBJECT_RESPONSE),
                                .parent = parent,
                                .state = STR("completed"),
                                .meta = STR("{}")};
    const struct keep_turn t = {.label_text = str_of(marked), .answer = &w};
    CHECK_OK(keeper_wait(k, keep_turn(&k->call, &t)));
    return w.id;
}

static err
write_item(struct keeper *k, str conversation, const char *marked, bool is_turn,
           struct kept_list *ret)
{
    const struct keep_wish w = {.kind = OBJECT_ITEM, .state = STR("da"), .meta = STR("{\"i\":1}")};
    const struct keep_turn t = {
        .conversation = conversation, .label_text = str_of(marked), .items = &w, .item_count = 1};
    return keeper_wait(k, is_turn ? keep_turn(&k->call, &t) : keep_write(&k->call, &t, ret));
}

TEST(a_chain_is_read_from_its_first_and_joins_its_labels)
{
    struct keeper k;
    struct kept_list l;
    label floor;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "VS-NfD//SOZIALDATEN");
    const str first = answer(&k, "intern//SOZIALDATEN", STR_NONE);
    const str second = answer(&k, "offen", first);
    const str third = answer(&k, "VS-NfD", second);
    NEED_OK(keeper_wait(&k, keep_chain(&k.call, third, &l, &floor)));
    NEED(l.list.count == 3);
    CHECK_STR(l.list.at[0].head.id, first);
    CHECK_STR(l.list.at[2].head.id, third);
    CHECK(label_eq(floor, small_label(rig.policy, "VS-NfD//SOZIALDATEN")));
    CHECK(rig_has(rig_record(&rig, "response.read", k.id, 0), "VS-NfD//SOZIALDATEN"));
    NEED_OK(keeper_wait(&k, keep_chain(&k.call, second, &l, &floor)));
    CHECK(label_eq(floor, small_label(rig.policy, "intern//SOZIALDATEN")));
    keeper_end(&k);
    rig_close(&rig);
}

TEST(a_chain_with_a_link_one_may_not_see_is_not_there)
{
    struct keeper high, low;
    struct kept_list l;
    label floor;
    rig_open(&rig);
    keeper_init(&high, &rig, "key_1", "VS-NfD");
    keeper_init(&low, &rig, "key_1", "offen");
    const str first = answer(&high, "VS-NfD", STR_NONE);
    /* As if somebody had lowered it by hand: the link before still counts. */
    const str second = answer(&high, "offen", first);
    CHECK_ERR(keeper_wait(&low, keep_chain(&low.call, second, &l, &floor)), NOT_FOUND);
    const struct keep_name n = {.kind = OBJECT_RESPONSE, .id = first};
    CHECK_OK(keeper_wait(&high, keep_remove(&high.call, &n)));
    CHECK_ERR(keeper_wait(&high, keep_chain(&high.call, second, &l, &floor)), NOT_FOUND);
    CHECK_ERR(keeper_wait(&high, keep_chain(&high.call, STR("resp_nix"), &l, &floor)), NOT_FOUND);
    keeper_end(&high);
    keeper_end(&low);
    rig_close(&rig);
}

TEST(a_chain_has_an_end)
{
    struct keeper k;
    struct kept_list l;
    label floor;
    rig_open(&rig);
    rig.params.keep_chain_max = 3;
    keeper_init(&k, &rig, "key_1", "offen");
    str last = STR_NONE;
    for (int i = 0; i < 3; i++)
        last = answer(&k, "offen", last);
    CHECK_OK(keeper_wait(&k, keep_chain(&k.call, last, &l, &floor)));
    last = answer(&k, "offen", last);
    CHECK_ERR(keeper_wait(&k, keep_chain(&k.call, last, &l, &floor)), UNSUPPORTED);
    keeper_end(&k);
    rig_close(&rig);
}

TEST(a_turn_under_a_higher_label_raises_the_mark_for_good)
{
    struct keeper high, low;
    struct kept c, out;
    struct kept_list items;
    rig_open(&rig);
    keeper_init(&high, &rig, "key_1", "VS-NfD");
    keeper_init(&low, &rig, "key_1", "offen");
    NEED_OK(keeper_add(&low, OBJECT_CONVERSATION, "offen", "{}", &c));
    NEED_OK(write_item(&low, c.head.id, "offen", true, NULL));
    NEED_OK(keeper_wait(&low, keep_open(&low.call, c.head.id, &out, &items)));
    CHECK_INT(items.list.count, ==, 1);
    NEED_OK(write_item(&high, c.head.id, "VS-NfD", true, NULL));
    NEED_OK(keeper_wait(&high, keep_open(&high.call, c.head.id, &out, &items)));
    CHECK_INT(items.list.count, ==, 2);
    CHECK_STR(out.label_text, STR("VS-NfD"));
    CHECK_ERR(keeper_wait(&low, keep_open(&low.call, c.head.id, &out, &items)), NOT_FOUND);
    CHECK_ERR(keeper_get(&low, OBJECT_CONVERSATION, c.head.id, &out), NOT_FOUND);
    /* A turn below does not lower it. */
    NEED_OK(write_item(&high, c.head.id, "offen", true, NULL));
    NEED_OK(keeper_get(&high, OBJECT_CONVERSATION, c.head.id, &out));
    CHECK_STR(out.label_text, STR("VS-NfD"));
    keeper_end(&high);
    keeper_end(&low);
    rig_close(&rig);
}

TEST(an_item_above_the_mark_is_refused_by_the_rule_of_the_target)
{
    static const char *const above[] = {"intern", "VS-NfD", "offen//SOZIALDATEN",
                                        "offen//TAINT web"};
    struct keeper k;
    struct kept c, out;
    struct kept_list items;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "VS-NfD//SOZIALDATEN");
    NEED_OK(keeper_add(&k, OBJECT_CONVERSATION, "offen", "{}", &c));
    for (size_t i = 0; i < sizeof above / sizeof *above; i++) {
        CHECK_ERR(write_item(&k, c.head.id, above[i], false, &items), DENIED);
        CHECK(str_find(str_of(err_public((err){ERR_DENIED})), STR("rule target.")) > 0);
    }
    NEED_OK(write_item(&k, c.head.id, "offen", false, &items));
    CHECK_INT(items.list.count, ==, 1);
    CHECK_STR(items.label_text, STR("offen"));
    NEED_OK(keeper_wait(&k, keep_open(&k.call, c.head.id, &out, &items)));
    CHECK_INT(items.list.count, ==, 1);
    CHECK_ERR(write_item(&k, STR("conv_nix"), "offen", false, &items), NOT_FOUND);
    CHECK_ERR(write_item(&k, STR("conv_nix"), "offen", true, NULL), NOT_FOUND);
    keeper_end(&k);
    rig_close(&rig);
}

TEST(a_conversation_has_no_more_items_than_it_may)
{
    struct keeper k;
    struct kept c, out;
    struct kept_list items;
    rig_open(&rig);
    rig.params.keep_items_max = 2;
    keeper_init(&k, &rig, "key_1", "offen");
    NEED_OK(keeper_add(&k, OBJECT_CONVERSATION, "offen", "{}", &c));
    for (int i = 0; i < 3; i++)
        NEED_OK(write_item(&k, c.head.id, "offen", true, NULL));
    CHECK_ERR(keeper_wait(&k, keep_open(&k.call, c.head.id, &out, &items)), UNSUPPORTED);
    keeper_end(&k);
    rig_close(&rig);
}

TEST(a_turn_is_kept_whole_or_not_at_all)
{
    struct keeper first;
    struct kept c;
    rig_open(&rig);
    keeper_init(&first, &rig, "key_1", "VS-NfD");
    NEED_OK(keeper_add(&first, OBJECT_CONVERSATION, "offen", "{}", &c));
    size_t turns = 0;
    for (long n = 1;; n++) {
        struct keeper k;
        struct kept out;
        struct kept_list items;
        keeper_init(&k, &rig, "key_1", "VS-NfD");
        const struct keep_wish w[2] = {
            {.kind = OBJECT_ITEM, .state = STR("da"), .meta = STR("{}")},
            {.kind = OBJECT_ITEM, .state = STR("da"), .meta = STR("{}")}};
        const struct keep_turn t = {.conversation = c.head.id,
                                    .label_text = n % 2 ? STR("offen") : STR("intern"),
                                    .items = w,
                                    .item_count = 2};
        fault_arm(n);
        IGNORE(keeper_wait(&k, keep_turn(&k.call, &t)));
        const bool fired = fault_fired();
        fault_arm(0);
        rig_settle(&rig);
        k.early = 0;
        NEED_OK(keeper_wait(&k, keep_open(&k.call, c.head.id, &out, &items)));
        CHECK_INT(items.list.count % 2, ==, 0);
        CHECK(items.list.count / 2 - turns <= 1);
        turns = items.list.count / 2;
        keeper_end(&k);
        if (!fired)
            break;
        CHECK_INT(n, <, 300);
    }
    keeper_end(&first);
    rig_close(&rig);
}
