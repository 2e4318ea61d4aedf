/* SPDX-License-Identifier: EUPL-1.2 */
/* form_fuzz.c - any bytes as a form's description, JSON schema or XDatenfelder: refused with a
 * sentence, or fields with names whose explanation is whole JSON. */
#include "fuzz/fuzz.h"
#include "work/form/form.h"

enum { ROOM = 64 << 20 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static arena *a;
    AUTO(buf) b = BUF(ROOM);
    struct form f;
    form_remarks remarks = {0};
    jval v;
    if (!a)
        ASSERT(arena_open(ROOM, &a).code == ERR_OK);
    arena_reset(a);
    const err e = form_read(a, (str){(const char *)data, len}, &f);
    if (e.code) {
        ASSERT(err_public(e)[0] != '\0');
        return 0;
    }
    ASSERT(f.fields.count > 0 && f.fields.count <= FORM_FIELDS_MAX);
    json_open(&b, '{');
    if (form_put_json(a, &f, &b).code)
        return 0;
    json_close(&b, '}');
    ASSERT(json_read(a, buf_str(&b), &v).code != ERR_PARSE);
    ASSERT(json_read(a, STR("{\"x\":1}"), &v).code == ERR_OK);
    ASSERT(form_check(a, &f, &v, &remarks).code == ERR_OK);
    return 0;
}
