/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/intake/know_read.h"

#include "self_reader.h"
#include "test.h"

static struct cli
make_cli(const char *reader)
{
    struct cli c = {.env.reader = reader};
    CHECK_OK(arena_open(1 << 20, &c.a));
    return c;
}

static void
drop_cli(struct cli *c)
{
    if (c->reader > 0)
        (void)close(c->reader);
    arena_free(c->a);
}

TEST(text_goes_as_it_is_and_other_forms_through_the_reader)
{
    struct cli c = make_cli(self_reader());
    AUTO(know_text) plain = {0};
    AUTO(know_text) page = {0};
    CHECK_OK(know_read(&c, DOC_MARKDOWN, STR("# T"), &plain));
    CHECK(c.reader == 0); /* nothing was started for it */
    CHECK_STR(plain.text, STR("# T"));
    CHECK_OK(know_read(&c, DOC_HTML, STR("<p>Ja"), &page));
    CHECK_STR(page.text, STR("Ja"));
    CHECK(page.form == DOC_MARKDOWN && !page.refused);
    drop_cli(&c);
}

TEST(what_cannot_be_read_is_left_out_with_the_reason)
{
    struct cli c = make_cli(self_reader());
    static const struct {
        enum doc_form form;
        str bytes;
        const char *why;
    } rows[] = {{DOC_DOCX, STR_INIT("PK"), "is no whole zip file"},
                {DOC_TEXT, STR_INIT("\xff"), "is no UTF-8 text"},
                {DOC_HTML, STR_INIT("<script>x</script>"), "has no text"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO(know_text) t = {0};
        CHECK_OK(know_read(&c, rows[i].form, rows[i].bytes, &t));
        CHECK_STR(str_of(t.refused), str_of(rows[i].why));
    }
    drop_cli(&c);
}

TEST(without_a_reader_foreign_forms_are_left_out)
{
    struct cli c = make_cli("/nowhere/hoheit-reader");
    AUTO(know_text) t = {0};
    AUTO(know_text) plain = {0};
    CHECK_OK(know_read(&c, DOC_PDF, STR("%PDF"), &t));
    CHECK_STR(str_of(t.refused), STR("is read by hoheit-reader, which is not beside hoheit"));
    CHECK_OK(know_read(&c, DOC_TEXT, STR("x"), &plain));
    CHECK(!plain.refused);
    drop_cli(&c);
}
