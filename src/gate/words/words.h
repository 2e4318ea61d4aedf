/* SPDX-License-Identifier: EUPL-1.2 */
/* words.h - what was said in one request, collected to be kept where policy wants that.
 *
 * What is kept is one JSON object:
 *
 *     {"input":[{"role":"user","text":"…"},…],"prompt":"…","output":"…"}
 *
 * with "images":[{"type":…,"data":base64},…] in what had some.  "output" is all that came back, in
 * the order of its pieces, as the digest in the log has it.  The log holds only a commitment,
 * SHA-256(salt ‖ object), with 32 random bytes of salt that lie beside the object, sealed under its
 * owner's key (store/subjects.h).  Once that key is destroyed nobody can tell from the commitment
 * what was said, not even by guessing.
 *
 * One thread. */
#pragma once
#include "crypt/hash.h"
#include "model/conv.h"

enum { WORDS_BYTES_MAX = 24 * 1024 * 1024, WORDS_SALT = 32, WORDS_LEAST = 256 };

struct words;

/* Begins with what is asked.  DENIED: the grant does not cover it. */
fallible words_new(const struct conv *c, const grant *g, struct words **ret);
void words_free(struct words *w);
/* LIMIT above WORDS_BYTES_MAX in all.  NULL collects nothing. */
fallible words_add(struct words *w, str text);
/* The text to be sealed: {"salt":hex,"said":object}, valid as long as `w`; and the commitment. */
fallible words_end(struct words *w, str *ret, digest *ret_commitment);
/* What the log holds in place of a digest of what was said: SHA-256(salt ‖ digest).  The salt is
 * the request's own (keep_salt), so that whoever has the log alone cannot try out what was said,
 * and whoever is given the salt can still hold bytes against it. */
fallible words_salted(const digest *salt, const digest *of, digest *ret);
/* Is this text what the commitment is of?  The object within, in `a`.  CORRUPT if not. */
fallible words_check(arena *a, str text, const digest *commitment, str *ret_said);
