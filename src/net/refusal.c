/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/refusal.h"

#include "base/json.h"

enum { REFUSAL_MAX = 4096 };

static const char *
code_of(int status)
{
    static const struct {
        int status;
        const char *code;
    } known[] = {
        {400, "bad_request"},          {408, "request_timeout"},    {413, "request_too_large"},
        {414, "uri_too_long"},         {417, "expectation_failed"}, {431, "headers_too_large"},
        {501, "method_not_supported"}, {503, "overloaded"},         {505, "version_not_supported"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == status)
            return known[i].code;
    return "refused";
}

static void
make_own(int status, str text, arena *a, str *ret_type, str *ret_body)
{
    AUTO(buf) b = BUF(REFUSAL_MAX);
    json_open(&b, '{');
    json_key(&b, "error");
    json_open(&b, '{');
    json_member_str(&b, "message", text);
    json_member_str(&b, "type", str_of(status < 500 ? "invalid_request_error" : "server_error"));
    json_member_str(&b, "code", str_of(code_of(status)));
    json_close(&b, '}');
    json_close(&b, '}');
    *ret_type = STR("application/json");
    *ret_body = buf_end(&b).code ? STR("{}") : arena_str(a, buf_str(&b));
}

void
refusal_make(const struct http_hooks *hooks, int status, str text, arena *a, str *ret_type,
             str *ret_body)
{
    ASSERT(status >= 400 && status < 600);
    *ret_type = *ret_body = STR_NONE;
    if (hooks->on_refusal)
        hooks->on_refusal(hooks->ctx, status, text, a, ret_type, ret_body);
    if (!ret_body->at)
        make_own(status, text, a, ret_type, ret_body);
}
