/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/report.h"

struct page {
    buf *b;
    bool is_german;
    const struct manifest *m;
    const struct tally *t;
};

/* ---- words */

static const char *
say(const struct page *p, const char *en, const char *de)
{
    return p->is_german ? de : en;
}

static void
put(const struct page *p, const char *html)
{
    buf_add(p->b, str_of(html));
}

/* Control characters are no part of HTML; a log entry may hold them all the same. */
static void
put_escaped(const struct page *p, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        if (c == '&')
            put(p, "&amp;");
        else if (c == '<')
            put(p, "&lt;");
        else if (c == '>')
            put(p, "&gt;");
        else if (c == '"')
            put(p, "&quot;");
        else if ((unsigned char)c < 0x20 || c == 0x7f)
            buf_add_char(p->b, ' ');
        else
            buf_add_char(p->b, c);
    }
}

static void
heading(const struct page *p, const char *en, const char *de)
{
    put(p, "<h2>");
    put(p, say(p, en, de));
    put(p, "</h2>\n");
}

static void
paragraph(const struct page *p, const char *en, const char *de)
{
    put(p, "<p>");
    put(p, say(p, en, de));
    put(p, "</p>\n");
}

/* ---- tables */

/* Heads with '|' between them; one that ends in '>' is of numbers. */
static void
facts_open(const struct page *p, const char *caption)
{
    put(p, "<table class=\"facts\"><caption>");
    put(p, caption);
    put(p, "</caption>\n<tbody>\n");
}

static void
table_open(const struct page *p, const char *caption, const char *heads)
{
    str rest = str_of(heads), head;
    put(p, "<table><caption>");
    put(p, caption);
    put(p, "</caption>\n<thead><tr>");
    while (str_next(&rest, '|', &head)) {
        const bool is_number = str_ends(head, STR(">"));
        put(p, is_number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
        buf_add(p->b, str_slice(head, 0, head.len - is_number));
        put(p, "</th>");
    }
    put(p, "</tr></thead>\n<tbody>\n");
}

static void
table_close(const struct page *p)
{
    put(p, "</tbody></table>\n");
}

static void
cell(const struct page *p, str s)
{
    put(p, "<td>");
    put_escaped(p, s);
    put(p, "</td>");
}

static void
cell_code(const struct page *p, str s)
{
    put(p, "<td><code>");
    put_escaped(p, s);
    put(p, "</code></td>");
}

static void
cell_number(const struct page *p, uint64_t n)
{
    put(p, "<td class=\"n\">");
    buf_add_u64(p->b, n);
    put(p, "</td>");
}

static void
row_head(const struct page *p, str s)
{
    put(p, "<tr><th scope=\"row\">");
    put_escaped(p, s);
    put(p, "</th>");
}

static void
row_end(const struct page *p)
{
    put(p, "</tr>\n");
}

/* What the reader is to fill in by hand. */
static void
fill_in(const struct page *p, const char *en, const char *de)
{
    put(p, "<tr><th scope=\"row\">");
    put(p, say(p, en, de));
    put(p, "</th><td class=\"blank\">");
    put(p, say(p, "to be completed", "zu ergänzen"));
    put(p, "</td></tr>\n");
}

static void
fact(const struct page *p, const char *en, const char *de, str value)
{
    row_head(p, str_of(say(p, en, de)));
    cell(p, value.len ? value : STR("–"));
    row_end(p);
}

static void
fact_number(const struct page *p, const char *en, const char *de, uint64_t n)
{
    row_head(p, str_of(say(p, en, de)));
    put(p, "<td>");
    buf_add_u64(p->b, n);
    put(p, "</td>");
    row_end(p);
}

static void
none(const struct page *p)
{
    paragraph(p, "None in this bundle.", "Keine in diesem Bündel.");
}

/* ---- the head of the page */

static void
put_head(const struct page *p)
{
    put(p, p->is_german ? "<!DOCTYPE html>\n<html lang=\"de\">\n"
                        : "<!DOCTYPE html>\n<html lang=\"en\">\n");
    put(p, "<head><meta charset=\"utf-8\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
           "style-src 'unsafe-inline'\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    put(p, say(p, "Evidence from the audit log", "Nachweis aus dem Protokoll"));
    put(p, "</title>\n<style>\n"
           "body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:70rem;"
           "margin:2rem auto;padding:0 1rem}\n"
           "h1{font-size:1.8rem;line-height:1.2}h2{font-size:1.3rem;margin-top:2.5rem;"
           "border-bottom:2px solid #1a1a1a}\n"
           ".scroll{overflow-x:auto}\n"
           "table{border-collapse:collapse;width:100%;margin:1rem 0;font-size:.9rem}\n"
           "caption{text-align:left;font-weight:bold;padding:.3rem 0}\n"
           "th,td{border:1px solid #767676;padding:.3rem .5rem;text-align:left;"
           "vertical-align:top;overflow-wrap:anywhere}\n"
           "thead th{background:#e8ecf0}tbody th{font-weight:600}\n"
           ".n{text-align:right;font-variant-numeric:tabular-nums}\n"
           ".blank{color:#595959;font-style:italic}\n"
           ".facts th{width:16rem}code{font-size:.85em;overflow-wrap:anywhere}\n"
           "@page{size:A4;margin:15mm}\n"
           "@media print{body{margin:0;max-width:none;font-size:10pt}thead{display:"
           "table-header-group}tr{break-inside:avoid}h2{break-after:avoid}}\n"
           "</style></head>\n<body><main>\n<h1>");
    put(p, say(p, "Evidence from the audit log", "Nachweis aus dem Protokoll"));
    put(p, "</h1>\n");
}

static void
put_asked(const struct page *p)
{
    const struct pick *q = &p->m->pick;
    fact(p, "From", "Von", q->since);
    fact(p, "Until", "Bis", q->until);
    if (q->keys.len)
        fact(p, "Person (key ids)", "Person (Schlüsselkennungen)", q->keys);
    if (q->request.len)
        fact(p, "Request", "Anfrage", q->request);
    if (q->model.len)
        fact(p, "Model", "Modell", q->model);
    if (q->tenant.len)
        fact(p, "Tenant", "Mandant", q->tenant);
    fact(p, "Shown up to label", "Gezeigt bis Kennzeichnung", p->m->clearance);
}

static void
put_summary(const struct page *p)
{
    char root[65];
    digest_text(&p->m->head.root, root);
    heading(p, "What this is", "Was dies ist");
    paragraph(p,
              "Entries of a tamper-evident log (Merkle tree, RFC 9162), selected as below. Each "
              "has a proof that it is in the tree whose checkpoint the log signed.",
              "Einträge eines fälschungssicher verketteten Protokolls (Merkle-Baum, RFC 9162), "
              "ausgewählt wie unten angegeben. Jeder hat einen Beweis, dass er in dem Baum steht, "
              "dessen Prüfpunkt das Protokoll signiert hat.");
    facts_open(p, say(p, "This bundle", "Dieses Bündel"));
    put_asked(p);
    fact(p, "Log", "Protokoll", p->m->log);
    fact_number(p, "Entries in the log", "Einträge im Protokoll", p->m->head.size);
    fact(p, "Root", "Wurzel", str_of(root));
    fact(p, "Made at", "Erstellt am", p->m->made);
    fact_number(p, "Entries shown", "Gezeigte Einträge", p->m->shown);
    fact_number(p, "Entries held back (label)", "Zurückgehaltene Einträge (Kennzeichnung)",
                p->m->held);
    fact(p, "First entry shown", "Erster gezeigter Eintrag", str_of(p->t->first));
    fact(p, "Last entry shown", "Letzter gezeigter Eintrag", str_of(p->t->last));
    put(p, "</tbody></table>\n");
}

static void
put_limits(const struct page *p)
{
    put(p, "<ul>\n<li>");
    put(p, say(p,
               "Entries held back are above the reader's clearance: only their place, hash and "
               "proof are here. Their counts are not in the tables.",
               "Zurückgehaltene Einträge liegen über der Ermächtigung der lesenden Person: von "
               "ihnen stehen hier nur Platz, Hash und Beweis. In den Tabellen sind sie nicht "
               "gezählt."));
    put(p, "</li>\n<li>");
    if (p->m->is_whole)
        put(p,
            say(p, "No entry between the first and the last is missing: their places have no gap.",
                "Zwischen dem ersten und dem letzten fehlt kein Eintrag: ihre Plätze sind "
                "lückenlos."));
    else
        put(p, say(p,
                   "This is a selection: that nothing that fits was left out can only be checked "
                   "against the whole log.",
                   "Dies ist eine Auswahl: dass nichts Passendes fehlt, lässt sich nur am ganzen "
                   "Protokoll prüfen."));
    put(p, "</li>\n<li>");
    put(p, say(p,
               "The bundle was made from the files, without the daemon: its making is not "
               "recorded in the log.",
               "Das Bündel wurde aus den Dateien erstellt, ohne den Dienst: seine Erstellung "
               "steht nicht im Protokoll."));
    put(p, "</li>\n</ul>\n");
}

/* ---- duties */

static void
duty(const struct page *p, const char *law, const char *en, const char *de)
{
    row_head(p, str_of(law));
    cell(p, str_of(say(p, en, de)));
    row_end(p);
}

static void
put_duties(const struct page *p)
{
    heading(p, "Which duties it serves", "Welchen Pflichten es dient");
    table_open(p, say(p, "Duties and where the evidence is", "Pflichten und Fundstellen"),
               say(p, "Provision|Evidence", "Vorschrift|Nachweis"));
    duty(p, say(p, "AI Act Art. 12, 19, 26(6)", "KI-Verordnung Art. 12, 19, 26 Abs. 6"),
         "Automatic records, kept at least six months: entries.jsonl, proofs.jsonl, checkpoint; "
         "sections Decisions, Models, Data sent outside.",
         "Automatische Aufzeichnungen, mindestens sechs Monate aufbewahrt: entries.jsonl, "
         "proofs.jsonl, checkpoint; Abschnitte Entscheidungen, Modelle, Abgeflossene Daten.");
    duty(p, say(p, "GDPR Art. 30", "DSGVO Art. 30"),
         "Record of processing: skeleton below, from the tenants, models and providers that the "
         "entries name.",
         "Verzeichnis von Verarbeitungstätigkeiten: Gerüst unten, aus den Mandanten, Modellen und "
         "Anbietern, die die Einträge nennen.");
    duty(p, say(p, "GDPR Art. 17", "DSGVO Art. 17"), "Erasures that were recorded: section below.",
         "Aufgezeichnete Löschungen: Abschnitt unten.");
    table_close(p);
    paragraph(
        p, "Whether a duty applies, and whether this satisfies it, is for the authority to judge.",
        "Ob eine Pflicht gilt und ob sie damit erfüllt ist, beurteilt die Behörde.");
}

/* ---- counts */

static void
put_decisions(const struct page *p, enum tally_by by, const char *caption, const char *first)
{
    if (!p->t->by[by].lines.count)
        return;
    put(p, "<table><caption>");
    put(p, caption);
    put(p, "</caption>\n<thead><tr><th scope=\"col\">");
    put(p, first);
    put(p, say(p,
               "</th><th scope=\"col\" class=\"n\">allowed</th><th scope=\"col\" "
               "class=\"n\">denied</th></tr></thead>\n<tbody>\n",
               "</th><th scope=\"col\" class=\"n\">erlaubt</th><th scope=\"col\" "
               "class=\"n\">verweigert</th></tr></thead>\n<tbody>\n"));
    for (size_t i = 0; i < p->t->by[by].lines.count; i++) {
        const struct tally_line *l = &p->t->by[by].lines.at[i];
        row_head(p, l->name);
        cell_number(p, l->allowed);
        cell_number(p, l->denied);
        row_end(p);
    }
    table_close(p);
}

static void
put_all_decisions(const struct page *p)
{
    heading(p, "Decisions", "Entscheidungen");
    put(p, "<p>");
    buf_add_u64(p->b, p->t->allowed);
    put(p, say(p, " allowed, ", " erlaubt, "));
    buf_add_u64(p->b, p->t->denied);
    put(p, say(p, " denied.</p>\n", " verweigert.</p>\n"));
    put_decisions(p, BY_RULE, say(p, "By rule", "Nach Regel"), say(p, "Rule", "Regel"));
    put_decisions(p, BY_LABEL, say(p, "By label", "Nach Kennzeichnung"),
                  say(p, "Label", "Kennzeichnung"));
    put_decisions(p, BY_TENANT, say(p, "By tenant", "Nach Mandant"), say(p, "Tenant", "Mandant"));
    put_decisions(p, BY_PERSON, say(p, "By person (pseudonym)", "Nach Person (Pseudonym)"),
                  say(p, "Person", "Person"));
    put_decisions(p, BY_PURPOSE, say(p, "By purpose", "Nach Zweck"), say(p, "Purpose", "Zweck"));
    put_decisions(p, BY_CASE, say(p, "By case", "Nach Vorgang"), say(p, "Case", "Vorgang"));
}

static void
put_models(const struct page *p)
{
    heading(p, "Models", "Modelle");
    if (!p->t->by[BY_MODEL].lines.count) {
        none(p);
        return;
    }
    table_open(p, say(p, "Models as the entries know them", "Modelle, wie die Einträge sie kennen"),
               say(p,
                   "Name|SHA-256 of the weights|Licence|Added|allowed>|denied>|Tokens read>|"
                   "Tokens written>",
                   "Name|SHA-256 der Gewichte|Lizenz|Aufgenommen|erlaubt>|verweigert>|Token "
                   "gelesen>|Token geschrieben>"));
    for (size_t i = 0; i < p->t->by[BY_MODEL].lines.count; i++) {
        const struct tally_line *l = &p->t->by[BY_MODEL].lines.at[i];
        row_head(p, l->name);
        cell_code(p, l->sha256.len ? l->sha256 : STR("–"));
        cell(p, l->licence.len ? l->licence : STR("–"));
        cell(p, l->added.len ? l->added : STR("–"));
        cell_number(p, l->allowed);
        cell_number(p, l->denied);
        cell_number(p, l->tokens_in);
        cell_number(p, l->tokens_out);
        row_end(p);
    }
    table_close(p);
}

/* "1.000141"; a dash where no entry says it. */
static void
cell_part(const struct page *p, uint64_t n, unsigned digits, bool is_said)
{
    uint64_t one = 1;
    for (unsigned i = 0; i < digits; i++)
        one *= 10;
    put(p, "<td class=\"n\">");
    if (is_said)
        buf_add_fmt(p->b, "%llu.%0*llu", (unsigned long long)(n / one), (int)digits,
                    (unsigned long long)(n % one));
    else
        put(p, "–");
    put(p, "</td>");
}

static void
put_spent(const struct page *p)
{
    heading(p, "What it took", "Verbrauch");
    if (!p->t->by[BY_TENANT].lines.count) {
        none(p);
        return;
    }
    table_open(p,
               say(p,
                   "By tenant; a dash: no outside model with a price was used, or energy was not "
                   "measured",
                   "Nach Mandant; ein Strich: kein Modell außerhalb mit Preis wurde genutzt, oder "
                   "die Energie wurde nicht gemessen"),
               say(p, "Tenant|Answers>|Tokens read>|Tokens written>|Euro>|Joules>",
                   "Mandant|Antworten>|Token gelesen>|Token geschrieben>|Euro>|Joule>"));
    for (size_t i = 0; i < p->t->by[BY_TENANT].lines.count; i++) {
        const struct tally_line *l = &p->t->by[BY_TENANT].lines.at[i];
        row_head(p, l->name);
        cell_number(p, l->ended);
        cell_number(p, l->tokens_in);
        cell_number(p, l->tokens_out);
        cell_part(p, l->cost_micro_euro, 6, l->priced > 0);
        cell_part(p, l->energy_mj, 3, l->measured > 0);
        row_end(p);
    }
    table_close(p);
}

static void
put_events(const struct page *p)
{
    heading(p, "Events", "Ereignisse");
    table_open(p, say(p, "Entries by event", "Einträge nach Ereignis"),
               say(p, "Event|Entries>", "Ereignis|Einträge>"));
    for (size_t i = 0; i < p->t->by[BY_EVENT].lines.count; i++) {
        row_head(p, p->t->by[BY_EVENT].lines.at[i].name);
        cell_number(p, p->t->by[BY_EVENT].lines.at[i].entries);
        row_end(p);
    }
    table_close(p);
}

/* ---- lists */

struct column {
    enum row_column of;
    const char *en, *de;
    bool is_code;
};

enum { COLUMNS_MAX = 7 };

static void
put_list_head(const struct page *p, const struct column *c, const char *caption)
{
    put(p, "<div class=\"scroll\"><table><caption>");
    put(p, caption);
    put(p, "</caption>\n<thead><tr>");
    for (int i = 0; i < COLUMNS_MAX && c[i].en; i++) {
        put(p, "<th scope=\"col\">");
        put(p, say(p, c[i].en, c[i].de));
        put(p, "</th>");
    }
    put(p, "</tr></thead>\n<tbody>\n");
}

static void
put_list(const struct page *p, enum tally_list list, const struct column *c, const char *caption)
{
    const size_t count = p->t->list[list].rows.count;
    if (!count) {
        none(p);
        return;
    }
    put_list_head(p, c, caption);
    for (size_t i = 0; i < count; i++) {
        const struct row *r = &p->t->list[list].rows.at[i];
        put(p, "<tr>");
        for (int k = 0; k < COLUMNS_MAX && c[k].en; k++)
            (c[k].is_code ? cell_code : cell)(p, r->at[c[k].of]);
        row_end(p);
    }
    put(p, "</tbody></table></div>\n");
    if (p->t->list[list].total <= count)
        return;
    put(p, "<p>");
    buf_add_u64(p->b, p->t->list[list].total - count);
    put(p, say(p, " more in entries.csv.</p>\n", " weitere in entries.csv.</p>\n"));
}

static void
put_lists(const struct page *p)
{
    static const struct column egress[COLUMNS_MAX] = {
        {ROW_time, "Time", "Zeit", false},
        {ROW_request, "Request", "Anfrage", true},
        {ROW_object, "Provider", "Anbieter", false},
        {ROW_model, "Model", "Modell", false},
        {ROW_label, "Label", "Kennzeichnung", false},
        {ROW_input, "Digest of the bytes sent", "Prüfsumme der gesendeten Bytes", true},
    };
    static const struct column denial[COLUMNS_MAX] = {
        {ROW_time, "Time", "Zeit", false},
        {ROW_request, "Request", "Anfrage", true},
        {ROW_key, "Key", "Schlüssel", true},
        {ROW_op, "Operation", "Vorgang", false},
        {ROW_label, "Label", "Kennzeichnung", false},
        {ROW_rule, "Rule", "Regel", false},
        {ROW_why, "Reason", "Grund", false},
    };
    static const struct column act[COLUMNS_MAX] = {
        {ROW_time, "Time", "Zeit", false},         {ROW_event, "Event", "Ereignis", false},
        {ROW_object, "Of what", "Was", true},      {ROW_key, "By key", "Durch Schlüssel", true},
        {ROW_request, "Request", "Anfrage", true},
    };
    heading(p, "Data sent outside", "Abgeflossene Daten");
    put_list(p, LIST_EGRESS, egress, say(p, "Egress, with digests", "Abfluss, mit Prüfsummen"));
    heading(p, "Denials", "Verweigerungen");
    put_list(p, LIST_DENIAL, denial, say(p, "Denied by a rule", "Von einer Regel verweigert"));
    heading(p, "Refused by limits", "Abgewiesen durch Grenzen");
    put_list(p, LIST_LIMIT, denial, say(p, "Limits used up", "Erschöpfte Kontingente"));
    heading(p, "Erasures", "Löschungen");
    put_list(p, LIST_ERASURE, act, say(p, "What was removed", "Was entfernt wurde"));
    heading(p, "Who read the log", "Wer das Protokoll las");
    put_list(p, LIST_READ, act, say(p, "Reads and exports", "Einsichten und Ausleitungen"));
}

/* ---- the record of processing */

/* The names of a table, "a, b, c". */
static void
fact_names(const struct page *p, const char *en, const char *de, enum tally_by by)
{
    row_head(p, str_of(say(p, en, de)));
    put(p, "<td>");
    for (size_t i = 0; i < p->t->by[by].lines.count; i++) {
        put(p, i ? ", " : "");
        put_escaped(p, p->t->by[by].lines.at[i].name);
    }
    if (!p->t->by[by].lines.count)
        put(p, say(p, "none seen", "keine gesehen"));
    put(p, "</td>");
    row_end(p);
}

static void
put_processing(const struct page *p)
{
    heading(p, "Record of processing (GDPR Art. 30), skeleton",
            "Verzeichnis von Verarbeitungstätigkeiten (DSGVO Art. 30), Gerüst");
    facts_open(p, say(p, "Record of processing", "Verzeichnis"));
    fill_in(p, "Controller, representative, data protection officer",
            "Verantwortlicher, Vertretung, Datenschutzbeauftragte");
    fact_names(p, "Tenants that used it", "Mandanten, die es nutzten", BY_TENANT);
    fact_names(p, "Purposes, as requests named them", "Zwecke, wie Anfragen sie nannten",
               BY_PURPOSE);
    fill_in(p, "Categories of persons concerned", "Kategorien betroffener Personen");
    fact_names(p, "Labels of the data", "Kennzeichnungen der Daten", BY_LABEL);
    fact_names(p, "Models that processed it", "Modelle, die sie verarbeiteten", BY_MODEL);
    fact_names(p, "Recipients outside (providers)", "Empfänger außerhalb (Anbieter)", BY_PROVIDER);
    fill_in(p, "Transfers to third countries", "Übermittlungen in Drittländer");
    fill_in(p, "Time limits for erasure", "Löschfristen");
    fact(p, "Technical measures", "Technische Maßnahmen",
         str_of(say(p,
                    "Label check on every request, with default deny; signed Merkle log; digest "
                    "of every outgoing message",
                    "Prüfung der Kennzeichnung bei jeder Anfrage, sonst verweigert; signiertes "
                    "Merkle-Protokoll; Prüfsumme jeder ausgehenden Nachricht")));
    put(p, "</tbody></table>\n");
}

static void
put_how(const struct page *p)
{
    heading(p, "How to check it", "Wie man es prüft");
    paragraph(
        p,
        "<code>hoheit evidence verify DIR --log-key KEY</code>, with the key you were given. "
        "By other means: SHA-256 of each file as in manifest.json, whose own digest "
        "manifest.note signs; the leaf hash of a line of entries.jsonl is SHA-256 of a zero "
        "byte and the line; proofs follow RFC 9162 section 2.1.3.",
        "<code>hoheit evidence verify DIR --log-key KEY</code>, mit dem Schlüssel, den Sie "
        "erhalten haben. Mit anderen Mitteln: SHA-256 jeder Datei wie in manifest.json, deren "
        "eigene Prüfsumme manifest.note signiert; der Blatt-Hash einer Zeile von entries.jsonl "
        "ist SHA-256 über ein Null-Byte und die Zeile; Beweise nach RFC 9162, Abschnitt 2.1.3.");
}

void
report_put(buf *b, enum report_language l, const struct manifest *m, const struct tally *t)
{
    const struct page p = {.b = b, .is_german = l == REPORT_DE, .m = m, .t = t};
    ASSERT(b && m && t);
    put_head(&p);
    put_summary(&p);
    put_limits(&p);
    put_duties(&p);
    put_all_decisions(&p);
    put_models(&p);
    put_spent(&p);
    put_lists(&p);
    put_events(&p);
    put_processing(&p);
    put_how(&p);
    put(&p, "</main></body></html>\n");
}
