/* SPDX-License-Identifier: EUPL-1.2 */
/* Answers and conversations that are gone on with. */
#include "gate/keep.h"

#include <stdio.h>

#include "gate/keep_inside.h"
#include "os/clock.h"

/* ---- answers, one after the other */
static fallible
collect_chain(const struct keep_call *c, str id, struct decision *d, struct kept_list *ret)
{
    const uint64_t most = c->gate->parts.params->keep_chain_max;
    while (id.len) {
        const struct keep_name n = {.kind = OBJECT_RESPONSE, .id = id};
        struct kept k;
        if (ret->list.count == most)
            REFUSE(UNSUPPORTED, "previous_response_id",
                   "more than %llu answers would be gone on with; begin anew",
                   (unsigned long long)most);
        TRY(keep_find(c, OP_RESPONSE_READ, &n, d, &k));
        TRY(keep_open_meta(c, &k));
        TRY(VEC_ADD(c->a, &ret->list, &k));
        id = k.head.parent;
    }
    return OK;
}

static void
turn_round(struct kept_list *l)
{
    for (size_t i = 0; i < l->list.count / 2; i++) {
        const struct kept k = l->list.at[i];
        l->list.at[i] = l->list.at[l->list.count - 1 - i];
        l->list.at[l->list.count - 1 - i] = k;
    }
}

fallible
keep_chain(const struct keep_call *c, str id, struct kept_list *ret, label *ret_floor)
{
    struct decision d;
    const grant *leave;
    *ret = (struct kept_list){.has_more = false};
    TRY(keep_leave(c, OP_RESPONSE_READ, LABEL_BOTTOM, &leave));
    const err e = collect_chain(c, id, &d, ret);
    if (e.code == ERR_NOT_FOUND)
        return keep_missing(c, OP_RESPONSE_READ, id, &d);
    TRY(e);
    struct object newest = ret->list.at[0].head;
    for (size_t i = 0; i < ret->list.count; i++)
        newest.label = label_join(newest.label, ret->list.at[i].head.label);
    *ret_floor = newest.label;
    turn_round(ret);
    return keep_record(c, keep_use_of(OBJECT_RESPONSE, KEEP_READ), &newest, NULL);
}

/* ---- conversations */
struct items {
    const struct keep_call *call;
    const grant *grant;
    struct kept_list *list;
};

static err
take_item(void *ctx, const struct object *row)
{
    struct items *w = ctx;
    struct kept k = {.head = *row, .grant = w->grant};
    if (!keep_fits_case(w->call, row))
        return OK;
    if (w->list->list.count == w->call->gate->parts.params->keep_items_max)
        REFUSE(UNSUPPORTED, "conversation", "the conversation has too many items; begin anew");
    TRY(keep_open_meta(w->call, &k));
    return VEC_ADD(w->call->a, &w->list->list, &k);
}

fallible
keep_open(const struct keep_call *c, str id, struct kept *ret, struct kept_list *ret_items)
{
    const struct keep_name n = {.kind = OBJECT_CONVERSATION, .id = id};
    const struct object_query q = {
        .kind = OBJECT_ITEM, .parent = id, .now_wall_ms = clock_wall_ms()};
    struct decision d;
    const grant *leave;
    *ret_items = (struct kept_list){.has_more = false};
    TRY(keep_leave(c, OP_CONVERSATION_READ, LABEL_BOTTOM, &leave));
    const err e = keep_find(c, OP_CONVERSATION_READ, &n, &d, ret);
    if (e.code == ERR_NOT_FOUND)
        return keep_missing(c, OP_CONVERSATION_READ, id, &d);
    TRY(e);
    TRY(keep_open_meta(c, ret));
    struct items w = {c, ret->grant, ret_items};
    TRY(objects_each(c->gate->keep->objects, c->a, &q, take_item, &w));
    return keep_record(c, keep_use_of(OBJECT_CONVERSATION, KEEP_READ), &ret->head, NULL);
}

/* ---- turns */
struct turn {
    const struct keep_call *call;
    const struct keep_turn *wish;
    label label;
    const grant *grant;
    struct kept conversation; /* kind 0: none */
    struct object answer;     /* kind 0: none */
    struct kept_list *added;  /* NULL: nobody asks */
};

static objects *
rows(const struct turn *t)
{
    return t->call->gate->keep->objects;
}

/* The mark rises to what is in the conversation from now on. */
static fallible
raise_mark(struct turn *t)
{
    struct object *head = &t->conversation.head;
    const label mark = label_join(head->label, t->label);
    if (label_eq(mark, head->label))
        return OK;
    TRY(keep_open_meta(t->call, &t->conversation));
    head->label = mark;
    TRY(keep_leave(t->call, OP_CONVERSATION_WRITE, mark, &t->conversation.grant));
    return objects_set(rows(t), t->conversation.grant, head, t->conversation.meta);
}

static fallible
add_items(struct turn *t)
{
    for (size_t i = 0; i < t->wish->item_count; i++) {
        struct keep_wish w = t->wish->items[i];
        struct kept k = {.grant = t->grant, .meta = w.meta};
        w.parent = t->conversation.head.id;
        TRY(keep_row_of(t->call, &w, t->label, &k.head));
        TRY(objects_add(rows(t), t->grant, &k.head, w.meta));
        if (t->added)
            TRY(VEC_ADD(t->call->a, &t->added->list, &k));
    }
    return OK;
}

static fallible
write_turn(struct turn *t)
{
    if (t->conversation.head.kind) {
        TRY(raise_mark(t));
        TRY(add_items(t));
    }
    if (t->wish->answer) {
        TRY(keep_row_of(t->call, t->wish->answer, t->label, &t->answer));
        TRY(objects_add(rows(t), t->grant, &t->answer, t->wish->answer->meta));
    }
    return OK;
}

static fallible
in_one(struct turn *t)
{
    db *d = objects_db(rows(t));
    struct err_kept kept;
    TRY(db_begin(d));
    err e = write_turn(t);
    if (!e.code)
        e = db_commit(d);
    if (!e.code)
        return OK;
    err_keep(&kept, e);
    db_rollback(d);
    return err_again(&kept);
}

/* False: it is not there (any more), and `done` will say so. */
static fallible
find_conversation(struct turn *t, bool *ret_there)
{
    const struct keep_name n = {.kind = OBJECT_CONVERSATION, .id = t->wish->conversation};
    struct decision d;
    *ret_there = true;
    if (!n.id.len)
        return OK;
    const err e = keep_find(t->call, OP_CONVERSATION_WRITE, &n, &d, &t->conversation);
    if (e.code != ERR_NOT_FOUND)
        return e;
    *ret_there = false;
    return keep_missing(t->call, OP_CONVERSATION_WRITE, n.id, &d);
}

static fallible
record_turn(struct turn *t)
{
    const struct object *added = t->answer.kind ? &t->answer : NULL;
    if (!t->conversation.head.kind)
        return keep_record(t->call, keep_use_of(OBJECT_RESPONSE, KEEP_ADD), &t->answer, added);
    return keep_record(t->call, keep_use_of(OBJECT_CONVERSATION, KEEP_SET), &t->conversation.head,
                       added);
}

fallible
keep_turn(const struct keep_call *c, const struct keep_turn *wish)
{
    struct turn t = {.call = c, .wish = wish};
    bool there;
    ASSERT(wish->conversation.len || wish->answer);
    TRY(keep_parse_label(c, wish->label_text, LABEL_BOTTOM, &t.label));
    TRY(keep_leave(c, OP_RESPONSE_ADD, t.label, &t.grant));
    TRY(find_conversation(&t, &there));
    if (!there)
        return OK;
    TRY(in_one(&t));
    return record_turn(&t);
}

/* The conversation is the target: what it may hold is its mark. */
fallible
keep_check_mark(const struct keep_call *c, enum op op, const struct object *into, label l)
{
    const struct ask q = {.op = op, .data = l, .target = into->label};
    struct err_kept denied;
    struct decision d;
    const grant *leave;
    const err e = keep_decide(c, &q, &d, &leave);
    if (e.code != ERR_DENIED)
        return e;
    if (str_starts(str_of(d.rule), STR("target.")))
        snprintf(d.why, sizeof d.why,
                 "what is above the conversation's mark may not be written into it (rule %s); "
                 "begin another, or go on with it under the higher label",
                 d.rule);
    const struct audit_record r = {.request_id = c->request_id,
                                   .key_id = c->session->key_id,
                                   .tenant = c->session->tenant,
                                   .person = c->session->person,
                                   .purpose = c->session->purpose,
                                   .case_name = c->case_name,
                                   .op = str_of(op_info(op)->name),
                                   .label_text = keep_label_text(c, l),
                                   .object = into->id,
                                   .outcome = ""};
    err_keep(&denied, err_start_public(ERR_DENIED, "", __FILE__, __LINE__, __func__, "%s", d.why));
    TRY(gate_record_decision(c->gate, &r, &d, NULL, NULL));
    return err_again(&denied);
}

fallible
keep_write(const struct keep_call *c, const struct keep_turn *wish, struct kept_list *ret)
{
    struct turn t = {.call = c, .wish = wish, .added = ret};
    const grant *leave;
    bool there;
    ASSERT(wish->conversation.len && !wish->answer);
    *ret = (struct kept_list){.has_more = false};
    TRY(keep_leave(c, OP_CONVERSATION_WRITE, LABEL_BOTTOM, &leave));
    TRY(keep_parse_label(c, wish->label_text, LABEL_BOTTOM, &t.label));
    TRY(find_conversation(&t, &there));
    if (!there)
        return OK;
    TRY(keep_check_mark(c, OP_CONVERSATION_WRITE, &t.conversation.head, t.label));
    TRY(keep_leave(c, OP_CONVERSATION_WRITE, t.label, &t.grant));
    ret->label_text = t.conversation.label_text;
    TRY(in_one(&t));
    return record_turn(&t);
}
