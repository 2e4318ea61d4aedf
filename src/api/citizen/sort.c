/* SPDX-License-Identifier: EUPL-1.2 */
/* POST /v1/citizen/triage: where a letter belongs (work/triage). */
#include "api/citizen/citizen_api.h"
#include "api/read.h"
#include "api/responses/kept.h"
#include "base/num.h"
#include "os/clock.h"
#include "work/triage/triage.h"

enum { NAME_BYTES = 256, DATE_BYTES = 10 };

struct letter {
    str text, from;
    day received;
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

static fallible
sort(struct kept_work *w)
{
    const struct letter *const l = w->own;
    struct api_call *const c = w->call;
    const struct triage_ask ask = {.letter = content_of(l->text, w->one.head.label),
                                   .received = l->received,
                                   .names = citizen_lexicon(api_citizen(c->api))};
    char room[LABEL_TEXT_MAX];
    struct triage t;
    know *collection;
    TRY(library_find(api_library(c->api), l->from, &collection));
    TRY(triage_run(collection, w->one.grant, &ask, c->a, &t));
    json_open(&w->body, '{');
    triage_put_json(&w->body, &t);
    const str marked = label_text(policy_names(gate_parts_of(c->gate)->policy), t.label, room);
    json_member_str(&w->body, "label", marked);
    json_close(&w->body, '}');
    kept_answer(w, marked);
    return OK;
}

static void
sort_then(struct kept_work *w)
{
    kept_go(w, sort(w));
}

static fallible
read_letter(struct kept_work *w)
{
    static const char *const known[] = {"text", "know", "received", NULL};
    struct api_call *const c = w->call;
    struct letter *const l = w->own;
    know *collection;
    jval body;
    TRY(api_body(c, &body));
    TRY(api_body_only(&body, known));
    const jval text = json_get(&body, "text"), from = json_get(&body, "know"),
               received = json_get(&body, "received");
    l->from = citizen_collection(api_citizen(c->api));
    l->received = day_of_wall_ms(clock_wall_ms());
    TRY(json_str(&text, MAIL_BYTES_MAX, &l->text));
    TRY(opt_json_str(&from, NAME_BYTES, &l->from));
    TRY(read_received(&received, &l->received));
    if (!l->text.len)
        REFUSE_AT(ARGUMENT, &text, "is empty");
    TRY(library_find(api_library(c->api), l->from, &collection));
    return keep_allow(&w->keep, OP_CITIZEN_TRIAGE, http_header(c->x, STR("x-hoheit-label")),
                      &w->one);
}

void
triage_route(struct api_call *c)
{
    struct kept_work *const w = kept_begin(c, sort_then);
    w->own = arena_new(c->a, struct letter);
    kept_go(w, read_letter(w));
}
