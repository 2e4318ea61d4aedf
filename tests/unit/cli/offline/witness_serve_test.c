/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#include <signal.h>
#include <sys/wait.h>

#include "unit/audit/small_log.h"
#include "witness/witness.h"

static void
make_witness(char dir[SMALL_PATH], const char *name, const small_log *l)
{
    witness *w = NULL;
    snprintf(dir, SMALL_PATH, "%s/%s", test_dir(), name);
    NEED_OK(witness_make(dir, STR("example/w")));
    NEED_OK(witness_open(dir, &w));
    if (l)
        CHECK_OK(witness_trust(w, &l->key));
    witness_free(w);
}

/* What comes back for `request` over the socket at `path`. */
static void
talk(const char *path, const char *request, char *room, size_t size)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t len = 0;
    ssize_t n;
    const int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    CHECK_INT(connect(s, (struct sockaddr *)&a, sizeof a), ==, 0);
    CHECK_INT(write(s, request, strlen(request)), ==, (long long)strlen(request));
    while (len + 1 < size && (n = read(s, room + len, size - 1 - len)) > 0)
        len += (size_t)n;
    room[len] = '\0';
    close(s);
}

TEST(it_serves_on_a_socket_until_it_is_told_to_stop)
{
    AUTO(small_log) l = {.newest = ""};
    AUTO(buf) request = BUF(64 * 1024);
    char dir[SMALL_PATH], path[128], room[8192], ready[64] = "";
    int out[2], status = -1;
    small_log_new(&l, "served-log", 1);
    small_log_add(&l, 5);
    small_log_sign(&l);
    make_witness(dir, "served", &l);
    snprintf(path, sizeof path, "%.100s/w.sock", test_dir());
    NEED(pipe(out) == 0);
    const pid_t child = fork();
    NEED(child >= 0);
    if (child == 0) {
        const char *const words[] = {"hoheit", "witness", "serve", "--dir", dir, "--listen", path};
        const struct cli_env env = {
            .in = stdin, .out = fdopen(out[1], "w"), .err = stderr, .offline = commands_offline};
        _exit(cli_run(7, words, &env));
    }
    close(out[1]);
    CHECK_INT(read(out[0], ready, sizeof ready - 1), >, 0);
    CHECK(strncmp(ready, "ready unix:/", 12) == 0);
    const size_t body = strlen("old 0\n\n") + strlen(l.newest);
    buf_add_fmt(&request,
                "POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                "Content-Length: %zu\r\n\r\nold 0\n\n%s",
                body, l.newest);
    buf_add_char(&request, '\0');
    NEED_OK(buf_end(&request));
    talk(path, request.at, room, sizeof room);
    CHECK_IN(room, "HTTP/1.1 200");
    CHECK_IN(room, "\xe2\x80\x94 example/w ");
    talk(path, "GET /add-checkpoint HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", room,
         sizeof room);
    CHECK_IN(room, "HTTP/1.1 405");
    CHECK_IN(room, "Allow: POST");
    talk(path, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", room, sizeof room);
    CHECK_IN(room, "HTTP/1.1 404");
    CHECK_INT(kill(child, SIGTERM), ==, 0);
    CHECK_INT(waitpid(child, &status, 0), ==, child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(out[0]);
}

TEST(without_a_witness_or_an_address_nothing_is_served)
{
    FRESH(r);
    char dir[SMALL_PATH];
    make_witness(dir, "nothing", NULL);
    RUN(&r, NULL, "witness", "serve", "--listen", "127.0.0.1:0");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "witness", "serve", "--dir", dir);
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "witness", "serve", "--dir", test_dir(), "--listen", "127.0.0.1:0");
    CHECK_STATUS(&r, 1);
    RUN(&r, NULL, "witness", "serve", "--dir", dir, "--listen", "nowhere");
    CHECK(r.status != 0);
    RUN(&r, NULL, "witness", "serve", "--dir", dir, "--listen", "127.0.0.1:0", "more");
    CHECK_STATUS(&r, 2);
    CHECK_IN(r.out, "");
}

TEST(a_certificate_without_its_key_or_a_bad_one_is_refused)
{
    FRESH(r);
    char dir[SMALL_PATH], pem[SMALL_PATH + 8];
    make_witness(dir, "tls", NULL);
    snprintf(pem, sizeof pem, "%s/pem", dir);
    NEED_OK(file_write_atomic(pem, STR("no certificate"), 0600));
    RUN(&r, NULL, "witness", "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--tls-cert", pem);
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "witness", "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--tls-key", pem);
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "witness", "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--tls-cert", pem,
        "--tls-key", pem);
    CHECK_STATUS(&r, 78);
    RUN(&r, NULL, "witness", "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--tls-cert",
        "/nonexistent", "--tls-key", pem);
    CHECK_STATUS(&r, 1);
}

TEST(a_witness_that_another_process_has_is_not_served)
{
    FRESH(r);
    char dir[SMALL_PATH];
    witness *w = NULL;
    make_witness(dir, "busy", NULL);
    NEED_OK(witness_open(dir, &w));
    RUN(&r, NULL, "witness", "serve", "--dir", dir, "--listen", "127.0.0.1:0");
    CHECK_STATUS(&r, 1);
    witness_free(w);
}
