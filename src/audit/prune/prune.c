/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/prune/prune.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "audit/ledger.h"
#include "audit/retain/floor.h"
#include "audit/retain/retain.h"
#include "audit/tiles.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/num.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/log.h"

enum {
    TURN_MS = 1,
    WAIT_MS = 100,
    PIECE_BYTES = 256 * 1024,
    PIECES_PER_TURN = 4, /* 2 to 4 ms of work */
    FILES_PER_TURN = 64,
    TILES_PER_DIR = 1000, /* of a path of tlog-tiles */
    WHY_BYTES = 256
};

enum state { IDLE, COUNTING, COUNTED, WAITING, SYNCING, REMOVING, CUT, FAILED };
static const char *const state_names[] = {"idle",    "counting", "counted", "cutting",
                                          "cutting", "cutting",  "cut",     "failed"};

/* What lies before a place between two bundles. */
struct found {
    uint64_t index, offset, held;
};

struct prune {
    loop *l;
    book *b;
    const struct params *params;
    const char *dir;
    loop_timer *timer;
    enum state state;
    struct floor floor;
    int64_t before_wall_ms;
    struct found good, at; /* up to where all may go; where counting is */
    struct tile_reader tiles;
    char *room; /* PIECE_BYTES */
    char why[WHY_BYTES];
    struct floor cut; /* what was decided; index 0: only counting */
    char request[ID_MAX + 1];
    fd held;       /* the new file, while cutting */
    uint64_t tile; /* the next to be synced, its bundle to be removed */
};

static unsigned long long
number(uint64_t n)
{
    return n;
}

static const char *
path_of(const prune *p, const char *name, char room[PATH_MAX])
{
    snprintf(room, PATH_MAX, "%s/%s", p->dir, name);
    return room;
}

/* ---- turns */
static void on_timer(void *ctx);

static void
next_turn(prune *p, uint64_t ms)
{
    const err e = loop_timer_start(p->l, ms, 0, on_timer, p, &p->timer);
    if (!e.code)
        return;
    p->state = FAILED;
    log_failure(LOG_ERROR, "log.not_pruned", e);
}

static void
fail(prune *p, err e)
{
    struct err_kept kept;
    err_keep(&kept, e);
    p->state = FAILED;
    fd_auto(&p->held);
    p->held = -1;
    snprintf(p->why, sizeof p->why, "%s", kept.text);
    log_failure(LOG_ERROR, "log.not_pruned", err_again(&kept));
}

/* ---- counting */
static fallible
hold(prune *p, str line)
{
    p->at.held++;
    if (p->held < 0)
        return OK;
    TRY(file_write_all(p->held, line));
    return file_write_all(p->held, STR("\n"));
}

static fallible
check_hash(prune *p, str line)
{
    const digest leaf = merkle_leaf(line);
    digest was;
    TRY(tile_source(&p->tiles, 0, p->at.index, &was));
    if (!digest_eq(&leaf, &was))
        FAIL(CORRUPT, "record %llu is not the one that was signed", number(p->at.index + 1));
    return OK;
}

/* Why the entry must stay where it is, if it must. */
static bool
ends_here(prune *p, const struct retain_head *h)
{
    const enum retain_class class = retain_class_of(h->event);
    if (class != RETAIN_USE)
        return false;
    if (h->wall_ms < p->before_wall_ms &&
        retain_is_over(p->params, class, h->wall_ms, clock_wall_ms()))
        return false;
    snprintf(p->why, sizeof p->why, "entry %llu is younger", number(p->at.index));
    return true;
}

static bool
must_hold(const prune *p, const struct retain_head *h)
{
    const enum retain_class class = retain_class_of(h->event);
    return class != RETAIN_USE && !retain_is_over(p->params, class, h->wall_ms, clock_wall_ms());
}

/* False in *ret_goes_on at the entry that stays. */
static fallible
count_line(prune *p, str line, bool *ret_goes_on)
{
    struct retain_head h;
    const uint64_t end = p->cut.index ? p->cut.index : ledger_signed_size(book_ledger(p->b));
    *ret_goes_on = false;
    if (p->at.index >= end) {
        snprintf(p->why, sizeof p->why, "all that is signed may go");
        return OK;
    }
    if (retain_head_read(line, &h).code || h.seq != p->at.index + 1) {
        snprintf(p->why, sizeof p->why, "entry %llu is no record", number(p->at.index));
        return OK;
    }
    if (ends_here(p, &h))
        return OK;
    TRY(check_hash(p, line));
    if (must_hold(p, &h))
        TRY(hold(p, line));
    p->at.index++;
    p->at.offset += line.len + 1;
    if (p->at.index % TILE_WIDTH == 0)
        p->good = p->at;
    *ret_goes_on = true;
    return OK;
}

static fallible
count_piece(prune *p, bool *ret_goes_on)
{
    const uint64_t left = book_durable_len(p->b) - p->at.offset;
    size_t got = 0;
    *ret_goes_on = false;
    TRY(file_read_at(book_file(p->b), p->at.offset, p->room,
                     left < PIECE_BYTES ? left : PIECE_BYTES, &got));
    str rest = {p->room, got};
    for (ptrdiff_t end; (end = str_find_char(rest, '\n')) >= 0;) {
        TRY(count_line(p, str_slice(rest, 0, (size_t)end), ret_goes_on));
        if (!*ret_goes_on)
            return OK;
        rest = str_slice(rest, (size_t)end + 1, rest.len);
    }
    if (got && rest.len == got)
        FAIL(CORRUPT, "record %llu has no end", number(p->at.index + 1));
    return OK;
}

static void
begin_count(prune *p)
{
    p->state = COUNTING;
    p->why[0] = '\0';
    p->good = p->at = (struct found){.index = p->floor.index, .offset = p->floor.offset};
    p->tiles = (struct tile_reader){.dir = p->dir, .size = ledger_signed_size(book_ledger(p->b))};
    next_turn(p, TURN_MS);
}

/* ---- cutting */

/* What was held before and still has to be. */
static fallible
copy_held(prune *p)
{
    AUTO(held) old = HELD;
    struct retain_head h;
    bool is_there = true;
    uint64_t index = 0;
    str line;
    TRY(held_open(p->dir, &old));
    while (is_there) {
        TRY(held_next(&old, &is_there, &line, &index));
        if (!is_there || index >= p->floor.index)
            return OK;
        TRY(retain_head_read(line, &h));
        if (must_hold(p, &h))
            TRY(hold(p, line));
    }
    return OK;
}

static fallible
begin_cut(prune *p)
{
    char path[PATH_MAX];
    begin_count(p);
    TRY(file_open(path_of(p, "held.new", path), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600,
                  &p->held));
    return copy_held(p);
}

static fallible
put_in_place(prune *p)
{
    char from[PATH_MAX], to[PATH_MAX];
    TRY(file_sync(p->held));
    fd_auto(&p->held);
    p->held = -1;
    TRY(file_rename(path_of(p, "held.new", from), path_of(p, "held", to)));
    p->cut.offset = p->good.offset;
    TRY(floor_write(p->dir, &p->cut));
    LOG(INFO, "log.pruned", LOG_N("below", p->cut.index), LOG_N("decision", p->cut.decision));
    return OK;
}

/* The last line end that goes stays: what is before the first line is a whole line. */
static fallible
begin_removing(prune *p)
{
    ASSERT(p->floor.index && p->floor.offset > 1);
    TRY(file_punch(book_file(p->b), p->floor.offset - 1));
    TRY(file_sync(book_file(p->b)));
    p->state = REMOVING;
    next_turn(p, TURN_MS);
    return OK;
}

static fallible
cut_when_signed(prune *p)
{
    if (ledger_signed_size(book_ledger(p->b)) <= p->cut.decision) {
        p->state = WAITING;
        next_turn(p, WAIT_MS);
        return OK;
    }
    p->tile = p->floor.index / TILE_WIDTH;
    p->state = SYNCING;
    next_turn(p, TURN_MS);
    return OK;
}

static fallible
sync_path(const char *path, int flags)
{
    AUTO(fd) f = -1;
    TRY(file_open(path, O_RDONLY | O_NOFOLLOW | flags, 0, &f));
    return file_sync(f);
}

/* The tile that takes the place of a bundle; at the end of its directory, the directories too. */
static fallible
sync_tile(const prune *p, uint64_t index, bool is_last)
{
    char path[PATH_MAX], name[TILE_PATH_MAX];
    tile_path((struct tile_id){0, index, TILE_WIDTH}, name);
    TRY(sync_path(path_of(p, name, path), 0));
    if (!is_last && index % TILES_PER_DIR != TILES_PER_DIR - 1)
        return OK;
    while (strlen(path) > strlen(p->dir)) {
        *strrchr(path, '/') = '\0';
        TRY(sync_path(path, O_DIRECTORY));
    }
    return OK;
}

/* The tiles above are made again from these if they are lost (ledger.h). */
static fallible
sync_some(prune *p)
{
    const uint64_t end = p->cut.index / TILE_WIDTH;
    for (int i = 0; i < FILES_PER_TURN && p->tile < end; i++) {
        TRY(sync_tile(p, p->tile, p->tile + 1 == end));
        p->tile++;
    }
    if (p->tile < end) {
        next_turn(p, TURN_MS);
        return OK;
    }
    TRY(put_in_place(p));
    p->tile = p->floor.index / TILE_WIDTH;
    p->floor = p->cut;
    return begin_removing(p);
}

static fallible
remove_bundle(const prune *p, uint64_t index)
{
    char name[TILE_PATH_MAX], path[PATH_MAX];
    tile_path((struct tile_id){TILE_ENTRIES, index, TILE_WIDTH}, name);
    const err e = file_remove(path_of(p, name, path));
    return e.code == ERR_NOT_FOUND ? OK : e;
}

static fallible
remove_some(prune *p)
{
    const uint64_t end = p->floor.index / TILE_WIDTH;
    for (int i = 0; i < FILES_PER_TURN && p->tile < end; i++) {
        TRY(remove_bundle(p, p->tile));
        p->tile++;
    }
    if (p->tile < end) {
        next_turn(p, TURN_MS);
        return OK;
    }
    p->state = CUT;
    return OK;
}

static fallible
counted(prune *p)
{
    if (!p->cut.index) {
        p->state = COUNTED;
        return OK;
    }
    if (p->good.index != p->cut.index)
        FAIL(CONFLICT, "not all entries below %llu may go: %s", number(p->cut.index), p->why);
    return cut_when_signed(p);
}

static fallible
count_some(prune *p)
{
    bool goes_on = true;
    for (int i = 0; i < PIECES_PER_TURN && goes_on; i++)
        TRY(count_piece(p, &goes_on));
    if (!goes_on)
        return counted(p);
    next_turn(p, TURN_MS);
    return OK;
}

static fallible
turn(prune *p)
{
    switch (p->state) {
    case COUNTING:
        return count_some(p);
    case WAITING:
        return cut_when_signed(p);
    case SYNCING:
        return sync_some(p);
    case REMOVING:
        return remove_some(p);
    case IDLE:
    case COUNTED:
    case CUT:
    case FAILED:
        return OK;
    }
    UNREACHABLE("a state of pruning");
}

static void
on_timer(void *ctx)
{
    prune *p = ctx;
    p->timer = NULL;
    const err e = turn(p);
    if (e.code)
        fail(p, e);
}

/* ---- asking */
static bool
is_busy(const prune *p)
{
    return p->state == COUNTING || p->state == WAITING || p->state == SYNCING ||
           p->state == REMOVING;
}

static fallible
check_free(const prune *p)
{
    if (is_busy(p))
        REFUSE(BUSY, "", "the log is being %s already: try again when that is done",
               p->cut.index || p->state == REMOVING ? "pruned" : "counted");
    return OK;
}

static fallible
ask_count(prune *p, str what)
{
    int64_t before = 0;
    if (num_i64(what, 0, INT64_MAX, &before).code)
        REFUSE(ARGUMENT, "before", "before is a time in milliseconds since 1970");
    TRY(retain_check(p->params, before, clock_wall_ms()));
    if (p->state != IDLE && p->before_wall_ms == before && !(p->state == CUT || p->state == FAILED))
        return OK;
    TRY(check_free(p));
    p->before_wall_ms = before;
    p->cut = (struct floor){.index = 0};
    begin_count(p);
    return OK;
}

static err
take_decision(void *ctx, str line)
{
    static const str name = STR_INIT("\"object\":\"");
    struct floor *f = ctx;
    struct retain_head h;
    TRY(retain_head_read(line, &h));
    if (!str_eq(h.event, STR("log.prune")))
        return OK;
    const ptrdiff_t at = str_find(line, name);
    const str rest = str_slice(line, at < 0 ? line.len : (size_t)at + name.len, line.len);
    const ptrdiff_t end = str_find_char(rest, '"');
    const str object = str_slice(rest, 0, end < 0 ? 0 : (size_t)end);
    if (!num_u64(object, TILE_WIDTH, INT64_MAX, &f->index).code)
        f->decision = h.seq - 1;
    return OK;
}

/* The time that was asked for is of the proposal; what is old enough by the law is for this
 * process to say, and at which entry is for the decision. */
static fallible
ask_cut(prune *p, str request)
{
    struct floor cut = {.index = 0};
    if (p->state != IDLE && str_eq(request, str_of(p->request)))
        return OK;
    TRY(check_free(p));
    TRY(book_find(p->b, request, take_decision, &cut));
    if (!cut.index || cut.index % TILE_WIDTH || cut.decision < cut.index)
        REFUSE(NOT_FOUND, "request", "there is no decision to prune the log in this request");
    if (cut.index <= p->floor.index)
        REFUSE(CONFLICT, "request", "entries below %llu are gone already", number(p->floor.index));
    if (!str_copy(request, p->request, sizeof p->request))
        REFUSE(NOT_FOUND, "request", "this is not the id of a request");
    p->cut = cut;
    p->before_wall_ms = INT64_MAX;
    const err e = begin_cut(p);
    if (e.code) {
        loop_timer_stop(TAKE(p->timer));
        fail(p, e);
    }
    return OK;
}

static void
put_state(const prune *p, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "state", str_of(state_names[p->state]));
    if (p->cut.index)
        json_member_str(b, "request", str_of(p->request));
    json_member_u64(b, "minimum", p->floor.index);
    json_member_u64(b, "below", p->cut.index ? p->cut.index : p->good.index);
    json_member_u64(b, "entries", p->good.index - (p->cut.index ? 0 : p->floor.index));
    json_member_u64(b, "held", p->good.held);
    json_member_u64(b, "bytes", p->good.offset - (p->cut.index ? 0 : p->floor.offset));
    json_member_str(b, "why", str_of(p->why));
    json_close(b, '}');
}

fallible
prune_ask(prune *p, const struct log_read *q, buf *ret)
{
    const str what = str_of(q->what);
    if (q->kind == LOG_CUT)
        TRY(ask_cut(p, what));
    else
        TRY(ask_count(p, what));
    put_state(p, ret);
    return buf_end(ret);
}

/* ---- starting and stopping */
static fallible
finish_what_was_begun(prune *p)
{
    char name[TILE_PATH_MAX], path[PATH_MAX];
    AUTO(fd) f = -1;
    TRY(floor_read(p->dir, &p->floor));
    if (!p->floor.index)
        return OK;
    tile_path((struct tile_id){TILE_ENTRIES, p->floor.index / TILE_WIDTH - 1, TILE_WIDTH}, name);
    const err e = file_open(path_of(p, name, path), O_RDONLY | O_NOFOLLOW, 0, &f);
    if (e.code == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    return begin_removing(p);
}

fallible
prune_start(loop *l, book *b, const struct params *params, prune **ret)
{
    prune *p = mem_get(sizeof *p);
    if (!p)
        FAIL(LIMIT, "no memory for pruning");
    memset(p, 0, sizeof *p);
    p->l = l;
    p->b = b;
    p->params = params;
    p->dir = book_log_dir(b);
    p->held = -1;
    p->room = mem_get(PIECE_BYTES);
    const err e = p->room
                      ? finish_what_was_begun(p)
                      : err_start(ERR_LIMIT, __FILE__, __LINE__, __func__, "no memory for pruning");
    if (e.code) {
        prune_stop(p);
        return e;
    }
    *ret = p;
    return OK;
}

void
prune_stop(prune *p)
{
    if (!p)
        return;
    loop_timer_stop(p->timer);
    fd_auto(&p->held);
    mem_free(p->room);
    mem_free(p);
}
