/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/purpose.h"

#include <string.h>

#include "base/buf.h"

enum { TITLE_MAX = 200 };

#define TEXT(key, flags, max)                                                                      \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | (flags), struct purpose_entry, key, 1, max)
static const cyaml_schema_field_t fields[] = {
    TEXT(id, 0, PURPOSE_ID_BYTES_MAX), TEXT(title, 0, TITLE_MAX),
    TEXT(english, CYAML_FLAG_OPTIONAL, TITLE_MAX), TEXT(law, CYAML_FLAG_OPTIONAL, TITLE_MAX),
    CYAML_FIELD_END};
const cyaml_schema_value_t purpose_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct purpose_entry, fields)};

static const label everything = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

const struct purpose *
purpose_find(const struct purposes *p, str id)
{
    for (size_t i = 0; i < p->count; i++)
        if (str_eq(p->at[i].id, id))
            return &p->at[i];
    return NULL;
}

/* ---- what a person acts for */
bool
purposes_have(str text, str id)
{
    str rest = text, one;
    if (!text.len)
        return true;
    while (str_next(&rest, ',', &one))
        if (str_eq(one, id))
            return true;
    return false;
}

bool
purposes_cover(str text, str other)
{
    str rest = other, one;
    if (!text.len || str_eq(other, STR(PURPOSES_NONE)))
        return true;
    while (str_next(&rest, ',', &one))
        if (!purposes_have(text, one))
            return false;
    return other.len != 0;
}

fallible
purposes_text(const struct purposes *p, str text, arena *a, str *ret)
{
    AUTO(buf) b = BUF(PURPOSES_TEXT_MAX);
    str rest = text, one;
    const bool is_none = str_eq(str_trim(text), STR(PURPOSES_NONE));
    while (text.len && !is_none && str_next(&rest, ',', &one)) {
        const str id = str_trim(one);
        if (!purpose_find(p, id))
            REFUSE(ARGUMENT, "purposes", "\"%.*s\" is no purpose of the policy",
                   STR_FMT(str_slice(id, 0, PURPOSE_ID_BYTES_MAX)));
        if (b.len && purposes_have(buf_str(&b), id))
            REFUSE(ARGUMENT, "purposes", "the purpose %.*s is there twice", STR_FMT(id));
        buf_add_fmt(&b, "%s%.*s", b.len ? "," : "", STR_FMT(id));
    }
    TRY(buf_end(&b));
    return try_arena_str(a, is_none ? STR(PURPOSES_NONE) : buf_str(&b), ret);
}

/* ---- reading */
static fallible
check_id(const char *id)
{
    const size_t len = strlen(id);
    if (strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != len || id[0] == '-')
        REFUSE(CONFIG, "",
               "policy file: \"%s\" cannot be the id of a purpose: small letters, "
               "digits and -",
               id);
    return OK;
}

static fallible
copy(arena *a, const char *id, const char *text, str *ret)
{
    for (const char *p = text ? text : ""; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            REFUSE(CONFIG, "", "policy file: purpose %s: control characters in a text", id);
    return try_arena_str(a, str_of(text ? text : ""), ret);
}

static fallible
read_one(arena *a, const struct purpose_entry *e, struct purpose *ret)
{
    *ret = (struct purpose){.may = everything};
    TRY(check_id(e->id));
    TRY(copy(a, e->id, e->id, &ret->id));
    TRY(copy(a, e->id, e->title, &ret->title));
    TRY(copy(a, e->id, e->english, &ret->english));
    return copy(a, e->id, e->law, &ret->law);
}

fallible
purposes_read(arena *a, const struct purpose_entry *list, size_t count, struct purposes *ret)
{
    void *room;
    ASSERT(count <= PURPOSES_MAX);
    TRY(try_arena_get(a, count ? count : 1, sizeof(struct purpose), &room));
    struct purposes p = {.at = room, .without = everything};
    for (; p.count < count; p.count++) {
        const char *id = list[p.count].id;
        if (purpose_find(&p, str_of(id)))
            REFUSE(CONFIG, "", "policy file: purpose %s is there twice", id);
        TRY(read_one(a, &list[p.count], &p.at[p.count]));
    }
    *ret = p;
    return OK;
}

/* ---- the matrix */
static label
outside(label l, label bits)
{
    return (label){
        {l.w[0] & ~bits.w[0], l.w[1] & ~bits.w[1], l.w[2] & ~bits.w[2], l.w[3] & ~bits.w[3]}};
}

static fallible
allow(struct purposes *p, const struct purpose_limit *l, str name)
{
    for (size_t i = 0; i < p->count; i++) {
        struct purpose *one = &p->at[i];
        if (!str_eq(one->id, name))
            continue;
        if (label_has(one->may, l->bit))
            REFUSE(CONFIG, "", "policy file: %s %s lists purpose %.*s twice", l->what, l->id,
                   STR_FMT(name));
        one->may = label_with(one->may, l->bit);
        return OK;
    }
    REFUSE(CONFIG, "", "policy file: %s %s is for purpose %.*s, which is none of section purposes",
           l->what, l->id, STR_FMT(str_slice(name, 0, PURPOSE_ID_BYTES_MAX)));
}

fallible
purposes_limit(struct purposes *p, const struct purpose_limit *l)
{
    const label bit = label_with(LABEL_BOTTOM, l->bit);
    str rest = str_of(l->names), name;
    p->without = outside(p->without, bit);
    for (size_t i = 0; i < p->count; i++)
        p->at[i].may = outside(p->at[i].may, bit);
    while (str_next(&rest, ',', &name))
        TRY(allow(p, l, str_trim(name)));
    return OK;
}
