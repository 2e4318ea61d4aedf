/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/window.h"

static const int64_t day_ms = 86400000;

int64_t
day_of(int64_t wall_ms)
{
    return wall_ms / day_ms - (wall_ms % day_ms < 0);
}

int64_t
day_end_ms(int64_t day)
{
    return (day + 1) * day_ms;
}

/* Years begin in March here, so that the leap day is a year's last. */
static int64_t
month_of_day(int64_t day)
{
    const int64_t z = day + 719468;
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
    const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const int64_t since_march = (5 * of_year + 2) / 153;
    return (era * 400 + year) * 12 + since_march + 2; /* month 0 is January of the year 0 */
}

int64_t
month_of(int64_t wall_ms)
{
    return month_of_day(day_of(wall_ms));
}

/* Day of the month's first. */
static int64_t
first_of(int64_t month)
{
    const int64_t from_march = month - 2;
    const int64_t y = (from_march >= 0 ? from_march : from_march - 11) / 12;
    const int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    const int64_t since_march = from_march - y * 12;
    const int64_t of_year = (153 * since_march + 2) / 5;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t
month_end_ms(int64_t month)
{
    return first_of(month + 1) * day_ms;
}

/* ---- minutes */
void
minute_turn(struct minute *m, uint64_t now_ms)
{
    const uint64_t slot = now_ms / MINUTE_SLOT_MS;
    if (slot <= m->slot)
        return;
    const uint64_t gone = slot - m->slot < MINUTE_SLOTS ? slot - m->slot : MINUTE_SLOTS;
    for (uint64_t i = 0; i < gone; i++) {
        uint64_t *at = &m->at[(slot - i) % MINUTE_SLOTS];
        m->sum = less(m->sum, *at);
        *at = 0;
    }
    m->slot = slot;
}

void
minute_add(struct minute *m, uint64_t amount)
{
    uint64_t *at = &m->at[m->slot % MINUTE_SLOTS];
    *at = add_capped(*at, amount);
    m->sum = add_capped(m->sum, amount);
}

void
minute_take_back(struct minute *m, uint64_t slot, uint64_t amount)
{
    if (slot > m->slot || m->slot - slot >= MINUTE_SLOTS)
        return;
    uint64_t *at = &m->at[slot % MINUTE_SLOTS];
    const uint64_t taken = amount < *at ? amount : *at;
    *at -= taken;
    m->sum = less(m->sum, taken);
}

uint64_t
minute_wait_ms(const struct minute *m, uint64_t amount, uint64_t now_ms)
{
    uint64_t freed = 0, wait = 0;
    for (uint64_t i = MINUTE_SLOTS; i-- > 0 && freed < amount;) {
        const uint64_t slot = m->slot - i; /* before the first there was nothing */
        if (m->slot < i || !m->at[slot % MINUTE_SLOTS])
            continue;
        freed = add_capped(freed, m->at[slot % MINUTE_SLOTS]);
        wait = less((slot + MINUTE_SLOTS) * MINUTE_SLOT_MS, now_ms);
    }
    return wait;
}
