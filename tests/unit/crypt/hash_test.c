/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/hash.h"

#include <pthread.h>

#include "base/enc.h"
#include "base/fault.h"
#include "test.h"

static void
check_digest(const digest *d, const char *want)
{
    char room[65];
    digest_text(d, room);
    CHECK_STR(str_of(room), str_of(want));
}

static void
fill_secret(secret *s, str hex)
{
    NEED_OK(secret_get(s, hex.len / 2));
    CHECK_OK(hex_read(hex, s->at, s->len));
}

/* ---- SHA-256 */

/* FIPS 180-4 and the examples NIST gives with it. */
static const struct {
    str text;
    const char *hash;
} fips[] = {
    {STR_INIT(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {STR_INIT("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {STR_INIT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {STR_INIT("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
              "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

TEST(the_digests_of_the_standard_come_out)
{
    for (size_t i = 0; i < sizeof fips / sizeof *fips; i++) {
        digest d;
        NEED_OK(sha256_of(fips[i].text, &d));
        check_digest(&d, fips[i].hash);
    }
    digest d;
    NEED_OK(sha256_of(STR_NONE, &d));
    check_digest(&d, fips[0].hash);
}

TEST(a_million_letters_in_pieces_give_the_digest_of_the_standard)
{
    static char piece[1000];
    sha256 *h = NULL;
    digest d;
    memset(piece, 'a', sizeof piece);
    NEED_OK(sha256_new(&h));
    for (int i = 0; i < 1000; i++)
        CHECK_OK(sha256_add(h, (str){piece, sizeof piece}));
    NEED_OK(sha256_end(h, &d));
    check_digest(&d, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(pieces_of_any_size_give_the_digest_of_the_whole)
{
    char text[700];
    for (int round = 0; round < 300; round++) {
        const size_t len = test_random() % sizeof text;
        digest whole, pieces;
        sha256 *h = NULL;
        for (size_t i = 0; i < len; i++)
            text[i] = (char)test_random();
        NEED_OK(sha256_of((str){text, len}, &whole));
        NEED_OK(sha256_new(&h));
        for (size_t at = 0, n; at < len; at += n) {
            n = 1 + test_random() % 100;
            n = n < len - at ? n : len - at;
            CHECK_OK(sha256_add(h, (str){text + at, n}));
        }
        NEED_OK(sha256_end(h, &pieces));
        CHECK(digest_eq(&whole, &pieces));
    }
}

TEST(one_changed_bit_gives_another_digest)
{
    char text[40] = "forty bytes of text, each bit of it";
    digest before, after;
    NEED_OK(sha256_of((str){text, sizeof text}, &before));
    for (size_t bit = 0; bit < 8 * sizeof text; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
        NEED_OK(sha256_of((str){text, sizeof text}, &after));
        CHECK(!digest_eq(&before, &after));
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
    }
}

TEST(a_hash_given_up_leaves_nothing)
{
    sha256 *h = NULL;
    NEED_OK(sha256_new(&h));
    CHECK_OK(sha256_add(h, STR("abc")));
    sha256_free(h);
    sha256_free(NULL);
}

/* ---- HMAC: RFC 4231 */

static const struct {
    str key, data;
    const char *mac;
} rfc4231[] = {
    {STR_INIT("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), STR_INIT("Hi There"),
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {STR_INIT("4a656665"), STR_INIT("what do ya want for nothing?"),
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {STR_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
     STR_INIT("\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
              "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
              "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"),
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {STR_INIT("0102030405060708090a0b0c0d0e0f10111213141516171819"),
     STR_INIT("\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
              "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
              "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"),
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
};

TEST(the_codes_of_rfc_4231_come_out)
{
    for (size_t i = 0; i < sizeof rfc4231 / sizeof *rfc4231; i++) {
        AUTO(secret) key = {0};
        digest d;
        fill_secret(&key, rfc4231[i].key);
        NEED_OK(hmac_sha256(&key, rfc4231[i].data, &d));
        check_digest(&d, rfc4231[i].mac);
    }
}

TEST(a_key_longer_than_a_block_is_hashed_first)
{
    AUTO(secret) key = {0};
    digest d;
    NEED_OK(secret_get(&key, 131));
    memset(key.at, 0xaa, key.len);
    NEED_OK(hmac_sha256(&key, STR("Test Using Larger Than Block-Size Key - Hash Key First"), &d));
    check_digest(&d, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    NEED_OK(hmac_sha256(&key,
                        STR("This is a test using a larger than block-size key and a larger t"
                            "han block-size data. The key needs to be hashed before being use"
                            "d by the HMAC algorithm."),
                        &d));
    check_digest(&d, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(an_empty_key_or_text_is_a_key_or_text_too)
{
    const secret none = {0};
    digest d;
    NEED_OK(hmac_sha256(&none, STR_NONE, &d));
    check_digest(&d, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* ---- HKDF: RFC 5869 */

TEST(the_keys_of_rfc_5869_come_out)
{
    AUTO(secret) key = {0};
    AUTO(secret) out = {0};
    uint8_t want[42];
    fill_secret(&key, STR("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"));
    NEED_OK(hkdf_sha256(&key, STR_NONE, sizeof want, &out));
    NEED_OK(hex_read(STR("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                         "9d201395faa4b61a96c8"),
                     want, sizeof want));
    CHECK_INT(out.len, ==, sizeof want);
    CHECK(secret_eq((str){(char *)out.at, out.len}, (str){(char *)want, sizeof want}));
}

/* RFC 5869 section 2, by the letter, over our own HMAC; salt is 32 zeros. */
static void
derive_by_hand(const secret *key, str info, uint8_t *out, size_t len)
{
    AUTO(secret) zeros = {0};
    AUTO(secret) prk = {0};
    digest d;
    char text[32 + 64 + 1];
    size_t text_len = 0;
    NEED_OK(secret_get(&zeros, 32));
    NEED_OK(secret_get(&prk, 32));
    NEED_OK(hmac_sha256(&zeros, (str){(char *)key->at, key->len}, &d));
    memcpy(prk.at, d.bytes, 32);
    for (uint8_t n = 1; len; n++) {
        memcpy(text + text_len, info.at, info.len);
        text[text_len + info.len] = (char)n;
        NEED_OK(hmac_sha256(&prk, (str){text, text_len + info.len + 1}, &d));
        const size_t take = len < 32 ? len : 32;
        memcpy(out, d.bytes, take);
        out += take;
        len -= take;
        memcpy(text, d.bytes, 32);
        text_len = 32;
    }
}

TEST(derived_keys_are_what_the_rfc_says_step_by_step)
{
    for (int round = 0; round < 50; round++) {
        AUTO(secret) key = {0};
        AUTO(secret) out = {0};
        char info[64];
        uint8_t want[255 * 32];
        const size_t info_len = 1 + test_random() % sizeof info;
        const size_t len = round ? 1 + test_random() % sizeof want : sizeof want;
        NEED_OK(secret_get(&key, 1 + test_random() % 100));
        for (size_t i = 0; i < key.len; i++)
            key.at[i] = (uint8_t)test_random();
        for (size_t i = 0; i < info_len; i++)
            info[i] = (char)test_random();
        NEED_OK(hkdf_sha256(&key, (str){info, info_len}, len, &out));
        derive_by_hand(&key, (str){info, info_len}, want, len);
        NEED(secret_eq((str){(char *)out.at, out.len}, (str){(char *)want, len}));
    }
}

TEST(other_uses_get_other_keys)
{
    AUTO(secret) key = {0};
    AUTO(secret) one = {0};
    AUTO(secret) two = {0};
    fill_secret(&key, STR("0b0b0b0b"));
    NEED_OK(hkdf_sha256(&key, STR("keys"), 32, &one));
    NEED_OK(hkdf_sha256(&key, STR("key"), 32, &two));
    CHECK(!secret_eq((str){(char *)one.at, 32}, (str){(char *)two.at, 32}));
}

/* ---- text */

TEST(a_digest_comes_back_from_its_text)
{
    for (int i = 0; i < 200; i++) {
        digest d, back;
        char room[65];
        for (size_t j = 0; j < sizeof d.bytes; j++)
            d.bytes[j] = (uint8_t)test_random();
        digest_text(&d, room);
        CHECK_INT(strlen(room), ==, 64);
        NEED_OK(digest_read(str_of(room), &back));
        CHECK(digest_eq(&d, &back));
    }
}

TEST(what_is_no_digest_is_refused_and_leaves_the_result_alone)
{
    static const char good[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    digest d, before;
    memset(&d, 7, sizeof d);
    before = d;
    for (size_t len = 0; len < 64; len++)
        CHECK_ERR(digest_read((str){good, len}, &d), PARSE);
    CHECK_ERR(
        digest_read(STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0"), &d),
        PARSE);
    for (size_t i = 0; i < 64; i++) {
        static const char wrong[] = "g/:@G`x -\0";
        char bad[65];
        memcpy(bad, good, sizeof bad);
        bad[i] = wrong[i % (sizeof wrong - 1)];
        CHECK_ERR(digest_read((str){bad, 64}, &d), PARSE);
    }
    CHECK(digest_eq(&d, &before));
    CHECK_OK(digest_read(str_of(good), &d));
}

/* ---- faults and threads */

static err
do_everything(void)
{
    AUTO(secret) key = {0};
    AUTO(secret) out = {0};
    sha256 *h = NULL;
    digest d;
    TRY(secret_get(&key, 32));
    TRY(sha256_of(STR("abc"), &d));
    TRY(sha256_new(&h));
    const err e = sha256_add(h, STR("abc"));
    if (e.code) {
        sha256_free(h);
        return e;
    }
    TRY(sha256_end(h, &d));
    TRY(hmac_sha256(&key, STR("abc"), &d));
    TRY(hkdf_sha256(&key, STR("abc"), 32, &out));
    CHECK_INT(out.len, ==, 32);
    return OK;
}

TEST(every_fault_is_reported_and_nothing_leaks)
{
    long n = 1;
    for (bool fired = true; fired; n++) {
        fault_arm(n);
        const err e = do_everything();
        fired = fault_fired();
        fault_arm(0);
        NEED(fired == (e.code != 0));
        NEED(!fired || e.code == ERR_LIMIT || e.code == ERR_INTERNAL);
    }
    CHECK_INT(n, >, 8);
}

static void *
hash_often(void *ctx)
{
    bool *is_right = ctx;
    digest d, want;
    IGNORE(digest_read(str_of(fips[1].hash), &want)); /* a constant */
    *is_right = true;
    for (int i = 0; i < 2000; i++)
        *is_right = *is_right && !sha256_of(fips[1].text, &d).code && digest_eq(&d, &want);
    return NULL;
}

TEST(threads_hash_side_by_side)
{
    pthread_t threads[4];
    bool is_right[4] = {0};
    for (int i = 0; i < 4; i++)
        NEED(pthread_create(&threads[i], NULL, hash_often, &is_right[i]) == 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(is_right[i]);
    }
}
