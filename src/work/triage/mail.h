/* SPDX-License-Identifier: EUPL-1.2 */
/* mail.h - what a mail or ticket itself says, and how pressing it is by its words.
 *
 * Left out: header lines but the subject, quoted lines (">"), what follows a line that begins a
 * quoted mail ("-----Original", "Am … schrieb …:"), the signature ("-- ") and the greetings at both
 * ends.  The header's date is the letter's own day.  A text without a header is taken whole.  Pure.
 *
 * Urgency is by words (urgency.def), never by tone: who shouts is not served before who is in
 * danger. */
#pragma once
#include "base/arena.h"
#include "work/triage/date.h"

struct mail {
    str text; /* subject and body, as said above; lives in the arena */
    bool has_day;
    day day; /* of its Date header */
};

enum { MAIL_BYTES_MAX = 64 * 1024 };

/* TOO_LARGE beyond MAIL_BYTES_MAX; PARSE if it is no UTF-8. */
fallible mail_read(arena *a, str bytes, struct mail *ret);

enum urgency { URGENCY_NORMAL, URGENCY_SOON, URGENCY_HIGH, URGENCY_NOW };
/* "normal", "soon", "high", "now" */
const char *urgency_name(enum urgency u);
/* By the words of a text; *ret_word is one of them as it stands in the table, or empty. */
enum urgency mail_urgency(str text, str *ret_word);
