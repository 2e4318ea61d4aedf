/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/entropy.h"

#include <stdatomic.h>
#include <sys/random.h>

#include "os/clock.h"
#include "os/sys.h"

enum { ID_DIGITS = 26, ID_PREFIX_MAX = 12 };

/* Set by tests only; 0: the system's. */
static _Atomic uint64_t fixed_state;

/* splitmix64 (Steele, Lea, Flood 2014): any seed is good, the whole state is one word. */
static void
fill_fixed(uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t z = atomic_fetch_add(&fixed_state, 0x9e3779b97f4a7c15u) + 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        at[i] = (uint8_t)(z >> 56);
    }
}

static bool
fill(uint8_t *at, size_t len)
{
    if (atomic_load(&fixed_state)) {
        fill_fixed(at, len);
        return true;
    }
    size_t done = 0;
    while (done < len) {
        const ssize_t n = getrandom(at + done, len - done, 0);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

fallible
entropy_get(void *ret, size_t len)
{
    ASSERT(ret || !len);
    if (fault_now() || !fill(ret, len))
        FAIL(IO, "the system gives no random bytes");
    return OK;
}

/* Most significant digit first; the first carries only the topmost 3 of 128 bits. */
static void
put_base32(const uint8_t bytes[16], char *at)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    unsigned __int128 n = 0;
    for (int i = 0; i < 16; i++)
        n = n << 8 | bytes[i];
    for (int i = ID_DIGITS - 1; i >= 0; i--, n >>= 5)
        at[i] = digits[(unsigned)n & 31];
}

str
id_new(const char *prefix, char room[ID_MAX])
{
    const size_t len = strlen(prefix);
    ASSERT(len <= ID_PREFIX_MAX);
    uint8_t bytes[16];
    const uint64_t ms = (uint64_t)clock_wall_ms();
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    if (!fill(bytes + 6, sizeof bytes - 6))
        err_panic(__FILE__, __LINE__, __func__, "the system gives no random bytes");
    memcpy(room, prefix, len);
    put_base32(bytes, room + len);
    room[len + ID_DIGITS] = '\0';
    return (str){room, len + ID_DIGITS};
}

void
entropy_fix(uint64_t seed)
{
    atomic_store(&fixed_state, seed);
}
