/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/stores/stores.h"

#include "os/clock.h"

enum { META_BYTES = 256 * 1024, TEXT_BYTES = 64 * 1024, SCRATCH_BYTES = 1 << 20, NOTE_MS = 60000 };
#define DAY_MS INT64_C(86400000)

bool
stores_is_own(str id)
{
    return str_starts(id, STR("vs_"));
}

str
stores_row(arena *a, str store, str file)
{
    return arena_fmt(a, "%.*s.%.*s", STR_FMT(str_slice(store, 0, 256)),
                     STR_FMT(str_slice(file, 0, 256)));
}

/* ---- kept and read back */
static fallible
keep_text(arena *a, const buf *b, str *ret)
{
    TRY(buf_end(b));
    return try_arena_str(a, buf_str(b), ret);
}

fallible
store_save(arena *a, const struct store *s, str *ret)
{
    AUTO(buf) b = BUF(META_BYTES);
    json_open(&b, '{');
    json_member_str(&b, "name", s->name);
    json_member_str(&b, "description", s->description);
    json_member_str(&b, "metadata", s->metadata);
    json_member_i64(&b, "days", s->days);
    json_member_i64(&b, "active", s->active_ms);
    json_close(&b, '}');
    return keep_text(a, &b, ret);
}

static fallible
load_text(const jval *o, const char *name, str *ret)
{
    const jval v = json_get(o, name);
    return json_str(&v, TEXT_BYTES, ret);
}

static fallible
load_number(const jval *o, const char *name, int64_t *ret)
{
    const jval v = json_get(o, name);
    return json_i64(&v, 0, INT64_MAX, ret);
}

fallible
store_load(arena *a, str meta, struct store *ret)
{
    jval o;
    TRY(json_read(a, meta, &o));
    TRY(json_object(&o));
    TRY(load_text(&o, "name", &ret->name));
    TRY(load_text(&o, "description", &ret->description));
    TRY(load_text(&o, "metadata", &ret->metadata));
    TRY(load_number(&o, "days", &ret->days));
    return load_number(&o, "active", &ret->active_ms);
}

fallible
store_touch(const struct stores *s, arena *a, struct kept *row)
{
    const int64_t now = clock_wall_ms();
    struct store store;
    TRY(store_load(a, row->meta, &store));
    if (now - store.active_ms < NOTE_MS)
        return OK;
    store.active_ms = now;
    if (store.days)
        row->head.expires_wall_ms = now + store.days * DAY_MS;
    TRY(store_save(a, &store, &row->meta));
    return keep_note(s->gate, row);
}

fallible
store_file_save(arena *a, const struct store_file *f, str *ret)
{
    AUTO(buf) b = BUF(META_BYTES);
    json_open(&b, '{');
    json_member_str(&b, "file", f->file);
    json_member_str(&b, "name", f->name);
    json_member_str(&b, "attributes", f->attributes);
    json_member_u64(&b, "bytes", f->bytes);
    json_member_str(&b, "code", f->code);
    json_member_str(&b, "message", f->message);
    json_close(&b, '}');
    return keep_text(a, &b, ret);
}

fallible
store_file_load(arena *a, str meta, struct store_file *ret)
{
    int64_t bytes;
    jval o;
    TRY(json_read(a, meta, &o));
    TRY(json_object(&o));
    TRY(load_text(&o, "file", &ret->file));
    TRY(load_text(&o, "name", &ret->name));
    TRY(load_text(&o, "attributes", &ret->attributes));
    TRY(load_number(&o, "bytes", &bytes));
    TRY(load_text(&o, "code", &ret->code));
    TRY(load_text(&o, "message", &ret->message));
    ret->bytes = (uint64_t)bytes;
    return OK;
}

/* ---- counted */
struct counting {
    arena *scratch;
    struct store_counts *counts;
};

static err
count_one(void *ctx, const struct kept *k)
{
    struct counting *c = ctx;
    struct store_file f;
    TRY(store_file_load(c->scratch, k->meta, &f));
    const bool is_good = str_eq(k->head.state, STR("completed"));
    c->counts->completed += is_good;
    c->counts->failed += !is_good;
    c->counts->bytes += is_good ? f.bytes : 0;
    return OK;
}

fallible
stores_count(const struct keep_call *c, str store, struct store_counts *ret)
{
    AUTO(arena) *scratch = NULL;
    *ret = (struct store_counts){0};
    TRY(arena_open(SCRATCH_BYTES, &scratch));
    struct counting counting = {scratch, ret};
    const struct keep_children all = {.kind = OBJECT_STORE_FILE,
                                      .parent = store,
                                      .scratch = scratch,
                                      .fn = count_one,
                                      .ctx = &counting};
    return keep_each_child(c, &all);
}
