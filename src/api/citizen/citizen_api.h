/* SPDX-License-Identifier: EUPL-1.2 */
/* citizen_api.h - the citizens' service over HTTP.
 *
 *     POST /v1/citizen/ask   {"question", "before", "know", "model", "rewrite", "style", "stream"}:
 *                            with a key.  One JSON object, or events "cards", "answer" and "done"
 *                            as they come
 *     POST /v1/citizen/triage {"text", "know", "received"}: where a letter belongs, with reasons
 *                            (work/triage/triage.h); a letter is data, whatever it says
 *     POST /v1/citizen/form   {"schema" or "xml", "values"}: a form field by field, and what is
 *                            wrong with the values (work/form/form.h); nothing is kept
 *     POST /v1/citizen/handover   {"question", "before", "know"}: leaves it to a person, with what
 *                            would have been answered as a draft
 *     GET  /v1/citizen/cases      ?state=open|released|rejected: what waits, and what was decided
 *     GET  /v1/citizen/cases/{id} one, with question, draft and decision
 *     POST /v1/citizen/cases/{id} {"decision": "release"|"reject", "answer"}: an answer of one's
 * own in place of the draft GET  /v1/citizen/tests      what was decided, as questions for `hoheit
 * eval citizen` GET  /citizen          the public page (ui/citizen), and with ?question=… its
 * answer POST /citizen          the same from its form; with ?part=answer only the answer POST
 * /citizen/handover from its form, and GET /citizen/case/{id} what became of it GET /citizen/{file}
 * its style and script
 *
 * `before` is what an earlier answer gave as "understood_as", or one of its "choices": a question
 * that points back ("and for children?") is looked up together with it.
 *
 * The page needs no key, script, cookie or foreign file.  It answers as citizen.know says, from
 * what is marked with the lowest level, and no model writes for it: what it costs is a search. */
#pragma once
#include "api/api.h"
#include "work/citizen/citizen.h"

extern const struct route_table citizen_table;

/* What the files of this directory share: an answer as JSON (one object's members) and as HTML. */
void citizen_put_json(buf *b, const struct citizen_answer *a);
void citizen_put_html(buf *b, const struct citizen_answer *a);
void html_put(buf *b, str s); /* escaped */

void citizen_page(struct api_call *c); /* page.c */
void citizen_file(struct api_call *c);
/* The page with that in the place of the answer. */
void citizen_send_page(struct api_call *c, str question, const buf *inner);
/* A value of application/x-www-form-urlencoded; empty when there is none. */
fallible citizen_form_value(arena *a, str form, str name, str *ret);

/* With so many open cases that the public may see, its form takes no more. */
enum { HANDOVER_OPEN_MAX = 500 };
void handover_ask(struct api_call *c); /* handover.c */
void handover_page(struct api_call *c);
void handover_show(struct api_call *c);
void cases_list_route(struct api_call *c); /* desk.c */
void cases_show_route(struct api_call *c);
void cases_decide_route(struct api_call *c);
void cases_tests_route(struct api_call *c);
void triage_route(struct api_call *c); /* sort.c */
void form_route(struct api_call *c);   /* forms.c */
