/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/export.h"

#include <limits.h>
#include <stdio.h>

#include "audit/retain/floor.h"
#include "audit/tiles.h"
#include "base/fault.h"
#include "evidence/report.h"
#include "os/clock.h"

enum { ROW_BYTES = 4 * 1024 * 1024, TALLY_BYTES = 64 * 1024 * 1024, PROGRESS_EVERY = 1024 };

typedef struct export
{
    const struct export_ask *ask;
    arena *a, *row_arena;
    sight sight;
    tally tally;
    struct manifest m;
    str anchor, latest; /* notes */
    struct tree_head newest;
    struct tile_reader *reader;
    buf bundle;
    struct bundle entries; /* of the bundle at hand */
    struct tile_id at;     /* width 0: none yet */
    sheet lines, table, proofs;
    struct floor floor; /* below it, what was held is there, and the hashes of all */
    held held;
    bool has_held;
    str held_line;
    uint64_t held_index;
    uint64_t last_leaf; /* of the one written last */
    bool is_made;       /* the directory */
}
export;

static void
export_auto(export *x)
{
    sight_done(&x->sight);
    tally_done(&x->tally);
    buf_done(&x->bundle);
    sheet_auto(&x->lines);
    sheet_auto(&x->table);
    sheet_auto(&x->proofs);
    held_done(&x->held);
    mem_free(x->reader);
    arena_free(x->row_arena);
}

/* ---- checkpoints */

static fallible
open_checkpoints(export *x)
{
    const struct export_ask *const q = x->ask;
    struct checkpoint newest, anchor;
    TRY(file_read(x->a, file_join(x->a, q->log_dir, "checkpoint"), NOTE_BYTES_MAX, &x->latest));
    TRY(checkpoint_open(x->latest, q->log_key, &newest));
    x->anchor = q->anchor.len ? q->anchor : x->latest;
    TRY(checkpoint_open(x->anchor, q->log_key, &anchor));
    if (anchor.head.size > newest.head.size)
        REFUSE(CORRUPT, "", "the log was set back: it had %llu entries, now %llu",
               (unsigned long long)anchor.head.size, (unsigned long long)newest.head.size);
    x->newest = newest.head;
    x->m.head = anchor.head;
    x->m.latest = newest.head.size;
    return try_arena_str(x->a, anchor.origin, &x->m.log);
}

static fallible
check_witness(const export *x)
{
    struct note n;
    if (!x->ask->witness)
        return OK;
    if (x->ask->witness->type != NOTE_WITNESS)
        REFUSE(ARGUMENT, "witness", "this is not the key of a witness");
    TRY(note_read(x->anchor, &n));
    return note_check(&n, x->ask->witness, NULL);
}

/* ---- reading the log */

static fallible
load_bundle(export *x, uint64_t leaf)
{
    const struct tile_id edge = tile_at_edge(TILE_ENTRIES, x->newest.size);
    const uint64_t index = leaf / TILE_WIDTH;
    if (x->at.width && x->at.index == index)
        return OK;
    x->at.width = 0;
    struct tile_id t = {TILE_ENTRIES, index, index < edge.index ? TILE_WIDTH : edge.width};
    const unsigned want = t.width;
    TRY(tile_read_raw(x->ask->log_dir, &t, &x->bundle));
    TRY(bundle_parse(buf_str(&x->bundle), t.width, &x->entries));
    x->at = (struct tile_id){TILE_ENTRIES, index, want};
    return OK;
}

static fallible
open_held(export *x)
{
    held_done(&x->held);
    TRY(held_open(x->ask->log_dir, &x->held));
    return held_next(&x->held, &x->has_held, &x->held_line, &x->held_index);
}

/* Entries come in their order, so what was held comes in its own. */
static fallible
load_held(export *x, uint64_t leaf, str *ret)
{
    *ret = STR_NONE;
    while (x->has_held && x->held_index < leaf)
        TRY(held_next(&x->held, &x->has_held, &x->held_line, &x->held_index));
    if (x->has_held && x->held_index == leaf)
        *ret = x->held_line;
    return OK;
}

/* Empty: it was pruned. */
static fallible
read_entry(export *x, uint64_t leaf, str *ret, struct row *row)
{
    if (leaf < x->floor.index)
        TRY(load_held(x, leaf, ret));
    else {
        TRY(load_bundle(x, leaf));
        *ret = x->entries.at[leaf % TILE_WIDTH];
    }
    arena_reset(x->row_arena);
    *row = (struct row){.at = {STR_NONE}};
    const err e = row_read(x->row_arena, *ret, row);
    /* What is no record never shows, but it is in the tree. */
    return e.code == ERR_LIMIT ? e : OK;
}

static void
show_progress(const export *x, uint64_t done)
{
    if (x->ask->progress && done % PROGRESS_EVERY == 0)
        x->ask->progress(x->ask->ctx, done, 2 * x->newest.size);
}

static fallible
check_root(const struct merkle *t, const struct tree_head *want)
{
    const struct tree_head h = merkle_head(t);
    if (t->size == want->size && !digest_eq(&h.root, &want->root))
        REFUSE(CORRUPT, "",
               "the first %llu entries have another root than was signed; "
               "`hoheit verify` says where",
               (unsigned long long)want->size);
    return OK;
}

static fallible
learn(export *x)
{
    struct merkle tree = {.size = 0};
    struct row row;
    str entry;
    TRY(open_held(x));
    TRY(check_root(&tree, &x->m.head));
    while (tree.size < x->newest.size) {
        show_progress(x, tree.size);
        TRY(read_entry(x, tree.size, &entry, &row));
        TRY(sight_learn(&x->sight, &row));
        digest leaf = merkle_leaf(entry);
        if (tree.size < x->floor.index && !entry.len)
            TRY(tile_source(x->reader, 0, tree.size, &leaf));
        merkle_add(&tree, &leaf, NULL, NULL);
        TRY(check_root(&tree, &x->m.head));
    }
    return check_root(&tree, &x->newest);
}

/* ---- writing */

static fallible
put_proof(export *x, uint64_t leaf, const digest *hash, bool is_shown)
{
    const struct merkle_source s = {tile_source, x->reader};
    struct proof_line p = {.leaf = leaf, .hash = *hash, .is_shown = is_shown};
    TRY(merkle_prove_leaf(&s, leaf, x->m.head.size, &p.path));
    if (!merkle_has_leaf(&x->m.head, leaf, hash, &p.path))
        REFUSE(CORRUPT, "", "entry %llu has no proof; `hoheit verify` says why",
               (unsigned long long)leaf);
    if (x->m.shown + x->m.held && leaf != x->last_leaf + 1)
        x->m.is_whole = false;
    x->last_leaf = leaf;
    proof_put(&x->proofs.b, &p);
    return sheet_turn(&x->proofs);
}

static fallible
put_entry(export *x, str entry, const struct row *row)
{
    buf_add(&x->lines.b, entry);
    buf_add_char(&x->lines.b, '\n');
    csv_put(&x->table.b, row);
    TRY(sheet_turn(&x->lines));
    TRY(sheet_turn(&x->table));
    return tally_add(&x->tally, row);
}

static fallible
take(export *x, uint64_t leaf)
{
    struct row row;
    str entry;
    TRY(read_entry(x, leaf, &entry, &row));
    if (leaf < x->floor.index && !entry.len)
        return OK;
    if (!pick_takes(&x->ask->pick, &row))
        return OK;
    const bool is_shown = sight_shows(&x->sight, &row) && str_find_char(entry, '\n') < 0;
    const digest hash = merkle_leaf(entry);
    TRY(put_proof(x, leaf, &hash, is_shown));
    x->m.shown += is_shown;
    x->m.held += !is_shown;
    return is_shown ? put_entry(x, entry, &row) : OK;
}

static fallible
end_sheet(export *x, sheet *s)
{
    TRY(sheet_end(s));
    return manifest_add(&x->m, &s->file);
}

static fallible
put_entries(export *x)
{
    const char *const dir = x->ask->dir;
    TRY(sheet_open(&x->lines, dir, "entries.jsonl"));
    TRY(sheet_open(&x->table, dir, "entries.csv"));
    TRY(sheet_open(&x->proofs, dir, "proofs.jsonl"));
    csv_put_head(&x->table.b);
    x->m.is_whole = pick_is_period(&x->ask->pick);
    TRY(open_held(x));
    for (uint64_t i = 0; i < x->m.head.size; i++) {
        show_progress(x, x->newest.size + i);
        TRY(take(x, i));
    }
    if (!(x->m.shown + x->m.held))
        REFUSE(NOT_FOUND, "", "no entry fits what was asked for");
    TRY(end_sheet(x, &x->lines));
    TRY(end_sheet(x, &x->table));
    return end_sheet(x, &x->proofs);
}

static fallible
put_key(export *x, const char *name, const struct note_key *k)
{
    AUTO(buf) b = BUF(NOTE_KEY_TEXT_MAX);
    note_key_put(&b, k);
    buf_add_char(&b, '\n');
    TRY(buf_end(&b));
    return sheet_put(&x->m, x->ask->dir, name, buf_str(&b));
}

static fallible
put_growth(export *x)
{
    AUTO(buf) b = BUF(BUNDLE_MANIFEST_MAX);
    const struct merkle_source s = {tile_source, x->reader};
    struct merkle_proof p;
    TRY(merkle_prove_growth(&s, x->m.head.size, x->newest.size, &p));
    growth_put(&b, x->m.head.size, x->newest.size, &p);
    TRY(buf_end(&b));
    return sheet_put(&x->m, x->ask->dir, "consistency.json", buf_str(&b));
}

static fallible
put_plain_files(export *x)
{
    const struct export_ask *const q = x->ask;
    TRY(sheet_put(&x->m, q->dir, "checkpoint", x->anchor));
    TRY(sheet_put(&x->m, q->dir, "latest", x->latest));
    TRY(put_growth(x));
    TRY(put_key(x, "log.key", q->log_key));
    TRY(put_key(x, "seal.key", q->seal_key));
    if (q->witness)
        TRY(put_key(x, "witness.key", q->witness));
    return sheet_put(&x->m, q->dir, "policy.yaml", q->policy_text);
}

static fallible
put_report(export *x, enum report_language l, const char *name)
{
    AUTO(buf) b = BUF(BUNDLE_SHEET_MAX);
    report_put(&b, l, &x->m, &x->tally);
    TRY(buf_end(&b));
    return sheet_put(&x->m, x->ask->dir, name, buf_str(&b));
}

static fallible
put_summaries(export *x)
{
    AUTO(buf) b = BUF(BUNDLE_SHEET_MAX);
    tally_sort(&x->tally);
    tally_put(&b, &x->tally);
    buf_add_char(&b, '\n');
    TRY(buf_end(&b));
    TRY(sheet_put(&x->m, x->ask->dir, "summary.json", buf_str(&b)));
    TRY(put_report(x, REPORT_DE, "report.de.html"));
    return put_report(x, REPORT_EN, "report.en.html");
}

static fallible
put_manifest(export *x)
{
    AUTO(buf) b = BUF(BUNDLE_MANIFEST_MAX);
    AUTO(buf) text = BUF(1024);
    AUTO(buf) note = BUF(4096);
    const struct export_ask *const q = x->ask;
    manifest_put(&b, &x->m);
    TRY(buf_end(&b));
    manifest_put_sealed(&text, buf_str(&b));
    TRY(buf_end(&text));
    buf_add(&note, buf_str(&text));
    buf_add_char(&note, '\n');
    TRY(note_sign(&note, q->seal_key, q->seal, buf_str(&text), 0));
    TRY(file_write_atomic(file_join(x->a, q->dir, "manifest.json"), buf_str(&b), 0600));
    return file_write_atomic(file_join(x->a, q->dir, "manifest.note"), buf_str(&note), 0600);
}

/* ---- all of it */

static fallible
make_dir(export *x)
{
    fd f = -1;
    const err e = file_open(x->ask->dir, 0, 0, &f);
    fd_auto(&f);
    if (e.code != ERR_NOT_FOUND)
        REFUSE(CONFLICT, "", "there is something at %s already", x->ask->dir);
    TRY(file_make_dir(x->ask->dir, 0700));
    x->is_made = true;
    return OK;
}

static fallible
begin(export *x)
{
    const struct export_ask *const q = x->ask;
    AUTO(buf) made = BUF(64);
    TRY(pick_check(&q->pick));
    TRY(arena_open(ROW_BYTES, &x->row_arena));
    TRY(sight_open(&x->sight, q->policy_text, q->clearance));
    tally_init(&x->tally, x->a);
    x->m.pick = q->pick;
    const struct label_names *const n = policy_names(x->sight.p);
    TRY(try_arena_str(x->a, q->clearance.len ? q->clearance : n->levels[0].id, &x->m.clearance));
    clock_put(&made, q->now_wall_ms);
    TRY(buf_end(&made));
    TRY(try_arena_str(x->a, buf_str(&made), &x->m.made));
    TRY(open_checkpoints(x));
    TRY(floor_read(q->log_dir, &x->floor));
    TRY(check_witness(x));
    x->reader = mem_get(sizeof *x->reader);
    if (!x->reader)
        FAIL(LIMIT, "no memory for tiles");
    *x->reader = (struct tile_reader){.dir = q->log_dir, .size = x->newest.size};
    return OK;
}

static fallible
run(export *x)
{
    TRY(begin(x));
    TRY(learn(x));
    TRY(make_dir(x));
    TRY(put_entries(x));
    TRY(put_plain_files(x));
    TRY(put_summaries(x));
    return put_manifest(x);
}

fallible
evidence_export(arena *a, const struct export_ask *ask, struct manifest *ret)
{
    AUTO(export)
    x = {.ask = ask,
         .a = a,
         .bundle = BUF(BUNDLE_BYTES_MAX),
         .held = HELD,
         .lines = SHEET,
         .table = SHEET,
         .proofs = SHEET};
    struct err_kept why;
    ASSERT(ask->log_dir && ask->dir && ask->log_key && ask->seal_key && ask->seal);
    const err e = run(&x);
    if (!e.code) {
        *ret = x.m;
        return OK;
    }
    err_keep(&why, e);
    if (x.is_made)
        IGNORE(file_remove_tree(ask->dir)); /* the first failure is the one to tell */
    return err_again(&why);
}
