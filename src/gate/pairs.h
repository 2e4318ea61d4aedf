/* SPDX-License-Identifier: EUPL-1.2 */
/* pairs.h - access key pairs: how a caller that signs requests as AWS does (crypt/sigv4.h) is the
 * holder of an API key.
 *
 * A pair is an id, sent with each request, and a secret, never sent.  Checking a signature takes
 * the secret itself, no digest of it would do.  So that none is stored for pairs made here, the
 * secret of one is an HMAC of its id under a key derived from the installation's pepper; it is
 * shown once and can be made again by nobody without the pepper.  The secret of an imported pair,
 * for applications that carry one already, is stored sealed under another such key.
 *
 * A pair is as good as its key: revoked with it, with its clearance, its roles, its end.  In memory
 * secrets are worked out when they are first asked for.  One thread: the loop's. */
#pragma once
#include "gate/keyring.h"

typedef struct pairs pairs;

enum {
    PAIR_ID_MIN = 8,
    PAIR_ID_MAX = 128,
    PAIR_SECRET_MIN = 8,
    PAIR_SECRET_MAX = 128,
    PAIR_MADE_SECRET_LEN = 40
};

struct pair_text { /* to be shown once and wiped */
    char access_id[PAIR_ID_MAX + 1], secret[PAIR_SECRET_MAX + 1];
};

/* `d`, `pepper` and `k` outlive it. */
fallible pairs_open(db *d, const secret *pepper, const keyring *k, pairs **ret);
/* NULL is fine. */
void pairs_free(pairs *p);

/* A new pair for the key: "HOHA" and 16 more characters; 40 of base64.  NOT_FOUND: no such key. */
fallible pairs_make(pairs *p, str key_id, int64_t now_wall_ms, struct pair_text *ret);
/* The same for a pair from elsewhere.  ARGUMENT unless the id has PAIR_ID_MIN to _MAX letters,
 * digits and _, and does not begin as ours do, and the secret PAIR_SECRET_MIN to _MAX printable
 * ASCII characters without space; CONFLICT when the id is known. */
fallible pairs_import(pairs *p, str key_id, int64_t now_wall_ms, const struct pair_text *text);
/* Could it be imported? */
fallible pairs_check(const pairs *p, const struct pair_text *text);

/* UNAUTHENTICATED, with AWS's name for it as the parameter, when the id is not known or its key
 * was revoked; an expired key is found.  What is returned lives as long as `p`. */
fallible
pairs_find(pairs *p, str access_id, const struct session **ret_session, const secret **ret_secret);
