/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/place.h"

#include "know/text/lex.h"
#include "work/answer/sentence.h"

static const struct place {
    str asked, name;
} places[] = {
#define PLACE(name) {STR_INIT(name), STR_INIT(name)},
#define PLACE_AS(asked, name) {STR_INIT(asked), STR_INIT(name)},
#include "work/answer/place.def"
#undef PLACE
#undef PLACE_AS
};

/* What stands before the place that a question is about. */
static const str before[] = {STR_INIT("in"), STR_INIT("im"), STR_INIT("für"), STR_INIT("for"),
                             STR_INIT("of"), STR_INIT("в"),  STR_INIT("во"),  STR_INIT("у")};

/* Takes the words of `name` off the front of the text; how a name goes on does not count. */
static bool
takes(struct lex l, str name)
{
    struct lexeme x;
    for (str word; str_next(&name, ' ', &word);)
        if (!lex_next(&l, &x) || !str_eq(x.text, word))
            return false;
    return true;
}

/* The longest, so that "Sachsen-Anhalt" is not Sachsen. */
static bool
place_at(struct lex l, str *ret)
{
    const struct place *best = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if ((!best || places[i].asked.len > best->asked.len) && takes(l, places[i].asked))
            best = &places[i];
    if (best)
        *ret = best->name;
    return best != NULL;
}

static bool
is_article(str word)
{
    return str_eq(word, STR("der")) || str_eq(word, STR("den")) || str_eq(word, STR("dem")) ||
           str_eq(word, STR("die")) || str_eq(word, STR("the"));
}

static bool
is_before(str word)
{
    bool is = false;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        is |= str_eq(word, before[i]);
    return is;
}

static bool
place_behind_in(str sentence, str *ret)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, sentence);
    while (lex_next(&l, &x)) {
        if (!is_before(x.text))
            continue;
        struct lex behind = l;
        if (place_at(behind, ret))
            return true;
        if (lex_next(&behind, &x) && is_article(x.text) && place_at(behind, ret))
            return true;
    }
    return false;
}

bool
place_asked(str question, str *ret)
{
    str rest = question, sentence, asks = STR_NONE;
    while (sentence_next(&rest, &sentence)) {
        if (str_ends(sentence, STR("?")) && place_behind_in(sentence, ret))
            return true;
        asks = sentence;
    }
    /* Without a question mark the last one asks. */
    return !str_ends(asks, STR("?")) && place_behind_in(asks, ret);
}

bool
place_is_named(str text, str place)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, text);
    for (struct lex from = l; lex_next(&l, &x); from = l)
        if (takes(from, place))
            return true;
    return false;
}
