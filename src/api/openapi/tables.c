/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openapi/tables.h"

#include "api/admin/admin_api.h"
#include "api/anthropic/anthropic.h"
#include "api/bedrock/bedrock.h"
#include "api/citizen/citizen_api.h"
#include "api/know/know_api.h"
#include "api/mcp/mcp.h"
#include "api/ollama/ollama.h"
#include "api/openai/openai.h"
#include "api/openapi/served.h"
#include "api/rerank/rerank.h"
#include "api/responses/responses.h"
#include "api/stores/stores_api.h"

void
route_tables(struct route_table ret[ROUTE_TABLES])
{
    const struct route_table all[] = {
        openai_table,  responses_table, anthropic_table, bedrock_table, know_table,  stores_table,
        citizen_table, ollama_table,    rerank_table,    mcp_table,     admin_table, openapi_table};
    _Static_assert(sizeof all / sizeof *all == ROUTE_TABLES, "one for each");
    memcpy(ret, all, sizeof all);
}
