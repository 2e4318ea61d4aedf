/* SPDX-License-Identifier: EUPL-1.2 */
/* host.h - what the doctor looks at on this machine: kernel, memory, disk, clock, and the parts of
 * the data directory (layout in super/datadir.h).  Looking changes nothing. */
#pragma once
#include "base/arena.h"
#include "os/sandbox.h"

enum { HOST_ACCELERATORS_MAX = 16 };

struct host {
    struct sandbox_report sandbox;
    char kernel[80];
    uint32_t cores;
    uint64_t memory_bytes, memory_free_bytes, swap_bytes; /* 0: unknown, or none */
    uint64_t files_max;
    int64_t wall_ms;
    bool clock_known, clock_set; /* set: something keeps it */
    bool reads_pdf;              /* pdftohtml is there, where know/cell looks for it */
    char accelerators[HOST_ACCELERATORS_MAX][48];
    size_t accelerator_count;
};

void host_look(arena *a, struct host *ret);
/* The graphics and computing devices among those listed below `dir` (/sys/bus/pci/devices). */
void host_accelerators(arena *a, const char *dir, struct host *h);
/* 0 bytes in all: unknown. */
void host_disk(const char *dir, uint64_t *ret_free, uint64_t *ret_all);

/* Something of the data directory. */
struct part {
    const char *name; /* "" for the directory itself */
    bool there, is_dir, writable;
    uint32_t uid, mode;
    uint64_t len;
};

enum { HOST_PARTS = 10 };
/* Returns how many of HOST_PARTS were looked at: 1 when the directory is not there. */
size_t host_parts(arena *a, const char *dir, struct part ret[HOST_PARTS]);

/* "MemAvailable:   1234 kB" of /proc/meminfo's text, in bytes; 0 if there is no such line. */
uint64_t host_meminfo(str text, str name);
