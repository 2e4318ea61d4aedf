/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit completion SHELL`: scripts that know the table of commands.  They run no program while
 * somebody types. */
#include "cli/offline/commands.h"

/* ---- walking the table */

/* Is this the first command with this first word? */
static bool
is_first_of_word(int id, str *ret_word)
{
    str words = str_of(command_info((enum command_id)id)->words);
    (void)str_next(&words, ' ', ret_word);
    for (int i = 0; i < id; i++) {
        str other = str_of(command_info((enum command_id)i)->words), word;
        (void)str_next(&other, ' ', &word);
        if (str_eq(word, *ret_word))
            return false;
    }
    return true;
}

/* The second word of a command whose first is `group`; false if it is none of these. */
static bool
second_word(int id, str group, str *ret_word)
{
    str rest = str_of(command_info((enum command_id)id)->words), first;
    (void)str_next(&rest, ' ', &first);
    *ret_word = rest;
    return str_eq(first, group) && rest.len > 0;
}

static bool
takes_path(const char *argument)
{
    return strstr(argument, "FILE") || strstr(argument, "DIR");
}

/* "bash|zsh|fish" is a choice, "FILE|toy|toy-embed" one of some words and a path. */
static bool
is_choice(const char *argument)
{
    return strchr(argument, '|') != NULL;
}

/* The words of a choice, with blanks between. */
static void
put_choices(FILE *f, const char *argument)
{
    str rest = str_of(argument), word;
    while (str_next(&rest, '|', &word))
        if (word.len && word.at[0] >= 'a' && word.at[0] <= 'z')
            (void)fprintf(f, "%.*s ", STR_FMT(word));
}

/* For a string in single quotes; `quote` is how the shell writes one within, `colon` a colon. */
static void
put_quoted(FILE *f, const char *text, const char *quote, const char *colon)
{
    for (; *text; text++)
        if (*text == '\'')
            (void)fputs(quote, f);
        else if (*text == ':')
            (void)fputs(colon, f);
        else
            (void)fputc(*text, f);
}

/* Has an option before this one the same name? */
static bool
was_before(size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(option_at(i)->name, option_at(at)->name) == 0)
            return true;
    return false;
}

/* "-d | --data | …": options of any command that take a value, as a pattern of `case`. */
static void
put_value_patterns(FILE *f)
{
    const struct option_info *o;
    const char *between = "";
    for (size_t i = 0; (o = option_at(i)); i++) {
        if (!*o->argument || was_before(i))
            continue;
        (void)fprintf(f, "%s--%s", between, o->name);
        between = " | ";
        if (o->letter)
            (void)fprintf(f, " | -%c", o->letter);
    }
}

/* ---- bash */

static void
bash_options(FILE *f, enum command_id id)
{
    const struct option_info *o;
    for (size_t i = 0; (o = option_at(i)); i++)
        if (o->command == id || o->command == CMD_global)
            (void)fprintf(f, "--%s ", o->name);
}

static void
bash_values(FILE *f)
{
    const struct option_info *o;
    for (size_t i = 0; (o = option_at(i)); i++) {
        if (!takes_path(o->argument) && !is_choice(o->argument))
            continue;
        (void)fprintf(f, "    --%s)\n        ", o->name);
        if (takes_path(o->argument)) {
            (void)fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")", f);
        } else {
            (void)fputs("mapfile -t COMPREPLY < <(compgen -W '", f);
            put_choices(f, o->argument);
            (void)fputs("' -- \"$cur\")", f);
        }
        (void)fputs("\n        return\n        ;;\n", f);
    }
}

static void
bash_case(FILE *f, int id)
{
    const struct command_info *const c = command_info((enum command_id)id);
    (void)fprintf(f, "    '%s' | '%s '*)\n        options='", c->words, c->words);
    bash_options(f, (enum command_id)id);
    (void)fputs("'\n        words='", f);
    if (is_choice(c->arguments))
        put_choices(f, c->arguments);
    (void)fprintf(f, "'\n        files=%s\n        ;;\n", takes_path(c->arguments) ? "yes" : "");
}

static void
bash_groups(FILE *f)
{
    str word, second;
    (void)fputs("    '')\n        words='", f);
    for (int i = 0; i < CMD_global; i++)
        if (is_first_of_word(i, &word))
            (void)fprintf(f, "%.*s ", STR_FMT(word));
    (void)fputs("'\n        ;;\n", f);
    for (int i = 0; i < CMD_global; i++) {
        if (!is_first_of_word(i, &word) || !command_is_group(word))
            continue;
        (void)fprintf(f, "    %.*s)\n        words='", STR_FMT(word));
        for (int k = i; k < CMD_global; k++)
            if (second_word(k, word, &second))
                (void)fprintf(f, "%.*s ", STR_FMT(second));
        (void)fputs("'\n        ;;\n", f);
    }
}

static void
put_bash(FILE *f)
{
    (void)fputs("# Completion of hoheit for bash, printed by `hoheit completion bash`.\n"
                "_hoheit()\n{\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
                "    local i said='' options='' words='' files=''\n"
                "    COMPREPLY=()\n"
                "    case $prev in\n",
                f);
    bash_values(f);
    (void)fputs("    esac\n"
                "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "        case ${COMP_WORDS[i]} in\n        ",
                f);
    put_value_patterns(f);
    (void)fputs(") ((i++)) ;;\n"
                "        -*) ;;\n"
                "        *) said=\"${said:+$said }${COMP_WORDS[i]}\" ;;\n"
                "        esac\n"
                "    done\n"
                "    options='",
                f);
    bash_options(f, CMD_global);
    (void)fputs("'\n    case $said in\n", f);
    bash_groups(f);
    for (int i = 0; i < CMD_global; i++)
        bash_case(f, i);
    (void)fputs("    esac\n"
                "    case $cur in\n"
                "    -*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\") ;;\n"
                "    *) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\"\n"
                "        [ -z \"$files\" ] || compgen -f -- \"$cur\") ;;\n"
                "    esac\n"
                "}\n"
                "complete -o filenames -F _hoheit hoheit\n",
                f);
}

/* ---- zsh */

static void
zsh_entry(FILE *f, str name, const char *says)
{
    (void)fprintf(f, "            '%.*s:", STR_FMT(name));
    put_quoted(f, says, "'\\''", "\\:");
    (void)fputs("'\n", f);
}

static void
zsh_options(FILE *f, enum command_id id)
{
    const struct option_info *o;
    char name[64];
    for (size_t i = 0; (o = option_at(i)); i++) {
        if (o->command != id)
            continue;
        (void)snprintf(name, sizeof name, "--%s", o->name);
        zsh_entry(f, str_of(name), o->help);
    }
}

/* Command words that may follow `group`; at the top when it is empty. */
static void
zsh_words(FILE *f, str group)
{
    str word;
    for (int i = 0; i < CMD_global; i++) {
        const struct command_info *const c = command_info((enum command_id)i);
        const bool here = group.len ? second_word(i, group, &word) : is_first_of_word(i, &word);
        if (here && !group.len && command_is_group(word))
            zsh_entry(f, word, c->group);
        else if (here)
            zsh_entry(f, word, c->summary);
    }
}

static void
zsh_group(FILE *f, str group)
{
    (void)fprintf(f, "    '%.*s')\n        words_here=(\n", STR_FMT(group));
    zsh_words(f, group);
    (void)fputs("        )\n        ;;\n", f);
}

static void
put_zsh(FILE *f)
{
    str word;
    (void)fputs("#compdef hoheit\n"
                "# Completion of hoheit for zsh, printed by `hoheit completion zsh`.\n"
                "_hoheit()\n{\n"
                "    local i said='' files=''\n"
                "    local -a words_here options_here\n"
                "    for ((i = 2; i < CURRENT; i++)); do\n"
                "        case ${words[i]} in\n        ",
                f);
    put_value_patterns(f);
    (void)fputs(") ((i++)) ;;\n        -*) ;;\n"
                "        *) said=\"${said:+$said }${words[i]}\" ;;\n"
                "        esac\n    done\n    options_here=(\n",
                f);
    zsh_options(f, CMD_global);
    (void)fputs("    )\n    case $said in\n", f);
    zsh_group(f, STR(""));
    for (int i = 0; i < CMD_global; i++)
        if (is_first_of_word(i, &word) && command_is_group(word))
            zsh_group(f, word);
    for (int i = 0; i < CMD_global; i++) {
        const struct command_info *const c = command_info((enum command_id)i);
        (void)fprintf(f, "    '%s' | '%s '*)\n        words_here=(", c->words, c->words);
        if (is_choice(c->arguments))
            put_choices(f, c->arguments);
        (void)fputs(")\n        options_here+=(\n", f);
        zsh_options(f, (enum command_id)i);
        (void)fprintf(f, "        )\n        files=%s\n        ;;\n",
                      takes_path(c->arguments) ? "yes" : "");
    }
    (void)fputs("    esac\n"
                "    if [[ ${words[CURRENT]} == -* ]]; then\n"
                "        _describe -o option options_here\n"
                "        return\n"
                "    fi\n"
                "    (( ${#words_here} )) && _describe command words_here\n"
                "    [[ -n $files ]] && _files\n"
                "}\n"
                "if [[ ${funcstack[1]} == _hoheit ]]; then\n"
                "    _hoheit \"$@\"\n"
                "else\n"
                "    compdef _hoheit hoheit\n"
                "fi\n",
                f);
}

/* ---- fish */

static void
fish_words(FILE *f)
{
    str word, rest;
    for (int i = 0; i < CMD_global; i++) {
        const struct command_info *const c = command_info((enum command_id)i);
        if (is_first_of_word(i, &word)) {
            (void)fprintf(f, "complete -c hoheit -n '__hoheit_said' -a '%.*s' -d '", STR_FMT(word));
            put_quoted(f, command_is_group(word) ? c->group : c->summary, "\\'", ":");
            (void)fputs("'\n", f);
        }
        if (command_is_group(word) && second_word(i, word, &rest)) {
            (void)fprintf(f, "complete -c hoheit -n '__hoheit_said %.*s' -a '%.*s' -d '",
                          STR_FMT(word), STR_FMT(rest));
            put_quoted(f, c->summary, "\\'", ":");
            (void)fputs("'\n", f);
        }
    }
}

static void
fish_arguments(FILE *f)
{
    for (int i = 0; i < CMD_global; i++) {
        const struct command_info *const c = command_info((enum command_id)i);
        if (is_choice(c->arguments)) {
            (void)fprintf(f, "complete -c hoheit -n '__hoheit_said %s' -a '", c->words);
            put_choices(f, c->arguments);
            (void)fputs("'\n", f);
        }
        if (takes_path(c->arguments))
            (void)fprintf(f, "complete -c hoheit -n '__hoheit_begins %s' -F\n", c->words);
    }
}

static void
fish_option(FILE *f, const struct option_info *o)
{
    (void)fputs("complete -c hoheit", f);
    if (o->command != CMD_global)
        (void)fprintf(f, " -n '__hoheit_begins %s'", command_info(o->command)->words);
    if (o->letter)
        (void)fprintf(f, " -s %c", o->letter);
    (void)fprintf(f, " -l %s%s", o->name, *o->argument ? " -r" : "");
    if (takes_path(o->argument))
        (void)fputs(" -F", f);
    if (is_choice(o->argument)) {
        (void)fputs(" -a '", f);
        put_choices(f, o->argument);
        (void)fputs("'", f);
    }
    (void)fputs(" -d '", f);
    put_quoted(f, o->help, "\\'", ":");
    (void)fputs("'\n", f);
}

static void
put_fish(FILE *f)
{
    const struct option_info *o;
    (void)fputs(
        "# Completion of hoheit for fish, printed by `hoheit completion fish`.\n"
        "function __hoheit_words\n"
        "    set -l skip no\n"
        "    for word in (commandline -opc)[2..-1]\n"
        "        if test $skip = yes\n"
        "            set skip no\n"
        "            continue\n"
        "        end\n"
        "        switch $word\n"
        "            case -d --data -u --url -k --key --lang\n"
        "                set skip yes\n"
        "            case '-*'\n"
        "            case '*'\n"
        "                echo $word\n"
        "        end\n"
        "    end\n"
        "end\n"
        "function __hoheit_said\n"
        "    test \"$(__hoheit_words | string join ' ')\" = \"$argv\"\n"
        "end\n"
        "function __hoheit_begins\n"
        "    test \"$(__hoheit_words | head -n (count $argv) | string join ' ')\" = \"$argv\"\n"
        "end\n"
        "complete -c hoheit -f\n",
        f);
    fish_words(f);
    fish_arguments(f);
    for (size_t i = 0; (o = option_at(i)); i++)
        fish_option(f, o);
}

fallible
cmd_completion(struct cli *c, const struct args *a)
{
    if (str_eq(a->at[0], STR("bash")))
        put_bash(c->out);
    else if (str_eq(a->at[0], STR("zsh")))
        put_zsh(c->out);
    else if (str_eq(a->at[0], STR("fish")))
        put_fish(c->out);
    else
        REFUSE(ARGUMENT, "", "there is completion for bash, zsh and fish");
    return OK;
}
