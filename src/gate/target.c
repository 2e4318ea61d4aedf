/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/target.h"

#include <stdio.h>

#include "base/json.h"
#include "base/map.h"
#include "egress/provider_list.h"
#include "engine/remote/say.h"
#include "gate/hide/canon.h"
#include "gate/hide/hide.h"
#include "gate/pass.h"
#include "os/clock.h"

enum { LEXICON_BYTES_MAX = 16 * 1024 * 1024, WIPE_LEVEL = 2 /* VS-NfD and above */ };

/* ---- the targets of a name */
struct targets {
    struct registry_target at[REGISTRY_TARGETS_MAX];
    struct routing_targets to; /* the same, as policy sees them */
    size_t count;
    struct routing found; /* what became of each */
};

static enum model_kind
kind_of(const struct gate_ask *ask)
{
    return ask->kind == ENGINE_EMBED ? MODEL_EMBED : MODEL_CHAT;
}

static bool
is_remote(const struct model *m)
{
    return str_eq(m->engine, STR("remote"));
}

/* "PROVIDER/NAME", as registry_add has checked. */
static str
provider_of(const struct model *m)
{
    return str_slice(m->origin, 0, (size_t)str_find_char(m->origin, '/'));
}

static str
name_there(const struct model *m)
{
    return str_slice(m->origin, provider_of(m).len + 1, m->origin.len);
}

static const struct provider_public *
find_provider(const gate *g, const struct model *m)
{
    const struct provider_list *list = g->parts.providers;
    const struct provider_public *p = list ? provider_list_find(list, provider_of(m)) : NULL;
    return p && provider_has_models(p) ? p : NULL;
}

/* What the provider may hold, by its entry; false when policy does not know the entry's names, and
 * nothing may go there.  Where it says nothing of taints it takes all: they say where bytes came
 * from, not who may see them. */
static bool
provider_sink(const gate *g, const struct provider_public *p, label *ret)
{
    const label taints =
        label_part(policy_local_sink(g->parts.policy), LABEL_TAINT_FIRST, LABEL_TAINT_COUNT);
    *ret = LABEL_BOTTOM;
    if (!p || label_parse(policy_names(g->parts.policy), str_of(p->sink), ret).code)
        return false;
    if (label_eq(label_part(*ret, LABEL_TAINT_FIRST, LABEL_TAINT_COUNT), LABEL_BOTTOM))
        *ret = label_join(*ret, taints);
    return true;
}

static struct price
price_there(const gate *g, const struct model *m)
{
    const struct provider_list *list = g->parts.providers;
    const struct provider_model *p =
        list ? provider_list_model(list, provider_of(m), name_there(m)) : NULL;
    if (!p || !p->is_priced)
        return (struct price){.is_known = false};
    return (struct price){true, p->micro_euro_in, p->micro_euro_cached, p->micro_euro_out};
}

/* For an order among targets; what is not known stands behind all that is. */
static uint64_t
cost_of(const gate *g, const struct model *m)
{
    const struct price p = price_there(g, m);
    return p.is_known ? p.in + p.out : UINT64_MAX;
}

static bool
is_up(const gate *g, const struct model *m)
{
    if (!g->egress || !find_provider(g, m))
        return false;
    const struct egress_state s = egress_state_of(g->egress, provider_of(m));
    return !s.is_known || s.is_open;
}

static struct routing_target
outside(const gate *g, const struct gate_ask *ask, const struct registry_target *t)
{
    const struct provider_public *p = find_provider(g, t->model);
    const bool embeds = ask->kind != ENGINE_EMBED || (p && p->dialect == PROVIDER_OPENAI);
    label sink;
    const bool is_known = provider_sink(g, p, &sink) && p->dialect != PROVIDER_OTLP;
    return (struct routing_target){.name = t->model->name,
                                   .sink = label_meet(t->model->sink, sink),
                                   .rank = t->rank,
                                   .is_able = is_known && ask->kind != ENGINE_TOKENIZE && embeds,
                                   .is_up = is_up(g, t->model),
                                   .cost_ue = cost_of(g, t->model)};
}

static bool
shows_images(const struct gate_ask *ask)
{
    return ask->conv && conv_image_count(ask->conv) > 0;
}

static struct routing_target
inside(const struct gate_ask *ask, const struct registry_target *t)
{
    return (struct routing_target){.name = t->model->name,
                                   .sink = t->model->sink,
                                   .rank = t->rank,
                                   .is_able = !shows_images(ask) || model_can_see(t->model),
                                   .is_up = true};
}

/* Whether an outside model can see its provider says. */
static fallible
check_sight(const struct gate_ask *ask, const struct targets *t)
{
    if (!shows_images(ask))
        return OK;
    for (size_t i = 0; i < t->count; i++)
        if (is_remote(t->at[i].model) || t->to.at[i].is_able)
            return OK;
    const str place = conv_image_at(ask->conv, 0)->place, name = t->at[0].model->name;
    REFUSE(
        UNSUPPORTED, place.at,
        "%.*s is an image, and the model \"%.*s\" cannot see (capability \"vision\"): send text, "
        "or name a model that was added with --projector-of",
        STR_FMT(place), STR_FMT(name));
}

static fallible
find_targets(const gate *g, const struct gate_ask *ask, struct targets *ret)
{
    TRY(registry_targets(g->parts.registry, ask->model, kind_of(ask), ret->at, &ret->count));
    for (size_t i = 0; i < ret->count; i++)
        ret->to.at[i] =
            is_remote(ret->at[i].model) ? outside(g, ask, &ret->at[i]) : inside(ask, &ret->at[i]);
    ret->to.count = ret->count;
    return check_sight(ask, ret);
}

/* What failed a moment ago is as good as down. */
static void
pass_over(struct targets *t, const struct target *last)
{
    for (size_t i = 0; i < t->to.count; i++)
        for (size_t k = 0; k < last->tried_count; k++)
            t->to.at[i].is_up &= !str_eq(t->to.at[i].name, last->tried[k]);
}

static void
copy_model(arena *a, const struct model *m, struct model *ret)
{
    *ret = *m;
    ret->name = arena_str(a, m->name);
    ret->file = arena_str(a, m->file);
    ret->sha256 = arena_str(a, m->sha256);
    ret->engine = arena_str(a, m->engine);
    ret->origin = arena_str(a, m->origin);
}

fallible
target_name(gate *g, const struct gate_ask *ask, struct model *ret)
{
    const struct model *m;
    TRY(registry_find(g->parts.registry, ask->model, kind_of(ask), &m));
    copy_model(ask->a, m, ret);
    return OK;
}

bool
target_may_leave(const gate *g, const struct gate_ask *ask)
{
    struct registry_target at[REGISTRY_TARGETS_MAX];
    size_t count = 0;
    if (registry_targets(g->parts.registry, ask->model, kind_of(ask), at, &count).code)
        return false; /* there is no such name */
    for (size_t i = 0; i < count; i++)
        if (is_remote(at[i].model))
            return true;
    return false;
}

/* ---- telling */
static void
tell(const struct targets *t, struct target *ret)
{
    size_t len = strlen(ret->told);
    for (size_t i = 0; t->count > 1 && i < t->found.count && len < sizeof ret->told; i++) {
        const struct routing_step *s = &t->found.steps[i];
        const str name = t->to.at[s->target].name;
        len += (size_t)snprintf(ret->told + len, sizeof ret->told - len, "%s%.*s %s%s%s",
                                len ? "; " : "", STR_FMT(name), routing_verdict_name(s->verdict),
                                s->decision.allowed ? "" : " by ",
                                s->decision.allowed ? "" : s->decision.rule);
    }
}

static void
put_step(const struct targets *t, const struct routing_step *s, buf *b)
{
    const struct registry_target *at = &t->at[s->target];
    json_open(b, '{');
    json_member_str(b, "model", at->model->name);
    json_member_str(b, "engine", at->model->engine);
    json_member_str(b, "verdict", str_of(routing_verdict_name(s->verdict)));
    if (!s->decision.allowed) {
        json_member_str(b, "rule", str_of(s->decision.rule));
        json_member_str(b, "why", str_of(s->decision.why));
        json_member_str(b, "granted_by", str_of(s->decision.granted_by));
    }
    json_close(b, '}');
}

fallible
target_put(gate *g, const struct gate_ask *ask, const struct ask *q, buf *b)
{
    char text[LABEL_TEXT_MAX];
    struct targets t;
    TRY(find_targets(g, ask, &t));
    const err e = routing_find(g->parts.policy, q, &t.to, ask->a, &t.found);
    json_open(b, '{');
    json_member_str(b, "model", ask->model);
    json_member_str(b, "label", label_text(policy_names(g->parts.policy), q->data, text));
    json_member_bool(b, "allowed", !e.code);
    json_key(b, "targets");
    json_open(b, '[');
    for (size_t i = 0; i < t.found.count; i++)
        put_step(&t, &t.found.steps[i], b);
    json_close(b, ']');
    json_close(b, '}');
    return buf_end(b);
}

/* The asker's own leave to what it sends, whatever target it is for. */
static fallible
own_grant(gate *g, const struct ask *q, arena *a, const grant **ret)
{
    struct ask own = *q;
    struct decision d;
    own.target = policy_local_sink(g->parts.policy);
    return policy_decide(g->parts.policy, &own, a, &d, ret);
}

/* ---- choosing */
static bool
is_about_the_target(const struct routing *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->steps[i].verdict != ROUTING_DENIED ||
            strncmp(r->steps[i].decision.rule, "target.", 7) != 0)
            return false;
    return true;
}

static label
answer_taint(const gate *g)
{
    const struct label_names *n = policy_names(g->parts.policy);
    for (size_t i = 0; i < n->taint_count; i++)
        if (str_eq(n->taints[i].id, STR("external-model")))
            return label_with(LABEL_BOTTOM, n->taints[i].bit);
    return LABEL_BOTTOM;
}

static enum remote_dialect
dialect_of(const struct provider_public *p)
{
    switch ((enum provider_dialect)p->dialect) {
    case PROVIDER_ANTHROPIC:
        return REMOTE_ANTHROPIC;
    case PROVIDER_BEDROCK:
        return REMOTE_BEDROCK;
    case PROVIDER_OPENAI:
    case PROVIDER_HOHEIT:
        return REMOTE_OPENAI;
    case PROVIDER_OTLP:
    case PROVIDER_WITNESS:
        break;
    }
    UNREACHABLE("collectors and witnesses have no models, and hoheitd checked the dialect");
}

static fallible
hash_sent(struct target *t, enum engine_kind kind)
{
    AUTO(buf) body = BUF(SAY_BYTES_MAX);
    const struct say s = {.kind = kind, .c = t->conv, .g = t->grant, .t = &t->remote};
    TRY(say_body(&s, &body));
    TRY(buf_end(&body));
    return sha256_of(buf_str(&body), &t->sent);
}

/* What goes there, and its digest. */
static fallible
say(const struct gate_ask *ask, struct target *t)
{
    if (pass_fits(ask, t))
        return pass_say(ask, t);
    if (ask->raw && ask->raw->unsaid)
        return err_again(ask->raw->unsaid);
    return t->is_remote ? hash_sent(t, ask->kind) : OK;
}

static fallible
take_target(gate *g, const struct gate_ask *ask, const struct targets *t, struct target *ret)
{
    const struct routing_step *s = &t->found.steps[0];
    copy_model(ask->a, t->at[s->target].model, &ret->model);
    ret->grant = s->grant;
    ret->is_remote = is_remote(&ret->model);
    if (!ret->is_remote)
        return say(ask, ret);
    const struct provider_public *p = find_provider(g, &ret->model);
    ASSERT(p); /* else it was not able */
    ret->model_label = answer_taint(g);
    ret->price = price_there(g, &ret->model);
    ret->remote = (struct remote_target){.provider = provider_of(&ret->model),
                                         .dialect = dialect_of(p),
                                         .model = name_there(&ret->model),
                                         .sink = t->to.at[s->target].sink};
    return say(ask, ret);
}

/* As it is: OK, or why not, and t->found says what became of each target. */
static fallible
try_plain(gate *g, const struct gate_ask *ask, const struct ask *q, struct targets *t)
{
    struct ask one = *q;
    const grant *unused;
    struct decision d;
    t->found.count = 0;
    one.model = t->to.at[0].name;
    one.target = t->to.at[0].sink;
    /* What is wrong with the key itself is said as such, and no target is looked at. */
    const err e = gate_decide(g, &one, ask->a, &d, &unused);
    if (e.code == ERR_UNAUTHENTICATED) {
        t->found.count = 1;
        t->found.steps[0] = (struct routing_step){.verdict = ROUTING_DENIED, .decision = d};
        return e;
    }
    return routing_find(g->parts.policy, q, &t->to, ask->a, &t->found);
}

static fallible
open_lexicon(gate *g)
{
    if (!g->lexicon_arena)
        TRY(arena_open(LEXICON_BYTES_MAX, &g->lexicon_arena));
    return detect_open(g->lexicon_arena, &g->lexicon);
}

fallible
gate_lexicon(gate *g, const struct lexicon **ret)
{
    if (!g->lexicon)
        TRY(open_lexicon(g));
    *ret = g->lexicon;
    return OK;
}

/* With tokens for identifiers: outside only, for inside nothing needs to be hidden. */
static fallible
try_hidden(gate *g, const struct gate_ask *ask, const struct ask *q, struct targets *t,
           struct target *ret)
{
    struct ask less = *q;
    const lexicon *names;
    struct hidden h;
    less.data = policy_downgrade(g->parts.policy, DOWNGRADE_PSEUDONYM, q->data);
    if (label_eq(less.data, q->data))
        FAIL(DENIED, "the pseudonymiser may remove nothing of the label");
    for (size_t i = 0; i < t->count; i++)
        t->to.at[i].is_able &= is_remote(t->at[i].model);
    TRY(routing_find(g->parts.policy, &less, &t->to, ask->a, &t->found));
    TRY(own_grant(g, q, ask->a, &ret->own));
    TRY(gate_lexicon(g, &names));
    const struct hide how = {ask->a, names, ret->own, less.data};
    TRY(hide_conv(&how, ask->conv, &h));
    ret->conv = h.conv;
    ret->pseudonyms = h.map;
    snprintf(ret->told, sizeof ret->told, "%zu identifiers were replaced by tokens",
             pseudonym_count(h.map));
    return OK;
}

/* Would it go outside with tokens for identifiers, if it had no images? */
static bool
images_are_in_the_way(const gate *g, const struct gate_ask *ask, const struct ask *q,
                      struct targets *t)
{
    struct ask less = *q;
    if (!shows_images(ask))
        return false;
    less.data = policy_downgrade(g->parts.policy, DOWNGRADE_PSEUDONYM, q->data);
    if (label_eq(less.data, q->data))
        return false;
    for (size_t i = 0; i < t->count; i++)
        t->to.at[i].is_able &= is_remote(t->at[i].model);
    return !routing_find(g->parts.policy, &less, &t->to, ask->a, &t->found).code;
}

/* Nobody finds identifiers in an image, so none can be replaced. */
static fallible
deny_images(struct decision *d)
{
    *d = (struct decision){.rule = "downgrade.images",
                           .granted_by = "security officer (Geheimschutz)"};
    (void)snprintf(d->why, sizeof d->why,
                   "Identifiers in images cannot be replaced by tokens, so images of that label do "
                   "not leave.");
    REFUSE(DENIED, "downgrade.images", "%s", d->why);
}

/* As if nothing had been hidden. */
static void
forget_hidden(const struct gate_ask *ask, struct target *t)
{
    t->conv = ask->conv;
    t->pseudonyms = NULL;
    t->own = NULL;
    t->told[0] = 0;
}

fallible
target_choose(gate *g, const struct gate_ask *ask, const struct ask *q, struct target *ret,
              struct decision *d)
{
    struct targets t, hidden;
    struct err_kept denied;
    forget_hidden(ask, ret);
    TRY(find_targets(g, ask, &t));
    pass_over(&t, ret);
    const err e = try_plain(g, ask, q, &t);
    ASSERT(t.found.count);
    *d = t.found.steps[0].decision;
    if (!e.code) {
        TRY(own_grant(g, q, ask->a, &ret->own));
        tell(&t, ret);
        return take_target(g, ask, &t, ret);
    }
    err_keep(&denied, e);
    hidden = t;
    const bool is_about_it = e.code == ERR_DENIED && is_about_the_target(&t.found);
    if (is_about_it && images_are_in_the_way(g, ask, q, &hidden)) {
        tell(&t, ret);
        return deny_images(d);
    }
    hidden = t;
    if (is_about_it && !try_hidden(g, ask, q, &hidden, ret).code) {
        *d = hidden.found.steps[0].decision;
        tell(&hidden, ret);
        return take_target(g, ask, &hidden, ret);
    }
    forget_hidden(ask, ret);
    tell(&t, ret);
    return err_again(&denied);
}

fallible
target_next(gate *g, const struct gate_ask *ask, const struct ask *q, struct target *t,
            struct decision *d)
{
    struct target next = {.tried_count = t->tried_count};
    ASSERT(t->tried_count < REGISTRY_TARGETS_MAX);
    memcpy(next.tried, t->tried, sizeof next.tried);
    next.tried[next.tried_count++] = t->model.name;
    TRY(target_choose(g, ask, q, &next, d));
    *t = next;
    return OK;
}

/* ---- for operators */
fallible
admin_route_put(const struct admin_call *c, const struct route_wish *w, buf *b)
{
    gate *g = c->gate;
    const struct policy *p = g->parts.policy;
    const struct session anybody = {.clearance = policy_local_sink(p),
                                    .key_name = STR("anybody"),
                                    .purposes = &w->purpose,
                                    .purpose_count = w->purpose.len != 0};
    struct ask q = {
        .session = &anybody, .op = OP_CHAT, .purpose = w->purpose, .now_wall_ms = gate_now(g)};
    const struct gate_ask ask = {.kind = ENGINE_CHAT, .model = w->model, .a = c->a};
    TRY(admin_allow(c, OP_ROUTE));
    TRY(label_parse(policy_names(p), w->label_text, &q.data));
    return target_put(g, &ask, &q, b);
}

fallible
target_serve(const struct gate_ask *ask, const struct target *t, enum conv_class class)
{
    struct conv_service *s = &ask->conv->service;
    static const uint8_t tenant_key[16] = "tenants' shares"; /* engines learn no names */
    const str tenant = ask->session->tenant;
    const label l = ask->conv->label;
    digest scope, images = {.bytes = {0}};
    if (shows_images(ask))
        TRY(canon_images(ask->conv, t->own, &images));
    const str who[] = {tenant,
                       t->model.sha256,
                       {(const char *)l.w, sizeof l.w},
                       {(const char *)images.bytes, sizeof images.bytes}};
    TRY(canon_list(who, shows_images(ask) ? 4 : 3, &scope));
    memcpy(s->scope, scope.bytes, sizeof s->scope);
    s->tenant = siphash24(tenant_key, tenant.at, tenant.len);
    s->class = class;
    s->wipes = label_level(l) >= WIPE_LEVEL;
    return OK;
}
