/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/load.h"

#include <math.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "rig_model.h"

static float said[1000];
static size_t said_count;

static void
on_progress(void *ctx, float part)
{
    (void)ctx;
    if (said_count < 1000)
        said[said_count++] = part;
}

/* How loading ends in a process of its own: the error's code, 1000 when it was ended. */
static int
code_of_loading(const char *path, struct llama_options o)
{
    const pid_t pid = fork();
    if (pid == 0) {
        struct loaded l;
        if (!freopen("/dev/null", "w", stderr))
            _exit(255);
        o.model_fd = open(path, O_RDONLY | O_CLOEXEC);
        _exit(load_model(&o, rig_no_progress, NULL, &l).code);
    }
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

/* A copy of the model with `len` bytes, of which one is `value` instead. */
static const char *
damaged(const struct rig_model *m, off_t len, off_t at, char value)
{
    static char path[4200], room[1 << 20];
    snprintf(path, sizeof path, "%s/damaged.gguf", test_dir());
    AUTO(fd) from = rig_open(m);
    AUTO(fd) to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const ssize_t n = read(from, room, sizeof room);
    if (at < n)
        room[at] = value;
    if (n <= 0 || len > n || write(to, room, (size_t)len) != len)
        test_fail(__FILE__, __LINE__, "no damaged copy");
    return path;
}

static off_t
size_of(const struct rig_model *m)
{
    struct stat st = {0};
    CHECK(stat(rig_model_file(m), &st) == 0);
    return st.st_size;
}

TEST(a_model_is_loaded_from_a_descriptor_wherever_it_stands)
{
    struct loaded l;
    struct llama_options o = rig_options(rig_open(&rig_chat_model), false);
    NEED(lseek(o.model_fd, 1000, SEEK_SET) == 1000);
    NEED_OK(load_model(&o, on_progress, NULL, &l));
    close(o.model_fd);
    CHECK_INT(l.context_tokens, ==, 512);
    CHECK_INT(l.cells, ==, 4 * 512);
    CHECK_INT(l.sequences_max, ==, 4);
    CHECK_INT(l.step_tokens_max, ==, 64);
    CHECK_INT(l.dims, ==, 64);
    CHECK_INT(l.vocabulary.count, ==, 260);
    CHECK(l.template && l.can_share && l.memory);
    NEED(said_count > 0);
    CHECK(said[said_count - 1] >= 1);
    for (size_t i = 1; i < said_count; i++)
        CHECK(said[i] > said[i - 1]);
    load_done(&l);
    load_done(&l);
}

TEST(there_are_cells_for_four_contexts_or_as_many_as_memory_allows_but_never_less_than_one)
{
    static const struct {
        uint32_t context, sequences, want;
        uint64_t bytes;
    } rows[] = {
        {512, 1, 512, 0},
        {512, 3, 1536, 0},
        {512, 16, 2048, 0},
        /* 2 layers, 32 wide, keys and values in f16: 256 bytes each */
        {512, 16, 1024, 512 * 256 * 2},
        {512, 16, 512, 1},
        {100, 1, 256, 0}, /* llama.cpp rounds up */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct loaded l;
        struct llama_options o = rig_options(-1, false);
        o.context_tokens = rows[i].context;
        o.sequences_max = rows[i].sequences;
        o.cells_bytes_max = rows[i].bytes;
        NEED_OK(rig_load(&rig_chat_model, o, &l));
        CHECK_INT(l.cells, ==, rows[i].want);
        CHECK_INT(l.context_tokens, ==, rows[i].context);
        load_done(&l);
    }
}

TEST(no_context_is_longer_than_the_model_was_trained_for)
{
    struct loaded l;
    struct llama_options o = rig_options(-1, false);
    o.context_tokens = 100000;
    o.sequences_max = 1;
    NEED_OK(rig_load(&rig_chat_model, o, &l));
    CHECK_INT(l.context_tokens, ==, 4096);
    load_done(&l);
}

TEST(a_step_has_room_for_every_sequence)
{
    struct loaded l;
    struct llama_options o = rig_options(-1, false);
    o.sequences_max = 100;
    o.step_tokens_max = 16;
    NEED_OK(rig_load(&rig_chat_model, o, &l));
    CHECK_INT(l.step_tokens_max, ==, 100);
    load_done(&l);
}

TEST(an_embedder_takes_a_whole_context_in_one_step)
{
    struct loaded l;
    NEED_OK(rig_load(&rig_embed_model, rig_options(-1, true), &l));
    CHECK_INT(l.context_tokens, ==, 256);
    CHECK_INT(l.step_tokens_max, >=, 256);
    CHECK(!l.memory && !l.template);
    CHECK_INT(l.dims, ==, 64);
    load_done(&l);
}

TEST(an_encoder_cannot_write_and_says_so)
{
    struct loaded l = {0};
    CHECK_ERR(rig_load(&rig_embed_model, rig_options(-1, false), &l), UNSUPPORTED);
    CHECK(!l.model);
}

TEST(a_model_whose_template_is_broken_can_still_complete)
{
    struct loaded l;
    struct llama_options o = rig_options(-1, false);
    o.template_override = STR("{% for %}");
    NEED_OK(rig_load(&rig_chat_model, o, &l));
    CHECK(!l.template);
    load_done(&l);
    o.template_override = STR("{{ messages[0].content }}");
    NEED_OK(rig_load(&rig_chat_model, o, &l));
    CHECK(l.template != NULL);
    load_done(&l);
}

TEST(a_file_cut_short_anywhere_is_refused)
{
    const off_t size = size_of(&rig_chat_model);
    const off_t cuts[] = {0, 3, 4, 23, 24, 100, 2000, 7000, 9000, 20000, size / 2, size - 4096};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
        CHECK_INT(
            code_of_loading(damaged(&rig_chat_model, cuts[i], size, 0), rig_options(-1, false)), ==,
            ERR_CORRUPT);
}

/* Whatever a flipped byte does, it ends: loaded, refused, or with the process. */
TEST(a_flipped_byte_in_the_head_never_hangs)
{
    const off_t size = size_of(&rig_chat_model);
    unsigned refused = 0;
    for (int i = 0; i < 60; i++) {
        const off_t at = (off_t)(test_random() % 3000);
        const int code = code_of_loading(damaged(&rig_chat_model, size, at, (char)test_random()),
                                         rig_options(-1, false));
        refused += code != ERR_OK;
    }
    CHECK_INT(refused, >, 10);
}

TEST(what_cannot_be_read_is_an_error)
{
    struct loaded l;
    struct llama_options o = rig_options(-1, false);
    CHECK_ERR(load_model(&o, rig_no_progress, NULL, &l), IO);
    int pair[2];
    NEED(pipe2(pair, O_CLOEXEC) == 0);
    o.model_fd = pair[0];
    CHECK_ERR(load_model(&o, rig_no_progress, NULL, &l), IO);
    close(pair[0]);
    close(pair[1]);
}

static err
load_adapted(int adapter_fd, struct loaded *ret)
{
    struct llama_options o = rig_options(-1, false);
    o.adapter_fd = adapter_fd;
    const err e = rig_load(&rig_chat_model, o, ret);
    close(adapter_fd);
    return e;
}

/* Of the first token after `A`. */
static float
logit_of(const struct loaded *l, llama_token t)
{
    llama_token prompt[] = {1, 3 + 'A'};
    CHECK_INT(llama_decode(l->ctx, llama_batch_get_one(prompt, 2)), ==, 0);
    return llama_get_logits_ith(l->ctx, -1)[t];
}

TEST(an_adapter_changes_what_the_model_thinks)
{
    struct loaded plain, adapted;
    NEED_OK(rig_load(&rig_chat_model, rig_options(-1, false), &plain));
    NEED_OK(load_adapted(rig_open_adapter("64"), &adapted));
    float most = 0;
    for (llama_token t = 0; t < 260; t += 13)
        most = fmaxf(most, fabsf(logit_of(&plain, t) - logit_of(&adapted, t)));
    CHECK(most > 0.05f);
    load_done(&plain);
    load_done(&adapted);
}

TEST(an_adapter_that_does_not_fit_or_is_none_is_refused)
{
    struct loaded l = {0};
    CHECK_ERR(load_adapted(rig_open_adapter("128"), &l), UNSUPPORTED);
    CHECK_ERR(load_adapted(rig_open(&rig_chat_model), &l), UNSUPPORTED);
    CHECK_ERR(load_adapted(open("/dev/null", O_RDONLY | O_CLOEXEC), &l), UNSUPPORTED);
    CHECK(!l.model);
}

TEST(every_failure_of_memory_is_reported_and_leaves_nothing)
{
    for (long n = 1;; n++) {
        struct loaded l = {0};
        AUTO(fd) f = rig_open(&rig_chat_model);
        struct llama_options o = rig_options(f, false);
        fault_arm(n);
        const err e = load_model(&o, rig_no_progress, NULL, &l);
        const bool fired = fault_fired();
        fault_arm(0);
        /* A template that cannot be had is no reason to stay away. */
        CHECK(e.code == ERR_LIMIT || (e.code == ERR_OK && (!fired || !l.template)));
        load_done(&l);
        if (!fired)
            break;
    }
}
