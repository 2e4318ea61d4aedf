/* SPDX-License-Identifier: EUPL-1.2 */
/* toy_words.h - the words the toy engine says. */
#pragma once
#include "base/str.h"

enum { TOY_OPENERS = 16, TOY_WORDS = 176 };

/* Words that begin a sentence, and words that follow. */
extern const str toy_openers[TOY_OPENERS];
extern const str toy_words[TOY_WORDS];
