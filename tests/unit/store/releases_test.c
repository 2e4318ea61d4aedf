/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/releases.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"
#include "unit/model/small_policy.h"

struct shelf {
    db *d;
    policy *p;
    arena *a;
    secret key;
    const grant *g;
};

static void
open_shelf(struct shelf *s)
{
    static unsigned number;
    char path[600];
    memset(s, 0, sizeof *s);
    snprintf(path, sizeof path, "%s/releases%u.db", test_dir(), number++);
    CHECK_OK(db_open(path, &s->d));
    CHECK_OK(arena_open(1 << 20, &s->a));
    CHECK_OK(secret_get(&s->key, 32));
    memset(s->key.at, 5, 32);
    s->p = small_policy();
    s->g = small_grant(s->p, s->a, "VS-NfD//STEUER");
}

static void
close_shelf(struct shelf *s)
{
    secret_done(&s->key);
    policy_free(s->p);
    arena_free(s->a);
    db_close(s->d);
}

static struct release_row
row(const struct shelf *s, const char *id)
{
    return (struct release_row){str_of(id), small_label(s->p, "intern//STEUER"), RELEASE_PROPOSED,
                                1000, STR_NONE};
}

static err
text_of(struct shelf *s, const struct release_row *r, const char *want)
{
    AUTO(buf) b = BUF(4096);
    const err e = releases_text(s->d, &s->key, s->g, r, &b);
    if (!e.code)
        CHECK_STR(buf_str(&b), str_of(want));
    return e;
}

TEST(a_text_is_kept_read_and_goes_from_state_to_state)
{
    struct shelf s;
    struct release_row head;
    open_shelf(&s);
    const struct release_row r = row(&s, "dec_1");
    CHECK_OK(releases_add(s.d, &s.key, s.g, &r, STR("Text")));
    CHECK_OK(releases_head(s.d, s.a, STR("dec_1"), 999, &head));
    CHECK_INT(head.state, ==, RELEASE_PROPOSED);
    CHECK(label_eq(head.label, r.label));
    CHECK_OK(text_of(&s, &head, "Text"));
    const struct release_step approve = {RELEASE_APPROVED, STR("Text, approved")};
    CHECK_OK(releases_step(s.d, &s.key, s.g, &head, &approve));
    CHECK_ERR(releases_step(s.d, &s.key, s.g, &head, &approve), CONFLICT);
    CHECK_ERR(text_of(&s, &head, ""), CORRUPT); /* the head is stale: it is sealed under another */
    CHECK_OK(releases_head(s.d, s.a, STR("dec_1"), 999, &head));
    CHECK_INT(head.state, ==, RELEASE_APPROVED);
    CHECK_OK(text_of(&s, &head, "Text, approved"));
    close_shelf(&s);
}

TEST(past_its_time_it_is_not_there_and_is_swept)
{
    struct shelf s;
    struct release_row head;
    open_shelf(&s);
    const struct release_row r = row(&s, "dec_1");
    CHECK_OK(releases_add(s.d, &s.key, s.g, &r, STR("Text")));
    CHECK_ERR(releases_head(s.d, s.a, STR("dec_1"), 1000, &head), NOT_FOUND);
    CHECK_ERR(releases_head(s.d, s.a, STR("dec_2"), 0, &head), NOT_FOUND);
    CHECK_OK(releases_sweep(s.d, 999));
    CHECK_OK(releases_head(s.d, s.a, STR("dec_1"), 0, &head));
    CHECK_OK(releases_sweep(s.d, 1000));
    CHECK_ERR(releases_head(s.d, s.a, STR("dec_1"), 0, &head), NOT_FOUND);
    close_shelf(&s);
}

TEST(a_head_that_was_changed_opens_nothing)
{
    struct shelf s;
    open_shelf(&s);
    const struct release_row r = row(&s, "dec_1");
    CHECK_OK(releases_add(s.d, &s.key, s.g, &r, STR("Text")));
    struct release_row changed = r;
    changed.state = RELEASE_APPROVED;
    CHECK_ERR(text_of(&s, &changed, ""), CORRUPT);
    changed = r;
    changed.label = LABEL_BOTTOM;
    CHECK_ERR(text_of(&s, &changed, ""), CORRUPT);
    changed = r;
    changed.expires_wall_ms++;
    CHECK_ERR(text_of(&s, &changed, ""), CORRUPT);
    s.key.at[0] ^= 1;
    CHECK_ERR(text_of(&s, &r, ""), CORRUPT);
    close_shelf(&s);
}

TEST(without_a_grant_that_covers_the_label_nothing_is_kept_read_or_changed)
{
    struct shelf s;
    open_shelf(&s);
    const struct release_row r = row(&s, "dec_1");
    CHECK_OK(releases_add(s.d, &s.key, s.g, &r, STR("Text")));
    s.g = small_grant(s.p, s.a, "VS-NfD");
    const struct release_row other = row(&s, "dec_2");
    CHECK_ERR(releases_add(s.d, &s.key, s.g, &other, STR("Text")), DENIED);
    CHECK_ERR(text_of(&s, &r, ""), DENIED);
    const struct release_step step = {RELEASE_USED, STR("x")};
    CHECK_ERR(releases_step(s.d, &s.key, s.g, &r, &step), DENIED);
    close_shelf(&s);
}

TEST(what_an_owner_proposed_goes_with_them_and_nothing_else)
{
    struct shelf s;
    struct release_row head;
    uint64_t count = 0;
    open_shelf(&s);
    struct release_row one = row(&s, "dec_1"), two = row(&s, "dec_2");
    one.owner = STR("key_1");
    two.owner = STR("key_2");
    CHECK_OK(releases_add(s.d, &s.key, s.g, &one, STR("Text")));
    CHECK_OK(releases_add(s.d, &s.key, s.g, &two, STR("Text")));
    CHECK_OK(releases_head(s.d, s.a, STR("dec_1"), 999, &head));
    CHECK(str_eq(head.owner, STR("key_1")));
    CHECK_OK(releases_erase(s.d, STR("key_1"), &count));
    CHECK_INT(count, ==, 1);
    CHECK_ERR(releases_head(s.d, s.a, STR("dec_1"), 999, &head), NOT_FOUND);
    CHECK_OK(releases_head(s.d, s.a, STR("dec_2"), 999, &head));
    CHECK_OK(releases_erase(s.d, STR("key_1"), &count));
    CHECK_INT(count, ==, 0);
    close_shelf(&s);
}
