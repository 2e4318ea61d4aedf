/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/offline/commands.h"

#include "rig.h"

/* Which layer the table says carries a command out. */
static const bool is_offline[CMD_global] = {
#define COMMAND(...)
#define OFFLINE(id, ...) [CMD_##id] = true,
#define OPTION(...)
#define EXAMPLE(...)
#include "cli/commands.def"
#undef COMMAND
#undef OPTION
#undef EXAMPLE
};

TEST(the_layer_has_the_commands_of_its_own_and_no_others)
{
    for (int i = 0; i < CMD_global; i++)
        if ((commands_offline[i] != NULL) != is_offline[i])
            test_fail(__FILE__, __LINE__, "%s", command_info((enum command_id)i)->words);
    CHECK(!commands_offline[CMD_ask] && !commands_offline[CMD_help] &&
          !commands_offline[CMD_status]);
    CHECK(commands_offline[CMD_version] == cmd_version);
}

/* As many arguments as the command wants, all of them nonsense: it may fail as it likes, but never
 * for want of somebody who carries it out. */
TEST(every_command_of_the_layer_is_carried_out_by_somebody)
{
    for (int i = 0; i < CMD_global; i++) {
        const struct command_info *const info = command_info((enum command_id)i);
        const char *words[8] = {0};
        char first[40];
        size_t count = 0;
        FRESH(r);
        if (!is_offline[i])
            continue;
        NEED(info->least < 4 && strlen(info->words) < sizeof first);
        (void)snprintf(first, sizeof first, "%s", info->words);
        words[count++] = first;
        for (char *at = first; *at; at++)
            if (*at == ' ') {
                *at = 0;
                words[count++] = at + 1;
            }
        for (size_t n = 0; n < info->least; n++)
            words[count++] = "/nonexistent/nonsense";
        run_args(&r, NULL, words, count);
        CHECK_NOT_IN(r.err, "is not in this build");
        if (r.status != 0)
            CHECK_SAYS(&r, "hoheit: ");
    }
}

TEST(a_mistake_in_the_command_line_is_told_before_anything_is_looked_for)
{
    FRESH(r);
    RUN(&r, NULL, "policy", "check");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "usage: hoheit policy check FILE");
    RUN(&r, NULL, "policy", "chekc", "x");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "did you mean \"policy check\"?");
    RUN(&r, NULL, "verify", "--wintess", "x");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "did you mean --witness?");
}
