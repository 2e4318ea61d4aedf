/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/text.h"

#include "base/fault.h"
#include "base/utf8.h"
#include "test.h"

enum { ROOM = 4096 };

/* ---- a second, slow implementation of the contract, over all bytes at once */

struct plain {
    char at[ROOM];
    size_t len;
};

static void
plain_add(struct plain *p, str s)
{
    memcpy(p->at + p->len, s.at, s.len);
    p->len += s.len;
}

/* The table of RFC 3629, section 4, read as: how many bytes of `s` begin a character, and is it
 * whole? */
static size_t
start_of_character(str s, bool *ret_whole)
{
    const uint8_t *p = (const uint8_t *)s.at;
    uint8_t low = 0x80, high = 0xBF;
    size_t want;
    *ret_whole = false;
    if (p[0] < 0x80)
        want = 1;
    else if (p[0] >= 0xC2 && p[0] <= 0xDF)
        want = 2;
    else if (p[0] >= 0xE0 && p[0] <= 0xEF)
        want = 3;
    else if (p[0] >= 0xF0 && p[0] <= 0xF4)
        want = 4;
    else
        return 0;
    low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : low;
    high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : high;
    for (size_t i = 1; i < want; i++, low = 0x80, high = 0xBF)
        if (i == s.len || p[i] < low || p[i] > high)
            return i;
    *ret_whole = true;
    return want;
}

static void
plain_repair(str bytes, struct plain *ret)
{
    ret->len = 0;
    while (bytes.len) {
        bool is_whole;
        const size_t len = start_of_character(bytes, &is_whole);
        plain_add(ret, is_whole ? str_slice(bytes, 0, len) : STR("\xEF\xBF\xBD"));
        bytes = str_slice(bytes, len ? len : 1, bytes.len);
    }
}

/* Cuts at the match that ends first; of several, at the longest. */
static bool
plain_stop(struct plain *p, const str *stops, size_t count)
{
    for (size_t end = 1; end <= p->len; end++) {
        size_t longest = 0;
        for (size_t i = 0; i < count; i++)
            if (stops[i].len <= end && stops[i].len > longest &&
                memcmp(p->at + end - stops[i].len, stops[i].at, stops[i].len) == 0)
                longest = stops[i].len;
        if (longest) {
            p->len = end - longest;
            return true;
        }
    }
    return false;
}

/* ---- generated cases: few letters, so that everything overlaps */

static size_t
random_bytes(char *room, size_t len_max)
{
    static const char *const pieces[] = {"a",        "b",
                                         "ab",       "c",
                                         "ü",        "€",
                                         "😀",        "\xC3",
                                         "\xBC",     "\xE2\x82",
                                         "\xF0\x9F", "\xED\xA0\x80",
                                         "\xFF",     "\xEF\xBF\xBD",
                                         "\xF4\x90", "aaab"};
    const size_t want = test_random() % len_max;
    size_t len = 0;
    while (len < want) {
        const char *p = pieces[test_random() % (sizeof pieces / sizeof *pieces)];
        memcpy(room + len, p, strlen(p));
        len += strlen(p);
    }
    return len;
}

/* Up to four stop strings of valid characters. */
static size_t
random_stops(char rooms[4][64], str stops[4])
{
    size_t count = 0;
    for (size_t i = test_random() % 5; i > 0; i--) {
        char raw[64];
        struct plain p;
        plain_repair((str){raw, random_bytes(raw, 8)}, &p);
        if (!p.len)
            continue;
        memcpy(rooms[count], p.at, p.len);
        stops[count] = (str){rooms[count], p.len};
        count++;
    }
    return count;
}

static size_t
longest_of(const str *stops, size_t count)
{
    size_t longest = 0;
    for (size_t i = 0; i < count; i++)
        longest = stops[i].len > longest ? stops[i].len : longest;
    return longest;
}

/* Feeds `bytes` in pieces of at most `piece_max`; true when it stopped. */
static bool
feed(str bytes, const str *stops, size_t count, size_t piece_max, buf *out)
{
    struct text_out t;
    text_init(&t, stops, count);
    while (bytes.len) {
        const size_t len = test_random() % (piece_max + 1);
        CHECK_OK(text_add(&t, str_slice(bytes, 0, len), out));
        CHECK(utf8_valid(buf_str(out)));
        CHECK(t.held.len < longest_of(stops, count) || t.held.len == 0);
        bytes = str_slice(bytes, len, bytes.len);
    }
    CHECK_OK(text_end(&t, out));
    const bool stopped = t.stopped;
    if (stopped) /* which one is told by what comes before and it, together, being in the bytes */
        CHECK(t.stop < count);
    text_done(&t);
    return stopped;
}

TEST(the_output_is_the_same_for_every_split)
{
    for (int round = 0; round < 4000; round++) {
        char room[512], rooms[4][64];
        str stops[4];
        struct plain want;
        const str bytes = {room, random_bytes(room, 60)};
        const size_t count = random_stops(rooms, stops);
        plain_repair(bytes, &want);
        const bool stops_there = plain_stop(&want, stops, count);
        for (size_t piece_max = 1; piece_max < 70; piece_max = piece_max * 3 + 1) {
            AUTO(buf) out = BUF(ROOM);
            CHECK(feed(bytes, stops, count, piece_max, &out) == stops_there);
            CHECK_STR(buf_str(&out), ((str){want.at, want.len}));
            for (size_t i = 0; i < count; i++)
                CHECK(str_find(buf_str(&out), stops[i]) < 0);
        }
    }
}

TEST(every_split_in_two_of_a_text_gives_the_text)
{
    const str text = STR("Für 5 € gibt’s 😀.");
    for (size_t at = 0; at <= text.len; at++) {
        AUTO(buf) out = BUF(ROOM);
        struct text_out t;
        text_init(&t, NULL, 0);
        CHECK_OK(text_add(&t, str_slice(text, 0, at), &out));
        CHECK_INT(out.len, ==, utf8_whole_len((str){text.at, at}));
        CHECK_OK(text_add(&t, str_slice(text, at, text.len), &out));
        CHECK_STR(buf_str(&out), text);
        CHECK_OK(text_end(&t, &out));
        CHECK_STR(buf_str(&out), text);
        text_done(&t);
    }
}

/* ---- named cases */

struct row {
    str bytes, stops[3], want;
    bool stopped;
};

static void
check_rows(const struct row *rows, size_t row_count)
{
    for (size_t r = 0; r < row_count; r++) {
        size_t count = 0;
        while (count < 3 && rows[r].stops[count].len)
            count++;
        for (size_t piece_max = 1; piece_max < 20; piece_max += 4) {
            AUTO(buf) out = BUF(ROOM);
            CHECK(feed(rows[r].bytes, rows[r].stops, count, piece_max, &out) == rows[r].stopped);
            CHECK_STR(buf_str(&out), rows[r].want);
        }
    }
}
#define CHECK_ROWS(...)                                                                            \
    do {                                                                                           \
        const struct row rows_[] = {__VA_ARGS__};                                                  \
        check_rows(rows_, sizeof rows_ / sizeof *rows_);                                           \
    } while (0)

TEST(the_match_that_ends_first_counts_and_of_those_the_one_that_began_first)
{
    CHECK_ROWS({STR("xabcd"), {STR("abc"), STR("ab")}, STR("x"), true},
               {STR("xabcd"), {STR("abcd"), STR("bc")}, STR("xa"), true},
               {STR("xabd"), {STR("b"), STR("ab")}, STR("x"), true},
               {STR("aab"), {STR("ab")}, STR("a"), true},
               {STR("abab!"), {STR("aba!"), STR("ba")}, STR("a"), true});
}

TEST(what_only_looks_like_a_stop_string_comes_out)
{
    CHECK_ROWS({STR("abab"), {STR("abac")}, STR("abab"), false},
               {STR("aaaaab"), {STR("aaac")}, STR("aaaaab"), false},
               {STR("END"), {STR("ENDE")}, STR("END"), false},
               {STR(""), {STR("x")}, STR(""), false});
}

TEST(a_stop_string_may_lie_within_and_around_many_byte_characters)
{
    CHECK_ROWS({STR("Straße"), {STR("ß")}, STR("Stra"), true},
               {STR("1€2"), {STR("€2")}, STR("1"), true}, {STR("ä"), {STR("ö")}, STR("ä"), false},
               {STR("x\xFFy"), {STR("\xEF\xBF\xBD")}, STR("x"), true},
               {STR("x\xC3"), {STR("\xEF\xBF\xBD")}, STR("x"), true});
}

TEST(bytes_that_are_no_character_are_replaced_by_maximal_parts)
{
    CHECK_ROWS({STR("\xE2\x82"), {STR_NONE}, STR("\xEF\xBF\xBD"), false},
               {STR("\xE2\x82x"), {STR_NONE}, STR("\xEF\xBF\xBDx"), false},
               {STR("\xF0\x9F\x98"), {STR_NONE}, STR("\xEF\xBF\xBD"), false},
               {STR("\xC3\xC3\xBC"), {STR_NONE}, STR("\xEF\xBF\xBDü"), false},
               {STR("\x80\x80"), {STR_NONE}, STR("\xEF\xBF\xBD\xEF\xBF\xBD"), false},
               {STR("\xC0\xAF"), {STR_NONE}, STR("\xEF\xBF\xBD\xEF\xBF\xBD"), false});
}

TEST(after_a_stop_nothing_comes_any_more)
{
    const str stops[] = {STR("x")};
    AUTO(buf) out = BUF(ROOM);
    struct text_out t;
    text_init(&t, stops, 1);
    CHECK_OK(text_add(&t, STR("axb"), &out));
    CHECK(t.stopped);
    CHECK_OK(text_add(&t, STR("c"), &out));
    CHECK_OK(text_end(&t, &out));
    CHECK_STR(buf_str(&out), STR("a"));
    text_done(&t);
}

TEST(memory_that_is_out_is_told)
{
    const str stops[] = {STR("zzz")};
    bool fired = true;
    for (long n = 1; fired; n++) {
        AUTO(buf) out = BUF(ROOM);
        struct text_out t;
        text_init(&t, stops, 1);
        fault_arm(n);
        err e = text_add(&t, STR("Ein Satz."), &out);
        if (!e.code)
            e = text_end(&t, &out);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
        text_done(&t);
    }
}
