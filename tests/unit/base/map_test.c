/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "test.h"
#include "unit/base/panics.h"

enum { KEYS = 400, STEPS = 60000 };

static char names[KEYS][16];
static int values[KEYS];

static str
key_of(size_t i)
{
    if (!names[i][0])
        snprintf(names[i], sizeof names[i], "key %zu", i);
    return i == 0 ? STR_NONE : str_of(names[i]);
}

/* The appendix of the paper has the one for 15 bytes; the others are the reference's vectors. */
TEST(siphash_gives_the_papers_values)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } want[] = {{0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},  {2, 0x0d6c8009d9a94f5a},
                {3, 0x85676696d7fb7e2d}, {4, 0xcf2794e0277187b7},  {7, 0xab0200f58b01d137},
                {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}, {63, 0x958a324ceb064572}};
    uint8_t key[16], data[64];
    for (uint8_t i = 0; i < 64; i++)
        data[i] = i;
    memcpy(key, data, sizeof key);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        CHECK(siphash24(key, data, want[i].len) == want[i].hash);
}

TEST(another_key_gives_another_hash)
{
    uint8_t key[16] = {0};
    const uint64_t before = siphash24(key, "abc", 3);
    for (size_t i = 0; i < 16; i++) {
        key[i] ^= 1;
        CHECK(siphash24(key, "abc", 3) != before);
        key[i] ^= 1;
    }
}

static void
check_walk(const map *m, void *const model[KEYS])
{
    bool seen[KEYS] = {0};
    size_t walked = 0, at = 0;
    str key;
    void *value;
    while (map_next(m, &at, &key, &value)) {
        const size_t i = (size_t)((int *)value - values);
        CHECK(i < KEYS && !seen[i] && model[i] == value);
        CHECK_STR(key, key_of(i));
        seen[i] = true;
        walked++;
    }
    CHECK_INT(walked, ==, m->count);
}

static void
step(map *m, void *model[KEYS])
{
    const size_t i = test_random() % KEYS;
    switch (test_random() % 3) {
    case 0:
        CHECK_OK(map_put(m, key_of(i), &values[i]));
        model[i] = &values[i];
        break;
    case 1:
        CHECK(map_take(m, key_of(i)) == model[i]);
        model[i] = NULL;
        break;
    default:
        CHECK(map_get(m, key_of(i)) == model[i]);
    }
}

static size_t
count_of(void *const model[KEYS])
{
    size_t n = 0;
    for (size_t i = 0; i < KEYS; i++)
        n += model[i] != NULL;
    return n;
}

/* Under several process keys, so that runs wrap around the end in many ways. */
TEST(a_map_answers_as_a_plain_array_would)
{
    for (uint8_t k = 0; k < 4; k++) {
        map m = {0};
        void *model[KEYS] = {0};
        map_key((const uint8_t[16]){k, 1, 2, 3});
        for (int i = 0; i < STEPS; i++) {
            step(&m, model);
            if (i % 500 == 0) {
                CHECK_INT(m.count, ==, count_of(model));
                check_walk(&m, model);
            }
        }
        for (size_t i = 0; i < KEYS; i++)
            CHECK(map_get(&m, key_of(i)) == model[i]);
        map_done(&m);
    }
    map_key((const uint8_t *)"hoheit map tests");
}

TEST(small_maps_survive_every_order_of_taking_out)
{
    for (int round = 0; round < 2000; round++) {
        map m = {0};
        void *model[KEYS] = {0};
        for (int i = 0; i < 6; i++) {
            const size_t k = test_random() % KEYS;
            NEED_OK(map_put(&m, key_of(k), &values[k]));
            model[k] = &values[k];
        }
        for (size_t i = 0, k = test_random() % KEYS; i < KEYS; i++, k = (k + 151) % KEYS) {
            CHECK(map_take(&m, key_of(k)) == model[k]);
            model[k] = NULL;
            if (i % 40 == 0)
                check_walk(&m, model);
        }
        CHECK_INT(m.count, ==, 0);
        map_done(&m);
    }
}

TEST(a_key_that_is_there_gets_the_new_value)
{
    AUTO(map) m = {0};
    int a, b;
    CHECK_OK(map_put(&m, STR("k"), &a));
    CHECK_OK(map_put(&m, STR("k"), &b));
    CHECK_INT(m.count, ==, 1);
    CHECK(map_get(&m, STR("k")) == &b);
}

TEST(keys_are_bytes_and_not_words)
{
    AUTO(map) m = {0};
    int a, b, c;
    CHECK_OK(map_put(&m, STR("a\0b"), &a));
    CHECK_OK(map_put(&m, STR("a\0c"), &b));
    CHECK_OK(map_put(&m, STR(""), &c));
    CHECK(map_get(&m, STR("a\0b")) == &a && map_get(&m, STR("a\0c")) == &b);
    CHECK(map_get(&m, STR_NONE) == &c);
    CHECK(map_get(&m, STR("a")) == NULL && map_get(&m, STR("A\0b")) == NULL);
}

TEST(an_empty_map_has_nothing)
{
    map m = {0};
    size_t at = 0;
    str key = STR("untouched");
    void *value = &m;
    CHECK(map_get(&m, STR("k")) == NULL && map_take(&m, STR("k")) == NULL);
    CHECK(!map_next(&m, &at, &key, &value));
    CHECK(value == &m && str_eq(key, STR("untouched")));
    map_done(&m);
    map_done(&m);
}

TEST(a_quarter_of_the_slots_stays_free)
{
    AUTO(map) m = {0};
    for (size_t i = 0; i < KEYS; i++) {
        NEED_OK(map_put(&m, key_of(i), &values[i]));
        CHECK(m.count <= m.room / 4 * 3);
        CHECK((m.room & (m.room - 1)) == 0);
    }
}

static void
put_null(void)
{
    map m = {0};
    IGNORE(map_put(&m, STR("k"), NULL));
}

TEST(a_value_of_null_is_a_programmers_error)
{
    CHECK(panics(put_null));
}

/* Fills a map with the n-th allocation failing; false when there was none to fail. */
static bool
fill_with_fault(long n)
{
    AUTO(map) m = {0};
    size_t count = 0;
    fault_arm(n);
    while (count < 100 && !map_put(&m, key_of(count), &values[count]).code)
        count++;
    const bool fired = fault_fired();
    fault_arm(0);
    CHECK_INT(m.count, ==, count);
    for (size_t i = 0; i < KEYS; i++)
        CHECK(map_get(&m, key_of(i)) == (i < count ? &values[i] : NULL));
    CHECK_OK(map_put(&m, key_of(count), &values[count]));
    return fired;
}

TEST(without_memory_the_map_is_unchanged)
{
    long n = 1;
    while (n < 100 && fill_with_fault(n))
        n++;
    CHECK_INT(n, ==, 7);
}
