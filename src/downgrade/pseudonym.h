/* SPDX-License-Identifier: EUPL-1.2 */
/* pseudonym.h - a typed downgrader: identifiers become tokens on the way out, and identifiers again
 * on the way back (restore.h).
 *
 *     Frau Erika Mustermann, IBAN DE02 1203 …      Frau PERSON_QX1, IBAN IBAN_QX1
 *
 * Tokens are typed, so a model can reason about them, and stable: the same value is the same token
 * in all texts of a conversation, and another form of it ("Mustermann", "DE02-1203…") is the same
 * number with a letter, so that each comes back as it was written.  The two letters behind the
 * underscore are chosen so that nothing in the texts looks like a token.  The order of the numbers
 * follows the texts, so a conversation that goes on keeps them and nothing needs to be stored.
 *
 * What the detectors miss they miss: residue.h looks a second time, by other means, and fails
 * closed.  Which bits of a label this downgrader may remove is policy's to say, never its own
 * (policy_downgrade).  The map lives in the arena of its request and never leaves it.  One thread.
 */
#pragma once
#include "detect/detect.h"

typedef struct pseudonyms pseudonyms;

enum { PSEUDONYM_VALUES_MAX = 4096, PSEUDONYM_FORMS_MAX = 11, PSEUDONYM_TOKEN_MAX = 64 };

struct pseudonym_value { /* somebody or something, by all the forms it was written in */
    uint8_t type;        /* enum detect_type */
    uint32_t number;     /* among those of its type, from 1 */
    str key;             /* what all its forms have in common */
    str forms[PSEUDONYM_FORMS_MAX];
    size_t form_count;
};

struct pseudonym_ask {
    const lexicon *x;
    uint64_t seed;    /* picks the letters */
    const str *texts; /* of one conversation, in their order */
    size_t count;
};

/* Each text comes back with what was found replaced.  Everything lives in `a`.  LIMIT, TOO_LARGE.
 */
fallible
pseudonym_hide(arena *a, const struct pseudonym_ask *ask, str *ret_texts, pseudonyms **ret);
size_t pseudonym_count(const pseudonyms *m);
/* In the order in which they were found; NULL past the end. */
const struct pseudonym_value *pseudonym_at(const pseudonyms *m, size_t i);
struct pseudonym_token {
    size_t start, end; /* in the word it was found in */
    str form;          /* what it stands for */
};

/* The first token in `word`, which has no character but letters, digits, '_' and '\'.  Letters
 * count without case, and an underscore may be escaped as Markdown does.  False: there is none that
 * was given out. */
bool pseudonym_find(const pseudonyms *m, str word, struct pseudonym_token *ret);
