/* SPDX-License-Identifier: EUPL-1.2 */
#include "guard/flow.h"

enum {
    STEP = 48, /* bytes between two looks */
    MORE = 20, /* what stands behind the end of something tells that it ended there */
    WINDOW_BYTES_MAX = 64 * 1024,
    WORK_BYTES_MAX = 16 * 1024 * 1024
};

/* From one look to the next. */
static size_t
bytes_to_look(const struct guard_flow *f)
{
    const size_t held = f->window.len - f->let_go;
    const size_t most = guard_reach(f->g, GUARDRAIL_OUTPUT) + MORE + STEP;
    return held < most ? most - held : STEP;
}

fallible
guard_flow_init(struct guard_flow *f, const guard *g, arena *a)
{
    *f = (struct guard_flow){.g = g, .window = BUF(WINDOW_BYTES_MAX)};
    f->to_look = bytes_to_look(f);
    TRY(guard_seen_new(g, a, &f->seen));
    return arena_open(WORK_BYTES_MAX, &f->work);
}

void
guard_flow_done(struct guard_flow *f)
{
    buf_done(&f->window);
    arena_free(TAKE(f->work));
}

static bool
is_inside_character(str s, size_t at)
{
    return at < s.len && ((unsigned char)s.at[at] & 0xc0) == 0x80;
}

/* Up to where it may go: what begins before is whole. */
static size_t
safe_end(const struct guard_flow *f)
{
    const size_t reach = guard_reach(f->g, GUARDRAIL_OUTPUT) + MORE, len = f->window.len;
    size_t end = len > f->let_go + reach ? len - reach : f->let_go;
    while (end > f->let_go && is_inside_character(buf_str(&f->window), end))
        end--;
    return end;
}

/* What was let go tells what comes, but not for ever. */
static void
drop_past(struct guard_flow *f)
{
    const size_t keep = guard_context(f->g, GUARDRAIL_OUTPUT);
    size_t drop = f->let_go > keep ? f->let_go - keep : 0;
    while (drop && is_inside_character(buf_str(&f->window), drop))
        drop--;
    buf_drop(&f->window, drop);
    f->let_go -= drop;
}

static fallible
look(struct guard_flow *f, bool is_last, buf *out)
{
    const struct guard_look how = {.g = f->g,
                                   .where = GUARDRAIL_OUTPUT,
                                   .goes_on = !is_last,
                                   .from = f->let_go,
                                   .seen = &f->seen};
    guard_hits hits;
    label unused = LABEL_BOTTOM;
    arena_reset(f->work);
    TRY(guard_find(&how, buf_str(&f->window), f->work, &hits));
    f->blocked = guard_judge(f->g, &hits, &unused);
    if (f->blocked)
        return OK;
    const size_t end = is_last ? f->window.len : safe_end(f);
    guard_mask(f->g, &hits, str_slice(buf_str(&f->window), 0, end), f->let_go, out);
    f->let_go = end;
    drop_past(f);
    return buf_end(out);
}

fallible
guard_flow_add(struct guard_flow *f, str piece, buf *out)
{
    while (piece.len && !f->blocked) {
        const size_t n = piece.len < f->to_look ? piece.len : f->to_look;
        buf_add(&f->window, str_slice(piece, 0, n));
        TRY(buf_end(&f->window));
        piece = str_slice(piece, n, piece.len);
        f->to_look -= n;
        if (f->to_look)
            continue;
        TRY(look(f, false, out));
        f->to_look = bytes_to_look(f);
    }
    return OK;
}

fallible
guard_flow_end(struct guard_flow *f, buf *out)
{
    if (!f->blocked)
        TRY(look(f, true, out));
    buf_clear(&f->window);
    f->let_go = 0;
    f->to_look = bytes_to_look(f);
    return OK;
}
