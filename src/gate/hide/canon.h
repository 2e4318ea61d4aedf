/* SPDX-License-Identifier: EUPL-1.2 */
/* canon.h - digests in canonical form: each text with its length before it, so that no two lists of
 * texts run into one.  Pure; any thread. */
#pragma once
#include "crypt/hash.h"
#include "model/conv.h"

/* Of a list of texts. */
fallible canon_list(const str *texts, size_t count, digest *ret);
/* Of all that is said in a conversation.  DENIED: the grant does not cover it. */
fallible canon_conv(const struct conv *c, const grant *g, digest *ret);
/* Of its images alone, in their order. */
fallible canon_images(const struct conv *c, const grant *g, digest *ret);
