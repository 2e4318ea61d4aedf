/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/offline/likeness.h"

enum { ID_BYTES = 16384 };

static fallible
find_part(const offline_vectors *v, str id, str part, const float **ret)
{
    AUTO(buf) b = BUF(ID_BYTES);
    buf_add(&b, id);
    buf_add_char(&b, '#');
    buf_add(&b, part);
    TRY(buf_end(&b));
    *ret = offline_vectors_find(v, buf_str(&b));
    return OK;
}

static const float *
find_phrase(const offline_vectors *v, str code, size_t number)
{
    char room[64];
    const int n = snprintf(room, sizeof room, "phrase:%.*s:%zu", STR_FMT(code), number);
    return offline_vectors_find(v, (str){room, (size_t)n});
}

fallible
offline_likeness(const offline_vectors *v, const struct offline_question *q, arena *a,
                 struct know_ask *ask)
{
    struct foreign f;
    struct foreign_vectors known = {.dims = v->dims, .question = offline_vectors_find(v, q->id)};
    ask->vector = known.question;
    ask->dims = v->dims;
    if (!known.question || !foreign_read(q->text, &f))
        return OK;
    for (size_t i = 0; i < f.count; i++)
        TRY(find_part(v, q->id, f.words[i], &known.words[i]));
    for (size_t i = 0; i < FOREIGN_PHRASES; i++) {
        known.phrases[i] = find_phrase(v, f.code, i);
        known.german[i] = find_phrase(v, STR("de"), i);
    }
    return foreign_apply(a, &f, &known, &ask->vector, &ask->bridge);
}

static void
put_line(buf *b, str id, str part, str text)
{
    AUTO(buf) whole = BUF(ID_BYTES);
    AUTO(buf) query = BUF(ID_BYTES);
    buf_add(&whole, id);
    buf_add(&whole, part);
    buf_add(&query, STR("query: "));
    buf_add(&query, text);
    json_open(b, '{');
    json_member_str(b, "id", buf_str(&whole));
    json_member_str(b, "text", buf_str(&query));
    json_close(b, '}');
    buf_add_char(b, '\n');
    b->failed |= whole.failed || query.failed;
}

fallible
offline_likeness_texts(const struct offline_question *q, buf *b)
{
    struct foreign f;
    put_line(b, q->id, STR_NONE, q->text);
    if (!foreign_read(q->text, &f))
        return buf_end(b);
    for (size_t i = 0; i < f.count; i++) {
        AUTO(buf) part = BUF(ID_BYTES);
        buf_add_char(&part, '#');
        buf_add(&part, f.words[i]);
        put_line(b, q->id, buf_str(&part), f.words[i]);
    }
    return buf_end(b);
}

void
offline_likeness_phrases(buf *b)
{
    str code;
    for (size_t k = 0; (code = foreign_language(k)).len; k++)
        for (size_t i = 0; i < FOREIGN_PHRASES; i++) {
            char room[64];
            const int n = snprintf(room, sizeof room, "phrase:%.*s:%zu", STR_FMT(code), i);
            put_line(b, (str){room, (size_t)n}, STR_NONE, foreign_phrase(code, i));
        }
}
