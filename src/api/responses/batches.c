/* SPDX-License-Identifier: EUPL-1.2 */
/* Batches: begun, shown, stopped; batcher.h runs them. */
#include "api/responses/batches.h"

#include "os/clock.h"
#include "os/entropy.h"

enum { NAME_BYTES_MAX = 256, META_BYTES_MAX = 4 * 1024 * 1024 };

static struct batcher *
batcher_of(const struct kept_work *w)
{
    return api_works(w->call->api)->batcher;
}

/* ---- shown */
/* One that nobody can finish has its state in its row alone. */
fallible
batches_load(struct kept_work *w, const struct kept *k, struct batch *ret)
{
    if (batcher_show(batcher_of(w), k->head.id, ret))
        return OK;
    TRY(batch_load(w->call->a, k->meta, ret));
    if (str_eq(k->head.state, STR("failed")))
        ret->status = BATCH_FAILED;
    return OK;
}

static void
put_batch(struct kept_work *w, const struct kept *k)
{
    struct batch b;
    const err e = batches_load(w, k, &b);
    if (e.code) {
        w->body.failed = true;
        return;
    }
    if (w->body.len && w->body.at[w->body.len - 1] == '}')
        buf_add_char(&w->body, ',');
    batch_put(&b, &w->body);
}

static void
show(struct kept_work *w)
{
    put_batch(w, &w->one);
    kept_answer(w, w->one.label_text);
}

void
batches_show(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show);
    const struct keep_name n = {.kind = OBJECT_BATCH, .id = c->args[0]};
    kept_go(w, keep_get(&w->keep, &n, &w->one));
}

bool
batches_is_openai(str id)
{
    return str_starts(id, STR("batch_"));
}

static bool
is_listed(void *ctx, const struct kept *k)
{
    (void)ctx;
    return batches_is_openai(k->head.id);
}

static void
show_list(struct kept_work *w)
{
    kept_put_list(w, put_batch);
    kept_answer(w, STR_NONE);
}

static fallible
list(struct kept_work *w)
{
    struct keep_page page = {.kind = OBJECT_BATCH, .fits = is_listed};
    TRY(kept_read_page(w->call, NULL, 20, KEPT_PAGE_MAX, &page));
    return keep_list(&w->keep, &page, &w->list);
}

void
batches_list(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, show_list);
    kept_go(w, list(w));
}

/* ---- begun */
void
batches_take(struct kept_work *w)
{
    batcher_take(batcher_of(w), &w->one.head);
}

static void
begun(struct kept_work *w)
{
    put_batch(w, &w->one);
    batches_take(w);
    kept_answer(w, w->one.label_text);
}

static fallible
put_meta(struct kept_work *w, const struct batch *b, str *ret)
{
    AUTO(buf) meta = BUF(META_BYTES_MAX);
    batch_save(b, &meta);
    TRY(buf_end(&meta));
    return try_arena_str(w->call->a, buf_str(&meta), ret);
}

/* What is not declared otherwise has the label of its input, and never less. */
fallible
batches_begin(struct kept_work *w, const char *prefix, struct batch *b, const struct kept *input)
{
    char room[ID_MAX];
    const str declared = http_header(w->call->x, STR("x-hoheit-label"));
    struct keep_wish wish = {.kind = OBJECT_BATCH,
                             .id = b->id.len ? b->id : arena_str(w->call->a, id_new(prefix, room)),
                             .state = str_of(batch_status_name(BATCH_VALIDATING)),
                             .label_text = declared.len ? declared : input->label_text,
                             .floor = input->head.label};
    b->id = wish.id;
    b->created_ms = clock_wall_ms();
    b->expires_ms = b->created_ms + BATCH_WINDOW_MS;
    TRY(put_meta(w, b, &wish.meta));
    return keep_add(&w->keep, &wish, &w->one);
}

static fallible
begin(struct kept_work *w)
{
    const struct kept input = w->one;
    const uint64_t most = gate_parts_of(w->call->gate)->params->gate_batch_bytes_max;
    if (!str_eq(kept_text(w->call->a, &input, "purpose"), STR("batch")))
        REFUSE(ARGUMENT, "input_file_id", "the input file's purpose must be \"batch\"");
    if (input.head.size_bytes > most)
        REFUSE(TOO_LARGE, "input_file_id", "the input file has more than %llu bytes",
               (unsigned long long)most);
    w->then = begun;
    w->missing = NULL;
    return batches_begin(w, "batch_", w->own, &input);
}

static void
input_is_there(struct kept_work *w)
{
    kept_go(w, begin(w));
}

static fallible
read_member(const jval *body, const char *name, str *ret)
{
    const jval v = json_get(body, name);
    return json_str(&v, NAME_BYTES_MAX, ret);
}

static fallible
create(struct kept_work *w)
{
    static const char *const known[] = {"input_file_id", "endpoint", "completion_window",
                                        "metadata", NULL};
    struct batch *b = arena_new(w->call->a, struct batch);
    jval body;
    w->own = b;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    TRY(read_member(&body, "input_file_id", &b->input_file));
    TRY(read_member(&body, "endpoint", &b->endpoint));
    TRY(read_member(&body, "completion_window", &b->window));
    TRY(kept_read_metadata(w->call->a, &body, &b->metadata));
    if (!batch_is_endpoint(b->endpoint))
        REFUSE(ARGUMENT, "endpoint", "endpoint is none that a batch may be of");
    if (!str_eq(b->window, STR("24h")))
        REFUSE(ARGUMENT, "completion_window", "completion_window must be \"24h\"");
    const struct keep_name n = {.kind = OBJECT_FILE, .id = b->input_file};
    w->missing = "input_file_id";
    return keep_get(&w->keep, &n, &w->one);
}

void
batches_create(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, input_is_there);
    err e = gate_allow(c->gate, c->session, OP_BATCH_ADD, http_request_id(c->x), c->a);
    if (!e.code)
        e = api_own_purpose(c);
    if (!e.code)
        e = create(w);
    kept_go(w, e);
}

/* ---- stopped */
fallible
batches_stop(struct kept_work *w)
{
    struct batch b;
    TRY(batches_load(w, &w->one, &b));
    if (batch_is_over(b.status))
        REFUSE(CONFLICT, "", "the batch is over: it is %s", batch_status_name(b.status));
    if (!batcher_cancel(batcher_of(w), b.id, w->call->a, &w->one.meta)) {
        if (b.status == BATCH_FINALIZING || b.status == BATCH_CANCELLING)
            REFUSE(CONFLICT, "", "the batch is ending already: it is %s",
                   batch_status_name(b.status));
        batch_reach(&b, BATCH_CANCELLING, clock_wall_ms());
        TRY(put_meta(w, &b, &w->one.meta));
    }
    w->one.head.state = str_of(batch_status_name(BATCH_CANCELLING));
    return keep_set(&w->keep, &w->one, STR_NONE);
}

static void
found_to_stop(struct kept_work *w)
{
    w->then = show;
    kept_go(w, batches_stop(w));
}

void
batches_cancel(struct api_call *c)
{
    struct kept_work *w = kept_begin(c, found_to_stop);
    const struct keep_name n = {.kind = OBJECT_BATCH, .id = c->args[0]};
    err e = gate_allow(c->gate, c->session, OP_BATCH_CANCEL, http_request_id(c->x), c->a);
    if (!e.code)
        e = keep_get(&w->keep, &n, &w->one);
    kept_go(w, e);
}
