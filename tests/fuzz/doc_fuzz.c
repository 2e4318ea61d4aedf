/* SPDX-License-Identifier: EUPL-1.2 */
/* doc_fuzz.c - documents of any form: the first byte says which, the rest is the document.  Each
 * ends in units whose text is UTF-8 and whose places lie in order, or in a refusal. */
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "know/doc.h"

enum { LIMIT = 256 << 20 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static arena *a;
    struct doc d;
    if (!len)
        return 0;
    if (!a)
        ASSERT(arena_open(LIMIT, &a).code == ERR_OK);
    arena_reset(a);
    const enum doc_form form = (enum doc_form)(data[0] % DOC_FORMS);
    const err e = doc_read(a, STR("d"), form, (str){(const char *)data + 1, len - 1}, &d);
    if (e.code) {
        ASSERT(e.code == ERR_PARSE || e.code == ERR_LIMIT || e.code == ERR_TOO_LARGE ||
               e.code == ERR_UNSUPPORTED);
        return 0;
    }
    for (size_t i = 0; i < d.units.count; i++) {
        ASSERT(utf8_valid(d.units.at[i].text));
        ASSERT(d.units.at[i].from <= d.units.at[i].to);
    }
    return 0;
}
