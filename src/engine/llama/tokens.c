/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/tokens.h"

#include "base/fault.h"

enum { PIECE_MAX = 4096, VOCABULARY_MAX = 4 * 1024 * 1024, PIECES_BYTES_MAX = 1 << 30 };

/* ---- vocabulary */

/* Negative: the room it needs; a vocabulary whose pieces cannot be read is damaged. */
static fallible
piece_into(const struct vocabulary *v, uint32_t token, char *room, size_t room_len, size_t *ret_len)
{
    const int32_t n = shim_piece(v->from, (llama_token)token, room, (int32_t)room_len, false);
    if (n == INT32_MIN || -(int64_t)n > PIECE_MAX)
        FAIL(CORRUPT, "token %u of the vocabulary is damaged", token);
    if (n < 0)
        FAIL(LIMIT, "token %u has %d bytes", token, -n);
    *ret_len = (size_t)n;
    return OK;
}

static fallible
fill_pieces(struct vocabulary *v, size_t room)
{
    size_t used = 0;
    for (uint32_t t = 0; t < v->count; t++) {
        size_t len;
        if (room - used < PIECE_MAX) {
            room *= 2;
            char *more = mem_grow(v->pieces, room);
            if (!more)
                FAIL(LIMIT, "no memory for the pieces of %u tokens", v->count);
            v->pieces = more;
        }
        TRY(piece_into(v, t, v->pieces + used, PIECE_MAX, &len));
        v->piece_at[t] = (uint32_t)used;
        used += len;
        if (used > PIECES_BYTES_MAX)
            FAIL(CORRUPT, "the pieces of the vocabulary have more than %d bytes", PIECES_BYTES_MAX);
        v->end_count += llama_vocab_is_eog(v->from, (llama_token)t);
    }
    v->piece_at[v->count] = (uint32_t)used;
    return OK;
}

static fallible
fill_ends(struct vocabulary *v)
{
    size_t n = 0;
    v->ends = mem_get(v->end_count * sizeof *v->ends);
    if (!v->ends)
        FAIL(LIMIT, "no memory for the end tokens");
    for (uint32_t t = 0; t < v->count; t++)
        if (llama_vocab_is_eog(v->from, (llama_token)t))
            v->ends[n++] = (llama_token)t;
    return OK;
}

static fallible
fill(struct vocabulary *v)
{
    const size_t room = (size_t)v->count * 8 + PIECE_MAX;
    v->piece_at = mem_get((v->count + 1) * sizeof *v->piece_at);
    v->pieces = mem_get(room);
    if (!v->piece_at || !v->pieces)
        FAIL(LIMIT, "no memory for a vocabulary of %u tokens", v->count);
    TRY(fill_pieces(v, room));
    return fill_ends(v);
}

fallible
vocabulary_init(struct vocabulary *ret, const struct llama_vocab *from)
{
    const int32_t count = llama_vocab_n_tokens(from);
    if (count <= 0 || count > VOCABULARY_MAX)
        FAIL(CORRUPT, "a vocabulary of %d tokens", count);
    struct vocabulary v = {.from = from, .count = (uint32_t)count};
    const err e = fill(&v);
    if (e.code)
        vocabulary_done(&v);
    else
        *ret = v;
    return e;
}

void
vocabulary_done(struct vocabulary *v)
{
    mem_free(v->pieces);
    mem_free(v->piece_at);
    mem_free(v->ends);
    *v = (struct vocabulary){0};
}

str
vocabulary_piece(const struct vocabulary *v, llama_token t)
{
    ASSERT(t >= 0 && (uint32_t)t < v->count);
    return (str){v->pieces + v->piece_at[t], v->piece_at[t + 1] - v->piece_at[t]};
}

str
vocabulary_name(const struct vocabulary *v, llama_token t, char *room, size_t room_len)
{
    const str piece = vocabulary_piece(v, t);
    if (piece.len)
        return piece;
    const int32_t n = shim_piece(v->from, t, room, (int32_t)room_len, true);
    return (str){room, n > 0 ? (size_t)n : 0};
}

bool
vocabulary_is_end(const struct vocabulary *v, llama_token t)
{
    ASSERT(t >= 0 && (uint32_t)t < v->count);
    return llama_vocab_is_eog(v->from, t);
}

/* ---- tokens */

fallible
tokens_init(struct tokens *ret, size_t room)
{
    llama_token *at = mem_get(room * sizeof *at);
    if (!at)
        FAIL(LIMIT, "no memory for %zu tokens", room);
    *ret = (struct tokens){.at = at, .room = room};
    return OK;
}

void
tokens_done(struct tokens *t)
{
    mem_free(t->at);
    *t = (struct tokens){0};
}

fallible
tokens_add(struct tokens *t, const struct vocabulary *v, str text, unsigned special)
{
    const size_t left = t->count < t->room ? t->room - t->count : 0;
    if (text.len >= INT32_MAX)
        FAIL(UNSUPPORTED, "a text of %zu bytes", text.len);
    const int32_t n = shim_tokenize(v->from, text.len ? text.at : "", (int32_t)text.len,
                                    left ? t->at + t->count : NULL,
                                    (int32_t)(left < INT32_MAX ? left : INT32_MAX),
                                    special & TOKENS_FRAME, special & TOKENS_CONTROL);
    if (n == INT32_MIN)
        FAIL(CORRUPT, "the vocabulary cannot express this text");
    t->count += (size_t)(n < 0 ? -(int64_t)n : n);
    return OK;
}

/* Does the prompt begin with the text of the model's first token? */
static bool
has_first_token(const struct vocabulary *v, const struct shim_prompt *p)
{
    char room[PIECE_MAX];
    const int32_t n = shim_piece(v->from, llama_vocab_bos(v->from), room, sizeof room, true);
    const str first = {p->text, p->count && !p->parts[0].is_input ? p->parts[0].len : 0};
    return n > 0 && str_starts(first, (str){room, (size_t)n});
}

void
tokens_add_first(struct tokens *t, const struct vocabulary *v)
{
    const llama_token first = llama_vocab_bos(v->from);
    if (first == LLAMA_TOKEN_NULL || !llama_vocab_get_add_bos(v->from))
        return;
    if (t->count < t->room)
        t->at[t->count] = first;
    t->count++;
}

static bool
next_control(const struct vocabulary *v, const struct tokens *t, size_t *at, llama_token *ret)
{
    while (*at < t->count) {
        const llama_token token = t->at[(*at)++];
        if (llama_vocab_is_control(v->from, token)) {
            *ret = token;
            return true;
        }
    }
    return false;
}

static bool
has_same_controls(const struct vocabulary *v, const struct tokens *a, const struct tokens *b)
{
    size_t at_a = 0, at_b = 0;
    llama_token x = 0, y = 0;
    for (;;) {
        const bool more_a = next_control(v, a, &at_a, &x), more_b = next_control(v, b, &at_b, &y);
        if (more_a != more_b || (more_a && x != y))
            return false;
        if (!more_a)
            return true;
    }
}

/* Stretch by stretch; with or without those of the messages. */
static fallible
add_parts(struct tokens *t, const struct vocabulary *v, const struct shim_prompt *p,
          bool with_inputs)
{
    size_t from = 0;
    for (size_t i = 0; i < p->count; i++) {
        const str part = {p->text + from, p->parts[i].len};
        const bool is_input = p->parts[i].is_input;
        from += part.len;
        if (with_inputs || !is_input)
            TRY(tokens_add(t, v, part, is_input ? TOKENS_PLAIN : TOKENS_CONTROL));
    }
    ASSERT(from == p->len);
    return OK;
}

fallible
tokens_add_prompt(struct tokens *t, const struct vocabulary *v, const struct shim_prompt *p,
                  struct tokens *scratch)
{
    if (!has_first_token(v, p))
        tokens_add_first(t, v);
    return tokens_add_rest(t, v, p, scratch);
}

fallible
tokens_add_rest(struct tokens *t, const struct vocabulary *v, const struct shim_prompt *p,
                struct tokens *scratch)
{
    const size_t start = t->count;
    TRY(tokens_add(t, v, (str){p->text, p->len}, TOKENS_CONTROL));
    if (t->count > t->room)
        return OK;
    scratch->count = 0;
    TRY(add_parts(scratch, v, p, false));
    const struct tokens whole = {t->at + start, t->count - start, t->count - start};
    if (scratch->count <= scratch->room && has_same_controls(v, &whole, scratch))
        return OK;
    t->count = start;
    return add_parts(t, v, p, true);
}
