/* SPDX-License-Identifier: EUPL-1.2 */
/* sys.h - the gate every system call of os/ passes, so that an armed fault (base/fault.h) can
 * make it fail as a bad disk would: -1 (or NULL) and EIO.  For the .c files of os/ only. */
#pragma once
#include <errno.h>

#include "base/fault.h"

#define SYS(call) (fault_now() ? (errno = EIO, (__typeof__(call))-1) : (call))
#define SYS_PTR(call) (fault_now() ? (errno = EIO, NULL) : (call))
