/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/hear.h"

#include "unit/engine/remote/rig.h"

static const struct hear_spec chat = {.dialect = REMOTE_OPENAI, .kind = ENGINE_CHAT, .n = 1};
static const struct hear_spec many = {.dialect = REMOTE_OPENAI, .kind = ENGINE_CHAT, .n = 3};

#define SAYS(i, text)                                                                              \
    "data: {\"choices\":[{\"index\":" i ",\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define ENDS(i)                                                                                    \
    "data: {\"choices\":[{\"index\":" i ",\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"

struct reader {
    struct hear h;
    struct script s;
};

static void
reader_init(struct reader *r, const struct hear_spec *spec)
{
    CHECK_OK(hear_init(&r->h, spec, script_hooks(&r->s)));
    hear_open(&r->h, HEAR_SSE);
}

static void
reader_done(struct reader *r)
{
    hear_done(&r->h);
    script_auto(&r->s);
}

#define READER(r, spec)                                                                            \
    __attribute__((cleanup(reader_done))) struct reader r;                                         \
    reader_init(&r, &(spec))

TEST(the_sum_of_the_shares_is_what_the_provider_counted)
{
    static const char *const streams[] = {
        SAYS("0", "a") SAYS("1", "b") SAYS("2", "c"), SAYS("1", "b"), "",
        SAYS("2", "c") SAYS("2", "c") SAYS("0", "a") SAYS("2", "c")};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        for (unsigned total = 0; total < 20; total += 1 + total / 4) {
            char usage[128];
            READER(r, many);
            snprintf(usage, sizeof usage,
                     "data: {\"choices\":[],\"usage\":{\"completion_tokens\":%u}}\n\n", total);
            CHECK_OK(hear_add(&r.h, str_of(streams[i])));
            CHECK_OK(hear_add(&r.h, STR(ENDS("0") ENDS("1") ENDS("2"))));
            CHECK_OK(hear_add(&r.h, str_of(usage)));
            CHECK_OK(hear_end(&r.h));
            unsigned a = 0, b = 0, c = 0;
            const ptrdiff_t at = str_find(script_str(&r.s), STR("D0 stop "));
            NEED(at >= 0);
            const int found = sscanf(r.s.log.at + at,
                                     "D0 stop 0/0/%u\nD1 stop 0/0/%u\nD2 stop 0/0/%u", &a, &b, &c);
            CHECK_INT(found, ==, 3);
            CHECK_INT(a + b + c, ==, total);
        }
}

TEST(an_answer_is_whole_when_all_its_parts_have_ended)
{
    READER(r, many);
    CHECK(!hear_is_whole(&r.h));
    CHECK_OK(hear_add(&r.h, STR(ENDS("0") ENDS("2"))));
    CHECK(!hear_is_whole(&r.h));
    CHECK_OK(hear_add(&r.h, STR(ENDS("1"))));
    CHECK(hear_is_whole(&r.h));
    CHECK_ERR(hear_add(&r.h, STR(ENDS("1"))), PROVIDER_LOST);
    CHECK(!hear_is_whole(&r.h));
}

TEST(who_has_stopped_listening_hears_nothing)
{
    READER(r, chat);
    CHECK_OK(hear_add(&r.h, STR(SAYS("0", "a"))));
    r.h.is_over = true;
    CHECK_OK(hear_add(&r.h, STR(SAYS("0", "b") "data: {\n\n")));
    CHECK_OK(hear_end(&r.h));
    CHECK_STR(script_str(&r.s), STR("T0 a\n"));
}

TEST(a_listener_that_stops_within_an_event_hears_no_more_of_it)
{
    READER(r, chat);
    r.h.is_over = false;
    struct engine_piece p = {.part = PART_TEXT};
    CHECK_OK(hear_text(&r.h, 0, &p, STR("a")));
    r.h.is_over = true;
    CHECK_OK(hear_text(&r.h, 0, &p, STR("b")));
    CHECK_STR(script_str(&r.s), STR("T0 a\n"));
}

TEST(an_empty_text_is_not_told)
{
    READER(r, chat);
    CHECK_OK(hear_plain(&r.h, 0, PART_TEXT, STR("")));
    CHECK_OK(hear_plain(&r.h, 7, PART_TEXT, STR(""))); /* not even looked at */
    CHECK_ERR(hear_plain(&r.h, 7, PART_TEXT, STR("a")), PROVIDER_LOST);
    CHECK_INT(r.s.calls, ==, 0);
}

TEST(a_call_needs_its_name_before_arguments_and_end)
{
    uint32_t call = 9;
    READER(r, chat);
    CHECK_ERR(hear_arguments(&r.h, 0, 0, STR("{}")), PROVIDER_LOST);
    CHECK_OK(hear_call(&r.h, 0, &(struct hear_name){5, STR("x"), STR("")}, &call));
    CHECK_INT(call, ==, 0);
    CHECK_ERR(hear_arguments(&r.h, 0, call, STR("{}")), PROVIDER_LOST);
    CHECK_ERR(hear_close_call(&r.h, 0, call), PROVIDER_LOST);
    CHECK_OK(hear_call(&r.h, 0, &(struct hear_name){5, STR(""), STR("f")}, &call));
    CHECK_OK(hear_close_call(&r.h, 0, call));
    CHECK_OK(hear_close_call(&r.h, 0, call));
    CHECK_STR(script_str(&r.s), STR("C0.0 x f\nA0.0 {}\n"));
}

TEST(calls_are_bounded)
{
    uint32_t call;
    READER(r, chat);
    for (uint32_t i = 0; i < CONV_TOOLS_MAX; i++) {
        CHECK_OK(hear_call(&r.h, 0, &(struct hear_name){i, STR(""), STR("f")}, &call));
        CHECK_INT(call, ==, i);
    }
    CHECK_ERR(hear_call(&r.h, 0, &(struct hear_name){999, STR(""), STR("f")}, &call),
              PROVIDER_LOST);
}

TEST(only_the_stop_strings_of_the_request_are_named)
{
    const str stops[] = {STR("a"), STR("ab")};
    struct hear_spec spec = chat;
    spec.stops = stops;
    spec.stop_count = 2;
    READER(r, spec);
    CHECK_INT(hear_stop_of(&r.h, STR("a")), ==, 1);
    CHECK_INT(hear_stop_of(&r.h, STR("ab")), ==, 2);
    CHECK_INT(hear_stop_of(&r.h, STR("b")), ==, 0);
    CHECK_INT(hear_stop_of(&r.h, STR("")), ==, 0);
}

TEST(what_is_wrong_with_an_answer_is_not_told_in_its_words)
{
    READER(r, chat);
    const err e = hear_add(&r.h, STR("data: {\"choices\":[{\"index\":\"secret\"}]}\n\n"));
    CHECK_ERR(e, PROVIDER_LOST);
    CHECK(str_find(str_of(err_trail()), STR("secret")) < 0);
    CHECK(str_find(str_of(err_public(e)), STR("choices")) < 0);
}

TEST(memory_that_runs_out_fails_the_answer)
{
    bool fired = true;
    for (long n = 1; fired && n < 100; n++) {
        struct script s = {.lasts = 0};
        const struct fed f = {&many, HEAR_SSE, STR(SAYS("0", "a") ENDS("0") ENDS("1") ENDS("2")),
                              50, 60};
        fault_arm(n);
        const err e = feed(&f, &s);
        fired = fault_fired();
        fault_arm(0);
        CHECK(e.code ? !s.lasts : s.lasts == 1);
        CHECK(fired || !e.code);
        script_auto(&s);
    }
    CHECK(!fired);
}
