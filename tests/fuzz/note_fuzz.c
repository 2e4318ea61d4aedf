/* SPDX-License-Identifier: EUPL-1.2 */
/* note_fuzz.c - any bytes are refused without a trace, or are a note that can be put together again
 * from what was read; the same for checkpoints, for keys and for what
 * a witness is asked. */
#include <string.h>

#include "audit/cosign.h"
#include "fuzz/fuzz.h"

static void
check_lines(const struct note *n, str all)
{
    AUTO(buf) b = BUF(NOTE_BYTES_MAX + 1);
    buf_add(&b, n->text);
    buf_add_char(&b, '\n');
    for (size_t i = 0; i < n->count; i++) {
        buf_add(&b, STR("\xe2\x80\x94 "));
        buf_add(&b, n->at[i].name);
        buf_add_char(&b, ' ');
        buf_add(&b, n->at[i].base64);
        buf_add_char(&b, '\n');
    }
    ASSERT(n->count && str_eq(buf_str(&b), all));
}

static void
check_checkpoint(str text)
{
    AUTO(buf) b = BUF(NOTE_BYTES_MAX + 256);
    struct checkpoint c;
    if (checkpoint_read(text, &c).code)
        return;
    checkpoint_put(&b, c.origin, &c.head);
    buf_add(&b, c.extra);
    ASSERT(str_eq(buf_str(&b), text));
}

static void
check_key(str text)
{
    AUTO(buf) b = BUF(1024);
    struct note_key k;
    if (note_key_read(text, &k).code)
        return;
    note_key_put(&b, &k);
    ASSERT(str_eq_nocase(buf_str(&b), text));
}

static void
check_question(str all)
{
    AUTO(buf) b = BUF(2 * NOTE_BYTES_MAX + all.len);
    struct cosign_ask q;
    if (cosign_ask_read(all, &q).code)
        return;
    ASSERT(cosign_ask_put(&b, &q).code == ERR_OK);
    ASSERT(str_eq(buf_str(&b), all));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct note n;
    struct note_key k;
    const str all = {(const char *)data, len};
    check_key(all);
    check_checkpoint(all);
    check_question(all);
    if (note_read(all, &n).code)
        return 0;
    check_lines(&n, all);
    check_checkpoint(n.text);
    ASSERT(note_key_make(n.at[0].name, NOTE_WITNESS, &(sign_public){{1}}, &k).code == ERR_OK);
    k.id = n.at[0].id;
    ASSERT(note_check(&n, &k, NULL).code != ERR_OK);
    return 0;
}
