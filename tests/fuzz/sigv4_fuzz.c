/* SPDX-License-Identifier: EUPL-1.2 */
/* sigv4_fuzz.c - requests of any shape: reading a claim and making its canonical request never
 * fails but as it may, a signature made here fits, and one bit of it does not.
 *
 * The input is lines: method, path, query, then header fields. */
#include "crypt/sigv4_chunks.h"
#include "fuzz/fuzz.h"

enum { FIELDS = 32, ROOM = 8 << 20 };

static size_t
split(str rest, struct sigv4_request *r, struct sigv4_field f[FIELDS + 2])
{
    str line, *first[] = {&r->method, &r->path, &r->query};
    size_t n = 0;
    for (size_t i = 0; i < 3; i++)
        if (!str_next(&rest, '\n', first[i]))
            return 0;
    while (n < FIELDS && str_next(&rest, '\n', &line)) {
        str value = line, name;
        if (str_next(&value, ':', &name) && name.len && value.at)
            f[n++] = (struct sigv4_field){name, value};
    }
    return n;
}

/* What a stranger sends. */
static void
read_it(arena *a, const struct sigv4_request *r, const secret *key)
{
    struct sigv4_claim c;
    struct sigv4_expected want;
    const err e = sigv4_claim_read(a, r, STR("bedrock"), &c);
    ASSERT(!e.code || e.code == ERR_UNAUTHENTICATED || e.code == ERR_LIMIT);
    if (e.code)
        return;
    (void)sigv4_claim_check_time(&c, 1774749570000).code;
    const err v = sigv4_verify(a, r, &c, key, &want);
    ASSERT(v.code == ERR_UNAUTHENTICATED || v.code == ERR_ARGUMENT || v.code == ERR_LIMIT);
    AUTO(buf) data = BUF(65536);
    ASSERT(sigv4_chunks_read(&c, key, r->query, 1, &data).code);
}

static bool
is_ours(str name)
{
    return str_eq_nocase(str_slice(name, 0, 2), STR("x-")) ||
           str_eq_nocase(name, STR("authorization")) || str_eq_nocase(name, STR("host")) ||
           str_find_char(name, ';') >= 0 || str_find_char(name, ',') >= 0;
}

/* The same request signed, checked, and checked with one bit changed. */
static void
sign_it(arena *a, struct sigv4_request r, struct sigv4_field f[FIELDS + 2], const secret *key)
{
    const struct sigv4_signer s = {.access_id = STR("ID"),
                                   .key = key,
                                   .region = STR("x"),
                                   .service = STR("bedrock"),
                                   .now_wall_ms = 1774749570000};
    struct sigv4_signed made;
    struct sigv4_claim c;
    struct sigv4_expected want;
    size_t kept = 0;
    for (size_t i = 0; i < r.field_count; i++)
        if (!is_ours(str_trim(f[i].name)) && f[i].name.len == str_trim(f[i].name).len)
            f[kept++] = f[i];
    f[kept++] = (struct sigv4_field){STR("host"), STR("h")};
    r.field_count = kept;
    if (sigv4_claim_is_there(&r) || sigv4_sign(a, &r, &s, &made).code)
        return;
    struct sigv4_field all[FIELDS + 4];
    memcpy(all, f, kept * sizeof *f);
    all[kept++] = made.extra[0];
    all[kept++] = (struct sigv4_field){STR("authorization"), made.authorization};
    r.fields = all;
    r.field_count = kept;
    const err e = sigv4_claim_read(a, &r, STR("bedrock"), &c);
    ASSERT(!e.code);
    ASSERT(!sigv4_verify(a, &r, &c, key, &want).code);
    char changed[65];
    ASSERT(str_copy(c.signature, changed, sizeof changed));
    changed[r.path.len % 64] = changed[r.path.len % 64] == '0' ? '1' : '0';
    c.signature = str_of(changed);
    ASSERT(sigv4_verify(a, &r, &c, key, &want).code == ERR_UNAUTHENTICATED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t bytes[] = "a secret access key";
    const secret key = {bytes, sizeof bytes};
    AUTO(arena) *a = NULL;
    struct sigv4_field f[FIELDS + 2];
    struct sigv4_request r = {.fields = f, .payload = STR("UNSIGNED-PAYLOAD")};
    if (arena_open(ROOM, &a).code)
        return 0;
    r.field_count = split((str){(const char *)data, len}, &r, f);
    read_it(a, &r, &key);
    sign_it(a, r, f, &key);
    return 0;
}
