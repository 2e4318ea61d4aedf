/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/doctor.h"

#include "rig.h"

/* ---- judges, over machines that do not exist */

#define FINDINGS(f)                                                                                \
    AUTO(arena) *arena_##f = NULL;                                                                 \
    NEED_OK(arena_open(8 << 20, &arena_##f));                                                      \
    struct findings f = {.a = arena_##f}

/* Is there a finding of that health with these words, and something to do unless all is well? */
static bool
found(const struct findings *f, enum health health, const char *what)
{
    for (size_t i = 0; i < f->list.count; i++) {
        const struct finding *one = &f->list.at[i];
        if (one->health == health && strstr(one->what, what))
            return (health == HEALTH_OK) == !*one->todo;
    }
    return false;
}

#define CHECK_FOUND(f, health, what)                                                               \
    do {                                                                                           \
        if (!found(&f, HEALTH_##health, what))                                                     \
            test_fail(__FILE__, __LINE__, "no finding " #health ": %s", what);                     \
    } while (0)

static const struct host sound = {
    .sandbox = {.no_new_privs = true,
                .seccomp = true,
                .landlock = true,
                .core_dumps_off = true,
                .landlock_abi = 4},
    .kernel = "Linux 6.1.0",
    .cores = 4,
    .memory_bytes = UINT64_C(16) << 30,
    .memory_free_bytes = UINT64_C(8) << 30,
    .files_max = 65536,
    .wall_ms = INT64_C(1800000000000),
    .clock_known = true,
    .clock_set = true,
    .reads_pdf = true,
};

TEST(a_sound_machine_is_ok)
{
    FINDINGS(f);
    doctor_host(&f, &sound);
    CHECK_OK(f.e);
    CHECK(f.weak == 0 && f.wrong == 0 && f.list.count >= 5);
    CHECK_FOUND(f, OK, "Landlock ABI 4");
    CHECK_FOUND(f, OK, "no accelerator");
}

TEST(accelerators_are_listed)
{
    FINDINGS(f);
    struct host h = sound;
    snprintf(h.accelerators[0], sizeof h.accelerators[0], "NVIDIA 2330 at 0000:1b:00.0");
    h.accelerator_count = 1;
    doctor_host(&f, &h);
    CHECK_FOUND(f, OK, "accelerator: NVIDIA 2330 at 0000:1b:00.0; engines built with");
}

TEST(each_weakness_of_a_machine_is_found)
{
    FINDINGS(f);
    struct host h = sound;
    h.sandbox.landlock = h.sandbox.core_dumps_off = h.clock_set = h.reads_pdf = false;
    h.swap_bytes = 1 << 30;
    h.memory_free_bytes = 100 << 20;
    doctor_host(&f, &h);
    CHECK_FOUND(f, WEAK, "files cannot be confined");
    CHECK_FOUND(f, WEAK, "core dumps");
    CHECK_FOUND(f, WEAK, "1.00 GiB of swap");
    CHECK_FOUND(f, WEAK, "only 100 MiB of memory");
    CHECK_FOUND(f, WEAK, "keeps the clock");
    CHECK_FOUND(f, WEAK, "PDF documents cannot be read");
    CHECK_INT(f.weak, ==, 6);
    CHECK_INT(f.wrong, ==, 0);
}

TEST(what_makes_a_machine_unfit_is_wrong)
{
    FINDINGS(f);
    struct host h = sound;
    h.sandbox.seccomp = false;
    h.wall_ms = INT64_C(1000000000000);
    doctor_host(&f, &h);
    CHECK_FOUND(f, WRONG, "system calls cannot be filtered");
    CHECK_FOUND(f, WRONG, "years behind");
    CHECK_INT(f.wrong, ==, 2);
}

TEST(parts_are_judged_by_presence_mode_and_owner)
{
    FINDINGS(f);
    const struct part good[] = {
        {.name = "", .there = true, .writable = true, .uid = 7, .mode = 0700},
        {.name = "keys/master.key",
         .there = true,
         .writable = true,
         .uid = 7,
         .mode = 0600,
         .len = 32}};
    doctor_parts(&f, "/d", good, 2, 7);
    CHECK_FOUND(f, OK, "/d is whole");
    CHECK(f.weak + f.wrong == 0);
    const struct part bad[] = {
        {.name = "", .there = true, .writable = true, .uid = 0, .mode = 0755},
        {.name = "keys", .there = false},
        {.name = "audit", .there = true, .writable = false, .uid = 7, .mode = 0500},
        {.name = "keys/master.key", .there = true, .writable = true, .mode = 0600, .len = 5}};
    doctor_parts(&f, "/d", bad, 4, 7);
    CHECK_FOUND(f, WRONG, "/d is open to others (mode 755)");
    CHECK_FOUND(f, WRONG, "/d/keys is missing");
    CHECK_FOUND(f, WRONG, "/d/audit cannot be written");
    CHECK_FOUND(f, WRONG, "/d/keys/master.key is damaged");
    CHECK_FOUND(f, WEAK, "runs as root");
    CHECK_INT(f.wrong, ==, 4);
}

TEST(the_disk_is_weak_before_it_is_wrong)
{
    FINDINGS(f);
    const uint64_t gib = 1 << 30;
    doctor_disk(&f, "/d", 50 * gib, 100 * gib);
    CHECK_FOUND(f, OK, "50.0 GiB are free");
    doctor_disk(&f, "/d", gib, 100 * gib);
    CHECK_FOUND(f, WEAK, "only 1.00 GiB");
    doctor_disk(&f, "/d", 30 * gib, 1000 * gib);
    CHECK_FOUND(f, WEAK, "only 30.0 GiB");
    doctor_disk(&f, "/d", gib / 8, 100 * gib);
    CHECK_FOUND(f, WRONG, "only 128 MiB");
    doctor_disk(&f, "/d", 0, 0);
    CHECK_FOUND(f, WEAK, "not known");
}

TEST(an_address_beyond_this_machine_wants_tls)
{
    static const struct {
        const char *listen, *cert;
        bool is_wrong;
    } cases[] = {{"127.0.0.1:7080", "", false},   {"[::1]:7080", "", false},
                 {"0.0.0.0:443", "", true},       {"10.0.0.1:0", "", true},
                 {"[::]:443", "", true},          {"127.0.0.1:0", "", false},
                 {"0.0.0.0:443", "/c.pem", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FINDINGS(f);
        struct params p;
        params_default(&p);
        snprintf(p.net_listen, sizeof p.net_listen, "%s", cases[i].listen);
        snprintf(p.net_tls_cert, sizeof p.net_tls_cert, "%s", cases[i].cert);
        doctor_params(&f, &p, &sound);
        if ((f.wrong > 0) != cases[i].is_wrong)
            test_fail(__FILE__, __LINE__, "%s with %s", cases[i].listen, cases[i].cert);
    }
}

TEST(settings_that_do_not_fit_the_machine_are_weak)
{
    FINDINGS(f);
    struct params p;
    struct host h = sound;
    params_default(&p);
    doctor_params(&f, &p, &h);
    CHECK_INT(f.weak, ==, 0);
    h.files_max = 1024;
    p.engine_threads = 64;
    snprintf(p.os_sandbox, sizeof p.os_sandbox, "open");
    snprintf(p.net_tls_cert, sizeof p.net_tls_cert, "/nonexistent/cert");
    snprintf(p.net_tls_key, sizeof p.net_tls_key, "/nonexistent/key");
    doctor_params(&f, &p, &h);
    CHECK_FOUND(f, WEAK, "os.sandbox is open");
    CHECK_FOUND(f, WEAK, "engine.threads is 64, but there are 4 cores");
    CHECK_FOUND(f, WEAK, "1024 files may be open");
    CHECK_FOUND(f, WRONG, "/nonexistent/key cannot be read");
}

TEST(what_the_daemon_says_of_itself_is_judged)
{
    static struct cli c;
    FINDINGS(f);
    jval status, models, keys;
    c.a = f.a;
    NEED_OK(json_read(f.a,
                      STR("{\"engines\":[{\"model\":\"a\",\"state\":\"ready\",\"restarts\":0},"
                          "{\"model\":\"b\",\"state\":\"failed\"},"
                          "{\"model\":\"c\",\"state\":\"ready\",\"restarts\":3}]}"),
                      &status));
    doctor_status(&c, &f, &status);
    CHECK_FOUND(f, OK, "engine of a: ready");
    CHECK_FOUND(f, WRONG, "the engine of b fails");
    CHECK_FOUND(f, WEAK, "c was restarted 3 times");
    NEED_OK(json_read(f.a, STR("{\"energy\":{\"measured\":true}}"), &status));
    doctor_status(&c, &f, &status);
    CHECK_FOUND(f, OK, "energy is measured");
    NEED_OK(json_read(
        f.a, STR("{\"energy\":{\"measured\":false,\"missing\":\"there is no RAPL\"}}"), &status));
    doctor_status(&c, &f, &status);
    CHECK_FOUND(f, OK, "energy is not measured: there is no RAPL");
    NEED_OK(json_read(
        f.a, STR("{\"energy\":{\"measured\":false,\"missing\":\"cannot be read by this user\"}}"),
        &status));
    doctor_status(&c, &f, &status);
    CHECK_FOUND(f, WEAK, "energy is not measured: cannot be read");
    NEED_OK(json_read(f.a, STR("{\"models\":[{\"name\":\"x\",\"licence\":\"\"}]}"), &models));
    doctor_models(&c, &f, &models);
    CHECK_FOUND(f, WEAK, "licence of model x");
    NEED_OK(json_read(f.a, STR("{\"models\":[]}"), &models));
    doctor_models(&c, &f, &models);
    CHECK_FOUND(f, WEAK, "there is no model");
    NEED_OK(json_read(f.a,
                      STR("[{\"state\":\"valid\",\"expires\":null},{\"state\":\"revoked\"},"
                          "{\"state\":\"valid\",\"expires\":\"2030\"}]"),
                      &keys));
    doctor_keys(&c, &f, &keys);
    CHECK_FOUND(f, WEAK, "one key never expires");
}

TEST(providers_are_judged_by_what_is_heard_of_them)
{
    static struct cli c;
    FINDINGS(f);
    jval status;
    c.a = f.a;
    NEED_OK(json_read(f.a,
                      STR("{\"providers\":["
                          "{\"name\":\"a\",\"sink\":\"offen\",\"state\":\"used\",\"failures\":0},"
                          "{\"name\":\"b\",\"state\":\"used\",\"failures\":2},"
                          "{\"name\":\"c\",\"state\":\"left alone\",\"failures\":5},"
                          "{\"name\":\"d\",\"state\":\"unknown\"}]}"),
                      &status));
    doctor_providers(&c, &f, &status);
    CHECK_INT(f.list.count, ==, 4);
    CHECK_FOUND(f, OK, "provider a: may hold offen");
    CHECK_FOUND(f, WEAK, "the last 2 calls to the provider b failed");
    CHECK_FOUND(f, WEAK, "c failed 5 times in a row and is left alone");
    CHECK_FOUND(f, WEAK, "nothing is heard of the provider d");
    NEED_OK(json_read(f.a, STR("{\"providers\":7}"), &status));
    doctor_providers(&c, &f, &status);
    CHECK_INT(f.list.count, ==, 4);
}

TEST(witnesses_are_judged_by_what_they_signed)
{
    static struct cli c;
    FINDINGS(f);
    jval status;
    c.a = f.a;
    NEED_OK(json_read(f.a,
                      STR("{\"witnesses\":{\"wanted\":3,\"good\":1,\"alarm\":true,\"list\":["
                          "{\"name\":\"a\",\"state\":\"good\",\"signed_entries\":12},"
                          "{\"name\":\"b\",\"state\":\"failing\",\"lag_entries\":7,"
                          "\"lag_ms\":9000,\"why\":\"it was not reached\"},"
                          "{\"name\":\"d\",\"state\":\"new\"}]}}"),
                      &status));
    doctor_witnesses(&c, &f, &status);
    CHECK_INT(f.list.count, ==, 5);
    CHECK_FOUND(f, OK, "witness a signed 12 entries");
    CHECK_FOUND(f, WEAK, "b is 7 entries behind for 9 s: it was not reached");
    CHECK_FOUND(f, WEAK, "the witness d was not asked yet");
    CHECK_FOUND(f, WRONG, "an alarm about witnesses stands");
    CHECK_FOUND(f, WEAK, "1 of the 3 wanted witnesses sign the log");
}

TEST(without_witnesses_or_sense_the_doctor_says_nothing_of_them)
{
    static struct cli c;
    FINDINGS(f);
    const char *const texts[] = {"{}", "{\"witnesses\":7}", "{\"witnesses\":{\"list\":[]}}",
                                 "{\"witnesses\":{\"wanted\":2,\"list\":{}}}"};
    c.a = f.a;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        jval status;
        NEED_OK(json_read(f.a, str_of(texts[i]), &status));
        doctor_witnesses(&c, &f, &status);
    }
    CHECK_INT(f.list.count, ==, 0);
}

/* ---- the command */

static void
make_parts(const struct fake *f)
{
    static const char *const dirs[] = {"keys", "models", "audit", "local.d", "override.d"};
    static const char *const files[] = {"keys/master.key", "policy.yaml", "hoheit.yaml"};
    char path[300];
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, dirs[i]);
        mkdir(path, 0700);
    }
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, files[i]);
        FILE *p = fopen(path, "w");
        NEED(p);
        fputs(i == 0   ? "0123456789abcdef0123456789abcdef"
              : i == 2 ? "net.listen: 127.0.0.1:1\n"
                       : "",
              p);
        if (i == 1) {
            FILE *shipped = fopen("etc/policy.yaml", "r");
            for (int ch; shipped && (ch = fgetc(shipped)) != EOF;)
                fputc(ch, p);
            if (shipped)
                fclose(shipped);
        }
        fclose(p);
        chmod(path, 0600);
    }
}

TEST(an_installation_is_looked_at_from_all_sides)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    make_parts(&f);
    fake_says(&f, "GET /admin/v1/status", 200, "{\"engines\":[]}");
    fake_says(&f, "GET /admin/v1/models", 200,
              "{\"models\":[{\"name\":\"x\",\"licence\":\"MIT\"}]}");
    fake_says(&f, "GET /admin/v1/keys", 200, "[]");
    fake_says(&f, "GET /ready", 200, "{\"status\":\"ready\"}");
    RUN(&r, &f, "doctor");
    CHECK_OUT(&r, "ok     kernel Linux ");
    CHECK_OUT(&r, " is whole and closed to others\n");
    CHECK_OUT(&r, "ok     the policy can be read\n");
    CHECK_OUT(&r, "ok     hoheitd answers at unix:");
    CHECK_OUT(&r, "ok     ready to answer\n");
    CHECK_OUT(&r, "weak   hoheitd does not answer on 127.0.0.1:1, where net.listen says — ");
    RUN(&r, &f, "doctor", "-q");
    CHECK_NOT_IN(r.out, "ok     ");
    fake_end(&f);
}

TEST(what_is_wrong_is_the_status)
{
    FRESH(r);
    static struct fake f;
    char path[300];
    NEED(fake_start(&f));
    make_parts(&f);
    fake_end(&f);
    snprintf(path, sizeof path, "%s/hoheit.yaml", f.dir);
    FILE *y = fopen(path, "w");
    NEED(y);
    fputs("net.lisen: x\n", y);
    fclose(y);
    RUN(&r, &f, "doctor");
    CHECK_STATUS(&r, 1);
    CHECK_STR(str_of(r.err), STR(""));
    CHECK_OUT(&r, "wrong  hoheitd is not running on ");
    CHECK_OUT(&r, "net.lisen");
    RUN(&r, NULL, "doctor", "--json");
    CHECK_STATUS(&r, 1);
    CHECK_OUT(
        &r, "{\"health\":\"wrong\",\"what\":\"/nonexistent/hoheit is missing\",\"todo\":\"`hoheit "
            "init /nonexistent/hoheit`\"}");
    RUN(&r, NULL, "doctor", "--url", "http://127.0.0.1:1");
    CHECK_STATUS(&r, 1);
    CHECK_OUT(&r, "wrong  nothing answers at http://127.0.0.1:1");
    CHECK_NOT_IN(r.out, "kernel");
}
