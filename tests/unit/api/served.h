/* SPDX-License-Identifier: EUPL-1.2 */
/* served.h - a gate (unit/gate/rig.h) behind a real server, on a Unix socket (the operator's) and
 * on loopback TCP.  Waits are bounded: what does not come within SITE_MS is a failed test. */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "api/api.h"
#include "net/server.h"
#include "unit/gate/asker.h"
#include "unit/gate/caller.h"

enum { SITE_MS = 20000 };

struct site {
    struct rig rig;
    api *api;
    http_server *server;
    char local[128], net[128]; /* as the client takes them */
    char port[8];
};

static struct site site;

/* Turns until it holds; false when it takes too long. */
#define SITE_UNTIL(condition)                                                                      \
    ({                                                                                             \
        const uint64_t until_us_ = clock_us() + SITE_MS * UINT64_C(1000);                          \
        bool holds_ = (condition);                                                                 \
        while (!holds_ && clock_us() < until_us_) {                                                \
            rig_turn(&site.rig);                                                                   \
            holds_ = (condition);                                                                  \
        }                                                                                          \
        if (!holds_)                                                                               \
            test_fail(__FILE__, __LINE__, "waited in vain for %s", #condition);                    \
        holds_;                                                                                    \
    })

static inline void
site_listen(void)
{
    char path[108], bound[128];
    int f = -1;
    snprintf(path, sizeof path, "%.90s/s", site.rig.dir);
    CHECK_OK(http_bind_unix(path, &f));
    CHECK_OK(http_server_listen(site.server, f, NULL));
    snprintf(site.local, sizeof site.local, "unix:%s", path);
    CHECK_OK(http_bind(STR("127.0.0.1:0"), &f, bound));
    CHECK_OK(http_server_listen(site.server, f, NULL));
    snprintf(site.net, sizeof site.net, "http://%.100s", bound);
    snprintf(site.port, sizeof site.port, "%.7s", strrchr(bound, ':') + 1);
}

/* On a rig that is open; its parameters are taken as they are. */
static inline void
site_serve(const struct route_table *tables, size_t count, const struct dialect *fallback)
{
    CHECK_OK(api_new(site.rig.gate, tables, count, fallback, &site.api));
    CHECK_OK(http_server_new(site.rig.l, &site.rig.params, &site.rig.meters, api_hooks(site.api),
                             &site.server));
    site_listen();
}

/* Engines are talkers, unless the test says otherwise before the first request. */
static inline void
site_open(const struct route_table *tables, size_t count, const struct dialect *fallback)
{
    memset(&site, 0, sizeof site);
    rig_open(&site.rig);
    site.rig.talkers = true;
    site_serve(tables, count, fallback);
}

static inline void
site_close(void)
{
    http_server_free(site.server);
    api_free(site.api);
    rig_close(&site.rig);
}

/* A key for the network, as its text; `clearance` NULL: an operator's; `role` may be empty. */
static inline const char *
site_key_as(const char *name, const char *clearance, const char *role)
{
    static char rooms[8][KEY_TEXT_MAX];
    static unsigned next;
    char *text = rooms[next++ % 8];
    const struct key_wish w = {.name = str_of(name),
                               .clearance = str_of(clearance ? clearance : "offen"),
                               .default_label = STR("offen"),
                               .role = str_of(role),
                               .is_operator = !clearance};
    OPERATOR(c, &site.rig);
    CHECK_OK(caller_wait(&c, admin_key_add(&c.call, &w, text)));
    return text;
}

static inline const char *
site_key(const char *name, const char *clearance)
{
    return site_key_as(name, clearance, "");
}
