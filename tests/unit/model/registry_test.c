/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/registry.h"

#include <stdio.h>

#include "base/fault.h"
#include "os/file.h"
#include "small_policy.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef struct {
    char path[4200];
    db *d;
    policy *p;
    registry *r;
} bench;

static void
bench_auto(bench *t)
{
    registry_free(t->r);
    db_close(t->d);
    policy_free(t->p);
}

static bench
start(void)
{
    static int number;
    bench t = {.p = small_policy()};
    snprintf(t.path, sizeof t.path, "%s/%d.db", test_dir(), number++);
    CHECK_OK(db_open(t.path, &t.d));
    CHECK_OK(registry_open(t.d, t.p, &t.r));
    return t;
}

/* As after a restart. */
static void
reopen(bench *t)
{
    registry_free(t->r);
    db_close(t->d);
    t->r = NULL;
    t->d = NULL;
    NEED_OK(db_open(t->path, &t->d));
    NEED_OK(registry_open(t->d, t->p, &t->r));
}

static struct model
toy(const char *name, enum model_kind kind)
{
    struct model m;
    model_toy(str_of(name), kind, &m);
    return m;
}

static err
add(bench *t, const char *name, enum model_kind kind)
{
    const struct model m = toy(name, kind);
    return registry_add(t->r, &m);
}

/* The name of what is found; empty when nothing is. */
static str
found(const bench *t, const char *name, enum model_kind kind)
{
    const struct model *m;
    return registry_find(t->r, str_of(name), kind, &m).code ? STR_NONE : m->name;
}

TEST(a_registry_begins_empty)
{
    AUTO(bench) t = start();
    str alias, model;
    const struct model *m = NULL;
    CHECK(!registry_at(t.r, 0) && !registry_alias_at(t.r, 0, &alias, &model));
    CHECK(!registry_get(t.r, STR("toy")));
    CHECK_ERR(registry_find(t.r, STR(""), MODEL_CHAT, &m), MODEL_NOT_FOUND);
    CHECK(!m);
}

TEST(everything_said_of_a_model_is_there_after_a_restart)
{
    AUTO(bench) t = start();
    const struct model m = {.name = STR("Qwen-0.5B"),
                            .file = STR(DIGEST ".gguf"),
                            .sha256 = STR(DIGEST),
                            .licence = STR("Apache-2.0"),
                            .architecture = STR("qwen2"),
                            .origin = STR("Datenträger"),
                            .label_text = STR("intern//STEUER"),
                            .kind = MODEL_CHAT,
                            .engine = STR("llama"),
                            .size_bytes = 491400064,
                            .context_tokens = 32768,
                            .parameters = 494032768,
                            .memory_bytes = 600000000,
                            .embedding_dims = 896,
                            .has_template = true,
                            .added_wall_ms = 1790000000000};
    NEED_OK(registry_add(t.r, &m));
    reopen(&t);
    const struct model *x = registry_get(t.r, STR("qwen-0.5b"));
    NEED(x);
    CHECK_STR(x->name, STR("qwen-0.5b"));
    CHECK_STR(x->file, m.file);
    CHECK_STR(x->sha256, m.sha256);
    CHECK_STR(x->licence, m.licence);
    CHECK_STR(x->architecture, m.architecture);
    CHECK_STR(x->origin, m.origin);
    CHECK_STR(x->label_text, m.label_text);
    CHECK_STR(x->engine, m.engine);
    CHECK_INT(x->size_bytes, ==, m.size_bytes);
    CHECK_INT(x->context_tokens, ==, m.context_tokens);
    CHECK_INT(x->parameters, ==, m.parameters);
    CHECK_INT(x->memory_bytes, ==, m.memory_bytes);
    CHECK_INT(x->embedding_dims, ==, m.embedding_dims);
    CHECK_INT(x->added_wall_ms, ==, m.added_wall_ms);
    CHECK(x->has_template && x->kind == MODEL_CHAT);
    CHECK(label_dominates(x->sink, small_label(t.p, "intern//STEUER")));
    CHECK(!label_dominates(x->sink, small_label(t.p, "VS-NfD")));
}

TEST(a_sink_that_was_handed_in_counts_for_nothing)
{
    AUTO(bench) t = start();
    struct model m = toy("a", MODEL_CHAT);
    m.label_text = STR("offen");
    m.sink = policy_local_sink(t.p);
    NEED_OK(registry_add(t.r, &m));
    CHECK(!label_dominates(registry_get(t.r, STR("a"))->sink, small_label(t.p, "intern")));
}

TEST(models_come_in_order_of_name)
{
    static const char *const names[] = {"m", "B", "z", "a", "C"};
    static const char *const sorted[] = {"a", "b", "c", "m", "z"};
    AUTO(bench) t = start();
    for (size_t i = 0; i < 5; i++)
        NEED_OK(add(&t, names[i], i % 2 ? MODEL_EMBED : MODEL_CHAT));
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 5; i++)
            CHECK_STR(registry_at(t.r, i)->name, str_of(sorted[i]));
        CHECK(!registry_at(t.r, 5));
        reopen(&t);
    }
}

TEST(names_are_found_without_case)
{
    AUTO(bench) t = start();
    NEED_OK(add(&t, "Probe", MODEL_CHAT));
    CHECK_STR(found(&t, "pRoBE", MODEL_CHAT), STR("probe"));
    CHECK_ERR(add(&t, "PROBE", MODEL_CHAT), CONFLICT);
    CHECK_OK(registry_remove(t.r, STR("PROBE")));
}

TEST(a_name_that_is_taken_is_refused)
{
    AUTO(bench) t = start();
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(registry_set_alias(t.r, STR("b"), STR("a")));
    CHECK_ERR(add(&t, "a", MODEL_EMBED), CONFLICT);
    CHECK_ERR(add(&t, "b", MODEL_CHAT), CONFLICT);
    CHECK_ERR(registry_set_alias(t.r, STR("a"), STR("a")), CONFLICT);
    CHECK(!registry_at(t.r, 1));
}

TEST(bad_models_are_refused_and_not_kept)
{
    AUTO(bench) t = start();
    struct model m = toy("-", MODEL_CHAT);
    CHECK_ERR(registry_add(t.r, &m), ARGUMENT);
    m = toy("a", MODEL_CHAT);
    m.label_text = STR("no such level");
    CHECK_ERR(registry_add(t.r, &m), PARSE);
    m = toy("a", MODEL_CHAT);
    m.engine = STR("other");
    CHECK_ERR(registry_add(t.r, &m), ARGUMENT);
    CHECK(!registry_at(t.r, 0));
    reopen(&t);
    CHECK(!registry_at(t.r, 0));
}

/* ---- defaults */
TEST(the_first_of_each_kind_is_its_default)
{
    AUTO(bench) t = start();
    NEED_OK(add(&t, "e1", MODEL_EMBED));
    NEED_OK(add(&t, "c1", MODEL_CHAT));
    NEED_OK(add(&t, "c0", MODEL_CHAT));
    for (int round = 0; round < 2; round++) {
        CHECK_STR(found(&t, "", MODEL_CHAT), STR("c1"));
        CHECK_STR(found(&t, "", MODEL_EMBED), STR("e1"));
        CHECK(registry_is_default(t.r, registry_get(t.r, STR("c1"))));
        CHECK(registry_is_default(t.r, registry_get(t.r, STR("e1"))));
        CHECK(!registry_is_default(t.r, registry_get(t.r, STR("c0"))));
        reopen(&t);
    }
}

TEST(another_default_is_kept_and_leaves_the_other_kind_alone)
{
    AUTO(bench) t = start();
    NEED_OK(add(&t, "c1", MODEL_CHAT));
    NEED_OK(add(&t, "c2", MODEL_CHAT));
    NEED_OK(add(&t, "e1", MODEL_EMBED));
    NEED_OK(add(&t, "e2", MODEL_EMBED));
    NEED_OK(registry_set_default(t.r, STR("C2")));
    for (int round = 0; round < 2; round++) {
        CHECK_STR(found(&t, "", MODEL_CHAT), STR("c2"));
        CHECK_STR(found(&t, "", MODEL_EMBED), STR("e1"));
        reopen(&t);
    }
    CHECK_ERR(registry_set_default(t.r, STR("c3")), MODEL_NOT_FOUND);
    CHECK_STR(found(&t, "", MODEL_CHAT), STR("c2"));
}

static struct model
of_file(const char *name, const char *engine, const char *origin)
{
    struct model m = toy(name, MODEL_CHAT);
    m.engine = str_of(engine);
    m.origin = str_of(origin);
    m.sha256 = STR(DIGEST);
    m.file = STR(DIGEST ".gguf");
    return m;
}

TEST(an_adapter_needs_its_base_and_keeps_it)
{
    AUTO(bench) t = start();
    const struct model amt = of_file("amt", "llama", ""), fein = of_file("fein", "lora", "Amt"),
                       on_fein = of_file("feiner", "lora", "fein");
    CHECK_ERR(registry_add(t.r, &fein), MODEL_NOT_FOUND);
    CHECK_OK(registry_add(t.r, &amt));
    CHECK_OK(registry_add(t.r, &fein));
    CHECK_ERR(registry_add(t.r, &on_fein), MODEL_NOT_FOUND);
    CHECK_ERR(registry_remove(t.r, STR("amt")), CONFLICT);
    reopen(&t);
    CHECK_ERR(registry_remove(t.r, STR("AMT")), CONFLICT);
    const struct model *m = registry_get(t.r, STR("fein"));
    NEED(m && model_is_adapter(m));
    CHECK_STR(m->origin, STR("Amt"));
    CHECK_OK(registry_remove(t.r, STR("fein")));
    CHECK_OK(registry_remove(t.r, STR("amt")));
}

TEST(an_adapter_of_a_built_in_model_or_of_no_name_is_refused)
{
    AUTO(bench) t = start();
    const struct model fein = of_file("fein", "lora", "toy"), none = of_file("fein", "lora", "");
    CHECK_OK(add(&t, "toy", MODEL_CHAT));
    CHECK_ERR(registry_add(t.r, &fein), MODEL_NOT_FOUND);
    CHECK_ERR(registry_add(t.r, &none), ARGUMENT);
}

TEST(an_adapter_whose_base_is_missing_in_the_store_is_corrupt)
{
    AUTO(bench) t = start();
    const struct model amt = of_file("amt", "llama", ""), fein = of_file("fein", "lora", "amt");
    CHECK_OK(registry_add(t.r, &amt));
    CHECK_OK(registry_add(t.r, &fein));
    CHECK_OK(models_remove(t.d, STR("amt")));
    registry *again = NULL;
    CHECK_ERR(registry_open(t.d, t.p, &again), CORRUPT);
    CHECK(!again);
}

TEST(a_removed_default_leaves_none_until_one_is_set)
{
    AUTO(bench) t = start();
    NEED_OK(add(&t, "c1", MODEL_CHAT));
    NEED_OK(add(&t, "c2", MODEL_CHAT));
    NEED_OK(registry_remove(t.r, STR("c1")));
    for (int round = 0; round < 2; round++) {
        CHECK_STR(found(&t, "", MODEL_CHAT), STR(""));
        reopen(&t);
    }
    NEED_OK(registry_remove(t.r, STR("c2")));
    NEED_OK(add(&t, "c3", MODEL_CHAT));
    CHECK_STR(found(&t, "", MODEL_CHAT), STR("c3"));
}

/* ---- removing */
TEST(a_removed_model_is_gone_with_its_aliases_and_stays_readable)
{
    AUTO(bench) t = start();
    str alias, model;
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(add(&t, "b", MODEL_CHAT));
    NEED_OK(registry_set_alias(t.r, STR("x"), STR("a")));
    NEED_OK(registry_set_alias(t.r, STR("y"), STR("b")));
    NEED_OK(registry_set_alias(t.r, STR("z"), STR("a")));
    const struct model *held = registry_get(t.r, STR("a"));
    NEED_OK(registry_remove(t.r, STR("a")));
    CHECK_STR(held->name, STR("a"));
    for (int round = 0; round < 2; round++) {
        CHECK_STR(found(&t, "a", MODEL_CHAT), STR(""));
        CHECK_STR(found(&t, "x", MODEL_CHAT), STR(""));
        CHECK_STR(found(&t, "y", MODEL_CHAT), STR("b"));
        CHECK(registry_alias_at(t.r, 0, &alias, &model) && str_eq(alias, STR("y")));
        CHECK(!registry_alias_at(t.r, 1, &alias, &model));
        reopen(&t);
    }
    CHECK_OK(add(&t, "a", MODEL_CHAT));
    CHECK_OK(add(&t, "x", MODEL_CHAT));
}

TEST(what_is_not_there_cannot_be_removed)
{
    AUTO(bench) t = start();
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(registry_set_alias(t.r, STR("x"), STR("a")));
    CHECK_ERR(registry_remove(t.r, STR("b")), MODEL_NOT_FOUND);
    CHECK_ERR(registry_remove(t.r, STR("x")), MODEL_NOT_FOUND);
    CHECK_ERR(registry_remove(t.r, STR("")), MODEL_NOT_FOUND);
    CHECK_STR(found(&t, "x", MODEL_CHAT), STR("a"));
}

/* ---- aliases */
TEST(an_alias_finds_its_model_and_can_be_moved_and_removed)
{
    AUTO(bench) t = start();
    str alias, model;
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(add(&t, "b", MODEL_CHAT));
    NEED_OK(registry_set_alias(t.r, STR("GPT-4o"), STR("A")));
    CHECK_STR(found(&t, "gpt-4O", MODEL_CHAT), STR("a"));
    NEED_OK(registry_set_alias(t.r, STR("gpt-4o"), STR("b")));
    for (int round = 0; round < 2; round++) {
        CHECK_STR(found(&t, "gpt-4o", MODEL_CHAT), STR("b"));
        NEED(registry_alias_at(t.r, 0, &alias, &model));
        CHECK_STR(alias, STR("gpt-4o"));
        CHECK_STR(model, STR("b"));
        CHECK(!registry_alias_at(t.r, 1, &alias, &model));
        reopen(&t);
    }
    CHECK(!registry_get(t.r, STR("gpt-4o")));
    NEED_OK(registry_set_alias(t.r, STR("gpt-4o"), STR("")));
    CHECK_STR(found(&t, "gpt-4o", MODEL_CHAT), STR(""));
    reopen(&t);
    CHECK(!registry_alias_at(t.r, 0, &alias, &model));
}

TEST(an_alias_of_an_alias_is_refused)
{
    AUTO(bench) t = start();
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(registry_set_alias(t.r, STR("x"), STR("a")));
    CHECK_ERR(registry_set_alias(t.r, STR("y"), STR("x")), ARGUMENT);
    CHECK_ERR(registry_set_alias(t.r, STR("x"), STR("x")), ARGUMENT);
    CHECK_STR(found(&t, "x", MODEL_CHAT), STR("a"));
}

/* ---- several targets */
static size_t
targets_of(const bench *t, const char *name, str names[REGISTRY_TARGETS_MAX], uint32_t *ranks)
{
    struct registry_target all[REGISTRY_TARGETS_MAX];
    size_t count = 0;
    if (registry_targets(t->r, str_of(name), MODEL_CHAT, all, &count).code)
        return 0;
    for (size_t i = 0; i < count; i++) {
        names[i] = all[i].model->name;
        ranks[i] = all[i].rank;
    }
    return count;
}

TEST(an_alias_may_have_several_targets_in_the_operators_order_and_equals_among_them)
{
    AUTO(bench) t = start();
    str names[REGISTRY_TARGETS_MAX], alias, spec;
    uint32_t ranks[REGISTRY_TARGETS_MAX];
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(add(&t, "b", MODEL_CHAT));
    NEED_OK(add(&t, "c", MODEL_CHAT));
    NEED_OK(registry_set_alias(t.r, STR("x"), STR("B + a, C")));
    for (int again = 0; again < 2; again++) {
        reopen(&t);
        CHECK_INT(targets_of(&t, "x", names, ranks), ==, 3);
        CHECK_STR(names[0], STR("b"));
        CHECK_STR(names[1], STR("a"));
        CHECK_STR(names[2], STR("c"));
        CHECK(ranks[0] == 0 && ranks[1] == 0 && ranks[2] == 1);
        CHECK(registry_alias_at(t.r, 0, &alias, &spec));
        CHECK_STR(spec, STR("b+a,c"));
    }
    CHECK_INT(targets_of(&t, "a", names, ranks), ==, 1);
}

TEST(a_removed_model_leaves_an_alias_its_other_targets)
{
    AUTO(bench) t = start();
    str names[REGISTRY_TARGETS_MAX], alias, spec;
    uint32_t ranks[REGISTRY_TARGETS_MAX];
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(add(&t, "b", MODEL_CHAT));
    NEED_OK(registry_set_alias(t.r, STR("x"), STR("a,b")));
    NEED_OK(registry_set_alias(t.r, STR("y"), STR("a")));
    NEED_OK(registry_set_alias(t.r, STR("z"), STR("b+a")));
    NEED_OK(registry_remove(t.r, STR("a")));
    for (int again = 0; again < 2; again++) {
        CHECK_INT(targets_of(&t, "x", names, ranks), ==, 1);
        CHECK_INT(targets_of(&t, "y", names, ranks), ==, 0);
        CHECK_INT(targets_of(&t, "z", names, ranks), ==, 1);
        CHECK(registry_alias_at(t.r, 1, &alias, &spec) && str_eq(spec, STR("b")));
        CHECK(!registry_alias_at(t.r, 2, &alias, &spec));
        reopen(&t);
    }
}

TEST(targets_that_cannot_be_are_refused_and_the_alias_stays_as_it_was)
{
    static const struct {
        const char *spec;
        enum err_code code;
    } bad[] = {{"a,a", ERR_ARGUMENT},          {"a+A", ERR_ARGUMENT},
               {"a,nix", ERR_MODEL_NOT_FOUND}, {"a,,b", ERR_MODEL_NOT_FOUND},
               {"+", ERR_MODEL_NOT_FOUND},     {"a,y", ERR_ARGUMENT},
               {"a,e", ERR_ARGUMENT},          {",", ERR_MODEL_NOT_FOUND}};
    AUTO(bench) t = start();
    str alias, spec;
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(add(&t, "b", MODEL_CHAT));
    NEED_OK(add(&t, "e", MODEL_EMBED));
    NEED_OK(registry_set_alias(t.r, STR("x"), STR("b")));
    NEED_OK(registry_set_alias(t.r, STR("y"), STR("a")));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_INT(registry_set_alias(t.r, STR("x"), str_of(bad[i].spec)).code, ==, bad[i].code);
        CHECK(registry_alias_at(t.r, 0, &alias, &spec) && str_eq(spec, STR("b")));
    }
}

TEST(bad_aliases_are_refused)
{
    AUTO(bench) t = start();
    str alias, model;
    NEED_OK(add(&t, "a", MODEL_CHAT));
    CHECK_ERR(registry_set_alias(t.r, STR("../x"), STR("a")), ARGUMENT);
    CHECK_ERR(registry_set_alias(t.r, STR(""), STR("a")), ARGUMENT);
    CHECK_ERR(registry_set_alias(t.r, STR("x"), STR("b")), MODEL_NOT_FOUND);
    CHECK_ERR(registry_set_alias(t.r, STR("x"), STR("")), NOT_FOUND);
    CHECK_ERR(registry_set_alias(t.r, STR("a"), STR("")), NOT_FOUND);
    CHECK(!registry_alias_at(t.r, 0, &alias, &model));
}

/* ---- the sentence for what is not known */
static str
sentence(const bench *t, const char *name, enum model_kind kind)
{
    const struct model *m;
    const err e = registry_find(t->r, str_of(name), kind, &m);
    CHECK_ERR(e, MODEL_NOT_FOUND);
    return str_of(err_public(e));
}

TEST(an_unknown_name_is_answered_with_the_known_ones_of_that_kind)
{
    AUTO(bench) t = start();
    CHECK_STR(sentence(&t, "gpt-4o", MODEL_CHAT),
              STR("There is no chat model \"gpt-4o\". None has been added yet."));
    NEED_OK(add(&t, "b", MODEL_CHAT));
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(add(&t, "e", MODEL_EMBED));
    CHECK_STR(sentence(&t, "gpt-4o", MODEL_CHAT),
              STR("There is no chat model \"gpt-4o\". Known: a, b."));
    CHECK_STR(sentence(&t, "gpt-4o", MODEL_EMBED),
              STR("There is no embedding model \"gpt-4o\". Known: e."));
    CHECK_STR(str_of(err_param()), STR("model"));
}

TEST(a_model_of_the_other_kind_is_answered_as_such)
{
    AUTO(bench) t = start();
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(add(&t, "e", MODEL_EMBED));
    NEED_OK(registry_set_alias(t.r, STR("x"), STR("e")));
    CHECK_STR(sentence(&t, "e", MODEL_CHAT), STR("\"e\" is no chat model. Known: a."));
    CHECK_STR(sentence(&t, "x", MODEL_CHAT), STR("\"x\" is no chat model. Known: a."));
    CHECK_STR(sentence(&t, "a", MODEL_EMBED), STR("\"a\" is no embedding model. Known: e."));
}

TEST(no_default_is_answered_as_such)
{
    AUTO(bench) t = start();
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(add(&t, "b", MODEL_CHAT));
    NEED_OK(registry_remove(t.r, STR("a")));
    CHECK_STR(sentence(&t, "", MODEL_CHAT), STR("No default chat model is set. Known: b."));
}

TEST(what_is_no_name_is_not_repeated)
{
    AUTO(bench) t = start();
    CHECK_STR(sentence(&t, "Wie heißt das Kind?", MODEL_CHAT),
              STR("That is no name of a model. None has been added yet."));
}

TEST(a_list_of_many_names_is_cut_and_counted)
{
    AUTO(bench) t = start();
    char name[65];
    for (int i = 0; i < 25; i++) {
        snprintf(name, sizeof name, "m%02d", i);
        NEED_OK(add(&t, name, MODEL_CHAT));
    }
    str s = sentence(&t, "x", MODEL_CHAT);
    CHECK(str_find(s, STR("Known: m00, m01, ")) > 0);
    CHECK(str_ends(s, STR("m19 and 5 more.")));
}

TEST(the_longest_names_still_give_a_whole_sentence)
{
    AUTO(bench) t = start();
    char name[65] = "";
    memset(name, 'n', 64);
    for (int i = 0; i < 4; i++) {
        name[63] = (char)('a' + i);
        NEED_OK(add(&t, name, MODEL_EMBED));
    }
    name[63] = 'z';
    const str s = sentence(&t, name, MODEL_EMBED);
    CHECK(str_ends(s, STR(" more.")));
    CHECK(str_find(s, STR("Known: nnn")) > 0);
}

/* ---- damage and faults */
TEST(a_row_that_is_not_good_is_corrupt)
{
    struct model_row rows[] = {
        {.name = STR("-"), .kind = STR("chat"), .engine = STR("toy")},
        {.name = STR("a"), .kind = STR("draw"), .engine = STR("toy")},
        {.name = STR("a"), .kind = STR("chat"), .engine = STR("exec")},
        {.name = STR("a"), .kind = STR("chat"), .engine = STR("llama"), .file = STR("/etc/passwd")},
        {.name = STR("a"), .kind = STR("chat"), .engine = STR("toy"), .label_text = STR("hm")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO(bench) t = start();
        registry *r = NULL;
        NEED_OK(models_add(t.d, &rows[i]));
        CHECK_ERR(registry_open(t.d, t.p, &r), CORRUPT);
        CHECK(!r);
    }
}

TEST(an_alias_or_default_that_points_nowhere_is_corrupt)
{
    for (int i = 0; i < 4; i++) {
        AUTO(bench) t = start();
        registry *r = NULL;
        NEED_OK(add(&t, "a", MODEL_CHAT));
        if (i == 0)
            CHECK_OK(setting_set(t.d, STR("model.default.chat"), STR("b")));
        if (i == 1)
            CHECK_OK(setting_set(t.d, STR("model.default.embed"), STR("a")));
        if (i == 2)
            CHECK_OK(alias_set(t.d, STR("../x"), STR("a")));
        if (i == 3)
            CHECK_OK(alias_set(t.d, STR("a"), STR("a")));
        CHECK_ERR(registry_open(t.d, t.p, &r), CORRUPT);
    }
}

/* What `change` leaves behind when the n-th call fails is what was before, in memory and in the
 * store; without a fault it is done in both. */
static void
check_all_or_nothing(err (*change)(bench *t), bool (*is_done)(const bench *t))
{
    long n = 1;
    for (bool more = true; more && n < 2000; n++) {
        AUTO(bench) t = start();
        NEED_OK(add(&t, "a", MODEL_CHAT));
        NEED_OK(add(&t, "b", MODEL_CHAT));
        NEED_OK(registry_set_alias(t.r, STR("x"), STR("a")));
        fault_arm(n);
        const err e = change(&t);
        more = fault_fired();
        fault_arm(0);
        if (!more)
            CHECK_OK(e);
        CHECK_INT(is_done(&t), ==, e.code == ERR_OK);
        reopen(&t);
        NEED(t.r);
        CHECK_INT(is_done(&t), ==, e.code == ERR_OK);
    }
    CHECK_INT(n, >, 2);
}

static err
change_add(bench *t)
{
    return add(t, "e", MODEL_EMBED);
}

static bool
is_added(const bench *t)
{
    const bool there = registry_get(t->r, STR("e"));
    CHECK_INT(there, ==, found(t, "", MODEL_EMBED).len > 0);
    return there;
}

static err
change_remove(bench *t)
{
    return registry_remove(t->r, STR("a"));
}

static bool
is_removed(const bench *t)
{
    const bool gone = !registry_get(t->r, STR("a"));
    CHECK_INT(gone, ==, found(t, "x", MODEL_CHAT).len == 0);
    CHECK_INT(gone, ==, found(t, "", MODEL_CHAT).len == 0);
    return gone;
}

static err
change_default(bench *t)
{
    return registry_set_default(t->r, STR("b"));
}

static bool
is_default_changed(const bench *t)
{
    return str_eq(found(t, "", MODEL_CHAT), STR("b"));
}

static err
change_alias(bench *t)
{
    return registry_set_alias(t->r, STR("x"), STR("b"));
}

static bool
is_alias_changed(const bench *t)
{
    return str_eq(found(t, "x", MODEL_CHAT), STR("b"));
}

TEST(adding_is_done_in_memory_and_store_or_in_neither)
{
    check_all_or_nothing(change_add, is_added);
}

TEST(removing_is_done_in_memory_and_store_or_in_neither)
{
    check_all_or_nothing(change_remove, is_removed);
}

TEST(a_default_is_set_in_memory_and_store_or_in_neither)
{
    check_all_or_nothing(change_default, is_default_changed);
}

TEST(an_alias_is_set_in_memory_and_store_or_in_neither)
{
    check_all_or_nothing(change_alias, is_alias_changed);
}

TEST(every_fault_while_loading_is_reported)
{
    AUTO(bench) t = start();
    NEED_OK(add(&t, "a", MODEL_CHAT));
    NEED_OK(registry_set_alias(t.r, STR("x"), STR("a")));
    long n = 1;
    for (bool more = true; more && n < 1000; n++) {
        registry *r = NULL;
        fault_arm(n);
        const err e = registry_open(t.d, t.p, &r);
        more = fault_fired();
        fault_arm(0);
        if (!more)
            CHECK_OK(e);
        CHECK_INT(r != NULL, ==, e.code == ERR_OK);
        registry_free(r);
    }
    CHECK_INT(n, >, 2);
}

/* ---- against a plain table */
enum { NAMES = 6 };

/* Models m0 …, aliases x0 …; -1: none. */
struct plain {
    bool there[NAMES];
    int alias_of[NAMES], first; /* the default */
    int count;
};

static void
plain_change(struct plain *p, int what, int i, int j)
{
    if (what == 0 && !p->there[i]) {
        p->first = p->count++ ? p->first : i;
        p->there[i] = true;
    } else if (what == 1 && p->there[i]) {
        p->count--;
        p->there[i] = false;
        p->first = p->first == i ? -1 : p->first;
        for (int k = 0; k < NAMES; k++)
            p->alias_of[k] = p->alias_of[k] == i ? -1 : p->alias_of[k];
    } else if (what == 2 && p->there[i])
        p->alias_of[j] = i;
    else if (what == 3 && p->there[i])
        p->first = i;
}

/* "m3" */
static const char *
nth(char letter, int i)
{
    static char rooms[4][4];
    static int turn;
    char *room = rooms[turn++ % 4];
    room[0] = letter;
    room[1] = (char)('0' + i);
    return room;
}

static err
real_change(bench *t, int what, int i, int j)
{
    const str name = str_of(nth('m', i));
    switch (what) {
    case 0:
        return add(t, name.at, MODEL_CHAT);
    case 1:
        return registry_remove(t->r, name);
    case 2:
        return registry_set_alias(t->r, str_of(nth('x', j)), name);
    default:
        return registry_set_default(t->r, name);
    }
}

static void
check_found(const bench *t, const char *name, int want)
{
    CHECK_STR(found(t, name, MODEL_CHAT), want < 0 ? STR("") : str_of(nth('m', want)));
}

TEST(random_changes_give_what_a_plain_table_gives)
{
    struct plain p = {.alias_of = {-1, -1, -1, -1, -1, -1}, .first = -1};
    AUTO(bench) t = start();
    for (int round = 0; round < 400; round++) {
        const int what = (int)(test_random() % 4);
        const int i = (int)(test_random() % NAMES), j = (int)(test_random() % NAMES);
        const err e = real_change(&t, what, i, j);
        if (what == 0)
            CHECK_INT(e.code, ==, p.there[i] ? ERR_CONFLICT : ERR_OK);
        else
            CHECK_INT(e.code, ==, p.there[i] ? ERR_OK : ERR_MODEL_NOT_FOUND);
        plain_change(&p, what, i, j);
        if (round % 50 == 49)
            reopen(&t);
        for (int k = 0; k < NAMES; k++) {
            check_found(&t, nth('m', k), p.there[k] ? k : -1);
            check_found(&t, nth('x', k), p.alias_of[k]);
        }
        check_found(&t, "", p.first);
    }
}
