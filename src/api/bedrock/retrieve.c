/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/retrieve.h"

#include "api/bedrock/decode.h"
#include "api/read.h"

enum { WORD_BYTES_MAX = 64, BODY_BYTES = 64 * 1024 * 1024 };

/* ---- filters */
static const struct {
    const char *name;
    enum filter_op op;
} ops[] = {{"equals", FILTER_EQ},
           {"notEquals", FILTER_NE},
           {"greaterThan", FILTER_GT},
           {"greaterThanOrEquals", FILTER_GTE},
           {"lessThan", FILTER_LT},
           {"lessThanOrEquals", FILTER_LTE},
           {"in", FILTER_IN},
           {"notIn", FILTER_NIN},
           {"startsWith", FILTER_STARTS},
           {"stringContains", FILTER_CONTAINS},
           {"andAll", FILTER_AND},
           {"orAll", FILTER_OR}};

static fallible
find_op(const jval *member, enum filter_op *ret)
{
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(member->name, ops[i].name) == 0) {
            *ret = ops[i].op;
            return OK;
        }
    if (strcmp(member->name, "listContains") == 0)
        REFUSE_AT(UNSUPPORTED, member, "is not supported: an attribute is no list here");
    REFUSE_AT(ARGUMENT, member, "is no condition");
}

static fallible
read_comparison(arena *a, const jval *v, struct filter *f)
{
    static const char *const known[] = {"key", "value", NULL};
    TRY(json_object(v));
    TRY(read_members(v, known));
    const jval key = json_get(v, "key"), value = json_get(v, "value");
    TRY(filter_set_key(a, &key, f));
    return filter_set_values(a, &value, f);
}

struct nodes {
    arena *a;
    size_t count;
};

/* Recursion is bounded by FILTER_DEPTH_MAX. */
static fallible
read_node(struct nodes *n, const jval *v, int depth, struct filter **ret)
{
    struct jwalk walk = {0}, items = {0};
    jval member, item;
    enum filter_op op;
    TRY(json_object(v));
    if (depth > FILTER_DEPTH_MAX)
        REFUSE_AT(ARGUMENT, v, "lies more than %d deep", FILTER_DEPTH_MAX);
    if (json_count(v) != 1 || !json_each(v, &walk, &member))
        REFUSE_AT(ARGUMENT, v, "must hold one condition");
    TRY(find_op(&member, &op));
    TRY(filter_new(n->a, op, &n->count, ret));
    if (op != FILTER_AND && op != FILTER_OR)
        return read_comparison(n->a, &member, *ret);
    TRY(json_array(&member, 1, FILTER_NODES_MAX));
    while (json_each(&member, &items, &item)) {
        struct filter *child;
        TRY(read_node(n, &item, depth + 1, &child));
        TRY(VEC_ADD(n->a, &(*ret)->children, &child));
    }
    return OK;
}

fallible
retrieve_read_filter(arena *a, const jval *v, struct filter **ret)
{
    struct nodes n = {.a = a};
    return read_node(&n, v, 1, ret);
}

/* ---- the request */
fallible
retrieve_read_config(arena *a, const jval *v, struct retrieve_ask *ret)
{
    static const char *const known[] = {"vectorSearchConfiguration", NULL};
    int64_t most = RETRIEVE_MOST;
    str how;
    ret->most = RETRIEVE_MOST;
    if (!v->v)
        return OK;
    TRY(json_object(v));
    TRY(read_members(v, known));
    const jval search = json_get(v, "vectorSearchConfiguration");
    if (!search.v)
        return OK;
    TRY(json_object(&search));
    TRY(bedrock_check_fields(&search, BEDROCK_SEARCH));
    const jval n = json_get(&search, "numberOfResults"), filter = json_get(&search, "filter"),
               type = json_get(&search, "overrideSearchType");
    TRY(opt_json_i64(&n, 1, STORES_HITS_MAX, &most));
    TRY(opt_json_str(&type, WORD_BYTES_MAX, &how));
    ret->most = (size_t)most;
    return filter.v ? retrieve_read_filter(a, &filter, &ret->filter) : OK;
}

fallible
retrieve_search(struct api_call *c, const struct keep_call *call, const struct retrieve_ask *ask,
                stores_found_fn *fn, void *ctx)
{
    const struct stores *s = api_stores(c->api);
    const struct stores_ask q = {.call = call,
                                 .ids = &ask->id,
                                 .id_count = 1,
                                 .query = ask->query,
                                 .label_text = http_header(c->x, STR("x-hoheit-label")),
                                 .most = ask->most,
                                 .filter = ask->filter};
    if (!s)
        REFUSE(UNSUPPORTED, "", "there are no knowledge bases here");
    return stores_search(s, &q, fn, ctx);
}

fallible
retrieve_put(buf *b, const struct stores_found *f, size_t i, bool scored)
{
    const struct stores_hit *h = &f->at[i];
    str text;
    TRY(content_open(h->hit->text, f->grant, &text));
    json_open(b, '{');
    json_key(b, "content");
    json_open(b, '{');
    json_member_str(b, "type", STR("TEXT"));
    json_member_str(b, "text", text);
    json_close(b, '}');
    json_key(b, "location");
    json_open(b, '{');
    json_member_str(b, "type", STR("CUSTOM"));
    json_key(b, "customDocumentLocation");
    json_open(b, '{');
    json_member_str(b, "id", h->file);
    json_close(b, '}');
    json_close(b, '}');
    if (scored)
        json_member_f64(b, "score", h->score);
    json_key(b, "metadata");
    buf_add(b, h->attributes);
    json_close(b, '}');
    return OK;
}

/* ---- Retrieve */
struct retrieving {
    struct api_call *call;
    struct keep_call keep;
    struct retrieve_ask ask;
};

static fallible
put_all(buf *b, const struct stores_found *f)
{
    json_open(b, '{');
    json_key(b, "retrievalResults");
    json_open(b, '[');
    for (size_t i = 0; i < f->count; i++)
        TRY(retrieve_put(b, f, i, true));
    json_close(b, ']');
    json_close(b, '}');
    return buf_end(b);
}

static void
on_found(void *ctx, const struct stores_found *f, err e)
{
    struct retrieving *w = ctx;
    struct http_field fields[BEDROCK_FIELDS];
    AUTO(buf) b = BUF(BODY_BYTES);
    if (!e.code)
        e = put_all(&b, f);
    if (e.code) {
        api_fail(w->call, e);
        return;
    }
    const size_t count = bedrock_fields(w->call, STR("application/json"), f->label_text, fields);
    http_answer(w->call->x, 200, fields, count, buf_str(&b));
}

static fallible
retrieve(struct retrieving *w)
{
    static const char *const known[] = {"text", "type", NULL};
    struct api_call *c = w->call;
    str type = STR("TEXT");
    jval body;
    TRY(api_body(c, &body));
    TRY(bedrock_check_fields(&body, BEDROCK_RETRIEVE));
    const jval query = json_get(&body, "retrievalQuery"),
               config = json_get(&body, "retrievalConfiguration");
    TRY(json_object(&query));
    TRY(read_members(&query, known));
    const jval text = json_get(&query, "text"), kind = json_get(&query, "type");
    TRY(json_str(&text, RETRIEVE_QUERY_MAX, &w->ask.query));
    TRY(opt_json_str(&kind, WORD_BYTES_MAX, &type));
    if (!str_eq(type, STR("TEXT")))
        REFUSE_AT(UNSUPPORTED, &kind, "must be \"TEXT\"");
    TRY(retrieve_read_config(c->a, &config, &w->ask));
    w->ask.id = c->args[0];
    return retrieve_search(c, &w->keep, &w->ask, on_found, w);
}

void
bedrock_retrieve(struct api_call *c)
{
    struct retrieving *w = arena_new(c->a, struct retrieving);
    w->call = c;
    w->keep = (struct keep_call){.gate = c->gate,
                                 .session = c->session,
                                 .case_name = c->case_name,
                                 .request_id = http_request_id(c->x),
                                 .a = c->a};
    const err e = retrieve(w);
    if (e.code)
        api_fail(c, e);
}
