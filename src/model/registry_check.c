/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/registry_check.h"

#include <ctype.h>

#include "base/utf8.h"

enum { TEXT_BYTES_MAX = 256, SHA256_DIGITS = 64 };

bool
registry_is_name(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isalnum((unsigned char)s.at[i]) && (i == 0 || str_find_char(STR("._:-"), s.at[i]) < 0))
            return false;
    return s.len > 0 && s.len <= REGISTRY_NAME_BYTES_MAX;
}

fallible
registry_check_name(const char *field, str name)
{
    if (!registry_is_name(name))
        REFUSE(ARGUMENT, field,
               "%s must be 1 to %d letters, digits or . _ : - and begin with a letter or digit",
               field, REGISTRY_NAME_BYTES_MAX);
    return OK;
}

static fallible
check_text(const char *field, str s, size_t len_max)
{
    if (s.len > len_max || !utf8_valid(s) || memchr(s.len ? s.at : "", 0, s.len))
        REFUSE(ARGUMENT, field, "%s must be text of at most %zu bytes", field, len_max);
    return OK;
}

static bool
is_sha256(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (str_find_char(STR("0123456789abcdef"), s.at[i]) < 0)
            return false;
    return s.len == SHA256_DIGITS;
}

static fallible
check_origin(str origin)
{
    const ptrdiff_t slash = str_find_char(origin, '/');
    if (slash < 1 || (size_t)slash + 1 == origin.len)
        REFUSE(ARGUMENT, "origin", "a provider's model must say PROVIDER/NAME");
    return OK;
}

static fallible
check_file(const struct model *m)
{
    const bool is_remote = str_eq(m->engine, STR("remote"));
    if (is_remote || str_eq(m->engine, STR("toy"))) {
        if (m->file.len || m->sha256.len)
            REFUSE(ARGUMENT, "file", "the built-in model and those of providers have no file");
        return is_remote ? check_origin(m->origin) : OK;
    }
    if (!str_eq(m->engine, STR("llama")) && !model_is_adapter(m))
        REFUSE(ARGUMENT, "engine", "engine must be llama, lora, vision, toy or remote");
    if (model_is_adapter(m))
        TRY(registry_check_name("origin", m->origin));
    if (!is_sha256(m->sha256))
        REFUSE(ARGUMENT, "sha256", "sha256 must be %d digits of 0-9 and a-f", SHA256_DIGITS);
    if (m->file.len != SHA256_DIGITS + 5 || !str_starts(m->file, m->sha256) ||
        !str_ends(m->file, STR(".gguf")))
        REFUSE(ARGUMENT, "file", "file must be the digest and .gguf");
    return OK;
}

fallible
registry_check_model(const struct model *m)
{
    TRY(registry_check_name("name", m->name));
    TRY(check_file(m));
    TRY(check_text("licence", m->licence, TEXT_BYTES_MAX));
    TRY(check_text("architecture", m->architecture, TEXT_BYTES_MAX));
    TRY(check_text("origin", m->origin, TEXT_BYTES_MAX));
    TRY(check_text("label", m->label_text, LABEL_TEXT_MAX));
    if (m->kind != MODEL_CHAT && m->kind != MODEL_EMBED)
        REFUSE(ARGUMENT, "kind", "kind must be chat or embed");
    return OK;
}

fallible
registry_sink(const policy *p, str text, label *ret)
{
    const label all = policy_local_sink(p);
    const label parties = label_part(all, LABEL_REL_FIRST, LABEL_REL_COUNT);
    const label taints = label_part(all, LABEL_TAINT_FIRST, LABEL_TAINT_COUNT);
    label l = all;
    if (text.len) {
        TRY(label_parse(policy_names(p), text, &l));
        if (label_eq(label_part(l, LABEL_REL_FIRST, LABEL_REL_COUNT), LABEL_BOTTOM))
            l = label_join(l, parties);
        if (label_eq(label_part(l, LABEL_TAINT_FIRST, LABEL_TAINT_COUNT), LABEL_BOTTOM))
            l = label_join(l, taints);
    }
    *ret = l;
    return OK;
}
