/* SPDX-License-Identifier: EUPL-1.2 */
/* powercap.h - the energy that processors and memory have used, as the kernel counts it (RAPL).
 *
 * Below /sys/class/powercap each zone intel-rapl:I or intel-rapl:I:K has a name, a counter
 * (energy_uj, microjoules) and the value behind which the counter begins anew
 * (max_energy_range_uj).  Taken are the packages and the memory beside them: "core" and "uncore"
 * are parts of a package, "psys" holds the packages once more.  Source: Linux,
 * Documentation/power/powercap/powercap.rst.
 *
 * Counters are readable for root alone unless the operator says otherwise.  All zones are read, or
 * none: half of a machine would pass for the whole.  They are opened once, before the process is
 * confined; a counter may begin anew at most once between two readings (a minute or more). */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "os/file.h"

enum { POWERCAP_ZONES_MAX = 32, POWERCAP_PATH_MAX = 512 };

struct powercap {
    size_t count; /* 0: not measured */
    struct powercap_zone {
        fd counter;
        uint64_t range_uj, last_uj;
    } zones[POWERCAP_ZONES_MAX];
    uint64_t total_uj;   /* since it was opened */
    const char *missing; /* why it is not measured; "" when it is */
};

#define POWERCAP_DIR "/sys/class/powercap"

/* Cannot fail: what is not there or may not be read is not measured, and `missing` says why.  `dir`
 * is POWERCAP_DIR but in tests. */
void powercap_open(const char *dir, struct powercap *ret);
/* p->total_uj, brought up to date; IO when a zone cannot be read any more: then nothing is
 * measured from there on. */
fallible powercap_read(struct powercap *p, uint64_t *ret_uj);
void powercap_close(struct powercap *p);
