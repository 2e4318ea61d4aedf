/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/remote.h"

#include "rig.h"

/* ---- who is meant */

static void
choose(struct cli *c, const struct cli_env *env, const char *const *argv, int argc)
{
    struct args a;
    memset(c, 0, sizeof *c);
    c->env = *env;
    NEED_OK(args_read(argc, argv, &a));
    NEED_OK(arena_open(1 << 20, &c->a));
    CHECK_OK(remote_choose(c, &a));
}

#define CHOOSE(c, env, ...)                                                                        \
    choose(c, &(const struct cli_env)env, (const char *const[]){"hoheit", "status", __VA_ARGS__},  \
           (int)(sizeof((const char *const[]){"hoheit", "status", __VA_ARGS__}) / sizeof(char *)))
#define ENV(...)                                                                                   \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

TEST(the_data_directory_is_the_one_said_last)
{
    static struct cli c;
    CHOOSE(&c, ENV(.data = "/env"), "--data", "/option");
    CHECK_STR(c.url, STR("unix:/option/run/hoheit.sock"));
    CHECK(c.is_local);
    arena_free(c.a);
    CHOOSE(&c, ENV(.data = "/env"), "-q");
    CHECK_STR(c.url, STR("unix:/env/run/hoheit.sock"));
    arena_free(c.a);
    CHOOSE(&c, ENV(.home = "/home/x"), "-q");
    CHECK_STR(str_of(c.data_dir),
              geteuid() == 0 ? STR("/var/lib/hoheit") : STR("/home/x/.local/share/hoheit"));
    arena_free(c.a);
}

TEST(a_relative_directory_is_made_absolute)
{
    static struct cli c;
    CHOOSE(&c, ENV(.data = NULL), "--data", "here");
    CHECK(c.data_dir[0] == '/' && str_ends(str_of(c.data_dir), STR("/here")));
    arena_free(c.a);
}

TEST(a_url_goes_before_and_a_directory_on_the_command_line_before_its_environment)
{
    static struct cli c;
    CHOOSE(&c, ENV(.url = "http://env:1", .data = "/env"), "--url", "http://option:1");
    CHECK_STR(c.url, STR("http://option:1"));
    CHECK(!c.is_local);
    arena_free(c.a);
    CHOOSE(&c, ENV(.url = "http://env:1", .data = "/env"), "-q");
    CHECK_STR(c.url, STR("http://env:1"));
    arena_free(c.a);
    CHOOSE(&c, ENV(.url = "http://env:1"), "--data", "/option");
    CHECK(c.is_local);
    arena_free(c.a);
}

/* ---- what is sent */

TEST(key_and_label_go_along)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "GET /admin/v1/keys", 200, "[]");
    r.env.key = "hoh_env";
    RUN(&r, &f, "key", "list");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "Authorization: Bearer hoh_env\r\n");
    RUN(&r, &f, "key", "list", "--key", "hoh_option");
    CHECK_IN(fake_asked(&f), "Authorization: Bearer hoh_option\r\n");
    r.env.key = NULL;
    fake_forget(&f);
    fake_says(&f, "GET /admin/v1/keys", 200, "[]");
    RUN(&r, &f, "key", "list");
    CHECK_NOT_IN(fake_asked(&f), "Authorization");
    fake_end(&f);
}

TEST(a_key_that_would_break_the_head_is_refused)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    RUN(&r, &f, "key", "list", "--key", "x\r\nX-Hoheit-Label: offen");
    CHECK_STATUS(&r, 2);
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

/* ---- what a failure means */

static void
check_refused(struct run *r, struct fake *f, int status, const char *body, int want,
              const char *sentence)
{
    fake_forget(f);
    fake_says(f, "GET ", status, body);
    RUN(r, f, "status");
    CHECK_STATUS(r, want);
    CHECK_IN(r->err, sentence);
}

TEST(an_error_is_told_in_the_daemons_words)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    check_refused(&r, &f, 403,
                  "{\"error\":{\"code\":\"DENIED\",\"message\":\"label VS-NfD is above\","
                  "\"param\":\"\",\"hint\":\"Ask the officer.\",\"exit\":77}}",
                  77,
                  "hoheit: label VS-NfD is above\n  request: req_FAKE\n  hint: Ask the officer.\n");
    check_refused(&r, &f, 401,
                  "{\"error\":{\"message\":\"no key\",\"type\":\"invalid_request_error\","
                  "\"param\":null,\"code\":\"invalid_api_key\"}}",
                  77, "hoheit: no key\n");
    check_refused(&r, &f, 503, "{\"error\":{\"message\":\"wait\",\"code\":\"engine_lost\"}}", 75,
                  "wait");
    check_refused(&r, &f, 429, "{\"error\":{\"message\":\"wait\",\"code\":\"something new\"}}", 75,
                  "wait");
    check_refused(&r, &f, 404, "", 1, "There is no such thing here. (status 404)");
    check_refused(&r, &f, 418, "{\"error\":{\"message\":\"tea\",\"code\":\"teapot\"}}", 2, "tea");
    check_refused(&r, &f, 599, "{\"error\":{\"message\":\"odd\"}}", 70, "odd");
    fake_end(&f);
}

TEST(what_is_no_daemon_is_told_so)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    check_refused(&r, &f, 502, "<html>Bad Gateway</html>", 69, "answered with status 502");
    CHECK_SAYS(&r, "Is it hoheitd that answers");
    check_refused(&r, &f, 200, "<html>It works!</html>", 2, "hoheit: ");
    check_refused(&r, &f, 200, "[]", 2, "hoheit: ");
    check_refused(&r, &f, 200, "", 2, "hoheit: ");
    fake_end(&f);
}

TEST(a_daemon_that_does_not_run_is_named_with_the_way_to_start_it)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_end(&f); /* the directory stays, its socket answers no more */
    RUN(&r, &f, "status");
    CHECK_STATUS(&r, 75);
    CHECK_SAYS(&r, "hoheit: hoheitd is not running on ");
    CHECK_SAYS(&r, "hint: Start it with `hoheitd --data ");
    RUN(&r, &f, "status", "--lang", "de");
    CHECK_SAYS(&r, "hoheit: hoheitd läuft nicht");
}

TEST(a_url_where_nobody_answers_is_named)
{
    FRESH(r);
    RUN(&r, NULL, "status", "--url", "http://127.0.0.1:1");
    CHECK_STATUS(&r, 75);
    CHECK_SAYS(&r, "nothing answers at http://127.0.0.1:1");
    CHECK_SAYS(&r, "net.listen");
    RUN(&r, NULL, "status", "--url", "https://127.0.0.1:1");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "status", "--url", "nowhere");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "the address must be http://HOST:PORT or unix:/PATH");
}

/* ---- addresses */

TEST(everything_but_unreserved_characters_is_encoded)
{
    AUTO(buf) b = BUF(4096);
    percent_put(&b, STR("AZaz09-._~"));
    CHECK_STR(buf_str(&b), STR("AZaz09-._~"));
    buf_clear(&b);
    percent_put(&b, STR("a b/ü?&=%+\n\x7f"));
    CHECK_STR(buf_str(&b), STR("a%20b%2F%C3%BC%3F%26%3D%25%2B%0A%7F"));
}

TEST(a_query_begins_with_a_question_mark_and_goes_on_with_ampersands)
{
    AUTO(buf) b = BUF(4096);
    buf_add(&b, STR("/x"));
    query_put(&b, "a", STR("1"));
    query_put(&b, "none", STR(""));
    query_put(&b, "b", STR("2&c=3"));
    CHECK_STR(buf_str(&b), STR("/x?a=1&b=2%26c%3D3"));
}
