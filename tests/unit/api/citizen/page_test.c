/* SPDX-License-Identifier: EUPL-1.2 */
/* The public page, in api/citizen/page.c. */
#include "api/citizen/citizen_api.h"

#include "unit/api/citizen/town_site.h"

/* As a browser's form. */
static reply *
post_form(const char *path, const char *form)
{
    const struct http_field fields[] = {
        {STR("content-type"), STR("application/x-www-form-urlencoded")}};
    reply *r = reply_new(site.net);
    reply_send(r, (struct wish){"POST", path, NULL, NULL, str_of(form)}, fields, 1);
    return reply_wait(r);
}

#define PAGE(query) GET(site.net, "/citizen" query, NULL)

TEST(the_page_needs_no_key_sets_no_cookie_and_loads_nothing_foreign)
{
    open_town("wissen");
    AUTO(reply) *r = PAGE("");
    CHECK_INT(r->status, ==, 200);
    CHECK(reply_has(r, "<form"));
    CHECK(!reply_has(r, "<h2>Antwort"));
    CHECK(!reply_has(r, "<!--question-->") && !reply_has(r, "<!--answer-->"));
    CHECK(!reply_has(r, "http://") && !reply_has(r, "https://"));
    CHECK(str_starts(reply_field(r, "content-security-policy"), STR("default-src 'none'")));
    CHECK_STR(reply_field(r, "referrer-policy"), STR("no-referrer"));
    CHECK_STR(reply_field(r, "cache-control"), STR("no-store"));
    CHECK_INT(reply_field(r, "set-cookie").len, ==, 0);
    close_town();
}

TEST(a_question_is_answered_in_the_page_however_the_form_sends_it)
{
    open_town("wissen");
    AUTO(reply) *get = PAGE("?question=Wie%20hoch+ist+die+Hundesteuer%3f");
    CHECK_INT(get->status, ==, 200);
    CHECK(reply_has(get, "96 Euro"));
    CHECK(reply_has(get, ">Wie hoch ist die Hundesteuer?</textarea>"));
    AUTO(reply) *post = post_form("/citizen", "x=1&question=Wie+hoch%20ist+die+Hundesteuer%3F&y");
    CHECK_INT(post->status, ==, 200);
    CHECK_STR(buf_str(&post->body), buf_str(&get->body));
    AUTO(reply) *part =
        post_form("/citizen?part=answer", "question=Wie+hoch%20ist+die+Hundesteuer%3F");
    CHECK_INT(part->status, ==, 200);
    CHECK(str_starts(buf_str(&part->body), STR("<h2>Antwort</h2>")));
    CHECK(str_find(buf_str(&get->body), buf_str(&part->body)) > 0);
    close_town();
}

TEST(the_public_sees_only_what_is_marked_with_the_lowest_level)
{
    open_town("wissen");
    AUTO(reply) *r = PAGE("?question=Wird+die+Hundesteuer+erh%C3%B6ht%3F");
    CHECK_INT(r->status, ==, 200);
    const ptrdiff_t at = str_find(buf_str(&r->body), STR("<h2>Antwort"));
    NEED(at > 0);
    CHECK(str_find(str_slice(buf_str(&r->body), (size_t)at, r->body.len), STR("200")) < 0);
    close_town();
}

TEST(a_question_that_points_back_is_answered_with_the_one_before)
{
    open_town("wissen");
    AUTO(reply) *first = PAGE("?question=Wie+hoch+ist+die+Hundesteuer%3F");
    CHECK(reply_has(first, "name=\"before\" value=\"Wie hoch ist die Hundesteuer?\""));
    AUTO(reply) *alone = PAGE("?question=Und+bei+mir%3F");
    CHECK(!reply_has(alone, "96 Euro"));
    AUTO(reply) *next =
        post_form("/citizen", "before=Wie+hoch+ist+die+Hundesteuer%3F&question=Und+bei+mir%3F");
    CHECK(reply_has(next, "96 Euro"));
    AUTO(reply) *bad = post_form("/citizen", "before=%FF&question=Und+bei+mir%3F");
    CHECK_INT(bad->status, ==, 400);
    close_town();
}

TEST(what_says_too_little_gets_choices_that_are_links)
{
    open_town("wissen");
    AUTO(reply) *r = PAGE("?question=Kosten%3F");
    CHECK_INT(r->status, ==, 200);
    const ptrdiff_t at = str_find(buf_str(&r->body), STR("<a href=\"/citizen?before="));
    NEED(at > 0);
    str rest = str_slice(buf_str(&r->body), (size_t)at + 9, r->body.len), link;
    NEED(str_next(&rest, '"', &link));
    char path[600];
    const ptrdiff_t amp = str_find(link, STR("&amp;"));
    NEED(amp > 0);
    snprintf(path, sizeof path, "%.*s&%.*s", (int)amp, link.at, (int)link.len - (int)amp - 5,
             link.at + amp + 5);
    AUTO(reply) *chosen = GET(site.net, path, NULL);
    CHECK_INT(chosen->status, ==, 200);
    CHECK(reply_has(chosen, "<blockquote>"));
    close_town();
}

TEST(markup_in_a_question_stays_text)
{
    static const char *const forms[] = {"%3Cscript%3Ealert(1)%3C/script%3E",
                                        "%3C/textarea%3E%3Cscript%3E", "%22%3E%3Cimg+src%3Dx%3E",
                                        "%26lt%3Bscript%26gt%3B"};
    open_town("wissen");
    AUTO(reply) *plain = PAGE("");
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char path[200];
        snprintf(path, sizeof path, "/citizen?question=%s", forms[i]);
        AUTO(reply) *r = GET(site.net, path, NULL);
        CHECK_INT(r->status, ==, 200);
        size_t tags = 0, tags_plain = 0;
        for (size_t at = 0; at < r->body.len; at++) {
            tags += str_starts(str_slice(buf_str(&r->body), at, r->body.len), STR("<script"));
            tags += str_starts(str_slice(buf_str(&r->body), at, r->body.len), STR("<img"));
        }
        for (size_t at = 0; at < plain->body.len; at++)
            tags_plain +=
                str_starts(str_slice(buf_str(&plain->body), at, plain->body.len), STR("<script"));
        CHECK_INT(tags, ==, tags_plain);
    }
    close_town();
}

TEST(what_is_no_escape_stands_for_itself_and_what_is_no_text_is_refused)
{
    static const struct {
        const char *form, *wanted;
    } forms[] = {{"question=100%25", ">100%</textarea>"},
                 {"question=100%", ">100%</textarea>"},
                 {"question=%4", ">%4</textarea>"},
                 {"question=%zz", ">%zz</textarea>"},
                 {"question=", "></textarea>"},
                 {"question=+++", "></textarea>"},
                 {"other=x&question", "></textarea>"},
                 {"question=%FF", NULL},
                 {"question=%C3", NULL},
                 {"question=%ED%A0%80", NULL}};
    open_town("wissen");
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        AUTO(reply) *r = post_form("/citizen", forms[i].form);
        CHECK_INT(r->status, ==, forms[i].wanted ? 200 : 400);
        if (forms[i].wanted)
            CHECK(reply_has(r, forms[i].wanted));
    }
    close_town();
}

TEST(a_question_that_is_too_long_is_refused)
{
    static char form[CITIZEN_QUESTION_MAX + 64] = "question=";
    open_town("wissen");
    memset(form + 9, 'a', CITIZEN_QUESTION_MAX + 1);
    AUTO(reply) *r = post_form("/citizen", form);
    CHECK_INT(r->status, ==, 400);
    CHECK(!reply_has(r, "aaaa"));
    close_town();
}

TEST(its_two_files_are_there_and_nothing_else_is)
{
    static const char *const missing[] = {"/citizen/page.html", "/citizen/citizen.cs",
                                          "/citizen/..%2fpasswd", "/citizen/"};
    open_town("wissen");
    AUTO(reply) *css = GET(site.net, "/citizen/citizen.css", NULL);
    AUTO(reply) *js = GET(site.net, "/citizen/citizen.js", NULL);
    CHECK_INT(css->status, ==, 200);
    CHECK_STR(reply_field(css, "content-type"), STR("text/css; charset=utf-8"));
    CHECK_INT(js->status, ==, 200);
    CHECK_STR(reply_field(js, "content-type"), STR("text/javascript; charset=utf-8"));
    CHECK_STR(reply_field(js, "x-content-type-options"), STR("nosniff"));
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        AUTO(reply) *r = GET(site.net, missing[i], NULL);
        CHECK_INT(r->status, ==, 404);
    }
    close_town();
}

TEST(a_collection_that_is_gone_is_told_without_the_question)
{
    open_town("wissen");
    CHECK_OK(library_remove(town.library, STR("wissen")));
    AUTO(reply) *r = PAGE("?question=Hundesteuer");
    CHECK_INT(r->status, ==, 404);
    CHECK(!reply_has(r, "Hundesteuer"));
    close_town();
}
