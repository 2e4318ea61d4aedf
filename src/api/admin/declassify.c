/* SPDX-License-Identifier: EUPL-1.2 */
/* A lower label for a text: proposed, read and approved by somebody else, let out once. */
#include "acts/declassify.h"

#include "api/admin/admin_api.h"

enum { LABEL_BYTES_MAX = LABEL_TEXT_MAX, DIGEST_BYTES_MAX = 64 };
static const int64_t valid_ms_max = DECLASSIFY_VALID_DAYS_MAX * 86400000LL;

static fallible
read_wish(struct admin_work *w, struct declassify_wish *ret)
{
    static const char *const known[] = {"content", "from",     "to", "reason",
                                        "basis",   "valid_ms", NULL};
    struct declassify_wish d = {.from = STR_NONE};
    jval body;
    int64_t valid_ms;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval text = json_get(&body, "content"), from = json_get(&body, "from");
    const jval to = json_get(&body, "to"), reason = json_get(&body, "reason");
    const jval basis = json_get(&body, "basis"), valid = json_get(&body, "valid_ms");
    TRY(json_str(&text, DECLASSIFY_CONTENT_MAX, &d.content));
    TRY(opt_json_str(&from, LABEL_BYTES_MAX, &d.from));
    TRY(json_str(&to, LABEL_BYTES_MAX, &d.to));
    TRY(json_str(&reason, DECLASSIFY_WORDS_MAX, &d.reason));
    TRY(json_str(&basis, DECLASSIFY_WORDS_MAX, &d.basis));
    TRY(json_i64(&valid, 1, valid_ms_max, &valid_ms));
    d.valid_ms = (uint64_t)valid_ms;
    *ret = d;
    return OK;
}

static fallible
propose(struct admin_work *w)
{
    struct declassify_wish wish;
    TRY(read_wish(w, &wish));
    return declassify_propose(&w->admin, &wish, &w->body);
}

void
admin_declassify_propose(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, propose(w));
}

void
admin_declassify_show(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, declassify_show(&w->admin, c->args[0], &w->body));
}

static fallible
approve(struct admin_work *w)
{
    static const char *const known[] = {"sha256", NULL};
    jval body;
    str hex;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval v = json_get(&body, "sha256");
    TRY(json_str(&v, DIGEST_BYTES_MAX, &hex));
    return declassify_approve(&w->admin, w->call->args[0], hex);
}

void
admin_declassify_approve(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, approve(w));
}

void
admin_declassify_release(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, declassify_fetch(&w->admin, c->args[0], &w->body));
}
