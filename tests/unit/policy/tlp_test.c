/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/tlp.h"

#include "base/buf.h"
#include "test.h"

static const char lattice[] =
    "version: 1\n"
    "levels:\n"
    "  - { height: 0, id: offen, title: Offen }\n"
    "  - { height: 1, id: intern, title: Intern }\n"
    "  - { height: 2, id: VS-NfD, title: VS-NfD }\n"
    "compartments: [{ bit: 8, id: A, title: A }]\n"
    "parties: [{ bit: 128, id: BUND, title: Bund }, { bit: 129, id: EU, title: EU }]\n"
    "taints: [{ bit: 224, id: web, title: Web }]\n";

static const char table[] = "tlp:\n"
                            "  - { name: CLEAR, label: offen }\n"
                            "  - { name: AMBER, label: intern }\n"
                            "  - { name: AMBER+STRICT, label: \"intern//REL BUND,EU\" }\n"
                            "  - { name: RED, label: \"VS-NfD//REL BUND\" }\n";

static err
load(const char *more, policy **ret)
{
    AUTO(buf) b = BUF(8192);
    buf_add(&b, str_of(lattice));
    buf_add(&b, str_of(more));
    return policy_load(buf_str(&b), ret);
}

TEST(a_name_stands_for_the_label_the_policy_gives_it)
{
    policy *p = NULL;
    label l, want;
    NEED_OK(load(table, &p));
    CHECK_OK(tlp_label(p, STR("TLP:RED"), &l));
    CHECK_OK(label_parse(policy_names(p), STR("VS-NfD//REL BUND"), &want));
    CHECK(label_eq(l, want));
    CHECK_OK(tlp_label(p, STR("tlp:amber+strict"), &l));
    CHECK_OK(tlp_label(p, STR("clear"), &l));
    CHECK(label_eq(l, LABEL_BOTTOM));
    policy_free(p);
}

TEST(what_is_no_name_or_has_no_label_is_refused)
{
    policy *p = NULL;
    label l = LABEL_BOTTOM;
    NEED_OK(load(table, &p));
    CHECK_ERR(tlp_label(p, STR("TLP:GREEN"), &l), UNSUPPORTED);
    static const char *const bad[] = {"",    "TLP:",     "TLP:WHITE", "TLP:AMBER +STRICT",
                                      "ROT", "TLP:REDD", "RED "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(tlp_label(p, str_of(bad[i]), &l), PARSE);
    CHECK(strstr(err_public(tlp_label(p, STR("white"), &l)), "CLEAR"));
    policy_free(p);
}

TEST(the_way_out_takes_the_lowest_name_that_protects_enough)
{
    static const char *const cases[][2] = {
        {"offen", "CLEAR"},          {"offen//TAINT web", "CLEAR"},
        {"intern", "AMBER"},         {"offen//REL BUND,EU", "AMBER+STRICT"},
        {"intern//REL BUND", "RED"}, {"VS-NfD", "RED"}};
    policy *p = NULL;
    NEED_OK(load(table, &p));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        label l;
        enum tlp t = TLP_COUNT;
        CHECK_OK(label_parse(policy_names(p), str_of(cases[i][0]), &l));
        CHECK_OK(tlp_of(p, l, &t));
        NEED(t < TLP_COUNT);
        CHECK_STR(str_of(tlp_name(t)), str_of(cases[i][1]));
    }
    policy_free(p);
}

TEST(what_no_name_covers_has_none)
{
    policy *p = NULL;
    label l;
    enum tlp t;
    NEED_OK(load(table, &p));
    CHECK_OK(label_parse(policy_names(p), STR("offen//A"), &l));
    CHECK_ERR(tlp_of(p, l, &t), UNSUPPORTED);
    CHECK_OK(label_parse(policy_names(p), STR("offen//REL NONE"), &l));
    CHECK_ERR(tlp_of(p, l, &t), UNSUPPORTED);
    policy_free(p);
    NEED_OK(load("", &p));
    CHECK_ERR(tlp_of(p, LABEL_BOTTOM, &t), UNSUPPORTED);
    policy_free(p);
}

TEST(a_table_that_makes_no_sense_is_no_policy)
{
    static const char *const bad[] = {
        "tlp: [{ name: WHITE, label: offen }]\n",
        "tlp: [{ name: RED, label: GEHEIM }]\n",
        "tlp: [{ name: RED, label: intern }, { name: RED, label: intern }]\n",
        "tlp: [{ name: RED, label: offen }, { name: AMBER, label: intern }]\n",
        "tlp: [{ name: RED }]\n",
        "tlp: [{ name: RED, label: offen, bit: 3 }]\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        policy *p = NULL;
        CHECK_ERR(load(bad[i], &p), CONFIG);
        CHECK(!p);
    }
}
