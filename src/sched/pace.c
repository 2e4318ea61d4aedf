/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/pace.h"

/* Of how many a new measure is one. */
enum { MEAN_OF = 8, RARE_OF = 2 };

static void
smooth(uint64_t *mean, uint64_t now, uint64_t parts)
{
    if (*mean && now > 2 * *mean)
        now = 2 * *mean;
    *mean = *mean ? ((parts - 1) * *mean + now) / parts : now;
}

void
pace_learn_rows(struct pace *p, size_t rows, uint64_t us, bool is_rare)
{
    ASSERT(rows > 0);
    if (rows <= PACE_ROWS_MAX)
        smooth(rows == 1 ? &p->single_us : &p->rows_us[rows], us, is_rare ? RARE_OF : MEAN_OF);
}

void
pace_learn_reading(struct pace *p, size_t writers, size_t read, uint64_t us)
{
    const uint64_t alone_us = pace_together_us(p, writers);
    if (read >= PACE_READ_KNOWN && us > alone_us)
        smooth(&p->read_ns, (us - alone_us) * 1000 / read, MEAN_OF);
}

static uint64_t
known(const struct pace *p, size_t rows)
{
    return rows == 1 ? p->single_us : p->rows_us[rows];
}

uint64_t
pace_rows_us(const struct pace *p, size_t rows)
{
    size_t below = rows, above = rows;
    ASSERT(rows > 0 && rows <= PACE_ROWS_MAX);
    while (below > 1 && !known(p, below))
        below--;
    while (above < PACE_ROWS_MAX && !known(p, above))
        above++;
    const uint64_t from = known(p, below), to = known(p, above);
    if (!from || !to || below == above)
        return below == above ? from : 0;
    return (from * (above - rows) + to * (rows - below)) / (above - below);
}

uint64_t
pace_together_us(const struct pace *p, size_t writers)
{
    const uint64_t us = writers && writers <= PACE_ROWS_MAX ? known(p, writers) : 0;
    return us ? us : p->single_us * writers;
}

uint64_t
pace_plain_us(const struct pace *p, size_t writers)
{
    const uint64_t together = pace_together_us(p, writers), singly = p->single_us * writers;
    return singly && writers <= PACE_SINGLY_MAX && singly < together ? singly : together;
}

/* What is not known yet is tried. */
bool
pace_goes_singly(struct pace *p, size_t writers)
{
    if (writers < 2 || writers > PACE_SINGLY_MAX || !p->rows_us[writers])
        return false;
    const bool singly = p->single_us * writers < p->rows_us[writers];
    return ++p->turns % PACE_OTHER_WAY ? singly : !singly;
}

uint64_t
pace_reads(const struct pace *p, size_t writers, uint64_t step_us, uint64_t unknown)
{
    const uint64_t alone_us = pace_together_us(p, writers);
    if (!p->read_ns)
        return unknown;
    return step_us > alone_us ? (step_us - alone_us) * 1000 / p->read_ns : 0;
}
