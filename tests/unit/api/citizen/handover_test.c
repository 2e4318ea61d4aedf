/* SPDX-License-Identifier: EUPL-1.2 */
/* From a question to a case and back, in api/citizen/handover.c. */
#include "unit/api/citizen/town_site.h"

#define HAND(key, body) POST(site.net, "/v1/citizen/handover", key, body)
#define SKY "{\"question\":\"Welche Farbe hat der Himmel über Neptun?\"}"

static reply *
post_form(const char *path, const char *form)
{
    const struct http_field fields[] = {
        {STR("content-type"), STR("application/x-www-form-urlencoded")}};
    reply *r = reply_new(site.net);
    reply_send(r, (struct wish){"POST", path, NULL, NULL, str_of(form)}, fields, 1);
    return reply_wait(r);
}

static err
count_one(void *ctx, const struct case_head *h)
{
    (void)h;
    ++*(size_t *)ctx;
    return OK;
}

static size_t
count_cases(void)
{
    size_t n = 0;
    CHECK_OK(cases_each(waiting, town_grant(&town, "VS-NfD"), count_one, &n));
    return n;
}

/* Where the page says the answer will be; empty if it says nothing. */
static str
place_of(const reply *r)
{
    static char room[100];
    const str body = buf_str(&r->body);
    const ptrdiff_t at = str_find(body, STR("/citizen/case/case_"));
    if (at < 0)
        return STR_NONE;
    str rest = str_slice(body, (size_t)at, body.len), path;
    (void)str_next(&rest, '"', &path);
    CHECK(str_copy(path, room, sizeof room));
    return str_of(room);
}

TEST(a_question_handed_over_is_kept_on_record_and_open)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *r = HAND(k, SKY);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "state"), STR("open"));
    CHECK(str_starts(reply_text(r, "id"), STR("case_")));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK_INT(count_cases(), ==, 1);
    const str change = rig_record(&site.rig, "citizen.handover", "", 0);
    CHECK(str_find(change, reply_text(r, "id")) > 0);
    CHECK(str_find(rig_log(&site.rig), STR("Neptun")) < 0);
    close_town();
}

TEST(what_points_to_a_person_is_not_kept)
{
    AUTO(arena) *a = NULL;
    struct case_found found;
    str plain;
    NEED_OK(arena_open(1 << 20, &a));
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *r = HAND(k, "{\"question\":\"Meine IBAN ist DE89370400440532013000. Warum?\"}");
    CHECK_INT(r->status, ==, 200);
    const grant *const g = town_grant(&town, "offen");
    NEED_OK(cases_get(waiting, g, reply_text(r, "id"), a, &found));
    NEED_OK(content_open(found.text, g, &plain));
    CHECK(str_find(plain, STR("Meine IBAN")) > 0);
    CHECK(str_find(plain, STR("DE89")) < 0);
    close_town();
}

TEST(the_case_has_the_label_of_all_that_was_looked_through)
{
    open_town("wissen");
    AUTO(reply) *r = HAND(site_key("oben", "VS-NfD"), SKY);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("VS-NfD"));
    size_t n = 0;
    CHECK_OK(cases_each(waiting, town_grant(&town, "intern"), count_one, &n));
    CHECK_INT(n, ==, 0);
    close_town();
}

TEST(what_cannot_be_asked_is_not_handed_over)
{
    static const struct {
        const char *body;
        int status;
    } bad[] = {{"{}", 400},
               {"{\"question\":\"\"}", 400},
               {"{\"question\":\"x\",\"model\":\"toy\"}", 400},
               {"{\"question\":\"x\",\"know\":\"nichts\"}", 404},
               {"{\"question\":\"x\",\"before\":1}", 400}};
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = HAND(k, bad[i].body);
        CHECK_INT(r->status, ==, bad[i].status);
    }
    AUTO(reply) *none = HAND(NULL, SKY);
    CHECK_INT(none->status, ==, 401);
    AUTO(reply) *empty = post_form("/citizen/handover", "question=");
    CHECK_INT(empty->status, ==, 400);
    CHECK_INT(count_cases(), ==, 0);
    close_town();
}

TEST(the_public_hands_over_by_a_form_and_comes_back_for_what_became_of_it)
{
    open_town("wissen");
    AUTO(reply) *asked = GET(site.net, "/citizen?question=Himmel+%C3%BCber+Neptun%3F", NULL);
    CHECK(reply_has(asked, "action=\"/citizen/handover\""));
    AUTO(reply) *known = GET(site.net, "/citizen?question=Wie+hoch+ist+die+Hundesteuer%3F", NULL);
    CHECK(!reply_has(known, "action=\"/citizen/handover\""));
    AUTO(reply) *r = post_form("/citizen/handover", "question=Himmel+%C3%BCber+Neptun%3F");
    CHECK_INT(r->status, ==, 200);
    const str path = place_of(r);
    NEED(path.len > 0);
    AUTO(reply) *open = GET(site.net, path.at, NULL);
    CHECK_INT(open->status, ==, 200);
    CHECK(reply_has(open, "In Arbeit"));
    CHECK(!reply_has(open, "Neptun"));
    const struct case_decision d = {
        .id = str_slice(path, 14, path.len),
        .state = CASE_RELEASED,
        .text = content_of(STR("{\"answer\":\"Er ist <blau>.\"}\n{}"), LABEL_BOTTOM),
        .now_wall_ms = 1};
    NEED_OK(cases_decide(waiting, town_grant(&town, "offen"), &d));
    AUTO(reply) *done = GET(site.net, path.at, NULL);
    CHECK(reply_has(done, "Er ist &lt;blau&gt;."));
    CHECK(reply_has(done, "KI-System"));
    close_town();
}

TEST(a_released_draft_is_its_quotes_and_a_rejected_case_says_so)
{
    static const char draft[] = "{}\n{\"draft\":{\"cards\":[{\"quote\":\"96 Euro & mehr\"}]}}";
    open_town("wissen");
    for (int i = 0; i < 2; i++) {
        AUTO(reply) *r = post_form("/citizen/handover", "question=Himmel+%C3%BCber+Neptun%3F");
        const str path = place_of(r);
        NEED(path.len > 0);
        const struct case_decision d = {.id = str_slice(path, 14, path.len),
                                        .state = i ? CASE_REJECTED : CASE_RELEASED,
                                        .text = content_of(str_of(draft), LABEL_BOTTOM),
                                        .now_wall_ms = 1};
        NEED_OK(cases_decide(waiting, town_grant(&town, "offen"), &d));
        AUTO(reply) *done = GET(site.net, path.at, NULL);
        CHECK_INT(done->status, ==, 200);
        CHECK_INT(reply_has(done, "96 Euro &amp; mehr"), ==, i == 0);
        CHECK_INT(reply_has(done, "Keine Antwort"), ==, i == 1);
    }
    close_town();
}

TEST(a_case_above_the_public_is_as_if_it_were_not_there)
{
    char path[100];
    open_town("wissen");
    AUTO(reply) *r = HAND(site_key("oben", "VS-NfD"), SKY);
    snprintf(path, sizeof path, "/citizen/case/%.*s", STR_FMT(reply_text(r, "id")));
    AUTO(reply) *hidden = GET(site.net, path, NULL);
    AUTO(reply) *missing = GET(site.net, "/citizen/case/case_NICHTS", NULL);
    CHECK_INT(hidden->status, ==, 404);
    CHECK_STR(reply_text(hidden, "error.message"), reply_text(missing, "error.message"));
    close_town();
}

TEST(the_public_cannot_fill_the_queue_but_officials_go_on)
{
    open_town("wissen");
    const grant *const g = town_grant(&town, "VS-NfD");
    const content open = content_of(STR("{}\n{}"), LABEL_BOTTOM);
    const content high = content_of(STR("{}\n{}"), small_label(site.rig.policy, "VS-NfD"));
    struct case_head h, last = {.id = ""};
    NEED_OK(cases_add(waiting, g, high, clock_wall_ms(), &h)); /* does not count */
    for (int i = 1; i < HANDOVER_OPEN_MAX; i++)
        NEED_OK(cases_add(waiting, g, open, clock_wall_ms(), &last));
    AUTO(reply) *one = post_form("/citizen/handover", "question=Himmel%3F");
    CHECK_INT(one->status, ==, 200);
    AUTO(reply) *full = post_form("/citizen/handover", "question=Himmel%3F");
    CHECK_INT(full->status, ==, 503);
    AUTO(reply) *official = HAND(site_key("amt", "offen"), SKY);
    CHECK_INT(official->status, ==, 200);
    for (int i = 0; i < 2; i++) { /* and that one more was let in by the official */
        const struct case_decision d = {.id = i ? reply_text(official, "id") : str_of(last.id),
                                        .state = CASE_REJECTED,
                                        .text = content_of(STR("{}\n{}"), LABEL_BOTTOM),
                                        .now_wall_ms = 1};
        NEED_OK(cases_decide(waiting, g, &d));
    }
    AUTO(reply) *again = post_form("/citizen/handover", "question=Himmel%3F");
    CHECK_INT(again->status, ==, 200);
    close_town();
}

TEST(without_a_public_page_there_is_nothing_to_hand_over_or_see)
{
    open_town("");
    AUTO(reply) *r = post_form("/citizen/handover", "question=Himmel%3F");
    CHECK_INT(r->status, ==, 404);
    AUTO(reply) *s = GET(site.net, "/citizen/case/case_X", NULL);
    CHECK_INT(s->status, ==, 404);
    close_town();
}
