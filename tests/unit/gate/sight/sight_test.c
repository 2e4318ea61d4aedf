/* SPDX-License-Identifier: EUPL-1.2 */
/* The test plays hoheit-reader at the other end of the channel. */
#include "gate/sight/sight.h"

#include <unistd.h>
#include <uv.h>

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
    sight *s;
    int reader;
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

static void
connect_reader(void)
{
    int pair[2];
    CHECK_OK(ipc_pair(pair));
    if (at.reader > 0)
        close(at.reader);
    at.reader = pair[1];
    CHECK_OK(sight_connect(at.s, pair[0]));
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
    CHECK_OK(sight_new(at.l, &at.s));
    connect_reader();
}

static void
close_rig(void)
{
    sight_free(at.s);
    if (at.reader >= 0)
        close(at.reader);
    loop_free(at.l);
    arena_free(at.a);
    policy_free(at.p);
}

static err
ask(sight_job **ret)
{
    const struct sight_wish w = {.a = at.a, .conv = &at.conv, .own = at.own, .fn = on_seen};
    return sight_ask(at.s, &w, ret);
}

static void
wake(void *ctx)
{
    (void)ctx;
}

static void
turn(void)
{
    if (!loop_timer_start(at.l, 5, 0, wake, NULL, NULL).code)
        (void)uv_run(loop_uv(at.l), UV_RUN_ONCE);
}

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        const uint64_t until_ = clock_ms() + 20000;                                                \
        while (!(condition) && clock_ms() < until_)                                                \
            turn();                                                                                \
        CHECK(condition);                                                                          \
    } while (0)

/* The reader is handed an image; its question's id. */
static uint64_t
hear(str want)
{
    static _Alignas(16) char room[IPC_ROOM];
    struct ipc_message m;
    str bytes = STR_NONE;
    if (ipc_recv_wait(at.reader, 10000, room, &m).code)
        return 0;
    CHECK(m.head.type == CELL_READ && m.fd >= 0);
    CHECK_OK(share_map(m.fd, 1000, &bytes));
    CHECK_STR(bytes, want);
    share_unmap(bytes);
    close(m.fd);
    return m.head.id;
}

static void
say(uint64_t id, uint32_t code, const char *text, str pixels)
{
    struct cell_answer a = {.code = code};
    AUTO(fd) f = -1;
    (void)snprintf(a.text, sizeof a.text, "%s", text);
    if (pixels.len)
        CHECK_OK(share_make("pixels", pixels, &f));
    CHECK_OK(ipc_send_wait(at.reader, CELL_DONE, id, &a, sizeof a, STR_NONE, f));
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
    close(at.reader);
    at.reader = -1;
    UNTIL(at.calls == 1);
    CHECK_ERR(at.got, ENGINE_LOST);
    CHECK_ERR(ask(&j), BUSY);
    connect_reader();
    NEED_OK(ask(&j));
    say(hear(STR("one")), 0, "", good);
    UNTIL(at.images[0].width == 2);
    say(hear(STR("two")), 0, "", good);
    UNTIL(at.calls == 2);
    CHECK_OK(at.got);
    close_rig();
}

TEST(a_message_that_is_none_ends_the_channel)
{
    sight_job *j;
    open_rig();
    NEED_OK(ask(&j));
    CHECK_OK(ipc_send_wait(at.reader, 77, 1, NULL, 0, STR_NONE, -1));
    UNTIL(at.calls == 1);
    CHECK_ERR(at.got, ENGINE_LOST);
    close_rig();
}

TEST(who_was_forgotten_is_not_called_and_its_answer_is_passed_over)
{
    sight_job *first, *second;
    open_rig();
    NEED_OK(ask(&first));
    sight_forget(first);
    sight_forget(NULL);
    NEED_OK(ask(&second));
    say(hear(STR("one")), ERR_PARSE, "x", STR_NONE);
    say(hear(STR("one")), ERR_PARSE, "is late", STR_NONE);
    UNTIL(at.calls == 1);
    CHECK(strstr(err_text(), "is late"));
    sight_forget(second); /* over already */
    close_rig();
}

TEST(there_is_a_bound_on_who_waits)
{
    sight_job *j;
    open_rig();
    for (int i = 0; i < SIGHT_WAITING_MAX; i++)
        CHECK_OK(ask(&j));
    CHECK_ERR(ask(&j), BUSY);
    close_rig();
}

TEST(without_leave_to_read_it_no_image_goes_to_the_reader)
{
    sight_job *j;
    open_rig();
    at.own = small_grant(at.p, at.a, "offen");
    CHECK_ERR(ask(&j), DENIED);
    close_rig();
}
