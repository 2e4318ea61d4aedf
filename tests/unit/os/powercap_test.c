/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/powercap.h"

#include <stdlib.h>

#include "base/fault.h"
#include "unit/os/powercap_tree.h"

static struct powercap p;

static const char *
fresh(void)
{
    static char dir[600];
    static unsigned number;
    snprintf(dir, sizeof dir, "%s/cap%u", test_dir(), number++);
    return dir;
}

static uint64_t
total(void)
{
    uint64_t uj = UINT64_MAX;
    CHECK_OK(powercap_read(&p, &uj));
    return uj;
}

TEST(packages_and_memory_are_added_up_and_their_parts_are_not)
{
    const char *dir = fresh();
    tree_zone(dir, "intel-rapl:0", "package-0", 1000000);
    tree_zone(dir, "intel-rapl:0:0", "core", 1000000);
    tree_zone(dir, "intel-rapl:0:1", "uncore", 1000000);
    tree_zone(dir, "intel-rapl:0:2", "dram", 1000000);
    tree_zone(dir, "intel-rapl:1", "package-1", 1000000);
    tree_zone(dir, "intel-rapl:2", "psys", 1000000);
    tree_zone(dir, "intel-rapl-mmio:0", "package-0", 1000000);
    powercap_open(dir, &p);
    CHECK_INT(p.count, ==, 3);
    CHECK_STR(str_of(p.missing), STR(""));
    CHECK_INT(total(), ==, 0);
    tree_count(dir, "intel-rapl:0", 100);
    tree_count(dir, "intel-rapl:0:0", 10000);
    tree_count(dir, "intel-rapl:0:2", 20);
    tree_count(dir, "intel-rapl:1", 3);
    tree_count(dir, "intel-rapl:2", 10000);
    CHECK_INT(total(), ==, 123);
    CHECK_INT(total(), ==, 123);
    powercap_close(&p);
}

TEST(what_was_used_before_does_not_count)
{
    const char *dir = fresh();
    tree_zone(dir, "intel-rapl:0", "package-0", 262143328850);
    tree_count(dir, "intel-rapl:0", 262143000000);
    powercap_open(dir, &p);
    CHECK_INT(total(), ==, 0);
    tree_count(dir, "intel-rapl:0", 262143000001);
    CHECK_INT(total(), ==, 1);
    powercap_close(&p);
}

TEST(a_counter_that_begins_anew_loses_nothing)
{
    const char *dir = fresh();
    tree_zone(dir, "intel-rapl:0", "package-0", 999);
    tree_count(dir, "intel-rapl:0", 990);
    powercap_open(dir, &p);
    tree_count(dir, "intel-rapl:0", 999);
    CHECK_INT(total(), ==, 9);
    tree_count(dir, "intel-rapl:0", 0);
    CHECK_INT(total(), ==, 10);
    tree_count(dir, "intel-rapl:0", 998);
    CHECK_INT(total(), ==, 1008);
    tree_count(dir, "intel-rapl:0", 5);
    CHECK_INT(total(), ==, 1015);
    powercap_close(&p);
}

TEST(where_there_is_nothing_it_is_not_measured_and_says_so)
{
    const char *dir = fresh();
    powercap_open(dir, &p);
    CHECK_INT(p.count, ==, 0);
    CHECK_STR(str_of(p.missing), STR("the kernel has no counters of energy (RAPL)"));
    tree_zone(dir, "intel-rapl:0", "psys", 999);
    powercap_open(dir, &p);
    CHECK_INT(p.count, ==, 0);
    powercap_close(&p);
}

TEST(half_a_machine_is_not_taken_for_the_whole)
{
    const char *dir = fresh();
    char path[700];
    tree_zone(dir, "intel-rapl:0", "package-0", 999);
    tree_zone(dir, "intel-rapl:1", "package-1", 999);
    snprintf(path, sizeof path, "%s/intel-rapl:1/energy_uj", dir);
    CHECK_OK(file_remove(path));
    powercap_open(dir, &p);
    CHECK_INT(p.count, ==, 0);
    CHECK_STR(str_of(p.missing), STR("the kernel's counters cannot be read by this user"));
    tree_put(dir, "intel-rapl:1", "energy_uj", "many\n");
    powercap_open(dir, &p);
    CHECK_INT(p.count, ==, 0);
    tree_count(dir, "intel-rapl:1", 1000); /* above its range */
    powercap_open(dir, &p);
    CHECK_INT(p.count, ==, 0);
}

TEST(a_counter_that_turns_bad_ends_the_measuring)
{
    static const char *const bad[] = {"", "-1\n", "12 joules\n", "1000\n",
                                      "99999999999999999999999999999999999999\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *dir = fresh();
        uint64_t uj = 7;
        tree_zone(dir, "intel-rapl:0", "package-0", 999);
        powercap_open(dir, &p);
        tree_put(dir, "intel-rapl:0", "energy_uj", bad[i]);
        CHECK_ERR(powercap_read(&p, &uj), IO);
        CHECK(uj == 7 && p.count == 0 && strstr(p.missing, "no longer"));
        powercap_close(&p); /* a second time is fine */
    }
}

TEST(it_opens_whole_or_not_at_all)
{
    const char *dir = fresh();
    bool fired = true;
    tree_zone(dir, "intel-rapl:0", "package-0", 999);
    tree_zone(dir, "intel-rapl:0:0", "dram", 999);
    for (long n = 1; fired; n++) {
        fault_arm(n);
        powercap_open(dir, &p);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(p.count, ==, fired ? 0 : 2);
        powercap_close(&p);
    }
}
