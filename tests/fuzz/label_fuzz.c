/* SPDX-License-Identifier: EUPL-1.2 */
/* label_fuzz.c - any text is refused without a trace, or is a label whose level is a thermometer
 * and whose canonical text reads back as the same label; any 32 bytes have a text, and it reads
 * back as the same label or not at all. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "policy/label.h"

#define COUNT(x) (sizeof(x) / sizeof *(x))

static const struct label_name levels[] = {{STR_INIT("offen"), STR_INIT(""), 0},
                                           {STR_INIT("intern"), STR_INIT(""), 1},
                                           {STR_INIT("VS-NfD"), STR_INIT(""), 2},
                                           {STR_INIT("STRENG GEHEIM"), STR_INIT(""), 3}};
static const struct label_name compartments[] = {{STR_INIT("A"), STR_INIT(""), 8},
                                                 {STR_INIT("SOZIALDATEN"), STR_INIT(""), 9},
                                                 {STR_INIT("RELIGION"), STR_INIT(""), 127}};
static const struct label_name parties[] = {{STR_INIT("BUND"), STR_INIT(""), 128},
                                            {STR_INIT("EU"), STR_INIT(""), 223}};
static const struct label_name taints[] = {{STR_INIT("web"), STR_INIT(""), 224},
                                           {STR_INIT("ocr"), STR_INIT(""), 255}};
static const struct label_names names = {levels,         compartments,  parties,
                                         taints,         COUNT(levels), COUNT(compartments),
                                         COUNT(parties), COUNT(taints)};

static void
check_text(str text)
{
    const label before = label_of_level(8);
    label l = before, again = before;
    char room[LABEL_TEXT_MAX], room2[LABEL_TEXT_MAX];
    const err e = label_parse(&names, text, &l);
    if (e.code) {
        ASSERT(e.code == ERR_PARSE && label_eq(l, before));
        return;
    }
    ASSERT(label_eq(label_part(l, 0, LABEL_LEVEL_COUNT), label_of_level(label_level(l))));
    const str canonical = label_text(&names, l, room);
    ASSERT(label_parse(&names, canonical, &again).code == ERR_OK && label_eq(l, again));
    ASSERT(str_eq(label_text(&names, again, room2), canonical));
}

static void
check_bits(const uint8_t bytes[32])
{
    label l, again = LABEL_BOTTOM;
    char room[LABEL_TEXT_MAX];
    memcpy(l.w, bytes, sizeof l.w);
    const str text = label_text(&names, l, room);
    ASSERT(text.len > 0 && text.len < LABEL_TEXT_MAX && room[text.len] == '\0');
    ASSERT(label_parse(&names, text, &again).code || label_eq(l, again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    check_text((str){(const char *)data, len});
    if (len >= 32)
        check_bits(data);
    return 0;
}
