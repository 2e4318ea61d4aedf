/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/label.h"

#include <stdio.h>
#include <string.h>

enum { BITS = 256, WORD = 64 };

/* Parts of the text form after the level, in their order. */
enum part { PART_LEVEL, PART_COMPARTMENTS, PART_REL, PART_TAINT };

static const char *const part_words[] = {"level", "compartments", "REL", "TAINT"};

bool
label_has(label l, int bit)
{
    ASSERT(bit >= 0 && bit < BITS);
    return (l.w[bit / WORD] >> (bit % WORD)) & 1;
}

label
label_with(label l, int bit)
{
    ASSERT(bit >= 0 && bit < BITS);
    l.w[bit / WORD] |= (uint64_t)1 << (bit % WORD);
    return l;
}

/* The bits of word `i` that lie in [first, end). */
static uint64_t
word_mask(int i, int first, int end)
{
    const int from = first > i * WORD ? first - i * WORD : 0;
    const int to = end < (i + 1) * WORD ? end - i * WORD : WORD;
    if (from >= to)
        return 0;
    return (UINT64_MAX >> (WORD - (to - from))) << from;
}

label
label_part(label l, int first, int count)
{
    ASSERT(first >= 0 && count >= 0 && first + count <= BITS);
    for (int i = 0; i < 4; i++)
        l.w[i] &= word_mask(i, first, first + count);
    return l;
}

static label
invert_part(label l, int first, int count)
{
    const label inverse = {{~l.w[0], ~l.w[1], ~l.w[2], ~l.w[3]}};
    return label_part(inverse, first, count);
}

/* The lowest set bit at or above `from`, or BITS. */
static int
next_bit(label l, int from)
{
    while (from < BITS) {
        const uint64_t rest = l.w[from / WORD] >> (from % WORD);
        if (rest)
            return from + __builtin_ctzll(rest);
        from = (from / WORD + 1) * WORD;
    }
    return BITS;
}

int
label_level(label l)
{
    const unsigned bits = l.w[0] & 0xff;
    return bits ? 32 - __builtin_clz(bits) : 0;
}

label
label_of_level(int level)
{
    ASSERT(level >= 0 && level <= LABEL_LEVEL_COUNT);
    return (label){{((uint64_t)1 << level) - 1, 0, 0, 0}};
}

/* ---- reading */

static const struct label_name *
find_name(const struct label_name *names, size_t count, str id)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(names[i].id, id))
            return &names[i];
    return NULL;
}

/* Takes off what stands before "//"; false when nothing is left, as str_next. */
static bool
next_part(str *rest, str *ret_part)
{
    if (!rest->at)
        return false;
    const ptrdiff_t i = str_find(*rest, STR("//"));
    const size_t len = i < 0 ? rest->len : (size_t)i;
    *ret_part = str_trim((str){rest->at, len});
    *rest = i < 0 ? STR_NONE : (str){rest->at + len + 2, rest->len - len - 2};
    return true;
}

static fallible
read_level(const struct label_names *n, str name, label *ret)
{
    for (size_t i = 0; i < n->level_count; i++)
        if (str_eq_nocase(n->levels[i].id, name)) {
            *ret = label_of_level(n->levels[i].bit);
            return OK;
        }
    REFUSE(PARSE, "label", "the label's level is %s",
           name.len ? "not one of the policy's" : "missing");
}

static fallible
read_names(const struct label_name *names, size_t count, enum part part, str list, label *ret)
{
    const char *word = part_words[part];
    label l = LABEL_BOTTOM;
    str item;
    for (int place = 1; str_next(&list, ',', &item); place++) {
        item = str_trim(item);
        if (!item.len)
            REFUSE(PARSE, "label", "name %d of the label's %s is empty", place, word);
        const struct label_name *name = find_name(names, count, item);
        if (!name)
            REFUSE(PARSE, "label", "name %d of the label's %s is not in the policy", place, word);
        if (label_has(l, name->bit))
            REFUSE(PARSE, "label", "name %d of the label's %s is there twice", place, word);
        l = label_with(l, name->bit);
    }
    *ret = l;
    return OK;
}

/* "REL A,B" is the word of the part and a list; compartments have no word. */
static bool
take_word(str part, const char *word, str *ret_list)
{
    const size_t len = strlen(word);
    if (!str_starts(part, str_of(word)))
        return false;
    if (part.len > len && part.at[len] != ' ' && part.at[len] != '\t')
        return false;
    *ret_list = (str){part.at + len, part.len - len};
    return true;
}

static enum part
part_kind(str part, str *ret_list)
{
    if (take_word(part, part_words[PART_REL], ret_list))
        return PART_REL;
    if (take_word(part, part_words[PART_TAINT], ret_list))
        return PART_TAINT;
    /* Not STR_NONE, which would be no list at all instead of one empty name. */
    *ret_list = part.at ? part : STR("");
    return PART_COMPARTMENTS;
}

static fallible
read_rel(const struct label_names *n, str list, label *ret)
{
    label named = LABEL_BOTTOM;
    if (!str_eq(str_trim(list), STR("NONE")))
        TRY(read_names(n->parties, n->party_count, PART_REL, list, &named));
    *ret = invert_part(named, LABEL_REL_FIRST, LABEL_REL_COUNT);
    return OK;
}

static fallible
read_part(const struct label_names *n, str part, enum part *last, label *ret)
{
    str list;
    const enum part kind = part_kind(part, &list);
    if (kind <= *last)
        REFUSE(PARSE, "label",
               "the label's %s are there twice or out of place: "
               "LEVEL//COMPARTMENTS//REL PARTIES//TAINT SOURCES",
               part_words[kind]);
    *last = kind;
    switch (kind) {
    case PART_COMPARTMENTS:
        return read_names(n->compartments, n->compartment_count, kind, list, ret);
    case PART_REL:
        return read_rel(n, list, ret);
    case PART_TAINT:
        return read_names(n->taints, n->taint_count, kind, list, ret);
    case PART_LEVEL:
        break;
    }
    UNREACHABLE("the level is read before");
}

fallible
label_parse(const struct label_names *n, str text, label *ret)
{
    label l = LABEL_BOTTOM, more = LABEL_BOTTOM;
    enum part last = PART_LEVEL;
    str rest = text, part = STR_NONE;
    if (text.len >= LABEL_TEXT_MAX)
        REFUSE(PARSE, "label", "the label is longer than %d bytes", LABEL_TEXT_MAX - 1);
    next_part(&rest, &part);
    TRY(read_level(n, part, &l));
    while (next_part(&rest, &part)) {
        TRY(read_part(n, part, &last, &more));
        l = label_join(l, more);
    }
    *ret = l;
    return OK;
}

/* ---- writing */

struct out {
    char *room;
    size_t len;
    bool is_cut;
};

static void
put(struct out *o, str s)
{
    if (o->len + s.len >= LABEL_TEXT_MAX) {
        o->is_cut = true;
        return;
    }
    memcpy(o->room + o->len, s.at, s.len);
    o->len += s.len;
}

static void
put_bit(struct out *o, int bit)
{
    char room[8];
    const int len = snprintf(room, sizeof room, "?%d", bit);
    put(o, (str){room, (size_t)len});
}

/* The names of the bits of `l` in their order, after `head`; nothing if there is no bit. */
static void
put_names(struct out *o, str head, label l, const struct label_name *names, size_t count)
{
    size_t i = 0;
    for (int bit = next_bit(l, 0); bit < BITS; bit = next_bit(l, bit + 1)) {
        put(o, head);
        head = STR(",");
        while (i < count && names[i].bit < bit)
            i++;
        if (i < count && names[i].bit == bit)
            put(o, names[i].id);
        else
            put_bit(o, bit);
    }
}

static void
put_level(struct out *o, const struct label_names *n, label l)
{
    const label levels = label_part(l, LABEL_LEVEL_FIRST, LABEL_LEVEL_COUNT);
    const int height = label_level(l);
    if (label_eq(levels, label_of_level(height)))
        for (size_t i = 0; i < n->level_count; i++)
            if (n->levels[i].bit == height) {
                put(o, n->levels[i].id);
                return;
            }
    put_names(o, STR(""), levels, NULL, 0);
}

static void
put_rel(struct out *o, const struct label_names *n, label l)
{
    const label excluded = label_part(l, LABEL_REL_FIRST, LABEL_REL_COUNT);
    const label open = invert_part(l, LABEL_REL_FIRST, LABEL_REL_COUNT);
    if (label_eq(excluded, LABEL_BOTTOM))
        return;
    if (label_eq(open, LABEL_BOTTOM))
        put(o, STR("//REL NONE"));
    put_names(o, STR("//REL "), open, n->parties, n->party_count);
}

static void
put_digits(struct out *o, label l)
{
    o->len = (size_t)snprintf(o->room, LABEL_TEXT_MAX, "?%016llx%016llx%016llx%016llx",
                              (unsigned long long)l.w[3], (unsigned long long)l.w[2],
                              (unsigned long long)l.w[1], (unsigned long long)l.w[0]);
}

str
label_text(const struct label_names *n, label l, char room[LABEL_TEXT_MAX])
{
    struct out o = {.room = room};
    put_level(&o, n, l);
    put_names(&o, STR("//"), label_part(l, LABEL_COMPARTMENT_FIRST, LABEL_COMPARTMENT_COUNT),
              n->compartments, n->compartment_count);
    put_rel(&o, n, l);
    put_names(&o, STR("//TAINT "), label_part(l, LABEL_TAINT_FIRST, LABEL_TAINT_COUNT), n->taints,
              n->taint_count);
    if (o.is_cut)
        put_digits(&o, l);
    room[o.len] = '\0';
    return (str){room, o.len};
}

void
label_put(const struct label_names *n, label l, buf *b)
{
    char room[LABEL_TEXT_MAX];
    buf_add(b, label_text(n, l, room));
}
