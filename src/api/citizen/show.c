/* SPDX-License-Identifier: EUPL-1.2 */
/* An answer in the two shapes it leaves in.  Removed sentences are shown as removed: with the
 * reason, without their words. */
#include "api/citizen/citizen_api.h"

enum { CHOICE_BYTES = 8192, SURE_PERCENT = 50 };

void
html_put(buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        if (c == '&')
            buf_add(b, STR("&amp;"));
        else if (c == '<')
            buf_add(b, STR("&lt;"));
        else if (c == '>')
            buf_add(b, STR("&gt;"));
        else if (c == '"')
            buf_add(b, STR("&quot;"));
        else
            buf_add_char(b, c);
    }
}

/* ---- JSON */
static void
put_card(buf *b, const struct card *c, size_t number)
{
    json_open(b, '{');
    json_member_u64(b, "number", number);
    json_member_str(b, "quote", c->quote);
    json_member_str(b, "document", c->doc);
    json_member_str(b, "title", c->title);
    json_member_str(b, "edition", c->edition);
    json_member_str(b, "section", c->section);
    json_member_str(b, "heading", c->heading);
    json_member_u64(b, "source_from", c->source_from);
    json_member_u64(b, "source_to", c->source_to);
    if (c->page) {
        json_member_u64(b, "page", c->page);
        json_member_u64(b, "page_to", c->page_to);
    }
    json_member_f64(b, "share", c->share);
    json_close(b, '}');
}

static void
put_cites(buf *b, uint32_t cites)
{
    json_key(b, "cites");
    json_open(b, '[');
    for (uint32_t i = 0; i < CARDS_MAX; i++)
        if (cites & 1u << i)
            json_put_u64(b, i + 1);
    json_close(b, ']');
}

static void
put_sentences(buf *b, const support_list *l, bool kept)
{
    json_key(b, kept ? "sentences" : "removed");
    json_open(b, '[');
    for (size_t i = 0; i < l->count; i++) {
        const struct supported *const s = &l->at[i];
        if ((s->fault == SUPPORT_FINE) != kept)
            continue;
        json_open(b, '{');
        if (kept)
            json_member_str(b, "text", s->text);
        else
            json_member_str(b, "why", str_of(support_says(s->fault)));
        put_cites(b, s->cites);
        json_close(b, '}');
    }
    json_close(b, ']');
}

static void
put_translation(buf *b, const struct citizen_answer *a)
{
    const struct translation *const t = &a->translation;
    if (!t->code.len || a->words == WORDS_NONE)
        return;
    json_key(b, "translation");
    json_open(b, '{');
    json_member_str(b, "language", t->code);
    json_member_str(b, "name", t->name);
    json_member_bool(b, "machine", true);
    json_member_str(b, "notice", translation_notice());
    json_key(b, "quotes");
    json_open(b, '[');
    for (size_t i = 0; i < TRANSLATION_CARDS_MAX && i < a->reply.cards.count; i++) {
        json_open(b, '{');
        json_member_u64(b, "number", i + 1);
        json_member_str(b, "text", t->at[i].text);
        json_member_bool(b, "removed", t->at[i].is_dropped);
        json_member_str(b, "german", a->reply.cards.at[i].quote);
        json_close(b, '}');
    }
    json_close(b, ']');
    json_close(b, '}');
}

static void
put_personal(buf *b, const detect_spans *l)
{
    json_key(b, "personal_data");
    json_open(b, '[');
    for (size_t i = 0; i < l->count; i++) {
        json_open(b, '{');
        json_member_str(b, "type", str_of(detect_name((enum detect_type)l->at[i].type)));
        json_member_u64(b, "from", l->at[i].start);
        json_member_u64(b, "to", l->at[i].end);
        json_close(b, '}');
    }
    json_close(b, ']');
}

static void
put_choice_before(buf *b, const struct choice *c)
{
    buf_add(b, c->title);
    buf_add_char(b, ' ');
    buf_add(b, c->heading);
}

static void
put_choices(buf *b, const struct reply *r)
{
    json_key(b, "choices");
    json_open(b, '[');
    for (size_t i = 0; i < r->choice_count; i++) {
        AUTO(buf) before = BUF(CHOICE_BYTES);
        put_choice_before(&before, &r->choices[i]);
        json_open(b, '{');
        json_member_str(b, "title", r->choices[i].title);
        json_member_str(b, "heading", r->choices[i].heading);
        json_member_str(b, "before", buf_str(&before));
        json_close(b, '}');
    }
    json_close(b, ']');
}

void
citizen_put_json(buf *b, const struct citizen_answer *a)
{
    static const char *const words[] = {"none", "written", "unavailable"};
    const struct reply *const r = &a->reply;
    json_member_str(b, "object", STR("citizen.answer"));
    json_member_str(b, "behaviour", str_of(behaviour_name(r->behaviour)));
    json_member_str(b, "notice", reply_notice());
    json_member_str(b, "said", r->said);
    json_member_str(b, "contact", a->contact);
    json_member_f64(b, "confidence", r->cards.confidence);
    json_member_bool(b, "orders_ignored", a->had_orders);
    json_member_str(b, "understood_as", a->understood);
    put_choices(b, r);
    json_key(b, "cards");
    json_open(b, '[');
    for (size_t i = 0; i < r->cards.count; i++)
        put_card(b, &r->cards.at[i], i + 1);
    json_close(b, ']');
    json_member_str(b, "rewrite", str_of(words[a->words]));
    put_sentences(b, &a->sentences, true);
    put_sentences(b, &a->sentences, false);
    put_translation(b, a);
    put_personal(b, &a->personal);
}

/* ---- HTML */
static void
put_source(buf *b, const struct card *c)
{
    buf_add(b, STR("<cite>Quelle: "));
    html_put(b, c->title.len ? c->title : c->doc);
    buf_add(b, STR(", "));
    html_put(b, c->section);
    if (c->heading.len && !str_eq(c->heading, c->section)) {
        buf_add(b, STR(" ("));
        html_put(b, c->heading);
        buf_add_char(b, ')');
    }
    if (c->edition.len) {
        buf_add(b, STR(", Fassung: "));
        html_put(b, c->edition);
    }
    if (c->page)
        buf_add_fmt(b, ", Seite %u", c->page);
    buf_add(b, STR("</cite>"));
}

/* For a query (RFC 3986 section 2.3: what is unreserved stays). */
static void
put_escaped(buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            buf_add_char(b, c);
        else
            buf_add_fmt(b, "%%%02X", (unsigned)(unsigned char)c);
    }
}

/* Links, so that they work without a script; the question is asked again, about that. */
static void
put_choice_links(buf *b, const struct citizen_answer *a)
{
    const struct reply *const r = &a->reply;
    buf_add(b, STR("<p>Geht es um eines davon?</p>\n<ul class=\"choices\">\n"));
    for (size_t i = 0; i < r->choice_count; i++) {
        AUTO(buf) before = BUF(CHOICE_BYTES);
        put_choice_before(&before, &r->choices[i]);
        buf_add(b, STR("<li><a href=\"/citizen?before="));
        put_escaped(b, buf_str(&before));
        buf_add(b, STR("&amp;question="));
        put_escaped(b, a->understood);
        buf_add(b, STR("\">"));
        html_put(b, r->choices[i].heading);
        buf_add(b, STR(" ("));
        html_put(b, r->choices[i].title);
        buf_add(b, STR(")</a></li>\n"));
    }
    buf_add(b, STR("</ul>\n"));
}

/* For the form's next question. */
static void
put_understood(buf *b, const struct citizen_answer *a)
{
    buf_add(b, STR("<input type=\"hidden\" form=\"hoheit-citizen\" name=\"before\" value=\""));
    html_put(b, a->understood);
    buf_add(b, STR("\">\n"));
}

static void
put_handover(buf *b, const struct citizen_answer *a)
{
    buf_add(b, STR("<form action=\"/citizen/handover\" method=\"post\" "
                   "accept-charset=\"utf-8\">\n<input type=\"hidden\" name=\"question\" "
                   "value=\""));
    html_put(b, a->plain);
    buf_add(b, STR("\">\n<p>Gespeichert wird dann Ihre Frage, ohne Angaben, die auf eine Person "
                   "hinweisen.</p>\n<button type=\"submit\">Einem Menschen vorlegen</button>\n"
                   "</form>\n"));
}

void
citizen_put_html(buf *b, const struct citizen_answer *a)
{
    const struct reply *const r = &a->reply;
    buf_add(b, STR("<h2>Antwort</h2>\n"));
    if (a->personal.count)
        buf_add(b, STR("<p class=\"personal\">In Ihrer Frage stehen Angaben, die auf eine Person "
                       "hinweisen. Für die Antwort werden sie nicht gebraucht; sie wurden nicht "
                       "gespeichert.</p>\n"));
    if (r->said.len) {
        buf_add(b, STR("<p>"));
        html_put(b, r->said);
        buf_add(b, STR("</p>\n"));
        if (a->contact.len) {
            buf_add(b, STR("<p>"));
            html_put(b, a->contact);
            buf_add(b, STR("</p>\n"));
        }
    }
    if (r->choice_count)
        put_choice_links(b, a);
    if (r->cards.count && r->cards.confidence * 100 < SURE_PERCENT)
        buf_add(b, STR("<p>Diese Stellen passen vielleicht; sicher ist es nicht.</p>\n"));
    for (size_t i = 0; i < r->cards.count; i++) {
        if (i == 1)
            buf_add(b, STR("<h3>Weitere Stellen</h3>\n"));
        buf_add(b, STR("<figure class=\"card\"><blockquote>"));
        html_put(b, r->cards.at[i].quote);
        buf_add(b, STR("</blockquote>"));
        put_source(b, &r->cards.at[i]);
        buf_add(b, STR("</figure>\n"));
    }
    if (r->behaviour == BEHAVIOUR_HANDOVER)
        put_handover(b, a);
    if (r->behaviour == BEHAVIOUR_ANSWER) /* what was not answered is no ground for the next */
        put_understood(b, a);
    buf_add(b, STR("<p class=\"notice\">"));
    html_put(b, reply_notice());
    buf_add(b, STR("</p>\n"));
}
