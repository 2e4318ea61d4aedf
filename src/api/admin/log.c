/* SPDX-License-Identifier: EUPL-1.2 */
/* The log: as files, records by what is in them, witnesses and alarms about them. */
#include "api/admin/admin_api.h"

#include "base/num.h"

enum { TEXT_BYTES_MAX = 1024, NOTE_TEXT_MAX = 64 * 1024, SHOWN = 100 };

void
admin_log_file(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    w->type = str_starts(c->args[0], STR("tile/")) ? "application/octet-stream"
                                                   : "text/plain; charset=utf-8";
    admin_finish(w, admin_log_put(&w->admin, c->args[0], &w->body));
}

/* ---- records */

/* One of them at most. */
static fallible
read_field(struct api_call *c, struct audit_ask *q)
{
    static const str fields[] = {STR_INIT("request"), STR_INIT("key"),   STR_INIT("object"),
                                 STR_INIT("rule"),    STR_INIT("event"), STR_INIT("case")};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        str value;
        TRY(api_query(c, fields[i], &value));
        if (!value.len)
            continue;
        if (q->field.len)
            REFUSE(ARGUMENT, fields[i].at,
                   "records are found by one of request, key, object, "
                   "rule, event and case");
        q->field = fields[i];
        q->value = value;
    }
    return OK;
}

static fallible
find(struct admin_work *w)
{
    static const char *const known[] = {"request", "key",   "object", "rule",  "event",
                                        "case",    "since", "until",  "limit", NULL};
    struct audit_ask q = {.count = SHOWN};
    uint64_t count = SHOWN;
    str limit;
    TRY(api_query_only(w->call, known));
    TRY(read_field(w->call, &q));
    TRY(api_query(w->call, STR("since"), &q.since));
    TRY(api_query(w->call, STR("until"), &q.until));
    TRY(api_query(w->call, STR("limit"), &limit));
    if (limit.len && num_u64(limit, 1, 1024, &count).code)
        REFUSE(ARGUMENT, "limit", "limit is a number from 1 to 1024");
    q.count = (size_t)count;
    return admin_log_query(&w->admin, &q, &w->body);
}

void
admin_log_find(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, find(w));
}

/* ---- witnesses */

static fallible
cosign(struct admin_work *w)
{
    static const char *const known[] = {"note", NULL};
    jval body;
    str note;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval v = json_get(&body, "note");
    TRY(json_str(&v, NOTE_TEXT_MAX, &note));
    return admin_log_cosign(&w->admin, note, &w->body);
}

void
admin_log_take(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, cosign(w));
}

void
admin_log_alarms(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, admin_log_alarm_put(&w->admin, &w->body));
}

static fallible
raise_alarm(struct admin_work *w)
{
    static const char *const known[] = {"witness", "why", NULL};
    jval body;
    str witness, why;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval v = json_get(&body, "witness"), y = json_get(&body, "why");
    TRY(json_str(&v, TEXT_BYTES_MAX, &witness));
    TRY(json_str(&y, TEXT_BYTES_MAX, &why));
    return admin_log_alarm(&w->admin, witness, why);
}

void
admin_log_raise(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, raise_alarm(w));
}

static fallible
clear(struct admin_work *w)
{
    static const char *const known[] = {"reason", NULL};
    jval body;
    str reason;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval v = json_get(&body, "reason");
    TRY(json_str(&v, TEXT_BYTES_MAX, &reason));
    return admin_log_clear(&w->admin, reason);
}

void
admin_log_end_alarm(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, clear(w));
}
