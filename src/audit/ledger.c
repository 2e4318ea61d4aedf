/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/ledger.h"

#include <limits.h>
#include <stdio.h>

#include "audit/edge.h"
#include "audit/past.h"
#include "audit/recall.h"
#include "audit/retain/floor.h"
#include "base/fault.h"

enum { CHECKED = 256 * TILE_WIDTH, SCRATCH_BYTES = 256 * 1024 };

struct ledger {
    char dir[PATH_MAX];
    int f;
    uint64_t at;          /* in the file, behind the last line taken */
    struct tree_head end; /* signed last, as far as is known here */
    struct tree_head asked;
    struct note_key key;
    struct cosigners cosigners;
    struct edge edge;
    struct floor floor; /* at opening */
    char *room;         /* BLOCK_BYTES */
};

static unsigned long long
number(uint64_t n)
{
    return n;
}

/* ---- following the file */

/* Whole lines from where it is, up to `len`. */
static fallible
read_lines(ledger *l, uint64_t len, str *ret)
{
    const uint64_t left = len - l->at;
    size_t got = 0;
    TRY(file_read_at(l->f, l->at, l->room, left < BLOCK_BYTES ? left : BLOCK_BYTES, &got));
    while (got && l->room[got - 1] != '\n')
        got--;
    if (!got)
        FAIL(CORRUPT, "audit.jsonl: byte %llu: no end of a line follows", number(l->at));
    *ret = (str){l->room, got};
    return OK;
}

static fallible
take_line(ledger *l, str *lines)
{
    const char *end = memchr(lines->at, '\n', lines->len);
    const size_t len = (size_t)(end - lines->at);
    ASSERT(end);
    TRY(edge_add(&l->edge, (str){lines->at, len}));
    l->at += len + 1;
    *lines = str_slice(*lines, len + 1, lines->len);
    return OK;
}

fallible
ledger_follow(ledger *l, uint64_t len, size_t count_max, bool *ret_is_behind)
{
    size_t count = 0;
    ASSERT(len >= l->at);
    while (l->at < len && count < count_max) {
        str lines;
        TRY(read_lines(l, len, &lines));
        for (; lines.len && count < count_max; count++)
            TRY(take_line(l, &lines));
    }
    *ret_is_behind = l->at < len;
    return OK;
}

uint64_t
ledger_size(const ledger *l)
{
    return l->edge.tree.size;
}

/* ---- opening: what is there */

static fallible
read_file(const ledger *l, arena *a, const char *name, str *ret)
{
    const err e = file_read(a, file_join(a, l->dir, name), NOTE_BYTES_MAX, ret);
    if (e.code == ERR_NOT_FOUND)
        *ret = STR_NONE;
    return e.code == ERR_NOT_FOUND ? OK : e;
}

/* A checkpoint that a failing machine left unreadable is as good as none: the tree is made anew,
 * and the signer, who knows what it signed, does not let another one through. */
static fallible
read_checkpoint(ledger *l)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) bare = BUF(NOTE_BYTES_MAX);
    struct checkpoint c;
    str key, note;
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(read_file(l, a, "key", &key));
    TRY(read_file(l, a, "checkpoint", &note));
    if (str_ends(key, STR("\n")))
        key.len--;
    if (note_key_read(key, &l->key).code || checkpoint_open(note, &l->key, &c).code)
        return OK;
    l->end = c.head;
    TRY(cosign_put_bare(&bare, &l->key, note));
    return past_mend(l->dir, buf_str(&bare));
}

/* Where line `index` of `count` begins. */
static fallible
find_line(ledger *l, uint64_t len, uint64_t count, uint64_t index)
{
    uint64_t left = count - index, offset = len;
    str line;
    l->at = index > l->floor.index ? len : l->floor.offset;
    while (index > l->floor.index && left) {
        struct block b;
        TRY(recall_block(l->f, offset, l->room, &b));
        if (!b.lines.len)
            FAIL(CORRUPT, "audit.jsonl: has less than the %llu records it counts", number(count));
        offset = b.offset;
        while (left && block_last_line(&b, &line, &l->at))
            left--;
    }
    return OK;
}

/* ---- opening: do the lines give what was signed?  Nothing is written meanwhile. */

struct check {
    struct merkle tree;
    struct tile_reader tiles;
    buf bytes;
    struct bundle bundle; /* of them */
    bool has_bundle;
    bool fits;        /* the lines, with the root that was signed */
    bool is_torn;     /* tiles above level 0 are to be made again */
    uint64_t differs; /* the first entry that is not as in the tiles; UINT64_MAX: none */
};

static void
load_bundle(struct check *c, const ledger *l)
{
    struct tile_id t = tile_at_edge(TILE_ENTRIES, l->end.size);
    if (c->tree.size / TILE_WIDTH < t.index)
        t = (struct tile_id){TILE_ENTRIES, c->tree.size / TILE_WIDTH, TILE_WIDTH};
    /* One that cannot be read differs from its first entry on. */
    c->has_bundle = !tile_read_raw(l->dir, &t, &c->bytes).code &&
                    !bundle_parse(buf_str(&c->bytes), t.width, &c->bundle).code;
}

static void
check_line(struct check *c, const ledger *l, str line)
{
    const digest leaf = merkle_leaf(line);
    digest was;
    if (c->tree.size % TILE_WIDTH == 0)
        load_bundle(c, l);
    const bool is_same = c->has_bundle && str_eq(line, c->bundle.at[c->tree.size % TILE_WIDTH]) &&
                         !tile_source(&c->tiles, 0, c->tree.size, &was).code &&
                         memcmp(&was, &leaf, sizeof was) == 0;
    if (!is_same && c->differs == UINT64_MAX)
        c->differs = c->tree.size;
    merkle_add(&c->tree, &leaf, NULL, NULL);
}

static fallible
check_lines(struct check *c, ledger *l, uint64_t len)
{
    while (c->tree.size < l->end.size) {
        str lines, line;
        TRY(read_lines(l, len, &lines));
        l->at += lines.len;
        lines.len--;
        while (c->tree.size < l->end.size && str_next(&lines, '\n', &line))
            check_line(c, l, line);
    }
    const struct tree_head h = merkle_head(&c->tree);
    c->fits = memcmp(&h.root, &l->end.root, sizeof h.root) == 0;
    return OK;
}

static bool
is_damage(err e)
{
    return e.code == ERR_NOT_FOUND || e.code == ERR_CORRUPT;
}

/* What was pruned has its hashes in level 0, which were on disk before; the levels above may have
 * been lost since, and are made of them. */
static fallible
load_pruned(struct check *c, const ledger *l)
{
    digest at[TILE_WIDTH];
    c->is_torn = true;
    c->tree = (struct merkle){.size = 0};
    for (uint64_t i = 0; i < l->floor.index / TILE_WIDTH; i++) {
        TRY(tile_read(l->dir, (struct tile_id){0, i, TILE_WIDTH}, at));
        for (unsigned k = 0; k < TILE_WIDTH; k++)
            merkle_add(&c->tree, &at[k], NULL, NULL);
    }
    return OK;
}

/* What lies before entry `from`, the tiles say. */
static fallible
check_from(struct check *c, ledger *l, uint64_t len, uint64_t count, uint64_t from)
{
    const struct merkle_source s = {tile_source, &c->tiles};
    c->tiles = (struct tile_reader){.dir = l->dir, .size = l->end.size};
    c->fits = false;
    c->differs = UINT64_MAX;
    err e = merkle_load(&s, from, &c->tree);
    if (from && from == l->floor.index && is_damage(e))
        e = load_pruned(c, l);
    if (e.code)
        return is_damage(e) ? OK : e;
    TRY(find_line(l, len, count, from));
    return check_lines(c, l, len);
}

static fallible
check_all(struct check *c, ledger *l, uint64_t len, uint64_t count)
{
    const uint64_t size = l->end.size;
    const uint64_t floor = l->floor.index;
    uint64_t from = size > CHECKED ? (size - CHECKED) / TILE_WIDTH * TILE_WIDTH : 0;
    from = from > floor ? from : floor;
    if (size < floor)
        FAIL(CORRUPT, "pruned: entries below %llu were pruned, but %llu were signed", number(floor),
             number(size));
    if (size > count)
        FAIL(CORRUPT, "audit.jsonl: has %llu records, but %llu were signed", number(count),
             number(size));
    TRY(check_from(c, l, len, count, from));
    if (!c->fits && from > floor)
        TRY(check_from(c, l, len, count, floor));
    if (!c->fits && c->differs == UINT64_MAX)
        FAIL(CORRUPT, "audit.jsonl: the first %llu records are not those that were signed",
             number(size));
    if (!c->fits)
        FAIL(CORRUPT, "audit.jsonl: record %llu is not the one that was signed",
             number(c->differs + 1));
    return OK;
}

static fallible
check_file(ledger *l, uint64_t len, uint64_t count, bool *ret_tiles_fit)
{
    struct check *c = mem_get(sizeof *c);
    if (!c)
        FAIL(LIMIT, "no memory to check the log");
    memset(c, 0, sizeof *c);
    c->bytes = BUF(BUNDLE_BYTES_MAX);
    const err e = check_all(c, l, len, count);
    *ret_tiles_fit = c->differs == UINT64_MAX && !c->is_torn;
    buf_done(&c->bytes);
    mem_free(c);
    return e;
}

/* ---- opening: the tree goes on from the tiles, or from nothing */

static fallible
go_on_from_tiles(ledger *l, uint64_t len, uint64_t count, bool *ret_fits)
{
    const uint64_t size = l->end.size, even = size / TILE_WIDTH * TILE_WIDTH;
    bool is_behind;
    ASSERT(even >= l->floor.index);
    const err e = edge_open(&l->edge, l->dir, size, even);
    *ret_fits = false;
    if (e.code)
        return is_damage(e) ? OK : e;
    TRY(find_line(l, len, count, even));
    TRY(ledger_follow(l, len, (size_t)(size - even), &is_behind));
    const struct tree_head h = merkle_head(&l->edge.tree);
    *ret_fits = memcmp(&h.root, &l->end.root, sizeof h.root) == 0;
    return OK;
}

static fallible
make_anew(ledger *l, uint64_t len)
{
    bool is_behind;
    digest at[TILE_WIDTH];
    edge_done(&l->edge);
    TRY(edge_open(&l->edge, l->dir, 0, 0));
    for (uint64_t i = 0; i < l->floor.index / TILE_WIDTH; i++) {
        TRY(tile_read(l->dir, (struct tile_id){0, i, TILE_WIDTH}, at));
        TRY(edge_add_pruned(&l->edge, at));
    }
    l->at = l->floor.offset;
    return ledger_follow(l, len, (size_t)(l->end.size - l->floor.index), &is_behind);
}

/* What is left of smaller sizes was not looked at: only the tiles of the size that is published
 * stay, written again. */
static fallible
clear_edge(ledger *l)
{
    for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++) {
        const struct tile_id t = tile_at_edge(level, l->end.size);
        if (t.width)
            TRY(tile_drop_partial(l->dir, t));
    }
    return edge_write(&l->edge);
}

static fallible
open_tree(ledger *l, uint64_t len, uint64_t count)
{
    bool fits = true, is_behind;
    TRY(check_file(l, len, count, &fits));
    if (fits)
        TRY(go_on_from_tiles(l, len, count, &fits));
    if (!fits)
        TRY(make_anew(l, len));
    TRY(clear_edge(l));
    TRY(ledger_follow(l, len, SIZE_MAX, &is_behind));
    if (l->edge.tree.size != count)
        FAIL(CORRUPT, "audit.jsonl: has %llu lines for %llu records", number(l->edge.tree.size),
             number(count));
    return OK;
}

static fallible
set_up(ledger *l, const char *audit_dir, uint64_t len, uint64_t count)
{
    const int n = snprintf(l->dir, sizeof l->dir, "%s/log", audit_dir);
    if (n < 0 || (size_t)n >= sizeof l->dir)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(audit_dir));
    l->room = mem_get(BLOCK_BYTES);
    if (!l->room)
        FAIL(LIMIT, "no memory for the log");
    TRY(file_make_dir(l->dir, 0700));
    TRY(read_checkpoint(l));
    TRY(floor_read(l->dir, &l->floor));
    return open_tree(l, len, count);
}

fallible
ledger_open(const char *audit_dir, int f, uint64_t len, uint64_t count, ledger **ret)
{
    const struct merkle empty = {.size = 0};
    ledger *l = mem_get(sizeof *l);
    if (!l)
        FAIL(LIMIT, "no memory for the log");
    memset(l, 0, sizeof *l);
    l->f = f;
    l->end = merkle_head(&empty);
    const err e = set_up(l, audit_dir, len, count);
    if (e.code) {
        ledger_free(l);
        return e;
    }
    *ret = l;
    return OK;
}

void
ledger_free(ledger *l)
{
    if (!l)
        return;
    edge_done(&l->edge);
    mem_free(l->room);
    mem_free(l);
}

const char *
ledger_dir(const ledger *l)
{
    return l->dir;
}

/* ---- proofs */

fallible
ledger_prove(ledger *l, uint64_t index, uint64_t size, struct merkle_proof *ret)
{
    const struct merkle_source s = edge_source(&l->edge);
    if (size > l->edge.tree.size)
        FAIL(ARGUMENT, "the tree has %llu entries", number(l->edge.tree.size));
    return merkle_prove_leaf(&s, index, size, ret);
}

fallible
ledger_prove_growth(ledger *l, uint64_t from, uint64_t size, struct merkle_proof *ret)
{
    const struct merkle_source s = edge_source(&l->edge);
    if (size > l->edge.tree.size)
        FAIL(ARGUMENT, "the tree has %llu entries", number(l->edge.tree.size));
    return merkle_prove_growth(&s, from, size, ret);
}

/* ---- signing */

uint64_t
ledger_signed_size(const ledger *l)
{
    return l->end.size;
}

uint64_t
ledger_unsigned(const ledger *l)
{
    const uint64_t size = l->edge.tree.size;
    return size > l->end.size ? size - l->end.size : 0;
}

fallible
ledger_ask(ledger *l, struct ledger_ask *ret)
{
    const struct merkle_source s = edge_source(&l->edge);
    const struct tree_head h = merkle_head(&l->edge.tree);
    struct merkle_proof p;
    if (l->end.size > h.size)
        FAIL(CORRUPT, "%llu records were signed, the log has %llu", number(l->end.size),
             number(h.size));
    TRY(edge_write(&l->edge));
    TRY(merkle_prove_growth(&s, l->end.size, h.size, &p));
    l->asked = h;
    *ret = (struct ledger_ask){.from = l->end.size, .head = h, .proof = p};
    return OK;
}

/* With what witnesses signed of it. */
static fallible
publish_note(ledger *l, str note)
{
    AUTO(buf) whole = BUF(NOTE_BYTES_MAX);
    TRY(cosign_put_known(&whole, l->dir, &l->key, &l->cosigners, note));
    return tile_write_beside(l->dir, "checkpoint", buf_str(&whole));
}

static fallible
publish(ledger *l, str note)
{
    AUTO(buf) key = BUF(NOTE_KEY_TEXT_MAX + 1);
    note_key_put(&key, &l->key);
    buf_add_char(&key, '\n');
    TRY(buf_end(&key));
    TRY(tile_write_beside(l->dir, "key", buf_str(&key)));
    TRY(publish_note(l, note));
    return past_mend(l->dir, note);
}

/* Is `h` the head of our tree when it had that size?  Shown as a stranger would show it. */
static fallible
is_ours(ledger *l, const struct tree_head *h, bool *ret)
{
    const struct merkle_source s = edge_source(&l->edge);
    const struct tree_head now = merkle_head(&l->edge.tree);
    struct merkle_proof p;
    *ret = false;
    if (h->size > now.size)
        return OK;
    TRY(merkle_prove_growth(&s, h->size, now.size, &p));
    *ret = merkle_has_grown(h, &now, &p);
    return OK;
}

fallible
ledger_signed(ledger *l, str note, str key_text)
{
    struct checkpoint c;
    bool is_mine;
    if (note_key_read(key_text, &l->key).code || checkpoint_open(note, &l->key, &c).code)
        FAIL(CORRUPT, "what was signed is not a checkpoint of this log");
    TRY(is_ours(l, &c.head, &is_mine));
    if (!is_mine)
        FAIL(CORRUPT, "%llu records were signed that this log does not begin with",
             number(c.head.size));
    l->end = c.head;
    /* The tiles of another size than was asked for may be gone, so only this one is published. */
    if (c.head.size != l->asked.size)
        return OK;
    return publish(l, note);
}

/* ---- cosigning */

void
ledger_set_cosigners(ledger *l, const struct cosigners *w)
{
    l->cosigners = *w;
}

static fallible
refuse_foreign(err e)
{
    if (e.code != ERR_PARSE && e.code != ERR_CORRUPT)
        return e;
    REFUSE(ARGUMENT, "", "this is not a checkpoint of this log");
}

/* The line of a witness that does not fit is the fault of whoever brought it. */
static fallible
keep(ledger *l, str note, struct cosigned *ret)
{
    const err e = cosign_keep(l->dir, &l->key, &l->cosigners, note, ret);
    if (e.code == ERR_CORRUPT)
        REFUSE(ARGUMENT, "", "the signature of a witness does not fit the checkpoint");
    return e;
}

static fallible
publish_again(ledger *l, str note)
{
    AUTO(arena) *a = NULL;
    struct note is, was;
    str newest;
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(read_file(l, a, "checkpoint", &newest));
    if (!newest.len)
        return OK;
    TRY(note_read(note, &is));
    TRY(note_read(newest, &was));
    return str_eq(is.text, was.text) ? publish_note(l, note) : OK;
}

fallible
ledger_is_other(ledger *l, str note, struct tree_head *ret, bool *ret_is_other)
{
    struct checkpoint c;
    bool is_mine = false;
    *ret_is_other = false;
    if (!l->key.name[0] || checkpoint_open(note, &l->key, &c).code)
        return OK;
    TRY(is_ours(l, &c.head, &is_mine));
    *ret = c.head;
    *ret_is_other = !is_mine;
    return OK;
}

fallible
ledger_cosign(ledger *l, str note, struct cosigned *ret, struct tree_head *ret_head)
{
    struct checkpoint c;
    bool is_mine = false;
    if (!l->key.name[0])
        REFUSE(NOT_FOUND, "", "no checkpoint of this log was signed yet");
    TRY(refuse_foreign(checkpoint_open(note, &l->key, &c)));
    TRY(is_ours(l, &c.head, &is_mine));
    if (!is_mine)
        REFUSE(ARGUMENT, "", "this is not a checkpoint of this log");
    TRY(keep(l, note, ret));
    *ret_head = c.head;
    return publish_again(l, note);
}
