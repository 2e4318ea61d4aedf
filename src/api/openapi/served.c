/* SPDX-License-Identifier: EUPL-1.2 */
/* GET /openapi.json. */
#include "api/openapi/served.h"
#include "api/openai/openai.h"
#include "api/openapi/openapi.h"

static void
show(struct api_call *c)
{
    AUTO(buf) b = BUF(OPENAPI_BYTES_MAX);
    openapi_put(&b);
    api_json(c, &b);
}

static const struct route routes[] = {
    {HTTP_GET, "/openapi.json", show, AUTH_NONE, &openai_dialect, NULL, NULL},
};

const struct route_table openapi_table = {routes, sizeof routes / sizeof *routes};
