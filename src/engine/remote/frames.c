/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/utf8.h"
#include "engine/remote/blame.h"
#include "engine/remote/pass.h"

enum { TAIL_BYTES_MAX = 4 * FRAMES_BYTES_MAX, SLICE_BYTES = 64 * 1024, WORD_MAX = 64 };

enum fate { HAND_ON, KEEP_BACK, DROP };

void
frames_init(struct frames *f, uint32_t n, bool drops_usage)
{
    ASSERT(n >= 1 && n <= ENGINE_ANSWERS_MAX);
    *f = (struct frames){.n = n,
                         .drops_usage = drops_usage,
                         .held = BUF(FRAMES_BYTES_MAX + SLICE_BYTES),
                         .data = BUF(FRAMES_BYTES_MAX),
                         .tail = BUF(TAIL_BYTES_MAX),
                         .plain = BUF(FRAMES_BYTES_MAX)};
}

void
frames_done(struct frames *f)
{
    buf_done(&f->held);
    buf_done(&f->data);
    buf_done(&f->tail);
    buf_done(&f->plain);
    arena_free(TAKE(f->a));
}

bool
frames_is_whole(const struct frames *f)
{
    return f->finished == f->n && !f->held.len;
}

/* ---- where frames end */

/* Bytes up to and with the empty line; 0: none yet, and *ret_looked says where to go on. */
static size_t
frame_len(str s, size_t from, size_t *ret_looked)
{
    const char *end = s.at + s.len, *p = s.at + from;
    if (!from && s.len && *p == '\n')
        return 1;
    if (!from && s.len > 1 && p[0] == '\r' && p[1] == '\n')
        return 2;
    while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        if (p + 1 == end || (p[1] == '\r' && p + 2 == end))
            break;
        if (p[1] == '\n')
            return (size_t)(p + 2 - s.at);
        if (p[1] == '\r' && p[2] == '\n')
            return (size_t)(p + 3 - s.at);
        p++;
    }
    const size_t from_here = s.len == 1 ? 0 : s.len; /* a first CR may be half of an empty line */
    *ret_looked = p && p < end ? (size_t)(p - s.at) : from_here;
    return 0;
}

/* ---- frames like the last */

enum { NOT_EASY = -1 };

/* Length of what stands before the quote that closes a JSON string; NOT_EASY also for what is legal
 * but rare. */
static ptrdiff_t
easy_text_len(str s)
{
    unsigned char high = 0;
    size_t i = 0;
    for (; i < s.len && s.at[i] != '"'; i++) {
        const unsigned char c = (unsigned char)s.at[i];
        if (c < ' ')
            return NOT_EASY;
        if (c == '\\' && (++i == s.len || !s.at[i] || !strchr("\"\\/bfnrt", s.at[i])))
            return NOT_EASY;
        high |= c;
    }
    if (i == s.len || (high >= 0x80 && !utf8_valid(str_slice(s, 0, i))))
        return NOT_EASY;
    return (ptrdiff_t)i;
}

/* Takes the same bytes off both. */
static bool
take_same(str *frame, const char *plain, size_t len)
{
    if (frame->len < len || memcmp(frame->at, plain, len) != 0)
        return false;
    *frame = (str){frame->at + len, frame->len - len};
    return true;
}

static bool
is_like_last(const struct frames *f, str frame)
{
    size_t at = 0;
    for (size_t i = 0; i < f->hole_count; i++) {
        if (!take_same(&frame, f->plain.at + at, f->holes[i].at - at))
            return false;
        const ptrdiff_t len = easy_text_len(frame);
        if (len == NOT_EASY)
            return false;
        frame = (str){frame.at + len, frame.len - (size_t)len};
        at = f->holes[i].at + f->holes[i].len;
    }
    return f->hole_count && frame.len == f->plain.len - at &&
           take_same(&frame, f->plain.at + at, frame.len);
}

/* The string that is this member's value.  So written, a name cannot stand inside a string, where
 * its quotes would be escaped. */
static bool
find_hole(str frame, str name, struct frames_hole *ret)
{
    const ptrdiff_t found = str_find(frame, name);
    size_t at = found < 0 ? frame.len : (size_t)found + name.len;
    at += at < frame.len && frame.at[at] == ' ';
    if (at >= frame.len || frame.at[at] != '"')
        return false;
    size_t to = ++at;
    while (to < frame.len && frame.at[to] != '"')
        to += frame.at[to] == '\\' ? 2 : 1;
    *ret = (struct frames_hole){at, to - at};
    return to < frame.len;
}

static void
add_hole(struct frames *f, struct frames_hole hole)
{
    size_t i = f->hole_count++;
    for (; i > 0 && f->holes[i - 1].at > hole.at; i--)
        f->holes[i] = f->holes[i - 1];
    f->holes[i] = hole;
}

static void
forget(struct frames *f)
{
    buf_clear(&f->plain);
    f->hole_count = 0;
}

/* What differs from frame to frame: the text, and the padding by which OpenAI hides its length. */
static void
remember(struct frames *f, str frame)
{
    static const str names[] = {STR_INIT("\"content\":"), STR_INIT("\"text\":"),
                                STR_INIT("\"reasoning_content\":"), STR_INIT("\"reasoning\":"),
                                STR_INIT("\"arguments\":")};
    struct frames_hole hole;
    forget(f);
    buf_add(&f->plain, frame);
    if (buf_end(&f->plain).code)
        return; /* then every frame is read */
    for (size_t i = 0; i < sizeof names / sizeof *names && !f->hole_count; i++)
        if (find_hole(frame, names[i], &hole))
            add_hole(f, hole);
    if (find_hole(frame, STR("\"obfuscation\":"), &hole))
        add_hole(f, hole);
}

/* ---- frames that are read */

struct lines {
    str data; /* joined by LF; at == NULL: none */
    bool is_error;
};

/* The first line of data stays where it is; only several are copied. */
static fallible
add_data(struct frames *f, str value, struct lines *ret)
{
    if (!ret->data.at) {
        ret->data = (str){value.len ? value.at : "", value.len};
        return OK;
    }
    if (!f->data.len)
        buf_add(&f->data, ret->data);
    buf_add_char(&f->data, '\n');
    buf_add(&f->data, value);
    ret->data = buf_str(&f->data);
    return buf_end(&f->data);
}

static fallible
read_line(struct frames *f, str line, struct lines *ret)
{
    str value = line, name;
    if (str_ends(line, STR("\r")))
        value.len--;
    if (str_find_char(value, '\r') >= 0 || str_starts(line, STR("\xef\xbb\xbf")))
        FAIL(PROVIDER_LOST, "a line of the stream holds what readers would not agree on");
    (void)str_next(&value, ':', &name);
    if (value.len && value.at[0] == ' ')
        value = str_slice(value, 1, value.len);
    if (str_eq(name, STR("event")))
        ret->is_error = str_eq(value, STR("error"));
    return str_eq(name, STR("data")) ? add_data(f, value, ret) : OK;
}

static fallible
read_lines(struct frames *f, str frame, struct lines *ret)
{
    str rest = frame, line;
    *ret = (struct lines){.data = STR_NONE};
    buf_clear(&f->data);
    while (str_next(&rest, '\n', &line))
        TRY(read_line(f, line, ret));
    return OK;
}

static bool
has_text(const jval *o, const char *name)
{
    const jval v = json_get(o, name);
    str s = STR_NONE;
    return json_type(v) == J_STRING ? !json_str(&v, SIZE_MAX, &s).code && s.len : json_count(&v);
}

static bool
says_something(const jval *choice)
{
    static const char *const names[] = {"content", "reasoning_content", "reasoning", "refusal",
                                        "tool_calls"};
    const jval delta = json_get(choice, "delta");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (has_text(&delta, names[i]))
            return true;
    return has_text(choice, "text");
}

static fallible
take_finish(struct frames *f, uint32_t index, const jval *choice)
{
    const jval v = json_get(choice, "finish_reason");
    str word = STR_NONE;
    TRY(opt_json_str(&v, WORD_MAX, &word));
    if (!word.len)
        return OK;
    if (f->has_finished[index])
        FAIL(PROVIDER_LOST, "answer %u ends twice", index);
    TRY(hear_openai_finish(word, &f->finish));
    f->has_finished[index] = true;
    f->finished++;
    forget(f); /* it may have been of this answer */
    return OK;
}

static fallible
take_choice(struct frames *f, const jval *choice)
{
    uint32_t index = 0;
    TRY(json_object(choice));
    TRY(hear_count(choice, "index", &index));
    if (index >= f->n)
        FAIL(PROVIDER_LOST, "answer %u of %u", index, f->n);
    if (says_something(choice)) {
        if (f->has_finished[index])
            FAIL(PROVIDER_LOST, "answer %u goes on after its end", index);
        f->pieces++;
    }
    return take_finish(f, index, choice);
}

static fallible
read_json(struct frames *f, str data, jval *ret)
{
    if (!f->a)
        TRY(arena_open(FRAMES_ARENA_BYTES, &f->a));
    else if (arena_used(f->a))
        arena_reset(f->a);
    TRY(json_read(f->a, data, ret));
    return json_object(ret);
}

static fallible
take_choices(struct frames *f, const jval *root, size_t *ret_count)
{
    const jval choices = json_get(root, "choices");
    struct jwalk w = {0};
    jval choice;
    *ret_count = json_count(&choices);
    if (choices.v)
        TRY(json_array(&choices, 0, ENGINE_ANSWERS_MAX));
    while (json_each(&choices, &w, &choice))
        TRY(take_choice(f, &choice));
    return OK;
}

static fallible
take_json(struct frames *f, const struct lines *l, bool *ret_plain, enum fate *ret)
{
    jval root;
    size_t count;
    TRY(read_json(f, l->data, &root));
    if (l->is_error || blame_is_error(&root)) {
        f->is_blamed = true;
        return blame_inside(&root);
    }
    const bool has_usage = json_get(&root, "usage").v != NULL;
    const uint32_t finished = f->finished;
    TRY(hear_openai_usage(&root, &f->usage));
    TRY(take_choices(f, &root, &count));
    *ret_plain = !has_usage && finished == f->finished;
    if (has_usage && !count && f->drops_usage)
        *ret = DROP;
    return OK;
}

static fallible
take_data(struct frames *f, const struct lines *l, bool *ret_plain, enum fate *ret)
{
    if (f->is_ended)
        FAIL(PROVIDER_LOST, "more follows the end of the stream");
    if (!str_eq(l->data, STR("[DONE]")))
        return take_json(f, l, ret_plain, ret);
    if (f->finished < f->n)
        FAIL(PROVIDER_LOST, "the stream ended before its answers did");
    f->is_ended = true;
    return OK;
}

static fallible
take_frame(struct frames *f, str frame, enum fate *ret)
{
    bool is_plain = false;
    struct lines lines;
    TRY(read_lines(f, frame, &lines));
    *ret = HAND_ON;
    if (lines.data.at)
        TRY(take_data(f, &lines, &is_plain, ret));
    if (is_plain && f->finished < f->n)
        remember(f, frame);
    if (*ret == HAND_ON && f->finished == f->n)
        *ret = KEEP_BACK;
    return OK;
}

static fallible
judge(struct frames *f, str frame, enum fate *ret)
{
    if (is_like_last(f, frame)) {
        f->pieces++;
        *ret = HAND_ON;
        return OK;
    }
    const err e = take_frame(f, frame, ret);
    if (e.code && !f->is_blamed && e.code != ERR_PROVIDER_LOST)
        FAIL(PROVIDER_LOST, "a frame of the provider's stream cannot be read");
    return e;
}

/* ---- runs of frames */

struct run {
    const char *at;
    size_t len;
    uint32_t count;
    frames_fn *fn;
    void *ctx;
};

static void
flush(struct run *r)
{
    if (r->count)
        r->fn(r->ctx, (str){r->at, r->len}, r->count);
    r->len = r->count = 0;
}

static fallible
add_frame(struct frames *f, struct run *r, str frame)
{
    enum fate fate;
    const err e = judge(f, frame, &fate);
    if (!e.code && fate == HAND_ON) {
        if (!r->count)
            r->at = frame.at;
        r->len += frame.len;
        r->count++;
        return OK;
    }
    struct err_kept kept;
    err_keep(&kept, e);
    flush(r);
    if (e.code)
        return err_again(&kept);
    if (fate == KEEP_BACK)
        buf_add(&f->tail, frame);
    return buf_end(&f->tail);
}

static fallible
check_len(size_t len)
{
    if (len > FRAMES_BYTES_MAX)
        FAIL(PROVIDER_LOST, "a frame of the provider's stream is too long");
    return OK;
}

static fallible
add_frames(struct frames *f, struct run *r, str *rest)
{
    size_t len;
    while ((len = frame_len(*rest, f->looked, &f->looked)) != 0) {
        f->looked = 0;
        if (len > FRAMES_BYTES_MAX)
            break;
        TRY(add_frame(f, r, (str){rest->at, len}));
        *rest = (str){rest->at + len, rest->len - len};
    }
    flush(r);
    return check_len(rest->len);
}

static fallible
add_slice(struct frames *f, str slice, frames_fn *fn, void *ctx)
{
    struct run r = {.fn = fn, .ctx = ctx};
    const bool joins = f->held.len > 0;
    str rest = slice;
    if (joins) {
        buf_add(&f->held, slice);
        TRY(buf_end(&f->held));
        rest = buf_str(&f->held);
    }
    TRY(add_frames(f, &r, &rest));
    if (joins)
        buf_drop(&f->held, f->held.len - rest.len);
    else
        buf_add(&f->held, rest);
    return buf_end(&f->held);
}

fallible
frames_add(struct frames *f, str piece, frames_fn *fn, void *ctx)
{
    for (size_t at = 0; at < piece.len; at += SLICE_BYTES)
        TRY(add_slice(f, str_slice(piece, at, at + SLICE_BYTES), fn, ctx));
    return OK;
}
