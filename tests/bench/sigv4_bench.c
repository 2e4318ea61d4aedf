/* SPDX-License-Identifier: EUPL-1.2 */
/* sigv4_bench.c - what checking an AWS signature costs a request, in processor time on one core:
 * the claim read, the canonical request made, the key derived and the body of 1 KiB hashed. */
#include <stdio.h>
#include <time.h>

#include "crypt/sigv4.h"

enum { ROUNDS = 9, TIMES = 20000, ROOM = 1 << 20, BODY = 1024 };

static double
now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static fallible
sign(arena *a, struct sigv4_request *r, struct sigv4_field *f, const secret *key)
{
    const struct sigv4_signer s = {.access_id = STR("HOHAAAAAAAAAAAAAAAAA"),
                                   .key = key,
                                   .region = STR("eu-central-1"),
                                   .service = STR("bedrock"),
                                   .now_wall_ms = 1774749570000};
    struct sigv4_signed made;
    TRY(sigv4_sign(a, r, &s, &made));
    f[r->field_count++] = made.extra[0];
    f[r->field_count++] = (struct sigv4_field){STR("authorization"), made.authorization};
    return OK;
}

static fallible
check(arena *a, struct sigv4_request *r, str body, const secret *key)
{
    struct sigv4_claim c;
    struct sigv4_expected want;
    TRY(sigv4_claim_read(a, r, STR("bedrock"), &c));
    TRY(sigv4_claim_check_time(&c, 1774749570000));
    TRY(sigv4_hash_body(a, body, &r->payload));
    return sigv4_verify(a, r, &c, key, &want);
}

static fallible
measure(arena *kept, arena *a, double *ret_us)
{
    static uint8_t bytes[40] = "a secret access key of forty characters";
    static char room[BODY];
    const secret key = {bytes, sizeof bytes};
    const str body = {room, sizeof room};
    struct sigv4_field f[8] = {{STR("host"), STR("127.0.0.1:7080")},
                               {STR("content-type"), STR("application/json")},
                               {STR("user-agent"), STR("Boto3/1.44 md/Botocore")},
                               {STR("amz-sdk-request"), STR("attempt=1")}};
    struct sigv4_request r = {.method = STR("POST"),
                              .path = STR("/model/anthropic.claude-v1%3A0/converse"),
                              .fields = f,
                              .field_count = 4};
    TRY(sigv4_hash_body(kept, body, &r.payload));
    TRY(sign(kept, &r, f, &key));
    const double from = now_us();
    for (int i = 0; i < TIMES; i++) {
        TRY(check(a, &r, body, &key));
        arena_reset(a);
    }
    *ret_us = (now_us() - from) / TIMES;
    return OK;
}

int
main(void)
{
    AUTO(arena) *kept = NULL;
    AUTO(arena) *a = NULL;
    double best = 1e9;
    err e = arena_open(ROOM, &kept);
    if (!e.code)
        e = arena_open(ROOM, &a);
    for (int i = 0; i < ROUNDS && !e.code; i++) {
        double us = 0;
        e = measure(kept, a, &us);
        best = us < best ? us : best;
    }
    if (e.code) {
        fprintf(stderr, "%s\n", err_trail());
        return 1;
    }
    printf("bench sigv4.verify.cpu %.1f us goal <= 20 %s\n", best, best <= 20 ? "ok" : "short");
    return 0;
}
