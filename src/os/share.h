/* SPDX-License-Identifier: EUPL-1.2 */
/* share.h - memory handed to another process: memfd_create(2), sealed against change, so that
 * the receiver may check once and use without copying. */
#pragma once
#include "os/file.h"

/* A sealed memfd that holds `bytes`. */
fallible share_make(const char *name, str bytes, fd *ret);
/* One that is to be written, and then sealed. */
fallible share_room(const char *name, fd *ret);
fallible share_seal(int f);
/* Maps a sealed memfd read-only.  ARGUMENT if a seal is missing or it is larger than `len_max`.
 * Release with share_unmap. */
fallible share_map(int f, size_t len_max, str *ret);
void share_unmap(str s);
