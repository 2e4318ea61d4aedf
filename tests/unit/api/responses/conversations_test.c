/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/kept.h"

#include "unit/api/responses/send.h"

#define C "/v1/conversations"
#define MAKE(k, ...) SEND(.method = "POST", .path = C, .key = k, __VA_ARGS__)
#define ITEM(text) "{\"role\":\"user\",\"content\":\"" text "\"}"

static reply *
add(const char *key, const char *marked, str id, const char *items)
{
    return SEND(.method = "POST", .path = path_of(C "/{id}/items", id), .key = key, .label = marked,
                .body = str_of(items));
}

static reply *
turn(const char *key, const char *marked, str id)
{
    char body[300];
    snprintf(body, sizeof body, "{\"input\":\"und?\",\"conversation\":\"%.*s\"}", STR_FMT(id));
    return SEND(.method = "POST", .path = "/v1/responses", .key = key, .label = marked,
                .body = str_of(body));
}

static reply *
items_of(const char *key, str id)
{
    return SEND(.path = arena_fmt(site.rig.a, C "/%.*s/items?order=asc", STR_FMT(id)).at,
                .key = key);
}

TEST(a_conversation_is_made_shown_changed_and_removed)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *empty = SEND(.method = "POST", .path = C, .key = k);
    CHECK_INT(empty->status, ==, 200);
    AUTO(reply) *c = MAKE(k, .body = STR("{\"metadata\":{\"a\":\"b\"},\"items\":[" ITEM("x") "]}"));
    CHECK_INT(c->status, ==, 200);
    CHECK_STR(reply_text(c, "object"), STR("conversation"));
    CHECK_STR(reply_text(c, "metadata.a"), STR("b"));
    const str id = reply_text(c, "id");
    AUTO(reply) *items = items_of(k, id);
    CHECK_STR(reply_text(items, "data.0.content.0.text"), STR("x"));
    CHECK_STR(reply_field(items, "x-hoheit-label"), STR("offen"));
    AUTO(reply) *changed = SEND(.method = "POST", .path = path_of(C "/{id}", id), .key = k,
                                .body = STR("{\"metadata\":{\"a\":\"c\"}}"));
    CHECK_STR(reply_text(changed, "metadata.a"), STR("c"));
    AUTO(reply) *shown = SEND(.path = path_of(C "/{id}", id), .key = k);
    CHECK_STR(reply_text(shown, "metadata.a"), STR("c"));
    AUTO(reply) *gone = SEND(.method = "DELETE", .path = path_of(C "/{id}", id), .key = k);
    CHECK_STR(reply_text(gone, "object"), STR("conversation.deleted"));
    AUTO(reply) *missing = items_of(k, id);
    CHECK_INT(missing->status, ==, 404);
    close_site();
}

TEST(items_are_added_listed_shown_and_taken_away)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *c = MAKE(k, .body = STR("{}"));
    const str id = reply_text(c, "id");
    AUTO(reply) *r = add(k, NULL, id, "{\"items\":[" ITEM("a") "," ITEM("b") "]}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "data.1.content.0.text"), STR("b"));
    const str item = reply_text(r, "data.0.id");
    const char *path = arena_fmt(site.rig.a, C "/%.*s/items/%.*s", STR_FMT(id), STR_FMT(item)).at;
    AUTO(reply) *one = SEND(.path = path, .key = k);
    CHECK_STR(reply_text(one, "content.0.text"), STR("a"));
    AUTO(reply) *gone = SEND(.method = "DELETE", .path = path, .key = k);
    CHECK_STR(reply_text(gone, "object"), STR("conversation"));
    AUTO(reply) *again = SEND(.path = path, .key = k);
    CHECK_INT(again->status, ==, 404);
    /* An item of one conversation is not there in another. */
    AUTO(reply) *other = MAKE(k, .body = STR("{}"));
    AUTO(reply) *wrong =
        SEND(.path = arena_fmt(site.rig.a, C "/%.*s/items/%.*s", STR_FMT(reply_text(other, "id")),
                               STR_FMT(reply_text(r, "data.1.id")))
                         .at,
             .key = k);
    CHECK_INT(wrong->status, ==, 404);
    close_site();
}

TEST(a_turn_adds_what_was_asked_and_what_was_answered)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *c = MAKE(k, .body = STR("{}"));
    const str id = reply_text(c, "id");
    AUTO(reply) *r = turn(k, NULL, id);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "conversation.id"), id);
    AUTO(reply) *items = items_of(k, id);
    CHECK_STR(reply_text(items, "data.0.role"), STR("user"));
    CHECK_STR(reply_text(items, "data.1.role"), STR("assistant"));
    CHECK_STR(reply_text(items, "data.1.id"), reply_text(r, "output.0.id"));
    AUTO(reply) *second = turn(k, NULL, id);
    CHECK_INT(second->status, ==, 200);
    AUTO(reply) *four = items_of(k, id);
    CHECK(reply_at(four, "data.3").v && !reply_at(four, "data.4").v);
    close_site();
}

TEST(the_mark_of_a_conversation_floats_up_and_never_down)
{
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    AUTO(reply) *c = MAKE(k, .label = "offen", .body = STR("{}"));
    const str id = reply_text(c, "id");
    AUTO(reply) *low = turn(k, "offen", id);
    CHECK_STR(reply_field(low, "x-hoheit-label"), STR("offen"));
    AUTO(reply) *high = turn(k, "VS-NfD", id);
    CHECK_STR(reply_field(high, "x-hoheit-label"), STR("VS-NfD"));
    AUTO(reply) *after = turn(k, "offen", id); /* raised, not refused */
    CHECK_INT(after->status, ==, 200);
    CHECK_STR(reply_field(after, "x-hoheit-label"), STR("VS-NfD"));
    AUTO(reply) *shown = SEND(.path = path_of(C "/{id}", id), .key = k);
    CHECK_STR(reply_field(shown, "x-hoheit-label"), STR("VS-NfD"));
    clear_for(k, "offen");
    AUTO(reply) *hidden = SEND(.path = path_of(C "/{id}", id), .key = k);
    AUTO(reply) *nothing = SEND(.path = C "/conv_nix", .key = k);
    CHECK_INT(hidden->status, ==, 404);
    CHECK_STR(buf_str(&hidden->body), buf_str(&nothing->body));
    AUTO(reply) *no_turn = turn(k, "offen", id);
    CHECK_INT(no_turn->status, ==, 404);
    AUTO(reply) *no_items = items_of(k, id);
    CHECK_INT(no_items->status, ==, 404);
    close_site();
}

TEST(writing_what_is_above_the_mark_is_refused_and_names_the_rule)
{
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    AUTO(reply) *c = MAKE(k, .label = "offen", .body = STR("{}"));
    const str id = reply_text(c, "id");
    AUTO(reply) *r = add(k, "VS-NfD", id, "{\"items\":[" ITEM("geheim") "]}");
    CHECK_INT(r->status, ==, 403);
    CHECK(str_find(reply_text(r, "error.message"), STR("target.level")) > 0);
    AUTO(reply) *m = SEND(.method = "POST", .path = path_of(C "/{id}", id), .key = k,
                          .label = "VS-NfD", .body = STR("{\"metadata\":{\"a\":\"geheim\"}}"));
    CHECK_INT(m->status, ==, 403);
    AUTO(reply) *items = items_of(k, id);
    CHECK(!reply_at(items, "data.0").v);
    CHECK_STR(reply_field(items, "x-hoheit-label"), STR("offen"));
    close_site();
}

TEST(what_is_out_of_shape_is_refused)
{
    static const char *const bad[] = {"{\"items\":[]}", "{\"items\":7}", "{}", "{\"x\":1}",
                                      "{\"items\":[{\"type\":\"item_reference\",\"id\":\"x\"}]}"};
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *c = MAKE(k, .body = STR("{}"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = add(k, NULL, reply_text(c, "id"), bad[i]);
        CHECK_INT(r->status, ==, 400);
    }
    AUTO(reply) *m = MAKE(k, .body = STR("{\"metadata\":{\"a\":7}}"));
    CHECK_INT(m->status, ==, 400);
    AUTO(reply) *nothing = add(k, NULL, STR("conv_nix"), "{\"items\":[" ITEM("x") "]}");
    CHECK_INT(nothing->status, ==, 404);
    close_site();
}
