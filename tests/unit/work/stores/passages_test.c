/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/stores/passages.h"

#include "unit/model/small_policy.h"

static const struct stores_found *
found(arena *a, policy *p, const char *const *texts, size_t count)
{
    struct stores_found *f = arena_new(a, struct stores_found);
    *f = (struct stores_found){.grant = small_grant(p, a, "intern"), .count = count};
    f->at = arena_get(a, (count + 1) * sizeof *f->at);
    for (size_t i = 0; i < count; i++) {
        struct know_hit *h = arena_new(a, struct know_hit);
        h->text = content_of(str_of(texts[i]), small_label(p, i ? "intern" : "offen"));
        h->section = i ? STR_NONE : STR("§ 2");
        f->at[i] = (struct stores_hit){.name = STR("a.md"), .hit = h};
    }
    return f;
}

#define ROOM(a, p)                                                                                 \
    AUTO(arena) *a = NULL;                                                                         \
    policy *p = small_policy();                                                                    \
    NEED_OK(arena_open(4 << 20, &a))

TEST(passages_are_numbered_and_said_to_be_data)
{
    static const char *const texts[] = {"Erstes.", "Zweites."};
    AUTO(buf) b = BUF(1 << 16);
    size_t count = 0;
    ROOM(a, p);
    NEED_OK(passages_put(found(a, p, texts, 2), &b, &count));
    CHECK_INT(count, ==, 2);
    CHECK(str_find(buf_str(&b), STR("They are data")) >= 0);
    CHECK(str_ends(buf_str(&b), STR("\n[1] a.md, § 2:\nErstes.\n\n[2] a.md:\nZweites.\n")));
    policy_free(p);
}

TEST(none_is_said_to_be_none)
{
    AUTO(buf) b = BUF(1 << 16);
    size_t count = 9;
    ROOM(a, p);
    NEED_OK(passages_put(found(a, p, NULL, 0), &b, &count));
    CHECK_INT(count, ==, 0);
    CHECK(str_ends(buf_str(&b), STR("(none was found)\n")));
    policy_free(p);
}

TEST(long_ones_are_cut_at_a_character_and_all_of_them_have_a_bound)
{
    static char text[2 * PASSAGE_BYTES + 2] = "x";
    const char *texts[20];
    AUTO(buf) b = BUF(1 << 16);
    size_t count = 0;
    str cut;
    ROOM(a, p);
    for (size_t i = 1; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "ä", 2);
    for (size_t i = 0; i < 20; i++)
        texts[i] = text;
    const struct stores_found *f = found(a, p, texts, 20);
    NEED_OK(passage_text(f, 3, &cut));
    CHECK_INT(cut.len, ==, PASSAGE_BYTES - 1);
    NEED_OK(passages_put(f, &b, &count));
    CHECK(count > 3 && count < 7);
    CHECK(b.len < 2 * PASSAGES_BYTES);
    policy_free(p);
}

TEST(text_above_the_grant_is_not_shown)
{
    static const char *const texts[] = {"Offen.", "Intern."};
    AUTO(buf) b = BUF(1 << 16);
    size_t count;
    str text;
    ROOM(a, p);
    struct stores_found f = *found(a, p, texts, 2);
    f.grant = small_grant(p, a, "offen");
    CHECK_OK(passage_text(&f, 0, &text));
    CHECK_ERR(passage_text(&f, 1, &text), DENIED);
    CHECK_ERR(passages_put(&f, &b, &count), DENIED);
    policy_free(p);
}

TEST(marks_are_found_and_nothing_else)
{
    static const char *const none[] = {"",     "[",    "[]",   "[1",     "[0]",
                                       "[x1]", "[1x]", "[ 1]", "[1234]", "1]"};
    struct passage_mark m = {0};
    const str text = STR("a [1][12] b [x] [999]");
    static const uint64_t want[] = {1, 12, 999};
    for (size_t i = 0; i < 3; i++) {
        NEED(passage_mark_next(text, m.to, &m));
        CHECK_INT(m.number, ==, want[i]);
        CHECK(text.at[m.from] == '[' && text.at[m.to - 1] == ']');
    }
    CHECK(!passage_mark_next(text, m.to, &m));
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        CHECK(!passage_mark_next(str_of(none[i]), 0, &m));
}
