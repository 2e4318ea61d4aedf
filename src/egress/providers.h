/* SPDX-License-Identifier: EUPL-1.2 */
/* providers.h - the outside providers of an installation: providers.yaml of the data directory.
 *
 *     version: 1
 *     providers:
 *       - name: example
 *         dialect: openai                 # openai, anthropic, bedrock, hoheit; otlp: a collector
 *         url: https://api.example/v1     # http only for this machine
 *         sink: intern//REL BUND          # the most that may go there (policy.yaml has the names)
 *         region: eu-central-1
 *         contract: {id: 2026-17, processor: Example GmbH, basis: Art. 28 DSGVO}
 *         currency: {code: USD, micro_euro: 920000}   # what one is worth; left out: euro
 *         models:                         # prices in millionths of it for a million tokens
 *           - {name: large, in: 3000000, cached: 300000, out: 15000000}
 *         tls: {ca: /etc/ssl/example.pem, pins: [<64 hexadecimal digits>], min: "1.3"}
 *         credential: {scheme: bearer, file: example.key}     # below keys/; x-api-key, headers,
 *                                                             # sigv4, none
 *         limits: {head: 60s, connections_max: 32}
 *     witnesses:                          # of the audit log; the daemon has them sign it
 *       - name: archive
 *         key: archive.example/w1+5be0cd19+BAlh…          # what `hoheit witness init` printed
 *         url: https://witness.archive.example            # above its add-checkpoint
 *         tls: {pins: [<64 hexadecimal digits>]}          # and limits, as above
 *
 * It is all that hoheit-egress may reach.  Witnesses may be left out.
 *
 * hoheitd reads it, with what it names, and hands it to hoheit-egress as one sealed memfd; the gate
 * gets provider_list.h alone.  A credential is the first line of its file, which nobody else may
 * read; for sigv4 the lines are key id, secret and, if there is one, the session's token; for
 * headers each line is one, "Name: value", PROVIDER_HEADERS_MAX of them.
 *
 * A price that is left out: of what was cached, that of `in`; of both others, unknown, and then no
 * request under a limit of money may go there.  One alone is refused.  Prices become micro-euro
 * here, rounded up.
 *
 * Fixed layout without pointers; every text is NUL-ended.  Wipe it after use. */
#pragma once
#include "base/arena.h"
#include "egress/provider_list.h"
#include "policy/label.h"

enum {
    PROVIDERS_VERSION = 1,
    PROVIDER_PINS_MAX = 4,
    PROVIDER_HEADERS_MAX = 4,
    PROVIDER_URL_MAX = 256,
    PROVIDER_SECRET_MAX = 4096,
    PROVIDERS_CA_MAX = 512 * 1024 /* of all providers together */
};

enum provider_scheme { SCHEME_NONE, SCHEME_BEARER, SCHEME_API_KEY, SCHEME_SIGV4, SCHEME_HEADERS };

struct provider_credential {
    uint32_t scheme;                  /* enum provider_scheme */
    char id[256];                     /* sigv4 */
    char secret[PROVIDER_SECRET_MAX]; /* headers: their lines */
    char token[PROVIDER_SECRET_MAX];  /* sigv4, of a session; "": none */
    char region[64], service[64];     /* sigv4 */
};

struct provider_limits {
    uint64_t connect_ms; /* look-up, connection and handshake */
    uint64_t head_ms;    /* without a byte, until the head of the answer */
    uint64_t idle_ms;    /* without a byte, then */
    uint64_t total_ms;   /* all of a call, waiting and repeats included */
    uint64_t keep_ms;    /* an unused connection */
    uint64_t open_ms;    /* the breaker, the first time */
    uint64_t answer_bytes_max;
    uint64_t connections_max, queue_max, repeats_max, failures_max;
};

struct provider {
    char url[PROVIDER_URL_MAX];  /* scheme, host, port: for net/client/dial.h */
    char base[PROVIDER_URL_MAX]; /* path before every call's, "" or "/v1" */
    uint32_t pin_count, allows_tls12;
    uint8_t pins[PROVIDER_PINS_MAX][32];
    uint32_t ca_at, ca_len; /* in struct providers */
    struct provider_credential credential;
    struct provider_limits limits;
};

struct providers {
    uint32_t version, ca_len;
    struct provider_list list;
    struct provider at[PROVIDERS_MAX]; /* as in list */
    char ca[PROVIDERS_CA_MAX];
};

/* DIR/providers.yaml and the files it names; none at all is an empty list.  CONFIG, and other
 * errors of files, with a public sentence that says which provider.  *ret holds nothing secret when
 * it fails. */
fallible providers_read(arena *a, const char *data_dir, struct providers *ret);
/* The same from memory; key and CA files are looked for below `data_dir`. */
fallible providers_parse(arena *a, str yaml, const char *data_dir, struct providers *ret);
/* Is every sink a label of this policy?  CONFIG with the provider's name. */
fallible providers_check_sinks(const struct providers *p, const struct label_names *names);
