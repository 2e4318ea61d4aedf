/* SPDX-License-Identifier: EUPL-1.2 */
/* args.h - the command line's table (commands.def) and what a user typed, read against it.
 *
 * Options may stand anywhere; "--name=value" and "--name value" mean the same, as do "-m x" and
 * "-mx"; "--" ends options and "-" is an argument.  An option given twice counts the last time.
 * What is unknown is refused, with the nearest name that exists.
 *
 * Nothing is copied: values and arguments point into argv. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum command_id {
#define COMMAND(id, ...) CMD_##id,
#define OPTION(...)
#define EXAMPLE(...)
#include "cli/commands.def"
#undef COMMAND
#undef OPTION
#undef EXAMPLE
    CMD_global, /* of options: every command; of a command line: none was named */
    CMD_COUNT
};

struct command_info {
    const char *words, *group, *arguments;
    size_t least, most;
    const char *summary, *about;
};

struct option_info {
    enum command_id command;
    char letter; /* 0: none */
    const char *name, *argument /* "": a switch */, *help;
};

struct example_info {
    enum command_id command;
    const char *line, *says;
};

/* CMD_global is no command. */
const struct command_info *command_info(enum command_id id);
/* By number, in the order of the table; NULL at the end. */
const struct option_info *option_at(size_t i);
const struct example_info *example_at(size_t i);
/* "key add", or CMD_global. */
enum command_id command_find(str words);
/* Is `word` the first of several commands' words, as "key"? */
bool command_is_group(str word);

enum { ARGS_MAX = 128, ARGS_SET_MAX = 64 };

struct args {
    enum command_id command;
    str group; /* "key" when no second word followed; else empty */
    str at[ARGS_MAX];
    size_t count;
    struct {
        const struct option_info *option;
        const char *value;
    } set[ARGS_SET_MAX];
    size_t set_count;
};

/* ARGUMENT with a public sentence.  Also then `ret` holds what was understood. */
fallible args_read(int argc, const char *const *argv, struct args *ret);
/* ARGUMENT when there are too few or too many. */
fallible args_check_count(const struct args *a);

/* `name` must be an option of the command, or a global one. */
bool args_has(const struct args *a, const char *name);
/* NULL if not given. */
const char *args_value(const struct args *a, const char *name);
str args_str(const struct args *a, const char *name);
/* These leave *ret alone if the option was not given; ARGUMENT that names it and its bounds. */
fallible
args_u64(const struct args *a, const char *name, uint64_t min, uint64_t max, uint64_t *ret);
fallible args_f64(const struct args *a, const char *name, double min, double max, double *ret);
fallible args_ms(const struct args *a, const char *name, uint64_t max, uint64_t *ret);

/* What a mistyped word may have meant: nearest_try every candidate; `best` is NULL while none is
 * near (edit distance with swaps at most a third of the word, at least 1). */
struct nearest {
    str word;
    const char *best;
    size_t distance;
};
void nearest_try(struct nearest *n, const char *candidate);
