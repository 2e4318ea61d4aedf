/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/triage/deadline.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "know/text/fold.h"
#include "work/answer/sentence.h"

enum { TOKENS_MAX = 256, WORD_BYTES = 32, CUE_REACH = 6, NOTICE_DAYS = 400, POST_DAYS = 4 };

enum list { PERIOD_LIST, LIMIT_LIST, APPOINTMENT_LIST, NOTICE_LIST, OBJECTION_LIST, SKIP_LIST };
static const struct listed {
    enum list list;
    str word;
} listed[] = {
#define MONTH(word, number)
#define WEEKDAY(word, number)
#define COUNT(word, number)
#define UNIT(word, days, months)
#define PERIOD(word) {PERIOD_LIST, STR_INIT(word)},
#define LIMIT(word) {LIMIT_LIST, STR_INIT(word)},
#define APPOINTMENT(word) {APPOINTMENT_LIST, STR_INIT(word)},
#define NOTICE(word) {NOTICE_LIST, STR_INIT(word)},
#define OBJECTION(word) {OBJECTION_LIST, STR_INIT(word)},
#define SKIP(word) {SKIP_LIST, STR_INIT(word)},
#include "work/triage/deadline.def"
#undef MONTH
#undef WEEKDAY
#undef COUNT
#undef UNIT
#undef PERIOD
#undef LIMIT
#undef APPOINTMENT
#undef NOTICE
#undef OBJECTION
#undef SKIP
};

enum scale { MONTHS, WEEKDAYS, COUNTS, UNITS };
static const struct valued {
    enum scale scale;
    str word;
    int days, months;
} valued[] = {
#define MONTH(word, number) {MONTHS, STR_INIT(word), number, 0},
#define WEEKDAY(word, number) {WEEKDAYS, STR_INIT(word), number, 0},
#define COUNT(word, number) {COUNTS, STR_INIT(word), number, 0},
#define UNIT(word, days, months) {UNITS, STR_INIT(word), days, months},
#define PERIOD(word)
#define LIMIT(word)
#define APPOINTMENT(word)
#define NOTICE(word)
#define OBJECTION(word)
#define SKIP(word)
#include "work/triage/deadline.def"
#undef MONTH
#undef WEEKDAY
#undef COUNT
#undef UNIT
#undef PERIOD
#undef LIMIT
#undef APPOINTMENT
#undef NOTICE
#undef OBJECTION
#undef SKIP
};

const char *
deadline_kind_name(enum deadline_kind k)
{
    static const char *const names[] = {"limit", "objection", "appointment", "date"};
    ASSERT(k < sizeof names / sizeof *names);
    return names[k];
}

/* ---- tokens of one sentence */

struct token {
    char mark; /* '.', '-', …; 0: a word or number */
    bool is_number;
    int number; /* at most four digits, else -1 */
    size_t digits;
    char room[WORD_BYTES];
    str word; /* folded; empty for others */
    size_t from, to;
};

struct tokens {
    struct token at[TOKENS_MAX];
    size_t count;
    str sentence;
};

static enum fold_class
class_of(str rest, uint32_t *ret)
{
    return utf8_next(&rest, ret) ? fold_class(*ret) : FOLD_OTHER;
}

static void
take_word(str *rest, struct token *t)
{
    size_t n = 0;
    uint32_t c;
    for (str next = *rest; utf8_next(&next, &c) && fold_class(c) == FOLD_LETTER; *rest = next) {
        uint32_t folded[FOLD_MAX];
        const size_t count = fold_char(c, folded);
        for (size_t i = 0; i < count && n + 4 < WORD_BYTES; i++)
            n += utf8_put(folded[i], t->room + n);
    }
    t->word = (str){t->room, n};
}

static void
take_number(str *rest, struct token *t)
{
    t->is_number = true;
    for (; rest->len && rest->at[0] >= '0' && rest->at[0] <= '9'; t->digits++) {
        t->number = t->digits < 4 ? t->number * 10 + rest->at[0] - '0' : -1;
        *rest = str_slice(*rest, 1, rest->len);
    }
}

static void
read_tokens(str sentence, struct tokens *ret)
{
    str rest = sentence;
    uint32_t c;
    ret->count = 0;
    ret->sentence = sentence;
    while (rest.len && ret->count < TOKENS_MAX) {
        struct token *const t = &ret->at[ret->count];
        *t = (struct token){.from = sentence.len - rest.len};
        if (rest.at[0] >= '0' && rest.at[0] <= '9')
            take_number(&rest, t);
        else if (class_of(rest, &c) == FOLD_LETTER)
            take_word(&rest, t);
        else {
            t->mark = rest.at[0];
            rest = str_slice(rest, 1, rest.len);
        }
        t->to = sentence.len - rest.len;
        ret->count += t->mark != ' ' && t->mark != '\t' && t->mark != '\r';
    }
}

static bool
is_in(enum list list, const struct token *t)
{
    for (size_t i = 0; i < sizeof listed / sizeof *listed; i++)
        if (listed[i].list == list && t->word.len && str_eq(listed[i].word, t->word))
            return true;
    return false;
}

static const struct valued *
value_of(enum scale scale, const struct token *t)
{
    for (size_t i = 0; i < sizeof valued / sizeof *valued; i++)
        if (valued[i].scale == scale && t->word.len && str_eq(valued[i].word, t->word))
            return &valued[i];
    return NULL;
}

/* ---- one date at one place */

struct reading {
    struct tokens t;
    day today;
    day notice; /* the last notice's date; 0: none was named */
    bool objects;
    arena *a;
    struct deadlines *out;
};

struct found {
    day at, from;  /* from: of a period, what it counts from */
    size_t tokens; /* how many it takes; 0: none is here */
    double score;
    const char *how; /* in words */
    bool is_period, is_relative;
};

static const struct token *
token_at(const struct reading *r, size_t i)
{
    static const struct token none = {.mark = '\n'};
    return i < r->t.count ? &r->t.at[i] : &none;
}

static bool
is_mark(const struct reading *r, size_t i, char mark)
{
    return token_at(r, i)->mark == mark;
}

static int
full_year(const struct token *t)
{
    return !t->is_number ? 0 : t->digits == 4 ? t->number : t->digits == 2 ? 2000 + t->number : 0;
}

/* The one nearest to today. */
static bool
guess_year(const struct reading *r, int month, int of_month, day *ret)
{
    int year, unused;
    bool has = false;
    day_parts(r->today, &year, &unused, &unused);
    for (int y = year - 1; y <= year + 1; y++) {
        day d;
        if (!day_make(y, month, of_month, &d))
            continue;
        const int far = d < r->today ? r->today - d : d - r->today;
        const int best = *ret < r->today ? r->today - *ret : *ret - r->today;
        if (!has || far < best)
            *ret = d;
        has = true;
    }
    return has;
}

static void
set_date(const struct reading *r, struct found *f, const int ymd[3], size_t tokens)
{
    day d = 0;
    if (ymd[0] ? !day_make(ymd[0], ymd[1], ymd[2], &d) : !guess_year(r, ymd[1], ymd[2], &d))
        return;
    f->at = d;
    f->tokens = tokens;
    f->score = ymd[0] ? 0.95 : 0.8;
    f->how = ymd[0] ? "als Datum geschrieben"
                    : "als Datum ohne Jahr geschrieben, das nächstliegende Jahr angenommen";
}

/* 1.12.2026, 1.12., 2026-12-01; "3.5 Prozent" and "§ 3.1.2" are none: a day has no more than two
 * digits and a year two or four. */
static void
read_figures(const struct reading *r, size_t i, struct found *f)
{
    const struct token *const a = token_at(r, i), *const b = token_at(r, i + 2),
                              *const c = token_at(r, i + 4);
    if (!a->is_number || !b->is_number || b->from != a->to + 1)
        return;
    if (a->digits == 4 && is_mark(r, i + 1, '-') && is_mark(r, i + 3, '-') && c->is_number)
        set_date(r, f, (const int[]){a->number, b->number, c->number}, 5);
    else if (a->digits <= 2 && b->digits <= 2 && is_mark(r, i + 1, '.') && is_mark(r, i + 3, '.') &&
             (full_year(c) || !c->is_number))
        set_date(r, f, (const int[]){full_year(c), b->number, a->number}, full_year(c) ? 5 : 4);
}

/* 1. Dezember 2026, 1 December 2026, December 1, 2026 */
static void
read_named(const struct reading *r, size_t i, struct found *f)
{
    const struct token *const a = token_at(r, i);
    const size_t dot = is_mark(r, i + 1, '.');
    const struct valued *const after = value_of(MONTHS, token_at(r, i + 1 + dot));
    const struct valued *const here = value_of(MONTHS, a);
    if (a->is_number && a->digits <= 2 && after) {
        const int year = full_year(token_at(r, i + 2 + dot));
        const bool is_year = token_at(r, i + 2 + dot)->digits == 4;
        set_date(r, f, (const int[]){is_year ? year : 0, after->days, a->number},
                 2 + dot + is_year);
    } else if (here && token_at(r, i + 1)->is_number && token_at(r, i + 1)->digits <= 2) {
        const size_t comma = is_mark(r, i + 2, ',');
        const bool is_year = token_at(r, i + 2 + comma)->digits == 4;
        const int year = is_year ? full_year(token_at(r, i + 2 + comma)) : 0;
        set_date(r, f, (const int[]){year, here->days, token_at(r, i + 1)->number},
                 2 + (is_year ? 1 + comma : 0));
    }
}

static bool
is_before(const struct reading *r, size_t i, const char *word)
{
    return i && str_eq(token_at(r, i - 1)->word, str_of(word));
}

/* heute, morgen, Freitag */
static void
read_day_name(const struct reading *r, size_t i, struct found *f)
{
    static const struct {
        str word;
        int days;
    } near[] = {{STR_INIT("heute"), 0},
                {STR_INIT("today"), 0},
                {STR_INIT("morgen"), 1},
                {STR_INIT("übermorgen"), 2},
                {STR_INIT("tomorrow"), 1}};
    const struct token *const t = token_at(r, i);
    const struct valued *const weekday = value_of(WEEKDAYS, t);
    *f = (struct found){.is_relative = true, .from = r->today};
    if (weekday) {
        const int ahead = (weekday->days - day_weekday(r->today) + 7) % 7;
        f->at = r->today + (ahead ? ahead : 7);
        f->score = 0.7;
        f->tokens = 1;
        f->how = "der nächste solche Wochentag nach dem Schreiben";
    }
    for (size_t k = 0; k < sizeof near / sizeof *near; k++) {
        const bool is_noun = r->t.sentence.at[t->from] == 'M'; /* "Guten Morgen" */
        if (!str_eq(t->word, near[k].word) || (is_noun && near[k].days == 1) ||
            is_before(r, i, "heute") || is_before(r, i, "guten"))
            continue;
        f->at = r->today + near[k].days;
        f->score = 0.8;
        f->tokens = 1;
        f->how = "vom Tag des Schreibens gezählt";
    }
}

/* "innerhalb von zwei Wochen", "Frist von 14 Tagen" */
static void
read_period(const struct reading *r, size_t i, struct found *f)
{
    const struct token *const first = token_at(r, i);
    size_t k = i + 1;
    if (!is_in(PERIOD_LIST, first))
        return;
    while (k < i + 4 && is_in(SKIP_LIST, token_at(r, k)))
        k++;
    const struct token *const n = token_at(r, k);
    const struct valued *const word = value_of(COUNTS, n), *const unit =
                                                               value_of(UNITS, token_at(r, k + 1));
    const int count = n->is_number ? n->number : word ? word->days : 0;
    if (!unit || count < 1 || count > 366)
        return;
    f->from = r->notice ? r->notice : r->today;
    f->at =
        unit->months ? day_add_months(f->from, unit->months * count) : f->from + unit->days * count;
    f->score = str_eq(first->word, STR("in")) ? 0.6 : r->notice ? 0.75 : 0.7;
    f->tokens = k + 2 - i;
    f->is_period = true;
}

/* "Monatsende", "Ende des Monats", "Ende November", "end of the month" */
static void
read_end(const struct reading *r, size_t i, struct found *f)
{
    const struct token *const t = token_at(r, i);
    size_t k = i + 1;
    const bool is_joined = str_eq(t->word, STR("monatsende"));
    if (!is_joined && !str_eq(t->word, STR("ende")) && !str_eq(t->word, STR("end")))
        return;
    while (k < i + 3 &&
           (is_in(SKIP_LIST, token_at(r, k)) || str_eq(token_at(r, k)->word, STR("des"))))
        k++;
    const struct valued *const unit = value_of(UNITS, token_at(r, k)), *const month = value_of(
                                                                           MONTHS, token_at(r, k));
    day d = r->today;
    if (month && !guess_year(r, month->days, 1, &d))
        return;
    if (!is_joined && !month && !(unit && unit->months == 1))
        return;
    *f = (struct found){.at = day_month_end(d),
                        .tokens = is_joined ? 1 : k + 1 - i,
                        .score = 0.75,
                        .how = "der letzte Tag des Monats",
                        .is_relative = true,
                        .from = r->today};
}

static void
read_at(const struct reading *r, size_t i, struct found *f)
{
    static void (*const ways[])(const struct reading *, size_t, struct found *) = {
        read_figures, read_named, read_period, read_end, read_day_name};
    *f = (struct found){.tokens = 0};
    for (size_t k = 0; k < sizeof ways / sizeof *ways && !f->tokens; k++)
        ways[k](r, i, f);
}

/* ---- what it is for */

static bool
has_cue(const struct reading *r, size_t i, enum list list)
{
    for (size_t k = i > CUE_REACH ? i - CUE_REACH : 0; k < i; k++)
        if (is_in(list, token_at(r, k)))
            return true;
    return false;
}

static enum deadline_kind
kind_of(const struct reading *r, size_t i, const struct found *f)
{
    if (f->is_period)
        return str_eq(token_at(r, i)->word, STR("in")) && !has_cue(r, i, LIMIT_LIST)
                   ? DEADLINE_DATE
                   : DEADLINE_LIMIT;
    if (has_cue(r, i, APPOINTMENT_LIST))
        return DEADLINE_APPOINTMENT;
    return has_cue(r, i, LIMIT_LIST) ? DEADLINE_LIMIT : DEADLINE_DATE;
}

static void
put_german(day d, char room[DAY_TEXT])
{
    int year, month, of_month;
    day_parts(d, &year, &month, &of_month);
    (void)snprintf(room, DAY_TEXT, "%d.%d.%d", of_month % 100, month % 100, year % 10000);
}

static fallible
say(const struct reading *r, const struct found *f, day counted, struct deadline *d)
{
    char from[DAY_TEXT], to[DAY_TEXT];
    AUTO(buf) b = BUF(1024);
    put_german(f->from, from);
    put_german(counted, to);
    if (f->is_period)
        buf_add_fmt(&b, "vom %s (%s) an gezählt, der erste Tag zählt nicht mit (§§ 187, 188 BGB)",
                    from, r->notice ? "Datum des genannten Schreibens" : "Datum dieses Schreibens");
    else
        buf_add(&b, str_of(f->how));
    if (counted != d->at)
        buf_add_fmt(&b, "; der %s ist ein %s, darum der nächste Werktag (§ 193 BGB)", to,
                    day_closed(counted));
    if (d->is_past)
        buf_add(&b, STR("; liegt vor dem Tag des Schreibens"));
    TRY(buf_end(&b));
    return try_arena_str(r->a, buf_str(&b), &d->why);
}

static fallible
add(struct reading *r, size_t i, const struct found *f)
{
    const struct token *const last = token_at(r, i + f->tokens - 1);
    const size_t from = token_at(r, i)->from;
    if (r->out->count == DEADLINES_MAX)
        return OK;
    struct deadline d = {.kind = kind_of(r, i, f),
                         .at = f->at,
                         .score = f->score,
                         .quote = str_slice(r->t.sentence, from, last->to)};
    if (d.kind == DEADLINE_LIMIT && f->is_period)
        d.at = day_open(d.at);
    d.is_past = d.at < r->today;
    TRY(say(r, f, f->at, &d));
    r->out->at[r->out->count++] = d;
    return OK;
}

/* ---- what counts from a notice */

static void
note_notice(struct reading *r, size_t i, const struct found *f)
{
    if (has_cue(r, i, NOTICE_LIST) && !f->is_relative && !f->is_period && f->at <= r->today &&
        f->at > r->today - NOTICE_DAYS)
        r->notice = f->at;
}

static fallible
add_objection(struct reading *r, str quote)
{
    char from[DAY_TEXT], posted[DAY_TEXT];
    AUTO(buf) b = BUF(1024);
    if (!r->notice || !r->objects || r->out->count == DEADLINES_MAX)
        return OK;
    const day counted = r->notice + POST_DAYS, end = day_open(day_add_months(counted, 1));
    struct deadline d = {.kind = DEADLINE_OBJECTION,
                         .at = end,
                         .is_past = end < r->today,
                         .score = 0.5,
                         .quote = quote};
    put_german(r->notice, from);
    put_german(counted, posted);
    buf_add_fmt(&b,
                "vermutet, von einem Menschen zu prüfen: ein Monat nach der Bekanntgabe; ein "
                "Bescheid vom %s gilt mit der Post als am %s bekannt gegeben (§ 70 VwGO, § 84 "
                "SGG, § 355 AO)%s",
                from, posted, d.is_past ? "; liegt vor dem Tag des Schreibens" : "");
    TRY(buf_end(&b));
    TRY(try_arena_str(r->a, buf_str(&b), &d.why));
    r->out->at[r->out->count++] = d;
    return OK;
}

static fallible
read_sentence(struct reading *r, str *ret_notice)
{
    for (size_t i = 0; i < r->t.count;) {
        struct found f;
        r->objects |= is_in(OBJECTION_LIST, token_at(r, i));
        read_at(r, i, &f);
        if (f.tokens) {
            const day before = r->notice;
            note_notice(r, i, &f);
            TRY(add(r, i, &f));
            if (r->notice != before && r->out->count)
                *ret_notice = r->out->at[r->out->count - 1].quote;
        }
        i += f.tokens ? f.tokens : 1;
    }
    return OK;
}

fallible
deadline_find(arena *a, str text, day today, struct deadlines *ret)
{
    str sentence, notice = STR_NONE;
    void *at = NULL;
    TRY(try_arena_get(a, 1, sizeof(struct reading), &at));
    struct reading *const r = (struct reading *)at;
    *r = (struct reading){.today = today, .a = a, .out = ret};
    ret->count = 0;
    while (sentence_next(&text, &sentence)) {
        read_tokens(sentence, &r->t);
        TRY(read_sentence(r, &notice));
    }
    return add_objection(r, notice);
}

const struct deadline *
deadline_next(const struct deadlines *d)
{
    const struct deadline *best = NULL;
    for (size_t i = 0; i < d->count; i++) {
        const struct deadline *const x = &d->at[i];
        if (x->kind != DEADLINE_DATE && !x->is_past && (!best || x->at < best->at))
            best = x;
    }
    return best;
}
