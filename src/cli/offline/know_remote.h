/* SPDX-License-Identifier: EUPL-1.2 */
/* know_remote.h - `hoheit know …` without --dir: the collections of the daemon (/v1/know), by
 * --know NAME.  Documents are sent a few megabytes at a time; each call is all or nothing there. */
#pragma once
#include "cli/remote.h"

bool know_is_remote(const struct args *a);
fallible know_remote_create(struct cli *c, const struct args *a);
fallible know_remote_add(struct cli *c, const struct args *a);
fallible know_remote_rm(struct cli *c, const struct args *a);
fallible know_remote_stat(struct cli *c, const struct args *a);
fallible know_remote_search(struct cli *c, const struct args *a);
