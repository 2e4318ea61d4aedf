/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/args.h"

#include <stdio.h>

#include "test.h"

#define READ(a, ...)                                                                               \
    args_read(1 + (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)),              \
              (const char *const[]){"hoheit", __VA_ARGS__}, a)

/* The command line is refused, and what is said holds `part`. */
#define CHECK_REFUSED(part, ...)                                                                   \
    do {                                                                                           \
        struct args read_;                                                                         \
        CHECK_ERR(READ(&read_, __VA_ARGS__), ARGUMENT);                                            \
        if (!strstr(err_text(), part))                                                             \
            test_fail(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", part, err_text());            \
    } while (0)

/* ---- the table */

TEST(every_command_is_found_by_its_words)
{
    for (int i = 0; i < CMD_global; i++)
        CHECK_INT(command_find(str_of(command_info((enum command_id)i)->words)), ==, i);
    CHECK_INT(command_find(STR("key")), ==, CMD_global);
    CHECK_INT(command_find(STR("")), ==, CMD_global);
}

TEST(first_words_of_several_are_groups)
{
    CHECK(command_is_group(STR("key")) && command_is_group(STR("model")));
    CHECK(!command_is_group(STR("ke")) && !command_is_group(STR("ask")) &&
          !command_is_group(STR("")));
}

TEST(no_option_is_said_twice_for_a_command)
{
    const struct option_info *o, *p;
    for (size_t i = 0; (o = option_at(i)); i++)
        for (size_t k = 0; (p = option_at(k)) && k < i; k++) {
            const bool together =
                o->command == p->command || o->command == CMD_global || p->command == CMD_global;
            if (!together)
                continue;
            if (strcmp(o->name, p->name) == 0 || (o->letter && o->letter == p->letter))
                test_fail(__FILE__, __LINE__, "--%s and --%s", o->name, p->name);
        }
}

TEST(what_the_table_says_reads_as_sentences)
{
    for (int i = 0; i < CMD_global; i++) {
        const str s = str_of(command_info((enum command_id)i)->summary);
        CHECK(s.len && s.at[0] >= 'A' && s.at[0] <= 'Z' && str_ends(s, STR(".")));
    }
    for (size_t i = 0; option_at(i); i++) {
        const str s = str_of(option_at(i)->help);
        CHECK(s.len && !(s.at[0] >= 'a' && s.at[0] <= 'z') && str_ends(s, STR(".")));
    }
}

/* The words of a command line: quoted ones whole, up to what a shell would take for itself. */
static int
split(char *line, const char *argv[32])
{
    int n = 0;
    line[strcspn(line, ">)|")] = 0;
    for (char *at = line + strspn(line, " "); *at && n < 31; at += strspn(at, " ")) {
        const char end = *at == '"' ? '"' : ' ';
        argv[n++] = at++;
        at += strcspn(at, (const char[]){end, 0});
        if (*at)
            *at++ = 0;
    }
    return n;
}

TEST(every_example_is_read)
{
    const struct example_info *e;
    for (size_t i = 0; (e = example_at(i)); i++) {
        const char *argv[32] = {0};
        char line[200];
        struct args a;
        snprintf(line, sizeof line, "%s", strstr(e->line, "hoheit"));
        CHECK_OK(args_read(split(line, argv), argv, &a));
        CHECK_INT(a.command, ==, e->command);
        CHECK_OK(args_check_count(&a));
    }
}

/* ---- reading */

TEST(options_stand_anywhere)
{
    struct args a;
    NEED_OK(READ(&a, "--json", "ask", "-m", "toy", "Hallo", "--label=VS-NfD", "file", "-q"));
    CHECK_INT(a.command, ==, CMD_ask);
    CHECK(args_has(&a, "json") && args_has(&a, "quiet") && !args_has(&a, "verbose"));
    CHECK_STR(args_str(&a, "model"), STR("toy"));
    CHECK_STR(args_str(&a, "label"), STR("VS-NfD"));
    CHECK_INT(a.count, ==, 2);
    CHECK_STR(a.at[0], STR("Hallo"));
    CHECK_STR(a.at[1], STR("file"));
}

TEST(letters_take_their_value_close_or_apart_and_can_be_joined)
{
    struct args a;
    NEED_OK(READ(&a, "ask", "-mtoy", "x"));
    CHECK_STR(args_str(&a, "model"), STR("toy"));
    NEED_OK(READ(&a, "status", "-jqv"));
    CHECK(args_has(&a, "json") && args_has(&a, "quiet") && args_has(&a, "verbose"));
    NEED_OK(READ(&a, "ask", "-jm", "toy", "x"));
    CHECK(args_has(&a, "json"));
    CHECK_STR(args_str(&a, "model"), STR("toy"));
}

TEST(two_dashes_end_options_and_one_is_an_argument)
{
    struct args a;
    NEED_OK(READ(&a, "ask", "--", "--model", "-"));
    CHECK_INT(a.count, ==, 2);
    CHECK_STR(a.at[0], STR("--model"));
    NEED_OK(READ(&a, "ask", "-", "-"));
    CHECK_INT(a.count, ==, 2);
}

TEST(the_last_of_two_counts)
{
    struct args a;
    NEED_OK(READ(&a, "ask", "--model", "a", "--model", "b", "x"));
    CHECK_STR(args_str(&a, "model"), STR("b"));
    NEED_OK(READ(&a, "ask", "--model", "--json", "x"));
    CHECK_STR(args_str(&a, "model"), STR("--json"));
    NEED_OK(READ(&a, "ask", "--label=", "x"));
    CHECK(args_has(&a, "label") && !args_str(&a, "label").len);
}

TEST(a_group_waits_for_its_second_word)
{
    struct args a;
    NEED_OK(READ(&a, "key", "--json", "add", "--name", "x"));
    CHECK_INT(a.command, ==, CMD_key_add);
    NEED_OK(READ(&a, "key"));
    CHECK_INT(a.command, ==, CMD_global);
    CHECK_STR(a.group, STR("key"));
}

TEST(what_is_unknown_is_refused_with_what_may_be_meant)
{
    CHECK_REFUSED("did you mean --model?", "ask", "--modle", "x");
    CHECK_REFUSED("did you mean --max-tokens?", "ask", "--max-token=5", "x");
    CHECK_REFUSED("unknown option --quux", "ask", "--quux", "x");
    CHECK_REFUSED("unknown option -x", "ask", "-x");
    CHECK_REFUSED("did you mean \"status\"?", "statsu");
    CHECK_REFUSED("did you mean \"key list\"?", "key", "lsit");
    CHECK_REFUSED("unknown command \"frobnicate\"", "frobnicate");
    CHECK_REFUSED("unknown option --clearance", "key", "--clearance", "x", "add");
    CHECK_REFUSED("unknown option --rate", "ask", "--rate", "5");
}

TEST(a_value_that_is_missing_or_too_much_is_refused)
{
    CHECK_REFUSED("--model needs a value", "ask", "x", "--model");
    CHECK_REFUSED("--model needs a value", "ask", "x", "-m");
    CHECK_REFUSED("--json takes no value", "status", "--json=yes");
}

TEST(too_many_words_are_refused)
{
    const char *argv[300];
    struct args a;
    argv[0] = "hoheit";
    argv[1] = "ask";
    for (int i = 2; i < 300; i++)
        argv[i] = "x";
    CHECK_ERR(args_read(300, argv, &a), ARGUMENT);
    for (int i = 2; i < 300; i++)
        argv[i] = "-q";
    CHECK_ERR(args_read(300, argv, &a), ARGUMENT);
}

TEST(the_number_of_arguments_is_bounded_by_the_table)
{
    struct args a;
    NEED_OK(READ(&a, "ask"));
    CHECK_ERR(args_check_count(&a), ARGUMENT);
    CHECK(strstr(err_text(), "usage: hoheit ask QUESTION") != NULL);
    NEED_OK(READ(&a, "status", "x"));
    CHECK_ERR(args_check_count(&a), ARGUMENT);
    NEED_OK(READ(&a, "model", "alias", "a", "b"));
    CHECK_OK(args_check_count(&a));
    NEED_OK(READ(&a, "model", "alias", "a", "b", "c"));
    CHECK_ERR(args_check_count(&a), ARGUMENT);
}

/* ---- values */

TEST(numbers_are_bounded_and_named_when_refused)
{
    struct args a;
    uint64_t n = 7;
    double d = 7;
    NEED_OK(READ(&a, "ask", "-n", "12", "-t", "0.5", "x"));
    CHECK_OK(args_u64(&a, "max-tokens", 1, 100, &n));
    CHECK_OK(args_f64(&a, "temperature", 0, 2, &d));
    CHECK(n == 12 && d > 0.49 && d < 0.51);
    CHECK_ERR(args_u64(&a, "max-tokens", 1, 11, &n), ARGUMENT);
    CHECK(strstr(err_text(), "--max-tokens: ") != NULL);
    NEED_OK(READ(&a, "ask", "-n", "many", "-t", "hot", "x"));
    CHECK_ERR(args_u64(&a, "max-tokens", 1, 100, &n), ARGUMENT);
    CHECK_ERR(args_f64(&a, "temperature", 0, 2, &d), ARGUMENT);
    CHECK_INT(n, ==, 12);
}

TEST(what_is_not_given_leaves_the_default)
{
    struct args a;
    uint64_t n = 7, ms = 8;
    NEED_OK(READ(&a, "ask", "x"));
    CHECK_OK(args_u64(&a, "max-tokens", 1, 5, &n));
    CHECK_INT(n, ==, 7);
    CHECK(args_value(&a, "model") == NULL);
    NEED_OK(READ(&a, "stop"));
    CHECK_OK(args_ms(&a, "wait", 100, &ms));
    CHECK_INT(ms, ==, 8);
    NEED_OK(READ(&a, "stop", "--wait", "5min"));
    CHECK_OK(args_ms(&a, "wait", 1000000, &ms));
    CHECK_INT(ms, ==, 300000);
    NEED_OK(READ(&a, "stop", "--wait", "soon"));
    CHECK_ERR(args_ms(&a, "wait", 1000000, &ms), ARGUMENT);
}

/* ---- what was meant */

static const char *
nearest_of(const char *word, const char *const *candidates)
{
    struct nearest n = {.word = str_of(word)};
    for (; *candidates; candidates++)
        nearest_try(&n, *candidates);
    return n.best ? n.best : "";
}

TEST(the_nearest_word_is_found_and_strangers_are_not)
{
    static const char *const all[] = {"status", "stop", "model", "key", "doctor", NULL};
    CHECK_STR(str_of(nearest_of("statsu", all)), STR("status"));
    CHECK_STR(str_of(nearest_of("docotr", all)), STR("doctor"));
    CHECK_STR(str_of(nearest_of("stp", all)), STR("stop"));
    CHECK_STR(str_of(nearest_of("models", all)), STR("model"));
    CHECK_STR(str_of(nearest_of("kye", all)), STR("key"));
    CHECK_STR(str_of(nearest_of("zebra", all)), STR(""));
    CHECK_STR(str_of(nearest_of("", all)), STR(""));
    CHECK_STR(
        str_of(nearest_of("a-word-that-is-far-too-long-for-any-of-the-commands-there-are", all)),
        STR(""));
}
