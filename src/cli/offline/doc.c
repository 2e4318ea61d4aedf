/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit doc PAGE`: the manual, from the tables, in mdoc (mdoc(7)); the page of the dialects in
 * Markdown. */
#include <stdarg.h>

#include "base/params.h"
#include "cli/offline/commands.h"
#include "policy/policy.h"

static const char date[] = "March 1, 2026";

/* ---- mdoc */

enum { WIDTH = 78 };

static void
put_word(FILE *f, str word, bool at_start)
{
    if (at_start && (word.at[0] == '.' || word.at[0] == '\''))
        (void)fputs("\\&", f);
    for (size_t i = 0; i < word.len; i++)
        if (word.at[i] == '\\')
            (void)fputs("\\e", f);
        else
            (void)fputc(word.at[i], f);
}

/* A sentence begins on a new line, and so does what would be longer than a line. */
static void
put_paragraph(FILE *f, str rest)
{
    str word;
    size_t at = 0;
    bool ended = false;
    while (str_next(&rest, ' ', &word)) {
        const bool is_new = word.len && word.at[0] >= 'A' && word.at[0] <= 'Z';
        if (!word.len)
            continue;
        if (at && ((ended && is_new) || at + 1 + word.len > WIDTH)) {
            (void)fputc('\n', f);
            at = 0;
        }
        if (at)
            (void)fputc(' ', f);
        put_word(f, word, at == 0);
        at += word.len + (at ? 1 : 0);
        ended = str_ends(word, STR("."));
    }
    (void)fputc('\n', f);
}

static void
put_text(FILE *f, const char *text)
{
    str rest = str_of(text), paragraph;
    for (bool first = true; str_next(&rest, '\n', &paragraph); first = false) {
        if (!first)
            (void)fputs(".Pp\n", f);
        put_paragraph(f, paragraph);
    }
}

static void put_text_fmt(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
put_text_fmt(FILE *f, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    put_text(f, text);
}

/* An argument of a macro: one word, never a macro itself. */
static void
put_argument(FILE *f, const char *text)
{
    (void)fputs(" \"\\&", f);
    for (; *text; text++)
        if (*text == '\\')
            (void)fputs("\\e", f);
        else if (*text == '"')
            (void)fputs("\\(dq", f);
        else
            (void)fputc(*text, f);
    (void)fputc('"', f);
}

static void
put_head(FILE *f, const char *title, int section, const char *name, const char *is)
{
    (void)fprintf(f,
                  ".\\\" SPDX-License-Identifier: EUPL-1.2\n"
                  ".\\\" Printed by `hoheit doc`; change the tables, not this.\n"
                  ".Dd %s\n.Dt %s %d\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n",
                  date, title, section, name, is);
}

static void
section(FILE *f, const char *name)
{
    (void)fprintf(f, ".Sh %s\n", name);
}

static void
begin_list(FILE *f)
{
    (void)fputs(".Bl -tag -width Ds\n", f);
}

static void
end_list(FILE *f)
{
    (void)fputs(".El\n", f);
}

static void
item(FILE *f, const char *macro, const char *name)
{
    (void)fprintf(f, ".It %s", macro);
    put_argument(f, name);
    (void)fputc('\n', f);
}

/* Of all pages but this one. */
static void
see_also(FILE *f, const char *self)
{
    static const char *const pages[] = {"hoheit 1",        "hoheit.yaml 5",   "hoheit-errors 7",
                                        "hoheit-events 7", "hoheit-meters 7", "hoheit-ops 7"};
    const char *between = "";
    section(f, "SEE ALSO");
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(pages[i], self) == 0)
            continue;
        (void)fprintf(f, "%s.Xr %s", between, pages[i]);
        between = " ,\n";
    }
    (void)fputc('\n', f);
}

/* ---- hoheit(1) */

static void
man_option(FILE *f, const struct option_info *o)
{
    (void)fputs(".It", f);
    if (o->letter)
        (void)fprintf(f, " Fl %c ,", o->letter);
    (void)fprintf(f, " Fl \\-%s", o->name);
    if (*o->argument) {
        (void)fputs(" Ar", f);
        put_argument(f, o->argument);
    }
    (void)fputc('\n', f);
    put_text(f, o->help);
}

static void
man_options(FILE *f, enum command_id id)
{
    const struct option_info *o;
    bool any = false;
    for (size_t i = 0; (o = option_at(i)); i++) {
        if (o->command != id)
            continue;
        if (!any)
            begin_list(f);
        any = true;
        man_option(f, o);
    }
    if (any)
        end_list(f);
}

static void
man_command(FILE *f, enum command_id id)
{
    const struct command_info *const c = command_info(id);
    (void)fputs(".It Ic", f);
    put_argument(f, c->words);
    if (*c->arguments) {
        (void)fputs(" Ar", f);
        put_argument(f, c->arguments);
    }
    (void)fputc('\n', f);
    put_text(f, c->summary);
    if (*c->about)
        put_text(f, c->about);
    man_options(f, id);
}

static void
man_commands(FILE *f)
{
    const char *group = "";
    section(f, "COMMANDS");
    for (int i = 0; i < CMD_global; i++) {
        const struct command_info *const c = command_info((enum command_id)i);
        if (strcmp(group, c->group) != 0) {
            if (*group)
                end_list(f);
            (void)fprintf(f, ".Ss %s\n", c->group);
            begin_list(f);
        }
        group = c->group;
        man_command(f, (enum command_id)i);
    }
    end_list(f);
}

static void
man_places(FILE *f)
{
    static const struct {
        const char *name, *says;
    } environment[] = {
        {"HOHEIT_DATA", "The data directory, where --data does not name one."},
        {"HOHEIT_URL", "A daemon over the network, where neither --url nor --data is given."},
        {"HOHEIT_KEY", "The API key, where --key is not given."},
        {"NO_COLOR", "If set and not empty, no colours are used."},
    };
    static const struct {
        const char *name, *says;
    } files[] = {
        {"~/.local/share/hoheit", "The data directory, unless told otherwise."},
        {"/var/lib/hoheit", "The same for the superuser."},
        {"run/hoheit.sock", "In the data directory: where its daemon listens for this program."},
    };
    section(f, "ENVIRONMENT");
    begin_list(f);
    for (size_t i = 0; i < sizeof environment / sizeof *environment; i++) {
        item(f, "Ev", environment[i].name);
        put_text(f, environment[i].says);
    }
    end_list(f);
    section(f, "FILES");
    begin_list(f);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        item(f, "Pa", files[i].name);
        put_text(f, files[i].says);
    }
    end_list(f);
}

/* The codes of err.def that end with this status, "A, B, C."; false if there is none. */
static bool
codes_of_status(int status, buf *b)
{
    for (int i = 1; i < ERR_COUNT; i++) {
        const struct err_info *const e = err_info((err){(uint16_t)i});
        if (e->exit_status == status)
            buf_add_fmt(b, "%s%s", b->len ? ", " : "", e->id);
    }
    return b->len > 0;
}

static void
man_statuses(FILE *f)
{
    section(f, "EXIT STATUS");
    begin_list(f);
    (void)fputs(".It 0\nAll went well.\n", f);
    for (int status = 1; status < 256; status++) {
        AUTO(buf) codes = BUF(4096);
        if (!codes_of_status(status, &codes))
            continue;
        (void)fprintf(f, ".It %d\n", status);
        put_text_fmt(f, "%.*s.", STR_FMT(buf_str(&codes)));
    }
    end_list(f);
    (void)fputs(".Pp\n", f);
    put_text(f, "What each code means is told by hoheit explain CODE.");
}

static void
man_examples(FILE *f)
{
    const struct example_info *e;
    section(f, "EXAMPLES");
    for (size_t i = 0; (e = example_at(i)); i++) {
        put_text(f, e->says);
        (void)fputs(".Pp\n.Dl", f);
        put_argument(f, e->line);
        (void)fputs("\n.Pp\n", f);
    }
    put_text(f, "All commands and what they take: hoheit help.");
}

static void
put_man(FILE *f)
{
    put_head(f, "HOHEIT", 1, "hoheit", "use and run an installation of Hoheit");
    section(f, "SYNOPSIS");
    (void)fputs(".Nm\n.Ar command\n.Op Ar option ...\n.Op Ar argument ...\n", f);
    section(f, "DESCRIPTION");
    put_text(f, "Asks models, and administrates the daemon that serves them. "
                "The daemon of a data directory is reached through a socket in it and takes the "
                "user for its operator; one over the network wants a key. "
                "Results go to standard output, everything else to standard error.");
    (void)fputs(".Pp\nEvery command understands:\n", f);
    man_options(f, CMD_global);
    man_commands(f);
    man_places(f);
    man_statuses(f);
    man_examples(f);
    see_also(f, "hoheit 1");
}

/* ---- the tables */

static void
put_params(FILE *f)
{
    put_head(f, "HOHEIT.YAML", 5, "hoheit.yaml", "settings of an installation");
    section(f, "DESCRIPTION");
    put_text(f, "One line for each setting: section.name: value. "
                "The file lies in the data directory. "
                "Files in local.d are merged over it, files in override.d have the last word, each "
                "in the order of their names. "
                "Sizes take the units K, M and G, durations ms, s, min, h and d.");
    section(f, "SETTINGS");
    begin_list(f);
    for (size_t i = 0; i < param_count; i++) {
        const struct param_info *const p = &param_table[i];
        item(f, "Cm", p->key);
        put_text(f, p->doc);
        (void)fputs(".Pp\n", f);
        if (p->is_text)
            put_text_fmt(f, "Default: %s.", *p->text ? p->text : "empty");
        else
            (void)fprintf(f, "Default: %llu %s, from %llu to %llu.\n", (unsigned long long)p->value,
                          p->unit, (unsigned long long)p->min, (unsigned long long)p->max);
    }
    end_list(f);
    see_also(f, "hoheit.yaml 5");
}

static void
put_errors(FILE *f)
{
    put_head(f, "HOHEIT-ERRORS", 7, "hoheit-errors", "what can go wrong, and what to do");
    section(f, "DESCRIPTION");
    begin_list(f);
    for (int i = 1; i < ERR_COUNT; i++) {
        const struct err_info *const e = err_info((err){(uint16_t)i});
        item(f, "Er", e->id);
        put_text(f, e->en);
        (void)fputs(".Pp\n", f);
        put_text(f, e->hint);
        (void)fputs(".Pp\n", f);
        put_text_fmt(f, "HTTP status %d, exit status %d, OpenAI type %s, code %s.", e->http_status,
                     e->exit_status, e->type, e->name);
    }
    end_list(f);
    see_also(f, "hoheit-errors 7");
}

static void
put_events(FILE *f)
{
    put_head(f, "HOHEIT-EVENTS", 7, "hoheit-events", "what is recorded");
    section(f, "DESCRIPTION");
    begin_list(f);
#define EVENT(id, name, doc)                                                                       \
    item(f, "Cm", name);                                                                           \
    put_text(f, doc);
#include "audit/events.def"
#undef EVENT
    end_list(f);
    see_also(f, "hoheit-events 7");
}

static void
put_meters(FILE *f)
{
    put_head(f, "HOHEIT-METERS", 7, "hoheit-meters", "what is counted, as /metrics shows it");
    section(f, "DESCRIPTION");
    begin_list(f);
#define METER(id, kind, name, help)                                                                \
    item(f, "Cm", name);                                                                           \
    put_text(f, #kind ". " help);
#include "base/meters.def"
#undef METER
    end_list(f);
    see_also(f, "hoheit-meters 7");
}

static void
put_ops(FILE *f)
{
    put_head(f, "HOHEIT-OPS", 7, "hoheit-ops", "what can be asked for, and why it can be denied");
    section(f, "DESCRIPTION");
    (void)fputs(".Ss Operations\n", f);
    begin_list(f);
    for (int i = 0; i < OP_COUNT; i++) {
        const struct op_info *const op = op_info((enum op)i);
        item(f, "Cm", op->name);
        put_text(f, op->doc);
        if (op->role != ROLE_ANY)
            put_text(f, "Needs a role: most keys may not.");
        if (op->is_content)
            put_text(f, "Handles content: label, clearance and target are compared.");
    }
    end_list(f);
    (void)fputs(".Ss Rules\nIn the order they are asked; the first that is broken denies.\n", f);
    begin_list(f);
    for (int i = 0; i < RULE_COUNT; i++) {
        const struct rule_info *const r = rule_info((enum rule)i);
        item(f, "Cm", r->name);
        put_text(f, r->doc);
        put_text_fmt(f, "Can be granted by: %s.", r->granted_by);
    }
    end_list(f);
    see_also(f, "hoheit-ops 7");
}

fallible
cmd_doc(struct cli *c, const struct args *a)
{
    static const struct {
        const char *name;
        void (*put)(FILE *f);
    } pages[] = {{"man", put_man},       {"params", put_params}, {"errors", put_errors},
                 {"events", put_events}, {"ops", put_ops},       {"meters", put_meters}};
    struct nearest n = {.word = a->at[0]};
    if (c->env.put_dialects && str_eq(a->at[0], STR("dialects"))) {
        c->env.put_dialects(c->out);
        return OK;
    }
    nearest_try(&n, "dialects");
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        nearest_try(&n, pages[i].name);
        if (str_eq(a->at[0], str_of(pages[i].name))) {
            pages[i].put(c->out);
            return OK;
        }
    }
    REFUSE(ARGUMENT, "", "there is no page \"%.*s\"%s%s", STR_FMT(a->at[0]),
           n.best ? "; did you mean " : "", n.best ? n.best : "");
}

fallible
cmd_openapi(struct cli *c, const struct args *a)
{
    (void)a;
    if (!c->env.put_openapi)
        REFUSE(UNSUPPORTED, "", "this build has no description of its routes");
    return c->env.put_openapi(c->out);
}
