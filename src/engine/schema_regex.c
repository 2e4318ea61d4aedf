/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/schema_regex.h"

#include "base/utf8.h"

enum { GROUPS_MAX = 32, REPEAT_MAX = 1000, CODE_POINT_MAX = 0x10FFFF };

struct parser {
    arena *a;
    str rest;
    const char *path;
    uint32_t depth;
};

#define NO(p, what) REFUSE(UNSUPPORTED, (p)->path, "%s: pattern: %s", (p)->path, what)

static const struct regex_range every[] = {{0, 0xD7FF}, {0xE000, CODE_POINT_MAX}};
static const struct regex_range digits[] = {{'0', '9'}};
static const struct regex_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
static const struct regex_range line_ends[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
static const struct regex_range spaces[] = {
    {9, 13},          {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
    {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---- sets */

static fallible
set_add(arena *a, struct regex *n, const struct regex_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(VEC_ADD(a, &n->set, &ranges[i]));
    return OK;
}

static int
by_first(const void *x, const void *y)
{
    const struct regex_range *a = x, *b = y;
    return (a->first > b->first) - (a->first < b->first);
}

/* Sorted and apart. */
static void
set_settle(struct regex *n)
{
    size_t count = 0;
    if (n->set.count)
        qsort(n->set.at, n->set.count, sizeof *n->set.at, by_first);
    for (size_t i = 0; i < n->set.count; i++) {
        const struct regex_range r = n->set.at[i];
        if (count && r.first <= n->set.at[count - 1].last + 1) {
            if (r.last > n->set.at[count - 1].last)
                n->set.at[count - 1].last = r.last;
        } else {
            n->set.at[count++] = r;
        }
    }
    n->set.count = count;
}

static fallible
add_between(arena *a, struct regex *n, uint32_t first, uint32_t end)
{
    const struct regex_range r = {first, end - 1};
    return first < end ? VEC_ADD(a, &n->set, &r) : OK;
}

/* Adds to `n` what `ranges` (sorted, apart) leave out; surrogates are no characters. */
static fallible
set_add_others(arena *a, struct regex *n, const struct regex_range *ranges, size_t count)
{
    for (size_t k = 0; k < COUNT(every); k++) {
        uint32_t from = every[k].first;
        for (size_t i = 0; i < count && ranges[i].first <= every[k].last; i++) {
            if (ranges[i].last < from)
                continue;
            TRY(add_between(a, n, from, ranges[i].first > from ? ranges[i].first : from));
            from = ranges[i].last + 1;
        }
        TRY(add_between(a, n, from, every[k].last + 1));
    }
    return OK;
}

static fallible
set_complement(arena *a, struct regex *n)
{
    struct regex other = {.kind = REGEX_SET};
    set_settle(n);
    TRY(set_add_others(a, &other, n->set.at, n->set.count));
    n->set.at = other.set.at;
    n->set.count = other.set.count;
    n->set.room = other.set.room;
    return OK;
}

static fallible
node_new(arena *a, enum regex_kind kind, struct regex **ret)
{
    void *room;
    TRY(try_arena_get(a, 1, sizeof(struct regex), &room));
    struct regex *n = room;
    n->kind = kind;
    n->shortest = n->longest = kind == REGEX_SET;
    *ret = n;
    return OK;
}

/* ---- characters */

static bool
take(struct parser *p, char c)
{
    if (!p->rest.len || p->rest.at[0] != c)
        return false;
    p->rest = str_slice(p->rest, 1, p->rest.len);
    return true;
}

static char
peek(const struct parser *p)
{
    return p->rest.len ? p->rest.at[0] : '\0';
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
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        const int digit = hex_value(peek(p));
        if (digit < 0)
            NO(p, "an escape needs hexadecimal digits");
        value = value * 16 + (uint32_t)digit;
        p->rest = str_slice(p->rest, 1, p->rest.len);
    }
    *ret = value;
    return OK;
}

/* \uXXXX, and two of them for what lies above U+FFFF. */
static fallible
take_unicode(struct parser *p, uint32_t *ret)
{
    uint32_t high, low;
    TRY(take_hex(p, 4, &high));
    if (high >= 0xD800 && high <= 0xDBFF && str_starts(p->rest, STR("\\u"))) {
        p->rest = str_slice(p->rest, 2, p->rest.len);
        TRY(take_hex(p, 4, &low));
        if (low < 0xDC00 || low > 0xDFFF)
            NO(p, "half a surrogate pair is no character");
        high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    }
    if (high >= 0xD800 && high <= 0xDFFF)
        NO(p, "half a surrogate pair is no character");
    *ret = high;
    return OK;
}

/* After the backslash, when it is one character. */
static fallible
take_escape(struct parser *p, bool in_class, uint32_t *ret)
{
    static const char letters[] = "tnrfv", values[] = "\t\n\r\f\v";
    static const char syntax[] = "^$\\.*+?()[]{}|/-\"'#&,:;<=>@_`~!% ";
    const char c = peek(p);
    const char *letter = c ? strchr(letters, c) : NULL;
    if (!c)
        NO(p, "it ends with a backslash");
    p->rest = str_slice(p->rest, 1, p->rest.len);
    if (c == 'x')
        return take_hex(p, 2, ret);
    if (c == 'u')
        return take_unicode(p, ret);
    if (letter)
        *ret = (uint32_t)values[letter - letters];
    else if (c == 'b' && in_class)
        *ret = '\b';
    else if (strchr(syntax, c))
        *ret = (uint32_t)c;
    else
        NO(p, "an escape that is not supported (word borders, back-references, \\p and others)");
    return OK;
}

/* \d and its like: true when it was one. */
static fallible
take_family(struct parser *p, struct regex *set, bool *ret_was)
{
    const struct regex_range *ranges = digits;
    size_t count = COUNT(digits);
    const char c = p->rest.len > 1 && p->rest.at[0] == '\\' ? p->rest.at[1] : '\0';
    *ret_was = c && strchr("dDwWsS", c);
    if (!*ret_was)
        return OK;
    p->rest = str_slice(p->rest, 2, p->rest.len);
    if ((c | 0x20) == 'w') {
        ranges = words;
        count = COUNT(words);
    } else if ((c | 0x20) == 's') {
        ranges = spaces;
        count = COUNT(spaces);
    }
    if (c >= 'a')
        return set_add(p->a, set, ranges, count);
    return set_add_others(p->a, set, ranges, count);
}

static fallible
take_char(struct parser *p, bool in_class, uint32_t *ret)
{
    if (take(p, '\\'))
        return take_escape(p, in_class, ret);
    if (!utf8_next(&p->rest, ret))
        NO(p, "it ends too early");
    return OK;
}

/* ---- classes */

static fallible
take_class_item(struct parser *p, struct regex *set)
{
    struct regex_range r;
    bool was_family;
    TRY(take_family(p, set, &was_family));
    if (was_family)
        return OK;
    TRY(take_char(p, true, &r.first));
    r.last = r.first;
    if (p->rest.len > 1 && p->rest.at[0] == '-' && p->rest.at[1] != ']') {
        p->rest = str_slice(p->rest, 1, p->rest.len);
        if (peek(p) == '\\' && p->rest.len > 1 && strchr("dDwWsS", p->rest.at[1]))
            NO(p, "a range in a class needs a character at each end");
        TRY(take_char(p, true, &r.last));
    }
    if (r.last < r.first)
        NO(p, "a range in a class runs backwards");
    /* Surrogates within a range are no characters. */
    if (r.first < 0xD800 && r.last > 0xDFFF) {
        const struct regex_range below = {r.first, 0xD7FF};
        TRY(VEC_ADD(p->a, &set->set, &below));
        r.first = 0xE000;
    }
    return VEC_ADD(p->a, &set->set, &r);
}

static fallible
take_class(struct parser *p, struct regex **ret)
{
    struct regex *n;
    TRY(node_new(p->a, REGEX_SET, &n));
    const bool is_negated = take(p, '^');
    if (peek(p) == ']')
        NO(p, "an empty class");
    while (p->rest.len && peek(p) != ']')
        TRY(take_class_item(p, n));
    if (!take(p, ']'))
        NO(p, "a class is not closed");
    if (is_negated)
        TRY(set_complement(p->a, n));
    set_settle(n);
    *ret = n;
    return OK;
}

/* ---- terms */

static fallible take_choice(struct parser *p, struct regex **ret);

static fallible
take_group(struct parser *p, struct regex **ret)
{
    if (peek(p) == '?' && !str_starts(p->rest, STR("?:")))
        NO(p, "look-around, named groups and flags are not supported");
    if (peek(p) == '?')
        p->rest = str_slice(p->rest, 2, p->rest.len);
    if (++p->depth > GROUPS_MAX)
        NO(p, "groups lie too deep");
    TRY(take_choice(p, ret));
    p->depth--;
    if (!take(p, ')'))
        NO(p, "a group is not closed");
    return OK;
}

static fallible
take_atom(struct parser *p, struct regex **ret)
{
    const char c = peek(p);
    bool was_family;
    uint32_t one;
    if (c == '^' || c == '$')
        NO(p, "^ may stand at the start and $ at the end of a branch only");
    if (strchr("*+?{", c))
        NO(p, "a quantifier without something before it (escape it to mean the character)");
    if (take(p, '('))
        return take_group(p, ret);
    if (take(p, '['))
        return take_class(p, ret);
    TRY(node_new(p->a, REGEX_SET, ret));
    if (take(p, '.'))
        return set_add_others(p->a, *ret, line_ends, COUNT(line_ends));
    TRY(take_family(p, *ret, &was_family));
    if (was_family)
        return OK;
    TRY(take_char(p, false, &one));
    return set_add(p->a, *ret, &(struct regex_range){one, one}, 1);
}

static fallible
take_number(struct parser *p, uint32_t *ret)
{
    uint32_t n = 0;
    if (peek(p) < '0' || peek(p) > '9')
        NO(p, "a quantifier in braces is malformed");
    while (peek(p) >= '0' && peek(p) <= '9') {
        n = n * 10 + (uint32_t)(peek(p) - '0');
        if (n > REPEAT_MAX)
            REFUSE(UNSUPPORTED, p->path, "%s: pattern: at most %d repetitions", p->path,
                   REPEAT_MAX);
        p->rest = str_slice(p->rest, 1, p->rest.len);
    }
    *ret = n;
    return OK;
}

static fallible
take_braces(struct parser *p, struct regex *n)
{
    TRY(take_number(p, &n->min));
    n->max = n->min;
    if (take(p, ',')) {
        n->max = REGEX_UNBOUNDED;
        if (peek(p) != '}')
            TRY(take_number(p, &n->max));
    }
    if (!take(p, '}') || n->max < n->min)
        NO(p, "a quantifier in braces is malformed");
    return OK;
}

static uint32_t
times(uint32_t a, uint32_t b)
{
    const uint64_t product = (uint64_t)a * b;
    if (!a || !b)
        return 0;
    return a == REGEX_UNBOUNDED || b == REGEX_UNBOUNDED || product >= REGEX_UNBOUNDED
               ? REGEX_UNBOUNDED
               : (uint32_t)product;
}

static uint32_t
plus(uint32_t a, uint32_t b)
{
    return a > REGEX_UNBOUNDED - b ? REGEX_UNBOUNDED : a + b;
}

/* The repetition of `atom`, when a quantifier follows. */
static fallible
take_quantifier(struct parser *p, struct regex *atom, struct regex **ret)
{
    struct regex *n;
    *ret = atom;
    if (!p->rest.len || !strchr("*+?{", peek(p)))
        return OK;
    TRY(node_new(p->a, REGEX_REPEAT, &n));
    n->part = atom;
    if (take(p, '{')) {
        TRY(take_braces(p, n));
    } else {
        n->min = peek(p) == '+';
        n->max = peek(p) == '?' ? 1 : REGEX_UNBOUNDED;
        p->rest = str_slice(p->rest, 1, p->rest.len);
    }
    take(p, '?'); /* not greedy: the same texts */
    if (atom->shortest == 0 && n->max > 1)
        NO(p, "a repetition of what may be empty");
    n->shortest = times(atom->shortest, n->min);
    n->longest = times(atom->longest, n->max);
    *ret = n;
    return OK;
}

static fallible
add_part(arena *a, struct regex *sequence, struct regex *part)
{
    sequence->shortest = plus(sequence->shortest, part->shortest);
    sequence->longest = plus(sequence->longest, part->longest);
    return VEC_ADD(a, &sequence->parts, &part);
}

static fallible
add_anything(arena *a, struct regex *sequence)
{
    struct regex *set, *n;
    TRY(node_new(a, REGEX_SET, &set));
    TRY(set_add(a, set, every, COUNT(every)));
    TRY(node_new(a, REGEX_REPEAT, &n));
    n->part = set;
    n->longest = n->max = REGEX_UNBOUNDED;
    return add_part(a, sequence, n);
}

static bool
is_branch_end(const struct parser *p)
{
    return !p->rest.len || peek(p) == '|' || peek(p) == ')';
}

static bool
take_end_anchor(struct parser *p)
{
    struct parser behind = *p;
    if (!take(&behind, '$') || !is_branch_end(&behind))
        return false;
    *p = behind;
    return true;
}

/* One branch of a choice; in the outermost, anchors tell what may stand around it. */
static fallible
take_sequence(struct parser *p, struct regex **ret)
{
    struct regex *n, *atom;
    const bool is_outer = p->depth == 0;
    bool is_closed = !is_outer;
    TRY(node_new(p->a, REGEX_SEQUENCE, &n));
    if (is_outer && !take(p, '^'))
        TRY(add_anything(p->a, n));
    while (!is_branch_end(p)) {
        if (is_outer && take_end_anchor(p)) {
            is_closed = true;
            break;
        }
        TRY(take_atom(p, &atom));
        TRY(take_quantifier(p, atom, &atom));
        TRY(add_part(p->a, n, atom));
    }
    if (!is_closed)
        TRY(add_anything(p->a, n));
    *ret = n;
    return OK;
}

static fallible
take_choice(struct parser *p, struct regex **ret)
{
    struct regex *n, *branch;
    TRY(take_sequence(p, &branch));
    if (peek(p) != '|') {
        *ret = branch;
        return OK;
    }
    TRY(node_new(p->a, REGEX_CHOICE, &n));
    n->shortest = branch->shortest;
    n->longest = branch->longest;
    TRY(VEC_ADD(p->a, &n->parts, &branch));
    while (take(p, '|')) {
        TRY(take_sequence(p, &branch));
        TRY(VEC_ADD(p->a, &n->parts, &branch));
        n->shortest = branch->shortest < n->shortest ? branch->shortest : n->shortest;
        n->longest = branch->longest > n->longest ? branch->longest : n->longest;
    }
    *ret = n;
    return OK;
}

fallible
schema_regex_read(arena *a, str pattern, const char *path, struct regex **ret)
{
    struct parser p = {.a = a, .rest = pattern, .path = path};
    struct regex *n;
    ASSERT(utf8_valid(pattern));
    TRY(take_choice(&p, &n));
    if (p.rest.len)
        NO(&p, "a group is closed that was not opened");
    *ret = n;
    return OK;
}
