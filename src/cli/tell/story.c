/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/tell/story.h"

#include "cli/show.h"
#include "policy/policy.h"

enum { INDENT = 16 };

/* "  what  text" under the record's first line; nothing when there is no text. */
static void
put_fact(const struct cli *c, const char *what, str text)
{
    if (!text.len)
        return;
    (void)fprintf(c->out, "%*s%s ", INDENT, "", what);
    show_text(c->out, text, false);
    (void)fputc('\n', c->out);
}

static void
put_member(struct cli *c, const jval *record, const char *what, const char *name)
{
    put_fact(c, what, cli_text(c, record, name));
}

static bool
is(struct cli *c, const jval *record, const char *name, str value)
{
    return str_eq(cli_text(c, record, name), value);
}

/* "2026-03-01T12:00:00.123Z" → "  12:00:00.123  " */
static void
put_time(struct cli *c, const jval *record)
{
    const str time = cli_text(c, record, "time");
    (void)fputs("  ", c->out);
    show_text(c->out, str_slice(time, 11, 23), false);
    (void)fputs("  ", c->out);
}

static void
put_rule(struct cli *c, const jval *record)
{
    const struct rule_info *const rule = rule_find(cli_text(c, record, "rule"));
    if (!rule)
        return;
    put_fact(c, "rule", arena_fmt(c->a, "%s: %s", rule->name, rule->doc));
    put_fact(c, "can be granted by", str_of(rule->granted_by));
}

static void
put_decision(struct cli *c, const jval *record)
{
    const bool allowed = is(c, record, "decision", STR("allowed"));
    const str model = cli_text(c, record, "model");
    show_styled(c->out, c->colored, allowed ? STYLE_GREEN : STYLE_RED,
                cli_text(c, record, "decision"));
    (void)fputs(": ", c->out);
    show_text(c->out, cli_text(c, record, "op"), false);
    (void)fputs(model.len ? " with model " : "", c->out);
    show_text(c->out, model, false);
    (void)fputc('\n', c->out);
    put_member(c, record, "why", "why");
    put_rule(c, record);
    put_member(c, record, "key", "key");
    put_member(c, record, "person", "person");
    put_member(c, record, "tenant", "tenant");
    put_member(c, record, "label", "label");
    put_member(c, record, "clearance", "clearance");
    put_member(c, record, "purpose", "purpose");
    put_member(c, record, "case", "case");
}

static void
put_spent(struct cli *c, const jval *record)
{
    const str cost_by = cli_text(c, record, "cost_by");
    const str energy_by = cli_text(c, record, "energy_by");
    const uint64_t cost = cli_number(record, "cost_micro_euro");
    const uint64_t energy = cli_number(record, "energy_mj");
    if (cost_by.len)
        put_fact(c, "cost",
                 arena_fmt(c->a, "%llu.%06llu euro, by %s", (unsigned long long)(cost / 1000000),
                           (unsigned long long)(cost % 1000000),
                           str_eq(cost_by, STR("usage")) ? "the provider's count"
                                                         : "the reservation: it counted nothing "
                                                           "that could be believed"));
    if (str_eq(energy_by, STR("not measured")))
        put_fact(c, "energy", energy_by);
    else if (energy_by.len)
        put_fact(c, "energy",
                 arena_fmt(c->a, "%llu.%03llu joules, by %.*s", (unsigned long long)(energy / 1000),
                           (unsigned long long)(energy % 1000), STR_FMT(energy_by)));
}

static void
put_completion(struct cli *c, const jval *record)
{
    char whole[SHOW_MAX], first[SHOW_MAX];
    const bool is_ok = is(c, record, "outcome", STR("ok"));
    const uint64_t first_us = cli_number(record, "first_token_us");
    show_us(cli_number(record, "duration_us"), whole);
    show_us(first_us, first);
    show_styled(c->out, c->colored, is_ok ? STYLE_GREEN : STYLE_YELLOW,
                cli_text(c, record, "outcome"));
    (void)fprintf(c->out, ": %llu tokens read, %llu written, in %s",
                  (unsigned long long)cli_number(record, "tokens_in"),
                  (unsigned long long)cli_number(record, "tokens_out"), whole);
    if (first_us)
        (void)fprintf(c->out, ", the first after %s", first);
    (void)fputc('\n', c->out);
    put_spent(c, record);
}

static void
put_other(struct cli *c, const jval *record)
{
    show_text(c->out, cli_text(c, record, "event"), false);
    (void)fputc('\n', c->out);
    put_member(c, record, "of", "object");
    put_member(c, record, "key", "key");
    put_member(c, record, "person", "person");
}

static void
put_record(struct cli *c, const jval *record)
{
    put_time(c, record);
    if (is(c, record, "event", STR("decision")))
        put_decision(c, record);
    else if (is(c, record, "event", STR("completion")))
        put_completion(c, record);
    else
        put_other(c, record);
    put_member(c, record, "input sha256", "input");
    put_member(c, record, "input sha256", "input_sha256");
    put_member(c, record, "output sha256", "output");
    put_member(c, record, "output sha256", "output_sha256");
}

fallible
story_tell(struct cli *c, const jval *root)
{
    const jval records = json_get(root, "records");
    struct jwalk w = {0};
    jval record;
    str day = STR_NONE;
    TRY(json_array(&records, 1, SIZE_MAX));
    show_styled(c->out, c->colored, STYLE_BOLD, cli_text(c, root, "request"));
    (void)fputc('\n', c->out);
    while (json_each(&records, &w, &record)) {
        TRY(json_object(&record));
        const str today = str_slice(cli_text(c, &record, "time"), 0, 10);
        if (!str_eq(today, day)) {
            show_text(c->out, today, false);
            (void)fputs(" (UTC)\n", c->out);
        }
        day = today;
        put_record(c, &record);
    }
    return OK;
}
