/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/clock.h"

#include <stdatomic.h>
#include <time.h>

#include "base/json.h"

/* Set by tests only; in a running process `fixed` stays false and the cost is one load. */
static atomic_bool fixed;
static _Atomic uint64_t fixed_ns;
static _Atomic int64_t fixed_wall_ms;

static struct timespec
read_clock(clockid_t id)
{
    struct timespec t;
    ASSERT(clock_gettime(id, &t) == 0);
    return t;
}

uint64_t
clock_ns(void)
{
    if (atomic_load_explicit(&fixed, memory_order_acquire))
        return atomic_load(&fixed_ns);
    const struct timespec t = read_clock(CLOCK_MONOTONIC);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t
clock_wall_ms(void)
{
    if (atomic_load_explicit(&fixed, memory_order_acquire))
        return atomic_load(&fixed_wall_ms);
    const struct timespec t = read_clock(CLOCK_REALTIME);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
clock_put(buf *b, int64_t wall_ms)
{
    /* Rounded down, so that the milliseconds of a time before 1970 are not negative. */
    const int64_t ms = (wall_ms % 1000 + 1000) % 1000;
    const time_t s = (time_t)((wall_ms - ms) / 1000);
    struct tm t;
    ASSERT(gmtime_r(&s, &t));
    buf_add_fmt(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                t.tm_hour, t.tm_min, t.tm_sec, (int)ms);
}

void
clock_put_member(buf *b, const char *name, int64_t wall_ms)
{
    json_key(b, name);
    if (!wall_ms) {
        json_put_null(b);
        return;
    }
    buf_add_char(b, '"');
    clock_put(b, wall_ms);
    buf_add_char(b, '"');
}

void
clock_fix(uint64_t ns, int64_t wall_ms)
{
    atomic_store(&fixed_ns, ns);
    atomic_store(&fixed_wall_ms, wall_ms);
    atomic_store_explicit(&fixed, true, memory_order_release);
}

void
clock_free(void)
{
    atomic_store(&fixed, false);
}
