/* SPDX-License-Identifier: EUPL-1.2 */
/* replay.c - a fuzz target without a fuzzer: runs over seeds and what lies next to them.
 *
 *     json_fuzz [FILE|DIRECTORY]...     default: tests/fuzz/corpus/json
 *
 * Of a small seed every beginning is tried too, and every byte replaced by a few others.  Prints
 * TAP, one line per argument; a property that does not hold ends the process. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

enum { SEED_MAX = 1 << 20, SMALL_MAX = 1024, PATH_ROOM = 1024 };

/* On the heap and exactly as long as the input, so that a sanitizer sees a step beyond. */
static void
run(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    ASSERT(copy != NULL);
    if (len)
        memcpy(copy, data, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void
run_neighbours(uint8_t *seed, size_t len)
{
    static const uint8_t others[] = {0x00, '"', '\\', 0x80, 0xC3, 0xFF, ' ', '1'};
    for (size_t i = 0; i < len; i++) {
        const uint8_t was = seed[i];
        run(seed, i);
        for (size_t k = 0; k < sizeof others; k++) {
            seed[i] = others[k];
            run(seed, len);
        }
        seed[i] = was;
    }
}

static bool
run_file(const char *path)
{
    static uint8_t seed[SEED_MAX];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t len = fd < 0 ? -1 : read(fd, seed, sizeof seed);
    if (fd >= 0)
        close(fd);
    if (len < 0)
        return false;
    run(seed, (size_t)len);
    if (len <= SMALL_MAX)
        run_neighbours(seed, (size_t)len);
    return true;
}

static int
run_directory(const char *path)
{
    int files = 0;
    DIR *d = opendir(path);
    for (const struct dirent *e; d && (e = readdir(d));) {
        char file[PATH_ROOM];
        const int n = snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        if (e->d_name[0] != '.' && n > 0 && n < PATH_ROOM)
            files += run_file(file);
    }
    if (d)
        closedir(d);
    return files;
}

static bool
report(int number, const char *path)
{
    struct stat st;
    const bool is_directory = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    const int files = is_directory ? run_directory(path) : run_file(path);
    printf("%s %d - %s: %d seeds hold\n", files ? "ok" : "not ok", number, path, files);
    return files > 0;
}

/* The corpus of build/.../json_fuzz is tests/fuzz/corpus/json. */
static void
default_path(const char *program, char room[PATH_ROOM])
{
    const char *slash = strrchr(program, '/');
    const char *name = slash ? slash + 1 : program;
    const char *end = strstr(name, "_fuzz");
    snprintf(room, PATH_ROOM, "tests/fuzz/corpus/%.*s", end ? (int)(end - name) : 0, name);
}

int
main(int argc, char **argv)
{
    char own[PATH_ROOM];
    int bad = 0;
    default_path(argv[0], own);
    if (argc < 2)
        bad += !report(1, own);
    for (int i = 1; i < argc; i++)
        bad += !report(i, argv[i]);
    printf("1..%d\n", argc < 2 ? 1 : argc - 1);
    return bad > 0;
}
