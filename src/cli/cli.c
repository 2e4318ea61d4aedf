/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "os/sandbox.h"

/* NULL for those of the layer above. */
static command_fn *const handlers[CMD_global] = {
#define COMMAND(id, ...) [CMD_##id] = cmd_##id,
#define OFFLINE(...)
#define OPTION(...)
#define EXAMPLE(...)
#include "cli/commands.def"
#undef COMMAND
#undef OPTION
#undef EXAMPLE
};

/* ---- for commands */

void
cli_hint(struct cli *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(c->hint, sizeof c->hint, fmt, ap);
    va_end(ap);
}

void
cli_german(struct cli *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(c->de, sizeof c->de, fmt, ap);
    va_end(ap);
}

void
cli_note(const struct cli *c, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    if (c->quiet)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    show_text(c->err, str_of(text), false);
    (void)fputc('\n', c->err);
}

fallible
cli_put_json(struct cli *c, const buf *b)
{
    TRY(buf_end(b));
    (void)fwrite(b->at, 1, b->len, c->out);
    (void)fputc('\n', c->out);
    return OK;
}

str
cli_text(struct cli *c, const jval *object, const char *name)
{
    const jval v = json_get(object, name);
    AUTO(buf) b = BUF(64 * 1024);
    str s = STR_NONE;
    if (json_type(v) == J_ABSENT)
        return STR_NONE;
    if (json_type(v) == J_STRING && !json_str(&v, SIZE_MAX, &s).code)
        return s;
    json_put_value(&b, &v);
    return b.failed ? STR_NONE : arena_str(c->a, buf_str(&b));
}

uint64_t
cli_number(const jval *object, const char *name)
{
    const jval v = json_get(object, name);
    double d = 0;
    if (json_f64(&v, 0, 1e18, &d).code)
        return 0;
    return (uint64_t)d;
}

/* ---- errors */

struct told {
    const struct err_info *info;
    const char *sentence, *detail, *hint;
};

/* In English the particular sentence takes the place of the general one; in German it follows. */
static struct told
tell(const struct cli *c, err e, const struct err_kept *k)
{
    const struct err_info *const i = err_info(e);
    struct told t = {.info = i, .detail = "", .hint = *c->hint ? c->hint : i->hint};
    const bool is_usage = e.code == ERR_ARGUMENT && !*c->hint && !*c->request;
    if (is_usage && c->command != CMD_global)
        t.hint =
            arena_fmt(c->a, "`hoheit help %s` explains it.", command_info(c->command)->words).at;
    t.sentence = *k->text ? k->text : i->en;
    if (c->german) {
        t.detail = *c->de ? "" : k->text;
        t.sentence = *c->de ? c->de : i->de;
    }
    return t;
}

static void
put_error_json(const struct cli *c, const struct told *t)
{
    AUTO(buf) b = BUF(64 * 1024);
    json_open(&b, '{');
    json_key(&b, "error");
    json_open(&b, '{');
    json_member_str(&b, "code", str_of(t->info->id));
    json_member_str(&b, "message", str_of(t->sentence));
    if (*t->detail)
        json_member_str(&b, "detail", str_of(t->detail));
    json_member_str(&b, "hint", str_of(t->hint));
    if (*c->request)
        json_member_str(&b, "request", str_of(c->request));
    json_member_i64(&b, "exit", t->info->exit_status);
    json_close(&b, '}');
    json_close(&b, '}');
    (void)fprintf(c->err, "%.*s\n", STR_FMT(buf_str(&b)));
}

static void
put_line(FILE *f, const char *before, const char *text)
{
    (void)fputs(before, f);
    show_text(f, str_of(text), false);
    (void)fputc('\n', f);
}

static void
put_error(const struct cli *c, err e)
{
    struct err_kept k;
    char trail[2048];
    (void)snprintf(trail, sizeof trail, "%s", err_trail());
    err_keep(&k, e);
    const struct told t = tell(c, e, &k);
    if (c->json) {
        put_error_json(c, &t);
        return;
    }
    put_line(c->err, "hoheit: ", t.sentence);
    if (*t.detail)
        put_line(c->err, "  ", t.detail);
    if (*c->request)
        put_line(c->err, "  request: ", c->request);
    if (!c->quiet)
        put_line(c->err, "  hint: ", t.hint);
    if (c->verbose)
        put_line(c->err, "  trail: ", trail);
}

/* ---- the run */

static fallible
choose_language(struct cli *c, const struct args *a)
{
    const str lang = args_str(a, "lang");
    c->german = str_eq(lang, STR("de"));
    if (lang.len && !c->german && !str_eq(lang, STR("en")))
        REFUSE(ARGUMENT, "lang", "--lang is de or en");
    return OK;
}

static void
look_at_terminal(struct cli *c)
{
    const int out = fileno(c->out), error = fileno(c->err);
    const bool is_dumb = c->env.term && strcmp(c->env.term, "dumb") == 0;
    c->out_is_terminal = out >= 0 && isatty(out);
    c->err_is_terminal = error >= 0 && isatty(error);
    c->colored = c->out_is_terminal && !(c->env.no_color && *c->env.no_color) && !is_dumb;
}

/* What a foreign byte in an answer could get hold of is little: no other program can be started.
 * `init` starts one, and `doctor` tries what a daemon may do. */
static fallible
confine(const struct cli *c, enum command_id id)
{
    const struct sandbox_spec spec = {.role = SANDBOX_CLI};
    struct sandbox_report report;
    if (!c->env.confine || id == CMD_init || id == CMD_doctor)
        return OK;
    return sandbox_enter(&spec, &report);
}

static bool
wants_help(const struct cli *c, const struct args *a)
{
    if (!args_has(a, "help"))
        return false;
    if (a->command != CMD_global)
        help_command(c->out, c->colored, a->command);
    else if (a->group.len)
        help_group(c->out, c->colored, a->group);
    else
        help_overview(c->out, c->colored);
    return true;
}

/* `hoheit` or `hoheit key` alone. */
static err
incomplete(struct cli *c, const struct args *a)
{
    if (a->group.len)
        help_group(c->err, false, a->group);
    else
        help_overview(c->err, false);
    c->quiet = true;
    if (a->group.len)
        REFUSE(ARGUMENT, "", "\"%.*s\" needs a second word", STR_FMT(a->group));
    REFUSE(ARGUMENT, "", "a command is needed");
}

static fallible
find_handler(const struct cli *c, enum command_id id, command_fn **ret)
{
    ASSERT(id < CMD_global);
    command_fn *handle = handlers[id];
    if (!handle && c->env.offline)
        handle = c->env.offline[id];
    if (!handle)
        REFUSE(UNSUPPORTED, "", "\"%s\" is not in this build", command_info(id)->words);
    *ret = handle;
    return OK;
}

static fallible
carry_out(struct cli *c, int argc, const char *const *argv, struct args *a)
{
    const err e = args_read(argc, argv, a);
    command_fn *handle;
    c->json = args_has(a, "json");
    c->quiet = args_has(a, "quiet");
    c->verbose = args_has(a, "verbose");
    c->command = a->command;
    if (a->command == CMD_global)
        cli_hint(c, "`hoheit help` lists the commands.");
    TRY(e);
    TRY(choose_language(c, a));
    if (wants_help(c, a))
        return OK;
    if (a->command == CMD_global)
        return incomplete(c, a);
    TRY(args_check_count(a));
    TRY(find_handler(c, a->command, &handle));
    TRY(remote_choose(c, a));
    if (c->env.prepare)
        TRY(c->env.prepare(c, a));
    TRY(confine(c, a->command));
    return handle(c, a);
}

/* A full disk shows when the last bytes leave.  That a reader (`| head`) has had enough is nothing
 * to complain of, but the status tells it. */
static fallible
flush(struct cli *c)
{
    errno = 0;
    if (fflush(c->out) == 0 && !ferror(c->out))
        return OK;
    c->silent = errno == EPIPE;
    FAIL(IO, "standard output takes no more");
}

int
cli_run(int argc, const char *const *argv, const struct cli_env *env)
{
    static const char *const version[] = {"hoheit", "version"};
    struct cli c = {
        .env = *env, .in = env->in, .out = env->out, .err = env->err, .command = CMD_global};
    struct args a;
    const bool asks_version = argc == 2 && strcmp(argv[1], "--version") == 0;
    look_at_terminal(&c);
    err e = arena_open(CLI_MEMORY, &c.a);
    if (!e.code)
        e = carry_out(&c, asks_version ? 2 : argc, asks_version ? version : argv, &a);
    if (!e.code)
        e = flush(&c);
    if (e.code && !c.silent)
        put_error(&c, e);
    (void)fflush(c.err);
    arena_free(c.a);
    return err_info(e)->exit_status;
}
