/* SPDX-License-Identifier: EUPL-1.2 */
#include "acts/salt.h"

#include "base/json.h"
#include "gate/keep.h"

enum { TEXT_MAX = 256 };

struct look {
    struct admin_call call;
    str request, owner, tenant, case_name;
    label all; /* of its records */
    bool is_there;
    buf *out;
};

static void
forget(void *p)
{
    struct look *l = p;
    audit_forget(gate_parts_of(l->call.gate)->audit, l);
}

/* A label that the policy in force cannot read is as high as any. */
static fallible
take_label(struct look *l, str text)
{
    label one;
    if (!text.len)
        return OK;
    TRY(label_parse(policy_names(gate_parts_of(l->call.gate)->policy), text, &one));
    l->all = label_join(l->all, one);
    return OK;
}

static err
take_record(void *ctx, str line)
{
    struct look *l = ctx;
    jval root;
    str text, key;
    TRY(json_read(l->call.a, line, &root));
    const jval input = json_get(&root, "input"), k = json_get(&root, "key");
    const jval mark = json_get(&root, "label");
    TRY(opt_json_str(&mark, LABEL_TEXT_MAX, &text));
    TRY(take_label(l, text));
    TRY(opt_json_str(&k, TEXT_MAX, &key));
    TRY(opt_json_str(&input, TEXT_MAX, &text));
    if (!str_starts(text, STR("salted:")))
        return OK;
    const jval of_case = json_get(&root, "case"), tenant = json_get(&root, "tenant");
    TRY(opt_json_str(&of_case, TEXT_MAX, &l->case_name));
    TRY(opt_json_str(&tenant, TEXT_MAX, &l->tenant));
    l->owner = key;
    l->is_there = true;
    return OK;
}

static fallible
answer(struct look *l)
{
    const struct admin_call *const c = &l->call;
    const struct gate_want want = {.session = c->session,
                                   .op = OP_CONTENT_READ,
                                   .data = l->all,
                                   .request_id = c->request_id,
                                   .a = c->a};
    const grant *unused;
    digest salt;
    char hex[65];
    if (!l->is_there)
        REFUSE(NOT_FOUND, "request", "the log holds no salted digest of this request");
    TRY(gate_leave(c->gate, &want, &unused));
    const struct keep_salt_of of = {l->owner, l->request, l->tenant, l->case_name,
                                    .may_make = false};
    TRY(keep_salt(c->gate, &of, &salt));
    digest_text(&salt, hex);
    json_open(l->out, '{');
    json_member_str(l->out, "request", l->request);
    json_member_str(l->out, "salt", str_of(hex));
    json_close(l->out, '}');
    TRY(buf_end(l->out));
    const struct audit_record r = {.event = EVENT_CONTENT_READ,
                                   .request_id = c->request_id,
                                   .key_id = c->session->key_id,
                                   .tenant = c->session->tenant,
                                   .object = l->request,
                                   .why = STR("the salt of its digests"),
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "ok"};
    return audit_append(gate_parts_of(c->gate)->audit, &r, c->done, c->ctx);
}

static void
on_found(void *ctx, err e)
{
    struct look *l = ctx;
    if (!e.code)
        e = answer(l);
    if (e.code)
        l->call.done(l->call.ctx, e);
}

fallible
salt_show(const struct admin_call *c, str request_id, buf *b)
{
    const struct gate_want want = {.session = c->session,
                                   .op = OP_CONTENT_READ,
                                   .data = LABEL_BOTTOM,
                                   .request_id = c->request_id,
                                   .a = c->a};
    const grant *unused;
    TRY(gate_leave(c->gate, &want, &unused));
    struct look *l = arena_new(c->a, struct look);
    *l = (struct look){
        .call = *c, .request = arena_str(c->a, request_id), .all = LABEL_BOTTOM, .out = b};
    arena_on_end(c->a, forget, l);
    return audit_find(gate_parts_of(c->gate)->audit, l->request, take_record, on_found, l);
}
