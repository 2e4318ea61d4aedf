/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/stores/stores.h"

#include "unit/work/stores/nook.h"

TEST(a_store_and_a_file_come_back_as_they_were_kept)
{
    AUTO(arena) *a = NULL;
    const struct store s = {STR("Name"), STR("wozu"), STR("{\"k\":\"v\"}"), 7, 1234567};
    const struct store_file f = {.file = STR("file-1"),
                                 .name = STR("ä.md"),
                                 .attributes = STR("{\"a\":1}"),
                                 .bytes = 99,
                                 .code = STR("unsupported_file"),
                                 .message = STR("so nicht")};
    struct store s2;
    struct store_file f2;
    str text;
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(store_save(a, &s, &text));
    NEED_OK(store_load(a, text, &s2));
    CHECK_STR(s2.name, s.name);
    CHECK_STR(s2.description, s.description);
    CHECK_STR(s2.metadata, s.metadata);
    CHECK_INT(s2.days, ==, 7);
    CHECK_INT(s2.active_ms, ==, 1234567);
    NEED_OK(store_file_save(a, &f, &text));
    NEED_OK(store_file_load(a, text, &f2));
    CHECK_STR(f2.name, f.name);
    CHECK_STR(f2.attributes, f.attributes);
    CHECK_STR(f2.message, f.message);
    CHECK_INT(f2.bytes, ==, 99);
}

TEST(what_is_no_row_is_not_read)
{
    AUTO(arena) *a = NULL;
    struct store s;
    struct store_file f;
    static const char *const bad[] = {"", "[]", "{}", "{\"name\":1}", "{\"name\":\"a\"}"};
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(store_load(a, str_of(bad[i]), &s).code != 0);
        CHECK(store_file_load(a, str_of(bad[i]), &f).code != 0);
    }
}

TEST(only_ids_of_stores_are_stores)
{
    CHECK(stores_is_own(STR("vs_01")));
    CHECK(!stores_is_own(STR("wissen")));
    CHECK(!stores_is_own(STR("")));
    CHECK(!stores_is_own(STR("VS_01")));
}

TEST(files_are_counted_that_may_be_seen_and_no_others)
{
    struct store_counts n;
    nook_open();
    const str store = nook_store("offen"), other = nook_store("offen");
    nook_file(store, "file-1", "offen", "# A\n\nText.\n");
    nook_file(store, "file-2", "VS-NfD", "# B\n\nGeheim.\n");
    nook_row(store, "file-3", "offen", "{}"); /* interrupted */
    nook_file(other, "file-1", "offen", "# C\n\nAnderes.\n");
    NEED_OK(stores_count(&nook.high.call, store, &n));
    CHECK_INT(n.completed, ==, 2);
    CHECK_INT(n.failed, ==, 1);
    CHECK_INT(n.bytes, ==, 24);
    NEED_OK(stores_count(&nook.low.call, store, &n));
    CHECK_INT(n.completed, ==, 1);
    CHECK_INT(n.bytes, ==, 11);
    nook_close();
}

TEST(a_store_that_is_used_lives_on)
{
    struct kept k;
    struct store s = {.name = STR("s"), .metadata = STR("{}"), .days = 2, .active_ms = 1};
    nook_open();
    const struct keep_name n = {.kind = OBJECT_STORE, .id = nook_store("offen")};
    NEED_OK(keep_resume(&nook.high.call, &n, &k));
    NEED_OK(store_save(nook.rig.a, &s, &k.meta));
    NEED_OK(store_touch(&nook.stores, nook.rig.a, &k));
    NEED_OK(keep_resume(&nook.high.call, &n, &k));
    CHECK(k.head.expires_wall_ms > clock_wall_ms() + 172000000);
    NEED_OK(store_load(nook.rig.a, k.meta, &s));
    CHECK(s.active_ms > 1);
    const int64_t first = k.head.expires_wall_ms;
    NEED_OK(store_touch(&nook.stores, nook.rig.a, &k)); /* too soon to be noted again */
    CHECK_INT(k.head.expires_wall_ms, ==, first);
    nook_close();
}
