/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/engine_proc.h"

#include "base/fault.h"
#include "unit/super/rig.h"

static struct boot boot;

static struct control_start
start_of(enum control_engine engine)
{
    struct control_start s = {.engine = engine,
                              .context_tokens = 4096,
                              .sequences_max = 3,
                              .threads = 2,
                              .step_tokens_max = 128,
                              .queue_max = 77};
    if (engine == CONTROL_LLAMA)
        snprintf(s.file, sizeof s.file, "%s", RIG_MODEL);
    return s;
}

/* Starts it, hears what it was started with and waits for its end; its exit status. */
static int
run(const struct control_start *s, str *ret_said)
{
    static char said[LINE_MAX_BYTES];
    AUTO(fd) channel = -1;
    struct ipc_message m;
    pid_t pid = -1;
    int status = -1;
    *ret_said = STR_NONE;
    const err e = engine_proc_start(s, rig_path("bin"), &boot, &pid, &channel);
    if (e.code) {
        test_fail(__FILE__, __LINE__, "%s", err_trail());
        return -1;
    }
    if (!ipc_recv_wait(channel, -1, rig_room, &m).code) {
        CHECK_INT(m.head.id, ==, pid);
        snprintf(said, sizeof said, "%.*s", STR_FMT(m.tail));
        *ret_said = str_of(said);
        ipc_release(&m);
    }
    fd_auto(&channel);
    CHECK_INT(waitpid(pid, &status, 0), ==, pid);
    return status;
}

static bool
has(str said, const char *line)
{
    char room[128];
    snprintf(room, sizeof room, "%s\n", line);
    return str_find(said, str_of(room)) >= 0;
}

/* ---- starting */
TEST(the_toy_gets_its_options_and_no_model)
{
    struct control_start s = start_of(CONTROL_TOY);
    str said;
    rig_make_dirs(&boot);
    s.is_embedder = 1;
    CHECK_INT(run(&s, &said), ==, 0);
    CHECK(str_starts(said, STR("hoheit-engine-toy\n--embed\n--sequences\n3\n--queue\n77\n")));
    CHECK(str_find(said, STR("--sandbox\nstrict\n--token-ms\n0\n")) >= 0);
    CHECK(str_find(said, STR("--context")) < 0 && str_find(said, STR("model:")) < 0);
}

TEST(an_engine_gets_its_limits_and_its_model_open)
{
    const struct control_start s = start_of(CONTROL_LLAMA);
    str said;
    rig_make_dirs(&boot);
    CHECK_INT(run(&s, &said), ==, 0);
    CHECK(str_starts(said, STR("hoheit-engine\n--sequences\n3\n--queue\n77\n")));
    CHECK(str_find(said, STR("--context\n4096\n--threads\n2\n--step-tokens\n128\n--gap-ms\n")) >=
          0);
    CHECK(str_find(said, STR("--memory-max\n0\n")) >= 0);
    CHECK(str_find(said, STR("--embed")) < 0);
    CHECK(has(said, "model: weights"));
}

TEST(an_adapter_is_open_behind_its_base_and_has_a_digest_for_a_name_too)
{
    struct control_start s = start_of(CONTROL_LLAMA);
    pid_t pid = -1;
    int channel = -1;
    str said;
    rig_make_dirs(&boot);
    memcpy(s.adapter, s.file, sizeof s.adapter);
    CHECK_INT(run(&s, &said), ==, 0);
    CHECK(str_starts(said, STR("hoheit-engine\n--adapter\n--sequences\n")));
    memcpy(s.adapter, "../keys/master.key", 19);
    CHECK_ERR(engine_proc_start(&s, rig_path("bin"), &boot, &pid, &channel), CORRUPT);
    CHECK(pid == -1 && channel == -1);
}

TEST(its_environment_is_ours_alone)
{
    const struct control_start s = start_of(CONTROL_LLAMA);
    str said;
    rig_make_dirs(&boot);
    CHECK_INT(setenv("HOHEIT_TEST_SECRET", "leak", 1), ==, 0);
    CHECK_INT(run(&s, &said), ==, 0);
    CHECK(has(said, "OMP_WAIT_POLICY=passive"));
    CHECK(has(said, "GOMP_SPINCOUNT=20000"));
    CHECK(has(said, "LANG=C.UTF-8"));
    CHECK(str_find(said, STR("HOHEIT_TEST_SECRET")) < 0 && str_find(said, STR("PATH=")) < 0);
}

TEST(without_a_number_of_threads_it_gets_the_cores)
{
    struct control_start s = start_of(CONTROL_LLAMA);
    char want[64];
    str said;
    rig_make_dirs(&boot);
    s.threads = 0;
    CHECK_INT(run(&s, &said), ==, 0);
    snprintf(want, sizeof want, "--threads\n%ld", sysconf(_SC_NPROCESSORS_ONLN));
    CHECK(has(said, want));
}

TEST(the_largest_numbers_fit_the_command_line)
{
    const struct control_start s = {.engine = CONTROL_TOY,
                                    .is_embedder = UINT32_MAX,
                                    .sequences_max = UINT32_MAX,
                                    .queue_max = UINT32_MAX};
    str said;
    rig_make_dirs(&boot);
    CHECK_INT(run(&s, &said), ==, 0);
    CHECK(str_find(said, STR("--sequences\n4294967295\n")) >= 0);
}

/* ---- names */
TEST(only_a_digest_is_a_models_name)
{
    static const char *const names[] = {
        "",
        ".gguf",
        "../keys/master.key",
        "/etc/passwd",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.ggu",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.GGUF",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.gguf",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.gguf",
        "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.gguf",
        "../../../../../../../../../../../../../../../../../../../../aaaa.gguf",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.gguf",
        "gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.gguf",
    };
    rig_make_dirs(&boot);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct control_start s = start_of(CONTROL_LLAMA);
        pid_t pid = -1;
        int channel = -1;
        snprintf(s.file, sizeof s.file, "%s", names[i]);
        CHECK_ERR(engine_proc_start(&s, rig_path("bin"), &boot, &pid, &channel), CORRUPT);
        CHECK(pid == -1 && channel == -1);
    }
}

TEST(a_model_that_is_not_there_is_not_found)
{
    struct control_start s = start_of(CONTROL_LLAMA);
    pid_t pid = -1;
    int channel = -1;
    rig_make_dirs(&boot);
    s.file[0] = 'b';
    CHECK_ERR(engine_proc_start(&s, rig_path("bin"), &boot, &pid, &channel), NOT_FOUND);
    CHECK(pid == -1 && channel == -1);
}

TEST(a_link_in_the_models_place_is_not_followed)
{
    struct control_start s = start_of(CONTROL_LLAMA);
    char name[128];
    pid_t pid = -1;
    int channel = -1;
    rig_make_dirs(&boot);
    s.file[0] = 'c';
    snprintf(name, sizeof name, "models/%s", s.file);
    CHECK_INT(symlink("/etc/passwd", rig_path(name)), ==, 0);
    CHECK(engine_proc_start(&s, rig_path("bin"), &boot, &pid, &channel).code != ERR_OK);
    CHECK(pid == -1 && channel == -1);
}

TEST(a_program_that_is_not_there_is_not_found)
{
    const struct control_start s = start_of(CONTROL_TOY);
    pid_t pid = -1;
    int channel = -1;
    rig_make_dirs(&boot);
    CHECK_ERR(engine_proc_start(&s, test_dir(), &boot, &pid, &channel), NOT_FOUND);
    CHECK(pid == -1 && channel == -1);
}

/* ---- ends */
TEST(what_could_not_take_its_model_is_not_tried_again)
{
    static const int final[] = {2, 65, 77, 78}, other[] = {0, 1, 70, 73, 74, 75, 127, 255};
    for (size_t i = 0; i < sizeof final / sizeof *final; i++)
        CHECK(engine_proc_is_final(final[i]));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        CHECK(!engine_proc_is_final(other[i]));
}

TEST(an_exit_status_stands_for_the_error_a_child_may_end_with)
{
    static const struct {
        int status;
        enum err_code code;
    } cases[] = {{1, ERR_NOT_FOUND},   {2, ERR_UNSUPPORTED}, {65, ERR_CORRUPT},
                 {69, ERR_PORT_TAKEN}, {70, ERR_INTERNAL},   {73, ERR_DISK_FULL},
                 {74, ERR_IO},         {75, ERR_LIMIT},      {77, ERR_FORBIDDEN_FILE},
                 {78, ERR_CONFIG},     {0, ERR_INTERNAL},    {3, ERR_INTERNAL},
                 {-1, ERR_INTERNAL},   {255, ERR_INTERNAL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(engine_proc_error(cases[i].status), ==, cases[i].code);
}

TEST(the_error_of_a_status_has_that_status)
{
    for (int i = 1; i < 128; i++) {
        const err e = {(uint16_t)engine_proc_error(i)};
        CHECK(e.code == ERR_INTERNAL || err_info(e)->exit_status == i);
    }
}

/* ---- faults */
static int
open_fds(void)
{
    int n = 0;
    for (int f = 0; f < 256; f++)
        n += fcntl(f, F_GETFD) >= 0;
    return n;
}

TEST(whatever_fails_no_descriptor_stays_open)
{
    const struct control_start s = start_of(CONTROL_LLAMA);
    bool fired = true;
    rig_make_dirs(&boot);
    const int before = open_fds();
    for (long n = 1; fired; n++) {
        AUTO(fd) channel = -1;
        pid_t pid = -1;
        fault_arm(n);
        const err e = engine_proc_start(&s, rig_path("bin"), &boot, &pid, &channel);
        /* Faults in the child fire there: seen from here, the start failed. */
        fired = fault_fired() || e.code;
        fault_arm(0);
        CHECK((e.code != 0) == (channel == -1));
        fd_auto(&channel);
        if (!e.code)
            CHECK_INT(waitpid(pid, NULL, 0), ==, pid);
        CHECK_INT(open_fds(), ==, before);
    }
}
