/* SPDX-License-Identifier: EUPL-1.2 */
#include "downgrade/restore.h"

#include "base/json.h"
#include "unit/downgrade/hidden.h"

static struct hidden h;

static void
open_hidden(void)
{
    static const char *const texts[] = {"Frau Erika Sommerfeld, IBAN DE02120300000000202051",
                                        "Frau Sommerfeld", "Herr Peter Beispiel"};
    hidden_open(&h, texts, 3);
}

/* `text` in pieces of `step` bytes. */
static str
restored(str text, size_t step, bool is_json)
{
    static char room[4096];
    struct restore r;
    AUTO(buf) out = BUF(sizeof room);
    restore_init(&r, h.m, is_json);
    for (size_t at = 0; at < text.len; at += step) {
        CHECK_OK(restore_add(&r, str_slice(text, at, at + step), &out));
        CHECK(r.held.len < RESTORE_HELD_MAX);
    }
    CHECK_OK(restore_end(&r, &out));
    restore_done(&r);
    memcpy(room, out.at ? out.at : "", out.len);
    return (str){room, out.len};
}

static void
check_restored(const char *text, const char *want, bool is_json)
{
    const str s = str_of(text);
    for (size_t step = 1; step <= s.len; step++)
        CHECK_STR(restored(s, step, is_json), str_of(want));
}

TEST(tokens_come_back_as_they_were_written_wherever_the_pieces_end)
{
    open_hidden();
    check_restored("Liebe Frau PERSON_HB1, die IBAN_HB1 von PERSON_HB2 stimmt.",
                   "Liebe Frau Erika Sommerfeld, die DE02120300000000202051 von Peter Beispiel "
                   "stimmt.",
                   false);
    check_restored("PERSON_HB1Bs Antrag und PERSON_HB1s Bescheid",
                   "Sommerfelds Antrag und Erika Sommerfelds Bescheid", false);
    check_restored("**PERSON\\_HB1** (person_hb2)", "**Erika Sommerfeld** (Peter Beispiel)", false);
    hidden_close(&h);
}

TEST(what_is_no_token_stays_as_it_is)
{
    open_hidden();
    check_restored("PERSON_HB9 PERSON_ snake_case PERSON_HB KATZE_HB1 ä_ß \\_ a\\b",
                   "PERSON_HB9 PERSON_ snake_case PERSON_HB KATZE_HB1 ä_ß \\_ a\\b", false);
    check_restored("", "", false);
    hidden_close(&h);
}

TEST(when_the_map_of_a_conversation_is_lost_its_tokens_stay_tokens)
{
    static const char *const others[] = {"Guten Tag"};
    hidden_open(&h, others, 1); /* another conversation's */
    check_restored("Liebe Frau PERSON_HB1, die IBAN_HB1 stimmt.",
                   "Liebe Frau PERSON_HB1, die IBAN_HB1 stimmt.", false);
    hidden_close(&h);
}

TEST(within_json_the_value_is_escaped_and_the_json_stays_whole)
{
    static const char *const texts[] = {"Frau Erika Sommerfeld", "E-Mail: \"e.m\"@example.org"};
    hidden_open(&h, texts, 1);
    check_restored("{\"name\":\"PERSON_HB1\",\"z\":\"a\\nPERSON_HB1s\"}",
                   "{\"name\":\"Erika Sommerfeld\",\"z\":\"a\\nErika Sommerfelds\"}", true);
    hidden_close(&h);
}

TEST(a_word_without_end_is_not_held_back_for_ever)
{
    struct restore r;
    AUTO(buf) out = BUF(1 << 20);
    open_hidden();
    restore_init(&r, h.m, false);
    for (int i = 0; i < 10000; i++) {
        CHECK_OK(restore_add(&r, STR("aaaaaaa"), &out));
        CHECK(r.held.len < RESTORE_HELD_MAX + 8);
    }
    CHECK_OK(restore_end(&r, &out));
    CHECK_INT(out.len, ==, 70000);
    restore_done(&r);
    hidden_close(&h);
}

TEST(hiding_and_restoring_any_text_gives_it_back)
{
    static const char *const texts[] = {
        "An Frau Erika Sommerfeld, Heidestraße 17, 51147 Köln, geb. 12.08.1964",
        "E-Mail erika.mommerfeld@example.org, Tel. 0221 1234567, IBAN DE02120300000000202051",
        "Az. 12 K 345/21, Herr Peter Beispiel (Steuer-ID 02476291358), Kennzeichen K-AB 123"};
    hidden_open(&h, texts, 3);
    for (size_t i = 0; i < 3; i++) {
        CHECK(!str_eq(h.texts[i], str_of(texts[i])));
        for (size_t step = 1; step < 40; step++)
            CHECK_STR(restored(h.texts[i], step, false), str_of(texts[i]));
    }
    hidden_close(&h);
}
