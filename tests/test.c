/* SPDX-License-Identifier: EUPL-1.2 */
#include "test.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const struct test *const __start_tests[];
extern const struct test *const __stop_tests[];

static bool failed, skipped;
static char skip_text[256], dir[4096];
static uint64_t seed, state;

void
test_fail(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("# %s:%d: ", file, line);
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
    failed = true;
}

void
test_skip(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(skip_text, sizeof skip_text, fmt, ap);
    va_end(ap);
    skipped = true;
}

/* splitmix64: any seed is good, the whole state is one word. */
uint64_t
test_random(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

const char *
test_dir(void)
{
    if (!dir[0]) {
        const char *base = secure_getenv("TMPDIR");
        snprintf(dir, sizeof dir, "%s/hoheit-test-XXXXXX", base ? base : "/tmp");
        if (!mkdtemp(dir))
            test_fail(__FILE__, __LINE__, "cannot make %s", dir);
    }
    return dir;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

/* gcc -O2 reverses the section, so order is by file and line. */
static int
by_line(const void *a, const void *b)
{
    const struct test *x = *(const struct test *const *)a, *y = *(const struct test *const *)b;
    const int c = strcmp(x->file, y->file);
    return c ? c : x->line - y->line;
}

static void
run(const struct test *t, int number)
{
    failed = skipped = false;
    state = seed;
    t->run();
    printf("%s %d - %s%s%s\n", failed ? "not ok" : "ok", number, t->name, skipped ? " # SKIP " : "",
           skipped ? skip_text : "");
    if (failed && seed != 1)
        printf("# TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    const size_t n = (size_t)(__stop_tests - __start_tests);
    const struct test **all = calloc(n + 1, sizeof *all);
    const char *s = secure_getenv("TEST_SEED");
    int ran = 0, bad = 0;
    seed = s ? strtoull(s, NULL, 0) : 1;
    if (!all)
        return 2;
    memcpy(all, __start_tests, n * sizeof *all);
    qsort(all, n, sizeof *all, by_line);
    for (size_t i = 0; i < n; i++)
        if (argc < 2 || strstr(all[i]->name, argv[1])) {
            run(all[i], ++ran);
            bad += failed;
        }
    printf("1..%d\n", ran);
    if (dir[0])
        nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(all);
    return bad || !ran;
}
