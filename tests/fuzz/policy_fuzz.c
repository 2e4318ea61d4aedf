/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_fuzz.c - any bytes are refused as CONFIG, or are a policy in which every name is in its
 * range, in order, and reads back through a label. */
#include <stdio.h>

#include "fuzz/fuzz.h"
#include "policy/policy.h"

static void
check_list(const struct label_name *list, size_t count, int first, int bits)
{
    for (size_t i = 0; i < count; i++) {
        ASSERT(list[i].bit >= first && list[i].bit < first + bits);
        ASSERT(i == 0 || list[i].bit > list[i - 1].bit);
        ASSERT(list[i].id.len > 0 && list[i].title.len > 0);
    }
}

/* The label with every name of one policy. */
static label
everything(const struct label_names *n)
{
    label l = label_of_level((int)n->level_count - 1);
    for (size_t i = 0; i < n->compartment_count; i++)
        l = label_with(l, n->compartments[i].bit);
    for (size_t i = 0; i < n->taint_count; i++)
        l = label_with(l, n->taints[i].bit);
    for (int bit = LABEL_REL_FIRST; bit < LABEL_REL_FIRST + LABEL_REL_COUNT; bit++)
        l = label_with(l, bit);
    for (size_t i = 0; i < n->party_count; i++)
        l.w[n->parties[i].bit / 64] &= ~((uint64_t)1 << (n->parties[i].bit % 64));
    return l;
}

static void
check_policy(policy *p)
{
    const struct label_names *n = policy_names(p);
    char room[LABEL_TEXT_MAX];
    label l = everything(n), again = LABEL_BOTTOM;
    ASSERT(n->level_count >= 1);
    check_list(n->levels, n->level_count, 0, LABEL_LEVEL_COUNT);
    check_list(n->compartments, n->compartment_count, LABEL_COMPARTMENT_FIRST,
               LABEL_COMPARTMENT_COUNT);
    check_list(n->parties, n->party_count, LABEL_REL_FIRST, LABEL_REL_COUNT);
    check_list(n->taints, n->taint_count, LABEL_TAINT_FIRST, LABEL_TAINT_COUNT);
    ASSERT(label_parse(n, label_text(n, l, room), &again).code == ERR_OK && label_eq(l, again));
    for (size_t i = 0; i < n->level_count; i++) {
        ASSERT(policy_set_ceiling(p, n->levels[i].id).code == ERR_OK);
        ASSERT(label_level(policy_ceiling(p)) == (int)i);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    policy *p = NULL;
    const err e = policy_load((str){(const char *)data, len}, &p);
    ASSERT(e.code == ERR_OK || e.code == ERR_CONFIG);
    ASSERT((e.code == ERR_OK) == (p != NULL));
    if (p)
        check_policy(p);
    policy_free(p);
    return 0;
}
