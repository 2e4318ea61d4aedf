/* SPDX-License-Identifier: EUPL-1.2 */
/* spender.h - a request that is only counted (gate/budget.h), for the tests of budgets. */
#pragma once
#include "gate/budget.h"
#include "test.h"
#include "unit/model/small_policy.h"

struct spender {
    struct session session;
    struct model model;
    struct conv_message message;
    struct conv conv;
    const struct price *price;   /* NULL: inside */
    const struct energy *energy; /* NULL: of no matter */
    bool is_dark;                /* energy is not measured */
    struct budget_hold hold;
    struct decision decision;
};

static inline void
spender_init(struct spender *s, const char *said)
{
    memset(s, 0, sizeof *s);
    s->session = (struct session){.key_id = STR("key_1"),
                                  .key_name = STR("amt~1"),
                                  .line = STR("amt"),
                                  .tenant = STR("haus"),
                                  .person = STR("frau")};
    model_toy(STR("toy"), MODEL_CHAT, &s->model);
    conv_params_default(&s->conv.params);
    s->message = (struct conv_message){.text = content_of(str_of(said), LABEL_BOTTOM)};
    s->conv.messages.at = &s->message;
    s->conv.messages.count = 1;
    s->conv.prompt = content_of(STR(""), LABEL_BOTTOM);
}

static inline err
spend(budget *b, struct spender *s)
{
    const struct budget_ask q = {.session = &s->session,
                                 .model = &s->model,
                                 .kind = ENGINE_CHAT,
                                 .conv = &s->conv,
                                 .may_leave = s->price != NULL,
                                 .price = s->price,
                                 .is_inside = s->energy || s->is_dark,
                                 .energy = s->energy};
    budget_bound(b, &q);
    return budget_reserve(b, &q, &s->hold, &s->decision);
}

static inline struct budget_cost
settle(budget *b, struct spender *s, uint64_t tokens)
{
    const struct budget_spent spent = {.tokens = tokens};
    return budget_settle(b, &s->hold, &spent);
}

static inline uint64_t
used(const budget *b, const char *subject, enum limit_id id)
{
    struct limit_use u;
    return budget_use_of(b, str_of(subject), id, &u) ? u.used + u.reserved : UINT64_MAX;
}
