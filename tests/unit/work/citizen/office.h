/* SPDX-License-Identifier: EUPL-1.2 */
/* office.h - the office that answers citizens from the little town's collection. */
#pragma once
#include "unit/work/library/town.h"
#include "work/citizen/citizen.h"

/* `collection`: the public's; empty: none. */
static inline citizen *
office_open(struct town *t, const char *collection)
{
    citizen *z = NULL;
    const struct citizen_parts p = {.gate = t->r->gate,
                                    .library = t->library,
                                    .collection = str_of(collection),
                                    .contact = STR("Rathaus <Zimmer 1>, Telefon 115")};
    CHECK_OK(citizen_new(&p, &z));
    return z;
}
