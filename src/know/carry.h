/* SPDX-License-Identifier: EUPL-1.2 */
/* carry.h - vectors that go along when segments are written anew: those of units that stay, those
 * of units that read as before though their document was replaced, and those of words.
 *
 * All segments that become one are of one label.  If their vectors are of several embedders, those
 * of the first go along.  Only what reads otherwise than before is to be embedded again. */
#pragma once
#include "know/inside.h"

struct carry {
    shelf *files;
    arena *a;
    const struct loaded *to; /* the new segment: its view and label */
    /* Of each of its units: where it was, or NULL and 0: its document is new. */
    const struct loaded *const *from;
    const uint32_t *units;
    const struct loaded *const *old; /* what becomes `to` */
    size_t old_count;
};

/* Sets p->vectors and p->embedder; left empty when nothing goes along. */
fallible carry_vectors(const struct carry *c, struct part *p);
