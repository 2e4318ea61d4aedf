/* SPDX-License-Identifier: EUPL-1.2 */
/* gguf_about.h - what the keys of a GGUF head say about the model: names, sizes, kind, and an
 * estimate of the memory it takes.  Keys of no interest are left alone. */
#pragma once
#include "base/map.h"
#include "model/gguf.h"

/* `values`: key to struct gguf_value (gguf_scan.h).  Fills in `info`, which holds data_bytes
 * already.  PARSE with a public sentence when there is no architecture or a number is absurd. */
fallible gguf_about(const map *values, struct gguf_info *info);
