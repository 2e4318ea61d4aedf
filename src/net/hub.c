/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/hub.h"

#include <stdio.h>
#include <time.h>

#include "os/clock.h"

/* How long a connection that was told to close may go on sending what nobody reads. */
enum { LINGER_MS_MAX = 2000 };

void
hub_init(struct hub *h, const struct params *p, meters *m, struct http_hooks hooks)
{
    const uint64_t wait_ms[DEADLINE_KINDS] = {
        [DEADLINE_HEADER] = p->net_header_ms_max,
        [DEADLINE_BODY] = p->net_body_ms_max,
        [DEADLINE_IDLE] = p->net_idle_ms_max,
        [DEADLINE_LINGER] = LINGER_MS_MAX,
    };
    ASSERT(hooks.on_request && m);
    *h = (struct hub){.p = *p, .hooks = hooks, .m = m, .date_s = -1};
    deadlines_init(&h->deadlines, wait_ms);
}

void
hub_done(struct hub *h)
{
    ASSERT(deadlines_next_ms(&h->deadlines) == UINT64_MAX);
    while (h->spare_count)
        arena_free(h->spares[--h->spare_count]);
    buf_done(&h->spare_out);
}

fallible
hub_take_arena(struct hub *h, arena **ret)
{
    if (h->spare_count) {
        *ret = h->spares[--h->spare_count];
        return OK;
    }
    return arena_open(h->p.gate_request_memory_bytes_max, ret);
}

void
hub_give_arena(struct hub *h, arena *a)
{
    if (h->spare_count == HUB_SPARES_MAX) {
        arena_free(a);
        return;
    }
    arena_reset(a);
    h->spares[h->spare_count++] = a;
}

/* strftime would ask the locale. */
static void
make_date(char room[HUB_DATE_LEN + 1], time_t now)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm t;
    gmtime_r(&now, &t);
    (void)snprintf(room, HUB_DATE_LEN + 1, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
                   days + 3 * t.tm_wday, (unsigned)t.tm_mday % 32u, months + 3 * t.tm_mon,
                   (unsigned)(t.tm_year + 1900) % 10000u, (unsigned)t.tm_hour % 24u,
                   (unsigned)t.tm_min % 60u, (unsigned)t.tm_sec % 61u);
}

str
hub_date(struct hub *h)
{
    const int64_t now_s = clock_wall_ms() / 1000;
    if (now_s != h->date_s) {
        make_date(h->date, (time_t)now_s);
        h->date_s = now_s;
    }
    return (str){h->date, HUB_DATE_LEN};
}

void
hub_expire(struct hub *h)
{
    const uint64_t now_ms = clock_ms();
    struct deadline *d;
    while ((d = deadlines_take(&h->deadlines, now_ms)))
        d->expired(d->owner);
}
