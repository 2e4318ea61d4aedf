/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/html.h"

#include "rig.h"

static str
seen(struct rig *r, str html)
{
    AUTO(buf) b = BUF(1 << 20);
    str s = STR_NONE;
    html_to_markdown(html, &b);
    CHECK_OK(buf_end(&b));
    CHECK_OK(try_arena_str(r->a, str_trim(buf_str(&b)), &s));
    while (s.len && s.at[0] == '\n')
        s = str_slice(s, 1, s.len);
    while (s.len && s.at[s.len - 1] == '\n')
        s.len--;
    return s;
}

TEST(headings_items_and_entities_become_markdown)
{
    RIG(r);
    CHECK_STR(
        seen(&r, STR("<h2 class=\"a>b\">Gebühren</h2>\n<p>30&nbsp;Euro &amp; mehr &#8211; ja</p>")),
        STR("## Gebühren\n\n\n\n30 Euro & mehr – ja"));
    CHECK_STR(seen(&r, STR("<ul><li>eins<li>zwei</ul>")), STR("* eins\n\n* zwei"));
}

TEST(hidden_text_is_dropped)
{
    RIG(r);
    static const char *const hidden[] = {
        "<p hidden>weg</p>",
        "<p style=\"display: none\">weg</p>",
        "<p STYLE='Visibility : Hidden'>weg</p>",
        "<p style=\"font-size:0\">weg</p>",
        "<p style=\"color:red; opacity: 0; x\">weg</p>",
        "<p aria-hidden=\"true\">weg</p>",
        "<script>weg</script>",
        "<style>weg</style>",
        "<!-- weg -->",
        "<div hidden>we<div>g</div>weg</div>",
        "<template>weg</template>",
    };
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        AUTO(buf) b = BUF(4096);
        buf_add(&b, STR("<p>da</p>"));
        buf_add(&b, str_of(hidden[i]));
        buf_add(&b, STR("<p>auch</p>"));
        const str s = seen(&r, buf_str(&b));
        CHECK(str_find(s, STR("da")) >= 0 && str_find(s, STR("auch")) > 0);
        CHECK(str_find(s, STR("weg")) < 0);
    }
}

TEST(text_cannot_pass_for_a_heading)
{
    RIG(r);
    CHECK_STR(seen(&r, STR("<p># kein Titel</p>")), STR("\\# kein Titel"));
    CHECK_STR(seen(&r, STR("<p>* kein Punkt</p>")), STR("\\* kein Punkt"));
}

TEST(broken_pages_end)
{
    RIG(r);
    static const char *const broken[] = {
        "<",  "<p",    "<p class=\"x",        "<!--", "&", "&#;", "&#55296;", "&#99999999999;",
        "</", "<h9>x", "<script>nie zu Ende", ""};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        (void)seen(&r, str_of(broken[i]));
    CHECK_STR(seen(&r, STR("&#55296;x")), STR("&#55296;x"));
    for (int round = 0; round < 5000; round++) {
        static const char odd[] = "<>/!-\"'& phidden=li1;#";
        char text[100];
        const size_t len = (size_t)(test_random() % sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = odd[test_random() % (sizeof odd - 1)];
        AUTO(buf) b = BUF(4096);
        html_to_markdown((str){text, len}, &b);
        CHECK_OK(buf_end(&b));
    }
}
