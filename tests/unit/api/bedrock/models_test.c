/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/bedrock/signed.h"

static size_t
listed(const char *query)
{
    char path[200];
    snprintf(path, sizeof path, "/foundation-models%s", query);
    AUTO(reply) *r = GET(site.local, path, NULL);
    CHECK_INT(r->status, ==, 200);
    const jval list = reply_at(r, "modelSummaries");
    return json_type(list) == J_ARRAY ? json_count(&list) : SIZE_MAX;
}

TEST(models_and_their_other_names_are_listed)
{
    open_signed();
    CHECK_INT(listed(""), ==, 2);
    CHECK_OK(registry_set_alias(site.rig.registry, STR("anthropic.claude-v1:0"), STR("toy")));
    CHECK_INT(listed(""), ==, 3);
    CHECK_INT(listed("?byOutputModality=TEXT"), ==, 2);
    CHECK_INT(listed("?byOutputModality=EMBEDDING"), ==, 1);
    CHECK_INT(listed("?byOutputModality=IMAGE"), ==, 0);
    CHECK_INT(listed("?byProvider=Hoheit"), ==, 3);
    CHECK_INT(listed("?byProvider=other"), ==, 0);
    CHECK_INT(listed("?byInferenceType=ON_DEMAND"), ==, 3);
    CHECK_INT(listed("?byInferenceType=PROVISIONED"), ==, 0);
    CHECK_INT(listed("?byCustomizationType=FINE_TUNING"), ==, 0);
    AUTO(reply) *odd = GET(site.local, "/foundation-models?x=1", NULL);
    check_refused(odd, 400, "ValidationException", "parameter");
    site_close();
}

TEST(one_is_shown_by_name_alias_or_arn)
{
    open_signed();
    AUTO(reply) *r = GET(site.local, "/foundation-models/toy", NULL);
    CHECK_STR(reply_text(r, "modelDetails.modelId"), STR("toy"));
    CHECK_STR(reply_text(r, "modelDetails.modelArn"),
              STR("arn:aws:bedrock:local::foundation-model/toy"));
    CHECK_STR(reply_text(r, "modelDetails.modelLifecycle.status"), STR("ACTIVE"));
    AUTO(reply) *arn = GET(
        site.local, "/foundation-models/arn%3Aaws%3Abedrock%3A%3A%3Afoundation-model%2Ftoy", NULL);
    CHECK_STR(reply_text(arn, "modelDetails.modelId"), STR("toy"));
    AUTO(reply) *none = GET(site.local, "/foundation-models/none", NULL);
    check_refused(none, 404, "ResourceNotFoundException", "none");
    AUTO(reply) *empty = GET(site.local, "/foundation-models/arn%3Ax%2F", NULL);
    check_refused(empty, 400, "ValidationException", "names no model");
    site_close();
}

TEST(who_holds_no_key_sees_none)
{
    open_signed();
    AUTO(reply) *r = GET(site.net, "/foundation-models", NULL);
    check_refused(r, 403, "MissingAuthenticationTokenException", "Missing");
    site_close();
}
