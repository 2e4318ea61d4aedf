/* SPDX-License-Identifier: EUPL-1.2 */
/* keyring.h - the keys of an installation in memory, by digest: a look-up per request, no
 * database on the way.  Written through by admin.c. */
#pragma once
#include "policy/policy.h"
#include "store/keys.h"

typedef struct keyring keyring;

/* `pepper` and `d` outlive it. */
fallible keyring_open(db *d, const secret *pepper, keyring **ret);
void keyring_free(keyring *k);
/* UNAUTHENTICATED with a public sentence. The session lives as long as the keyring. */
fallible keyring_find(const keyring *k, str key_text, const struct session **ret);
/* Makes, stores and learns a key; `text` is shown once. CONFLICT: the name is taken. */
fallible keyring_add(keyring *k, struct key_record *r, char ret_text[KEY_TEXT_MAX]);
fallible keyring_revoke(keyring *k, str id_or_name, int64_t now_wall_ms);
/* In order of creation; NULL past the end. */
const struct key_record *keyring_at(const keyring *k, size_t i);
