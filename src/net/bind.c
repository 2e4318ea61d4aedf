/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/num.h"
#include "os/file.h"

enum { BACKLOG = 4096 };

static fallible
bind_failed(const char *address, int reason)
{
    if (reason == EADDRINUSE)
        REFUSE(PORT_TAKEN, "net.listen", "The address %s is already in use.", address);
    if (reason == EACCES || reason == EPERM || reason == EROFS)
        REFUSE(FORBIDDEN_FILE, "net.listen", "The address %s may not be bound.", address);
    if (reason == EADDRNOTAVAIL || reason == EAFNOSUPPORT || reason == ENOENT)
        REFUSE(ARGUMENT, "net.listen", "The address %s does not exist here.", address);
    FAIL(IO, "bind %s: %s", address, strerror(reason));
}

/* "host:port" with a numeric host. */
static fallible
read_address(str address, struct sockaddr_storage *ret, socklen_t *ret_len)
{
    char host[INET6_ADDRSTRLEN];
    uint64_t port;
    const bool six = str_starts(address, STR("["));
    const ptrdiff_t end = six ? str_find(address, STR("]:")) : str_find_char(address, ':');
    if (end < 0 || !str_copy(str_slice(address, six, (size_t)end), host, sizeof host) ||
        num_u64(str_slice(address, (size_t)end + 1 + six, address.len), 0, 65535, &port).code)
        REFUSE(ARGUMENT, "net.listen", "An address is written 127.0.0.1:7080 or [::1]:7080.");
    struct sockaddr_in6 *const v6 = (struct sockaddr_in6 *)(void *)ret;
    struct sockaddr_in *const v4 = (struct sockaddr_in *)(void *)ret;
    *ret = (struct sockaddr_storage){.ss_family = six ? AF_INET6 : AF_INET};
    *ret_len = six ? sizeof *v6 : sizeof *v4;
    if (six)
        v6->sin6_port = htons((uint16_t)port);
    else
        v4->sin_port = htons((uint16_t)port);
    if (inet_pton(ret->ss_family, host, six ? (void *)&v6->sin6_addr : (void *)&v4->sin_addr) != 1)
        REFUSE(ARGUMENT, "net.listen", "The host of an address is given as a number.");
    return OK;
}

static fallible
socket_new(int family, fd *ret)
{
    const int f = fault_now() ? -1 : socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (f < 0)
        FAIL(IO, "socket: %s", strerror(errno));
    *ret = f;
    return OK;
}

static fallible
show_bound(int f, char ret_bound[128])
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;
    char host[INET6_ADDRSTRLEN] = "";
    if (fault_now() || getsockname(f, (struct sockaddr *)&a, &len))
        FAIL(IO, "getsockname: %s", strerror(errno));
    const bool six = a.ss_family == AF_INET6;
    const struct sockaddr_in6 *const v6 = (const struct sockaddr_in6 *)(const void *)&a;
    const struct sockaddr_in *const v4 = (const struct sockaddr_in *)(const void *)&a;
    (void)inet_ntop(a.ss_family, six ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr,
                    host, sizeof host);
    (void)snprintf(ret_bound, 128, six ? "[%s]:%u" : "%s:%u", host,
                   ntohs(six ? v6->sin6_port : v4->sin_port));
    return OK;
}

static fallible
bind_inet(str address, int *ret_fd, char ret_bound[128])
{
    AUTO(fd) f = -1;
    struct sockaddr_storage a;
    socklen_t len = 0;
    char text[128];
    const int on = 1;
    TRY(read_address(address, &a, &len));
    (void)snprintf(text, sizeof text, "%.*s", STR_FMT(address));
    TRY(socket_new(a.ss_family, &f));
    if (setsockopt(f, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on))
        FAIL(IO, "SO_REUSEADDR: %s", strerror(errno));
    if (fault_now() || bind(f, (struct sockaddr *)&a, len) || listen(f, BACKLOG))
        return bind_failed(text, errno);
    TRY(show_bound(f, ret_bound));
    *ret_fd = fd_take(&f);
    return OK;
}

/* A socket file nobody listens on is left over from a program that ended badly. */
static fallible
remove_stale(const struct sockaddr_un *a)
{
    AUTO(fd) f = -1;
    struct stat st;
    if (lstat(a->sun_path, &st))
        return OK; /* nothing there, or bind will say what is wrong */
    if (!S_ISSOCK(st.st_mode))
        REFUSE(PORT_TAKEN, "net.listen", "%s is there and is no socket.", a->sun_path);
    TRY(socket_new(AF_UNIX, &f));
    if (connect(f, (const struct sockaddr *)a, sizeof *a) == 0 || errno != ECONNREFUSED)
        REFUSE(PORT_TAKEN, "net.listen", "The address %s is already in use.", a->sun_path);
    return file_remove(a->sun_path);
}

fallible
http_bind_unix(const char *path, int *ret_fd)
{
    AUTO(fd) f = -1;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (!str_copy(str_of(path), a.sun_path, sizeof a.sun_path))
        REFUSE(ARGUMENT, "net.listen", "The path of a Unix socket has at most %zu bytes.",
               sizeof a.sun_path - 1);
    TRY(remove_stale(&a));
    TRY(socket_new(AF_UNIX, &f));
    /* Before bind: on Linux the file gets this mode from its first moment. */
    if (fchmod(f, 0600) || fault_now() || bind(f, (struct sockaddr *)&a, sizeof a) ||
        listen(f, BACKLOG))
        return bind_failed(path, errno);
    *ret_fd = fd_take(&f);
    return OK;
}

fallible
http_bind(str address, int *ret_fd, char ret_bound[128])
{
    char path[128];
    if (!str_starts(address, STR("/")))
        return bind_inet(address, ret_fd, ret_bound);
    if (!str_copy(address, path, sizeof path))
        REFUSE(ARGUMENT, "net.listen", "The path of a Unix socket is too long.");
    TRY(http_bind_unix(path, ret_fd));
    (void)snprintf(ret_bound, 128, "%s", path);
    return OK;
}
