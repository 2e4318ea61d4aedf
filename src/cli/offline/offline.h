/* SPDX-License-Identifier: EUPL-1.2 */
/* offline.h - a collection opened without a daemon: directory, key, policy and a grant for whoever
 * holds the files.
 *
 * The key stands in DIR/key (0600) unless --key-file names another file; both hold 64 hexadecimal
 * digits.  The clearance is --clearance, else the policy's bottom level: the promise of know.h is
 * kept for the offline user as well. */
#pragma once
#include "cli/cli.h"
#include "know/know.h"
#include "policy/policy.h"

typedef struct {
    policy *p;
    know *k;
    const grant *g; /* in the run's arena */
} offline;

/* --dir, made absolute by nobody. */
fallible offline_dir(struct cli *c, const struct args *a, const char **ret);
/* A new key, written; CONFLICT if there is one. */
fallible offline_make_key(struct cli *c, const struct args *a, const char *dir, secret *ret);
fallible offline_open(struct cli *c, const struct args *a, enum op op, offline *ret);
void offline_auto(offline *o);
/* --label, else the bottom. */
fallible offline_label(const offline *o, const struct args *a, label *ret);

/* Lines of {"id", "embedding"}: an array of numbers, or base64 of little-endian floats.  Each is
 * brought to length 1. */
typedef struct {
    arena *a;
    size_t dims;
    struct {
        struct offline_row {
            str id;
            float *at;
        } * at;
        size_t count, room;
    } rows;
} offline_vectors;

fallible offline_vectors_read(str path, offline_vectors *ret);
/* NULL if there is none of that id. */
const float *offline_vectors_find(const offline_vectors *v, str id);
void offline_vectors_auto(offline_vectors *v);
