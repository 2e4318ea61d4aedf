/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit explain WHAT`: a request from the daemon's records; everything else from the tables this
 * program was built with, so it needs no daemon. */
#include "base/params.h"
#include "cli/offline/commands.h"
#include "cli/offline/policy.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "cli/tell/rules.h"
#include "cli/tell/story.h"
#include "gate/words/words.h"
#include "os/config.h"
#include "os/file.h"
#include "policy/policy.h"

enum { FACTS_MAX = 8, HELD_BYTES_MAX = 64 * 1024 * 1024 };

struct fact {
    const char *what, *text;
};

struct entry {
    const char *kind, *name;
    struct fact facts[FACTS_MAX];
    size_t count;
};

struct search {
    struct cli *c;
    str name;
    size_t found;
    buf json;
    struct nearest near;
};

static void
add(struct entry *e, const char *what, const char *text)
{
    ASSERT(e->count < FACTS_MAX);
    if (text && *text)
        e->facts[e->count++] = (struct fact){what, text};
}

static const char *
number(struct cli *c, uint64_t n)
{
    return arena_fmt(c->a, "%llu", (unsigned long long)n).at;
}

/* ---- showing */

static void
put_json(buf *b, const struct entry *e)
{
    json_open(b, '{');
    json_member_str(b, "kind", str_of(e->kind));
    json_member_str(b, "name", str_of(e->name));
    for (size_t i = 0; i < e->count; i++)
        json_member_str(b, e->facts[i].what, str_of(e->facts[i].text));
    json_close(b, '}');
}

static void
put_text(const struct cli *c, const struct entry *e)
{
    show_styled(c->out, c->colored, STYLE_BOLD, str_of(e->name));
    (void)fprintf(c->out, " is %s %s.\n", strchr("aeiou", e->kind[0]) ? "an" : "a", e->kind);
    for (size_t i = 0; i < e->count; i++) {
        (void)fprintf(c->out, "  %-14s", e->facts[i].what);
        show_text(c->out, str_of(e->facts[i].text), false);
        (void)fputc('\n', c->out);
    }
}

static void
found(struct search *s, const struct entry *e)
{
    if (s->c->json)
        put_json(&s->json, e);
    else
        put_text(s->c, e);
    s->found++;
}

/* ---- the tables */

static bool
asked(struct search *s, const char *name)
{
    nearest_try(&s->near, name);
    return str_eq_nocase(s->name, str_of(name));
}

static void
search_errors(struct search *s)
{
    for (int i = 1; i < ERR_COUNT; i++) {
        const struct err_info *const info = err_info((err){(uint16_t)i});
        struct entry e = {.kind = "error", .name = info->id};
        if (!asked(s, info->id))
            continue;
        add(&e, "meaning", info->en);
        add(&e, "Bedeutung", info->de);
        add(&e, "what to do", info->hint);
        add(&e, "HTTP status", number(s->c, (uint64_t)info->http_status));
        add(&e, "exit status", number(s->c, (uint64_t)info->exit_status));
        add(&e, "OpenAI type", info->type);
        add(&e, "OpenAI code", info->name);
        found(s, &e);
    }
}

/* What is set in the data directory, if it can be read; NULL otherwise. */
static const char *
value_here(struct cli *c, const struct param_info *p)
{
    struct params all;
    char room[PARAM_TEXT_MAX];
    if (config_read(c->a, c->data_dir, &all).code)
        return NULL;
    params_show(&all, p, room);
    return arena_fmt(c->a, "%s (in %s)", *room ? room : "empty", c->data_dir).at;
}

static void
search_params(struct search *s)
{
    struct cli *const c = s->c;
    for (size_t i = 0; i < param_count; i++) {
        const struct param_info *const p = &param_table[i];
        struct entry e = {.kind = "setting", .name = p->key};
        if (!asked(s, p->key))
            continue;
        add(&e, "meaning", p->doc);
        add(&e, "default", p->is_text ? *p->text ? p->text : "empty" : number(c, p->value));
        if (!p->is_text)
            add(&e, "bounds",
                arena_fmt(c->a, "%s to %s %s", number(c, p->min), number(c, p->max), p->unit).at);
        add(&e, "here", value_here(c, p));
        found(s, &e);
    }
}

static const char *
role_name(enum role r)
{
    switch (r) {
    case ROLE_OPERATOR:
        return "operations (Betrieb)";
    case ROLE_AUDITOR:
        return "audit (Revision)";
    case ROLE_OFFICER:
        return "security officer (Geheimschutz)";
    case ROLE_BUSINESS:
        return "business (Fach)";
    case ROLE_ANY:
        break;
    }
    return "every valid key";
}

static void
search_policy(struct search *s)
{
    for (int i = 0; i < OP_COUNT; i++) {
        const struct op_info *const op = op_info((enum op)i);
        struct entry e = {.kind = "operation", .name = op->name};
        if (!asked(s, op->name))
            continue;
        add(&e, "meaning", op->doc);
        add(&e, "who may", role_name(op->role));
        add(&e, "content", op->is_content ? "yes: label, clearance and target are compared" : "no");
        found(s, &e);
    }
    for (int i = 0; i < RULE_COUNT; i++) {
        const struct rule_info *const rule = rule_info((enum rule)i);
        struct entry e = {.kind = "rule", .name = rule->name};
        if (!asked(s, rule->name))
            continue;
        add(&e, "denies when", rule->doc);
        add(&e, "who can grant", rule->granted_by);
        found(s, &e);
    }
}

/* The tables alone: what writes events and counts is the daemon's. */
static void
search_records(struct search *s)
{
    static const struct entry entries[] = {
#define EVENT(id, event_name, doc)                                                                 \
    {.kind = "event", .name = event_name, .facts = {{"meaning", doc}}, .count = 1},
#include "audit/events.def"
#undef EVENT
#define METER(id, type, meter_name, help)                                                          \
    {.kind = "meter",                                                                              \
     .name = meter_name,                                                                           \
     .facts = {{"meaning", help}, {"type", #type}},                                                \
     .count = 2},
#include "base/meters.def"
#undef METER
#define LIMIT(id, limit_name, unit, span, doc)                                                     \
    {.kind = "limit",                                                                              \
     .name = "limit." limit_name,                                                                  \
     .facts = {{"meaning", doc},                                                                   \
               {"refuses when", "it is used up: 429, with the time until it is not."},             \
               {"who can grant", "operations (Betrieb)"}},                                         \
     .count = 3},
#include "sched/limit.def"
#undef LIMIT
    };
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (asked(s, entries[i].name))
            found(s, &entries[i]);
}

/* What only the policy file has: guardrails and purposes, by name. */
static fallible
search_guardrails(struct search *s, const policy *p)
{
    size_t count;
    const struct guardrail *const list = policy_guardrails(p, &count);
    for (size_t i = 0; i < count; i++) {
        struct entry e = {.kind = "guardrail", .name = list[i].name.at};
        str looks_for;
        if (!asked(s, e.name))
            continue;
        TRY(rules_looks_for(s->c, &list[i], &looks_for));
        add(&e, "meaning", list[i].title.len ? list[i].title.at : "not said");
        add(&e, "does", rules_does(s->c, &list[i]));
        add(&e, "looks for", rules_kind(&list[i]));
        add(&e, "these", looks_for.at);
        add(&e, "who can grant", role_name(ROLE_OFFICER));
        found(s, &e);
    }
    return OK;
}

static void
search_purposes(struct search *s, const policy *p)
{
    const struct purposes *const all = policy_purposes(p);
    for (size_t i = 0; i < all->count; i++) {
        const struct purpose *const one = &all->at[i];
        struct entry e = {.kind = "purpose", .name = one->id.at};
        if (!asked(s, e.name))
            continue;
        add(&e, "meaning", one->title.at);
        add(&e, "in English", one->english.len ? one->english.at : "not said");
        add(&e, "law", one->law.len ? one->law.at : "not said");
        found(s, &e);
    }
}

/* There may be no policy to be had; then nothing is found in it. */
static fallible
search_policy_file(struct search *s, policy_file *p)
{
    if (policy_in_force(s->c, p).code) {
        s->c->hint[0] = s->c->de[0] = '\0';
        return OK;
    }
    search_purposes(s, *p);
    return search_guardrails(s, *p);
}

static fallible
explain_name(struct cli *c, str name)
{
    AUTO(policy_file) in_force = NULL; /* names that are near are its */
    struct search s = {.c = c, .name = name, .json = BUF(64 * 1024), .near = {.word = name}};
    json_open(&s.json, '[');
    search_errors(&s);
    search_params(&s);
    search_policy(&s);
    search_records(&s);
    err e = s.found ? OK : search_policy_file(&s, &in_force);
    json_close(&s.json, ']');
    if (!e.code && s.found && c->json)
        e = cli_put_json(c, &s.json);
    buf_done(&s.json);
    TRY(e);
    if (s.found)
        return OK;
    cli_hint(c,
             "Requests look like req_…; `hoheit doc errors`, params, ops, events and meters list "
             "the names.");
    if (s.near.best)
        REFUSE(NOT_FOUND, "", "nothing is called %.*s; did you mean %s?", STR_FMT(name),
               s.near.best);
    REFUSE(NOT_FOUND, "", "nothing is called %.*s", STR_FMT(name));
}

/* ---- requests */

static fallible
ask_about(struct cli *c, const char *route, str id, jval *ret)
{
    AUTO(buf) path = BUF(4096);
    buf_add_fmt(&path, "/admin/v1/%s/", route);
    percent_put(&path, id);
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL("GET", buf_str(&path));
    TRY(remote_json(c, &q, ret));
    return json_object(ret);
}

static fallible
explain_request(struct cli *c, str id, jval *ret)
{
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    TRY(ask_about(c, "explain", id, ret));
    if (!c->json)
        return story_tell(c, ret);
    json_put_value(&b, ret);
    return cli_put_json(c, &b);
}

/* One of the records must be committed to it. */
static fallible
check_said(struct cli *c, const jval *story, str kept, str *ret)
{
    const jval records = json_get(story, "records");
    err e = err_start_public(ERR_NOT_FOUND, "", __FILE__, __LINE__, __func__,
                             "nothing of this request is kept");
    for (size_t i = 0; i < json_count(&records); i++) {
        const jval r = json_at(&records, i);
        const str text = cli_text(c, &r, "kept");
        digest d;
        if (!text.len)
            continue;
        TRY(digest_read(text, &d));
        e = words_check(c->a, kept, &d, ret);
        if (e.code != ERR_CORRUPT)
            return e;
    }
    return e;
}

static bool
is_committed(struct cli *c, const jval *story)
{
    const jval records = json_get(story, "records");
    bool is = false;
    for (size_t i = 0; i < json_count(&records) && !is; i++) {
        const jval r = json_at(&records, i);
        is = cli_text(c, &r, "kept").len > 0;
    }
    return is;
}

static void
show_said(struct cli *c, const jval *said)
{
    const jval input = json_get(said, "input");
    const str prompt = cli_text(c, said, "prompt"), output = cli_text(c, said, "output");
    for (size_t i = 0; i < json_count(&input); i++) {
        const jval m = json_at(&input, i);
        const str role = cli_text(c, &m, "role");
        (void)fprintf(c->out, "\n%.*s:\n", STR_FMT(role.len ? role : STR("input")));
        show_text(c->out, cli_text(c, &m, "text"), true);
    }
    if (prompt.len)
        show_text(c->out, prompt, true);
    (void)fprintf(c->out, "\nanswer:\n");
    show_text(c->out, output, true);
    (void)fputc('\n', c->out);
}

static fallible
tell_said(struct cli *c, const jval *story, str kept)
{
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    jval said;
    str text;
    TRY(check_said(c, story, kept, &text));
    TRY(json_read(c->a, text, &said));
    if (!c->json) {
        show_said(c, &said);
        return OK;
    }
    json_put_value(&b, &said);
    return cli_put_json(c, &b);
}

/* Read by who may, and held against the log. */
static fallible
explain_content(struct cli *c, str id, const jval *story)
{
    jval root;
    if (!is_committed(c, story))
        REFUSE(NOT_FOUND, "", "nothing of this request is kept");
    TRY(ask_about(c, "content", id, &root));
    const jval all = json_get(&root, "said");
    for (size_t i = 0; i < json_count(&all); i++) {
        const jval one = json_at(&all, i);
        TRY(tell_said(c, story, cli_text(c, &one, "kept")));
    }
    return OK;
}

/* ---- are these the bytes? */
struct holding {
    digest plain, salted;
    bool has_salt;
    size_t found;
};

/* Logs from before hold plain digests. */
static bool
is_of(const struct holding *h, str text)
{
    const bool is_salted = str_starts(text, STR("salted:"));
    digest d;
    if (is_salted)
        text = str_slice(text, sizeof "salted:" - 1, text.len);
    if (!text.len || (is_salted && !h->has_salt) || digest_read(text, &d).code)
        return false;
    return digest_eq(&d, is_salted ? &h->salted : &h->plain);
}

static void
hold_against(struct cli *c, struct holding *h, const jval *record, const char *file)
{
    const str event = cli_text(c, record, "event");
    const bool is_input = is_of(h, cli_text(c, record, "input"));
    if (!is_input && !is_of(h, cli_text(c, record, "output")))
        return;
    h->found++;
    const char *what = !is_input ? "what was answered" : "what was asked";
    if (str_eq(event, STR("egress")))
        what = "what was sent outside";
    (void)fprintf(c->out, "%s is %s, by record %llu\n", file, what,
                  (unsigned long long)cli_number(record, "seq"));
}

static fallible
ask_salt(struct cli *c, str id, struct holding *h)
{
    AUTO(buf) path = BUF(4096);
    jval root;
    digest salt;
    buf_add(&path, STR("/admin/v1/content/"));
    percent_put(&path, id);
    buf_add(&path, STR("/salt"));
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL("GET", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    TRY(json_object(&root));
    TRY(digest_read(cli_text(c, &root, "salt"), &salt));
    h->has_salt = true;
    return words_salted(&salt, &h->plain, &h->salted);
}

static fallible
explain_holds(struct cli *c, str id, const jval *story, const char *file)
{
    const jval records = json_get(story, "records");
    struct holding h = {.has_salt = false};
    bool is_salted = false;
    str bytes;
    TRY(file_read(c->a, file, HELD_BYTES_MAX, &bytes));
    TRY(sha256_of(bytes, &h.plain));
    for (size_t i = 0; i < json_count(&records) && !is_salted; i++) {
        const jval r = json_at(&records, i);
        is_salted = str_starts(cli_text(c, &r, "input"), STR("salted:"));
    }
    if (is_salted)
        TRY(ask_salt(c, id, &h));
    for (size_t i = 0; i < json_count(&records); i++) {
        const jval r = json_at(&records, i);
        hold_against(c, &h, &r, file);
    }
    if (!h.found)
        REFUSE(CORRUPT, "", "%s is nothing of what the log holds of this request", file);
    return OK;
}

fallible
cmd_explain(struct cli *c, const struct args *a)
{
    jval story;
    if (str_starts(a->at[0], STR("req_"))) {
        TRY(explain_request(c, a->at[0], &story));
        if (args_has(a, "holds"))
            TRY(explain_holds(c, a->at[0], &story, args_value(a, "holds")));
        return args_has(a, "content") ? explain_content(c, a->at[0], &story) : OK;
    }
    return explain_name(c, a->at[0]);
}
