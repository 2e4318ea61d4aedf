/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/place.h"

enum { STREET_WORDS_MAX = 6 };

static bool
is_word(const struct doc *d, const struct token *t, const char *word)
{
    return t->kind == TOKEN_WORD && str_eq_nocase(token_text(d, t), str_of(word));
}

/* ---- towns */

static bool
is_town_link(const struct doc *d, const struct token *t)
{
    static const char *const links[] = {"am", "im", "an", "in", "ob", "vor", "bei", "unter", "auf"};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (is_word(d, t, links[i]) && !t->is_upper)
            return true;
    return false;
}

/* Rivers and regions that tell towns of one name apart. */
static bool
is_river(const struct doc *d, const struct token *t)
{
    static const char *const rivers[] = {
        "Main",     "Rhein",  "Breisgau", "Oder",        "Lech",  "Inn",        "Donau",
        "Ruhr",     "Saale",  "Neckar",   "Weser",       "Elbe",  "See",        "Harz",
        "Spree",    "Havel",  "Lahn",     "Ems",         "Aller", "Taunus",     "Allgäu",
        "Kamp",     "Isar",   "Ilm",      "Schwarzwald", "Berge", "Rübenberge", "Weinstraße",
        "Bodensee", "Leine",  "Hase",     "Glan",        "Wald",  "Westfalen",  "Westf",
        "Hessen",   "Pfalz",  "Sieg",     "Eder",        "Eifel", "Odenwald",   "Württemberg",
        "Holstein", "Tauber", "Fils",     "Brenz",       "Mosel"};
    for (size_t k = 0; k < sizeof rivers / sizeof *rivers; k++)
        if (is_word(d, t, rivers[k]))
            return true;
    return false;
}

size_t
place_end(const struct doc *d, size_t i)
{
    const struct token *const t = d->t.at;
    if (t[i].kind != TOKEN_WORD || !t[i].is_upper)
        return i;
    size_t end = i + 1;
    if (is_word(d, &t[i], "Bad") || is_word(d, &t[i], "Sankt") || is_word(d, &t[i], "Neu"))
        end += t[end].kind == TOKEN_WORD && t[end].is_upper;
    if (is_word(d, &t[i], "St") && token_is_mark(&t[end], '.'))
        end += 2;
    if (token_is_mark(&t[end], '(') && token_is_mark(&t[end + 2], ')') && is_river(d, &t[end + 1]))
        return end + 3;
    if (!is_town_link(d, &t[end]))
        return end;
    const size_t article = t[end + 1].kind == TOKEN_WORD && !t[end + 1].is_upper ? 1 : 0;
    return is_river(d, &t[end + 1 + article]) ? end + 2 + article : end;
}

static bool
is_five_digits(const struct token *t)
{
    return t->kind == TOKEN_NUMBER && t->end - t->start == 5;
}

/* Tokens between a street and its postcode, and between cells. */
static bool
is_address_link(const struct doc *d, const struct token *t)
{
    if (t->kind == TOKEN_LINE)
        return true;
    if (t->kind == TOKEN_MARK)
        return t->mark == ',' || t->mark == '|' || t->mark == 0xB7 || t->mark == '-' ||
               t->mark == 0x2013 || t->mark == ';' || t->mark == '>' || t->mark == 0x2022 ||
               t->mark == '/';
    return is_word(d, t, "in") || is_word(d, t, "D") || is_word(d, t, "DE");
}

static bool
postcode_follows(const struct doc *d, size_t i)
{
    for (size_t n = 0; n < 5 && i < d->t.count; n++, i++) {
        if (is_five_digits(&d->t.at[i]))
            return d->t.at[i + 1].is_upper || d->t.at[i + 1].kind == TOKEN_LINE;
        if (!is_address_link(d, &d->t.at[i]))
            return false;
    }
    return false;
}

static bool
is_end_of_line(const struct token *t)
{
    return t->kind == TOKEN_LINE || t->kind == TOKEN_END || token_is_mark(t, ',') ||
           token_is_mark(t, ')') || token_is_mark(t, '.') || token_is_mark(t, '|') ||
           token_is_mark(t, ';') || token_is_mark(t, '"') || token_is_mark(t, '<');
}

static bool
street_before(const struct doc *d, size_t i)
{
    for (size_t n = 0; n < 5 && i-- > 0; n++) {
        if (d->t.at[i].taken == DETECT_STRASSE || d->t.at[i].taken == DETECT_POSTFACH)
            return true;
        if (!is_address_link(d, &d->t.at[i]))
            return false;
    }
    return false;
}

static fallible
try_postcode(struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    if (!is_five_digits(t) || (t[1].is_glued && t[1].kind == TOKEN_WORD))
        return OK;
    const size_t place = t[1].kind == TOKEN_LINE ? i + 2 : i + 1;
    const size_t end = place_end(d, place);
    if (end == place || end > d->t.count)
        return OK;
    const struct token *const town = &d->t.at[place];
    const bool has_prefix = token_is_mark(&t[-1], '-') && t->is_glued &&
                            (is_word(d, &t[-2], "D") || is_word(d, &t[-2], "DE"));
    const bool starts_line = t[-1].kind == TOKEN_LINE || t[-1].kind == TOKEN_END;
    const bool is_known = (town->bits & WORD_TOWN) != 0 && !(town->bits & WORD_STOP);
    const bool fits = is_known || has_prefix || street_before(d, i) ||
                      d->field[i] == DETECT_PLZ_ORT ||
                      (starts_line && is_end_of_line(&d->t.at[end]));
    if (!fits || ((town->bits & WORD_STOP) && !has_prefix && !street_before(d, i)))
        return OK;
    const uint32_t start = has_prefix ? t[-2].start : t->start;
    return doc_add(d, start, d->t.at[end - 1].end, DETECT_PLZ_ORT, is_known ? 95 : 85);
}

/* ---- streets */

static bool
ends_like_street(str word)
{
    static const char *const suffixes[] = {
        "straße",    "strasse", "str",    "weg",      "platz",    "allee",    "gasse",
        "ring",      "ufer",    "damm",   "chaussee", "steig",    "stieg",    "pfad",
        "hof",       "winkel",  "kamp",   "graben",   "redder",   "twiete",   "berg",
        "promenade", "markt",   "wall",   "tor",      "anger",    "garten",   "gärten",
        "park",      "feld",    "wiese",  "wiesen",   "höhe",     "hang",     "bogen",
        "kai",       "stiege",  "zeile",  "terrasse", "siedlung", "brücke",   "grund",
        "tal",       "bach",    "leite",  "rain",     "busch",    "hain",     "koppel",
        "deich",     "horst",   "acker",  "äcker",    "kehre",    "insel",    "passage",
        "schneise",  "steg",    "str.",   "reihe",    "blick",    "eck",      "ecke",
        "mühle",     "heide",   "moor",   "see",      "gang",     "freiheit", "dorf",
        "diek",      "straat",  "ort",    "rondell",  "wisch",    "kuhle",    "esch",
        "brook",     "brink",   "gürtel", "holz",     "trift",    "aue",      "strafie",
        "stra8e",    "straBe",  "strabe", "furt",     "quelle",   "warte",    "lohe",
        "zentrum",   "gate",    "pad",    "stucken",  "hagen"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const str s = str_of(suffixes[i]);
        if (word.len >= s.len && str_eq_nocase(str_slice(word, word.len - s.len, word.len), s))
            return true;
    }
    return false;
}

/* Certain on their own; the other endings are also those of many nouns. */
static bool
is_surely_street(str word)
{
    static const char *const sure[] = {
        "straße", "strasse", "str",    "weg",      "platz",     "allee",  "gasse",
        "ring",   "ufer",    "damm",   "chaussee", "steig",     "stieg",  "pfad",
        "winkel", "kamp",    "redder", "twiete",   "promenade", "graben", "strafie",
        "stra8e", "strabe",  "hof",    "wall",     "anger",     "wiese"};
    for (size_t i = 0; i < sizeof sure / sizeof *sure; i++) {
        const str s = str_of(sure[i]);
        if (word.len >= s.len && str_eq_nocase(str_slice(word, word.len - s.len, word.len), s))
            return true;
    }
    return false;
}

static bool
is_house_letter(const struct doc *d, const struct token *t)
{
    const char c = doc_char(d, t->start);
    return t->kind == TOKEN_WORD && t->end - t->start == 1 && c >= 'a' && c <= 'z' &&
           !(t[1].kind == TOKEN_WORD && t[1].is_glued);
}

/* 12, 12a, 12 a, 12-14, 12/1, 170–172 b: the token after it. */
static size_t
house_end(const struct doc *d, size_t i)
{
    const struct token *const t = d->t.at;
    size_t end = i + 1;
    if (t[i].end - t[i].start > 4)
        return i;
    if (is_house_letter(d, &t[end]) || token_is_mark(&t[end], 0xBD))
        end++;
    const bool is_range =
        t[end].kind == TOKEN_MARK &&
        (t[end].mark == '-' || t[end].mark == '/' || t[end].mark == '+' || t[end].mark == 0x2013);
    if (is_range && t[end + 1].kind == TOKEN_NUMBER && t[end + 1].end - t[end + 1].start <= 4 &&
        t[end].is_glued == t[end + 1].is_glued) {
        end += 2;
        if (is_house_letter(d, &t[end]))
            end++;
    }
    return end;
}

/* May this token stand inside a street's name, left of what is already in it? */
static bool
is_street_word(const struct doc *d, const struct token *t, const struct token *right)
{
    static const char *const small[] = {
        "der",     "den",    "dem",    "de",     "die",      "des",     "am",      "an",
        "zur",     "zum",    "im",     "in",     "auf",      "von",     "vor",     "und",
        "alten",   "hohen",  "langen", "neuen",  "großen",   "kleinen", "unteren", "oberen",
        "breiten", "weißen", "roten",  "grünen", "schwarzen"};
    if (t->kind == TOKEN_MARK)
        return (t->mark == '-' || t->mark == '.') && right->is_glued && t->is_glued;
    if (t->kind != TOKEN_WORD || t->taken)
        return false;
    if (t->is_upper)
        return !(t->bits & (WORD_ANREDE | WORD_ORG | WORD_GREETING)) &&
               !(t->label && t->label != DETECT_GEBURTSDATUM && !(t->bits & WORD_STREET_LEAD) &&
                 t->label != DETECT_STRASSE);
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        if (is_word(d, t, small[i]))
            return true;
    return false;
}

/* Leftmost token of the name that ends before `h`; small words never begin it. */
static size_t
street_start(const struct doc *d, size_t h, bool whole_line)
{
    const struct token *const t = d->t.at;
    size_t first = h, words = 0, best = h;
    while (first > 0 && words < STREET_WORDS_MAX && is_street_word(d, &t[first - 1], &t[first])) {
        first--;
        words += t[first].kind == TOKEN_WORD;
        if (t[first].is_upper)
            best = first;
        if (first == 0)
            break;
        const bool is_lead = (t[first].bits & WORD_STREET_LEAD) && t[first].is_upper;
        const bool joined = t[first].is_glued && token_is_mark(&t[first - 1], '-');
        if (joined)
            continue;
        if (is_lead && !(t[first - 1].bits & WORD_STREET_LEAD))
            break;
        if (whole_line)
            continue;
        /* "Lange Straße", "Wendrother Str.": a bare ending takes the word before it along. */
        const str word = token_text(d, &t[first]);
        const bool is_bare = t[first].label == DETECT_STRASSE || word.len <= 5;
        if (t[first].is_upper && !is_bare &&
            !(t[first - 1].bits & WORD_STREET_LEAD && t[first - 1].is_upper) &&
            t[first - 1].is_upper)
            break;
        if (t[first].is_upper && !is_bare && !t[first - 1].is_upper && words == 1 &&
            is_surely_street(word))
            break;
    }
    return best;
}

static bool
begins_line(const struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i] - 1;
    return i == 0 || t->kind == TOKEN_LINE || token_is_mark(t, '|') || token_is_mark(t, '>') ||
           token_is_mark(t, 0xB7);
}

static bool
has_lead(const struct doc *d, size_t first, size_t h)
{
    const struct token *const t = &d->t.at[first], *const last = &d->t.at[h - 1];
    const bool is_inner = t[-1].kind == TOKEN_WORD; /* "Am" within a sentence is a name */
    const bool is_month = (last->bits & WORD_MONTH) && !is_inner;
    const bool is_other = (last->bits & WORD_STOP) || is_month || last->label == DETECT_OTHER;
    return (t->bits & WORD_STREET_LEAD) && h - first >= 2 && !is_other && last->is_upper &&
           last->kind == TOKEN_WORD && last->label == DETECT_NONE;
}

static fallible
try_street(struct doc *d, size_t h)
{
    const struct token *const t = d->t.at;
    const size_t end = house_end(d, h);
    if (end == h || h == 0 || t[h].taken || (t[h].is_glued && t[h - 1].kind != TOKEN_LINE))
        return OK;
    const size_t before = h - (t[h - 1].kind == TOKEN_LINE ? 1 : 0);
    const bool wrapped = before < h;
    const size_t name =
        before - (token_is_mark(&t[before - 1], '.') && t[before - 1].is_glued ? 1 : 0);
    const struct token *const last = &t[name - 1];
    const bool followed = postcode_follows(d, end);
    const struct labels l = doc_labels(d, h);
    const bool is_named = d->field[h] == DETECT_STRASSE ||
                          (l.nearest == DETECT_STRASSE && l.distance < 40 && l.distance > 1);
    const size_t first = street_start(d, name, followed || is_named);
    if (first >= name || last->kind != TOKEN_WORD)
        return OK;
    const str word = token_text(d, last);
    const bool is_line = begins_line(d, first) && is_end_of_line(&t[end]);
    const bool is_year = (last->bits & WORD_MONTH) && t[h].end - t[h].start == 4;
    const bool is_cut = t[end].kind == TOKEN_WORD && t[end].is_glued;
    const bool is_stop = (last->bits & WORD_STOP) && last->label != DETECT_STRASSE && !followed &&
                         !(t[first].bits & WORD_STREET_LEAD && first + 1 < h);
    if (is_cut || is_year || (is_stop && !is_named))
        return OK;
    const bool fits = followed || is_named || is_surely_street(word) || has_lead(d, first, name) ||
                      (is_line && ends_like_street(word) && !last->label);
    if (!fits || (wrapped && !followed && !is_surely_street(word)))
        return OK;
    return doc_add(d, t[first].start, t[end - 1].end, DETECT_STRASSE, followed ? 94 : 86);
}

/* "Postfach 12 34 56" */
static fallible
try_box(struct doc *d, size_t i)
{
    size_t k = i + 1;
    while (k < i + 3 && d->t.at[k].kind == TOKEN_MARK)
        k++;
    const size_t from = k;
    size_t digits = 0;
    while (d->t.at[k].kind == TOKEN_NUMBER && digits + d->t.at[k].end - d->t.at[k].start <= 7) {
        digits += d->t.at[k].end - d->t.at[k].start;
        k++;
    }
    if (k == from || digits < 2 || k > d->t.count)
        return OK;
    return doc_add(d, d->t.at[i].start, d->t.at[k - 1].end, DETECT_POSTFACH, 95);
}

fallible
rule_places(struct doc *d)
{
    for (size_t i = 0; i < d->t.count; i++) {
        if (d->t.at[i].kind == TOKEN_NUMBER)
            TRY(try_street(d, i));
        if (d->t.at[i].label == DETECT_POSTFACH)
            TRY(try_box(d, i));
    }
    TRY(doc_settle(d));
    for (size_t i = 0; i < d->t.count; i++)
        TRY(try_postcode(d, i));
    return OK;
}
