/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/args.h"

#include <stdio.h>

#include "base/num.h"

static const struct command_info commands[] = {
#define COMMAND(id, words, group, arguments, least, most, summary, about)                          \
    {words, group, arguments, least, most, summary, about},
#define OPTION(...)
#define EXAMPLE(...)
#include "cli/commands.def"
#undef COMMAND
#undef OPTION
#undef EXAMPLE
};
_Static_assert(sizeof commands / sizeof *commands == CMD_global, "one row per command");

static const struct option_info options[] = {
#define COMMAND(...)
#define EXAMPLE(...)
#define OPTION(id, letter, name, argument, help) {CMD_##id, letter, name, argument, help},
#include "cli/commands.def"
#undef COMMAND
#undef OPTION
#undef EXAMPLE
};

static const struct example_info examples[] = {
#define COMMAND(...)
#define OPTION(...)
#define EXAMPLE(id, line, says) {CMD_##id, line, says},
#include "cli/commands.def"
#undef COMMAND
#undef OPTION
#undef EXAMPLE
};

/* ---- the table */

const struct command_info *
command_info(enum command_id id)
{
    ASSERT(id < CMD_global);
    return &commands[id];
}

const struct option_info *
option_at(size_t i)
{
    return i < sizeof options / sizeof *options ? &options[i] : NULL;
}

const struct example_info *
example_at(size_t i)
{
    return i < sizeof examples / sizeof *examples ? &examples[i] : NULL;
}

enum command_id
command_find(str words)
{
    for (int i = 0; i < CMD_global; i++)
        if (str_eq(str_of(commands[i].words), words))
            return (enum command_id)i;
    return CMD_global;
}

bool
command_is_group(str word)
{
    for (int i = 0; i < CMD_global; i++) {
        const str words = str_of(commands[i].words);
        if (word.len && str_starts(words, word) && words.len > word.len &&
            words.at[word.len] == ' ')
            return true;
    }
    return false;
}

/* ---- what was meant */

enum { WORD_MAX = 40 };

static size_t
least(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment: insertions, deletions, substitutions, swaps of neighbours. */
static size_t
edit_distance(str a, str b)
{
    size_t d[WORD_MAX + 1][WORD_MAX + 1];
    if (a.len > WORD_MAX || b.len > WORD_MAX)
        return WORD_MAX;
    for (size_t i = 0; i <= a.len; i++)
        d[i][0] = i;
    for (size_t k = 0; k <= b.len; k++)
        d[0][k] = k;
    for (size_t i = 1; i <= a.len; i++)
        for (size_t k = 1; k <= b.len; k++) {
            const size_t other = a.at[i - 1] != b.at[k - 1];
            d[i][k] = least(d[i - 1][k] + 1, d[i][k - 1] + 1, d[i - 1][k - 1] + other);
            if (i > 1 && k > 1 && a.at[i - 1] == b.at[k - 2] && a.at[i - 2] == b.at[k - 1] &&
                d[i - 2][k - 2] + 1 < d[i][k])
                d[i][k] = d[i - 2][k - 2] + 1;
        }
    return d[a.len][b.len];
}

void
nearest_try(struct nearest *n, const char *candidate)
{
    const size_t most = n->word.len < 6 ? 1 + (n->word.len > 3) : n->word.len / 3;
    const size_t d = edit_distance(n->word, str_of(candidate));
    if (d <= most && (!n->best || d < n->distance)) {
        n->best = candidate;
        n->distance = d;
    }
}

/* ---- reading */

struct reader {
    struct args *ret;
    const char *const *argv;
    int argc, i;
    bool ended; /* "--" was seen */
};

static bool
applies(const struct args *a, const struct option_info *o)
{
    return o->command == CMD_global || o->command == a->command;
}

static const struct option_info *
find_option(const struct args *a, str name, char letter)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const struct option_info *const o = &options[i];
        if (applies(a, o) && (letter ? o->letter == letter : str_eq(str_of(o->name), name)))
            return o;
    }
    return NULL;
}

static err
unknown_option(const struct args *a, str name)
{
    struct nearest n = {.word = name};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (applies(a, &options[i]))
            nearest_try(&n, options[i].name);
    if (n.best)
        REFUSE(ARGUMENT, "", "unknown option --%.*s; did you mean --%s?", STR_FMT(name), n.best);
    REFUSE(ARGUMENT, "", "unknown option --%.*s", STR_FMT(name));
}

/* `value` NULL: it stands in the next word. */
static fallible
set_option(struct reader *r, const struct option_info *o, const char *value)
{
    if (!*o->argument && value)
        REFUSE(ARGUMENT, "", "--%s takes no value", o->name);
    if (*o->argument && !value) {
        if (r->i + 1 >= r->argc)
            REFUSE(ARGUMENT, "", "--%s needs a value: --%s %s", o->name, o->name, o->argument);
        value = r->argv[++r->i];
    }
    if (r->ret->set_count == ARGS_SET_MAX)
        REFUSE(ARGUMENT, "", "more than %d options", ARGS_SET_MAX);
    r->ret->set[r->ret->set_count].option = o;
    r->ret->set[r->ret->set_count++].value = value;
    return OK;
}

static fallible
read_long(struct reader *r, const char *word)
{
    str value = str_of(word + 2), name;
    (void)str_next(&value, '=', &name);
    const struct option_info *o = find_option(r->ret, name, 0);
    return o ? set_option(r, o, value.at) : unknown_option(r->ret, name);
}

/* "-m x", "-mx", "-qv" */
static fallible
read_short(struct reader *r, const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        const struct option_info *o = find_option(r->ret, STR_NONE, *at);
        if (!o)
            REFUSE(ARGUMENT, "", "unknown option -%c", *at);
        if (*o->argument)
            return set_option(r, o, at[1] ? at + 1 : NULL);
        TRY(set_option(r, o, NULL));
    }
    return OK;
}

static err
unknown_command(str words)
{
    struct nearest n = {.word = words};
    for (int i = 0; i < CMD_global; i++)
        nearest_try(&n, commands[i].words);
    if (n.best)
        REFUSE(ARGUMENT, "", "unknown command \"%.*s\"; did you mean \"%s\"?", STR_FMT(words),
               n.best);
    REFUSE(ARGUMENT, "", "unknown command \"%.*s\"", STR_FMT(words));
}

static fallible
read_command_word(struct args *a, str word)
{
    char words[2 * WORD_MAX];
    (void)snprintf(words, sizeof words, "%.*s%s%.*s", STR_FMT(a->group), a->group.len ? " " : "",
                   STR_FMT(word));
    a->command = command_find(str_of(words));
    if (a->command == CMD_global && !a->group.len && command_is_group(word)) {
        a->group = word;
        return OK;
    }
    a->group = STR_NONE;
    return a->command == CMD_global ? unknown_command(str_of(words)) : OK;
}

static fallible
read_word(struct reader *r, const char *word)
{
    struct args *const a = r->ret;
    const bool is_option = !r->ended && word[0] == '-' && word[1];
    if (is_option && strcmp(word, "--") == 0) {
        r->ended = true;
        return OK;
    }
    if (is_option)
        return word[1] == '-' ? read_long(r, word) : read_short(r, word);
    if (a->command == CMD_global)
        return read_command_word(a, str_of(word));
    if (a->count == ARGS_MAX)
        REFUSE(ARGUMENT, "", "more than %d arguments", ARGS_MAX);
    a->at[a->count++] = str_of(word);
    return OK;
}

fallible
args_read(int argc, const char *const *argv, struct args *ret)
{
    struct reader r = {.ret = ret, .argv = argv, .argc = argc};
    memset(ret, 0, sizeof *ret);
    ret->command = CMD_global;
    for (r.i = 1; r.i < argc; r.i++)
        TRY(read_word(&r, argv[r.i]));
    return OK;
}

fallible
args_check_count(const struct args *a)
{
    const struct command_info *const c = command_info(a->command);
    if (a->count >= c->least && a->count <= c->most)
        return OK;
    if (!c->most)
        REFUSE(ARGUMENT, "", "\"%s\" takes no arguments", c->words);
    REFUSE(ARGUMENT, "", "usage: hoheit %s %s", c->words, c->arguments);
}

/* ---- values */

static bool
exists(const struct args *a, const char *name)
{
    return find_option(a, str_of(name), 0) != NULL;
}

bool
args_has(const struct args *a, const char *name)
{
    ASSERT(exists(a, name));
    for (size_t i = 0; i < a->set_count; i++)
        if (strcmp(a->set[i].option->name, name) == 0)
            return true;
    return false;
}

const char *
args_value(const struct args *a, const char *name)
{
    const char *value = NULL;
    ASSERT(exists(a, name));
    for (size_t i = 0; i < a->set_count; i++)
        if (strcmp(a->set[i].option->name, name) == 0)
            value = a->set[i].value;
    return value;
}

str
args_str(const struct args *a, const char *name)
{
    return str_of(args_value(a, name));
}

/* The reason of the inner failure, with the option before it. */
static err
bad_value(const char *name, err e)
{
    struct err_kept k;
    err_keep(&k, e);
    REFUSE(ARGUMENT, name, "--%s: %s", name, k.text);
}

fallible
args_u64(const struct args *a, const char *name, uint64_t min, uint64_t max, uint64_t *ret)
{
    const char *const value = args_value(a, name);
    const err e = value ? num_u64(str_of(value), min, max, ret) : OK;
    return e.code ? bad_value(name, e) : OK;
}

fallible
args_f64(const struct args *a, const char *name, double min, double max, double *ret)
{
    const char *const value = args_value(a, name);
    const err e = value ? num_f64(str_of(value), min, max, ret) : OK;
    return e.code ? bad_value(name, e) : OK;
}

fallible
args_ms(const struct args *a, const char *name, uint64_t max, uint64_t *ret)
{
    const char *const value = args_value(a, name);
    const err e = value ? num_ms(str_of(value), 1, max, ret) : OK;
    return e.code ? bad_value(name, e) : OK;
}
