/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/certificate.h"

#include "audit/audit.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/num.h"

enum { MEMBER_MAX = 1024 };

static const str title = STR_INIT("hoheit erasure certificate v1");

/* ---- what it says */

static fallible
member(const jval *record, const char *name, str *ret)
{
    const jval v = json_get(record, name);
    *ret = STR_NONE;
    return opt_json_str(&v, MEMBER_MAX, ret);
}

static fallible
check_entry(arena *a, struct certificate *k)
{
    const enum audit_event act = k->is_case ? EVENT_CASE_ERASE : EVENT_PERSON_ERASE;
    const str wanted = str_of(event_info(act)->name);
    str event, object, outcome;
    jval record;
    TRY(json_read(a, k->entry, &record));
    TRY(member(&record, "event", &event));
    TRY(member(&record, "object", &object));
    TRY(member(&record, "outcome", &outcome));
    TRY(member(&record, "time", &k->time));
    TRY(member(&record, "why", &k->why));
    if (!str_eq(event, wanted) || !str_eq(object, k->name) || !str_eq(outcome, STR("ok")))
        REFUSE(CORRUPT, "", "the entry of the log does not say that this %s was erased",
               k->is_case ? "case" : "person");
    return OK;
}

fallible
certificate_judge(arena *a, const struct note_key *log, struct certificate *k)
{
    struct checkpoint c;
    const err e = checkpoint_open(k->checkpoint, log, &c);
    if (e.code == ERR_CORRUPT || e.code == ERR_PARSE)
        REFUSE(CORRUPT, "", "the checkpoint is not signed by the log");
    TRY(e);
    const digest leaf = merkle_leaf(k->entry);
    if (!merkle_has_leaf(&c.head, k->leaf, &leaf, &k->proof))
        REFUSE(CORRUPT, "", "the proof does not show that the entry is in the log");
    k->head = c.head;
    return check_entry(a, k);
}

/* ---- as a note */

fallible
certificate_put(buf *b, const struct certificate *k, const struct note_key *by, const secret *half)
{
    AUTO(buf) text = BUF(NOTE_BYTES_MAX);
    buf_add(&text, title);
    buf_add_fmt(&text, "\n%s %.*s\nentry ", k->is_case ? "case" : "person", STR_FMT(k->name));
    buf_add(&text, k->entry);
    buf_add_fmt(&text, "\nleaf %llu\n", (unsigned long long)k->leaf);
    for (size_t i = 0; i < k->proof.count; i++) {
        buf_add(&text, STR("hash "));
        base64_put(&text, k->proof.at[i].bytes, sizeof k->proof.at[i].bytes);
        buf_add_char(&text, '\n');
    }
    buf_add(&text, STR("checkpoint "));
    base64_put(&text, k->checkpoint.at, k->checkpoint.len);
    buf_add_char(&text, '\n');
    TRY(buf_end(&text));
    buf_add(b, buf_str(&text));
    buf_add_char(b, '\n');
    return note_sign(b, by, half, buf_str(&text), 0);
}

static fallible
malformed(void)
{
    REFUSE(CORRUPT, "", "this is not a certificate of erasure, or not by that key");
}

/* The rest of the next line, which begins with `word`. */
static fallible
take(str *text, str word, str *ret)
{
    str line, first;
    if (!str_next(text, '\n', &line) || !str_next(&line, ' ', &first) || !str_eq(first, word) ||
        !line.len)
        return malformed();
    *ret = line;
    return OK;
}

static fallible
read_hash(str text, struct merkle_proof *p)
{
    AUTO(buf) b = BUF(64);
    const err e = base64_read(text, &b);
    if (e.code && e.code != ERR_PARSE)
        return e;
    if (e.code || b.len != sizeof *p->at || p->count == MERKLE_PROOF_MAX)
        return malformed();
    memcpy(p->at[p->count++].bytes, b.at, sizeof *p->at);
    return OK;
}

static fallible
read_checkpoint(arena *a, str text, str *ret)
{
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    const err e = base64_read(text, &b);
    if (e.code == ERR_PARSE)
        return malformed();
    TRY(e);
    return try_arena_str(a, buf_str(&b), ret);
}

static fallible
read_text(arena *a, str text, struct certificate *k)
{
    str line, leaf;
    text.len--; /* of a note's text, which ends with one */
    if (!str_next(&text, '\n', &line) || !str_eq(line, title))
        return malformed();
    k->is_case = str_starts(text, STR("case "));
    TRY(take(&text, k->is_case ? STR("case") : STR("person"), &k->name));
    TRY(take(&text, STR("entry"), &k->entry));
    TRY(take(&text, STR("leaf"), &leaf));
    if (num_u64(leaf, 0, INT64_MAX, &k->leaf).code)
        return malformed();
    while (str_starts(text, STR("hash "))) {
        TRY(take(&text, STR("hash"), &line));
        TRY(read_hash(line, &k->proof));
    }
    TRY(take(&text, STR("checkpoint"), &line));
    return text.len ? malformed() : read_checkpoint(a, line, &k->checkpoint);
}

fallible
certificate_read(arena *a, str bytes, const struct note_key *log, const struct note_key *by,
                 struct certificate *ret)
{
    struct certificate k = {.leaf = 0};
    struct note n;
    str kept;
    TRY(try_arena_str(a, bytes, &kept));
    err e = note_read(kept, &n);
    if (!e.code)
        e = note_check(&n, by, NULL);
    if (e.code == ERR_PARSE || e.code == ERR_CORRUPT)
        return malformed();
    TRY(e);
    TRY(read_text(a, n.text, &k));
    TRY(certificate_judge(a, log, &k));
    *ret = k;
    return OK;
}
