/* SPDX-License-Identifier: EUPL-1.2 */
/* test.h - the whole test framework.
 *
 * TEST(name) { ... } registers itself through a linker section, so no list is kept by hand.
 * The name is a sentence: a_word_is_read_back().  CHECK counts and goes on, NEED returns from
 * the test, SKIP says what is missing.  Output is TAP; an argument runs only the tests whose
 * name contains it.  A program fails when a test failed or none ran. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct test {
    void (*run)(void);
    const char *name, *file;
    int line;
};

#define TEST(fn)                                                                                   \
    static void fn(void);                                                                          \
    static const struct test test_##fn = {fn, #fn, __FILE__, __LINE__};                            \
    static const struct test *const test_at_##fn __attribute__((used, section("tests"))) =         \
        &test_##fn;                                                                                \
    static void fn(void)

void
test_fail(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void test_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A fixed seed per program unless TEST_SEED is set; printed when a test fails. */
uint64_t test_random(void);
/* A fresh directory below TMPDIR, removed at the end of the program. */
const char *test_dir(void);

#define CHECK(x)                                                                                   \
    do {                                                                                           \
        if (!(x))                                                                                  \
            test_fail(__FILE__, __LINE__, "%s", #x);                                               \
    } while (0)
#define NEED(x)                                                                                    \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            test_fail(__FILE__, __LINE__, "%s", #x);                                               \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define SKIP(...)                                                                                  \
    do {                                                                                           \
        test_skip(__VA_ARGS__);                                                                    \
        return;                                                                                    \
    } while (0)
#define CHECK_INT(a, op, b)                                                                        \
    do {                                                                                           \
        const long long a_ = (long long)(a), b_ = (long long)(b);                                  \
        if (!(a_ op b_))                                                                           \
            test_fail(__FILE__, __LINE__, "%s %s %s: %lld, %lld", #a, #op, #b, a_, b_);            \
    } while (0)
#define CHECK_STR(a, b)                                                                            \
    do {                                                                                           \
        const str a_ = (a), b_ = (b);                                                              \
        if (!str_eq(a_, b_))                                                                       \
            test_fail(__FILE__, __LINE__, "%s: got \"%.*s\", want \"%.*s\"", #a, STR_FMT(a_),      \
                      STR_FMT(b_));                                                                \
    } while (0)
/* The call succeeds; else the trail is shown. */
#define CHECK_OK(x)                                                                                \
    do {                                                                                           \
        if ((x).code)                                                                              \
            test_fail(__FILE__, __LINE__, "%s: %s", #x, err_trail());                              \
    } while (0)
#define NEED_OK(x)                                                                                 \
    do {                                                                                           \
        if ((x).code) {                                                                            \
            test_fail(__FILE__, __LINE__, "%s: %s", #x, err_trail());                              \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define CHECK_ERR(x, want) CHECK_INT((x).code, ==, ERR_##want)
