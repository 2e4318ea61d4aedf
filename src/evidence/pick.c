/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/pick.h"

#include "base/utf8.h"

enum { HIDDEN_BYTES = 256 * 1024 * 1024 };

/* ---- what is asked for */

/* "2026-03-01T12:00:00.123Z", or the start of it that ends with a whole number. */
static bool
is_time(str s)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.ddd";
    if (str_ends(s, STR("Z")) && s.len > 11)
        s.len--;
    if (s.len < 4 || s.len > sizeof form - 1 || s.len == 5 || s.len == 6)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (form[i] == 'd' ? s.at[i] < '0' || s.at[i] > '9' : s.at[i] != form[i])
            return false;
    return s.len == sizeof form - 1 || form[s.len] != 'd';
}

fallible
pick_check(const struct pick *p)
{
    const str all[] = {p->since, p->until, p->keys, p->request, p->case_name, p->model, p->tenant};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].len > PICK_TEXT_MAX || !utf8_valid(all[i]))
            REFUSE(ARGUMENT, "", "a text to look for is no UTF-8 or longer than %d bytes",
                   PICK_TEXT_MAX);
    if (p->since.len && !is_time(p->since))
        REFUSE(ARGUMENT, "since",
               "--since wants a time in UTC, as 2026-03-01 or "
               "2026-03-01T12:00:00Z");
    if (p->until.len && !is_time(p->until))
        REFUSE(ARGUMENT, "until",
               "--until wants a time in UTC, as 2026-03-31 or "
               "2026-03-31T12:00:00Z");
    return OK;
}

/* Order of `time` and a bound that may be the start of a time only. */
static int
compare(str time, str bound)
{
    if (str_ends(bound, STR("Z")))
        bound.len--;
    return str_cmp(str_slice(time, 0, bound.len), bound);
}

static bool
is_about_keys(str keys, const struct row *r)
{
    for (str id; str_next(&keys, ',', &id);) {
        id = str_trim(id);
        if (id.len && (str_eq(id, r->at[ROW_key]) || str_eq(id, r->at[ROW_object]) ||
                       str_eq(id, r->at[ROW_person])))
            return true;
    }
    return false;
}

/* An administrative event is about its object. */
static bool
is_about(str wanted, const struct row *r, enum row_column c, str event)
{
    return !wanted.len || str_eq(wanted, r->at[c]) ||
           (str_starts(r->at[ROW_event], event) && str_eq(wanted, r->at[ROW_object]));
}

bool
pick_takes(const struct pick *p, const struct row *r)
{
    const str time = r->at[ROW_time];
    if ((p->since.len && compare(time, p->since) < 0) ||
        (p->until.len && compare(time, p->until) > 0))
        return false;
    if (p->keys.len && !is_about_keys(p->keys, r))
        return false;
    if (p->request.len && !str_eq(p->request, r->at[ROW_request]))
        return false;
    if (p->case_name.len && !str_eq(p->case_name, r->at[ROW_case]))
        return false;
    return is_about(p->model, r, ROW_model, STR("model.")) &&
           is_about(p->tenant, r, ROW_tenant, STR("tenant."));
}

bool
pick_is_period(const struct pick *p)
{
    return !p->keys.len && !p->request.len && !p->case_name.len && !p->model.len && !p->tenant.len;
}

/* ---- who may see it */

static fallible
open_names(struct sight *s, str policy_text, str clearance)
{
    TRY(policy_load(policy_text, &s->p));
    const struct label_names *const n = policy_names(s->p);
    const str bottom = n->level_count ? n->levels[0].id : STR_NONE;
    return policy_clearance(s->p, clearance.len ? clearance : bottom, STR_NONE, &s->clearance);
}

fallible
sight_open(struct sight *s, str policy_text, str clearance)
{
    *s = (struct sight){.p = NULL};
    err e = open_names(s, policy_text, clearance);
    if (!e.code)
        e = arena_open(HIDDEN_BYTES, &s->a);
    if (e.code)
        sight_done(s);
    return e;
}

void
sight_done(struct sight *s)
{
    map_done(&s->hidden);
    arena_free(s->a);
    policy_free(s->p);
    *s = (struct sight){.p = NULL};
}

static bool
is_clear(const struct sight *s, const struct row *r)
{
    const str text = r->at[ROW_label];
    label l;
    ASSERT(s->p);
    if (!r->at[ROW_event].len)
        return false;
    return !text.len ||
           (!label_parse(policy_names(s->p), text, &l).code && label_dominates(s->clearance, l));
}

fallible
sight_learn(struct sight *s, const struct row *r)
{
    static char mark;
    str id = r->at[ROW_request];
    if (!id.len || is_clear(s, r) || map_get(&s->hidden, id))
        return OK;
    TRY(try_arena_str(s->a, id, &id));
    return map_put(&s->hidden, id, &mark);
}

bool
sight_shows(const struct sight *s, const struct row *r)
{
    return is_clear(s, r) && !(r->at[ROW_request].len && map_get(&s->hidden, r->at[ROW_request]));
}
