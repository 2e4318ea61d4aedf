/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/offline/know_remote.h"

#include "os/file.h"
#include "rig.h"

#define FAKE(f)                                                                                    \
    static struct fake f;                                                                          \
    NEED(fake_start(&f))

static void
put(const char *dir, const char *name, str text)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK_OK(file_write_atomic(path, text, 0600));
}

/* A folder of three documents, a hidden file and one that is no text. */
static const char *
folder(const char *name)
{
    static char dir[300];
    char below[400];
    (void)snprintf(dir, sizeof dir, "%s/%s", test_dir(), name);
    (void)snprintf(below, sizeof below, "%s/amt", dir);
    CHECK_OK(file_make_dir(below, 0700));
    put(dir, "muell.md", STR("# Müll\n"));
    put(dir, "amt/hund.html", STR("<p>\"Hund\"</p>"));
    put(dir, "b.txt", STR("Text"));
    put(dir, ".versteckt.md", STR("geheim"));
    put(dir, "bild.md", STR("\xff\xfe"));
    return dir;
}

/* ---- adding */

TEST(a_folder_goes_in_one_call_in_the_order_of_names_with_their_forms)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /v1/know/wissen/documents ", 200,
              "{\"added\":2,\"replaced\":1,\"same\":0}");
    RUN(&r, &f, "know", "add", "--know", "wissen", "--label", "intern", folder("one"));
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f),
             "\r\n\r\n{\"documents\":["
             "{\"name\":\"amt/hund\",\"form\":\"markdown\",\"text\":\"\\\"Hund\\\"\\n\\n\"},"
             "{\"name\":\"b\",\"form\":\"text\",\"text\":\"Text\"},"
             "{\"name\":\"muell\",\"form\":\"markdown\",\"text\":\"# Müll\\n\"}]}");
    CHECK_IN(fake_asked(&f), "X-Hoheit-Label: intern\r\n");
    CHECK_SAYS(&r, "bild.md: left out, it is no UTF-8 text");
    CHECK_SAYS(&r, "2 added, 1 replaced, 0 as they were, 0 removed, 1 left out");
    fake_end(&f);
}

TEST(a_single_file_is_named_after_itself_and_a_slash_at_the_end_does_not_count)
{
    FRESH(r);
    FAKE(f);
    char path[400];
    const char *const dir = folder("single");
    fake_says(&f, "POST /v1/know/wissen/documents ", 200, "{\"added\":1}");
    (void)snprintf(path, sizeof path, "%s/muell.md", dir);
    RUN(&r, &f, "know", "add", "--know", "wissen", path);
    CHECK_IN(fake_asked(&f), "{\"documents\":[{\"name\":\"muell\",");
    fake_forget(&f);
    fake_says(&f, "POST /v1/know/wissen/documents ", 200, "{\"added\":3}");
    (void)snprintf(path, sizeof path, "%s//", dir);
    RUN(&r, &f, "know", "add", "--know", "wissen", path);
    CHECK_IN(fake_asked(&f), "{\"documents\":[{\"name\":\"amt/hund\",");
    fake_end(&f);
}

TEST(as_json_what_was_added_is_json)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /v1/know/wissen/documents ", 200,
              "{\"added\":2,\"replaced\":1,\"same\":0}");
    RUN(&r, &f, "know", "add", "--know", "wissen", "--json", folder("json"));
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out),
              STR("{\"added\":2,\"replaced\":1,\"same\":0,\"removed\":0,\"left_out\":1}\n"));
    fake_end(&f);
}

TEST(where_there_is_nothing_to_add_nothing_is_sent)
{
    FRESH(r);
    FAKE(f);
    char dir[300];
    (void)snprintf(dir, sizeof dir, "%s/none", test_dir());
    NEED_OK(file_make_dir(dir, 0700));
    RUN(&r, &f, "know", "add", "--know", "wissen", dir);
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "0 added");
    RUN(&r, &f, "know", "add", "--know", "wissen", "/nonexistent/folder");
    CHECK_STATUS(&r, 1);
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

TEST(a_refusal_ends_the_adding_and_counts_nothing)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /v1/know/wissen/documents ", 403,
              "{\"error\":{\"message\":\"label VS-NfD is above intern\",\"code\":"
              "\"denied_by_policy\"}}");
    RUN(&r, &f, "know", "add", "--know", "wissen", folder("refused"));
    CHECK_STATUS(&r, 77);
    CHECK_SAYS(&r, "label VS-NfD is above intern");
    CHECK_NOT_IN(r.err, " added, ");
    fake_end(&f);
}

/* ---- which collection */

TEST(a_collection_must_be_named)
{
    FRESH(r);
    FAKE(f);
    static const char *const all[][4] = {{"know", "create"},
                                         {"know", "stat"},
                                         {"know", "search", "x"},
                                         {"know", "rm", "x"},
                                         {"know", "add", "/"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        run_args(&r, &f, all[i], all[i][2] ? 3 : 2);
        CHECK_STATUS(&r, 2);
        CHECK_SAYS(&r, "say which: --know NAME, or --dir DIR");
    }
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

TEST(a_collection_is_made_by_name)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /v1/know ", 201, "{\"name\":\"wi\\\"ssen\"}");
    RUN(&r, &f, "know", "create", "--know", "wi\"ssen");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "\r\n\r\n{\"name\":\"wi\\\"ssen\"}");
    CHECK_SAYS(&r, "an empty collection");
    fake_says(&f, "POST /v1/know ", 409,
              "{\"error\":{\"message\":\"it is there\",\"code\":"
              "\"conflict\"}}");
    RUN(&r, &f, "know", "create", "--know", "wissen");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "it is there");
    fake_end(&f);
}

TEST(names_cannot_leave_the_path_they_are_in)
{
    FRESH(r);
    FAKE(f);
    RUN(&r, &f, "know", "stat", "--know", "../keys?x=1#y");
    CHECK_STATUS(&r, 1);
    CHECK_IN(fake_asked(&f), "GET /v1/know/..%2Fkeys%3Fx%3D1%23y HTTP/1.1\r\n");
    fake_forget(&f);
    RUN(&r, &f, "know", "rm", "--know", "a b", "amt/hund\r\nX: y");
    CHECK_IN(fake_asked(&f), "DELETE /v1/know/a%20b/documents/amt%2Fhund%0D%0AX%3A%20y HTTP/1.1");
    fake_end(&f);
}

TEST(documents_are_taken_out_one_by_one_until_one_fails)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "DELETE /v1/know/wissen/documents/", 200, "{}");
    fake_says(&f, "DELETE /v1/know/wissen/documents/b ", 404,
              "{\"error\":{\"message\":\"no document b\",\"code\":\"not_found\"}}");
    RUN(&r, &f, "know", "rm", "--know", "wissen", "a", "b", "c");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "no document b");
    CHECK_IN(fake_asked(&f), "/documents/a HTTP");
    CHECK_NOT_IN(fake_asked(&f), "/documents/c HTTP");
    fake_end(&f);
}

TEST(a_collection_goes_as_a_whole_only_when_that_is_said)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "DELETE /v1/know/wissen ", 200, "{\"deleted\":true}");
    RUN(&r, &f, "know", "rm", "--know", "wissen");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "name documents, or say --collection");
    RUN(&r, &f, "know", "rm", "--know", "wissen", "--collection", "a");
    CHECK_STATUS(&r, 2);
    RUN(&r, &f, "know", "rm", "--dir", test_dir(), "--collection");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "goes with its directory");
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    RUN(&r, &f, "know", "rm", "--know", "wissen", "--collection");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "DELETE /v1/know/wissen HTTP");
    fake_end(&f);
}

TEST(a_collection_that_cannot_be_read_is_told_with_the_way_out)
{
    FRESH(r);
    FAKE(f);
    fake_says(
        &f, "GET /v1/know/wissen ", 500,
        "{\"error\":{\"message\":\"the collection is of an older version\",\"code\":\"corrupt\"}}");
    RUN(&r, &f, "know", "stat", "--know", "wissen");
    CHECK_STATUS(&r, 65);
    CHECK_SAYS(&r, "know rm --collection");
    fake_end(&f);
}

/* ---- looking */

TEST(what_there_is_to_see_is_counted)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /v1/know/wissen ", 200,
              "{\"name\":\"wissen\",\"labels\":1,\"segments\":2,\"documents\":3,\"units\":4,"
              "\"words\":5,\"vectors\":6}");
    RUN(&r, &f, "know", "stat", "--know", "wissen");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out),
              STR("labels 1, segments 2, documents 3, units 4, words 5, vectors 6\n"));
    RUN(&r, &f, "know", "stat", "--know", "wissen", "--json");
    CHECK_OUT(&r, "{\"name\":\"wissen\",\"labels\":1,");
    RUN(&r, &f, "know", "stat", "--know", "andere");
    CHECK_STATUS(&r, 1);
    fake_end(&f);
}

static const char found[] =
    "{\"data\":[{\"file_id\":\"muell\",\"section\":\"§ 2\",\"quote\":\"Die Tonne kostet 5 "
    "Euro.\"},{\"file_id\":\"\\u001b[2Jx\",\"section\":\"y\",\"quote\":\"\\u001b[2Jz\"}]}";

TEST(passages_found_are_numbered_and_cannot_reach_into_the_terminal)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /v1/know/wissen/search ", 200, found);
    RUN(&r, &f, "know", "search", "--know", "wissen", "--top", "7", "Was \"kostet\" es?");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "1. muell  § 2\n    Die Tonne kostet 5 Euro.\n2. ");
    CHECK_NOT_IN(r.out, "\033");
    CHECK_IN(fake_asked(&f),
             "\r\n\r\n{\"query\":\"Was \\\"kostet\\\" es?\",\"max_num_results\":7}");
    RUN(&r, &f, "know", "search", "--know", "wissen", "--json", "x");
    CHECK_OUT(&r, "\"quote\":\"Die Tonne kostet 5 Euro.\"");
    fake_end(&f);
}

TEST(a_search_out_of_bounds_is_not_sent)
{
    FRESH(r);
    FAKE(f);
    RUN(&r, &f, "know", "search", "--know", "wissen", "--top", "0", "x");
    CHECK_STATUS(&r, 2);
    RUN(&r, &f, "know", "search", "--know", "wissen", "--top", "51", "x");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "--top");
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

/* ---- vectors */

TEST(passages_are_embedded_until_none_is_missing_or_no_more_can_be)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /v1/know/wissen/embed ", 200,
              "{\"vectors\":7,\"embedder\":\"e5\",\"embedded\":7,\"missing\":0}");
    RUN(&r, &f, "know", "embed", "--know", "wissen", "--model", "e5");
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "7 passages have a vector by e5");
    CHECK_IN(fake_asked(&f), "\"model\":\"e5\",\"most\":");
    fake_end(&f);
    FAKE(g);
    fake_says(&g, "POST /v1/know/wissen/embed ", 200,
              "{\"vectors\":7,\"embedder\":\"e5\",\"embedded\":7,\"missing\":2}");
    RUN(&r, &g, "know", "embed", "--know", "wissen");
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "2 have none");
    RUN(&r, &g, "know", "embed", "--know", "andere");
    CHECK_STATUS(&r, 1);
    RUN(&r, &g, "know", "embed");
    CHECK_STATUS(&r, 2);
    fake_end(&g);
}

TEST(answers_of_something_else_are_failures)
{
    static const char *const odd[] = {"", "no json", "{}", "[]", "{\"data\":7}", "{\"data\":{}}"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        FRESH(r);
        FAKE(f);
        fake_says(&f, "POST /v1/know/wissen/search ", 200, odd[i]);
        RUN(&r, &f, "know", "search", "--know", "wissen", "x");
        if (r.status == 0)
            test_fail(__FILE__, __LINE__, "%s is taken: %s", odd[i], r.out);
        CHECK_SAYS(&r, "hoheit: ");
        fake_end(&f);
    }
}
