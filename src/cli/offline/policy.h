/* SPDX-License-Identifier: EUPL-1.2 */
/* policy.h - policy files as commands read them. */
#pragma once
#include "cli/cli.h"
#include "policy/policy.h"

typedef policy *policy_file;

/* NULL: the one of the data directory. */
fallible policy_file_open(struct cli *c, const char *path, policy_file *ret);
/* As the daemon decides; without one, or without leave to ask, the file of the data directory. */
fallible policy_in_force(struct cli *c, policy_file *ret);
void policy_file_auto(policy_file *p);
