/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/check.h"

#include <dirent.h>
#include <fcntl.h>

#include "evidence/report.h"

enum { ROW_BYTES = 4 * 1024 * 1024, WINDOW = 64 * 1024 };

typedef struct check {
    const struct check_ask *ask;
    arena *a, *row_arena;
    struct check_report r;
    sight sight;
    tally tally;
    lines entries, proofs;
    sheet table;
    uint64_t shown, held, last_leaf;
    bool has_gap;
} check;

static void
check_auto(check *k)
{
    sight_done(&k->sight);
    tally_done(&k->tally);
    lines_auto(&k->entries);
    lines_auto(&k->proofs);
    sheet_auto(&k->table);
    arena_free(k->row_arena);
}

/* Whatever form a damage takes, the answer is that the file is not good. */
static fallible
in_file(err e, const char *name)
{
    struct err_kept why;
    if (e.code == ERR_NOT_FOUND)
        REFUSE(CORRUPT, "", "%s is missing", name);
    if (e.code != ERR_CORRUPT && e.code != ERR_PARSE && e.code != ERR_ARGUMENT &&
        e.code != ERR_CONFIG && e.code != ERR_LIMIT)
        return e;
    err_keep(&why, e);
    return err_start_public(e.code == ERR_LIMIT ? ERR_LIMIT : ERR_CORRUPT, "", __FILE__, __LINE__,
                            __func__, "%s: %s", name, why.text);
}

static fallible
read_whole(check *k, const char *name, size_t max, str *ret)
{
    const err e = file_read(k->a, file_join(k->a, k->ask->dir, name), max, ret);
    if (e.code == ERR_LIMIT)
        REFUSE(CORRUPT, "", "%s is larger than %zu bytes", name, max);
    return in_file(e, name);
}

/* ---- keys and manifest */

static fallible
find_key(check *k, const struct note_key *given, const char *name, struct note_key *ret)
{
    str text;
    struct note_key own;
    TRY(read_whole(k, name, NOTE_KEY_TEXT_MAX + 1, &text));
    if (str_ends(text, STR("\n")))
        text.len--;
    TRY(in_file(note_key_read(text, &own), name));
    *ret = given ? *given : own;
    if (given && (given->id != own.id || strcmp(given->name, own.name) != 0))
        REFUSE(CORRUPT, "", "%s is another key than the one given", name);
    return OK;
}

static fallible
check_seal(check *k, str manifest)
{
    AUTO(buf) want = BUF(1024);
    struct note n;
    str bytes;
    TRY(find_key(k, k->ask->seal_key, "seal.key", &k->r.seal_key));
    TRY(read_whole(k, "manifest.note", NOTE_BYTES_MAX, &bytes));
    TRY(in_file(note_read(bytes, &n), "manifest.note"));
    TRY(in_file(note_check(&n, &k->r.seal_key, NULL), "manifest.note"));
    manifest_put_sealed(&want, manifest);
    TRY(buf_end(&want));
    if (!str_eq(n.text, buf_str(&want)))
        REFUSE(CORRUPT, "", "manifest.json is not the one that was signed");
    return OK;
}

/* ---- the files */

static fallible
hash_file(check *k, const char *name, struct bundle_file *ret)
{
    AUTO(sheet) s = SHEET;
    AUTO(fd) f = -1;
    size_t got = WINDOW;
    TRY(file_open(file_join(k->row_arena, k->ask->dir, name), O_RDONLY | O_NOFOLLOW, 0, &f));
    TRY(sheet_open(&s, NULL, name));
    for (uint64_t at = 0; got == WINDOW; at += got) {
        char *const room = buf_add_room(&s.b, WINDOW);
        TRY(buf_end(&s.b));
        TRY(file_read_at(f, at, room, WINDOW, &got));
        s.b.len -= WINDOW - got;
        TRY(sheet_turn(&s));
    }
    TRY(sheet_end(&s));
    *ret = s.file;
    return OK;
}

static fallible
same_file(const struct bundle_file *got, const struct bundle_file *want)
{
    if (got->bytes != want->bytes)
        REFUSE(CORRUPT, "", "%s has %llu bytes, not %llu", want->name,
               (unsigned long long)got->bytes, (unsigned long long)want->bytes);
    if (!digest_eq(&got->sha256, &want->sha256))
        REFUSE(CORRUPT, "", "%s is not what its digest says", want->name);
    return OK;
}

static fallible
check_files(check *k)
{
    for (size_t i = 0; i < k->r.m.file_count; i++) {
        struct bundle_file got;
        const struct bundle_file *const want = &k->r.m.files[i];
        TRY(in_file(hash_file(k, want->name, &got), want->name));
        TRY(same_file(&got, want));
    }
    return OK;
}

static bool
is_known(const check *k, const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           strcmp(name, "manifest.json") == 0 || strcmp(name, "manifest.note") == 0 ||
           manifest_find(&k->r.m, name);
}

/* What no digest covers could be taken for evidence. */
static fallible
check_no_others(check *k)
{
    DIR *const d = opendir(k->ask->dir);
    bool is_good = true;
    if (!d)
        return file_errno("list", k->ask->dir);
    for (const struct dirent *at; is_good && (at = readdir(d));)
        is_good = is_known(k, at->d_name);
    (void)closedir(d);
    if (!is_good)
        REFUSE(CORRUPT, "", "the directory holds a file that manifest.json does not name");
    return OK;
}

/* ---- checkpoints */

static fallible
check_witness(check *k, str anchor)
{
    struct note_key own;
    struct note n;
    if (!k->ask->witness && !manifest_find(&k->r.m, "witness.key"))
        return OK;
    if (k->ask->witness)
        own = *k->ask->witness;
    else
        TRY(find_key(k, NULL, "witness.key", &own));
    if (own.type != NOTE_WITNESS)
        REFUSE(CORRUPT, "", "the witness's key is not one of a witness");
    TRY(in_file(note_read(anchor, &n), "checkpoint"));
    return in_file(note_check(&n, &own, &k->r.witness_time_s), "checkpoint");
}

static fallible
check_known(const check *k)
{
    struct checkpoint known;
    if (!k->ask->known.len)
        return OK;
    TRY(in_file(checkpoint_open(k->ask->known, &k->r.log_key, &known), "known checkpoint"));
    if (known.head.size != k->r.m.head.size || !digest_eq(&known.head.root, &k->r.m.head.root))
        REFUSE(CORRUPT, "", "the known checkpoint is not the one the proofs are against");
    return OK;
}

static fallible
check_checkpoints(check *k)
{
    struct checkpoint anchor, latest;
    struct merkle_proof p;
    str a, l, growth;
    TRY(find_key(k, k->ask->log_key, "log.key", &k->r.log_key));
    TRY(read_whole(k, "checkpoint", NOTE_BYTES_MAX, &a));
    TRY(read_whole(k, "latest", NOTE_BYTES_MAX, &l));
    TRY(read_whole(k, "consistency.json", BUNDLE_MANIFEST_MAX, &growth));
    TRY(in_file(checkpoint_open(a, &k->r.log_key, &anchor), "checkpoint"));
    TRY(in_file(checkpoint_open(l, &k->r.log_key, &latest), "latest"));
    if (!str_eq(anchor.origin, k->r.m.log) || anchor.head.size != k->r.m.head.size ||
        latest.head.size != k->r.m.latest || !digest_eq(&anchor.head.root, &k->r.m.head.root))
        REFUSE(CORRUPT, "", "the manifest is about another checkpoint");
    TRY(in_file(growth_read(k->a, growth, anchor.head.size, latest.head.size, &p),
                "consistency.json"));
    if (!merkle_has_grown(&anchor.head, &latest.head, &p))
        REFUSE(CORRUPT, "", "consistency.json: latest did not grow from checkpoint");
    TRY(check_witness(k, a));
    return check_known(k);
}

/* ---- entries */

static fallible
check_shown(check *k, const struct proof_line *p)
{
    struct row row;
    str entry;
    bool is_there;
    TRY(in_file(lines_next(&k->entries, &entry, &is_there), "entries.jsonl"));
    if (!is_there)
        REFUSE(CORRUPT, "", "entries.jsonl: entry %llu is missing", (unsigned long long)p->leaf);
    const digest leaf = merkle_leaf(entry);
    if (!digest_eq(&leaf, &p->hash))
        REFUSE(CORRUPT, "", "entries.jsonl: entry %llu is not the one that was logged",
               (unsigned long long)p->leaf);
    TRY(in_file(row_read(k->row_arena, entry, &row), "entries.jsonl"));
    if (!pick_takes(&k->r.m.pick, &row) || !sight_shows(&k->sight, &row))
        REFUSE(CORRUPT, "", "entries.jsonl: entry %llu is not for this bundle or its reader",
               (unsigned long long)p->leaf);
    csv_put(&k->table.b, &row);
    TRY(sheet_turn(&k->table));
    return tally_add(&k->tally, &row);
}

static fallible
check_proof(check *k, const struct proof_line *p)
{
    const bool is_first = !(k->shown + k->held);
    if (!is_first && p->leaf <= k->last_leaf)
        REFUSE(CORRUPT, "", "proofs.jsonl: entry %llu is out of order",
               (unsigned long long)p->leaf);
    if (!merkle_has_leaf(&k->r.m.head, p->leaf, &p->hash, &p->path))
        REFUSE(CORRUPT, "", "proofs.jsonl: entry %llu is not proved", (unsigned long long)p->leaf);
    k->has_gap = k->has_gap || (!is_first && p->leaf != k->last_leaf + 1);
    k->last_leaf = p->leaf;
    k->shown += p->is_shown;
    k->held += !p->is_shown;
    return p->is_shown ? check_shown(k, p) : OK;
}

static fallible
check_counts(check *k)
{
    str entry;
    bool is_there;
    TRY(in_file(lines_next(&k->entries, &entry, &is_there), "entries.jsonl"));
    if (is_there)
        REFUSE(CORRUPT, "", "entries.jsonl has more entries than proofs.jsonl");
    if (k->shown != k->r.m.shown || k->held != k->r.m.held)
        REFUSE(CORRUPT, "",
               "the manifest counts %llu entries shown and %llu held back, there are "
               "%llu and %llu",
               (unsigned long long)k->r.m.shown, (unsigned long long)k->r.m.held,
               (unsigned long long)k->shown, (unsigned long long)k->held);
    if (k->r.m.is_whole && (k->has_gap || !pick_is_period(&k->r.m.pick)))
        REFUSE(CORRUPT, "", "the manifest calls it whole, but places are missing");
    return OK;
}

/* What was made of the entries, made again. */
static fallible
same_as(const check *k, const struct bundle_file *made)
{
    const struct bundle_file *const want = manifest_find(&k->r.m, made->name);
    if (!want)
        REFUSE(CORRUPT, "", "%s is missing", made->name);
    if (made->bytes != want->bytes || !digest_eq(&made->sha256, &want->sha256))
        REFUSE(CORRUPT, "", "%s does not follow from the entries", made->name);
    return OK;
}

static fallible
same_text(const check *k, const char *name, const buf *b)
{
    struct bundle_file made = {.bytes = b->len, .sha256 = quick_hash_plain(buf_str(b))};
    TRY(buf_end(b));
    ASSERT(str_copy(str_of(name), made.name, sizeof made.name));
    return same_as(k, &made);
}

static fallible
same_report(const check *k, enum report_language l, const char *name)
{
    AUTO(buf) b = BUF(BUNDLE_SHEET_MAX);
    report_put(&b, l, &k->r.m, &k->tally);
    return same_text(k, name, &b);
}

static fallible
check_made(check *k)
{
    AUTO(buf) b = BUF(BUNDLE_SHEET_MAX);
    TRY(sheet_end(&k->table));
    TRY(same_as(k, &k->table.file));
    tally_sort(&k->tally);
    tally_put(&b, &k->tally);
    buf_add_char(&b, '\n');
    TRY(same_text(k, "summary.json", &b));
    TRY(same_report(k, REPORT_DE, "report.de.html"));
    return same_report(k, REPORT_EN, "report.en.html");
}

static fallible
check_entries(check *k)
{
    struct proof_line p;
    str line;
    bool is_there;
    TRY(in_file(lines_open(&k->entries, file_join(k->a, k->ask->dir, "entries.jsonl")),
                "entries.jsonl"));
    TRY(in_file(lines_open(&k->proofs, file_join(k->a, k->ask->dir, "proofs.jsonl")),
                "proofs.jsonl"));
    TRY(sheet_open(&k->table, NULL, "entries.csv"));
    csv_put_head(&k->table.b);
    tally_init(&k->tally, k->a);
    for (;;) {
        arena_reset(k->row_arena);
        TRY(in_file(lines_next(&k->proofs, &line, &is_there), "proofs.jsonl"));
        if (!is_there)
            break;
        TRY(proof_read(k->row_arena, line, &p));
        TRY(check_proof(k, &p));
    }
    TRY(check_counts(k));
    return check_made(k);
}

/* ---- all of it */

static fallible
run(check *k)
{
    str manifest, policy_text;
    TRY(arena_open(ROW_BYTES, &k->row_arena));
    TRY(read_whole(k, "manifest.json", BUNDLE_MANIFEST_MAX, &manifest));
    TRY(check_seal(k, manifest));
    TRY(manifest_read(k->a, manifest, &k->r.m));
    TRY(check_no_others(k));
    TRY(check_files(k));
    TRY(in_file(pick_check(&k->r.m.pick), "manifest.json"));
    TRY(read_whole(k, "policy.yaml", BUNDLE_POLICY_MAX, &policy_text));
    TRY(in_file(sight_open(&k->sight, policy_text, k->r.m.clearance), "policy.yaml"));
    TRY(check_checkpoints(k));
    return check_entries(k);
}

fallible
evidence_check(arena *a, const struct check_ask *ask, struct check_report *ret)
{
    AUTO(check) k = {.ask = ask, .a = a, .entries = LINES, .proofs = LINES, .table = SHEET};
    ASSERT(ask->dir);
    TRY(run(&k));
    *ret = k.r;
    return OK;
}
