/* SPDX-License-Identifier: EUPL-1.2 */
/* engine_proc.h - starts one engine process: picks the program, opens the model below models/ of
 * the data directory (the engine itself may open nothing), makes its channel.
 *
 * Descriptors of an engine: 3 the channel, 4 the model file (not for the toy).  Its environment
 * holds OMP_WAIT_POLICY=passive: llama.cpp's barriers spin otherwise and starve the other
 * processes (with 2 threads on busy cores a step took seven times as long).  But they spin a
 * little, some tens of microseconds, before they sleep: on idle cores waking takes longer than most
 * waits last, and one stream wrote 20 tokens a second without, 60 with it. */
#pragma once
#include <sys/types.h>

#include "engine/control.h"
#include "super/boot.h"

/* The caller closes *ret_channel after passing it on. */
fallible engine_proc_start(const struct control_start *start, const char *bin_dir,
                           const struct boot *boot, pid_t *ret_pid, int *ret_channel);
/* Does this exit status mean that another try would end the same? */
bool engine_proc_is_final(int exit_status);
/* The error an exit status stands for; INTERNAL if none. */
enum err_code engine_proc_error(int exit_status);
