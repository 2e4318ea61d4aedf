/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/cosign_keys.h"

static bool
has_key(const struct cosigners *w, uint32_t id)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->at[i].id == id)
            return true;
    return false;
}

/* Of one in the list: `given` are those of audit.witnesses. */
static fallible
put_listed(const struct provider_public *p, const struct cosigners *given, buf *b)
{
    struct note_key k;
    const err e = note_key_read(str_of(p->key), &k);
    if (e.code && e.code != ERR_PARSE)
        return e;
    if (e.code || k.type != NOTE_WITNESS)
        REFUSE(CONFIG, "key", "witness %s: its key is no key of a witness (NAME+ID+BASE64)",
               p->name);
    if (has_key(given, k.id))
        return OK;
    buf_add_char(b, ' ');
    buf_add(b, str_of(p->key));
    return OK;
}

fallible
cosign_keys_put(const struct params *p, const struct provider_list *l, buf *b)
{
    struct cosigners given, all;
    uint64_t listed = 0;
    const size_t from = b->len;
    TRY(cosigners_read(str_of(p->audit_witnesses), &given));
    buf_add(b, str_of(p->audit_witnesses));
    for (uint32_t i = 0; i < l->count; i++) {
        if (!provider_is_witness(&l->at[i]))
            continue;
        TRY(put_listed(&l->at[i], &given, b));
        listed++;
    }
    if (p->witness_quorum > listed)
        REFUSE(CONFIG, "witness.quorum",
               "witness.quorum wants %llu witnesses, providers.yaml has %llu",
               (unsigned long long)p->witness_quorum, (unsigned long long)listed);
    TRY(buf_end(b));
    return cosigners_read(str_slice(buf_str(b), from, b->len), &all);
}
