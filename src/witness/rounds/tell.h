/* SPDX-License-Identifier: EUPL-1.2 */
/* tell.h - how far the witnesses lag, for `hoheit status` and for Prometheus.  Names are those of
 * providers.yaml.  For NULL, where there are no witnesses, each tells as much. */
#pragma once
#include "witness/rounds/rounds.h"

/* One object:
 * {"wanted":2,"good":1,"alarm":false,"entries":120,"list":[{"name":…,"key":…,"state":…,
 * "signed_entries":…,"signed_s":…,"lag_entries":…,"lag_ms":…,"failures":…,"why":…},…]}
 * state: "new", not asked yet; "good"; "behind", its answer is awaited; "failing". */
void tell_status(const rounds *r, buf *b);
/* Nothing at all where there are none. */
void tell_metrics(const rounds *r, buf *b);
