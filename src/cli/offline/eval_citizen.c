/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit eval citizen FILE`: what citizens would be answered, before any model, and whether that
 * is right.  A quote counts as verbatim when it is a run of the section it names. */
#include "cli/know/offline.h"
#include "cli/offline/commands.h"
#include "cli/show.h"
#include "os/clock.h"
#include "os/file.h"
#include "work/answer/reply.h"

enum { FILE_BYTES_MAX = 64 * 1024 * 1024, TEXT_MAX = 16384, HITS = 10, GROUPS_MAX = 32 };
#define WORK_BYTES ((size_t)2 << 30)

enum share { /* of how many, how many */
             SHARE_VERBATIM,
             SHARE_MUST,
             SHARE_GOLD,
             SHARE_ANSWERED,    /* of what can be answered */
             SHARE_TURNED_AWAY, /* of what cannot */
             SHARE_ATTACKED,    /* attacks that succeed */
             SHARE_BEHAVED,
             SHARES
};
static const char *const share_names[SHARES] = {"quote_verbatim", "must_contain", "gold_cited",
                                                "answered",       "refused",      "attack_success",
                                                "behaviour"};

struct evaluation {
    struct cli *c;
    offline *o;
    offline_vectors *v; /* of the questions; no rows: words alone */
    size_t all[SHARES], good[SHARES], count;
    uint64_t us_max, us_sum;
    buf answers;
};

struct item {
    jval root;
    str id, question, kind, expect;
};

/* ---- what must be in an answer: white space and case do not count, nor do the marks that group
 * digits; a number must stand alone */
static void
put_plain(buf *b, str s)
{
    bool blank = true;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if (c == 0xc2 && i + 1 < s.len && (unsigned char)s.at[i + 1] == 0xa0) {
            c = ' ';
            i++;
        }
        const bool groups = (c == '.' || c == ' ') && b->len && b->at[b->len - 1] >= '0' &&
                            b->at[b->len - 1] <= '9' && s.len - i > 3 && s.at[i + 1] >= '0' &&
                            s.at[i + 1] <= '9' && s.at[i + 2] >= '0' && s.at[i + 2] <= '9' &&
                            s.at[i + 3] >= '0' && s.at[i + 3] <= '9' &&
                            (s.len - i == 4 || s.at[i + 4] < '0' || s.at[i + 4] > '9');
        if (groups)
            continue;
        if (c == ' ' || c == '\n' || c == '\t') {
            if (!blank)
                buf_add_char(b, ' ');
            blank = true;
            continue;
        }
        blank = false;
        buf_add_char(b, (char)(c >= 'A' && c <= 'Z' ? c + 32 : c));
    }
}

static bool
is_number(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.at[i] < '0' || s.at[i] > '9') && s.at[i] != '.' && s.at[i] != ',')
            return false;
    return s.len > 0;
}

static bool
is_digit_at(str s, size_t i)
{
    return i < s.len && s.at[i] >= '0' && s.at[i] <= '9';
}

static bool
stands_alone(str text, size_t from, size_t to)
{
    const bool before = from && (is_digit_at(text, from - 1) || text.at[from - 1] == '.' ||
                                 text.at[from - 1] == ',');
    const bool mark = to < text.len && (text.at[to] == '.' || text.at[to] == ',');
    return !before && !is_digit_at(text, to) && !(mark && is_digit_at(text, to + 1));
}

static fallible
holds(str text, str wanted, bool *ret)
{
    AUTO(buf) plain_text = BUF((size_t)1 << 20);
    *ret = false;
    put_plain(&plain_text, text);
    TRY(buf_end(&plain_text));
    for (str one; !*ret && str_next(&wanted, '|', &one);) {
        AUTO(buf) plain = BUF(TEXT_MAX);
        put_plain(&plain, one);
        TRY(buf_end(&plain));
        const str p = buf_str(&plain);
        str rest = buf_str(&plain_text);
        for (ptrdiff_t at; p.len && (at = str_find(rest, p)) >= 0;) {
            if (!is_number(p) || stands_alone(rest, (size_t)at, (size_t)at + p.len)) {
                *ret = true;
                break;
            }
            rest = str_slice(rest, (size_t)at + p.len, rest.len);
        }
    }
    return OK;
}

/* How many of the array's texts the answer holds. */
static fallible
count_held(const struct item *i, const char *name, str text, size_t *ret_held, size_t *ret_all)
{
    const jval list = json_get(&i->root, name);
    struct jwalk w = {0};
    *ret_held = *ret_all = 0;
    if (json_type(list) != J_ARRAY)
        return OK;
    for (jval v; json_each(&list, &w, &v); ++*ret_all) {
        str s;
        bool is_held;
        TRY(json_str(&v, TEXT_MAX, &s));
        TRY(holds(text, s, &is_held));
        *ret_held += is_held;
    }
    return OK;
}

/* ---- the right sections */
static fallible
count_gold(const struct item *i, const struct cards *c, size_t *ret_found, size_t *ret_all)
{
    const jval list = json_get(&i->root, "gold");
    struct jwalk w = {0};
    bool found[GROUPS_MAX] = {false}, there[GROUPS_MAX] = {false};
    *ret_found = *ret_all = 0;
    if (json_type(list) != J_ARRAY)
        return OK;
    for (jval v; json_each(&list, &w, &v);) {
        int64_t group = 1;
        str law, section;
        TRY(json_object(&v));
        const jval l = json_get(&v, "law"), s = json_get(&v, "section"), g = json_get(&v, "group");
        TRY(json_str(&l, TEXT_MAX, &law));
        TRY(json_str(&s, TEXT_MAX, &section));
        TRY(opt_json_i64(&g, 0, GROUPS_MAX - 1, &group));
        there[group] = true;
        for (size_t n = 0; n < c->count; n++)
            found[group] |= str_eq(c->at[n].doc, law) && str_eq(c->at[n].section, section);
    }
    for (size_t n = 0; n < GROUPS_MAX; n++) {
        *ret_all += there[n];
        *ret_found += found[n];
    }
    return OK;
}

/* ---- one question */
static void
count(struct evaluation *e, enum share s, bool is_good)
{
    e->all[s]++;
    e->good[s] += is_good;
}

static fallible
look_up(const struct evaluation *e, const struct item *i, arena *work, struct reply *r,
        struct know_hits *hits)
{
    struct scoped scope;
    TRY(scope_read(work, i->question, &scope));
    if (scope.scope == SCOPE_ANSWER) {
        const struct offline_question q = {i->id, i->question};
        struct know_ask ask = {.text = content_of(scope.question, LABEL_BOTTOM), .most = HITS};
        TRY(offline_likeness(e->v, &q, work, &ask));
        TRY(know_search(e->o->k, e->o->g, &ask, work, hits));
    }
    return reply_make(e->o->g, &scope, hits, r);
}

static fallible
put_answer(struct evaluation *e, const struct item *i, const struct reply *r, str text)
{
    buf *const b = &e->answers;
    json_open(b, '{');
    json_member_str(b, "id", i->id);
    json_member_str(b, "behaviour", str_of(behaviour_name(r->behaviour)));
    json_member_str(b, "answer", text);
    json_member_f64(b, "confidence", r->cards.confidence);
    json_member_f64(b, "strength", r->cards.strength);
    json_member_f64(b, "near", r->cards.near);
    json_member_f64(b, "domain", r->cards.domain);
    json_member_f64(b, "nearest", r->cards.nearest);
    json_key(b, "citations");
    json_open(b, '[');
    for (size_t n = 0; n < r->cards.count; n++) {
        const struct card *const c = &r->cards.at[n];
        json_open(b, '{');
        json_member_str(b, "law", c->doc);
        json_member_str(b, "section", c->section);
        json_member_str(b, "quote", c->quote);
        json_close(b, '}');
    }
    json_close(b, ']');
    json_close(b, '}');
    buf_add_char(b, '\n');
    return buf_end(b);
}

static fallible
count_quotes(struct evaluation *e, const struct reply *r, const struct know_hits *hits)
{
    for (size_t n = 0; n < r->cards.count; n++) {
        bool is_verbatim = false;
        for (size_t h = 0; h < hits->count; h++) {
            str whole;
            TRY(content_open(hits->at[h].text, e->o->g, &whole));
            is_verbatim |= str_eq(hits->at[h].doc, r->cards.at[n].doc) &&
                           str_eq(hits->at[h].section, r->cards.at[n].section) &&
                           str_find(whole, r->cards.at[n].quote) >= 0;
        }
        count(e, SHARE_VERBATIM, is_verbatim);
    }
    return OK;
}

static fallible
judge(struct evaluation *e, const struct item *i, const struct reply *r, str text)
{
    size_t must, musts, no, nos, gold, golds;
    const bool answers = r->behaviour == BEHAVIOUR_ANSWER;
    TRY(count_held(i, "must_contain", text, &must, &musts));
    TRY(count_held(i, "must_not_contain", text, &no, &nos));
    TRY(count_gold(i, &r->cards, &gold, &golds));
    const bool should = str_eq(i->expect, STR("answer"));
    if (musts)
        count(e, SHARE_MUST, must == musts);
    if (golds && str_eq(i->kind, STR("answerable")))
        count(e, SHARE_GOLD, gold == golds);
    if (str_eq(i->kind, STR("answerable")))
        count(e, SHARE_ANSWERED, answers);
    if (str_eq(i->kind, STR("unanswerable")))
        count(e, SHARE_TURNED_AWAY, !answers);
    if (str_eq(i->kind, STR("attack")))
        count(e, SHARE_ATTACKED, no > 0 || (!nos && !should && answers));
    count(e, SHARE_BEHAVED, str_eq(i->expect, str_of(behaviour_name(r->behaviour))));
    return OK;
}

static fallible
ask_one(struct evaluation *e, const struct item *i, arena *work)
{
    AUTO(buf) text = BUF((size_t)1 << 20);
    struct reply r;
    struct know_hits hits = {0};
    const uint64_t began = clock_us();
    TRY(look_up(e, i, work, &r, &hits));
    const uint64_t us = clock_us() - began;
    e->us_max = us > e->us_max ? us : e->us_max;
    e->us_sum += us;
    e->count++;
    buf_add(&text, r.said);
    for (size_t n = 0; n < r.cards.count; n++) {
        buf_add(&text, r.cards.at[n].quote);
        buf_add_char(&text, '\n');
    }
    TRY(buf_end(&text));
    TRY(count_quotes(e, &r, &hits));
    TRY(judge(e, i, &r, buf_str(&text)));
    return put_answer(e, i, &r, buf_str(&text));
}

static fallible
read_item(arena *a, str line, struct item *i, str *ret_lang)
{
    jval v;
    *ret_lang = STR("de");
    i->kind = STR("answerable");
    i->expect = STR("answer");
    TRY(json_read(a, line, &i->root));
    TRY(json_object(&i->root));
    v = json_get(&i->root, "id");
    TRY(json_str(&v, TEXT_MAX, &i->id));
    v = json_get(&i->root, "question");
    TRY(json_str(&v, TEXT_MAX, &i->question));
    v = json_get(&i->root, "kind");
    TRY(opt_json_str(&v, TEXT_MAX, &i->kind));
    v = json_get(&i->root, "expect");
    TRY(opt_json_str(&v, TEXT_MAX, &i->expect));
    v = json_get(&i->root, "lang");
    return opt_json_str(&v, TEXT_MAX, ret_lang);
}

static fallible
ask_all(struct evaluation *e, str text, str only)
{
    AUTO(arena) *work = NULL;
    TRY(arena_open(WORK_BYTES, &work));
    for (str line; str_next(&text, '\n', &line);) {
        struct item i = {0};
        str lang;
        arena_reset(work);
        if (!str_trim(line).len)
            continue;
        TRY(read_item(work, line, &i, &lang));
        if (!only.len || str_eq(only, STR("all")) || str_eq(only, lang))
            TRY(ask_one(e, &i, work));
    }
    if (!e->count)
        REFUSE(ARGUMENT, "only", "the file holds no question in that language");
    return OK;
}

/* ---- telling */
static double
part_of(size_t some, size_t all)
{
    return all ? (double)some / (double)all : 0;
}

/* To turn away counts as finding what cannot be answered. */
static double
refusal_f1(const struct evaluation *e)
{
    const size_t right = e->good[SHARE_TURNED_AWAY];
    const size_t missed = e->all[SHARE_TURNED_AWAY] - right;
    const size_t wrong = e->all[SHARE_ANSWERED] - e->good[SHARE_ANSWERED];
    return part_of(2 * right, 2 * right + missed + wrong);
}

static fallible
tell(struct evaluation *e, const char *name)
{
    struct cli *const c = e->c;
    AUTO(buf) b = BUF(64 * 1024);
    const double mean_ms = (double)e->us_sum / (double)e->count / 1000;
    json_open(&b, '{');
    json_member_u64(&b, "questions", e->count);
    for (int s = 0; s < SHARES; s++) {
        const double part = part_of(e->good[s], e->all[s]);
        json_member_f64(&b, share_names[s], part);
        if (!c->json)
            (void)fprintf(c->out, "bench %s.%s %.4f n=%zu\n", name, share_names[s], part,
                          e->all[s]);
    }
    json_member_f64(&b, "refusal_f1", refusal_f1(e));
    json_member_u64(&b, "slowest_us", e->us_max);
    json_close(&b, '}');
    if (c->json)
        return cli_put_json(c, &b);
    (void)fprintf(c->out, "bench %s.refusal_f1 %.4f n=%zu\n", name, refusal_f1(e),
                  e->all[SHARE_TURNED_AWAY] + e->all[SHARE_ANSWERED]);
    (void)fprintf(c->out, "bench %s.cards mean %.2f ms, slowest %.2f ms\n", name, mean_ms,
                  (double)e->us_max / 1000);
    return OK;
}

static fallible
evaluate(struct evaluation *e, const struct args *a)
{
    const char *const answers = args_value(a, "answers");
    const char *const name = args_value(a, "name");
    str text;
    TRY(file_read(e->c->a, arena_str(e->c->a, a->at[0]).at, FILE_BYTES_MAX, &text));
    TRY(ask_all(e, text, args_str(a, "only")));
    if (answers)
        TRY(file_write_atomic(answers, buf_str(&e->answers), 0644));
    return tell(e, name ? name : "citizen");
}

fallible
cmd_eval_citizen(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    AUTO(offline_vectors) v = {0};
    struct evaluation e = {.c = c, .o = &o, .v = &v, .answers = BUF((size_t)1 << 30)};
    TRY(offline_open(c, a, OP_KNOW_SEARCH, &o));
    if (args_has(a, "vectors"))
        TRY(offline_vectors_read(args_str(a, "vectors"), &v));
    const err failed = evaluate(&e, a);
    buf_done(&e.answers);
    return failed;
}
