/* SPDX-License-Identifier: EUPL-1.2 */
#include "downgrade/residue.h"

#include "unit/downgrade/hidden.h"

static err
check(struct hidden *h, const char *text)
{
    const str s = str_of(text);
    return residue_check(h->m, h->a, &s, 1);
}

TEST(what_was_hidden_well_passes)
{
    HIDE(h, "Frau Erika Sommerfeld, IBAN DE02120300000000202051, geb. 12.08.1964",
         "Sie erhalten 1.234,56 Euro nach § 35 SGB I, Az. siehe oben.");
    CHECK_OK(residue_check(h.m, h.a, h.texts, h.count));
    hidden_close(&h);
}

TEST(a_value_that_stands_elsewhere_in_another_form_stops_the_text)
{
    static const char *const leaks[] = {
        "die Sommerfeld sagt", "SOMMERFELD", "xyz DE02-1203-0000-0000-2020-51",
        "de02 120300000000202051", "D E 0 2 1 2 0 3 0 0 0 0 0 0 0 0 2 0 2 0 5 1"};
    HIDE(h, "Frau Erika Sommerfeld, IBAN DE02120300000000202051");
    for (size_t i = 0; i < sizeof leaks / sizeof *leaks; i++)
        CHECK_ERR(check(&h, leaks[i]), DENIED);
    hidden_close(&h);
}

TEST(the_reason_says_the_kind_and_never_the_value)
{
    HIDE(h, "Frau Erika Sommerfeld");
    CHECK_ERR(check(&h, "Sommerfeld"), DENIED);
    const str said = str_of(err_public((err){ERR_DENIED}));
    CHECK(str_find(said, STR("PERSON")) >= 0);
    CHECK(str_find(said, STR("ommerfeld")) < 0);
    hidden_close(&h);
}

TEST(what_has_the_shape_of_an_identifier_stops_the_text)
{
    static const char *const leaks[] = {"an a@b", "0221 123 456 789", "12-34-56-78-90",
                                        "nr123456789", "ü@example.org"};
    HIDE(h, "nichts");
    for (size_t i = 0; i < sizeof leaks / sizeof *leaks; i++)
        CHECK_ERR(check(&h, leaks[i]), DENIED);
    hidden_close(&h);
}

TEST(plain_office_text_passes)
{
    static const char *const fine[] = {
        "Am 12.08.2024 um 14:30 Uhr, 1.234.567 Euro, § 12 Abs. 3 Nr. 4", "@ allein, oder a @ b",
        "2024, 2025, 2026, 2027", "klein und mommerfeld klein", ""};
    HIDE(h, "Frau Erika Sommerfeld");
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        CHECK_OK(check(&h, fine[i]));
    hidden_close(&h);
}
