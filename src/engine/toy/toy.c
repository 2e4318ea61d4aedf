/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/toy/toy.h"

#include <poll.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/num.h"
#include "engine/schema.h"
#include "engine/toy/toy_voice.h"
#include "os/clock.h"

enum { TOY_MAGIC = 0x70e1a5b3, CRASH_TOKENS = 3, NAP_MS_MAX = 5, CALL_NAME_MAX = 64 };

struct voice {
    struct toy_voice says;
    uint64_t due_ms;
    bool is_over;
};

struct job {
    uint32_t magic;
    struct serve_job *j;
    struct job *next, *before;
    struct voice *voices;
    uint32_t open, token_ms;
    uint64_t prompt_tokens;
    bool has_begun, crashes;
    str inputs; /* embeddings: those not yet done */
    uint32_t input_index;
};

struct toy {
    bool is_embedder;
    uint32_t sequences_max, token_ms;
    struct job *first, *last;
    struct serve *s;
    struct engine_stats stats;
};

fallible
toy_new(bool is_embedder, uint32_t sequences_max, uint32_t token_ms, struct toy **ret)
{
    ASSERT(sequences_max >= 1 && sequences_max <= ENGINE_SEQUENCES_MAX && token_ms <= TOY_MS_MAX);
    struct toy *t = mem_get(sizeof *t);
    if (!t)
        FAIL(LIMIT, "no memory for the toy engine");
    *t = (struct toy){
        .is_embedder = is_embedder, .sequences_max = sequences_max, .token_ms = token_ms};
    *ret = t;
    return OK;
}

void
toy_free(struct toy *t)
{
    mem_free(t);
}

static fallible
open_toy(void *self, struct serve *s, struct engine_hello *ret)
{
    struct toy *t = self;
    t->s = s;
    *ret = (struct engine_hello){
        .context_tokens = TOY_CONTEXT_TOKENS,
        .sequences_max = t->sequences_max,
        .embedding_dims = t->is_embedder ? TOY_DIMS : 0,
        .vocabulary = 256,
        .can_chat = !t->is_embedder,
        .can_embed = t->is_embedder,
    };
    return OK;
}

/* ---- taking a job on */

/* The number behind `name` in `text`; 0 if there is none. */
static uint32_t
command(str text, str name)
{
    const ptrdiff_t at = str_find(text, name);
    uint64_t n = 0;
    size_t len = 0;
    if (at < 0)
        return 0;
    const str rest = str_slice(text, (size_t)at + name.len, text.len);
    while (len < rest.len && rest.at[len] >= '0' && rest.at[len] <= '9')
        len++;
    /* A command that is none is ordinary text. */
    IGNORE(num_u64(str_slice(rest, 0, len), 1, TOY_MS_MAX, &n));
    return (uint32_t)n;
}

/* What a chat's prompt holds for us. */
struct chat {
    uint64_t tokens;
    str user; /* the last message of one */
    jval root;
};

/* Counts the tokens and finds the last user message. */
static fallible
read_chat(struct serve_job *j, struct chat *ret)
{
    jval root, item;
    struct jwalk w = {0};
    TRY(json_read(j->a, j->prompt, &root));
    TRY(json_object(&root));
    ret->root = root;
    const jval messages = json_get(&root, "messages");
    TRY(json_array(&messages, 1, ENGINE_INPUTS_MAX));
    while (json_each(&messages, &w, &item)) {
        str role, text = STR("");
        TRY(json_object(&item));
        const jval r = json_get(&item, "role"), c = json_get(&item, "content");
        TRY(json_str(&r, 64, &role));
        TRY(opt_json_str(&c, j->prompt.len, &text));
        ret->tokens += toy_count(text);
        if (str_eq(role, STR("user")))
            ret->user = text;
    }
    return OK;
}

/* The offered tool that "!call NAME" names; false if there is none. */
static fallible
find_called(const struct chat *chat, jval *ret_function, bool *ret_found)
{
    const str order = STR("!call ");
    const ptrdiff_t at = str_find(chat->user, order);
    const jval tools = json_get(&chat->root, "tools");
    struct jwalk w = {0};
    jval tool;
    str wanted, name;
    *ret_found = false;
    str rest = at < 0 ? STR_NONE : str_slice(chat->user, (size_t)at + order.len, chat->user.len);
    if (json_type(tools) != J_ARRAY || !str_next(&rest, ' ', &wanted))
        return OK;
    while (!*ret_found && json_each(&tools, &w, &tool)) {
        TRY(json_object(&tool));
        *ret_function = json_get(&tool, "function");
        TRY(json_object(ret_function));
        const jval n = json_get(ret_function, "name");
        TRY(json_str(&n, wanted.len + CALL_NAME_MAX, &name));
        *ret_found = str_eq(name, str_trim(wanted));
        ret_function->up = NULL; /* it outlives what it was reached from */
    }
    return OK;
}

/* A call in the form that many models write by themselves. */
static fallible
say_call(struct serve_job *j, const jval *function, struct toy_voice *v)
{
    AUTO(buf) grammar = BUF(SCHEMA_GRAMMAR_BYTES_MAX);
    struct schema_call call = {.parameters = json_get(function, "parameters")};
    const jval name = json_get(function, "name");
    TRY(json_str(&name, CALL_NAME_MAX, &call.name));
    const err e = schema_compile_calls(j->a, &call, 1, 1, &grammar);
    if (e.code == ERR_UNSUPPORTED || e.code == ERR_ARGUMENT) { /* nobody promised more */
        buf_clear(&grammar);
        call.parameters = (jval){0};
        TRY(schema_compile_calls(j->a, &call, 1, 1, &grammar));
    } else {
        TRY(e);
    }
    return toy_voice_obey(j->a, buf_str(&grammar), STR("<tool_call>\n"), STR("\n</tool_call>"), v);
}

static fallible
prepare_voice(struct serve_job *j, const struct chat *chat, uint32_t index, struct toy_voice *v)
{
    jval function;
    bool is_call = false;
    *v = toy_voice_of(j->a, j, index, command(chat->user, STR("!long ")));
    if (j->grammar.len)
        return toy_voice_obey(j->a, j->grammar, STR(""), STR(""), v);
    if (chat->root.v)
        TRY(find_called(chat, &function, &is_call));
    return is_call ? say_call(j, &function, v) : OK;
}

static fallible
check_context(struct toy *t, uint64_t tokens, uint64_t wanted)
{
    if (tokens + wanted <= TOY_CONTEXT_TOKENS)
        return OK;
    serve_set_numbers(t->s, tokens, TOY_CONTEXT_TOKENS);
    FAIL(CONTEXT_LENGTH, "%ju and %ju tokens", (uintmax_t)tokens, (uintmax_t)wanted);
}

static fallible
prepare_inputs(struct toy *t, struct job *job)
{
    str rest = job->j->prompt, text;
    if (job->j->ask.dimensions > TOY_DIMS)
        FAIL(ARGUMENT, "%u dimensions", job->j->ask.dimensions);
    while (section_next(&rest, &text)) {
        TRY(check_context(t, toy_count(text), 0));
        job->prompt_tokens += toy_count(text);
    }
    job->inputs = job->j->prompt;
    return OK;
}

static fallible
prepare_answers(struct toy *t, struct job *job)
{
    struct serve_job *j = job->j;
    void *voices;
    struct chat chat = {.user = STR("")};
    if (j->ask.kind == ENGINE_CHAT)
        TRY(read_chat(j, &chat));
    else
        chat = (struct chat){.user = j->prompt, .tokens = toy_count(j->prompt)};
    job->prompt_tokens = chat.tokens;
    TRY(check_context(t, job->prompt_tokens, j->ask.tokens_max ? j->ask.tokens_max : 1));
    TRY(try_arena_get(j->a, j->ask.n, sizeof(struct voice), &voices));
    job->voices = voices;
    for (uint32_t i = 0; i < j->ask.n; i++)
        TRY(prepare_voice(j, &chat, i, &job->voices[i].says));
    const uint32_t slow_ms = command(chat.user, STR("!slow "));
    job->token_ms = slow_ms ? slow_ms : t->token_ms;
    job->crashes = str_find(chat.user, STR("!crash")) >= 0;
    return OK;
}

static fallible
prepare_count(struct job *job)
{
    struct chat chat = {.user = STR("")};
    if (job->j->ask.is_chat)
        TRY(read_chat(job->j, &chat));
    job->prompt_tokens = job->j->ask.is_chat ? chat.tokens : toy_count(job->j->prompt);
    return OK;
}

static fallible
prepare(struct toy *t, struct job *job)
{
    const enum engine_kind kind = job->j->ask.kind;
    if (kind != ENGINE_TOKENIZE && (kind == ENGINE_EMBED) != t->is_embedder)
        FAIL(UNSUPPORTED, "this toy engine cannot do that");
    if (kind == ENGINE_EMBED)
        return prepare_inputs(t, job);
    return kind == ENGINE_TOKENIZE ? prepare_count(job) : prepare_answers(t, job);
}

static fallible
submit(void *self, struct serve_job *j)
{
    struct toy *t = self;
    struct job *job = arena_new(j->a, struct job);
    *job = (struct job){.magic = TOY_MAGIC, .j = j, .open = j->ask.n, .before = t->last};
    TRY(prepare(t, job));
    if (t->last)
        t->last->next = job;
    else
        t->first = job;
    t->last = job;
    j->backend = job;
    return OK;
}

static void
drop(void *self, struct serve_job *j)
{
    struct toy *t = self;
    struct job *job = j->backend;
    ASSERT(job->magic == TOY_MAGIC);
    *(job->before ? &job->before->next : &t->first) = job->next;
    *(job->next ? &job->next->before : &t->last) = job->before;
}

/* ---- working */

static void
begin(struct toy *t, struct job *job)
{
    if (job->has_begun)
        return;
    job->has_begun = true;
    serve_prompt_tokens(job->j, (uint32_t)job->prompt_tokens, 0);
    t->stats.tokens_in += job->prompt_tokens;
}

static void
end(struct job *job)
{
    ASSERT(job->open > 0);
    job->open--;
}

/* One text at a time, so that a cancel need not wait for thousands. */
static void
embed_next(struct toy *t, struct job *job)
{
    const size_t dims = job->j->ask.dimensions ? job->j->ask.dimensions : TOY_DIMS;
    float values[TOY_DIMS];
    str text;
    if (section_next(&job->inputs, &text)) {
        toy_embed(text, values, dims);
        serve_vector(t->s, job->j, job->input_index++, values, dims);
        return;
    }
    serve_answer_end(t->s, job->j, 0, FINISH_STOP);
    end(job);
}

static void
say_next(struct toy *t, struct job *job, uint32_t index)
{
    struct voice *v = &job->voices[index];
    struct toy_token token;
    const bool is_full = job->prompt_tokens + v->says.made >= TOY_CONTEXT_TOKENS;
    if (job->crashes && v->says.made == CRASH_TOKENS)
        abort();
    if (is_full || toy_voice_is_silent(&v->says)) {
        serve_answer_end(t->s, job->j, index, is_full ? FINISH_LENGTH : FINISH_STOP);
        v->is_over = true;
    } else {
        const size_t top_count = job->j->ask.top_logprobs;
        toy_speak(&v->says, top_count, &token);
        v->is_over = !serve_token(t->s, job->j, index, token.chosen.text, &token.chosen, token.tops,
                                  top_count);
        t->stats.tokens_out++;
    }
    if (v->is_over)
        end(job);
}

/* What one step has left to give, and how long nobody has anything to do. */
struct turn {
    uint32_t room;
    uint64_t now_ms, nap_ms;
};

static void
step_answers(struct toy *t, struct job *job, struct turn *turn)
{
    for (uint32_t i = 0; i < job->j->ask.n && turn->room > 0; i++) {
        struct voice *v = &job->voices[i];
        if (v->is_over)
            continue;
        turn->room--;
        const uint64_t wait_ms = v->due_ms > turn->now_ms ? v->due_ms - turn->now_ms : 0;
        if (wait_ms < turn->nap_ms)
            turn->nap_ms = wait_ms;
        if (wait_ms)
            continue;
        say_next(t, job, i);
        v->due_ms = turn->now_ms + job->token_ms;
    }
}

static void
step_job(struct toy *t, struct job *job, struct turn *turn)
{
    const enum engine_kind kind = job->j->ask.kind;
    begin(t, job);
    if (kind == ENGINE_CHAT || kind == ENGINE_COMPLETE) {
        step_answers(t, job, turn);
        return;
    }
    turn->room--;
    turn->nap_ms = 0;
    if (kind == ENGINE_EMBED) {
        embed_next(t, job);
        return;
    }
    serve_answer_end(t->s, job->j, 0, FINISH_STOP);
    end(job);
}

static bool
step(void *self)
{
    struct toy *t = self;
    struct turn turn = {.room = t->sequences_max, .now_ms = clock_ms(), .nap_ms = NAP_MS_MAX};
    bool has_open = false;
    t->stats.steps++;
    for (struct job *job = t->first; job; job = job->next) {
        if (turn.room > 0 && job->open > 0)
            step_job(t, job, &turn);
        has_open = has_open || job->open > 0;
        if (!turn.room && has_open)
            break;
    }
    /* Slow answers only: rest a little, so that a cancel or a new job is still seen soon. */
    if (has_open && turn.nap_ms)
        poll(NULL, 0, (int)turn.nap_ms);
    return has_open;
}

static void
stats(void *self, struct engine_stats *ret)
{
    const struct toy *t = self;
    uint64_t open = 0, cells = 0;
    for (const struct job *job = t->first; job; job = job->next) {
        open += job->open;
        cells += job->open ? job->prompt_tokens : 0;
    }
    *ret = t->stats;
    ret->running = open < t->sequences_max ? open : t->sequences_max;
    ret->waiting = open - ret->running;
    ret->cells = (uint64_t)t->sequences_max * TOY_CONTEXT_TOKENS;
    ret->cells_used = cells < ret->cells ? cells : ret->cells;
}

struct serve_backend
toy_backend(struct toy *t)
{
    return (struct serve_backend){
        .name = "toy",
        .open = open_toy,
        .submit = submit,
        .drop = drop,
        .step = step,
        .stats = stats,
        .self = t,
    };
}
