/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

TEST(each_line_is_answered_with_its_id)
{
    FRESH(r);
    r.input = "{\"id\":\"a\",\"text\":\"Frau Quöbb kam.\"}\n\n{\"id\":\"b\",\"text\":\"\"}\n";
    RUN(&r, NULL, "detect", "--jsonl");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "{\"id\":\"a\",\"spans\":[{\"start\":5,\"end\":10,\"type\":\"PERSON\"");
    CHECK_OUT(&r, "{\"id\":\"b\",\"spans\":[]}");
}

TEST(what_is_no_record_ends_the_run)
{
    FRESH(r);
    r.input = "nonsense\n";
    RUN(&r, NULL, "detect", "--jsonl");
    CHECK_STATUS(&r, 2);
    r.input = "{\"id\":\"a\"}\n";
    RUN(&r, NULL, "detect", "--jsonl");
    CHECK_STATUS(&r, 2);
    r.input = "[]\n";
    RUN(&r, NULL, "detect", "--jsonl");
    CHECK_STATUS(&r, 2);
}

TEST(the_form_must_be_named)
{
    FRESH(r);
    RUN(&r, NULL, "detect");
    CHECK_STATUS(&r, 2);
}
