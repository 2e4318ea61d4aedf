/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/file.h"
#include "test.h"

/* A fresh directory with `hoheit.yaml`, if not NULL. */
static const char *
fresh(arena *a, const char *name, const char *shipped)
{
    const char *dir = file_join(a, test_dir(), name);
    CHECK_OK(file_make_dir(file_join(a, dir, "local.d"), 0700));
    CHECK_OK(file_make_dir(file_join(a, dir, "override.d"), 0700));
    if (shipped)
        CHECK_OK(file_write_atomic(file_join(a, dir, "hoheit.yaml"), str_of(shipped), 0600));
    return dir;
}

static void
put(arena *a, const char *dir, const char *name, const char *text)
{
    CHECK_OK(file_write_atomic(file_join(a, dir, name), str_of(text), 0600));
}

static arena *
room(void)
{
    arena *a = NULL;
    if (arena_open(1 << 20, &a).code)
        test_fail(__FILE__, __LINE__, "no arena");
    return a;
}

static err
read_text(const char *text, struct params *p)
{
    params_default(p);
    return config_read_text("t.yaml", str_of(text), p);
}

TEST(without_any_file_the_defaults_hold)
{
    AUTO(arena) *a = room();
    struct params want, p;
    params_default(&want);
    CHECK_OK(config_read(a, fresh(a, "none", NULL), &p));
    CHECK(memcmp(&p, &want, sizeof p) == 0);
    CHECK_OK(config_read(a, "/there/is/no/such/directory", &p));
    CHECK(memcmp(&p, &want, sizeof p) == 0);
}

/* A value that differs from the default: for numbers one of the bounds. */
static void
other_value(const struct param_info *i, char value[64])
{
    if (i->is_text)
        snprintf(value, 64, "other: \"text\" # %.20s", i->key);
    else
        snprintf(value, 64, "%" PRIu64, i->value == i->max ? i->min : i->max);
}

TEST(every_parameter_of_the_table_can_be_set_through_a_file)
{
    AUTO(arena) *a = room();
    const char *dir = fresh(a, "each", NULL);
    for (size_t k = 0; k < param_count; k++) {
        const struct param_info *i = &param_table[k];
        char value[64], line[256], shown[PARAM_TEXT_MAX];
        struct params p, want;
        other_value(i, value);
        snprintf(line, sizeof line, "%s: '%s'\n", i->key, value);
        put(a, dir, "hoheit.yaml", line);
        NEED_OK(config_read(a, dir, &p));
        params_show(&p, i, shown);
        CHECK_STR(str_of(shown), str_of(value));
        params_default(&want);
        CHECK_OK(params_set(&want, str_of(i->key), str_of(value)));
        CHECK(memcmp(&p, &want, sizeof p) == 0); /* and nothing else */
    }
}

TEST(all_parameters_together_in_one_file)
{
    AUTO(buf) text = BUF(65536);
    char value[64], shown[PARAM_TEXT_MAX];
    struct params p;
    for (size_t k = 0; k < param_count; k++) {
        other_value(&param_table[k], value);
        buf_add_fmt(&text, "%s: '%s'\n", param_table[k].key, value);
    }
    params_default(&p);
    NEED_OK(config_read_text("all", buf_str(&text), &p));
    for (size_t k = 0; k < param_count; k++) {
        other_value(&param_table[k], value);
        params_show(&p, &param_table[k], shown);
        CHECK_STR(str_of(shown), str_of(value));
    }
}

TEST(numbers_take_units_and_texts_take_quotes)
{
    struct params p;
    CHECK_OK(read_text("# comment\n\nnet.body_bytes_max: 2M   # two\n"
                       "net.idle_ms_max: \"90s\"\nnet.listen: '[::1]:80'\n",
                       &p));
    CHECK_INT(p.net_body_bytes_max, ==, 2 << 20);
    CHECK_INT(p.net_idle_ms_max, ==, 90000);
    CHECK_STR(str_of(p.net_listen), STR("[::1]:80"));
}

TEST(a_file_may_be_empty_or_only_comments)
{
    static const char *const texts[] = {"",    "\n\n", "# nothing\n", "---\n", "---\n# n\n...\n",
                                        "{}\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct params p;
        CHECK_OK(read_text(texts[i], &p));
    }
}

TEST(later_drawers_win_and_files_apply_in_the_order_of_their_names)
{
    AUTO(arena) *a = room();
    struct params p;
    const char *dir =
        fresh(a, "drawers",
              "net.listen: shipped\nlog.level: error\nengine.threads: 1\naudit.queue_max: 100\n");
    put(a, dir, "local.d/20-b.yaml", "engine.threads: 20\nlog.level: debug\n");
    put(a, dir, "local.d/10-a.yaml", "engine.threads: 10\nnet.listen: local\n");
    put(a, dir, "override.d/z.yaml", "net.listen: override\n");
    put(a, dir, "local.d/ignored.txt", "no: yaml: at all\n");
    put(a, dir, "local.d/.hidden.yaml", "no: yaml: at all\n");
    NEED_OK(config_read(a, dir, &p));
    CHECK_STR(str_of(p.net_listen), STR("override"));
    CHECK_STR(str_of(p.log_level), STR("debug"));
    CHECK_INT(p.engine_threads, ==, 20);
    CHECK_INT(p.audit_queue_max, ==, 100);
}

static const struct {
    const char *text, *said; /* said: in the error text, after the name */
} wrong[] = {
    {"net.listen: a\nnet.listne: b\n",
     ":2: there is no parameter net.listne; did you mean net.listen?"},
    {"audit.wait_max: 1\n", "did you mean audit.wait_ms_max?"},
    {"completely.different: 1\n",
     ":1: there is no parameter completely.different; `hoheit doc params` lists all"},
    {"log.level: a\n\n# x\nlog.level: b\n", ":4: log.level is given twice"},
    {"engine.threads: 1025\n", ":1: engine.threads must be a number from 0 to 1024"},
    {"engine.threads: many\n", ":1: engine.threads must be a number"},
    {"engine.threads: 0x10\n", ":1: engine.threads must be a number"},
    {"engine.threads: -1\n", ":1: engine.threads must be a number"},
    {"engine.threads:\n", ":1: engine.threads must be a number"},
    {"\nnet.listen: \"a\\0b\"\n", ":2: net.listen must be one line of text"},
    {"net.listen: \"a\\nb\"\n", ":1: net.listen must be one line of text"},
    {"net.listen: [a]\n", ":1: the value must be one number or text"},
    {"net.listen: {a: b}\n", ":1: the value must be one number or text"},
    {"net:\n  listen: a\n", ":1: there is no parameter net"},
    {"net.listen: &x a\nlog.level: *x\n", ":2: the value must be one number or text"},
    {"[a]: b\n", ":1: a line is \"section.name: value\""},
    {"? *x\n: b\n", ":1: a line is"},
    {"- net.listen\n", ":1: a line is \"section.name: value\""},
    {"just text\n", ":1: a line is \"section.name: value\""},
    {"net.listen: a\n---\nlog.level: b\n", ":2: a file holds one document"},
    {"net.listen: 'a\n", ":"},
    {"net.listen: a: b\n", ":1: "},
    {"net.listen: a\n\tlog.level: b\n", ":2: "},
    {"net.listen: \xFF\n", ":1: "},
    {"\xFF\xFE\x00", ":1: "},
    {"%YAML 7.0\n---\n", ":1: "},
    {"@", ":1: "},
    {"\"\\0\": a\n", ":1: there is no parameter of this name"},
};

TEST(every_mistake_is_named_with_file_line_and_reason_and_changes_nothing)
{
    struct params before;
    params_default(&before);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct params p;
        CHECK_ERR(read_text(wrong[i].text, &p), CONFIG);
        CHECK(memcmp(&p, &before, sizeof p) == 0);
        if (!str_starts(str_of(err_text()), STR("t.yaml:")) || !strstr(err_text(), wrong[i].said))
            test_fail(__FILE__, __LINE__, "row %zu says: %s", i, err_text());
    }
}

TEST(a_bad_file_in_any_drawer_fails_the_whole_and_names_the_file)
{
    static const char *const names[] = {"hoheit.yaml", "local.d/a.yaml", "override.d/b.yaml"};
    for (size_t i = 0; i < 3; i++) {
        AUTO(arena) *a = room();
        char name[32];
        struct params p = {.net_listen = "untouched"};
        snprintf(name, sizeof name, "bad%zu", i);
        const char *dir = fresh(a, name, NULL);
        put(a, dir, names[i], "net.listen: a\nno.such: b\n");
        CHECK_ERR(config_read(a, dir, &p), CONFIG);
        CHECK(strstr(err_text(), names[i]) && strstr(err_text(), ":2: "));
        CHECK_STR(str_of(p.net_listen), STR("untouched"));
    }
}

TEST(a_drawer_that_is_a_file_is_an_error_and_a_file_that_is_too_large_too)
{
    AUTO(arena) *a = room();
    struct params p;
    const char *dir = file_join(a, test_dir(), "odd");
    CHECK_OK(file_make_dir(dir, 0700));
    put(a, dir, "local.d", "net.listen: a\n");
    CHECK(config_read(a, dir, &p).code != 0);
    char *spaces = arena_get(a, 256 * 1024 + 2);
    memset(spaces, '\n', 256 * 1024 + 1);
    put(a, dir, "large.yaml", spaces);
    CHECK_ERR(config_read_file(a, file_join(a, dir, "large.yaml"), &p), LIMIT);
    CHECK_ERR(config_read_file(a, file_join(a, dir, "missing.yaml"), &p), NOT_FOUND);
}

TEST(too_many_files_in_a_drawer_are_refused)
{
    AUTO(arena) *a = room();
    struct params p;
    const char *dir = fresh(a, "many", NULL);
    for (int i = 0; i < 129; i++) {
        char path[4200];
        snprintf(path, sizeof path, "%s/local.d/%03d.yaml", dir, i);
        const int f = creat(path, 0600);
        NEED(f >= 0);
        close(f);
    }
    CHECK_ERR(config_read(a, dir, &p), CONFIG);
    CHECK_OK(file_remove(file_join(a, dir, "local.d/000.yaml")));
    CHECK_OK(config_read(a, dir, &p));
}

TEST(random_bytes_never_end_the_reader)
{
    static const char alphabet[] =
        "net.listen: audit.queue_max 16M{}[],&*#?|-<>=!%@`\"'\\\n\t 0a\xFF";
    for (int i = 0; i < 3000; i++) {
        char text[64];
        struct params p, before;
        const size_t len = test_random() % sizeof text;
        for (size_t k = 0; k < len; k++)
            text[k] = alphabet[test_random() % (sizeof alphabet - 1)];
        params_default(&p);
        before = p;
        if (config_read_text("t", (str){text, len}, &p).code)
            CHECK(memcmp(&p, &before, sizeof p) == 0);
    }
}

TEST(every_failure_is_reported_and_the_result_left_alone)
{
    AUTO(arena) *a = room();
    const char *dir = fresh(a, "faults", "net.listen: a\n");
    put(a, dir, "local.d/x.yaml", "log.level: debug\n");
    put(a, dir, "override.d/y.yaml", "engine.threads: 3\n");
    bool fired = true;
    for (long n = 1; fired; n++) {
        AUTO(arena) *b = room();
        struct params p = {.net_listen = "untouched"};
        fault_arm(n);
        const err e = config_read(b, dir, &p);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        CHECK_STR(str_of(p.net_listen), fired ? STR("untouched") : STR("a"));
        CHECK(n < 200);
    }
}
