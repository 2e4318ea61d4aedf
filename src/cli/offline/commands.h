/* SPDX-License-Identifier: EUPL-1.2 */
/* commands.h - the commands that need no daemon: they work on files (logs, bundles, policies,
 * collections) and on the tables this program is made from.
 *
 * A few go on to a daemon when asked to: `explain` for a request, `policy diff` for what keys gain
 * or lose, `know` without --dir.  They are here because a command is one function, and that
 * function needs what only this layer may use.
 *
 * The layer below finds them by their number in a table that main/ hands to it (cli_env.offline).
 */
#pragma once
#include "cli/cli.h"

#define COMMAND(...)
#define OFFLINE(id, ...) fallible cmd_##id(struct cli *c, const struct args *a);
#define OPTION(...)
#define EXAMPLE(...)
#include "cli/commands.def"
#undef COMMAND
#undef OPTION
#undef EXAMPLE

/* For cli_env.prepare: starts hoheit-reader for commands that read documents. */
fallible commands_prepare(struct cli *c, const struct args *a);
/* NULL for those of cli/. */
extern command_fn *const commands_offline[CMD_global];
