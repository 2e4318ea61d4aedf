/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/cell/cell.h"

#include "rig.h"

/* A worker of its own, with this input; its exit status and what it wrote. */
static int
run_worker(const char *form, str bytes, char room[512])
{
    const char *const argv[] = {"hoheit-reader", form, NULL}, *const env[] = {NULL};
    AUTO(fd) in = -1;
    AUTO(fd) out = -1;
    int status = -1;
    pid_t pid = 0;
    size_t len = 0;
    CHECK_OK(share_make("in", bytes, &in));
    CHECK_OK(share_room("out", &out));
    const struct proc_spec spec = {
        .path = self_reader(), .argv = argv, .env = env, .fds = {in, out}, .fd_count = 2};
    CHECK_OK(proc_start(&spec, &pid));
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_OK(file_read_at(out, 0, room, 511, &len));
    room[len] = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(a_worker_reads_its_document_and_ends)
{
    char room[512];
    CHECK_INT(run_worker("html", STR("<p>Ja"), room), ==, 0);
    CHECK_STR(str_of(room), STR("Ja"));
}

TEST(a_worker_says_what_is_wrong)
{
    char room[512];
    CHECK_INT(run_worker("docx", STR("PK"), room), ==, ERR_PARSE);
    CHECK_STR(str_of(room), STR("is no whole zip file"));
    CHECK_INT(run_worker("gif", STR("GIF89a"), room), ==, ERR_ARGUMENT);
}

TEST(a_tool_without_a_pdf_prints_none)
{
    char room[512];
    if (!cell_pdf_tool())
        SKIP("no pdftohtml (poppler-utils)");
    CHECK_INT(run_worker("tool", STR("kein PDF"), room), !=, 0);
    CHECK_STR(str_of(room), STR(""));
}
