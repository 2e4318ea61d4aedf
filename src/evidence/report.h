/* SPDX-License-Identifier: EUPL-1.2 */
/* report.h - a bundle for people to read: one HTML page without scripts, images or anything from
 * elsewhere, in German or English, that prints on A4.
 *
 * It is a function of manifest and tally alone, so a checker makes it again and compares.  Every
 * text of an entry is escaped.  Which duties it serves: facts of AI Act Art. 12, 19, 26(6) and
 * GDPR Art. 17, 30; what a log cannot know is left to be filled in, and says so.  Pure but for
 * memory. */
#pragma once
#include "evidence/bundle.h"
#include "evidence/tally.h"

enum report_language { REPORT_EN, REPORT_DE };

void report_put(buf *b, enum report_language l, const struct manifest *m, const struct tally *t);
