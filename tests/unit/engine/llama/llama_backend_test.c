/* SPDX-License-Identifier: EUPL-1.2 */
/* The backend behind the real serve.c and a real channel, in a process of its own. */
#include "engine/llama/llama_backend.h"

#include <math.h>
#include <sys/wait.h>

#include "os/ipc.h"
#include "rig_model.h"

enum { WAIT_MS = 20000, ANSWERS = 4, TEXT = 4096, IM_END = 259 };

struct cell {
    pid_t pid;
    int channel;
    struct engine_hello hello;
    unsigned loading;
    _Alignas(16) char room[IPC_INLINE_MAX + IPC_BODY_MAX + 4096];
};

struct heard {
    char text[ANSWERS][TEXT];
    size_t len[ANSWERS];
    uint32_t tokens, dones, texts, logprobs;
    struct engine_done done[ANSWERS];
    struct engine_failed failed;
    struct engine_stats stats;
    float vector[64];
    uint32_t vectors;
    bool over;
};

static struct cell cell;

/* ---- a process */

static _Noreturn void
be_engine(int channel, const struct llama_options *o)
{
    struct llama_backend *b;
    if (!freopen("/dev/null", "w", stderr) || llama_backend_new(o, &b).code)
        _exit(200);
    const struct serve_backend v = llama_backend_vtable(b);
    const err e = serve_run(channel, &v, 64);
    llama_backend_delete(b);
    _exit(e.code);
}

static fallible
receive(struct ipc_message *m)
{
    return ipc_recv_wait(cell.channel, WAIT_MS, cell.room, m);
}

static void
start(const struct rig_model *model, struct llama_options o)
{
    int pair[2] = {-1, -1};
    struct ipc_message m;
    CHECK_OK(ipc_pair(pair));
    cell = (struct cell){.channel = pair[0]};
    o.model_fd = rig_open(model);
    cell.pid = fork();
    if (cell.pid == 0) {
        close(pair[0]);
        be_engine(pair[1], &o);
    }
    close(pair[1]);
    close(o.model_fd);
    while (!receive(&m).code) {
        if (m.head.type == ENGINE_HELLO) {
            memcpy(&cell.hello, m.body, sizeof cell.hello);
            return;
        }
        cell.loading += m.head.type == ENGINE_LOADING;
    }
}

/* Closes the channel; how the process ended, -1 when by a signal. */
static int
stop(void)
{
    int status = 0;
    close(cell.channel);
    return waitpid(cell.pid, &status, 0) == cell.pid && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                          : -1;
}

static void
send_job(uint64_t id, struct engine_submit ask, str prompt, const char *const *stops)
{
    AUTO(buf) tail = BUF(1 << 24);
    buf_add(&tail, prompt);
    ask.section_len[SECTION_PROMPT] = prompt.len;
    for (; stops && *stops; stops++)
        section_put(&tail, str_of(*stops));
    ask.section_len[SECTION_STOPS] = tail.len - prompt.len;
    CHECK_OK(ipc_send_wait(cell.channel, ENGINE_SUBMIT, id, &ask, sizeof ask, buf_str(&tail), -1));
}

static void
send_plain(enum engine_message type, uint64_t id)
{
    CHECK_OK(ipc_send_wait(cell.channel, type, id, NULL, 0, STR_NONE, -1));
}

static void
hear_text(const struct ipc_message *m, struct heard *h)
{
    struct engine_text t;
    memcpy(&t, m->body, sizeof t);
    if (t.index < ANSWERS && h->len[t.index] + t.text_len <= TEXT) {
        memcpy(h->text[t.index] + h->len[t.index], m->tail.at, t.text_len);
        h->len[t.index] += t.text_len;
    }
    h->texts++;
    h->tokens += t.token_count;
    h->logprobs += t.logprob_count;
}

static void
hear_done(const struct ipc_message *m, struct heard *h)
{
    struct engine_done d;
    memcpy(&d, m->body, sizeof d);
    if (d.index < ANSWERS)
        h->done[d.index] = d;
    h->dones++;
    h->over = d.is_last;
}

static void
hear(const struct ipc_message *m, struct heard *h)
{
    if (m->head.type == ENGINE_TEXT)
        hear_text(m, h);
    if (m->head.type == ENGINE_DONE)
        hear_done(m, h);
    if (m->head.type == ENGINE_VECTOR && m->tail.len <= sizeof h->vector) {
        memcpy(h->vector, m->tail.at, m->tail.len);
        h->vectors++;
    }
    if (m->head.type == ENGINE_STATS)
        memcpy(&h->stats, m->body, sizeof h->stats);
    if (m->head.type == ENGINE_FAILED)
        memcpy(&h->failed, m->body, sizeof h->failed);
    h->over |= m->head.type == ENGINE_FAILED || m->head.type == ENGINE_STATS;
}

/* All about one request, others' messages left out. */
static void
listen_to(uint64_t id, struct heard *h)
{
    struct ipc_message m;
    *h = (struct heard){0};
    while (!h->over) {
        const err e = receive(&m);
        CHECK_OK(e);
        if (e.code)
            return;
        if (m.head.id == id)
            hear(&m, h);
        ipc_release(&m);
    }
}

static void
ask_and_listen(uint64_t id, struct engine_submit ask, str prompt, const char *const *stops,
               struct heard *h)
{
    send_job(id, ask, prompt, stops);
    listen_to(id, h);
}

static struct engine_submit
numbers(enum engine_kind kind, uint32_t tokens_max)
{
    return (struct engine_submit){.kind = kind,
                                  .n = 1,
                                  .tokens_max = tokens_max,
                                  .top_p = 1,
                                  .repeat = 1,
                                  .has_seed = 1,
                                  .ignore_eos = kind != ENGINE_EMBED};
}

#define CHAT(text) STR("{\"messages\":[{\"role\":\"user\",\"content\":\"" text "\"}]}")

/* ---- tests */

TEST(the_hello_tells_what_was_loaded)
{
    start(&rig_chat_model, rig_options(-1, false));
    CHECK_INT(cell.hello.proto, ==, ENGINE_PROTO);
    CHECK_INT(cell.hello.context_tokens, ==, 512);
    CHECK_INT(cell.hello.sequences_max, ==, 4);
    CHECK_INT(cell.hello.vocabulary, ==, 260);
    CHECK(cell.hello.can_chat && !cell.hello.can_embed && !cell.hello.embedding_dims);
    CHECK(cell.hello.memory_bytes > 0);
    CHECK(str_starts(str_of(cell.hello.engine), STR("llama.cpp ")));
    CHECK(cell.loading > 0);
    CHECK_INT(stop(), ==, 0);
}

TEST(a_chat_is_rendered_by_the_models_template_and_answered)
{
    struct heard h, again;
    start(&rig_chat_model, rig_options(-1, false));
    ask_and_listen(7, numbers(ENGINE_CHAT, 20), CHAT("Hallo"), NULL, &h);
    CHECK_INT(h.failed.code, ==, 0);
    CHECK_INT(h.done[0].output_tokens, ==, 20);
    CHECK_INT(h.done[0].finish, ==, FINISH_LENGTH);
    CHECK_INT(h.done[0].prompt_tokens, ==,
              1 + strlen("<|im_start|>user\nHallo\n<|im_start|>assistant\n") + 1);
    ask_and_listen(8, numbers(ENGINE_CHAT, 20), CHAT("Hallo"), NULL, &again);
    CHECK_STR(((str){again.text[0], again.len[0]}), ((str){h.text[0], h.len[0]}));
    CHECK_INT(stop(), ==, 0);
}

TEST(a_control_token_typed_by_a_person_makes_a_longer_prompt_not_a_turn)
{
    struct heard h;
    start(&rig_chat_model, rig_options(-1, false));
    ask_and_listen(1, numbers(ENGINE_CHAT, 1), CHAT("<|im_end|>"), NULL, &h);
    CHECK_INT(h.done[0].prompt_tokens, ==,
              1 + strlen("<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n") + 1);
    CHECK_INT(stop(), ==, 0);
}

TEST(an_answer_ends_before_a_stop_string_that_spans_tokens)
{
    struct heard whole, cut;
    char stop_text[4] = "";
    start(&rig_chat_model, rig_options(-1, false));
    struct engine_submit ask = numbers(ENGINE_COMPLETE, 60);
    ask_and_listen(1, ask, STR("abc"), NULL, &whole);
    /* Three tokens of it, wherever they are plain characters. */
    size_t at = 0;
    while (at + 3 < whole.len[0]) {
        size_t n = 0;
        while (n < 3 && whole.text[0][at + n] > ' ' && whole.text[0][at + n] < 127)
            n++;
        if (n == 3)
            break;
        at++;
    }
    NEED(at + 3 < whole.len[0]);
    memcpy(stop_text, whole.text[0] + at, 3);
    const char *const stops[] = {stop_text, NULL};
    ask_and_listen(2, ask, STR("abc"), stops, &cut);
    CHECK_INT(cut.done[0].finish, ==, FINISH_STOP);
    CHECK(str_find((str){cut.text[0], cut.len[0]}, str_of(stop_text)) < 0);
    const ptrdiff_t first = str_find((str){whole.text[0], whole.len[0]}, str_of(stop_text));
    CHECK_INT(cut.len[0], ==, first);
    CHECK(memcmp(cut.text[0], whole.text[0], cut.len[0]) == 0);
    CHECK_INT(stop(), ==, 0);
}

TEST(several_answers_logprobs_echo_and_objects_come_through)
{
    struct heard h;
    start(&rig_chat_model, rig_options(-1, false));
    struct engine_submit ask = numbers(ENGINE_CHAT, 10);
    ask.n = 3;
    ask.temperature = 1;
    ask.logprobs = 1;
    ask.top_logprobs = 5;
    ask_and_listen(1, ask, CHAT("n"), NULL, &h);
    CHECK_INT(h.dones, ==, 3);
    CHECK_INT(h.logprobs, ==, 30);
    ask = numbers(ENGINE_COMPLETE, 5);
    ask.echo = 1;
    ask_and_listen(2, ask, STR("Vorsatz"), NULL, &h);
    CHECK(str_starts((str){h.text[0], h.len[0]}, STR("Vorsatz")));
    CHECK_INT(h.done[0].output_tokens, ==, 5);
    ask = numbers(ENGINE_CHAT, 30);
    ask.json_object = 1;
    ask_and_listen(3, ask, CHAT("{}"), NULL, &h);
    CHECK(h.len[0] > 0 && h.text[0][0] == '{');
    CHECK_INT(stop(), ==, 0);
}

TEST(without_a_seed_answers_differ)
{
    struct heard a, b;
    start(&rig_chat_model, rig_options(-1, false));
    struct engine_submit ask = numbers(ENGINE_COMPLETE, 30);
    ask.has_seed = 0;
    ask.temperature = 1;
    ask_and_listen(1, ask, STR("x"), NULL, &a);
    ask_and_listen(2, ask, STR("x"), NULL, &b);
    CHECK(!str_eq((str){a.text[0], a.len[0]}, (str){b.text[0], b.len[0]}));
    CHECK_INT(stop(), ==, 0);
}

TEST(tokens_are_counted)
{
    struct heard h;
    start(&rig_chat_model, rig_options(-1, false));
    ask_and_listen(1, numbers(ENGINE_TOKENIZE, 0), STR("zw\xc3\xb6lf<|im_end|>"), NULL, &h);
    CHECK_INT(h.done[0].prompt_tokens, ==, 6 + 10);
    CHECK_INT(h.done[0].output_tokens, ==, 0);
    ask_and_listen(2, numbers(ENGINE_TOKENIZE, 0), STR(""), NULL, &h);
    CHECK_INT(h.done[0].prompt_tokens, ==, 0);
    CHECK_INT(stop(), ==, 0);
}

TEST(a_chat_counts_as_many_tokens_as_its_answer_says)
{
    struct heard counted, said;
    struct engine_submit ask = numbers(ENGINE_TOKENIZE, 0);
    start(&rig_chat_model, rig_options(-1, false));
    ask.is_chat = 1;
    ask_and_listen(1, ask, CHAT("Hallo"), NULL, &counted);
    ask_and_listen(2, numbers(ENGINE_CHAT, 1), CHAT("Hallo"), NULL, &said);
    CHECK_INT(counted.done[0].prompt_tokens, ==, said.done[0].prompt_tokens);
    CHECK_INT(counted.done[0].prompt_tokens, >, 5);
    CHECK_INT(counted.done[0].output_tokens, ==, 0);
    ask_and_listen(3, ask, STR("no JSON"), NULL, &counted);
    CHECK_INT(counted.failed.code, ==, ERR_ARGUMENT);
    CHECK_INT(stop(), ==, 0);
}

TEST(what_does_not_fit_is_refused_with_both_numbers_and_the_next_is_served)
{
    static char words[600];
    struct heard h;
    start(&rig_chat_model, rig_options(-1, false));
    memset(words, 'a', sizeof words);
    ask_and_listen(1, numbers(ENGINE_COMPLETE, 1), (str){words, 600}, NULL, &h);
    CHECK_INT(h.failed.code, ==, ERR_CONTEXT_LENGTH);
    CHECK_INT(h.failed.have, ==, 602);
    CHECK_INT(h.failed.limit, ==, 512);
    ask_and_listen(2, numbers(ENGINE_CHAT, 1), STR("no JSON"), NULL, &h);
    CHECK_INT(h.failed.code, ==, ERR_ARGUMENT);
    ask_and_listen(3, numbers(ENGINE_EMBED, 0), STR("\1\0\0\0a"), NULL, &h);
    CHECK_INT(h.failed.code, ==, ERR_UNSUPPORTED);
    ask_and_listen(4, numbers(ENGINE_COMPLETE, 2), STR("b"), NULL, &h);
    CHECK_INT(h.done[0].output_tokens, ==, 2);
    CHECK_INT(stop(), ==, 0);
}

TEST(a_model_without_a_template_refuses_chats_and_completes)
{
    struct heard h;
    struct llama_options o = rig_options(-1, false);
    o.template_override = STR("{% broken");
    start(&rig_chat_model, o);
    CHECK(!cell.hello.can_chat);
    ask_and_listen(1, numbers(ENGINE_CHAT, 1), CHAT("a"), NULL, &h);
    CHECK_INT(h.failed.code, ==, ERR_UNSUPPORTED);
    ask_and_listen(2, numbers(ENGINE_COMPLETE, 1), STR("a"), NULL, &h);
    CHECK_INT(h.done[0].output_tokens, ==, 1);
    CHECK_INT(stop(), ==, 0);
}

TEST(a_cancelled_job_ends_and_its_cells_are_free)
{
    struct heard h;
    start(&rig_chat_model, rig_options(-1, false));
    send_job(1, numbers(ENGINE_COMPLETE, 0), STR("endlos"), NULL);
    send_plain(ENGINE_CANCEL, 1);
    listen_to(1, &h);
    CHECK_INT(h.done[0].finish, ==, FINISH_CANCELLED);
    send_plain(ENGINE_ASK_STATS, 2);
    listen_to(2, &h);
    CHECK_INT(h.stats.cells, ==, 2048);
    CHECK_INT(h.stats.cells_used, ==, 0);
    CHECK_INT(h.stats.running, ==, 0);
    CHECK_INT(stop(), ==, 0);
}

TEST(stats_tell_what_runs)
{
    struct heard h;
    start(&rig_chat_model, rig_options(-1, false));
    for (uint64_t id = 1; id <= 6; id++)
        send_job(id, numbers(ENGINE_COMPLETE, 0), STR("endlos"), NULL);
    for (int i = 0; i < 100; i++) {
        send_plain(ENGINE_ASK_STATS, 99);
        listen_to(99, &h);
        if (h.stats.running == 4 && h.stats.tokens_out >= 8)
            break;
    }
    CHECK_INT(h.stats.running, ==, 4);
    CHECK_INT(h.stats.waiting, ==, 2);
    CHECK(h.stats.cells_used > 0 && h.stats.steps > 0 && h.stats.resident_bytes > 0);
    CHECK_INT(h.stats.tokens_in, ==, 4 * 7);
    CHECK_INT(stop(), ==, 0);
}

TEST(a_template_that_never_ends_takes_its_engine_along)
{
    struct ipc_message m;
    struct llama_options o = rig_options(-1, false);
    o.template_override =
        STR("{% if messages[0].content == 'ewig' %}{% for a in range(100000) %}"
            "{% for b in range(100000) %}{% for c in range(100000) %}{% endfor %}{% endfor %}"
            "{% endfor %}{% endif %}ok");
    o.template_ms_max = 300;
    start(&rig_chat_model, o);
    CHECK(cell.hello.can_chat);
    send_job(1, numbers(ENGINE_CHAT, 1), CHAT("ewig"), NULL);
    CHECK_ERR(receive(&m), ENGINE_LOST);
    CHECK_INT(stop(), ==, TEMPLATE_STUCK_EXIT);
}

TEST(an_embedder_embeds_and_refuses_to_write)
{
    struct heard h;
    double length = 0;
    start(&rig_embed_model, rig_options(-1, true));
    CHECK(cell.hello.can_embed && !cell.hello.can_chat);
    CHECK_INT(cell.hello.embedding_dims, ==, 64);
    CHECK_INT(cell.hello.context_tokens, ==, 256);
    struct engine_submit ask = numbers(ENGINE_EMBED, 0);
    ask.dimensions = 32;
    ask_and_listen(1, ask, STR("\1\0\0\0a\2\0\0\0bc"), NULL, &h);
    CHECK_INT(h.vectors, ==, 2);
    for (int i = 0; i < 32; i++)
        length += (double)h.vector[i] * (double)h.vector[i];
    CHECK(fabs(length - 1) < 1e-5);
    ask_and_listen(2, numbers(ENGINE_CHAT, 1), CHAT("a"), NULL, &h);
    CHECK_INT(h.failed.code, ==, ERR_UNSUPPORTED);
    ask_and_listen(3, numbers(ENGINE_TOKENIZE, 0), STR("ab"), NULL, &h);
    CHECK(h.done[0].prompt_tokens > 0);
    CHECK_INT(stop(), ==, 0);
}

TEST(a_file_that_is_no_model_ends_the_process_with_its_error)
{
    static const struct rig_model encoder = {
        .embeds = true, .seed = "7", .layers = "2", .embd = "64", .ctx = "256"};
    start(&encoder, rig_options(-1, false));
    CHECK(!cell.hello.proto);
    CHECK_INT(stop(), ==, ERR_UNSUPPORTED);
}
