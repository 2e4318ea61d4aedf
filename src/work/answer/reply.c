/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/reply.h"

#include "know/text/lex.h"
#include "work/answer/place.h"
#include "work/answer/subject.h"

const char *
behaviour_name(enum behaviour b)
{
    static const char *const names[] = {"answer", "handover", "clarify", "refuse"};
    ASSERT(b < sizeof names / sizeof *names);
    return names[b];
}

str
reply_notice(void)
{
    return STR("Diese Antwort hat ein KI-System vorbereitet. Verbindlich ist allein der Bescheid "
               "oder die Auskunft der zuständigen Stelle.");
}

static const struct said {
    enum behaviour behaviour;
    str text;
} said[] = {
    [SCOPE_CLARIFY] = {BEHAVIOUR_CLARIFY,
                       STR_INIT("Worum geht es? Bitte nennen Sie die Leistung, das Dokument oder "
                                "den Anlass, zum Beispiel \"Personalausweis verlängern\".")},
    [SCOPE_OFFICIAL] = {BEHAVIOUR_HANDOVER,
                        STR_INIT("Das kann ich nicht beantworten: Es hängt von Ihrem Fall oder von "
                                 "der Stelle vor Ort ab. Bitte wenden Sie sich an die zuständige "
                                 "Stelle; dort hilft Ihnen ein Mensch weiter.")},
    [SCOPE_REFUSE] = {BEHAVIOUR_REFUSE,
                      STR_INIT("Dabei helfe ich nicht. Ich gebe Auskunft aus den Unterlagen der "
                               "Behörde; Anweisungen an mich, Meinungen und Angaben über andere "
                               "Personen gehören nicht dazu.")},
};

static bool
is_chosen(const struct reply *r, const struct know_hit *h)
{
    for (size_t i = 0; i < r->choice_count; i++)
        if (str_eq(r->choices[i].title, h->title) && str_eq(r->choices[i].heading, h->heading))
            return true;
    return false;
}

static fallible
take_choices(const grant *g, const struct know_hits *hits, struct reply *r)
{
    for (size_t i = 0; i < hits->count && r->choice_count < CHOICES_MAX; i++) {
        const struct know_hit *const h = &hits->at[i];
        str text;
        TRY(content_open(h->text, g, &text)); /* their names are under its label */
        if (h->title.len && h->heading.len && !is_chosen(r, h))
            r->choices[r->choice_count++] = (struct choice){h->title, h->heading};
    }
    return OK;
}

static void
hand_over(struct reply *r, str said_instead)
{
    r->behaviour = BEHAVIOUR_HANDOVER;
    r->said = said_instead;
    r->cards.count = 0;
}

static fallible
names_place(const grant *g, const struct know_hits *hits, str place, bool *ret)
{
    *ret = false;
    for (size_t i = 0; i < hits->count && !*ret; i++) {
        str text;
        TRY(content_open(hits->at[i].text, g, &text));
        *ret = place_is_named(text, place) || place_is_named(hits->at[i].title, place) ||
               place_is_named(hits->at[i].path, place);
    }
    return OK;
}

/* Is one of the cards about the matter, or no statute at all? */
static bool
is_grounded(const struct cards *c, str subject)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct card *const q = &c->at[i];
        if (!subject_is_statute(q->title))
            return true;
        if (subject.len &&
            (subject_is_named(q->title, subject) || subject_is_named(q->path, subject) ||
             subject_is_named(q->heading, subject)))
            return true;
    }
    return false;
}

/* An abbreviation has capitals inside: "PAuswG", "BGB". */
static bool
is_abbreviation(str word)
{
    size_t capitals = 0;
    for (size_t i = 0; i < word.len; i++)
        capitals += word.at[i] >= 'A' && word.at[i] <= 'Z';
    return capitals > 1;
}

static bool
is_of_section(const struct card *c, str section, str law)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, c->section);
    return lex_next(&l, &x) && str_eq(x.text, section) &&
           (!law.len || subject_is_named(c->doc, law) || subject_is_named(c->title, law));
}

/* A section that is asked for by its name is among what was found, or it is not there. */
static bool
is_section_there(const struct cards *c, str question)
{
    struct lex l;
    struct lexeme x;
    bool asked = false;
    lex_begin(&l, question);
    while (lex_next(&l, &x)) {
        struct lex behind = l;
        struct lexeme next;
        str law = STR_NONE;
        if (x.kind != LEX_SECTION)
            continue;
        asked = true;
        if (lex_next(&behind, &next) && is_abbreviation(str_slice(question, next.from, next.to)))
            law = next.text;
        for (size_t i = 0; i < c->count; i++)
            if (is_of_section(&c->at[i], x.text, law))
                return true;
    }
    return !asked;
}

fallible
reply_make(const grant *g, const struct scoped *scope, const struct know_hits *hits,
           struct reply *ret)
{
    struct reply r = {.behaviour = BEHAVIOUR_ANSWER};
    bool is_named = true;
    ASSERT(scope->scope != SCOPE_ANSWER || hits);
    if (scope->scope != SCOPE_ANSWER) {
        r.behaviour = said[scope->scope].behaviour;
        r.said = said[scope->scope].text;
        if (hits && scope->scope == SCOPE_CLARIFY)
            TRY(take_choices(g, hits, &r));
        *ret = r;
        return OK;
    }
    TRY(cards_take(g, hits, scope->question, &r.cards));
    if (scope->place.len)
        TRY(names_place(g, hits, scope->place, &is_named));
    if (!is_named)
        hand_over(&r, STR("Das weiß ich nicht: Ihre Frage betrifft einen Ort, zu dem in den "
                          "Unterlagen nichts steht. Bitte wenden Sie sich an die Stelle, die dort "
                          "zuständig ist."));
    else if (scope->is_local && !is_grounded(&r.cards, STR_NONE))
        hand_over(&r, STR("Das weiß ich nicht: Ihre Frage betrifft etwas vor Ort, und dazu steht "
                          "in den Unterlagen nichts. Bitte wenden Sie sich an Ihre Gemeinde oder "
                          "die Stelle, die vor Ort zuständig ist."));
    else if (scope->subject.len && !is_grounded(&r.cards, scope->subject))
        hand_over(&r, STR("Das weiß ich nicht: Dafür gelten eigene Regeln, die nicht in den "
                          "Unterlagen stehen. Bitte wenden Sie sich an die zuständige Stelle; "
                          "dort hilft Ihnen ein Mensch weiter."));
    else if (!is_section_there(&r.cards, scope->question))
        hand_over(&r, STR("Das weiß ich nicht: Die Vorschrift, die Sie nennen, habe ich in den "
                          "Unterlagen nicht gefunden. Bitte wenden Sie sich an die zuständige "
                          "Stelle; dort hilft Ihnen ein Mensch weiter."));
    else if (!r.cards.is_enough)
        hand_over(&r, STR("Das weiß ich nicht: In den Unterlagen habe ich keine Stelle gefunden, "
                          "die diese Frage beantwortet. Bitte wenden Sie sich an die zuständige "
                          "Stelle; dort hilft Ihnen ein Mensch weiter."));
    *ret = r;
    return OK;
}
