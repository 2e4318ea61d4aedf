/* SPDX-License-Identifier: EUPL-1.2 */
/* folders.h - waiting until something changes in folders (inotify(7)).
 *
 * What changed is not told: events get lost when many come, and say little about renames.  Whoever
 * is woken looks at the folders again, so nothing that was missed stays missed.  A folder's own
 * folders are not watched with it. */
#pragma once
#include "os/file.h"

fallible folders_open(fd *ret);
/* LIMIT when the system has no more watches (fs.inotify.max_user_watches). */
fallible folders_add(int f, const char *dir);
/* Up to `wait_ms` (-1: for ever) for a change, and then until nothing changed for `quiet_ms`, but
 * no longer than twenty times that.  *ret: there was one. */
fallible folders_wait(int f, int wait_ms, int quiet_ms, bool *ret);
