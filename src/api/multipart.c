/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/multipart.h"

#include "base/utf8.h"

enum { BOUNDARY_MAX = 70, DELIMITER_MAX = BOUNDARY_MAX + 4, HOLD_MAX = 1 << 21 };

enum place { IN_PREAMBLE, AT_DELIMITER, IN_HEAD, IN_DATA, IN_EPILOGUE };

struct multipart {
    arena *a;
    struct multipart_hooks hooks;
    enum place place;
    size_t parts;
    char delimiter[DELIMITER_MAX + 1]; /* CR LF "--" boundary */
    size_t delimiter_len;
    buf hold; /* what came and is not used up */
    size_t used;
};

/* ---- header fields */
static fallible
read_quoted(arena *a, str *rest, str *ret)
{
    void *room;
    size_t n = 0, i = 1;
    TRY(try_arena_get(a, rest->len + 1, 1, &room));
    char *out = room;
    for (; i < rest->len && rest->at[i] != '"'; i++) {
        const bool escaped = rest->at[i] == '\\' && i + 1 < rest->len &&
                             (rest->at[i + 1] == '"' || rest->at[i + 1] == '\\');
        i += escaped;
        out[n++] = rest->at[i];
    }
    if (i >= rest->len)
        REFUSE(PARSE, "", "a quoted value in the header of a part has no end");
    *rest = str_slice(*rest, i + 1, rest->len);
    *ret = (str){out, n};
    return OK;
}

static fallible
read_value(arena *a, str *rest, str *ret)
{
    if (rest->len && rest->at[0] == '"')
        return read_quoted(a, rest, ret);
    size_t n = 0;
    while (n < rest->len && rest->at[n] != ';' && rest->at[n] != ' ' && rest->at[n] != '\t')
        n++;
    *ret = str_slice(*rest, 0, n);
    *rest = str_slice(*rest, n, rest->len);
    return OK;
}

static void
skip_blanks(str *s)
{
    while (s->len && (s->at[0] == ' ' || s->at[0] == '\t'))
        *s = str_slice(*s, 1, s->len);
}

/* Behind the value come "; name=value" pairs, values as tokens or quoted; *ret->at is NULL when
 * `want` is not among them. */
static fallible
read_parameter(arena *a, str text, str want, str *ret)
{
    const ptrdiff_t first = str_find_char(text, ';');
    str rest = first < 0 ? STR_NONE : str_slice(text, (size_t)first, text.len);
    *ret = STR_NONE;
    while (rest.len && rest.at[0] == ';') {
        str value;
        rest = str_slice(rest, 1, rest.len);
        skip_blanks(&rest);
        const ptrdiff_t equals = str_find_char(rest, '=');
        if (equals < 0)
            return OK;
        const str name = str_trim(str_slice(rest, 0, (size_t)equals));
        rest = str_slice(rest, (size_t)equals + 1, rest.len);
        TRY(read_value(a, &rest, &value));
        skip_blanks(&rest);
        if (str_eq_nocase(name, want) && !ret->at)
            *ret = value.len ? value : STR("");
    }
    return OK;
}

static str
first_word(str text)
{
    const ptrdiff_t end = str_find_char(text, ';');
    return str_trim(end < 0 ? text : str_slice(text, 0, (size_t)end));
}

static fallible
read_field(arena *a, str line, struct multipart_part *p)
{
    const ptrdiff_t colon = str_find_char(line, ':');
    if (colon <= 0)
        REFUSE(PARSE, "", "a line in the header of a part is no field");
    const str name = str_slice(line, 0, (size_t)colon);
    const str value = str_trim(str_slice(line, (size_t)colon + 1, line.len));
    if (str_eq_nocase(name, STR("content-type")))
        p->type = value;
    if (!str_eq_nocase(name, STR("content-disposition")))
        return OK;
    if (!str_eq_nocase(first_word(value), STR("form-data")))
        REFUSE(PARSE, "", "a part is not form-data");
    TRY(read_parameter(a, value, STR("name"), &p->name));
    return read_parameter(a, value, STR("filename"), &p->filename);
}

/* `head`: CR LF field CR LF field … without the empty line. */
static fallible
read_head(arena *a, str head, struct multipart_part *p)
{
    str copy, rest;
    *p = (struct multipart_part){.name = STR_NONE};
    TRY(try_arena_str(a, head, &copy));
    rest = copy;
    while (rest.len) {
        rest = str_slice(rest, 2, rest.len);
        const ptrdiff_t end = str_find(rest, STR("\r\n"));
        const str line = end < 0 ? rest : str_slice(rest, 0, (size_t)end);
        rest = end < 0 ? STR_NONE : str_slice(rest, (size_t)end, rest.len);
        if (line.len)
            TRY(read_field(a, line, p));
    }
    if (!p->name.at)
        REFUSE(PARSE, "", "a part has no name");
    if (p->name.len > MULTIPART_NAME_MAX || p->filename.len > MULTIPART_NAME_MAX)
        REFUSE(PARSE, "", "the name of a part has more than %d bytes", MULTIPART_NAME_MAX);
    if (!utf8_valid(p->name) || !utf8_valid(p->filename))
        REFUSE(PARSE, "", "the name of a part is not UTF-8");
    return OK;
}

/* ---- the way through */
static str
left(const multipart *m)
{
    return str_slice(buf_str(&m->hold), m->used, m->hold.len);
}

static str
delimiter(const multipart *m)
{
    return (str){m->delimiter, m->delimiter_len};
}

static fallible
hand_on(multipart *m, str piece)
{
    m->used += piece.len;
    return m->place == IN_DATA && piece.len ? m->hooks.on_data(m->hooks.ctx, piece) : OK;
}

/* What may be the start of a boundary is held back. */
static fallible
take_data(multipart *m, bool *ret_more)
{
    const str rest = left(m);
    const ptrdiff_t at = str_find(rest, delimiter(m));
    if (at < 0) {
        const size_t held = m->delimiter_len - 1;
        *ret_more = false;
        return rest.len > held ? hand_on(m, str_slice(rest, 0, rest.len - held)) : OK;
    }
    TRY(hand_on(m, str_slice(rest, 0, (size_t)at)));
    m->used += m->delimiter_len;
    const bool was_part = m->place == IN_DATA;
    m->place = AT_DELIMITER;
    *ret_more = true;
    return was_part ? m->hooks.on_part_end(m->hooks.ctx) : OK;
}

/* "--" ends it all, else a line ends; blanks may stand before (RFC 2046: transport padding). */
static fallible
take_delimiter(multipart *m, bool *ret_more)
{
    str rest = left(m);
    if (rest.len && rest.at[0] != '-')
        while (rest.len && (rest.at[0] == ' ' || rest.at[0] == '\t')) {
            rest = str_slice(rest, 1, rest.len);
            m->used++;
        }
    *ret_more = rest.len >= 2;
    if (rest.len < 2)
        return OK;
    if (str_starts(rest, STR("--"))) {
        m->place = IN_EPILOGUE;
        return OK;
    }
    if (!str_starts(rest, STR("\r\n")))
        REFUSE(PARSE, "", "a boundary of the body is not followed by a line's end");
    m->place = IN_HEAD; /* the line's end is the first of the head's */
    return OK;
}

static fallible
take_head(multipart *m, bool *ret_more)
{
    const str rest = left(m);
    const ptrdiff_t end = str_find(rest, STR("\r\n\r\n"));
    struct multipart_part p;
    *ret_more = end >= 0;
    if (end < 0 ? rest.len > MULTIPART_HEAD_MAX : end > MULTIPART_HEAD_MAX)
        REFUSE(PARSE, "", "the header of a part has more than %d bytes", MULTIPART_HEAD_MAX);
    if (end < 0)
        return OK;
    if (++m->parts > MULTIPART_PARTS_MAX)
        REFUSE(PARSE, "", "the body has more than %d parts", MULTIPART_PARTS_MAX);
    TRY(read_head(m->a, str_slice(rest, 0, (size_t)end), &p));
    m->used += (size_t)end + 4;
    m->place = IN_DATA;
    return m->hooks.on_part(m->hooks.ctx, &p);
}

static fallible
step(multipart *m, bool *ret_more)
{
    switch (m->place) {
    case IN_PREAMBLE:
    case IN_DATA:
        return take_data(m, ret_more);
    case AT_DELIMITER:
        return take_delimiter(m, ret_more);
    case IN_HEAD:
        return take_head(m, ret_more);
    case IN_EPILOGUE:
        break;
    }
    m->used = m->hold.len;
    *ret_more = false;
    return OK;
}

fallible
multipart_feed(multipart *m, str piece)
{
    bool more = true;
    while (piece.len) {
        const str now = str_slice(piece, 0, HOLD_MAX / 2);
        piece = str_slice(piece, now.len, piece.len);
        buf_add(&m->hold, now);
        TRY(buf_end(&m->hold));
        for (more = true; more;)
            TRY(step(m, &more));
        buf_drop(&m->hold, m->used);
        m->used = 0;
    }
    return OK;
}

fallible
multipart_end(multipart *m)
{
    if (m->place != IN_EPILOGUE)
        REFUSE(PARSE, "", "the body ends before its last boundary");
    return OK;
}

/* ---- life */
static bool
is_boundary(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < ' ' || s.at[i] > '~')
            return false;
    return s.len >= 1 && s.len <= BOUNDARY_MAX && s.at[s.len - 1] != ' ';
}

static void
multipart_done(void *p)
{
    multipart *m = p;
    buf_done(&m->hold);
}

fallible
multipart_new(arena *a, str content_type, struct multipart_hooks hooks, multipart **ret)
{
    str boundary;
    multipart *m = arena_new(a, multipart);
    if (!str_eq_nocase(first_word(content_type), STR("multipart/form-data")))
        REFUSE(UNSUPPORTED, "", "the body must be of type multipart/form-data");
    TRY(read_parameter(a, content_type, STR("boundary"), &boundary));
    if (!is_boundary(boundary))
        REFUSE(PARSE, "", "the content type has no boundary of 1 to %d characters", BOUNDARY_MAX);
    m->a = a;
    m->hooks = hooks;
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.at, boundary.len);
    m->delimiter_len = boundary.len + 4;
    m->hold = BUF(HOLD_MAX);
    arena_on_end(a, multipart_done, m);
    buf_add(&m->hold, STR("\r\n")); /* the first boundary may stand at the very beginning */
    *ret = m;
    return buf_end(&m->hold);
}
