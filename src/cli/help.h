/* SPDX-License-Identifier: EUPL-1.2 */
/* help.h - explanations printed from the table of commands (args.h). */
#pragma once
#include <stdio.h>

#include "cli/args.h"

/* All commands, by group. */
void help_overview(FILE *f, bool colored);
/* One: usage, about, options, examples. */
void help_command(FILE *f, bool colored, enum command_id id);
/* Those that begin with `word`: "key". */
void help_group(FILE *f, bool colored, str word);
