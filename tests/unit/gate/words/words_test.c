/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/words/words.h"

#include "base/fault.h"
#include "base/json.h"
#include "unit/model/small_policy.h"

typedef struct scene {
    policy *p;
    arena *a;
    const grant *g, *low;
    struct conv c;
    struct conv_message m[2];
    struct words *w;
} scene;

static void
scene_auto(scene *s)
{
    words_free(s->w);
    arena_free(s->a);
    policy_free(s->p);
}

static void
scene_new(scene *s)
{
    s->p = small_policy();
    NEED_OK(arena_open(4 << 20, &s->a));
    s->g = small_grant(s->p, s->a, "VS-NfD");
    s->low = small_grant(s->p, s->a, "offen");
    const label l = small_label(s->p, "VS-NfD");
    s->m[0] =
        (struct conv_message){.role = CONV_SYSTEM, .text = content_of(STR("Sei \"kurz\""), l)};
    s->m[1] = (struct conv_message){
        .role = CONV_USER, .text = content_of(STR("Grüße"), l), .tool_calls = STR("[]")};
    s->c.messages.at = s->m;
    s->c.messages.count = 2;
    s->c.prompt = content_of(STR(""), l);
}

TEST(what_was_said_comes_back_with_its_commitment)
{
    AUTO(scene) s = {.p = NULL};
    str text, said;
    digest d;
    scene_new(&s);
    NEED_OK(words_new(&s.c, s.g, &s.w));
    CHECK_OK(words_add(s.w, STR("Auch ")));
    CHECK_OK(words_add(s.w, STR("Grüße\n")));
    NEED_OK(words_end(s.w, &text, &d));
    NEED_OK(words_check(s.a, text, &d, &said));
    CHECK_STR(said, STR("{\"input\":[{\"role\":\"system\",\"text\":\"Sei \\\"kurz\\\"\"},"
                        "{\"role\":\"user\",\"text\":\"Grüße\",\"tool_calls\":\"[]\"}],"
                        "\"prompt\":\"\",\"output\":\"Auch Grüße\\n\"}"));
}

TEST(inputs_of_an_embedding_are_kept_too)
{
    AUTO(scene) s = {.p = NULL};
    str text, said;
    digest d;
    scene_new(&s);
    content input = content_of(STR("ein Text"), small_label(s.p, "offen"));
    s.c.messages.count = 0;
    s.c.inputs.at = &input;
    s.c.inputs.count = 1;
    NEED_OK(words_new(&s.c, s.g, &s.w));
    NEED_OK(words_end(s.w, &text, &d));
    NEED_OK(words_check(s.a, text, &d, &said));
    CHECK_STR(said, STR("{\"input\":[{\"text\":\"ein Text\"}],\"prompt\":\"\",\"output\":\"\"}"));
}

TEST(the_same_words_have_another_commitment_each_time)
{
    digest d[2];
    for (int i = 0; i < 2; i++) {
        AUTO(scene) s = {.p = NULL};
        str text;
        scene_new(&s);
        NEED_OK(words_new(&s.c, s.g, &s.w));
        NEED_OK(words_end(s.w, &text, &d[i]));
    }
    CHECK(!digest_eq(&d[0], &d[1]));
}

TEST(no_byte_can_be_changed_without_the_commitment)
{
    AUTO(scene) s = {.p = NULL};
    str text, said;
    char room[1024];
    digest d;
    scene_new(&s);
    NEED_OK(words_new(&s.c, s.g, &s.w));
    NEED_OK(words_end(s.w, &text, &d));
    NEED(text.len < sizeof room);
    for (size_t i = 0; i < text.len; i++) {
        memcpy(room, text.at, text.len);
        room[i] = room[i] == 'x' ? 'y' : 'x';
        CHECK(words_check(s.a, (str){room, text.len}, &d, &said).code);
        arena_reset(s.a);
    }
    d.bytes[3] ^= 1;
    CHECK_ERR(words_check(s.a, text, &d, &said), CORRUPT);
}

TEST(what_the_grant_does_not_cover_is_not_collected)
{
    AUTO(scene) s = {.p = NULL};
    scene_new(&s);
    CHECK_ERR(words_new(&s.c, s.low, &s.w), DENIED);
    CHECK(!s.w);
}

TEST(where_nothing_is_kept_nothing_is_collected)
{
    CHECK_OK(words_add(NULL, STR("x")));
    words_free(NULL);
}

TEST(more_than_there_is_room_for_is_refused)
{
    AUTO(scene) s = {.p = NULL};
    static char much[1 << 20];
    str text;
    digest d;
    err e = OK;
    scene_new(&s);
    memset(much, 'x', sizeof much);
    NEED_OK(words_new(&s.c, s.g, &s.w));
    for (int i = 0; i < WORDS_BYTES_MAX / (int)sizeof much && !e.code; i++)
        e = words_add(s.w, (str){much, sizeof much});
    CHECK_ERR(e, LIMIT);
    CHECK_ERR(words_end(s.w, &text, &d), LIMIT);
}

TEST(whatever_fails_is_said)
{
    for (long n = 1;; n++) {
        AUTO(scene) s = {.p = NULL};
        str text = STR_NONE;
        digest d;
        scene_new(&s);
        fault_arm(n);
        err e = words_new(&s.c, s.g, &s.w);
        if (!e.code)
            e = words_add(s.w, STR("Antwort"));
        if (!e.code)
            e = words_end(s.w, &text, &d);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        CHECK((text.len > 0) == (e.code == ERR_OK));
        if (!fired)
            break;
        NEED(n < 200);
    }
}
