/* SPDX-License-Identifier: EUPL-1.2 */
/* calls.h - which system calls a role may make (seccomp, through libseccomp).
 *
 * Lists allow, everything else ends: in gate, log, engines, readers, egress by
 * SECCOMP_RET_KILL_PROCESS, since there is no harmless reason for such a call.  The operator finds
 * it twice: the supervisor logs "signal 31 (Bad system call)", the kernel's log says which call.
 * What libraries try in good faith and do without (new thread calls, terminals, topology files)
 * fails with an errno instead. The supervisor's, the CLI's and tools' lists refuse with EPERM.  The
 * supervisor's list is inherited by all children, so it holds whatever they may need until they
 * enter their own. For os/ only. */
#pragma once
#include "os/sandbox.h"

/* A sanitizer makes calls of its own, so its builds do not enter the lists. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { CALLS_FIT = false };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { CALLS_FIT = false };
#else
enum { CALLS_FIT = true };
#endif
#else
enum { CALLS_FIT = true };
#endif

/* Has the role no reason to do anything but its work?  The others start programs. */
bool calls_is_cell(enum sandbox_role role);
/* Can this kernel filter calls? */
bool calls_available(void);
/* Irreversible, for the whole process.  `may_open`: an engine that has readable paths. */
fallible calls_enter(enum sandbox_role role, bool may_open);
