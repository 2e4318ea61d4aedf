/* SPDX-License-Identifier: EUPL-1.2 */
/* pack.h - the parts of an office document: members of a zip file in memory, by their names.
 *
 * What is asked for is inflated into memory and nothing is ever written under a member's name, so
 * a path in the archive leads nowhere.  Bounds: members counted, each part measured while it is
 * inflated, whatever its head says.  Encrypted members and a name that stands twice are refused:
 * two readers must not see two documents in one file.
 *
 * The format is libzip's to read.  One thread.  For the cell alone (read.h). */
#pragma once
#include "base/buf.h"

enum { PACK_MEMBERS_MAX = 10000, PACK_PART_BYTES_MAX = 64 * 1024 * 1024 };

typedef struct pack pack;

/* `bytes` must outlive it.  PARSE if it is no zip file or has too many members. */
fallible pack_open(str bytes, pack **ret);
void pack_close(pack *p);
/* The part of that name, added to `b`; NOT_FOUND, PARSE, LIMIT. */
fallible pack_read(pack *p, const char *name, buf *b);

static inline void
pack_auto(pack **p)
{
    pack_close(*p);
}
