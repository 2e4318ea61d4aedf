/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypt/sign.h"

#include "base/enc.h"
#include "base/fault.h"
#include "test.h"

/* RFC 8032, section 7.1. */
static const struct {
    const char *seed, *key, *text, *sig;
} vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fee"
     "bbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e"
     "0303dca179c138ac17ad9bef1177331a704"},
};
enum { VECTORS = sizeof vectors / sizeof *vectors, TEXT_MAX = 64 };

static size_t
unhex(const char *hex, void *ret)
{
    const size_t len = strlen(hex) / 2;
    CHECK_OK(hex_read(str_of(hex), ret, len));
    return len;
}

static void
fill_pair(const char *seed_hex, secret *ret_key, sign_public *ret_public)
{
    AUTO(secret) seed = {0};
    NEED_OK(secret_get(&seed, SIGN_SEED_LEN));
    unhex(seed_hex, seed.at);
    NEED_OK(sign_pair(&seed, ret_key, ret_public));
}

TEST(the_signatures_of_the_standard_come_out)
{
    for (size_t i = 0; i < VECTORS; i++) {
        AUTO(secret) key = {0};
        sign_public p, want_p = {{0}};
        signature s, want = {{0}};
        char text[TEXT_MAX];
        fill_pair(vectors[i].seed, &key, &p);
        const str t = {text, unhex(vectors[i].text, text)};
        unhex(vectors[i].key, want_p.bytes);
        unhex(vectors[i].sig, want.bytes);
        CHECK(memcmp(&p, &want_p, sizeof p) == 0);
        NEED_OK(sign_make(&key, t, &s));
        CHECK(memcmp(&s, &want, sizeof s) == 0);
        CHECK(sign_is_valid(&p, t, &s));
    }
}

TEST(a_signature_with_any_bit_flipped_is_refused)
{
    AUTO(secret) key = {0};
    sign_public p;
    signature s;
    fill_pair(vectors[2].seed, &key, &p);
    NEED_OK(sign_make(&key, STR("text"), &s));
    for (size_t bit = 0; bit < 8 * sizeof s; bit++) {
        signature bad = s;
        bad.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!sign_is_valid(&p, STR("text"), &bad));
    }
    for (size_t bit = 0; bit < 8 * sizeof p; bit++) {
        sign_public bad = p;
        bad.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!sign_is_valid(&bad, STR("text"), &s));
    }
}

TEST(another_text_is_refused)
{
    AUTO(secret) key = {0};
    sign_public p;
    signature s;
    fill_pair(vectors[0].seed, &key, &p);
    NEED_OK(sign_make(&key, STR("text"), &s));
    CHECK(!sign_is_valid(&p, STR("texu"), &s));
    CHECK(!sign_is_valid(&p, STR("tex"), &s));
    CHECK(!sign_is_valid(&p, STR("text\n"), &s));
    CHECK(!sign_is_valid(&p, STR_NONE, &s));
}

TEST(a_key_of_small_order_is_refused)
{
    const sign_public zero = {{0}}, one = {{1}};
    const signature s = {{1}};
    CHECK(!sign_is_valid(&zero, STR("text"), &s));
    CHECK(!sign_is_valid(&one, STR("text"), &s));
}

static err
make_and_sign(void)
{
    AUTO(secret) seed = {0};
    AUTO(secret) key = {0};
    sign_public p;
    signature s;
    TRY(secret_get(&seed, SIGN_SEED_LEN));
    TRY(sign_pair(&seed, &key, &p));
    return sign_make(&key, STR("text"), &s);
}

TEST(every_failure_is_reported_and_leaks_nothing)
{
    int failures = 0;
    for (long n = 1;; n++) {
        fault_arm(n);
        const err e = make_and_sign();
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        if (!fired)
            break;
        failures++;
    }
    CHECK_INT(failures, ==, 4);
}
