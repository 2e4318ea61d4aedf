/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit policy check|show|diff|test`: policy files, read here and not by the daemon. */
#include "cli/offline/policy.h"

#include "cli/offline/commands.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "cli/tell/rules.h"
#include "os/file.h"
#include "policy/change.h"
#include "policy/expectation.h"

enum { POLICY_BYTES_MAX = 1 << 20, DIFF_BYTES_MAX = 16 << 20, HOLDERS_MAX = 1000000 };

void
policy_file_auto(policy_file *p)
{
    policy_free(*p);
}

fallible
policy_file_open(struct cli *c, const char *path, policy_file *ret)
{
    str text;
    const err e = file_read(c->a, path ? path : file_join(c->a, c->data_dir, "policy.yaml"),
                            POLICY_BYTES_MAX, &text);
    if (e.code == ERR_NOT_FOUND)
        cli_hint(c, "Name a policy file, or a data directory with --data.");
    TRY(e);
    return policy_load(text, ret);
}

static const char *
path_at(struct cli *c, const struct args *a, size_t i)
{
    return i < a->count ? arena_str(c->a, a->at[i]).at : NULL;
}

/* ---- check */
fallible
cmd_policy_check(struct cli *c, const struct args *a)
{
    AUTO(policy_file) p = NULL;
    TRY(policy_file_open(c, path_at(c, a, 0), &p));
    const struct label_names *n = policy_names(p);
    size_t guardrails;
    (void)policy_guardrails(p, &guardrails);
    if (c->json) {
        AUTO(buf) b = BUF(4096);
        json_open(&b, '{');
        json_member_u64(&b, "levels", n->level_count);
        json_member_u64(&b, "compartments", n->compartment_count);
        json_member_u64(&b, "parties", n->party_count);
        json_member_u64(&b, "taints", n->taint_count);
        json_member_u64(&b, "purposes", policy_purposes(p)->count);
        json_member_u64(&b, "guardrails", guardrails);
        json_member_str(&b, "hours", policy_hours(p)->words);
        json_close(&b, '}');
        return cli_put_json(c, &b);
    }
    (void)fprintf(c->out,
                  "A policy: %zu levels, %zu compartments, %zu parties, %zu taints, %zu purposes, "
                  "%zu guardrails",
                  n->level_count, n->compartment_count, n->party_count, n->taint_count,
                  policy_purposes(p)->count, guardrails);
    if (policy_hours(p)->zone.len)
        (void)fprintf(c->out, ", office hours %.*s", STR_FMT(policy_hours(p)->words));
    (void)fputs(".\n", c->out);
    return OK;
}

/* ---- the one in force */
static fallible
ask_json(struct cli *c, str path, jval *ret)
{
    const struct remote_call q = REMOTE_CALL("GET", path);
    TRY(remote_json(c, &q, ret));
    return json_object(ret);
}

/* Empty: no version was ever approved, so it is the file. */
static fallible
read_active(struct cli *c, str *ret)
{
    jval root;
    TRY(ask_json(c, STR("/admin/v1/policy"), &root));
    const uint64_t id = cli_number(&root, "active");
    *ret = STR_NONE;
    if (!id)
        return OK;
    TRY(ask_json(c, arena_fmt(c->a, "/admin/v1/policy/%llu", (unsigned long long)id), &root));
    *ret = cli_text(c, &root, "text");
    return OK;
}

fallible
policy_in_force(struct cli *c, policy_file *ret)
{
    str text = STR_NONE;
    if (read_active(c, &text).code)
        c->hint[0] = c->de[0] = '\0'; /* no failure: the file is what there is */
    return text.len ? policy_load(text, ret) : policy_file_open(c, NULL, ret);
}

/* ---- show: rows, for a table and as JSON */
struct rows {
    struct cli *c;
    struct table *t;
    buf *b;
};

struct row {
    const char *kind;
    str number, id, title, more;
};

static fallible
add_row(struct rows *r, struct row one)
{
    TRY(table_add(r->t, str_of(one.kind)));
    TRY(table_add(r->t, one.number));
    TRY(table_add(r->t, one.id));
    TRY(table_add(r->t, one.title));
    return table_add(r->t, one.more);
}

struct names {
    const char *what;
    const struct label_name *at;
    size_t count;
    int lower; /* of a number to its bit */
};

static void
put_list(buf *b, const char *name, str list)
{
    str one;
    json_key(b, name);
    json_open(b, '[');
    while (list.len && str_next(&list, ',', &one))
        json_put_str(b, str_trim(one));
    json_close(b, ']');
}

static str
more_of(struct cli *c, str purposes, bool is_timed)
{
    return arena_fmt(c->a, "%s%.*s%s%s", purposes.len ? "for " : "", STR_FMT(purposes),
                     purposes.len && is_timed ? "; " : "", is_timed ? "in office hours" : "");
}

static fallible
put_names(struct rows *r, const policy *p, const struct names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        const struct label_name *one = &n->at[i];
        const label l = n->lower ? label_of_level(one->bit) : label_with(LABEL_BOTTOM, one->bit);
        const bool is_timed = !label_eq(label_meet(policy_hours(p)->limited, l), LABEL_BOTTOM);
        str purposes;
        TRY(rules_purposes_of(r->c, policy_purposes(p), one->bit - n->lower, &purposes));
        TRY(add_row(r, (struct row){n->what, arena_fmt(r->c->a, "%d", one->bit), one->id,
                                    one->title, more_of(r->c, purposes, is_timed)}));
        json_open(r->b, '{');
        json_member_str(r->b, "kind", str_of(n->what));
        json_member_i64(r->b, "number", one->bit);
        json_member_str(r->b, "id", one->id);
        json_member_str(r->b, "title", one->title);
        if (purposes.len)
            put_list(r->b, "purposes", purposes);
        if (is_timed)
            json_member_bool(r->b, "hours", true);
        json_close(r->b, '}');
    }
    return OK;
}

static fallible
put_purposes(struct rows *r, const struct purposes *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct purpose *one = &p->at[i];
        TRY(add_row(r, (struct row){"purpose", STR_NONE, one->id, one->title, one->law}));
        json_open(r->b, '{');
        json_member_str(r->b, "kind", STR("purpose"));
        json_member_str(r->b, "id", one->id);
        json_member_str(r->b, "title", one->title);
        json_member_str(r->b, "english", one->english);
        json_member_str(r->b, "law", one->law);
        json_close(r->b, '}');
    }
    return OK;
}

static fallible
put_hours(struct rows *r, const struct hours *h)
{
    if (!h->zone.len)
        return OK;
    TRY(add_row(r, (struct row){"hours", STR_NONE, h->zone, h->words, STR_NONE}));
    json_open(r->b, '{');
    json_member_str(r->b, "kind", STR("hours"));
    json_member_str(r->b, "id", h->zone);
    json_member_str(r->b, "title", h->words);
    json_close(r->b, '}');
    return OK;
}

static void
put_guardrail(buf *b, const struct guardrail *g, const char *does, str looks_for)
{
    json_open(b, '{');
    json_member_str(b, "kind", STR("guardrail"));
    json_member_str(b, "id", g->id);
    json_member_str(b, "title", g->title);
    json_member_str(b, "rule", g->name);
    json_member_str(b, "looks_for", str_of(rules_kind(g)));
    json_member_str(b, "does", str_of(does));
    if (g->word_count) {
        json_key(b, "words");
        json_open(b, '[');
        for (size_t i = 0; i < g->word_count; i++)
            json_put_str(b, g->words[i]);
        json_close(b, ']');
        json_member_u64(b, "least", g->least);
    } else if (g->types) {
        put_list(b, "types", looks_for);
    }
    json_close(b, '}');
}

static fallible
put_guardrails(struct rows *r, const policy *p)
{
    size_t count;
    const struct guardrail *list = policy_guardrails(p, &count);
    for (size_t i = 0; i < count; i++) {
        const char *does = rules_does(r->c, &list[i]);
        str looks_for;
        TRY(rules_looks_for(r->c, &list[i], &looks_for));
        const str more =
            arena_fmt(r->c->a, "%s: %s %.*s", does, rules_kind(&list[i]), STR_FMT(looks_for));
        TRY(add_row(r, (struct row){"guardrail", STR_NONE, list[i].id, list[i].title, more}));
        put_guardrail(r->b, &list[i], does, looks_for);
    }
    return OK;
}

static fallible
put_policy(struct rows *r, const policy *p)
{
    const struct label_names *n = policy_names(p);
    const struct names lists[] = {{"level", n->levels, n->level_count, 1},
                                  {"compartment", n->compartments, n->compartment_count, 0},
                                  {"party", n->parties, n->party_count, 0},
                                  {"taint", n->taints, n->taint_count, 0}};
    json_open(r->b, '[');
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        TRY(put_names(r, p, &lists[i]));
    TRY(put_purposes(r, policy_purposes(p)));
    TRY(put_hours(r, policy_hours(p)));
    TRY(put_guardrails(r, p));
    json_close(r->b, ']');
    return OK;
}

fallible
cmd_policy_show(struct cli *c, const struct args *a)
{
    AUTO(policy_file) p = NULL;
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    struct table t;
    struct rows r = {c, &t, &b};
    TRY(a->count ? policy_file_open(c, path_at(c, a, 0), &p) : policy_in_force(c, &p));
    TRY(table_begin(&t, c->a, "KIND|NUMBER>|NAME|TITLE|MORE"));
    TRY(put_policy(&r, p));
    if (c->json)
        return cli_put_json(c, &b);
    table_show(&t, c->out, c->colored);
    return OK;
}

/* ---- diff */
typedef VEC(struct holder) holder_list;

static fallible
read_holders(struct cli *c, holder_list *ret)
{
    const struct remote_call q = REMOTE_CALL("GET", STR("/admin/v1/keys"));
    jval root, key;
    struct jwalk w = {0};
    TRY(remote_json(c, &q, &root));
    TRY(json_array(&root, 0, HOLDERS_MAX));
    while (json_each(&root, &w, &key)) {
        TRY(json_object(&key));
        const struct holder h = {cli_text(c, &key, "name"), cli_text(c, &key, "clearance")};
        if (str_eq(cli_text(c, &key, "state"), STR("valid")))
            TRY(VEC_ADD(c->a, ret, &h));
    }
    return OK;
}

/* Without a daemon the names are compared, and nobody's keys. */
static void
find_holders(struct cli *c, holder_list *ret)
{
    if (!read_holders(c, ret).code)
        return;
    ret->count = 0;
    c->hint[0] = c->de[0] = '\0'; /* it is no failure here */
    cli_note(c, "The daemon does not answer: what keys gain or lose is not shown.");
}

static fallible
put_lines(struct cli *c, str text)
{
    AUTO(buf) b = BUF(DIFF_BYTES_MAX);
    str line;
    json_open(&b, '[');
    while (text.len && str_next(&text, '\n', &line))
        json_put_str(&b, line);
    json_close(&b, ']');
    return cli_put_json(c, &b);
}

fallible
cmd_policy_diff(struct cli *c, const struct args *a)
{
    AUTO(policy_file) from = NULL;
    AUTO(policy_file) to = NULL;
    AUTO(buf) b = BUF(DIFF_BYTES_MAX);
    holder_list holders = {0};
    TRY(policy_file_open(c, path_at(c, a, 0), &from));
    TRY(policy_file_open(c, path_at(c, a, 1), &to));
    find_holders(c, &holders);
    policy_diff(from, to, holders.at, holders.count, &b);
    TRY(buf_end(&b));
    if (c->json)
        TRY(put_lines(c, buf_str(&b)));
    else
        show_text(c->out, buf_str(&b), true);
    if (!b.len)
        cli_note(c, "Nothing changes.");
    return policy_check_bits(from, to);
}

/* ---- test */
struct tally {
    struct cli *c;
    size_t held, missed;
    buf json;
};

static void
put_missed(struct tally *t, const struct expected *e)
{
    show_styled(t->c->out, t->c->colored, STYLE_RED, STR("not so: "));
    show_text(t->c->out, e->about, false);
    (void)fprintf(t->c->out, ": %.*s, expected %.*s", STR_FMT(e->got), STR_FMT(e->want));
    if (e->why.len)
        (void)fprintf(t->c->out, " (%.*s)", STR_FMT(e->why));
    (void)fputc('\n', t->c->out);
}

static void
on_expected(void *ctx, const struct expected *e)
{
    struct tally *t = ctx;
    *(e->holds ? &t->held : &t->missed) += 1;
    json_open(&t->json, '{');
    json_member_str(&t->json, "name", e->about);
    json_member_bool(&t->json, "holds", e->holds);
    json_member_str(&t->json, "expected", e->want);
    json_member_str(&t->json, "decided", e->got);
    json_member_str(&t->json, "why", e->why);
    json_close(&t->json, '}');
    if (!e->holds && !t->c->json)
        put_missed(t, e);
}

fallible
cmd_policy_test(struct cli *c, const struct args *a)
{
    AUTO(policy_file) p = NULL;
    AUTO(buf) json = BUF(DIFF_BYTES_MAX);
    struct tally t = {.c = c, .json = json};
    str table;
    TRY(policy_file_open(c, args_value(a, "policy"), &p));
    TRY(file_read(c->a, path_at(c, a, 0), POLICY_BYTES_MAX, &table));
    json_open(&t.json, '[');
    const err e = expectations_run(p, table, on_expected, &t);
    json_close(&t.json, ']');
    json = t.json;
    TRY(e);
    if (c->json)
        TRY(cli_put_json(c, &json));
    else
        (void)fprintf(c->out, "%zu as expected, %zu not\n", t.held, t.missed);
    if (t.missed)
        FAIL(CONFLICT, "policy decides otherwise than the table expects");
    return OK;
}
