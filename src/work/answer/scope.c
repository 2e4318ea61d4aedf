/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/scope.h"

#include "base/buf.h"
#include "know/text/lex.h"
#include "know/text/words.h"
#include "work/answer/sentence.h"

enum kind { COMMAND_KIND, REFUSED_KIND, OFFICIAL_KIND, VAGUE_KIND };

static const struct phrase {
    enum kind kind;
    str text;
} phrases[] = {
#define COMMAND(text) {COMMAND_KIND, STR_INIT(text)},
#define REFUSED(text) {REFUSED_KIND, STR_INIT(text)},
#define OFFICIAL(text) {OFFICIAL_KIND, STR_INIT(text)},
#define VAGUE(text) {VAGUE_KIND, STR_INIT(text)},
#include "work/answer/scope.def"
#undef COMMAND
#undef REFUSED
#undef OFFICIAL
#undef VAGUE
};

/* The words of a text with one blank before each. */
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
}

static bool
holds(str words, enum kind kind)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        const struct phrase *const p = &phrases[i];
        if (p->kind != kind)
            continue;
        for (str rest = words; rest.len;) {
            const ptrdiff_t at = str_find(rest, p->text);
            if (at < 0)
                break;
            if (at && rest.at[at - 1] == ' ')
                return true;
            rest = str_slice(rest, (size_t)at + 1, rest.len);
        }
    }
    return false;
}

/* Few words, and none of them says what about. */
static bool
is_vague(str words)
{
    size_t clear = 0;
    for (str word; str_next(&words, ' ', &word);) {
        if (!word.len || words_is_stop(word))
            continue;
        bool is_vague_word = false;
        for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
            is_vague_word |= phrases[i].kind == VAGUE_KIND && str_starts(word, phrases[i].text);
        clear += !is_vague_word;
    }
    return clear == 0;
}

static bool
has_words(str words)
{
    size_t n = 0;
    for (str word; str_next(&words, ' ', &word);)
        n += word.len && !words_is_stop(word);
    return n > 0;
}

/* Sentences that give no order, with blanks between. */
static fallible
read_sentences(str question, buf *left, bool *ret_had_orders)
{
    for (str s; sentence_next(&question, &s);) {
        AUTO(buf) words = BUF(4 * SCOPE_BYTES_MAX);
        put_words(&words, s);
        TRY(buf_end(&words));
        if (holds(buf_str(&words), COMMAND_KIND)) {
            *ret_had_orders = true;
            continue;
        }
        if (left->len)
            buf_add_char(left, ' ');
        buf_add(left, s);
    }
    return buf_end(left);
}

static enum scope
judge(str whole, str left, bool had_orders)
{
    if (holds(whole, REFUSED_KIND) || (had_orders && !has_words(left)))
        return SCOPE_REFUSE;
    if (holds(left, OFFICIAL_KIND))
        return SCOPE_OFFICIAL;
    return is_vague(left) ? SCOPE_CLARIFY : SCOPE_ANSWER;
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
    s.scope = judge(buf_str(&whole), buf_str(&words), s.had_orders);
    *ret = s;
    return OK;
}
