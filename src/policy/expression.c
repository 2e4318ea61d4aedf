/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/expression.h"

#include "base/utf8.h"

enum kind { KIND_OPEN, KIND_WORD, KIND_AND, KIND_OR };

/* The operands of AND and OR are a chain. */
struct expression {
    enum kind kind;
    str word; /* as meant: without quotes */
    const expression *first, *next;
};

struct reader {
    arena *a;
    str text;
    size_t at;
    int depth;
};

static bool
is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':' || c == '/';
}

static char
peek(const struct reader *r)
{
    return r->at < r->text.len ? r->text.at[r->at] : '\0';
}

static fallible
refuse(const struct reader *r, const char *what)
{
    REFUSE(PARSE, "expression", "access expression, byte %zu: %s", r->at + 1, what);
}

static fallible
node(struct reader *r, enum kind kind, expression **ret)
{
    void *room;
    TRY(try_arena_get(r->a, 1, sizeof **ret, &room));
    *ret = room;
    (*ret)->kind = kind;
    return OK;
}

/* ---- words */
static fallible
read_plain(struct reader *r, str *ret)
{
    const size_t from = r->at;
    while (is_word_char(peek(r)))
        r->at++;
    if (r->at == from)
        return refuse(r, "a word or a bracket is missing");
    *ret = str_slice(r->text, from, r->at);
    return OK;
}

/* The byte that "\x" stands for. */
static fallible
read_escape(struct reader *r, char *ret)
{
    r->at++;
    const char c = peek(r);
    if (c != '"' && c != '\\')
        return refuse(r, "a backslash stands before a quote or a backslash only");
    *ret = c;
    return OK;
}

static fallible
read_quoted(struct reader *r, str *ret)
{
    void *room;
    size_t len = 0;
    TRY(try_arena_get(r->a, r->text.len - r->at, 1, &room));
    char *word = room;
    for (r->at++; r->at < r->text.len && r->text.at[r->at] != '"'; r->at++) {
        char c = r->text.at[r->at];
        if (c == '\\')
            TRY(read_escape(r, &c));
        word[len++] = c;
    }
    if (r->at == r->text.len)
        return refuse(r, "the quote is not closed");
    if (!len)
        return refuse(r, "the word in quotes is empty");
    r->at++;
    *ret = (str){word, len};
    return OK;
}

static fallible
read_word(struct reader *r, const expression **ret)
{
    expression *e;
    TRY(node(r, KIND_WORD, &e));
    if (peek(r) == '"')
        TRY(read_quoted(r, &e->word));
    else
        TRY(read_plain(r, &e->word));
    *ret = e;
    return OK;
}

/* ---- the whole */
static fallible read_chain(struct reader *r, const expression **ret);

static fallible
read_operand(struct reader *r, const expression **ret)
{
    if (peek(r) != '(')
        return read_word(r, ret);
    if (++r->depth > EXPRESSION_DEPTH_MAX)
        return refuse(r, "too many brackets within one another");
    r->at++;
    TRY(read_chain(r, ret));
    if (peek(r) != ')')
        return refuse(r, "a bracket is not closed");
    r->at++;
    r->depth--;
    return OK;
}

/* One operand, or several with one and the same sign between. */
static fallible
read_chain(struct reader *r, const expression **ret)
{
    const expression *first;
    TRY(read_operand(r, &first));
    const char sign = peek(r);
    if (sign != '&' && sign != '|') {
        *ret = first;
        return OK;
    }
    expression *whole, *last;
    TRY(node(r, sign == '&' ? KIND_AND : KIND_OR, &whole));
    for (const expression *operand = first;;) {
        TRY(node(r, KIND_OPEN, &last));
        *last = *operand; /* a copy: its place in this chain is its own */
        last->next = whole->first;
        whole->first = last;
        if (peek(r) != sign)
            break;
        r->at++;
        TRY(read_operand(r, &operand));
    }
    if (peek(r) == '&' || peek(r) == '|')
        return refuse(r, "& and | are mixed without brackets");
    *ret = whole;
    return OK;
}

fallible
expression_parse(arena *a, str text, const expression **ret)
{
    struct reader r = {.a = a, .text = text};
    expression *open;
    if (text.len > EXPRESSION_BYTES_MAX)
        REFUSE(PARSE, "expression", "the access expression is longer than %d bytes",
               EXPRESSION_BYTES_MAX);
    r.at = utf8_valid_len(text);
    if (r.at < text.len)
        return refuse(&r, "this is not UTF-8");
    r.at = 0;
    if (!text.len) {
        TRY(node(&r, KIND_OPEN, &open));
        *ret = open;
        return OK;
    }
    TRY(read_chain(&r, ret));
    if (r.at < text.len)
        return refuse(&r, "something stands after the end");
    return OK;
}

/* ---- what it means */
static bool
has(const str *list, size_t count, str word)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(list[i], word))
            return true;
    return false;
}

bool
expression_allows(const expression *e, const str *list, size_t count)
{
    if (e->kind == KIND_OPEN)
        return true;
    if (e->kind == KIND_WORD)
        return has(list, count, e->word);
    const bool all = e->kind == KIND_AND;
    for (const expression *o = e->first; o; o = o->next)
        if (expression_allows(o, list, count) != all)
            return !all;
    return all;
}

struct meaning {
    const struct label_names *names;
    label level, compartments, parties;
    bool has_level, has_parties;
};

static const struct label_name *
find(const struct label_name *names, size_t count, str word)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(names[i].id, word))
            return &names[i];
    return NULL;
}

static const struct label_name *
find_party(const struct meaning *m, const expression *e)
{
    return e->kind == KIND_WORD ? find(m->names->parties, m->names->party_count, e->word) : NULL;
}

/* PARTY or (PARTY|PARTY|…), once. */
static fallible
take_parties(struct meaning *m, const expression *e)
{
    const expression one = {.kind = KIND_OR, .first = e};
    const bool is_list = e->kind == KIND_OR;
    if (m->has_parties)
        REFUSE(UNSUPPORTED, "expression", "a label has one list of parties, any of which may read");
    m->has_parties = true;
    for (const expression *o = is_list ? e->first : one.first; o; o = is_list ? o->next : NULL) {
        const struct label_name *party = find_party(m, o);
        if (!party)
            REFUSE(UNSUPPORTED, "expression", "in a label only parties can be alternatives");
        m->parties = label_with(m->parties, party->bit);
    }
    return OK;
}

static fallible
take_word(struct meaning *m, const expression *e)
{
    const struct label_names *n = m->names;
    const struct label_name *name = find(n->compartments, n->compartment_count, e->word);
    if (name) {
        m->compartments = label_with(m->compartments, name->bit);
        return OK;
    }
    name = find(n->levels, n->level_count, e->word);
    if (!name && find_party(m, e))
        return take_parties(m, e);
    if (!name)
        REFUSE(PARSE, "expression", "a word of the access expression is not in the policy");
    if (m->has_level)
        REFUSE(UNSUPPORTED, "expression", "a label has one level");
    m->has_level = true;
    m->level = label_of_level(name->bit);
    return OK;
}

/* Deeper than one AND is still a conjunction; the depth was bounded when it was read. */
static fallible
take(struct meaning *m, const expression *e)
{
    switch (e->kind) {
    case KIND_OPEN:
        return OK;
    case KIND_WORD:
        return take_word(m, e);
    case KIND_OR:
        return take_parties(m, e);
    case KIND_AND:
        break;
    }
    for (const expression *o = e->first; o; o = o->next)
        TRY(take(m, o));
    return OK;
}

static label
others_of(label parties)
{
    const label inverse = {{~parties.w[0], ~parties.w[1], ~parties.w[2], ~parties.w[3]}};
    return label_part(inverse, LABEL_REL_FIRST, LABEL_REL_COUNT);
}

fallible
expression_label(const expression *e, const struct label_names *n, label floor, label *ret)
{
    struct meaning m = {.names = n};
    TRY(take(&m, e));
    label l =
        label_join(m.has_level ? m.level : label_part(floor, 0, LABEL_LEVEL_COUNT), m.compartments);
    if (m.has_parties)
        l = label_join(l, others_of(m.parties));
    *ret = l;
    return OK;
}

/* ---- the way back */
static void
put_word(buf *b, str word)
{
    bool is_plain = true;
    for (size_t i = 0; i < word.len; i++)
        is_plain = is_plain && is_word_char(word.at[i]);
    if (is_plain) {
        buf_add(b, word);
        return;
    }
    buf_add_char(b, '"');
    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] == '"' || word.at[i] == '\\')
            buf_add_char(b, '\\');
        buf_add_char(b, word.at[i]);
    }
    buf_add_char(b, '"');
}

/* The names of the bits of `l`, `sign` before each that follows another word; false if a bit has no
 * name. */
static bool
put_names(buf *b, const struct label_name *names, size_t count, label l, char sign)
{
    for (size_t i = 0; i < count; i++) {
        if (!label_has(l, names[i].bit))
            continue;
        if (b->len && b->at[b->len - 1] != '(')
            buf_add_char(b, sign);
        put_word(b, names[i].id);
        l.w[names[i].bit / 64] &= ~((uint64_t)1 << (names[i].bit % 64));
    }
    return label_eq(l, LABEL_BOTTOM);
}

static bool
put_parties(buf *b, const struct label_names *n, label l)
{
    const label open = others_of(label_part(l, LABEL_REL_FIRST, LABEL_REL_COUNT));
    if (label_eq(open, LABEL_BOTTOM))
        return false; /* released to nobody: no word says that */
    buf_add(b, STR("&("));
    const bool all = put_names(b, n->parties, n->party_count, open, '|');
    buf_add_char(b, ')');
    return all;
}

fallible
expression_put(const struct label_names *n, label l, buf *b)
{
    const struct label_name *level = NULL;
    for (size_t i = 0; i < n->level_count; i++)
        if (label_eq(label_of_level(n->levels[i].bit), label_part(l, 0, LABEL_LEVEL_COUNT)))
            level = &n->levels[i];
    if (!label_eq(label_part(l, LABEL_TAINT_FIRST, LABEL_TAINT_COUNT), LABEL_BOTTOM))
        REFUSE(UNSUPPORTED, "label", "an access expression cannot say where something came from");
    if (level)
        put_word(b, level->id);
    bool all =
        level && put_names(b, n->compartments, n->compartment_count,
                           label_part(l, LABEL_COMPARTMENT_FIRST, LABEL_COMPARTMENT_COUNT), '&');
    if (all && !label_eq(label_part(l, LABEL_REL_FIRST, LABEL_REL_COUNT), LABEL_BOTTOM))
        all = put_parties(b, n, l);
    if (!all)
        REFUSE(UNSUPPORTED, "label", "the label has a part without a name in the policy");
    return OK;
}
