/* SPDX-License-Identifier: EUPL-1.2 */
/* The test plays hoheitd and hoheit-reader. */
#include "gate/cells/cells.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "know/cell/cell.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/share.h"
#include "test.h"
#include "unit/model/small_policy.h"

enum { SAID_MAX = 200, PLACES = CONTROL_READERS_MAX - 1 /* for documents */ };

static _Alignas(16) char room[IPC_ROOM];

struct heard {
    cells_job *job;
    unsigned calls;
    err e;
    char text[256];
    cells_job **cancels; /* another one, when it is told */
};

static struct rig {
    loop *l;
    arena *a;
    policy *p;
    cells *c;
    const grant *g;
    uint64_t asked[SAID_MAX];
    size_t starts, stops;
    bool deaf; /* hoheitd takes no message */
} rig;

static err
say(void *ctx, enum control_message what, uint64_t id)
{
    (void)ctx;
    if (rig.deaf)
        FAIL(BUSY, "deaf");
    if (what == CONTROL_READER_START && rig.starts < SAID_MAX)
        rig.asked[rig.starts++] = id;
    rig.stops += what == CONTROL_READER_STOP;
    return OK;
}

static void
open_rig(uint64_t ms_max)
{
    memset(&rig, 0, sizeof rig);
    NEED_OK(arena_open(1 << 20, &rig.a));
    NEED_OK(loop_new(&rig.l));
    rig.p = small_policy();
    rig.g = small_grant(rig.p, rig.a, "offen");
    NEED_OK(cells_new(&(struct cells_spec){.l = rig.l, .say = say, .ms_max = ms_max}, &rig.c));
}

static void
close_rig(void)
{
    cells_free(TAKE(rig.c));
    loop_free(rig.l);
    arena_free(rig.a);
    policy_free(rig.p);
}

static void
on_read(void *ctx, content text, err e)
{
    struct heard *const h = ctx;
    str open = STR_NONE;
    h->calls++;
    h->e = e;
    h->job = NULL;
    if (!e.code)
        CHECK_OK(content_open(text, rig.g, &open));
    snprintf(h->text, sizeof h->text, "%.*s", STR_FMT(e.code ? str_of(err_public(e)) : open));
    if (h->cancels)
        cells_cancel(TAKE(*h->cancels));
}

static err
ask_form(struct heard *h, uint32_t form, const char *bytes)
{
    const struct cells_ask q = {
        .grant = rig.g, .form = form, .bytes = content_of(str_of(bytes), LABEL_BOTTOM)};
    return cells_read(rig.c, &q, on_read, h, &h->job);
}

static err
ask(struct heard *h, const char *bytes)
{
    return ask_form(h, DOC_DOCX, bytes);
}

/* hoheitd starts what was asked for the n-th time; the reader's end. */
static int
up(size_t n)
{
    int pair[2];
    CHECK_OK(ipc_pair(pair));
    cells_up(rig.c, rig.asked[n], pair[0]);
    return pair[1];
}

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        const uint64_t until_ = clock_ms() + 20000;                                                \
        while (!(condition) && clock_ms() < until_)                                                \
            (void)loop_turn_for(rig.l, 5);                                                         \
        CHECK(condition);                                                                          \
    } while (0)

/* What the reader was handed. */
static void
check_asked(int far, const char *bytes)
{
    struct ipc_message m;
    struct cell_ask q;
    str got = STR_NONE;
    NEED_OK(ipc_recv_wait(far, 10000, room, &m));
    CHECK_INT(m.head.type, ==, CELL_READ);
    memcpy(&q, m.body, sizeof q);
    CHECK_INT(q.form, ==, DOC_DOCX);
    NEED_OK(share_map(m.fd, 4096, &got));
    CHECK_STR(got, str_of(bytes));
    share_unmap(got);
    close(m.fd);
}

static void
answer(int far, enum err_code code, const char *text)
{
    struct cell_answer a = {.code = code};
    AUTO(fd) read = -1;
    snprintf(a.text, sizeof a.text, "%s", code ? text : "");
    if (!code)
        CHECK_OK(share_make("read", str_of(text), &read));
    CHECK_OK(ipc_send_wait(far, CELL_DONE, 0, &a, sizeof a, STR_NONE, read));
}

TEST(a_document_goes_to_a_reader_of_its_own_and_comes_back_as_text)
{
    struct heard h = {0};
    open_rig(0);
    NEED_OK(ask(&h, "PK"));
    CHECK(rig.starts == 1 && h.calls == 0);
    AUTO(fd) far = up(0);
    check_asked(far, "PK");
    answer(far, ERR_OK, "# Hund");
    UNTIL(h.calls);
    CHECK(!h.e.code);
    CHECK_STR(str_of(h.text), STR("# Hund"));
    CHECK_INT(rig.stops, ==, 1);
    close_rig();
}

TEST(what_is_wrong_with_a_document_is_told_as_its_reader_says_it)
{
    static const struct {
        enum err_code code;
        const char *said;
    } cases[] = {{ERR_PARSE, "is damaged"}, {ERR_LIMIT, "is too large"}, {ERR_UNSUPPORTED, "x"}};
    open_rig(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct heard h = {0};
        NEED_OK(ask(&h, "x"));
        AUTO(fd) far = up(i);
        answer(far, cases[i].code, cases[i].said);
        UNTIL(h.calls);
        CHECK_INT(h.e.code, ==, cases[i].code);
        CHECK_STR(str_of(h.text), str_of(cases[i].said));
    }
    close_rig();
}

TEST(a_reader_that_dies_lies_or_cannot_be_started_costs_its_document_alone)
{
    struct heard lost = {0}, liar = {0}, none = {0}, good = {0};
    open_rig(0);
    NEED_OK(ask(&lost, "x"));
    close(up(0));
    UNTIL(lost.calls);
    CHECK_STR(str_of(lost.text), STR("cannot be read: its reader was lost"));
    NEED_OK(ask(&liar, "x"));
    AUTO(fd) far = up(1);
    CHECK_OK(ipc_send_wait(far, CELL_READ, 0, "x", 1, STR_NONE, -1));
    UNTIL(liar.calls);
    CHECK_STR(str_of(liar.text), STR("cannot be read: its reader failed"));
    NEED_OK(ask(&none, "x"));
    cells_up(rig.c, rig.asked[2], -1);
    CHECK_INT(none.e.code, ==, ERR_PARSE);
    NEED_OK(ask(&good, "x"));
    AUTO(fd) last = up(3);
    answer(last, ERR_OK, "gut");
    UNTIL(good.calls);
    CHECK(!good.e.code && lost.calls == 1 && liar.calls == 1 && none.calls == 1);
    close_rig();
}

TEST(so_many_run_at_a_time_and_the_others_wait_their_turn)
{
    struct heard h[PLACES + 2] = {0};
    fd far[PLACES + 2];
    open_rig(0);
    for (size_t i = 0; i < PLACES + 2; i++)
        NEED_OK(ask(&h[i], "x"));
    CHECK_INT(rig.starts, ==, PLACES);
    for (size_t i = 0; i < PLACES + 2; i++) {
        NEED(rig.starts > i);
        far[i] = up(i);
        answer(far[i], ERR_OK, "x");
        UNTIL(h[i].calls);
        close(far[i]);
    }
    CHECK_INT(rig.starts, ==, PLACES + 2);
    for (size_t i = 1; i < rig.starts; i++) /* each has an id of its own */
        CHECK(rig.asked[i] != rig.asked[i - 1]);
    close_rig();
}

TEST(beyond_what_may_wait_the_next_is_refused)
{
    static struct heard h[PLACES + CELLS_WAITING_MAX + 1];
    memset(h, 0, sizeof h);
    open_rig(0);
    for (size_t i = 0; i < PLACES + CELLS_WAITING_MAX; i++)
        NEED_OK(ask(&h[i], "x"));
    CHECK_ERR(ask(&h[PLACES + CELLS_WAITING_MAX], "x"), BUSY);
    cells_cancel(TAKE(h[5].job));
    CHECK_OK(ask(&h[5], "x"));
    close_rig(); /* nobody is told any more */
    for (size_t i = 0; i < PLACES + CELLS_WAITING_MAX; i++)
        CHECK_INT(h[i].calls, ==, 0);
}

TEST(what_takes_too_long_is_given_up)
{
    struct heard a = {0}, b = {0};
    open_rig(1);
    NEED_OK(ask(&a, "x")); /* its reader is there and says nothing */
    const int far = up(0);
    NEED_OK(ask(&b, "x")); /* its reader never comes */
    UNTIL(a.calls && b.calls);
    CHECK_STR(str_of(a.text), STR("takes too long to read"));
    CHECK_STR(str_of(b.text), STR("takes too long to read"));
    CHECK_INT(rig.stops, ==, 2);
    close(far);
    int pair[2];
    NEED_OK(ipc_pair(pair));
    cells_up(rig.c, rig.asked[1], pair[0]); /* and then it does: its channel is closed */
    struct ipc_message m;
    CHECK_ERR(ipc_recv_wait(pair[1], 1000, room, &m), ENGINE_LOST);
    close(pair[1]);
    close_rig();
}

TEST(who_cancels_is_told_nothing_and_makes_room)
{
    struct heard h[PLACES + 3] = {0};
    open_rig(0);
    for (size_t i = 0; i < PLACES + 3; i++)
        NEED_OK(ask(&h[i], "x"));
    cells_cancel(TAKE(h[0].job));
    CHECK_INT(rig.starts, ==, PLACES + 1);
    cells_cancel(TAKE(h[PLACES + 1].job));
    cells_cancel(TAKE(h[PLACES + 2].job));
    cells_cancel(NULL);
    h[1].cancels = &h[PLACES].job; /* one is told, and gives up another */
    AUTO(fd) far = up(1);
    answer(far, ERR_OK, "x");
    UNTIL(h[1].calls);
    CHECK(h[0].calls == 0 && h[PLACES].calls == 0);
    CHECK_INT(rig.stops, ==, 3);
    close_rig();
}

TEST(nothing_above_the_grant_reaches_a_reader)
{
    struct heard h = {0};
    open_rig(0);
    const struct cells_ask q = {.grant = rig.g,
                                .form = DOC_PDF,
                                .bytes = content_of(STR("x"), small_label(rig.p, "intern"))};
    CHECK_ERR(cells_read(rig.c, &q, on_read, &h, &h.job), DENIED);
    CHECK_INT(rig.starts, ==, 0);
    close_rig();
}

TEST(a_hoheitd_that_does_not_listen_is_a_failure_of_who_asks)
{
    struct heard h[PLACES + 1] = {0};
    open_rig(0);
    for (size_t i = 0; i < PLACES + 1; i++)
        NEED_OK(ask(&h[i], "x"));
    rig.deaf = true;
    AUTO(fd) far = up(0);
    answer(far, ERR_OK, "x");
    UNTIL(h[PLACES].calls);
    CHECK_INT(h[PLACES].e.code, ==, ERR_BUSY);
    CHECK_ERR(ask(&h[0], "x"), BUSY);
    close_rig();
}

TEST(only_what_holds_no_plain_text_is_read_there)
{
    for (int f = 0; f < DOC_FORMS; f++)
        CHECK_INT(cells_reads((enum doc_form)f), ==, f == DOC_DOCX || f == DOC_ODT || f == DOC_PDF);
}

TEST(whatever_fails_on_the_way_is_told_once)
{
    bool fired = true;
    for (long n = 1; fired && n < 100; n++) {
        struct heard h = {0};
        int pair[2];
        open_rig(0);
        NEED_OK(ipc_pair(pair));
        answer(pair[1], ERR_OK, "x"); /* it knows before it is asked */
        fault_arm(n);
        const err e = ask(&h, "x");
        if (e.code)
            close(pair[0]);
        else
            cells_up(rig.c, rig.asked[0], pair[0]);
        for (int i = 0; !e.code && !h.calls && i < 1000; i++)
            (void)loop_turn_for(rig.l, 5);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(h.calls, ==, e.code ? 0 : 1);
        close(pair[1]);
        close_rig();
    }
}

TEST(an_image_waits_for_no_document)
{
    struct heard h[PLACES + 1] = {0}, image = {0}, second = {0};
    open_rig(0);
    for (size_t i = 0; i < PLACES + 1; i++)
        NEED_OK(ask(&h[i], "d"));
    CHECK_INT(rig.starts, ==, PLACES);
    NEED_OK(ask_form(&image, CELL_IMAGE, "i"));
    CHECK_INT(rig.starts, ==, PLACES + 1);
    NEED_OK(ask_form(&second, CELL_IMAGE, "j"));
    CHECK_INT(rig.starts, ==, PLACES + 1);
    cells_cancel(
        TAKE(image.job)); /* its place is for images: the document before goes on waiting */
    CHECK_INT(rig.starts, ==, PLACES + 2);
    cells_cancel(TAKE(h[PLACES].job));
    CHECK_INT(rig.starts, ==, PLACES + 2);
    close_rig();
}
