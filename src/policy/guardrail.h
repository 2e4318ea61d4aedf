/* SPDX-License-Identifier: EUPL-1.2 */
/* guardrail.h - what may not be asked or answered, as the policy file says it (section guardrails):
 * one struct for each rule, in the order of the file.  They hold for every request of every key.
 *
 * What finds them in a text is guard/.  Read-only, in the policy's memory: as long as it lives. */
#pragma once
#include "policy/label.h"

enum guardrail_kind {
    GUARDRAIL_WORDS,       /* any of the words */
    GUARDRAIL_TOPIC,       /* `least` different ones in one text */
    GUARDRAIL_IDENTIFIERS, /* types of detect/ */
    GUARDRAIL_ATTACK       /* on the prompt: guard/attack.def */
};
enum guardrail_then { GUARDRAIL_BLOCK, GUARDRAIL_MASK, GUARDRAIL_TAINT };
enum { GUARDRAIL_INPUT = 1, GUARDRAIL_OUTPUT = 2 };

enum {
    GUARDRAILS_MAX = 64,
    GUARDRAIL_ENTRIES_MAX = 4000, /* words of one rule */
    GUARDRAIL_ENTRY_BYTES_MAX = 120,
    GUARDRAIL_ENTRY_WORDS_MAX = 8,
    GUARDRAIL_ID_BYTES_MAX = 32
};

struct guardrail {
    str id, title;
    str name;    /* "guardrail.ID", NUL-ended: the rule that denials name */
    str message; /* what is said in place of what was blocked, where a dialect does; may be empty */
    enum guardrail_kind kind;
    enum guardrail_then then;
    unsigned where; /* GUARDRAIL_INPUT, GUARDRAIL_OUTPUT or both */
    const str *words;
    size_t word_count;
    size_t least;   /* TOPIC; else 1 */
    uint64_t types; /* IDENTIFIERS: bit of each enum detect_type */
    label taint;    /* TAINT: what is joined to the label */
};
