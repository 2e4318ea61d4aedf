/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/engine_proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "os/file.h"
#include "os/ipc.h"
#include "os/proc.h"

enum { PATH_BYTES = 2048, ARGS_MAX = 24, NUMBER_BYTES = 24 };

/* ---- the command line */
struct command {
    const char *argv[ARGS_MAX];
    char numbers[ARGS_MAX][NUMBER_BYTES];
    size_t count;
};

static void
add_word(struct command *c, const char *word)
{
    ASSERT(c->count + 1 < ARGS_MAX);
    c->argv[c->count++] = word;
}

static void
add_number(struct command *c, const char *option, uint64_t value)
{
    char *room = c->numbers[c->count];
    snprintf(room, NUMBER_BYTES, "%llu", (unsigned long long)value);
    add_word(c, option);
    add_word(c, room);
}

static uint32_t
threads_of(const struct control_start *s)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return s->threads ? s->threads : (uint32_t)(cores > 0 ? cores : 1);
}

static void
fill_command(struct command *c, const struct control_start *s, const struct boot *boot)
{
    const bool toy = s->engine == CONTROL_TOY;
    add_word(c, toy ? "hoheit-engine-toy" : "hoheit-engine");
    if (s->is_embedder)
        add_word(c, "--embed");
    if (s->adapter[0])
        add_word(c, s->is_projector ? "--projector" : "--adapter");
    add_number(c, "--sequences", s->sequences_max);
    add_number(c, "--queue", s->queue_max);
    add_word(c, "--sandbox");
    add_word(c, boot->params.os_sandbox);
    if (toy) {
        add_number(c, "--token-ms", s->token_ms);
        return;
    }
    add_number(c, "--context", s->context_tokens);
    add_number(c, "--threads", threads_of(s));
    add_number(c, "--step-tokens", s->step_tokens_max);
    add_number(c, "--gap-ms", boot->params.engine_gap_ms_max);
    add_number(c, "--guess", boot->params.engine_guess_tokens_max);
    add_number(c, "--memory-max", s->memory_bytes_max);
}

/* ---- the model */
/* "<64 hexadecimal digits>.gguf" and nothing else: no way out of models/. */
static bool
is_model_file(str name)
{
    if (name.len != 69 || !str_ends(name, STR(".gguf")))
        return false;
    for (size_t i = 0; i < 64; i++) {
        const char c = name.at[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

static fallible
open_model(const char *file, const struct boot *boot, fd *ret)
{
    char path[PATH_BYTES];
    if (!is_model_file(str_of(file)))
        FAIL(CORRUPT, "a model file has no digest for a name");
    snprintf(path, sizeof path, "%s/models/%s", boot->data_dir, file);
    return file_open(path, O_RDONLY | O_NOFOLLOW, 0, ret);
}

static fallible
open_files(const struct control_start *s, const struct boot *boot, fd *ret_model, fd *ret_adapter)
{
    if (s->engine == CONTROL_TOY)
        return OK;
    TRY(open_model(s->file, boot, ret_model));
    return s->adapter[0] ? open_model(s->adapter, boot, ret_adapter) : OK;
}

/* ---- the process */
static fallible
spawn(const struct command *c, const char *bin_dir, const int fds[3], pid_t *ret)
{
    char path[PATH_BYTES], threads[64];
    snprintf(path, sizeof path, "%s/%s", bin_dir, c->argv[0]);
    snprintf(threads, sizeof threads, "OMP_NUM_THREADS=%ld", sysconf(_SC_NPROCESSORS_ONLN));
    const char *const env[] = {"LANG=C.UTF-8", "OMP_WAIT_POLICY=passive", "GOMP_SPINCOUNT=20000",
                               threads, NULL};
    const struct proc_spec p = {.path = path,
                                .argv = c->argv,
                                .env = env,
                                .fds = {fds[0], fds[1], fds[2]},
                                .fd_count = fds[1] < 0   ? 1
                                            : fds[2] < 0 ? 2
                                                         : 3,
                                .new_network = true};
    return proc_start(&p, ret);
}

fallible
engine_proc_start(const struct control_start *start, const char *bin_dir, const struct boot *boot,
                  pid_t *ret_pid, int *ret_channel)
{
    struct command c = {.count = 0};
    int pair[2];
    AUTO(fd) model = -1;
    AUTO(fd) adapter = -1;
    AUTO(fd) ours = -1;
    AUTO(fd) theirs = -1;
    TRY(open_files(start, boot, &model, &adapter));
    TRY(ipc_pair(pair));
    ours = pair[0];
    theirs = pair[1];
    fill_command(&c, start, boot);
    TRY(spawn(&c, bin_dir, (const int[]){theirs, model, adapter}, ret_pid));
    *ret_channel = fd_take(&ours);
    return OK;
}

bool
engine_proc_is_final(int exit_status)
{
    static const enum err_code final[] = {ERR_CORRUPT, ERR_PARSE, ERR_CONFIG, ERR_FORBIDDEN_FILE,
                                          ERR_UNSUPPORTED};
    for (size_t i = 0; i < sizeof final / sizeof *final; i++)
        if (err_info((err){(uint16_t) final[i]})->exit_status == exit_status)
            return true;
    return false;
}

/* Several errors share a status; these are the ones a process may end with. */
enum err_code
engine_proc_error(int exit_status)
{
    static const enum err_code known[] = {ERR_CORRUPT,   ERR_UNSUPPORTED, ERR_CONFIG,
                                          ERR_IO,        ERR_LIMIT,       ERR_FORBIDDEN_FILE,
                                          ERR_DISK_FULL, ERR_PORT_TAKEN,  ERR_NOT_FOUND};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (err_info((err){(uint16_t)known[i]})->exit_status == exit_status)
            return known[i];
    return ERR_INTERNAL;
}
