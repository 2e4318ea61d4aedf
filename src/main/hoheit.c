/* SPDX-License-Identifier: EUPL-1.2 */
/* hoheit - the command line.  Composition only: the environment is read here, everything else is
 * in cli/. */
#include <signal.h>
#include <stdlib.h>

#include "api/fates/fates.h"
#include "api/openapi/openapi.h"
#include "cli/cli.h"
#include "cli/offline/commands.h"

#ifndef HOHEIT_SBOM_SHA256 /* a release build names its bill of materials */
#define HOHEIT_SBOM_SHA256 NULL
#endif

static fallible
put_openapi(FILE *f)
{
    AUTO(buf) b = BUF(OPENAPI_BYTES_MAX);
    openapi_put(&b);
    TRY(buf_end(&b));
    (void)fwrite(b.at, 1, b.len, f);
    (void)fputc('\n', f);
    return OK;
}

int
main(int argc, char **argv)
{
    const struct cli_env env = {.in = stdin,
                                .out = stdout,
                                .err = stderr,
                                .data = secure_getenv("HOHEIT_DATA"),
                                .url = secure_getenv("HOHEIT_URL"),
                                .key = secure_getenv("HOHEIT_KEY"),
                                .home = secure_getenv("HOME"),
                                .term = secure_getenv("TERM"),
                                .no_color = secure_getenv("NO_COLOR"),
                                .commit = HOHEIT_COMMIT,
                                .sbom_sha256 = HOHEIT_SBOM_SHA256,
                                .put_dialects = fates_put,
                                .put_openapi = put_openapi,
                                .offline = commands_offline,
                                .prepare = commands_prepare,
                                .confine = true};
    /* A peer or reader that is gone shows as a failed write. */
    (void)signal(SIGPIPE, SIG_IGN);
    return cli_run(argc, (const char *const *)argv, &env);
}
