/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/pace.h"

/* Of how many a new measure is one. */
enum { MEAN_OF = 8, RARE_OF = 2 };

static const double FADE = 15.0 / 16, RIDGE = 200 /* tokens */, FAR = 3;

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

/* ---- reading */

static double
slope_of(const struct pace_line *l)
{
    const double at = l->at / l->weight, ns = l->ns / l->weight;
    const double spread = l->at_at / l->weight - at * at, both = l->at_ns / l->weight - at * ns;
    return both > 0 ? both / (spread + RIDGE * RIDGE) : 0;
}

/* Never far from what was seen, wherever the line leads. */
uint64_t
pace_read_ns(const struct pace *p, size_t at)
{
    const struct pace_line *l = &p->read;
    if (l->weight <= 0)
        return 0;
    const double mean = l->ns / l->weight;
    const double ns = mean + slope_of(l) * ((double)at - l->at / l->weight);
    return (uint64_t)(ns < mean / FAR ? mean / FAR : ns > FAR * mean ? FAR * mean : ns);
}

static void
add_point(struct pace_line *l, double at, double ns)
{
    l->weight = FADE * l->weight + 1;
    l->at = FADE * l->at + at;
    l->ns = FADE * l->ns + ns;
    l->at_at = FADE * l->at_at + at * at;
    l->at_ns = FADE * l->at_ns + at * ns;
}

void
pace_learn_reading(struct pace *p, size_t writers, size_t read, size_t at, uint64_t us)
{
    const uint64_t alone_us = pace_together_us(p, writers), usual = pace_read_ns(p, at);
    if (read < PACE_READ_KNOWN || us <= alone_us)
        return;
    uint64_t ns = (us - alone_us) * 1000 / read;
    if (usual && ns > 2 * usual)
        ns = 2 * usual;
    add_point(&p->read, (double)at, (double)ns);
}

uint64_t
pace_reads(const struct pace *p, size_t writers, size_t at, uint64_t step_us, uint64_t unknown)
{
    const uint64_t alone_us = pace_together_us(p, writers), ns = pace_read_ns(p, at);
    if (!ns)
        return unknown;
    return step_us > alone_us ? (step_us - alone_us) * 1000 / ns : 0;
}
