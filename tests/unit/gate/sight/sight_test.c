/* SPDX-License-Identifier: EUPL-1.2 */
/* The test plays hoheitd and hoheit-reader. */
#include "gate/sight/sight.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "know/cell/cell.h"
#include "os/clock.h"
#include "os/ipc.h"
#include "os/share.h"
#include "sight/pixels.h"
#include "unit/model/small_policy.h"

static struct {
    policy *p;
    arena *a;
    loop *l;
    cells *c;
    uint64_t asked; /* of hoheitd, last */
    bool deaf;
    const grant *own;
    struct conv conv;
    struct conv_message message;
    struct conv_image images[2];
    int calls;
    err got;
} at;

static void
on_seen(void *ctx, err e)
{
    (void)ctx;
    at.calls++;
    at.got = e;
}

static err
say_hoheitd(void *ctx, enum control_message what, uint64_t id)
{
    (void)ctx;
    if (at.deaf)
        FAIL(BUSY, "deaf");
    if (what == CONTROL_READER_START)
        at.asked = id;
    return OK;
}

static void
open_rig(void)
{
    memset(&at, 0, sizeof at);
    at.p = small_policy();
    CHECK_OK(arena_open(64 * 1024 * 1024, &at.a));
    CHECK_OK(loop_new(&at.l));
    at.own = small_grant(at.p, at.a, "intern");
    const label l = small_label(at.p, "intern");
    for (size_t i = 0; i < 2; i++)
        at.images[i] =
            (struct conv_image){.bytes = content_of(i ? STR("two") : STR("one"), l),
                                .place = i ? STR("messages[0].b") : STR("messages[0].a")};
    at.message.images = (conv_images){at.images, 2, 2};
    at.conv.messages.at = &at.message;
    at.conv.messages.count = 1;
    at.conv.label = l;
    CHECK_OK(cells_new(&(struct cells_spec){.l = at.l, .say = say_hoheitd}, &at.c));
}

static void
close_rig(void)
{
    cells_free(at.c);
    loop_free(at.l);
    arena_free(at.a);
    policy_free(at.p);
}

static err
ask(sight_job **ret)
{
    const struct sight_wish w = {.a = at.a, .conv = &at.conv, .own = at.own, .fn = on_seen};
    return sight_ask(at.c, &w, ret);
}

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        const uint64_t until_ = clock_ms() + 20000;                                                \
        while (!(condition) && clock_ms() < until_)                                                \
            (void)loop_turn_for(at.l, 5);                                                          \
        CHECK(condition);                                                                          \
    } while (0)

/* hoheitd starts a reader, which is handed an image; its end. */
static int
hear(str want)
{
    static _Alignas(16) char room[IPC_ROOM];
    struct ipc_message m = {.fd = -1};
    struct cell_ask q;
    str bytes = STR_NONE;
    int pair[2];
    CHECK_OK(ipc_pair(pair));
    cells_up(at.c, at.asked, pair[0]);
    CHECK_OK(ipc_recv_wait(pair[1], 10000, room, &m));
    CHECK(m.head.type == CELL_READ && m.head.body_len == sizeof q && m.fd >= 0);
    memcpy(&q, m.body, sizeof q);
    CHECK_INT(q.form, ==, CELL_IMAGE);
    CHECK_OK(share_map(m.fd, 1000, &bytes));
    CHECK_STR(bytes, want);
    share_unmap(bytes);
    close(m.fd);
    return pair[1];
}

static void
say(int reader, uint32_t code, const char *text, str pixels)
{
    struct cell_answer a = {.code = code};
    AUTO(fd) f = -1;
    (void)snprintf(a.text, sizeof a.text, "%s", text);
    if (pixels.len)
        CHECK_OK(share_make("pixels", pixels, &f));
    CHECK_OK(ipc_send_wait(reader, CELL_DONE, 0, &a, sizeof a, STR_NONE, f));
    close(reader);
}

static const struct {
    struct pixels head;
    uint8_t rgb[6];
    uint8_t end[2];
} seen = {{PIXELS_MAGIC, 2, 1, 0}, {1, 2, 3, 4, 5, 6}, {0}};
static const str good = {(const char *)&seen, sizeof seen.head + sizeof seen.rgb};

TEST(all_images_of_a_request_get_their_pixels_one_after_the_other)
{
    sight_job *j;
    open_rig();
    NEED_OK(ask(&j));
    say(hear(STR("one")), 0, "", good);
    UNTIL(at.images[0].width == 2);
    CHECK_INT(at.calls, ==, 0);
    say(hear(STR("two")), 0, "", good);
    UNTIL(at.calls == 1);
    CHECK_OK(at.got);
    CHECK(at.images[1].width == 2 && at.images[1].height == 1);
    CHECK_INT(content_len(at.images[1].pixels), ==, 6);
    CHECK(label_eq(at.images[1].pixels.label, at.conv.label));
    close_rig();
}

TEST(one_that_is_none_is_refused_by_its_place)
{
    sight_job *j;
    open_rig();
    NEED_OK(ask(&j));
    say(hear(STR("one")), 0, "", good);
    UNTIL(at.images[0].width == 2);
    say(hear(STR("two")), ERR_PARSE, "is no image", STR_NONE);
    UNTIL(at.calls == 1);
    CHECK_ERR(at.got, ARGUMENT);
    CHECK_STR(str_of(err_param()), STR("messages[0].b"));
    CHECK_STR(str_of(err_text()), STR("messages[0].b is no image"));
    close_rig();
}

TEST(what_comes_back_is_not_believed_to_be_pixels)
{
    static const char *const bad[] = {"", "short", "a text that is long enough to be a head"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sight_job *j;
        open_rig();
        NEED_OK(ask(&j));
        say(hear(STR("one")), 0, "", str_of(bad[i]));
        UNTIL(at.calls == 1);
        CHECK(at.got.code && at.images[0].width == 0);
        close_rig();
    }
}

TEST(who_waits_when_the_reader_ends_is_told_and_the_next_reader_serves)
{
    sight_job *j;
    open_rig();
    NEED_OK(ask(&j));
    close(hear(STR("one")));
    UNTIL(at.calls == 1);
    CHECK_ERR(at.got, ARGUMENT);
    CHECK(strstr(err_text(), "messages[0].a cannot be read"));
    NEED_OK(ask(&j));
    say(hear(STR("one")), 0, "", good);
    UNTIL(at.images[0].width == 2);
    say(hear(STR("two")), 0, "", good);
    UNTIL(at.calls == 2);
    CHECK_OK(at.got);
    close_rig();
}

TEST(where_no_reader_can_be_asked_for_the_first_image_is_refused_at_once_and_the_second_is_told)
{
    sight_job *j;
    open_rig();
    at.deaf = true;
    CHECK_ERR(ask(&j), BUSY);
    at.deaf = false;
    NEED_OK(ask(&j));
    const int reader = hear(STR("one"));
    at.deaf = true;
    say(reader, 0, "", good);
    UNTIL(at.calls == 1);
    CHECK_ERR(at.got, BUSY);
    close_rig();
}

TEST(who_was_forgotten_is_not_called)
{
    sight_job *first, *second;
    open_rig();
    NEED_OK(ask(&first));
    sight_forget(first);
    sight_forget(NULL);
    NEED_OK(ask(&second));
    say(hear(STR("one")), ERR_PARSE, "is late", STR_NONE);
    UNTIL(at.calls == 1);
    CHECK(strstr(err_text(), "is late"));
    sight_forget(second); /* over already */
    close_rig();
}

TEST(without_leave_to_read_it_no_image_goes_to_the_reader)
{
    sight_job *j;
    open_rig();
    at.own = small_grant(at.p, at.a, "offen");
    CHECK_ERR(ask(&j), DENIED);
    CHECK_INT(at.asked, ==, 0);
    close_rig();
}
