/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit triage FILE…|-`: where letters belong, by a collection in a directory or the daemon's;
 * `hoheit eval triage FILE`: how often that is right. */
#include "work/triage/triage.h"

#include "base/num.h"
#include "cli/know/offline.h"
#include "cli/offline/commands.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "os/clock.h"
#include "os/file.h"

enum { LISTED_MAX = 64, INDENT = 10, WIDTH = 96, DATE_BYTES = 10, TEXT_MAX = 4096 };
#define FILE_BYTES_MAX ((size_t)64 << 20)
#define WORK_BYTES ((size_t)2 << 30)

static fallible
read_day(str text, day *ret)
{
    uint64_t part[3] = {0};
    for (int i = 0; i < 3; i++) {
        str one;
        if (!str_next(&text, '-', &one) || num_u64(one, 0, 9999, &part[i]).code)
            REFUSE(ARGUMENT, "received", "a day is written 2026-11-23");
    }
    if (text.len || !day_make((int)part[0], (int)part[1], (int)part[2], ret))
        REFUSE(ARGUMENT, "received", "a day is written 2026-11-23");
    return OK;
}

static fallible
read_letter(struct cli *c, str name, str *ret)
{
    AUTO(buf) b = BUF(MAIL_BYTES_MAX + 1);
    char room[4096];
    if (!str_eq(name, STR("-")))
        return file_read(c->a, arena_str(c->a, name).at, MAIL_BYTES_MAX, ret);
    for (size_t n; (n = fread(room, 1, sizeof room, c->in)) > 0;)
        buf_add(&b, (str){room, n});
    if (ferror(c->in))
        FAIL(IO, "standard input cannot be read");
    TRY(buf_end(&b));
    return try_arena_str(c->a, buf_str(&b), ret);
}

/* ---- one letter, as the JSON of the API */

static fallible
ask_daemon(struct cli *c, const struct args *a, str letter, jval *ret)
{
    AUTO(buf) body = BUF(8 * MAIL_BYTES_MAX);
    struct remote_call q = REMOTE_CALL("POST", STR("/v1/citizen/triage"));
    json_open(&body, '{');
    json_member_str(&body, "text", letter);
    if (args_has(a, "know"))
        json_member_str(&body, "know", args_str(a, "know"));
    if (args_has(a, "received"))
        json_member_str(&body, "received", args_str(a, "received"));
    json_close(&body, '}');
    TRY(buf_end(&body));
    q.body = buf_str(&body);
    q.label = args_str(a, "label");
    return remote_json(c, &q, ret);
}

struct sorting {
    struct cli *c;
    const struct args *a;
    offline o;
    const lexicon *names;
    label label;
    day received;
    offline_vectors vectors; /* of letters that are measured */
};

static fallible
sorting_open(struct sorting *s, struct cli *c, const struct args *a)
{
    s->c = c;
    s->a = a;
    s->received = day_of_wall_ms(clock_wall_ms());
    if (!args_has(a, "dir"))
        return OK;
    TRY(offline_open(c, a, OP_CITIZEN_TRIAGE, &s->o));
    return detect_open(c->a, &s->names);
}

static fallible
sort_here(const struct sorting *s, str letter, str id, arena *work, struct triage *ret)
{
    const struct triage_ask ask = {.letter = content_of(letter, s->label),
                                   .received = s->received,
                                   .vector = offline_vectors_find(&s->vectors, id),
                                   .dims = s->vectors.dims,
                                   .names = s->names};
    return triage_run(s->o.k, s->o.g, &ask, work, ret);
}

static fallible
sort(const struct sorting *s, str letter, arena *work, jval *ret)
{
    AUTO(buf) b = BUF((size_t)1 << 24);
    struct triage t;
    if (!s->names)
        return ask_daemon(s->c, s->a, letter, ret);
    TRY(sort_here(s, letter, STR_NONE, work, &t));
    json_open(&b, '{');
    triage_put_json(&b, &t);
    json_close(&b, '}');
    TRY(buf_end(&b));
    return json_read(s->c->a, buf_str(&b), ret);
}

/* ---- showing it */

/* "service   Hund anmelden (93 %)" and why. */
static void
show_line(struct cli *c, const char *what, const jval *v, const char *name)
{
    double score = 0;
    const jval s = json_type(*v) == J_OBJECT ? json_get(v, "score") : *v;
    (void)fprintf(c->out, "%-*s", INDENT, what);
    if (json_type(*v) != J_OBJECT || json_f64(&s, 0, 1, &score).code) {
        (void)fputs("-\n", c->out);
        return;
    }
    show_text(c->out, cli_text(c, v, name), false);
    (void)fprintf(c->out, " (%.0f %%)\n", 100 * score);
    show_wrapped(c->out, cli_text(c, v, "why"), INDENT, WIDTH);
}

static fallible
show(struct cli *c, const jval *t)
{
    const jval service = json_get(t, "service"), all = json_get(t, "candidates"),
               office = json_get(t, "office"), urgency = json_get(t, "urgency"),
               language = json_get(t, "language"), days = json_get(t, "deadlines");
    const str said = cli_text(c, t, "said");
    struct jwalk w = {0};
    if (said.len)
        show_wrapped(c->out, said, 0, WIDTH);
    TRY(json_array(&all, 0, LISTED_MAX));
    TRY(json_array(&days, 0, LISTED_MAX));
    if (json_type(service) == J_OBJECT)
        show_line(c, "service", &service, "name");
    else
        for (jval one; json_each(&all, &w, &one);)
            show_line(c, "maybe", &one, "name");
    show_line(c, "office", &office, "name");
    show_line(c, "urgency", &urgency, "level");
    show_line(c, "language", &language, "code");
    w = (struct jwalk){0};
    for (jval one; json_each(&days, &w, &one);) {
        (void)fprintf(c->out, "%-*s", INDENT, cli_text(c, &one, "kind").at);
        show_text(c->out, cli_text(c, &one, "date"), false);
        (void)fputs("  \"", c->out);
        show_text(c->out, cli_text(c, &one, "quote"), false);
        (void)fputs("\"\n", c->out);
        show_wrapped(c->out, cli_text(c, &one, "why"), INDENT, WIDTH);
    }
    return OK;
}

static fallible
put_line(struct cli *c, str name, const jval *t)
{
    AUTO(buf) b = BUF((size_t)1 << 24);
    struct jwalk w = {0};
    json_open(&b, '{');
    json_member_str(&b, "file", name);
    for (jval one; json_each(t, &w, &one);) {
        json_key(&b, one.name);
        json_put_value(&b, &one);
    }
    json_close(&b, '}');
    return cli_put_json(c, &b);
}

static fallible
sort_files(struct sorting *s)
{
    struct cli *const c = s->c;
    AUTO(arena) *work = NULL;
    if (args_has(s->a, "received"))
        TRY(read_day(args_str(s->a, "received"), &s->received));
    if (args_has(s->a, "dir"))
        TRY(offline_label(&s->o, s->a, &s->label));
    TRY(arena_open(WORK_BYTES, &work));
    for (size_t i = 0; i < s->a->count; i++) {
        str letter;
        jval t;
        arena_reset(work);
        TRY(read_letter(c, s->a->at[i], &letter));
        TRY(sort(s, letter, work, &t));
        TRY(json_object(&t));
        if (s->a->count > 1 && !c->json) {
            (void)fputs(i ? "\n" : "", c->out);
            show_styled(c->out, c->colored, STYLE_BOLD, s->a->at[i]);
            (void)fputc('\n', c->out);
        }
        TRY(c->json ? put_line(c, s->a->at[i], &t) : show(c, &t));
    }
    return OK;
}

fallible
cmd_triage(struct cli *c, const struct args *a)
{
    struct sorting s = {.names = NULL};
    err e = sorting_open(&s, c, a);
    if (!e.code)
        e = sort_files(&s);
    offline_auto(&s.o);
    return e;
}

/* ---- how often it is right */

enum share {
    SHARE_TOP,    /* of letters that have a service: it is the first candidate */
    SHARE_SENT,   /* of these: sent there without a person */
    SHARE_WRONG,  /* of what was sent without a person: to the wrong one, or there is none */
    SHARE_PERSON, /* of letters without a service here: left to a person */
    SHARE_OFFICE, /* of letters with an office named in the truth */
    SHARE_URGENCY,
    SHARE_LANGUAGE,
    SHARE_FOUND, /* of the days in the truth */
    SHARE_FALSE, /* of the days found as limits, appointments, objections: not in the truth */
    SHARES
};
static const char *const share_names[SHARES] = {"service_first",  "service_sent", "sent_wrongly",
                                                "left_to_person", "office",       "urgency",
                                                "language",       "days_found",   "days_false"};

struct tally {
    size_t all[SHARES], good[SHARES], letters;
};

static void
count(struct tally *n, enum share s, bool is)
{
    n->all[s]++;
    n->good[s] += is;
}

static fallible
text_of(const jval *root, const char *name, str *ret)
{
    const jval v = json_get(root, name);
    *ret = STR_NONE;
    return opt_json_str(&v, TEXT_MAX, ret);
}

static void
count_service(struct tally *n, const struct triage *t, str service, str office)
{
    const bool is_first = t->services.count && str_eq(t->services.at[0].name, service);
    if (service.len) {
        count(n, SHARE_TOP, is_first);
        count(n, SHARE_SENT, is_first && !t->is_for_person);
    } else
        count(n, SHARE_PERSON, t->is_for_person);
    if (!t->is_for_person)
        count(n, SHARE_WRONG, !is_first);
    if (office.len)
        count(n, SHARE_OFFICE, str_eq(t->services.office.name, office));
}

static fallible
count_days(struct tally *n, const struct triage *t, const jval *root)
{
    const jval days = json_get(root, "days");
    struct jwalk w = {0};
    bool meant[DEADLINES_MAX] = {false};
    if (json_type(days) == J_ARRAY)
        for (jval v; json_each(&days, &w, &v);) {
            str text;
            day d = 0;
            bool is_found = false;
            TRY(json_str(&v, DATE_BYTES, &text));
            TRY(read_day(text, &d));
            for (size_t i = 0; i < t->deadlines.count; i++) {
                const bool is_it = t->deadlines.at[i].at == d;
                meant[i] |= is_it;
                is_found |= is_it && t->deadlines.at[i].kind != DEADLINE_DATE;
            }
            count(n, SHARE_FOUND, is_found);
        }
    for (size_t i = 0; i < t->deadlines.count; i++)
        if (t->deadlines.at[i].kind != DEADLINE_DATE)
            count(n, SHARE_FALSE, !meant[i]);
    return OK;
}

static fallible
judge(struct tally *n, const struct triage *t, const jval *root)
{
    str service, office, urgency, language;
    TRY(text_of(root, "service", &service));
    TRY(text_of(root, "office", &office));
    TRY(text_of(root, "urgency", &urgency));
    TRY(text_of(root, "language", &language));
    count_service(n, t, service, office);
    if (urgency.len)
        count(n, SHARE_URGENCY, str_eq(urgency, str_of(urgency_name(t->urgency))));
    if (language.len)
        count(n, SHARE_LANGUAGE, str_eq(language, t->language.code));
    return count_days(n, t, root);
}

static fallible
evaluate_line(struct sorting *s, str line, arena *work, struct tally *n)
{
    jval root;
    str received, id;
    struct triage t;
    TRY(json_read(work, line, &root));
    TRY(json_object(&root));
    const jval text = json_get(&root, "text");
    str letter;
    TRY(json_str(&text, MAIL_BYTES_MAX, &letter));
    TRY(text_of(&root, "received", &received));
    TRY(text_of(&root, "id", &id));
    if (received.len)
        TRY(read_day(received, &s->received));
    TRY(sort_here(s, letter, id, work, &t));
    n->letters++;
    return judge(n, &t, &root);
}

static fallible
tell(struct cli *c, const struct tally *n)
{
    AUTO(buf) b = BUF(4096);
    json_open(&b, '{');
    json_member_u64(&b, "letters", n->letters);
    for (int i = 0; i < SHARES; i++) {
        const double part = n->all[i] ? (double)n->good[i] / (double)n->all[i] : 0;
        json_member_f64(&b, share_names[i], part);
        if (!c->json)
            (void)fprintf(c->out, "bench triage.%s %.4f n=%zu\n", share_names[i], part, n->all[i]);
    }
    json_close(&b, '}');
    return c->json ? cli_put_json(c, &b) : OK;
}

static fallible
evaluate(struct sorting *s)
{
    AUTO(arena) *work = NULL;
    struct tally n = {.letters = 0};
    str text, line;
    TRY(arena_open(WORK_BYTES, &work));
    TRY(file_read(s->c->a, arena_str(s->c->a, s->a->at[0]).at, FILE_BYTES_MAX, &text));
    while (str_next(&text, '\n', &line)) {
        arena_reset(work);
        if (str_trim(line).len)
            TRY(evaluate_line(s, line, work, &n));
    }
    if (!n.letters)
        REFUSE(ARGUMENT, "", "the file holds no letter");
    return tell(s->c, &n);
}

fallible
cmd_eval_triage(struct cli *c, const struct args *a)
{
    struct sorting s = {.names = NULL};
    if (!args_has(a, "dir"))
        REFUSE(ARGUMENT, "dir", "say where: --dir DIR");
    err e = sorting_open(&s, c, a);
    if (!e.code && args_has(a, "vectors"))
        e = offline_vectors_read(args_str(a, "vectors"), &s.vectors);
    if (!e.code)
        e = evaluate(&s);
    offline_vectors_auto(&s.vectors);
    offline_auto(&s.o);
    return e;
}
