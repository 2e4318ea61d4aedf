/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/subject.h"

#include "know/text/lex.h"

enum kind { SUBJECT_KIND, LAW_END_KIND, LAW_NAME_KIND, OWN_WORD_KIND };

static const struct entry {
    enum kind kind;
    str text, name;
} entries[] = {
#define SUBJECT(text) {SUBJECT_KIND, STR_INIT(text), STR_INIT(text)},
#define SUBJECT_AS(text, name) {SUBJECT_KIND, STR_INIT(text), STR_INIT(name)},
#define LAW_END(text) {LAW_END_KIND, STR_INIT(text), STR_INIT("")},
#define LAW_NAME(text) {LAW_NAME_KIND, STR_INIT(text), STR_INIT("")},
#define OWN_WORD(text) {OWN_WORD_KIND, STR_INIT(text), STR_INIT("")},
#include "work/answer/subject.def"
#undef SUBJECT
#undef SUBJECT_AS
#undef LAW_END
#undef LAW_NAME
#undef OWN_WORD
};
enum { ENTRIES = sizeof entries / sizeof *entries };

/* Takes the words of `name` off the front; each may go on, the first may have a beginning. */
static bool
takes(struct lex l, str name, bool inside)
{
    struct lexeme x;
    for (str word; str_next(&name, ' ', &word); inside = false)
        if (!lex_next(&l, &x) || !(inside ? str_find(x.text, word) >= 0 : str_starts(x.text, word)))
            return false;
    return true;
}

static bool
is_there(str text, str name, bool inside)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, text);
    for (struct lex from = l; lex_next(&l, &x); from = l)
        if (takes(from, name, inside))
            return true;
    return false;
}

bool
subject_asked(str question, str *ret)
{
    const struct entry *best = NULL;
    for (size_t i = 0; i < ENTRIES; i++)
        if (entries[i].kind == SUBJECT_KIND && (!best || entries[i].text.len > best->text.len) &&
            is_there(question, entries[i].text, false))
            best = &entries[i];
    if (best)
        *ret = best->name;
    return best != NULL;
}

bool
subject_is_named(str text, str subject)
{
    return is_there(text, subject, true);
}

static bool
is_law_word(str word)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (entries[i].kind == LAW_END_KIND && str_ends(word, entries[i].text))
            return true;
    return false;
}

static bool
has_words(str title, enum kind kind)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (entries[i].kind == kind && is_there(title, entries[i].text, false))
            return true;
    return false;
}

bool
subject_is_statute(str title)
{
    struct lex l;
    struct lexeme x;
    bool is_law = has_words(title, LAW_NAME_KIND);
    lex_begin(&l, title);
    while (lex_next(&l, &x))
        is_law |= is_law_word(x.text);
    return is_law && !has_words(title, OWN_WORD_KIND);
}
