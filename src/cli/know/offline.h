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
#include "work/answer/foreign.h"

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

/* ---- of questions, for those who measure: by the id, and for one in another language by "ID#word"
 * and "phrase:en:0" too (work/answer/foreign.h) */
struct offline_question {
    str id, text;
};
/* Fills vector, dims and bridge of `ask`; words alone when the file has no vector of that id. */
fallible offline_likeness(const offline_vectors *v, const struct offline_question *q, arena *a,
                          struct know_ask *ask);
/* What such a file is to hold of it: lines of {"id", "text"}, with "query: " before each. */
fallible offline_likeness_texts(const struct offline_question *q, buf *b);
/* The same of the sentences of all languages. */
void offline_likeness_phrases(buf *b);
