/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/network.h"

#include <stdio.h>

#include "test.h"

static bool
allows(const char *list, const char *peer)
{
    AUTO(arena) *a = NULL;
    const struct network *n;
    size_t count;
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(networks_read(str_of(list), a, &n, &count));
    return networks_allow(n, count, str_of(peer));
}

TEST(a_peer_is_in_the_block_that_covers_it_and_in_no_other)
{
    static const struct {
        const char *list, *peer;
        bool want;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1:80", true},
        {"10.0.0.0/8", "11.0.0.1:80", false},
        {"10.0.0.0/8", "9.255.255.255:80", false},
        {"10.1.2.3", "10.1.2.3:1", true},
        {"10.1.2.3", "10.1.2.4:1", false},
        {"10.1.2.2/31", "10.1.2.3:1", true},
        {"0.0.0.0/0", "192.168.0.1:5", true},
        {"0.0.0.0/0", "[2001:db8::1]:5", false},
        {"::/0", "[2001:db8::1]:5", true},
        {"::/0", "192.168.0.1:5", true},
        {"fd00::/8", "[fd12::1]:5", true},
        {"fd00::/8", "[fe80::1]:5", false},
        {"2001:db8::1", "[2001:db8::1]:5", true},
        {"10.0.0.0/8", "[::ffff:10.0.0.1]:5", true},
        {"::ffff:10.0.0.0/104", "10.0.0.1:5", true},
        {"192.168.0.0/16, 10.0.0.0/8", "10.0.0.1:5", true},
        {"192.168.0.0/16,10.0.0.0/8", "172.16.0.1:5", false},
        {"127.0.0.0/8", "unix:1000", true},
        {"10.0.0.0/8", "unix:1000", false},
        {"", "anything", true},
        {"0.0.0.0/0", "anything", false},
        {"0.0.0.0/0", "", false},
        {"::/0", "[::1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (allows(cases[i].list, cases[i].peer) != cases[i].want)
            test_fail(__FILE__, __LINE__, "%s in %s", cases[i].peer, cases[i].list);
}

TEST(what_is_no_network_is_refused_with_its_text)
{
    static const char *const bad[] = {
        "x",          "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",     "10.0.0.0/8x",
        "10.1.0.0/8", "::1/64", "::/129",      "10.0.0.0 /8", "256.0.0.1",     "10.0.0.0/8/8",
        " ",          "[::1]",  "fd00::%eth0", "1.2.3.4:80",  "010.000.0.0.0", "10.0.0.1/31"};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct network n;
        if (network_read(str_of(bad[i]), &n).code != ERR_ARGUMENT)
            test_fail(__FILE__, __LINE__, "%s is taken", bad[i]);
        CHECK_STR(str_of(err_param()), STR("networks"));
    }
    const struct network *list = NULL;
    size_t count = 7;
    CHECK_ERR(networks_read(STR("10.0.0.0/8,x"), a, &list, &count), ARGUMENT);
    CHECK(!list && count == 7);
}

TEST(a_list_has_a_bound)
{
    char text[8 * (NETWORKS_MAX + 1)] = "";
    AUTO(arena) *a = NULL;
    const struct network *list;
    size_t count;
    NEED_OK(arena_open(1 << 20, &a));
    for (int i = 0; i < NETWORKS_MAX; i++)
        memcpy(text + i * 8, "1.1.1.1,", 8);
    CHECK_OK(networks_read((str){text, NETWORKS_MAX * 8 - 1}, a, &list, &count));
    CHECK_INT(count, ==, NETWORKS_MAX);
    memcpy(text + NETWORKS_MAX * 8, "1.1.1.1", 7);
    CHECK_ERR(networks_read((str){text, NETWORKS_MAX * 8 + 7}, a, &list, &count), ARGUMENT);
}

/* Every length: the last bit inside counts, the first outside does not. */
TEST(each_length_splits_where_it_says)
{
    for (unsigned bits = 1; bits <= 32; bits++) {
        char text[32], in[32], out[32];
        const uint32_t base = 0xffffffffu << (32 - bits), flip = base ^ (1u << (32 - bits)),
                       last = base | (bits < 32 ? ~(0xffffffffu << (32 - bits)) : 0);
        snprintf(text, sizeof text, "%u.%u.%u.%u/%u", base >> 24, base >> 16 & 255, base >> 8 & 255,
                 base & 255, bits);
        snprintf(in, sizeof in, "%u.%u.%u.%u:9", last >> 24, last >> 16 & 255, last >> 8 & 255,
                 last & 255);
        snprintf(out, sizeof out, "%u.%u.%u.%u:9", flip >> 24, flip >> 16 & 255, flip >> 8 & 255,
                 flip & 255);
        CHECK(allows(text, in) && !allows(text, out));
    }
}
