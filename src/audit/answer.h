/* SPDX-License-Identifier: EUPL-1.2 */
/* answer.h - what a gate may ask about the log (proto.h, enum log_what).  For audit/ only. */
#pragma once
#include "audit/book.h"
#include "audit/proto.h"
#include "base/buf.h"

/* `tail` is the question's, for LOG_COSIGN and LOG_QUERY.  The bytes of the answer.  NOT_FOUND,
 * ARGUMENT for what there is not or cannot be asked. */
fallible answer_read(book *b, const struct log_read *q, str tail, buf *ret);
