/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdarg.h>
#include <stdio.h>

#include "base/map.h"
#include "engine/schema.h"
#include "engine/schema_range.h"
#include "engine/schema_tree.h"

enum { NAME_BYTES_MAX = 256, POINTER_BYTES_MAX = 1024, PATH_ROOM = 192, TEXT_BYTES_MAX = 65536 };
enum { OF_STRING = 1, OF_NUMBER = 2, OF_ARRAY = 4, OF_OBJECT = 8 };
enum fate { BUILT, PARTLY, NOTE, REFUSED };

static const struct keyword {
    const char *name;
    enum fate fate;
    uint32_t types;
    const char *doc;
} keywords[] = {
#define KEYWORD(name, fate, types, doc) {name, fate, types, doc},
#include "engine/schema.def"
#undef KEYWORD
};

static const struct format {
    str name, pattern;
} formats[] = {
#define FORMAT(name, pattern) {STR_INIT(name), STR_INIT(pattern)},
#include "engine/schema.def"
#undef FORMAT
};

/* Values of "type", in the order of the bits. */
static const struct type {
    str name;
    enum schema_kind kind;
    uint32_t group;
} types[] = {{STR_INIT("null"), SCHEMA_NULL, 0},
             {STR_INIT("boolean"), SCHEMA_BOOL, 0},
             {STR_INIT("integer"), SCHEMA_INTEGER, 0},
             {STR_INIT("number"), SCHEMA_NUMBER, OF_NUMBER},
             {STR_INIT("string"), SCHEMA_STRING, OF_STRING},
             {STR_INIT("array"), SCHEMA_ARRAY, OF_ARRAY},
             {STR_INIT("object"), SCHEMA_OBJECT, OF_OBJECT}};

#define COUNT(list) (sizeof(list) / sizeof *(list))
enum { TYPE_INTEGER = 2, TYPE_NUMBER = 3 };

struct owed { /* a reference to be followed */
    struct schema_node *node;
    str pointer;
};

struct reader {
    arena *a;
    struct schema_tree *t;
    const jval *root;
    map by_value; /* address of the JSON value to its node */
    size_t literals;
    unsigned depth;
    VEC(struct owed) owed;
};

#define NO(v, ...)                                                                                 \
    do {                                                                                           \
        char path_[PATH_ROOM];                                                                     \
        json_path(v, path_, sizeof path_);                                                         \
        return refuse(path_, __VA_ARGS__);                                                         \
    } while (0)

static fallible __attribute__((format(printf, 2, 3))) refuse(const char *path, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (!path[0])
        REFUSE(UNSUPPORTED, "", "%s", text);
    REFUSE(UNSUPPORTED, path, "%s: %s", path, text);
}

/* ---- keywords */

static const struct keyword *
find_keyword(const char *name)
{
    for (size_t i = 0; i < COUNT(keywords); i++)
        if (strcmp(keywords[i].name, name) == 0)
            return &keywords[i];
    return NULL;
}

bool
schema_keyword_at(size_t i, struct schema_keyword *ret)
{
    static const char *const fates[] = {"built", "partly", "annotation", "refused"};
    if (i >= COUNT(keywords))
        return false;
    *ret = (struct schema_keyword){keywords[i].name, fates[keywords[i].fate], keywords[i].doc};
    return true;
}

/* Every member is known; null is no value of a keyword but of those that take any value. */
static fallible
check_keywords(const jval *v, uint32_t *ret_groups)
{
    struct jwalk w = {0};
    jval item;
    *ret_groups = 0;
    while (json_each(v, &w, &item)) {
        const struct keyword *k = find_keyword(item.name);
        if (!k && strncmp(item.name, "x-", 2) == 0)
            continue;
        if (!k)
            NO(&item, "not a keyword of JSON Schema that is supported");
        if (k->fate == REFUSED)
            NO(&item, "the keyword \"%s\" is not supported", k->name);
        if (k->fate != NOTE && json_type(item) == J_NULL && strcmp(k->name, "const") != 0)
            NO(&item, "the keyword \"%s\" must not be null", k->name);
        *ret_groups |= k->types;
    }
    return OK;
}

/* What stands for the whole value suffers no second opinion but annotations (and `but`). */
static fallible
check_alone(const jval *v, const char *name, const char *but)
{
    struct jwalk w = {0};
    jval item;
    while (json_each(v, &w, &item)) {
        const struct keyword *k = find_keyword(item.name);
        if (k && k->fate != NOTE && strcmp(k->name, name) != 0 && strcmp(k->name, but) != 0)
            NO(&item, "the keyword \"%s\" is not supported beside \"%s\"", k->name, name);
    }
    return OK;
}

static fallible read_node(struct reader *r, const jval *v, struct schema_node **ret);

static fallible
node_new(struct reader *r, struct schema_node **ret)
{
    void *room;
    if (r->t->nodes.count >= SCHEMA_NODES_MAX)
        REFUSE(UNSUPPORTED, "", "a schema may have %d parts at most", SCHEMA_NODES_MAX);
    TRY(try_arena_get(r->a, 1, sizeof(struct schema_node), &room));
    struct schema_node *n = room;
    *n = (struct schema_node){.kind = SCHEMA_ANY, .path = STR("")};
    TRY(VEC_ADD(r->a, &r->t->nodes, &n));
    *ret = n;
    return OK;
}

static fallible
set_path(struct reader *r, struct schema_node *n, const jval *v)
{
    char path[PATH_ROOM];
    return try_arena_str(r->a, str_of(json_path(v, path, sizeof path)), &n->path);
}

static fallible
read_count(const jval *v, const char *name, int64_t max, uint32_t *ret)
{
    const jval c = json_get(v, name);
    int64_t n = -1;
    TRY(opt_json_i64(&c, 0, INT64_MAX, &n));
    if (n > max)
        NO(&c, "the keyword \"%s\" may be %jd at most", name, (intmax_t)max);
    if (n >= 0)
        *ret = (uint32_t)n;
    return OK;
}

/* ---- strings */

static fallible
read_format(struct reader *r, const jval *f, struct schema_node *n)
{
    char path[PATH_ROOM];
    struct regex *regex;
    str name;
    TRY(json_str(f, NAME_BYTES_MAX, &name));
    for (size_t i = 0; i < COUNT(formats); i++)
        if (str_eq(formats[i].name, name)) {
            TRY(schema_regex_read(r->a, formats[i].pattern, json_path(f, path, sizeof path),
                                  &regex));
            n->regex = regex;
            return OK;
        }
    NO(f, "the keyword \"format\" takes date, time, date-time, uuid, email and ipv4 only");
}

static fallible
read_pattern(struct reader *r, const jval *p, struct schema_node *n)
{
    char path[PATH_ROOM];
    struct regex *regex;
    str text;
    TRY(json_str(p, SCHEMA_PATTERN_BYTES_MAX, &text));
    TRY(schema_regex_read(r->a, text, json_path(p, path, sizeof path), &regex));
    n->regex = regex;
    return OK;
}

static fallible
read_string(struct reader *r, const jval *v, struct schema_node *n)
{
    const jval pattern = json_get(v, "pattern"), format = json_get(v, "format");
    n->max = SCHEMA_UNBOUNDED;
    TRY(read_count(v, "minLength", SCHEMA_LENGTH_MAX, &n->min));
    TRY(read_count(v, "maxLength", SCHEMA_LENGTH_MAX, &n->max));
    if (pattern.v && format.v)
        NO(&format, "the keyword \"format\" is not supported beside \"pattern\"");
    if (pattern.v)
        TRY(read_pattern(r, &pattern, n));
    else if (format.v)
        TRY(read_format(r, &format, n));
    if (n->regex && (n->regex->shortest < n->min || n->regex->longest > n->max))
        NO(v, "minLength or maxLength beside \"%s\" that allows other lengths is not supported",
           pattern.v ? "pattern" : "format");
    if (n->min > n->max)
        n->kind = SCHEMA_NEVER;
    return OK;
}

/* ---- numbers */

static bool
take_digits(str *rest, int64_t *n, uint32_t *count)
{
    while (rest->len && rest->at[0] >= '0' && rest->at[0] <= '9') {
        if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, rest->at[0] - '0', n))
            return false;
        *rest = str_slice(*rest, 1, rest->len);
        (*count)++;
    }
    return true;
}

/* The decimal text of a double is the shortest that means it, so it is what was written. */
static bool
parse_bound(str text, struct schema_bound *b)
{
    uint32_t whole = 0;
    const bool is_negative = str_starts(text, STR("-"));
    text = str_slice(text, is_negative, text.len);
    while (text.len > 1 && str_find_char(text, '.') >= 0 && str_ends(text, STR("0")))
        text.len--;
    if (!take_digits(&text, &b->n, &whole))
        return false;
    if (str_starts(text, STR("."))) {
        text = str_slice(text, 1, text.len);
        if (!take_digits(&text, &b->n, &b->decimals))
            return false;
    }
    if (is_negative)
        b->n = -b->n;
    return !text.len && b->decimals <= SCHEMA_DECIMALS_MAX &&
           whole + b->decimals <= SCHEMA_DIGITS_MAX;
}

static fallible
read_bound(const jval *v, const char *name, bool is_open, struct schema_bound *ret)
{
    const jval n = json_get(v, name);
    struct schema_bound b = {.is_set = true, .is_open = is_open};
    AUTO(buf) text = BUF(NAME_BYTES_MAX);
    double d;
    if (!n.v)
        return OK;
    TRY(json_f64(&n, -1e300, 1e300, &d));
    json_put_value(&text, &n);
    TRY(buf_end(&text));
    if (!parse_bound(buf_str(&text), &b))
        NO(&n, "the keyword \"%s\" takes numbers of at most 15 digits, 6 of them decimals", name);
    *ret = b;
    return OK;
}

/* In units of 10^-6, which fit into 70 bits. */
static __int128
scaled(const struct schema_bound *b)
{
    __int128 n = b->n;
    for (uint32_t i = b->decimals; i < SCHEMA_DECIMALS_MAX; i++)
        n *= 10;
    return n;
}

static fallible
read_number(const jval *v, struct schema_node *n)
{
    struct schema_bound open_low = {0}, open_high = {0};
    AUTO(buf) probe = BUF(SCHEMA_GRAMMAR_BYTES_MAX);
    TRY(read_bound(v, "minimum", false, &n->low));
    TRY(read_bound(v, "maximum", false, &n->high));
    TRY(read_bound(v, "exclusiveMinimum", true, &open_low));
    TRY(read_bound(v, "exclusiveMaximum", true, &open_high));
    if (open_low.is_set && (!n->low.is_set || scaled(&open_low) >= scaled(&n->low)))
        n->low = open_low;
    if (open_high.is_set && (!n->high.is_set || scaled(&open_high) <= scaled(&n->high)))
        n->high = open_high;
    if (!n->low.is_set && !n->high.is_set)
        return OK;
    if (!(n->kind == SCHEMA_INTEGER ? schema_put_integers : schema_put_numbers)(&probe, &n->low,
                                                                                &n->high))
        n->kind = SCHEMA_NEVER;
    return OK;
}

/* ---- arrays */

static fallible
read_list(struct reader *r, const jval *list, struct schema_node *n)
{
    struct jwalk w = {0};
    jval item;
    TRY(json_array(list, 1, SCHEMA_ITEMS_MAX));
    while (json_each(list, &w, &item)) {
        struct schema_node *part;
        TRY(read_node(r, &item, &part));
        TRY(VEC_ADD(r->a, &n->parts, &part));
    }
    return OK;
}

static fallible
read_array(struct reader *r, const jval *v, struct schema_node *n)
{
    const jval items = json_get(v, "items"), prefix = json_get(v, "prefixItems");
    const jval unique = json_get(v, "uniqueItems");
    bool is_unique = false;
    TRY(opt_json_bool(&unique, &is_unique));
    if (is_unique)
        NO(&unique, "the keyword \"uniqueItems\" is not supported");
    n->max = SCHEMA_UNBOUNDED;
    TRY(read_count(v, "minItems", SCHEMA_ITEMS_MAX, &n->min));
    TRY(read_count(v, "maxItems", SCHEMA_ITEMS_MAX, &n->max));
    if (prefix.v)
        TRY(read_list(r, &prefix, n));
    if (items.v)
        TRY(read_node(r, &items, &n->rest));
    else
        TRY(node_new(r, &n->rest)); /* anything */
    if (n->min > n->max)
        n->kind = SCHEMA_NEVER;
    return OK;
}

/* ---- objects */

static struct schema_property *
find_property(const struct schema_node *n, str name)
{
    for (size_t i = 0; i < n->properties.count; i++)
        if (str_eq(n->properties.at[i].name, name))
            return &n->properties.at[i];
    return NULL;
}

static fallible
read_properties(struct reader *r, const jval *list, struct schema_node *n)
{
    struct jwalk w = {0};
    jval item;
    TRY(json_object(list));
    if (json_count(list) > SCHEMA_NAMES_MAX)
        NO(list, "an object may have %d properties at most", SCHEMA_NAMES_MAX);
    while (json_each(list, &w, &item)) {
        struct schema_property p = {.name = str_of(item.name)};
        TRY(read_node(r, &item, &p.node));
        TRY(VEC_ADD(r->a, &n->properties, &p));
    }
    return OK;
}

/* A required name that properties do not tell of is one that additionalProperties tells of. */
static fallible
read_required(struct reader *r, const jval *list, struct schema_node *others, struct schema_node *n)
{
    struct jwalk w = {0};
    jval item;
    TRY(json_array(list, 0, SCHEMA_NAMES_MAX));
    while (json_each(list, &w, &item)) {
        str name;
        TRY(json_str(&item, NAME_BYTES_MAX, &name));
        struct schema_property *known = find_property(n, name);
        const struct schema_property p = {.name = name, .node = others, .required = true};
        if (!known && !others)
            NO(&item, "a required property that additionalProperties forbids");
        if (known)
            known->required = true;
        else
            TRY(VEC_ADD(r->a, &n->properties, &p));
    }
    return OK;
}

static fallible
read_object(struct reader *r, const jval *v, struct schema_node *n)
{
    const jval properties = json_get(v, "properties"), required = json_get(v, "required");
    const jval additional = json_get(v, "additionalProperties");
    struct schema_node *others = NULL;
    bool is_open = true;
    if (json_type(additional) == J_BOOL)
        TRY(json_bool(&additional, &is_open));
    if (json_type(additional) == J_OBJECT)
        TRY(read_node(r, &additional, &others));
    else if (additional.v && json_type(additional) != J_BOOL)
        NO(&additional, "a schema is an object or a truth value");
    else if (is_open)
        TRY(node_new(r, &others)); /* anything */
    if (properties.v)
        TRY(read_properties(r, &properties, n));
    if (required.v)
        TRY(read_required(r, &required, others, n));
    n->is_closed = !is_open;
    n->rest = additional.v || !n->properties.count ? others : NULL;
    return OK;
}

/* ---- enum and const */

static fallible
add_literal(struct reader *r, const jval *v, uint32_t allowed, struct schema_node *n)
{
    static const uint32_t bits[] = {[J_NULL] = 1,    [J_BOOL] = 2,   [J_NUMBER] = 8,
                                    [J_STRING] = 16, [J_ARRAY] = 32, [J_OBJECT] = 64};
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    struct schema_literal l = {.type = json_type(*v)};
    int64_t whole;
    uint32_t bit = bits[l.type];
    if (l.type == J_NUMBER && !json_i64(v, INT64_MIN, INT64_MAX, &whole).code)
        bit |= 1u << TYPE_INTEGER;
    if (++r->literals > SCHEMA_LITERALS_MAX)
        NO(v, "a schema may have %d values of \"enum\" at most", SCHEMA_LITERALS_MAX);
    if (!(bit & allowed))
        return OK;
    json_put_value(&text, v);
    TRY(buf_end(&text));
    TRY(try_arena_str(r->a, buf_str(&text), &l.text));
    return VEC_ADD(r->a, &n->literals, &l);
}

static fallible
read_literals(struct reader *r, const jval *v, uint32_t allowed, struct schema_node *n)
{
    const jval constant = json_get_null(v, "const"), list = json_get(v, "enum");
    struct jwalk w = {0};
    jval item;
    n->kind = SCHEMA_LITERALS;
    if (constant.v) {
        TRY(check_alone(v, "const", "type"));
        return add_literal(r, &constant, allowed, n);
    }
    TRY(check_alone(v, "enum", "type"));
    TRY(json_array(&list, 1, SCHEMA_LITERALS_MAX));
    while (json_each(&list, &w, &item))
        TRY(add_literal(r, &item, allowed, n));
    return OK;
}

/* ---- combinations */

static fallible
read_union(struct reader *r, const jval *v, const char *name, struct schema_node *n)
{
    const jval list = json_get(v, name);
    TRY(check_alone(v, name, ""));
    n->kind = SCHEMA_UNION;
    n->is_one_of = strcmp(name, "oneOf") == 0;
    TRY(set_path(r, n, &list));
    return read_list(r, &list, n);
}

static fallible
read_all_of(struct reader *r, const jval *v, struct schema_node *n)
{
    const jval list = json_get(v, "allOf");
    TRY(check_alone(v, "allOf", ""));
    TRY(json_array(&list, 1, SCHEMA_ITEMS_MAX));
    if (json_count(&list) > 1)
        NO(&list, "the keyword \"allOf\" is supported with one branch only");
    const jval only = json_at(&list, 0);
    n->kind = SCHEMA_REF;
    TRY(set_path(r, n, &list));
    return read_node(r, &only, &n->rest);
}

static fallible
read_ref(struct reader *r, const jval *v, struct schema_node *n)
{
    const jval ref = json_get(v, "$ref");
    struct owed o = {.node = n};
    TRY(check_alone(v, "$ref", ""));
    TRY(json_str(&ref, POINTER_BYTES_MAX, &o.pointer));
    if (!str_eq(o.pointer, STR("#")) && !str_starts(o.pointer, STR("#/")))
        NO(&ref, "the keyword \"$ref\" is supported within the same schema only (\"#/...\")");
    n->kind = SCHEMA_REF;
    TRY(set_path(r, n, &ref));
    return VEC_ADD(r->a, &r->owed, &o);
}

/* ---- types */

static fallible
add_type(const jval *v, uint32_t *mask)
{
    str name;
    TRY(json_str(v, NAME_BYTES_MAX, &name));
    for (size_t i = 0; i < COUNT(types); i++)
        if (str_eq(types[i].name, name)) {
            *mask |= 1u << i;
            return OK;
        }
    NO(v, "the keyword \"type\" takes null, boolean, integer, number, string, array and object");
}

static fallible
read_types(const jval *v, uint32_t *ret_mask)
{
    const jval list = json_get(v, "type");
    struct jwalk w = {0};
    jval item;
    *ret_mask = 0;
    if (!list.v)
        return OK;
    if (json_type(list) == J_STRING)
        return add_type(&list, ret_mask);
    TRY(json_array(&list, 1, COUNT(types)));
    while (json_each(&list, &w, &item))
        TRY(add_type(&item, ret_mask));
    return OK;
}

/* Without "type", the keywords tell it, if they tell one. */
static fallible
guess_type(const jval *v, uint32_t groups, uint32_t *mask)
{
    for (size_t i = 0; i < COUNT(types); i++)
        if (types[i].group == groups)
            *mask = 1u << i;
    if (!*mask)
        NO(v, "the keyword \"type\" is missing and the others do not tell it");
    return OK;
}

static fallible
read_typed(struct reader *r, const jval *v, enum schema_kind kind, struct schema_node *n)
{
    n->kind = kind;
    if (kind == SCHEMA_STRING)
        return read_string(r, v, n);
    if (kind == SCHEMA_INTEGER || kind == SCHEMA_NUMBER)
        return read_number(v, n);
    if (kind == SCHEMA_ARRAY)
        return read_array(r, v, n);
    if (kind == SCHEMA_OBJECT)
        return read_object(r, v, n);
    return OK;
}

static fallible
read_by_type(struct reader *r, const jval *v, uint32_t mask, struct schema_node *n)
{
    if (mask & 1u << TYPE_NUMBER)
        mask &= ~(1u << TYPE_INTEGER);
    for (size_t i = 0; i < COUNT(types); i++) {
        struct schema_node *part;
        if (mask == 1u << i)
            return read_typed(r, v, types[i].kind, n);
        if (!(mask & 1u << i))
            continue;
        n->kind = SCHEMA_UNION;
        TRY(node_new(r, &part));
        TRY(read_typed(r, v, types[i].kind, part));
        TRY(VEC_ADD(r->a, &n->parts, &part));
    }
    return OK;
}

static fallible
read_object_form(struct reader *r, const jval *v, struct schema_node *n)
{
    uint32_t groups, mask;
    TRY(check_keywords(v, &groups));
    TRY(read_types(v, &mask));
    if (json_get(v, "$ref").v)
        return read_ref(r, v, n);
    if (json_get(v, "allOf").v)
        return read_all_of(r, v, n);
    if (json_get(v, "anyOf").v)
        return read_union(r, v, "anyOf", n);
    if (json_get(v, "oneOf").v)
        return read_union(r, v, "oneOf", n);
    if (json_get(v, "enum").v || json_get_null(v, "const").v)
        return read_literals(r, v, mask ? mask : UINT32_MAX, n);
    if (!mask && groups)
        TRY(guess_type(v, groups, &mask));
    return mask ? read_by_type(r, v, mask, n) : OK;
}

static fallible
read_node(struct reader *r, const jval *v, struct schema_node **ret)
{
    struct schema_node *n;
    bool flag;
    if (r->depth >= SCHEMA_DEPTH_MAX)
        NO(v, "the schema is more than %d levels deep", SCHEMA_DEPTH_MAX);
    TRY(node_new(r, &n));
    void **key;
    TRY(try_arena_get(r->a, 1, sizeof(const void *), (void **)&key));
    memcpy(key, &v->v, sizeof v->v);
    TRY(map_put(&r->by_value, (str){(const char *)key, sizeof v->v}, n));
    if (json_type(*v) == J_BOOL) {
        TRY(json_bool(v, &flag));
        n->kind = flag ? SCHEMA_ANY : SCHEMA_NEVER;
    } else if (json_type(*v) != J_OBJECT) {
        NO(v, "a schema is an object or a truth value");
    } else {
        r->depth++;
        TRY(read_object_form(r, v, n));
        r->depth--;
    }
    *ret = n;
    return OK;
}

/* ---- references */

/* ~1 is a slash, ~0 a tilde (RFC 6901); names with %XX are not taken. */
static bool
unescape(str token, char *room, size_t room_len)
{
    size_t len = 0;
    for (size_t i = 0; i < token.len; i++) {
        char c = token.at[i];
        if (c == '~') {
            if (++i == token.len || (token.at[i] != '0' && token.at[i] != '1'))
                return false;
            c = token.at[i] == '1' ? '/' : '~';
        }
        if (c == '%' || c == '\0' || len + 1 >= room_len)
            return false;
        room[len++] = c;
    }
    room[len] = '\0';
    return true;
}

static bool
step(const jval *at, const char *name, jval *ret)
{
    if (json_type(*at) == J_OBJECT) {
        *ret = json_get(at, name);
        return ret->v != NULL;
    }
    if (json_type(*at) != J_ARRAY)
        return false;
    for (size_t i = 0; i < json_count(at); i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        if (strcmp(number, name) == 0) {
            *ret = json_at(at, i);
            return true;
        }
    }
    return false;
}

/* The value the pointer names; it and those above it live in the arena. */
static fallible
follow(struct reader *r, const struct owed *o, const jval **ret)
{
    const jval *at = r->root;
    str rest = str_slice(o->pointer, 2, o->pointer.len), token;
    char name[NAME_BYTES_MAX], path[PATH_ROOM];
    if (!str_copy(o->node->path, path, sizeof path))
        UNREACHABLE("a path came from such a room");
    while (o->pointer.len > 1 && str_next(&rest, '/', &token)) {
        void *next;
        str kept;
        if (!unescape(token, name, sizeof name))
            return refuse(path, "the keyword \"$ref\" names nothing in this schema");
        TRY(try_arena_str(r->a, str_of(name), &kept));
        TRY(try_arena_get(r->a, 1, sizeof(jval), &next));
        if (!step(at, kept.at, next))
            return refuse(path, "the keyword \"$ref\" names nothing in this schema");
        at = next;
    }
    *ret = at;
    return OK;
}

static fallible
pay(struct reader *r, struct owed o)
{
    const jval *target = NULL;
    TRY(follow(r, &o, &target));
    o.node->rest = map_get(&r->by_value, (str){(const char *)&target->v, sizeof target->v});
    if (!o.node->rest)
        TRY(read_node(r, target, &o.node->rest));
    return OK;
}

static fallible
read_all(struct reader *r)
{
    TRY(read_node(r, r->root, &r->t->root));
    for (size_t i = 0; i < r->owed.count; i++) {
        r->depth = 0;
        TRY(pay(r, r->owed.at[i]));
    }
    return OK;
}

fallible
schema_read(arena *a, const jval *schema, struct schema_tree *ret)
{
    struct schema_tree t = {0};
    struct reader r = {.a = a, .t = &t, .root = schema};
    const err e = read_all(&r);
    map_done(&r.by_value);
    if (e.code)
        return err_pass(e, __FILE__, __LINE__, __func__);
    *ret = t;
    return OK;
}
