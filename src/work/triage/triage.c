/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/triage/triage.h"

#include "base/json.h"

enum { PERSONAL_SCORE = 80, HIGH_DAYS = 3, SOON_DAYS = 10, LANGUAGE_WORDS = 4 };

/* ---- sorting */

/* What may be looked up: neither what points to a person nor a time limit, which says when and not
 * what ("two weeks" stands in many descriptions). */
static fallible
plain_of(const lexicon *names, str text, const struct deadlines *days, arena *a, str *ret)
{
    detect_spans spans = {0};
    AUTO(buf) b = BUF(2 * MAIL_BYTES_MAX);
    str kept;
    size_t at = 0;
    for (size_t i = 0; i < days->count; i++) {
        const size_t from = (size_t)(days->at[i].quote.at - text.at);
        if (days->at[i].kind == DEADLINE_OBJECTION || from < at)
            continue;
        buf_add(&b, str_slice(text, at, from));
        at = from + days->at[i].quote.len;
    }
    buf_add(&b, str_slice(text, at, text.len));
    TRY(buf_end(&b));
    TRY(try_arena_str(a, buf_str(&b), &kept));
    *ret = kept;
    if (!names)
        return OK;
    TRY(detect(names, kept, &(struct detect_options){0}, a, &spans));
    return detect_leave_out(a, kept, &spans, PERSONAL_SCORE, ret);
}

fallible
triage_plain(const lexicon *names, str bytes, day received, arena *a, str *ret)
{
    struct mail m;
    struct deadlines days;
    TRY(mail_read(a, bytes, &m));
    TRY(deadline_find(a, m.text, m.has_day ? m.day : received, &days));
    return plain_of(names, m.text, &days, a, ret);
}

static fallible
find_urgency(str text, day today, arena *a, struct triage *t)
{
    AUTO(buf) b = BUF(4096);
    char room[DAY_TEXT];
    str word;
    const struct deadline *const next = deadline_next(&t->deadlines);
    const enum urgency by_words = mail_urgency(text, &word);
    const enum urgency by_days = !next                           ? URGENCY_NORMAL
                                 : next->at - today <= HIGH_DAYS ? URGENCY_HIGH
                                 : next->at - today <= SOON_DAYS ? URGENCY_SOON
                                                                 : URGENCY_NORMAL;
    t->urgency = by_words > by_days ? by_words : by_days;
    t->urgency_score = 0.8;
    if (by_words != URGENCY_NORMAL)
        buf_add_fmt(&b, "das Schreiben sagt \"%.*s\"", STR_FMT(word));
    if (by_days != URGENCY_NORMAL) {
        buf_add_fmt(&b, "%snoch %d Tage bis zum %.*s", b.len ? "; " : "", next->at - today,
                    STR_FMT(day_text(next->at, room)));
        t->urgency_score = by_words == by_days ? 0.9 : next->score;
    }
    if (!b.len)
        buf_add(&b, STR("keine Frist in den nächsten Tagen, keine Not genannt"));
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), &t->urgency_why);
}

static void
choose(struct triage *t, double least)
{
    const bool has = t->services.count > 0;
    if (t->urgency == URGENCY_NOW)
        t->said = STR("Hier kann jemand in Gefahr sein: ein Mensch liest das sofort.");
    else if (!has)
        t->said = STR("Ein Mensch: in den Unterlagen passt keine Leistung zu diesem Schreiben.");
    else if (t->services.at[0].score < least)
        t->said = STR("Ein Mensch: welche Leistung gemeint ist, ist nicht sicher genug.");
    t->is_for_person = t->said.len > 0;
}

fallible
triage_run(know *k, const grant *g, const struct triage_ask *ask, arena *a, struct triage *ret)
{
    struct triage t = {.is_for_person = true};
    struct mail m;
    str bytes, plain;
    TRY(content_open(ask->letter, g, &bytes));
    TRY(mail_read(a, bytes, &m));
    const day today = m.has_day ? m.day : ask->received;
    if (ask->names)
        TRY(detect(ask->names, bytes, &(struct detect_options){0}, a, &t.personal));
    t.language = language_of(m.text);
    const unsigned words = t.language.words;
    t.language_score =
        t.language.share * (words < LANGUAGE_WORDS ? (double)words / LANGUAGE_WORDS : 1);
    TRY(deadline_find(a, m.text, today, &t.deadlines));
    TRY(find_urgency(m.text, today, a, &t));
    TRY(plain_of(ask->names, m.text, &t.deadlines, a, &plain));
    const struct service_ask find = {.letter = content_of(plain, ask->letter.label),
                                     .vector = ask->vector,
                                     .dims = ask->dims,
                                     .embedder = ask->embedder};
    TRY(service_find(k, g, &find, a, &t.services));
    choose(&t, ask->vector ? TRIAGE_LEAST : TRIAGE_LEAST_BY_WORDS);
    t.label = label_join(ask->letter.label, t.services.read);
    *ret = t;
    return OK;
}

/* ---- telling */

static void
put_service(buf *b, const struct service *s)
{
    json_open(b, '{');
    json_member_str(b, "name", s->name);
    json_member_str(b, "document", s->document);
    json_member_str(b, "section", s->section);
    json_member_str(b, "heading", s->heading);
    json_member_f64(b, "score", s->score);
    json_member_str(b, "why", s->why);
    json_close(b, '}');
}

static void
put_services(buf *b, const struct triage *t)
{
    const struct office *const o = &t->services.office;
    json_key(b, "service");
    if (t->is_for_person || !t->services.count)
        json_put_null(b);
    else
        put_service(b, &t->services.at[0]);
    json_key(b, "candidates");
    json_open(b, '[');
    for (size_t i = 0; i < t->services.count; i++)
        put_service(b, &t->services.at[i]);
    json_close(b, ']');
    json_key(b, "office");
    if (!o->name.len) {
        json_put_null(b);
        return;
    }
    json_open(b, '{');
    json_member_str(b, "name", o->name);
    json_member_str(b, "document", o->document);
    json_member_str(b, "section", o->section);
    json_member_f64(b, "score", o->score);
    json_member_str(b, "why", o->why);
    json_close(b, '}');
}

static void
put_language(buf *b, const struct triage *t)
{
    AUTO(buf) why = BUF(256);
    if (t->language.code.len)
        buf_add_fmt(&why, "%u Wörter, die so nur oder vor allem dort stehen", t->language.words);
    else
        buf_add(&why, STR("zu wenige Wörter, um es zu sagen"));
    json_key(b, "language");
    json_open(b, '{');
    json_member_str(b, "code", t->language.code);
    json_member_str(b, "name", t->language.name);
    json_member_f64(b, "score", t->language_score);
    json_member_str(b, "why", buf_str(&why));
    json_close(b, '}');
}

static void
put_deadlines(buf *b, const struct deadlines *d)
{
    char room[DAY_TEXT];
    json_key(b, "deadlines");
    json_open(b, '[');
    for (size_t i = 0; i < d->count; i++) {
        json_open(b, '{');
        json_member_str(b, "kind", str_of(deadline_kind_name(d->at[i].kind)));
        json_member_str(b, "date", day_text(d->at[i].at, room));
        json_member_bool(b, "past", d->at[i].is_past);
        json_member_str(b, "quote", d->at[i].quote);
        json_member_f64(b, "score", d->at[i].score);
        json_member_str(b, "why", d->at[i].why);
        json_close(b, '}');
    }
    json_close(b, ']');
}

static void
put_personal(buf *b, const detect_spans *spans)
{
    json_key(b, "personal_data");
    json_open(b, '[');
    for (size_t i = 0; i < spans->count; i++) {
        const struct detect_span *const s = &spans->at[i];
        if (s->score < PERSONAL_SCORE)
            continue;
        json_open(b, '{');
        json_member_str(b, "type", str_of(detect_name((enum detect_type)s->type)));
        json_member_u64(b, "start", s->start);
        json_member_u64(b, "end", s->end);
        json_close(b, '}');
    }
    json_close(b, ']');
}

void
triage_put_json(buf *b, const struct triage *t)
{
    json_member_str(b, "object", STR("citizen.triage"));
    json_member_str(b, "to", t->is_for_person ? STR("person") : STR("service"));
    json_member_str(b, "said", t->said);
    put_services(b, t);
    json_key(b, "urgency");
    json_open(b, '{');
    json_member_str(b, "level", str_of(urgency_name(t->urgency)));
    json_member_f64(b, "score", t->urgency_score);
    json_member_str(b, "why", t->urgency_why);
    json_close(b, '}');
    put_language(b, t);
    put_deadlines(b, &t->deadlines);
    put_personal(b, &t->personal);
    json_member_str(b, "notice",
                    STR("Vorsortiert von einem KI-System; entschieden wird von Menschen."));
}
