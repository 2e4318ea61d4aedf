/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/scope.h"

#include "base/buf.h"
#include "know/text/lex.h"
#include "know/text/words.h"
#include "work/answer/place.h"
#include "work/answer/sentence.h"
#include "work/answer/subject.h"

enum { SHORT_MATTERS = 2, GAP_BYTES = 80 };

enum kind { COMMAND_KIND, REFUSED_KIND, OFFICIAL_KIND, LOCAL_KIND, VAGUE_KIND, POINTING_KIND };

static const struct phrase {
    enum kind kind;
    str text;
} phrases[] = {
#define COMMAND(text) {COMMAND_KIND, STR_INIT(text)},
#define REFUSED(text) {REFUSED_KIND, STR_INIT(text)},
#define OFFICIAL(text) {OFFICIAL_KIND, STR_INIT(text)},
#define LOCAL(text) {LOCAL_KIND, STR_INIT(text)},
#define VAGUE(text) {VAGUE_KIND, STR_INIT(text)},
#define POINTING(text) {POINTING_KIND, STR_INIT(text)},
#include "work/answer/scope.def"
#undef COMMAND
#undef REFUSED
#undef OFFICIAL
#undef LOCAL
#undef VAGUE
#undef POINTING
};

/* The words of a text with a blank before and behind each. */
static void
put_words(buf *b, str text)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, text);
    while (lex_next(&l, &x)) {
        buf_add_char(b, ' ');
        buf_add(b, x.text);
    }
    buf_add_char(b, ' ');
}

/* The piece at the beginning of a word; *rest is what stands behind it. */
static bool
find_piece(str *rest, str piece)
{
    for (ptrdiff_t at; rest->len && (at = str_find(*rest, piece)) >= 0;) {
        const bool begins = at && rest->at[at - 1] == ' ';
        *rest = str_slice(*rest, (size_t)at + (begins ? piece.len : 1), rest->len);
        if (begins)
            return true;
    }
    return false;
}

/* What follows the first piece, each not far behind the one before. */
static bool
holds_rest(str words, str pieces)
{
    while (pieces.len) {
        const ptrdiff_t gap = str_find(pieces, STR(" * "));
        const str piece = gap < 0 ? pieces : str_slice(pieces, 0, (size_t)gap);
        str near = str_slice(words, 0, GAP_BYTES);
        if (!find_piece(&near, piece))
            return false;
        words = str_slice(words, (size_t)(near.at - words.at), words.len);
        pieces = gap < 0 ? STR_NONE : str_slice(pieces, (size_t)gap + 3, pieces.len);
    }
    return true;
}

static bool
holds_phrase(str words, str phrase)
{
    if (str_starts(phrase, STR("^"))) { /* words begin with a blank; "Zahle ich ...?" asks */
        const str from = str_slice(words, 1, words.len), deed = str_slice(phrase, 1, phrase.len);
        return str_starts(from, deed) &&
               !str_starts(str_slice(from, deed.len, from.len), STR("ich "));
    }
    const ptrdiff_t gap = str_find(phrase, STR(" * "));
    const str first = gap < 0 ? phrase : str_slice(phrase, 0, (size_t)gap);
    const str others = gap < 0 ? STR_NONE : str_slice(phrase, (size_t)gap + 3, phrase.len);
    while (find_piece(&words, first))
        if (holds_rest(words, others))
            return true;
    return false;
}

static bool
holds(str words, enum kind kind)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].kind == kind && holds_phrase(words, phrases[i].text))
            return true;
    return false;
}

bool
scope_is_vague(str word)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].kind == VAGUE_KIND && str_starts(word, phrases[i].text))
            return true;
    return false;
}

/* How many words say what about. */
static size_t
count_matters(str words)
{
    size_t n = 0;
    for (str word; str_next(&words, ' ', &word);)
        n += word.len && !words_is_stop(word) && !scope_is_vague(word);
    return n;
}

static fallible
is_order(str sentence, bool *ret)
{
    AUTO(buf) words = BUF(4 * SCOPE_BYTES_MAX);
    put_words(&words, sentence);
    TRY(buf_end(&words));
    *ret = holds(buf_str(&words), COMMAND_KIND);
    return OK;
}

/* What is asked behind the colon of an order: "Answer briefly: what does it cost?" */
static str
behind_colon(str sentence)
{
    const ptrdiff_t at = str_find(sentence, STR(": "));
    const str rest = at < 0 ? STR_NONE : str_slice(sentence, (size_t)at + 2, sentence.len);
    return str_ends(rest, STR("?")) ? rest : STR_NONE;
}

/* Sentences that give no order, with blanks between. */
static fallible
read_sentences(str question, buf *left, bool *ret_had_orders)
{
    for (str s; sentence_next(&question, &s);) {
        bool orders;
        TRY(is_order(s, &orders));
        *ret_had_orders |= orders;
        if (orders) {
            s = behind_colon(s);
            TRY(is_order(s, &orders));
        }
        if (orders || !s.len)
            continue;
        if (left->len)
            buf_add_char(left, ' ');
        buf_add(left, s);
    }
    return buf_end(left);
}

static bool
is_capital_at(str text, size_t at)
{
    return at < text.len && ((text.at[at] >= 'A' && text.at[at] <= 'Z') ||
                             (text.at[at] == '\xc3' && at + 1 < text.len &&
                              (text.at[at + 1] == '\x84' || text.at[at + 1] == '\x96' ||
                               text.at[at + 1] == '\x9c')));
}

/* "Is that allowed?": a "das" that is no article.  Behind an article comes a noun, and nouns have
 * capitals, unless their writer has none for anything. */
static bool
says_that(str text)
{
    struct lex l;
    struct lexeme x;
    bool after = false, has_capitals = false;
    lex_begin(&l, text);
    while (lex_next(&l, &x)) {
        const bool is_capital = is_capital_at(text, x.from);
        has_capitals |= is_capital;
        if (after && !is_capital && (words_is_stop(x.text) || has_capitals))
            return true;
        after = str_eq(x.text, STR("das")) || str_eq(x.text, STR("dies"));
    }
    return after;
}

/* What is said in a sentence of its own is what the next one points to. */
static bool
points_back(str question, str words)
{
    const size_t n = count_matters(words);
    str rest = question, one;
    if (sentence_next(&rest, &one) && sentence_next(&rest, &one) && n)
        return false;
    return !n || (n <= SHORT_MATTERS && (holds(words, POINTING_KIND) || says_that(question)));
}

static enum scope
judge(str whole, str left, bool asks)
{
    if (holds(whole, REFUSED_KIND) || !asks)
        return SCOPE_REFUSE;
    if (holds(left, OFFICIAL_KIND))
        return SCOPE_OFFICIAL;
    return SCOPE_ANSWER;
}

fallible
scope_read(arena *a, str question, struct scoped *ret)
{
    AUTO(buf) left = BUF(2 * SCOPE_BYTES_MAX);
    AUTO(buf) whole = BUF(4 * SCOPE_BYTES_MAX);
    AUTO(buf) words = BUF(4 * SCOPE_BYTES_MAX);
    struct scoped s = {0};
    const str read = str_slice(question, 0, SCOPE_BYTES_MAX);
    put_words(&whole, read);
    TRY(read_sentences(read, &left, &s.had_orders));
    put_words(&words, buf_str(&left));
    TRY(buf_end(&whole));
    TRY(buf_end(&words));
    TRY(try_arena_str(a, buf_str(&left), &s.question));
    /* Beside orders only what is a question by its form counts as one. */
    const bool asks = !s.had_orders || str_find_char(s.question, '?') >= 0;
    s.scope = judge(buf_str(&whole), buf_str(&words), asks);
    s.points_back = points_back(s.question, buf_str(&words));
    if (s.scope == SCOPE_ANSWER && s.points_back)
        s.scope = SCOPE_CLARIFY;
    s.is_local = holds(buf_str(&words), LOCAL_KIND);
    (void)place_asked(s.question, &s.place);
    (void)subject_asked(s.question, &s.subject);
    *ret = s;
    return OK;
}

fallible
scope_read_after(arena *a, str before, str question, struct scoped *ret)
{
    AUTO(buf) both = BUF(2 * SCOPE_BYTES_MAX + 8);
    struct scoped s, earlier;
    TRY(scope_read(a, question, &s));
    if (before.len && s.scope == SCOPE_CLARIFY) {
        TRY(scope_read(a, before, &earlier));
        if (earlier.scope == SCOPE_ANSWER) {
            buf_add(&both, earlier.question);
            buf_add_char(&both, ' ');
            buf_add(&both, s.question);
            TRY(buf_end(&both));
            TRY(try_arena_str(a, buf_str(&both), &s.question));
            s.scope = SCOPE_ANSWER;
            s.place = s.place.len ? s.place : earlier.place;
            s.subject = s.subject.len ? s.subject : earlier.subject;
            s.is_local |= earlier.is_local;
        }
    }
    *ret = s;
    return OK;
}
