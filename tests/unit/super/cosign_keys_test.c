/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/cosign_keys.h"

#include <stdio.h>

#include "test.h"

static struct params p;
static struct provider_list l;

/* The key of a witness, or of a log. */
static str
key_of(uint8_t byte, enum note_key_type type)
{
    static char room[16][NOTE_KEY_TEXT_MAX + 1];
    static unsigned next;
    char *const at = room[next++ % 16];
    AUTO(secret) seed = {0};
    AUTO(secret) half = {0};
    AUTO(buf) text = BUF(NOTE_KEY_TEXT_MAX);
    struct note_key k;
    sign_public public;
    CHECK_OK(secret_get(&seed, SIGN_SEED_LEN));
    memset(seed.at, byte, seed.len);
    CHECK_OK(sign_pair(&seed, &half, &public));
    CHECK_OK(note_key_make(STR("w"), type, &public, &k));
    note_key_put(&text, &k);
    CHECK(str_copy(buf_str(&text), at, NOTE_KEY_TEXT_MAX + 1));
    return str_of(at);
}

static void
add(enum provider_dialect dialect, str key)
{
    struct provider_public *one = &l.at[l.count++];
    snprintf(one->name, sizeof one->name, "p%u", l.count);
    one->dialect = dialect;
    CHECK(str_copy(key, one->key, sizeof one->key));
}

static void
reset(void)
{
    params_default(&p);
    memset(&l, 0, sizeof l);
}

static err
put(struct cosigners *ret)
{
    AUTO(buf) b = BUF(2048);
    TRY(cosign_keys_put(&p, &l, &b));
    return cosigners_read(buf_str(&b), ret);
}

TEST(both_lists_are_taken_and_a_key_in_both_once)
{
    struct cosigners w;
    reset();
    NEED_OK(put(&w));
    CHECK_INT(w.count, ==, 0);
    CHECK(str_copy(key_of(1, NOTE_WITNESS), p.audit_witnesses, sizeof p.audit_witnesses));
    for (enum provider_dialect d = PROVIDER_OPENAI; d < PROVIDER_WITNESS; d++)
        add(d, STR("not looked at"));
    add(PROVIDER_WITNESS, key_of(2, NOTE_WITNESS));
    add(PROVIDER_WITNESS, key_of(1, NOTE_WITNESS));
    NEED_OK(put(&w));
    CHECK_INT(w.count, ==, 2);
    p.witness_quorum = 2;
    CHECK_OK(put(&w));
}

TEST(what_is_no_key_of_a_witness_is_refused_by_the_witness_name)
{
    struct cosigners w;
    const str bad[] = {STR("x"), STR(""), key_of(1, NOTE_ED25519)};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        reset();
        add(PROVIDER_WITNESS, bad[i]);
        CHECK_ERR(put(&w), CONFIG);
        CHECK(strstr(err_public((err){ERR_CONFIG}), "witness p1") != NULL);
    }
    reset();
    CHECK(str_copy(STR("x"), p.audit_witnesses, sizeof p.audit_witnesses));
    CHECK_ERR(put(&w), CONFIG);
}

TEST(a_key_that_is_listed_twice_is_refused)
{
    struct cosigners w;
    reset();
    add(PROVIDER_WITNESS, key_of(1, NOTE_WITNESS));
    add(PROVIDER_WITNESS, key_of(1, NOTE_WITNESS));
    CHECK_ERR(put(&w), CONFIG);
}

TEST(more_than_the_log_takes_or_than_are_wanted_is_refused)
{
    struct cosigners w;
    reset();
    for (uint8_t i = 0; i < COSIGNERS_MAX; i++)
        add(PROVIDER_WITNESS, key_of((uint8_t)(i + 1), NOTE_WITNESS));
    CHECK_OK(put(&w));
    CHECK(str_copy(key_of(99, NOTE_WITNESS), p.audit_witnesses, sizeof p.audit_witnesses));
    CHECK_ERR(put(&w), CONFIG);
    reset();
    add(PROVIDER_OPENAI, STR_NONE);
    add(PROVIDER_WITNESS, key_of(1, NOTE_WITNESS));
    p.witness_quorum = 2;
    CHECK_ERR(put(&w), CONFIG);
    CHECK_STR(str_of(err_param()), STR("witness.quorum"));
}
