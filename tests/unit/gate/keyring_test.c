/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/keyring.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/clock.h"
#include "test.h"

struct ring {
    char path[600];
    secret pepper;
    db *db;
    keyring *k;
};

static void
reopen(struct ring *r)
{
    keyring_free(TAKE(r->k));
    db_close(TAKE(r->db));
    CHECK_OK(db_open(r->path, &r->db));
    CHECK_OK(keyring_open(r->db, &r->pepper, &r->k));
}

static void
open_ring(struct ring *r)
{
    static unsigned number;
    *r = (struct ring){.k = NULL};
    snprintf(r->path, sizeof r->path, "%s/keys%u.db", test_dir(), number++);
    CHECK_OK(secret_get(&r->pepper, 32));
    memset(r->pepper.at, 3, 32);
    reopen(r);
}

static void
close_ring(struct ring *r)
{
    keyring_free(r->k);
    db_close(r->db);
    secret_done(&r->pepper);
}

static struct key_record
record(const char *name)
{
    return (struct key_record){.name = str_of(name),
                               .tenant = STR("haus"),
                               .roles = ROLE_OPERATOR,
                               .clearance = {{7, 8, 9, 10}},
                               .default_label = {{1, 0, 0, 0}},
                               .clearance_text = STR("VS-NfD"),
                               .default_text = STR("intern"),
                               .created_wall_ms = 1000,
                               .expires_wall_ms = 2000};
}

static str
add(struct ring *r, const char *name, char text[KEY_TEXT_MAX])
{
    struct key_record k = record(name);
    text[0] = '\0';
    CHECK_OK(keyring_add(r->k, &k, text));
    return str_of(text);
}

static enum err_code
find(const struct ring *r, str text)
{
    const struct session *s = NULL;
    const err e = keyring_find(r->k, text, &s);
    CHECK((e.code == 0) == (s != NULL));
    return (enum err_code)e.code;
}

static enum err_code
import(struct ring *r, const char *name, str text)
{
    struct key_record k = record(name);
    return (enum err_code)keyring_import(r->k, &k, text).code;
}

static size_t
count(const struct ring *r)
{
    size_t n = 0;
    while (keyring_at(r->k, n))
        n++;
    return n;
}

/* ---- made keys */
TEST(a_made_key_is_found_with_all_its_record_says)
{
    struct ring r;
    const struct session *s = NULL;
    char text[KEY_TEXT_MAX];
    open_ring(&r);
    const str key = add(&r, "amt", text);
    NEED_OK(keyring_find(r.k, key, &s));
    CHECK_STR(s->key_name, STR("amt"));
    CHECK_STR(s->tenant, STR("haus"));
    CHECK(str_starts(s->key_id, STR("key_")));
    CHECK(s->roles == ROLE_OPERATOR && s->expires_wall_ms == 2000 && !s->is_revoked);
    CHECK(label_eq(s->clearance, (label){{7, 8, 9, 10}}));
    CHECK(label_eq(s->default_label, (label){{1, 0, 0, 0}}));
    CHECK_INT(s->model_count, ==, 0);
    CHECK_INT(count(&r), ==, 1);
    CHECK_STR(keyring_at(r.k, 0)->clearance_text, STR("VS-NfD"));
    close_ring(&r);
}

TEST(a_key_has_a_session_for_each_purpose_and_they_end_together)
{
    struct ring r;
    const struct session *s = NULL;
    char text[KEY_TEXT_MAX];
    open_ring(&r);
    struct key_record k = record("amt");
    k.purposes = STR("aid,audit");
    k.purpose = STR("aid");
    NEED_OK(keyring_add(r.k, &k, text));
    reopen(&r);
    NEED_OK(keyring_find(r.k, str_of(text), &s));
    CHECK_STR(s->purpose, STR("aid"));
    const struct session *own = keyring_for_purpose(s, STR("aid")),
                         *other = keyring_for_purpose(s, STR("audit"));
    NEED(own && other);
    CHECK(!s->is_other_purpose && !own->is_other_purpose && other->is_other_purpose);
    CHECK_STR(other->purpose, STR("audit"));
    CHECK_STR(other->key_id, s->key_id);
    CHECK(label_eq(other->clearance, s->clearance));
    CHECK(!keyring_for_purpose(s, STR("aid,audit")) && !keyring_for_purpose(s, STR_NONE));
    CHECK_OK(keyring_check(&(struct session){.key_id = s->key_id}));
    NEED_OK(keyring_revoke(r.k, STR("amt"), 5));
    CHECK(s->is_revoked && own->is_revoked && other->is_revoked);
    close_ring(&r);
}

/* ---- what its person is cleared for */
static struct clearance_row
clearance(int64_t turn, label l)
{
    return (struct clearance_row){.person = STR("anna"),
                                  .text = STR("intern"),
                                  .label = l,
                                  .turn = turn,
                                  .until_wall_ms = 5000 + turn,
                                  .proposed_wall_ms = 1};
}

TEST(of_a_person_s_keys_counts_what_both_are_cleared_for)
{
    struct ring r;
    const struct session *s = NULL, *other = NULL;
    char text[KEY_TEXT_MAX], none[KEY_TEXT_MAX];
    open_ring(&r);
    struct key_record k = record("amt");
    k.person = STR("anna");
    k.purposes = STR("aid");
    NEED_OK(keyring_add(r.k, &k, text));
    NEED_OK(keyring_find(r.k, str_of(text), &s));
    NEED_OK(keyring_find(r.k, add(&r, "dienst", none), &other));
    CHECK(label_eq(s->clearance, (label){{7, 8, 9, 10}}) && !s->cleared_until_wall_ms);
    const struct clearance_row low = clearance(1, (label){{3 + 256, 12, 0, 0}});
    CHECK_OK(keyring_clear(r.k, &low));
    CHECK(label_eq(s->clearance, (label){{3, 8, 9, 10}})); /* party and taint are the key's */
    CHECK_INT(s->cleared_until_wall_ms, ==, 5001);
    CHECK(label_eq(keyring_for_purpose(s, STR("aid"))->clearance, s->clearance));
    CHECK(label_eq(other->clearance, (label){{7, 8, 9, 10}}) && !other->cleared_until_wall_ms);
    keyring_need_people(r.k, true);
    CHECK(label_eq(s->clearance, (label){{3, 8, 9, 10}}));
    CHECK(label_eq(other->clearance, (label){{7, 8, 9, 10}})); /* nobody's */
    keyring_unclear(r.k, STR("anna"));
    CHECK(label_eq(s->clearance, (label){{0, 0, 9, 10}}) && !s->cleared_until_wall_ms);
    keyring_need_people(r.k, false);
    CHECK(label_eq(s->clearance, (label){{7, 8, 9, 10}}));
    close_ring(&r);
}

TEST(what_a_person_acts_for_is_said_to_each_of_their_sessions_and_found_again)
{
    struct ring r;
    const struct session *s = NULL;
    char text[KEY_TEXT_MAX];
    open_ring(&r);
    struct key_record k = record("amt");
    k.person = STR("anna");
    k.purposes = STR("aid,audit");
    NEED_OK(keyring_add(r.k, &k, text));
    NEED_OK(keyring_find(r.k, str_of(text), &s));
    CHECK_INT(s->acts_for.len, ==, 0);
    struct clearance_row c = clearance(0, label_of_level(2));
    c.purposes = STR("audit");
    NEED_OK(clearances_add(r.db, &c, &c.id));
    NEED_OK(clearances_activate(r.db, &c));
    CHECK_OK(keyring_clear(r.k, &c));
    CHECK_STR(s->acts_for, STR("audit"));
    CHECK_STR(keyring_for_purpose(s, STR("aid"))->acts_for, STR("audit"));
    reopen(&r);
    NEED_OK(keyring_find(r.k, str_of(text), &s));
    CHECK_STR(s->acts_for, STR("audit"));
    keyring_need_people(r.k, true);
    CHECK_STR(s->acts_for, STR("audit"));
    keyring_unclear(r.k, STR("anna"));
    CHECK_STR(s->acts_for, STR(PURPOSES_NONE));
    keyring_need_people(r.k, false);
    CHECK_INT(s->acts_for.len, ==, 0);
    close_ring(&r);
}

TEST(the_last_clearance_in_force_is_found_again)
{
    struct ring r;
    const struct session *s = NULL;
    char text[KEY_TEXT_MAX];
    int64_t id[3];
    open_ring(&r);
    struct key_record k = record("amt");
    k.person = STR("anna");
    NEED_OK(keyring_add(r.k, &k, text));
    for (int i = 0; i < 3; i++) {
        struct clearance_row c = clearance(0, label_of_level(i));
        NEED_OK(clearances_add(r.db, &c, &id[i]));
    }
    NEED_OK(clearances_activate(r.db, &(struct clearance_row){.id = id[1], .approved_wall_ms = 1}));
    NEED_OK(clearances_activate(r.db, &(struct clearance_row){.id = id[0], .approved_wall_ms = 1}));
    reopen(&r);
    NEED_OK(keyring_find(r.k, str_of(text), &s));
    CHECK_INT(label_level(s->clearance), ==, 0);
    close_ring(&r);
}

TEST(a_clearance_there_is_no_memory_for_changes_nothing)
{
    struct ring r;
    const struct session *s = NULL;
    char text[KEY_TEXT_MAX];
    open_ring(&r);
    struct key_record k = record("amt");
    k.person = STR("anna");
    NEED_OK(keyring_add(r.k, &k, text));
    NEED_OK(keyring_find(r.k, str_of(text), &s));
    const struct clearance_row low = clearance(1, LABEL_BOTTOM);
    fault_arm(1);
    const err e = keyring_clear(r.k, &low);
    const bool fired = fault_fired();
    fault_arm(0);
    CHECK(fired == (e.code != 0));
    CHECK((label_level(s->clearance) == 0) == !e.code);
    close_ring(&r);
}

TEST(a_key_without_purposes_has_no_other_session)
{
    struct ring r;
    const struct session *s = NULL;
    char text[KEY_TEXT_MAX];
    open_ring(&r);
    NEED_OK(keyring_find(r.k, add(&r, "amt", text), &s));
    CHECK(!s->purpose.len && !s->purpose_count);
    CHECK(!keyring_for_purpose(s, STR("aid")));
    close_ring(&r);
}

TEST(a_session_is_found_by_the_id_of_its_key_even_when_it_was_revoked)
{
    struct ring r;
    char text[KEY_TEXT_MAX];
    open_ring(&r);
    struct key_record k = record("amt");
    NEED_OK(keyring_add(r.k, &k, text));
    const struct session *s = keyring_session(r.k, k.id);
    NEED(s);
    CHECK_STR(s->key_id, k.id);
    CHECK(!keyring_session(r.k, STR("amt")));
    CHECK(!keyring_session(r.k, STR("")));
    CHECK_OK(keyring_revoke(r.k, k.id, 1500));
    CHECK(keyring_session(r.k, k.id) == s && s->is_revoked);
    close_ring(&r);
}

TEST(what_is_no_key_is_unauthenticated)
{
    struct ring r, other;
    char text[KEY_TEXT_MAX], wrong[KEY_TEXT_MAX], foreign[KEY_TEXT_MAX];
    open_ring(&r);
    open_ring(&other);
    const str key = add(&r, "amt", text);
    static const str cases[] = {STR_INIT(""),
                                STR_INIT("x"),
                                STR_INIT("hoh_"),
                                STR_INIT("hoh_1"),
                                STR_INIT("abcdef"),
                                STR_INIT("two words"),
                                STR_INIT("\x80\x81\x82\x83\x84\x85\x86"),
                                STR_INIT("a\0bcdefg")};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(find(&r, cases[i]), ==, ERR_UNAUTHENTICATED);
    for (size_t i = 0; i < key.len; i++) {
        memcpy(wrong, text, sizeof wrong);
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        CHECK_INT(find(&r, str_of(wrong)), ==, ERR_UNAUTHENTICATED);
        CHECK_INT(find(&r, str_slice(key, 0, i)), ==, ERR_UNAUTHENTICATED);
        CHECK_INT(find(&r, str_slice(key, i + 1, key.len)), ==, ERR_UNAUTHENTICATED);
    }
    CHECK_INT(find(&r, add(&other, "amt", foreign)), ==, ERR_UNAUTHENTICATED);
    close_ring(&r);
    close_ring(&other);
}

TEST(the_keyring_survives_being_opened_again)
{
    struct ring r;
    char a[KEY_TEXT_MAX], b[KEY_TEXT_MAX], c[KEY_TEXT_MAX];
    open_ring(&r);
    add(&r, "a", a);
    add(&r, "b", b);
    CHECK_OK(keyring_revoke(r.k, STR("b"), 1500));
    add(&r, "c", c);
    CHECK_INT(import(&r, "d", STR("imported-one")), ==, ERR_OK);
    reopen(&r);
    CHECK_INT(find(&r, str_of(a)), ==, ERR_OK);
    CHECK_INT(find(&r, str_of(b)), ==, ERR_UNAUTHENTICATED);
    CHECK_INT(find(&r, str_of(c)), ==, ERR_OK);
    CHECK_INT(find(&r, STR("imported-one")), ==, ERR_OK);
    CHECK_INT(count(&r), ==, 4);
    CHECK_STR(keyring_at(r.k, 0)->name, STR("a"));
    CHECK_INT(keyring_at(r.k, 1)->revoked_wall_ms, ==, 1500);
    close_ring(&r);
}

TEST(under_another_pepper_no_key_is_known)
{
    struct ring r;
    char text[KEY_TEXT_MAX];
    open_ring(&r);
    add(&r, "a", text);
    CHECK_INT(import(&r, "b", STR("imported")), ==, ERR_OK);
    r.pepper.at[31] ^= 1;
    reopen(&r);
    CHECK_INT(find(&r, str_of(text)), ==, ERR_UNAUTHENTICATED);
    CHECK_INT(find(&r, STR("imported")), ==, ERR_UNAUTHENTICATED);
    close_ring(&r);
}

TEST(the_texts_of_keys_are_nowhere_in_the_file)
{
    struct ring r;
    static char file[1 << 20];
    char text[KEY_TEXT_MAX];
    open_ring(&r);
    add(&r, "a", text);
    CHECK_INT(import(&r, "b", STR("an-imported-secret")), ==, ERR_OK);
    keyring_free(TAKE(r.k));
    db_close(TAKE(r.db));
    FILE *f = fopen(r.path, "r");
    const size_t n = f ? fread(file, 1, sizeof file, f) : 0;
    if (f)
        fclose(f);
    CHECK(n > 1000);
    CHECK(str_find((str){file, n}, STR("an-imported-secret")) < 0);
    CHECK(str_find((str){file, n}, str_slice(str_of(text), 31, 60)) < 0);
    close_ring(&r);
}

/* ---- names */
TEST(a_name_is_taken_until_its_key_is_revoked)
{
    struct ring r;
    char first[KEY_TEXT_MAX], second[KEY_TEXT_MAX] = "untouched";
    struct key_record k = record("a");
    open_ring(&r);
    add(&r, "a", first);
    CHECK_ERR(keyring_add(r.k, &k, second), CONFLICT);
    CHECK_STR(str_of(second), STR("untouched"));
    CHECK_INT(import(&r, "a", STR("imported")), ==, ERR_CONFLICT);
    CHECK_INT(count(&r), ==, 1);
    CHECK_OK(keyring_revoke(r.k, STR("a"), 1500));
    add(&r, "a", second);
    CHECK_INT(find(&r, str_of(first)), ==, ERR_UNAUTHENTICATED);
    CHECK_INT(find(&r, str_of(second)), ==, ERR_OK);
    close_ring(&r);
}

TEST(a_revoked_key_is_refused_at_once_and_a_session_that_runs_knows)
{
    struct ring r;
    const struct session *s = NULL;
    char text[KEY_TEXT_MAX];
    open_ring(&r);
    add(&r, "a", text);
    NEED_OK(keyring_find(r.k, str_of(text), &s));
    CHECK_OK(keyring_revoke(r.k, s->key_id, 1500));
    CHECK(s->is_revoked);
    CHECK_INT(find(&r, str_of(text)), ==, ERR_UNAUTHENTICATED);
    CHECK_ERR(keyring_revoke(r.k, STR("a"), 1600), NOT_FOUND);
    CHECK_ERR(keyring_revoke(r.k, STR("nobody"), 1600), NOT_FOUND);
    CHECK_INT(keyring_at(r.k, 0)->revoked_wall_ms, ==, 1500);
    close_ring(&r);
}

TEST(a_name_that_looks_like_an_id_does_not_stand_for_that_key)
{
    struct ring r;
    char text[2][KEY_TEXT_MAX], id[64];
    open_ring(&r);
    add(&r, "first", text[0]);
    snprintf(id, sizeof id, "%.*s", STR_FMT(keyring_at(r.k, 0)->id));
    add(&r, id, text[1]);
    CHECK_OK(keyring_revoke(r.k, str_of(id), 1500));
    CHECK_INT(find(&r, str_of(text[0])), ==, ERR_UNAUTHENTICATED);
    CHECK_INT(find(&r, str_of(text[1])), ==, ERR_OK);
    CHECK_OK(keyring_revoke(r.k, str_of(id), 1500)); /* now the name is meant */
    CHECK_INT(find(&r, str_of(text[1])), ==, ERR_UNAUTHENTICATED);
    close_ring(&r);
}

/* ---- replacing */
static enum err_code
rotate(struct ring *r, const char *id_or_name, const char *imported, char text[KEY_TEXT_MAX])
{
    const struct key_change c = {str_of(id_or_name), str_of(imported), 1200, 1700};
    str id = STR_NONE;
    text[0] = '\0';
    const err e = keyring_rotate(r->k, &c, text, &id);
    CHECK((e.code == 0) == (id.len > 0) && (e.code == 0) == (text[0] != '\0'));
    return (enum err_code)e.code;
}

TEST(a_key_that_is_replaced_works_on_until_its_end_and_both_are_of_one_line)
{
    struct ring r;
    const struct session *was = NULL, *is = NULL;
    char old[KEY_TEXT_MAX], fresh[KEY_TEXT_MAX];
    open_ring(&r);
    add(&r, "a", old);
    CHECK_INT(rotate(&r, "a", "", fresh), ==, ERR_OK);
    for (int again = 0; again < 2; again++) {
        NEED_OK(keyring_find(r.k, str_of(old), &was));
        NEED_OK(keyring_find(r.k, str_of(fresh), &is));
        CHECK(str_starts(was->key_name, STR("a~")) && was->key_name.len == 8);
        CHECK_STR(is->key_name, STR("a"));
        CHECK_STR(was->line, STR("a"));
        CHECK_STR(is->line, STR("a"));
        CHECK_INT(was->expires_wall_ms, ==, 1700);
        CHECK_INT(is->expires_wall_ms, ==, 2000);
        CHECK(label_eq(is->clearance, was->clearance) && is->roles == was->roles);
        CHECK(keyring_has_line(r.k, STR("a")) && !keyring_has_line(r.k, was->key_name));
        reopen(&r);
    }
    close_ring(&r);
}

TEST(keys_that_replaced_one_another_have_one_owner_and_the_newest_goes_on_for_all)
{
    struct ring r;
    const struct session *s[3] = {NULL};
    char text[3][KEY_TEXT_MAX];
    open_ring(&r);
    add(&r, "a", text[0]);
    CHECK_INT(rotate(&r, "a", "", text[1]), ==, ERR_OK);
    CHECK_INT(rotate(&r, "a", "from-elsewhere", text[2]), ==, ERR_OK);
    for (int again = 0; again < 2; again++) {
        for (int i = 0; i < 3; i++)
            NEED_OK(keyring_find(r.k, str_of(text[i]), &s[i]));
        for (int i = 0; i < 3; i++) {
            CHECK_STR(session_owner(s[i]), s[0]->key_id);
            CHECK(keyring_heir(r.k, s[i]) == s[2]);
        }
        CHECK(keyring_session_of(r.k, s[0]->key_id) == s[2]);
        CHECK(!keyring_session_of(r.k, s[1]->key_id)); /* nothing is kept under it */
        reopen(&r);
    }
    NEED_OK(keyring_find(r.k, str_of(text[1]), &s[1]));
    CHECK_OK(keyring_revoke(r.k, keyring_at(r.k, 2)->id, 1500)); /* this one alone */
    CHECK(keyring_heir(r.k, s[1]) == s[1]);
    close_ring(&r);
}

TEST(who_gets_a_name_that_was_revoked_is_another_owner)
{
    struct ring r;
    const struct session *s = NULL;
    char first[KEY_TEXT_MAX], second[KEY_TEXT_MAX];
    open_ring(&r);
    add(&r, "a", first);
    const str owner = keyring_at(r.k, 0)->id;
    CHECK_OK(keyring_revoke(r.k, STR("a"), 1500));
    CHECK(keyring_session_of(r.k, owner)->is_revoked);
    add(&r, "a", second);
    NEED_OK(keyring_find(r.k, str_of(second), &s));
    CHECK(!str_eq(session_owner(s), owner));
    CHECK_STR(session_owner(s), s->key_id);
    CHECK(keyring_session_of(r.k, owner)->is_revoked);
    CHECK(keyring_heir(r.k, keyring_session_of(r.k, owner))->is_revoked);
    close_ring(&r);
}

TEST(the_overlap_is_never_longer_than_the_key_would_have_lived)
{
    struct ring r;
    const struct session *was = NULL;
    char old[KEY_TEXT_MAX], fresh[KEY_TEXT_MAX] = "";
    str id;
    open_ring(&r);
    add(&r, "a", old);
    const struct key_change c = {STR("a"), STR_NONE, 1200, 999999};
    CHECK_OK(keyring_rotate(r.k, &c, fresh, &id));
    NEED_OK(keyring_find(r.k, str_of(old), &was));
    CHECK_INT(was->expires_wall_ms, ==, 2000);
    close_ring(&r);
}

TEST(only_the_latest_of_a_line_can_be_replaced)
{
    struct ring r;
    const struct session *was = NULL;
    char old[KEY_TEXT_MAX], fresh[KEY_TEXT_MAX], third[KEY_TEXT_MAX], name[32];
    open_ring(&r);
    add(&r, "a", old);
    CHECK_INT(rotate(&r, "a", "", fresh), ==, ERR_OK);
    NEED_OK(keyring_find(r.k, str_of(old), &was));
    snprintf(name, sizeof name, "%.*s", STR_FMT(was->key_name));
    CHECK_INT(rotate(&r, name, "", third), ==, ERR_CONFLICT);
    CHECK_INT(rotate(&r, "nobody", "", third), ==, ERR_NOT_FOUND);
    CHECK_INT(rotate(&r, "a", "kurz", third), ==, ERR_ARGUMENT);
    CHECK_INT(rotate(&r, "a", "from-elsewhere", third), ==, ERR_OK);
    CHECK_STR(str_of(third), STR("from-elsewhere"));
    CHECK_INT(rotate(&r, "a", "from-elsewhere", third), ==, ERR_CONFLICT);
    CHECK_INT(count(&r), ==, 3);
    CHECK_INT(find(&r, STR("from-elsewhere")), ==, ERR_OK);
    /* When the successor was taken back, the old one can be replaced after all. */
    const str id = keyring_at(r.k, 2)->id;
    CHECK_OK(keyring_revoke(r.k, id, 1300));
    CHECK_INT(find(&r, str_of(fresh)), ==, ERR_OK);
    snprintf(name, sizeof name, "%.*s", STR_FMT(keyring_at(r.k, 1)->name));
    CHECK_INT(rotate(&r, name, "", third), ==, ERR_OK);
    CHECK_STR(keyring_at(r.k, 3)->name, STR("a"));
    close_ring(&r);
}

static unsigned told;
static const struct session *told_of[4];

static void
on_revoked(void *ctx, const struct session *s)
{
    CHECK(ctx == &told && s->is_revoked);
    told_of[told++ % 4] = s;
}

TEST(who_revokes_the_name_revokes_what_it_replaced_and_the_listener_hears_of_each)
{
    struct ring r;
    char old[KEY_TEXT_MAX], fresh[KEY_TEXT_MAX], other[KEY_TEXT_MAX];
    open_ring(&r);
    told = 0;
    add(&r, "a", old);
    add(&r, "b", other);
    CHECK_INT(rotate(&r, "a", "", fresh), ==, ERR_OK);
    keyring_on_revoked(r.k, on_revoked, &told);
    CHECK_OK(keyring_revoke(r.k, STR("a"), 1500));
    CHECK_INT(told, ==, 2);
    CHECK_INT(find(&r, str_of(old)), ==, ERR_UNAUTHENTICATED);
    CHECK_INT(find(&r, str_of(fresh)), ==, ERR_UNAUTHENTICATED);
    CHECK_INT(find(&r, str_of(other)), ==, ERR_OK);
    CHECK(!keyring_has_line(r.k, STR("a")));
    reopen(&r);
    CHECK_INT(find(&r, str_of(old)), ==, ERR_UNAUTHENTICATED);
    close_ring(&r);
}

TEST(who_revokes_the_old_one_or_an_id_revokes_that_alone)
{
    struct ring r;
    char old[KEY_TEXT_MAX], fresh[KEY_TEXT_MAX];
    open_ring(&r);
    add(&r, "a", old);
    CHECK_INT(rotate(&r, "a", "", fresh), ==, ERR_OK);
    CHECK_OK(keyring_revoke(r.k, keyring_at(r.k, 0)->name, 1500));
    CHECK_INT(find(&r, str_of(old)), ==, ERR_UNAUTHENTICATED);
    CHECK_INT(find(&r, str_of(fresh)), ==, ERR_OK);
    CHECK_INT(rotate(&r, "a", "", old), ==, ERR_OK);
    CHECK_OK(keyring_revoke(r.k, keyring_at(r.k, 2)->id, 1500));
    CHECK_INT(find(&r, str_of(fresh)), ==, ERR_OK);
    CHECK_INT(find(&r, str_of(old)), ==, ERR_UNAUTHENTICATED);
    close_ring(&r);
}

TEST(models_and_networks_of_a_key_are_in_its_session)
{
    struct ring r;
    const struct session *s = NULL;
    char text[KEY_TEXT_MAX];
    struct key_record k = record("a");
    k.models = STR("m1,m2:8b");
    k.networks = STR("10.0.0.0/8, fd00::/8");
    k.person = STR("frau");
    open_ring(&r);
    CHECK_OK(keyring_add(r.k, &k, text));
    for (int again = 0; again < 2; again++) {
        NEED_OK(keyring_find(r.k, str_of(text), &s));
        CHECK_INT(s->model_count, ==, 2);
        CHECK_STR(s->models[1], STR("m2:8b"));
        CHECK_INT(s->network_count, ==, 2);
        CHECK_STR(s->person, STR("frau"));
        reopen(&r);
    }
    k = record("b");
    k.networks = STR("nonsense");
    CHECK_ERR(keyring_add(r.k, &k, text), ARGUMENT);
    CHECK_INT(count(&r), ==, 1);
    close_ring(&r);
}

TEST(whatever_fails_while_a_key_is_replaced_memory_and_store_agree)
{
    bool fired = true;
    struct ring r;
    char first[KEY_TEXT_MAX];
    open_ring(&r);
    add(&r, "a", first);
    for (long n = 1; fired; n++) {
        const struct key_change c = {STR("a"), STR_NONE, 1200, 1700};
        char text[KEY_TEXT_MAX] = "";
        str id;
        fault_arm(n);
        const err e = keyring_rotate(r.k, &c, text, &id);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        CHECK_INT(count(&r), ==, e.code ? 1 : 2);
        CHECK_INT(find(&r, str_of(first)), ==, ERR_OK);
        CHECK_STR(keyring_at(r.k, e.code ? 0 : 1)->name, STR("a"));
        reopen(&r);
        CHECK_INT(count(&r), ==, e.code ? 1 : 2);
        CHECK_INT(find(&r, str_of(text)), ==, e.code ? ERR_UNAUTHENTICATED : ERR_OK);
    }
    close_ring(&r);
}

/* ---- imported keys */
TEST(an_imported_key_is_found_by_the_very_text)
{
    struct ring r;
    const struct session *s = NULL;
    open_ring(&r);
    CHECK_INT(import(&r, "alt", STR("sk-Alt-Bekannt_1!~")), ==, ERR_OK);
    NEED_OK(keyring_find(r.k, STR("sk-Alt-Bekannt_1!~"), &s));
    CHECK_STR(s->key_name, STR("alt"));
    CHECK(str_starts(s->key_id, STR("key_")));
    CHECK_INT(find(&r, STR("sk-alt-Bekannt_1!~")), ==, ERR_UNAUTHENTICATED);
    CHECK_INT(find(&r, STR("sk-Alt-Bekannt_1!")), ==, ERR_UNAUTHENTICATED);
    CHECK_INT(find(&r, STR("sk-Alt-Bekannt_1!~~")), ==, ERR_UNAUTHENTICATED);
    close_ring(&r);
}

TEST(an_imported_key_has_bounds)
{
    struct ring r;
    char text[130], name[16];
    open_ring(&r);
    memset(text, 'x', sizeof text);
    CHECK_INT(import(&r, "a", (str){text, 5}), ==, ERR_ARGUMENT);
    CHECK_STR(str_of(err_param()), STR("import"));
    CHECK_INT(import(&r, "b", (str){text, 6}), ==, ERR_OK);
    CHECK_INT(import(&r, "c", (str){text, 120}), ==, ERR_OK);
    CHECK_INT(import(&r, "d", (str){text, 121}), ==, ERR_ARGUMENT);
    CHECK_INT(find(&r, (str){text, 120}), ==, ERR_OK);
    CHECK_INT(find(&r, (str){text, 121}), ==, ERR_UNAUTHENTICATED);
    for (int c = 0; c < 256; c++) {
        memcpy(text, "abc_efgh", 8);
        text[3] = (char)c;
        snprintf(name, sizeof name, "n%d", c);
        CHECK_INT(import(&r, name, (str){text, 8}), ==,
                  c > ' ' && c <= '~' ? ERR_OK : ERR_ARGUMENT);
    }
    CHECK_INT(import(&r, "e", STR("hoh_foreign")), ==, ERR_ARGUMENT);
    CHECK_INT(import(&r, "f", STR("Hoh_foreign")), ==, ERR_OK);
    close_ring(&r);
}

TEST(a_text_is_imported_once_even_when_it_was_revoked)
{
    struct ring r;
    open_ring(&r);
    CHECK_INT(import(&r, "a", STR("only-once")), ==, ERR_OK);
    CHECK_INT(import(&r, "b", STR("only-once")), ==, ERR_CONFLICT);
    CHECK_STR(str_of(err_param()), STR("import"));
    CHECK_OK(keyring_revoke(r.k, STR("a"), 1500));
    CHECK_INT(import(&r, "a", STR("only-once")), ==, ERR_CONFLICT);
    CHECK_INT(find(&r, STR("only-once")), ==, ERR_UNAUTHENTICATED);
    reopen(&r);
    CHECK_INT(import(&r, "a", STR("only-once")), ==, ERR_CONFLICT);
    close_ring(&r);
}

TEST(neither_kind_can_stand_for_the_other)
{
    struct ring r;
    digest plain;
    open_ring(&r);
    CHECK_INT(import(&r, "a", STR("some-text")), ==, ERR_OK);
    CHECK_OK(hmac_sha256(&r.pepper, STR("some-text"), &plain));
    CHECK(!digest_eq(&plain, &keyring_at(r.k, 0)->mac));
    close_ring(&r);
}

/* ---- faults */
TEST(whatever_fails_memory_and_store_agree)
{
    bool fired = true;
    struct ring r;
    open_ring(&r);
    for (long n = 1; fired; n++) {
        char name[32], text[KEY_TEXT_MAX] = "", imported[40];
        struct key_record a, b;
        snprintf(name, sizeof name, "n%ld", n);
        snprintf(imported, sizeof imported, "imported-%ld", n);
        a = record(name);
        b = record(imported);
        fault_arm(n);
        err e = keyring_add(r.k, &a, text);
        if (!e.code)
            e = keyring_import(r.k, &b, str_of(imported));
        if (!e.code)
            e = keyring_revoke(r.k, str_of(imported), 1500);
        fired = fault_fired();
        fault_arm(0);
        CHECK(!e.code || fired);
        const size_t listed = count(&r);
        const enum err_code made = find(&r, str_of(text)), other = find(&r, str_of(imported));
        CHECK_INT(made == ERR_OK, ==, text[0] != '\0');
        reopen(&r);
        CHECK_INT(count(&r), ==, listed);
        CHECK_INT(find(&r, str_of(text)), ==, made);
        CHECK_INT(find(&r, str_of(imported)), ==, other);
        if (text[0] == '\0') { /* and can be made now */
            a = record(name);
            CHECK_OK(keyring_add(r.k, &a, text));
        }
    }
    close_ring(&r);
}

TEST(a_keyring_opens_whole_or_not_at_all)
{
    struct ring r;
    bool fired = true;
    char text[KEY_TEXT_MAX];
    open_ring(&r);
    add(&r, "a", text);
    add(&r, "b", text);
    for (long n = 1; fired; n++) {
        keyring *k = NULL;
        fault_arm(n);
        const err e = keyring_open(r.db, &r.pepper, &k);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        CHECK((e.code == 0) == (k != NULL));
        if (k)
            CHECK(keyring_at(k, 1) && !keyring_at(k, 2));
        keyring_free(k);
    }
    keyring_free(NULL);
    close_ring(&r);
}
