/* SPDX-License-Identifier: EUPL-1.2 */
/* peer.h - one provider at work: its kept connections, its calls and those that wait, its breaker.
 *
 * A call takes a connection that rests, else a new one, else waits its turn.  It is tried again,
 * after a pause with jitter, only if it may be and not one byte of an answer came; at once if the
 * connection was a kept one that turned out dead.  Redirects are not followed, nothing is decoded.
 * An answer of 5xx is an answer, and counts for the breaker.
 *
 * Bounds: connections, waiting calls, repeats, four time limits and the answer's size from struct
 * provider_limits; PEER_BYTES_MAX of bodies.  One thread: the loop's; peer_tick drives all times.
 */
#pragma once
#include "egress/proto.h"
#include "egress/providers.h"
#include "net/http.h"
#include "os/loop.h"

enum { PEER_TICK_MS = 20, PEER_BYTES_MAX = 256 * 1024 * 1024 };

typedef struct peer peer;
typedef struct peer_call peer_call;

struct peer_ask {
    uint64_t id;
    str method, path; /* the path begins with '/' and stands below the provider's base */
    const struct http_field *fields;
    size_t field_count;
    str body;
    uint64_t wait_ms_max;
    bool is_repeatable;
};

struct peer_hooks { /* no hook may call into the peer */
    void (*on_head)(void *ctx, uint64_t id, int status, const struct http_field *fields,
                    size_t count);
    void (*on_data)(void *ctx, uint64_t id, str piece);
    /* Once, last. */
    void (*on_end)(void *ctx, uint64_t id, enum egress_why why);
    void *ctx;
};

struct peer_parts { /* copied, but for the loop */
    loop *loop;
    const struct provider *about;
    const char *name;
    str ca; /* its CA's text */
    struct peer_hooks hooks;
};

fallible peer_new(const struct peer_parts *parts, peer **ret);
/* Calls end without a hook.  Not from a hook; NULL is fine. */
void peer_free(peer *p);
/* Copies the call.  *ret is set before any hook is called, which may be before this returns. */
fallible peer_send(peer *p, const struct peer_ask *ask, peer_call **ret);
/* No hook is called for it any more. */
void peer_cancel(peer_call *c);
/* Whatever is due; every PEER_TICK_MS while the peer is not at rest. */
void peer_tick(peer *p, uint64_t now_ms);
/* Nothing here waits for a time. */
bool peer_is_at_rest(const peer *p, uint64_t now_ms);
/* Back-pressure: no answer is read while paused. */
void peer_pause(peer *p, bool paused);
struct egress_numbers peer_numbers(const peer *p, uint64_t now_ms);
