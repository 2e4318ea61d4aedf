/* SPDX-License-Identifier: EUPL-1.2 */
/* ApplyGuardrail, and the guardrails that other calls name: all of them are those of the policy
 * (guard/guard.h), which hold for every request whether it names them or not.
 *
 * A guardrail is named "hoheit", all of the policy's, or by the id of one; what stands before the
 * last slash of an ARN does not count, and neither does the version: there is the one in force. */
#include "api/bedrock/bedrock.h"
#include "api/read.h"
#include "base/num.h"
#include "gate/keep.h"
#include "guard/guard.h"

enum {
    BODY_BYTES_MAX = 64 * 1024 * 1024,
    TEXT_BYTES_MAX = 16 * 1024 * 1024,
    WORD_BYTES_MAX = 64,
    ID_BYTES_MAX = 2048,
    PARTS_MAX = 1024,
    UNIT_CHARACTERS = 1000,
    WORK_BYTES_MAX = 256 * 1024 * 1024
};

/* ---- names */
static str
name_of(str id)
{
    size_t at = id.len;
    while (at && id.at[at - 1] != '/')
        at--;
    return str_slice(id, at, id.len);
}

/* The rule, or the number of rules for all. */
static fallible
find(const guard *g, str id, size_t *ret)
{
    const str name = name_of(id);
    const size_t count = guard_count(g);
    for (size_t i = 0; i < count; i++)
        if (str_eq(guard_rule(g, i)->id, name)) {
            *ret = i;
            return OK;
        }
    if (!count || !str_eq(name, STR("hoheit")))
        REFUSE(NOT_FOUND, "guardrailIdentifier", "There is no guardrail \"%.*s\".",
               STR_FMT(str_slice(name, 0, 128)));
    *ret = count;
    return OK;
}

fallible
bedrock_check_guardrail_version(str version)
{
    int64_t n;
    if (num_i64(version, 1, INT32_MAX, &n).code && !str_eq(version, STR("DRAFT")))
        REFUSE(ARGUMENT, "guardrailVersion", "guardrailVersion must be a number or DRAFT");
    return OK;
}

fallible
bedrock_find_guardrail(const struct api_call *c, str id, size_t *ret)
{
    return find(gate_guard(c->gate), id, ret);
}

fallible
bedrock_check_guardrail(const struct api_call *c, str id)
{
    size_t unused;
    return find(gate_guard(c->gate), id, &unused);
}

fallible
bedrock_read_guardrail(const struct api_call *c, const jval *body, bool *ret_trace)
{
    static const char *const known[] = {"guardrailIdentifier", "guardrailVersion", "trace",
                                        "streamProcessingMode", NULL};
    const jval o = json_get(body, "guardrailConfig");
    str id, version = STR("DRAFT"), trace = STR("disabled");
    if (read_asks_nothing(&o))
        return OK;
    TRY(json_object(&o));
    TRY(read_members(&o, known));
    const jval i = json_get(&o, known[0]), v = json_get(&o, known[1]), t = json_get(&o, known[2]);
    TRY(json_str(&i, ID_BYTES_MAX, &id));
    TRY(opt_json_str(&v, WORD_BYTES_MAX, &version));
    TRY(opt_json_str(&t, WORD_BYTES_MAX, &trace));
    TRY(bedrock_check_guardrail_version(version));
    if (!str_eq(trace, STR("disabled")) && !str_eq(trace, STR("enabled")) &&
        !str_eq(trace, STR("enabled_full")))
        REFUSE_AT(ARGUMENT, &t, "must be enabled, enabled_full or disabled");
    *ret_trace = !str_eq(trace, STR("disabled"));
    return bedrock_check_guardrail(c, id);
}

/* ---- ApplyGuardrail */
struct part {
    str text;
    guard_hits hits;
};

struct apply {
    struct api_call *call;
    struct keep_call keep;
    struct kept leave;
    const guard *g;
    size_t rule; /* or all */
    unsigned where;
    struct part *parts;
    size_t count;
    arena *work;
    buf body;
};

static void
apply_done(void *p)
{
    struct apply *w = p;
    buf_done(&w->body);
    arena_free(w->work);
}

static bool
concerns(const struct apply *w, size_t rule)
{
    return w->rule == guard_count(w->g) || w->rule == rule;
}

static fallible
look(struct apply *w)
{
    const struct guard_look how = {.g = w->g, .where = w->where};
    for (size_t i = 0; i < w->count; i++) {
        guard_hits *h = &w->parts[i].hits;
        size_t kept = 0;
        TRY(guard_find(&how, w->parts[i].text, w->work, h));
        for (size_t k = 0; k < h->count; k++)
            if (concerns(w, h->at[k].rule))
                h->at[kept++] = h->at[k];
        h->count = kept;
    }
    return OK;
}

/* What all of it comes to: the first rule that blocks, whether something is masked. */
static const struct guardrail *
judge(const struct apply *w, bool *ret_masks)
{
    const struct guardrail *first = NULL;
    label unused = LABEL_BOTTOM;
    *ret_masks = false;
    for (size_t i = 0; i < w->count; i++) {
        const struct guardrail *r = guard_judge(w->g, &w->parts[i].hits, &unused);
        first = first ? first : r;
        for (size_t k = 0; k < w->parts[i].hits.count; k++)
            *ret_masks |= guard_rule(w->g, w->parts[i].hits.at[k].rule)->then == GUARDRAIL_MASK;
    }
    return first;
}

/* ---- the answer */
static const char *
action_of(const struct guardrail *r)
{
    static const char *const actions[] = {
        [GUARDRAIL_BLOCK] = "BLOCKED", [GUARDRAIL_MASK] = "ANONYMIZED", [GUARDRAIL_TAINT] = "NONE"};
    return actions[r->then];
}

typedef void put_fn(struct apply *w, const struct guard_hit *h, str match);

static void
put_match(struct apply *w, const struct guard_hit *h, str match)
{
    buf *const b = &w->body;
    json_member_str(b, "match", match);
    json_member_str(b, "action", str_of(action_of(guard_rule(w->g, h->rule))));
}

static void
put_topic(struct apply *w, const struct guard_hit *h, str match)
{
    buf *const b = &w->body;
    (void)match;
    json_member_str(b, "name", guard_rule(w->g, h->rule)->id);
    json_member_str(b, "type", STR("DENY"));
    json_member_str(b, "action", str_of(action_of(guard_rule(w->g, h->rule))));
}

static void
put_identifier(struct apply *w, const struct guard_hit *h, str match)
{
    put_match(w, h, match);
    json_member_str(&w->body, "type", str_of(guard_type(h)));
}

static void
put_attack(struct apply *w, const struct guard_hit *h, str match)
{
    buf *const b = &w->body;
    (void)match;
    json_member_str(b, "type", STR("PROMPT_ATTACK"));
    json_member_str(b, "confidence", STR("HIGH"));
    json_member_str(b, "action", str_of(action_of(guard_rule(w->g, h->rule))));
}

static const struct {
    const char *policy, *list, *other;
    put_fn *put;
} kinds[] = {[GUARDRAIL_WORDS] = {"wordPolicy", "customWords", "managedWordLists", put_match},
             [GUARDRAIL_TOPIC] = {"topicPolicy", "topics", NULL, put_topic},
             [GUARDRAIL_IDENTIFIERS] = {"sensitiveInformationPolicy", "piiEntities", "regexes",
                                        put_identifier},
             [GUARDRAIL_ATTACK] = {"contentPolicy", "filters", NULL, put_attack}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static size_t
count_kind(const struct apply *w, size_t kind)
{
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < w->parts[i].hits.count; k++)
            n += guard_rule(w->g, w->parts[i].hits.at[k].rule)->kind == kind;
    return n;
}

static void
put_kind(struct apply *w, size_t kind)
{
    json_key(&w->body, kinds[kind].policy);
    json_open(&w->body, '{');
    json_key(&w->body, kinds[kind].list);
    json_open(&w->body, '[');
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < w->parts[i].hits.count; k++) {
            const struct guard_hit *h = &w->parts[i].hits.at[k];
            if (guard_rule(w->g, h->rule)->kind != kind)
                continue;
            json_open(&w->body, '{');
            kinds[kind].put(w, h, str_slice(w->parts[i].text, h->start, h->end));
            json_close(&w->body, '}');
        }
    json_close(&w->body, ']');
    if (kinds[kind].other) {
        json_key(&w->body, kinds[kind].other);
        buf_add(&w->body, STR("[]"));
    }
    json_close(&w->body, '}');
}

static void
put_output(struct apply *w, str text)
{
    json_open(&w->body, '{');
    json_member_str(&w->body, "text", text);
    json_close(&w->body, '}');
}

static fallible
put_outputs(struct apply *w, const struct guardrail *blocked, bool masks)
{
    json_key(&w->body, "outputs");
    json_open(&w->body, '[');
    if (blocked)
        put_output(w, arena_fmt(w->call->a, "%.*s forbids this%s%.*s", STR_FMT(blocked->name),
                                blocked->title.len ? ": " : "", STR_FMT(blocked->title)));
    for (size_t i = 0; i < w->count && masks && !blocked; i++) {
        AUTO(buf) text = BUF(BODY_BYTES_MAX);
        guard_mask(w->g, &w->parts[i].hits, w->parts[i].text, 0, &text);
        TRY(buf_end(&text));
        put_output(w, buf_str(&text));
    }
    json_close(&w->body, ']');
    return OK;
}

static size_t
characters(const struct apply *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < w->parts[i].text.len; k++)
            n += ((unsigned char)w->parts[i].text.at[k] & 0xc0) != 0x80;
    return n;
}

static void
put_usage(struct apply *w)
{
    static const char *const units[] = {"topicPolicyUnits",
                                        "contentPolicyUnits",
                                        "wordPolicyUnits",
                                        "sensitiveInformationPolicyUnits",
                                        "sensitiveInformationPolicyFreeUnits",
                                        "contextualGroundingPolicyUnits"};
    const size_t all = (characters(w) + UNIT_CHARACTERS - 1) / UNIT_CHARACTERS;
    json_key(&w->body, "usage");
    json_open(&w->body, '{');
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        json_member_u64(&w->body, units[i], i < 4 ? all : 0);
    json_close(&w->body, '}');
    json_key(&w->body, "guardrailCoverage");
    json_open(&w->body, '{');
    json_key(&w->body, "textCharacters");
    json_open(&w->body, '{');
    json_member_u64(&w->body, "guarded", characters(w));
    json_member_u64(&w->body, "total", characters(w));
    json_close(&w->body, '}');
    json_close(&w->body, '}');
}

static fallible
put_all(struct apply *w)
{
    bool masks, any = false;
    TRY(look(w));
    const struct guardrail *const blocked = judge(w, &masks);
    json_open(&w->body, '{');
    json_member_str(&w->body, "action",
                    blocked || masks ? STR("GUARDRAIL_INTERVENED") : STR("NONE"));
    if (blocked)
        json_member_str(&w->body, "actionReason", blocked->name);
    TRY(put_outputs(w, blocked, masks));
    json_key(&w->body, "assessments");
    json_open(&w->body, '[');
    for (size_t kind = 0; kind < KINDS; kind++)
        any |= count_kind(w, kind) != 0;
    if (any) {
        json_open(&w->body, '{');
        for (size_t kind = 0; kind < KINDS; kind++)
            if (count_kind(w, kind))
                put_kind(w, kind);
        json_close(&w->body, '}');
    }
    json_close(&w->body, ']');
    put_usage(w);
    json_close(&w->body, '}');
    return buf_end(&w->body);
}

static void
answer(void *ctx, err e)
{
    struct apply *w = ctx;
    struct http_field fields[BEDROCK_FIELDS];
    if (!e.code)
        e = put_all(w);
    if (e.code) {
        api_fail(w->call, e);
        return;
    }
    const size_t count =
        bedrock_fields(w->call, STR("application/json"), w->leave.label_text, fields);
    http_answer(w->call->x, 200, fields, count, buf_str(&w->body));
}

/* ---- the request */
static fallible
read_part(const jval *v, str *ret)
{
    static const char *const known[] = {"text", NULL};
    static const char *const members[] = {"text", "qualifiers", NULL};
    const jval text = json_get(v, "text");
    TRY(json_object(v));
    TRY(read_members(v, known));
    TRY(json_object(&text));
    TRY(read_members(&text, members));
    const jval said = json_get(&text, "text");
    return json_str(&said, TEXT_BYTES_MAX, ret);
}

static fallible
read_parts(struct apply *w, const jval *body)
{
    const jval list = json_get(body, "content");
    struct jwalk walk = {.next = NULL};
    void *room;
    jval v;
    TRY(json_array(&list, 1, PARTS_MAX));
    TRY(try_arena_get(w->call->a, json_count(&list), sizeof *w->parts, &room));
    w->parts = room;
    while (json_each(&list, &walk, &v))
        TRY(read_part(&v, &w->parts[w->count++].text));
    return OK;
}

static fallible
read_body(struct apply *w)
{
    static const char *const known[] = {"source", "content", "outputScope", NULL};
    jval body;
    str source, scope = STR("INTERVENTIONS");
    TRY(api_body(w->call, &body));
    TRY(read_members(&body, known));
    const jval s = json_get(&body, "source"), o = json_get(&body, "outputScope");
    TRY(json_str(&s, WORD_BYTES_MAX, &source));
    TRY(opt_json_str(&o, WORD_BYTES_MAX, &scope));
    if (!str_eq(source, STR("INPUT")) && !str_eq(source, STR("OUTPUT")))
        REFUSE_AT(ARGUMENT, &s, "must be INPUT or OUTPUT");
    if (!str_eq(scope, STR("INTERVENTIONS")) && !str_eq(scope, STR("FULL")))
        REFUSE_AT(ARGUMENT, &o, "must be INTERVENTIONS or FULL");
    w->where = str_eq(source, STR("INPUT")) ? GUARDRAIL_INPUT : GUARDRAIL_OUTPUT;
    return read_parts(w, &body);
}

static fallible
run(struct apply *w)
{
    struct api_call *c = w->call;
    w->g = gate_guard(c->gate);
    TRY(gate_allow(c->gate, c->session, OP_MODERATE, http_request_id(c->x), c->a));
    TRY(find(w->g, c->args[0], &w->rule));
    TRY(bedrock_check_guardrail_version(c->args[1]));
    TRY(read_body(w));
    TRY(arena_open(WORK_BYTES_MAX, &w->work));
    w->keep = (struct keep_call){.gate = c->gate,
                                 .session = c->session,
                                 .case_name = c->case_name,
                                 .request_id = http_request_id(c->x),
                                 .a = c->a,
                                 .done = answer,
                                 .ctx = w};
    return keep_allow(&w->keep, OP_MODERATE, http_header(c->x, STR("x-hoheit-label")), &w->leave);
}

void
bedrock_apply_guardrail(struct api_call *c)
{
    struct apply *w = arena_new(c->a, struct apply);
    w->call = c;
    w->body = BUF(BODY_BYTES_MAX);
    arena_on_end(c->a, apply_done, w);
    const err e = run(w);
    if (e.code)
        api_fail(c, e);
}
