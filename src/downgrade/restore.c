/* SPDX-License-Identifier: EUPL-1.2 */
#include "downgrade/restore.h"

#include <ctype.h>

#include "base/json.h"

enum { PIECE_BYTES_MAX = 64 * 1024 * 1024 };

void
restore_init(struct restore *r, const pseudonyms *m, bool is_json)
{
    *r = (struct restore){.m = m, .is_json = is_json, .held = BUF(PIECE_BYTES_MAX)};
}

void
restore_done(struct restore *r)
{
    buf_done(&r->held);
}

/* In JSON a '\' begins an escape, which is no part of a word. */
static bool
is_of_word(const struct restore *r, char c)
{
    return isalnum((unsigned char)c) || c == '_' || (c == '\\' && !r->is_json);
}

static void
put_word(const struct restore *r, str word, buf *out)
{
    struct pseudonym_token t;
    while (pseudonym_find(r->m, word, &t)) {
        buf_add(out, str_slice(word, 0, t.start));
        if (r->is_json)
            json_put_raw(out, t.form);
        else
            buf_add(out, t.form);
        word = str_slice(word, t.end, word.len);
    }
    buf_add(out, word);
}

/* Length of what is no word, or of the word, at the start. */
static size_t
run_len(const struct restore *r, str s)
{
    const bool is_word = is_of_word(r, s.at[0]);
    size_t len = 1;
    while (len < s.len && is_of_word(r, s.at[len]) == is_word)
        len++;
    return len;
}

static fallible
put(struct restore *r, bool is_end, buf *out)
{
    TRY(buf_end(&r->held));
    str rest = buf_str(&r->held);
    while (rest.len) {
        const size_t len = run_len(r, rest);
        const bool is_word = is_of_word(r, rest.at[0]);
        if (is_word && len == rest.len && !is_end && len < RESTORE_HELD_MAX)
            break;
        if (is_word)
            put_word(r, str_slice(rest, 0, len), out);
        else
            buf_add(out, str_slice(rest, 0, len));
        rest = str_slice(rest, len, rest.len);
    }
    buf_drop(&r->held, r->held.len - rest.len);
    return buf_end(out);
}

fallible
restore_add(struct restore *r, str piece, buf *out)
{
    buf_add(&r->held, piece);
    return put(r, false, out);
}

fallible
restore_end(struct restore *r, buf *out)
{
    return put(r, true, out);
}
