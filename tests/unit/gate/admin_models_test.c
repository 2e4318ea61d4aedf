/* SPDX-License-Identifier: EUPL-1.2 */
#include <dirent.h>

#include "gguf_write.h"
#include "unit/gate/caller.h"

static struct rig rig;

/* ---- files */
static void
fill_gguf(gguf_writer *w, const char *name)
{
    static const char *const keys[] = {"llama.context_length", "llama.embedding_length",
                                       "llama.block_count", "llama.attention.head_count"};
    gguf_write_str(w, "general.architecture", STR("llama"));
    gguf_write_str(w, "general.name", str_of(name));
    gguf_write_str(w, "general.license", STR("apache-2.0"));
    for (uint32_t i = 0; i < 4; i++)
        gguf_write_u32(w, keys[i], i == 0 ? 2048 : i == 1 ? 64 : 2);
    gguf_write_array(w, "tokenizer.ggml.tokens", 8, 1);
    gguf_write_text(&w->values, STR("a"));
    float *f = gguf_write_floats(w, "token_embd.weight", 64, 2);
    memset(f, 0, 64 * 2 * sizeof *f);
}

struct upload {
    struct model_wish wish;
    char incoming[700], hex[65];
    fd file;
};

/* A file that came, as api/ hands it over. */
static void
upload_bytes(struct upload *u, const char *name, str bytes)
{
    static unsigned number;
    digest d;
    snprintf(u->incoming, sizeof u->incoming, "%s/" MODEL_INCOMING "%u", rig.models, number++);
    CHECK_OK(file_write_atomic(u->incoming, bytes, 0600));
    u->file = -1;
    CHECK_OK(file_open(u->incoming, O_RDWR, 0, &u->file));
    CHECK_OK(sha256_of(bytes, &d));
    digest_text(&d, u->hex);
    u->wish = (struct model_wish){
        .name = str_of(name), .file = u->file, .incoming = u->incoming, .sha256 = str_of(u->hex)};
}

static void
upload_model(struct upload *u, const char *name, const char *own_name)
{
    gguf_writer w = GGUF_WRITER;
    AUTO(buf) b = BUF(1 << 20);
    fill_gguf(&w, own_name);
    gguf_write_end(&w, &b);
    upload_bytes(u, name, buf_str(&b));
    gguf_writer_auto(&w);
}

/* As api/ does at the end of the exchange. */
static void
upload_end(struct upload *u)
{
    fd_auto(&u->file);
    unlink(u->incoming);
}

static err
add(struct upload *u)
{
    OPERATOR(c, &rig);
    const err e = caller_wait(&c, admin_model_add(&c.call, &u->wish));
    upload_end(u);
    return e;
}

static err
add_toy(const char *name, const char *kind)
{
    const struct model_wish w = {.name = str_of(name), .toy = str_of(kind), .file = -1};
    OPERATOR(c, &rig);
    return caller_wait(&c, admin_model_add(&c.call, &w));
}

static err
remove_model(const char *name)
{
    OPERATOR(c, &rig);
    return caller_wait(&c, admin_model_remove(&c.call, str_of(name)));
}

static size_t
files(void)
{
    size_t n = 0;
    DIR *d = opendir(rig.models);
    const struct dirent *e;
    while (d && (e = readdir(d)))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (d)
        closedir(d);
    return n;
}

static bool
has_file(const struct upload *u)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s.gguf", rig.models, u->hex);
    return access(path, F_OK) == 0;
}

static const struct model *
model(const char *name)
{
    return registry_get(rig.registry, str_of(name));
}

/* ---- adding */
TEST(a_model_file_is_inspected_named_by_its_digest_and_recorded)
{
    struct upload u;
    rig_open(&rig);
    upload_model(&u, "klein", "Klein");
    u.wish.licence = STR("MIT");
    u.wish.origin = STR("https://example.org/klein");
    u.wish.label = STR("intern");
    OPERATOR(c, &rig);
    NEED_OK(caller_wait(&c, admin_model_add(&c.call, &u.wish)));
    upload_end(&u);
    const struct model *m = model("klein");
    NEED(m);
    CHECK_STR(m->sha256, str_of(u.hex));
    CHECK(str_starts(m->file, m->sha256) && str_ends(m->file, STR(".gguf")));
    CHECK_STR(m->engine, STR("llama"));
    CHECK_STR(m->licence, STR("MIT"));
    CHECK_STR(m->origin, STR("https://example.org/klein"));
    CHECK(label_level(m->sink) == 1 && m->context_tokens == 2048);
    CHECK(has_file(&u) && files() == 1);
    CHECK(rig_has(rig_record(&rig, "model.add", c.id, 0), "\"object\":\"klein\""));
    rig_close(&rig);
}

TEST(what_is_not_said_the_file_says)
{
    struct upload u;
    rig_open(&rig);
    upload_model(&u, "", "Mein Modell");
    CHECK_OK(add(&u));
    const struct model *m = model("mein-modell");
    NEED(m);
    CHECK_STR(m->licence, STR("apache-2.0"));
    CHECK(!m->label_text.len);
    rig_close(&rig);
}

TEST(the_toy_needs_no_file_and_keeps_its_origin)
{
    rig_open(&rig);
    CHECK_OK(registry_remove(rig.registry, STR("toy")));
    CHECK_OK(add_toy("", "chat"));
    CHECK_OK(add_toy("other", "embed"));
    CHECK(model("toy") && str_eq(model("toy")->origin, STR("built in")));
    CHECK(model("other") && model("other")->kind == MODEL_EMBED);
    CHECK_ERR(add_toy("x", "poem"), ARGUMENT);
    CHECK_STR(str_of(err_param()), STR("toy"));
    CHECK_INT(files(), ==, 0);
    rig_close(&rig);
}

TEST(a_wrong_file_is_refused_and_leaves_nothing)
{
    static const str cases[] = {STR_INIT(""), STR_INIT("GGUF"), STR_INIT("GGUF nonsense"),
                                STR_INIT("not a model at all, but longer than a head")};
    rig_open(&rig);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct upload u;
        upload_bytes(&u, "bad", cases[i]);
        CHECK_ERR(add(&u), PARSE);
        CHECK(!model("bad"));
        CHECK_INT(files(), ==, 0);
    }
    rig_close(&rig);
}

TEST(a_good_file_under_a_bad_wish_leaves_nothing)
{
    static const struct {
        const char *name, *label;
        enum err_code want;
    } cases[] = {{"a b", "", ERR_ARGUMENT},
                 {"../x", "", ERR_ARGUMENT},
                 {"toy", "", ERR_CONFLICT},
                 {"x", "GIBTSNICHT", ERR_PARSE}};
    rig_open(&rig);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct upload u;
        upload_model(&u, cases[i].name, "x");
        u.wish.label = str_of(cases[i].label);
        CHECK_INT(add(&u).code, ==, cases[i].want);
        CHECK_INT(files(), ==, 0);
    }
    rig_close(&rig);
}

TEST(two_models_may_share_a_file_which_goes_with_the_last)
{
    struct upload u;
    rig_open(&rig);
    upload_model(&u, "eins", "x");
    CHECK_OK(add(&u));
    upload_model(&u, "zwei", "x");
    CHECK_OK(add(&u));
    CHECK(files() == 1 && has_file(&u));
    upload_model(&u, "zwei", "x");
    CHECK_ERR(add(&u), CONFLICT); /* does not take away what the others use */
    CHECK(files() == 1 && has_file(&u));
    CHECK_OK(remove_model("eins"));
    CHECK(has_file(&u));
    CHECK_OK(remove_model("zwei"));
    CHECK_INT(files(), ==, 0);
    rig_close(&rig);
}

TEST(a_file_that_was_left_without_a_row_is_taken_again)
{
    char path[700];
    struct upload u;
    rig_open(&rig);
    upload_model(&u, "x", "x");
    snprintf(path, sizeof path, "%s/%s.gguf", rig.models, u.hex);
    CHECK_INT(link(u.incoming, path), ==, 0);
    CHECK_OK(add(&u));
    CHECK(has_file(&u) && files() == 1);
    rig_close(&rig);
}

TEST(whatever_fails_a_row_has_its_file_and_nothing_else_is_left)
{
    bool fired = true;
    rig_open(&rig);
    for (long n = 1; fired; n++) {
        struct upload u;
        OPERATOR(c, &rig);
        upload_model(&u, "x", "x");
        fault_arm(n);
        const err e = caller_wait(&c, admin_model_add(&c.call, &u.wish));
        fired = fault_fired();
        fault_arm(0);
        upload_end(&u);
        CHECK(!e.code || fired);
        CHECK_INT(model("x") != NULL, ==, has_file(&u));
        CHECK_INT(files(), ==, model("x") != NULL);
        if (model("x"))
            CHECK_OK(remove_model("x"));
    }
    rig_close(&rig);
}

/* ---- removing */
TEST(a_removed_model_loses_its_engine_whatever_the_case_of_its_name)
{
    struct upload u;
    engine *en;
    engines_wait *w = NULL;
    rig_open(&rig);
    upload_model(&u, "klein", "x");
    CHECK_OK(add(&u));
    CHECK_OK(engines_get(rig.gate->engines, model("klein"), NULL, NULL, &en, &w));
    RIG_UNTIL(&rig, rig.starts);
    engines_forget(w);
    OPERATOR(c, &rig);
    CHECK_OK(caller_wait(&c, admin_model_remove(&c.call, STR("KLEIN"))));
    RIG_UNTIL(&rig, rig.stops);
    CHECK_INT(files(), ==, 0);
    CHECK(rig_has(rig_record(&rig, "model.rm", c.id, 0), "\"object\":\"klein\""));
    CHECK_ERR(remove_model("klein"), MODEL_NOT_FOUND);
    rig_close(&rig);
}

TEST(a_file_that_is_gone_already_does_not_keep_its_row)
{
    struct upload u;
    rig_open(&rig);
    upload_model(&u, "klein", "x");
    CHECK_OK(add(&u));
    CHECK_OK(file_remove_tree(rig.models));
    CHECK_OK(remove_model("klein"));
    CHECK(!model("klein"));
    rig_close(&rig);
}

/* ---- defaults, aliases, lists */
static str
list(void)
{
    static char room[65536];
    AUTO(buf) b = BUF(sizeof room - 1);
    OPERATOR(c, &rig);
    CHECK_OK(admin_models_put(&c.call, &b));
    if (b.len)
        memcpy(room, b.at, b.len);
    return (str){room, b.len};
}

TEST(defaults_and_aliases_are_set_recorded_and_listed)
{
    jval root;
    rig_open(&rig);
    CHECK_OK(add_toy("zweite", "chat"));
    OPERATOR(c, &rig);
    CHECK_OK(caller_wait(&c, admin_model_default(&c.call, STR("zweite"))));
    OPERATOR(d, &rig);
    CHECK_OK(caller_wait(&d, admin_model_alias(&d.call, STR("gpt-4o"), STR("toy"))));
    CHECK_OK(json_read(rig.a, list(), &root));
    CHECK(rig_has(list(), "\"name\":\"zweite\",\"kind\":\"chat\",\"default\":true"));
    CHECK(rig_has(list(), "\"name\":\"toy\",\"kind\":\"chat\",\"default\":false"));
    CHECK(rig_has(list(), "\"aliases\":[{\"alias\":\"gpt-4o\",\"model\":\"toy\"}]"));
    CHECK(rig_record(&rig, "model.default", c.id, 0).len &&
          rig_record(&rig, "model.alias", d.id, 0).len);
    OPERATOR(e, &rig);
    CHECK_OK(caller_wait(&e, admin_model_alias(&e.call, STR("gpt-4o"), STR_NONE)));
    CHECK(rig_has(list(), "\"aliases\":[]"));
    OPERATOR(f, &rig);
    CHECK_ERR(caller_wait(&f, admin_model_default(&f.call, STR("none"))), MODEL_NOT_FOUND);
    CHECK_ERR(caller_wait(&f, admin_model_alias(&f.call, STR("x"), STR("none"))), MODEL_NOT_FOUND);
    CHECK_ERR(caller_wait(&f, admin_model_alias(&f.call, STR("none"), STR_NONE)), NOT_FOUND);
    rig_close(&rig);
}

TEST(a_model_without_a_label_shows_the_ceiling)
{
    rig_open(&rig);
    rig_add_model(&rig, "klein", MODEL_CHAT, "intern//STEUER");
    CHECK(rig_has(list(), "\"label\":\"intern//STEUER\""));
    CHECK(rig_has(list(), "\"label\":\"VS-NfD\""));
    rig_close(&rig);
}

TEST(who_lacks_the_role_changes_nothing_and_may_look)
{
    struct upload u;
    AUTO(buf) b = BUF(65536);
    rig_open(&rig);
    upload_model(&u, "x", "x");
    PLAIN(c, &rig);
    CHECK_ERR(admin_model_add(&c.call, &u.wish), DENIED);
    upload_end(&u);
    CHECK_ERR(admin_model_remove(&c.call, STR("toy")), DENIED);
    CHECK_ERR(admin_model_default(&c.call, STR("toy")), DENIED);
    CHECK_ERR(admin_model_alias(&c.call, STR("a"), STR("toy")), DENIED);
    CHECK_OK(admin_models_put(&c.call, &b));
    CHECK(model("toy") && !model("x") && c.done == 0);
    CHECK_INT(files(), ==, 0);
    rig_close(&rig);
}
