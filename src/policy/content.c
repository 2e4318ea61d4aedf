/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/content.h"

fallible
content_open(content c, const grant *g, str *ret)
{
    if (!grant_covers(g, c.label))
        FAIL(DENIED, "the grant for %s does not cover the label", op_info(grant_op(g))->name);
    *ret = c.bytes_;
    return OK;
}
