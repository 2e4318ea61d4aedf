/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/guardrail_read.h"

#include "base/num.h"
#include "detect/detect.h"
#include "detect/word.h"

enum { TITLE_MAX = 200, MESSAGE_MAX = 500, LIST_MAX = 1000 };

#define TEXT(key, flags, max)                                                                      \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | (flags), struct guardrail_entry, key, 1, max)

static const cyaml_schema_value_t word_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, GUARDRAIL_ENTRY_BYTES_MAX)};
static const cyaml_schema_field_t fields[] = {
    TEXT(id, 0, GUARDRAIL_ID_BYTES_MAX),
    TEXT(title, CYAML_FLAG_OPTIONAL, TITLE_MAX),
    TEXT(message, CYAML_FLAG_OPTIONAL, MESSAGE_MAX),
    TEXT(kind, 0, GUARDRAIL_ID_BYTES_MAX),
    TEXT(where, 0, GUARDRAIL_ID_BYTES_MAX),
    TEXT(then, 0, GUARDRAIL_ID_BYTES_MAX),
    TEXT(taint, CYAML_FLAG_OPTIONAL, GUARDRAIL_ID_BYTES_MAX),
    TEXT(types, CYAML_FLAG_OPTIONAL, LIST_MAX),
    TEXT(least, CYAML_FLAG_OPTIONAL, GUARDRAIL_ID_BYTES_MAX),
    CYAML_FIELD_SEQUENCE("words", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct guardrail_entry,
                         words, &word_schema, 0, GUARDRAIL_ENTRIES_MAX),
    CYAML_FIELD_END};
const cyaml_schema_value_t guardrail_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct guardrail_entry, fields)};

#define WRONG(...) REFUSE(CONFIG, "", "policy file: guardrail " __VA_ARGS__)

static int
find_name(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static fallible
read_id(const struct guardrail_entry *e)
{
    const size_t len = strlen(e->id);
    if (strspn(e->id, "abcdefghijklmnopqrstuvwxyz0123456789-") != len || e->id[0] == '-')
        WRONG("\"%s\": an id has small letters, digits and -", e->id);
    return OK;
}

static fallible
read_choices(const struct guardrail_entry *e, struct guardrail *r)
{
    static const char *const kinds[] = {[GUARDRAIL_WORDS] = "words",
                                        [GUARDRAIL_TOPIC] = "topic",
                                        [GUARDRAIL_IDENTIFIERS] = "identifiers",
                                        [GUARDRAIL_ATTACK] = "attack"};
    static const char *const thens[] = {
        [GUARDRAIL_BLOCK] = "block", [GUARDRAIL_MASK] = "mask", [GUARDRAIL_TAINT] = "taint"};
    static const char *const wheres[] = {
        "", [GUARDRAIL_INPUT] = "input", [GUARDRAIL_OUTPUT] = "output", "both"};
    const int kind = find_name(kinds, 4, e->kind), then = find_name(thens, 3, e->then);
    const int where = find_name(wheres, 4, e->where);
    if (kind < 0)
        WRONG("%s: kind is words, topic, identifiers or attack", e->id);
    if (where < 0)
        WRONG("%s: where is input, output or both", e->id);
    if (then < 0)
        WRONG("%s: then is block, mask or taint", e->id);
    r->kind = (enum guardrail_kind)kind;
    r->then = (enum guardrail_then)then;
    r->where = (unsigned)where;
    return OK;
}

static fallible
check_choices(const struct guardrail_entry *e, const struct guardrail *r)
{
    const bool has_words = r->kind == GUARDRAIL_WORDS || r->kind == GUARDRAIL_TOPIC;
    if (r->then == GUARDRAIL_MASK && r->kind != GUARDRAIL_WORDS && r->kind != GUARDRAIL_IDENTIFIERS)
        WRONG("%s: only words and identifiers are masked", e->id);
    if (r->where != GUARDRAIL_INPUT && (r->then == GUARDRAIL_TAINT || r->kind == GUARDRAIL_ATTACK))
        WRONG("%s: taint and attack are for input alone", e->id);
    if ((r->then == GUARDRAIL_TAINT) != (e->taint != NULL))
        WRONG("%s: taint names a source where then is taint, and nowhere else", e->id);
    if (has_words != (e->words_count != 0))
        WRONG("%s: words and topic have a list of words, the others none", e->id);
    if ((r->kind == GUARDRAIL_IDENTIFIERS) != (e->types != NULL))
        WRONG("%s: identifiers have types, the others none", e->id);
    if (r->kind != GUARDRAIL_TOPIC && e->least)
        WRONG("%s: least is for a topic", e->id);
    return OK;
}

static fallible
read_least(const struct guardrail_entry *e, struct guardrail *r)
{
    uint64_t n = r->kind == GUARDRAIL_TOPIC ? 2 : 1;
    if (e->least && num_u64(str_of(e->least), 1, e->words_count, &n).code)
        WRONG("%s: least is a number from 1 to that of its words", e->id);
    if (n > 1 && n > e->words_count)
        WRONG("%s: a topic has at least two words", e->id);
    r->least = (size_t)n;
    return OK;
}

static fallible
read_taint(const struct guardrail_entry *e, const struct label_names *n, struct guardrail *r)
{
    for (size_t i = 0; e->taint && i < n->taint_count; i++)
        if (str_eq(n->taints[i].id, str_of(e->taint)))
            r->taint = label_with(LABEL_BOTTOM, n->taints[i].bit);
    if (e->taint && label_eq(r->taint, LABEL_BOTTOM))
        WRONG("%s: %s is no source of section taints", e->id, e->taint);
    return OK;
}

static fallible
read_types(const struct guardrail_entry *e, struct guardrail *r)
{
    str rest = str_of(e->types ? e->types : ""), name;
    while (rest.len && str_next(&rest, ',', &name)) {
        int type = 0;
        for (int t = DETECT_NONE + 1; t < DETECT_OTHER; t++)
            if (str_eq(str_trim(name), str_of(detect_name((enum detect_type)t))))
                type = t;
        if (!type)
            WRONG("%s: %.*s is no type of identifier", e->id,
                  STR_FMT(str_slice(str_trim(name), 0, 64)));
        r->types |= UINT64_C(1) << type;
    }
    return OK;
}

static fallible
check_entry(const struct guardrail_entry *e, str entry)
{
    struct words w = {.text = entry};
    struct word one;
    size_t count = 0;
    for (; word_next(&w, &one); count++)
        if (one.is_cut)
            WRONG("%s: a word has more than %d letters", e->id, WORD_BYTES_MAX);
    if (!count || count > GUARDRAIL_ENTRY_WORDS_MAX)
        WRONG("%s: an entry has no letter, or more than %d words", e->id,
              GUARDRAIL_ENTRY_WORDS_MAX);
    return OK;
}

static fallible
read_words(arena *a, const struct guardrail_entry *e, struct guardrail *r)
{
    void *room;
    TRY(try_arena_get(a, e->words_count, sizeof(str), &room));
    str *words = room;
    for (uint32_t i = 0; i < e->words_count; i++) {
        TRY(check_entry(e, str_of(e->words[i])));
        TRY(try_arena_str(a, str_of(e->words[i]), &words[i]));
    }
    r->words = words;
    r->word_count = e->words_count;
    return OK;
}

static bool
has_control(const char *text)
{
    for (const char *p = text ? text : ""; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return true;
    return false;
}

static fallible
read_texts(arena *a, const struct guardrail_entry *e, struct guardrail *r)
{
    TRY(try_arena_str(a, str_of(e->id), &r->id));
    TRY(try_arena_str(a, str_of(e->title ? e->title : ""), &r->title));
    TRY(try_arena_str(a, str_of(e->message ? e->message : ""), &r->message));
    r->name = arena_fmt(a, "guardrail.%s", e->id);
    if (has_control(e->title) || has_control(e->message))
        WRONG("%s: control characters in title or message", e->id);
    if (r->message.len && r->then != GUARDRAIL_BLOCK)
        WRONG("%s: a message is for what blocks", e->id);
    return OK;
}

static fallible
read_one(arena *a, const struct label_names *n, const struct guardrail_entry *e,
         struct guardrail *ret)
{
    *ret = (struct guardrail){.id = STR_NONE};
    TRY(read_id(e));
    TRY(read_choices(e, ret));
    TRY(check_choices(e, ret));
    TRY(read_least(e, ret));
    TRY(read_taint(e, n, ret));
    TRY(read_types(e, ret));
    TRY(read_words(a, e, ret));
    return read_texts(a, e, ret);
}

fallible
guardrail_read(arena *a, const struct label_names *n, const struct guardrail_entry *list,
               size_t count, const struct guardrail **ret)
{
    void *room;
    TRY(try_arena_get(a, count, sizeof **ret, &room));
    struct guardrail *rules = room;
    for (size_t i = 0; i < count; i++) {
        TRY(read_one(a, n, &list[i], &rules[i]));
        for (size_t k = 0; k < i; k++)
            if (str_eq(rules[k].id, rules[i].id))
                WRONG("%s is there twice", list[i].id);
    }
    *ret = rules;
    return OK;
}
