/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/objects.h"

#include <sqlite3.h>
#include <stdio.h>

#include "base/fault.h"
#include "crypt/seal.h"
#include "test.h"
#include "unit/model/small_policy.h"

struct place {
    char path[256];
    secret key;
    policy *policy;
    arena *a;
    const grant *low, *high; /* offen, VS-NfD */
    label secret_label;
    db *d;
    subjects *keys;
    objects *o;
};

static void
place_open(struct place *p)
{
    static unsigned number;
    *p = (struct place){.o = NULL};
    snprintf(p->path, sizeof p->path, "%.200s/objects%u.db", test_dir(), number++);
    CHECK_OK(secret_get(&p->key, SEAL_KEY_LEN));
    p->policy = small_policy();
    CHECK_OK(arena_open(4 << 20, &p->a));
    p->low = small_grant(p->policy, p->a, "offen");
    p->high = small_grant(p->policy, p->a, "VS-NfD");
    p->secret_label = small_label(p->policy, "VS-NfD");
    CHECK_OK(db_open(p->path, &p->d));
    char dir[300];
    snprintf(dir, sizeof dir, "%s.keys", p->path);
    CHECK_OK(subjects_open(dir, &p->key, &p->keys));
    CHECK_OK(objects_open(p->d, p->keys, &p->o));
}

static void
place_close(struct place *p)
{
    objects_free(p->o);
    subjects_free(p->keys);
    db_close(p->d);
    arena_free(p->a);
    policy_free(p->policy);
    secret_done(&p->key);
}

static struct object
row(enum object_kind kind, const char *id, const char *parent)
{
    return (struct object){.kind = kind,
                           .id = str_of(id),
                           .parent = str_of(parent),
                           .tenant = STR("haus"),
                           .owner = STR("key_1"),
                           .state = STR("da"),
                           .created_wall_ms = 1000,
                           .size_bytes = 7};
}

static void
add(struct place *p, struct object r, const char *meta)
{
    CHECK_OK(objects_add(p->o, p->high, &r, str_of(meta)));
    CHECK(r.seq > 0);
}

/* Another program changes a column of a row. */
static void
meddle(struct place *p, const char *text)
{
    sqlite3 *s = NULL;
    CHECK_INT(sqlite3_open(p->path, &s), ==, SQLITE_OK);
    CHECK_INT(sqlite3_exec(s, text, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(s);
}

TEST(a_row_comes_back_as_it_was_kept)
{
    struct place p;
    struct object r = {.seq = 0};
    str meta;
    place_open(&p);
    struct object given = row(OBJECT_RESPONSE, "resp_1", "resp_0");
    given.label = p.secret_label;
    given.expires_wall_ms = 5000;
    add(&p, given, "{\"text\":\"hallo\"}");
    NEED_OK(objects_find(p.o, p.a, STR("resp_1"), 4999, &r));
    CHECK_INT(r.kind, ==, OBJECT_RESPONSE);
    CHECK_STR(r.parent, STR("resp_0"));
    CHECK_STR(r.tenant, STR("haus"));
    CHECK_STR(r.owner, STR("key_1"));
    CHECK_STR(r.state, STR("da"));
    CHECK(label_eq(r.label, p.secret_label));
    CHECK_INT(r.created_wall_ms, ==, 1000);
    CHECK_INT(r.expires_wall_ms, ==, 5000);
    CHECK_INT(r.size_bytes, ==, 7);
    NEED_OK(objects_meta(p.o, p.a, p.high, &r, &meta));
    CHECK_STR(meta, STR("{\"text\":\"hallo\"}"));
    place_close(&p);
}

TEST(what_is_not_there_or_past_its_time_is_not_found)
{
    struct place p;
    struct object r = {.seq = 0};
    str meta;
    place_open(&p);
    struct object given = row(OBJECT_FILE, "file_1", "");
    given.expires_wall_ms = 5000;
    add(&p, given, "{}");
    CHECK_ERR(objects_find(p.o, p.a, STR("file_2"), 0, &r), NOT_FOUND);
    CHECK_ERR(objects_find(p.o, p.a, STR("file_1"), 5000, &r), NOT_FOUND);
    given.id = STR("file_2");
    CHECK_ERR(objects_meta(p.o, p.a, p.high, &given, &meta), NOT_FOUND);
    CHECK_ERR(objects_set(p.o, p.high, &given, STR("{}")), NOT_FOUND);
    CHECK_ERR(objects_set_state(p.o, STR("file_2"), STR("weg")), NOT_FOUND);
    CHECK_ERR(objects_remove(p.o, STR("file_2")), NOT_FOUND);
    CHECK_ERR(objects_add(
                  p.o, p.high,
                  &(struct object){.kind = OBJECT_FILE, .owner = STR("key_1"), .id = STR("file_1")},
                  STR("{}")),
              CONFLICT);
    place_close(&p);
}

TEST(a_grant_below_the_label_neither_writes_nor_reads)
{
    struct place p;
    str meta;
    place_open(&p);
    struct object r = row(OBJECT_FILE, "file_1", "");
    r.label = p.secret_label;
    CHECK_ERR(objects_add(p.o, p.low, &r, STR("{}")), DENIED);
    add(&p, r, "{}");
    CHECK_ERR(objects_meta(p.o, p.a, p.low, &r, &meta), DENIED);
    CHECK_ERR(objects_set(p.o, p.low, &r, STR("{}")), DENIED);
    place_close(&p);
}

TEST(a_meta_is_not_on_disk_in_plain_text)
{
    struct place p;
    static char room[1 << 20];
    place_open(&p);
    add(&p, row(OBJECT_FILE, "file_1", ""), "{\"filename\":\"Muster.pdf\"}");
    for (int i = 0; i < 2; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s%s", p.path, i ? "-wal" : "");
        FILE *f = fopen(path, "r");
        NEED(f);
        const size_t len = fread(room, 1, sizeof room, f);
        fclose(f);
        CHECK(str_find((str){room, len}, STR("Muster")) < 0);
    }
    place_close(&p);
}

TEST(a_row_that_was_changed_from_outside_does_not_open)
{
    static const char *const changes[] = {
        "UPDATE objects SET label = zeroblob(32) WHERE id = 'file_1'",
        "UPDATE objects SET owner = 'key_2' WHERE id = 'file_1'",
        "UPDATE objects SET tenant = 'nebenan' WHERE id = 'file_1'",
        "UPDATE objects SET parent = 'x' WHERE id = 'file_1'",
        ("UPDATE objects SET meta = (SELECT meta FROM objects WHERE id = 'file_2')"
         " WHERE id = 'file_1'"),
        "UPDATE objects SET meta = x'00' WHERE id = 'file_1'"};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct place p;
        struct object r = {.seq = 0};
        str meta;
        place_open(&p);
        struct object given = row(OBJECT_FILE, "file_1", "");
        given.label = p.secret_label;
        add(&p, given, "{}");
        given.id = STR("file_2");
        add(&p, given, "{}");
        meddle(&p, changes[i]);
        NEED_OK(objects_find(p.o, p.a, STR("file_1"), 0, &r));
        CHECK_ERR(objects_meta(p.o, p.a, p.high, &r, &meta), CORRUPT);
        place_close(&p);
    }
}

TEST(a_row_of_an_unknown_kind_is_damage)
{
    struct place p;
    struct object r = {.seq = 0};
    place_open(&p);
    add(&p, row(OBJECT_FILE, "file_1", ""), "{}");
    meddle(&p, "UPDATE objects SET kind = 99");
    CHECK_ERR(objects_find(p.o, p.a, STR("file_1"), 0, &r), CORRUPT);
    place_close(&p);
}

TEST(setting_changes_state_label_and_meta_together)
{
    struct place p;
    struct object r = {.seq = 0};
    str meta;
    place_open(&p);
    add(&p, row(OBJECT_CONVERSATION, "conv_1", ""), "alt");
    NEED_OK(objects_find(p.o, p.a, STR("conv_1"), 0, &r));
    r.label = p.secret_label;
    r.state = STR("neu");
    NEED_OK(objects_set(p.o, p.high, &r, STR("neuer Text")));
    NEED_OK(objects_find(p.o, p.a, STR("conv_1"), 0, &r));
    CHECK(label_eq(r.label, p.secret_label));
    CHECK_STR(r.state, STR("neu"));
    NEED_OK(objects_meta(p.o, p.a, p.high, &r, &meta));
    CHECK_STR(meta, STR("neuer Text"));
    NEED_OK(objects_set_state(p.o, STR("conv_1"), STR("noch neuer")));
    NEED_OK(objects_find(p.o, p.a, STR("conv_1"), 0, &r));
    CHECK_STR(r.state, STR("noch neuer"));
    NEED_OK(objects_meta(p.o, p.a, p.high, &r, &meta));
    place_close(&p);
}

struct seen {
    char ids[256];
    int left;
};

static err
note(void *ctx, const struct object *r)
{
    struct seen *s = ctx;
    const size_t len = strlen(s->ids);
    if (s->left-- == 0)
        FAIL(CANCELLED, "enough");
    snprintf(s->ids + len, sizeof s->ids - len, "%.*s ", STR_FMT(r->id));
    return OK;
}

static str
listed(struct place *p, struct object_query q, int most)
{
    static struct seen s;
    s = (struct seen){.left = most};
    CHECK_OK(objects_each(p->o, p->a, &q, note, &s));
    return str_of(s.ids);
}

TEST(lists_go_by_owner_parent_or_kind_in_order_and_from_a_place)
{
    struct place p;
    struct object third = {.seq = 0};
    place_open(&p);
    add(&p, row(OBJECT_FILE, "f1", ""), "{}");
    add(&p, row(OBJECT_ITEM, "i1", "c1"), "{}");
    add(&p, row(OBJECT_FILE, "f2", ""), "{}");
    struct object other = row(OBJECT_FILE, "f3", "");
    other.owner = STR("key_2");
    add(&p, other, "{}");
    add(&p, row(OBJECT_ITEM, "i2", "c1"), "{}");
    add(&p, row(OBJECT_ITEM, "i3", "c2"), "{}");
    struct object late = row(OBJECT_FILE, "f4", "");
    late.expires_wall_ms = 10;
    add(&p, late, "{}");
    const struct object_query mine = {
        .kind = OBJECT_FILE, .owner = STR("key_1"), .now_wall_ms = 10};
    struct object_query q = mine;
    CHECK_STR(listed(&p, q, 9), STR("f1 f2 "));
    q.newest_first = true;
    CHECK_STR(listed(&p, q, 9), STR("f2 f1 "));
    CHECK_STR(listed(&p, q, 1), STR("f2 "));
    q.now_wall_ms = 9;
    CHECK_STR(listed(&p, q, 9), STR("f4 f2 f1 "));
    NEED_OK(objects_find(p.o, p.a, STR("f2"), 0, &third));
    q.after = third.seq;
    CHECK_STR(listed(&p, q, 9), STR("f1 "));
    q.newest_first = false;
    CHECK_STR(listed(&p, q, 9), STR("f4 "));
    CHECK_STR(listed(&p, (struct object_query){.kind = OBJECT_ITEM, .parent = STR("c1")}, 9),
              STR("i1 i2 "));
    CHECK_STR(listed(&p,
                     (struct object_query){
                         .kind = OBJECT_ITEM, .parent = STR("c1"), .newest_first = true},
                     9),
              STR("i2 i1 "));
    CHECK_STR(listed(&p, (struct object_query){.kind = OBJECT_FILE, .now_wall_ms = 10}, 9),
              STR("f1 f2 f3 "));
    CHECK_STR(listed(&p, (struct object_query){.kind = OBJECT_BATCH, .owner = STR("key_1")}, 9),
              STR(""));
    place_close(&p);
}

TEST(removing_takes_the_children_along_and_nothing_else)
{
    struct place p;
    struct object r;
    place_open(&p);
    add(&p, row(OBJECT_CONVERSATION, "c1", ""), "{}");
    add(&p, row(OBJECT_ITEM, "i1", "c1"), "{}");
    add(&p, row(OBJECT_ITEM, "i2", "c2"), "{}");
    add(&p, row(OBJECT_RESPONSE, "r2", "c1"), "{}");
    NEED_OK(objects_remove(p.o, STR("c1")));
    CHECK_OK(objects_find(p.o, p.a, STR("r2"), 0, &r));
    CHECK_ERR(objects_find(p.o, p.a, STR("c1"), 0, &r), NOT_FOUND);
    CHECK_ERR(objects_find(p.o, p.a, STR("i1"), 0, &r), NOT_FOUND);
    CHECK_OK(objects_find(p.o, p.a, STR("i2"), 0, &r));
    place_close(&p);
}

TEST(what_is_past_its_time_is_told_and_bytes_are_counted_per_tenant)
{
    struct place p;
    struct seen s = {.left = 9};
    uint64_t bytes = 0;
    place_open(&p);
    struct object r = row(OBJECT_FILE, "f1", "");
    r.expires_wall_ms = 10;
    add(&p, r, "{}");
    r.id = STR("f2");
    r.expires_wall_ms = 11;
    add(&p, r, "{}");
    add(&p, row(OBJECT_FILE, "f3", ""), "{}");
    CHECK_OK(objects_expired(p.o, p.a, 10, note, &s));
    CHECK_STR(str_of(s.ids), STR("f1 "));
    CHECK_OK(objects_bytes(p.o, STR("haus"), &bytes));
    CHECK_INT(bytes, ==, 3 * (7 + 2 + SEAL_OVERHEAD));
    CHECK_OK(objects_bytes(p.o, STR("nebenan"), &bytes));
    CHECK_INT(bytes, ==, 0);
    place_close(&p);
}

TEST(each_failure_on_the_way_is_told_and_keeps_rows_whole)
{
    struct place p;
    place_open(&p);
    for (long n = 1;; n++) {
        struct object r = row(OBJECT_FILE, "f1", ""), back = {.seq = 0};
        str meta = STR_NONE;
        fault_arm(n);
        err e = objects_add(p.o, p.high, &r, STR("eins"));
        if (!e.code)
            e = objects_set(p.o, p.high, &r, STR("zwei"));
        if (!e.code)
            e = objects_find(p.o, p.a, STR("f1"), 0, &back);
        if (!e.code)
            e = objects_meta(p.o, p.a, p.high, &back, &meta);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!objects_find(p.o, p.a, STR("f1"), 0, &back).code) {
            CHECK_OK(objects_meta(p.o, p.a, p.high, &back, &meta));
            CHECK(str_eq(meta, STR("eins")) || str_eq(meta, STR("zwei")));
            CHECK_OK(objects_remove(p.o, STR("f1")));
        }
        if (!fired)
            break;
        CHECK(e.code);
        CHECK_INT(n, <, 100);
    }
    place_close(&p);
}

struct told {
    size_t count;
    uint64_t bytes;
};

static err
tell(void *ctx, const struct object *r)
{
    struct told *t = ctx;
    t->count++;
    t->bytes += r->size_bytes;
    return OK;
}

TEST(all_of_an_owner_is_erased_and_nothing_of_another)
{
    struct place p;
    struct told t = {0};
    AUTO(arena) *scratch = NULL;
    str meta;
    struct object r = {.seq = 0};
    place_open(&p);
    NEED_OK(arena_open(1 << 20, &scratch));
    struct object past = row(OBJECT_FILE, "file_1", "");
    past.expires_wall_ms = 5;
    add(&p, past, "{}");
    add(&p, row(OBJECT_CONVERSATION, "conv_1", ""), "{}");
    add(&p, row(OBJECT_ITEM, "item_1", "conv_1"), "{}");
    struct object other = row(OBJECT_FILE, "file_2", "");
    other.owner = STR("key_2");
    add(&p, other, "{\"mine\":1}");
    NEED_OK(subjects_erase(p.keys, STR("key_1")));
    past.seq = 1;
    CHECK_ERR(objects_meta(p.o, p.a, p.high, &past, &meta), NOT_FOUND);
    struct object late = row(OBJECT_FILE, "file_3", "");
    CHECK_ERR(objects_add(p.o, p.high, &late, STR("{}")), NOT_FOUND);
    NEED_OK(objects_erase(p.o, scratch, STR("key_1"), tell, &t));
    CHECK_INT(t.count, >=, 2); /* items go with their conversation */
    CHECK_INT(t.bytes, ==, 7 * t.count);
    CHECK_ERR(objects_find(p.o, p.a, STR("conv_1"), 1, &r), NOT_FOUND);
    CHECK_ERR(objects_find(p.o, p.a, STR("item_1"), 1, &r), NOT_FOUND);
    NEED_OK(objects_find(p.o, p.a, STR("file_2"), 1, &r));
    NEED_OK(objects_meta(p.o, p.a, p.high, &r, &meta));
    CHECK_STR(meta, STR("{\"mine\":1}"));
    place_close(&p);
}

TEST(what_was_left_for_a_matter_goes_with_it_whoever_left_it_and_the_rest_stays)
{
    struct place p;
    struct told t = {0};
    AUTO(arena) *scratch = NULL;
    str meta;
    struct object r = {.seq = 0};
    place_open(&p);
    NEED_OK(arena_open(1 << 20, &scratch));
    struct object mine = row(OBJECT_RESPONSE, "resp_1", ""),
                  theirs = row(OBJECT_FILE, "file_1", "");
    mine.matter = theirs.matter = STR("case haus:4711");
    theirs.owner = STR("key_2");
    add(&p, mine, "{\"a\":1}");
    add(&p, theirs, "{\"a\":2}");
    add(&p, row(OBJECT_CONVERSATION, "conv_1", ""), "{\"a\":3}");
    NEED_OK(objects_find(p.o, p.a, STR("resp_1"), 1, &r));
    CHECK_STR(r.matter, mine.matter);
    NEED_OK(objects_meta(p.o, p.a, p.high, &r, &meta));
    CHECK_STR(meta, STR("{\"a\":1}"));
    r.matter = STR("case haus:4712"); /* as if somebody had changed it in the file */
    CHECK(objects_meta(p.o, p.a, p.high, &r, &meta).code);
    r.matter = STR_NONE;
    CHECK(objects_meta(p.o, p.a, p.high, &r, &meta).code);
    NEED_OK(subjects_erase(p.keys, mine.matter));
    r.matter = mine.matter;
    CHECK_ERR(objects_meta(p.o, p.a, p.high, &r, &meta), NOT_FOUND);
    struct object late = row(OBJECT_FILE, "file_2", "");
    late.matter = mine.matter;
    CHECK_ERR(objects_add(p.o, p.high, &late, STR("{}")), NOT_FOUND);
    NEED_OK(objects_erase_matter(p.o, scratch, STR("case haus:471"), tell, &t));
    CHECK_INT(t.count, ==, 0);
    NEED_OK(objects_erase_matter(p.o, scratch, mine.matter, tell, &t));
    CHECK_INT(t.count, ==, 2);
    CHECK_ERR(objects_find(p.o, p.a, STR("file_1"), 1, &r), NOT_FOUND);
    NEED_OK(objects_find(p.o, p.a, STR("conv_1"), 1, &r));
    NEED_OK(objects_meta(p.o, p.a, p.high, &r, &meta));
    CHECK_STR(meta, STR("{\"a\":3}"));
    place_close(&p);
}
