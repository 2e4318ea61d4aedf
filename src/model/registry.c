/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/registry.h"

#include <stdio.h>

#include "base/fault.h"
#include "model/registry_check.h"
#include "model/registry_list.h"

enum { KINDS = 2, LISTED_MAX = 20, SENTENCE_MAX = 256, LOADING_BYTES_MAX = 32 * 1024 * 1024 };

static const char *const kind_ids[KINDS] = {[MODEL_CHAT] = "chat", [MODEL_EMBED] = "embed"};
static const char *const kind_words[KINDS] = {
    [MODEL_CHAT] = "chat model", [MODEL_EMBED] = "embedding model"};
static const char *const default_keys[KINDS] = {
    [MODEL_CHAT] = "model.default.chat", [MODEL_EMBED] = "model.default.embed"};

struct registry {
    db *d;
    const policy *p;
    struct registry_list models, aliases;
    const registry_item *defaults[KINDS];
    registry_item *removed; /* kept: who runs a removed model may still point to it */
};

static fallible
model_item(const policy *p, const struct model *m, registry_item **ret)
{
    AUTO(registry_item) *x = NULL;
    TRY(registry_check_model(m));
    TRY(registry_item_new(m->name, m, STR_NONE, &x));
    TRY(registry_sink(p, m->label_text, &x->model.sink));
    *ret = TAKE(x);
    return OK;
}

/* ---- loading */
/* Turns what a check said into CORRUPT; running out of memory stays what it is. */
static fallible
corrupt(err e, const char *what, str name)
{
    char why[SENTENCE_MAX];
    if (e.code == ERR_LIMIT || e.code == ERR_OK)
        return e;
    snprintf(why, sizeof why, "%s", err_text());
    FAIL(CORRUPT, "%s \"%.*s\": %s", what, STR_FMT(name), why);
}

static fallible
take_row(registry *r, const struct model_row *row)
{
    const struct model m = {
        .name = row->name,
        .file = row->file,
        .sha256 = row->sha256,
        .licence = row->licence,
        .architecture = row->architecture,
        .origin = row->origin,
        .label_text = row->label_text,
        .engine = row->engine,
        .kind = str_eq(row->kind, STR("embed")) ? MODEL_EMBED : MODEL_CHAT,
        .size_bytes = row->size_bytes,
        .context_tokens = row->context_tokens,
        .parameters = row->parameters,
        .memory_bytes = row->memory_bytes,
        .embedding_dims = row->embedding_dims,
        .has_template = row->has_template,
        .added_wall_ms = row->added_wall_ms,
    };
    registry_item *x;
    if (!str_eq(row->kind, STR("embed")) && !str_eq(row->kind, STR("chat")))
        FAIL(CORRUPT, "unknown kind");
    if (registry_list_find(&r->models, m.name))
        FAIL(CORRUPT, "the name differs from another only in case");
    TRY(registry_list_reserve(&r->models, REGISTRY_MODELS_MAX));
    TRY(model_item(r->p, &m, &x));
    registry_list_add(&r->models, x);
    return OK;
}

static err
on_row(void *ctx, const struct model_row *row)
{
    return corrupt(take_row(ctx, row), "model", row->name);
}

/* ---- the targets of an alias: "a+b,c" */
static fallible
check_target(const registry *r, const registry_item *x, str name, const registry_item *m)
{
    if (!m && registry_list_find(&r->aliases, name))
        REFUSE(ARGUMENT, "model", "an alias must name models, not another alias");
    if (!m)
        REFUSE(MODEL_NOT_FOUND, "model", "there is no model of that name");
    if (x->target_count == REGISTRY_TARGETS_MAX)
        REFUSE(ARGUMENT, "model", "an alias has at most %d targets", REGISTRY_TARGETS_MAX);
    if (x->target_count && x->targets[0]->model.kind != m->model.kind)
        REFUSE(ARGUMENT, "model", "the targets of an alias must be of one kind");
    for (size_t i = 0; i < x->target_count; i++)
        if (x->targets[i] == m)
            REFUSE(ARGUMENT, "model", "an alias names a target twice");
    return OK;
}

static fallible
add_rank(const registry *r, registry_item *x, str names, uint8_t rank)
{
    str name;
    do {
        if (!str_next(&names, '+', &name))
            name = STR_NONE;
        const registry_item *m = registry_list_find(&r->models, str_trim(name));
        TRY(check_target(r, x, str_trim(name), m));
        x->targets[x->target_count] = m;
        x->ranks[x->target_count++] = rank;
    } while (names.len);
    return OK;
}

/* Into `x`, which is only looked at for them. */
static fallible
read_targets(const registry *r, str spec, registry_item *x)
{
    uint8_t rank = 0;
    str names;
    x->target_count = 0;
    while (str_next(&spec, ',', &names))
        TRY(add_rank(r, x, names, rank++));
    return OK;
}

/* As it is kept and shown, without `but`; how long. */
static size_t
put_targets(const registry_item *x, const registry_item *but, char room[REGISTRY_SPEC_BYTES_MAX])
{
    size_t len = 0;
    int last = -1;
    for (size_t i = 0; i < x->target_count; i++) {
        const str name = x->targets[i]->name;
        if (x->targets[i] == but)
            continue;
        if (last >= 0)
            room[len++] = last == x->ranks[i] ? '+' : ',';
        memcpy(room + len, name.at, name.len);
        len += name.len;
        last = x->ranks[i];
    }
    return len;
}

/* A new alias with the targets of `like` but `but`. */
static fallible
alias_item(str alias, const registry_item *like, const registry_item *but, registry_item **ret)
{
    char room[REGISTRY_SPEC_BYTES_MAX];
    const str spec = {room, put_targets(like, but, room)};
    TRY(registry_item_new(alias, &(struct model){.name = alias}, spec, ret));
    for (size_t i = 0; i < like->target_count; i++)
        if (like->targets[i] != but) {
            (*ret)->targets[(*ret)->target_count] = like->targets[i];
            (*ret)->ranks[(*ret)->target_count++] = like->ranks[i];
        }
    return OK;
}

static fallible
take_alias(registry *r, str alias, str spec)
{
    registry_item like = {0}, *x;
    if (registry_list_find(&r->models, alias) || registry_list_find(&r->aliases, alias))
        FAIL(CORRUPT, "the name is taken");
    TRY(registry_check_name("alias", alias));
    TRY(read_targets(r, spec, &like));
    if (!like.target_count)
        FAIL(CORRUPT, "it has no target");
    TRY(registry_list_reserve(&r->aliases, REGISTRY_ALIASES_MAX));
    TRY(alias_item(alias, &like, NULL, &x));
    registry_list_add(&r->aliases, x);
    return OK;
}

static err
on_alias(void *ctx, str alias, str spec)
{
    return corrupt(take_alias(ctx, alias, spec), "alias", alias);
}

static fallible
load_default(registry *r, arena *a, enum model_kind k)
{
    str name;
    TRY(setting_get(r->d, a, str_of(default_keys[k]), &name));
    const registry_item *x = name.len ? registry_list_find(&r->models, name) : NULL;
    if (name.len && (!x || x->model.kind != k))
        FAIL(CORRUPT, "%s names no such model", default_keys[k]);
    r->defaults[k] = x;
    return OK;
}

static fallible
check_base(const registry *r, const struct model *m)
{
    const registry_item *base = registry_list_find(&r->models, m->origin);
    if (!model_is_adapter(m))
        return OK;
    if (!base || !str_eq(base->model.engine, STR("llama")) || base->model.kind != m->kind)
        REFUSE(MODEL_NOT_FOUND, "adapter_of", "there is no model from a file named %.*s",
               STR_FMT(m->origin));
    return OK;
}

static fallible
check_bases(const registry *r)
{
    for (size_t i = 0; i < r->models.count; i++) {
        const struct model *m = &r->models.at[i]->model;
        TRY(corrupt(check_base(r, m), "model", m->name));
    }
    return OK;
}

static fallible
load(registry *r)
{
    AUTO(arena) *a = NULL;
    TRY(arena_open(LOADING_BYTES_MAX, &a));
    TRY(models_each(r->d, a, on_row, r));
    TRY(check_bases(r));
    TRY(alias_each(r->d, a, on_alias, r));
    TRY(load_default(r, a, MODEL_CHAT));
    return load_default(r, a, MODEL_EMBED);
}

static void
registry_auto(registry **r)
{
    registry_free(*r);
}

fallible
registry_open(db *d, const policy *p, registry **ret)
{
    AUTO(registry) *r = mem_get(sizeof *r);
    if (!r)
        FAIL(LIMIT, "no memory for the registry");
    *r = (registry){.d = d, .p = p};
    TRY(load(r));
    *ret = TAKE(r);
    return OK;
}

void
registry_free(registry *r)
{
    if (!r)
        return;
    registry_list_done(&r->models);
    registry_list_done(&r->aliases);
    while (r->removed) {
        registry_item *x = r->removed;
        r->removed = x->older;
        mem_free(x);
    }
    mem_free(r);
}

/* ---- changing: the store first, memory when it is durable */
static fallible
finish(registry *r, err e)
{
    if (!e.code)
        e = db_commit(r->d);
    if (e.code)
        db_rollback(r->d);
    return e;
}

static bool
has_kind(const registry *r, enum model_kind k)
{
    for (size_t i = 0; i < r->models.count; i++)
        if (r->models.at[i]->model.kind == k)
            return true;
    return false;
}

static fallible
check_free(const registry *r, const char *field, str name)
{
    if (registry_list_find(&r->models, name))
        REFUSE(CONFLICT, field, "there is a model of that name already");
    if (registry_list_find(&r->aliases, name))
        REFUSE(CONFLICT, field, "there is an alias of that name already");
    return OK;
}

static fallible
store_model(registry *r, const struct model *m, bool is_default)
{
    const struct model_row row = {
        .name = m->name,
        .file = m->file,
        .sha256 = m->sha256,
        .licence = m->licence,
        .kind = str_of(kind_ids[m->kind]),
        .engine = m->engine,
        .architecture = m->architecture,
        .label_text = m->label_text,
        .origin = m->origin,
        .size_bytes = m->size_bytes,
        .context_tokens = m->context_tokens,
        .parameters = m->parameters,
        .memory_bytes = m->memory_bytes,
        .embedding_dims = m->embedding_dims,
        .has_template = m->has_template,
        .added_wall_ms = m->added_wall_ms,
    };
    TRY(models_add(r->d, &row));
    if (is_default)
        TRY(setting_set(r->d, str_of(default_keys[m->kind]), m->name));
    return OK;
}

fallible
registry_add(registry *r, const struct model *m)
{
    AUTO(registry_item) *x = NULL;
    TRY(model_item(r->p, m, &x));
    TRY(check_free(r, "name", m->name));
    TRY(check_base(r, m));
    TRY(registry_list_reserve(&r->models, REGISTRY_MODELS_MAX));
    const bool is_first = !has_kind(r, m->kind);
    TRY(db_begin(r->d));
    TRY(finish(r, store_model(r, &x->model, is_first)));
    if (is_first)
        r->defaults[m->kind] = x;
    registry_list_add(&r->models, TAKE(x));
    return OK;
}

static bool
has_target(const registry_item *alias, const registry_item *m)
{
    for (size_t i = 0; i < alias->target_count; i++)
        if (alias->targets[i] == m)
            return true;
    return false;
}

/* The aliases as they will be without `x`, in the order of those that have it; NULL: none is left.
 */
struct remains {
    registry_item **at;
    size_t count;
};

static void
remains_auto(struct remains *w)
{
    for (size_t i = 0; i < w->count; i++)
        mem_free(w->at[i]);
    mem_free(w->at);
}
typedef struct remains remains;

static fallible
prepare_remains(const registry *r, const registry_item *x, struct remains *ret)
{
    ret->at = mem_get((r->aliases.count + 1) * sizeof *ret->at);
    if (!ret->at)
        FAIL(LIMIT, "no memory to change %zu aliases", r->aliases.count);
    for (size_t i = 0; i < r->aliases.count; i++) {
        const registry_item *alias = r->aliases.at[i];
        if (!has_target(alias, x))
            continue;
        ret->at[ret->count++] = NULL;
        if (alias->target_count > 1)
            TRY(alias_item(alias->name, alias, x, &ret->at[ret->count - 1]));
    }
    return OK;
}

static fallible
store_removal(registry *r, const registry_item *x, const struct remains *w)
{
    size_t n = 0;
    for (size_t i = 0; i < r->aliases.count; i++) {
        const registry_item *alias = r->aliases.at[i];
        if (!has_target(alias, x))
            continue;
        const registry_item *left = w->at[n++];
        TRY(left ? alias_set(r->d, alias->name, left->spec) : alias_remove(r->d, alias->name));
    }
    if (r->defaults[x->model.kind] == x)
        TRY(setting_set(r->d, str_of(default_keys[x->model.kind]), STR("")));
    return models_remove(r->d, x->name);
}

static void
drop_alias(registry *r, registry_item *x)
{
    registry_list_take(&r->aliases, x);
    mem_free(x);
}

static void
change_aliases(registry *r, const registry_item *x, struct remains *w)
{
    size_t n = w->count;
    for (size_t i = r->aliases.count; i-- > 0;) {
        registry_item *alias = r->aliases.at[i];
        if (!has_target(alias, x))
            continue;
        if (w->at[--n]) /* of the same name: it takes the place */
            r->aliases.at[i] = TAKE(w->at[n]);
        else
            registry_list_take(&r->aliases, alias);
        mem_free(alias);
    }
}

static fallible
check_unadapted(const registry *r, const registry_item *x)
{
    for (size_t i = 0; i < r->models.count; i++) {
        const struct model *m = &r->models.at[i]->model;
        if (model_is_adapter(m) && registry_list_find(&r->models, m->origin) == x)
            REFUSE(CONFLICT, "name", "%.*s is an adapter of this model: remove it first",
                   STR_FMT(m->name));
    }
    return OK;
}

fallible
registry_remove(registry *r, str name)
{
    AUTO(remains) w = {0};
    registry_item *x = registry_list_find(&r->models, name);
    if (!x)
        REFUSE(MODEL_NOT_FOUND, "name", "there is no model of that name");
    TRY(check_unadapted(r, x));
    TRY(prepare_remains(r, x, &w));
    TRY(db_begin(r->d));
    TRY(finish(r, store_removal(r, x, &w)));
    change_aliases(r, x, &w);
    if (r->defaults[x->model.kind] == x)
        r->defaults[x->model.kind] = NULL;
    registry_list_take(&r->models, x);
    x->older = r->removed;
    r->removed = x;
    return OK;
}

fallible
registry_set_default(registry *r, str name)
{
    const registry_item *x = registry_list_find(&r->models, name);
    if (!x)
        REFUSE(MODEL_NOT_FOUND, "name", "there is no model of that name");
    TRY(setting_set(r->d, str_of(default_keys[x->model.kind]), x->name));
    r->defaults[x->model.kind] = x;
    return OK;
}

static fallible
remove_alias(registry *r, str alias)
{
    registry_item *x = registry_list_find(&r->aliases, alias);
    if (!x)
        REFUSE(NOT_FOUND, "alias", "there is no alias of that name");
    TRY(alias_remove(r->d, x->name));
    drop_alias(r, x);
    return OK;
}

fallible
registry_set_alias(registry *r, str alias, str targets)
{
    AUTO(registry_item) *x = NULL;
    registry_item like = {0};
    if (!targets.len)
        return remove_alias(r, alias);
    registry_item *old = registry_list_find(&r->aliases, alias);
    TRY(registry_check_name("alias", alias));
    TRY(read_targets(r, targets, &like));
    if (!old)
        TRY(check_free(r, "alias", alias));
    TRY(alias_item(alias, &like, NULL, &x));
    if (!old)
        TRY(registry_list_reserve(&r->aliases, REGISTRY_ALIASES_MAX));
    TRY(alias_set(r->d, x->name, x->spec));
    if (old)
        drop_alias(r, old);
    registry_list_add(&r->aliases, TAKE(x));
    return OK;
}

/* ---- looking up */
/* " Known: a, b and 3 more." */
static void
put_known(const registry *r, enum model_kind k, char *room, size_t size)
{
    size_t n = 0, shown = 0, more = 0;
    for (size_t i = 0; i < r->models.count; i++) {
        const registry_item *x = r->models.at[i];
        if (x->model.kind != k)
            continue;
        if (more || shown == LISTED_MAX ||
            n + x->name.len + sizeof " Known: ,  and 9999 more." > size) {
            more++;
            continue;
        }
        n += (size_t)snprintf(room + n, size - n, "%s%.*s",
                              shown++ ? ", " : " Known: ", STR_FMT(x->name));
    }
    if (more)
        snprintf(room + n, size - n, " and %zu more.", more);
    else
        snprintf(room + n, size - n, shown ? "." : " None has been added yet.");
}

static fallible
refuse_unknown(const registry *r, str name, enum model_kind k, const registry_item *other)
{
    char known[SENTENCE_MAX - REGISTRY_NAME_BYTES_MAX - 32];
    put_known(r, k, known, sizeof known);
    if (!name.len)
        REFUSE(MODEL_NOT_FOUND, "model", "No default %s is set.%s", kind_words[k], known);
    if (other)
        REFUSE(MODEL_NOT_FOUND, "model", "\"%.*s\" is no %s.%s", STR_FMT(name), kind_words[k],
               known);
    /* What is no name may be anything, so it is not repeated. */
    if (!registry_is_name(name))
        REFUSE(MODEL_NOT_FOUND, "model", "That is no name of a model.%s", known);
    REFUSE(MODEL_NOT_FOUND, "model", "There is no %s \"%.*s\".%s", kind_words[k], STR_FMT(name),
           known);
}

fallible
registry_targets(const registry *r, str name, enum model_kind kind,
                 struct registry_target ret[REGISTRY_TARGETS_MAX], size_t *ret_count)
{
    ASSERT(kind == MODEL_CHAT || kind == MODEL_EMBED);
    const registry_item *x = name.len ? registry_list_find(&r->models, name) : r->defaults[kind];
    const registry_item *alias = x || !name.len ? NULL : registry_list_find(&r->aliases, name);
    x = alias ? alias->targets[0] : x;
    if (!x || x->model.kind != kind)
        return refuse_unknown(r, name, kind, x);
    ret[0] = (struct registry_target){.model = &x->model};
    *ret_count = alias ? alias->target_count : 1;
    for (size_t i = 1; i < *ret_count; i++)
        ret[i] = (struct registry_target){&alias->targets[i]->model, alias->ranks[i]};
    return OK;
}

fallible
registry_find(const registry *r, str name, enum model_kind kind, const struct model **ret)
{
    struct registry_target all[REGISTRY_TARGETS_MAX];
    size_t count;
    TRY(registry_targets(r, name, kind, all, &count));
    *ret = all[0].model;
    return OK;
}

const struct model *
registry_get(const registry *r, str name)
{
    const registry_item *x = registry_list_find(&r->models, name);
    return x ? &x->model : NULL;
}

const struct model *
registry_at(const registry *r, size_t i)
{
    return i < r->models.count ? &r->models.at[i]->model : NULL;
}

bool
registry_is_default(const registry *r, const struct model *m)
{
    const registry_item *x = r->defaults[m->kind];
    return x && registry_list_compare(x->name, m->name) == 0;
}

bool
registry_alias_at(const registry *r, size_t i, str *ret_alias, str *ret_targets)
{
    if (i >= r->aliases.count)
        return false;
    *ret_alias = r->aliases.at[i]->name;
    *ret_targets = r->aliases.at[i]->spec;
    return true;
}

str
model_embedder(const struct model *m, char room[MODEL_EMBEDDER_MAX])
{
    const str digest = str_slice(m->sha256, 0, 16);
    const int n =
        snprintf(room, MODEL_EMBEDDER_MAX, "%.*s%s%.*s", STR_FMT(str_slice(m->name, 0, 64)),
                 digest.len ? "@" : "", STR_FMT(digest));
    return (str){room, n > 0 ? (size_t)n : 0};
}
