/* SPDX-License-Identifier: EUPL-1.2 */
/* ledger.h - the tree over the records: it follows audit.jsonl and keeps tiles and checkpoints
 * beside it, in the directory log/.
 *
 * An entry is the line of a record as it stands in the file, without its end.  The file is what is
 * durable; everything in log/ can be made from it again, so nothing here is synced and a crash
 * costs nothing.  Whoever holds the ledger calls ledger_follow as records become durable, now and
 * then has the tree's head signed by the one who holds the key (super/signer.h), and hands the note
 * to ledger_signed, which publishes it.
 *
 * Opening goes over the last 65,536 entries that were signed and all after them: their lines must
 * give the root of the newest checkpoint.  If the tiles of the rest do not fit, all lines are read
 * and all tiles made anew.  If the lines do not fit, that is CORRUPT, with the first record that
 * was changed.  The whole is checked by hoheit-verify (judge.h).
 *
 * A log that was pruned (retain/floor.h) begins, for all this, with the first entry that stays: the
 * tiles of hashes below it are needed and cannot be made again.
 *
 * Memory: 0.5 MiB.  One thread. */
#pragma once
#include "audit/cosign.h"

typedef struct ledger ledger;

/* `f` is audit.jsonl, the caller's, with `count` records in `len` bytes. */
fallible ledger_open(const char *audit_dir, int f, uint64_t len, uint64_t count, ledger **ret);
void ledger_free(ledger *l);
/* Of the tiles. */
const char *ledger_dir(const ledger *l);

/* Takes up to `count_max` further lines of the file's first `len` bytes; *ret_is_behind: there are
 * more.  On failure what was taken stays taken; it may be tried again. */
fallible ledger_follow(ledger *l, uint64_t len, size_t count_max, bool *ret_is_behind);
uint64_t ledger_size(const ledger *l);
/* That entry `index` is in the tree of `size` entries, one that was there; ARGUMENT unless index <
 * size, which is at most what there is. */
fallible ledger_prove(ledger *l, uint64_t index, uint64_t size, struct merkle_proof *ret);

/* That the tree of `size` entries begins with that of `from`, which is at most as large. */
fallible ledger_prove_growth(ledger *l, uint64_t from, uint64_t size, struct merkle_proof *ret);

/* What is to be signed. */
struct ledger_ask {
    uint64_t from; /* of the tree signed last */
    struct tree_head head;
    struct merkle_proof proof; /* that it has grown from there */
};
/* Entries that are signed, as far as is known here. */
uint64_t ledger_signed_size(const ledger *l);
/* Entries that are not signed yet. */
uint64_t ledger_unsigned(const ledger *l);
/* Writes the tiles of the tree as it is and says what is to be signed.  CORRUPT when more was
 * signed than there is. */
fallible ledger_ask(ledger *l, struct ledger_ask *ret);
/* The note that was made; published if it is of this tree as it was asked for.  CORRUPT if it is
 * not signed by `key`, or was signed for a tree that this one does not begin with. */
fallible ledger_signed(ledger *l, str note, str key_text);

/* Whose signatures are taken; none before this. */
void ledger_set_cosigners(ledger *l, const struct cosigners *w);
/* Did our key sign this note, and is it not a checkpoint of our tree?  Then there are two
 * histories.  What it says of its tree goes to *ret. */
fallible ledger_is_other(ledger *l, str note, struct tree_head *ret, bool *ret_is_other);
/* Takes a checkpoint of ours that witnesses signed (cosign.h), and publishes what they signed if it
 * is the newest.  ARGUMENT: not ours, or nobody we know signed it. */
fallible ledger_cosign(ledger *l, str note, struct cosigned *ret, struct tree_head *ret_head);
