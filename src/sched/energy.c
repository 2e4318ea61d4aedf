/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/energy.h"

enum { NJ_IN_UJ = 1000, NJ_IN_MJ = 1000000, MJ_IN_J = 1000 };

void
energy_tick(struct energy *e, uint64_t total_uj)
{
    ASSERT(total_uj >= e->last_uj);
    if (e->running)
        e->shared_nj += (total_uj - e->last_uj) * NJ_IN_UJ / e->running;
    e->last_uj = total_uj;
}

uint64_t
energy_begin(struct energy *e)
{
    e->running++;
    return e->shared_nj;
}

uint64_t
energy_end(struct energy *e, uint64_t begun, uint64_t tokens)
{
    ASSERT(e->running);
    const uint64_t mj = (e->shared_nj - begun + NJ_IN_MJ - 1) / NJ_IN_MJ;
    e->running--;
    e->ended_mj += mj;
    e->ended_tokens += tokens;
    return mj;
}

uint64_t
energy_estimate(const struct energy *e, uint64_t tokens)
{
    if (!e->ended_tokens)
        return 1;
    const uint64_t each_mj = (e->ended_mj + e->ended_tokens - 1) / e->ended_tokens;
    const uint64_t j = each_mj * tokens / MJ_IN_J;
    return j ? j : 1;
}
