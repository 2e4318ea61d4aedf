/* SPDX-License-Identifier: EUPL-1.2 */
/* cosign_keys.h - whose signatures under the log's checkpoints are taken: the keys of
 * audit.witnesses, whose holders bring what they signed, and those of the witnesses in
 * providers.yaml, which the daemon asks itself.  A key may be in both. */
#pragma once
#include "audit/cosign.h"
#include "base/params.h"
#include "egress/provider_list.h"

/* Adds them with spaces between, as cosigners_read takes them.  CONFIG with a public sentence: one
 * of them is no key of a witness, there are more than COSIGNERS_MAX, or witness.quorum wants more
 * than providers.yaml has. */
fallible cosign_keys_put(const struct params *p, const struct provider_list *l, buf *b);
