/* SPDX-License-Identifier: EUPL-1.2 */
/* network.h - blocks of addresses in CIDR form (RFC 4632, RFC 4291), and whether a peer is in one.
 *
 * IPv4 is held as IPv4-mapped IPv6, so "10.0.0.0/8" also covers "::ffff:10.0.0.1".  An address
 * without a length is that one address.  Bits beyond the length must be zero: "10.1.0.0/8" is more
 * likely a slip than a wish. */
#pragma once
#include "base/arena.h"

struct network {
    uint8_t bytes[16];
    uint8_t bits; /* of 128 */
};

enum { NETWORKS_MAX = 64 };

/* ARGUMENT with a public sentence. */
fallible network_read(str text, struct network *ret);
/* A list with commas, into the arena; an empty list has none. */
fallible networks_read(str list, arena *a, const struct network **ret, size_t *ret_count);
/* `peer` as http_peer says it: "10.0.0.1:51234", "[::1]:51234", "unix:UID", which counts as
 * 127.0.0.1.  True when there are no networks; what cannot be read is in none. */
bool networks_allow(const struct network *list, size_t count, str peer);
