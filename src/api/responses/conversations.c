/* SPDX-License-Identifier: EUPL-1.2 */
/* Conversations that are kept, and their items.  Their mark floats: gate/keep.h. */
#include "api/responses/items.h"
#include "api/responses/kept.h"

enum { META_BYTES_MAX = 128 * 1024, ITEMS_AT_ONCE_MAX = 256 };

struct talk { /* a call's own */
    struct items items;
    str metadata;
    struct keep_wish wishes[ITEMS_AT_ONCE_MAX];
};

static str
label_of(const struct kept_work *w)
{
    return http_header(w->call->x, STR("x-hoheit-label"));
}

/* ---- JSON */
static void
put_conversation(const struct kept *k, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "id", k->head.id);
    json_member_str(b, "object", STR("conversation"));
    kept_member_time(b, "created_at", k->head.created_wall_ms);
    kept_member_json(b, "metadata", k->meta); /* all there is to it */
    json_close(b, '}');
}

static void
show(struct kept_work *w)
{
    put_conversation(&w->one, &w->body);
    kept_answer(w, w->one.label_text);
}

static void
put_item(struct kept_work *w, const struct kept *k)
{
    buf *b = &w->body;
    if (b->len && b->at[b->len - 1] != '[')
        buf_add_char(b, ',');
    buf_add(b, k->meta);
}

static void
show_items(struct kept_work *w)
{
    kept_put_list(w, put_item);
    kept_answer(w, w->list.label_text);
}

static void
show_item(struct kept_work *w)
{
    buf_add(&w->body, w->one.meta);
    kept_answer(w, w->one.label_text);
}

/* ---- items of a request */
static fallible
read_items(struct kept_work *w, const jval *body, size_t min)
{
    struct talk *t = w->own;
    const jval list = json_get(body, "items");
    if (json_type(list) == J_ABSENT && !min)
        return OK;
    TRY(json_array(&list, min, ITEMS_AT_ONCE_MAX));
    TRY(items_read_input(w->call->a, &list, ITEMS_AT_ONCE_MAX, &t->items));
    for (size_t i = 0; i < t->items.list.count; i++)
        t->wishes[i] = (struct keep_wish){.kind = OBJECT_ITEM,
                                          .id = t->items.list.at[i].id,
                                          .state = STR("completed"),
                                          .meta = t->items.list.at[i].json};
    return OK;
}

static fallible
write_items(struct kept_work *w, str conversation)
{
    const struct talk *t = w->own;
    const struct keep_turn turn = {.conversation = conversation,
                                   .label_text = label_of(w),
                                   .items = t->wishes,
                                   .item_count = t->items.list.count};
    return keep_write(&w->keep, &turn, &w->list);
}

/* ---- create */
static void
created(struct kept_work *w)
{
    const struct talk *t = w->own;
    w->then = show;
    if (!t->items.list.count)
        show(w);
    else
        kept_go(w, write_items(w, w->one.head.id));
}

static fallible
create(struct kept_work *w)
{
    static const char *const known[] = {"items", "metadata", NULL};
    struct talk *t = w->own;
    jval body = {.v = NULL};
    if (w->call->body.len)
        TRY(api_body(w->call, &body));
    t->metadata = STR("{}");
    if (body.v) {
        TRY(api_body_only(&body, known));
        TRY(kept_read_metadata(w->call->a, &body, &t->metadata));
        TRY(read_items(w, &body, 0));
    }
    const struct keep_wish wish = {.kind = OBJECT_CONVERSATION,
                                   .state = STR("open"),
                                   .label_text = label_of(w),
                                   .meta = t->metadata};
    return keep_add(&w->keep, &wish, &w->one);
}

static struct kept_work *
begin(struct api_call *c, void (*then)(struct kept_work *w))
{
    struct kept_work *w = kept_begin(c, then);
    w->own = arena_new(c->a, struct talk);
    return w;
}

void
conversations_create(struct api_call *c)
{
    struct kept_work *w = begin(c, created);
    kept_go(w, create(w));
}

/* ---- show, change, remove */
static struct keep_name
named(const struct api_call *c)
{
    return (struct keep_name){.kind = OBJECT_CONVERSATION, .id = c->args[0]};
}

void
conversations_show(struct api_call *c)
{
    struct kept_work *w = begin(c, show);
    const struct keep_name n = named(c);
    kept_go(w, keep_get(&w->keep, &n, &w->one));
}

static fallible
change(struct kept_work *w)
{
    static const char *const known[] = {"metadata", NULL};
    jval body;
    str declared;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    TRY(kept_read_metadata(w->call->a, &body, &w->one.meta));
    TRY(keep_label(&w->keep, label_of(w), LABEL_BOTTOM, &declared));
    w->then = show;
    return keep_set(&w->keep, &w->one, declared);
}

static void
found_to_change(struct kept_work *w)
{
    kept_go(w, change(w));
}

void
conversations_change(struct api_call *c)
{
    struct kept_work *w = begin(c, found_to_change);
    const struct keep_name n = named(c);
    kept_go(w, keep_get(&w->keep, &n, &w->one));
}

static void
removed(struct kept_work *w)
{
    kept_answer_deleted(w, w->call->args[0], "conversation.deleted");
}

void
conversations_remove(struct api_call *c)
{
    struct kept_work *w = begin(c, removed);
    const struct keep_name n = named(c);
    kept_go(w, keep_remove(&w->keep, &n));
}

/* ---- items */
static fallible
add_items(struct kept_work *w)
{
    static const char *const known[] = {"items", NULL};
    static const char *const asked[] = {"include", "include[]", NULL};
    jval body;
    TRY(api_query_only(w->call, asked));
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    TRY(read_items(w, &body, 1));
    return write_items(w, w->call->args[0]);
}

void
conversations_add_items(struct api_call *c)
{
    struct kept_work *w = begin(c, show_items);
    kept_go(w, add_items(w));
}

static fallible
list_items(struct kept_work *w)
{
    static const char *const also[] = {"include", "include[]", NULL};
    struct keep_page page = {.kind = OBJECT_ITEM, .parent = w->call->args[0]};
    TRY(kept_read_page(w->call, also, 20, KEPT_PAGE_MAX, &page));
    return keep_list(&w->keep, &page, &w->list);
}

void
conversations_list_items(struct api_call *c)
{
    struct kept_work *w = begin(c, show_items);
    kept_go(w, list_items(w));
}

static struct keep_name
item_named(const struct api_call *c)
{
    return (struct keep_name){.kind = OBJECT_ITEM, .id = c->args[1], .parent = c->args[0]};
}

void
conversations_show_item(struct api_call *c)
{
    struct kept_work *w = begin(c, show_item);
    const struct keep_name n = item_named(c);
    kept_go(w, keep_get(&w->keep, &n, &w->one));
}

/* The API answers with the conversation it was taken from. */
static void
item_removed(struct kept_work *w)
{
    const struct keep_name n = named(w->call);
    w->then = show;
    kept_go(w, keep_get(&w->keep, &n, &w->one));
}

void
conversations_remove_item(struct api_call *c)
{
    struct kept_work *w = begin(c, item_removed);
    const struct keep_name n = item_named(c);
    kept_go(w, keep_remove(&w->keep, &n));
}
