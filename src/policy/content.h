/* SPDX-License-Identifier: EUPL-1.2 */
/* content.h - what a person or a model said: bytes with their label, never a plain str.
 *
 * Log, error and metric functions take no content.  The bytes come out only against a grant that
 * dominates them.  Joining content joins labels. */
#pragma once
#include "policy/grant.h"
#include "policy/label.h"

typedef struct {
    str bytes_; /* only through content_open */
    label label;
} content;

static inline content
content_of(str bytes, label l)
{
    return (content){bytes, l};
}
static inline size_t
content_len(content c)
{
    return c.bytes_.len;
}
/* DENIED when the grant does not cover the label. */
fallible content_open(content c, const grant *g, str *ret);
