/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/hide/hide.h"

#include "unit/model/small_policy.h"

static struct {
    policy *p;
    arena *a;
    const lexicon *x;
    const grant *own, *less;
    struct conv conv;
    struct conv_message messages[3];
} at;

static content
said(const char *text)
{
    return content_of(str_of(text), small_label(at.p, "intern//SOZIALDATEN"));
}

static void
open_conv(void)
{
    memset(&at, 0, sizeof at);
    at.p = small_policy();
    CHECK_OK(arena_open(256 * 1024 * 1024, &at.a));
    CHECK_OK(detect_open(at.a, &at.x));
    at.own = small_grant(at.p, at.a, "intern//SOZIALDATEN");
    at.less = small_grant(at.p, at.a, "offen");
    at.messages[0] = (struct conv_message){
        .role = CONV_USER, .text = said("Frau Erika Sommerfeld, IBAN DE02120300000000202051")};
    at.messages[1] = (struct conv_message){
        .role = CONV_ASSISTANT,
        .text = said(""),
        .tool_calls = STR("[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"suche\","
                          "\"arguments\":\"{\\\"name\\\":\\\"Sommerfeld\\\"}\"}}]")};
    at.messages[2] = (struct conv_message){
        .role = CONV_TOOL, .text = said("Herr Sommerfeld wohnt hier"), .tool_call_id = STR("c1")};
    at.conv.messages.at = at.messages;
    at.conv.messages.count = 3;
    at.conv.label = small_label(at.p, "intern//SOZIALDATEN");
}

static void
close_conv(void)
{
    arena_free(at.a);
    policy_free(at.p);
}

TEST(no_text_of_the_copy_holds_what_was_found_and_the_original_stays)
{
    struct hidden h = {0};
    open_conv();
    NEED_OK(hide_conv(&(struct hide){at.a, at.x, at.own, LABEL_BOTTOM}, &at.conv, &h));
    AUTO(buf) b = BUF(1 << 20);
    CHECK_OK(conv_put_messages(h.conv, at.less, &b));
    CHECK(str_find(buf_str(&b), STR("Sommerfeld")) < 0);
    CHECK(str_find(buf_str(&b), STR("DE0212")) < 0);
    CHECK(str_find(buf_str(&b), STR("PERSON_")) > 0);
    CHECK_STR(h.conv->messages.at[2].tool_call_id, STR("c1"));
    CHECK(str_find(at.messages[0].text.bytes_, STR("Erika Sommerfeld")) >= 0);
    CHECK(label_eq(at.messages[0].text.label, at.conv.label));
    CHECK(label_eq(h.conv->label, LABEL_BOTTOM));
    CHECK(pseudonym_count(h.map) >= 2);
    close_conv();
}

static bool
holds_name(str s)
{
    return str_find(s, STR("Sommerfeld")) >= 0;
}

TEST(what_stands_beside_the_messages_is_hidden_too)
{
    struct hidden h = {0};
    open_conv();
    at.messages[2].tool_call_id = STR("Sommerfeld");
    at.conv.params.stops[0] = STR("Herr Sommerfeld");
    at.conv.params.stops[1] = STR("Ende");
    at.conv.params.stop_count = 2;
    at.conv.tools.name = at.conv.format.name = STR("Sommerfeld");
    at.conv.format.schema = STR("{\"const\":\"Frau Sommerfeld\"}");
    at.conv.tools.json = STR("[{\"description\":\"sucht Frau Sommerfeld\"}]");
    NEED_OK(hide_conv(&(struct hide){at.a, at.x, at.own, LABEL_BOTTOM}, &at.conv, &h));
    CHECK(!holds_name(h.conv->messages.at[2].tool_call_id));
    CHECK(!holds_name(h.conv->params.stops[0]));
    CHECK_STR(h.conv->params.stops[1], STR("Ende"));
    CHECK(h.conv->params.stop_count == 2);
    CHECK(!holds_name(h.conv->tools.name) && !holds_name(h.conv->tools.json));
    CHECK(!holds_name(h.conv->format.name) && !holds_name(h.conv->format.schema));
    CHECK(holds_name(at.conv.params.stops[0]) && holds_name(at.conv.format.name));
    close_conv();
}

TEST(who_may_not_read_the_original_may_not_have_it_hidden)
{
    struct hidden h = {0};
    open_conv();
    CHECK_ERR(hide_conv(&(struct hide){at.a, at.x, at.less, LABEL_BOTTOM}, &at.conv, &h), DENIED);
    CHECK(!h.conv && !h.map);
    close_conv();
}

TEST(what_the_second_look_finds_stops_all_of_it)
{
    struct hidden h = {0};
    open_conv();
    at.messages[2].text = said("12345 6789 0123 ist eine Nummer ohne Namen");
    const err e = hide_conv(&(struct hide){at.a, at.x, at.own, LABEL_BOTTOM}, &at.conv, &h);
    CHECK(e.code ? !h.conv : str_find(h.conv->messages.at[2].text.bytes_, STR("6789")) < 0);
    close_conv();
}

TEST(an_arena_that_is_too_small_hides_nothing)
{
    open_conv();
    for (size_t limit = 256; limit < 64 * 1024; limit *= 2) {
        AUTO(arena) *small = NULL;
        struct hidden h = {0};
        NEED_OK(arena_open(limit, &small));
        const err e = hide_conv(&(struct hide){small, at.x, at.own, LABEL_BOTTOM}, &at.conv, &h);
        CHECK(e.code == ERR_LIMIT ? !h.conv && !h.map : e.code == ERR_OK);
    }
    close_conv();
}

TEST(into_images_nobody_looks_so_nothing_with_one_is_hidden)
{
    struct hidden h = {0};
    open_conv();
    struct conv_image image = {.bytes = said("png"), .place = STR("messages[0]")};
    at.messages[0].images = (conv_images){&image, 1, 1};
    CHECK_ERR(hide_conv(&(struct hide){at.a, at.x, at.own, LABEL_BOTTOM}, &at.conv, &h), DENIED);
    CHECK(!h.conv);
    close_conv();
}
