/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit version`: what exactly runs here. */
#include <seccomp.h>
#include <uv.h>
#include <yaml.h>
#include <yyjson.h>

#include "cli/offline/commands.h"
#include "cli/show.h"
#include "net/parser.h"

static const char hoheit_version[] = "0.1";

struct library {
    const char *name;
    char version[32];
};

enum { LIBRARIES = 5 };

/* As they were found at run time where a library tells. */
static void
look(struct library ret[LIBRARIES])
{
    const struct scmp_version *const s = seccomp_version();
    const uint32_t y = yyjson_version();
    ret[0].name = "libuv";
    (void)snprintf(ret[0].version, sizeof ret[0].version, "%s", uv_version_string());
    ret[1].name = "llhttp";
    (void)snprintf(ret[1].version, sizeof ret[1].version, "%d.%d.%d", LLHTTP_VERSION_MAJOR,
                   LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH);
    ret[2].name = "yyjson";
    (void)snprintf(ret[2].version, sizeof ret[2].version, "%u.%u.%u", y >> 16, y >> 8 & 255,
                   y & 255);
    ret[3].name = "libyaml";
    (void)snprintf(ret[3].version, sizeof ret[3].version, "%s", yaml_get_version_string());
    ret[4].name = "libseccomp";
    (void)snprintf(ret[4].version, sizeof ret[4].version, "%u.%u.%u", s ? s->major : 0,
                   s ? s->minor : 0, s ? s->micro : 0);
}

static fallible
put_json(struct cli *c, const struct library libs[LIBRARIES], const char *commit)
{
    AUTO(buf) b = BUF(16 * 1024);
    json_open(&b, '{');
    json_member_str(&b, "version", str_of(hoheit_version));
    json_member_str(&b, "commit", str_of(commit));
    json_member_str(&b, "compiler", STR(__VERSION__));
    json_key(&b, "libraries");
    json_open(&b, '{');
    for (size_t i = 0; i < LIBRARIES; i++)
        json_member_str(&b, libs[i].name, str_of(libs[i].version));
    json_close(&b, '}');
    if (c->env.sbom_sha256)
        json_member_str(&b, "sbom_sha256", str_of(c->env.sbom_sha256));
    json_close(&b, '}');
    return cli_put_json(c, &b);
}

fallible
cmd_version(struct cli *c, const struct args *a)
{
    struct library libs[LIBRARIES];
    const char *const commit = c->env.commit ? c->env.commit : "unknown";
    struct table t;
    (void)a;
    look(libs);
    if (c->json)
        return put_json(c, libs, commit);
    (void)fprintf(c->out, "hoheit %s\n", hoheit_version);
    if (c->quiet)
        return OK;
    table_begin_plain(&t, c->a, 2);
    TRY(table_add(&t, STR("commit")));
    TRY(table_add(&t, str_of(commit)));
    TRY(table_add(&t, STR("compiler")));
    TRY(table_add(&t, STR(__VERSION__)));
    for (size_t i = 0; i < LIBRARIES; i++) {
        TRY(table_add(&t, str_of(libs[i].name)));
        TRY(table_add(&t, str_of(libs[i].version)));
    }
    if (c->env.sbom_sha256) {
        TRY(table_add(&t, STR("sbom sha256")));
        TRY(table_add(&t, str_of(c->env.sbom_sha256)));
    }
    table_show(&t, c->out, false);
    return OK;
}
