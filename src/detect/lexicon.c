/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/lexicon.h"

#include "base/utf8.h"

enum { ROOM = 1 << 14 };

struct entry {
    uint64_t hash;
    uint32_t bits;
    uint8_t label;
};

struct lexicon {
    struct entry entries[ROOM];
    size_t count;
};

static const struct {
    str list;
    uint32_t bit;
} words[] = {
#define WORDS(id, list) {STR_INIT(list), (uint32_t)WORD_##id},
#include "detect/words.def"
#undef WORDS
};

static const struct {
    uint8_t type;
    str list;
} labels[] = {
#define TYPE(id)
#define LABEL(type, list) {DETECT_##type, STR_INIT(list)},
#define FORM(...)
#define LAYOUT(...)
#include "detect/detectors.def"
#undef TYPE
#undef LABEL
#undef FORM
#undef LAYOUT
};

/* ---- folding: the letter below a diacritic */

/* U+00C0 to U+00DF, and the same again 32 higher. */
static const char latin1[] = "aaaaaaaceeeeiiiidnooooo ouuuuyts";
/* U+0100 to U+017F. */
static const char latin_a[] =
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnn"
    "nnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof latin1 == 33 && sizeof latin_a == 129, "one letter each");

static const struct {
    uint16_t first, last;
    char letter;
} beyond[] = {{0x1EA0, 0x1EB7, 'a'}, {0x1EB8, 0x1EC7, 'e'}, {0x1EC8, 0x1ECB, 'i'},
              {0x1ECC, 0x1EE3, 'o'}, {0x1EE4, 0x1EF1, 'u'}, {0x1EF2, 0x1EF9, 'y'},
              {0x01A0, 0x01A1, 'o'}, {0x01AF, 0x01B0, 'u'}, {0x0218, 0x0219, 's'},
              {0x021A, 0x021B, 't'}};

/* 0: none of ours; the code point itself is hashed then. */
static char
letter_of(uint32_t c)
{
    if (c >= 0xC0 && c <= 0xFF)
        return c == 0xFF ? 'y' : latin1[(c - 0xC0) % 32];
    if (c >= 0x100 && c <= 0x17F)
        return latin_a[c - 0x100];
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        if (c >= beyond[i].first && c <= beyond[i].last)
            return beyond[i].letter;
    return 0;
}

static void
add_byte(struct word_hash *h, char c)
{
    h->stem = h->hash;
    h->hash = (h->hash ^ (uint8_t)c) * 0x100000001b3u;
    h->last = c;
}

void
word_hash_add(struct word_hash *h, uint32_t c)
{
    if (c < 0x80) {
        const char lower = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9'))
            add_byte(h, lower);
        return;
    }
    if ((c >= 0x300 && c <= 0x36F) || c == 0xAD)
        return;
    const char letter = letter_of(c);
    add_byte(h, letter ? letter : (char)(c ^ (c >> 8)));
    if (c == 0xDF)
        add_byte(h, 's');
}

struct word_hash
word_hash_of(str word)
{
    struct word_hash h = WORD_HASH;
    uint32_t c;
    while (utf8_next(&word, &c))
        word_hash_add(&h, c);
    return h;
}

bool
word_is_upper(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z';
    if (c < 0x100)
        return c >= 0xC0 && c <= 0xDE && c != 0xD7;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
        return c % 2 == 1;
    return (c < 0x250 || (c >= 0x1E00 && c <= 0x1EFF)) && c % 2 == 0;
}

/* ---- the table */

static struct entry *
slot(lexicon *x, uint64_t hash)
{
    size_t i = hash % ROOM;
    while (x->entries[i].hash && x->entries[i].hash != hash)
        i = (i + 1) % ROOM;
    return &x->entries[i];
}

static void
add_list(lexicon *x, str list, uint32_t bit, uint8_t label)
{
    str word;
    while (str_next(&list, ' ', &word)) {
        if (!word.len)
            continue;
        struct entry *const e = slot(x, word_hash_of(word).hash);
        x->count += !e->hash;
        ASSERT(x->count < ROOM / 2);
        e->hash = word_hash_of(word).hash;
        e->bits |= bit;
        e->label = label ? label : e->label;
    }
}

fallible
detect_open(arena *a, const lexicon **ret)
{
    void *room = NULL;
    TRY(try_arena_get(a, 1, sizeof(lexicon), &room));
    lexicon *const x = room;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        add_list(x, words[i].list, words[i].bit, DETECT_NONE);
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        add_list(x, labels[i].list, 0, labels[i].type);
    *ret = x;
    return OK;
}

void
lexicon_find(const lexicon *x, uint64_t hash, uint32_t *ret_bits, uint8_t *ret_label)
{
    size_t i = hash % ROOM;
    while (x->entries[i].hash && x->entries[i].hash != hash)
        i = (i + 1) % ROOM;
    *ret_bits = x->entries[i].bits;
    *ret_label = x->entries[i].label;
}
