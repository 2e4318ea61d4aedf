/* SPDX-License-Identifier: EUPL-1.2 */
/* tables.h - the tables of all routes, as the gate serves them and as the document is held against
 * them. */
#pragma once
#include "api/api.h"

enum { ROUTE_TABLES = 12 };

void route_tables(struct route_table ret[ROUTE_TABLES]);
