/* SPDX-License-Identifier: EUPL-1.2 */
/* cli.h - one run of `hoheit`: what was asked for, where the daemon is, where words go.
 *
 * A command writes results to `out` and everything else to `err`, and returns an err.  How that is
 * told (language, hint, JSON) is decided here once; the exit status is the error table's.  No
 * command keeps state: a run has one struct cli, one arena, and one thread.
 *
 * All commands are in one table (commands.def), so help, completion and parser know all of them.
 * Those that need no daemon are carried out in cli/offline, the layer above, which may use what
 * this one must not (logs, collections, detectors).  Nothing here names their functions: they come
 * with the environment.
 *
 * The environment comes as a struct, so that tests run whole commands without touching theirs. */
#pragma once
#include <stdio.h>

#include "base/arena.h"
#include "base/json.h"
#include "cli/args.h"

enum { CLI_MEMORY = 256 * 1024 * 1024 };

struct cli;
typedef fallible command_fn(struct cli *c, const struct args *a);

struct cli_env {
    FILE *in, *out, *err;
    const char *data, *url, *key; /* HOHEIT_DATA, HOHEIT_URL, HOHEIT_KEY; NULL: unset */
    const char *home, *term, *no_color;
    const char *commit, *sbom_sha256; /* of this build; NULL: unknown */
    void (*put_dialects)(FILE *f);    /* the page of all fields; NULL: not in this build */
    fallible (*put_openapi)(FILE *f); /* the document of all routes; NULL: not in this build */
    command_fn *const *offline;       /* commands_offline; NULL: not in this build */
    command_fn *prepare;              /* what must be there before the sandbox is; NULL: nothing */
    const char *reader;               /* the program hoheit-reader; NULL: beside this one */
    bool confine;                     /* enter the sandbox: for good, so not in tests */
};

struct cli {
    struct cli_env env;
    FILE *in, *out, *err;
    arena *a;
    bool out_is_terminal, err_is_terminal, colored; /* colored: `out` may be */
    enum command_id command;
    bool json, quiet, verbose, german;
    bool silent;          /* the failure is not told, only its status */
    const char *data_dir; /* absolute */
    int reader;           /* channel to hoheit-reader (know/cell/cell.h); 0: none */
    str url, key;         /* url: the network's or "unix:…"; key empty: none */
    bool is_local;        /* url is the socket of data_dir */
    /* What the table cannot know of the failure at hand; empty: the table's. */
    char hint[512], de[512];
    char request[64]; /* id of the request that failed; empty: none */
};

/* Carries out a command line; the exit status. */
int cli_run(int argc, const char *const *argv, const struct cli_env *env);

/* What the user can do about the failure, and what it is in German. */
void cli_hint(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_german(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A remark on `err`, unless --quiet. */
void cli_note(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The JSON in `b` to `out`, with a line feed. */
fallible cli_put_json(struct cli *c, const buf *b);
/* A member as text: strings as they are, numbers and the rest as JSON, absent "". */
str cli_text(struct cli *c, const jval *object, const char *name);
/* A member as a number, 0 if it is none. */
uint64_t cli_number(const jval *object, const char *name);

/* Those of this layer. */
#define COMMAND(id, ...) fallible cmd_##id(struct cli *c, const struct args *a);
#define OFFLINE(...)
#define OPTION(...)
#define EXAMPLE(...)
#include "cli/commands.def"
#undef COMMAND
#undef OPTION
#undef EXAMPLE
