/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/subject.h"

enum { NAME_BYTES_MAX = 64, HOLDERS = 3 };

static const char *const kinds[SUBJECT_KINDS] = {
    "tenant", "person", "key", "model", "tenant+model", "person+model", "key+model"};

const char *
subject_kind_name(enum subject_kind k)
{
    ASSERT(k < SUBJECT_KINDS);
    return kinds[k];
}

static bool
find_kind(str text, enum subject_kind *ret)
{
    for (int i = 0; i < SUBJECT_KINDS; i++)
        if (str_eq(text, str_of(kinds[i]))) {
            *ret = (enum subject_kind)i;
            return true;
        }
    return false;
}

static bool
is_name_char(char c, bool is_model)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '@' || c == '~' || (is_model && c == ':');
}

static bool
is_name(str s, bool is_model)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_name_char(s.at[i], is_model))
            return false;
    return s.len > 0 && s.len <= NAME_BYTES_MAX;
}

/* "key:NAME" without what may follow behind a '+'. */
static bool
read_one(str text, enum subject_kind *ret)
{
    const ptrdiff_t at = str_find_char(text, ':');
    enum subject_kind k;
    if (at < 0 || !find_kind(str_slice(text, 0, (size_t)at), &k) || k > SUBJECT_MODEL ||
        !is_name(str_slice(text, (size_t)at + 1, text.len), k == SUBJECT_MODEL))
        return false;
    *ret = k;
    return true;
}

static bool
read_subject(str text, enum subject_kind *ret)
{
    const ptrdiff_t plus = str_find_char(text, '+');
    enum subject_kind first, second;
    if (plus < 0)
        return read_one(text, ret);
    if (!read_one(str_slice(text, 0, (size_t)plus), &first) || first == SUBJECT_MODEL ||
        !read_one(str_slice(text, (size_t)plus + 1, text.len), &second) || second != SUBJECT_MODEL)
        return false;
    *ret = (enum subject_kind)(SUBJECT_TENANT_MODEL + (int)first);
    return true;
}

fallible
subject_read(str text, enum subject_kind *ret_kind, bool *ret_is_default)
{
    const str prefix = STR("default:");
    const bool is_default = str_starts(text, prefix);
    enum subject_kind k;
    const bool is_good =
        is_default ? find_kind(str_slice(text, prefix.len, text.len), &k) : read_subject(text, &k);
    if (!is_good)
        REFUSE(ARGUMENT, "subject",
               "a limit is for tenant:NAME, person:NAME, key:NAME or model:NAME, for one of the "
               "first three and a model (key:NAME+model:NAME), or for default:key and the like");
    *ret_kind = k;
    *ret_is_default = is_default;
    return OK;
}

static size_t
put(char *room, size_t at, const char *kind, str name)
{
    const size_t len = strlen(kind);
    memcpy(room + at, kind, len);
    room[at + len] = ':';
    memcpy(room + at + len + 1, name.at, name.len);
    return at + len + 1 + name.len;
}

str
subject_put(enum subject_kind k, const struct subject_names *n, char room[SUBJECT_TEXT_MAX])
{
    const str holders[HOLDERS] = {n->tenant, n->person, n->key};
    const bool has_model = k >= SUBJECT_MODEL, has_holder = k != SUBJECT_MODEL;
    size_t len = 0;
    ASSERT(k < SUBJECT_KINDS);
    if (has_holder) {
        const int which = k > SUBJECT_MODEL ? (int)k - SUBJECT_TENANT_MODEL : (int)k;
        if (!holders[which].len || holders[which].len > NAME_BYTES_MAX)
            return STR_NONE;
        len = put(room, 0, kinds[which], holders[which]);
        if (has_model)
            room[len++] = '+';
    }
    if (has_model) {
        if (!n->model.len || n->model.len > NAME_BYTES_MAX)
            return STR_NONE;
        len = put(room, len, kinds[SUBJECT_MODEL], n->model);
    }
    return (str){room, len};
}
