/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/seal.h"

#include "base/fault.h"
#include "test.h"

enum { ROOM = 1 << 20 };

static void
fill_key(secret *k, uint8_t first)
{
    CHECK_OK(secret_get(k, SEAL_KEY_LEN));
    for (size_t i = 0; i < k->len; i++)
        k->at[i] = (uint8_t)(first + i);
}

static void
sealed(const secret *k, const char *about, str text, buf *b)
{
    buf_clear(b);
    CHECK_OK(seal_close(k, str_of(about), text, b));
    CHECK_INT(b->len, ==, text.len + SEAL_OVERHEAD);
}

TEST(what_was_sealed_opens_with_the_same_key_and_place)
{
    AUTO(secret) k = {0};
    AUTO(buf) s = BUF(ROOM);
    char text[300];
    fill_key(&k, 1);
    for (size_t len = 0; len < sizeof text; len += 1 + len / 7) {
        AUTO(buf) back = BUF(ROOM);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)test_random();
        sealed(&k, "place", (str){text, len}, &s);
        CHECK_OK(seal_open(&k, STR("place"), buf_str(&s), &back));
        CHECK_STR(buf_str(&back), ((str){text, len}));
    }
}

TEST(what_opens_is_added_to_what_is_there)
{
    AUTO(secret) k = {0};
    AUTO(buf) s = BUF(ROOM), back = BUF(ROOM);
    fill_key(&k, 1);
    sealed(&k, "", STR("zwei"), &s);
    buf_add(&back, STR("eins "));
    CHECK_OK(seal_open(&k, STR_NONE, buf_str(&s), &back));
    CHECK_STR(buf_str(&back), STR("eins zwei"));
}

TEST(the_same_text_never_seals_to_the_same_bytes)
{
    AUTO(secret) k = {0};
    AUTO(buf) a = BUF(ROOM), b = BUF(ROOM);
    fill_key(&k, 1);
    sealed(&k, "x", STR("gleich"), &a);
    sealed(&k, "x", STR("gleich"), &b);
    CHECK(!str_eq(buf_str(&a), buf_str(&b)));
    CHECK(str_find(buf_str(&a), STR("gleich")) < 0);
}

TEST(a_text_that_was_changed_anywhere_does_not_open)
{
    AUTO(secret) k = {0};
    AUTO(buf) s = BUF(ROOM), back = BUF(ROOM);
    fill_key(&k, 1);
    sealed(&k, "place", STR("geheim"), &s);
    for (size_t i = 0; i < s.len; i++) {
        s.at[i] = (char)(s.at[i] ^ 1);
        CHECK_ERR(seal_open(&k, STR("place"), buf_str(&s), &back), CORRUPT);
        CHECK_INT(back.len, ==, 0);
        s.at[i] = (char)(s.at[i] ^ 1);
    }
}

TEST(a_text_that_was_cut_does_not_open)
{
    AUTO(secret) k = {0};
    AUTO(buf) s = BUF(ROOM), back = BUF(ROOM);
    fill_key(&k, 1);
    sealed(&k, "place", STR("geheim"), &s);
    for (size_t len = 0; len < s.len; len++)
        CHECK_ERR(seal_open(&k, STR("place"), str_slice(buf_str(&s), 0, len), &back), CORRUPT);
    CHECK_INT(back.len, ==, 0);
}

TEST(a_text_does_not_open_in_another_place_nor_with_another_key)
{
    AUTO(secret) k = {0}, other = {0};
    AUTO(buf) s = BUF(ROOM), back = BUF(ROOM);
    fill_key(&k, 1);
    fill_key(&other, 2);
    sealed(&k, "place 1", STR("geheim"), &s);
    CHECK_ERR(seal_open(&k, STR("place 2"), buf_str(&s), &back), CORRUPT);
    CHECK_ERR(seal_open(&k, STR_NONE, buf_str(&s), &back), CORRUPT);
    CHECK_ERR(seal_open(&other, STR("place 1"), buf_str(&s), &back), CORRUPT);
}

TEST(each_failure_on_the_way_leaves_nothing_behind)
{
    AUTO(secret) k = {0};
    fill_key(&k, 1);
    for (long n = 1;; n++) {
        AUTO(buf) s = BUF(ROOM), back = BUF(ROOM);
        fault_arm(n);
        err e = seal_close(&k, STR("x"), STR("text"), &s);
        if (!e.code)
            e = seal_open(&k, STR("x"), buf_str(&s), &back);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired)
            break;
        CHECK(e.code);
        CHECK(back.len == 0 || back.failed);
        CHECK_INT(n, <, 20);
    }
}

TEST(what_has_no_room_is_refused)
{
    AUTO(secret) k = {0};
    AUTO(buf) s = BUF(SEAL_OVERHEAD + 3);
    fill_key(&k, 1);
    CHECK_ERR(seal_close(&k, STR("x"), STR("text"), &s), LIMIT);
}
