/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/answer.h"

#include <math.h>

#include "base/fault.h"
#include "test.h"

static const struct serve_logprob lp = {STR_INIT("t"), -0.5f};

static void
add(struct answer *w, const char *bytes, const struct serve_logprob *p)
{
    CHECK_OK(answer_add(w, str_of(bytes), p, NULL, 0));
}

static str
take(struct answer *w, bool is_end, struct engine_text *head)
{
    str tail;
    *head = (struct engine_text){0};
    CHECK_OK(answer_take(w, is_end, head, &tail));
    return str_slice(tail, 0, head->text_len);
}

TEST(tokens_of_one_step_make_one_message)
{
    struct answer w;
    struct engine_text h;
    CHECK_OK(answer_init(&w, NULL, 0, STR_NONE));
    add(&w, "Gu", NULL);
    add(&w, "ten", NULL);
    add(&w, " Tag", NULL);
    CHECK_STR(take(&w, false, &h), STR("Guten Tag"));
    CHECK_INT(h.token_count, ==, 3);
    CHECK_INT(h.logprob_count, ==, 0);
    CHECK_INT(take(&w, false, &h).len, ==, 0);
    CHECK_INT(w.tokens, ==, 3);
    answer_done(&w);
}

TEST(a_token_that_holds_text_back_waits_with_its_probability)
{
    struct answer w;
    struct engine_text h;
    CHECK_OK(answer_init(&w, NULL, 0, STR_NONE));
    add(&w, "\xC3", &lp);
    CHECK_INT(take(&w, false, &h).len, ==, 0);
    add(&w, "\xBC", &lp);
    CHECK_STR(take(&w, false, &h), STR("ü"));
    CHECK_INT(h.token_count, ==, 2);
    CHECK_INT(h.logprob_count, ==, 2);
    answer_done(&w);
}

TEST(the_echo_comes_first_and_is_no_token)
{
    const str stops[] = {STR("mal")};
    struct answer w;
    struct engine_text h;
    CHECK_OK(answer_init(&w, stops, 1, STR("Es war einmal")));
    add(&w, " ein", NULL);
    CHECK_STR(take(&w, false, &h), STR("Es war einmal ein"));
    CHECK_INT(h.token_count, ==, 1);
    answer_done(&w);
}

TEST(probabilities_of_a_stop_string_are_dropped_with_it)
{
    const str stops[] = {STR("ENDE")};
    struct answer w;
    struct engine_text h;
    CHECK_OK(answer_init(&w, stops, 1, STR_NONE));
    add(&w, "gut", &lp);
    CHECK_STR(take(&w, false, &h), STR("gut"));
    add(&w, "EN", &lp);
    add(&w, "DE", &lp);
    CHECK(w.text.stopped);
    CHECK_OK(answer_end(&w));
    CHECK_INT(take(&w, true, &h).len, ==, 0);
    CHECK_INT(h.logprob_count, ==, 0);
    CHECK_INT(w.tokens, ==, 3);
    answer_done(&w);
}

TEST(the_end_brings_out_what_was_held_back)
{
    const str stops[] = {STR("ENDE")};
    struct answer w;
    struct engine_text h;
    CHECK_OK(answer_init(&w, stops, 1, STR_NONE));
    add(&w, "END", &lp);
    CHECK_INT(take(&w, false, &h).len, ==, 0);
    CHECK_OK(answer_end(&w));
    CHECK_STR(take(&w, true, &h), STR("END"));
    CHECK_INT(h.logprob_count, ==, 1);
    answer_done(&w);
}

TEST(many_tokens_without_text_do_not_pile_up)
{
    struct answer w;
    struct engine_text h;
    str tail = STR_NONE;
    unsigned tokens = 0, most = 0;
    CHECK_OK(answer_init(&w, NULL, 0, STR_NONE));
    for (unsigned i = 0; i < 5000; i++) {
        add(&w, "", &lp);
        h = (struct engine_text){0};
        CHECK_OK(answer_take(&w, i == 4999, &h, &tail));
        tokens += h.logprob_count;
        most = h.logprob_count > most ? h.logprob_count : most;
    }
    CHECK_INT(tokens, ==, 5000);
    CHECK_INT(most, <=, ENGINE_LOGPROBS_MAX);
    answer_done(&w);
}

static float
sent_logprob(float x)
{
    const struct serve_logprob p = {STR("t"), x}, top = {STR("u"), x};
    struct engine_logprob head;
    struct engine_top other;
    struct engine_text h = {0};
    struct answer w;
    str tail = STR_NONE;
    CHECK_OK(answer_init(&w, NULL, 0, STR_NONE));
    CHECK_OK(answer_add(&w, STR("t"), &p, &top, 1));
    CHECK_OK(answer_take(&w, false, &h, &tail));
    CHECK_INT(tail.len, ==, 1 + sizeof head + 1 + sizeof other + 1);
    memcpy(&head, tail.at + 1, sizeof head);
    memcpy(&other, tail.at + 1 + sizeof head + 1, sizeof other);
    CHECK(head.logprob >= other.logprob && head.logprob <= other.logprob);
    answer_done(&w);
    return head.logprob;
}

TEST(a_probability_that_is_none_is_put_right)
{
    CHECK(sent_logprob(-0.25f) < -0.2f && sent_logprob(-0.25f) > -0.3f);
    CHECK(sent_logprob(1e-7f) <= 0 && sent_logprob(1e-7f) >= 0);
    CHECK(sent_logprob(-INFINITY) < -9998 && isfinite(sent_logprob(-INFINITY)));
    CHECK(sent_logprob(NAN) < -9998);
    CHECK(sent_logprob(INFINITY) >= 0);
}

TEST(a_token_longer_than_a_length_field_is_cut_there)
{
    static char big[70000];
    const struct serve_logprob p = {{big, sizeof big}, -1};
    struct engine_logprob head;
    struct engine_text h = {0};
    struct answer w;
    str tail = STR_NONE;
    CHECK_OK(answer_init(&w, NULL, 0, STR_NONE));
    CHECK_OK(answer_add(&w, STR("t"), &p, NULL, 0));
    CHECK_OK(answer_take(&w, false, &h, &tail));
    memcpy(&head, tail.at + 1, sizeof head);
    CHECK_INT(head.text_len, ==, UINT16_MAX);
    CHECK_INT(tail.len, ==, 1 + sizeof head + UINT16_MAX);
    answer_done(&w);
}

TEST(memory_that_is_out_is_told_everywhere)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        struct answer w;
        struct engine_text h;
        str tail;
        fault_arm(n);
        err e = answer_init(&w, NULL, 0, STR("echo"));
        if (!e.code)
            e = answer_add(&w, STR("Tag"), &lp, &lp, 1);
        if (!e.code)
            e = answer_end(&w);
        if (!e.code)
            e = answer_take(&w, true, &h, &tail);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
        answer_done(&w);
    }
}
