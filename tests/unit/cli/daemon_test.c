/* SPDX-License-Identifier: EUPL-1.2 */
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "rig.h"

#define FAKE(f)                                                                                    \
    static struct fake f;                                                                          \
    NEED(fake_start(&f))

/* ---- status */

TEST(the_state_is_shown_for_people)
{
    FRESH(r);
    FAKE(f);
    fake_says(
        &f, "GET /admin/v1/status", 200,
        "{\"address\":\"127.0.0.1:7080\",\"commit\":\"abc\",\"uptime_s\":90061,"
        "\"gate_pid\":12,\"gate_resident_bytes\":9165824,\"connections\":3,"
        "\"requests_running\":1,\"requests\":70,\"denied\":2,\"tokens_out\":999,"
        "\"level_max\":\"VS-NfD\",\"energy\":{\"measured\":false,\"missing\":\"no RAPL\"},"
        "\"engines\":["
        "{\"model\":\"demo\",\"state\":\"loading\",\"progress\":0.43,\"pid\":34,\"restarts\":1,"
        "\"jobs\":0},"
        "{\"model\":\"toy\",\"state\":\"ready\",\"progress\":1.0,\"pid\":35,\"restarts\":0,"
        "\"jobs\":2,\"resident_bytes\":1048576,\"engine\":\"toy\",\"context_tokens\":8192,"
        "\"sequences_max\":8}]}");
    RUN(&r, &f, "status");
    CHECK_STATUS(&r, 0);
    CHECK_STR(
        str_of(r.out),
        STR("serving      127.0.0.1:7080, up 25:01:01, build abc\n"
            "gate         process 12, 8.74 MiB, data up to VS-NfD\n"
            "connections  3 open\n"
            "requests     70 answered, 1 running, 2 denied\n"
            "tokens       999 written\n"
            "energy       not measured: no RAPL\n"
            "\n"
            "MODEL  STATE         ENGINE  PROCESS    MEMORY  CONTEXT  AT ONCE  JOBS  RESTARTS\n"
            "demo   loading 43 %               34         -        -        -     -         1\n"
            "toy    ready         toy          35  1.00 MiB     8192        8     2         -\n"));
    RUN(&r, &f, "status", "--json");
    CHECK_OUT(&r, "\"gate_pid\":12,");
    fake_end(&f);
}

TEST(providers_are_shown_where_there_are_some)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /admin/v1/status", 200,
              "{\"engines\":[],\"providers\":[{\"name\":\"kopf\",\"dialect\":\"openai\","
              "\"region\":\"eu\",\"sink\":\"offen//REL EU\",\"state\":\"left alone\","
              "\"running\":0,\"failures\":5,\"latency_us\":12345}]}");
    RUN(&r, &f, "status");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r,
              "PROVIDER  DIALECT  REGION  MAY HOLD       STATE       RUNNING  FAILURES  LATENCY\n"
              "kopf      openai   eu      offen//REL EU  left alone        -         5  12.3 ms\n");
    fake_says(&f, "GET /admin/v1/status", 200, "{\"engines\":[],\"providers\":[7]}");
    RUN(&r, &f, "status");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

TEST(an_installation_without_engines_says_when_they_come)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /admin/v1/status", 200, "{\"engines\":[]}");
    RUN(&r, &f, "status");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "engines      none runs");
    fake_says(&f, "GET /admin/v1/status", 200, "{\"engines\":[7]}");
    RUN(&r, &f, "status");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

/* ---- stop */

static void
pid_path(const struct fake *f, char path[300])
{
    snprintf(path, 300, "%s/run/hoheitd.pid", f->dir);
}

/* A process that holds the lock as hoheitd does, until it is ended. */
static pid_t
hold_lock(const struct fake *f, bool stubborn)
{
    char path[300], text[32];
    int ready[2];
    pid_path(f, path);
    if (pipe(ready) != 0)
        return -1;
    const pid_t child = fork();
    if (child == 0) {
        const int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        const int n = snprintf(text, sizeof text, "%d\n", (int)getpid());
        if (stubborn)
            signal(SIGTERM, SIG_IGN);
        if (flock(file, LOCK_EX) != 0 || write(file, text, (size_t)n) != n ||
            write(ready[1], "!", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    (void)!read(ready[0], text, 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

/* Reaps in the background, as init would: a zombie holds no lock, so nothing depends on it. */
TEST(the_daemon_of_the_directory_is_stopped_and_waited_for)
{
    FRESH(r);
    FAKE(f);
    const pid_t child = hold_lock(&f, false);
    int status = 0;
    NEED(child > 0);
    RUN(&r, &f, "stop");
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "has ended");
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
          WTERMSIG(status) == SIGTERM);
    RUN(&r, &f, "stop");
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "was not running");
    fake_end(&f);
}

TEST(a_daemon_that_takes_its_time_is_told)
{
    FRESH(r);
    FAKE(f);
    const pid_t child = hold_lock(&f, true);
    NEED(child > 0);
    RUN(&r, &f, "stop", "--wait", "30ms");
    CHECK_STATUS(&r, 75);
    CHECK_SAYS(&r, "has not ended yet");
    CHECK_SAYS(&r, "net.stop_ms_max");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    fake_end(&f);
}

TEST(a_process_id_is_believed_only_under_the_lock)
{
    FRESH(r);
    FAKE(f);
    char path[300];
    pid_path(&f, path);
    FILE *p = fopen(path, "w");
    NEED(p);
    fprintf(p, "%d\n", (int)getpid());
    fclose(p);
    RUN(&r, &f, "stop"); /* would end this test otherwise */
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "was not running");
    fake_end(&f);
}

TEST(a_lock_without_a_process_id_is_not_acted_on)
{
    FRESH(r);
    FAKE(f);
    char path[300];
    pid_path(&f, path);
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    NEED(file >= 0 && flock(file, LOCK_EX) == 0);
    static const char *const odd[] = {"", "1\n", "-1\n", "abc", "99999999999\n"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        CHECK(ftruncate(file, 0) == 0);
        CHECK(pwrite(file, odd[i], strlen(odd[i]), 0) == (ssize_t)strlen(odd[i]));
        RUN(&r, &f, "stop");
        CHECK_STATUS(&r, 65);
    }
    close(file);
    fake_end(&f);
}

TEST(only_a_daemon_on_this_machine_can_be_stopped)
{
    FRESH(r);
    RUN(&r, NULL, "stop", "--url", "http://127.0.0.1:1");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "stop");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "/nonexistent/hoheit");
    RUN(&r, NULL, "stop", "--wait", "long");
    CHECK_STATUS(&r, 2);
}

/* ---- init */

TEST(without_hoheitd_beside_it_init_says_so)
{
    FRESH(r);
    RUN(&r, NULL, "init", "/nonexistent/x");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "hoheitd");
    CHECK_SAYS(&r, "must lie in one directory");
}
