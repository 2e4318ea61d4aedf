/* SPDX-License-Identifier: EUPL-1.2 */
/* auth.h - who asks: a signature (crypt/sigv4.h) in the head or the query, a bearer key, or the
 * operator's socket.
 *
 * What the head can tell is judged from the head: form, scope, time, the id, and the signature
 * where the head says what the body's hash is.  The rest waits for the body: its hash, and the
 * signature where clients leave the hash out (most do).  What is not signed of a body must come
 * over TLS or the Unix socket (UNSIGNED-PAYLOAD); chunks that are signed one by one are put
 * together (STREAMING-AWS4-HMAC-SHA256-PAYLOAD).
 *
 * Temporary credentials do not exist here: a session token is refused as an invalid one, and the
 * end of a key is told as ExpiredTokenException.  The region is whatever the client says.  A
 * request can be sent again while its signature is good: as at AWS, nothing here remembers those
 * seen. */
#pragma once
#include "api/api.h"

fallible bedrock_authenticate(struct api_call *c);
fallible bedrock_check_body(struct api_call *c);
