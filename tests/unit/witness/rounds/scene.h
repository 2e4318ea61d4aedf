/* SPDX-License-Identifier: EUPL-1.2 */
/* scene.h - for the tests of witness/rounds: a small signed log and the key of one witness. */
#pragma once
#include <stdlib.h>

#include "unit/audit/small_log.h"
#include "witness/rounds/visit.h"

struct scene {
    small_log log;
    struct note_key key; /* of the witness */
    secret half;
    struct provider_public about;
    struct visit v;
};

static inline struct scene *
scene_new(uint64_t size)
{
    static unsigned number;
    char name[32];
    AUTO(secret) seed = {0};
    AUTO(buf) text = BUF(NOTE_KEY_TEXT_MAX);
    sign_public p = {{0}};
    struct scene *s = calloc(1, sizeof *s);
    snprintf(name, sizeof name, "log%u", number++);
    small_log_new(&s->log, name, 7);
    small_log_add(&s->log, size);
    small_log_sign(&s->log);
    CHECK_OK(secret_get(&seed, SIGN_SEED_LEN));
    memset(seed.at, 9, seed.len);
    CHECK_OK(sign_pair(&seed, &s->half, &p));
    CHECK_OK(note_key_make(STR("zeuge.example/w1"), NOTE_WITNESS, &p, &s->key));
    note_key_put(&text, &s->key);
    s->about.dialect = PROVIDER_WITNESS;
    CHECK(str_copy(STR("one"), s->about.name, sizeof s->about.name));
    CHECK(str_copy(buf_str(&text), s->about.key, sizeof s->about.key));
    CHECK_OK(visit_init(&s->v, &s->about));
    return s;
}

static inline void
scene_free(struct scene *s)
{
    visit_done(&s->v);
    small_log_auto(&s->log);
    secret_done(&s->half);
    free(s);
}

/* The witness's line over the text of a note. */
static inline void
scene_line(const struct scene *s, str note, uint64_t time_s, buf *b)
{
    struct note n;
    NEED_OK(note_read(note, &n));
    NEED_OK(note_sign(b, &s->key, &s->half, n.text, time_s));
}
