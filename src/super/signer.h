/* SPDX-License-Identifier: EUPL-1.2 */
/* signer.h - signs the heads of the audit log for hoheit-log, which must not hold the key.
 *
 * The key comes from the master key by HKDF.  What was signed last lies in keys/log.signed, a note
 * replaced atomically before a signature leaves, so there are never two for one size.  A head is
 * signed only with a proof that its tree begins with the one signed last: a log that was
 * taken over can be added to, what was there cannot be changed.
 *
 * The log is called hoheit/ and 16 digits of its key's digest; the key as auditors need it lies in
 * keys/log.key.  One thread. */
#pragma once
#include "audit/note.h"
#include "audit/proto.h"

typedef struct signer signer;

/* `data_dir` has keys/.  CORRUPT when what was signed last cannot be read: nothing is signed then
 * until somebody looks. */
fallible signer_open(const char *data_dir, const secret *master, signer **ret);
void signer_free(signer *s);
const struct note_key *signer_key(const signer *s);
/* Fills the answer, whatever was asked.  Codes: OK; CONFLICT, `from` is not what was signed last;
 * CORRUPT, the tree does not begin with it; ARGUMENT, the message makes no sense; or why
 * keys/log.signed could not be written. */
void signer_sign(signer *s, const struct log_sign *ask, struct log_signed *ret);
