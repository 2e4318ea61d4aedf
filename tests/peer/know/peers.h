/* SPDX-License-Identifier: EUPL-1.2 */
/* peers.h - what others offer for retrieval, in the form in which tests/bench/know_peers_bench.c
 * loads it: a shared library with the two tables below, each ended by a row without a name.
 *
 * Rows are numbered from 0; who is asked may see those below `cleared`. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct peer_vectors {
    const char *name;
    /* Of length 1.  NULL, having said why, on failure. */
    void *(*open)(const float *rows, size_t count, size_t dims);
    size_t (*search)(void *peer, const float *q, size_t most, size_t cleared, uint32_t *ret_rows);
    void (*close)(void *peer);
};

struct peer_words {
    const char *name;
    void *(*open)(void);
    void (*add)(void *peer, size_t row, const char *text, size_t len);
    /* Rows with any of the words, best first. */
    size_t (*search)(void *peer, const char *words, size_t most, uint32_t *ret_rows);
    void (*close)(void *peer);
};

extern const struct peer_vectors know_peer_vectors[];
extern const struct peer_words know_peer_words[];
