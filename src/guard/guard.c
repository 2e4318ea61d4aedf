/* SPDX-License-Identifier: EUPL-1.2 */
#include "guard/guard.h"

#include <stdlib.h>

#include "base/fault.h"
#include "detect/detect.h"
#include "detect/word.h"

enum {
    MEMORY_MAX = 64 * 1024 * 1024,
    PHRASE_WORDS_MAX = GUARDRAIL_ENTRY_WORDS_MAX,
    ATTACK_WORDS = 10,
    ATTACK_RULE = UINT16_MAX,
    SCORE_MIN = 60,
    IDENTIFIER_REACH = 192, /* bytes */
    IDENTIFIER_CONTEXT = 1024,
    REACH_MORE = 32
};

/* ---- what is known of attacks */
enum group_number {
#define GROUP(id, words) NUMBER_##id,
#define ATTACK(...)
#define MARK(text)
#include "guard/attack.def"
#undef GROUP
#undef ATTACK
    NUMBER_COUNT
};
_Static_assert(NUMBER_COUNT <= 32, "a group is a bit");

enum group {
#define GROUP(id, words) GROUP_##id = 1 << NUMBER_##id,
#define ATTACK(...)
#include "guard/attack.def"
#undef GROUP
#undef ATTACK
};

static const char *const group_words[] = {
#define GROUP(id, words) words,
#define ATTACK(...)
#include "guard/attack.def"
#undef GROUP
#undef ATTACK
};

static const uint32_t attacks[] = {
#define GROUP(id, words)
#define ATTACK(id, groups) (groups),
#include "guard/attack.def"
#undef GROUP
#undef ATTACK
#undef MARK
};

static const char *const marks[] = {
#define GROUP(id, words)
#define ATTACK(...)
#define MARK(text) text,
#include "guard/attack.def"
#undef GROUP
#undef ATTACK
#undef MARK
};

/* ---- patterns */
struct part { /* a word of a phrase */
    str at;   /* folded */
    bool goes_on;
};

struct pattern {
    const struct part *parts;
    uint32_t groups; /* of ATTACK_RULE */
    uint32_t reach;
    uint16_t rule;
    uint8_t part_count;
};

struct guard {
    arena *memory;
    guard *before;
    const struct guardrail *rules;
    size_t rule_count;
    struct pattern *patterns; /* sorted by their last word */
    size_t pattern_count;
    size_t exact_count;  /* these first; then those that go on */
    uint64_t lengths[2]; /* of the last words that go on: bit LEN */
    uint64_t types[4];   /* by where */
    size_t reach[4];
    bool has_attack;
    const lexicon *lexicon; /* NULL: no rule has identifiers */
};

static const struct part *
last_of(const struct pattern *p)
{
    return &p->parts[p->part_count - 1];
}

static int
compare(str a, str b)
{
    const int c = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int
by_last(const void *a, const void *b)
{
    const struct part *x = last_of(a), *y = last_of(b);
    return x->goes_on != y->goes_on ? x->goes_on - y->goes_on : compare(x->at, y->at);
}

/* The words of an entry, with what stands right behind each. */
static fallible
read_parts(arena *a, str entry, struct pattern *p)
{
    struct words w = {.text = entry};
    struct word one;
    struct part room[PHRASE_WORDS_MAX];
    while (word_next(&w, &one)) {
        ASSERT(p->part_count < PHRASE_WORDS_MAX && !one.is_cut); /* the policy was read */
        struct part *t = &room[p->part_count++];
        t->goes_on = one.end < entry.len && entry.at[one.end] == '*';
        TRY(try_arena_str(a, (str){one.at, one.len}, &t->at));
    }
    ASSERT(p->part_count);
    struct part *const parts = arena_get(a, p->part_count * sizeof *parts);
    memcpy(parts, room, p->part_count * sizeof *parts);
    p->parts = parts;
    p->reach = 2 * (uint32_t)entry.len + REACH_MORE;
    return OK;
}

typedef VEC(struct pattern) patterns;

static fallible
add_pattern(arena *a, patterns *list, str entry, uint16_t rule, uint32_t groups)
{
    struct pattern p = {.rule = rule, .groups = groups};
    TRY(read_parts(a, entry, &p));
    return VEC_ADD(a, list, &p);
}

static fallible
add_attacks(arena *a, patterns *list)
{
    for (uint32_t i = 0; i < NUMBER_COUNT; i++) {
        str rest = str_of(group_words[i]), one;
        while (rest.len && str_next(&rest, ' ', &one))
            if (one.len)
                TRY(add_pattern(a, list, one, ATTACK_RULE, UINT32_C(1) << i));
    }
    return OK;
}

static fallible
add_rule(guard *g, patterns *list, uint16_t i)
{
    const struct guardrail *r = &g->rules[i];
    for (size_t k = 0; k < r->word_count; k++) {
        TRY(add_pattern(g->memory, list, r->words[k], i, 0));
        for (unsigned where = 1; where < 4; where++)
            if ((r->where & where) && list->at[list->count - 1].reach > g->reach[where])
                g->reach[where] = list->at[list->count - 1].reach;
    }
    for (unsigned where = 1; where < 4; where++)
        if (r->where & where)
            g->types[where] |= r->types;
    return OK;
}

static fallible
make_patterns(guard *g)
{
    patterns list = {0};
    for (size_t i = 0; i < g->rule_count; i++) {
        TRY(add_rule(g, &list, (uint16_t)i));
        g->has_attack |= g->rules[i].kind == GUARDRAIL_ATTACK;
    }
    if (g->has_attack)
        TRY(add_attacks(g->memory, &list));
    if (list.count)
        qsort(list.at, list.count, sizeof *list.at, by_last);
    for (size_t i = 0; i < list.count; i++) {
        const struct part *last = last_of(&list.at[i]);
        g->exact_count += !last->goes_on;
        if (last->goes_on)
            g->lengths[last->at.len / 64] |= UINT64_C(1) << last->at.len % 64;
    }
    g->patterns = list.at;
    g->pattern_count = list.count;
    return OK;
}

static fallible
make(guard *g, const policy *p)
{
    TRY(arena_open(MEMORY_MAX, &g->memory));
    g->rules = policy_guardrails(p, &g->rule_count);
    TRY(make_patterns(g));
    for (unsigned where = 1; where < 4; where++)
        if (g->types[where] && g->reach[where] < IDENTIFIER_REACH)
            g->reach[where] = IDENTIFIER_REACH;
    if (g->types[GUARDRAIL_INPUT] || g->types[GUARDRAIL_OUTPUT])
        TRY(detect_open(g->memory, &g->lexicon));
    return OK;
}

fallible
guard_new(const policy *p, guard **ret)
{
    guard *g = mem_get(sizeof *g);
    if (!g)
        FAIL(LIMIT, "no memory for the guardrails");
    *g = (guard){.memory = NULL};
    const err e = make(g, p);
    if (e.code) {
        guard_free(g);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    *ret = g;
    return OK;
}

void
guard_free(guard *g)
{
    while (g) {
        guard *const before = g->before;
        arena_free(g->memory);
        mem_free(g);
        g = before;
    }
}

void
guard_follow(guard *g, guard *before)
{
    ASSERT(!g->before && g != before);
    g->before = before;
}

bool
guard_looks(const guard *g, unsigned where)
{
    for (size_t i = 0; i < g->rule_count; i++)
        if (g->rules[i].where & where)
            return true;
    return false;
}

size_t
guard_count(const guard *g)
{
    return g->rule_count;
}

const struct guardrail *
guard_rule(const guard *g, size_t i)
{
    ASSERT(i < g->rule_count);
    return &g->rules[i];
}

size_t
guard_reach(const guard *g, unsigned where)
{
    ASSERT(where < 4);
    return g->reach[where];
}

size_t
guard_context(const guard *g, unsigned where)
{
    ASSERT(where < 4);
    return g->types[where] ? IDENTIFIER_CONTEXT : g->reach[where];
}

fallible
guard_seen_new(const guard *g, arena *a, struct guard_seen *ret)
{
    void *room;
    TRY(try_arena_get(a, g->pattern_count, 1, &room));
    *ret = (struct guard_seen){.patterns = room};
    return OK;
}

/* ---- looking: a ring of the last words, so that memory does not grow with the text */
struct look {
    const guard *g;
    const struct guard_look *how;
    arena *a;
    guard_hits *hits;
    struct guard_seen *seen;
    struct word ring[PHRASE_WORDS_MAX];
    size_t count; /* words so far */
    uint32_t groups[ATTACK_WORDS], starts[ATTACK_WORDS];
};

static fallible
add_hit(struct look *l, const struct guard_hit *h)
{
    if (h->end <= l->how->from)
        return OK;
    return VEC_ADD(l->a, l->hits, h);
}

static bool
fits(const struct part *t, const struct word *w)
{
    const str is = {w->at, w->len};
    return t->goes_on ? str_starts(is, t->at) : !w->is_cut && str_eq(is, t->at);
}

static const struct word *
word_before(const struct look *l, size_t n)
{
    return &l->ring[(l->count - 1 - n) % PHRASE_WORDS_MAX];
}

static bool
is_phrase(const struct look *l, const struct pattern *p)
{
    const size_t n = p->part_count;
    if (n > l->count)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!fits(&p->parts[n - 1 - i], word_before(l, i)))
            return false;
    return word_before(l, 0)->end - word_before(l, n - 1)->start <= p->reach;
}

static fallible
on_pattern(struct look *l, const struct pattern *p)
{
    const size_t which = (size_t)(p - l->g->patterns);
    if (p->rule == ATTACK_RULE) {
        l->groups[(l->count - 1) % ATTACK_WORDS] |= p->groups;
        return OK;
    }
    const struct guardrail *r = &l->g->rules[p->rule];
    const struct guard_hit h = {.start = word_before(l, p->part_count - 1u)->start,
                                .end = word_before(l, 0)->end,
                                .rule = p->rule};
    if (!(r->where & l->how->where) || h.end <= l->how->from)
        return OK;
    if (!l->seen->patterns[which])
        l->seen->counts[p->rule]++;
    l->seen->patterns[which] = 1;
    return l->seen->counts[p->rule] >= r->least ? add_hit(l, &h) : OK;
}

/* All patterns of [first, first + count) whose last word is `last`. */
static fallible
find_last(struct look *l, size_t first, size_t count, str last)
{
    const struct pattern *const at = l->g->patterns + first;
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(last_of(&at[middle])->at, last) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i < count && str_eq(last_of(&at[i])->at, last); i++)
        if (is_phrase(l, &at[i]))
            TRY(on_pattern(l, &at[i]));
    return OK;
}

static fallible
find_patterns(struct look *l)
{
    const guard *g = l->g;
    const struct word *w = word_before(l, 0);
    if (!w->is_cut)
        TRY(find_last(l, 0, g->exact_count, (str){w->at, w->len}));
    for (size_t n = 1; n <= w->len; n++)
        if (g->lengths[n / 64] >> n % 64 & 1)
            TRY(find_last(l, g->exact_count, g->pattern_count - g->exact_count, (str){w->at, n}));
    return OK;
}

static fallible
add_attack(struct look *l, uint32_t start, uint32_t end)
{
    for (size_t i = 0; i < l->g->rule_count; i++) {
        const struct guard_hit h = {.start = start, .end = end, .rule = (uint16_t)i};
        if (l->g->rules[i].kind == GUARDRAIL_ATTACK && (l->g->rules[i].where & l->how->where))
            TRY(add_hit(l, &h));
    }
    return OK;
}

/* Only where the last word is what makes it whole. */
static fallible
find_attack(struct look *l)
{
    const uint32_t last = l->groups[(l->count - 1) % ATTACK_WORDS];
    uint32_t all = 0;
    if (!last || l->how->is_instruction)
        return OK;
    for (size_t i = 0; i < ATTACK_WORDS; i++)
        all |= l->groups[i];
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        if ((attacks[i] & last) && (attacks[i] & all) == attacks[i])
            return add_attack(l, l->starts[l->count < ATTACK_WORDS ? 0 : l->count % ATTACK_WORDS],
                              word_before(l, 0)->end);
    return OK;
}

static fallible
find_words(struct look *l, str text)
{
    struct words w = {.text = text, .goes_on = l->how->goes_on};
    while (word_next(&w, &l->ring[l->count % PHRASE_WORDS_MAX])) {
        const size_t slot = l->count % ATTACK_WORDS;
        l->groups[slot] = 0;
        l->starts[slot] = l->ring[l->count % PHRASE_WORDS_MAX].start;
        l->count++;
        TRY(find_patterns(l));
        TRY(find_attack(l));
    }
    return OK;
}

static fallible
find_marks(struct look *l, str text)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const ptrdiff_t at = l->how->is_instruction ? -1 : str_find(text, str_of(marks[i]));
        if (at >= 0)
            TRY(add_attack(l, (uint32_t)at, (uint32_t)at + (uint32_t)strlen(marks[i])));
    }
    return OK;
}

static fallible
add_spans(struct look *l, const detect_spans *spans, size_t text_len)
{
    for (size_t i = 0; i < spans->count; i++)
        for (size_t k = 0; k < l->g->rule_count; k++) {
            const struct detect_span *s = &spans->at[i];
            const struct guardrail *r = &l->g->rules[k];
            const struct guard_hit h = {s->start, s->end, (uint16_t)k, s->type};
            /* What ends with a text that goes on may become something else; held back it is. */
            const bool is_open = l->how->goes_on && s->end == text_len;
            if ((r->types >> s->type & 1) && (r->where & l->how->where) &&
                !(is_open && r->then != GUARDRAIL_MASK))
                TRY(add_hit(l, &h));
        }
    return OK;
}

static fallible
find_identifiers(struct look *l, str text)
{
    const struct detect_options o = {l->g->types[l->how->where], SCORE_MIN};
    detect_spans spans = {0};
    if (!o.types)
        return OK;
    TRY(detect(l->g->lexicon, text, &o, l->a, &spans));
    return add_spans(l, &spans, text.len);
}

static int
by_place(const void *a, const void *b)
{
    const struct guard_hit *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->end != y->end ? (x->end > y->end ? -1 : 1)
                            : (x->rule > y->rule) - (x->rule < y->rule);
}

fallible
guard_find(const struct guard_look *how, str text, arena *a, guard_hits *ret)
{
    const guard *const g = how->g;
    struct guard_seen own;
    struct look l = {.g = g, .how = how, .a = a, .hits = ret, .seen = how->seen};
    ASSERT(how->where == GUARDRAIL_INPUT || how->where == GUARDRAIL_OUTPUT);
    if (text.len > DETECT_TEXT_MAX)
        REFUSE(TOO_LARGE, "", "a text is longer than guardrails look through");
    *ret = (guard_hits){0};
    if (!l.seen) {
        TRY(guard_seen_new(g, a, &own));
        l.seen = &own;
    }
    if (g->pattern_count)
        TRY(find_words(&l, text));
    if (g->has_attack)
        TRY(find_marks(&l, text));
    TRY(find_identifiers(&l, text));
    if (ret->count)
        qsort(ret->at, ret->count, sizeof *ret->at, by_place);
    return OK;
}

/* ---- what follows from it */
const struct guardrail *
guard_judge(const guard *g, const guard_hits *h, label *taint)
{
    const struct guardrail *first = NULL;
    for (size_t i = 0; i < h->count; i++) {
        const struct guardrail *r = &g->rules[h->at[i].rule];
        if (r->then == GUARDRAIL_TAINT)
            *taint = label_join(*taint, r->taint);
        if (r->then == GUARDRAIL_BLOCK && !first)
            first = r;
    }
    return first;
}

const char *
guard_type(const struct guard_hit *h)
{
    return h->type ? detect_name((enum detect_type)h->type) : NULL;
}

static void
put_instead(const guard *g, const struct guard_hit *h, buf *out)
{
    const char *const type = guard_type(h);
    buf_add_char(out, '[');
    buf_add(out, type ? str_of(type) : g->rules[h->rule].id);
    buf_add_char(out, ']');
}

void
guard_mask(const guard *g, const guard_hits *h, str text, size_t from, buf *out)
{
    size_t at = from;
    for (size_t i = 0; i < h->count && at < text.len; i++) {
        const struct guard_hit *one = &h->at[i];
        if (g->rules[one->rule].then != GUARDRAIL_MASK || one->end <= at || one->start >= text.len)
            continue;
        if (one->start >= at) { /* else it overlaps one before, or its word came already */
            buf_add(out, str_slice(text, at, one->start));
            put_instead(g, one, out);
        }
        at = one->end;
    }
    if (at < text.len)
        buf_add(out, str_slice(text, at, text.len));
}
