/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/outbox.h"

#include <stdlib.h>

#include "audit/entry.h"
#include "base/fault.h"
#include "os/clock.h"
#include "test.h"

enum { TOLD_MAX = 512 };

struct told {
    int count, at[TOLD_MAX];
    enum err_code codes[TOLD_MAX];
};
struct who {
    struct told *t;
    int number;
};
static struct who whos[TOLD_MAX];

static void
tell(void *ctx, err e)
{
    const struct who *w = ctx;
    w->t->codes[w->t->count] = (enum err_code)e.code;
    w->t->at[w->t->count++] = w->number;
}

static err
add(struct outbox *o, struct told *t, int number)
{
    const struct audit_record r = {.event = EVENT_DECISION, .tokens_in = (uint64_t)number};
    whos[number] = (struct who){t, number};
    return outbox_add(o, &r, tell, &whos[number]);
}

static struct parcel *
send_next(struct outbox *o)
{
    struct parcel *p = outbox_unsent(o);
    if (p)
        outbox_sent(o, p);
    return p;
}

static bool
settle(struct outbox *o, uint64_t first, uint64_t count, err e)
{
    struct parcel *p = outbox_settle(o, first, count);
    if (p)
        outbox_tell(o, p, first, count, e);
    return p != NULL;
}

/* The tokens_in of what a parcel holds. */
static void
check_holds(const struct parcel *p, int from, int count)
{
    str rest = buf_str(&p->bytes);
    CHECK_INT(p->count, ==, count);
    for (int i = 0; i < count; i++) {
        struct entry_view v;
        NEED_OK(entry_take(&rest, &v));
        CHECK_INT(v.record.tokens_in, ==, from + i);
    }
    CHECK_INT(rest.len, ==, 0);
}

TEST(what_is_added_gathers_until_it_is_sent_and_then_the_next_gathers)
{
    struct outbox o = {.next = 1};
    struct told t = {0};
    CHECK(!outbox_unsent(&o));
    for (int i = 0; i < 3; i++)
        CHECK_OK(add(&o, &t, i));
    const struct parcel *a = send_next(&o);
    NEED(a);
    CHECK_INT(a->first, ==, 1);
    check_holds(a, 0, 3);
    CHECK(!send_next(&o));
    CHECK_OK(add(&o, &t, 3));
    const struct parcel *b = send_next(&o);
    NEED(b && b != a);
    CHECK_INT(b->first, ==, 4);
    CHECK_INT(o.open, ==, 4);
    outbox_done(&o);
}

TEST(who_waits_is_told_once_in_order)
{
    struct outbox o = {.next = 0};
    struct told t = {0};
    for (int i = 0; i < 10; i++)
        CHECK_OK(add(&o, &t, i));
    send_next(&o);
    CHECK(settle(&o, 0, 4, OK));
    CHECK(!settle(&o, 3, 2, OK)); /* one of them twice */
    CHECK(settle(&o, 4, 6, err_start(ERR_IO, __FILE__, __LINE__, __func__, "broken")));
    CHECK_INT(t.count, ==, 10);
    for (int i = 0; i < 10; i++)
        CHECK(t.at[i] == i && t.codes[i] == (i < 4 ? ERR_OK : ERR_IO));
    CHECK(o.open == 0 && o.sent == 0 && !o.first);
    outbox_done(&o);
}

TEST(what_was_not_sent_or_is_not_there_cannot_be_settled)
{
    struct outbox o = {.next = 5};
    struct told t = {0};
    for (int i = 0; i < 3; i++)
        CHECK_OK(add(&o, &t, i));
    CHECK(!settle(&o, 5, 1, OK));
    send_next(&o);
    CHECK(!settle(&o, 4, 1, OK));
    CHECK(!settle(&o, 8, 1, OK));
    CHECK(!settle(&o, 5, 4, OK));
    CHECK(!settle(&o, 7, UINT64_MAX, OK));
    CHECK(!settle(&o, UINT64_MAX, 1, OK));
    CHECK(!settle(&o, 5, 0, OK));
    CHECK_INT(t.count, ==, 0);
    CHECK(settle(&o, 5, 3, OK));
    outbox_done(&o);
}

TEST(what_is_open_is_sent_again_and_nothing_else)
{
    struct outbox o = {.next = 1};
    struct told t = {0};
    for (int i = 0; i < 5; i++)
        CHECK_OK(add(&o, &t, i));
    send_next(&o);
    for (int i = 5; i < 8; i++)
        CHECK_OK(add(&o, &t, i));
    send_next(&o);
    CHECK(settle(&o, 1, 3, OK));
    outbox_again(&o);
    const struct parcel *a = send_next(&o), *b = send_next(&o);
    NEED(a && b && !send_next(&o));
    check_holds(a, 3, 2);
    check_holds(b, 5, 3);
    CHECK_INT(b->first, ==, a->first + 2);
    CHECK_INT(o.next, ==, b->first + 3);
    CHECK(settle(&o, b->first, 3, OK)); /* in any order */
    CHECK(settle(&o, a->first, 2, OK));
    CHECK_INT(t.count, ==, 8);
    CHECK_INT(o.open, ==, 0);
    outbox_done(&o);
}

TEST(waiting_ends_but_the_entry_stays)
{
    struct outbox o = {.next = 0};
    struct told t = {0};
    clock_fix(1000000000, 0);
    CHECK_OK(add(&o, &t, 0));
    clock_fix(2000000000, 0);
    CHECK_OK(add(&o, &t, 1));
    clock_free();
    outbox_expire(&o, 999, err_start(ERR_BUSY, __FILE__, __LINE__, __func__, "late"));
    CHECK_INT(t.count, ==, 0);
    outbox_expire(&o, 1500, err_start(ERR_BUSY, __FILE__, __LINE__, __func__, "late"));
    CHECK(t.count == 1 && t.at[0] == 0 && t.codes[0] == ERR_BUSY);
    CHECK_INT(o.open, ==, 2);
    send_next(&o);
    CHECK(settle(&o, 0, 2, OK));
    CHECK(t.count == 2 && t.at[1] == 1 && t.codes[1] == ERR_OK);
    outbox_done(&o);
}

TEST(who_is_forgotten_is_not_told)
{
    struct outbox o = {.next = 0};
    struct told t = {0};
    for (int i = 0; i < 3; i++)
        CHECK_OK(add(&o, &t, i));
    outbox_forget(&o, &whos[1]);
    send_next(&o);
    CHECK(settle(&o, 0, 3, OK));
    CHECK(t.count == 2 && t.at[0] == 0 && t.at[1] == 2);
    outbox_done(&o);
}

TEST(every_fault_leaves_what_was_added)
{
    long n = 1;
    for (bool fired = true; fired; n++) {
        struct outbox o = {.next = 0};
        struct told t = {0};
        int added = 0;
        fault_arm(n);
        for (int i = 0; i < 200; i++)
            added += add(&o, &t, i).code == 0;
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(o.open, ==, added);
        CHECK_INT(o.next, ==, added);
        const struct parcel *p = send_next(&o);
        CHECK(p && p->count == (size_t)added);
        CHECK(settle(&o, 0, (uint64_t)added, OK));
        CHECK_INT(t.count, ==, added);
        outbox_done(&o);
    }
    CHECK_INT(n, >, 3);
}
