/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#define LABEL(r, ...) RUN(r, NULL, "label", __VA_ARGS__, "--policy", "etc/policy.yaml")

TEST(a_label_is_read_and_written_as_it_is_kept)
{
    FRESH(r);
    LABEL(&r, "parse", "vs-nfd // STEUERGEHEIMNIS,SOZIALDATEN");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("VS-NfD//SOZIALDATEN,STEUERGEHEIMNIS\n"));
    LABEL(&r, "parse", "intern//SOZIALDATEN", "--json");
    CHECK_OUT(&r, "{\"label\":\"intern//SOZIALDATEN\",\"bits\":[0,8]}");
    LABEL(&r, "parse", "intern//NEIN");
    CHECK(r.status != 0);
    CHECK_SAYS(&r, "not in the policy");
}

TEST(labels_are_joined)
{
    FRESH(r);
    LABEL(&r, "join", "intern//SOZIALDATEN", "offen//REL BUND,BAYERN", "offen//REL BUND");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("intern//SOZIALDATEN//REL BUND\n"));
    LABEL(&r, "join", "intern", "");
    CHECK(r.status != 0);
}

TEST(other_markings_come_in)
{
    FRESH(r);
    LABEL(&r, "import", "--from", "accumulo", "intern&SOZIALDATEN&(BUND|BAYERN)");
    CHECK_STR(str_of(r.out), STR("intern//SOZIALDATEN//REL BUND,BAYERN\n"));
    LABEL(&r, "import", "--from", "accumulo", "SOZIALDATEN|ART9");
    CHECK(r.status != 0);
    CHECK_SAYS(&r, "only parties can be alternatives");
    LABEL(&r, "import", "--from", "accumulo", "SOZIALDATEN&");
    CHECK_SAYS(&r, "byte 13");
    LABEL(&r, "import", "--from", "tlp", "TLP:RED");
    CHECK(r.status != 0); /* the shipped policy leaves that to the installation */
    CHECK_SAYS(&r, "does not say what TLP:RED is here");
    LABEL(&r, "import", "intern");
    CHECK_SAYS(&r, "--from accumulo, --from tlp or --from stanag4774");
    LABEL(&r, "export", "--to", "stanag4774", "--policy-id", "DEU", "VS-NfD//ART9//REL BUND");
    char xml[4096];
    NEED(str_copy(str_trim(str_of(r.out)), xml, sizeof xml));
    xml[strcspn(xml, "\n")] = 0;
    LABEL(&r, "import", "--from", "stanag4774", "--policy-id", "DEU", xml);
    CHECK_STR(str_of(r.out), STR("VS-NfD//ART9//REL BUND\n"));
    LABEL(&r, "import", "--from", "stanag4774", "--policy-id", "FRA", xml);
    CHECK(r.status != 0);
    CHECK_SAYS(&r, "the label is one of another policy");
    LABEL(&r, "import", "--from", "stanag4774", xml);
    CHECK_SAYS(&r, "--policy-id");
}

TEST(labels_go_out)
{
    FRESH(r);
    LABEL(&r, "export", "--to", "accumulo", "STRENG GEHEIM//ART9//REL BUND");
    CHECK_STR(str_of(r.out), STR("\"STRENG GEHEIM\"&ART9&(BUND)\n"));
    LABEL(&r, "export", "--to", "stanag4774", "--policy-id", "DEU", "VS-NfD//REL BUND");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "<slab:Classification>VS-NfD</slab:Classification>");
    CHECK_OUT(&r, "<slab:CreationDateTime>2");
    LABEL(&r, "export", "--to", "stanag4774", "VS-NfD");
    CHECK_SAYS(&r, "--policy-id");
    LABEL(&r, "export", "--to", "accumulo", "offen//TAINT web");
    CHECK(r.status != 0);
    LABEL(&r, "export", "--to", "tlp", "offen");
    CHECK(r.status != 0);
    LABEL(&r, "export", "offen");
    CHECK_SAYS(&r, "--to accumulo");
}

TEST(with_a_table_the_traffic_light_protocol_goes_both_ways)
{
    FRESH(r);
    char path[300];
    snprintf(path, sizeof path, "%s/tlp.yaml", test_dir());
    FILE *f = fopen(path, "w");
    NEED(f);
    fputs("version: 1\n"
          "levels: [{ height: 0, id: offen, title: O }, { height: 1, id: intern, title: I }]\n"
          "compartments: []\nparties: [{ bit: 128, id: BUND, title: B }]\ntaints: []\n"
          "tlp: [{ name: CLEAR, label: offen }, { name: RED, label: \"intern//REL BUND\" }]\n",
          f);
    fclose(f);
    RUN(&r, NULL, "label", "import", "--from", "tlp", "tlp:red", "--policy", path);
    CHECK_STR(str_of(r.out), STR("intern//REL BUND\n"));
    RUN(&r, NULL, "label", "export", "--to", "tlp", "intern", "--policy", path);
    CHECK_STR(str_of(r.out), STR("TLP:RED\n"));
}
