/* SPDX-License-Identifier: EUPL-1.2 */
/* POST /v1/citizen/triage: where a letter belongs (work/triage). */
#include "api/citizen/citizen_api.h"
#include "api/read.h"
#include "base/json.h"
#include "base/num.h"
#include "os/clock.h"

enum { NAME_BYTES = 256, DATE_BYTES = 10, ANSWER_BYTES = 1 << 20 };

struct letter {
    struct api_call *call;
    struct keep_call keep;
};

/* "2026-11-23" */
static fallible
read_received(const jval *v, day *ret)
{
    str text = STR_NONE;
    uint64_t part[3];
    TRY(opt_json_str(v, DATE_BYTES, &text));
    if (!text.len)
        return OK;
    for (int i = 0; i < 3; i++) {
        str one;
        if (!str_next(&text, '-', &one) || num_u64(one, 0, 9999, &part[i]).code)
            REFUSE_AT(ARGUMENT, v, "is a day as 2026-11-23");
    }
    if (text.len || !day_make((int)part[0], (int)part[1], (int)part[2], ret))
        REFUSE_AT(ARGUMENT, v, "is a day as 2026-11-23");
    return OK;
}

static void
on_sorted(void *ctx, const struct triage *t, str marked, err e)
{
    struct letter *const l = ctx;
    AUTO(buf) b = BUF(ANSWER_BYTES);
    const struct http_field fields[] = {{STR("content-type"), STR("application/json")},
                                        {STR("x-hoheit-label"), marked}};
    l->call->job = NULL;
    if (!t) {
        api_fail(l->call, e);
        return;
    }
    json_open(&b, '{');
    triage_put_json(&b, t);
    json_member_str(&b, "label", marked);
    json_close(&b, '}');
    http_answer(l->call->x, 200, fields, 2, buf_str(&b));
}

static fallible
sort(struct letter *l)
{
    static const char *const known[] = {"text", "know", "received", NULL};
    struct api_call *const c = l->call;
    struct citizen *const z = api_citizen(c->api);
    struct citizen_sort q = {.call = &l->keep,
                             .collection = citizen_collection(z),
                             .label_text = http_header(c->x, STR("x-hoheit-label")),
                             .received = day_of_wall_ms(clock_wall_ms()),
                             .received_us = http_received_us(c->x),
                             .done = on_sorted,
                             .ctx = l};
    jval body;
    TRY(api_body(c, &body));
    TRY(api_body_only(&body, known));
    const jval text = json_get(&body, "text"), from = json_get(&body, "know"),
               received = json_get(&body, "received");
    TRY(json_str(&text, MAIL_BYTES_MAX, &q.letter));
    TRY(opt_json_str(&from, NAME_BYTES, &q.collection));
    TRY(read_received(&received, &q.received));
    return citizen_sort(z, &q, &c->job);
}

void
triage_route(struct api_call *c)
{
    struct letter *const l = arena_new(c->a, struct letter);
    l->call = c;
    l->keep = (struct keep_call){.gate = c->gate,
                                 .session = c->session,
                                 .case_name = c->case_name,
                                 .request_id = http_request_id(c->x),
                                 .a = c->a};
    const err e = sort(l);
    if (e.code)
        api_fail(c, e);
}
