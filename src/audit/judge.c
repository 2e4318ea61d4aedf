/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/judge.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "audit/past.h"
#include "audit/retain/floor.h"
#include "audit/tiles.h"
#include "base/fault.h"

enum { NEEDLE_MAX = 160, EVENT_WITHIN = 128 };

struct judge {
    const struct judge_ask *ask;
    struct judge_report report;
    struct merkle tree; /* built anew */
    /* Of the newest checkpoint, of the one given, of the one the witness signed. */
    struct tree_head end, known, witnessed;
    struct past past;
    bool has_past;
    buf bundle, other;
    /* Of each level the tile that the tree has reached. */
    struct {
        struct tile_id id; /* width 0: none yet */
        digest at[TILE_WIDTH];
    } tiles[TILE_LEVELS];
    err failure; /* of a comparison inside merkle_add */
    struct floor floor;
    struct held held;
    bool has_held;
    str held_line;
    uint64_t held_index;
    char needle[NEEDLE_MAX];
};

static bool
is_same(const digest *a, const digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* ---- checkpoints */

/* Says in which file; other failures pass as they are. */
static fallible
in_file(err e, const char *name, uint64_t at)
{
    struct err_kept why;
    if (e.code != ERR_CORRUPT && e.code != ERR_PARSE)
        return e;
    err_keep(&why, e);
    FAIL(CORRUPT, "%s: byte %llu: %s", name, (unsigned long long)at, why.text);
}

static fallible
read_note(struct judge *j, const char *name, buf *b, str *ret)
{
    char path[PATH_MAX];
    AUTO(fd) f = -1;
    size_t len = 0;
    if (snprintf(path, sizeof path, "%s/%s", j->ask->dir, name) >= (int)sizeof path)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(j->ask->dir));
    TRY(file_open(path, O_RDONLY | O_NOFOLLOW, 0, &f));
    buf_clear(b);
    char *room = buf_add_room(b, NOTE_BYTES_MAX + 1);
    TRY(buf_end(b));
    TRY(file_read_at(f, 0, room, NOTE_BYTES_MAX + 1, &len));
    *ret = (str){room, len};
    return OK;
}

static bool
has_line(const struct note *n, const struct note_key *k)
{
    for (size_t i = 0; i < n->count; i++)
        if (n->at[i].id == k->id && str_eq(n->at[i].name, str_of(k->name)))
            return true;
    return false;
}

static fallible
check_witnessed(struct judge *j, str bytes)
{
    struct checkpoint c;
    struct note n;
    TRY(note_read(bytes, &n));
    TRY(note_check(&n, j->ask->witness, &j->report.witness_time_s));
    TRY(checkpoint_open(bytes, j->ask->key, &c));
    j->witnessed = c.head;
    j->report.witness_size = c.head.size;
    return OK;
}

/* Its line stands under the newest checkpoint or under an earlier one, kept beside it. */
static fallible
check_witness(struct judge *j, str newest)
{
    const struct note_key *const w = j->ask->witness;
    char name[sizeof "cosigned/" + 8];
    struct note n;
    str bytes;
    if (!w)
        return OK;
    if (w->type != NOTE_WITNESS)
        REFUSE(ARGUMENT, "witness", "this is not the key of a witness");
    TRY(note_read(newest, &n));
    if (has_line(&n, w))
        return in_file(check_witnessed(j, newest), "checkpoint", 0);
    snprintf(name, sizeof name, "cosigned/%08x", w->id);
    const err e = read_note(j, name, &j->other, &bytes);
    if (e.code == ERR_NOT_FOUND)
        FAIL(CORRUPT, "checkpoint: %s+%08x did not sign it, nor an earlier one", w->name, w->id);
    TRY(e);
    return in_file(check_witnessed(j, bytes), name, 0);
}

/* Before anything is looked at: tiles that only an older checkpoint needs may be gone. */
static fallible
check_newest(struct judge *j)
{
    struct tree_head last;
    bool is_there;
    TRY(in_file(past_newest(j->ask->dir, j->ask->key, &last, &is_there), "checkpoints", 0));
    if (is_there && last.size > j->end.size)
        FAIL(CORRUPT, "checkpoint: byte 0: has %llu entries, but %llu were signed before",
             (unsigned long long)j->end.size, (unsigned long long)last.size);
    return OK;
}

static fallible
open_checkpoints(struct judge *j)
{
    struct checkpoint newest, known = {.head = {.size = 0}};
    str bytes;
    TRY(read_note(j, "checkpoint", &j->bundle, &bytes));
    TRY(in_file(checkpoint_open(bytes, j->ask->key, &newest), "checkpoint", 0));
    TRY(check_witness(j, bytes));
    if (j->ask->known.len)
        TRY(in_file(checkpoint_open(j->ask->known, j->ask->key, &known), "known checkpoint", 0));
    j->end = newest.head;
    j->known = known.head;
    if (j->known.size > j->end.size)
        FAIL(CORRUPT, "checkpoint: byte 0: the log was set back: it had %llu entries, now %llu",
             (unsigned long long)j->known.size, (unsigned long long)j->end.size);
    if (j->witnessed.size > j->end.size)
        FAIL(CORRUPT,
             "checkpoint: byte 0: the log was set back: a witness saw %llu entries, now "
             "there are %llu",
             (unsigned long long)j->witnessed.size, (unsigned long long)j->end.size);
    TRY(check_newest(j));
    return past_open(j->ask->dir, &j->past);
}

static fallible
next_past(struct judge *j)
{
    TRY(in_file(past_next(&j->past, j->ask->key, &j->has_past), "checkpoints", j->past.window_at));
    if (j->has_past && j->past.head.size > j->end.size)
        FAIL(CORRUPT, "checkpoint: byte 0: has %llu entries, but %llu were signed before",
             (unsigned long long)j->end.size, (unsigned long long)j->past.head.size);
    return OK;
}

static fallible
wrong_root(const char *name, uint64_t at, uint64_t size)
{
    FAIL(CORRUPT, "%s: byte %llu: the first %llu entries have another root than was signed", name,
         (unsigned long long)at, (unsigned long long)size);
}

/* What was signed about a tree of the size it has now. */
static fallible
pass_checkpoints(struct judge *j)
{
    const uint64_t size = j->tree.size;
    const bool is_end = size == j->end.size, is_known = j->ask->known.len && size == j->known.size;
    const bool is_witnessed = j->ask->witness && size == j->witnessed.size;
    if (!is_end && !is_known && !is_witnessed && (!j->has_past || j->past.head.size != size))
        return OK;
    const struct tree_head h = merkle_head(&j->tree);
    while (j->has_past && j->past.head.size == size) {
        if (!is_same(&h.root, &j->past.head.root))
            return wrong_root("checkpoints", j->past.at, size);
        TRY(next_past(j));
    }
    if (is_known && !is_same(&h.root, &j->known.root))
        return wrong_root("known checkpoint", 0, size);
    if (is_witnessed && !is_same(&h.root, &j->witnessed.root))
        return wrong_root("what the witness signed", 0, size);
    return is_end && !is_same(&h.root, &j->end.root) ? wrong_root("checkpoint", 0, size) : OK;
}

/* ---- tiles against the tree that is built */

/* The tile of this level, or bundle, that holds `index` in the finished tree. */
static struct tile_id
tile_of(const struct judge *j, int level, uint64_t index)
{
    const struct tile_id edge = tile_at_edge(level, j->end.size);
    return index / TILE_WIDTH < edge.index ? (struct tile_id){level, index / TILE_WIDTH, TILE_WIDTH}
                                           : edge;
}

static fallible
load_tile(struct judge *j, int level, uint64_t index)
{
    const struct tile_id t = tile_of(j, level, index);
    if (j->tiles[level].id.width && j->tiles[level].id.index == t.index)
        return OK;
    j->tiles[level].id.width = 0;
    TRY(tile_read(j->ask->dir, t, j->tiles[level].at));
    j->tiles[level].id = t;
    return OK;
}

static fallible
wrong_hash(struct tile_id t, const digest *got, const digest *want, unsigned pos)
{
    char path[TILE_PATH_MAX];
    size_t i = 0;
    while (i < sizeof *got - 1 && got->bytes[i] == want->bytes[i])
        i++;
    tile_path(t, path);
    FAIL(CORRUPT, "%s: byte %zu: hash %u is not that of what lies below it", path,
         pos * sizeof *got + i, pos);
}

static fallible
compare(struct judge *j, int level, uint64_t index, const digest *want)
{
    const unsigned pos = (unsigned)(index % TILE_WIDTH);
    TRY(load_tile(j, level, index));
    const digest *got = &j->tiles[level].at[pos];
    return is_same(got, want) ? OK : wrong_hash(j->tiles[level].id, got, want, pos);
}

/* Level 0 was compared before the entry was added, so that the blame can be found. */
static void
on_subtree(void *ctx, unsigned level, uint64_t index, const digest *root)
{
    struct judge *j = ctx;
    if (level && level % 8 == 0 && !j->failure.code)
        j->failure = compare(j, (int)(level / 8), index, root);
}

/* ---- who is wrong: the entry or its hash? */

/* Would the tree be as it was signed with the hashes of this tile of level 0?  The tile above says
 * so for a full one, the root for the one at the edge. */
static fallible
would_fit(struct judge *j, struct tile_id t, bool *ret)
{
    struct merkle m = j->tree;
    if (t.width == TILE_WIDTH) {
        const digest root = tile_root(j->tiles[0].at, TILE_WIDTH);
        TRY(load_tile(j, 1, t.index));
        *ret = is_same(&root, &j->tiles[1].at[t.index % TILE_WIDTH]);
        return OK;
    }
    for (uint64_t i = m.size % TILE_WIDTH; i < t.width; i++)
        merkle_add(&m, &j->tiles[0].at[i], NULL, NULL);
    const struct tree_head h = merkle_head(&m);
    *ret = is_same(&h.root, &j->end.root);
    return OK;
}

/* How many bytes the first `count` entries take. */
static size_t
len_of(const struct bundle *b, unsigned count)
{
    size_t len = 0;
    for (unsigned i = 0; i < count; i++)
        len += 2 + b->at[i].len;
    return len;
}

static fallible
wrong_entry(struct judge *j, struct tile_id t, const struct bundle *b, const digest *leaf)
{
    char path[TILE_PATH_MAX];
    const unsigned i = (unsigned)(j->tree.size % TILE_WIDTH);
    const struct tile_id hashes = {0, t.index, t.width};
    bool is_entry = false;
    TRY(would_fit(j, hashes, &is_entry));
    if (!is_entry)
        return wrong_hash(hashes, &j->tiles[0].at[i], leaf, i);
    tile_path(t, path);
    FAIL(CORRUPT, "%s: byte %zu: entry %llu (%zu bytes) is not the one that was logged", path,
         len_of(b, i), (unsigned long long)j->tree.size, b->at[i].len + 2);
}

/* ---- entries */

static void
look_for_request(struct judge *j, str entry)
{
    if (j->needle[0] && j->report.found_count < JUDGE_FOUND_MAX &&
        str_find(entry, str_of(j->needle)) >= 0)
        j->report.found[j->report.found_count++] = j->tree.size;
}

/* Records begin with number, time and event. */
static void
look_for_alarm(struct judge *j, str entry)
{
    static const str sign = STR_INIT("\"event\":\"witness.");
    const str start = str_slice(entry, 0, entry.len < EVENT_WITHIN ? entry.len : EVENT_WITHIN);
    const ptrdiff_t at = str_find(start, sign);
    if (at < 0)
        return;
    const str name = str_slice(entry, (size_t)at + sign.len, entry.len);
    if (str_starts(name, STR("alarm\"")))
        j->report.alarm = j->tree.size + 1;
    else if (str_starts(name, STR("clear\"")))
        j->report.alarm = 0;
}

static fallible
next_held(struct judge *j)
{
    TRY(held_next(&j->held, &j->has_held, &j->held_line, &j->held_index));
    if (j->has_held && j->held_index >= j->end.size)
        FAIL(CORRUPT, "held: entry %llu was never signed", (unsigned long long)j->held_index);
    return OK;
}

/* What was held back of a pruned part has its hash in the tree like any other. */
static fallible
take_held(struct judge *j)
{
    if (!j->has_held || j->held_index != j->tree.size)
        return OK;
    const digest leaf = merkle_leaf(j->held_line);
    if (!is_same(&leaf, &j->tiles[0].at[j->tree.size % TILE_WIDTH]))
        FAIL(CORRUPT, "held: entry %llu is not the one that was logged",
             (unsigned long long)j->held_index);
    if (j->held_index < j->floor.index) {
        look_for_request(j, j->held_line);
        j->report.entry_bytes += j->held_line.len;
        j->report.held++;
    }
    return next_held(j);
}

/* The value of a member, as it stands in the entry. */
static str
member(str entry, str name)
{
    const ptrdiff_t at = str_find(entry, name);
    if (at < 0)
        return STR_NONE;
    const str rest = str_slice(entry, (size_t)at + name.len, entry.len);
    const ptrdiff_t end = str_find_char(rest, '"');
    return str_slice(rest, 0, end < 0 ? 0 : (size_t)end);
}

static fallible
take_decision(struct judge *j, str entry)
{
    char object[32];
    if (!j->floor.index || j->tree.size != j->floor.decision)
        return OK;
    snprintf(object, sizeof object, "\"object\":\"%llu\"", (unsigned long long)j->floor.index);
    if (str_find(entry, STR("\"event\":\"log.prune\"")) < 0 || str_find(entry, str_of(object)) < 0)
        FAIL(CORRUPT, "pruned: entry %llu is no decision to prune what lies below entry %llu",
             (unsigned long long)j->floor.decision, (unsigned long long)j->floor.index);
    const str key = member(entry, STR("\"key\":\"")), why = member(entry, STR("\"why\":\""));
    const str time = member(entry, STR("\"time\":\""));
    snprintf(j->report.decided, sizeof j->report.decided, "%.*s, %.*s (%.*s)",
             STR_FMT(key.len ? key : STR("operator")), STR_FMT(time), STR_FMT(why));
    return OK;
}

static fallible
take_entry(struct judge *j, struct tile_id t, const struct bundle *b, unsigned i)
{
    const digest leaf = merkle_leaf(b->at[i]);
    if (!is_same(&leaf, &j->tiles[0].at[i]))
        return wrong_entry(j, t, b, &leaf);
    TRY(take_held(j));
    TRY(take_decision(j, b->at[i]));
    look_for_request(j, b->at[i]);
    look_for_alarm(j, b->at[i]);
    j->report.entry_bytes += b->at[i].len;
    merkle_add(&j->tree, &leaf, on_subtree, j);
    TRY(j->failure);
    return pass_checkpoints(j);
}

static fallible
read_bundle(struct judge *j, struct tile_id t, struct bundle *ret)
{
    char path[TILE_PATH_MAX];
    struct err_kept why;
    struct tile_id found = t;
    tile_path(t, path);
    TRY(tile_read_raw(j->ask->dir, &found, &j->bundle));
    const err e = bundle_parse(buf_str(&j->bundle), found.width, ret);
    if (e.code != ERR_CORRUPT)
        return e;
    err_keep(&why, e);
    FAIL(CORRUPT, "%s: %s", path, why.text);
}

/* The entries are gone; the hashes that stay give the tree all the same. */
static fallible
take_pruned(struct judge *j, struct tile_id t)
{
    for (unsigned i = 0; i < t.width; i++) {
        TRY(take_held(j));
        merkle_add(&j->tree, &j->tiles[0].at[i], on_subtree, j);
        TRY(j->failure);
        TRY(pass_checkpoints(j));
    }
    return OK;
}

static fallible
take_bundle(struct judge *j, struct tile_id t)
{
    struct bundle b;
    TRY(load_tile(j, 0, t.index * TILE_WIDTH));
    if (j->tree.size < j->floor.index)
        return take_pruned(j, t);
    TRY(read_bundle(j, t, &b));
    for (unsigned i = 0; i < t.width; i++)
        TRY(take_entry(j, t, &b, i));
    return OK;
}

static fallible
open_floor(struct judge *j)
{
    TRY(floor_read(j->ask->dir, &j->floor));
    if (j->floor.index && j->floor.decision >= j->end.size)
        FAIL(CORRUPT, "pruned: byte 0: the decision, entry %llu, was never signed",
             (unsigned long long)j->floor.decision);
    j->report.pruned_below = j->floor.index;
    j->report.decision = j->floor.decision;
    TRY(held_open(j->ask->dir, &j->held));
    return next_held(j);
}

static fallible
take_all(struct judge *j)
{
    TRY(open_floor(j));
    TRY(next_past(j));
    TRY(pass_checkpoints(j));
    while (j->tree.size < j->end.size)
        TRY(take_bundle(j, tile_of(j, TILE_ENTRIES, j->tree.size)));
    return OK;
}

/* ---- what is left of smaller sizes of the last tiles: each is the start of the one of today */

static fallible
check_left_over(struct judge *j, struct tile_id t, str want)
{
    char path[TILE_PATH_MAX];
    struct tile_id found = t;
    size_t i = 0;
    const err e = tile_read_raw(j->ask->dir, &found, &j->other);
    if (e.code == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    const str got = buf_str(&j->other);
    if (found.width != t.width || str_eq(got, want))
        return OK;
    while (i < got.len && i < want.len && got.at[i] == want.at[i])
        i++;
    tile_path(t, path);
    FAIL(CORRUPT, "%s: byte %zu: is not the start of today's tile", path, i);
}

static fallible
check_level(struct judge *j, int level)
{
    struct tile_id t = tile_at_edge(level, j->end.size);
    const unsigned width = t.width;
    for (t.width = 1; t.width < width; t.width++)
        TRY(check_left_over(j, t,
                            (str){(const char *)j->tiles[level].at, t.width * sizeof(digest)}));
    return OK;
}

static fallible
check_edges(struct judge *j)
{
    struct tile_id t = tile_at_edge(TILE_ENTRIES, j->end.size);
    const unsigned width = t.width;
    struct bundle b;
    for (int level = 0; level < TILE_LEVELS; level++)
        TRY(check_level(j, level));
    if (!width)
        return OK;
    TRY(read_bundle(j, t, &b));
    for (t.width = 1; t.width < width; t.width++)
        TRY(check_left_over(j, t, (str){j->bundle.at, len_of(&b, t.width)}));
    return OK;
}

/* ---- the request that was asked for */

static fallible
set_needle(struct judge *j)
{
    const str id = j->ask->request;
    if (!id.len)
        return OK;
    if (str_find_char(id, '"') >= 0 || str_find_char(id, '\\') >= 0 || id.len > NEEDLE_MAX - 16)
        REFUSE(ARGUMENT, "request", "this is not the id of a request");
    snprintf(j->needle, sizeof j->needle, "\"request\":\"%.*s\"", STR_FMT(id));
    return OK;
}

static fallible
prove(struct judge *j, struct tile_reader *r, uint64_t index)
{
    const struct merkle_source s = {tile_source, r};
    struct merkle_proof p;
    digest leaf;
    TRY(tile_source(r, 0, index, &leaf));
    TRY(merkle_prove_leaf(&s, index, j->end.size, &p));
    if (!merkle_has_leaf(&j->end, index, &leaf, &p))
        FAIL(CORRUPT, "entry %llu has no proof", (unsigned long long)index);
    return OK;
}

static fallible
prove_found(struct judge *j)
{
    if (!j->needle[0])
        return OK;
    if (!j->report.found_count)
        REFUSE(NOT_FOUND, "request", "there is no entry of this request");
    struct tile_reader *r = mem_get(sizeof *r);
    if (!r)
        FAIL(LIMIT, "no memory for tiles");
    *r = (struct tile_reader){.dir = j->ask->dir, .size = j->end.size};
    err e = OK;
    for (size_t i = 0; i < j->report.found_count && !e.code; i++)
        e = prove(j, r, j->report.found[i]);
    mem_free(r);
    return e;
}

/* ---- all of it */

static fallible
run(struct judge *j)
{
    TRY(set_needle(j));
    TRY(open_checkpoints(j));
    TRY(take_all(j));
    TRY(check_edges(j));
    TRY(prove_found(j));
    j->report.head = j->end;
    j->report.checkpoints = j->past.count;
    return OK;
}

fallible
judge_log(const struct judge_ask *ask, struct judge_report *ret)
{
    struct judge *j = mem_get(sizeof *j);
    ASSERT(ask->dir && ask->key);
    if (!j)
        FAIL(LIMIT, "no memory for a verdict");
    memset(j, 0, sizeof *j);
    j->ask = ask;
    j->past.f = -1;
    j->held = HELD;
    j->bundle = j->other = BUF(BUNDLE_BYTES_MAX);
    const err e = run(j);
    if (!e.code)
        *ret = j->report;
    past_done(&j->past);
    held_done(&j->held);
    buf_done(&j->bundle);
    buf_done(&j->other);
    mem_free(j);
    return e;
}
