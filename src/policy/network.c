/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/network.h"

#include <arpa/inet.h>

#include "base/num.h"

enum { V4_AT = 12, V4_BITS = 96 };

static bool
read_address(str text, uint8_t bytes[16], bool *ret_is_v4)
{
    static const uint8_t mapped[V4_AT] = {[10] = 0xff, [11] = 0xff};
    char room[INET6_ADDRSTRLEN + 1];
    if (!str_copy(text, room, sizeof room))
        return false;
    *ret_is_v4 = inet_pton(AF_INET, room, bytes + V4_AT) == 1;
    if (*ret_is_v4)
        memcpy(bytes, mapped, sizeof mapped);
    return *ret_is_v4 || inet_pton(AF_INET6, room, bytes) == 1;
}

static bool
bit_at(const uint8_t bytes[16], size_t i)
{
    return bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool
ends_in_zeros(const struct network *n)
{
    for (size_t i = n->bits; i < 128; i++)
        if (bit_at(n->bytes, i))
            return false;
    return true;
}

fallible
network_read(str text, struct network *ret)
{
    struct network n = {.bits = 0};
    str rest = text, address;
    uint64_t bits = 128;
    bool is_v4 = false;
    const str shown = str_slice(text, 0, 64);
    if (!str_next(&rest, '/', &address) || !read_address(address, n.bytes, &is_v4))
        REFUSE(ARGUMENT, "networks", "\"%.*s\" is no network: write 10.0.0.0/8 or fd00::/8",
               STR_FMT(shown));
    if (address.len < text.len && num_u64(rest, 0, is_v4 ? 32 : 128, &bits).code)
        REFUSE(ARGUMENT, "networks", "the length of \"%.*s\" is not one of 0 to %d", STR_FMT(shown),
               is_v4 ? 32 : 128);
    n.bits = (uint8_t)(is_v4 && address.len < text.len ? bits + V4_BITS : bits);
    if (!ends_in_zeros(&n))
        REFUSE(ARGUMENT, "networks", "\"%.*s\" has bits beyond its length: is the length meant?",
               STR_FMT(shown));
    *ret = n;
    return OK;
}

fallible
networks_read(str list, arena *a, const struct network **ret, size_t *ret_count)
{
    size_t count = 0, at = 0;
    str rest = list, one;
    void *room;
    while (rest.len && str_next(&rest, ',', &one))
        count++;
    if (count > NETWORKS_MAX)
        REFUSE(ARGUMENT, "networks", "at most %d networks", NETWORKS_MAX);
    TRY(try_arena_get(a, count ? count : 1, sizeof(struct network), &room));
    struct network *all = room;
    rest = list;
    while (rest.len && str_next(&rest, ',', &one))
        TRY(network_read(str_trim(one), &all[at++]));
    *ret = all;
    *ret_count = count;
    return OK;
}

/* ---- peers */
static str
host_of(str peer)
{
    if (str_starts(peer, STR("unix:")))
        return STR("127.0.0.1");
    if (str_starts(peer, STR("["))) {
        const ptrdiff_t end = str_find_char(peer, ']');
        return end < 0 ? STR_NONE : str_slice(peer, 1, (size_t)end);
    }
    const ptrdiff_t colon = str_find_char(peer, ':');
    return colon < 0 ? peer : str_slice(peer, 0, (size_t)colon);
}

static bool
has(const struct network *n, const uint8_t bytes[16])
{
    for (size_t i = 0; i < n->bits; i++)
        if (bit_at(n->bytes, i) != bit_at(bytes, i))
            return false;
    return true;
}

bool
networks_allow(const struct network *list, size_t count, str peer)
{
    uint8_t bytes[16];
    bool is_v4;
    if (!count)
        return true;
    if (!read_address(host_of(peer), bytes, &is_v4))
        return false;
    for (size_t i = 0; i < count; i++)
        if (has(&list[i], bytes))
            return true;
    return false;
}
