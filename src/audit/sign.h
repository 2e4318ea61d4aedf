/* SPDX-License-Identifier: EUPL-1.2 */
/* sign.h - has the tree follow the log and its heads signed.
 *
 * As records become durable they are taken into the tree; about once a second, if there is
 * something new, hoheitd is asked to sign its head.  hoheitd holds the key and knows what it signed
 * last (ledger.h, super/signer.h).  Requests do not wait for it: a record is released when it is
 * durable, and what is durable is signed soon after.
 *
 * The answer CONFLICT says what was signed last instead, and the next question starts from there.
 * If it refuses, the log goes on unsigned, that is an error in the operator's log, and it is tried
 * again after a minute.  At the end of the process all that is there is signed (sign_last). */
#pragma once
#include "audit/book.h"
#include "audit/proto.h"

typedef struct sign sign;

/* What sends the question; the answer comes to sign_answered. */
typedef err sign_send_fn(void *ctx, const struct log_sign *ask);

fallible sign_start(loop *l, book *b, sign_send_fn *send, void *ctx, sign **ret);
/* NULL is fine. */
void sign_stop(sign *s);
void sign_answered(sign *s, const struct log_signed *answer);
/* Takes in all that is durable and has it signed, at once; `done` is called when it is, or when
 * that failed.  Nothing is appended any more.  On failure it is not called. */
fallible sign_last(sign *s, loop_fn *done, void *ctx);
/* One turn of the timer, for tests. */
void sign_turn(sign *s);
