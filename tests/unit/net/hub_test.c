/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/hub.h"

#include "base/fault.h"
#include "os/clock.h"
#include "test.h"

static void
on_request(void *ctx, http_exchange *x)
{
    (void)ctx, (void)x;
}

static void
open_hub(struct hub *h, meters *m)
{
    struct params p;
    params_default(&p);
    hub_init(h, &p, m, (struct http_hooks){.on_request = on_request});
}

TEST(the_date_has_the_form_of_rfc_9110)
{
    static const struct {
        int64_t wall_ms;
        const char *text;
    } known[] = {
        {784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {951782400000, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {1767225599999, "Wed, 31 Dec 2025 23:59:59 GMT"},
        {1767225600000, "Thu, 01 Jan 2026 00:00:00 GMT"},
    };
    struct hub h;
    meters m = {0};
    open_hub(&h, &m);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        clock_fix(1, known[i].wall_ms);
        CHECK_STR(hub_date(&h), str_of(known[i].text));
        CHECK_STR(hub_date(&h), str_of(known[i].text));
    }
    clock_free();
    hub_done(&h);
}

TEST(arenas_come_back_empty_and_a_bounded_number_is_kept)
{
    enum { COUNT = HUB_SPARES_MAX + 10 };
    struct hub h;
    meters m = {0};
    arena *a[COUNT];
    open_hub(&h, &m);
    for (int i = 0; i < COUNT; i++) {
        NEED_OK(hub_take_arena(&h, &a[i]));
        (void)arena_get(a[i], 1000);
    }
    for (int i = 0; i < COUNT; i++)
        hub_give_arena(&h, a[i]);
    CHECK_INT(h.spare_count, ==, HUB_SPARES_MAX);
    for (int i = 0; i < HUB_SPARES_MAX; i++) {
        NEED_OK(hub_take_arena(&h, &a[i]));
        CHECK_INT(arena_used(a[i]), ==, 0);
    }
    CHECK_INT(h.spare_count, ==, 0);
    for (int i = 0; i < HUB_SPARES_MAX; i++)
        hub_give_arena(&h, a[i]);
    hub_done(&h);
}

TEST(without_memory_there_is_no_arena_and_with_a_spare_one_none_is_needed)
{
    struct hub h;
    meters m = {0};
    arena *a = NULL;
    open_hub(&h, &m);
    fault_arm(1);
    CHECK_ERR(hub_take_arena(&h, &a), LIMIT);
    fault_arm(0);
    CHECK(a == NULL);
    NEED_OK(hub_take_arena(&h, &a));
    hub_give_arena(&h, a);
    fault_arm(1);
    NEED_OK(hub_take_arena(&h, &a));
    fault_arm(0);
    hub_give_arena(&h, a);
    hub_done(&h);
}

static void
count(void *owner)
{
    ++*(int *)owner;
}

TEST(what_is_due_is_told_once)
{
    struct hub h;
    meters m = {0};
    int told = 0, never = 0;
    struct deadline d = {.expired = count, .owner = &told};
    struct deadline later = {.expired = count, .owner = &never};
    open_hub(&h, &m);
    clock_fix(0, 0);
    deadline_arm(&h.deadlines, &d, DEADLINE_HEADER, 0);
    deadline_arm(&h.deadlines, &later, DEADLINE_IDLE, 0);
    hub_expire(&h);
    CHECK_INT(told, ==, 0);
    clock_fix(h.p.net_header_ms_max * 1000000, 0);
    hub_expire(&h);
    hub_expire(&h);
    CHECK_INT(told, ==, 1);
    CHECK_INT(never, ==, 0);
    deadline_disarm(&later);
    clock_free();
    hub_done(&h);
}
