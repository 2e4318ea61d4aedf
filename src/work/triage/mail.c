/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/triage/mail.h"

#include "base/buf.h"
#include "base/num.h"
#include "base/utf8.h"
#include "know/text/lex.h"

enum { NAME_BYTES_MAX = 40, GREETING_BYTES_MAX = 60 };

static const str greetings[] = {STR_INIT("hallo"),
                                STR_INIT("sehr geehrte"),
                                STR_INIT("guten tag"),
                                STR_INIT("guten morgen"),
                                STR_INIT("liebe"),
                                STR_INIT("moin"),
                                STR_INIT("mit freundlich"),
                                STR_INIT("freundliche"),
                                STR_INIT("viele grüße"),
                                STR_INIT("vielen dank"),
                                STR_INIT("beste grüße"),
                                STR_INIT("mfg"),
                                STR_INIT("dear"),
                                STR_INIT("hello"),
                                STR_INIT("kind regards"),
                                STR_INIT("best regards"),
                                STR_INIT("thank you"),
                                STR_INIT("yours"),
                                STR_INIT("hochachtungsvoll"),
                                STR_INIT("danke")};

static const struct cue {
    enum urgency urgency;
    str words;
} cues[] = {
#define DANGER(word) {URGENCY_NOW, STR_INIT(word)},
#define HARDSHIP(word) {URGENCY_HIGH, STR_INIT(word)},
#define PRESSING(word) {URGENCY_SOON, STR_INIT(word)},
#include "work/triage/urgency.def"
#undef DANGER
#undef HARDSHIP
#undef PRESSING
};

/* Without its end, be that LF or CR LF. */
static bool
next_line(str *rest, str *ret)
{
    if (!rest->len || !str_next(rest, '\n', ret))
        return false;
    if (ret->len && ret->at[ret->len - 1] == '\r')
        ret->len--;
    return true;
}

/* Folded words with a blank before each. */
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
is_greeting(str line)
{
    AUTO(buf) b = BUF(4096);
    if (line.len > GREETING_BYTES_MAX)
        return false;
    put_words(&b, line);
    const str words = str_slice(buf_str(&b), 1, b.len);
    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++)
        if (str_starts(words, greetings[i]))
            return true;
    return false;
}

/* "Subject: …"; a sentence with a colon has blanks before it. */
static bool
split_header(str line, str *ret_name, str *ret_value)
{
    const ptrdiff_t at = str_find_char(line, ':');
    if (at < 1 || at > NAME_BYTES_MAX)
        return false;
    *ret_name = str_slice(line, 0, (size_t)at);
    *ret_value = str_trim(str_slice(line, (size_t)at + 1, line.len));
    return str_find_char(*ret_name, ' ') < 0;
}

static bool
is_name(str name, const char *one, const char *other)
{
    return str_eq_nocase(name, str_of(one)) || str_eq_nocase(name, str_of(other));
}

/* "Mon, 23 Nov 2026 14:00:00 +0100" (RFC 5322 section 3.3); the sender's own day. */
static bool
read_day(str value, day *ret)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    uint64_t of_month, year;
    const ptrdiff_t comma = str_find_char(value, ',');
    str rest = str_trim(comma < 0 ? value : str_slice(value, (size_t)comma + 1, value.len)), one,
        month, y;
    if (!str_next(&rest, ' ', &one) || !str_next(&rest, ' ', &month) || !str_next(&rest, ' ', &y) ||
        num_u64(one, 1, 31, &of_month).code || num_u64(y, YEAR_FIRST, YEAR_LAST, &year).code)
        return false;
    for (int i = 0; i < 12; i++)
        if (str_eq_nocase(month, str_of(months[i])))
            return day_make((int)year, i + 1, (int)of_month, ret);
    return false;
}

/* Is there a header at all?  Its lines stand before the first empty one, and one is a subject,
 * a sender or a date. */
static bool
has_header(str text)
{
    str line, name, value;
    bool known = false;
    while (next_line(&text, &line) && str_trim(line).len) {
        const bool goes_on = line.at[0] == ' ' || line.at[0] == '\t';
        if (!goes_on && !split_header(line, &name, &value))
            return false;
        known |= !goes_on && (is_name(name, "Subject", "Betreff") || is_name(name, "From", "Von") ||
                              is_name(name, "Date", "Datum"));
    }
    return known;
}

static void
take_header(str *text, buf *b, struct mail *m)
{
    str line, name, value;
    while (next_line(text, &line) && str_trim(line).len) {
        if (!split_header(line, &name, &value))
            continue;
        if (is_name(name, "Subject", "Betreff")) {
            buf_add(b, value);
            buf_add(b, STR(".\n"));
        }
        if (is_name(name, "Date", "Datum"))
            m->has_day = read_day(value, &m->day);
    }
}

/* Does the line begin what somebody else wrote, or a signature? */
static bool
is_end(str line)
{
    const str t = str_trim(line);
    return str_eq(line, STR("-- ")) || str_eq(t, STR("--")) || str_starts(t, STR("-----Orig")) ||
           str_starts(t, STR("-----Urspr")) ||
           (str_ends(t, STR(":")) &&
            ((str_starts(t, STR("Am ")) && str_find(t, STR(" schrieb")) >= 0) ||
             (str_starts(t, STR("On ")) && str_ends(t, STR("wrote:")))));
}

fallible
mail_read(arena *a, str bytes, struct mail *ret)
{
    AUTO(buf) b = BUF(2 * MAIL_BYTES_MAX);
    struct mail m = {.has_day = false};
    str line, rest = bytes;
    if (bytes.len > MAIL_BYTES_MAX)
        REFUSE(TOO_LARGE, "text", "a letter to sort has at most %d bytes", MAIL_BYTES_MAX);
    if (!utf8_valid(bytes))
        REFUSE(PARSE, "text", "the letter is no UTF-8 text");
    if (has_header(rest))
        take_header(&rest, &b, &m);
    while (next_line(&rest, &line) && !is_end(line)) {
        if (str_starts(line, STR(">")) || is_greeting(line))
            continue;
        buf_add(&b, line);
        buf_add_char(&b, '\n');
    }
    TRY(buf_end(&b));
    TRY(try_arena_str(a, buf_str(&b), &m.text));
    *ret = m;
    return OK;
}

const char *
urgency_name(enum urgency u)
{
    static const char *const names[] = {"normal", "soon", "high", "now"};
    ASSERT(u < sizeof names / sizeof *names);
    return names[u];
}

static bool
holds(str words, str beginning)
{
    for (ptrdiff_t at; (at = str_find(words, beginning)) >= 0;) {
        if (at && words.at[at - 1] == ' ')
            return true;
        words = str_slice(words, (size_t)at + 1, words.len);
    }
    return false;
}

enum urgency
mail_urgency(str text, str *ret_word)
{
    AUTO(buf) b = BUF(4 * MAIL_BYTES_MAX);
    enum urgency most = URGENCY_NORMAL;
    *ret_word = STR_NONE;
    put_words(&b, text);
    for (size_t i = 0; i < sizeof cues / sizeof *cues; i++)
        if (cues[i].urgency > most && holds(buf_str(&b), cues[i].words)) {
            most = cues[i].urgency;
            *ret_word = cues[i].words;
        }
    return most;
}
