/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit policy check|show|diff|test`: policy files, read here and not by the daemon. */
#include "cli/offline/policy.h"

#include "cli/offline/commands.h"
#include "cli/remote.h"
#include "cli/show.h"
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
    if (c->json) {
        AUTO(buf) b = BUF(4096);
        json_open(&b, '{');
        json_member_u64(&b, "levels", n->level_count);
        json_member_u64(&b, "compartments", n->compartment_count);
        json_member_u64(&b, "parties", n->party_count);
        json_member_u64(&b, "taints", n->taint_count);
        json_close(&b, '}');
        return cli_put_json(c, &b);
    }
    (void)fprintf(c->out, "A policy: %zu levels, %zu compartments, %zu parties, %zu taints.\n",
                  n->level_count, n->compartment_count, n->party_count, n->taint_count);
    return OK;
}

/* ---- show */
struct names {
    const char *what;
    const struct label_name *at;
    size_t count;
};

static fallible
add_names(struct table *t, const struct names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        TRY(table_add(t, str_of(n->what)));
        TRY(table_add_fmt(t, "%d", n->at[i].bit));
        TRY(table_add(t, n->at[i].id));
        TRY(table_add(t, n->at[i].title));
    }
    return OK;
}

static void
put_names(buf *b, const struct names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        json_open(b, '{');
        json_member_str(b, "kind", str_of(n->what));
        json_member_i64(b, "number", n->at[i].bit);
        json_member_str(b, "id", n->at[i].id);
        json_member_str(b, "title", n->at[i].title);
        json_close(b, '}');
    }
}

fallible
cmd_policy_show(struct cli *c, const struct args *a)
{
    AUTO(policy_file) p = NULL;
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    struct table t;
    TRY(policy_file_open(c, path_at(c, a, 0), &p));
    const struct label_names *n = policy_names(p);
    const struct names lists[] = {{"level", n->levels, n->level_count},
                                  {"compartment", n->compartments, n->compartment_count},
                                  {"party", n->parties, n->party_count},
                                  {"taint", n->taints, n->taint_count}};
    TRY(table_begin(&t, c->a, "KIND|NUMBER>|NAME|TITLE"));
    json_open(&b, '[');
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        TRY(add_names(&t, &lists[i]));
        put_names(&b, &lists[i]);
    }
    json_close(&b, ']');
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
