/* SPDX-License-Identifier: EUPL-1.2 */
/* sigv4_claim.h - what a signed request says of itself: who signed it, when, for which region and
 * service, over which fields, with which signature.  Read from the Authorization header or, of a
 * presigned address, from its query.  Nothing of it is believed before sigv4_verify.
 *
 * Refusals are UNAUTHENTICATED.  Their parameter (err_param) is the name AWS gives to what is
 * wrong, which its clients act on; their sentence says it as AWS does:
 *   MissingAuthenticationTokenException   nothing was signed at all
 *   IncompleteSignatureException          a part is missing or malformed, or what must be signed
 *                                         is not
 *   InvalidSignatureException             wrong scope, wrong time, wrong signature
 *   RequestExpired                        a presigned address past its time
 *
 * Pure: the time is an argument.  Any thread; texts live in the arena or in the request. */
#pragma once
#include "crypt/sigv4_canon.h"

enum {
    SIGV4_SKEW_MS_MAX = 5 * 60 * 1000,
    SIGV4_EXPIRES_S_MAX = 7 * 24 * 3600,
    SIGV4_TIME_LEN = 16 /* "20260101T000000Z" */
};

struct sigv4_claim {
    str access_id, date, region, service; /* the credential's parts */
    str scope;                            /* "20260101/eu-central-1/bedrock/aws4_request" */
    str time;                             /* "20260101T000000Z" */
    str signed_names, signature;
    str session_token, payload; /* empty: none */
    int64_t signed_wall_ms;
    int64_t expires_s; /* of a presigned address */
    bool is_query;
};

/* Is there anything that claims to be a signature? */
bool sigv4_claim_is_there(const struct sigv4_request *r);
/* `service` is the one that is asked, "bedrock". */
fallible
sigv4_claim_read(arena *a, const struct sigv4_request *r, str service, struct sigv4_claim *ret);
/* Is it of now, give or take SIGV4_SKEW_MS_MAX? */
fallible sigv4_claim_check_time(const struct sigv4_claim *c, int64_t now_wall_ms);

/* "20260101T000000Z" and back; PARSE. */
void sigv4_time_text(int64_t wall_ms, char room[SIGV4_TIME_LEN + 1]);
fallible sigv4_time_read(str text, int64_t *ret_wall_ms);
