/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/hide/canon.h"

#include "base/fault.h"
#include "unit/model/small_policy.h"

static digest
of(str a, str b)
{
    digest d;
    CHECK_OK(canon_list((const str[]){a, b}, 2, &d));
    return d;
}

TEST(two_lists_of_texts_have_one_digest_only_if_they_are_equal)
{
    const digest d = of(STR("ab"), STR("c")), same = of(STR("ab"), STR("c"));
    CHECK(digest_eq(&d, &same));
    const digest shifted = of(STR("a"), STR("bc")), empty = of(STR("abc"), STR(""));
    CHECK(!digest_eq(&d, &shifted) && !digest_eq(&d, &empty) && !digest_eq(&shifted, &empty));
    digest one;
    CHECK_OK(canon_list((const str[]){STR("abc")}, 1, &one));
    CHECK(!digest_eq(&one, &empty));
}

struct scene {
    policy *p;
    arena *a;
    const grant *g;
    struct conv c;
    struct conv_message m;
};

static void
open_scene(struct scene *s)
{
    *s = (struct scene){.p = small_policy()};
    CHECK_OK(arena_open(1 << 20, &s->a));
    s->g = small_grant(s->p, s->a, "intern");
    const label l = small_label(s->p, "intern");
    s->m = (struct conv_message){.role = CONV_USER, .text = content_of(STR("Hallo"), l)};
    s->c.messages.at = &s->m;
    s->c.messages.count = 1;
    s->c.prompt = content_of(STR(""), l);
}

static void
close_scene(struct scene *s)
{
    arena_free(s->a);
    policy_free(s->p);
}

TEST(each_part_of_what_is_said_counts)
{
    struct scene s;
    digest plain, d;
    open_scene(&s);
    CHECK_OK(canon_conv(&s.c, s.g, &plain));
    s.m.role = CONV_ASSISTANT;
    CHECK_OK(canon_conv(&s.c, s.g, &d));
    CHECK(!digest_eq(&plain, &d));
    s.m.role = CONV_USER;
    s.m.name = STR("x");
    CHECK_OK(canon_conv(&s.c, s.g, &d));
    CHECK(!digest_eq(&plain, &d));
    s.m.name = STR_NONE;
    s.c.tools.json = STR("[]");
    CHECK_OK(canon_conv(&s.c, s.g, &d));
    CHECK(!digest_eq(&plain, &d));
    s.c.tools.json = STR_NONE;
    CHECK_OK(canon_conv(&s.c, s.g, &d));
    CHECK(digest_eq(&plain, &d));
    close_scene(&s);
}

TEST(what_the_grant_does_not_cover_is_not_read)
{
    struct scene s;
    digest d;
    open_scene(&s);
    s.m.text.label = small_label(s.p, "VS-NfD");
    CHECK_ERR(canon_conv(&s.c, s.g, &d), DENIED);
    close_scene(&s);
}

TEST(a_hash_that_fails_is_told)
{
    bool fired = true;
    struct scene s;
    digest d;
    open_scene(&s);
    for (long n = 1; fired && n < 100; n++) {
        fault_arm(n);
        const err e = canon_conv(&s.c, s.g, &d);
        fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
    }
    close_scene(&s);
}
