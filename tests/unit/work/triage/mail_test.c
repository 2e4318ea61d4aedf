/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/triage/mail.h"

#include "test.h"

#define MAIL(m, bytes)                                                                             \
    AUTO(arena) *arena_of_##m = NULL;                                                              \
    struct mail m = {.text = STR_NONE};                                                            \
    CHECK_OK(arena_open(1 << 20, &arena_of_##m));                                                  \
    CHECK_OK(mail_read(arena_of_##m, STR(bytes), &m))

TEST(of_a_mail_its_subject_and_its_own_words_are_read)
{
    MAIL(
        m,
        "From: a@b.example\r\nDate: Mon, 23 Nov 2026 14:00:00 +0100\r\nSubject: Hund\r\n\r\n"
        "Sehr geehrte Damen und Herren,\r\n\r\nich habe einen Hund.\r\n\r\n"
        "Mit freundlichen Grüßen\r\nA. Muster\r\n-- \r\nMuster GmbH, bis 1.1.2027 geschlossen\r\n");
    char room[DAY_TEXT];
    CHECK_STR(m.text, STR("Hund.\n\nich habe einen Hund.\n\nA. Muster\n"));
    CHECK(m.has_day);
    CHECK_STR(day_text(m.day, room), STR("2026-11-23"));
}

TEST(what_somebody_else_wrote_before_is_left_out)
{
    MAIL(m, "Nein, der andere.\n> Meinen Sie den Ausweis?\nAm 1.1.2026 schrieb das Amt:\nAlles "
            "andere\n");
    CHECK_STR(m.text, STR("Nein, der andere.\n"));
    MAIL(o, "No.\n-----Original Message-----\nYes.\n");
    CHECK_STR(o.text, STR("No.\n"));
    MAIL(w, "No.\nOn Monday she wrote:\nYes.\n");
    CHECK_STR(w.text, STR("No.\n"));
}

TEST(a_text_without_a_header_is_taken_whole)
{
    MAIL(m, "Frage: Was kostet das?\n\nEin Ausweis.\n");
    CHECK_STR(m.text, STR("Frage: Was kostet das?\n\nEin Ausweis.\n"));
    CHECK(!m.has_day);
    MAIL(d, "Date: irgendwann\nSubject: x\n\ny\n");
    CHECK(!d.has_day);
    MAIL(f, "Date: Mon, 31 Feb 2026 1:1:1 +0000\n\ny\n");
    CHECK(!f.has_day);
    MAIL(none, "");
    CHECK_INT(none.text.len, ==, 0);
}

TEST(what_is_too_long_or_no_text_is_refused)
{
    AUTO(arena) *a = NULL;
    static char big[MAIL_BYTES_MAX + 1];
    struct mail m;
    memset(big, 'a', sizeof big);
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_ERR(mail_read(a, (str){big, sizeof big}, &m), TOO_LARGE);
    CHECK_ERR(mail_read(a, STR("\xff\xfe"), &m), PARSE);
}

TEST(danger_comes_before_hardship_and_hardship_before_haste)
{
    str word;
    CHECK_INT(mail_urgency(STR("Es ist dringend, mein Mann übt Gewalt aus."), &word), ==,
              URGENCY_NOW);
    CHECK_STR(word, STR("gewalt"));
    CHECK_INT(mail_urgency(STR("Eilt! Morgen wird uns der Strom abgestellt."), &word), ==,
              URGENCY_HIGH);
    CHECK_STR(word, STR("strom abgestellt"));
    CHECK_INT(mail_urgency(STR("Bitte DRINGEND antworten"), &word), ==, URGENCY_SOON);
    CHECK_INT(mail_urgency(STR("We are about to be evicted"), &word), ==, URGENCY_HIGH);
    CHECK_STR(str_of(urgency_name(URGENCY_NOW)), STR("now"));
}

TEST(loud_words_that_say_nothing_make_nothing_urgent)
{
    str word = STR("x");
    CHECK_INT(mail_urgency(STR("ICH WILL JETZT EINE ANTWORT!!!"), &word), ==, URGENCY_NORMAL);
    CHECK_STR(word, STR(""));
    CHECK_INT(mail_urgency(STR("Vollstreckungsgewaltiges"), &word), ==, URGENCY_NORMAL);
    CHECK_INT(mail_urgency(STR_NONE, &word), ==, URGENCY_NORMAL);
}
