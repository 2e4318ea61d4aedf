/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/pairs.h"

#include <stdio.h>

#include "base/fault.h"
#include "store/access_keys.h"
#include "test.h"

struct ring {
    char path[600];
    secret pepper;
    db *db;
    keyring *k;
    pairs *p;
    str key; /* id of one key */
};

static void
close_parts(struct ring *r)
{
    pairs_free(TAKE(r->p));
    keyring_free(TAKE(r->k));
    db_close(TAKE(r->db));
}

static void
reopen(struct ring *r)
{
    close_parts(r);
    CHECK_OK(db_open(r->path, &r->db));
    CHECK_OK(keyring_open(r->db, &r->pepper, &r->k));
    CHECK_OK(pairs_open(r->db, &r->pepper, r->k, &r->p));
}

static str
add_key(struct ring *r, const char *name)
{
    char text[KEY_TEXT_MAX];
    struct key_record k = {.name = str_of(name),
                           .tenant = STR("haus"),
                           .clearance_text = STR("offen"),
                           .default_text = STR("offen"),
                           .created_wall_ms = 1000,
                           .expires_wall_ms = 2000};
    CHECK_OK(keyring_add(r->k, &k, text));
    return k.id;
}

static void
open_ring(struct ring *r)
{
    static unsigned number;
    *r = (struct ring){.k = NULL};
    snprintf(r->path, sizeof r->path, "%s/pairs%u.db", test_dir(), number++);
    CHECK_OK(secret_get(&r->pepper, 32));
    memset(r->pepper.at, 3, 32);
    reopen(r);
    r->key = add_key(r, "first");
}

static void
close_ring(struct ring *r)
{
    close_parts(r);
    secret_done(&r->pepper);
}

static struct pair_text
text_of(const char *id, const char *key)
{
    struct pair_text t = {"", ""};
    CHECK(str_copy(str_of(id), t.access_id, sizeof t.access_id));
    CHECK(str_copy(str_of(key), t.secret, sizeof t.secret));
    return t;
}

static err
import(struct ring *r, const char *id, const char *key)
{
    const struct pair_text t = text_of(id, key);
    return pairs_import(r->p, r->key, 5, &t);
}

/* Is the secret of this id that one? */
static bool
has_secret(const struct ring *r, const char *id, const char *key)
{
    const struct session *s = NULL;
    const secret *found = NULL;
    if (pairs_find(r->p, str_of(id), &s, &found).code)
        return false;
    return secret_eq((str){(const char *)found->at, found->len}, str_of(key));
}

TEST(a_made_pair_is_found_with_its_secret_and_its_key)
{
    struct ring r;
    struct pair_text one, two;
    const struct session *s = NULL;
    const secret *key = NULL;
    open_ring(&r);
    NEED_OK(pairs_make(r.p, r.key, 5, &one));
    NEED_OK(pairs_make(r.p, r.key, 5, &two));
    CHECK(str_starts(str_of(one.access_id), STR("HOHA")));
    CHECK_INT(strlen(one.access_id), ==, 20);
    CHECK_INT(strspn(one.access_id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), ==, 20);
    CHECK_INT(strlen(one.secret), ==, PAIR_MADE_SECRET_LEN);
    CHECK(strcmp(one.access_id, two.access_id) != 0 && strcmp(one.secret, two.secret) != 0);
    NEED_OK(pairs_find(r.p, str_of(one.access_id), &s, &key));
    CHECK_STR(s->key_name, STR("first"));
    CHECK(has_secret(&r, one.access_id, one.secret));
    CHECK(has_secret(&r, two.access_id, two.secret));
    CHECK(!has_secret(&r, one.access_id, two.secret));
    close_ring(&r);
}

TEST(an_imported_pair_is_found_too)
{
    struct ring r;
    open_ring(&r);
    NEED_OK(import(&r, "AKIDHOHEITTEST", "hoheit-secret"));
    CHECK(has_secret(&r, "AKIDHOHEITTEST", "hoheit-secret"));
    CHECK(!has_secret(&r, "AKIDHOHEITTEST", "hoheit-secreT"));
    CHECK(!has_secret(&r, "akidhoheittest", "hoheit-secret"));
    close_ring(&r);
}

TEST(they_are_there_after_a_start)
{
    struct ring r;
    struct pair_text made;
    open_ring(&r);
    NEED_OK(pairs_make(r.p, r.key, 5, &made));
    NEED_OK(import(&r, "AKIDHOHEITTEST", "hoheit-secret"));
    reopen(&r);
    CHECK(has_secret(&r, made.access_id, made.secret));
    CHECK(has_secret(&r, "AKIDHOHEITTEST", "hoheit-secret"));
    close_ring(&r);
}

TEST(with_another_pepper_they_are_worth_nothing)
{
    struct ring r;
    struct pair_text made;
    const struct session *s;
    const secret *key;
    open_ring(&r);
    NEED_OK(pairs_make(r.p, r.key, 5, &made));
    NEED_OK(import(&r, "AKIDHOHEITTEST", "hoheit-secret"));
    r.pepper.at[0] ^= 1;
    reopen(&r);
    CHECK(!has_secret(&r, made.access_id, made.secret));
    CHECK_ERR(pairs_find(r.p, STR("AKIDHOHEITTEST"), &s, &key), CORRUPT);
    close_ring(&r);
}

static err
see_secret(void *ctx, const struct access_key_record *r)
{
    const str *text = ctx;
    CHECK(str_find(r->sealed, *text) < 0);
    return OK;
}

TEST(no_secret_stands_in_the_store)
{
    struct ring r;
    struct pair_text made;
    AUTO(arena) *a = NULL;
    open_ring(&r);
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(pairs_make(r.p, r.key, 5, &made));
    NEED_OK(import(&r, "AKIDHOHEITTEST", "hoheit-secret"));
    str text = STR("hoheit-secret");
    CHECK_OK(access_keys_each(r.db, a, see_secret, &text));
    text = str_of(made.secret);
    CHECK_OK(access_keys_each(r.db, a, see_secret, &text));
    close_ring(&r);
}

TEST(a_pair_is_as_good_as_its_key)
{
    struct ring r;
    struct pair_text made;
    const struct session *s;
    const secret *key;
    open_ring(&r);
    NEED_OK(pairs_make(r.p, r.key, 5, &made));
    NEED_OK(keyring_revoke(r.k, r.key, 9));
    CHECK_ERR(pairs_find(r.p, str_of(made.access_id), &s, &key), UNAUTHENTICATED);
    CHECK_STR(str_of(err_param()), STR("UnrecognizedClientException"));
    CHECK_ERR(pairs_make(r.p, r.key, 5, &made), NOT_FOUND);
    reopen(&r);
    CHECK_ERR(pairs_find(r.p, str_of(made.access_id), &s, &key), UNAUTHENTICATED);
    close_ring(&r);
}

TEST(a_pair_goes_on_with_the_key_that_replaces_its_own)
{
    struct ring r;
    struct pair_text made;
    const struct session *s = NULL;
    const secret *key = NULL;
    char text[KEY_TEXT_MAX], first[64];
    str fresh;
    open_ring(&r);
    CHECK_OK(pairs_make(r.p, r.key, 1000, &made));
    (void)add_key(&r, "other");
    snprintf(first, sizeof first, "%.*s", STR_FMT(r.key)); /* the keyring's own ends below */
    const struct key_change c = {STR("first"), STR_NONE, 1200, 1200};
    CHECK_OK(keyring_rotate(r.k, &c, text, &fresh));
    for (int again = 0; again < 2; again++) {
        NEED_OK(pairs_find(r.p, str_of(made.access_id), &s, &key));
        CHECK_STR(s->key_name, STR("first"));
        CHECK(!str_eq(s->key_id, str_of(first)));
        CHECK_STR(session_owner(s), str_of(first));
        reopen(&r);
    }
    CHECK_OK(keyring_revoke(r.k, STR("first"), 1500));
    CHECK_ERR(pairs_find(r.p, str_of(made.access_id), &s, &key), UNAUTHENTICATED);
    close_ring(&r);
}

TEST(who_revokes_the_key_of_a_pair_ends_it_though_the_key_was_replaced)
{
    struct ring r;
    struct pair_text made;
    const struct session *s = NULL;
    const secret *key = NULL;
    char text[KEY_TEXT_MAX];
    str fresh;
    open_ring(&r);
    CHECK_OK(pairs_make(r.p, r.key, 1000, &made));
    const struct key_change c = {STR("first"), STR_NONE, 1200, 1700};
    CHECK_OK(keyring_rotate(r.k, &c, text, &fresh));
    NEED_OK(pairs_find(r.p, str_of(made.access_id), &s, &key));
    CHECK_OK(keyring_revoke(r.k, r.key, 1500)); /* the old one alone */
    CHECK_ERR(pairs_find(r.p, str_of(made.access_id), &s, &key), UNAUTHENTICATED);
    CHECK(!keyring_session(r.k, fresh)->is_revoked);
    close_ring(&r);
}

TEST(what_is_unknown_is_told_as_aws_does)
{
    struct ring r;
    const struct session *s;
    const secret *key;
    open_ring(&r);
    CHECK_ERR(pairs_find(r.p, STR("AKIAUNBEKANNT"), &s, &key), UNAUTHENTICATED);
    CHECK_STR(str_of(err_param()), STR("UnrecognizedClientException"));
    CHECK_ERR(pairs_find(r.p, STR(""), &s, &key), UNAUTHENTICATED);
    close_ring(&r);
}

TEST(what_cannot_be_a_pair_is_not_imported)
{
    struct ring r;
    open_ring(&r);
    CHECK_ERR(import(&r, "short", "hoheit-secret"), ARGUMENT);
    CHECK_ERR(import(&r, "with space", "hoheit-secret"), ARGUMENT);
    CHECK_ERR(import(&r, "with/slash", "hoheit-secret"), ARGUMENT);
    CHECK_ERR(import(&r, "HOHAAAAAAAAAAAAAAAAA", "hoheit-secret"), ARGUMENT);
    CHECK_ERR(import(&r, "AKIDHOHEITTEST", "short"), ARGUMENT);
    CHECK_ERR(import(&r, "AKIDHOHEITTEST", "with a space"), ARGUMENT);
    CHECK_ERR(import(&r, "AKIDHOHEITTEST", "umlaut-\xc3\xa4-secret"), ARGUMENT);
    NEED_OK(import(&r, "AKIDHOHEITTEST", "hoheit-secret"));
    CHECK_ERR(import(&r, "AKIDHOHEITTEST", "another-secret"), CONFLICT);
    CHECK(has_secret(&r, "AKIDHOHEITTEST", "hoheit-secret"));
    r.key = STR("key_none");
    CHECK_ERR(import(&r, "AKIDHOHEITTEST2", "hoheit-secret"), NOT_FOUND);
    close_ring(&r);
}

TEST(what_fails_leaves_nothing_behind)
{
    struct ring r;
    open_ring(&r);
    for (long n = 1;; n++) {
        fault_arm(n);
        const err e = import(&r, "AKIDHOHEITTEST", "hoheit-secret");
        const bool fired = fault_fired();
        fault_arm(0);
        if (!e.code) {
            CHECK(!fired);
            break;
        }
        CHECK(!has_secret(&r, "AKIDHOHEITTEST", "hoheit-secret"));
    }
    reopen(&r);
    for (long n = 1;; n++) {
        const struct session *s;
        const secret *key;
        fault_arm(n);
        const err e = pairs_find(r.p, STR("AKIDHOHEITTEST"), &s, &key);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_INT(fired, ==, e.code != 0);
        if (!fired)
            break;
        reopen(&r);
    }
    for (long n = 1;; n++) {
        pairs *p = NULL;
        fault_arm(n);
        const err e = pairs_open(r.db, &r.pepper, r.k, &p);
        const bool fired = fault_fired();
        fault_arm(0);
        pairs_free(p);
        CHECK_INT(fired, ==, e.code != 0);
        if (!fired)
            break;
    }
    close_ring(&r);
}
