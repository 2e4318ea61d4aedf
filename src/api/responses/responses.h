/* SPDX-License-Identifier: EUPL-1.2 */
/* responses.h - the part of the OpenAI dialect that keeps something: Responses, conversations,
 * files, batches; and moderations. */
#pragma once
#include "api/api.h"

extern const struct route_table responses_table;
