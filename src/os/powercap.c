/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/powercap.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/num.h"

enum { PACKAGES_MAX = 16, PARTS_MAX = 8, NUMBER_BYTES = 32 };

static fallible
read_text(int f, char room[NUMBER_BYTES], str *ret)
{
    size_t len = 0;
    TRY(file_read_at(f, 0, room, NUMBER_BYTES, &len));
    while (len && room[len - 1] == '\n')
        len--;
    *ret = (str){room, len};
    return OK;
}

static fallible
open_in(const char *zone, const char *name, fd *ret)
{
    char path[POWERCAP_PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", zone, name) >= (int)sizeof path)
        FAIL(LIMIT, "the path of a zone is too long");
    return file_open(path, O_RDONLY, 0, ret);
}

static fallible
read_number(int f, uint64_t *ret)
{
    char room[NUMBER_BYTES];
    str text;
    TRY(read_text(f, room, &text));
    return num_u64(text, 0, UINT64_MAX - 1, ret);
}

/* Is there such a zone, and does it count what no other does? */
static fallible
look_at(const char *zone, bool *ret_wanted)
{
    AUTO(fd) f = -1;
    char room[NUMBER_BYTES];
    str name;
    const err e = open_in(zone, "name", &f);
    *ret_wanted = false;
    if (e.code == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    TRY(read_text(f, room, &name));
    *ret_wanted = str_starts(name, STR("package")) || str_eq(name, STR("dram"));
    return OK;
}

static fallible
open_zone(const char *zone, struct powercap_zone *ret)
{
    AUTO(fd) counter = -1;
    AUTO(fd) range = -1;
    TRY(open_in(zone, "energy_uj", &counter));
    TRY(open_in(zone, "max_energy_range_uj", &range));
    TRY(read_number(range, &ret->range_uj));
    TRY(read_number(counter, &ret->last_uj));
    if (ret->last_uj > ret->range_uj)
        FAIL(CORRUPT, "a counter of energy is above its range");
    ret->counter = fd_take(&counter);
    return OK;
}

static fallible
add_zone(struct powercap *p, const char *zone)
{
    bool is_wanted;
    TRY(look_at(zone, &is_wanted));
    if (!is_wanted)
        return OK;
    if (p->count == POWERCAP_ZONES_MAX)
        FAIL(LIMIT, "more than %d zones of energy", POWERCAP_ZONES_MAX);
    TRY(open_zone(zone, &p->zones[p->count]));
    p->count++;
    return OK;
}

static fallible
add_all(const char *dir, struct powercap *p)
{
    char zone[POWERCAP_PATH_MAX - 32];
    for (int i = 0; i < PACKAGES_MAX; i++) {
        snprintf(zone, sizeof zone, "%s/intel-rapl:%d", dir, i);
        if (access(zone, F_OK) != 0)
            continue; /* and so has no parts, which would be asked for in vain at every start */
        TRY(add_zone(p, zone));
        for (int k = 0; k < PARTS_MAX; k++) {
            snprintf(zone, sizeof zone, "%s/intel-rapl:%d:%d", dir, i, k);
            TRY(add_zone(p, zone));
        }
    }
    return OK;
}

void
powercap_open(const char *dir, struct powercap *ret)
{
    *ret = (struct powercap){.missing = ""};
    ASSERT(strlen(dir) < POWERCAP_PATH_MAX / 2);
    const err e = add_all(dir, ret);
    if (e.code)
        powercap_close(ret);
    if (e.code)
        ret->missing = "the kernel's counters cannot be read by this user";
    else if (!ret->count)
        ret->missing = "the kernel has no counters of energy (RAPL)";
}

void
powercap_close(struct powercap *p)
{
    for (size_t i = 0; i < p->count; i++)
        fd_auto(&p->zones[i].counter);
    p->count = 0;
}

/* It counts to its range and begins anew with 0. */
static uint64_t
grown(const struct powercap_zone *z, uint64_t now_uj)
{
    return now_uj >= z->last_uj ? now_uj - z->last_uj : z->range_uj - z->last_uj + now_uj + 1;
}

static fallible
read_zone(struct powercap_zone *z, uint64_t *ret_grown)
{
    uint64_t now_uj = 0;
    TRY(read_number(z->counter, &now_uj));
    if (now_uj > z->range_uj)
        FAIL(CORRUPT, "a counter of energy is above its range");
    *ret_grown = grown(z, now_uj);
    z->last_uj = now_uj;
    return OK;
}

fallible
powercap_read(struct powercap *p, uint64_t *ret_uj)
{
    for (size_t i = 0; i < p->count; i++) {
        uint64_t more = 0;
        const err e = read_zone(&p->zones[i], &more);
        if (e.code) {
            powercap_close(p);
            p->missing = "the kernel's counters could be read no longer";
            FAIL(IO, "a counter of energy cannot be read");
        }
        p->total_uj += more;
    }
    *ret_uj = p->total_uj;
    return OK;
}
