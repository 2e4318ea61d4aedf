/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/help.h"

#include "cli/show.h"
#include "rig.h"

enum { SNAPSHOT_MAX = 256 * 1024 };
static const char snapshot[] = "tests/snapshot/help.txt";

/* Every page there is. */
static void
put_all(FILE *f)
{
    help_overview(f, false);
    for (int i = 0; i < CMD_global; i++) {
        fputs("\n----------------------------------------\n", f);
        help_command(f, false, (enum command_id)i);
    }
    fputs("\n----------------------------------------\n", f);
    help_group(f, false, STR("key"));
}

static str
read_text(const char *path, char *room)
{
    FILE *f = fopen(path, "r");
    const size_t n = f ? fread(room, 1, SNAPSHOT_MAX, f) : 0;
    if (f)
        fclose(f);
    return (str){room, n};
}

/* UPDATE=1 in the environment writes the snapshot anew. */
TEST(help_is_what_the_snapshot_says)
{
    static char room[SNAPSHOT_MAX];
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    put_all(f);
    fclose(f);
    if (secure_getenv("UPDATE")) {
        f = fopen(snapshot, "w");
        NEED(f);
        fwrite(text, 1, len, f);
        fclose(f);
    }
    str got = {text, len}, want = read_text(snapshot, room), a, b = STR_NONE;
    for (int line = 1; str_next(&got, '\n', &a); line++)
        if (!str_next(&want, '\n', &b) || !str_eq(a, b)) {
            test_fail(snapshot, line, "got \"%.*s\", want \"%.*s\"", STR_FMT(a), STR_FMT(b));
            break;
        }
    CHECK(!want.at || got.at);
    free(text);
}

TEST(no_line_of_help_is_wider_than_a_terminal)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    put_all(f);
    fclose(f);
    str rest = {text, len}, line;
    while (str_next(&rest, '\n', &line))
        if (show_width(line) > 80)
            test_fail(__FILE__, __LINE__, "%zu columns: %.*s", show_width(line), STR_FMT(line));
    free(text);
}

TEST(help_is_found_by_every_way_to_ask)
{
    FRESH(r);
    RUN(&r, NULL, "help");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "usage: hoheit COMMAND");
    RUN(&r, NULL, "help", "key", "add");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "hoheit key add - ");
    RUN(&r, NULL, "key", "add", "--help");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "hoheit key add - ");
    RUN(&r, NULL, "help", "key");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "usage: hoheit key COMMAND");
    RUN(&r, NULL, "key", "-h");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "usage: hoheit key COMMAND");
    RUN(&r, NULL, "--help");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "usage: hoheit COMMAND");
}

TEST(help_for_what_is_not_there_says_what_is_near)
{
    FRESH(r);
    RUN(&r, NULL, "help", "docotr");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "did you mean \"doctor\"?");
    RUN(&r, NULL, "help", "x", "y");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "there is no command \"x y\"");
    RUN(&r, NULL, "help", "key", "add", "now");
    CHECK_STATUS(&r, 2);
}

TEST(half_a_command_is_shown_what_could_follow)
{
    FRESH(r);
    RUN(&r, NULL, "key");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "usage: hoheit key COMMAND");
    CHECK_SAYS(&r, "\"key\" needs a second word");
    CHECK_STR(str_of(r.out), STR(""));
}
