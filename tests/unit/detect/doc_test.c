/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/doc.h"

#include "test.h"

static fallible
begin(struct doc *d, arena *a, str text)
{
    void *fields = NULL;
    const lexicon *x = NULL;
    TRY(detect_open(a, &x));
    *d = (struct doc){.text = text, .a = a, .x = x};
    TRY(tokens_read(x, text, a, &d->t));
    TRY(try_arena_get(a, d->t.count + 1, 1, &fields));
    d->field = fields;
    return OK;
}

TEST(of_overlapping_spans_the_best_and_longest_stay)
{
    AUTO(arena) *a = NULL;
    struct doc d;
    NEED_OK(arena_open(4 << 20, &a));
    NEED_OK(begin(&d, a, STR("eins zwei drei vier")));
    CHECK_OK(doc_add(&d, 5, 14, DETECT_PERSON, 50));
    CHECK_OK(doc_add(&d, 0, 9, DETECT_IBAN, 90));
    CHECK_OK(doc_add(&d, 10, 14, DETECT_KFZ, 40));
    CHECK_OK(doc_add(&d, 15, 19, DETECT_IP, 10));
    CHECK_OK(doc_settle(&d));
    NEED(d.found.count == 3);
    CHECK(d.found.at[0].type == DETECT_IBAN && d.found.at[1].type == DETECT_KFZ &&
          d.found.at[2].type == DETECT_IP);
    CHECK_INT(d.t.at[1].taken, ==, DETECT_IBAN);
}

TEST(labels_reach_a_little_way_and_the_nearest_is_known)
{
    AUTO(arena) *a = NULL;
    struct doc d;
    NEED_OK(arena_open(4 << 20, &a));
    NEED_OK(begin(&d, a,
                  STR("Steuer-ID, Telefon 12 aber viele W\u00f6rter sp\u00e4ter und noch einige "
                      "mehr, und wieder Worte, steht eine 34")));
    const struct labels near = doc_labels(&d, 3), far = doc_labels(&d, d.t.count - 1);
    CHECK(near.nearest == DETECT_TELEFON && labels_have(&near, DETECT_STEUER_ID));
    CHECK(far.nearest == DETECT_NONE && far.all == 0);
}
