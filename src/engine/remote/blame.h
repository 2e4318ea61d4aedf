/* SPDX-License-Identifier: EUPL-1.2 */
/* blame.h - what a provider's refusal means here.
 *
 * A provider's text may repeat what was asked, so nobody hears it: the client gets a sentence of
 * ours and the provider's own code (letters, '_', '.' and '-', at most 48; else "?"), which goes to
 * the log too.  Its text is only searched for the few phrases by which providers say that a request
 * is longer than the model's context, for many have no code for that.
 *
 *   400, 422   CONTEXT_LENGTH or ARGUMENT     401, 402, 403   PROVIDER_LOST: our account's fault,
 *   404        MODEL_NOT_FOUND                                not the client's
 *   413        TOO_LARGE                      429             BUSY; without quota PROVIDER_LOST
 *   all else   PROVIDER_LOST */
#pragma once
#include "base/json.h"

struct blame {
    int status; /* 0: none, the error came inside an answer */
    str code;   /* from a header or an event's name; empty: look in the body */
    str body;   /* as far as it was kept; JSON or not */
    uint32_t retry_s;
};

/* Never OK. */
err blame_of(arena *a, const struct blame *b);
/* Is there an error in what should be an answer? {"error":…}, {"type":"error"},
 * {"object":"error"}. */
bool blame_is_error(const jval *root);
/* For an error inside an answer, read already. */
err blame_inside(const jval *root);
