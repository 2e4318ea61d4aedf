/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/gguf.h"

#include <inttypes.h>

#include "base/map.h"
#include "model/gguf_about.h"
#include "model/gguf_scan.h"
#include "model/gguf_type.h"

enum {
    DIMS_MAX = 4,
    ALIGNMENT = 32, /* unless general.alignment says otherwise */
    ALIGNMENT_MIN = 8,
    ALIGNMENT_MAX = 4096,
    KV_BYTES_MIN = 8 + 1 + 4 + 1,
    TENSOR_BYTES_MIN = 8 + 1 + 4 + 8 + 4 + 8
};

struct range {
    uint64_t from, to; /* from the start of the data */
};

struct reader {
    struct gguf_scan scan;
    arena *a;
    const map *values; /* key to struct gguf_value */
    uint64_t alignment;
    struct range *ranges;
    struct gguf_info info;
};

/* ---- start of the file */
static fallible
read_version(struct reader *r)
{
    uint32_t magic;
    TRY(gguf_scan_u32(&r->scan, &magic));
    if (magic != 0x46554747) /* "GGUF" */
        REFUSE(PARSE, "", "This is no GGUF file: it does not begin with \"GGUF\".");
    TRY(gguf_scan_u32(&r->scan, &r->info.version));
    if (r->info.version && (r->info.version & 0xffff) == 0)
        REFUSE(PARSE, "", "The file is big endian; only little endian files are read.");
    if (r->info.version < 2 || r->info.version > 3)
        REFUSE(PARSE, "", "The file is of GGUF version %" PRIu32 "; versions 2 and 3 are read.",
               r->info.version);
    return OK;
}

/* `each` is the least number of bytes one takes: what the file cannot hold is not allocated. */
static fallible
read_count(struct reader *r, const char *what, uint64_t max, uint64_t each, uint64_t *ret)
{
    const uint64_t at = r->scan.at;
    uint64_t n;
    TRY(gguf_scan_u64(&r->scan, &n));
    if (n > max || n > r->scan.file_bytes / each)
        REFUSE(PARSE, "",
               "The file claims %" PRIu64 " %s (byte %" PRIu64 "); the limit is %" PRIu64 ".", n,
               what, at, n > max ? max : r->scan.file_bytes / each);
    *ret = n;
    return OK;
}

static fallible
read_value(struct reader *r, map *values, struct gguf_value *v)
{
    const uint64_t at = r->scan.at;
    str key;
    TRY(gguf_scan_name(&r->scan, "key", GGUF_KEY_BYTES_MAX, &key));
    if (map_get(values, key))
        REFUSE(PARSE, "", "The key at byte %" PRIu64 " stands there twice.", at);
    TRY(gguf_scan_value(&r->scan, v));
    return map_put(values, key, v);
}

static fallible
read_values(struct reader *r, map *values)
{
    void *rows;
    TRY(try_arena_get(r->a, r->info.kv_count, sizeof(struct gguf_value), &rows));
    struct gguf_value *v = rows;
    for (uint64_t i = 0; i < r->info.kv_count; i++)
        TRY(read_value(r, values, &v[i]));
    return OK;
}

static fallible
read_alignment(struct reader *r)
{
    const struct gguf_value *v = map_get(r->values, STR("general.alignment"));
    uint64_t n = ALIGNMENT;
    if (v && (v->type != GGUF_U32 || v->is_array))
        REFUSE(PARSE, "", "The alignment at byte %" PRIu64 " is not a 32-bit number.", v->at);
    if (v && !gguf_value_u64(v, 0, &n))
        UNREACHABLE("an unsigned number is a number");
    if (n < ALIGNMENT_MIN || n > ALIGNMENT_MAX || (n & (n - 1)))
        REFUSE(PARSE, "", "An alignment of %" PRIu64 " is not a power of two from %d to %d.", n,
               ALIGNMENT_MIN, ALIGNMENT_MAX);
    r->alignment = n;
    return OK;
}

/* ---- tensors */
static fallible
read_dims(struct reader *r, uint64_t at, uint64_t *ret_row, uint64_t *ret_values)
{
    uint32_t count;
    uint64_t values = 1, row = 0;
    TRY(gguf_scan_u32(&r->scan, &count));
    if (count < 1 || count > DIMS_MAX)
        REFUSE(PARSE, "", "The tensor at byte %" PRIu64 " has %" PRIu32 " dimensions, not 1 to %d.",
               at, count, DIMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t n;
        TRY(gguf_scan_u64(&r->scan, &n));
        if (n == 0 || __builtin_mul_overflow(values, n, &values) || values > INT64_MAX)
            REFUSE(PARSE, "",
                   "Dimension %" PRIu32 " of the tensor at byte %" PRIu64 " is %" PRIu64
                   ": none, or too many values.",
                   i, at, n);
        row = i == 0 ? n : row;
    }
    *ret_row = row;
    *ret_values = values;
    return OK;
}

static fallible
read_type(struct reader *r, uint64_t at, uint64_t row, const struct gguf_type **ret)
{
    uint32_t number;
    TRY(gguf_scan_u32(&r->scan, &number));
    const struct gguf_type *t = gguf_type_at(number);
    if (!t || !t->block_values)
        REFUSE(PARSE, "", "The tensor at byte %" PRIu64 " is of type %" PRIu32 "%s%s%s.", at,
               number, t ? " (" : "", t ? t->name : "",
               t ? "), which is of the past" : ", which is unknown");
    if (row % t->block_values)
        REFUSE(PARSE, "",
               "The tensor at byte %" PRIu64 " has rows of %" PRIu64 " values; %s packs %" PRIu32
               " at a time.",
               at, row, t->name, t->block_values);
    *ret = t;
    return OK;
}

static fallible
read_tensor(struct reader *r, map *names, struct range *ret)
{
    const uint64_t at = r->scan.at;
    const struct gguf_type *type;
    uint64_t row, values, bytes, offset, end;
    str name;
    TRY(gguf_scan_name(&r->scan, "tensor name", GGUF_NAME_BYTES_MAX, &name));
    if (map_get(names, name))
        REFUSE(PARSE, "", "The tensor at byte %" PRIu64 " stands there twice.", at);
    TRY(map_put(names, name, r));
    TRY(read_dims(r, at, &row, &values));
    TRY(read_type(r, at, row, &type));
    TRY(gguf_scan_u64(&r->scan, &offset));
    if (offset % r->alignment)
        REFUSE(PARSE, "",
               "The tensor at byte %" PRIu64 " has data at %" PRIu64
               ", which is not aligned to %" PRIu64 ".",
               at, offset, r->alignment);
    if (__builtin_mul_overflow(values / type->block_values, type->block_bytes, &bytes) ||
        __builtin_add_overflow(offset, bytes, &end) || end > r->scan.file_bytes)
        REFUSE(PARSE, "", "The data of the tensor at byte %" PRIu64 " does not fit the file.", at);
    r->info.parameters += values;
    *ret = (struct range){offset, end};
    return OK;
}

static fallible
read_tensors(struct reader *r)
{
    AUTO(map) names = {0};
    void *rows;
    TRY(try_arena_get(r->a, r->info.tensor_count, sizeof(struct range), &rows));
    r->ranges = rows;
    for (uint64_t i = 0; i < r->info.tensor_count; i++)
        TRY(read_tensor(r, &names, &r->ranges[i]));
    return OK;
}

static int
by_place(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

/* The data begins behind the head, aligned; each byte of it belongs to one tensor at most. */
static fallible
check_places(struct reader *r)
{
    const uint64_t start = (r->scan.at + r->alignment - 1) & ~(r->alignment - 1);
    uint64_t end = 0;
    r->info.head_bytes = r->info.tensor_count ? start : r->scan.at;
    if (r->info.tensor_count == 0)
        return OK;
    qsort(r->ranges, r->info.tensor_count, sizeof *r->ranges, by_place);
    for (uint64_t i = 0; i < r->info.tensor_count; i++) {
        const struct range *x = &r->ranges[i];
        if (x->from < end)
            REFUSE(PARSE, "", "Two tensors share the data at byte %" PRIu64 ".", start + x->from);
        if (start > r->scan.file_bytes || x->to > r->scan.file_bytes - start)
            REFUSE(PARSE, "",
                   "The tensor with data at byte %" PRIu64
                   " reaches beyond the end of the file, byte %" PRIu64 ".",
                   start + x->from, r->scan.file_bytes);
        end = x->to;
        r->info.data_bytes += x->to - x->from;
    }
    return OK;
}

fallible
gguf_read(str head, uint64_t file_bytes, arena *a, struct gguf_info *ret)
{
    ASSERT(head.len <= file_bytes);
    AUTO(map) values = {0};
    struct reader r = {.scan = {head, file_bytes, 0}, .a = a, .values = &values};
    TRY(read_version(&r));
    TRY(read_count(&r, "tensors", GGUF_TENSORS_MAX, TENSOR_BYTES_MIN, &r.info.tensor_count));
    TRY(read_count(&r, "keys", GGUF_KV_MAX, KV_BYTES_MIN, &r.info.kv_count));
    TRY(read_values(&r, &values));
    TRY(read_alignment(&r));
    TRY(read_tensors(&r));
    TRY(check_places(&r));
    TRY(gguf_about(&values, &r.info));
    *ret = r.info;
    return OK;
}
