/* SPDX-License-Identifier: EUPL-1.2 */
/* certificate.h - that a person or a case was erased (GDPR Art. 17), as a note anybody can check.
 *
 *     hoheit erasure certificate v1
 *     person NAME                        a pseudonym; or: case TENANT:NAME
 *     entry {"seq":…}                    the log's record of it, each byte as it was logged
 *     leaf 41                            its place
 *     hash BASE64                        a line each: its proof of inclusion (RFC 9162)
 *     checkpoint BASE64                  the note, signed by the log
 *
 * and the signature of whoever made it.  It shows that the log says so and cannot unsay it; that
 * the bytes are gone nobody can show from afar.  Pure. */
#pragma once
#include "audit/note.h"
#include "base/arena.h"

struct certificate {
    bool is_case;
    str name, entry;
    uint64_t leaf;
    struct merkle_proof proof;
    str checkpoint;
    /* Read out of these: */
    str time, why;
    struct tree_head head;
};

/* CORRUPT unless the entry says that this person or case was erased, and is in the tree of the
 * checkpoint, which `log` signed. */
fallible certificate_judge(arena *a, const struct note_key *log, struct certificate *k);
fallible
certificate_put(buf *b, const struct certificate *k, const struct note_key *by, const secret *half);
/* The same from its bytes, signed by `by`; CORRUPT with a public sentence.  Texts live in `a`. */
fallible certificate_read(arena *a, str bytes, const struct note_key *log,
                          const struct note_key *by, struct certificate *ret);
