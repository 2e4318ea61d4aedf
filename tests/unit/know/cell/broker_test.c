/* SPDX-License-Identifier: EUPL-1.2 */
/* What becomes of a worker that ends otherwise than it should. */
#include "know/cell/cell.h"

#include "rig.h"

TEST(a_worker_that_is_taken_over_or_crashes_costs_its_document_alone)
{
    RIG(r);
    CHECK_STR(rig_read(&r, DOC_HTML, STR("crash")),
              STR("! ended its reader: signal 11 (Segmentation fault)"));
    CHECK_STR(rig_read(&r, DOC_HTML, STR("spin")), STR("! takes too long to read"));
    CHECK_STR(rig_read(&r, DOC_HTML, STR("grow")), STR("! has too much text"));
    CHECK_STR(rig_read(&r, DOC_HTML, STR("gut")), STR("gut"));
}

TEST(what_a_worker_says_of_itself_is_one_line_of_text_or_nothing)
{
    RIG(r);
    CHECK_STR(rig_read(&r, DOC_HTML, STR("garble")), STR("! ??[2J"));
    CHECK_STR(rig_read(&r, DOC_HTML, STR("silent")), STR("! cannot be read"));
    CHECK_STR(rig_read(&r, DOC_HTML, STR("loud")), STR("! a?b?"));
}

TEST(a_question_that_is_none_ends_the_broker)
{
    const struct cell_ask bad = {.form = DOC_FORMS};
    const struct {
        uint32_t type;
        size_t len;
    } asks[] = {{CELL_DONE, sizeof bad}, {CELL_READ, 4}, {CELL_READ, sizeof bad}};
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        _Alignas(16) static char room[IPC_ROOM];
        struct ipc_message m;
        RIG(r);
        NEED_OK(ipc_send_wait(r.channel, asks[i].type, 0, &bad, asks[i].len, STR_NONE,
                              i == 2 ? STDERR_FILENO : -1));
        CHECK_ERR(ipc_recv_wait(r.channel, 10000, room, &m), ENGINE_LOST);
    }
}

TEST(a_worker_that_cannot_be_started_is_told)
{
    int pair[2], status = -1;
    NEED_OK(ipc_pair(pair));
    (void)fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        (void)close(pair[0]);
        _exit(broker_serve(pair[1], "/nowhere/hoheit-reader").code);
    }
    (void)close(pair[1]);
    struct rig r = {.channel = pair[0]};
    CHECK(str_starts(rig_read(&r, DOC_HTML, STR("x")), STR("! ")));
    (void)close(pair[0]);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}
