/* SPDX-License-Identifier: EUPL-1.2 */
/* know_remote.h - `hoheit know …` without --dir: the collections of the daemon (/v1/know), by
 * --know NAME.  Documents are sent a few megabytes at a time; each call is all or nothing there. */
#pragma once
#include "base/vec.h"
#include "cli/remote.h"
#include "know/doc.h"

typedef VEC(str) know_files;
/* Files below a path, or itself, hidden ones left out; know.c. */
fallible know_files_list(struct cli *c, know_files *ret, const char *path, int depth);
/* In the order of their names. */
void know_files_sort(know_files *l);
/* The name a file's document gets: its path below `root`, without its ending. */
str know_name_of(str path, str root);

bool know_is_remote(const struct args *a);
fallible know_remote_create(struct cli *c, const struct args *a);
fallible know_remote_add(struct cli *c, const struct args *a);
fallible know_remote_rm(struct cli *c, const struct args *a);
fallible know_remote_stat(struct cli *c, const struct args *a);
fallible know_remote_search(struct cli *c, const struct args *a);
