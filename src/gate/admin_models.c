/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/admin.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/json.h"
#include "egress/provider_list.h"
#include "gate/inside.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/log.h"

/* ---- files */
static const char *
model_path(const struct admin_call *c, str file)
{
    const str name = arena_str(c->a, file);
    return file_join(c->a, gate_parts_of(c->gate)->models_dir, name.at);
}

static bool
is_used(const registry *r, str file)
{
    const struct model *m;
    for (size_t i = 0; (m = registry_at(r, i)); i++)
        if (str_eq(m->file, file))
            return true;
    return false;
}

static void
remove_unused(const struct admin_call *c, str file)
{
    if (!file.len || is_used(gate_parts_of(c->gate)->registry, file))
        return;
    const err e = file_remove(model_path(c, file));
    if (e.code && e.code != ERR_NOT_FOUND) /* it is in nobody's way but takes room */
        log_failure(LOG_WARNING, "model.file_left", e);
}

/* The name is durable before a row speaks of it. */
static fallible
take_name(const struct admin_call *c, const struct model_wish *w, str file)
{
    const char *dir = gate_parts_of(c->gate)->models_dir, *path = model_path(c, file);
    AUTO(fd) d = -1;
    TRY(file_sync(w->file));
    TRY(file_open(dir, O_RDONLY | O_DIRECTORY, 0, &d));
    if (fault_now() || rename(w->incoming, path) != 0)
        return file_errno("rename to", path);
    return file_sync(d);
}

static fallible
sweep(DIR *d, const char *models_dir)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    while ((entry = readdir(d))) {
        if (!str_starts(str_of(entry->d_name), STR(MODEL_INCOMING)))
            continue;
        if (snprintf(path, sizeof path, "%s/%s", models_dir, entry->d_name) < (int)sizeof path)
            TRY(file_remove(path));
    }
    return OK;
}

fallible
models_sweep(const char *models_dir)
{
    DIR *d = fault_now() ? NULL : opendir(models_dir);
    if (!d)
        return file_errno("open", models_dir);
    const err e = sweep(d, models_dir);
    closedir(d);
    return e;
}

/* ---- changes */

static fallible
describe_remote(const struct admin_call *c, const struct model_wish *w, struct model *m)
{
    const struct provider_list *list = gate_parts_of(c->gate)->providers;
    const struct provider_public *p = NULL;
    str rest = w->remote, provider;
    if (str_next(&rest, '/', &provider) && list)
        p = provider_list_find(list, provider);
    if (!p || !provider_has_models(p))
        REFUSE(ARGUMENT, "remote", "there is no provider %sof that name in providers.yaml",
               p ? "of models " : "");
    *m = (struct model){.name = w->name,
                        .engine = STR("remote"),
                        .origin = w->remote,
                        .kind = w->is_embedder ? MODEL_EMBED : MODEL_CHAT};
    return OK;
}

static bool
is_addition(const struct model_wish *w)
{
    return w->adapter_of.len || w->projector_of.len;
}

static fallible
describe_file(const struct admin_call *c, const struct model_wish *w, struct model *m)
{
    const bool sees = w->projector_of.len > 0;
    if (!is_addition(w))
        return model_inspect(w->file, c->a, m);
    if (sees && w->adapter_of.len)
        REFUSE(ARGUMENT, "projector_of", "a file is an adapter or a projector, not both");
    const struct model *base =
        registry_get(gate_parts_of(c->gate)->registry, sees ? w->projector_of : w->adapter_of);
    if (!base)
        REFUSE(MODEL_NOT_FOUND, sees ? "projector_of" : "adapter_of",
               "there is no model of that name");
    return sees ? model_inspect_projector(w->file, base, c->a, m)
                : model_inspect_adapter(w->file, base, c->a, m);
}

static fallible
describe(const struct admin_call *c, const struct model_wish *w, struct model *m)
{
    if (w->toy.len) {
        const bool embed = str_eq(w->toy, STR("embed"));
        if (!embed && !str_eq(w->toy, STR("chat")))
            REFUSE(ARGUMENT, "toy", "toy must be \"chat\" or \"embed\"");
        model_toy(w->name, embed ? MODEL_EMBED : MODEL_CHAT, m);
        return OK;
    }
    if (w->remote.len)
        return describe_remote(c, w, m);
    TRY(describe_file(c, w, m));
    if (w->name.len)
        m->name = w->name;
    m->sha256 = w->sha256;
    m->file = arena_fmt(c->a, "%.*s.gguf", STR_FMT(w->sha256));
    return OK;
}

static fallible
store(const struct admin_call *c, const struct model_wish *w, const struct model *m)
{
    struct err_kept failure;
    err e = m->file.len ? take_name(c, w, m->file) : OK;
    if (!e.code)
        e = registry_add(gate_parts_of(c->gate)->registry, m);
    if (!e.code)
        return OK;
    err_keep(&failure, e);
    remove_unused(c, m->file);
    return err_again(&failure);
}

fallible
admin_model_add(const struct admin_call *c, const struct model_wish *w)
{
    struct model m = {.name = STR_NONE};
    TRY(admin_allow(c, OP_MODEL_ADD));
    TRY(describe(c, w, &m));
    if (w->licence.len)
        m.licence = w->licence;
    if (w->origin.len && !w->remote.len && !is_addition(w))
        m.origin = w->origin;
    if (w->label.len || !is_addition(w))
        m.label_text = w->label;
    m.added_wall_ms = clock_wall_ms();
    TRY(store(c, w, &m));
    return admin_record(c, EVENT_MODEL_ADD, m.name);
}

fallible
admin_model_remove(const struct admin_call *c, str name)
{
    registry *r = gate_parts_of(c->gate)->registry;
    TRY(admin_allow(c, OP_MODEL_REMOVE));
    /* Names compare without case; what runs and what lies on the disk has the registry's. */
    const struct model *m = registry_get(r, name);
    TRY(registry_remove(r, name));
    engines_drop(c->gate->engines, m->name);
    remove_unused(c, m->file);
    return admin_record(c, EVENT_MODEL_REMOVE, m->name);
}

fallible
admin_model_default(const struct admin_call *c, str name)
{
    TRY(admin_allow(c, OP_MODEL_DEFAULT));
    TRY(registry_set_default(gate_parts_of(c->gate)->registry, name));
    return admin_record(c, EVENT_MODEL_DEFAULT, name);
}

fallible
admin_model_alias(const struct admin_call *c, str alias, str model)
{
    TRY(admin_allow(c, OP_MODEL_ALIAS));
    TRY(registry_set_alias(gate_parts_of(c->gate)->registry, alias, model));
    return admin_record(c, EVENT_MODEL_ALIAS, alias);
}

void
model_put(const gate *g, const struct model *m, buf *b)
{
    const struct gate_parts *p = gate_parts_of(g);
    /* Without a label of its own a model may hold whatever the instance may. */
    const str up_to = m->label_text.len ? m->label_text : str_of(p->params->policy_level_max);
    json_open(b, '{');
    json_member_str(b, "name", m->name);
    json_member_str(b, "kind", m->kind == MODEL_EMBED ? STR("embed") : STR("chat"));
    json_member_bool(b, "default", registry_is_default(p->registry, m));
    json_member_str(b, "engine", m->engine);
    json_member_str(b, "architecture", m->architecture);
    json_member_str(b, "sha256", m->sha256);
    json_member_str(b, "licence", m->licence);
    json_member_str(b, "origin", m->origin);
    if (model_is_adapter(m))
        json_member_str(b, model_can_see(m) ? "projector_of" : "adapter_of", m->origin);
    json_member_bool(b, "vision", model_can_see(m));
    json_member_str(b, "label", up_to);
    json_member_u64(b, "size_bytes", m->size_bytes);
    json_member_u64(b, "parameters", m->parameters);
    json_member_u64(b, "context_tokens", m->context_tokens);
    json_member_u64(b, "embedding_dims", m->embedding_dims);
    json_member_u64(b, "memory_bytes", m->memory_bytes);
    json_member_bool(b, "chat_template", m->has_template);
    json_close(b, '}');
}

static void
aliases_put(const registry *r, buf *b)
{
    str alias, model;
    json_open(b, '[');
    for (size_t i = 0; registry_alias_at(r, i, &alias, &model); i++) {
        json_open(b, '{');
        json_member_str(b, "alias", alias);
        json_member_str(b, "model", model);
        json_close(b, '}');
    }
    json_close(b, ']');
}

fallible
admin_models_put(const struct admin_call *c, buf *b)
{
    const registry *r = gate_parts_of(c->gate)->registry;
    const struct model *m;
    TRY(admin_allow(c, OP_MODEL_LIST));
    json_open(b, '{');
    json_key(b, "models");
    json_open(b, '[');
    for (size_t i = 0; (m = registry_at(r, i)); i++)
        model_put(c->gate, m, b);
    json_close(b, ']');
    json_key(b, "aliases");
    aliases_put(r, b);
    json_close(b, '}');
    return buf_end(b);
}
