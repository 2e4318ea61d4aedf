/* SPDX-License-Identifier: EUPL-1.2 */
/* datadir.h - the data directory: what is in it, how it is made, what only hoheitd reads.
 *
 *   hoheit.yaml, local.d/, override.d/   configuration
 *   policy.yaml                          labels and rules (copied from the shipped one)
 *   keys/master.key                      32 random bytes, mode 0600; pepper and later keys come
 *                                        from it by HKDF
 *   records/records.db                   keys, models, aliases
 *   models/<sha256>.gguf                 weights
 *   audit/                               the log
 *   run/hoheit.sock, run/hoheitd.pid     while it runs; the pid file is locked
 *
 * Everything is mode 0700 or 0600; a directory others may read is refused with the chmod line. */
#pragma once
#include "base/secret.h"
#include "os/file.h"

/* Makes what is missing; keeps what is there.  `policy_text` is what policy.yaml starts as. */
fallible datadir_make(const char *path, str policy_text);
/* Checks owner and modes. */
fallible datadir_check(const char *path);
/* CONFIG with a sentence when the directory was never made. */
fallible datadir_master_key(const char *path, secret *ret);
/* CONFLICT with the pid when another hoheitd uses the directory. */
fallible datadir_lock(const char *path, fd *ret);
