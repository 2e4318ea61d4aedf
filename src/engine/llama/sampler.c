/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/sampler.h"

#include <math.h>

#include "base/fault.h"
#include "base/utf8.h"
#include "engine/gbnf.h"
#include "engine/llama/shim.h"
#include "model/conv.h"

struct sampler {
    const struct serve_job *job;
    const struct vocabulary *v;
    struct llama_sampler *chain; /* NULL: greedy */
    uint32_t *count_of;          /* of each token in the answer; NULL: no penalties */
    llama_token *seen;           /* those that a penalty may concern */
    size_t seen_count, seen_room;
    struct json_guide guide;
    struct llama_sampler *grammar; /* NULL: none */
    char part[4];                  /* under a grammar: of a character not yet whole */
    size_t part_len;
};

enum { PIECE_BYTES_MAX = 512 };

/* ---- room */

fallible
candidates_init(struct candidates *ret, const struct vocabulary *v)
{
    struct candidates c = {.at = mem_get(v->count * sizeof *c.at),
                           .logits = mem_get(v->count * sizeof *c.logits)};
    if (!c.at || !c.logits) {
        candidates_done(&c);
        FAIL(LIMIT, "no memory for %u candidates", v->count);
    }
    *ret = c;
    return OK;
}

void
candidates_done(struct candidates *c)
{
    mem_free(c->at);
    mem_free(c->logits);
    *c = (struct candidates){0};
}

/* ---- making one */

static struct conv_bias
bias_at(const struct serve_job *j, size_t i)
{
    struct conv_bias b;
    memcpy(&b, (const char *)j->bias + i * sizeof b, sizeof b);
    return b;
}

fallible
sampler_check(const struct serve_job *j, const struct vocabulary *v)
{
    struct gbnf *unused;
    if (j->grammar.len)
        TRY(gbnf_read(j->a, j->grammar, &unused));
    for (size_t i = 0; i < j->bias_count; i++) {
        const struct conv_bias b = bias_at(j, i);
        if (b.token < 0 || (uint32_t)b.token >= v->count)
            REFUSE(ARGUMENT, "logit_bias", "Token %d is not one of this model's %u.", b.token,
                   v->count);
    }
    return OK;
}

/* splitmix64's finish (Steele, Lea, Flood 2014). */
uint32_t
sampler_seed(uint64_t seed, uint32_t index)
{
    uint64_t z = seed + (index + (uint64_t)1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    const uint32_t folded = (uint32_t)(z >> 32);
    return folded == LLAMA_DEFAULT_SEED ? 0 : folded; /* which would mean: any */
}

static struct llama_sampler *
make_chain(const struct engine_submit *ask, uint32_t seed)
{
    struct llama_sampler *c = llama_sampler_chain_init(llama_sampler_chain_default_params());
    if (ask->top_k && ask->top_k < INT32_MAX)
        llama_sampler_chain_add(c, llama_sampler_init_top_k((int32_t)ask->top_k));
    if (ask->top_p < 1)
        llama_sampler_chain_add(c, llama_sampler_init_top_p(ask->top_p, 1));
    if (ask->min_p > 0)
        llama_sampler_chain_add(c, llama_sampler_init_min_p(ask->min_p, 1));
    llama_sampler_chain_add(c, llama_sampler_init_temp(ask->temperature));
    llama_sampler_chain_add(c, llama_sampler_init_dist(seed));
    return c;
}

static bool
has_penalties(const struct engine_submit *ask)
{
    return ask->presence < 0 || ask->presence > 0 || ask->frequency < 0 || ask->frequency > 0 ||
           ask->repeat < 1 || ask->repeat > 1;
}

static fallible
see(struct sampler *s, llama_token t, bool is_of_answer)
{
    enum { NOT_SEEN = 0, SEEN = 1 }; /* counts are kept one too high */
    if (s->count_of[t] == NOT_SEEN) {
        if (s->seen_count == s->seen_room) {
            const size_t room = s->seen_room ? s->seen_room * 2 : 256;
            llama_token *more = mem_grow(s->seen, room * sizeof *more);
            if (!more)
                FAIL(LIMIT, "no memory for %zu tokens seen", room);
            s->seen = more;
            s->seen_room = room;
        }
        s->seen[s->seen_count++] = t;
        s->count_of[t] = SEEN;
    }
    s->count_of[t] += is_of_answer;
    return OK;
}

static fallible
start_penalties(struct sampler *s, const struct tokens *prompt)
{
    const size_t size = s->v->count * sizeof *s->count_of;
    s->count_of = mem_get(size);
    if (!s->count_of)
        FAIL(LIMIT, "no memory for penalties");
    memset(s->count_of, 0, size);
    for (size_t i = 0; i < prompt->count; i++)
        TRY(see(s, prompt->at[i], false));
    return OK;
}

static fallible
start_grammar(struct sampler *s)
{
    AUTO(buf) text = BUF(GBNF_BYTES_MAX + 1);
    buf_add(&text, s->job->grammar);
    buf_add_char(&text, '\0');
    TRY(buf_end(&text));
    switch (shim_grammar_new(s->v->from, text.at, &s->grammar)) {
    case SHIM_OK:
        return OK;
    case SHIM_MEMORY:
        FAIL(LIMIT, "no memory for a grammar");
    case SHIM_REFUSED:
        break;
    }
    FAIL(UNSUPPORTED, "llama.cpp does not take the grammar");
}

fallible
sampler_new(const struct serve_job *j, const struct vocabulary *v, const struct tokens *prompt,
            uint32_t seed, struct sampler **ret)
{
    struct sampler *s = mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for a sampler");
    *s = (struct sampler){.job = j, .v = v, .guide = JSON_GUIDE_INIT};
    err e = has_penalties(&j->ask) ? start_penalties(s, prompt) : OK;
    if (!e.code && j->grammar.len)
        e = start_grammar(s);
    if (e.code) {
        sampler_free(s);
        return e;
    }
    if (j->ask.temperature > 0)
        s->chain = make_chain(&j->ask, seed);
    *ret = s;
    return OK;
}

void
sampler_free(struct sampler *s)
{
    if (!s)
        return;
    if (s->chain)
        llama_sampler_free(s->chain);
    if (s->grammar)
        llama_sampler_free(s->grammar);
    mem_free(s->count_of);
    mem_free(s->seen);
    mem_free(s);
}

/* ---- candidates */

static void
penalise(const struct sampler *s, float *logits)
{
    const struct engine_submit *ask = &s->job->ask;
    for (size_t i = 0; i < s->seen_count; i++) {
        float *logit = &logits[s->seen[i]];
        const uint32_t count = s->count_of[s->seen[i]] - 1;
        *logit = *logit > 0 ? *logit / ask->repeat : *logit * ask->repeat;
        if (count)
            *logit -= ask->presence + ask->frequency * (float)count;
    }
}

/* The logits as the request wants them, in `room`. */
static void
adjust(const struct sampler *s, const float *from, float *room)
{
    const struct serve_job *j = s->job;
    memcpy(room, from, s->v->count * sizeof *room);
    for (size_t i = 0; i < j->bias_count; i++) {
        const struct conv_bias b = bias_at(j, i);
        room[b.token] += b.bias;
    }
    penalise(s, room);
    for (size_t i = 0; j->ask.ignore_eos && !s->grammar && i < s->v->end_count; i++)
        room[s->v->ends[i]] = -INFINITY;
}

/* An object ends the answer by itself, when it is whole: no end token before. */
static bool
is_allowed(const struct sampler *s, llama_token t)
{
    const str piece = vocabulary_piece(s->v, t);
    struct json_guide g = s->guide;
    return piece.len && json_guide_take(&g, piece) && !vocabulary_is_end(s->v, t);
}

static float
highest(const float *logits, uint32_t count)
{
    float max = -INFINITY;
    for (uint32_t t = 0; t < count; t++)
        if (logits[t] > max && logits[t] < INFINITY)
            max = logits[t];
    return max;
}

/* Those that have a chance: what is e^25 times less likely than the best is left out, which all
 * together is less than a millionth and saves most of the work. */
static void
collect_likely(const struct sampler *s, struct candidates *c)
{
    const float heat = s->job->ask.temperature > 1 ? s->job->ask.temperature : 1;
    const float least = highest(c->logits, s->v->count) - 25 * heat;
    c->count = 0;
    for (uint32_t t = 0; t < s->v->count; t++)
        if (c->logits[t] >= least && isfinite(c->logits[t]))
            c->at[c->count++] = (llama_token_data){.id = (llama_token)t, .logit = c->logits[t]};
}

static void
collect_allowed(const struct sampler *s, struct candidates *c)
{
    c->count = 0;
    for (uint32_t t = 0; t < s->v->count; t++)
        if (isfinite(c->logits[t]) && is_allowed(s, (llama_token)t))
            c->at[c->count++] = (llama_token_data){.id = (llama_token)t, .logit = c->logits[t]};
}

/* What is not yet whole, and the token's bytes behind it. */
static str
joined(const struct sampler *s, llama_token t, char room[PIECE_BYTES_MAX])
{
    const str piece = vocabulary_piece(s->v, t);
    if (!piece.len || s->part_len + piece.len > PIECE_BYTES_MAX)
        return STR_NONE;
    memcpy(room, s->part, s->part_len);
    memcpy(room + s->part_len, piece.at, piece.len);
    return (str){room, s->part_len + piece.len};
}

/* A token that shows nothing continues no text, though the library knows a name for it; and bytes
 * that are no UTF-8 make the library count a quote as part of a character. */
static bool
may_continue(const struct sampler *s, llama_token t)
{
    char room[PIECE_BYTES_MAX];
    if (vocabulary_is_end(s->v, t))
        return true;
    const str text = joined(s, t, room);
    return text.len && utf8_valid_len(text) == utf8_whole_len(text);
}

static fallible
accept_grammatical(struct sampler *s, llama_token t)
{
    char room[PIECE_BYTES_MAX];
    const str text = vocabulary_is_end(s->v, t) ? STR_NONE : joined(s, t, room);
    const size_t whole = utf8_whole_len(text);
    if (shim_grammar_accept(s->grammar, t) != SHIM_OK)
        FAIL(LIMIT, "no memory to go on with the grammar");
    s->part_len = text.len - whole;
    ASSERT(s->part_len < sizeof s->part);
    if (s->part_len)
        memcpy(s->part, text.at + whole, s->part_len);
    return OK;
}

/* Of `c` those are left that continue the text of the grammar, or end it. */
static fallible
keep_grammatical(const struct sampler *s, struct candidates *c)
{
    llama_token_data_array a = {.data = c->at, .size = c->count, .selected = -1};
    size_t count = 0;
    if (shim_grammar_filter(s->grammar, &a) != SHIM_OK)
        FAIL(LIMIT, "no memory to ask the grammar");
    for (size_t i = 0; i < c->count; i++)
        if (isfinite(c->at[i].logit) && may_continue(s, c->at[i].id))
            c->at[count++] = c->at[i];
    c->count = count;
    return OK;
}

static fallible
is_grammatical(const struct sampler *s, llama_token t, bool *ret)
{
    llama_token_data one = {.id = t};
    struct candidates c = {.at = &one, .count = 1};
    TRY(keep_grammatical(s, &c));
    *ret = c.count == 1;
    return OK;
}

static llama_token
best(const struct candidates *c)
{
    size_t at = 0;
    for (size_t i = 1; i < c->count; i++)
        if (c->at[i].logit > c->at[at].logit)
            at = i;
    return c->at[at].id;
}

static llama_token
draw(const struct sampler *s, struct candidates *c)
{
    if (!s->chain)
        return best(c);
    llama_token_data_array a = {.data = c->at, .size = c->count, .selected = -1};
    llama_sampler_apply(s->chain, &a);
    ASSERT(a.selected >= 0 && (size_t)a.selected < a.size);
    return a.data[a.selected].id;
}

/* All tokens are asked, for the one that was drawn was refused. */
static fallible
draw_grammatical(const struct sampler *s, struct candidates *room, llama_token *ret)
{
    room->count = 0;
    for (uint32_t t = 0; t < s->v->count; t++)
        if (isfinite(room->logits[t]))
            room->at[room->count++] =
                (llama_token_data){.id = (llama_token)t, .logit = room->logits[t]};
    TRY(keep_grammatical(s, room));
    if (!room->count)
        FAIL(UNSUPPORTED, "no token of this vocabulary continues the grammar");
    *ret = draw(s, room);
    return OK;
}

static fallible
pick(const struct sampler *s, const float *logits, struct candidates *room, llama_token *ret)
{
    adjust(s, logits, room->logits);
    collect_likely(s, room);
    if (!room->count)
        FAIL(CORRUPT, "the model's logits are no numbers");
    llama_token t = draw(s, room);
    if (s->job->ask.json_object && !is_allowed(s, t)) {
        collect_allowed(s, room);
        if (!room->count)
            FAIL(UNSUPPORTED, "no token of this vocabulary continues a JSON object");
        t = draw(s, room);
    }
    bool good = true;
    if (s->grammar)
        TRY(is_grammatical(s, t, &good));
    if (!good)
        TRY(draw_grammatical(s, room, &t));
    *ret = t;
    return OK;
}

/* ---- logprobs */

/* log(sum(exp(logits))). */
static double
log_sum_exp(const float *logits, uint32_t count)
{
    float max = -INFINITY;
    double sum = 0;
    for (uint32_t t = 0; t < count; t++)
        if (isfinite(logits[t]) && logits[t] > max)
            max = logits[t];
    for (uint32_t t = 0; t < count; t++)
        if (isfinite(logits[t]))
            sum += (double)expf(logits[t] - max);
    return (double)max + log(sum);
}

static void
insert_top(struct choice *c, size_t want, llama_token t, float logit)
{
    size_t at = c->top_count;
    while (at > 0 && c->tops[at - 1].logprob < logit)
        at--;
    if (at == want)
        return;
    if (c->top_count < want)
        c->top_count++;
    for (size_t i = c->top_count - 1; i > at; i--)
        c->tops[i] = c->tops[i - 1];
    c->tops[at].token = t;
    c->tops[at].logprob = logit;
}

static void
add_logprobs(const struct sampler *s, const float *logits, struct choice *c)
{
    const size_t want = s->job->ask.top_logprobs;
    const double sum = log_sum_exp(logits, s->v->count);
    ASSERT(want <= SAMPLER_TOPS_MAX);
    for (uint32_t t = 0; want && t < s->v->count; t++)
        if (isfinite(logits[t]))
            insert_top(c, want, (llama_token)t, logits[t]);
    for (size_t i = 0; i < c->top_count; i++)
        c->tops[i].logprob = (float)((double)c->tops[i].logprob - sum);
    c->logprob = (float)((double)logits[c->token] - sum);
}

/* ---- the choice */

fallible
sampler_choose(struct sampler *s, const float *logits, struct candidates *room, struct choice *ret)
{
    struct choice c = {0};
    TRY(pick(s, logits, room, &c.token));
    c.is_end = vocabulary_is_end(s->v, c.token);
    if (s->count_of)
        TRY(see(s, c.token, true));
    if (s->grammar)
        TRY(accept_grammatical(s, c.token));
    if (s->job->ask.json_object) {
        if (!json_guide_take(&s->guide, vocabulary_piece(s->v, c.token)))
            UNREACHABLE("the token was asked of the guide");
        c.is_object_whole = json_guide_is_whole(&s->guide);
    }
    if (s->job->ask.logprobs && !c.is_end)
        add_logprobs(s, logits, &c);
    *ret = c;
    return OK;
}
