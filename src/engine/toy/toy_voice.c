/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/toy/toy_voice.h"

#include <math.h>

#include "base/map.h"
#include "engine/gbnf.h"
#include "engine/toy/toy.h"
#include "engine/toy/toy_words.h"

enum { LENGTH_MIN = 20, LENGTH_SPREAD = 41, JSON_WORDS = 4, JSON_TOKEN_BYTES = 4 };
enum { TEXT_BYTES_MAX = 256 * 1024, TEXT_BYTES_AIM = 100 };

/* splitmix64 (Steele, Lea, Flood 2014): the whole state is one word. */
static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t
next(struct toy_voice *v)
{
    return mix(v->state += 0x9e3779b97f4a7c15u);
}

static uint64_t
hash(str bytes)
{
    static const uint8_t key[16] = "toy engine, v1.";
    return siphash24(key, bytes.at, bytes.len);
}

static str
json_answer(struct toy_voice *v, arena *a)
{
    const str w[JSON_WORDS] = {toy_openers[next(v) % TOY_OPENERS], toy_words[next(v) % TOY_WORDS],
                               toy_words[next(v) % TOY_WORDS], toy_words[next(v) % TOY_WORDS]};
    return arena_fmt(a, "{\"antwort\": \"%.*s %.*s %.*s %.*s.\", \"zahl\": %u, \"ok\": true}",
                     STR_FMT(w[0]), STR_FMT(w[1]), STR_FMT(w[2]), STR_FMT(w[3]),
                     (unsigned)(next(v) % 1000));
}

struct toy_voice
toy_voice_of(arena *a, const struct serve_job *j, uint32_t index, uint32_t length)
{
    const bool is_sharp = j->ask.temperature <= 0;
    struct toy_voice v = {.state = hash(j->prompt), .is_sharp = is_sharp};
    if (!is_sharp)
        v.state ^= mix(j->ask.seed + 1) + index * 0x9e3779b97f4a7c15u;
    v.length = LENGTH_MIN + (uint32_t)(next(&v) % LENGTH_SPREAD);
    if (length)
        v.length = length;
    if (j->ask.json_object)
        v.json = json_answer(&v, a);
    else if (j->ask.ignore_eos)
        v.length = TOY_CONTEXT_TOKENS;
    return v;
}

fallible
toy_voice_obey(arena *a, str grammar, str before, str behind, struct toy_voice *v)
{
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    struct gbnf *g;
    TRY(gbnf_read(a, grammar, &g));
    buf_add(&text, before);
    TRY(gbnf_sample(g, next(v), TEXT_BYTES_AIM, &text));
    buf_add(&text, behind);
    TRY(buf_end(&text));
    return try_arena_str(a, buf_str(&text), &v->json);
}

bool
toy_voice_is_silent(const struct toy_voice *v)
{
    return v->json.len ? v->json_at == v->json.len : v->made >= v->length;
}

/* ---- prose */

/* Offset behind the first byte of the first character that has several; 0 if there is none. */
static size_t
umlaut_split(str word)
{
    for (size_t i = 0; i < word.len; i++)
        if ((uint8_t)word.at[i] >= 0x80)
            return i + 1;
    return 0;
}

static size_t
copy(char room[TOY_TOKEN_BYTES_MAX], str before, str word)
{
    ASSERT(before.len + word.len <= TOY_TOKEN_BYTES_MAX);
    memcpy(room, before.at, before.len);
    memcpy(room + before.len, word.at, word.len);
    return before.len + word.len;
}

static size_t
next_word(struct toy_voice *v, char room[TOY_TOKEN_BYTES_MAX])
{
    const bool opens = v->sentence_words == 0;
    const uint64_t r = next(v);
    const str word = opens ? toy_openers[r % TOY_OPENERS] : toy_words[r % TOY_WORDS];
    const size_t len = copy(room, v->made ? STR(" ") : STR(""), word);
    const size_t split = umlaut_split((str){room, len});
    v->sentence_words++;
    /* Not the last token: the second half would be missing. */
    if (!split || r >> 32 & 1 || v->made + 1 >= v->length)
        return len;
    v->rest_len = len - split;
    memcpy(v->rest, room + split, v->rest_len);
    return split;
}

static size_t
next_prose(struct toy_voice *v, char room[TOY_TOKEN_BYTES_MAX])
{
    if (v->rest_len) {
        const size_t len = copy(room, STR(""), (str){v->rest, v->rest_len});
        v->rest_len = 0;
        return len;
    }
    const bool is_last = v->made + 1 >= v->length;
    if (v->sentence_words >= 2 && (is_last || v->sentence_words > 5 + next(v) % 6)) {
        v->sentence_words = 0;
        room[0] = '.';
        return 1;
    }
    return next_word(v, room);
}

static size_t
next_json(struct toy_voice *v, char room[TOY_TOKEN_BYTES_MAX])
{
    const str part = str_slice(v->json, v->json_at, v->json_at + JSON_TOKEN_BYTES);
    v->json_at += part.len;
    return copy(room, STR(""), part);
}

/* ---- probabilities: 0.6 · 0.4^rank, so they add up to 1 over all ranks */

static float
logprob_of(size_t rank)
{
    return logf(0.6f) + (float)rank * logf(0.4f);
}

static void
fill_tops(uint64_t r, size_t rank, size_t count, struct toy_token *t)
{
    for (size_t i = 0; i < count; i++) {
        char *room = t->rooms[i];
        str text = {room, copy(room, STR(" "), toy_words[(r + 7 * i) % TOY_WORDS])};
        if (str_eq(text, t->chosen.text))
            text.len = copy(room, STR(" "), toy_words[(r + 7 * TOY_TOPS_MAX) % TOY_WORDS]);
        t->tops[i] = (struct serve_logprob){.text = text, .logprob = logprob_of(i)};
    }
    if (rank < count)
        t->tops[rank] = t->chosen;
}

void
toy_speak(struct toy_voice *v, size_t top_count, struct toy_token *ret)
{
    ASSERT(!toy_voice_is_silent(v) && top_count <= TOY_TOPS_MAX);
    const size_t len = v->json.len ? next_json(v, ret->bytes) : next_prose(v, ret->bytes);
    /* Not drawn from the walk: asking for probabilities must not change the text. */
    const uint64_t r = mix(v->state + v->made);
    const size_t rank = v->is_sharp || r % 8 < 5 ? 0 : r % 8 - 4;
    ret->chosen.text = (str){ret->bytes, len};
    ret->chosen.logprob = logprob_of(rank);
    fill_tops(r >> 8, rank, top_count, ret);
    v->made++;
}

/* ---- counting and vectors */

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

uint64_t
toy_count(str text)
{
    uint64_t words = 0;
    for (size_t i = 0; i < text.len; i++)
        words += !is_space(text.at[i]) && (i == 0 || is_space(text.at[i - 1]));
    return words + 1;
}

static void
add_trigram(uint8_t a, uint8_t b, uint8_t c, float *v)
{
    const uint64_t h = mix((uint64_t)a << 16 | (uint64_t)b << 8 | c);
    v[h % TOY_DIMS] += h >> 32 & 1 ? 1.0f : -1.0f;
}

void
toy_embed(str text, float *ret, size_t dims)
{
    float v[TOY_DIMS] = {0}, sum = 0;
    uint8_t a = 2, b = text.len ? (uint8_t)text.at[0] : 3; /* start and end of text */
    ASSERT(dims >= 1 && dims <= TOY_DIMS);
    for (size_t i = 1; i <= text.len; i++) {
        const uint8_t c = i < text.len ? (uint8_t)text.at[i] : 3;
        add_trigram(a, b, c, v);
        a = b;
        b = c;
    }
    for (size_t i = 0; i < dims; i++)
        sum += v[i] * v[i];
    if (sum <= 0)
        v[0] = sum = 1;
    for (size_t i = 0; i < dims; i++)
        ret[i] = v[i] / sqrtf(sum);
}
