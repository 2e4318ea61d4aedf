/* SPDX-License-Identifier: EUPL-1.2 */
/* boot.h - what hoheitd hands a child at birth: one struct in a sealed memfd, and descriptors in
 * a fixed order.  Fixed layout, one build at both ends. */
#pragma once
#include "base/params.h"
#include "egress/provider_list.h"

enum { BOOT_VERSION = 1, BOOT_PATH_MAX = 1024, BOOT_PEM_MAX = 65536, BOOT_WITNESSES_MAX = 2048 };

/* Descriptors of hoheit-gate. */
enum boot_fd {
    BOOT_FD_CONTROL = 3, /* channel to hoheitd, engine/control.h */
    BOOT_FD_BOOT,        /* struct boot */
    BOOT_FD_LOCAL,       /* Unix listener of the CLI */
    BOOT_FD_LISTEN,      /* TCP listener */
    BOOT_FD_TLS          /* struct boot_tls; only if boot.has_tls */
};

struct boot {
    uint32_t version;
    uint32_t has_tls;
    struct params params;
    char data_dir[BOOT_PATH_MAX];
    char policy_file[BOOT_PATH_MAX];
    char address[128];    /* what the TCP listener is bound to */
    uint8_t pepper[32];   /* for API keys */
    uint8_t seal_key[32]; /* for what applications leave here */
    uint8_t map_key[16];  /* siphash */
    int64_t started_wall_ms;
    uint64_t started_ms; /* os/clock.h, which no jump of the wall clock moves */
    char commit[64];
    struct provider_list providers; /* what the gate may know of them */
    uint64_t fault;     /* tests: the call of the gate that fails (base/fault.h); 0: none */
    uint64_t log_fault; /* the same for hoheit-log */
};

/* Descriptors of hoheit-log. */
enum boot_log_fd {
    BOOT_LOG_FD_CONTROL = 3, /* channel to hoheitd, audit/proto.h */
    BOOT_LOG_FD_BOOT         /* struct boot_log */
};

struct boot_log {
    uint32_t version, unused;
    struct params params;
    char audit_dir[BOOT_PATH_MAX];
    char witnesses[BOOT_WITNESSES_MAX]; /* their keys, with spaces between (cosign_keys.h) */
    uint64_t fault;
};

struct boot_tls {
    uint32_t cert_len, key_len;
    char pem[2 * BOOT_PEM_MAX]; /* certificate chain, then key */
};
