/* SPDX-License-Identifier: EUPL-1.2 */
/* served.h - the document of openapi.h over HTTP, for whoever asks. */
#pragma once
#include "api/api.h"

extern const struct route_table openapi_table;
