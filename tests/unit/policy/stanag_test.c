/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/stanag.h"

#include "base/fault.h"
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

#define HEAD                                                                                       \
    "<slab:originatorConfidentialityLabel "                                                        \
    "xmlns:slab=\"urn:nato:stanag:4774:confidentialitymetadatalabel:1:0\">"                        \
    "<slab:ConfidentialityInformation><slab:PolicyIdentifier>DEU</slab:PolicyIdentifier>"
#define TAIL "</slab:ConfidentialityInformation></slab:originatorConfidentialityLabel>"

TEST(each_part_of_a_label_has_its_category)
{
    AUTO(buf) b = BUF(8192);
    CHECK_OK(stanag_put(&names, label_from("VS-NfD//A,B//REL BUND//TAINT web"), STR("DEU"),
                        STR_NONE, &b));
    CHECK_STR(buf_str(&b),
              STR(HEAD
                  "<slab:Classification>VS-NfD</slab:Classification>"
                  "<slab:Category TagName=\"Compartments\" Type=\"RESTRICTIVE\">"
                  "<slab:GenericValue>A</slab:GenericValue><slab:GenericValue>B</slab:GenericValue>"
                  "</slab:Category><slab:Category TagName=\"Releasable to\" Type=\"PERMISSIVE\">"
                  "<slab:GenericValue>BUND</slab:GenericValue></slab:Category>"
                  "<slab:Category TagName=\"Source\" Type=\"INFORMATIVE\">"
                  "<slab:GenericValue>web</slab:GenericValue></slab:Category>" TAIL));
}

TEST(a_plain_label_has_no_category_and_a_time_stands_behind)
{
    AUTO(buf) b = BUF(8192);
    CHECK_OK(stanag_put(&names, LABEL_BOTTOM, STR("DEU"), STR("2026-01-01T00:00:00Z"), &b));
    CHECK_STR(buf_str(&b), STR(HEAD "<slab:Classification>offen</slab:Classification>"
                                    "</slab:ConfidentialityInformation>"
                                    "<slab:CreationDateTime>2026-01-01T00:00:00Z"
                                    "</slab:CreationDateTime>"
                                    "</slab:originatorConfidentialityLabel>"));
}

TEST(markup_in_names_is_text)
{
    AUTO(buf) b = BUF(8192);
    CHECK_OK(stanag_put(&names, LABEL_BOTTOM, STR("<a href=\"x\">&</a>"), STR_NONE, &b));
    CHECK(str_find(buf_str(&b),
                   STR(">&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;</slab:PolicyIdentifier>")) >
          0);
}

TEST(what_has_no_name_is_refused_and_nothing_is_written)
{
    const label bad[] = {label_with(LABEL_BOTTOM, 1),   label_with(LABEL_BOTTOM, 9),
                         label_with(LABEL_BOTTOM, 130), label_with(LABEL_BOTTOM, 255),
                         label_from("offen//REL NONE"), label_with(label_from("VS-NfD//A"), 63)};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf) b = BUF(8192);
        CHECK_ERR(stanag_put(&names, bad[i], STR("DEU"), STR_NONE, &b), UNSUPPORTED);
        CHECK_INT(b.len, ==, 0);
    }
}

TEST(without_memory_it_fails_whole)
{
    bool ended = false;
    for (long n = 1; !ended && n < 50; n++) {
        AUTO(buf) b = BUF(8192);
        fault_arm(n);
        const err e = stanag_put(&names, label_from("VS-NfD//A//REL EU"), STR("DEU"), STR_NONE, &b);
        ended = !fault_fired();
        fault_arm(0);
        CHECK(!e.code || b.len == 0);
    }
    CHECK(ended);
}
