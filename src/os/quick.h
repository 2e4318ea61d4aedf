/* SPDX-License-Identifier: EUPL-1.2 */
/* quick.h - whether the other end answers so soon that it is better waited for awake.
 *
 * A core that sleeps takes some 25 us to wake (measured: docs/performance.md), longer than many an
 * answer takes to make.  After QUICK_MIN answers in a row that came within QUICK_NS the next is
 * looked for, for QUICK_LINGER_NS; the first that is not there by then ends that, and QUICK_MIN
 * have to be quick again.  So what is lost to a peer of changing mood is bounded: one look in
 * QUICK_MIN + 1 answers.  After KVM's halt polling (Documentation/virt/kvm/halt-polling.rst).
 *
 * Pure; times are the caller's. */
#pragma once
#include <stdint.h>

enum {
    QUICK_MIN = 8,
    QUICK_LINGER_NS = 40 * 1000,
    QUICK_NS = 100 * 1000, /* an answer within QUICK_LINGER_NS, and waking at both ends */
};

struct quick {
    uint64_t asked_ns; /* the first question since the last answer; 0: none */
    unsigned in_a_row; /* up to QUICK_MIN */
};

/* For how long an answer is to be looked for awake; 0: not at all. */
uint64_t quick_ask(struct quick *q, uint64_t now_ns);
void quick_answer(struct quick *q, uint64_t now_ns);
