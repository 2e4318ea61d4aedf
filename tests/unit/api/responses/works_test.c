/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/works.h"

#include "base/fault.h"
#include "unit/api/responses/send.h"

TEST(works_end_with_whatever_they_were_doing)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = SEND(.method = "POST", .path = "/v1/responses", .key = k,
                          .body = STR("{\"input\":\"!hang\",\"background\":true}"));
    CHECK_INT(r->status, ==, 200);
    (void)SITE_UNTIL(works->background == 1);
    close_site(); /* which checks that no request runs any more */
}

TEST(without_works_there_is_nothing_to_end)
{
    works_free(NULL);
}

TEST(each_failure_at_the_start_is_told)
{
    open_site();
    for (long n = 1;; n++) {
        struct works *w = NULL;
        fault_arm(n);
        const err e = works_new(site.rig.gate, site.api, &w);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(!e.code == (w != NULL));
        works_free(w);
        if (!fired)
            break;
        CHECK_INT(n, <, 20);
    }
    api_set_works(site.api, works);
    close_site();
}
