/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/support.h"

#include "base/map.h"
#include "know/text/lex.h"
#include "know/text/stem.h"
#include "know/text/words.h"
#include "work/answer/sentence.h"

enum { DIGITS_MAX = 40, HALF = 2 };

const char *
support_says(enum support_fault f)
{
    static const char *const says[SUPPORT_FAULT_COUNT] = {
        "",
        "ohne Beleg",
        "Beleg gibt es nicht",
        "Zahl, Datum oder Paragraf steht nicht im Beleg",
        "Verneinung steht nicht im Beleg",
        "Aussage steht nicht im Beleg",
    };
    ASSERT(f < SUPPORT_FAULT_COUNT);
    return says[f];
}

/* ---- numbers in letters, months and negations: words that must be in the quote as such */
static const struct exact {
    const char *word, *digits;
} exacts[] = {
    {"zwei", "2"},      {"drei", "3"},      {"vier", "4"},      {"fünf", "5"},
    {"sechs", "6"},     {"sieben", "7"},    {"acht", "8"},      {"neun", "9"},
    {"zehn", "10"},     {"elf", "11"},      {"zwölf", "12"},    {"dreizehn", "13"},
    {"vierzehn", "14"}, {"fünfzehn", "15"}, {"sechzehn", "16"}, {"siebzehn", "17"},
    {"achtzehn", "18"}, {"neunzehn", "19"}, {"zwanzig", "20"},  {"dreissig", "30"},
    {"vierzig", "40"},  {"fünfzig", "50"},  {"sechzig", "60"},  {"siebzig", "70"},
    {"achtzig", "80"},  {"neunzig", "90"},  {"hundert", "100"}, {"tausend", "1000"},
    {"januar", ""},     {"februar", ""},    {"märz", ""},       {"april", ""},
    {"mai", ""},        {"juni", ""},       {"juli", ""},       {"august", ""},
    {"september", ""},  {"oktober", ""},    {"november", ""},   {"dezember", ""},
};
static const char *const negations[] = {"nicht",  "kein", "keine", "keinen", "keinem",
                                        "keiner", "nie",  "ohne",  "weder"};

static const struct exact *
exact_of(str word)
{
    for (size_t i = 0; i < sizeof exacts / sizeof *exacts; i++)
        if (str_eq(word, str_of(exacts[i].word)))
            return &exacts[i];
    return NULL;
}

static bool
is_negation(str word)
{
    for (size_t i = 0; i < sizeof negations / sizeof *negations; i++)
        if (str_eq(word, str_of(negations[i])))
            return true;
    return str_starts(word, STR("unzulässig"));
}

static bool
has_digit(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] >= '0' && s.at[i] <= '9')
            return true;
    return false;
}

/* ---- a text's words, numbers grouped by blanks ("1 775") in one */
struct walk {
    struct lex l;
    str source;
    struct lexeme next;
    bool has_next;
    char room[DIGITS_MAX];
};

static void
walk_begin(struct walk *w, str source)
{
    *w = (struct walk){.source = source};
    lex_begin(&w->l, source);
}

static bool
is_group(const struct walk *w, const struct lexeme *x, size_t behind)
{
    if (x->kind != LEX_NUMBER || x->from != behind + 1 || x->text.len < 3 ||
        w->source.at[behind] != ' ')
        return false;
    for (size_t i = 0; i < 3; i++)
        if (x->text.at[i] < '0' || x->text.at[i] > '9')
            return false;
    return x->text.len == 3 || x->text.at[3] == ',';
}

static bool
walk_next(struct walk *w, struct lexeme *ret)
{
    struct lexeme x;
    if (!lex_next(&w->l, &x))
        return false;
    *ret = x;
    if (x.kind != LEX_NUMBER || x.text.len > 3)
        return true;
    memcpy(w->room, x.text.at, x.text.len);
    ret->text = (str){w->room, x.text.len};
    for (struct lex saved = w->l; lex_next(&w->l, &x); saved = w->l) {
        if (!is_group(w, &x, ret->to) || ret->text.len + x.text.len > sizeof w->room) {
            w->l = saved;
            return true;
        }
        memcpy(w->room + ret->text.len, x.text.at, x.text.len);
        ret->text.len += x.text.len;
        ret->to = x.to;
    }
    return true;
}

/* ---- what the cited quotes hold */
struct held {
    map words; /* folded words, numbers and stems */
    bool denies;
    arena *a;
};

static fallible
hold(struct held *h, str word)
{
    str kept;
    TRY(try_arena_str(h->a, word, &kept));
    return map_put(&h->words, kept, h);
}

static fallible
hold_text(struct held *h, str text)
{
    struct walk w;
    struct lexeme x;
    walk_begin(&w, text);
    while (walk_next(&w, &x)) {
        char room[STEM_MAX];
        const struct exact *const e = exact_of(x.text);
        h->denies |= is_negation(x.text);
        TRY(hold(h, x.text));
        TRY(hold(h, stem_german(x.text, room)));
        if (e && *e->digits)
            TRY(hold(h, str_of(e->digits)));
    }
    return OK;
}

static fallible
hold_cited(struct held *h, const struct cards *c, uint32_t cites)
{
    for (size_t i = 0; i < c->count; i++)
        if (cites & 1u << i) {
            TRY(hold_text(h, c->at[i].quote));
            TRY(hold_text(h, c->at[i].section));
            TRY(hold_text(h, c->at[i].heading));
        }
    return OK;
}

static bool
is_held(const struct held *h, str word)
{
    return map_get(&h->words, word) != NULL;
}

/* A number of the sentence, in digits or letters. */
static bool
is_number_held(const struct held *h, str word, const struct exact *e)
{
    if (is_held(h, word) || (e && *e->digits && is_held(h, str_of(e->digits))))
        return true;
    for (size_t i = 0; i < sizeof exacts / sizeof *exacts; i++)
        if (*exacts[i].digits && str_eq(word, str_of(exacts[i].digits)) &&
            is_held(h, str_of(exacts[i].word)))
            return true;
    return false;
}

static bool
is_word_held(const struct held *h, str word)
{
    char room[STEM_MAX];
    return is_held(h, word) || is_held(h, stem_german(word, room));
}

static enum support_fault
fault_of(const struct held *h, str sentence)
{
    struct walk w;
    struct lexeme x;
    size_t words = 0, held = 0;
    bool denies = false;
    walk_begin(&w, sentence);
    while (walk_next(&w, &x)) {
        const struct exact *const e = exact_of(x.text);
        denies |= is_negation(x.text);
        if (e || has_digit(x.text)) {
            if (!is_number_held(h, x.text, e))
                return SUPPORT_NUMBER;
        } else if (!words_is_stop(x.text)) {
            words++;
            held += is_word_held(h, x.text);
        }
    }
    if (denies && !h->denies)
        return SUPPORT_NEGATION;
    return held * HALF < words ? SUPPORT_WORDS : SUPPORT_FINE;
}

/* ---- citations */
/* "[1, 3]" at the start of `s`: its length, 0 if it is none. */
static size_t
read_citation(str s, uint32_t *cites, bool *is_bad)
{
    size_t i = 1;
    uint32_t found = 0, n = 0;
    bool digits = false;
    if (!s.len || s.at[0] != '[')
        return 0;
    for (; i < s.len && i < 16; i++) {
        const char c = s.at[i];
        if (c >= '0' && c <= '9') {
            n = n * 10 + (uint32_t)(c - '0');
            digits = true;
            *is_bad |= n > CARDS_MAX;
            n = n > CARDS_MAX ? CARDS_MAX + 1 : n;
            continue;
        }
        if (c != ',' && c != ']' && c != ' ')
            return 0;
        if (digits && n >= 1 && n <= CARDS_MAX)
            found |= 1u << (n - 1);
        *is_bad |= digits && n == 0;
        n = 0;
        digits = false;
        if (c == ']') {
            *cites |= found;
            return i + 1;
        }
    }
    return 0;
}

static fallible
without_citations(arena *a, str sentence, struct supported *s, bool *is_bad)
{
    AUTO(buf) b = BUF(SUPPORT_BYTES_MAX);
    for (size_t i = 0; i < sentence.len;) {
        const size_t n = read_citation(str_slice(sentence, i, sentence.len), &s->cites, is_bad);
        if (n && b.len && b.at[b.len - 1] == ' ')
            b.len--;
        if (!n)
            buf_add_char(&b, sentence.at[i]);
        i += n ? n : 1;
    }
    TRY(buf_end(&b));
    return try_arena_str(a, str_trim(buf_str(&b)), &s->text);
}

static fallible
check_one(arena *a, str sentence, const struct cards *c, struct supported *s)
{
    struct held h = {.a = a};
    bool is_bad = false;
    TRY(without_citations(a, sentence, s, &is_bad));
    const uint32_t there = (1u << c->count) - 1;
    if (is_bad || s->cites & ~there)
        s->fault = SUPPORT_NO_QUOTE;
    else if (!s->cites)
        s->fault = SUPPORT_UNCITED;
    if (s->fault)
        return OK;
    const err e = hold_cited(&h, c, s->cites);
    if (!e.code)
        s->fault = fault_of(&h, s->text);
    map_done(&h.words);
    return e;
}

fallible
support_check(arena *a, str text, const struct cards *c, support_list *ret)
{
    str rest = str_slice(text, 0, SUPPORT_BYTES_MAX);
    ASSERT(c->count <= CARDS_MAX);
    for (str sentence; sentence_next(&rest, &sentence);) {
        struct supported s = {0};
        TRY(check_one(a, sentence, c, &s));
        if (s.text.len)
            TRY(VEC_ADD(a, ret, &s));
    }
    return OK;
}
