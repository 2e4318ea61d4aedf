/* SPDX-License-Identifier: EUPL-1.2 */
/* Documents that are sent as they are; those in JSON are shown beside (know_api_test.c). */
#include "api/know/know_api.h"
#include "api/openai/openai.h"
#include "unit/api/reply.h"
#include "unit/work/library/town.h"

#define DOCS "/v1/know/wissen/documents"
#define FIND "/v1/know/wissen/search"
#define WORD "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

static struct town town;
static const char *low;

static void
open_know(void)
{
    static struct route_table tables[2];
    tables[0] = openai_table;
    tables[1] = know_table;
    site_open(tables, 2, &openai_dialect);
    town_open(&town, &site.rig);
    api_set_library(site.api, town.library);
    low = site_key("unten", "offen");
}

static void
close_know(void)
{
    http_server_free(TAKE(site.server));
    town_close(&town);
    site_close();
}

static reply *
send_file(const char *path, const char *type, const char *body)
{
    reply *r = reply_new(site.net);
    snprintf(r->bearer, sizeof r->bearer, "Bearer %s", low);
    const struct http_field fields[] = {{STR("content-type"), str_of(type)},
                                        {STR("authorization"), str_of(r->bearer)}};
    reply_send(r, (struct wish){"POST", path, low, NULL, str_of(body)}, fields, 2);
    return reply_wait(r);
}

TEST(a_pdf_is_read_in_a_cell_and_once)
{
    open_know();
    site.rig.readers.says = "# Baden\n\nBaden im Weiher ist erlaubt.";
    AUTO(reply) *added = send_file(DOCS "?name=see.pdf&edition=2026", "application/pdf", "%PDF-1");
    CHECK_STR(buf_str(&added->body), STR("{\"added\":1,\"replaced\":0,\"same\":0}"));
    AUTO(reply) *r = POST(site.net, FIND, low, "{\"query\":\"Baden im Weiher\"}");
    CHECK_STR(reply_text(r, "data.0.filename"), STR("see.pdf"));
    CHECK_STR(reply_text(r, "data.0.edition"), STR("2026"));
    AUTO(reply) *same = send_file(DOCS "?name=see.pdf&edition=2026", "application/pdf", "%PDF-1");
    CHECK_STR(buf_str(&same->body), STR("{\"added\":0,\"replaced\":0,\"same\":1}"));
    CHECK_INT(site.rig.readers.starts, ==, 1);
    AUTO(reply) *new = send_file(DOCS "?name=see.pdf&edition=2026", "application/pdf", "%PDF-2");
    CHECK_STR(buf_str(&new->body), STR("{\"added\":0,\"replaced\":1,\"same\":0}"));
    close_know();
}

TEST(forms_go_by_the_type_or_by_the_name_where_the_type_says_none)
{
    static const struct {
        const char *type, *name;
        size_t readers;
    } cases[] = {{WORD, "a", 1},
                 {"application/vnd.oasis.opendocument.text", "b", 1},
                 {"application/octet-stream", "c.PDF", 1},
                 {"application/octet-stream", "d.md", 0},
                 {"Text/Markdown; charset=utf-8", "e", 0},
                 {"text/plain", "f.pdf", 0},
                 {"text/html", "g", 0},
                 {"text/csv", "h", 0}};
    open_know();
    site.rig.readers.says = "# A\n\nText.";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t before = site.rig.readers.starts;
        const char *const path = arena_fmt(site.rig.a, DOCS "?name=%s", cases[i].name).at;
        AUTO(reply) *r = send_file(path, cases[i].type, "Text, Wort\n1, 2\n");
        CHECK_STR(buf_str(&r->body), STR("{\"added\":1,\"replaced\":0,\"same\":0}"));
        CHECK_INT(site.rig.readers.starts - before, ==, cases[i].readers);
    }
    close_know();
}

TEST(one_that_cannot_be_read_is_refused_with_a_sentence_and_changes_nothing)
{
    open_know();
    site.rig.readers.says = "! is damaged";
    AUTO(reply) *r = send_file(DOCS "?name=see.docx", WORD, "PK");
    CHECK_INT(r->status, ==, 400);
    CHECK(reply_has(r, "the document is damaged"));
    AUTO(reply) *stat = GET(site.net, "/v1/know/wissen", low);
    CHECK_INT(reply_number(stat, "documents"), ==, 2);
    CHECK(!rig_record(&site.rig, "know.add", "", 0).len);
    close_know();
}

TEST(a_file_without_a_name_or_with_a_day_that_is_none_is_refused)
{
    static const char *const bad[] = {DOCS,
                                      DOCS "?name=",
                                      DOCS "?name=a&valid_from=x",
                                      DOCS "?name=a&valid_to=2026-02-30",
                                      DOCS "?name=a&nahme=b",
                                      DOCS "?name=a%00b"};
    open_know();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = send_file(bad[i], "text/plain", "Text.");
        CHECK_INT(r->status, ==, 400);
    }
    AUTO(reply) *none = send_file("/v1/know/nix/documents?name=a", "application/pdf", "%PDF");
    CHECK_INT(none->status, ==, 404);
    CHECK_INT(site.rig.readers.starts, ==, 0);
    close_know();
}

TEST(a_form_that_is_no_text_does_not_come_in_json)
{
    open_know();
    AUTO(reply) *r = POST(site.net, DOCS, low,
                          "{\"documents\":[{\"name\":\"a\",\"text\":\"x\",\"form\":\"pdf\"}]}");
    CHECK_INT(r->status, ==, 400);
    CHECK(reply_has(r, "send the file itself"));
    close_know();
}
