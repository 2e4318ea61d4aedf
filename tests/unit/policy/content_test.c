/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/content.h"

#include "policy/policy.h"
#include "test.h"

static const str yaml = STR_INIT("version: 1\n"
                                 "levels:\n"
                                 "  - { height: 0, id: offen, title: L }\n"
                                 "  - { height: 1, id: intern, title: L }\n"
                                 "  - { height: 2, id: VS-NfD, title: L }\n"
                                 "compartments: []\nparties: []\ntaints: []\n");

/* A grant for what is cleared up to `level`, bit 8 included. */
static const grant *
grant_for(arena *a, int level)
{
    policy *p = NULL;
    const grant *g = NULL;
    struct decision d;
    CHECK_OK(policy_load(yaml, &p));
    CHECK_OK(policy_set_ceiling(p, STR("VS-NfD")));
    const struct session s = {.clearance = label_with(label_of_level(level), 8)};
    const struct ask q = {.session = &s, .op = OP_CHAT, .target = policy_local_sink(p)};
    CHECK_OK(policy_decide(p, &q, a, &d, &g));
    policy_free(p);
    return g;
}

TEST(content_is_opened_with_a_grant_that_covers_it)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(4096, &a));
    const grant *g = grant_for(a, 1);
    str bytes = STR_NONE;
    CHECK_OK(content_open(content_of(STR("bytes"), label_of_level(1)), g, &bytes));
    CHECK_STR(bytes, STR("bytes"));
    CHECK_OK(content_open(content_of(STR("more"), label_with(LABEL_BOTTOM, 8)), g, &bytes));
    CHECK_STR(bytes, STR("more"));
    CHECK_OK(content_open(content_of(STR_NONE, LABEL_BOTTOM), g, &bytes));
    CHECK_INT(bytes.len, ==, 0);
}

TEST(content_above_the_grant_stays_closed)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(4096, &a));
    const grant *g = grant_for(a, 1);
    str bytes = STR("before");
    for (int bit = 0; bit < 256; bit++) {
        const content c = content_of(STR("bytes"), label_with(LABEL_BOTTOM, bit));
        if (bit == 0 || bit == 8)
            continue;
        CHECK_ERR(content_open(c, g, &bytes), DENIED);
        CHECK(str_find(str_of(err_trail()), STR("bytes")) < 0);
    }
    CHECK_STR(bytes, STR("before"));
}

TEST(the_length_of_content_needs_no_grant)
{
    CHECK_INT(content_len(content_of(STR("bytes"), label_of_level(8))), ==, 5);
    CHECK_INT(content_len(content_of(STR_NONE, label_of_level(8))), ==, 0);
}
