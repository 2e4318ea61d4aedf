/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/host.h"

#include "rig.h"

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
