/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/stanag_read.h"

#include "policy/stanag.h"
#include "test.h"

static const struct label_name levels[] = {{STR_INIT("offen"), STR_INIT(""), 0},
                                           {STR_INIT("VS-NfD"), STR_INIT(""), 1}};
static const struct label_name compartments[] = {{STR_INIT("A"), STR_INIT(""), 8},
                                                 {STR_INIT("B"), STR_INIT(""), 64}};
static const struct label_name parties[] = {{STR_INIT("BUND"), STR_INIT(""), 128},
                                            {STR_INIT("EU"), STR_INIT(""), 200}};
static const struct label_name taints[] = {{STR_INIT("web"), STR_INIT(""), 224}};
static const struct label_names names = {levels, compartments, parties, taints, 2, 2, 2, 1};

static label
label_from(const char *text)
{
    label l = LABEL_BOTTOM;
    CHECK_OK(label_parse(&names, str_of(text), &l));
    return l;
}

/* The label that is read, or why none is. */
static void
check_read(const char *xml, const char *want)
{
    char room[LABEL_TEXT_MAX];
    label l = {{7, 7, 7, 7}};
    const err e = stanag_read(&names, str_of(xml), STR("DEU"), &l);
    if (e.code) {
        CHECK_STR(str_of(err_public((err){ERR_PARSE})), str_of(want));
        CHECK(e.code == ERR_PARSE && label_eq(l, (label){{7, 7, 7, 7}}));
    } else {
        CHECK_STR(label_text(&names, l, room), str_of(want));
    }
}

TEST(what_is_written_is_read_back_whatever_the_label)
{
    for (int i = 0; i < 500; i++) {
        AUTO(buf) b = BUF(8192);
        label l = label_of_level((int)(test_random() % 2)), back = LABEL_BOTTOM;
        static const int bits[] = {8, 64, 224};
        for (int k = 0; k < 3; k++)
            l = test_random() % 2 ? label_with(l, bits[k]) : l;
        if (test_random() % 2)
            l = label_join(l,
                           label_from(test_random() % 2 ? "offen//REL EU" : "offen//REL BUND,EU"));
        CHECK_OK(stanag_put(&names, l, STR("DEU"), STR("2026-01-01T00:00:00Z"), &b));
        CHECK_OK(stanag_read(&names, buf_str(&b), STR("DEU"), &back));
        NEED(label_eq(l, back));
    }
}

#define NS "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"
#define LABEL_IN(head, information)                                                                \
    head "<originatorConfidentialityLabel xmlns=\"" NS "\"><ConfidentialityInformation>"           \
         "<PolicyIdentifier>DEU</PolicyIdentifier>" information                                    \
         "</ConfidentialityInformation></originatorConfidentialityLabel>"
#define LEVEL "<Classification>VS-NfD</Classification>"
#define CATEGORY(type, tag, values)                                                                \
    "<Category Type=\"" type "\" TagName=\"" tag "\">" values "</Category>"
#define V(name) "<GenericValue>" name "</GenericValue>"
#define NOT_OURS "an element is none of a confidentiality label of STANAG 4774, or out of place"

TEST(another_system_s_layout_is_read)
{
    check_read(LABEL_IN("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x -->", LEVEL), "VS-NfD");
    check_read(LABEL_IN("", "\n  <Classification>\n vs-nfd </Classification>" CATEGORY(
                                "PERMISSIVE", "Releasable to", V("EU"))
                                CATEGORY("RESTRICTIVE", "Compartments", V("B") "\n" V("A"))),
               "VS-NfD//A,B//REL EU");
}

TEST(what_is_not_understood_is_refused)
{
    static const char *const cases[][2] = {
        {"", "this is no XML: no element found"},
        {"x", "this is no XML: syntax error"},
        {"<a>", NOT_OURS},
        {"<originatorConfidentialityLabel/>", NOT_OURS}, /* of no namespace */
        {"<originatorConfidentialityLabel xmlns=\"urn:nato:stanag:4774:"
         "confidentialitymetadatalabel:2:0\"/>",
         NOT_OURS},
        {"<alternativeConfidentialityLabel xmlns=\"" NS "\"/>", NOT_OURS},
        {LABEL_IN("", ""), "the label has no PolicyIdentifier or no Classification"},
        {LABEL_IN("", "<Classification>GEHEIM</Classification>"),
         "the classification is not one of the policy's levels"},
        {LABEL_IN("", "<Classification/>"), "the classification is not one of the policy's levels"},
        {LABEL_IN("", LEVEL LEVEL), "an element is there twice"},
        {LABEL_IN("", "<PolicyIdentifier>DEU</PolicyIdentifier>" LEVEL),
         "an element is there twice"},
        {LABEL_IN("", "<PrivacyMark>EYES ONLY</PrivacyMark>" LEVEL), NOT_OURS},
        {LABEL_IN("", LEVEL "x"), "there is text between the elements"},
        {LABEL_IN("", LEVEL CATEGORY("RESTRICTIVE", "Compartments", "")),
         "a category has no value"},
        {LABEL_IN("", LEVEL CATEGORY("RESTRICTIVE", "Compartments", V("C"))),
         "a value of a category is not one of the policy's names"},
        {LABEL_IN("", LEVEL CATEGORY("RESTRICTIVE", "Compartments", V("A,B"))),
         "a value of a category is not one of the policy's names"},
        {LABEL_IN("", LEVEL CATEGORY("PERMISSIVE", "Releasable to", V("EU//TAINT web"))),
         "a value of a category is not one of the policy's names"},
        {LABEL_IN("", LEVEL CATEGORY("RESTRICTIVE", "Compartments", V("A") V("A"))),
         "a value of a category is there twice"},
        {LABEL_IN("", LEVEL CATEGORY("PERMISSIVE", "Releasable to", V("EU"))
                          CATEGORY("PERMISSIVE", "Releasable to", V("BUND"))),
         "a category is there twice"},
        {LABEL_IN("", LEVEL CATEGORY("PERMISSIVE", "Compartments", V("A"))),
         "a category is neither RESTRICTIVE Compartments, PERMISSIVE Releasable to, nor "
         "INFORMATIVE Source"},
        {LABEL_IN("", LEVEL "<Category><GenericValue>A</GenericValue></Category>"),
         "a category is neither RESTRICTIVE Compartments, PERMISSIVE Releasable to, nor "
         "INFORMATIVE Source"},
        {LABEL_IN("", LEVEL CATEGORY("RESTRICTIVE", "Compartments",
                                     "<BitStringValue>1</BitStringValue>")),
         NOT_OURS},
        {LABEL_IN("<?xml-stylesheet href=\"x\"?>", LEVEL),
         "a label has no processing instructions"},
        {LABEL_IN("", LEVEL) "<a/>", "this is no XML: junk after document element"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_read(cases[i][0], cases[i][1]);
    label l = LABEL_BOTTOM;
    CHECK_ERR(stanag_read(&names, STR(LABEL_IN("", LEVEL)), STR("FRA"), &l), PARSE);
    CHECK_STR(str_of(err_public((err){ERR_PARSE})), STR("the label is one of another policy"));
}

TEST(entities_are_refused_before_anything_is_opened_or_grows)
{
    static const char none[] = "a label has no document type and no entities";
    check_read(LABEL_IN("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
                        "<Classification>&x;</Classification>"),
               none);
    check_read(LABEL_IN("<!DOCTYPE a SYSTEM \"http://127.0.0.1:9/x.dtd\">", LEVEL), none);
    check_read(LABEL_IN("<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;\">"
                        "<!ENTITY c \"&b;&b;&b;&b;&b;\">]>",
                        "<Classification>&c;</Classification>"),
               none);
    check_read(LABEL_IN("", "<Classification>&x;</Classification>"),
               "this is no XML: undefined entity");
}

TEST(what_is_huge_is_refused_by_its_size)
{
    static char big[STANAG_BYTES_MAX + 2];
    label l = LABEL_BOTTOM;
    memset(big, ' ', sizeof big);
    CHECK_ERR(stanag_read(&names, (str){big, sizeof big - 1}, STR("DEU"), &l), PARSE);
    CHECK_STR(str_of(err_public((err){ERR_PARSE})), STR("a label has at most 65536 bytes"));
    AUTO(buf) b = BUF(4 * 1024 * 1024);
    buf_add(&b, STR("<originatorConfidentialityLabel xmlns=\"" NS "\"><ConfidentialityInformation>"
                    "<PolicyIdentifier>"));
    for (int i = 0; i < 300; i++)
        buf_add(&b, STR("D"));
    CHECK_ERR(stanag_read(&names, buf_str(&b), STR("DEU"), &l), PARSE);
    CHECK_STR(str_of(err_public((err){ERR_PARSE})), STR("a text is too long for a name"));
}

/* Every way to cut or change one byte of a label: never one that is less. */
TEST(a_damaged_label_is_refused_or_the_same_or_no_lower)
{
    AUTO(buf) b = BUF(8192);
    const label l = label_from("VS-NfD//A,B//REL EU//TAINT web");
    CHECK_OK(stanag_put(&names, l, STR("DEU"), STR_NONE, &b));
    for (size_t i = 0; i < b.len; i++) {
        label back = LABEL_BOTTOM;
        CHECK_ERR(stanag_read(&names, (str){b.at, i}, STR("DEU"), &back), PARSE);
    }
    for (int i = 0; i < 20000; i++) {
        label back = LABEL_BOTTOM;
        char *at = &b.at[test_random() % b.len];
        const char was = *at;
        *at = (char)(test_random() % 256);
        if (!stanag_read(&names, buf_str(&b), STR("DEU"), &back).code)
            NEED(label_eq(back, l));
        *at = was;
    }
}
