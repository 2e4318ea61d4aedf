/* SPDX-License-Identifier: EUPL-1.2 */
/* Names of people.
 *
 * First what is certain: behind "Frau", a title, a role or a label, in a signature, above an
 * address, a known first name with a surname behind.  Each part is remembered, and then found
 * wherever it stands in the document, also with a genitive's s.  Words that are names and nouns
 * ("Koch", "Sommer") count only once remembered, and not behind an article. */
#include "detect/doc.h"

enum { PARTS_MAX = 5, LINES_BACK_MAX = 3 };

/* ---- names remembered: open addressing, room for every word there is */

struct name_set {
    size_t room;
    uint64_t hashes[];
};

static fallible
names_open(struct doc *d)
{
    size_t room = 64;
    void *p = NULL;
    while (room < d->t.count)
        room *= 2;
    TRY(try_arena_get(d->a, 1, sizeof(struct name_set) + room * sizeof(uint64_t), &p));
    d->names = p;
    d->names->room = room;
    return OK;
}

static uint64_t *
names_slot(const struct doc *d, uint64_t hash)
{
    struct name_set *const n = d->names;
    size_t i = hash % n->room;
    for (size_t k = 0; k < 32 && n->hashes[i] && n->hashes[i] != hash; k++)
        i = (i + 1) % n->room;
    return &n->hashes[i];
}

static bool
is_remembered(const struct doc *d, const struct token *t)
{
    if (t->kind != TOKEN_WORD)
        return false;
    return *names_slot(d, t->hash) == t->hash ||
           (t->last == 's' && t->end - t->start > 4 && *names_slot(d, t->stem) == t->stem);
}

/* "Kochs" where "Koch" is remembered and "Kochs" is not. */
static bool
is_genitive(const struct doc *d, const struct token *t)
{
    return is_remembered(d, t) && *names_slot(d, t->hash) != t->hash;
}

/* A surname seen behind a particle, as in "von der Heyde". */
static uint64_t
with_particle(uint64_t hash)
{
    return hash ^ 0x9e3779b97f4a7c15u;
}

/* ---- what a word may be */

static bool
is_initial(const struct doc *d, const struct token *t)
{
    const size_t len = t->end - t->start;
    const bool is_order = token_is_mark(&t[-1], '.') && t[-2].kind == TOKEN_WORD &&
                          !t[-2].is_upper && t[-2].end - t[-2].start == 1; /* "i. A." */
    return t->kind == TOKEN_WORD && t->is_upper && token_is_mark(&t[1], '.') && t[1].is_glued &&
           !is_order && (len == 1 || (len == 2 && (uint8_t)doc_char(d, t->start) >= 0xC3));
}

static bool
ends_like_noun(str s)
{
    static const char *const ends[] = {
        "ung",     "ungen",     "träge",    "beträge", "heit",      "keit",     "schaft",
        "tion",    "tionen",    "amt",      "amtes",   "gericht",   "stelle",   "behörde",
        "nummer",  "verfahren", "bescheid", "antrag",  "antrags",   "gesetz",   "ordnung",
        "recht",   "datum",     "dienst",   "zeit",    "geld",      "steuer",   "kasse",
        "verein",  "verband",   "schule",   "klinik",  "praxis",    "tät",      "ismus",
        "nis",     "tum",       "zeichen",  "straße",  "straßen",   "platz",    "sache",
        "sachen",  "kosten",    "vertrag",  "urteil",  "beschluss", "akte",     "pflicht",
        "frist",   "liste",     "buch",     "karte",   "raum",      "punkt",    "stand",
        "satz",    "wert",      "teil",     "plan",    "bericht",   "gespräch", "termin",
        "wesen",   "produkt",   "kind",     "frau",    "kraft",     "leistung", "wohnung",
        "ausweis", "vermerk",   "zahl",     "bereich", "verkehr",   "gebühr",   "beitrag",
        "betrag",  "konto",     "buchung",  "anlage",  "maßnahme",  "hilfe",    "betrieb",
        "gruppe",  "leiter",    "leiterin", "beamter", "beamtin"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (s.len > strlen(ends[i]) && str_ends(s, str_of(ends[i])))
            return true;
    return false;
}

enum strength { WEAK, STRONG };

/* Could it be part of a name? STRONG: something before it says that a name comes. */
static bool
may_be_name(const struct doc *d, const struct token *t, enum strength s)
{
    const uint32_t never = WORD_ANREDE | WORD_ORG | WORD_TITLE;
    if (t->kind != TOKEN_WORD || !t->is_upper || t->taken || t->end - t->start < 2)
        return false;
    const bool in_date =
        t[-1].kind == TOKEN_NUMBER || t[1].kind == TOKEN_NUMBER || token_is_mark(&t[-1], '.');
    if ((t->bits & WORD_MONTH) && in_date)
        return false;
    if (is_remembered(d, t))
        return true;
    const bool is_known = (t->bits & (WORD_FIRST | WORD_LAST | WORD_AMBIGUOUS)) != 0;
    if ((t->bits & never) && !(is_known && s == STRONG))
        return false;
    if ((t->bits & WORD_STOP) && !(is_known && s == STRONG))
        return false;
    if (t->label && !is_known)
        return false;
    if ((t->bits & (WORD_RANK | WORD_GREETING)) && !is_known)
        return false;
    return is_known || s == STRONG || !ends_like_noun(token_text(d, t));
}

static bool
is_particle(const struct token *t)
{
    return t->kind == TOKEN_WORD && (t->bits & WORD_PARTICLE) != 0;
}

/* "el-Sayed", "d'Angelo": small first letter, capital after the hyphen. */
static bool
is_small_compound(const struct doc *d, const struct token *t)
{
    const str s = token_text(d, t);
    const ptrdiff_t dash = str_find_char(s, '-');
    return t->kind == TOKEN_WORD && !t->is_upper && dash > 0 && dash <= 3 && !t->taken &&
           (size_t)dash + 1 < s.len && s.at[dash + 1] >= 'A' && s.at[dash + 1] <= 'Z';
}

/* ---- reading a name */

struct name {
    size_t start, end; /* tokens */
    size_t parts;
    bool has_first; /* a known first name is among them */
};

/* Was the text wrapped here, rather than a new line begun? */
static bool
is_wrapped(const struct doc *d, size_t i)
{
    size_t from = d->t.at[i].start;
    while (from > 0 && doc_char(d, from - 1) != '\n' && d->t.at[i].start - from < 48)
        from--;
    return d->t.at[i].start - from >= 40;
}

/* Particles up to a capital, as in "von und zu Eschwege": tokens, 0 if no name follows. */
static size_t
particles(const struct doc *d, size_t i)
{
    size_t n = 0;
    while (n < 5) {
        const struct token *const t = &d->t.at[i + n];
        const bool is_and = n && is_particle(t + 1) && str_eq(token_text(d, t), STR("und"));
        const bool is_wrap = n && t->kind == TOKEN_LINE && is_wrapped(d, i + n);
        if (!(is_particle(t) && !t->taken) && !is_and && !is_wrap)
            break;
        n++;
    }
    return n && may_be_name(d, &d->t.at[i + n], STRONG) ? n : 0;
}

static struct name
read_name(const struct doc *d, size_t i, enum strength s)
{
    const struct token *const t = d->t.at;
    struct name n = {.start = i, .end = i};
    for (size_t k = i; k < d->t.count && n.parts < PARTS_MAX;) {
        const size_t wrap = n.parts && t[k].kind == TOKEN_LINE && is_wrapped(d, k) ? 1 : 0;
        const struct token *const w = &t[k + wrap];
        const size_t lead = !w->is_upper ? particles(d, k + wrap) : 0;
        const bool is_sure = s == STRONG && n.parts == 0;
        if (is_initial(d, w) && !wrap) {
            k += 2;
            n.end = k;
            n.parts++;
            continue;
        }
        if (lead && (wrap == 0 || is_remembered(d, &w[lead])))
            k += wrap + lead;
        else if ((may_be_name(d, w, is_sure ? STRONG : WEAK) || is_small_compound(d, w)) &&
                 (!wrap || is_remembered(d, w) ||
                  (w->bits & (WORD_FIRST | WORD_LAST) && (t[k - 1].bits & WORD_FIRST))))
            k += wrap;
        else
            break;
        n.has_first |= (t[k].bits & WORD_FIRST) != 0;
        n.end = ++k;
        n.parts++;
        if (is_genitive(d, &t[k - 1]))
            break;
    }
    return n;
}

static void
remember(struct doc *d, const struct name *n)
{
    for (size_t i = n->start; i < n->end; i++) {
        const struct token *const t = &d->t.at[i];
        if (t->kind != TOKEN_WORD || (!t->is_upper && !is_small_compound(d, t)) ||
            t->end - t->start < 3 || (t->bits & (WORD_STOP | WORD_ORG)))
            continue;
        *names_slot(d, t->hash) = t->hash;
        if (i > n->start && is_particle(t - 1) && !t[-1].is_upper)
            *names_slot(d, with_particle(t->hash)) = with_particle(t->hash);
    }
}

static fallible
add_name(struct doc *d, const struct name *n, unsigned score)
{
    if (n->end <= n->start)
        return OK;
    remember(d, n);
    for (size_t i = n->start; i < n->end; i++)
        d->t.at[i].taken = DETECT_PERSON;
    return doc_add(d, d->t.at[n->start].start, d->t.at[n->end - 1].end, DETECT_PERSON, score);
}

/* "Koch, Anna": the first name behind a surname and comma. */
static void
take_first_name(const struct doc *d, struct name *n, bool is_listed)
{
    const struct token *const t = &d->t.at[n->end];
    const size_t wrap = t[1].kind == TOKEN_LINE ? 1 : 0;
    const struct token *const w = &t[1 + wrap];
    if (!token_is_mark(t, ',') || w->kind != TOKEN_WORD)
        return;
    if (!(w->bits & WORD_FIRST) &&
        !(is_listed && may_be_name(d, w, WEAK) && !(w->bits & WORD_TOWN)))
        return;
    if (token_is_mark(w + 1, '.') && !(w->bits & WORD_FIRST) && w->end - w->start > 1)
        return;
    const struct name first = read_name(d, n->end + 1 + wrap, STRONG);
    if (first.parts && first.parts <= 3) {
        n->end = first.end;
        while (is_particle(&d->t.at[n->end]) && !d->t.at[n->end].is_upper &&
               n->end < first.end + 3 && !str_eq(token_text(d, &d->t.at[n->end]), STR("vom")) &&
               !str_eq(token_text(d, &d->t.at[n->end]), STR("zum")))
            n->end++;
        n->has_first = true;
    }
}

/* Titles, ranks, forms of address and their full stops in front of a name. */
static size_t
skip_titles(const struct doc *d, size_t i, bool lines)
{
    const struct token *const t = d->t.at;
    for (size_t n = 0; n < 12; n++, i++) {
        const bool is_title = t[i].kind == TOKEN_WORD &&
                              (t[i].bits & (WORD_TITLE | WORD_RANK | WORD_ANREDE)) &&
                              !(t[i].is_upper && (t[i].bits & (WORD_FIRST | WORD_LAST)) &&
                                !(t[i].bits & (WORD_TITLE | WORD_ANREDE)));
        const bool is_dot = token_is_mark(&t[i], '.') && n && t[i].is_glued;
        const bool is_dash = token_is_mark(&t[i], '-') && t[i].is_glued;
        const bool is_and = t[i].kind == TOKEN_WORD && str_eq(token_text(d, &t[i]), STR("und")) &&
                            (t[i + 1].bits & WORD_ANREDE);
        const bool is_slash = token_is_mark(&t[i], '/') && (t[i + 1].bits & WORD_ANREDE);
        const bool is_line = t[i].kind == TOKEN_LINE && (lines || is_wrapped(d, i));
        const bool is_court =
            n && str_eq(token_text(d, &t[i]), STR("am")) && (t[i + 1].bits & WORD_ORG);
        if (is_court) {
            i++;
            continue;
        }
        if (!is_title && !is_dot && !is_dash && !is_and && !is_slash && !is_line)
            break;
    }
    return i;
}

/* ---- certain places */

/* "Yusuf und Pia Koch": the next of several. */
static fallible
add_with_next(struct doc *d, struct name n, unsigned score)
{
    for (size_t k = 0; k < 8; k++) {
        TRY(add_name(d, &n, score));
        size_t i = n.end;
        const str word = token_text(d, &d->t.at[i]);
        const bool is_and =
            str_eq(word, STR("und")) || str_eq(word, STR("u")) || str_eq(word, STR("sowie"));
        if (!is_and)
            break;
        i += token_is_mark(&d->t.at[i + 1], '.') ? 2 : 1;
        i = skip_titles(d, i, false);
        n = read_name(d, i, WEAK);
        if (n.parts < 2 && !(n.parts && (n.has_first || is_remembered(d, &d->t.at[n.start]))))
            break;
    }
    return OK;
}

static fallible
after_address(struct doc *d, size_t i)
{
    const size_t k = skip_titles(d, i, true);
    struct name n = read_name(d, k, STRONG);
    if (n.parts && token_is_mark(&d->t.at[n.end], ',') && !d->t.at[i].is_upper)
        take_first_name(d, &n, false);
    return n.parts ? add_with_next(d, n, 95) : OK;
}

/* Chats drop capitals: "frau okonkwo", "hi tabea". */
static fallible
after_small_address(struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i + 1];
    if (t->kind != TOKEN_WORD || t->is_upper || t->end - t->start < 3 || t->taken)
        return OK;
    if (t->bits &
        (WORD_STOP | WORD_DETERMINER | WORD_ANREDE | WORD_RANK | WORD_TITLE | WORD_PARTICLE))
        return OK;
    *names_slot(d, t->hash) = t->hash;
    d->t.at[i + 1].taken = DETECT_PERSON;
    return doc_add(d, t->start, t->end, DETECT_PERSON, 70);
}

/* "Name: …", "Zeuge/Zeugin:\n…" */
static fallible
after_label(struct doc *d, size_t i)
{
    const struct token *const t = d->t.at;
    size_t k = i + 1;
    bool marked = false;
    for (; k < i + 8; k++) {
        const struct token *const w = &t[k];
        const bool is_mark = w->kind == TOKEN_MARK && w->mark < 128 && strchr(":/()\".-", w->mark);
        const bool is_ending = w->kind == TOKEN_WORD && w->is_glued && !w->is_upper;
        const bool is_other =
            w->kind == TOKEN_WORD && w->label == DETECT_PERSON && token_is_mark(&w[-1], '/');
        if (!is_mark && !is_ending && !is_other && !(w->kind == TOKEN_LINE && marked))
            break;
        marked |= is_mark && w->mark == ':';
    }
    if (!marked)
        return OK;
    k = skip_titles(d, k, false);
    struct name n = read_name(d, k, STRONG);
    if (!n.parts)
        return OK;
    take_first_name(d, &n, true);
    return add_with_next(d, n, 93);
}

/* The lines below a closing formula. */
static fallible
signature(struct doc *d, size_t i)
{
    const struct token *const t = d->t.at;
    size_t k = i + 1, lines = 0;
    while (k < d->t.count && k < i + 5 && t[k].kind == TOKEN_WORD)
        k++;
    while (k < d->t.count && k < i + 16 &&
           (t[k].kind != TOKEN_WORD || lines == 0 || t[k].end - t[k].start <= 2 ||
            str_eq(token_text(d, &t[k]), STR("Im")) || str_eq(token_text(d, &t[k]), STR("gez")) ||
            str_eq(token_text(d, &t[k]), STR("Auftrag")) || (t[k].bits & WORD_TITLE))) {
        if (is_initial(d, &t[k]) && lines)
            break;
        if (t[k].kind == TOKEN_WORD && !lines && t[k].is_upper && may_be_name(d, &t[k], WEAK))
            break;
        lines += t[k].kind == TOKEN_LINE;
        k++;
    }
    const bool is_small = t[k].kind == TOKEN_WORD && !t[k].is_upper && (t[k].bits & WORD_FIRST) &&
                          t[k + 1].kind == TOKEN_LINE;
    if (is_small && lines)
        return after_small_address(d, k - 1);
    struct name n = read_name(d, k, STRONG);
    if (!n.parts || (!lines && !n.has_first))
        return OK;
    return add_name(d, &n, 92);
}

/* A line of its own above a street, or the parts before a birth date: two or more capitals. */
static fallible
above_street(struct doc *d, size_t i)
{
    const struct token *const t = d->t.at;
    size_t end = i;
    while (end > 0 && (t[end - 1].kind == TOKEN_LINE || token_is_mark(&t[end - 1], ',')) &&
           i - end < 2)
        end--;
    size_t from = end;
    while (from > 0 && t[from - 1].kind == TOKEN_WORD && end - from < 6 && !t[from - 1].taken)
        from--;
    const bool is_line = from == 0 || t[from - 1].kind == TOKEN_LINE ||
                         token_is_mark(&t[from - 1], ':') || token_is_mark(&t[from - 1], '.');
    if (end == i || end - from < 2 || !is_line)
        return OK;
    const size_t start = skip_titles(d, from, false);
    const struct name n = read_name(d, start, WEAK);
    if (n.end != end || n.parts < 2)
        return OK;
    return add_name(d, &n, 84);
}

static fallible
before_birth(struct doc *d, size_t i)
{
    const struct token *const t = d->t.at;
    size_t end = i;
    while (end > 0 && i - end < 6 &&
           (t[end - 1].label == DETECT_GEBURTSDATUM ||
            (t[end - 1].kind == TOKEN_MARK && t[end - 1].mark != ':') ||
            t[end - 1].kind == TOKEN_LINE || str_eq(token_text(d, &t[end - 1]), STR("am")) ||
            str_eq(token_text(d, &t[end - 1]), STR("geboren"))))
        end--;
    size_t from = end;
    while (
        from > 0 && end - from < 6 &&
        ((t[from - 1].kind == TOKEN_WORD && (may_be_name(d, &t[from - 1], WEAK) ||
                                             (is_particle(&t[from - 1]) && !t[from - 1].is_upper) ||
                                             is_small_compound(d, &t[from - 1]))) ||
         (token_is_mark(&t[from - 1], ',') && from < end && t[from].bits & WORD_FIRST)))
        from--;
    while (from < end && !t[from].is_upper && !is_small_compound(d, &t[from]))
        from++;
    if (from == end || end == i || token_is_mark(&t[end - 1], ':'))
        return OK;
    const struct name n = {.start = from, .end = end, .parts = end - from};
    return n.parts >= 2 ? add_name(d, &n, 88) : OK;
}

/* ---- by gazetteer and memory */

static bool
is_in_context_of_noun(const struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i], *const p = t - 1, *const n = t + 1;
    if (p->kind == TOKEN_WORD && (p->bits & WORD_DETERMINER) && !p->is_upper)
        return true;
    if (n->kind == TOKEN_MARK && n->mark == '-')
        return true;
    const str next = token_text(d, n);
    if (str_eq(next, STR("oder")) ||
        (n->kind == TOKEN_MARK && n->mark == '.' && t->bits & WORD_MONTH))
        return true;
    if (token_is_mark(p, ',') && (p[-1].bits & WORD_AMBIGUOUS) && !p[-1].taken)
        return true;
    if (n->kind == TOKEN_NUMBER || (p->kind == TOKEN_MARK && p->mark == '.' &&
                                    p[-1].kind == TOKEN_NUMBER && (t->bits & WORD_MONTH)))
        return (t->bits & WORD_MONTH) != 0;
    const bool is_adjective = p->kind == TOKEN_WORD && !p->is_upper && p->last == 'r' &&
                              p->end - p->start > 4 && p->taken == 0 &&
                              str_ends(token_text(d, p), STR("er"));
    return is_adjective && !str_eq(token_text(d, p), STR("aber"));
}

/* A known first name with a plausible surname, or a surname with an initial. */
static bool
begins_by_gazetteer(const struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    const bool is_plain =
        !(t->bits & (WORD_AMBIGUOUS | WORD_STOP | WORD_TOWN | WORD_ORG | WORD_MONTH)) &&
        !t->taken && t->is_upper;
    if (!t->is_upper || t->taken || (t->bits & (WORD_STOP | WORD_ANREDE)))
        return false;
    if ((t->bits & WORD_FIRST) && (may_be_name(d, t + 1, WEAK) || is_particle(t + 1)))
        return is_plain || ((t[1].bits & (WORD_LAST | WORD_FIRST)) && !is_in_context_of_noun(d, i));
    if ((t->bits & (WORD_FIRST | WORD_LAST)) && is_plain)
        return true;
    return is_initial(d, t) && (t[2].bits & (WORD_LAST | WORD_FIRST)) && t[2].is_upper &&
           !t[2].taken;
}

/* "Anna-Lena": known by its parts. */
static bool
is_double_name(const struct doc *d, const struct token *t)
{
    const str s = token_text(d, t);
    const ptrdiff_t dash = str_find_char(s, '-');
    if (t->kind != TOKEN_WORD || !t->is_upper || t->taken || dash < 2 || (t->bits & WORD_STOP))
        return false;
    uint32_t left, right;
    uint8_t label;
    lexicon_find(d->x, word_hash_of(str_slice(s, 0, (size_t)dash)).hash, &left, &label);
    lexicon_find(d->x, word_hash_of(str_slice(s, (size_t)dash + 1, s.len)).hash, &right, &label);
    return (left & (WORD_FIRST | WORD_LAST)) && (right & (WORD_FIRST | WORD_LAST)) &&
           !((left | right) & (WORD_STOP | WORD_TOWN));
}

static fallible
by_gazetteer(struct doc *d, size_t i)
{
    if (!begins_by_gazetteer(d, i) && !is_double_name(d, &d->t.at[i]))
        return OK;
    struct name n = read_name(d, i, WEAK);
    if (!n.parts)
        return OK;
    if (n.parts == 1)
        take_first_name(d, &n, false);
    return add_name(d, &n, n.parts > 1 ? 86 : 66);
}

/* Leftmost particle of those before `i`, across "und" and a wrapped line. */
static size_t
particles_before(const struct doc *d, size_t i)
{
    const struct token *const t = d->t.at;
    size_t from = i;
    for (size_t k = i; k > 0 && i - k < 6; k--) {
        const bool is_and = str_eq(token_text(d, &t[k - 1]), STR("und"));
        const bool is_wrap = t[k - 1].kind == TOKEN_LINE && is_wrapped(d, k - 1);
        if (is_particle(&t[k - 1]) && !t[k - 1].taken)
            from = k - 1;
        else if (!is_and && !is_wrap)
            break;
    }
    return from;
}

static bool
is_caps_word(const struct doc *d, const struct token *t)
{
    const char second = doc_char(d, t->start + 1);
    return t->end - t->start >= 2 && second >= 'A' && second <= 'Z';
}

/* "Überzahlte Beträge": a sentence begins with an adjective. */
static bool
is_adjective_first(const struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i], *const p = t - 1;
    const str s = token_text(d, t);
    const bool begins = p->kind == TOKEN_LINE || p->kind == TOKEN_END || token_is_mark(p, '.') ||
                        token_is_mark(p, '!');
    return begins && !(t->bits & WORD_FIRST) &&
           (str_ends(s, STR("te")) || str_ends(s, STR("en")) || str_ends(s, STR("es")) ||
            str_ends(s, STR("che")) || str_ends(s, STR("ige")) || str_ends(s, STR("ter")) ||
            str_ends(s, STR("cher")) || str_ends(s, STR("iger")));
}

/* "Hamburger": an adjective made of a town. */
static bool
is_of_town(const struct doc *d, const struct token *t)
{
    uint32_t bits;
    uint8_t label;
    const str s = token_text(d, t);
    if (s.len < 6 || !str_ends(s, STR("er")))
        return false;
    lexicon_find(d->x, word_hash_of(str_slice(s, 0, s.len - 2)).hash, &bits, &label);
    return (bits & WORD_TOWN) != 0;
}

/* Two capitals in a row, neither a known noun: German nouns seldom stand so. */
static fallible
by_pair(struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    const uint32_t other = WORD_TOWN | WORD_STREET_LEAD | WORD_MONTH | WORD_STOP;
    if (!may_be_name(d, t, WEAK) || !may_be_name(d, t + 1, WEAK) || ((t->bits | t[1].bits) & other))
        return OK;
    if (t[1].is_glued || t[2].kind == TOKEN_NUMBER || t->end - t->start < 3 ||
        ((t->bits & WORD_AMBIGUOUS) && is_in_context_of_noun(d, i)) || is_caps_word(d, t) ||
        is_of_town(d, t) || is_adjective_first(d, i))
        return OK;
    const struct token *const p = t - 1;
    if (p->kind == TOKEN_WORD && ((p->bits & WORD_ORG) || (p->label == DETECT_OTHER)))
        return OK;
    const struct name n = read_name(d, i, WEAK);
    const struct token *const last = &d->t.at[n.end ? n.end - 1 : 0];
    const bool is_firm = (d->t.at[n.end].bits & WORD_ORG) && d->t.at[n.end].kind == TOKEN_WORD;
    return n.parts < 2 || n.parts > 3 || is_firm || is_caps_word(d, last) ? OK
                                                                          : add_name(d, &n, 62);
}

static fallible
by_memory(struct doc *d, size_t i)
{
    const struct token *const t = d->t.at;
    if (t[i].taken || !is_remembered(d, &t[i]))
        return OK;
    const bool is_small = !t[i].is_upper && !is_small_compound(d, &t[i]);
    if (is_small && (t[i].end - t[i].start < 4 ||
                     (t[i].bits & (WORD_AMBIGUOUS | WORD_STOP | WORD_DETERMINER | WORD_PARTICLE))))
        return OK;
    const bool is_double = (t[i].bits & (WORD_AMBIGUOUS | WORD_MONTH | WORD_TOWN)) != 0;
    if (is_double && is_in_context_of_noun(d, i))
        return OK;
    size_t from = i;
    if (i >= 2 && is_initial(d, &t[i - 2]) && !t[i - 2].taken)
        from = i - 2;
    const uint64_t mark = with_particle(t[i].hash), stem_mark = with_particle(t[i].stem);
    if (*names_slot(d, mark) == mark ||
        (is_genitive(d, &t[i]) && *names_slot(d, stem_mark) == stem_mark))
        from = particles_before(d, from);
    struct name n = {.start = from, .end = i + 1, .parts = 1};
    if (!is_small) {
        const struct name longer = read_name(d, i, WEAK);
        n.end = longer.end > n.end ? longer.end : n.end;
        take_first_name(d, &n, false);
    }
    return add_name(d, &n, 82);
}

/* "K. O.", "R.S." alone on a line or before a comma: a signature with initials. */
static fallible
by_initials(struct doc *d, size_t i)
{
    const struct token *const t = d->t.at;
    const bool begins = i == 0 || t[i - 1].kind == TOKEN_LINE || token_is_mark(&t[i - 1], '>');
    if (t[i].taken || !begins || !is_initial(d, &t[i]) || !is_initial(d, &t[i + 2]))
        return OK;
    size_t end = i + 4;
    if (is_initial(d, &t[end]))
        end += 2;
    if (t[end].kind != TOKEN_LINE && t[end].kind != TOKEN_END && !token_is_mark(&t[end], ','))
        return OK;
    const struct name n = {.start = i, .end = end, .parts = 2};
    return add_name(d, &n, 75);
}

static bool
begins_line(const struct doc *d, size_t i)
{
    return i == 0 || d->t.at[i - 1].kind == TOKEN_LINE;
}

static bool
is_label_place(const struct doc *d, size_t i)
{
    const str s = token_text(d, &d->t.at[i]);
    const bool is_mail = str_eq(s, STR("Von")) || str_eq(s, STR("An")) || str_eq(s, STR("Cc")) ||
                         str_eq(s, STR("CC"));
    return s.len > 3 || is_mail;
}

static fallible
find_certain(struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    if (t->kind == TOKEN_WORD && !t->taken) {
        if (t->label == DETECT_PERSON && is_label_place(d, i))
            TRY(after_label(d, i));
        const bool is_title = (t->bits & WORD_TITLE) && token_is_mark(t + 1, '.');
        if (((t->bits & WORD_ANREDE) && t->is_upper) || (is_title && t->is_upper))
            TRY(after_address(d, i));
        else if ((t->bits & WORD_RANK) && t->bits != WORD_STOP &&
                 (t->is_upper || str_eq(token_text(d, t), STR("alias")) ||
                  str_eq(token_text(d, t), STR("geb")) ||
                  str_eq(token_text(d, t), STR("geborene"))) &&
                 (may_be_name(d, t + 1 + (token_is_mark(t + 1, '.') ? 1 : 0), WEAK) ||
                  (str_eq(token_text(d, t + 1), STR("am")) && (t[2].bits & WORD_ORG))))
            TRY(after_address(d, i));
        else if ((t->bits & WORD_ANREDE) && !t->is_upper)
            TRY(after_small_address(d, i));
        if (t->bits & WORD_GREETING)
            TRY(signature(d, i));
        const bool is_care_of = str_eq(token_text(d, t), STR("c")) && token_is_mark(t + 1, '/');
        if (is_care_of && i + 3 < d->t.count)
            TRY(after_address(d, i + 3));
        if (str_eq(token_text(d, t), STR("schrieb")))
            TRY(after_address(d, i));
    }
    const bool has_rank =
        token_is_mark(t + 1, ',') && (t[2].bits & WORD_RANK) && t[2].is_upper && !t[2].taken;
    if (has_rank && begins_line(d, i) && may_be_name(d, t, STRONG)) {
        const struct name n = {.start = i, .end = i + 1, .parts = 1};
        TRY(add_name(d, &n, 80));
    }
    const bool first = i == 0 || d->t.at[i - 1].taken != t->taken;
    if (t->taken == DETECT_STRASSE && first)
        TRY(above_street(d, i));
    if (t->taken == DETECT_GEBURTSDATUM && first)
        TRY(before_birth(d, i));
    return by_initials(d, i);
}

/* Cells and keys were found before tokens had names. */
static void
remember_found(struct doc *d)
{
    for (size_t i = 0; i < d->t.count; i++)
        if (d->t.at[i].taken == DETECT_PERSON) {
            const struct name n = {.start = i, .end = i + 1};
            remember(d, &n);
        }
}

fallible
rule_persons(struct doc *d)
{
    TRY(names_open(d));
    remember_found(d);
    for (size_t i = 0; i < d->t.count; i++)
        TRY(find_certain(d, i));
    for (size_t i = 0; i < d->t.count; i++)
        TRY(by_gazetteer(d, i));
    for (size_t i = 0; i < d->t.count; i++)
        TRY(by_pair(d, i));
    for (size_t i = 0; i < d->t.count; i++)
        TRY(by_memory(d, i));
    return OK;
}
