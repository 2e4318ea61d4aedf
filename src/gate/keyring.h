/* SPDX-License-Identifier: EUPL-1.2 */
/* keyring.h - the keys of an installation in memory, by digest: a look-up per request, no
 * database on the way.  A change is durable in the store before it is seen, and is not seen when
 * the store failed.
 *
 * Two kinds (store/keys.h).  A made key has 256 random bits.  An imported key is a text the
 * operator chose, for installations that have to honour keys applications already carry.  It is as
 * strong as the operator chose it: nothing here slows a guesser down.
 *
 * Replacing a key: the new one has the name and the rights of the old, which is called NAME~XXXXXX
 * from then on and ends after the overlap.  Both are of one line: what the one spends, the other
 * has not (sched/limit.h), and who revokes the name revokes the whole line.  What was left here
 * with the one - files, answers, conversations, batches, access key ids - is the other's too: it
 * belongs to their owner, which is the id of the first key of the line.  A name may be given to
 * somebody else once it was revoked, an id never. */
#pragma once
#include "policy/policy.h"
#include "store/clearances.h"
#include "store/keys.h"

typedef struct keyring keyring;

/* `pepper` and `d` outlive it. */
fallible keyring_open(db *d, const secret *pepper, keyring **ret);
void keyring_free(keyring *k);

/* UNAUTHENTICATED with a public sentence, also when it was revoked; an expired key is found.  The
 * session lives as long as the keyring. */
fallible keyring_find(const keyring *k, str key_text, const struct session **ret);
/* The same session for a purpose its requests may name; NULL: they may not. */
const struct session *keyring_for_purpose(const struct session *s, str purpose);
/* Makes, stores and learns a key, sets r->id and r->mac; `text` is shown once.  CONFLICT: the name
 * is taken. */
fallible keyring_add(keyring *k, struct key_record *r, char ret_text[KEY_TEXT_MAX]);
/* The same for a key somebody else chose (key_import).  CONFLICT when it was imported before, even
 * if it was revoked since. */
fallible keyring_import(keyring *k, struct key_record *r, str text);
/* Makes (or, unless `import` is empty, takes) a key that replaces the one of this id or name, which
 * ends at `old_end_wall_ms` or earlier.  *ret_id is the new one's.  NOT_FOUND: no key in use;
 * CONFLICT: it was replaced before. */
struct key_change {
    str id_or_name, import;
    int64_t now_wall_ms, old_end_wall_ms;
};
fallible
keyring_rotate(keyring *k, const struct key_change *c, char ret_text[KEY_TEXT_MAX], str *ret_id);
/* What a person is cleared for, and to act for, from now on: of their keys counts what both allow.
 * LIMIT, and nothing has changed. */
fallible keyring_clear(keyring *k, const struct clearance_row *r);
/* Nothing is known of a person's clearance any more. */
void keyring_unclear(keyring *k, str person);
/* Are keys of people who have no clearance cleared for nothing?  Without a call: as the key says.
 */
void keyring_need_people(keyring *k, bool needs);
/* Told of each session that was revoked. */
typedef void keyring_fn(void *ctx, const struct session *s);
void keyring_on_revoked(keyring *k, keyring_fn *fn, void *ctx);
/* By id; failing that by name, with those it replaced.  NOT_FOUND: no key in use. */
fallible keyring_revoke(keyring *k, str id_or_name, int64_t now_wall_ms);
/* All keys of a person. */
fallible keyring_revoke_person(keyring *k, str person, int64_t now_wall_ms);
/* Told of each key of a person, revoked or not. */
typedef err keyring_each_fn(void *ctx, str key_id);
fallible keyring_each_of(const keyring *k, str person, keyring_each_fn *fn, void *ctx);
/* Their names are forgotten in the store; here, too. */
void keyring_forget_names(keyring *k, str person);
/* What the keys in use are cleared for when `p` is in force: level and compartments anew from the
 * words they were given, party as before; none where the words mean nothing any more.  First into
 * the store, within the caller's transaction, then into the sessions. */
fallible keyring_store_clearances(keyring *k, const policy *p);
void keyring_use_clearances(keyring *k, const policy *p);
/* Does that person hold a key in use of another role than these? */
bool keyring_has_other_role(const keyring *k, str person, uint32_t roles);
/* Is there a key in use of that line? */
bool keyring_has_line(const keyring *k, str line);
/* Of the key with this id, revoked or not; NULL when there is none. */
const struct session *keyring_session(const keyring *k, str id);
/* In order of creation; NULL past the end. */
const struct key_record *keyring_at(const keyring *k, size_t i);
const struct session *keyring_session_at(const keyring *k, size_t i);
static inline str
session_owner(const struct session *s)
{
    return s->owner.len ? s->owner : s->key_id;
}
/* Who goes on for a key that was replaced: the newest in use of its owner; `s` itself when it was
 * not, or when there is none. */
const struct session *keyring_heir(const keyring *k, const struct session *s);
/* The newest key of that owner, in use if there is such a one; NULL when there is none. */
const struct session *keyring_session_of(const keyring *k, str owner);
/* May it still be used?  UNAUTHENTICATED. */
fallible keyring_check(const struct session *s);
