/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/detect.h"

#include "base/buf.h"
#include "detect/doc.h"

const char *
detect_name(enum detect_type t)
{
    static const char *const names[] = {
        "",
#define TYPE(id) #id,
#define LABEL(...)
#define FORM(...)
#define LAYOUT(...)
#include "detect/detectors.def"
#undef TYPE
#undef LABEL
#undef FORM
#undef LAYOUT
    };
    return t > DETECT_NONE && t < DETECT_TYPE_COUNT ? names[t] : NULL;
}

typedef fallible rule(struct doc *d);

static fallible
run_rules(struct doc *d)
{
    static rule *const first[] = {rule_columns, rule_contacts, rule_numbers, rule_spoken};
    static rule *const then[] = {rule_births, rule_places};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        TRY(first[i](d));
    TRY(doc_settle(d));
    for (size_t i = 0; i < sizeof then / sizeof *then; i++) {
        TRY(then[i](d));
        TRY(doc_settle(d));
    }
    TRY(rule_persons(d));
    return doc_settle(d);
}

static bool
is_wanted(const struct detect_options *o, const struct detect_span *s)
{
    if (s->type == DETECT_OTHER)
        return false;
    if (!o)
        return true;
    return s->score >= o->score_min && (!o->types || (o->types >> s->type & 1));
}

static bool
is_inside_character(str text, size_t at)
{
    return at < text.len && ((uint8_t)text.at[at] & 0xC0) == 0x80;
}

/* Rules work on bytes; what one cut inside a character grows to hold all of it, and what then
 * begins inside the span before it begins behind. */
static void
keep_characters_whole(str text, struct detect_span *spans, size_t count)
{
    uint32_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        struct detect_span *const s = &spans[i];
        while (s->start > taken && is_inside_character(text, s->start))
            s->start--;
        while (is_inside_character(text, s->end))
            s->end++;
        s->start = s->start < taken ? taken : s->start;
        taken = s->end;
    }
}

fallible
detect(const lexicon *x, str text, const struct detect_options *o, arena *a, detect_spans *ret)
{
    struct doc d = {.x = x, .text = text, .a = a};
    void *fields = NULL;
    if (text.len > DETECT_TEXT_MAX)
        REFUSE(TOO_LARGE, "text", "the text is longer than %d bytes", DETECT_TEXT_MAX);
    TRY(tokens_read(x, text, a, &d.t));
    TRY(try_arena_get(a, d.t.count + 1, 1, &fields));
    d.field = fields;
    TRY(run_rules(&d));
    keep_characters_whole(text, d.found.at, d.found.count);
    for (size_t i = 0; i < d.found.count; i++)
        if (d.found.at[i].start < d.found.at[i].end && is_wanted(o, &d.found.at[i]))
            TRY(VEC_ADD(a, ret, &d.found.at[i]));
    return OK;
}

fallible
detect_leave_out(arena *a, str text, const detect_spans *spans, unsigned score_min, str *ret)
{
    AUTO(buf) b = BUF(text.len + 1);
    size_t at = 0;
    for (size_t i = 0; i < spans->count; i++) {
        const struct detect_span *const s = &spans->at[i];
        if (s->score < score_min || s->start < at)
            continue;
        buf_add(&b, str_slice(text, at, s->start));
        buf_add_char(&b, ' ');
        at = s->end;
    }
    buf_add(&b, str_slice(text, at, text.len));
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

void
detect_code_points(str text, struct detect_span *spans, size_t count)
{
    uint32_t points = 0;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        ASSERT(spans[i].start >= at && spans[i].end >= spans[i].start && spans[i].end <= text.len);
        uint32_t *const marks[2] = {&spans[i].start, &spans[i].end};
        for (size_t k = 0; k < 2; k++) {
            for (; at < *marks[k]; at++)
                points += ((uint8_t)text.at[at] & 0xC0) != 0x80;
            *marks[k] = points;
        }
    }
}
