/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/schema.h"
#include "engine/schema_tree.h"

enum { UNSEEN, OPEN, CLOSED };
enum { APART_DEPTH_MAX = 16, APART_STEPS_MAX = 2000000 };

struct schema_node *
schema_target(struct schema_node *n)
{
    for (int i = 0; n->kind == SCHEMA_REF && n->rest && i < SCHEMA_NODES_MAX; i++)
        n = n->rest;
    return n;
}

/* ---- references that lead back */

static fallible
refuse_loop(const struct schema_node *n)
{
    char path[256];
    if (!str_copy(n->path, path, sizeof path))
        path[0] = '\0';
    REFUSE(UNSUPPORTED, path, "%s: a reference leads back to itself", path);
}

/* Follows what takes no character.  A path of it has at most SCHEMA_NODES_MAX small frames. */
static fallible
check_loop(struct schema_node *n)
{
    if (n->mark == OPEN)
        return refuse_loop(n);
    if (n->mark == CLOSED || (n->kind != SCHEMA_REF && n->kind != SCHEMA_UNION))
        return OK;
    n->mark = OPEN;
    if (n->kind == SCHEMA_REF)
        TRY(check_loop(n->rest));
    for (size_t i = 0; n->kind == SCHEMA_UNION && i < n->parts.count; i++)
        TRY(check_loop(n->parts.at[i]));
    n->mark = CLOSED;
    return OK;
}

/* ---- is there a value */

static bool
is_array_able(const struct schema_node *n)
{
    for (uint32_t i = 0; i < n->min; i++) {
        if (i >= n->parts.count)
            return n->rest->is_able;
        if (!n->parts.at[i]->is_able)
            return false;
    }
    return true;
}

static bool
is_able_now(const struct schema_node *n)
{
    switch (n->kind) {
    case SCHEMA_NEVER:
        return false;
    case SCHEMA_LITERALS:
        return n->literals.count > 0;
    case SCHEMA_REF:
        return n->rest->is_able;
    case SCHEMA_ARRAY:
        return is_array_able(n);
    case SCHEMA_UNION:
        for (size_t i = 0; i < n->parts.count; i++)
            if (n->parts.at[i]->is_able)
                return true;
        return false;
    case SCHEMA_OBJECT:
        for (size_t i = 0; i < n->properties.count; i++)
            if (n->properties.at[i].required && !n->properties.at[i].node->is_able)
                return false;
        return true;
    case SCHEMA_ANY:
    case SCHEMA_NULL:
    case SCHEMA_BOOL:
    case SCHEMA_INTEGER:
    case SCHEMA_NUMBER:
    case SCHEMA_STRING:
        return true;
    }
    UNREACHABLE("every kind is named");
}

/* Up to a fixed point: each round but the last finds one more. */
static void
find_able(const struct schema_tree *t)
{
    bool again = true;
    while (again) {
        again = false;
        for (size_t i = t->nodes.count; i-- > 0;) {
            struct schema_node *n = t->nodes.at[i];
            if (!n->is_able && is_able_now(n))
                n->is_able = again = true;
        }
    }
}

/* ---- oneOf: branches of which at most one matches */

/* References make the pairs many more than the nodes, so the looking is counted; when nothing is
 * left, nothing is apart. */
struct search {
    uint32_t left, depth;
};

static bool is_apart(struct search *s, struct schema_node *a, struct schema_node *b);

static bool
spend(struct search *s, size_t cost)
{
    const bool has_left = cost < s->left;
    s->left = has_left ? s->left - (uint32_t)cost : 0;
    return has_left;
}

static uint32_t types_of(struct search *s, struct schema_node *n);

static uint32_t
types_of_all(struct search *s, const struct schema_node *n)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < n->parts.count; i++)
        bits |= types_of(s, n->parts.at[i]);
    for (size_t i = 0; i < n->literals.count; i++)
        bits |= 1u << n->literals.at[i].type;
    return bits;
}

static uint32_t
types_of(struct search *s, struct schema_node *n)
{
    static const uint32_t plain[] = {
        [SCHEMA_NULL] = 1u << J_NULL,      [SCHEMA_BOOL] = 1u << J_BOOL,
        [SCHEMA_INTEGER] = 1u << J_NUMBER, [SCHEMA_NUMBER] = 1u << J_NUMBER,
        [SCHEMA_STRING] = 1u << J_STRING,  [SCHEMA_ARRAY] = 1u << J_ARRAY,
        [SCHEMA_OBJECT] = 1u << J_OBJECT,  [SCHEMA_NEVER] = 0,
        [SCHEMA_ANY] = UINT32_MAX,         [SCHEMA_REF] = UINT32_MAX};
    n = schema_target(n);
    if (!spend(s, 1 + n->literals.count))
        return UINT32_MAX;
    if (n->kind == SCHEMA_UNION || n->kind == SCHEMA_LITERALS)
        return types_of_all(s, n);
    return plain[n->kind];
}

/* Only texts and truth values: a number can be written in several ways. */
static bool
are_literals_apart(struct search *s, const struct schema_node *a, const struct schema_node *b)
{
    if (!spend(s, a->literals.count * b->literals.count))
        return false;
    for (size_t i = 0; i < a->literals.count; i++)
        for (size_t k = 0; k < b->literals.count; k++) {
            const struct schema_literal *x = &a->literals.at[i], *y = &b->literals.at[k];
            const bool is_plain = x->type == J_STRING || x->type == J_BOOL || x->type == J_NULL;
            if (x->type == y->type && (!is_plain || str_eq(x->text, y->text)))
                return false;
        }
    return true;
}

static const struct schema_property *
find_property(const struct schema_node *n, str name)
{
    for (size_t i = 0; i < n->properties.count; i++)
        if (str_eq(n->properties.at[i].name, name))
            return &n->properties.at[i];
    return NULL;
}

/* Something `a` requires is not what `b` takes there, or `b` does not take it at all. */
static bool
is_object_apart(struct search *s, const struct schema_node *a, const struct schema_node *b)
{
    for (size_t i = 0; i < a->properties.count; i++) {
        const struct schema_property *p = &a->properties.at[i];
        if (!p->required)
            continue;
        if (!spend(s, b->properties.count))
            return false;
        const struct schema_property *q = find_property(b, p->name);
        if (q ? is_apart(s, p->node, q->node) : b->is_closed)
            return true;
    }
    return false;
}

static bool
is_apart_from_all(struct search *s, struct schema_node *a, const struct schema_node *b)
{
    for (size_t i = 0; i < b->parts.count; i++)
        if (!is_apart(s, a, b->parts.at[i]))
            return false;
    return true;
}

/* True only when no value can be both.  Objects within objects may have no end; the search has. */
static bool
is_apart(struct search *s, struct schema_node *a, struct schema_node *b)
{
    a = schema_target(a);
    b = schema_target(b);
    if (a == b || s->depth >= APART_DEPTH_MAX || !spend(s, 1))
        return false;
    if (!(types_of(s, a) & types_of(s, b)))
        return s->left > 0;
    bool apart = false;
    s->depth++;
    if (b->kind == SCHEMA_UNION)
        apart = is_apart_from_all(s, a, b);
    else if (a->kind == SCHEMA_UNION)
        apart = is_apart_from_all(s, b, a);
    else if (a->kind == SCHEMA_LITERALS && b->kind == SCHEMA_LITERALS)
        apart = are_literals_apart(s, a, b);
    else if (a->kind == SCHEMA_OBJECT && b->kind == SCHEMA_OBJECT)
        apart = is_object_apart(s, a, b) || is_object_apart(s, b, a);
    s->depth--;
    return apart;
}

static fallible
check_one_of(struct search *s, const struct schema_node *n)
{
    char path[256];
    if (!str_copy(n->path, path, sizeof path))
        path[0] = '\0';
    for (size_t i = 0; i < n->parts.count; i++)
        for (size_t k = i + 1; k < n->parts.count; k++)
            if (!is_apart(s, n->parts.at[i], n->parts.at[k]))
                REFUSE(UNSUPPORTED, path,
                       "%s: the keyword \"oneOf\" is supported for branches that cannot both "
                       "match; use \"anyOf\" or a property with different \"const\" values",
                       path);
    return OK;
}

fallible
schema_check(const struct schema_tree *t, const char *path)
{
    struct search s = {.left = APART_STEPS_MAX};
    for (size_t i = 0; i < t->nodes.count; i++)
        TRY(check_loop(t->nodes.at[i]));
    find_able(t);
    for (size_t i = 0; i < t->nodes.count; i++)
        if (t->nodes.at[i]->is_one_of)
            TRY(check_one_of(&s, t->nodes.at[i]));
    if (!t->root->is_able)
        REFUSE(UNSUPPORTED, path, "%s%sno finite value satisfies this schema", path,
               path[0] ? ": " : "");
    return OK;
}
