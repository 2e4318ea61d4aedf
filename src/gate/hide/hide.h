/* SPDX-License-Identifier: EUPL-1.2 */
/* hide.h - a conversation with tokens in place of identifiers: every text of it, from messages to
 * the descriptions of tools, is one text to the pseudonymiser, so one value is one token
 * throughout.
 *
 * The copy lives in the arena, and shares with the original what holds no text. */
#pragma once
#include "downgrade/pseudonym.h"
#include "model/conv.h"

struct hide {
    arena *a;
    const lexicon *x;
    const grant *own; /* covers the original */
    label label;      /* of the copy, as policy has found it */
};

struct hidden {
    struct conv *conv;
    pseudonyms *map;
};

/* DENIED when there are images, into which nobody looks, or when the second look finds anything
 * (downgrade/residue.h); TOO_LARGE, LIMIT, UNSUPPORTED.
 */
fallible hide_conv(const struct hide *how, const struct conv *from, struct hidden *ret);
