/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/host.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"
#include "test.h"

TEST(a_line_of_meminfo_is_read_in_bytes)
{
    const str text = STR("MemTotal:       24689264 kB\nMemFree:        1 kB\nSwapTotal:  0 kB\n"
                         "Odd:  many\nHugePages_Total:       3\n");
    CHECK_INT(host_meminfo(text, STR("MemTotal")), ==, UINT64_C(24689264) * 1024);
    CHECK_INT(host_meminfo(text, STR("SwapTotal")), ==, 0);
    CHECK_INT(host_meminfo(text, STR("Mem")), ==, 0);
    CHECK_INT(host_meminfo(text, STR("Odd")), ==, 0);
    CHECK_INT(host_meminfo(STR("MemTotal: 99999999999999999999 kB\n"), STR("MemTotal")), ==, 0);
    CHECK_INT(host_meminfo(STR(""), STR("MemTotal")), ==, 0);
}

TEST(this_machine_is_seen)
{
    AUTO(arena) *a = NULL;
    struct host h;
    NEED_OK(arena_open(1 << 20, &a));
    host_look(a, &h);
    CHECK(strncmp(h.kernel, "Linux ", 6) == 0);
    CHECK(h.cores > 0 && h.memory_bytes > h.memory_free_bytes && h.files_max > 0);
    CHECK(h.wall_ms > 0);
}

TEST(a_disk_has_room_and_one_that_is_not_there_has_none)
{
    uint64_t left, all;
    host_disk(test_dir(), &left, &all);
    CHECK(all > 0 && left <= all);
    host_disk("/nonexistent", &left, &all);
    CHECK(all == 0 && left == 0);
}

TEST(parts_of_a_data_directory_are_looked_at_one_by_one)
{
    AUTO(arena) *a = NULL;
    struct part parts[HOST_PARTS];
    char dir[200], path[300];
    NEED_OK(arena_open(1 << 20, &a));
    snprintf(dir, sizeof dir, "%s/data", test_dir());
    CHECK_INT(host_parts(a, dir, parts), ==, 1);
    CHECK(!parts[0].there);
    mkdir(dir, 0700);
    snprintf(path, sizeof path, "%s/keys", dir);
    mkdir(path, 0755);
    chmod(path, 0755);
    CHECK_INT(host_parts(a, dir, parts), ==, HOST_PARTS);
    CHECK(parts[0].there && parts[0].is_dir && parts[0].mode == 0700 && parts[0].uid == geteuid());
    CHECK(parts[1].there && parts[1].mode == 0755);
    CHECK(!parts[2].there);
}

static void
put_device(const char *dir, const char *name, const char *class, const char *vendor)
{
    const char *const files[][2] = {{"class", class}, {"vendor", vendor}, {"device", "0x2330\n"}};
    char path[4300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK_INT(mkdir(path, 0700), ==, 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", dir, name, files[i][0]);
        CHECK_OK(file_write_atomic(path, str_of(files[i][1]), 0600));
    }
}

TEST(accelerators_are_told_from_other_devices_by_class_and_maker)
{
    char dir[4200];
    struct host h = {.accelerator_count = 7};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    snprintf(dir, sizeof dir, "%s/pci", test_dir());
    host_accelerators(a, dir, &h);
    CHECK_INT(h.accelerator_count, ==, 0);
    CHECK_INT(mkdir(dir, 0700), ==, 0);
    put_device(dir, "0000:1b:00.0", "0x030200\n", "0x10de\n");
    put_device(dir, "0000:00:1f.0", "0x060100\n", "0x8086\n"); /* a bridge */
    put_device(dir, "0000:00:02.0", "0x030000\n", "0x1234\n"); /* a picture of a display */
    put_device(dir, "0000:00:03.0", "nonsense", "0x10de\n");
    put_device(dir, "0000:00:04.0", "", "");
    host_accelerators(a, dir, &h);
    CHECK_INT(h.accelerator_count, ==, 1);
    CHECK_STR(str_of(h.accelerators[0]), STR("NVIDIA 2330 at 0000:1b:00.0"));
    for (char n[] = "0001:00:00.a"; n[11] <= 'z'; n[11]++)
        put_device(dir, n, "0x120000\n", "0x1002\n");
    host_accelerators(a, dir, &h);
    CHECK_INT(h.accelerator_count, ==, HOST_ACCELERATORS_MAX);
}
