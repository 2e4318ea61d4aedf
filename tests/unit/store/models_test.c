/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/models.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

static db *
open_new(const char *name)
{
    char path[256];
    db *d = NULL;
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    CHECK_OK(db_open(path, &d));
    return d;
}

static struct model_row
row_of(str name)
{
    return (struct model_row){.name = name,
                              .file = STR("models/a.gguf"),
                              .sha256 = STR("00ff"),
                              .licence = STR("Apache-2.0"),
                              .kind = STR("chat"),
                              .engine = STR("toy"),
                              .architecture = STR("llama"),
                              .label_text = STR("VS-NfD"),
                              .origin = STR("https://example.org/a"),
                              .size_bytes = INT64_MAX,
                              .context_tokens = 2,
                              .parameters = 3,
                              .memory_bytes = 4,
                              .embedding_dims = 5,
                              .has_template = name.len % 2,
                              .added_wall_ms = 6};
}

struct list {
    struct model_row at[16];
    str alias[16], model[16];
    int count;
    bool is_enough;
};

static err
collect(void *ctx, const struct model_row *m)
{
    struct list *l = ctx;
    if (l->is_enough)
        FAIL(CANCELLED, "enough");
    ASSERT(l->count < 16);
    l->at[l->count++] = *m;
    return OK;
}

static err
collect_alias(void *ctx, str alias, str model)
{
    struct list *l = ctx;
    if (l->is_enough)
        FAIL(CANCELLED, "enough");
    ASSERT(l->count < 16);
    l->alias[l->count] = alias;
    l->model[l->count++] = model;
    return OK;
}

static void
check_row(const struct model_row *got, const struct model_row *want)
{
    CHECK_STR(got->name, want->name);
    CHECK_STR(got->file, want->file);
    CHECK_STR(got->sha256, want->sha256);
    CHECK_STR(got->licence, want->licence);
    CHECK_STR(got->kind, want->kind);
    CHECK_STR(got->engine, want->engine);
    CHECK_STR(got->architecture, want->architecture);
    CHECK_STR(got->label_text, want->label_text);
    CHECK_STR(got->origin, want->origin);
    CHECK_INT(got->size_bytes, ==, want->size_bytes);
    CHECK_INT(got->context_tokens, ==, want->context_tokens);
    CHECK_INT(got->parameters, ==, want->parameters);
    CHECK_INT(got->memory_bytes, ==, want->memory_bytes);
    CHECK_INT(got->embedding_dims, ==, want->embedding_dims);
    CHECK_INT(got->has_template, ==, want->has_template);
    CHECK_INT(got->added_wall_ms, ==, want->added_wall_ms);
}

TEST(models_come_back_whole_and_in_the_order_of_names)
{
    static const str names[] = {STR_INIT("zeta"), STR_INIT("alpha"), STR_INIT("mid")};
    static const int order[] = {1, 2, 0};
    AUTO(arena) *a = NULL;
    db *d = open_new("models");
    struct list got = {0};
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    for (int i = 0; i < 3; i++) {
        const struct model_row m = row_of(names[i]);
        CHECK_OK(models_add(d, &m));
    }
    CHECK_OK(models_each(d, a, collect, &got));
    NEED(got.count == 3);
    for (int i = 0; i < 3; i++) {
        const struct model_row want = row_of(names[order[i]]);
        check_row(&got.at[i], &want);
    }
    db_close(d);
}

TEST(a_model_is_added_once_and_removed_once)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("once");
    struct list got = {0};
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    const struct model_row m = row_of(STR("one"));
    CHECK_OK(models_add(d, &m));
    CHECK_ERR(models_add(d, &m), CONFLICT);
    CHECK_ERR(models_remove(d, STR("ONE")), NOT_FOUND);
    CHECK_ERR(models_remove(d, STR_NONE), NOT_FOUND);
    CHECK_OK(models_remove(d, STR("one")));
    CHECK_ERR(models_remove(d, STR("one")), NOT_FOUND);
    CHECK_OK(models_each(d, a, collect, &got));
    CHECK_INT(got.count, ==, 0);
    CHECK_OK(models_add(d, &m));
    db_close(d);
}

TEST(a_number_too_large_for_the_records_is_refused)
{
    db *d = open_new("large");
    NEED(d);
    struct model_row m = row_of(STR("one"));
    m.parameters = (uint64_t)INT64_MAX + 1;
    CHECK_ERR(models_add(d, &m), ARGUMENT);
    m.parameters = 0;
    m.embedding_dims = UINT64_MAX;
    CHECK_ERR(models_add(d, &m), ARGUMENT);
    m.embedding_dims = 0;
    CHECK_OK(models_add(d, &m));
    db_close(d);
}

TEST(an_alias_is_set_changed_and_removed)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("alias");
    struct list got = {0};
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(alias_set(d, STR("gpt-4o"), STR("one")));
    CHECK_OK(alias_set(d, STR("fachmodell"), STR("one")));
    CHECK_OK(alias_set(d, STR("gpt-4o"), STR("two")));
    CHECK_OK(alias_each(d, a, collect_alias, &got));
    NEED(got.count == 2);
    CHECK_STR(got.alias[0], STR("fachmodell"));
    CHECK_STR(got.model[0], STR("one"));
    CHECK_STR(got.alias[1], STR("gpt-4o"));
    CHECK_STR(got.model[1], STR("two"));
    CHECK_OK(alias_remove(d, STR("fachmodell")));
    CHECK_ERR(alias_remove(d, STR("fachmodell")), NOT_FOUND);
    CHECK_ERR(alias_remove(d, STR("two")), NOT_FOUND);
    db_close(d);
}

TEST(a_setting_is_empty_until_set_and_again_when_unset)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("setting");
    str value = STR("before");
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(setting_get(d, a, STR("model.default"), &value));
    CHECK_INT(value.len, ==, 0);
    CHECK_OK(setting_set(d, STR("model.default"), STR("one")));
    CHECK_OK(setting_set(d, STR("other"), STR("x")));
    CHECK_OK(setting_set(d, STR("model.default"), STR("two")));
    CHECK_OK(setting_get(d, a, STR("model.default"), &value));
    CHECK_STR(value, STR("two"));
    CHECK_OK(setting_set(d, STR("model.default"), STR_NONE));
    CHECK_OK(setting_set(d, STR("model.default"), STR("")));
    CHECK_OK(setting_get(d, a, STR("model.default"), &value));
    CHECK_INT(value.len, ==, 0);
    CHECK_OK(setting_get(d, a, STR("other"), &value));
    CHECK_STR(value, STR("x"));
    db_close(d);
}

TEST(a_walk_ends_where_its_function_fails)
{
    AUTO(arena) *a = NULL;
    db *d = open_new("walk");
    struct list got = {.is_enough = true};
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    const struct model_row m = row_of(STR("one"));
    CHECK_OK(models_add(d, &m));
    CHECK_OK(alias_set(d, STR("a"), STR("one")));
    CHECK_ERR(models_each(d, a, collect, &got), CANCELLED);
    CHECK_ERR(alias_each(d, a, collect_alias, &got), CANCELLED);
    CHECK_OK(models_remove(d, STR("one")));
    db_close(d);
}

static err
do_everything(db *d, arena *a)
{
    struct list got = {0};
    str value = STR_NONE;
    const struct model_row m = row_of(STR("one"));
    TRY(models_add(d, &m));
    TRY(models_each(d, a, collect, &got));
    TRY(models_remove(d, STR("one")));
    TRY(alias_set(d, STR("a"), STR("one")));
    got.count = 0;
    TRY(alias_each(d, a, collect_alias, &got));
    TRY(alias_remove(d, STR("a")));
    TRY(setting_set(d, STR("s"), STR("1")));
    TRY(setting_get(d, a, STR("s"), &value));
    TRY(setting_set(d, STR("s"), STR_NONE));
    return OK;
}

TEST(every_fault_is_reported_and_leaves_what_was_there)
{
    long n = 1;
    for (bool fired = true; fired; n++) {
        char name[32];
        AUTO(arena) *a = NULL;
        snprintf(name, sizeof name, "fault%ld", n);
        db *d = open_new(name);
        NEED(d);
        NEED_OK(arena_open(1 << 20, &a));
        fault_arm(n);
        const err e = do_everything(d, a);
        fired = fault_fired();
        fault_arm(0);
        NEED(fired == (e.code != 0));
        db_close(d);
    }
    CHECK_INT(n, >, 20);
}
