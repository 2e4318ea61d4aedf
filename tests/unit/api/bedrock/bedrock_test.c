/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/bedrock.h"

#include <stdio.h>

#include "api/router.h"
#include "test.h"

static err
fail_with(enum err_code code, const char *param)
{
    return err_start_public(code, param, __FILE__, __LINE__, __func__, "a \"sentence\"\n");
}

TEST(an_error_is_a_message)
{
    AUTO(buf) b = BUF(4096);
    const struct api_error told = {{ERR_ARGUMENT}, STR("a \"sentence\"\n"), STR("p"), STR("r")};
    bedrock_dialect.put_error(&b, &told);
    CHECK_STR(buf_str(&b), STR("{\"message\":\"a \\\"sentence\\\"\\n\"}"));
}

TEST(errors_have_the_names_and_statuses_that_clients_act_upon)
{
    static const struct {
        enum err_code code;
        const char *param, *name, *in_stream;
        int status;
    } cases[] = {
        {ERR_ARGUMENT, "x", "ValidationException", "validationException", 400},
        {ERR_PARSE, "", "ValidationException", "validationException", 400},
        {ERR_UNSUPPORTED, "", "ValidationException", "validationException", 400},
        {ERR_CONTEXT_LENGTH, "", "ValidationException", "validationException", 400},
        {ERR_DENIED, "", "AccessDeniedException", "modelStreamErrorException", 403},
        {ERR_NOT_FOUND, "", "ResourceNotFoundException", "modelStreamErrorException", 404},
        {ERR_MODEL_NOT_FOUND, "", "ResourceNotFoundException", "modelStreamErrorException", 404},
        {ERR_RATE, "", "ThrottlingException", "throttlingException", 429},
        {ERR_BUSY, "", "ServiceUnavailableException", "serviceUnavailableException", 503},
        {ERR_LIMIT, "", "ServiceUnavailableException", "serviceUnavailableException", 503},
        {ERR_ENGINE_LOST, "", "ServiceUnavailableException", "serviceUnavailableException", 503},
        {ERR_PROVIDER_LOST, "", "ServiceUnavailableException", "serviceUnavailableException", 503},
        {ERR_ENGINE_LOADING, "", "ModelNotReadyException", "modelStreamErrorException", 429},
        {ERR_INTERNAL, "", "InternalServerException", "internalServerException", 500},
        {ERR_REQUEST_TIMEOUT, "", "ModelTimeoutException", "modelTimeoutException", 408},
        {ERR_CONFLICT, "", "ConflictException", "modelStreamErrorException", 409},
        {ERR_TOO_LARGE, "", "RequestEntityTooLargeException", "modelStreamErrorException", 413},
        {ERR_UNAUTHENTICATED, "", "ExpiredTokenException", "modelStreamErrorException", 403},
        {ERR_UNAUTHENTICATED, "InvalidSignatureException", "InvalidSignatureException",
         "modelStreamErrorException", 403},
        {ERR_UNAUTHENTICATED, "UnrecognizedClientException", "UnrecognizedClientException",
         "modelStreamErrorException", 403},
        {ERR_UNAUTHENTICATED, "RequestExpired", "RequestExpired", "modelStreamErrorException", 403},
        {ERR_UNAUTHENTICATED, "something else", "ExpiredTokenException",
         "modelStreamErrorException", 403},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const err e = fail_with(cases[i].code, cases[i].param);
        CHECK_STR(str_of(bedrock_exception(e)), str_of(cases[i].name));
        CHECK_STR(str_of(bedrock_stream_exception(e)), str_of(cases[i].in_stream));
        CHECK_INT(bedrock_dialect.status(e), ==, cases[i].status);
        CHECK_STR(bedrock_dialect.error_field(e).name, STR("x-amzn-errortype"));
        CHECK_STR(bedrock_dialect.error_field(e).value, str_of(cases[i].name));
    }
}

TEST(every_error_has_a_name_and_a_status_of_its_kind)
{
    for (int code = 1; code < ERR_COUNT; code++) {
        const err e = fail_with((enum err_code)code, "");
        const int status = bedrock_dialect.status(e), usual = err_info(e)->http_status;
        CHECK(bedrock_exception(e)[0] && bedrock_stream_exception(e)[0]);
        CHECK(status >= 400 && status < 600);
        CHECK(status / 100 == usual / 100 || code == ERR_ENGINE_LOADING);
    }
}

TEST(ids_with_colons_slashes_and_whole_arns_are_routed)
{
    static const struct {
        enum http_method method;
        const char *path;
        bool is_there;
    } cases[] = {
        {HTTP_POST, "/model/toy/converse", true},
        {HTTP_POST, "/model/anthropic.claude-v1%3A0/converse-stream", true},
        {HTTP_POST, "/model/anthropic.claude-v1:0/invoke", true},
        {HTTP_POST, "/model/arn%3Aaws%3Abedrock%3Aeu%3A1%3Ainference-profile%2Feu.nix/invoke",
         true},
        {HTTP_POST, "/model/toy/invoke-with-response-stream", true},
        {HTTP_POST, "/model/toy/count-tokens", true},
        {HTTP_POST, "/guardrail/g/version/1/apply", true},
        {HTTP_GET, "/foundation-models", true},
        {HTTP_GET, "/foundation-models/toy", true},
        {HTTP_GET, "/async-invoke/arn%3Ax", true},
        {HTTP_POST, "/model-invocation-job/a/stop", true},
        {HTTP_GET, "/model/toy/converse", false},
        {HTTP_POST, "/model//converse", false},
        {HTTP_POST, "/model/a/b/converse", false},
        {HTTP_POST, "/model/toy/invoke-with-bidirectional-stream", false},
        {HTTP_POST, "/foundation-models", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct routed r =
            route_find(&bedrock_table, 1, cases[i].method, str_of(cases[i].path), NULL);
        if ((r.route != NULL) != cases[i].is_there)
            test_fail(__FILE__, __LINE__, "%s", cases[i].path);
    }
}
