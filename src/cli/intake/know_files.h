/* SPDX-License-Identifier: EUPL-1.2 */
/* know_files.h - the files of a folder, as documents: their paths and names, and whether they are
 * as they were. */
#pragma once
#include "base/vec.h"
#include "cli/cli.h"

struct know_file {
    str path, name;
    uint64_t mark; /* of size, times and place on the disk: another one, another content */
};

typedef struct know_files {
    arena *a;
    str root; /* of one file: itself */
    VEC(struct know_file) all;
    VEC(str) folders; /* the root's and all below */
} know_files;

/* A document's name is its path below the root without the ending; with it for files whose names
 * would be the same, but the first.
 * Files below a path, or itself, in the order of their paths; hidden ones left out.  The lists lie
 * in an arena of their own. */
fallible know_files_read(str root, know_files *ret);
void know_files_auto(know_files *f);
/* NULL if there is none of that path. */
const struct know_file *know_files_find(const know_files *f, str path);
