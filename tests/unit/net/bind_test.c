/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fault.h"
#include "net/server.h"
#include "test.h"

static bool
listening(int f)
{
    int on = 0;
    socklen_t len = sizeof on;
    return getsockopt(f, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

TEST(port_0_picks_a_free_one_and_says_which)
{
    int f = -1;
    char bound[128];
    NEED_OK(http_bind(STR("127.0.0.1:0"), &f, bound));
    CHECK(str_starts(str_of(bound), STR("127.0.0.1:")));
    CHECK(!str_ends(str_of(bound), STR(":0")));
    CHECK(listening(f));
    close(f);
}

TEST(ipv6_is_written_in_brackets)
{
    int f = -1;
    char bound[128];
    const err e = http_bind(STR("[::1]:0"), &f, bound);
    if (e.code)
        SKIP("no IPv6 here");
    CHECK(str_starts(str_of(bound), STR("[::1]:")));
    close(f);
}

TEST(an_address_in_use_is_said_to_be)
{
    int f = -1, g = -1;
    char bound[128], again[128];
    NEED_OK(http_bind(STR("127.0.0.1:0"), &f, bound));
    const err e = http_bind(str_of(bound), &g, again);
    CHECK_INT(e.code, ==, ERR_PORT_TAKEN);
    CHECK(strstr(err_public(e), bound));
    CHECK_INT(g, ==, -1);
    close(f);
}

TEST(what_is_no_address_is_refused)
{
    static const char *const bad[] = {
        "",
        "127.0.0.1",
        ":80",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "host:80",
        "127.0.0.1:8x",
        "[::1]",
        "[::1:80",
        "127.0.0.1:-1",
        "300.0.0.1:80",
        "127.0.0.1: 80",
        "[127.0.0.1]:80",
        "203.0.113.77:80",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int f = -1;
        char bound[128];
        const err e = http_bind(str_of(bad[i]), &f, bound);
        if (e.code != ERR_ARGUMENT)
            test_fail(__FILE__, __LINE__, "%s: %s", bad[i], err_trail());
        CHECK_INT(f, ==, -1);
    }
}

static const char *
path_of(const char *name)
{
    static char room[100];
    (void)snprintf(room, sizeof room, "%s/%s", test_dir(), name);
    return room;
}

TEST(a_unix_socket_is_for_its_owner_alone)
{
    int f = -1;
    char bound[128];
    struct stat st;
    const mode_t old = umask(0);
    NEED_OK(http_bind(str_of(path_of("own")), &f, bound));
    umask(old);
    CHECK_STR(str_of(bound), str_of(path_of("own")));
    NEED(stat(bound, &st) == 0);
    CHECK_INT(st.st_mode & 07777, ==, 0600);
    CHECK(S_ISSOCK(st.st_mode) && listening(f));
    close(f);
}

TEST(a_stale_socket_is_replaced_and_a_living_one_is_not)
{
    int f = -1, g = -1;
    NEED_OK(http_bind_unix(path_of("stale"), &f));
    CHECK_ERR(http_bind_unix(path_of("stale"), &g), PORT_TAKEN);
    CHECK_INT(g, ==, -1);
    close(f);
    NEED_OK(http_bind_unix(path_of("stale"), &g));
    CHECK(listening(g));
    close(g);
}

TEST(a_file_that_is_no_socket_is_left_alone)
{
    int f = -1;
    FILE *const file = fopen(path_of("file"), "w");
    NEED(file);
    fclose(file);
    CHECK_ERR(http_bind_unix(path_of("file"), &f), PORT_TAKEN);
    CHECK_INT(access(path_of("file"), F_OK), ==, 0);
}

TEST(a_path_that_cannot_be_is_refused)
{
    int f = -1;
    char bound[128], longer[300];
    memset(longer, 'a', sizeof longer - 1);
    longer[0] = '/', longer[sizeof longer - 1] = 0;
    CHECK_ERR(http_bind_unix(longer, &f), ARGUMENT);
    CHECK_ERR(http_bind(str_of(longer), &f, bound), ARGUMENT);
    CHECK_ERR(http_bind_unix(path_of("no/such/directory"), &f), ARGUMENT);
    CHECK_INT(f, ==, -1);
}

TEST(whatever_fails_leaves_no_descriptor_open)
{
    const int before = dup(0);
    close(before);
    for (long n = 1;; n++) {
        int f = -1, g = -1;
        char bound[128];
        fault_arm(n);
        err e = http_bind(STR("127.0.0.1:0"), &f, bound);
        if (!e.code)
            e = http_bind_unix(path_of("faults"), &g);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        if (f >= 0)
            close(f);
        if (g >= 0)
            close(g);
        const int after = dup(0);
        CHECK_INT(after, ==, before);
        close(after);
        if (!fired)
            break;
    }
}
