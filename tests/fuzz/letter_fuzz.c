/* SPDX-License-Identifier: EUPL-1.2 */
/* letter_fuzz.c - any bytes as a letter: refused, or read with days that lie in it and in the
 * calendar; the same letter again gives the same. */
#include "fuzz/fuzz.h"
#include "know/text/language.h"
#include "work/triage/deadline.h"
#include "work/triage/mail.h"

enum { ROOM = 16 << 20, TODAY = 20780 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static arena *a;
    struct mail m;
    struct deadlines days, again;
    str word;
    if (!a)
        ASSERT(arena_open(ROOM, &a).code == ERR_OK);
    arena_reset(a);
    if (mail_read(a, (str){(const char *)data, len}, &m).code)
        return 0;
    const struct language l = language_of(m.text);
    ASSERT(l.share >= 0 && l.share <= 1);
    ASSERT(mail_urgency(m.text, &word) <= URGENCY_NOW);
    ASSERT(deadline_find(a, m.text, TODAY, &days).code == ERR_OK);
    ASSERT(deadline_find(a, m.text, TODAY, &again).code == ERR_OK);
    ASSERT(days.count <= DEADLINES_MAX && days.count == again.count);
    for (size_t i = 0; i < days.count; i++) {
        const struct deadline *const d = &days.at[i];
        ASSERT(d->at == again.at[i].at && d->score > 0 && d->score < 1 && d->why.len);
        ASSERT(d->quote.at >= m.text.at && d->quote.at + d->quote.len <= m.text.at + m.text.len);
        ASSERT(d->is_past == (d->at < TODAY));
    }
    return 0;
}
