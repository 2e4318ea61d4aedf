/* SPDX-License-Identifier: EUPL-1.2 */
/* evidence.h - the key that signs what this installation hands out as evidence. */
#pragma once
#include "audit/note.h"
#include "cli/cli.h"

/* Out of --seal-file, else keys/evidence.seed, which is made when there is none. */
fallible
evidence_find_seal(struct cli *c, const struct args *a, secret *ret, struct note_key *ret_key);
/* A key as text: --OPTION, else the first line of the file at `path`. */
fallible evidence_find_key(struct cli *c, const struct args *a, const char *option,
                           const char *path, struct note_key *ret);
