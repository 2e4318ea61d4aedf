/* SPDX-License-Identifier: EUPL-1.2 */
/* own.h - a Unix user of its own for a child, where root started the daemon (audit.user).
 *
 * Gate and log are kept apart by their sandboxes; with a user of its own the log's files are closed
 * to the gate by the kernel's oldest means as well.  The child starts in its directory, which it
 * alone owns, and needs to pass through none above it.  One thread. */
#pragma once
#include <sys/types.h>

#include "base/err.h"

struct own {
    uid_t uid; /* 0: no user of its own */
    gid_t gid;
};

/* Looks up `user`; {0} for "" or where this process is not root's.  CONFIG: there is no such user,
 * or it is root. */
fallible own_find(const char *user, struct own *ret);
/* Gives it the directory, made if it is not there, and all below; links are not followed.  What was
 * given before is not looked at again.  `o` has a user. */
fallible own_give(const struct own *o, const char *dir);
