/* SPDX-License-Identifier: EUPL-1.2 */
#include <signal.h>

#include "base/fault.h"
#include "rig.h"

/* ---- errors */

TEST(an_error_is_one_sentence_and_a_hint)
{
    FRESH(r);
    RUN(&r, NULL, "status");
    CHECK_STATUS(&r, 1);
    CHECK_STR(str_of(r.err),
              STR("hoheit: there is no data directory /nonexistent/hoheit\n"
                  "  hint: Make it with `hoheit init /nonexistent/hoheit`, or name the right one "
                  "with --data.\n"));
    CHECK_STR(str_of(r.out), STR(""));
}

TEST(where_it_came_from_is_for_those_who_ask)
{
    FRESH(r);
    RUN(&r, NULL, "status", "--verbose");
    CHECK_SAYS(&r, "  trail: NOT_FOUND: ");
    CHECK_SAYS(&r, "remote.c:");
    RUN(&r, NULL, "status", "-q");
    CHECK_STR(str_of(r.err), STR("hoheit: there is no data directory /nonexistent/hoheit\n"));
}

TEST(errors_are_told_in_german_on_demand)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    RUN(&r, NULL, "--lang", "de", "status");
    CHECK_SAYS(&r, "hoheit: Das Datenverzeichnis /nonexistent/hoheit gibt es nicht.\n  hint:");
    fake_says(&f, "GET /admin/v1/status", 503,
              "{\"error\":{\"code\":\"BUSY\",\"message\":\"7 requests are running\"}}");
    RUN(&r, &f, "--lang=de", "status");
    CHECK_STATUS(&r, 75);
    CHECK_SAYS(&r, "hoheit: Das System ist ausgelastet.\n  7 requests are running\n");
    RUN(&r, &f, "--lang=en", "status");
    CHECK_SAYS(&r, "hoheit: 7 requests are running\n");
    RUN(&r, &f, "--lang=fr", "status");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

TEST(as_json_an_error_is_json_too)
{
    FRESH(r);
    AUTO(arena) *a = NULL;
    jval root;
    RUN(&r, NULL, "status", "--json");
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(json_read(a, str_of(r.err), &root));
    const jval error = json_get(&root, "error"), code = json_get(&error, "code"),
               status = json_get(&error, "exit");
    str s = STR_NONE;
    int64_t n = 0;
    CHECK_OK(json_str(&code, 100, &s));
    CHECK_STR(s, STR("NOT_FOUND"));
    CHECK_OK(json_i64(&status, 0, 255, &n));
    CHECK_INT(n, ==, 1);
}

TEST(what_an_error_quotes_cannot_reach_into_the_terminal)
{
    FRESH(r);
    RUN(&r, NULL, "help", "\033[2Jboo");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "there is no command \"�[2Jboo\"");
}

/* ---- the command line */

TEST(nothing_at_all_is_answered_with_an_overview)
{
    FRESH(r);
    run_args(&r, NULL, NULL, 0);
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "usage: hoheit COMMAND");
    CHECK_SAYS(&r, "hoheit: a command is needed");
}

TEST(a_mistake_is_pointed_out_with_the_way_to_help)
{
    FRESH(r);
    RUN(&r, NULL, "ask", "--modle", "x");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "unknown option --modle; did you mean --model?");
    CHECK_SAYS(&r, "hint: `hoheit help ask` explains it.");
    RUN(&r, NULL, "frobnicate");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "hint: `hoheit help` lists the commands.");
    RUN(&r, NULL, "bench", "--rate", "fast");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "--rate: a number is expected");
    CHECK_SAYS(&r, "hint: `hoheit help bench` explains it.");
}

TEST(a_command_of_the_layer_above_is_known_but_refused_where_that_is_missing)
{
    FRESH(r);
    RUN(&r, NULL, "version", "--help");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "hoheit version - ");
    RUN(&r, NULL, "version");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "hoheit: \"version\" is not in this build\n");
    RUN(&r, NULL, "version", "please"); /* what is wrong with the command line goes first */
    CHECK_SAYS(&r, "takes no arguments");
}

TEST(output_that_cannot_be_written_is_a_failure)
{
    const char *const argv[] = {"hoheit", "help"};
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        SKIP("there is no /dev/full");
    FILE *error = rig_file();
    const struct cli_env env = {.in = stdin, .out = full, .err = error};
    static char text[FAKE_ROOM];
    CHECK_INT(cli_run(2, argv, &env), ==, 74);
    run_fill(text, error);
    CHECK_IN(text, "standard output takes no more");
    fclose(full);
}

TEST(a_reader_that_has_had_enough_is_no_reason_to_complain)
{
    const char *const argv[] = {"hoheit", "help"};
    int ends[2];
    NEED(pipe(ends) == 0);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    FILE *gone = fdopen(ends[1], "w"), *error = rig_file();
    const struct cli_env env = {.in = stdin, .out = gone, .err = error};
    static char text[FAKE_ROOM];
    CHECK_INT(cli_run(2, argv, &env), ==, 74);
    run_fill(text, error);
    CHECK_STR(str_of(text), STR(""));
    fclose(gone);
}

/* ---- failures, one after the other */

TEST(whatever_fails_a_command_ends_with_a_sentence)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "GET /admin/v1/models", 200,
              "{\"models\":[{\"name\":\"toy\",\"kind\":\"chat\"}],\"aliases\":[]}");
    bool fired = true;
    for (long n = 1; fired; n++) {
        fault_arm(n);
        RUN(&r, &f, "model", "list");
        fired = fault_fired();
        fault_arm(0);
        if (r.status != 0)
            CHECK_SAYS(&r, "hoheit: ");
        if (!fired)
            CHECK_STATUS(&r, 0);
        NEED(n < 500);
    }
    CHECK_OUT(&r, "toy");
    fake_end(&f);
}
