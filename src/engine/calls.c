/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/calls.h"

static const struct tag {
    str open, close;
} tags[] = {{STR_INIT("<tool_call>"), STR_INIT("</tool_call>")},
            {STR_INIT("```json"), STR_INIT("```")}};

enum { TAGS = sizeof tags / sizeof *tags };

void
calls_init(struct calls *c, enum calls_form form, const str *names, size_t name_count,
           struct calls_hooks hooks)
{
    *c = (struct calls){.form = form,
                        .state = form == CALLS_LINES ? CALLS_BEFORE : CALLS_OUTSIDE,
                        .names = names,
                        .name_count = name_count,
                        .hooks = hooks,
                        .is_fresh = true,
                        .again = BUF(2 * CALLS_HELD_MAX),
                        .held = BUF(CALLS_HELD_MAX)};
}

void
calls_done(struct calls *c)
{
    buf_done(&c->held);
    buf_done(&c->again);
}

static bool
is_space(char ch)
{
    return ch == ' ' || ch == '\n' || ch == '\t' || ch == '\r';
}

static void
say(struct calls *c, str text)
{
    if (!text.len)
        return;
    c->is_fresh = false;
    c->hooks.on_text(c->hooks.ctx, text);
}

/* What was held is text; but for its beginning it may hold a call all the same. */
static void
give_up(struct calls *c)
{
    const str held = buf_str(&c->held);
    const size_t from = c->sent ? c->sent : c->open_len;
    if (!c->sent)
        say(c, str_slice(held, 0, from));
    buf_add(&c->again, str_slice(held, from, held.len));
    buf_clear(&c->held);
    c->state = CALLS_OUTSIDE;
    c->read = c->sent = 0;
    c->has_given_up = true;
}

/* ---- one call, byte by byte */

static str
held_part(const struct calls *c, size_t at, size_t len)
{
    return (str){c->held.at + at, len};
}

static void
enter(struct calls *c)
{
    c->state = CALLS_INSIDE;
    c->open_len = c->held.len + 1;
    c->depth = 0;
    c->in_string = c->is_escaped = c->wants_key = c->wants_value = false;
    c->has_name = c->has_begun = false;
    c->key_len = c->name_len = c->arguments_at = c->arguments_len = 0;
}

static bool
is_offered(const struct calls *c, str name)
{
    for (size_t i = 0; i < c->name_count; i++)
        if (str_eq(c->names[i], name))
            return true;
    return false;
}

/* A string at depth 1 ended before `end`: a key, or the name.  False: this is no call. */
static bool
take_string(struct calls *c, size_t end)
{
    const size_t at = c->string_at + 1, len = end - at;
    if (c->depth != 1)
        return true;
    if (c->wants_key) {
        c->key_at = at;
        c->key_len = len;
        return true;
    }
    if (!str_eq(held_part(c, c->key_at, c->key_len), STR("name")))
        return true;
    if (c->has_name || c->count >= CALLS_COUNT_MAX || !is_offered(c, held_part(c, at, len)))
        return false;
    c->has_name = true;
    c->name_at = at;
    c->name_len = len;
    return true;
}

static bool
is_arguments(const struct calls *c)
{
    const str key = held_part(c, c->key_at, c->key_len);
    return str_eq(key, STR("arguments")) || str_eq(key, STR("parameters"));
}

/* The first byte of a value at depth 1.  False: this is no call. */
static bool
begin_value(struct calls *c, char ch, size_t at)
{
    c->wants_value = false;
    if (!is_arguments(c))
        return true;
    if (ch != '{' || c->arguments_at)
        return false;
    c->arguments_at = at;
    return true;
}

static void
close_bracket(struct calls *c, size_t end)
{
    c->depth--;
    if (c->depth == 1 && c->arguments_at && !c->arguments_len)
        c->arguments_len = end - c->arguments_at;
}

/* The byte at `at`, outside strings.  False: this is no call. */
static bool
take_mark(struct calls *c, char ch, size_t at)
{
    static const char marks[] = "{}[],:\" \t\r\n+-.0123456789eEtrufalsn";
    if (!ch || !strchr(marks, ch))
        return false;
    if (c->wants_value && !is_space(ch) && !begin_value(c, ch, at))
        return false;
    if (ch == '"') {
        c->in_string = true;
        c->string_at = at;
    } else if (ch == '{' || ch == '[') {
        c->wants_key = ch == '{' && c->depth == 0;
        c->depth++;
    } else if (ch == '}' || ch == ']') {
        close_bracket(c, at + 1);
    } else if (ch == ':' && c->depth == 1) {
        c->wants_key = false;
        c->wants_value = true;
    } else if (ch == ',' && c->depth == 1) {
        c->wants_key = true;
    }
    return true;
}

static bool
take_byte(struct calls *c, char ch, size_t at)
{
    if (!c->in_string)
        return take_mark(c, ch, at);
    if (c->is_escaped) {
        c->is_escaped = false;
    } else if (ch == '\\') {
        c->is_escaped = true;
    } else if (ch == '"') {
        c->in_string = false;
        return take_string(c, at);
    }
    return true;
}

/* Hands on what is known of the arguments. */
static void
pass_arguments(struct calls *c)
{
    if (!c->has_name || !c->arguments_at)
        return;
    if (!c->has_begun) {
        c->hooks.on_call(c->hooks.ctx, c->count++, held_part(c, c->name_at, c->name_len));
        c->has_begun = true;
        c->sent = c->arguments_at;
    }
    const size_t end = c->arguments_len ? c->arguments_at + c->arguments_len : c->read;
    if (end > c->sent)
        c->hooks.on_arguments(c->hooks.ctx, c->count - 1, held_part(c, c->sent, end - c->sent));
    c->sent = end > c->sent ? end : c->sent;
}

/* The object is whole. */
static void
leave(struct calls *c)
{
    if (!c->has_name) {
        give_up(c);
        return;
    }
    if (!c->arguments_at) {
        c->hooks.on_call(c->hooks.ctx, c->count++, held_part(c, c->name_at, c->name_len));
        c->hooks.on_arguments(c->hooks.ctx, c->count - 1, STR("{}"));
    }
    pass_arguments(c);
    buf_clear(&c->held);
    c->read = c->sent = 0;
    c->is_fresh = true;
    c->state = CALLS_OUTSIDE;
    if (c->form == CALLS_LINES)
        c->state = CALLS_BEFORE;
    else if (c->close.len)
        c->state = CALLS_BEHIND;
}

/* Reads `text` on; returns how many bytes of it belong to the call. */
static size_t
read_inside(struct calls *c, str text)
{
    const size_t start = c->held.len;
    buf_add(&c->held, text);
    if (c->held.failed)
        return text.len;
    while (c->read < c->held.len) {
        const size_t at = c->read++;
        if (!take_byte(c, c->held.at[at], at)) {
            c->read = at; /* what came before may have been handed on already */
            pass_arguments(c);
            give_up(c);
            return text.len;
        }
        if (c->depth == 0 && !c->in_string) {
            c->held.len = c->read;
            leave(c);
            return at + 1 - start;
        }
    }
    pass_arguments(c);
    return text.len;
}

/* ---- around calls */

static size_t
count_spaces(str text)
{
    size_t len = 0;
    while (len < text.len && is_space(text.at[len]))
        len++;
    return len;
}

/* Is the end of `text`, from `at` on, the start of a tag? */
static bool
may_become_tag(str text, size_t at)
{
    const str end = str_slice(text, at, text.len);
    for (size_t i = 0; i < TAGS; i++)
        if (str_starts(tags[i].open, end))
            return true;
    return false;
}

/* Where the first tag begins, or may begin at the end of `text`; NULL and its length if there is
 * none. */
static const struct tag *
find_tag(str text, size_t *ret_at)
{
    for (size_t at = 0; at < text.len; at++) {
        const str rest = str_slice(text, at, text.len);
        *ret_at = at;
        for (size_t i = 0; i < TAGS; i++)
            if (str_starts(rest, tags[i].open))
                return &tags[i];
        if (may_become_tag(text, at))
            return NULL;
    }
    *ret_at = text.len;
    return NULL;
}

static void
begin_call(struct calls *c, size_t held_len, str close)
{
    c->held.len = c->open_len = held_len;
    c->close = close;
    c->state = CALLS_BEFORE;
}

static size_t
read_outside(struct calls *c, str text)
{
    buf_add(&c->held, text);
    if (c->held.failed)
        return text.len;
    const str all = buf_str(&c->held);
    const size_t spaces = c->is_fresh ? count_spaces(all) : 0;
    size_t end = 0;
    if (c->is_fresh && spaces == all.len)
        return text.len;
    if (c->is_fresh && all.at[spaces] == '{') {
        begin_call(c, spaces, STR(""));
        return text.len - (all.len - spaces);
    }
    const struct tag *tag = find_tag(all, &end);
    /* Behind a call white space is none of the text. */
    const size_t from = c->count && spaces < end ? spaces : c->count && c->is_fresh ? end : 0;
    say(c, str_slice(all, from, end));
    const size_t rest = tag ? all.len - end - tag->open.len : 0;
    buf_drop(&c->held, end);
    if (tag)
        begin_call(c, tag->open.len, tag->close);
    return text.len - rest;
}

/* Between the tag, or the last call, and the brace. */
static size_t
read_before(struct calls *c, str text)
{
    const size_t len = count_spaces(text);
    buf_add(&c->held, str_slice(text, 0, len));
    c->read = c->held.len;
    if (len == text.len)
        return len;
    if (text.at[len] == '{') {
        enter(c);
    } else {
        c->open_len = c->held.len;
        give_up(c);
    }
    return len;
}

static size_t
read_behind(struct calls *c, str text)
{
    size_t len = 0;
    while (len < text.len && c->state == CALLS_BEHIND) {
        const char ch = text.at[len];
        if (!c->held.len && is_space(ch)) {
            len++;
            continue;
        }
        buf_add_char(&c->held, ch);
        const str held = buf_str(&c->held);
        if (!str_starts(c->close, held)) { /* it has no end; what follows may be anything */
            c->held.len--;
            c->open_len = 0;
            give_up(c);
            return len;
        }
        len++;
        if (held.len == c->close.len) {
            buf_clear(&c->held);
            c->state = CALLS_OUTSIDE;
        }
    }
    return len;
}

static fallible
read_on(struct calls *c, str text)
{
    static size_t (*const readers[])(struct calls *, str) = {
        [CALLS_OUTSIDE] = read_outside,
        [CALLS_BEFORE] = read_before,
        [CALLS_INSIDE] = read_inside,
        [CALLS_BEHIND] = read_behind,
    };
    while (text.len && !c->has_given_up) {
        const size_t len = readers[c->state](c, text);
        TRY(buf_end(&c->held));
        ASSERT(len <= text.len);
        text = str_slice(text, len, text.len);
    }
    buf_add(&c->again, text);
    return buf_end(&c->again);
}

/* Each time what is read once more is shorter, by the brace at least. */
fallible
calls_add(struct calls *c, str text)
{
    TRY(read_on(c, text));
    while (c->has_given_up) {
        AUTO(buf) now = c->again;
        c->again = BUF(2 * CALLS_HELD_MAX);
        c->has_given_up = false;
        TRY(read_on(c, buf_str(&now)));
    }
    return OK;
}

fallible
calls_end(struct calls *c)
{
    const str held = buf_str(&c->held);
    /* A call that was cut off has handed on what there was, and so has one without its end tag. */
    const bool is_cut = (c->state == CALLS_INSIDE && c->has_begun) || c->state == CALLS_BEHIND;
    const bool is_space_behind = c->count && c->is_fresh && count_spaces(held) == held.len;
    if (!is_cut && !is_space_behind)
        say(c, held);
    buf_clear(&c->held);
    c->read = c->sent = 0;
    c->state = CALLS_OUTSIDE;
    return buf_end(&c->held);
}
