/* SPDX-License-Identifier: EUPL-1.2 */
#include <sys/wait.h>

#include "base/params.h"
#include "cli/show.h"
#include "policy/policy.h"
#include "rig.h"

static const char *const pages[] = {"man", "params", "errors", "events", "ops", "meters"};

TEST(each_page_is_mdoc_with_a_name)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        FRESH(r);
        RUN(&r, NULL, "doc", pages[i]);
        CHECK_STATUS(&r, 0);
        CHECK_OUT(&r, ".Dd ");
        CHECK_OUT(&r, "\n.Sh NAME\n.Nm hoheit");
        CHECK_OUT(&r, "\n.Sh SEE ALSO\n");
    }
}

/* Runs mandoc -T lint -W warning; its status, or -1 if there is none. */
static int
lint(const char *text)
{
    char path[300];
    int status = 0;
    snprintf(path, sizeof path, "%s/page", test_dir());
    FILE *f = fopen(path, "w");
    if (!f)
        return -1;
    fputs(text, f);
    fclose(f);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        execlp("mandoc", "mandoc", "-T", "lint", "-W", "warning", path, NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status) == 127 ? -1 : WEXITSTATUS(status);
}

TEST(mandoc_has_nothing_to_warn_of)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        FRESH(r);
        RUN(&r, NULL, "doc", pages[i]);
        const int status = lint(r.out);
        if (status < 0)
            SKIP("there is no mandoc");
        CHECK_INT(status, ==, 0);
    }
}

TEST(no_running_text_is_wider_than_a_line_or_a_macro_by_mistake)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        FRESH(r);
        RUN(&r, NULL, "doc", pages[i]);
        str rest = str_of(r.out), line;
        while (str_next(&rest, '\n', &line)) {
            if (show_width(line) > 80 && line.at[0] != '.')
                test_fail(__FILE__, __LINE__, "%.*s", STR_FMT(line));
            if (line.len && line.at[0] == '\'')
                test_fail(__FILE__, __LINE__, "%.*s", STR_FMT(line));
        }
    }
}

TEST(every_entry_of_the_tables_is_on_its_page)
{
    FRESH(r);
    RUN(&r, NULL, "doc", "man");
    for (int i = 0; i < CMD_global; i++)
        CHECK_OUT(&r, command_info((enum command_id)i)->words);
    for (size_t i = 0; option_at(i); i++)
        CHECK_OUT(&r, option_at(i)->name);
    for (int i = 1; i < ERR_COUNT; i++)
        CHECK_OUT(&r, err_info((err){(uint16_t)i})->id);
    RUN(&r, NULL, "doc", "params");
    for (size_t i = 0; i < param_count; i++)
        CHECK_OUT(&r, param_table[i].key);
    RUN(&r, NULL, "doc", "errors");
    for (int i = 1; i < ERR_COUNT; i++)
        CHECK_OUT(&r, err_info((err){(uint16_t)i})->id);
    RUN(&r, NULL, "doc", "ops");
    for (int i = 0; i < OP_COUNT; i++)
        CHECK_OUT(&r, op_info((enum op)i)->name);
    for (int i = 0; i < RULE_COUNT; i++)
        CHECK_OUT(&r, rule_info((enum rule)i)->name);
    RUN(&r, NULL, "doc", "events");
#define EVENT(id, name, doc) CHECK_OUT(&r, name);
#include "audit/events.def"
#undef EVENT
    RUN(&r, NULL, "doc", "meters");
#define METER(id, kind, name, doc) CHECK_OUT(&r, name);
#include "base/meters.def"
#undef METER
}

static void
put_sentence(FILE *f)
{
    fputs("# every field\n", f);
}

TEST(the_page_of_the_dialects_is_the_one_the_build_has)
{
    FRESH(r);
    RUN(&r, NULL, "doc", "dialects");
    CHECK_STATUS(&r, 2);
    r.env.put_dialects = put_sentence;
    RUN(&r, NULL, "doc", "dialects");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("# every field\n"));
}

TEST(a_page_that_is_none_is_refused)
{
    FRESH(r);
    RUN(&r, NULL, "doc", "parms");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "there is no page \"parms\"; did you mean params");
    RUN(&r, NULL, "doc", "novel");
    CHECK_STATUS(&r, 2);
    CHECK_NOT_IN(r.err, "did you mean");
}

static err
put_description(FILE *f)
{
    fputs("{\"openapi\":\"3.1.0\"}\n", f);
    return OK;
}

static err
put_nothing(FILE *f)
{
    (void)f;
    FAIL(LIMIT, "no room");
}

TEST(the_description_of_the_routes_is_the_one_the_build_has)
{
    FRESH(r);
    RUN(&r, NULL, "openapi");
    CHECK_STATUS(&r, 2);
    r.env.put_openapi = put_description;
    RUN(&r, NULL, "openapi");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("{\"openapi\":\"3.1.0\"}\n"));
    r.env.put_openapi = put_nothing;
    RUN(&r, NULL, "openapi");
    CHECK_STATUS(&r, 75);
}
