/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/help.h"

#include "base/err.h"
#include "cli/cli.h"
#include "cli/show.h"

enum { WIDTH = 78, NAME_WIDTH = 16, OPTION_WIDTH = 27 };

static void
put_head(FILE *f, bool colored, const char *text)
{
    (void)fputc('\n', f);
    show_styled(f, colored, STYLE_BOLD, str_of(text));
    (void)fputc('\n', f);
}

static void
put_line(FILE *f, enum command_id id)
{
    const struct command_info *const c = command_info(id);
    const bool is_long = strlen(c->words) >= NAME_WIDTH;
    (void)fprintf(f, "  %-*s", NAME_WIDTH, c->words);
    if (is_long)
        (void)fprintf(f, "\n  %*s", NAME_WIDTH, "");
    (void)fprintf(f, "%s\n", c->summary);
}

/* ---- options */

static void
put_option(FILE *f, const struct option_info *o)
{
    char left[80];
    const char letter[] = {'-', o->letter, ',', ' ', 0};
    const int n = snprintf(left, sizeof left, "  %s--%s%s%s", o->letter ? letter : "    ", o->name,
                           *o->argument ? " " : "", o->argument);
    (void)fprintf(f, "%-*s", OPTION_WIDTH, left);
    if (n > OPTION_WIDTH - 2)
        (void)fprintf(f, "\n%*s", OPTION_WIDTH, "");
    show_hanging(f, str_of(o->help), OPTION_WIDTH, WIDTH - OPTION_WIDTH);
}

static void
put_options(FILE *f, bool colored, enum command_id id, const char *head)
{
    bool any = false;
    const struct option_info *o;
    for (size_t i = 0; (o = option_at(i)); i++) {
        if (o->command != id)
            continue;
        if (!any)
            put_head(f, colored, head);
        any = true;
        put_option(f, o);
    }
}

static void
put_examples(FILE *f, bool colored, enum command_id id)
{
    bool any = false;
    const struct example_info *e;
    for (size_t i = 0; (e = example_at(i)); i++) {
        if (e->command != id)
            continue;
        if (!any)
            put_head(f, colored, "Examples");
        any = true;
        (void)fprintf(f, "  %s\n      %s\n", e->line, e->says);
    }
}

/* ---- pages */

void
help_overview(FILE *f, bool colored)
{
    const char *group = "";
    (void)fputs("usage: hoheit COMMAND [OPTION]... [ARGUMENT]...\n", f);
    for (int i = 0; i < CMD_global; i++) {
        const struct command_info *const c = command_info((enum command_id)i);
        if (strcmp(c->group, group) != 0)
            put_head(f, colored, c->group);
        group = c->group;
        put_line(f, (enum command_id)i);
    }
    put_options(f, colored, CMD_global, "Options of every command");
    (void)fputs("\n`hoheit help COMMAND` explains one.\n", f);
}

void
help_command(FILE *f, bool colored, enum command_id id)
{
    const struct command_info *const c = command_info(id);
    show_styled(f, colored, STYLE_BOLD, str_of("hoheit "));
    show_styled(f, colored, STYLE_BOLD, str_of(c->words));
    (void)fprintf(f, " - %s\n\nusage: hoheit %s [OPTION]...%s%s\n", c->summary, c->words,
                  *c->arguments ? " " : "", c->arguments);
    if (*c->about)
        (void)fputc('\n', f);
    if (*c->about)
        show_wrapped(f, str_of(c->about), 2, WIDTH - 2);
    put_options(f, colored, id, "Options");
    put_examples(f, colored, id);
    (void)fputs("\n`hoheit help` lists the options of every command.\n", f);
}

void
help_group(FILE *f, bool colored, str word)
{
    (void)fprintf(f, "usage: hoheit %.*s COMMAND [OPTION]... [ARGUMENT]...\n", STR_FMT(word));
    put_head(f, colored, "Commands");
    for (int i = 0; i < CMD_global; i++) {
        const str words = str_of(command_info((enum command_id)i)->words);
        if (str_starts(words, word) && words.len > word.len && words.at[word.len] == ' ')
            put_line(f, (enum command_id)i);
    }
}

/* ---- the command */

static fallible
no_such(str words)
{
    struct nearest n = {.word = words};
    for (int i = 0; i < CMD_global; i++)
        nearest_try(&n, command_info((enum command_id)i)->words);
    if (n.best)
        REFUSE(ARGUMENT, "", "there is no command \"%.*s\"; did you mean \"%s\"?", STR_FMT(words),
               n.best);
    REFUSE(ARGUMENT, "", "there is no command \"%.*s\"", STR_FMT(words));
}

fallible
cmd_help(struct cli *c, const struct args *a)
{
    if (!a->count) {
        help_overview(c->out, c->colored);
        return OK;
    }
    const str words = a->count == 1
                          ? a->at[0]
                          : arena_fmt(c->a, "%.*s %.*s", STR_FMT(a->at[0]), STR_FMT(a->at[1]));
    const enum command_id id = command_find(words);
    if (id != CMD_global)
        help_command(c->out, c->colored, id);
    else if (command_is_group(words))
        help_group(c->out, c->colored, words);
    else
        return no_such(words);
    return OK;
}
