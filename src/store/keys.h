/* SPDX-License-Identifier: EUPL-1.2 */
/* keys.h - API keys as records: everything but the key itself, of which only the HMAC-SHA-256
 * under the installation's pepper is kept (256 random bits need no slow hash).
 *
 * Text form of a key: "hoh_" ID "_" SECRET CHECK - 26 + 52 characters of Crockford base32 and 6
 * hexadecimal digits of SHA-256 over what stands before, so that a typo is told from a stranger.
 * The MAC is over all but the check digits. */
#pragma once
#include "crypt/hash.h"
#include "policy/label.h"
#include "store/db.h"

enum { KEY_TEXT_MAX = 128, KEY_IMPORT_MIN = 6, KEY_IMPORT_MAX = 120 };

struct key_record {
    str id; /* public part: "key_…" */
    str name, tenant;
    digest mac;
    uint32_t roles;
    label clearance, default_label;
    str clearance_text, default_text, ceiling_text;            /* as given, for people */
    int64_t created_wall_ms, expires_wall_ms, revoked_wall_ms; /* 0: never */
    str person;                                                /* empty: no one person's */
    str line;     /* the name its budget runs under: keys that replaced one another share it */
    str owner;    /* whose what is kept is: the id of the first key of its line; empty: its own */
    str models;   /* names it is for, with commas; empty: all */
    str networks; /* where it may be used from (CIDR), with commas; empty: anywhere */
    str purposes; /* that its requests may name, with commas; empty: none */
    str purpose;  /* of requests that name none; empty: without one */
};

/* A new key's text and public id; the caller shows the text once and wipes it. */
fallible
key_make(const secret *pepper, char ret_text[KEY_TEXT_MAX], str *ret_id, digest *ret_mac, arena *a);
/* The same for a key made elsewhere, so that applications need not change theirs: KEY_IMPORT_MIN to
 * _MAX visible ASCII characters that do not begin with "hoh_"; ARGUMENT otherwise.  How hard it is
 * to guess is the importer's to answer for; the MAC is over all of it and a prefix, so that neither
 * kind can stand for the other. */
fallible key_import(const secret *pepper, str text, str *ret_id, digest *ret_mac, arena *a);
/* Checks form and, for our own, check digits; gives the digest to look up; UNAUTHENTICATED with a
 * public sentence otherwise.  Letters count as they are: no other case, no O for 0. */
fallible key_read(const secret *pepper, str text, digest *ret_mac);

/* CONFLICT if the name is taken by a key that is not revoked. */
fallible keys_add(db *d, const struct key_record *k);
/* NOT_FOUND if no live key has this id or, failing that, this name.  `now_wall_ms` > 0. */
fallible keys_revoke(db *d, str id_or_name, int64_t now_wall_ms);
/* Gives a key that is replaced another name and an end.  CONFLICT: the name is taken; NOT_FOUND. */
fallible keys_retire(db *d, str id, str new_name, int64_t expires_wall_ms);
/* NOT_FOUND. */
fallible keys_set_clearance(db *d, str id, label clearance);
typedef err keys_fn(void *ctx, const struct key_record *k);
/* Each key, revoked ones too, in order of creation; strings live in `a`.  A failure of `fn` ends
 * the walk and is passed on.  `fn` does not call store/. */
fallible keys_each(db *d, arena *a, keys_fn *fn, void *ctx);
