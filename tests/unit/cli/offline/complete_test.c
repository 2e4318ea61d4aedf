/* SPDX-License-Identifier: EUPL-1.2 */
#include <sys/wait.h>

#include "rig.h"

/* Runs a shell over the text; its status, or -1 if there is no such shell. */
static int
run_shell(const char *shell, const char *option, const char *text)
{
    char path[300];
    int status = 0;
    snprintf(path, sizeof path, "%s/script", test_dir());
    FILE *f = fopen(path, "w");
    if (!f)
        return -1;
    fputs(text, f);
    fclose(f);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 1);
        execlp(shell, shell, option ? option : path, option ? path : NULL, NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status) == 127 ? -1 : WEXITSTATUS(status);
}

static void
check_parses(const char *shell, const char *option)
{
    FRESH(r);
    RUN(&r, NULL, "completion", shell);
    CHECK_STATUS(&r, 0);
    const int status = run_shell(shell, option, r.out);
    if (status < 0)
        SKIP("there is no %s", shell);
    CHECK_INT(status, ==, 0);
}

TEST(bash_reads_its_script)
{
    check_parses("bash", "-n");
}

TEST(zsh_reads_its_script)
{
    check_parses("zsh", "-n");
}

TEST(fish_reads_its_script)
{
    check_parses("fish", "-n");
}

/* What bash offers after these words: the script, then a check of COMPREPLY. */
static void
check_offers(const char *words, const char *want, int line)
{
    FRESH(r);
    static char script[2 * FAKE_ROOM];
    RUN(&r, NULL, "completion", "bash");
    snprintf(script, sizeof script,
             "%s\nCOMP_WORDS=(%s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_hoheit\n"
             "[ \"${COMPREPLY[*]}\" = '%s' ] || { echo \"# ${COMPREPLY[*]}\" >&2; exit 1; }\n",
             r.out, words, want);
    const int status = run_shell("bash", NULL, script);
    if (status < 0)
        SKIP("there is no bash");
    if (status != 0)
        test_fail(__FILE__, line, "after %s not %s is offered", words, want);
}

TEST(bash_offers_what_fits)
{
    check_offers("hoheit st", "stop status", __LINE__);
    check_offers("hoheit key ''", "add list rotate revoke", __LINE__);
    check_offers("hoheit --data /x key re", "revoke", __LINE__);
    check_offers("hoheit limit s", "set show", __LINE__);
    check_offers("hoheit -q model sh", "show", __LINE__);
    check_offers("hoheit key add --cl", "--clearance", __LINE__);
    check_offers("hoheit ask --te", "--temperature", __LINE__);
    check_offers("hoheit completion ''", "bash zsh fish", __LINE__);
    check_offers("hoheit --lang ''", "de en", __LINE__);
    check_offers("hoheit status --ra", "", __LINE__);
    check_offers("hoheit nothing ''", "", __LINE__);
}

TEST(every_command_and_option_is_in_every_script)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t i = 0; i < 3; i++) {
        FRESH(r);
        RUN(&r, NULL, "completion", shells[i]);
        for (size_t k = 0; option_at(k); k++)
            CHECK_OUT(&r, option_at(k)->name);
        for (int k = 0; k < CMD_global; k++) {
            const char *words = command_info((enum command_id)k)->words,
                       *last = strrchr(words, ' ');
            CHECK_OUT(&r, last ? last + 1 : words);
        }
    }
}

TEST(other_shells_are_refused)
{
    FRESH(r);
    RUN(&r, NULL, "completion", "tcsh");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "bash, zsh and fish");
    RUN(&r, NULL, "completion");
    CHECK_STATUS(&r, 2);
}
