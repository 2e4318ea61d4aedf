/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/params.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/num.h"
#include "base/utf8.h"

const struct param_info param_table[] = {
#define PARAM_U(section, name, value, min, max, unit, doc)                                         \
    {#section "." #name,                                                                           \
     false,                                                                                        \
     value,                                                                                        \
     min,                                                                                          \
     max,                                                                                          \
     NULL,                                                                                         \
     unit,                                                                                         \
     doc,                                                                                          \
     offsetof(struct params, section##_##name)},
#define PARAM_S(section, name, value, doc)                                                         \
    {#section "." #name, true, 0, 0, 0, value, "", doc, offsetof(struct params, section##_##name)},
#include "base/params.def"
#undef PARAM_U
#undef PARAM_S
};
const size_t param_count = sizeof param_table / sizeof *param_table;

#define PARAM_U(section, name, value, min, max, unit, doc)                                         \
    _Static_assert((value) <= (max) && (value) + 1ull > (min), #section "." #name);
#define PARAM_S(section, name, value, doc)                                                         \
    _Static_assert(sizeof(value) <= PARAM_TEXT_MAX, #section "." #name);
#include "base/params.def"
#undef PARAM_U
#undef PARAM_S

static void
set_number(struct params *p, const struct param_info *i, uint64_t n)
{
    memcpy((char *)p + i->offset, &n, sizeof n);
}

void
params_default(struct params *p)
{
    memset(p, 0, sizeof *p);
    for (size_t k = 0; k < param_count; k++) {
        const struct param_info *i = &param_table[k];
        if (i->is_text)
            str_copy(str_of(i->text), (char *)p + i->offset, PARAM_TEXT_MAX);
        else
            set_number(p, i, i->value);
    }
}

const struct param_info *
param_find(str key)
{
    for (size_t k = 0; k < param_count; k++)
        if (str_eq(key, str_of(param_table[k].key)))
            return &param_table[k];
    return NULL;
}

static bool
is_plain(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7F)
            return false;
    return utf8_valid(s);
}

static fallible
set_text(struct params *p, const struct param_info *i, str value)
{
    char room[PARAM_TEXT_MAX] = "";
    if (!is_plain(value) || !str_copy(value, room, sizeof room))
        REFUSE(CONFIG, i->key, "%s must be one line of text, at most %d bytes", i->key,
               PARAM_TEXT_MAX - 1);
    memcpy((char *)p + i->offset, room, sizeof room);
    return OK;
}

/* The unit says which forms a number may take; plain digits always do. */
static err
read_number(const struct param_info *i, str value, uint64_t *ret)
{
    if (strcmp(i->unit, "bytes") == 0)
        return num_bytes(value, i->min, i->max, ret);
    const err e = num_u64(value, i->min, i->max, ret);
    if (e.code == ERR_PARSE && strcmp(i->unit, "ms") == 0)
        return num_ms(value, i->min, i->max, ret);
    return e;
}

static const char *
form_of(const struct param_info *i)
{
    if (strcmp(i->unit, "bytes") == 0)
        return "bytes (or with K, M, G)";
    return strcmp(i->unit, "ms") == 0 ? "ms (or with ms, s, min, h, d)" : i->unit;
}

fallible
params_set(struct params *p, str key, str value)
{
    const struct param_info *i = param_find(key);
    uint64_t n = 0;
    if (!i)
        REFUSE(CONFIG, "", "there is no parameter \"%.*s\"",
               (int)utf8_valid_len(str_slice(key, 0, 64)), key.at ? key.at : "");
    if (i->is_text)
        return set_text(p, i, value);
    if (read_number(i, value, &n).code)
        REFUSE(CONFIG, i->key, "%s must be a number from %" PRIu64 " to %" PRIu64 " %s", i->key,
               i->min, i->max, form_of(i));
    set_number(p, i, n);
    return OK;
}

void
params_show(const struct params *p, const struct param_info *i, char *room)
{
    uint64_t n;
    if (i->is_text) {
        memcpy(room, (const char *)p + i->offset, PARAM_TEXT_MAX);
        return;
    }
    memcpy(&n, (const char *)p + i->offset, sizeof n);
    snprintf(room, PARAM_TEXT_MAX, "%" PRIu64, n);
}
