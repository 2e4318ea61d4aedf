/* SPDX-License-Identifier: EUPL-1.2 */
/* sign.h - has the tree over the audit log follow the records, and its heads signed by hoheitd.
 *
 * A few times a second new records are taken in, a bounded number a turn; at most once a second,
 * and one at a time, a head is sent to hoheitd with the proof that it has grown from the one signed
 * last (audit/ledger.h, super/signer.h).  Requests do not wait for it: a record is released when it
 * is durable.  If hoheitd says that something else was signed last, the next question starts from
 * there.  If it refuses, the log goes on unsigned, that is an error in the operator's log, and it
 * is tried again after a minute. */
#pragma once
#include "gate/inside.h"

typedef struct sign sign;

/* What sends the question; the answer comes to sign_answered. */
typedef err sign_send_fn(void *ctx, const struct control_sign *ask);

fallible sign_start(const struct gate_parts *parts, sign_send_fn *send, void *ctx, sign **ret);
/* NULL is fine. */
void sign_stop(sign *s);
void sign_answered(sign *s, const struct control_signed *answer);
/* One turn of the timer, for tests. */
void sign_turn(sign *s);
