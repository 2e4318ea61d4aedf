/* SPDX-License-Identifier: EUPL-1.2 */
/* hidden.h - texts pseudonymised for a test. */
#pragma once
#include "base/buf.h"
#include "downgrade/pseudonym.h"
#include "test.h"

enum { HIDDEN_MAX = 8 };

struct hidden {
    arena *a;
    str texts[HIDDEN_MAX];
    size_t count;
    pseudonyms *m;
};

static inline void
hidden_open(struct hidden *h, const char *const *texts, size_t count)
{
    const lexicon *x = NULL;
    str given[HIDDEN_MAX];
    *h = (struct hidden){.count = count};
    for (size_t i = 0; i < count; i++)
        given[i] = str_of(texts[i]);
    CHECK_OK(arena_open(256 * 1024 * 1024, &h->a));
    CHECK_OK(detect_open(h->a, &x));
    CHECK_OK(pseudonym_hide(h->a, &(struct pseudonym_ask){x, 5, given, count}, h->texts, &h->m));
}

static inline void
hidden_close(struct hidden *h)
{
    arena_free(h->a);
}

#define HIDE(h, ...)                                                                               \
    struct hidden h;                                                                               \
    hidden_open(&h, (const char *const[]){__VA_ARGS__},                                            \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
