/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#define FAKE(f)                                                                                    \
    static struct fake f;                                                                          \
    NEED(fake_start(&f))

static const char ok[] = "{\"ok\":true}";

/* ---- add */

static void
make_file(char path[300], const char *name, const char *text)
{
    snprintf(path, 300, "%s/%s", test_dir(), name);
    FILE *f = fopen(path, "w");
    NEED(f);
    fputs(text, f);
    fclose(f);
}

TEST(a_file_is_sent_under_its_own_name_or_another)
{
    FRESH(r);
    FAKE(f);
    char path[300];
    make_file(path, "qwen 0.5b.gguf", "GGUF weights");
    fake_says(&f, "POST /admin/v1/models", 200, ok);
    RUN(&r, &f, "model", "add", path);
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "added qwen 0.5b");
    CHECK_IN(fake_asked(&f), "POST /admin/v1/models?name=qwen%200.5b HTTP/1.1\r\n");
    CHECK_IN(fake_asked(&f), "Content-Length: 12\r\n\r\nGGUF weights");
    RUN(&r, &f, "model", "add", path, "--name", "amt", "--licence", "Apache-2.0", "--label",
        "VS-NfD//ART9", "--origin", "https://x/?a=b");
    CHECK_IN(fake_asked(&f), "?name=amt&licence=Apache-2.0&label=VS-NfD%2F%2FART9&origin="
                             "https%3A%2F%2Fx%2F%3Fa%3Db HTTP/1.1\r\n");
    fake_end(&f);
}

TEST(the_toys_need_no_file)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /admin/v1/models", 200, ok);
    RUN(&r, &f, "model", "add", "toy", "-q");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.err), STR(""));
    CHECK_IN(fake_asked(&f), "?name=toy&toy=chat HTTP/1.1\r\n");
    RUN(&r, &f, "model", "add", "toy-embed", "--name", "e");
    CHECK_IN(fake_asked(&f), "?name=e&toy=embed HTTP/1.1\r\n");
    fake_end(&f);
}

TEST(a_file_that_is_not_there_is_named)
{
    FRESH(r);
    FAKE(f);
    RUN(&r, &f, "model", "add", "/nonexistent/x.gguf");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "there is no file /nonexistent/x.gguf");
    CHECK_SAYS(&r, "toy-embed");
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

TEST(a_file_that_is_refused_is_told_with_the_reason)
{
    FRESH(r);
    FAKE(f);
    char path[300];
    make_file(path, "bad.gguf", "GGUF nonsense");
    fake_says(&f, "POST /admin/v1/models", 400,
              "{\"error\":{\"code\":\"PARSE\",\"message\":\"this is no GGUF file\"}}");
    RUN(&r, &f, "model", "add", path);
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "hoheit: this is no GGUF file");
    CHECK_NOT_IN(r.err, "added");
    fake_end(&f);
}

/* ---- list, show */

static const char models[] =
    "{\"models\":[{\"name\":\"demo\",\"kind\":\"chat\",\"default\":true,\"engine\":\"llama\","
    "\"licence\":\"Apache-2.0\",\"label\":\"VS-NfD\",\"size_bytes\":491400032,"
    "\"parameters\":494032768,\"context_tokens\":32768,\"chat_template\":true},"
    "{\"name\":\"toy\",\"kind\":\"chat\",\"default\":false,\"engine\":\"toy\",\"licence\":\"\","
    "\"label\":\"intern\",\"size_bytes\":0,\"parameters\":0,\"context_tokens\":8192}],"
    "\"aliases\":[{\"alias\":\"gpt-4o\",\"model\":\"demo\"}]}";

TEST(models_are_listed_with_their_aliases)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /admin/v1/models", 200, models);
    RUN(&r, &f, "model", "list");
    CHECK_STATUS(&r, 0);
    CHECK_STR(
        str_of(r.out),
        STR("NAME           KIND  ENGINE     SIZE  PARAMETERS  CONTEXT  UP TO LABEL  LICENCE\n"
            "demo  default  chat  llama   469 MiB       494 M    32768  VS-NfD       Apache-2.0\n"
            "toy            chat  toy           -           -     8192  intern       \n"
            "\n"
            "ALIAS   MODEL\n"
            "gpt-4o  demo\n"));
    RUN(&r, &f, "model", "list", "--json");
    CHECK_OUT(&r, "{\"models\":[{\"name\":\"demo\"");
    fake_end(&f);
}

TEST(a_model_is_shown_by_name_or_alias)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /admin/v1/models", 200, models);
    RUN(&r, &f, "model", "show", "gpt-4o");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "name            demo\n");
    CHECK_OUT(&r, "default         true\n");
    CHECK_OUT(&r, "context_tokens  32768\n");
    RUN(&r, &f, "model", "show", "toy", "--json");
    CHECK_OUT(&r, "{\"name\":\"toy\"");
    RUN(&r, &f, "model", "show", "nix");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "there is no model nix");
    fake_end(&f);
}

TEST(an_installation_without_models_lists_none)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /admin/v1/models", 200, "{\"models\":[],\"aliases\":[]}");
    RUN(&r, &f, "model", "list");
    CHECK_STATUS(&r, 0);
    CHECK_NOT_IN(r.out, "ALIAS");
    fake_says(&f, "GET /admin/v1/models", 200, "{\"models\":7}");
    RUN(&r, &f, "model", "list");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

/* ---- the rest */

TEST(each_change_is_one_call)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "DELETE /admin/v1/models/a%2Fb HTTP", 200, ok);
    fake_says(&f, "POST /admin/v1/models/demo/default HTTP", 200, ok);
    fake_says(&f, "PUT /admin/v1/aliases/gpt-4o HTTP", 200, ok);
    fake_says(&f, "DELETE /admin/v1/aliases/gpt-4o HTTP", 200, ok);
    RUN(&r, &f, "model", "rm", "a/b");
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "removed a/b");
    RUN(&r, &f, "model", "default", "demo");
    CHECK_STATUS(&r, 0);
    RUN(&r, &f, "model", "alias", "gpt-4o", "demo");
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "gpt-4o now means demo");
    CHECK_IN(fake_asked(&f), "{\"model\":\"demo\"}");
    RUN(&r, &f, "model", "alias", "--rm", "gpt-4o");
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "gpt-4o is no alias any more");
    fake_end(&f);
}

TEST(half_an_alias_is_refused)
{
    FRESH(r);
    FAKE(f);
    RUN(&r, &f, "model", "alias", "gpt-4o");
    CHECK_STATUS(&r, 2);
    RUN(&r, &f, "model", "alias", "--rm", "gpt-4o", "demo");
    CHECK_STATUS(&r, 2);
    RUN(&r, &f, "model", "rm");
    CHECK_STATUS(&r, 2);
    RUN(&r, &f, "model", "rm", "none");
    CHECK_STATUS(&r, 1);
    fake_end(&f);
}
