/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/price.h"

enum { MILLION = 1000000 };

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Whole micro-euro into *whole, the rest, in millionths of them, returned. */
static uint64_t
part_of(uint64_t tokens, uint64_t price, uint64_t *whole)
{
    ASSERT(price <= PRICE_MAX);
    tokens = least(tokens, PRICE_TOKENS_MAX);
    const uint64_t rest = tokens % MILLION * price;
    *whole += tokens / MILLION * price + rest / MILLION;
    return rest % MILLION;
}

uint64_t
price_of(const struct price *p, const struct price_usage *u)
{
    uint64_t whole = 0;
    const uint64_t cached = least(u->cached, u->in);
    const uint64_t rest = part_of(u->in - cached, p->in, &whole) +
                          part_of(cached, p->cached, &whole) + part_of(u->out, p->out, &whole);
    return whole + (rest + MILLION - 1) / MILLION;
}

fallible
price_convert(uint64_t price, uint64_t rate, uint64_t *ret)
{
    ASSERT(price <= PRICE_MAX && rate <= UINT64_C(1) << 30);
    const uint64_t rest = price % MILLION * rate + MILLION - 1;
    const uint64_t whole = price / MILLION * rate + rest / MILLION;
    if (whole > PRICE_MAX)
        FAIL(LIMIT, "a price of %llu micro-euro", (unsigned long long)whole);
    *ret = whole;
    return OK;
}
