/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/change.h"

#include <stdio.h>
#include <string.h>

#include "policy/tlp.h"

enum { NAMES_SHOWN_MAX = 5, LISTS = 4 };

struct list {
    const char *what;
    const struct label_name *at;
    size_t count;
};

static struct list
list_of(const policy *p, int i)
{
    const struct label_names *n = policy_names(p);
    const struct list lists[LISTS] = {{"level", n->levels, n->level_count},
                                      {"compartment", n->compartments, n->compartment_count},
                                      {"party", n->parties, n->party_count},
                                      {"taint", n->taints, n->taint_count}};
    ASSERT(i >= 0 && i < LISTS);
    return lists[i];
}

static const struct label_name *
by_bit(const struct list *l, int bit)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->at[i].bit == bit)
            return &l->at[i];
    return NULL;
}

static const struct label_name *
by_id(const struct list *l, str id)
{
    for (size_t i = 0; i < l->count; i++)
        if (str_eq_nocase(l->at[i].id, id))
            return &l->at[i];
    return NULL;
}

static fallible
check_name(const struct list *now, const struct label_name *was)
{
    const struct label_name *there = by_bit(now, was->bit), *same = by_id(now, was->id);
    if (there && !str_eq_nocase(there->id, was->id))
        REFUSE(CONFLICT, "policy", "%s %.*s cannot have number %d, which is %.*s for good",
               now->what, STR_FMT(there->id), was->bit, STR_FMT(was->id));
    if (same && same->bit != was->bit)
        REFUSE(CONFLICT, "policy", "%s %.*s has number %d for good and cannot get %d", now->what,
               STR_FMT(was->id), was->bit, same->bit);
    return OK;
}

fallible
policy_check_bits(const policy *past, const policy *now)
{
    for (int i = 0; i < LISTS; i++) {
        const struct list was = list_of(past, i), is = list_of(now, i);
        for (size_t k = 0; k < was.count; k++)
            TRY(check_name(&is, &was.at[k]));
    }
    return OK;
}

/* ---- names */
static void
put_name(buf *b, const char *what, const struct label_name *n, const char *does)
{
    buf_add_fmt(b, "%s %.*s (number %d) %s: %.*s\n", what, STR_FMT(n->id), n->bit, does,
                STR_FMT(n->title));
}

static void
diff_names(const struct list *from, const struct list *to, buf *b)
{
    for (size_t i = 0; i < to->count; i++)
        if (!by_id(from, to->at[i].id))
            put_name(b, to->what, &to->at[i], "is new");
    for (size_t i = 0; i < from->count; i++) {
        const struct label_name *was = &from->at[i], *is = by_id(to, was->id);
        if (!is)
            put_name(b, from->what, was, "is gone, and what is marked so can be read by nobody");
        else if (is->bit != was->bit)
            put_name(b, to->what, is, "has another number than before");
        else if (!str_eq(is->title, was->title))
            put_name(b, to->what, is, "has another title");
    }
}

/* ---- guardrails */
static bool
is_same(const struct guardrail *a, const struct guardrail *b)
{
    bool same = a->kind == b->kind && a->then == b->then && a->where == b->where &&
                a->least == b->least && a->types == b->types && label_eq(a->taint, b->taint) &&
                a->word_count == b->word_count && str_eq(a->message, b->message);
    for (size_t i = 0; same && i < a->word_count; i++)
        same = str_eq(a->words[i], b->words[i]);
    return same;
}

static const struct guardrail *
guardrail_of(const struct guardrail *list, size_t count, str id)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(list[i].id, id))
            return &list[i];
    return NULL;
}

static void
diff_guardrails(const policy *from, const policy *to, buf *b)
{
    size_t were, are;
    const struct guardrail *was = policy_guardrails(from, &were), *is = policy_guardrails(to, &are);
    for (size_t i = 0; i < are; i++) {
        const struct guardrail *same = guardrail_of(was, were, is[i].id);
        if (!same)
            buf_add_fmt(b, "guardrail %.*s is new: %.*s\n", STR_FMT(is[i].id),
                        STR_FMT(is[i].title));
        else if (!is_same(same, &is[i]))
            buf_add_fmt(b, "guardrail %.*s finds or does something else than before\n",
                        STR_FMT(is[i].id));
    }
    for (size_t i = 0; i < were; i++)
        if (!guardrail_of(is, are, was[i].id))
            buf_add_fmt(b, "guardrail %.*s is gone\n", STR_FMT(was[i].id));
}

/* ---- downgrades */
static void
put_downgrade(buf *b, const char *does, const struct list *l, label bits)
{
    for (size_t i = 0; i < l->count; i++)
        if (label_has(bits, l->at[i].bit))
            buf_add_fmt(b, "pseudonymised text %s %s %.*s\n", does, l->what, STR_FMT(l->at[i].id));
}

static label
outside(label all, label l)
{
    return (label){
        {all.w[0] & ~l.w[0], all.w[1] & ~l.w[1], all.w[2] & ~l.w[2], all.w[3] & ~l.w[3]}};
}

static label
all_of(const struct list *l)
{
    label all = LABEL_BOTTOM;
    for (size_t i = 0; i < l->count; i++)
        all = label_with(all, l->at[i].bit);
    return all;
}

static label
removed(const policy *p, label l)
{
    return outside(l, policy_downgrade(p, DOWNGRADE_PSEUDONYM, l));
}

static void
diff_downgrades(const policy *from, const policy *to, buf *b)
{
    const struct list was = list_of(from, 1), is = list_of(to, 1), levels = list_of(to, 0);
    const label all = label_join(all_of(&was), all_of(&is));
    const label before = removed(from, all), after = removed(to, all);
    put_downgrade(b, "loses from now on", &is, outside(after, before));
    put_downgrade(b, "keeps from now on", &was, outside(before, after));
    for (size_t i = 0; i < levels.count; i++) {
        const label l = label_of_level(levels.at[i].bit);
        const bool lost =
            label_level(l) && !label_level(policy_downgrade(from, DOWNGRADE_PSEUDONYM, l));
        const bool loses =
            label_level(l) && !label_level(policy_downgrade(to, DOWNGRADE_PSEUDONYM, l));
        if (lost != loses)
            buf_add_fmt(b, "pseudonymised text %s from now on level %.*s\n",
                        loses ? "loses" : "keeps", STR_FMT(levels.at[i].id));
    }
}

/* ---- the Traffic Light Protocol */
static void
diff_tlp(const policy *from, const policy *to, buf *b)
{
    for (int i = 0; i < TLP_COUNT; i++) {
        label was = LABEL_BOTTOM, is = LABEL_BOTTOM;
        char room[LABEL_TEXT_MAX];
        const bool had = policy_tlp(from, (enum tlp)i, &was);
        const bool has = policy_tlp(to, (enum tlp)i, &is);
        if (had && !has)
            buf_add_fmt(b, "TLP:%s has no label any more\n", tlp_name((enum tlp)i));
        else if (has && (!had || !label_eq(was, is)))
            buf_add_fmt(b, "TLP:%s stands for %.*s\n", tlp_name((enum tlp)i),
                        STR_FMT(label_text(policy_names(to), is, room)));
    }
}

/* ---- what is kept of what was said */
static void
put_keep(const policy *from, const policy *to, const struct label_names *names, label l, buf *b)
{
    const uint64_t was = policy_keep_days(from, l), is = policy_keep_days(to, l);
    char room[LABEL_TEXT_MAX];
    const str text = label_text(names, l, room);
    if (was == is)
        return;
    if (is)
        buf_add_fmt(b, "prompts and answers of %.*s are kept for %llu days from now on\n",
                    STR_FMT(text), (unsigned long long)is);
    else
        buf_add_fmt(b, "prompts and answers of %.*s are no longer kept\n", STR_FMT(text));
}

static void
diff_keep(const policy *from, const policy *to, buf *b)
{
    label l = LABEL_BOTTOM, other;
    for (size_t i = 0; policy_keep_at(to, i, &l); i++)
        put_keep(from, to, policy_names(to), l, b);
    for (size_t i = 0; policy_keep_at(from, i, &l); i++) {
        bool is_told = false;
        for (size_t k = 0; policy_keep_at(to, k, &other); k++)
            is_told = is_told || label_eq(l, other);
        if (!is_told)
            put_keep(from, to, policy_names(from), l, b);
    }
}

/* ---- what data may be processed for */
static void
diff_names_of_purposes(const policy *from, const policy *to, buf *b)
{
    const struct purposes *was = policy_purposes(from), *is = policy_purposes(to);
    for (size_t i = 0; i < is->count; i++)
        if (!purpose_find(was, is->at[i].id))
            buf_add_fmt(b, "purpose %.*s is new: %.*s\n", STR_FMT(is->at[i].id),
                        STR_FMT(is->at[i].title));
    for (size_t i = 0; i < was->count; i++)
        if (!purpose_find(is, was->at[i].id))
            buf_add_fmt(b, "purpose %.*s is gone\n", STR_FMT(was->at[i].id));
}

/* Of one bit, which is `name` in the second. */
static void
diff_purposes_of(const policy *from, const policy *to, const char *name, int bit, buf *b)
{
    const struct purposes *was = policy_purposes(from), *is = policy_purposes(to);
    const bool was_open = label_has(was->without, bit), is_open = label_has(is->without, bit);
    if (was_open && !is_open)
        buf_add_fmt(b, "%s is processed for named purposes only from now on\n", name);
    if (!was_open && is_open)
        buf_add_fmt(b, "%s is processed for any purpose from now on\n", name);
    for (size_t i = 0; !is_open && i < is->count; i++) {
        const struct purpose *now = &is->at[i], *before = purpose_find(was, now->id);
        const bool had = before ? label_has(before->may, bit) : was_open;
        if (label_has(now->may, bit) && (was_open || !had))
            buf_add_fmt(b, "%s is processed for the purpose %.*s from now on\n", name,
                        STR_FMT(now->id));
        if (!label_has(now->may, bit) && !was_open && had)
            buf_add_fmt(b, "%s is no longer processed for the purpose %.*s\n", name,
                        STR_FMT(now->id));
    }
}

static void
diff_purposes(const policy *from, const policy *to, buf *b)
{
    static const int limited[] = {0, 1, 3}; /* levels, compartments, taints */
    diff_names_of_purposes(from, to, b);
    for (size_t i = 0; i < sizeof limited / sizeof *limited; i++) {
        const struct list is = list_of(to, limited[i]);
        for (size_t k = 0; k < is.count; k++) {
            char name[64];
            const int bit = is.at[k].bit - (limited[i] ? 0 : 1);
            snprintf(name, sizeof name, "%s %.*s", is.what, STR_FMT(is.at[k].id));
            if (bit >= 0)
                diff_purposes_of(from, to, name, bit, b);
        }
    }
}

/* ---- office hours */
static bool
is_timed(const policy *p, label l)
{
    return !label_eq(label_meet(policy_hours(p)->limited, l), LABEL_BOTTOM);
}

static void
diff_times(const struct hours *was, const struct hours *is, buf *b)
{
    const bool same = was->is_berlin == is->is_berlin && !was->zone.len == !is->zone.len &&
                      memcmp(was->open, is->open, sizeof is->open) == 0;
    if (was->zone.len && !is->zone.len)
        buf_add(b, STR("there are no office hours any more\n"));
    else if (!same)
        buf_add_fmt(b, "office hours are %.*s from now on\n", STR_FMT(is->words));
}

static void
diff_hours(const policy *from, const policy *to, buf *b)
{
    diff_times(policy_hours(from), policy_hours(to), b);
    for (int i = 0; i < 2; i++) { /* levels, compartments */
        const struct list is = list_of(to, i);
        for (size_t k = 0; k < is.count; k++) {
            const label l =
                i ? label_with(LABEL_BOTTOM, is.at[k].bit) : label_of_level(is.at[k].bit);
            if (is_timed(from, l) != is_timed(to, l))
                buf_add_fmt(b, "%s %.*s is processed %s from now on\n", is.what,
                            STR_FMT(is.at[k].id),
                            is_timed(to, l) ? "in office hours only" : "at any time");
        }
    }
}

/* ---- keys */
static label
clearance_in(const policy *p, const struct holder *h)
{
    label l = LABEL_BOTTOM;
    if (label_parse(policy_names(p), h->clearance, &l).code)
        return LABEL_BOTTOM; /* as said: none */
    return l;
}

static void
put_count(buf *b, size_t n)
{
    static const char *const words[] = {"no",    "one",   "two",  "three", "four",   "five",  "six",
                                        "seven", "eight", "nine", "ten",   "eleven", "twelve"};
    if (n < sizeof words / sizeof *words)
        buf_add(b, str_of(words[n]));
    else
        buf_add_u64(b, n);
    buf_add(b, n == 1 ? STR(" key") : STR(" keys"));
}

struct access {
    const policy *from, *to;
    const struct holder *holders;
    size_t count;
};

/* Holders for whom `bit` is only in the second: they, and how many. */
static size_t
put_holders(const struct access *a, bool gains, int bit, buf *names)
{
    size_t n = 0;
    for (size_t i = 0; i < a->count; i++) {
        const bool had = label_has(clearance_in(a->from, &a->holders[i]), bit);
        const bool has = label_has(clearance_in(a->to, &a->holders[i]), bit);
        if (had == has || has != gains)
            continue;
        if (n < NAMES_SHOWN_MAX)
            buf_add_fmt(names, "%s%.*s", n ? ", " : "", STR_FMT(a->holders[i].name));
        n++;
    }
    return n;
}

static void
diff_access(const struct access *a, bool gains, str id, int bit, buf *b)
{
    AUTO(buf) names = BUF(4096);
    const size_t n = put_holders(a, gains, bit, &names);
    if (!n)
        return;
    put_count(b, n);
    buf_add(b, n == 1 ? (gains ? STR(" gains") : STR(" loses"))
                      : (gains ? STR(" gain") : STR(" lose")));
    buf_add_fmt(b, " access to %.*s: %.*s%s\n", STR_FMT(id), STR_FMT(buf_str(&names)),
                n > NAMES_SHOWN_MAX ? ", ..." : "");
}

static void
diff_holders(const struct access *a, buf *b)
{
    for (int i = 0; i < 2; i++) { /* levels, compartments: what a clearance is made of */
        const struct list was = list_of(a->from, i), is = list_of(a->to, i);
        for (size_t k = 0; k < is.count; k++)
            if (i || is.at[k].bit)
                diff_access(a, true, is.at[k].id, is.at[k].bit - (i ? 0 : 1), b);
        for (size_t k = 0; k < was.count; k++)
            if (i || was.at[k].bit)
                diff_access(a, false, was.at[k].id, was.at[k].bit - (i ? 0 : 1), b);
    }
}

void
policy_diff(const policy *from, const policy *to, const struct holder *holders, size_t count,
            buf *b)
{
    const struct access a = {from, to, holders, count};
    for (int i = 0; i < LISTS; i++) {
        const struct list was = list_of(from, i), is = list_of(to, i);
        diff_names(&was, &is, b);
    }
    diff_downgrades(from, to, b);
    diff_guardrails(from, to, b);
    diff_tlp(from, to, b);
    diff_keep(from, to, b);
    diff_purposes(from, to, b);
    diff_hours(from, to, b);
    diff_holders(&a, b);
}
