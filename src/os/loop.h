/* SPDX-License-Identifier: EUPL-1.2 */
/* loop.h - one event loop per process and thread, over libuv.
 *
 * net/ works on the uv_loop_t itself; everybody else needs only what is here: timers, calls put
 * off to the next turn, readable descriptors, signals, work on another thread.  A handle belongs
 * to the loop's thread; its struct must live until its close has run, which the loop takes care
 * of: x_stop frees it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef struct loop loop;
typedef struct loop_timer loop_timer;
typedef struct loop_watch loop_watch;
struct uv_loop_s;

typedef void loop_fn(void *ctx);

fallible loop_new(loop **ret);
/* Closes what is still open (a handle put on the uv_loop_t itself is closed, its memory stays its
 * owner's), waits for work that runs, then calls what loop_on_free left.  Not from a callback;
 * NULL is fine. */
void loop_free(loop *l);
/* For state that must live as long as the loop; last in, first out. */
fallible loop_on_free(loop *l, loop_fn *fn, void *ctx);
/* Until loop_stop, or until nothing is active. */
void loop_run(loop *l);
/* One turn without waiting, for tests; false when nothing is active. */
bool loop_turn(loop *l);
/* The same, waiting for at most so long for something to happen. */
bool loop_turn_for(loop *l, int wait_ms);
void loop_stop(loop *l);
/* Before it waits the next time, the loop looks for events for so long without sleeping: for what
 * is due sooner than a core that sleeps wakes.  The longest of several calls counts. */
void loop_linger(loop *l, uint64_t ns);
struct uv_loop_s *loop_uv(loop *l);

/* Calls after `first_ms`, then every `repeat_ms` (0: once, and the timer frees itself after).
 * `ret` may be NULL. */
fallible loop_timer_start(loop *l, uint64_t first_ms, uint64_t repeat_ms, loop_fn *fn, void *ctx,
                          loop_timer **ret);
/* NULL is fine. */
void loop_timer_stop(loop_timer *t);
/* When `f` is readable.  The descriptor stays the caller's; stop before closing it. */
fallible loop_watch_start(loop *l, int f, loop_fn *fn, void *ctx, loop_watch **ret);
void loop_watch_stop(loop_watch *w);
fallible loop_signal(loop *l, int number, loop_fn *fn, void *ctx);
/* `work` on a thread of the pool, then `done` on the loop. */
fallible loop_work(loop *l, loop_fn *work, loop_fn *done, void *ctx);
