/* SPDX-License-Identifier: EUPL-1.2 */
/* config.h - settings out of YAML, in three drawers: the shipped file, local.d/ (merged over it),
 * override.d/ (replaces what the others say).  Within a drawer files apply in the order of their
 * names.
 *
 * A file is one flat mapping of "section.name: value" (params.def), at most 256 KiB; an unknown
 * key, a value out of bounds or a key given twice in one file is CONFIG, and err_text() says file,
 * line and reason.  Values are text to YAML and get their type from the table, so that no, 1_000
 * and 0x10 mean nothing unexpected; that is why libyaml's events are read and no schema is bound.
 * Any thread; nothing is kept. */
#pragma once
#include "base/arena.h"
#include "base/params.h"

/* `dir`/hoheit.yaml, `dir`/local.d/x.yaml, `dir`/override.d/x.yaml; any may be missing.  *ret
 * starts from the defaults and is set only when all files were read. */
fallible config_read(arena *a, const char *dir, struct params *ret);
/* One file over what *p holds, which is unchanged if it fails. */
fallible config_read_file(arena *a, const char *path, struct params *p);
/* The same from memory; `name` stands for the file in errors. */
fallible config_read_text(const char *name, str text, struct params *p);
