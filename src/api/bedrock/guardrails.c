/* SPDX-License-Identifier: EUPL-1.2 */
/* Guardrails of the control plane: the rules of the policy in force, in AWS's shape, to be read.
 * Names may be seen by every key, since denials name them; words and types by who may read the
 * policy.  Making, changing and removing one is the work of two people on the policy (hoheit policy
 * propose, approve), so it is denied here with that word.
 *
 * "hoheit" is all of them together.  The policy keeps no time for its rules: they are as old as
 * this process. */
#include "api/bedrock/bedrock.h"
#include "base/num.h"
#include "detect/detect.h"
#include "guard/guard.h"
#include "os/clock.h"

enum { BODY_BYTES_MAX = 8 * 1024 * 1024, PAGE_MAX = 1000 };

static const char *const signing[] = {
    "X-Amz-Algorithm", "X-Amz-Credential",    "X-Amz-Date",          "X-Amz-Expires",
    "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Security-Token"};
enum { SIGNING = sizeof signing / sizeof *signing };

fallible
bedrock_query_only(const struct api_call *c, const char *const *also)
{
    const char *known[16] = {NULL};
    size_t n = 0;
    for (; n < SIGNING; n++)
        known[n] = signing[n];
    for (; *also; also++) {
        ASSERT(n < sizeof known / sizeof *known - 1);
        known[n++] = *also;
    }
    return api_query_only(c, known);
}

/* ---- one of them */
struct shown {
    struct api_call *call;
    const guard *g;
    size_t rule; /* or the count of rules: all */
    buf *b;
};

static const struct guardrail *
rule_of(const struct shown *s)
{
    return s->rule < guard_count(s->g) ? guard_rule(s->g, s->rule) : NULL;
}

static str
id_of(const struct shown *s)
{
    const struct guardrail *r = rule_of(s);
    return r ? r->id : STR("hoheit");
}

static void
put_times(const struct shown *s)
{
    AUTO(buf) when = BUF(64);
    clock_put(&when, gate_parts_of(s->call->gate)->started_wall_ms);
    json_member_str(s->b, "createdAt", buf_str(&when));
    json_member_str(s->b, "updatedAt", buf_str(&when));
}

/* The members that a summary and the whole have under different names come with `prefix`. */
static void
put_head(const struct shown *s, const char *id, const char *arn)
{
    const struct guardrail *r = rule_of(s);
    const str title = r ? r->title : STR("All guardrails of the policy.");
    json_member_str(s->b, id, id_of(s));
    json_member_str(
        s->b, arn,
        arena_fmt(s->call->a, "arn:aws:bedrock:local::guardrail/%.*s", STR_FMT(id_of(s))));
    json_member_str(s->b, "name", id_of(s));
    if (title.len)
        json_member_str(s->b, "description", title);
    json_member_str(s->b, "status", STR("READY"));
    json_member_str(s->b, "version", STR("1"));
    put_times(s);
}

/* ---- what it finds */
static const char *
action_of(const struct guardrail *r)
{
    static const char *const actions[] = {
        [GUARDRAIL_BLOCK] = "BLOCK", [GUARDRAIL_MASK] = "ANONYMIZE", [GUARDRAIL_TAINT] = "NONE"};
    return actions[r->then];
}

static void
put_where(buf *b, const struct guardrail *r)
{
    json_member_str(b, "inputAction", str_of(action_of(r)));
    json_member_str(b, "outputAction", str_of(action_of(r)));
    json_member_bool(b, "inputEnabled", (r->where & GUARDRAIL_INPUT) != 0);
    json_member_bool(b, "outputEnabled", (r->where & GUARDRAIL_OUTPUT) != 0);
}

static void
put_words(buf *b, const struct guardrail *r)
{
    for (size_t i = 0; i < r->word_count; i++) {
        json_open(b, '{');
        json_member_str(b, "text", r->words[i]);
        put_where(b, r);
        json_close(b, '}');
    }
}

/* Its words are the examples; how many of them make the topic is the definition. */
static void
put_topic(buf *b, const struct guardrail *r)
{
    json_open(b, '{');
    json_member_str(b, "name", r->id);
    json_key(b, "definition");
    buf_add_fmt(b, "\"At least %zu of its words stand in one text.\"", r->least);
    json_key(b, "examples");
    json_open(b, '[');
    for (size_t i = 0; i < r->word_count; i++)
        json_put_str(b, r->words[i]);
    json_close(b, ']');
    json_member_str(b, "type", STR("DENY"));
    put_where(b, r);
    json_close(b, '}');
}

static void
put_types(buf *b, const struct guardrail *r)
{
    for (unsigned t = 0; t < DETECT_TYPE_COUNT; t++) {
        if (!(r->types >> t & 1) || !detect_name((enum detect_type)t))
            continue;
        json_open(b, '{');
        json_member_str(b, "type", str_of(detect_name((enum detect_type)t)));
        json_member_str(b, "action", str_of(action_of(r)));
        put_where(b, r);
        json_close(b, '}');
    }
}

static void
put_attack(buf *b, const struct guardrail *r)
{
    const bool in = (r->where & GUARDRAIL_INPUT) != 0, out = (r->where & GUARDRAIL_OUTPUT) != 0;
    json_open(b, '{');
    json_member_str(b, "type", STR("PROMPT_ATTACK"));
    json_member_str(b, "inputStrength", in ? STR("HIGH") : STR("NONE"));
    json_member_str(b, "outputStrength", out ? STR("HIGH") : STR("NONE"));
    put_where(b, r);
    json_close(b, '}');
}

static const struct {
    const char *policy, *list;
    void (*put)(buf *b, const struct guardrail *r);
} kinds[] = {[GUARDRAIL_WORDS] = {"wordPolicy", "words", put_words},
             [GUARDRAIL_TOPIC] = {"topicPolicy", "topics", put_topic},
             [GUARDRAIL_IDENTIFIERS] = {"sensitiveInformationPolicy", "piiEntities", put_types},
             [GUARDRAIL_ATTACK] = {"contentPolicy", "filters", put_attack}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool
concerns(const struct shown *s, size_t rule, size_t kind)
{
    return guard_rule(s->g, rule)->kind == kind &&
           (s->rule == rule || s->rule == guard_count(s->g));
}

static void
put_kind(const struct shown *s, size_t kind)
{
    bool any = false;
    for (size_t i = 0; i < guard_count(s->g); i++) {
        if (!concerns(s, i, kind))
            continue;
        if (!any) {
            json_key(s->b, kinds[kind].policy);
            json_open(s->b, '{');
            json_key(s->b, kinds[kind].list);
            json_open(s->b, '[');
        }
        any = true;
        kinds[kind].put(s->b, guard_rule(s->g, i));
    }
    if (any) {
        json_close(s->b, ']');
        json_close(s->b, '}');
    }
}

static void
put_message(const struct shown *s, const char *name)
{
    const struct guardrail *r = rule_of(s);
    if (r)
        json_member_str(s->b, name,
                        arena_fmt(s->call->a, "%.*s forbids this%s%.*s", STR_FMT(r->name),
                                  r->title.len ? ": " : "", STR_FMT(r->title)));
    else
        json_member_str(s->b, name, STR("The rule that forbids it is named."));
}

/* ---- answers */
static void
answer(struct api_call *c, fallible (*put)(struct api_call *c, buf *b))
{
    struct http_field fields[BEDROCK_FIELDS];
    AUTO(buf) b = BUF(BODY_BYTES_MAX);
    err e = put(c, &b);
    if (!e.code)
        e = buf_end(&b);
    if (e.code) {
        api_fail(c, e);
        return;
    }
    const size_t count = bedrock_fields(c, STR("application/json"), STR_NONE, fields);
    http_answer(c->x, 200, fields, count, buf_str(&b));
}

static fallible
put_one(struct api_call *c, buf *b)
{
    static const char *const known[] = {"guardrailVersion", NULL};
    struct shown s = {.call = c, .g = gate_guard(c->gate), .b = b};
    const enum op op = (c->session->roles & ROLE_OPERATOR) ? OP_STATUS : OP_POLICY_LIST;
    TRY(gate_allow(c->gate, c->session, op, http_request_id(c->x), c->a));
    TRY(bedrock_query_only(c, known));
    TRY(bedrock_find_guardrail(c, c->args[0], &s.rule));
    json_open(b, '{');
    put_head(&s, "guardrailId", "guardrailArn");
    for (size_t kind = 0; kind < KINDS; kind++)
        put_kind(&s, kind);
    put_message(&s, "blockedInputMessaging");
    put_message(&s, "blockedOutputsMessaging");
    json_close(b, '}');
    return OK;
}

void
bedrock_show_guardrail(struct api_call *c)
{
    answer(c, put_one);
}

/* ---- listed: all together first, then one by one */
struct page {
    size_t from, count;
    str only; /* of one guardrail, its versions: there is one */
};

static fallible
read_page(struct api_call *c, struct page *ret)
{
    static const char *const known[] = {"guardrailIdentifier", "maxResults", "nextToken", NULL};
    uint64_t most = PAGE_MAX, from = 0;
    str count, token;
    TRY(bedrock_query_only(c, known));
    TRY(api_query(c, STR("guardrailIdentifier"), &ret->only));
    TRY(api_query(c, STR("maxResults"), &count));
    TRY(api_query(c, STR("nextToken"), &token));
    if (count.len && num_u64(count, 1, PAGE_MAX, &most).code)
        REFUSE(ARGUMENT, "maxResults", "maxResults must be a number from 1 to %d", PAGE_MAX);
    if (token.len && num_u64(token, 1, GUARDRAILS_MAX, &from).code)
        REFUSE(ARGUMENT, "nextToken", "nextToken is none that was given here");
    ret->from = (size_t)from;
    ret->count = (size_t)most;
    return OK;
}

static void
put_summary(struct shown *s)
{
    json_open(s->b, '{');
    put_head(s, "id", "arn");
    json_close(s->b, '}');
}

/* The i-th is the rule before it; the first is all of them. */
static size_t
put_page(struct shown *s, const struct page *p)
{
    const size_t rules = guard_count(s->g), all = rules ? rules + 1 : 0;
    size_t i = p->from;
    for (; i < all && i - p->from < p->count; i++) {
        s->rule = i ? i - 1 : rules;
        put_summary(s);
    }
    return i < all ? i : 0;
}

static fallible
put_list(struct api_call *c, buf *b)
{
    struct shown s = {.call = c, .g = gate_guard(c->gate), .b = b};
    struct page p = {.from = 0};
    size_t next = 0;
    TRY(gate_allow(c->gate, c->session, OP_MODEL_LIST, http_request_id(c->x), c->a));
    TRY(read_page(c, &p));
    if (p.only.len)
        TRY(bedrock_find_guardrail(c, p.only, &s.rule));
    json_open(b, '{');
    json_key(b, "guardrails");
    json_open(b, '[');
    if (p.only.len)
        put_summary(&s);
    else
        next = put_page(&s, &p);
    json_close(b, ']');
    if (next)
        json_member_str(b, "nextToken", arena_fmt(c->a, "%zu", next));
    json_close(b, '}');
    return OK;
}

void
bedrock_list_guardrails(struct api_call *c)
{
    answer(c, put_list);
}

/* ---- changed */
static fallible
refuse(struct api_call *c)
{
    size_t unused;
    TRY(gate_allow(c->gate, c->session, OP_MODEL_LIST, http_request_id(c->x), c->a));
    if (c->args[0].len)
        TRY(bedrock_find_guardrail(c, c->args[0], &unused));
    REFUSE(DENIED, "",
           "Guardrails are rules of the policy, which two people change: write it into the section "
           "guardrails of the policy file and hand that in with `hoheit policy propose`.");
}

void
bedrock_refuse_guardrail(struct api_call *c)
{
    api_fail(c, refuse(c));
}
