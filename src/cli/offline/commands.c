/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/offline/commands.h"

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
