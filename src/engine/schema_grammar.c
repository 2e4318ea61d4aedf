/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/utf8.h"
#include "engine/schema.h"
#include "engine/schema_range.h"
#include "engine/schema_tree.h"

struct schema_writer {
    arena *a;
    buf *out;
    uint32_t rules; /* numbers given out */
    uint64_t weight;
    uint32_t used; /* bits of shared rules */
    VEC(struct owed) owed;
};

/* A rule that was named and is still to be written. */
struct owed {
    uint32_t rule;
    void (*write)(struct schema_writer *w, void *what);
    void *what;
};

/* Rules of general use; each may name those before it. */
enum shared { COMMA, COLON, CHAR, STRING, INTEGER, NUMBER, BOOL, VALUE, OBJECT, SHARED_COUNT };

static const struct {
    const char *name, *text;
    uint32_t needs;
} shared[SHARED_COUNT] = {
    [COMMA] = {"comma", "\",\" \" \"?", 0},
    [COLON] = {"colon", "\":\" \" \"?", 0},
    [CHAR] = {"char",
              "[^\"\\\\\\x00-\\x1F\\x7F] | \"\\\\\" ([\"\\\\/bfnrt] | \"u\" ([0-9a-cA-CefEF] "
              "[0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2}))",
              0},
    [STRING] = {"string", "\"\\\"\" char* \"\\\"\"", 1u << CHAR},
    [INTEGER] = {"integer", "\"-\"? (\"0\" | [1-9] [0-9]{0,14})", 0},
    [NUMBER] = {"number", "integer (\".\" [0-9]{1,15})? ([eE] [+-]? [0-9]{1,2})?", 1u << INTEGER},
    [BOOL] = {"boolean", "\"true\" | \"false\"", 0},
    [VALUE] = {"value",
               "object | \"[\" (value (comma value)*)? \"]\" | string | number | boolean | "
               "\"null\"",
               1u << OBJECT | 1u << STRING | 1u << NUMBER | 1u << BOOL | 1u << COMMA},
    [OBJECT] = {"object", "\"{\" (string colon value (comma string colon value)*)? \"}\"",
                1u << VALUE | 1u << STRING | 1u << COLON | 1u << COMMA},
};

static const char *
use(struct schema_writer *w, enum shared what)
{
    if (!(w->used & 1u << what)) {
        w->used |= 1u << what;
        for (uint32_t i = 0; i < SHARED_COUNT; i++)
            if (shared[what].needs & 1u << i)
                use(w, (enum shared)i);
    }
    return shared[what].name;
}

static void
weigh(struct schema_writer *w, uint64_t elements)
{
    w->weight += elements;
}

/* The number of a rule that `write` will write later. */
static uint32_t
owe(struct schema_writer *w, void (*write)(struct schema_writer *, void *), void *what)
{
    const struct owed o = {.rule = ++w->rules, .write = write, .what = what};
    if (VEC_ADD(w->a, &w->owed, &o).code)
        w->out->failed = true;
    return o.rule;
}

/* Numbers for rules written at once, each begun by begin_rule. */
static uint32_t
take_rules(struct schema_writer *w, size_t count)
{
    const uint32_t first = w->rules + 1;
    w->rules += (uint32_t)count;
    return first;
}

static void
begin_rule(struct schema_writer *w, uint32_t rule)
{
    buf_add_fmt(w->out, "\nr%u ::= ", rule);
    weigh(w, 1);
}

/* ---- literals and classes */

static void
put_code_point(buf *out, uint32_t c)
{
    const bool is_plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    if (is_plain)
        buf_add_char(out, (char)c);
    else if (c <= 0xFF)
        buf_add_fmt(out, "\\x%02X", c);
    else
        buf_add_fmt(out, c <= 0xFFFF ? "\\u%04X" : "\\U%08X", c);
}

void
schema_put_literal(buf *out, str text)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        if (c == '"' || c == '\\')
            buf_add_char(out, '\\');
        if ((unsigned char)c < ' ')
            buf_add_fmt(out, "\\x%02X", (unsigned)c);
        else
            buf_add_char(out, c);
    }
    buf_add_char(out, '"');
}

/* The text as a JSON string, within a literal of the grammar. */
static void
put_json_literal(struct schema_writer *w, str text, str behind)
{
    AUTO(buf) json = BUF(SCHEMA_GRAMMAR_BYTES_MAX);
    json_put_str(&json, text);
    buf_add(&json, behind);
    w->out->failed = w->out->failed || json.failed;
    schema_put_literal(w->out, buf_str(&json));
    buf_add_char(w->out, ' ');
    weigh(w, json.len);
}

/* ---- regular expressions, as JSON strings write their characters */

static bool
needs_escape(uint32_t c)
{
    return c < ' ' || c == '"' || c == '\\';
}

static void write_regex(struct schema_writer *w, void *what);

static uint32_t
regex_rule(struct schema_writer *w, struct regex *n)
{
    if (!n->rule)
        n->rule = owe(w, write_regex, n);
    return n->rule;
}

static bool
is_plain_set(const struct regex *n)
{
    for (size_t i = 0; i < n->set.count; i++) {
        const struct regex_range r = n->set.at[i];
        if (r.first < ' ' || (r.first <= '"' && r.last >= '"') ||
            (r.first <= '\\' && r.last >= '\\'))
            return false;
    }
    return n->set.count > 0;
}

static void
put_range(buf *out, uint32_t first, uint32_t last)
{
    if (first > last)
        return;
    put_code_point(out, first);
    if (first == last)
        return;
    buf_add_char(out, '-');
    put_code_point(out, last);
}

/* What of a range needs no escape. */
static void
put_plain_ranges(buf *out, struct regex_range r)
{
    uint32_t from = r.first < ' ' ? ' ' : r.first;
    static const uint32_t holes[] = {'"', '\\'};
    for (size_t i = 0; i < 2; i++)
        if (from <= holes[i] && r.last >= holes[i]) {
            if (from < holes[i])
                put_range(out, from, holes[i] - 1);
            from = holes[i] + 1;
        }
    put_range(out, from, r.last);
}

/* [..] | "\\n" | ...: what must be escaped is. */
static void
put_set(struct schema_writer *w, const struct regex *n)
{
    const size_t start = w->out->len;
    buf_add_char(w->out, '[');
    for (size_t i = 0; i < n->set.count; i++)
        put_plain_ranges(w->out, n->set.at[i]);
    const bool has_plain = w->out->len > start + 1;
    if (has_plain)
        buf_add(w->out, STR("] "));
    else if (!w->out->failed)
        w->out->len = start;
    bool is_first = !has_plain;
    for (uint32_t c = 0; c <= '\\'; c++)
        for (size_t i = 0; needs_escape(c) && i < n->set.count; i++)
            if (n->set.at[i].first <= c && c <= n->set.at[i].last) {
                AUTO(buf) escaped = BUF(16);
                json_put_raw(&escaped, (str){(const char[]){(char)c}, 1});
                w->out->failed = w->out->failed || escaped.failed;
                buf_add(w->out, is_first ? STR("") : STR("| "));
                schema_put_literal(w->out, buf_str(&escaped));
                buf_add_char(w->out, ' ');
                is_first = false;
            }
    weigh(w, 2);
}

static bool
is_single(const struct regex *n)
{
    return n->kind == REGEX_SET && n->set.count == 1 && n->set.at[0].first == n->set.at[0].last;
}

/* One symbol, so that it may be repeated. */
static void
put_unit(struct schema_writer *w, struct regex *n)
{
    if (n->kind == REGEX_SET && is_plain_set(n))
        put_set(w, n);
    else
        buf_add_fmt(w->out, "r%u ", regex_rule(w, n));
    weigh(w, 1);
}

static void
put_repeat(struct schema_writer *w, uint32_t min, uint32_t max)
{
    if (w->out->len && w->out->at[w->out->len - 1] == ' ' && !w->out->failed)
        w->out->len--;
    if (min == 0 && max == REGEX_UNBOUNDED)
        buf_add(w->out, STR("* "));
    else if (min == 1 && max == REGEX_UNBOUNDED)
        buf_add(w->out, STR("+ "));
    else if (min == 0 && max == 1)
        buf_add(w->out, STR("? "));
    else if (max == REGEX_UNBOUNDED)
        buf_add_fmt(w->out, "{%u,} ", min);
    else
        buf_add_fmt(w->out, "{%u,%u} ", min, max);
    weigh(w, max == REGEX_UNBOUNDED ? min + 1 : max);
}

/* A run of single characters is one literal. */
static size_t
put_run(struct schema_writer *w, const struct regex *n, size_t from)
{
    AUTO(buf) text = BUF(SCHEMA_GRAMMAR_BYTES_MAX);
    char room[4] = "";
    size_t i = from;
    for (; i < n->parts.count && is_single(n->parts.at[i]); i++)
        json_put_raw(&text, (str){room, utf8_put(n->parts.at[i]->set.at[0].first, room)});
    w->out->failed = w->out->failed || text.failed;
    schema_put_literal(w->out, buf_str(&text));
    buf_add_char(w->out, ' ');
    weigh(w, text.len);
    return i;
}

static void
put_sequence(struct schema_writer *w, const struct regex *n)
{
    const size_t before = w->out->len;
    for (size_t i = 0; i < n->parts.count;) {
        if (is_single(n->parts.at[i])) {
            i = put_run(w, n, i);
            continue;
        }
        struct regex *part = n->parts.at[i++];
        if (part->kind != REGEX_REPEAT) {
            put_unit(w, part);
        } else if (part->max > 0) {
            put_unit(w, part->part);
            put_repeat(w, part->min, part->max);
        }
    }
    if (w->out->len == before)
        buf_add(w->out, STR("\"\" "));
}

static void
write_regex(struct schema_writer *w, void *what)
{
    struct regex *n = what;
    switch (n->kind) {
    case REGEX_SET:
        put_set(w, n);
        break;
    case REGEX_SEQUENCE:
        put_sequence(w, n);
        break;
    case REGEX_REPEAT:
        put_sequence(w, &(struct regex){.kind = REGEX_SEQUENCE, .parts = {&n, 1, 1}});
        break;
    case REGEX_CHOICE:
        for (size_t i = 0; i < n->parts.count; i++) {
            buf_add(w->out, i ? STR("| ") : STR(""));
            put_unit(w, n->parts.at[i]);
        }
        break;
    }
}

/* ---- names of nodes */

static void write_node(struct schema_writer *w, void *what);

uint32_t
schema_rule_of(struct schema_writer *w, struct schema_node *n)
{
    n = schema_target(n);
    ASSERT(n->is_able);
    if (!n->rule)
        n->rule = owe(w, write_node, n);
    return n->rule;
}

static bool
is_bounded(const struct schema_node *n)
{
    return n->low.is_set || n->high.is_set;
}

/* The shared rule that says it all, or SHARED_COUNT. */
static enum shared
shared_of(const struct schema_node *n)
{
    if (n->kind == SCHEMA_ANY)
        return VALUE;
    if (n->kind == SCHEMA_BOOL)
        return BOOL;
    if (n->kind == SCHEMA_INTEGER && !is_bounded(n))
        return INTEGER;
    if (n->kind == SCHEMA_NUMBER && !is_bounded(n))
        return NUMBER;
    if (n->kind == SCHEMA_STRING && !n->regex && !n->min && n->max == SCHEMA_UNBOUNDED)
        return STRING;
    return SHARED_COUNT;
}

static void
put_node(struct schema_writer *w, struct schema_node *n)
{
    n = schema_target(n);
    const enum shared s = shared_of(n);
    if (s != SHARED_COUNT)
        buf_add_fmt(w->out, "%s ", use(w, s));
    else if (n->kind == SCHEMA_NULL)
        buf_add(w->out, STR("\"null\" "));
    else
        buf_add_fmt(w->out, "r%u ", schema_rule_of(w, n));
    weigh(w, 1);
}

const char *
schema_any_object(struct schema_writer *w)
{
    return use(w, OBJECT);
}

/* ---- strings: lengths above 64 count in blocks, for repetitions are written out */

enum { BLOCK = 64 };

static void
put_times(struct schema_writer *w, const char *name, uint32_t min, uint32_t max)
{
    if (!max)
        return;
    buf_add_fmt(w->out, "%s ", name);
    put_repeat(w, min, max);
}

/* After the least length so many more may come. */
static void
put_more(struct schema_writer *w, const char *block, uint32_t more)
{
    if (more < BLOCK) {
        put_times(w, "char", 0, more);
        return;
    }
    buf_add(w->out, STR("("));
    put_times(w, block, 0, more / BLOCK - 1);
    put_times(w, "char", 0, BLOCK - 1);
    buf_add(w->out, STR("| "));
    put_times(w, block, more / BLOCK, more / BLOCK);
    put_times(w, "char", 0, more % BLOCK);
    buf_add(w->out, STR(") "));
}

static void
put_length(struct schema_writer *w, const struct schema_node *n)
{
    const uint32_t rule = take_rules(w, 1);
    char block[16];
    if (!str_copy(arena_fmt(w->a, "r%u", rule), block, sizeof block))
        UNREACHABLE("a number has ten digits");
    put_times(w, block, n->min / BLOCK, n->min / BLOCK);
    put_times(w, "char", n->min % BLOCK, n->min % BLOCK);
    if (n->max == SCHEMA_UNBOUNDED)
        put_times(w, "char", 0, REGEX_UNBOUNDED);
    else
        put_more(w, block, n->max - n->min);
    buf_add(w->out, STR("\"\\\"\" "));
    begin_rule(w, rule);
    put_times(w, "char", BLOCK, BLOCK);
}

static void
write_string(struct schema_writer *w, const struct schema_node *n)
{
    buf_add(w->out, STR("\"\\\"\" "));
    if (n->regex) {
        buf_add_fmt(w->out, "r%u \"\\\"\" ", regex_rule(w, n->regex));
        return;
    }
    use(w, CHAR);
    put_length(w, n);
}

/* ---- arrays: one rule for what may come after so many items */

static struct schema_node *
item_at(const struct schema_node *n, size_t i)
{
    return i < n->parts.count ? n->parts.at[i] : n->rest;
}

static void
put_item_state(struct schema_writer *w, const struct schema_node *n, size_t i, uint32_t next)
{
    struct schema_node *item = item_at(n, i);
    if (i >= n->max || !item->is_able) {
        buf_add(w->out, STR("\"]\" "));
        return;
    }
    if (i >= n->min)
        buf_add(w->out, STR("\"]\" | "));
    if (i)
        buf_add_fmt(w->out, "%s ", use(w, COMMA));
    put_node(w, item);
    buf_add_fmt(w->out, "r%u ", next);
}

static void
write_array(struct schema_writer *w, const struct schema_node *n)
{
    const uint32_t own = n->parts.count ? (uint32_t)n->parts.count : 1;
    const uint32_t first = take_rules(w, own + 2), tail = first + own + 1;
    const bool has_tail = n->rest->is_able && n->max > own;
    buf_add_fmt(w->out, "\"[\" r%u ", first);
    for (uint32_t i = 0; i < own; i++) {
        begin_rule(w, first + i);
        put_item_state(w, n, i, first + i + 1);
    }
    begin_rule(w, first + own);
    if (has_tail) {
        buf_add_fmt(w->out, "r%u ", tail);
        put_repeat(w, n->min > own ? n->min - own : 0,
                   n->max == SCHEMA_UNBOUNDED ? n->max : n->max - own);
    }
    buf_add(w->out, STR("\"]\" "));
    if (!has_tail)
        return;
    begin_rule(w, tail);
    buf_add_fmt(w->out, "%s ", use(w, COMMA));
    put_node(w, n->rest);
}

/* ---- names that are none of those known: a tree of their characters */

struct letter {
    uint32_t c;
    bool ends_name;
    struct letter *first, *next;
};

static struct letter *
letter_for(struct schema_writer *w, struct letter *at, uint32_t c)
{
    void *room;
    for (struct letter *l = at->first; l; l = l->next)
        if (l->c == c)
            return l;
    if (try_arena_get(w->a, 1, sizeof(struct letter), &room).code) {
        w->out->failed = true;
        return at;
    }
    struct letter *l = room;
    *l = (struct letter){.c = c, .next = at->first};
    at->first = l;
    return l;
}

/* A name with escapes cannot be written here, so it need not be kept away from. */
static void
add_name(struct schema_writer *w, struct letter *root, str name)
{
    struct letter *at = root;
    uint32_t c;
    for (size_t i = 0; i < name.len; i++)
        if (needs_escape((unsigned char)name.at[i]) || name.at[i] == 0x7F)
            return;
    while (utf8_next(&name, &c))
        at = letter_for(w, at, c);
    at->ends_name = true;
}

static void
write_letter(struct schema_writer *w, void *what)
{
    const struct letter *at = what;
    if (!at->ends_name)
        buf_add(w->out, STR("\"\\\"\" | "));
    for (struct letter *l = at->first; l; l = l->next) {
        buf_add_char(w->out, '[');
        put_code_point(w->out, l->c);
        buf_add_fmt(w->out, "] r%u | ", owe(w, write_letter, l));
        weigh(w, 2);
    }
    buf_add(w->out, STR("[^\"\\\\\\x00-\\x1F\\x7F"));
    for (const struct letter *l = at->first; l; l = l->next)
        put_code_point(w->out, l->c);
    buf_add(w->out, STR("] [^\"\\\\\\x00-\\x1F\\x7F]* \"\\\"\" "));
    weigh(w, 4);
}

static void
write_other_name(struct schema_writer *w, void *what)
{
    const struct schema_node *n = what;
    struct letter *root = arena_new(w->a, struct letter);
    for (size_t i = 0; i < n->properties.count; i++)
        add_name(w, root, n->properties.at[i].name);
    buf_add(w->out, STR("\"\\\"\" "));
    buf_add_fmt(w->out, "r%u ", owe(w, write_letter, root));
}

/* ---- objects: rules F for "nothing written yet", rules R for "something written" */

struct members {
    struct schema_property *at;
    size_t count, first_required;
    uint32_t nothing, something; /* the rules F of member 0, R of member 1 */
    uint32_t other;              /* the rule of other members; 0: there are none */
};

/* Those that can be written, in order. */
static void
find_members(struct schema_writer *w, const struct schema_node *n, struct members *ret)
{
    void *room;
    *ret = (struct members){0};
    if (try_arena_get(w->a, n->properties.count + 1, sizeof(struct schema_property), &room).code) {
        w->out->failed = true;
        return;
    }
    ret->at = room;
    ret->first_required = n->properties.count;
    for (size_t i = 0; i < n->properties.count; i++) {
        const struct schema_property *p = &n->properties.at[i];
        if (!p->node->is_able)
            continue;
        if (p->required && ret->first_required > ret->count)
            ret->first_required = ret->count;
        ret->at[ret->count++] = *p;
    }
    if (ret->first_required > ret->count)
        ret->first_required = ret->count;
}

static void
put_member(struct schema_writer *w, const struct schema_property *p)
{
    put_json_literal(w, p->name, STR(":"));
    buf_add(w->out, STR("\" \"? "));
    put_node(w, p->node);
}

/* What may follow a member: all of it in one rule. */
static void
put_in_line(struct schema_writer *w, const struct members *m)
{
    const char *comma = use(w, COMMA);
    for (size_t i = 0; i < m->count; i++) {
        const struct schema_property *p = &m->at[i];
        buf_add(w->out, p->required ? STR("") : STR("("));
        if (i)
            buf_add_fmt(w->out, "%s ", comma);
        put_member(w, p);
        buf_add(w->out, p->required ? STR("") : STR(")? "));
    }
    if (m->other)
        buf_add_fmt(w->out, "(%s r%u)* ", comma, m->other);
}

static void
begin_nothing(struct schema_writer *w, const struct members *m, size_t i)
{
    begin_rule(w, m->nothing + (uint32_t)i);
    if (i < m->count) {
        put_member(w, &m->at[i]);
        buf_add_fmt(w->out, "r%u ", m->something + (uint32_t)i);
        if (!m->at[i].required)
            buf_add_fmt(w->out, "| r%u ", m->nothing + (uint32_t)i + 1);
    } else if (m->other) {
        buf_add_fmt(w->out, "(r%u (%s r%u)*)? ", m->other, use(w, COMMA), m->other);
    } else {
        buf_add(w->out, STR("\"\" "));
    }
}

static void
begin_something(struct schema_writer *w, const struct members *m, size_t i)
{
    const char *comma = use(w, COMMA);
    begin_rule(w, m->something + (uint32_t)i - 1);
    if (i < m->count) {
        buf_add_fmt(w->out, "%s ", comma);
        put_member(w, &m->at[i]);
        buf_add_fmt(w->out, "r%u ", m->something + (uint32_t)i);
        if (!m->at[i].required)
            buf_add_fmt(w->out, "| r%u ", m->something + (uint32_t)i);
    } else if (m->other) {
        buf_add_fmt(w->out, "(%s r%u)* ", comma, m->other);
    } else {
        buf_add(w->out, STR("\"\" "));
    }
}

static void
write_object(struct schema_writer *w, struct schema_node *n)
{
    struct members m;
    find_members(w, n, &m);
    const uint32_t other_name = n->rest && n->rest->is_able ? owe(w, write_other_name, n) : 0;
    if (other_name)
        m.other = take_rules(w, 1);
    buf_add(w->out, STR("\"{\" "));
    if (m.count && m.first_required == 0) {
        put_in_line(w, &m);
        buf_add(w->out, STR("\"}\" "));
    } else {
        m.nothing = take_rules(w, m.first_required + 1 + m.count);
        m.something = m.nothing + (uint32_t)m.first_required + 1;
        buf_add_fmt(w->out, "r%u \"}\" ", m.nothing);
        for (size_t i = 0; i <= m.first_required; i++)
            begin_nothing(w, &m, i);
        for (size_t i = 1; i <= m.count; i++)
            begin_something(w, &m, i);
    }
    if (!other_name)
        return;
    begin_rule(w, m.other);
    buf_add_fmt(w->out, "r%u %s ", other_name, use(w, COLON));
    put_node(w, n->rest);
}

/* ---- the rest of the kinds */

static void
write_union(struct schema_writer *w, const struct schema_node *n)
{
    bool is_first = true;
    for (size_t i = 0; i < n->parts.count; i++) {
        if (!n->parts.at[i]->is_able)
            continue;
        buf_add(w->out, is_first ? STR("") : STR("| "));
        put_node(w, n->parts.at[i]);
        is_first = false;
    }
}

static void
write_literals(struct schema_writer *w, const struct schema_node *n)
{
    for (size_t i = 0; i < n->literals.count; i++) {
        buf_add(w->out, i ? STR("| ") : STR(""));
        schema_put_literal(w->out, n->literals.at[i].text);
        buf_add_char(w->out, ' ');
        weigh(w, n->literals.at[i].text.len);
    }
}

static void
write_range(struct schema_writer *w, const struct schema_node *n)
{
    const size_t before = w->out->len;
    const bool has_any = n->kind == SCHEMA_INTEGER ? schema_put_integers(w->out, &n->low, &n->high)
                                                   : schema_put_numbers(w->out, &n->low, &n->high);
    ASSERT(has_any);
    weigh(w, w->out->len - before);
}

static void
write_node(struct schema_writer *w, void *what)
{
    struct schema_node *n = what;
    if (shared_of(n) != SHARED_COUNT || n->kind == SCHEMA_NULL)
        put_node(w, n);
    else if (n->kind == SCHEMA_STRING)
        write_string(w, n);
    else if (n->kind == SCHEMA_ARRAY)
        write_array(w, n);
    else if (n->kind == SCHEMA_OBJECT)
        write_object(w, n);
    else if (n->kind == SCHEMA_UNION)
        write_union(w, n);
    else if (n->kind == SCHEMA_LITERALS)
        write_literals(w, n);
    else
        write_range(w, n);
}

/* ---- the whole */

fallible
schema_writer_new(arena *a, buf *out, struct schema_writer **ret)
{
    void *room;
    TRY(try_arena_get(a, 1, sizeof(struct schema_writer), &room));
    struct schema_writer *w = room;
    *w = (struct schema_writer){.a = a, .out = out};
    *ret = w;
    return OK;
}

const char *
schema_comma(struct schema_writer *w)
{
    return use(w, COMMA);
}

fallible
schema_write_rest(struct schema_writer *w)
{
    for (size_t i = 0; i < w->owed.count; i++) {
        const struct owed o = w->owed.at[i];
        buf_add_fmt(w->out, "r%u ::= ", o.rule);
        o.write(w, o.what);
        buf_add_char(w->out, '\n');
        if (w->weight > SCHEMA_WEIGHT_MAX || w->out->len > SCHEMA_GRAMMAR_BYTES_MAX)
            REFUSE(UNSUPPORTED, "", "the schema is too large: its grammar has no bounds we keep");
    }
    for (size_t i = 0; i < SHARED_COUNT; i++)
        if (w->used & 1u << i)
            buf_add_fmt(w->out, "%s ::= %s\n", shared[i].name, shared[i].text);
    return buf_end(w->out);
}
