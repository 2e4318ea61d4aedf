/* SPDX-License-Identifier: EUPL-1.2 */
#include "acts/declassify.h"

#include "base/json.h"
#include "base/utf8.h"
#include "gate/keep.h"
#include "os/clock.h"
#include "os/entropy.h"

/* What was kept, opened: for the length of a call. */
struct release {
    struct release_row row;
    const grant *grant;
    str content, to_text, from_text, reason, basis, sha256_text;
    str proposer, line, person; /* key id, its line, whose */
    str approver;
    label to;
    digest digest, whole; /* of the content; of all that was proposed */
};

static const struct gate_parts *
parts(const struct admin_call *c)
{
    return gate_parts_of(c->gate);
}

/* ---- the text that is sealed */
static void
put_sealed(const struct release *r, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "content", r->content);
    json_member_str(b, "sha256", r->sha256_text);
    json_member_str(b, "from", r->from_text);
    json_member_str(b, "to", r->to_text);
    json_member_str(b, "reason", r->reason);
    json_member_str(b, "basis", r->basis);
    json_member_str(b, "proposer", r->proposer);
    json_member_str(b, "line", r->line);
    json_member_str(b, "person", r->person);
    json_member_str(b, "approver", r->approver);
    json_close(b, '}');
}

static fallible
read_sealed(arena *a, str text, struct release *r)
{
    jval root;
    const struct {
        const char *name;
        str *to;
    } members[] = {{"content", &r->content},   {"sha256", &r->sha256_text}, {"from", &r->from_text},
                   {"to", &r->to_text},        {"reason", &r->reason},      {"basis", &r->basis},
                   {"proposer", &r->proposer}, {"line", &r->line},          {"person", &r->person},
                   {"approver", &r->approver}};
    TRY(json_read(a, text, &root));
    TRY(json_object(&root));
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const jval v = json_get(&root, members[i].name);
        TRY(json_str(&v, RELEASE_BYTES_MAX, members[i].to));
    }
    return OK;
}

/* ---- digests */
static fallible
add_part(sha256 *h, str text)
{
    const uint64_t len = text.len;
    TRY(sha256_add(h, (str){(const char *)&len, sizeof len}));
    return sha256_add(h, text);
}

static fallible
add_parts(sha256 *h, const struct release *r)
{
    const str list[] = {r->row.id, r->sha256_text, r->from_text, r->to_text, r->reason, r->basis};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        TRY(add_part(h, list[i]));
    const int64_t end = r->row.expires_wall_ms;
    return add_part(h, (str){(const char *)&end, sizeof end});
}

static fallible
hash(struct release *r)
{
    sha256 *h;
    TRY(sha256_of(r->content, &r->digest));
    TRY(sha256_new(&h));
    const err e = add_parts(h, r);
    if (e.code) {
        sha256_free(h);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    return sha256_end(h, &r->whole);
}

/* ---- records */
static fallible
record(const struct admin_call *c, enum audit_event event, const struct release *r)
{
    const struct audit_record one = {
        .event = event,
        .request_id = c->request_id,
        .key_id = c->session->key_id,
        .tenant = c->session->tenant,
        .person = c->session->person,
        .purpose = c->session->purpose,
        .label_text = r->from_text,
        .why = arena_fmt(c->a, "to %.*s", STR_FMT(str_slice(r->to_text, 0, 200))),
        .object = r->row.id,
        .decision = "",
        .rule = "",
        .input = &r->digest,
        .output = &r->whole,
        .outcome = "ok"};
    return audit_append(parts(c)->audit, &one, c->done, c->ctx);
}

/* ---- who may */
static fallible
leave_for(const struct admin_call *c, enum op op, label data, bool is_own, const grant **ret)
{
    const struct gate_want w = {.session = c->session,
                                .op = op,
                                .data = data,
                                .is_own_act = is_own,
                                .request_id = c->request_id,
                                .a = c->a};
    return gate_leave(c->gate, &w, ret);
}

static bool
is_proposer(const struct release *r, const struct session *s)
{
    return str_eq(r->proposer, s->key_id) || (s->line.len && str_eq(r->line, s->line)) ||
           (s->person.len && str_eq(r->person, s->person));
}

/* ---- proposing */
static fallible
check_words(const char *field, str text)
{
    if (!text.len || text.len > DECLASSIFY_WORDS_MAX)
        REFUSE(ARGUMENT, field, "%s must have 1 to %d bytes", field, DECLASSIFY_WORDS_MAX);
    return OK;
}

static fallible
read_labels(const struct admin_call *c, const struct declassify_wish *w, struct release *r)
{
    const struct label_names *n = policy_names(parts(c)->policy);
    char room[LABEL_TEXT_MAX];
    r->row.label = c->session->default_label;
    if (w->from.len)
        TRY(label_parse(n, w->from, &r->row.label));
    TRY(label_parse(n, w->to, &r->to));
    if (!label_dominates(r->row.label, r->to) || label_eq(r->row.label, r->to))
        REFUSE(ARGUMENT, "to", "the label proposed must take something off and put nothing on");
    r->from_text = arena_str(c->a, label_text(n, r->row.label, room));
    r->to_text = arena_str(c->a, label_text(n, r->to, room));
    return OK;
}

static fallible
read_wish(const struct admin_call *c, const struct declassify_wish *w, struct release *r)
{
    const uint64_t longest = (uint64_t)DECLASSIFY_VALID_DAYS_MAX * 24 * 3600 * 1000;
    if (!w->content.len || w->content.len > DECLASSIFY_CONTENT_MAX)
        REFUSE(ARGUMENT, "content", "the content must have 1 to %d bytes", DECLASSIFY_CONTENT_MAX);
    if (!utf8_valid(w->content))
        REFUSE(ARGUMENT, "content", "the content is not UTF-8");
    TRY(check_words("reason", w->reason));
    TRY(check_words("basis", w->basis));
    if (!w->valid_ms || w->valid_ms > longest)
        REFUSE(ARGUMENT, "valid_ms", "a proposal must say how long it is valid: %d days at most",
               DECLASSIFY_VALID_DAYS_MAX);
    return read_labels(c, w, r);
}

static fallible
fill(const struct admin_call *c, const struct declassify_wish *w, struct release *r)
{
    char room[ID_MAX], hex[65];
    r->content = w->content;
    r->reason = w->reason;
    r->basis = w->basis;
    r->proposer = c->session->key_id;
    r->line = c->session->line;
    r->person = c->session->person;
    r->row.owner = session_owner(c->session);
    r->row.id = arena_str(c->a, id_new("dec_", room));
    r->row.state = RELEASE_PROPOSED;
    r->row.expires_wall_ms = clock_wall_ms() + (int64_t)w->valid_ms;
    TRY(sha256_of(r->content, &r->digest));
    digest_text(&r->digest, hex);
    r->sha256_text = arena_str(c->a, str_of(hex));
    return hash(r);
}

static fallible
keep(const struct admin_call *c, const struct release *r)
{
    const secret *key;
    AUTO(buf) text = BUF(RELEASE_BYTES_MAX);
    put_sealed(r, &text);
    TRY(buf_end(&text));
    TRY(releases_sweep(parts(c)->db, clock_wall_ms()));
    TRY(keep_owner_key(c->gate, r->row.owner, &key));
    return releases_add(parts(c)->db, key, r->grant, &r->row, buf_str(&text));
}

fallible
declassify_propose(const struct admin_call *c, const struct declassify_wish *w, buf *b)
{
    struct release r = {.row.id = STR_NONE};
    TRY(read_wish(c, w, &r));
    TRY(leave_for(c, OP_DECLASSIFY_PROPOSE, r.row.label, false, &r.grant));
    TRY(fill(c, w, &r));
    TRY(keep(c, &r));
    json_open(b, '{');
    json_member_str(b, "id", r.row.id);
    json_member_str(b, "sha256", r.sha256_text);
    clock_put_member(b, "expires", r.row.expires_wall_ms);
    json_close(b, '}');
    TRY(buf_end(b));
    return record(c, EVENT_DECLASSIFY_PROPOSE, &r);
}

/* ---- what was kept */
static fallible
open_text(const struct admin_call *c, struct release *r)
{
    const secret *key;
    const struct label_names *n = policy_names(parts(c)->policy);
    AUTO(buf) text = BUF(RELEASE_BYTES_MAX);
    TRY(keep_owner_key(c->gate, r->row.owner, &key));
    TRY(releases_text(parts(c)->db, key, r->grant, &r->row, &text));
    TRY(read_sealed(c->a, buf_str(&text), r));
    TRY(label_parse(n, r->to_text, &r->to)); /* by the policy in force: a name may be gone */
    if (!label_dominates(r->row.label, r->to))
        FAIL(CORRUPT, "a proposal would put something on");
    return hash(r);
}

/* Leave comes before the text is opened: who is not cleared learns nothing but the denial. */
static fallible
open_release(const struct admin_call *c, enum op op, str id, struct release *ret)
{
    char hex[65];
    *ret = (struct release){.row.id = STR_NONE};
    TRY(gate_allow(c->gate, c->session, op, c->request_id, c->a));
    TRY(releases_head(parts(c)->db, c->a, id, clock_wall_ms(), &ret->row));
    TRY(leave_for(c, op, ret->row.label, false, &ret->grant));
    TRY(open_text(c, ret));
    digest_text(&ret->digest, hex);
    if (!str_eq(str_of(hex), ret->sha256_text))
        FAIL(CORRUPT, "the bytes of a proposal are not those it was made for");
    return OK;
}

static fallible
check_state(const struct release *r, enum release_state want)
{
    static const char *const why[] = {[RELEASE_PROPOSED] = "this was not approved yet",
                                      [RELEASE_APPROVED] = "this was approved before",
                                      [RELEASE_USED] = "this was used, and counts once"};
    if (r->row.state != want)
        REFUSE(CONFLICT, "id", "%s", why[r->row.state]);
    return OK;
}

/* ---- showing: the difference in words */
struct difference {
    arena *a;
    buf *b;
    label gone; /* what is taken off and was not named yet */
};

static label
without(label l, label off)
{
    for (int w = 0; w < 4; w++)
        l.w[w] &= ~off.w[w];
    return l;
}

static void
put_taken(struct difference *d, const char *what, const struct label_name *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!label_has(d->gone, names[i].bit))
            continue;
        json_put_str(d->b, arena_fmt(d->a, "%s %.*s", what, STR_FMT(names[i].id)));
        d->gone = without(d->gone, label_with(LABEL_BOTTOM, names[i].bit));
    }
}

static str
level_name(const struct label_names *n, label l)
{
    for (size_t i = 0; i < n->level_count; i++)
        if (n->levels[i].bit == label_level(l))
            return n->levels[i].id;
    return STR("?");
}

static void
put_difference(arena *a, const struct label_names *n, const struct release *r, buf *b)
{
    const label from = r->row.label;
    const int above = LABEL_COMPARTMENT_FIRST, bits = LABEL_TAINT_FIRST + LABEL_TAINT_COUNT;
    struct difference d = {a, b, label_part(without(from, r->to), above, bits - above)};
    json_key(b, "takes_off");
    json_open(b, '[');
    if (label_level(from) != label_level(r->to))
        json_put_str(b, arena_fmt(a, "level %.*s, down to %.*s", STR_FMT(level_name(n, from)),
                                  STR_FMT(level_name(n, r->to))));
    put_taken(&d, "compartment", n->compartments, n->compartment_count);
    put_taken(&d, "exclusion of", n->parties, n->party_count);
    put_taken(&d, "taint", n->taints, n->taint_count);
    if (!label_eq(d.gone, LABEL_BOTTOM)) /* REL shuts out parties to come */
        json_put_str(b, STR("exclusion of what has no name in the policy"));
    json_close(b, ']');
}

static const char *
state_name(enum release_state s)
{
    static const char *const names[] = {
        [RELEASE_PROPOSED] = "proposed", [RELEASE_APPROVED] = "approved", [RELEASE_USED] = "used"};
    ASSERT(s >= RELEASE_PROPOSED && s <= RELEASE_USED);
    return names[s];
}

fallible
declassify_show(const struct admin_call *c, str id, buf *b)
{
    struct release r;
    TRY(open_release(c, OP_DECLASSIFY_APPROVE, id, &r));
    json_open(b, '{');
    json_member_str(b, "id", r.row.id);
    json_member_str(b, "state", str_of(state_name(r.row.state)));
    json_member_str(b, "from", r.from_text);
    json_member_str(b, "to", r.to_text);
    put_difference(c->a, policy_names(parts(c)->policy), &r, b);
    json_member_str(b, "reason", r.reason);
    json_member_str(b, "basis", r.basis);
    json_member_str(b, "proposer", r.proposer);
    json_member_str(b, "proposer_person", r.person);
    json_member_str(b, "approver", r.approver);
    clock_put_member(b, "expires", r.row.expires_wall_ms);
    json_member_str(b, "sha256", r.sha256_text);
    json_member_str(b, "content", r.content);
    json_close(b, '}');
    TRY(buf_end(b));
    return record(c, EVENT_DECLASSIFY_READ, &r);
}

/* ---- approving and using: the record is made first, so the row rises only when it is durable */
struct step {
    struct admin_call call;
    struct release release;
    enum release_state next;
};

static void
forget(void *p)
{
    struct step *s = p;
    audit_forget(parts(&s->call)->audit, s);
}

static fallible
rise(struct step *s)
{
    const secret *key;
    AUTO(buf) text = BUF(RELEASE_BYTES_MAX);
    if (s->release.row.expires_wall_ms <= clock_wall_ms())
        REFUSE(NOT_FOUND, "id", "there is no such proposal");
    put_sealed(&s->release, &text);
    TRY(buf_end(&text));
    const struct release_step step = {s->next, buf_str(&text)};
    TRY(keep_owner_key(s->call.gate, s->release.row.owner, &key));
    return releases_step(parts(&s->call)->db, key, s->release.grant, &s->release.row, &step);
}

static void
on_recorded(void *ctx, err recorded)
{
    struct step *s = ctx;
    s->call.done(s->call.ctx, recorded.code ? recorded : rise(s));
}

static fallible
record_and_rise(struct step *s, enum audit_event event)
{
    struct admin_call own = s->call;
    own.done = on_recorded;
    own.ctx = s;
    arena_on_end(s->call.a, forget, s);
    return record(&own, event, &s->release);
}

fallible
declassify_approve(const struct admin_call *c, str id, str sha256_hex)
{
    struct step *s = arena_new(c->a, struct step);
    *s = (struct step){.call = *c, .next = RELEASE_APPROVED};
    struct release *r = &s->release;
    TRY(open_release(c, OP_DECLASSIFY_APPROVE, id, r));
    TRY(leave_for(c, OP_DECLASSIFY_APPROVE, r->row.label, is_proposer(r, c->session), &r->grant));
    TRY(check_state(r, RELEASE_PROPOSED));
    if (!str_eq_nocase(sha256_hex, r->sha256_text))
        REFUSE(CONFLICT, "sha256", "that is not the digest of the bytes that are to go out");
    r->approver = c->session->key_id;
    return record_and_rise(s, EVENT_DECLASSIFY_APPROVE);
}

fallible
declassify_fetch(const struct admin_call *c, str id, buf *b)
{
    struct step *s = arena_new(c->a, struct step);
    *s = (struct step){.call = *c, .next = RELEASE_USED};
    struct release *r = &s->release;
    TRY(open_release(c, OP_DECLASSIFY_PROPOSE, id, r));
    if (!is_proposer(r, c->session))
        REFUSE(NOT_FOUND, "id", "there is no such proposal");
    TRY(check_state(r, RELEASE_APPROVED));
    json_open(b, '{');
    json_member_str(b, "label", r->to_text);
    json_member_str(b, "sha256", r->sha256_text);
    json_member_str(b, "content", r->content);
    json_close(b, '}');
    TRY(buf_end(b));
    return record_and_rise(s, EVENT_DECLASSIFY_RELEASE);
}
