/* SPDX-License-Identifier: EUPL-1.2 */
/* reply.h - what a collector's answer means (OTLP/HTTP, "Failures"): it took the message, wants it
 * again later, or will never take it.  Nothing it says is repeated anywhere. */
#pragma once
#include "base/buf.h"
#include "net/http.h"

enum reply_verdict { REPLY_TAKEN, REPLY_LATER, REPLY_REFUSED };

struct reply { /* all zero but for the body's bound: nothing came yet */
    uint64_t status;
    uint64_t retry_ms; /* its Retry-After; 0: none */
    buf body;          /* cut at its bound */
};

void reply_head(struct reply *r, int status, const struct http_field *fields, size_t count);
void reply_data(struct reply *r, str piece);
/* `e`: how the call ended. */
enum reply_verdict reply_judge(const struct reply *r, err e);
/* Of what was taken: spans the collector says it rejected; 0 where it says nothing readable. */
uint64_t reply_rejected(const struct reply *r);
void reply_done(struct reply *r);
