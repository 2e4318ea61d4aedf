/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - for the tests of super/: the test program itself plays the children.  Run under a
 * child's name (a link in the test's bin directory) it never reaches main:
 *
 *   hoheit-gate             a puppet.  Its "local listener" is a channel to the test: what comes
 *                           there it says to hoheitd or does, what hoheitd says it passes on.
 *   hoheit-log              another puppet.  Over the gate's channel to it the test has it say
 *                           things to hoheitd, and hears what hoheitd said.
 *   hoheit-engine(-toy)     says over its channel what it was started with, then ends as the
 *                           number of its last option wants: --token-ms or --memory-max.
 *   hoheit-reader           the same, without a model. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/proto.h"
#include "engine/control.h"
#include "os/file.h"
#include "os/ipc.h"
#include "super/boot.h"
#include "test.h"
#include "unit/super/log_puppet.h"

enum { ENDS_BY_KILL = 1009, LINE_MAX_BYTES = 4096 };

struct born {
    uint32_t version, has_tls_fd, cert_len;
    char data_dir[BOOT_PATH_MAX];
};

/* ---- the gate */
static inline void
puppet_tell(uint32_t type, uint64_t id, const void *body, size_t len, int f)
{
    if (ipc_send_wait(BOOT_FD_LOCAL, type, id, body, len, STR_NONE, f).code)
        _exit(99);
}

static inline void
puppet_is_born(void)
{
    static struct boot boot;
    static struct boot_tls tls;
    struct stat st;
    struct born b = {.has_tls_fd = fstat(BOOT_FD_TLS, &st) == 0};
    size_t len = 0;
    IGNORE(file_read_at(BOOT_FD_BOOT, 0, &boot, sizeof boot, &len)); /* the test looks */
    b.version = len == sizeof boot ? boot.version : 0;
    memcpy(b.data_dir, boot.data_dir, sizeof b.data_dir);
    if (b.has_tls_fd && !file_read_at(BOOT_FD_TLS, 0, &tls, sizeof tls, &len).code)
        b.cert_len = tls.cert_len;
    puppet_tell(PUPPET_BORN, (uint64_t)getpid(), &b, sizeof b, -1);
}

static inline void
puppet_obey(struct ipc_message *m)
{
    if (m->head.type == PUPPET_EXIT)
        _exit((int)m->head.id);
    if (m->head.type == PUPPET_DIE)
        raise(SIGKILL);
    if (m->head.type == PUPPET_CLOSE)
        close(BOOT_FD_CONTROL);
    if (m->head.type == PUPPET_ECHO)
        puppet_tell(PUPPET_ECHOED, m->head.id, NULL, 0, -1);
    if (m->head.type >= PUPPET_SAY &&
        ipc_send_wait(BOOT_FD_CONTROL, m->head.type - PUPPET_SAY, m->head.id, m->body,
                      m->head.body_len, STR_NONE, m->fd)
            .code)
        _exit(98);
    if (m->fd >= 0)
        close(m->fd);
}

static inline _Noreturn void
puppet_run(void)
{
    struct pollfd p[] = {{.fd = BOOT_FD_LOCAL, .events = POLLIN},
                         {.fd = BOOT_FD_CONTROL, .events = POLLIN}};
    puppet_is_born();
    for (;;) {
        struct ipc_message m;
        if (poll(p, 2, -1) <= 0)
            continue;
        if (p[0].revents) {
            if (ipc_recv_wait(BOOT_FD_LOCAL, 0, rig_room, &m).code)
                _exit(0); /* the test is over */
            puppet_obey(&m);
            p[1].fd = m.head.type == PUPPET_CLOSE ? -1 : p[1].fd;
        } else if (p[1].revents) {
            if (ipc_recv_wait(BOOT_FD_CONTROL, 0, rig_room, &m).code) {
                p[1].fd = -1;
                continue;
            }
            puppet_tell(PUPPET_HEARD + m.head.type, m.head.id, m.body, m.head.body_len, m.fd);
            if (m.fd >= 0)
                close(m.fd);
        }
    }
}

/* ---- an engine */
static inline int
engine_fate(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--token-ms") == 0 || strcmp(argv[i], "--memory-max") == 0)
            return (int)strtol(argv[i + 1], NULL, 10);
    return 0;
}

static inline _Noreturn void
engine_run(int argc, char **argv)
{
    static char line[LINE_MAX_BYTES];
    char head[64] = "";
    size_t n = 0, len = 0;
    struct ipc_message m;
    for (int i = 0; i < argc; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, "%s\n", argv[i]);
    for (char **e = environ; *e; e++)
        n += (size_t)snprintf(line + n, sizeof line - n, "%s\n", *e);
    if (fcntl(4, F_GETFD) >= 0 && !file_read_at(4, 0, head, sizeof head - 1, &len).code)
        snprintf(line + n, sizeof line - n, "model: %.*s\n", (int)len, head);
    /* Nobody may listen any more. */
    IGNORE(ipc_send_wait(3, ENGINE_BORN, (uint64_t)getpid(), NULL, 0, str_of(line), -1));
    const int fate = engine_fate(argc, argv);
    if (fate == ENDS_BY_KILL)
        raise(SIGKILL);
    if (fate)
        _exit(fate);
    while (!ipc_recv_wait(3, -1, rig_room, &m).code)
        ipc_release(&m);
    _exit(0);
}

__attribute__((constructor)) static void
be_a_child(int argc, char **argv)
{
    if (argc < 1)
        return;
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
    if (strcmp(name, "hoheit-gate") == 0)
        puppet_run();
    if (strcmp(name, "hoheit-log") == 0)
        log_puppet_run();
    if (strcmp(name, "hoheit-engine") == 0 || strcmp(name, "hoheit-engine-toy") == 0 ||
        strcmp(name, "hoheit-reader") == 0)
        engine_run(argc, argv);
}

/* ---- the test's side */
static inline const char *
rig_path(const char *name)
{
    static char room[8][BOOT_PATH_MAX];
    static unsigned next;
    char *at = room[next++ % 8];
    snprintf(at, BOOT_PATH_MAX, "%s/%s", test_dir(), name);
    return at;
}

/* test_dir()/bin with the programs, test_dir()/models with one file. */
#define RIG_MODEL "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.gguf"

static inline void
rig_make_dirs(struct boot *boot)
{
    static const char *const names[] = {"bin/hoheit-gate", "bin/hoheit-log", "bin/hoheit-engine",
                                        "bin/hoheit-engine-toy", "bin/hoheit-reader"};
    char own[BOOT_PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    own[n > 0 ? n : 0] = '\0';
    CHECK_OK(file_make_dir(rig_path("bin"), 0700));
    CHECK_OK(file_make_dir(rig_path("models"), 0700));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (symlink(own, rig_path(names[i])) != 0 && errno != EEXIST)
            test_fail(__FILE__, __LINE__, "cannot link %s", names[i]);
    CHECK_OK(file_write_atomic(rig_path("models/" RIG_MODEL), STR("weights"), 0600));
    memset(boot, 0, sizeof *boot);
    boot->version = BOOT_VERSION;
    params_default(&boot->params);
    snprintf(boot->data_dir, sizeof boot->data_dir, "%s", test_dir());
}
