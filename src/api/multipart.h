/* SPDX-License-Identifier: EUPL-1.2 */
/* multipart.h - bodies of type multipart/form-data (RFC 7578, RFC 2046 section 5.1), as they come.
 *
 * Bytes are fed in pieces of any size and handed on in pieces of any size; what is held back is
 * shorter than a boundary.  Parts have a name, and a file name when they are files; of their other
 * header fields only Content-Type is read.  Strict where leniency would be guessing: a part without
 * a name, header fields longer than MULTIPART_HEAD_MAX, more than MULTIPART_PARTS_MAX parts, or a
 * body that ends before its last boundary are refused.  What stands before the first boundary and
 * behind the last is skipped, as the standard has it. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum { MULTIPART_HEAD_MAX = 8192, MULTIPART_PARTS_MAX = 64, MULTIPART_NAME_MAX = 1024 };

typedef struct multipart multipart;

struct multipart_part {
    str name, type; /* type empty: text */
    str filename;   /* at == NULL: a plain field */
};

/* A failure of a hook ends the reading and is passed on.  Strings of a part live in the arena. */
struct multipart_hooks {
    err (*on_part)(void *ctx, const struct multipart_part *p);
    err (*on_data)(void *ctx, str piece);
    err (*on_part_end)(void *ctx);
    void *ctx;
};

/* Lives in `a`.  UNSUPPORTED unless `content_type` says multipart/form-data, PARSE unless it has a
 * boundary of 1 to 70 characters. */
fallible multipart_new(arena *a, str content_type, struct multipart_hooks hooks, multipart **ret);
fallible multipart_feed(multipart *m, str piece);
/* PARSE when the last boundary has not come. */
fallible multipart_end(multipart *m);
