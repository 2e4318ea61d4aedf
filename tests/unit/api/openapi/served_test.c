/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openapi/served.h"

#include "api/openai/openai.h"
#include "unit/api/reply.h"

TEST(the_document_is_for_everybody)
{
    site_open(&openapi_table, 1, &openai_dialect);
    AUTO(reply) *r = GET(site.net, "/openapi.json", NULL);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "openapi"), STR("3.1.0"));
    AUTO(reply) *w = POST(site.net, "/openapi.json", NULL, "{}");
    CHECK_INT(w->status, ==, 405);
    site_close();
}
