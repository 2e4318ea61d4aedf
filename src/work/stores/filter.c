/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/stores/filter.h"

enum { TYPE_MAX = 16, TREE_BYTES = 64 * 1024 };

fallible
filter_new(arena *a, enum filter_op op, size_t *count, struct filter **ret)
{
    void *at = NULL;
    if (++*count > FILTER_NODES_MAX)
        REFUSE(ARGUMENT, "filters", "a filter has at most %d conditions", FILTER_NODES_MAX);
    TRY(try_arena_get(a, 1, sizeof(struct filter), &at));
    *ret = (struct filter *)at;
    (*ret)->op = op;
    return OK;
}

fallible
filter_set_key(arena *a, const jval *v, struct filter *f)
{
    str key;
    TRY(json_str(v, FILTER_KEY_MAX, &key));
    return try_arena_str(a, key, &f->key);
}

/* ---- values */
static fallible
read_value(const jval *v, struct filter_value *ret)
{
    ret->type = json_type(*v);
    switch (ret->type) {
    case J_STRING:
        return json_str(v, FILTER_TEXT_MAX, &ret->text);
    case J_BOOL:
        return json_bool(v, &ret->is_true);
    case J_ABSENT:
    case J_NULL:
    case J_NUMBER:
    case J_ARRAY:
    case J_OBJECT:
        break;
    }
    ret->type = J_NUMBER;
    return json_f64(v, -1e308, 1e308, &ret->number);
}

static fallible
add_value(arena *a, const jval *v, struct filter *f)
{
    struct filter_value one = {.type = J_NULL};
    TRY(read_value(v, &one));
    return VEC_ADD(a, &f->values, &one);
}

fallible
filter_set_values(arena *a, const jval *v, struct filter *f)
{
    struct jwalk w = {0};
    jval item;
    if (f->op != FILTER_IN && f->op != FILTER_NIN)
        return add_value(a, v, f);
    TRY(json_array(v, 1, FILTER_VALUES_MAX));
    while (json_each(v, &w, &item))
        TRY(add_value(a, &item, f));
    return OK;
}

/* ---- OpenAI's spelling */
struct reading {
    arena *a;
    size_t count;
};

static fallible
read_op(const jval *v, enum filter_op *ret)
{
    static const struct {
        const char *name;
        enum filter_op op;
    } ops[] = {{"eq", FILTER_EQ}, {"ne", FILTER_NE},   {"gt", FILTER_GT}, {"gte", FILTER_GTE},
               {"lt", FILTER_LT}, {"lte", FILTER_LTE}, {"in", FILTER_IN}, {"nin", FILTER_NIN},
               {"or", FILTER_OR}, {"and", FILTER_AND}};
    str type;
    TRY(json_str(v, TYPE_MAX, &type));
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (str_eq(type, str_of(ops[i].name))) {
            *ret = ops[i].op;
            return OK;
        }
    REFUSE(ARGUMENT, "filters",
           "the type of a filter must be eq, ne, gt, gte, lt, lte, in, nin, "
           "and, or");
}

static fallible
check_members(const jval *v, bool is_comparison)
{
    static const char *const comparison[] = {"type", "key", "value"}, *const compound[] = {
                                                                          "type", "filters"};
    const char *const *known = is_comparison ? comparison : compound;
    const size_t count = is_comparison ? 3 : 2;
    struct jwalk w = {0};
    jval m;
    while (json_each(v, &w, &m)) {
        size_t i = 0;
        while (i < count && strcmp(m.name, known[i]) != 0)
            i++;
        if (i == count)
            REFUSE(ARGUMENT, "filters", "a filter has a member that is not known here");
    }
    return OK;
}

/* Recursion is bounded by FILTER_DEPTH_MAX. */
static fallible
read_node(struct reading *r, const jval *v, int depth, struct filter **ret)
{
    struct jwalk w = {0};
    struct filter *child;
    enum filter_op op;
    jval item;
    if (depth > FILTER_DEPTH_MAX)
        REFUSE(ARGUMENT, "filters", "filters lie at most %d deep", FILTER_DEPTH_MAX);
    TRY(json_object(v));
    const jval type = json_get(v, "type"), key = json_get(v, "key"), value = json_get(v, "value"),
               list = json_get(v, "filters");
    TRY(read_op(&type, &op));
    TRY(check_members(v, op != FILTER_AND && op != FILTER_OR));
    TRY(filter_new(r->a, op, &r->count, ret));
    if (op != FILTER_AND && op != FILTER_OR) {
        TRY(filter_set_key(r->a, &key, *ret));
        return filter_set_values(r->a, &value, *ret);
    }
    TRY(json_array(&list, 1, FILTER_NODES_MAX));
    while (json_each(&list, &w, &item)) {
        TRY(read_node(r, &item, depth + 1, &child));
        TRY(VEC_ADD(r->a, &(*ret)->children, &child));
    }
    return OK;
}

fallible
filter_read(arena *a, const jval *v, struct filter **ret)
{
    struct reading r = {.a = a};
    return read_node(&r, v, 1, ret);
}

/* ---- does it fit? */
/* <0, 0, >0; *ret_fits is false for values of different kinds. */
static int
compare(const struct filter_value *x, const struct filter_value *y, bool *ret_fits)
{
    *ret_fits = x->type == y->type;
    if (!*ret_fits)
        return 1;
    if (x->type == J_STRING)
        return str_cmp(x->text, y->text);
    if (x->type == J_BOOL)
        return (int)x->is_true - (int)y->is_true;
    return x->number < y->number ? -1 : x->number > y->number;
}

static bool
is_among(const struct filter *f, const struct filter_value *x)
{
    bool fits;
    for (size_t i = 0; i < f->values.count; i++)
        if (compare(x, &f->values.at[i], &fits) == 0 && fits)
            return true;
    return false;
}

static bool
text_fits(const struct filter *f, const struct filter_value *x)
{
    const struct filter_value *y = &f->values.at[0];
    if (x->type != J_STRING || y->type != J_STRING)
        return false;
    return f->op == FILTER_STARTS ? str_starts(x->text, y->text) : str_find(x->text, y->text) >= 0;
}

static bool
order_fits(const struct filter *f, const struct filter_value *x)
{
    bool same_kind;
    const int c = compare(x, &f->values.at[0], &same_kind);
    if (!same_kind || x->type == J_BOOL)
        return false;
    if (f->op == FILTER_GT || f->op == FILTER_GTE)
        return c > 0 || (c == 0 && f->op == FILTER_GTE);
    return c < 0 || (c == 0 && f->op == FILTER_LTE);
}

static bool
comparison_fits(const struct filter *f, const jval *attributes)
{
    const jval v = json_get(attributes, f->key.at);
    struct filter_value x = {.type = J_NULL};
    if (!v.v || read_value(&v, &x).code)
        return f->op == FILTER_NE || f->op == FILTER_NIN;
    if (f->op == FILTER_EQ || f->op == FILTER_IN)
        return is_among(f, &x);
    if (f->op == FILTER_NE || f->op == FILTER_NIN)
        return !is_among(f, &x);
    if (f->op == FILTER_STARTS || f->op == FILTER_CONTAINS)
        return text_fits(f, &x);
    return order_fits(f, &x);
}

/* As deep as it was made: read_node, or a dialect with the same bound. */
bool
filter_fits(const struct filter *f, const jval *attributes)
{
    if (f->op != FILTER_AND && f->op != FILTER_OR)
        return comparison_fits(f, attributes);
    for (size_t i = 0; i < f->children.count; i++)
        if (filter_fits(f->children.at[i], attributes) == (f->op == FILTER_OR))
            return f->op == FILTER_OR;
    return f->op == FILTER_AND;
}

/* ---- attributes */
fallible
filter_read_attributes(arena *a, const jval *v, str *ret)
{
    AUTO(buf) b = BUF(TREE_BYTES);
    struct jwalk w = {0};
    struct filter_value value;
    jval item;
    *ret = STR("{}");
    if (!v->v)
        return OK;
    TRY(json_object(v));
    if (json_count(v) > FILTER_ATTRIBUTES_MAX)
        REFUSE(ARGUMENT, "attributes", "a file has at most %d attributes", FILTER_ATTRIBUTES_MAX);
    while (json_each(v, &w, &item)) {
        if (strlen(item.name) > FILTER_KEY_MAX)
            REFUSE(ARGUMENT, "attributes", "the name of an attribute has at most %d bytes",
                   FILTER_KEY_MAX);
        TRY(read_value(&item, &value));
    }
    json_put_value(&b, v);
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}
