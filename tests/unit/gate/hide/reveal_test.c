/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/hide/reveal.h"

#include "unit/downgrade/hidden.h"

static struct {
    struct hidden h;
    arena *a;
    reveal *r;
    buf line[2];
    uint32_t tokens;
} at;

static void
show(void *ctx, const struct engine_piece *p, str text)
{
    static const char *const marks[] = {"", "~", "<", ":"};
    CHECK(ctx == &at && p->index < 2);
    at.tokens += p->token_count;
    if (text.len || p->part == PART_CALL) {
        buf_add(&at.line[p->index], str_of(marks[p->part]));
        buf_add(&at.line[p->index], text);
    }
}

static void
open_reveal(void)
{
    static const char *const texts[] = {"Frau Erika Sommerfeld, IBAN DE02120300000000202051"};
    memset(&at, 0, sizeof at);
    hidden_open(&at.h, texts, 1);
    at.line[0] = at.line[1] = BUF(4096);
    CHECK_OK(arena_open(1 << 20, &at.a));
    CHECK_OK(reveal_new(at.a, at.h.m, 2, (struct reveal_out){show, &at}, &at.r));
}

static void
close_reveal(void)
{
    arena_free(at.a);
    hidden_close(&at.h);
    buf_done(&at.line[0]);
    buf_done(&at.line[1]);
}

static void
add(uint32_t index, enum engine_part part, uint32_t call, const char *text)
{
    const struct engine_piece p = {.index = index, .part = part, .call = call, .token_count = 1};
    CHECK_OK(reveal_add(at.r, &p, str_of(text)));
}

TEST(tokens_come_back_in_each_part_and_parts_stay_apart)
{
    open_reveal();
    add(0, PART_REASONING, 0, "wer ist PERSON_");
    add(0, PART_REASONING, 0, "HB1");
    add(0, PART_TEXT, 0, "Frau PERS");
    add(0, PART_TEXT, 0, "ON_HB1 zahlt");
    add(0, PART_CALL, 0, "zahle");
    add(0, PART_ARGUMENTS, 0, "{\"iban\":\"IBA");
    add(0, PART_ARGUMENTS, 0, "N_HB1\"}");
    add(0, PART_CALL, 1, "ende");
    CHECK_OK(reveal_end(at.r, 0));
    CHECK(str_find(buf_str(&at.line[0]), STR("~Erika Sommerfeld")) > 0);
    CHECK(str_find(buf_str(&at.line[0]), STR("<zahle")) > 0);
    CHECK(str_find(buf_str(&at.line[0]), STR("DE02120300000000202051\"}")) > 0);
    CHECK(str_find(buf_str(&at.line[0]), STR("_HB1")) < 0);
    CHECK_INT(at.tokens, ==, 8);
    close_reveal();
}

TEST(answers_do_not_mix_and_what_is_held_back_comes_out_at_the_end)
{
    open_reveal();
    add(0, PART_TEXT, 0, "PERSON_HB");
    add(1, PART_TEXT, 0, "IBAN_H");
    CHECK_INT(at.line[0].len + at.line[1].len, ==, 0);
    add(0, PART_TEXT, 0, "1");
    add(1, PART_TEXT, 0, "B1!");
    CHECK_STR(buf_str(&at.line[1]), STR("DE02120300000000202051!"));
    CHECK_OK(reveal_end(at.r, 0));
    CHECK_OK(reveal_end(at.r, 1));
    CHECK_STR(buf_str(&at.line[0]), STR("Erika Sommerfeld"));
    close_reveal();
}

TEST(an_end_without_pieces_says_nothing)
{
    open_reveal();
    CHECK_OK(reveal_end(at.r, 1));
    CHECK_INT(at.line[1].len, ==, 0);
    close_reveal();
}
