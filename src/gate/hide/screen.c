/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/hide/screen.h"

enum { TEXT_BYTES_MAX = 64 * 1024 * 1024, WORK_BYTES_MAX = 256 * 1024 * 1024 };

/* ---- what is asked */
struct pass_over {
    const struct screen *how;
    arena *work;
    struct guard_verdict *v;
    bool is_instruction;
};

typedef fallible
check_fn(const struct guard_look *how, str text, arena *a, buf *out, struct guard_verdict *v);

/* One text, replaced when something of it is masked. */
static fallible
check(const struct pass_over *p, check_fn *fn, str *text)
{
    const struct guard_look how = {
        .g = p->how->g, .where = GUARDRAIL_INPUT, .is_instruction = p->is_instruction};
    struct guard_verdict own = {.blocked = NULL};
    AUTO(buf) out = BUF(TEXT_BYTES_MAX);
    if (!text->len)
        return OK;
    arena_reset(p->work);
    TRY(fn(&how, *text, p->work, &out, &own));
    p->v->blocked = p->v->blocked ? p->v->blocked : own.blocked;
    p->v->taint = label_join(p->v->taint, own.taint);
    p->v->is_masked |= own.is_masked;
    return own.is_masked ? try_arena_str(p->how->a, buf_str(&out), text) : OK;
}

static fallible
check_content(const struct pass_over *p, content *c)
{
    str text;
    TRY(content_open(*c, p->how->own, &text));
    TRY(check(p, guard_text, &text));
    *c = content_of(text, c->label);
    return OK;
}

static fallible
check_message(struct pass_over *p, struct conv_message *m)
{
    p->is_instruction = m->role == CONV_SYSTEM;
    TRY(check_content(p, &m->text));
    TRY(check(p, guard_text, &m->name));
    return check(p, guard_json, &m->tool_calls);
}

static fallible
check_conv(struct pass_over *p, struct conv *c)
{
    for (size_t i = 0; i < c->messages.count; i++)
        TRY(check_message(p, &c->messages.at[i]));
    p->is_instruction = false;
    for (size_t i = 0; i < c->inputs.count; i++)
        TRY(check_content(p, &c->inputs.at[i]));
    TRY(check_content(p, &c->prompt));
    p->is_instruction = true;
    TRY(check(p, guard_json, &c->tools.json));
    return check(p, guard_json, &c->format.schema);
}

static void
label_message(struct conv_message *m, label l)
{
    m->text.label = l;
    for (size_t i = 0; i < m->images.count; i++)
        m->images.at[i].bytes.label = m->images.at[i].pixels.label = l;
}

void
screen_label(struct conv *c, label l)
{
    for (size_t i = 0; i < c->messages.count; i++)
        label_message(&c->messages.at[i], l);
    for (size_t i = 0; i < c->inputs.count; i++)
        c->inputs.at[i].label = l;
    c->prompt.label = l;
    c->label = l;
}

fallible
screen_conv(const struct screen *how, struct conv *c, struct guard_verdict *v)
{
    AUTO(arena) *work = NULL;
    *v = (struct guard_verdict){.blocked = NULL};
    TRY(arena_open(WORK_BYTES_MAX, &work));
    struct pass_over p = {.how = how, .work = work, .v = v};
    return check_conv(&p, c);
}

/* ---- what is answered */
struct one { /* answer */
    struct guard_flow flow;
    struct engine_piece last; /* whose text is held back */
    buf arguments;            /* of one call */
    bool is_open, is_done;
};

struct screened {
    const guard *g;
    struct screen_out to;
    const struct guardrail *blocked;
    uint32_t n;
    buf out;
    arena *work;
    struct one *at;
};

static void
done(void *p)
{
    screened *s = p;
    for (uint32_t i = 0; i < s->n; i++) {
        guard_flow_done(&s->at[i].flow);
        buf_done(&s->at[i].arguments);
    }
    buf_done(&s->out);
    arena_free(TAKE(s->work));
}

fallible
screened_new(arena *a, const guard *g, uint32_t n, struct screen_out out, screened **ret)
{
    void *room, *answers;
    TRY(try_arena_get(a, 1, sizeof **ret, &room));
    TRY(try_arena_get(a, n, sizeof(struct one), &answers));
    screened *s = room;
    *s = (screened){.g = g, .to = out, .out = BUF(TEXT_BYTES_MAX), .at = answers};
    arena_on_end(a, done, s);
    TRY(arena_open(WORK_BYTES_MAX, &s->work));
    for (; s->n < n; s->n++) {
        struct one *o = &s->at[s->n];
        TRY(guard_flow_init(&o->flow, g, a));
        o->arguments = BUF(TEXT_BYTES_MAX);
    }
    *ret = s;
    return OK;
}

static void
show(screened *s, struct engine_piece p)
{
    p.tokens = NULL;
    p.logprob_count = 0;
    const bool is_call = p.part == PART_CALL || p.part == PART_ARGUMENTS;
    if ((s->out.len || p.token_count || is_call) && !(s->blocked && is_call))
        s->to.fn(s->to.ctx, &p, buf_str(&s->out));
    buf_clear(&s->out);
}

/* In a text the name of the rule stands for what is not shown. */
static void
note_blocked(screened *s, const struct guardrail *r, enum engine_part part)
{
    if (!r || s->blocked)
        return;
    s->blocked = r;
    if (part == PART_TEXT || part == PART_REASONING)
        buf_add_fmt(&s->out, "[%.*s]", STR_FMT(r->name));
}

/* A name or arguments: whole. */
static fallible
add_whole(screened *s, check_fn *fn, str text, enum engine_part part)
{
    const struct guard_look how = {.g = s->g, .where = GUARDRAIL_OUTPUT};
    struct guard_verdict v = {.blocked = NULL};
    arena_reset(s->work);
    TRY(fn(&how, text, s->work, &s->out, &v));
    if (v.blocked)
        buf_clear(&s->out);
    note_blocked(s, v.blocked, part);
    return OK;
}

static fallible
flush(screened *s, struct one *o)
{
    struct engine_piece p = o->last;
    if (!o->is_open)
        return OK;
    o->is_open = false;
    p.token_count = 0;
    if (p.part == PART_ARGUMENTS) {
        TRY(add_whole(s, guard_json, buf_str(&o->arguments), p.part));
        buf_clear(&o->arguments);
    } else {
        TRY(guard_flow_end(&o->flow, &s->out));
        note_blocked(s, o->flow.blocked, p.part);
    }
    show(s, p);
    return OK;
}

fallible
screened_add(screened *s, const struct engine_piece *p, str text)
{
    struct one *o = &s->at[p->index];
    ASSERT(p->index < s->n);
    if (s->blocked)
        return OK;
    if (o->is_open && (o->last.part != p->part || o->last.call != p->call))
        TRY(flush(s, o));
    if (s->blocked)
        return OK;
    o->last = *p;
    o->is_open = p->part != PART_CALL;
    if (p->part == PART_CALL)
        TRY(add_whole(s, guard_text, text, p->part));
    else if (p->part == PART_ARGUMENTS)
        buf_add(&o->arguments, text);
    else
        TRY(guard_flow_add(&o->flow, text, &s->out));
    note_blocked(s, o->flow.blocked, p->part);
    TRY(buf_end(&o->arguments));
    show(s, *p);
    return OK;
}

fallible
screened_end(screened *s, uint32_t index)
{
    ASSERT(index < s->n);
    if (s->blocked)
        return OK;
    TRY(flush(s, &s->at[index]));
    s->at[index].is_done = !s->blocked;
    return OK;
}

bool
screened_next_open(screened *s, uint32_t *ret_index, bool *ret_is_last)
{
    uint32_t left = 0;
    for (uint32_t i = s->n; i-- > 0;)
        if (!s->at[i].is_done) {
            *ret_index = i;
            left++;
        }
    if (!left)
        return false;
    s->at[*ret_index].is_done = true;
    *ret_is_last = left == 1;
    return true;
}

const struct guardrail *
screened_blocked(const screened *s)
{
    return s->blocked;
}
