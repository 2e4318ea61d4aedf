/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

TEST(the_version_names_commit_compiler_and_libraries)
{
    FRESH(r);
    r.env.commit = "c0ffee";
    RUN(&r, NULL, "version");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "hoheit 0.1\ncommit      c0ffee\n");
    CHECK_OUT(&r, "libuv ");
    CHECK_OUT(&r, "llhttp      9.");
    CHECK_NOT_IN(r.out, "sbom");
}

TEST(quiet_leaves_one_line)
{
    FRESH(r);
    RUN(&r, NULL, "version", "-q");
    CHECK_STR(str_of(r.out), STR("hoheit 0.1\n"));
}

TEST(as_json_it_is_json)
{
    FRESH(r);
    AUTO(arena) *a = NULL;
    jval root;
    r.env.commit = "c0ffee";
    r.env.sbom_sha256 = "abc";
    RUN(&r, NULL, "version", "--json");
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(json_read(a, str_of(r.out), &root));
    const jval commit = json_get(&root, "commit"), sbom = json_get(&root, "sbom_sha256");
    str s = STR_NONE;
    CHECK_OK(json_str(&commit, 100, &s));
    CHECK_STR(s, STR("c0ffee"));
    CHECK_OK(json_str(&sbom, 100, &s));
    CHECK_STR(s, STR("abc"));
}

TEST(it_takes_no_arguments)
{
    FRESH(r);
    RUN(&r, NULL, "version", "please");
    CHECK_STATUS(&r, 2);
}

TEST(the_version_is_told_by_option_too)
{
    const char *const argv[] = {"hoheit", "--version"};
    FILE *out = rig_file();
    const struct cli_env env = {
        .in = stdin, .out = out, .err = stderr, .offline = commands_offline};
    static char text[FAKE_ROOM];
    CHECK_INT(cli_run(2, argv, &env), ==, 0);
    run_fill(text, out);
    CHECK_IN(text, "hoheit 0.1\n");
}
