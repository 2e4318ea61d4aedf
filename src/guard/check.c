/* SPDX-License-Identifier: EUPL-1.2 */
#include "guard/check.h"

#include "base/json.h"

enum { TEXT_BYTES_MAX = 64 * 1024 * 1024 };

static bool
has_mask(const guard *g, const guard_hits *h, size_t *ret_rule)
{
    for (size_t i = 0; i < h->count; i++)
        if (guard_rule(g, h->at[i].rule)->then == GUARDRAIL_MASK) {
            *ret_rule = h->at[i].rule;
            return true;
        }
    return false;
}

fallible
guard_text(const struct guard_look *how, str text, arena *a, buf *out, struct guard_verdict *v)
{
    guard_hits hits;
    size_t rule;
    TRY(guard_find(how, text, a, &hits));
    const struct guardrail *const r = guard_judge(how->g, &hits, &v->taint);
    v->blocked = v->blocked ? v->blocked : r;
    v->is_masked |= has_mask(how->g, &hits, &rule);
    guard_mask(how->g, &hits, text, 0, out);
    return buf_end(out);
}

/* ---- JSON */
struct tree {
    const struct guard_look *how;
    arena *a;
    buf *out;
    struct guard_verdict *v;
};

static fallible
put_text(const struct tree *t, str text)
{
    AUTO(buf) room = BUF(TEXT_BYTES_MAX);
    TRY(guard_text(t->how, text, t->a, &room, t->v));
    json_put_str(t->out, buf_str(&room));
    return OK;
}

/* A number is as it was, unless something in it has to go: then it is a text. */
static fallible
put_scalar(const struct tree *t, const jval *v)
{
    AUTO(buf) written = BUF(TEXT_BYTES_MAX);
    AUTO(buf) room = BUF(TEXT_BYTES_MAX);
    struct guard_verdict own = {.blocked = NULL};
    json_put_value(&written, v);
    TRY(buf_end(&written));
    TRY(guard_text(t->how, buf_str(&written), t->a, &room, &own));
    t->v->blocked = t->v->blocked ? t->v->blocked : own.blocked;
    t->v->taint = label_join(t->v->taint, own.taint);
    t->v->is_masked |= own.is_masked;
    if (own.is_masked)
        json_put_str(t->out, buf_str(&room));
    else
        json_put_value(t->out, v);
    return OK;
}

static fallible
put_name(const struct tree *t, const char *name)
{
    AUTO(buf) room = BUF(TEXT_BYTES_MAX);
    TRY(guard_text(t->how, str_of(name), t->a, &room, t->v));
    buf_add_char(&room, 0);
    TRY(buf_end(&room));
    json_key(t->out, room.at);
    return OK;
}

/* As deep as json_read lets it be. */
static fallible
put_value(const struct tree *t, const jval *v)
{
    const enum jtype type = json_type(*v);
    const char bracket = type == J_OBJECT ? '{' : '[', end = type == J_OBJECT ? '}' : ']';
    struct jwalk w = {.next = NULL};
    jval item;
    str text;
    if (type == J_STRING) {
        TRY(json_str(v, SIZE_MAX, &text));
        return put_text(t, text);
    }
    if (type != J_OBJECT && type != J_ARRAY)
        return put_scalar(t, v);
    json_open(t->out, bracket);
    while (json_each(v, &w, &item)) {
        if (type == J_OBJECT)
            TRY(put_name(t, item.name));
        TRY(put_value(t, &item));
    }
    json_close(t->out, end);
    return OK;
}

static fallible
check_plain(const struct tree *t, str text)
{
    guard_hits hits;
    size_t rule = 0;
    TRY(guard_find(t->how, text, t->a, &hits));
    const struct guardrail *r = guard_judge(t->how->g, &hits, &t->v->taint);
    if (!r && has_mask(t->how->g, &hits, &rule))
        r = guard_rule(t->how->g, rule);
    t->v->blocked = t->v->blocked ? t->v->blocked : r;
    buf_add(t->out, text);
    return buf_end(t->out);
}

fallible
guard_json(const struct guard_look *how, str json, arena *a, buf *out, struct guard_verdict *v)
{
    const struct tree t = {how, a, out, v};
    jval root;
    const err e = json_read(a, json, &root);
    if (e.code == ERR_PARSE)
        return check_plain(&t, json);
    if (e.code)
        return err_pass(e, __FILE__, __LINE__, __func__);
    TRY(put_value(&t, &root));
    return buf_end(out);
}
