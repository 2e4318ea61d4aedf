/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/json_guide.h"

#include "base/err.h"

enum state {
    BEFORE_OBJECT,
    FIRST_NAME, /* behind '{': a name or '}' */
    NEXT_NAME,  /* behind ',' in an object */
    COLON,
    VALUE,
    FIRST_ITEM, /* behind '[': a value or ']' */
    AFTER_VALUE,
    TEXT,
    ESCAPE,
    HEX_1,
    HEX_2,
    HEX_3,
    HEX_4,
    PAIR_BACKSLASH, /* a high surrogate asks for \u and a low one */
    PAIR_U,
    WORD,
    MINUS,
    ZERO,
    WHOLE,
    POINT,
    FRACTION,
    EXPONENT,
    EXPONENT_SIGN,
    EXPONENT_DIGITS,
    WHOLE_OBJECT
};

enum { EXPONENT_DIGITS_MAX = 2 };

static const char *const words[] = {"true", "false", "null"};

static bool
go(struct json_guide *g, enum state to)
{
    g->state = (uint8_t)to;
    g->run = 0;
    return true;
}

static bool
open_container(struct json_guide *g, bool is_array)
{
    if (g->depth == JSON_GUIDE_DEPTH_MAX)
        return false;
    const uint64_t bit = (uint64_t)1 << g->depth++;
    g->arrays = is_array ? g->arrays | bit : g->arrays & ~bit;
    return go(g, is_array ? FIRST_ITEM : FIRST_NAME);
}

static bool
in_array(const struct json_guide *g)
{
    return g->depth && (g->arrays >> (g->depth - 1) & 1);
}

static bool
close_container(struct json_guide *g, bool is_array)
{
    if (in_array(g) != is_array)
        return false;
    return go(g, --g->depth ? AFTER_VALUE : WHOLE_OBJECT);
}

static bool
open_text(struct json_guide *g, bool is_name)
{
    g->is_name = is_name;
    return go(g, TEXT);
}

static bool
open_word(struct json_guide *g, uint8_t word)
{
    g->word = word;
    g->word_at = 1;
    return go(g, WORD);
}

static bool
open_value(struct json_guide *g, uint8_t c)
{
    switch (c) {
    case '{':
        return open_container(g, false);
    case '[':
        return open_container(g, true);
    case '"':
        return open_text(g, false);
    case '-':
        return go(g, MINUS);
    case '0':
        return go(g, ZERO);
    case 't':
        return open_word(g, 0);
    case 'f':
        return open_word(g, 1);
    case 'n':
        return open_word(g, 2);
    default:
        return c >= '1' && c <= '9' && go(g, WHOLE);
    }
}

/* Table 3-7 of the Unicode Standard: what may follow a lead byte. */
static bool
open_character(struct json_guide *g, uint8_t c)
{
    if (c < 0xc2 || c > 0xf4)
        return false;
    g->follow = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    g->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    g->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return true;
}

static bool
take_in_text(struct json_guide *g, uint8_t c)
{
    if (g->follow) {
        if (c < g->low || c > g->high)
            return false;
        g->follow--;
        g->low = 0x80;
        g->high = 0xbf;
        return true;
    }
    if (c == '"')
        return go(g, g->is_name ? COLON : AFTER_VALUE);
    if (c == '\\')
        return go(g, ESCAPE);
    return c >= 0x80 ? open_character(g, c) : c >= 0x20 && c != 0x7f;
}

static bool
take_escape(struct json_guide *g, uint8_t c)
{
    if (c != 'u')
        return c && strchr("\"\\/bfnrt", c) && go(g, TEXT);
    g->escape = 0;
    g->needs_low_surrogate = false;
    return go(g, HEX_1);
}

/* The first two digits tell whether it is a surrogate (D8 … DB high, DC … DF low). */
static bool
take_hex(struct json_guide *g, uint8_t c)
{
    const uint8_t lower = c | 0x20;
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (lower < 'a' || lower > 'f'))
        return false;
    g->escape = (uint16_t)(g->escape << 4 | (is_digit ? c - '0' : lower - 'a' + 10));
    if (g->state == HEX_1)
        return (!g->needs_low_surrogate || g->escape == 0xd) && go(g, HEX_2);
    if (g->state == HEX_2) {
        const bool is_low = g->escape >= 0xdc && g->escape <= 0xdf;
        return is_low == g->needs_low_surrogate && go(g, HEX_3);
    }
    if (g->state == HEX_3)
        return go(g, HEX_4);
    return go(g, g->escape >= 0xd800 && g->escape <= 0xdbff ? PAIR_BACKSLASH : TEXT);
}

static bool
take_pair_u(struct json_guide *g, uint8_t c)
{
    g->escape = 0;
    g->needs_low_surrogate = true;
    return c == 'u' && go(g, HEX_1);
}

static bool
take_word(struct json_guide *g, uint8_t c)
{
    const char *word = words[g->word];
    if ((char)c != word[g->word_at])
        return false;
    if (!word[++g->word_at])
        return go(g, AFTER_VALUE);
    return true;
}

static bool
take_after_value(struct json_guide *g, uint8_t c)
{
    if (c == ',')
        return go(g, in_array(g) ? VALUE : NEXT_NAME);
    return (c == '}' || c == ']') && close_container(g, c == ']');
}

/* Another digit of the part at hand, or the end of the number. */
static bool
take_digit_or(struct json_guide *g, uint8_t c, unsigned digits_max)
{
    const bool may_have_point = g->state == WHOLE, may_have_exponent = g->state != EXPONENT_DIGITS;
    if (c >= '0' && c <= '9')
        return ++g->run < digits_max;
    if (c == '.' && may_have_point)
        return go(g, POINT);
    if ((c | 0x20) == 'e' && may_have_exponent)
        return go(g, EXPONENT);
    return take_after_value(g, c);
}

static bool
take_number(struct json_guide *g, uint8_t c)
{
    const bool is_digit = c >= '0' && c <= '9';
    switch (g->state) {
    case MINUS:
        return is_digit && go(g, c == '0' ? ZERO : WHOLE);
    case ZERO:
        if (c == '.')
            return go(g, POINT);
        return (c | 0x20) == 'e' ? go(g, EXPONENT) : take_after_value(g, c);
    case POINT:
        return is_digit && go(g, FRACTION);
    case EXPONENT:
        if (c == '+' || c == '-')
            return go(g, EXPONENT_SIGN);
        return is_digit && go(g, EXPONENT_DIGITS);
    case EXPONENT_SIGN:
        return is_digit && go(g, EXPONENT_DIGITS);
    case EXPONENT_DIGITS:
        return take_digit_or(g, c, EXPONENT_DIGITS_MAX);
    default:
        return take_digit_or(g, c, JSON_GUIDE_DIGITS_MAX);
    }
}

static bool
take_structure(struct json_guide *g, uint8_t c)
{
    switch (g->state) {
    case BEFORE_OBJECT:
        return c == '{' && open_container(g, false);
    case FIRST_NAME:
        return c == '"' ? open_text(g, true) : c == '}' && close_container(g, false);
    case NEXT_NAME:
        return c == '"' && open_text(g, true);
    case COLON:
        return c == ':' && go(g, VALUE);
    case VALUE:
        return open_value(g, c);
    case FIRST_ITEM:
        return c == ']' ? close_container(g, true) : open_value(g, c);
    default:
        return take_after_value(g, c);
    }
}

static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* White space ends a number that may end; within other tokens it is none, nor before the object. */
static bool
take_space(struct json_guide *g)
{
    if (g->state >= ZERO) {
        if (g->state == POINT || g->state == EXPONENT || g->state == EXPONENT_SIGN ||
            g->state == WHOLE_OBJECT)
            return false;
        go(g, AFTER_VALUE);
    }
    return ++g->run <= JSON_GUIDE_SPACES_MAX;
}

static bool
take(struct json_guide *g, uint8_t c)
{
    if (is_space(c) && g->state != BEFORE_OBJECT && (g->state <= AFTER_VALUE || g->state >= ZERO))
        return take_space(g);
    switch (g->state) {
    case TEXT:
        return take_in_text(g, c);
    case ESCAPE:
        return take_escape(g, c);
    case HEX_1:
    case HEX_2:
    case HEX_3:
    case HEX_4:
        return take_hex(g, c);
    case PAIR_BACKSLASH:
        return c == '\\' && go(g, PAIR_U);
    case PAIR_U:
        return take_pair_u(g, c);
    case WORD:
        return take_word(g, c);
    case WHOLE_OBJECT:
        return false;
    default:
        return g->state >= MINUS ? take_number(g, c) : take_structure(g, c);
    }
}

bool
json_guide_take(struct json_guide *g, str bytes)
{
    struct json_guide next = *g;
    ASSERT(g->state <= WHOLE_OBJECT && g->depth <= JSON_GUIDE_DEPTH_MAX);
    for (size_t i = 0; i < bytes.len; i++)
        if (!take(&next, (uint8_t)bytes.at[i]))
            return false;
    *g = next;
    return true;
}

bool
json_guide_is_whole(const struct json_guide *g)
{
    return g->state == WHOLE_OBJECT;
}
