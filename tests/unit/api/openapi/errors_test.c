/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/openapi/shown.h"

TEST(an_error_says_what_it_means_in_each_dialect)
{
    DOCUMENT(j);
    CHECK(str_find(text_at(&j, "components responses anthropic.529 description"),
                   str_of(err_info((err){ERR_BUSY})->en)) >= 0);
    CHECK(str_find(text_at(&j, "components responses bedrock.403 description"),
                   str_of(err_info((err){ERR_UNAUTHENTICATED})->en)) >= 0);
    CHECK(!at(&j, "components responses openai.529").v);
}

TEST(a_route_of_two_dialects_tells_errors_in_either_shape)
{
    DOCUMENT(j);
#define TWO "paths /v1/models get responses "
    const jval either = at(&j, TWO "404 content application/json schema anyOf");
    CHECK_INT(json_count(&either), ==, 2);
    CHECK(at(&j, TWO "529").v); /* Anthropic's */
#undef TWO
    CHECK(!at(&j, "paths /v1/models/{id} get responses 416").v);
    CHECK(at(&j, "paths /v1/files/{id}/content get responses 416").v);
}
