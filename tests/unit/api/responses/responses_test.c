/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/responses.h"

#include "unit/api/responses/send.h"

/* The pattern with "nix" for whatever stands in braces. */
static const char *
nowhere(const char *pattern)
{
    static char room[200];
    size_t n = 0;
    for (const char *p = pattern; *p && n < sizeof room - 4; p++) {
        if (*p != '{') {
            room[n++] = *p;
            continue;
        }
        memcpy(room + n, "nix", 3);
        n += 3;
        p = strchr(p, '}');
    }
    room[n] = 0;
    return room;
}

TEST(every_route_asks_for_a_key)
{
    open_site();
    for (size_t i = 0; i < responses_table.count; i++) {
        const struct route *route = &responses_table.routes[i];
        if (route->on_data)
            continue; /* files_test.c */
        AUTO(reply) *r = SEND(.method = route->method == HTTP_GET    ? "GET"
                                        : route->method == HTTP_POST ? "POST"
                                                                     : "DELETE",
                              .path = nowhere(route->pattern));
        CHECK_INT(r->status, ==, 401);
    }
    close_site();
}

/* Whatever is asked of what is not there, the answer is 404 in the dialect's shape. */
TEST(what_is_not_there_is_404_on_every_route_that_names_something)
{
    open_site();
    const char *k = site_key("amt", "VS-NfD");
    for (size_t i = 0; i < responses_table.count; i++) {
        const struct route *route = &responses_table.routes[i];
        if (!strchr(route->pattern, '{'))
            continue;
        const char *path = nowhere(route->pattern);
        AUTO(reply) *r =
            SEND(.method = route->method == HTTP_GET    ? "GET"
                           : route->method == HTTP_POST ? "POST"
                                                        : "DELETE",
                 .path = path, .key = k,
                 .body = route->method == HTTP_POST
                             ? STR("{\"items\":[{\"role\":\"user\",\"content\":\"x\"}]}")
                             : STR_NONE);
        if (r->status != 404)
            test_fail(__FILE__, __LINE__, "%s: %d", path, r->status);
        CHECK_STR(reply_text(r, "error.code"), STR("not_found"));
    }
    close_site();
}
