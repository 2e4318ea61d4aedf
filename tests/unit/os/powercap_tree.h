/* SPDX-License-Identifier: EUPL-1.2 */
/* powercap_tree.h - a /sys/class/powercap of the test's own. */
#pragma once
#include <stdio.h>
#include <sys/stat.h>

#include "os/powercap.h"
#include "test.h"

/* In place, as sysfs changes: who has the file open sees it. */
static inline void
tree_put(const char *dir, const char *zone, const char *name, const char *text)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", dir, zone);
    CHECK(file_make_dir(path, 0700).code == ERR_OK);
    snprintf(path, sizeof path, "%s/%s/%s", dir, zone, name);
    FILE *f = fopen(path, "w");
    CHECK(f != NULL);
    if (!f)
        return;
    CHECK(fputs(text, f) >= 0);
    CHECK_INT(fclose(f), ==, 0);
}

static inline void
tree_count(const char *dir, const char *zone, uint64_t uj)
{
    char text[32];
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)uj);
    tree_put(dir, zone, "energy_uj", text);
}

static inline void
tree_zone(const char *dir, const char *zone, const char *name, uint64_t range_uj)
{
    char text[64];
    snprintf(text, sizeof text, "%s\n", name);
    tree_put(dir, zone, "name", text);
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)range_uj);
    tree_put(dir, zone, "max_energy_range_uj", text);
    tree_count(dir, zone, 0);
}
