/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/checkdigit.h"

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool
all_digits(str s, size_t from, size_t to)
{
    if (s.len < to)
        return false;
    for (size_t i = from; i < to; i++)
        if (!is_digit(s.at[i]))
            return false;
    return true;
}

static unsigned
digit(str s, size_t i)
{
    return (unsigned)(s.at[i] - '0');
}

/* 0 to 9, A = 10 to Z = 35, anything else 0. */
static unsigned
value36(char c)
{
    if (is_digit(c))
        return (unsigned)(c - '0');
    return is_upper(c) ? (unsigned)(c - 'A') + 10 : 0;
}

static unsigned
digit_sum(unsigned n)
{
    return n / 10 + n % 10;
}

bool
check_none(str s)
{
    (void)s;
    return true;
}

/* ISO 7064 mod 11,10 over digits, the last one being the check. */
static bool
mod_11_10(str s, size_t from)
{
    unsigned p = 10;
    for (size_t i = from; i + 1 < s.len; i++) {
        const unsigned t = (digit(s, i) + p) % 10;
        p = 2 * (t ? t : 10) % 11;
    }
    return (11 - p) % 10 == digit(s, s.len - 1);
}

/* Feeds `c` into a number taken mod 97. */
static unsigned
mod_97(unsigned rest, char c)
{
    const unsigned v = value36(c);
    return (rest * (v > 9 ? 100 : 10) + v) % 97;
}

bool
check_iban(str s)
{
    unsigned rest = 0;
    if (s.len < 15 || s.len > 34 || !is_upper(s.at[0]) || !is_upper(s.at[1]) ||
        !all_digits(s, 2, 4))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[(i + 4) % s.len];
        if (!is_digit(c) && !is_upper(c))
            return false;
        rest = mod_97(rest, c);
    }
    return rest == 1;
}

bool
check_leitweg(str s)
{
    unsigned rest = 0;
    if (s.len < 5)
        return false;
    for (size_t i = 0; i < s.len; i++)
        rest = mod_97(rest, s.at[i]);
    return rest == 1;
}

/* Among the first ten digits exactly one comes twice or thrice, never three in a row. */
static bool
repeats_as_issued(str s)
{
    unsigned count[10] = {0}, repeated = 0;
    for (size_t i = 0; i < 10; i++) {
        count[digit(s, i)]++;
        if (i >= 2 && s.at[i] == s.at[i - 1] && s.at[i] == s.at[i - 2])
            return false;
    }
    for (size_t d = 0; d < 10; d++) {
        if (count[d] > 3)
            return false;
        repeated += count[d] > 1;
    }
    return repeated == 1;
}

bool
check_steuer_id(str s)
{
    return s.len == 11 && all_digits(s, 0, 11) && s.at[0] != '0' && repeats_as_issued(s) &&
           mod_11_10(s, 0);
}

bool
check_ust_id(str s)
{
    return s.len == 11 && s.at[0] == 'D' && s.at[1] == 'E' && all_digits(s, 2, 11) &&
           mod_11_10(s, 2);
}

/* ---- sums of the digit sums of products */

static unsigned
weighted_digit_sums(const unsigned *digits, const uint8_t *weights, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += digit_sum(digits[i] * weights[i]);
    return sum;
}

/* Digits of `s`, each letter as the two digits of its place in the alphabet. */
static size_t
spread_letters(str s, unsigned *digits, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len && n + 2 <= room; i++) {
        const unsigned place = is_upper(s.at[i]) ? (unsigned)(s.at[i] - 'A') + 1 : 0;
        if (place)
            digits[n++] = place / 10;
        digits[n++] = place ? place % 10 : digit(s, i);
    }
    return n;
}

bool
check_svnr(str s)
{
    static const uint8_t weights[12] = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
    unsigned digits[16];
    if (s.len != 12 || !all_digits(s, 0, 8) || !is_upper(s.at[8]) || !all_digits(s, 9, 12))
        return false;
    (void)spread_letters(s, digits, 16);
    return weighted_digit_sums(digits, weights, 12) % 10 == digit(s, 11);
}

bool
check_kvnr(str s)
{
    static const uint8_t weights[10] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
    unsigned digits[16];
    if (s.len != 10 || !is_upper(s.at[0]) || !all_digits(s, 1, 10))
        return false;
    (void)spread_letters(s, digits, 16);
    return weighted_digit_sums(digits, weights, 10) % 10 == digit(s, 9);
}

bool
check_betriebsnummer(str s)
{
    static const uint8_t weights[7] = {1, 2, 1, 2, 1, 2, 1};
    unsigned digits[16];
    if (s.len != 8 || !all_digits(s, 0, 8))
        return false;
    (void)spread_letters(s, digits, 16);
    const unsigned sum = weighted_digit_sums(digits, weights, 7);
    return sum % 10 == digit(s, 7) || (sum + 5) % 10 == digit(s, 7);
}

/* ---- weighted sums */

static unsigned
sum_731(str s, size_t from, size_t to)
{
    static const unsigned weights[3] = {7, 3, 1};
    unsigned sum = 0;
    for (size_t i = from; i < to; i++)
        sum += value36(s.at[i]) * weights[(i - from) % 3];
    return sum % 10;
}

static bool
checked_731(str s, size_t from, size_t to)
{
    return is_digit(s.at[to]) && sum_731(s, from, to) == digit(s, to);
}

static bool
is_serial(str s)
{
    static const char issued[] = "CFGHJKLMNPRTVWXYZ0123456789";
    for (size_t i = 0; i < 9; i++)
        if (!memchr(issued, s.at[i], sizeof issued - 1))
            return false;
    return true;
}

bool
check_ausweis(str s)
{
    if (s.len == 11 && s.at[10] == 'D')
        s.len = 10;
    return s.len == 10 && is_serial(s) && checked_731(s, 0, 9);
}

bool
check_fuehrerschein(str s)
{
    unsigned sum = 0;
    if (s.len != 11 || s.at[0] < 'A' || s.at[0] > 'P' || !all_digits(s, 1, 3))
        return false;
    for (size_t i = 0; i < 9; i++)
        sum += value36(s.at[i]) * (unsigned)(9 - i);
    return s.at[9] == "0123456789X"[sum % 11];
}

bool
check_lanr(str s)
{
    unsigned sum = 0;
    if (s.len != 9 || !all_digits(s, 0, 9))
        return false;
    for (size_t i = 0; i < 6; i++)
        sum += digit(s, i) * (i % 2 ? 9 : 4);
    return (10 - sum % 10) % 10 == digit(s, 6);
}

bool
check_luhn(str s)
{
    unsigned sum = 0;
    if (s.len < 13 || s.len > 19 || !all_digits(s, 0, s.len))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        const unsigned d = digit(s, s.len - 1 - i);
        sum += i % 2 ? digit_sum(2 * d) : d;
    }
    return sum % 10 == 0;
}

/* ICAO 9303: TD3's and TD1's lines by where their check digits stand. */
bool
check_mrz(str s)
{
    if (s.len == 44 && s.at[0] != 'P')
        return checked_731(s, 0, 9) && checked_731(s, 13, 19) && checked_731(s, 21, 27);
    if (s.len == 30 && is_digit(s.at[0]))
        return checked_731(s, 0, 6) && checked_731(s, 8, 14);
    if (s.len == 30 && s.at[14] != '<')
        return checked_731(s, 5, 14);
    return s.len == 30 || s.len == 44;
}

/* ---- Steuernummer: 13 digits, a procedure for each Land */

enum procedure { P11, P_NW, P_RP, P2 };

static const uint8_t w11a[12] = {0, 5, 4, 3, 0, 2, 7, 6, 5, 4, 3, 2};
static const uint8_t w11b[12] = {0, 0, 4, 3, 0, 2, 7, 6, 5, 4, 3, 2};
static const uint8_t w11c[12] = {0, 0, 2, 9, 0, 8, 7, 6, 5, 4, 3, 2};
static const uint8_t w11_be[12] = {0, 0, 0, 0, 0, 7, 6, 5, 8, 4, 3, 2};
static const uint8_t w_nw[12] = {0, 3, 2, 1, 0, 7, 6, 5, 4, 3, 2, 1};
static const uint8_t w_rp[12] = {0, 0, 1, 2, 0, 1, 2, 1, 2, 1, 2, 1};

/* The first digits of the tax office number; Berlin has two procedures. */
static const struct {
    char prefix[3];
    uint8_t procedure;
    const uint8_t *weights;
} laender[] = {
    {"28", P2, NULL},  {"9", P11, w11a},  {"11", P11, w11_be}, {"11", P11, w11a}, {"11", P11, w11c},
    {"30", P11, w11a}, {"24", P11, w11b}, {"22", P11, w11b},   {"26", P2, NULL},  {"40", P11, w11a},
    {"23", P11, w11c}, {"5", P_NW, w_nw}, {"27", P_RP, w_rp},  {"10", P11, w11b}, {"32", P11, w11a},
    {"31", P11, w11a}, {"21", P2, NULL},  {"41", P11, w11a},
};

static unsigned
plain_sum(str s, const uint8_t *weights)
{
    unsigned sum = 0;
    for (size_t i = 0; i < 12; i++)
        sum += digit(s, i) * weights[i];
    return sum;
}

static bool
check_2er(str s)
{
    static const uint8_t add[12] = {0, 0, 9, 8, 0, 7, 6, 5, 4, 3, 2, 1};
    static const uint16_t factor[12] = {0, 0, 512, 256, 0, 128, 64, 32, 16, 8, 4, 2};
    unsigned sum = 0;
    for (size_t i = 0; i < 12; i++) {
        const unsigned n = (digit(s, i) + add[i]) % 10 * factor[i];
        sum += n ? 1 + (n - 1) % 9 : 0; /* the repeated digit sum */
    }
    return (10 - sum % 10) % 10 == digit(s, 12);
}

static bool
check_land(str s, unsigned procedure, const uint8_t *weights)
{
    unsigned digits[16];
    if (procedure == P2)
        return check_2er(s);
    if (procedure == P_NW)
        return plain_sum(s, weights) % 11 == digit(s, 12);
    if (procedure == P11)
        return (11 - plain_sum(s, weights) % 11) % 11 == digit(s, 12);
    (void)spread_letters(s, digits, 16);
    return (10 - weighted_digit_sums(digits, weights, 12) % 10) % 10 == digit(s, 12);
}

bool
check_steuernummer(str s)
{
    if (s.len != 13 || !all_digits(s, 0, 13) || s.at[4] != '0')
        return false;
    for (size_t i = 0; i < sizeof laender / sizeof *laender; i++)
        if (str_starts(s, str_of(laender[i].prefix)) &&
            check_land(s, laender[i].procedure, laender[i].weights))
            return true;
    return false;
}
