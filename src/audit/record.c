/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/record.h"

#include "base/json.h"
#include "os/clock.h"

static const struct event_info events[] = {
#define EVENT(id, name, doc) {#id, name, doc},
#include "audit/events.def"
#undef EVENT
};
_Static_assert(sizeof events / sizeof *events == EVENT_COUNT, "one row per event");

const struct event_info *
event_info(enum audit_event e)
{
    ASSERT(e < EVENT_COUNT);
    return &events[e];
}

static void
put_str(buf *b, const char *name, str s)
{
    if (s.len)
        json_member_str(b, name, s);
}

static void
put_number(buf *b, const char *name, uint64_t n, bool is_always)
{
    if (n || is_always)
        json_member_u64(b, name, n);
}

/* What was asked, answered or sent is committed to with a salt (audit.h), and said so. */
static bool
is_salted(enum audit_event e)
{
    return e == EVENT_DECISION || e == EVENT_EGRESS || e == EVENT_COMPLETION;
}

static void
put_digest(buf *b, const char *name, const digest *d, bool salted)
{
    char room[sizeof "salted:" + 64] = "salted:";
    const size_t front = salted ? sizeof "salted:" - 1 : 0;
    if (!d)
        return;
    digest_text(d, room + front);
    json_member_str(b, name, str_of(room));
}

static void
put_time(buf *b, int64_t wall_ms)
{
    json_key(b, "time");
    buf_add_char(b, '"');
    clock_put(b, wall_ms);
    buf_add_char(b, '"');
}

/* A number that nobody has read is not there; 0 is one that was. */
static void
put_spent(buf *b, const struct audit_record *r)
{
    const str cost_by = str_of(r->cost_by), energy_by = str_of(r->energy_by);
    if (cost_by.len)
        json_member_u64(b, "cost_micro_euro", r->cost_micro_euro);
    put_str(b, "cost_by", cost_by);
    if (energy_by.len && !str_eq(energy_by, STR("not measured")))
        json_member_u64(b, "energy_mj", r->energy_mj);
    put_str(b, "energy_by", energy_by);
}

static void
put_members(buf *b, const struct audit_record *r)
{
    const bool is_end = r->event == EVENT_COMPLETION;
    put_str(b, "request", r->request_id);
    put_str(b, "key", r->key_id);
    put_str(b, "tenant", r->tenant);
    put_str(b, "person", r->person);
    put_str(b, "op", r->op);
    put_str(b, "label", r->label_text);
    put_str(b, "clearance", r->clearance_text);
    put_str(b, "purpose", r->purpose);
    put_str(b, "case", r->case_name);
    put_str(b, "model", r->model);
    put_str(b, "model_sha256", r->model_sha256);
    put_str(b, "decision", str_of(r->decision));
    put_str(b, "rule", str_of(r->rule));
    put_str(b, "why", r->why);
    put_str(b, "targets", r->targets);
    put_str(b, "object", r->object);
    put_digest(b, "input", r->input, is_salted(r->event));
    put_digest(b, "output", r->output, is_salted(r->event));
    put_digest(b, "kept", r->kept, false);
    put_number(b, "tokens_in", r->tokens_in, is_end);
    put_number(b, "tokens_out", r->tokens_out, is_end);
    put_number(b, "duration_us", r->duration_us, is_end);
    put_number(b, "first_token_us", r->first_token_us, is_end);
    put_spent(b, r);
    put_str(b, "outcome", str_of(r->outcome));
}

fallible
record_put(buf *b, const struct audit_record *r, int64_t wall_ms)
{
    const size_t before = b->len;
    ASSERT(!b->failed);
    buf_add_char(b, '{');
    put_time(b, wall_ms);
    json_member_str(b, "event", str_of(event_info(r->event)->name));
    put_members(b, r);
    buf_add(b, STR("}\n"));
    if (!b->failed && b->len - before <= RECORD_BYTES_MAX)
        return OK;
    const bool is_full = b->failed;
    b->len = before;
    b->failed = false;
    if (is_full)
        FAIL(LIMIT, "no memory for a record");
    FAIL(LIMIT, "a record is larger than %d bytes", RECORD_BYTES_MAX);
}

void
record_put_numbered(buf *b, uint64_t seq, str line)
{
    ASSERT(line.len > 2 && line.at[0] == '{');
    buf_add(b, STR("{\"seq\":"));
    buf_add_u64(b, seq);
    buf_add_char(b, ',');
    buf_add(b, str_slice(line, 1, line.len));
}

fallible
record_check(arena *a, str line, uint64_t *ret_seq)
{
    jval root;
    int64_t seq = 0;
    err e = json_read(a, line, &root);
    if (!e.code)
        e = json_object(&root);
    if (!e.code) {
        const jval v = json_get(&root, "seq");
        e = json_i64(&v, 1, INT64_MAX, &seq);
    }
    /* Which byte is wrong is not said: the line may hold what an intruder wrote. */
    if (e.code && e.code != ERR_LIMIT)
        FAIL(CORRUPT, "a line of the audit log is no record");
    TRY(e);
    *ret_seq = (uint64_t)seq;
    return OK;
}
