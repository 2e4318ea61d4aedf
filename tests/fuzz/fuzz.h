/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz.h - what every fuzz target has: one function over foreign bytes.
 *
 * With libFuzzer (make fuzz B=fuzz CC=clang-14) it is called with whatever the fuzzer invents;
 * without, replay.c calls it with the seeds in corpus/ and their neighbours.  A property that
 * does not hold is a failed ASSERT, so it ends the process in both. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
