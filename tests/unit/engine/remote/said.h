/* SPDX-License-Identifier: EUPL-1.2 */
/* said.h - for the tests of say*.c: the text two conversations can be compared by, reading what was
 * said, and one conversation said. */
#pragma once
#include "unit/engine/remote/talk.h"

/* ---- the text of a conversation */

static inline void
talk_dump(const struct conv *c, buf *b)
{
    const struct conv_params *p = &c->params;
    for (size_t i = 0; i < c->messages.count; i++) {
        const struct conv_message *m = &c->messages.at[i];
        buf_add_fmt(b, "%s <%.*s> <%.*s> <%.*s>\n<%.*s>\n", conv_role_name(m->role),
                    STR_FMT(m->name), STR_FMT(m->tool_calls), STR_FMT(m->tool_call_id),
                    STR_FMT(m->text.bytes_));
    }
    buf_add_fmt(b,
                "%.17g %.17g %.17g %d %.17g %.17g %.17g seed %d %ju max %u n %u lp %d %u %d %d\n",
                p->temperature, p->top_p, p->min_p, (int)p->top_k, p->presence, p->frequency,
                p->repeat, p->has_seed, (uintmax_t)p->seed, p->tokens_max, p->n, p->logprobs,
                p->top_logprobs, p->json_object, p->ignore_eos);
    for (uint32_t i = 0; i < p->stop_count; i++)
        buf_add_fmt(b, "stop <%.*s>\n", STR_FMT(p->stops[i]));
    for (uint32_t i = 0; i < p->bias_count; i++)
        buf_add_fmt(b, "bias %d %.9g\n", (int)p->bias[i].token, (double)p->bias[i].bias);
    buf_add_fmt(b, "tools %d <%.*s> %u\n%.*s\n", (int)c->tools.choice, STR_FMT(c->tools.name),
                c->tools.most, STR_FMT(c->tools.json));
    buf_add_fmt(b, "form <%.*s> %d <%.*s>\n", STR_FMT(c->format.name), c->format.strict,
                STR_FMT(c->format.schema));
}

/* ---- reading the wire: what is missing stays as it is */

static inline str
get_str(const jval *o, const char *name)
{
    const jval v = json_get(o, name);
    str s = STR_NONE;
    CHECK_OK(opt_json_str(&v, TALK_BYTES, &s));
    return s;
}

static inline double
get_real(const jval *o, const char *name, double unless)
{
    const jval v = json_get(o, name);
    CHECK_OK(opt_json_f64(&v, -1e9, 1e9, &unless));
    return unless;
}

static inline int64_t
get_whole(const jval *o, const char *name, int64_t unless)
{
    const jval v = json_get(o, name);
    CHECK_OK(opt_json_i64(&v, INT64_MIN, INT64_MAX, &unless));
    return unless;
}

static inline bool
get_bool(const jval *o, const char *name, bool unless)
{
    const jval v = json_get(o, name);
    CHECK_OK(opt_json_bool(&v, &unless));
    return unless;
}

static inline str
get_json(arena *a, const jval *o, const char *name)
{
    AUTO(buf) b = BUF(TALK_BYTES);
    const jval v = json_get(o, name);
    if (!v.v)
        return STR_NONE;
    json_put_value(&b, &v);
    return arena_str(a, buf_str(&b));
}

static inline void
get_stops(const jval *o, const char *name, struct conv_params *p)
{
    const jval list = json_get(o, name);
    struct jwalk w = {0};
    jval v;
    while (json_each(&list, &w, &v))
        CHECK_OK(json_str(&v, TALK_BYTES, &p->stops[p->stop_count++]));
}

typedef void talk_reader(arena *a, const jval *body, struct conv *ret);

/* Said and read again, a conversation is the same; ten thousand of them. */
static inline void
talk_check(enum remote_dialect dialect, const struct talk_limits *l, talk_reader *read)
{
    struct rig_grant g = rig_grant("offen");
    const struct remote_target target = {.dialect = dialect, .model = STR("m")};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(4 * TALK_BYTES, &a));
    unsigned bad = 0;
    for (int i = 0; i < TALK_ROUNDS && bad < 3; i++) {
        AUTO(buf) body = BUF(TALK_BYTES);
        AUTO(buf) before = BUF(TALK_BYTES);
        AUTO(buf) after = BUF(TALK_BYTES);
        arena_reset(a);
        const struct conv *c = talk_make(a, l);
        struct conv *again = arena_new(a, struct conv);
        const struct say s = {ENGINE_CHAT, c, g.g, &target};
        jval root;
        CHECK_OK(say_body(&s, &body));
        NEED_OK(json_read(a, buf_str(&body), &root));
        conv_params_default(&again->params);
        again->tools.most = 1;
        read(a, &root, again);
        talk_dump(c, &before);
        talk_dump(again, &after);
        bad += !str_eq(buf_str(&after), buf_str(&before));
        CHECK_STR(buf_str(&after), buf_str(&before));
    }
    rig_grant_done(&g);
}

/* ---- one conversation said, for golden bytes */

struct saying {
    struct rig_grant grant;
    struct rig_conv conv;
    struct remote_target target;
    buf body;
};

static inline void
saying_init(struct saying *s, enum remote_dialect dialect)
{
    *s = (struct saying){.grant = rig_grant("VS-NfD"),
                         .target = {.dialect = dialect, .model = STR("m")},
                         .body = BUF(TALK_BYTES)};
    rig_chat(&s->conv, "Hallo");
    s->conv.c.tools.most = 1;
}

static inline void
saying_done(struct saying *s)
{
    rig_grant_done(&s->grant);
    buf_done(&s->body);
}

static inline err
saying(struct saying *s, enum engine_kind kind)
{
    const struct say say = {kind, &s->conv.c, s->grant.g, &s->target};
    buf_clear(&s->body);
    return say_body(&say, &s->body);
}

#define SAYING(s, dialect)                                                                         \
    __attribute__((cleanup(saying_done))) struct saying s;                                         \
    saying_init(&s, dialect)

/* Each field that has no word in the dialect is refused by its name. */
#define CHECK_NO_WORD(s, set, field)                                                               \
    do {                                                                                           \
        rig_chat(&(s).conv, "Hallo");                                                              \
        struct conv_params *p = &(s).conv.c.params;                                                \
        struct conv *c = &(s).conv.c;                                                              \
        (void)p, (void)c;                                                                          \
        set;                                                                                       \
        CHECK_ERR(saying(&(s), ENGINE_CHAT), UNSUPPORTED);                                         \
        CHECK_STR(str_of(err_param()), STR(field));                                                \
    } while (0)
