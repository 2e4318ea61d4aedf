/* SPDX-License-Identifier: EUPL-1.2 */
/* A process for one document. */
#include <unistd.h>

#include "know/cell/cell.h"
#include "know/read/read.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "os/share.h"
#include "os/sys.h"
#include "sight/decode.h"
#include "sight/pixels.h"

enum { FILES_MAX = 64, PATHS_MAX = 12 };

/* ---- our own reading */

static fallible
confine(uint64_t cpu_s_max)
{
    struct sandbox_report report;
    const struct sandbox_spec spec = {.role = SANDBOX_READER,
                                      .memory_bytes_max = CELL_MEMORY_BYTES_MAX,
                                      .file_bytes_max = CELL_OUT_BYTES_MAX,
                                      .cpu_s_max = cpu_s_max,
                                      .files_max = FILES_MAX};
    return sandbox_enter(&spec, &report);
}

static fallible
read_image(void)
{
    AUTO(buf) b = BUF(PIXELS_BYTES_MAX);
    str bytes;
    TRY(share_map(WORKER_FD_IN, CELL_IN_BYTES_MAX, &bytes));
    TRY(confine(CELL_IMAGE_CPU_S_MAX));
    TRY(decode_image(bytes, &b));
    return file_write_all(WORKER_FD_OUT, buf_str(&b));
}

static fallible
read_document(enum doc_form form)
{
    AUTO(buf) b = BUF(CELL_OUT_BYTES_MAX);
    str bytes;
    TRY(share_map(WORKER_FD_IN, CELL_IN_BYTES_MAX, &bytes));
    TRY(confine(CELL_CPU_S_MAX));
    TRY(read_to_markdown(form, bytes, &b));
    return file_write_all(WORKER_FD_OUT, buf_str(&b));
}

/* ---- pdftohtml */

/* Of `wanted` what is there. */
static void
choose(const char *const *wanted, const char *ret[PATHS_MAX])
{
    size_t count = 0;
    for (; *wanted; wanted++)
        if (count + 1 < PATHS_MAX && access(*wanted, F_OK) == 0)
            ret[count++] = *wanted;
    ret[count] = NULL;
}

static fallible
confine_tool(void)
{
    static const char *const programs[] = {"/usr/bin",       "/usr/lib", "/usr/lib64",
                                           "/usr/local/bin", "/lib",     "/lib64",
                                           "/usr/local/lib", NULL};
    static const char *const files[] = {"/etc/ld.so.cache", "/etc/localtime", "/usr/share/poppler",
                                        "/usr/share/zoneinfo", NULL};
    const char *runnable[PATHS_MAX], *readable[PATHS_MAX];
    struct sandbox_report report;
    choose(programs, runnable);
    choose(files, readable);
    const struct sandbox_spec spec = {.role = SANDBOX_TOOL,
                                      .runnable = runnable,
                                      .readable = readable,
                                      .memory_bytes_max = CELL_MEMORY_BYTES_MAX,
                                      .file_bytes_max = CELL_OUT_BYTES_MAX,
                                      .cpu_s_max = CELL_CPU_S_MAX,
                                      .files_max = FILES_MAX};
    return sandbox_enter(&spec, &report);
}

/* Its complaints go nowhere: they can hold what the document says. */
static fallible
become_tool(void)
{
    const char *const path = cell_pdf_tool();
    const char *const argv[] = {"pdftohtml",       "-xml", "-i", "-q", "-stdout",
                                "/proc/self/fd/3", NULL};
    const char *const env[] = {"LANG=C.UTF-8", NULL};
    if (!path)
        FAIL(NOT_FOUND, "pdftohtml");
    TRY(confine_tool());
    if (SYS(dup2(STDOUT_FILENO, STDERR_FILENO)) < 0 || SYS(dup2(WORKER_FD_OUT, STDOUT_FILENO)) < 0)
        return file_errno("redirect", path);
    SYS(execve(path, (char **)(uintptr_t)argv, (char **)(uintptr_t)env));
    return file_errno("run", path);
}

int
worker_run(str name)
{
    enum doc_form form = DOC_TEXT;
    err e = OK;
    if (str_eq(name, STR("image")))
        e = read_image();
    else if (str_eq(name, STR("tool")))
        e = become_tool();
    else
        e = doc_form_read(name, &form);
    if (!e.code && !str_eq(name, STR("image")))
        e = read_document(form);
    if (e.code) /* of a descriptor that takes nothing nobody hears */
        IGNORE(file_write_all(WORKER_FD_OUT, str_of(err_text())));
    return e.code;
}
