/* SPDX-License-Identifier: EUPL-1.2 */
/* log_puppet.h - hoheit-log as the test program plays it; for rig.h. */
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "audit/proto.h"
#include "os/file.h"
#include "os/ipc.h"
#include "super/boot.h"

enum puppet {
    /* test to gate; types from PUPPET_SAY on are said to hoheitd, less PUPPET_SAY */
    PUPPET_EXIT = 1, /* id: the status */
    PUPPET_DIE,      /* by SIGKILL */
    PUPPET_CLOSE,    /* the channel to hoheitd */
    PUPPET_ECHO,
    PUPPET_SAY = 1000,
    /* gate to test; types from PUPPET_HEARD on came from hoheitd */
    PUPPET_BORN = 500, /* id: pid; body: struct born */
    PUPPET_ECHOED,
    PUPPET_UNHEARD, /* log to test; id: how much hoheitd said before there was a channel */
    PUPPET_HEARD = 2000,
    ENGINE_BORN = 5000 /* engine to test, over its own channel; tail: its arguments, a line each */
};

enum { RIG_LOG_FAILS = 4711 }; /* boot.log_fault: it cannot be opened */

static _Alignas(16) char rig_room[IPC_ROOM];

/* ---- the log */
static unsigned log_puppet_unheard;

static inline void
log_puppet_pass_on(int client, const struct ipc_message *m)
{
    if (m->head.type == LOG_STOP)
        _exit(0);
    if (client < 0)
        log_puppet_unheard++;
    else
        IGNORE(ipc_send_wait(client, PUPPET_HEARD + m->head.type, 0, m->body, m->head.body_len,
                             STR_NONE, -1)); /* the test may listen no more */
}

static inline void
log_puppet_obey(const struct ipc_message *m)
{
    if (m->head.type == PUPPET_EXIT)
        _exit((int)m->head.id);
    if (m->head.type == PUPPET_DIE)
        raise(SIGKILL);
    if (m->head.type >= PUPPET_SAY && ipc_send_wait(BOOT_LOG_FD_CONTROL, m->head.type - PUPPET_SAY,
                                                    0, m->body, m->head.body_len, STR_NONE, -1)
                                          .code)
        _exit(98);
}

static inline void
log_puppet_is_born(void)
{
    static struct boot_log boot;
    size_t len = 0;
    IGNORE(file_read_at(BOOT_LOG_FD_BOOT, 0, &boot, sizeof boot, &len)); /* looked at below */
    if (len != sizeof boot || boot.version != BOOT_VERSION || boot.fault == RIG_LOG_FAILS)
        _exit(65);
    IGNORE(ipc_send_wait(BOOT_LOG_FD_CONTROL, LOG_READY, 0, NULL, 0, STR_NONE, -1));
}

/* Another channel takes the place of the one before. */
static inline void
log_puppet_hear(struct pollfd *client)
{
    struct ipc_message m;
    if (ipc_recv_wait(BOOT_LOG_FD_CONTROL, 0, rig_room, &m).code)
        _exit(0);
    if (m.fd < 0) {
        log_puppet_pass_on(client->fd, &m);
        return;
    }
    fd_auto(&client->fd);
    client->fd = m.fd;
    IGNORE(ipc_send_wait(m.fd, PUPPET_UNHEARD, log_puppet_unheard, NULL, 0, STR_NONE,
                         -1)); /* nor may anybody listen here */
    log_puppet_unheard = 0;
}

static inline _Noreturn void
log_puppet_run(void)
{
    struct pollfd p[] = {{.fd = BOOT_LOG_FD_CONTROL, .events = POLLIN},
                         {.fd = -1, .events = POLLIN}};
    struct ipc_message m;
    log_puppet_is_born();
    for (;;) {
        if (poll(p, 2, -1) <= 0)
            continue;
        if (p[0].revents)
            log_puppet_hear(&p[1]);
        else if (ipc_recv_wait(p[1].fd, 0, rig_room, &m).code)
            fd_auto(&p[1].fd);
        else
            log_puppet_obey(&m);
    }
}
