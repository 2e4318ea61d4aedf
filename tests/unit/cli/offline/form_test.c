/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/file.h"
#include "rig.h"

static const char *
file_of(const char *name, const char *text)
{
    static char room[8][300];
    static int n;
    char *const at = room[n++ % 8];
    (void)snprintf(at, sizeof room[0], "%s/%s", test_dir(), name);
    CHECK_OK(file_write_atomic(at, str_of(text), 0600));
    return at;
}

#define SCHEMA                                                                                     \
    "{\"title\":\"Hund\",\"required\":[\"name\"],\"properties\":{\"name\":{\"type\":\"string\","   \
    "\"title\":\"Name\",\"description\":\"Wie im Impfpass.\",\"x-legal-basis\":\"§ 3\"}}}"

TEST(a_form_is_explained)
{
    FRESH(r);
    const char *const form = file_of("f.json", SCHEMA);
    RUN(&r, NULL, "form", "explain", form);
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("Hund\n\nName  (name)\n    Pflichtangabe: ein Text.\n    Wie im "
                                 "Impfpass.\n    § 3\n"));
    RUN(&r, NULL, "form", "explain", "--json", form);
    CHECK_OUT(&r, "\"legal_basis\":\"§ 3\"");
    RUN(&r, NULL, "form", "explain", file_of("x.json", "{}"));
    CHECK(r.status != 0);
}

TEST(values_are_held_against_it)
{
    FRESH(r);
    const char *const form = file_of("g.json", SCHEMA);
    RUN(&r, NULL, "form", "check", form, file_of("v.json", "{\"name\":\"Rex\"}"));
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR(""));
    const char *const bad = file_of("w.json", "{\"nam\":\"Rex\"}");
    RUN(&r, NULL, "form", "check", form, bad);
    CHECK(r.status != 0);
    CHECK_STR(str_of(r.err), STR(""));
    CHECK_OUT(&r, "name:\n    Name fehlt noch.");
    CHECK_OUT(&r, "nam:\n    Dieses Feld hat das Formular nicht.\n");
    RUN(&r, NULL, "form", "check", "--json", form, bad);
    CHECK_OUT(&r, "\"complete\":false");
    RUN(&r, NULL, "form", "check", form, file_of("y.json", "["));
    CHECK(r.status != 0);
}
