/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/schema.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/engine/schema_rig.h"

enum { PAIRS = 1000, SAMPLE_BYTES = 1 << 20, AIM_BYTES = 120, DEPTH_MAX = 4 };

/* ---- schemas made at random: everything that is taken, in every nesting */

struct maker {
    buf *b;
    uint64_t state;
    unsigned defs;
};

static unsigned
draw(struct maker *m, unsigned below)
{
    m->state = m->state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(m->state >> 33) % below;
}

static void make_schema(struct maker *m, unsigned depth);

static void
make_bounds(struct maker *m, bool is_integer)
{
    const int low = (int)draw(m, 4000) - 2000, more = (int)draw(m, 3000);
    const bool has_low = draw(m, 2), has_high = draw(m, 2);
    const char *end = is_integer || draw(m, 2) ? "" : ".25";
    if (has_low)
        buf_add_fmt(m->b, ",\"%s\":%d%s", draw(m, 3) ? "minimum" : "exclusiveMinimum", low, end);
    if (has_high)
        buf_add_fmt(m->b, ",\"%s\":%d%s", draw(m, 3) ? "maximum" : "exclusiveMaximum",
                    low + 2 + more, end);
}

static void
make_string(struct maker *m)
{
    static const char *const forms[] = {
        "",
        ",\"format\":\"date\"",
        ",\"format\":\"date-time\"",
        ",\"format\":\"time\"",
        ",\"format\":\"uuid\"",
        ",\"format\":\"email\"",
        ",\"format\":\"ipv4\"",
        ",\"pattern\":\"^[A-Z]{2,3}-\\\\d+$\"",
        ",\"pattern\":\"ab|c\"",
        ",\"pattern\":\"^(?:\\\"[^x]\\\"|\\\\\\\\.)*$\"",
        ",\"pattern\":\"^\\\\w+(\\\\.\\\\w+){0,2}$\"",
        ",\"pattern\":\"^[\\\\u0000-\\\\u0020]{1,3}$\"",
    };
    const unsigned form = draw(m, 2 * sizeof forms / sizeof *forms);
    const unsigned low = draw(m, 100);
    buf_add(m->b, STR("{\"type\":\"string\""));
    if (form < sizeof forms / sizeof *forms) {
        buf_add(m->b, str_of(forms[form]));
    } else {
        if (draw(m, 2))
            buf_add_fmt(m->b, ",\"minLength\":%u", low);
        if (draw(m, 2))
            buf_add_fmt(m->b, ",\"maxLength\":%u", low + draw(m, 300));
    }
    buf_add(m->b, STR("}"));
}

static void
make_array(struct maker *m, unsigned depth)
{
    const unsigned low = draw(m, 4);
    buf_add(m->b, STR("{\"type\":\"array\""));
    if (draw(m, 4)) {
        buf_add(m->b, STR(",\"items\":"));
        make_schema(m, depth + 1);
    }
    if (draw(m, 4) == 0) {
        buf_add(m->b, STR(",\"prefixItems\":["));
        for (unsigned i = draw(m, 3) + 1; i > 0; i--) {
            make_schema(m, depth + 1);
            buf_add(m->b, i > 1 ? STR(",") : STR(""));
        }
        buf_add(m->b, STR("]"));
    }
    if (draw(m, 2))
        buf_add_fmt(m->b, ",\"minItems\":%u", low);
    if (draw(m, 2))
        buf_add_fmt(m->b, ",\"maxItems\":%u", low + draw(m, 5));
    buf_add(m->b, STR("}"));
}

static void
make_additional(struct maker *m, unsigned depth)
{
    const unsigned form = draw(m, 4);
    if (form == 0)
        return;
    buf_add(m->b, STR(",\"additionalProperties\":"));
    if (form == 1)
        make_schema(m, depth + 1);
    else
        buf_add(m->b, form == 2 ? STR("true") : STR("false"));
}

static void
make_object(struct maker *m, unsigned depth)
{
    static const char *const names[] = {"a", "ab", "abc", "ö\\\"x", "name", ""};
    const unsigned count = draw(m, 6), taken = draw(m, 64);
    bool is_first = true;
    buf_add(m->b, STR("{\"type\":\"object\",\"properties\":{"));
    for (unsigned i = 0; i < count; i++) {
        buf_add_fmt(m->b, "%s\"%s\":", i ? "," : "", names[i]);
        make_schema(m, depth + 1);
    }
    buf_add(m->b, STR("},\"required\":["));
    for (unsigned i = 0; i < count; i++)
        if (taken >> i & 1) {
            buf_add_fmt(m->b, "%s\"%s\"", is_first ? "" : ",", names[i]);
            is_first = false;
        }
    buf_add(m->b, STR("]"));
    make_additional(m, depth);
    buf_add(m->b, STR("}"));
}

static void
make_one_of(struct maker *m, unsigned depth)
{
    buf_add(m->b, STR("{\"oneOf\":["));
    for (unsigned i = 0; i < 3; i++) {
        buf_add_fmt(m->b,
                    "%s{\"type\":\"object\",\"properties\":{\"kind\":{\"const\":\"k%u\"},\"v\":",
                    i ? "," : "", i);
        make_schema(m, depth + 1);
        buf_add(m->b, STR("},\"required\":[\"kind\"],\"additionalProperties\":false}"));
    }
    buf_add(m->b, STR("]}"));
}

static void
make_leaf(struct maker *m)
{
    static const char *const leaves[] = {
        "{\"type\":\"boolean\"}",
        "{\"type\":\"null\"}",
        "{\"enum\":[\"rot\",\"gr\\u00fcn\",3,null,{\"x\":[1,\"\\\\\"]}]}",
        "{\"const\":\"a \\\"b\\\" \\n\"}",
        "{\"type\":[\"string\",\"null\"]}",
        "{\"type\":\"object\"}",
        "{\"type\":\"string\",\"enum\":[\"ja\",\"nein\",7]}",
        "{}",
        "true",
    };
    const unsigned form = draw(m, 16);
    if (form < sizeof leaves / sizeof *leaves) {
        buf_add(m->b, str_of(leaves[form]));
    } else if (form < 12) {
        make_string(m);
    } else {
        buf_add(m->b, form < 14 ? STR("{\"type\":\"integer\"") : STR("{\"type\":\"number\""));
        make_bounds(m, form < 14);
        buf_add(m->b, STR("}"));
    }
}

static void
make_schema(struct maker *m, unsigned depth)
{
    const unsigned form = depth >= DEPTH_MAX ? 0 : draw(m, 8);
    if (form < 2) {
        make_leaf(m);
    } else if (form < 4) {
        make_object(m, depth);
    } else if (form == 4) {
        make_array(m, depth);
    } else if (form == 5) {
        buf_add(m->b, STR("{\"anyOf\":["));
        make_schema(m, depth + 1);
        buf_add(m->b, STR(","));
        make_schema(m, depth + 1);
        buf_add(m->b, STR("]}"));
    } else if (form == 6) {
        make_one_of(m, depth);
    } else {
        buf_add_fmt(m->b, "{\"$ref\":\"#/$defs/%s\"}", draw(m, 2) ? "tree" : "list");
    }
}

static void
make_root(struct maker *m)
{
    buf_add(m->b, STR("{\"$defs\":{\"tree\":{\"type\":\"object\",\"properties\":{\"l\":{\"$ref\":"
                      "\"#/$defs/tree\"},\"v\":{\"type\":\"integer\"}},\"required\":[\"v\"],"
                      "\"additionalProperties\":false},\"list\":{\"type\":\"array\",\"items\":"
                      "{\"$ref\":\"#/$defs/list\"}}},\"allOf\":["));
    make_schema(m, 0);
    buf_add(m->b, STR("]}"));
}

/* ---- the foreign validator */

/* Its exit status, 127 when it could not be started. */
static int
validate(const char *file)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        execlp("python3", "python3", "tests/peer/schema/validate.py", file, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static bool
write_all(const char *path, str text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0;
    while (good && text.len) {
        const ssize_t n = write(fd, text.at, text.len);
        good = n > 0;
        text = str_slice(text, good ? (size_t)n : 0, text.len);
    }
    if (fd >= 0)
        close(fd);
    return good;
}

/* One line: {"schema": …, "text": "…"} */
static bool
add_pair(uint64_t seed, buf *lines)
{
    AUTO(buf) schema = BUF(1 << 20);
    AUTO(buf) sample = BUF(SAMPLE_BYTES);
    struct maker m = {.b = &schema, .state = seed};
    make_root(&m);
    AUTO(compiled) c = compiled_of(buf_str(&schema));
    if (c.e.code || gbnf_sample(c.g, seed, AIM_BYTES, &sample).code) {
        test_fail(__FILE__, __LINE__, "%.*s: %s", STR_FMT(buf_str(&schema)), err_trail());
        return false;
    }
    buf_add(lines, STR("{\"schema\":"));
    buf_add(lines, buf_str(&schema));
    json_member_str(lines, "text", buf_str(&sample));
    buf_add(lines, STR("}\n"));
    if (sample.len <= GBNF_MATCH_BYTES_MAX)
        CHECK(gbnf_matches(c.g, buf_str(&sample)));
    return true;
}

TEST(a_thousand_samples_are_valid_for_a_foreign_validator)
{
    AUTO(buf) lines = BUF(256 << 20);
    char path[512];
    const uint64_t seed = test_random();
    for (uint64_t i = 0; i < PAIRS; i++)
        NEED(add_pair(seed + i * 7919, &lines));
    NEED_OK(buf_end(&lines));
    snprintf(path, sizeof path, "%s/pairs", test_dir());
    NEED(write_all(path, buf_str(&lines)));
    const int status = validate(path);
    if (status == 77 || status == 127)
        SKIP("python3 with jsonschema is missing");
    CHECK_INT(status, ==, 0);
}

/* ---- the whole */

TEST(a_schema_becomes_one_root_rule_and_what_it_names)
{
    AUTO(compiled) c = compiled_of(STR("{\"type\":\"boolean\"}"));
    NEED_OK(c.e);
    CHECK_STR(buf_str(&c.text), STR("root ::= r1\nr1 ::= boolean \nboolean ::= \"true\" | "
                                    "\"false\"\n"));
}

TEST(a_grammar_beyond_the_limit_is_refused)
{
    AUTO(buf) schema = BUF(1 << 20);
    buf_add(&schema, STR("{\"type\":\"object\",\"properties\":{"));
    for (int i = 0; i < 900; i++)
        buf_add_fmt(&schema, "%s\"p%d\":{\"type\":\"string\",\"pattern\":\"^[a-f]{%d}$\"}",
                    i ? "," : "", i, 900);
    buf_add(&schema, STR("}}"));
    AUTO(compiled) c = compiled_of(buf_str(&schema));
    CHECK_ERR(c.e, UNSUPPORTED);
    CHECK(strstr(c.sentence, "too large") != NULL);
}

TEST(a_full_buffer_is_a_limit_and_no_grammar_cut_short)
{
    arena *a;
    jval v;
    NEED_OK(arena_open(1 << 20, &a));
    AUTO(buf) small = BUF(20);
    NEED_OK(json_read(a, STR("{\"type\":\"string\"}"), &v));
    CHECK_ERR(schema_compile(a, &v, &small), LIMIT);
    arena_free(a);
}

TEST(a_full_arena_is_a_limit)
{
    arena *a;
    jval v;
    AUTO(buf) b = BUF(SCHEMA_GRAMMAR_BYTES_MAX);
    NEED_OK(arena_open(1500, &a));
    NEED_OK(json_read(a, STR("{\"anyOf\":[{},{},{},{},{},{},{},{},{},{},{},{}]}"), &v));
    CHECK_ERR(schema_compile(a, &v, &b), LIMIT);
    arena_free(a);
}

TEST(memory_may_end_at_any_allocation)
{
    const char *schema = "{\"type\":\"object\",\"properties\":{\"a\":{\"enum\":[1,\"x\"]},"
                         "\"b\":{\"$ref\":\"#\"},\"c\":{\"type\":\"string\",\"pattern\":\"a+\"}},"
                         "\"additionalProperties\":{\"type\":\"number\",\"minimum\":0.5}}";
    long n = 0;
    do {
        fault_arm(++n);
        AUTO(compiled) c = compiled_of(str_of(schema));
        CHECK(fault_fired() || !c.e.code);
        if (c.e.code)
            CHECK_ERR(c.e, LIMIT);
        if (!fault_fired())
            break;
    } while (n < 20000);
    fault_arm(0);
    CHECK_INT(n, >, 3);
    CHECK_INT(n, <, 20000);
}

TEST(the_table_tells_every_keyword_once)
{
    struct schema_keyword k, other;
    size_t i = 0;
    for (; schema_keyword_at(i, &k); i++)
        for (size_t j = 0; j < i; j++)
            CHECK(schema_keyword_at(j, &other) && strcmp(other.name, k.name) != 0);
    CHECK_INT(i, >, 50);
    CHECK(!schema_keyword_at(i, &k));
}

TEST(every_refused_keyword_is_named_with_its_place)
{
    struct schema_keyword k;
    for (size_t i = 0; schema_keyword_at(i, &k); i++) {
        char schema[128], path[96], word[96];
        if (strcmp(k.fate, "refused") != 0)
            continue;
        snprintf(schema, sizeof schema, "{\"properties\":{\"a\":{\"%s\":1}}}", k.name);
        snprintf(path, sizeof path, "properties.a.%s", k.name);
        snprintf(word, sizeof word, "\"%s\"", k.name);
        REFUSES(schema, path, word);
    }
}

TEST(every_annotation_means_nothing)
{
    struct schema_keyword k;
    for (size_t i = 0; schema_keyword_at(i, &k); i++) {
        char schema[128];
        snprintf(schema, sizeof schema, "{\"%s\":null,\"type\":\"null\"}", k.name);
        if (strcmp(k.fate, "annotation") == 0)
            TAKES(schema, "null");
    }
}

/* ---- calls */

static err
compile_calls(arena *a, const char *parameters, uint32_t most, buf *out, struct gbnf **ret)
{
    struct schema_call calls[2] = {{.name = STR("get_\"weather\"")}, {.name = STR("now")}};
    TRY(json_read(a, str_of(parameters), &calls[0].parameters));
    TRY(schema_compile_calls(a, calls, 2, most, out));
    return gbnf_read(a, buf_str(out), ret);
}

TEST(calls_name_a_tool_and_hold_its_arguments)
{
    arena *a;
    struct gbnf *g;
    AUTO(buf) b = BUF(SCHEMA_GRAMMAR_BYTES_MAX);
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(compile_calls(a,
                          "{\"type\":\"object\",\"properties\":{\"d\":{\"type\":\"integer\"}},"
                          "\"required\":[\"d\"]}",
                          1, &b, &g));
    CHECK(gbnf_matches(g, STR("{\"name\": \"now\", \"arguments\": {}}")));
    CHECK(gbnf_matches(g, STR("{\"name\":\"get_\\\"weather\\\"\",\"arguments\":{\"d\": 3}}")));
    CHECK(!gbnf_matches(g, STR("{\"name\": \"now\", \"arguments\": {\"d\": 3}}")));
    CHECK(!gbnf_matches(g, STR("{\"name\": \"nau\", \"arguments\": {}}")));
    CHECK(!gbnf_matches(g, STR("{\"name\": \"now\", \"arguments\": {}}\n{\"name\": \"now\", "
                               "\"arguments\": {}}")));
    arena_free(a);
}

TEST(several_calls_stand_on_lines_of_their_own)
{
    arena *a;
    struct gbnf *g;
    AUTO(buf) b = BUF(SCHEMA_GRAMMAR_BYTES_MAX);
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(compile_calls(a, "{}", 2, &b, &g));
    const char *one = "{\"name\": \"now\", \"arguments\": {}}";
    char text[256];
    snprintf(text, sizeof text, "%s\n%s", one, one);
    CHECK(gbnf_matches(g, str_of(one)));
    CHECK(gbnf_matches(g, str_of(text)));
    snprintf(text, sizeof text, "%s\n%s\n%s", one, one, one);
    CHECK(!gbnf_matches(g, str_of(text)));
    arena_free(a);
}

TEST(parameters_that_are_no_object_are_refused)
{
    arena *a;
    struct gbnf *g;
    AUTO(buf) b = BUF(SCHEMA_GRAMMAR_BYTES_MAX);
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_ERR(compile_calls(a, "{\"type\":\"string\"}", 1, &b, &g), ARGUMENT);
    arena_free(a);
}
