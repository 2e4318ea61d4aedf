/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/host.h"

#include <ctype.h>
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/num.h"
#include "os/clock.h"
#include "os/file.h"

enum { MEMINFO_MAX = 64 * 1024, SYSFS_MAX = 8192 };

/* ---- memory */

uint64_t
host_meminfo(str text, str name)
{
    str line;
    while (str_next(&text, '\n', &line)) {
        str value = line, found;
        uint64_t kib = 0;
        if (!str_next(&value, ':', &found) || !str_eq(found, name))
            continue;
        value = str_trim(value);
        if (str_ends(value, STR(" kB")))
            value = str_slice(value, 0, value.len - 3);
        return num_u64(value, 0, UINT64_MAX / 1024, &kib).code ? 0 : kib * 1024;
    }
    return 0;
}

static void
look_at_memory(arena *a, struct host *h)
{
    str text;
    if (file_read(a, "/proc/meminfo", MEMINFO_MAX, &text).code)
        return;
    h->memory_bytes = host_meminfo(text, STR("MemTotal"));
    h->memory_free_bytes = host_meminfo(text, STR("MemAvailable"));
    h->swap_bytes = host_meminfo(text, STR("SwapTotal"));
}

/* ---- accelerators */

/* A number of sysfs, as "0x10de\n". */
static uint64_t
read_hex(arena *a, const char *dir, const char *device, const char *name)
{
    str text;
    uint64_t value = 0;
    const char *path = arena_fmt(a, "%s/%s/%s", dir, device, name).at;
    if (file_read(a, path, SYSFS_MAX, &text).code)
        return 0;
    for (size_t i = 2; i < text.len && isxdigit((unsigned char)text.at[i]); i++) {
        const char c = text.at[i];
        value = value << 4 | (uint64_t)(isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    return value;
}

static const char *
maker_of(uint64_t vendor)
{
    return vendor == 0x10de   ? "NVIDIA"
           : vendor == 0x1002 ? "AMD"
           : vendor == 0x8086 ? "Intel"
                              : NULL;
}

/* Displays and processing accelerators, by the upper byte of the class. */
static void
look_at_device(arena *a, const char *dir, const char *name, struct host *h)
{
    enum { DISPLAY = 0x03, ACCELERATOR = 0x12 };
    const uint64_t kind = read_hex(a, dir, name, "class") >> 16;
    const char *maker = maker_of(read_hex(a, dir, name, "vendor"));
    if ((kind != DISPLAY && kind != ACCELERATOR) || !maker ||
        h->accelerator_count == HOST_ACCELERATORS_MAX)
        return;
    (void)snprintf(h->accelerators[h->accelerator_count++], sizeof *h->accelerators,
                   "%s %04x at %.16s", maker, (unsigned)read_hex(a, dir, name, "device"), name);
}

void
host_accelerators(arena *a, const char *dir, struct host *h)
{
    DIR *d = opendir(dir);
    const struct dirent *entry;
    h->accelerator_count = 0;
    while (d && (entry = readdir(d)))
        if (entry->d_name[0] != '.')
            look_at_device(a, dir, entry->d_name, h);
    if (d)
        closedir(d);
}

/* ---- the rest of the machine */

static bool
has_pdf_tool(void)
{
    return access("/usr/bin/pdftohtml", X_OK) == 0 || access("/usr/local/bin/pdftohtml", X_OK) == 0;
}

static void
look_at_clock(struct host *h)
{
    struct timex t = {.modes = 0};
    const int state = adjtimex(&t);
    h->wall_ms = clock_wall_ms();
    h->clock_known = state >= 0;
    h->clock_set = state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC);
}

static uint32_t
count_cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 0;
}

void
host_look(arena *a, struct host *ret)
{
    struct utsname u;
    struct rlimit files;
    struct host h = {.sandbox = sandbox_probe(), .cores = count_cores()};
    if (uname(&u) == 0)
        (void)snprintf(h.kernel, sizeof h.kernel, "%.15s %.60s", u.sysname, u.release);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        h.files_max = files.rlim_max;
    look_at_memory(a, &h);
    h.reads_pdf = has_pdf_tool();
    host_accelerators(a, "/sys/bus/pci/devices", &h);
    look_at_clock(&h);
    *ret = h;
}

void
host_disk(const char *dir, uint64_t *ret_free, uint64_t *ret_all)
{
    struct statvfs v;
    *ret_free = *ret_all = 0;
    if (statvfs(dir, &v) != 0)
        return;
    *ret_free = (uint64_t)v.f_bavail * v.f_frsize;
    *ret_all = (uint64_t)v.f_blocks * v.f_frsize;
}

/* ---- the data directory */

static struct part
look_at_part(arena *a, const char *dir, const char *name)
{
    struct stat st;
    struct part p = {.name = name};
    const char *const path = *name ? file_join(a, dir, name) : dir;
    if (stat(path, &st) != 0)
        return p;
    p.there = true;
    p.is_dir = S_ISDIR(st.st_mode);
    p.writable = access(path, W_OK) == 0;
    p.uid = st.st_uid;
    p.mode = st.st_mode & 07777;
    p.len = (uint64_t)st.st_size;
    return p;
}

size_t
host_parts(arena *a, const char *dir, struct part ret[HOST_PARTS])
{
    static const char *const names[] = {
        "",    "keys",    "keys/master.key", "models",      "audit",
        "run", "local.d", "override.d",      "policy.yaml", "hoheit.yaml"};
    _Static_assert(sizeof names / sizeof *names == HOST_PARTS, "one name per part");
    size_t n = 0;
    for (; n < HOST_PARTS && (n < 1 || ret[0].there); n++)
        ret[n] = look_at_part(a, dir, names[n]);
    return n;
}
