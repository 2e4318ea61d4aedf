/* SPDX-License-Identifier: EUPL-1.2 */
/* keyring.h - the keys of an installation in memory, by digest: a look-up per request, no
 * database on the way.  A change is durable in the store before it is seen, and is not seen when
 * the store failed.
 *
 * Two kinds.  A made key has 256 random bits (store/keys.h).  An imported key is a text the
 * operator chose, for installations that have to honour keys applications already carry; of it
 * too only the HMAC under the pepper is kept, over another prefix, so that neither kind can stand
 * for the other.  It is as strong as the operator chose it: nothing here slows a guesser down. */
#pragma once
#include "policy/policy.h"
#include "store/keys.h"

typedef struct keyring keyring;

/* `pepper` and `d` outlive it. */
fallible keyring_open(db *d, const secret *pepper, keyring **ret);
void keyring_free(keyring *k);
enum { KEYRING_IMPORT_MIN = 6, KEYRING_IMPORT_MAX = 120 };

/* UNAUTHENTICATED with a public sentence, also when it was revoked; an expired key is found.  The
 * session lives as long as the keyring. */
fallible keyring_find(const keyring *k, str key_text, const struct session **ret);
/* Makes, stores and learns a key, sets r->id and r->mac; `text` is shown once.  CONFLICT: the name
 * is taken. */
fallible keyring_add(keyring *k, struct key_record *r, char ret_text[KEY_TEXT_MAX]);
/* The same for a key somebody else chose.  ARGUMENT unless it has KEYRING_IMPORT_MIN to _MAX
 * printable ASCII characters without space, and does not begin as ours do; CONFLICT when it was
 * imported before, even if it was revoked since. */
fallible keyring_import(keyring *k, struct key_record *r, str text);
/* By id or, failing that, by name.  NOT_FOUND: no key in use. */
fallible keyring_revoke(keyring *k, str id_or_name, int64_t now_wall_ms);
/* In order of creation; NULL past the end. */
const struct key_record *keyring_at(const keyring *k, size_t i);
