/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/offline/commands.h"

#include "cli/intake/know_read.h"

command_fn *const commands_offline[CMD_global] = {
#define COMMAND(...)
#define OFFLINE(id, ...) [CMD_##id] = cmd_##id,
#define OPTION(...)
#define EXAMPLE(...)
#include "cli/commands.def"
#undef COMMAND
#undef OPTION
#undef EXAMPLE
};

fallible
commands_prepare(struct cli *c, const struct args *a)
{
    if (a->command == CMD_know_add)
        know_read_begin(c);
    return OK;
}
