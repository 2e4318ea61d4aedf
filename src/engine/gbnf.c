/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/gbnf.h"

#include "base/map.h"
#include "base/utf8.h"
#include "base/vec.h"

enum { NAME_BYTES_MAX = 32, UNBOUNDED = UINT32_MAX, COST_NONE = UINT32_MAX };
enum { REACH_MAX = 200000, DEPTH_FREE_MAX = 60 };

enum kind { TEXT, CLASS, RULE, SEQUENCE, CHOICE, REPEAT };

struct range {
    uint32_t first, last;
};

struct node {
    enum kind kind;
    str text; /* TEXT: unescaped UTF-8 */
    bool negated;
    VEC(struct range) ranges;
    VEC(struct node *) parts; /* SEQUENCE, CHOICE; REPEAT: one */
    uint32_t min, max;
    uint32_t rule;
    uint32_t cost; /* of the shortest text, in bytes */
};

struct rule {
    str name;
    struct node *body; /* NULL: named, not defined */
    uint32_t cost;
    uint8_t mark;
};

struct gbnf {
    VEC(struct rule) rules;
    uint32_t root;
};

struct parser {
    arena *a;
    str rest;
    struct gbnf *g;
    map names; /* to index + 1 */
    unsigned depth;
};

/* ---- reading */

static fallible
node_new(struct parser *p, enum kind kind, struct node **ret)
{
    void *room;
    TRY(try_arena_get(p->a, 1, sizeof(struct node), &room));
    *ret = room;
    (*ret)->kind = kind;
    (*ret)->cost = COST_NONE;
    return OK;
}

static char
peek(const struct parser *p)
{
    return p->rest.len ? p->rest.at[0] : '\0';
}

static bool
take(struct parser *p, char c)
{
    if (!p->rest.len || p->rest.at[0] != c)
        return false;
    p->rest = str_slice(p->rest, 1, p->rest.len);
    return true;
}

static void
skip_spaces(struct parser *p)
{
    while (peek(p) == ' ')
        p->rest = str_slice(p->rest, 1, p->rest.len);
}

static bool
is_name_char(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-';
}

static fallible
take_name(struct parser *p, uint32_t *ret)
{
    size_t len = 0;
    while (len < p->rest.len && is_name_char(p->rest.at[len]))
        len++;
    const struct rule r = {.name = str_slice(p->rest, 0, len), .cost = COST_NONE};
    if (!len || len > NAME_BYTES_MAX)
        FAIL(ARGUMENT, "a rule's name has %zu characters", len);
    p->rest = str_slice(p->rest, len, p->rest.len);
    const uintptr_t at = (uintptr_t)map_get(&p->names, r.name);
    if (at) {
        *ret = (uint32_t)(at - 1);
        return OK;
    }
    if (p->g->rules.count >= GBNF_RULES_MAX)
        FAIL(ARGUMENT, "more than %d rules", GBNF_RULES_MAX);
    *ret = (uint32_t)p->g->rules.count;
    TRY(VEC_ADD(p->a, &p->g->rules, &r));
    return map_put(&p->names, r.name, (void *)(uintptr_t)(*ret + 1));
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

static fallible
take_hex(struct parser *p, size_t count, uint32_t *ret)
{
    uint32_t c = 0;
    for (size_t i = 0; i < count; i++) {
        const int digit = hex_value(peek(p));
        if (digit < 0)
            FAIL(ARGUMENT, "an escape needs %zu hexadecimal digits", count);
        c = c * 16 + (uint32_t)digit;
        p->rest = str_slice(p->rest, 1, p->rest.len);
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        FAIL(ARGUMENT, "an escape is no character");
    *ret = c;
    return OK;
}

static fallible
take_char(struct parser *p, uint32_t *ret)
{
    if (!take(p, '\\')) {
        if (!utf8_next(&p->rest, ret) || *ret < ' ')
            FAIL(ARGUMENT, "a character that does not belong here");
        return OK;
    }
    if (take(p, 'x'))
        return take_hex(p, 2, ret);
    if (take(p, 'u'))
        return take_hex(p, 4, ret);
    if (take(p, 'U'))
        return take_hex(p, 8, ret);
    const char c = peek(p);
    if (c != '"' && c != '\\')
        FAIL(ARGUMENT, "an unknown escape");
    p->rest = str_slice(p->rest, 1, p->rest.len);
    *ret = (uint32_t)c;
    return OK;
}

static fallible
take_text(struct parser *p, struct node *n)
{
    AUTO(buf) text = BUF(GBNF_BYTES_MAX);
    char room[4] = "";
    while (!take(p, '"')) {
        uint32_t c;
        TRY(take_char(p, &c));
        buf_add(&text, (str){room, utf8_put(c, room)});
    }
    TRY(buf_end(&text));
    return try_arena_str(p->a, buf_str(&text), &n->text);
}

static fallible
take_class(struct parser *p, struct node *n)
{
    n->negated = take(p, '^');
    while (!take(p, ']')) {
        struct range r;
        TRY(take_char(p, &r.first));
        r.last = r.first;
        if (peek(p) == '-' && p->rest.len > 1 && p->rest.at[1] != ']') {
            take(p, '-');
            TRY(take_char(p, &r.last));
        }
        if (r.last < r.first)
            FAIL(ARGUMENT, "a range runs backwards");
        TRY(VEC_ADD(p->a, &n->ranges, &r));
    }
    if (!n->ranges.count)
        FAIL(ARGUMENT, "an empty class");
    return OK;
}

static fallible take_choice(struct parser *p, struct node **ret);

static fallible
take_item(struct parser *p, struct node **ret)
{
    if (take(p, '(')) {
        if (++p->depth > GBNF_NESTING_MAX)
            FAIL(ARGUMENT, "brackets lie more than %d deep", GBNF_NESTING_MAX);
        TRY(take_choice(p, ret));
        p->depth--;
        if (!take(p, ')'))
            FAIL(ARGUMENT, "a bracket is not closed");
        return OK;
    }
    if (take(p, '"')) {
        TRY(node_new(p, TEXT, ret));
        return take_text(p, *ret);
    }
    if (take(p, '[')) {
        TRY(node_new(p, CLASS, ret));
        return take_class(p, *ret);
    }
    TRY(node_new(p, RULE, ret));
    return take_name(p, &(*ret)->rule);
}

static fallible
take_number(struct parser *p, uint32_t *ret)
{
    uint32_t n = 0;
    if (peek(p) < '0' || peek(p) > '9')
        FAIL(ARGUMENT, "a repetition without a number");
    while (peek(p) >= '0' && peek(p) <= '9' && n <= GBNF_REPEAT_MAX) {
        n = n * 10 + (uint32_t)(peek(p) - '0');
        p->rest = str_slice(p->rest, 1, p->rest.len);
    }
    if (n > GBNF_REPEAT_MAX)
        FAIL(ARGUMENT, "more than %d repetitions", GBNF_REPEAT_MAX);
    *ret = n;
    return OK;
}

static fallible
take_bounds(struct parser *p, struct node *n)
{
    n->max = UNBOUNDED;
    if (take(p, '*'))
        return OK;
    if (take(p, '+')) {
        n->min = 1;
        return OK;
    }
    if (take(p, '?')) {
        n->max = 1;
        return OK;
    }
    take(p, '{');
    TRY(take_number(p, &n->min));
    n->max = n->min;
    if (take(p, ',')) {
        n->max = UNBOUNDED;
        if (peek(p) != '}')
            TRY(take_number(p, &n->max));
    }
    if (!take(p, '}') || n->max < n->min || !n->max)
        FAIL(ARGUMENT, "a repetition is malformed");
    return OK;
}

static bool
is_sequence_end(const struct parser *p)
{
    const char c = peek(p);
    return c == '\0' || c == '|' || c == ')' || c == '\n';
}

static fallible
take_sequence(struct parser *p, struct node **ret)
{
    struct node *n, *item, *repeat;
    TRY(node_new(p, SEQUENCE, &n));
    skip_spaces(p);
    while (!is_sequence_end(p)) {
        TRY(take_item(p, &item));
        if (p->rest.len && strchr("*+?{", peek(p))) {
            TRY(node_new(p, REPEAT, &repeat));
            TRY(VEC_ADD(p->a, &repeat->parts, &item));
            TRY(take_bounds(p, repeat));
            item = repeat;
        }
        TRY(VEC_ADD(p->a, &n->parts, &item));
        skip_spaces(p);
    }
    *ret = n;
    return OK;
}

static fallible
take_choice(struct parser *p, struct node **ret)
{
    struct node *n, *branch;
    TRY(take_sequence(p, &branch));
    *ret = branch;
    if (peek(p) != '|')
        return OK;
    TRY(node_new(p, CHOICE, &n));
    TRY(VEC_ADD(p->a, &n->parts, &branch));
    while (take(p, '|')) {
        TRY(take_sequence(p, &branch));
        TRY(VEC_ADD(p->a, &n->parts, &branch));
    }
    *ret = n;
    return OK;
}

static fallible
take_rules(struct parser *p)
{
    while (p->rest.len) {
        uint32_t at;
        struct node *body;
        TRY(take_name(p, &at));
        if (!str_starts(p->rest, STR(" ::= ")))
            FAIL(ARGUMENT, "a rule without ::=");
        p->rest = str_slice(p->rest, 5, p->rest.len);
        TRY(take_choice(p, &body));
        if (p->g->rules.at[at].body)
            FAIL(ARGUMENT, "a rule is defined twice");
        p->g->rules.at[at].body = body;
        if (!take(p, '\n'))
            FAIL(ARGUMENT, "a rule does not end with its line");
    }
    return OK;
}

/* ---- costs: the shortest text, to a fixed point */

static uint32_t
plus(uint32_t a, uint32_t b)
{
    return a >= COST_NONE - b ? COST_NONE : a + b;
}

static uint32_t
times(uint32_t cost, uint32_t count)
{
    const uint64_t product = (uint64_t)cost * count;
    return !count ? 0 : cost == COST_NONE || product >= COST_NONE ? COST_NONE : (uint32_t)product;
}

static uint32_t
cost_of(const struct gbnf *g, struct node *n)
{
    uint32_t cost = n->kind == CHOICE ? COST_NONE : 0;
    for (size_t i = 0; i < n->parts.count; i++) {
        const uint32_t part = cost_of(g, n->parts.at[i]);
        if (n->kind == CHOICE)
            cost = part < cost ? part : cost;
        else
            cost = plus(cost, n->kind == REPEAT ? times(part, n->min) : part);
    }
    if (n->kind == TEXT)
        cost = (uint32_t)n->text.len;
    if (n->kind == CLASS)
        cost = 1;
    if (n->kind == RULE)
        cost = g->rules.at[n->rule].cost;
    n->cost = cost;
    return cost;
}

static void
find_costs(struct gbnf *g)
{
    bool again = true;
    while (again) {
        again = false;
        for (size_t i = g->rules.count; i-- > 0;) {
            struct rule *r = &g->rules.at[i];
            const uint32_t cost = cost_of(g, r->body);
            again = again || cost < r->cost;
            r->cost = cost < r->cost ? cost : r->cost;
        }
    }
}

/* ---- rules that lead back to themselves before a character is taken */

enum { UNSEEN, OPEN, CLOSED };

static fallible check_rule(struct gbnf *g, uint32_t at, unsigned depth);

/* Visits what may come first. */
static fallible
check_first(struct gbnf *g, const struct node *n, unsigned depth)
{
    if (n->kind == RULE)
        return check_rule(g, n->rule, depth + 1);
    for (size_t i = 0; i < n->parts.count; i++) {
        TRY(check_first(g, n->parts.at[i], depth));
        if (n->kind == SEQUENCE && n->parts.at[i]->cost)
            break;
    }
    if (n->kind == REPEAT && n->max > 1 && !n->parts.at[0]->cost)
        FAIL(ARGUMENT, "a repetition of what may be empty");
    return OK;
}

static fallible
check_rule(struct gbnf *g, uint32_t at, unsigned depth)
{
    struct rule *r = &g->rules.at[at];
    if (r->mark == OPEN)
        FAIL(ARGUMENT, "a rule leads back to itself");
    if (r->mark == CLOSED)
        return OK;
    if (depth > GBNF_RULES_MAX / 8)
        FAIL(ARGUMENT, "rules begin with each other too deep");
    r->mark = OPEN;
    TRY(check_first(g, r->body, depth));
    g->rules.at[at].mark = CLOSED;
    return OK;
}

static fallible
check(struct gbnf *g)
{
    for (size_t i = 0; i < g->rules.count; i++)
        if (!g->rules.at[i].body)
            FAIL(ARGUMENT, "a rule is named and not defined");
    find_costs(g);
    for (size_t i = 0; i < g->rules.count; i++) {
        if (g->rules.at[i].cost == COST_NONE)
            FAIL(ARGUMENT, "a rule has no end");
        TRY(check_rule(g, (uint32_t)i, 0));
    }
    return OK;
}

static fallible
read_rules(struct parser *p, str text)
{
    if (text.len > GBNF_BYTES_MAX || !utf8_valid(text))
        FAIL(ARGUMENT, "a grammar of %zu bytes is too long or not UTF-8", text.len);
    p->rest = STR("root");
    TRY(take_name(p, &p->g->root));
    p->rest = text;
    TRY(take_rules(p));
    return check(p->g);
}

fallible
gbnf_read(arena *a, str text, struct gbnf **ret)
{
    void *room;
    TRY(try_arena_get(a, 1, sizeof(struct gbnf), &room));
    struct parser p = {.a = a, .g = room};
    const err e = read_rules(&p, text);
    map_done(&p.names);
    if (e.code)
        return err_pass(e, __FILE__, __LINE__, __func__);
    *ret = room;
    return OK;
}

/* ---- walking at random */

struct walker {
    const struct gbnf *g;
    buf *out;
    size_t aim;
    uint64_t state;
    unsigned depth;
};

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint32_t
draw(struct walker *w, uint32_t below)
{
    uint64_t z = w->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 33) % below;
}

static bool
is_late(const struct walker *w)
{
    return w->out->len >= w->aim || w->depth > DEPTH_FREE_MAX;
}

static bool
is_in_class(const struct node *n, uint32_t c)
{
    bool is_in = false;
    for (size_t i = 0; i < n->ranges.count && !is_in; i++)
        is_in = n->ranges.at[i].first <= c && c <= n->ranges.at[i].last;
    return is_in != n->negated;
}

static uint32_t
pick_char(struct walker *w, const struct node *n)
{
    static const uint32_t others[] = {' ', 0xE4, 0xDF, 0x20AC, 0x1F600, '0', 'Z', '.'};
    const struct range *r = &n->ranges.at[draw(w, (uint32_t)n->ranges.count)];
    const uint32_t room = r->last - r->first + 1;
    if (!n->negated)
        return r->first + draw(w, room < 96 ? room : 96);
    uint32_t c = 'a' + draw(w, 26);
    if (draw(w, 8) == 0)
        c = others[draw(w, sizeof others / sizeof *others)];
    while (!is_in_class(n, c)) /* ends: a class names fewer characters than there are */
        c = c == 0x10FFFF ? ' ' : c == 0xD7FF ? 0xE000 : c + 1;
    return c;
}

static struct node *
pick_branch(struct walker *w, const struct node *n)
{
    struct node *shortest = n->parts.at[0];
    for (size_t i = 1; i < n->parts.count; i++)
        if (n->parts.at[i]->cost < shortest->cost)
            shortest = n->parts.at[i];
    if (is_late(w))
        return shortest;
    /* The first is the usual one: letters rather than escapes. */
    return n->parts.at[draw(w, 2) ? 0 : draw(w, (uint32_t)n->parts.count)];
}

static uint32_t
pick_count(struct walker *w, const struct node *n)
{
    const uint32_t more = n->max == UNBOUNDED || n->max - n->min > 7 ? 7 : n->max - n->min;
    return is_late(w) ? n->min : n->min + draw(w, more + 1);
}

static void
walk(struct walker *w, const struct node *n)
{
    char room[4] = "";
    w->depth++;
    switch (n->kind) {
    case TEXT:
        buf_add(w->out, n->text);
        break;
    case CLASS:
        buf_add(w->out, (str){room, utf8_put(pick_char(w, n), room)});
        break;
    case RULE:
        walk(w, w->g->rules.at[n->rule].body);
        break;
    case SEQUENCE:
        for (size_t i = 0; i < n->parts.count; i++)
            walk(w, n->parts.at[i]);
        break;
    case CHOICE:
        walk(w, pick_branch(w, n));
        break;
    case REPEAT:
        for (uint32_t i = pick_count(w, n); i > 0 && !w->out->failed; i--)
            walk(w, n->parts.at[0]);
        break;
    }
    w->depth--;
}

fallible
gbnf_sample(const struct gbnf *g, uint64_t seed, size_t aim, buf *out)
{
    struct walker w = {.g = g, .out = out, .aim = out->len + aim, .state = seed};
    if (g->rules.at[g->root].cost > out->limit)
        FAIL(LIMIT, "the shortest text of a grammar has %u bytes", g->rules.at[g->root].cost);
    walk(&w, g->rules.at[g->root].body);
    return buf_end(out);
}

/* ---- does a text belong to it: where it may go on, all places at once */

struct places {
    uint64_t bits[(GBNF_MATCH_BYTES_MAX + 1) / 64];
};

struct matcher {
    const struct gbnf *g;
    str text;
    uint32_t left; /* steps */
};

#define PLACES (sizeof(struct places) / sizeof(uint64_t))

static bool
has_place(const struct places *s, size_t at)
{
    return s->bits[at / 64] >> at % 64 & 1;
}

static void
put_place(struct places *s, size_t at)
{
    s->bits[at / 64] |= (uint64_t)1 << at % 64;
}

/* True when that added some. */
static bool
unite(struct places *s, const struct places *more)
{
    bool grew = false;
    for (size_t i = 0; i < PLACES; i++) {
        grew = grew || (more->bits[i] & ~s->bits[i]);
        s->bits[i] |= more->bits[i];
    }
    return grew;
}

static bool
has_any(const struct places *s)
{
    uint64_t all = 0;
    for (size_t i = 0; i < PLACES; i++)
        all |= s->bits[i];
    return all != 0;
}

static struct places go_on(struct matcher *m, const struct node *n, struct places from);

static struct places
match_one(const struct matcher *m, const struct node *n, struct places from)
{
    struct places to = {{0}};
    for (size_t at = 0; at <= m->text.len; at++) {
        str rest = str_slice(m->text, at, m->text.len);
        uint32_t c;
        if (!has_place(&from, at))
            continue;
        if (n->kind == TEXT && str_starts(rest, n->text))
            put_place(&to, at + n->text.len);
        if (n->kind == CLASS && utf8_next(&rest, &c) && is_in_class(n, c))
            put_place(&to, m->text.len - rest.len);
    }
    return to;
}

static struct places
match_repeat(struct matcher *m, const struct node *n, struct places from)
{
    struct places all = {{0}};
    for (uint32_t i = 0; i < n->min && has_any(&from); i++)
        from = go_on(m, n->parts.at[0], from);
    all = from;
    for (uint32_t i = n->min; i < n->max && has_any(&from); i++) {
        from = go_on(m, n->parts.at[0], from);
        if (!unite(&all, &from))
            break;
    }
    return all;
}

static struct places
go_on(struct matcher *m, const struct node *n, struct places from)
{
    struct places to = {{0}};
    if (!has_any(&from) || !m->left)
        return to;
    m->left--;
    switch (n->kind) {
    case TEXT:
    case CLASS:
        return match_one(m, n, from);
    case RULE:
        return go_on(m, m->g->rules.at[n->rule].body, from);
    case REPEAT:
        return match_repeat(m, n, from);
    case SEQUENCE:
        for (size_t i = 0; i < n->parts.count; i++)
            from = go_on(m, n->parts.at[i], from);
        return from;
    case CHOICE:
        for (size_t i = 0; i < n->parts.count; i++) {
            const struct places more = go_on(m, n->parts.at[i], from);
            unite(&to, &more);
        }
        return to;
    }
    UNREACHABLE("every kind is named");
}

bool
gbnf_matches(const struct gbnf *g, str text)
{
    struct matcher m = {.g = g, .text = text, .left = REACH_MAX};
    struct places from = {{1}};
    ASSERT(text.len <= GBNF_MATCH_BYTES_MAX && utf8_valid(text));
    const struct places to = go_on(&m, g->rules.at[g->root].body, from);
    return has_place(&to, text.len);
}
