/* SPDX-License-Identifier: EUPL-1.2 */
/* job.h - one request on its way through the door, as run.c and job.c share it: run.c takes it from
 * phase to phase, job.c ends it, with its record.
 *
 * Lives in the request's arena.  The phases follow one another, and whatever it waits for is in
 * exactly one of `sight`, `wait`, `job`, `remote` or the audit queue. */
#pragma once
#include "gate/hide/reveal.h"
#include "gate/hide/screen.h"
#include "gate/inside.h"
#include "gate/pass.h"
#include "gate/sight/sight.h"
#include "gate/target.h"
#include "gate/words/words.h"

struct gate_job {
    gate *gate;
    gate_job *prev, *next; /* of those that hold a place */
    struct gate_ask ask;
    struct gate_hooks hooks;
    struct model model;   /* a copy of the target's; until one is chosen, of the first's */
    struct target target; /* where it goes, when that was decided */
    struct decision decision;
    enum conv_class class;
    const grant *grant;
    sight_job *sight; /* its images are being decoded */
    engines_wait *wait;
    engine_job *job;                   /* inside */
    remote_job *remote;                /* or outside */
    reveal *reveal;                    /* NULL: nothing was hidden */
    screened *screened;                /* NULL: no guardrail looks at answers */
    const struct guardrail *guardrail; /* that blocked what was asked, or an answer */
    struct pass pass;                  /* outside, as it came */
    struct budget_hold budget;
    sha256 *output_hash;
    digest input, output, kept; /* the first two salted, as the log has them */
    digest salt, sent;          /* of the request; of what goes out, salted */
    struct words *words;        /* NULL: policy has nothing kept */
    label answer_label;
    struct err_kept failure;
    char label_text[LABEL_TEXT_MAX], answer_text[LABEL_TEXT_MAX], clearance_text[LABEL_TEXT_MAX];
    bool started, holds_place, has_input, completed;
    bool in_hook; /* of the asker's */
    bool screen_failed;
    bool submitted; /* an engine has it, or had */
    uint64_t first_token_us, last_token_us;
    uint64_t decided_us;              /* its decision is on record */
    uint64_t submitted_us, queued_us; /* handed to an engine; how long that made it wait */
    uint64_t answered_us;             /* the engine's part is over */
    uint32_t finishes;                /* a bit for each enum engine_finish */
    struct served_row *row;           /* from the first token on */
    uint64_t tokens_in;
    uint64_t tokens_out, tokens_shown; /* of the answers that ended; of the pieces that came */
    uint64_t tokens_cached;
    uint64_t energy_mark;
    bool is_metered;          /* its energy, since energy_mark */
    bool is_counted, is_free; /* the provider counted tokens; it cannot have cost anything */
    struct budget_cost cost;  /* of providers that failed before this one, then of all */
};

static inline const struct gate_parts *
job_parts(const gate_job *j)
{
    return &j->gate->parts;
}

/* What each record of it says; the caller adds the event. */
struct audit_record job_record(const gate_job *j);
/* The record of its completion, made once, with which what it spent is settled. */
struct audit_record job_completion(gate_job *j, const char *outcome);
/* An engine has it from now on. */
void job_meter(gate_job *j);
/* What was submitted has ended so: settled, and its cost added to the job's. */
void job_settle(gate_job *j, uint64_t tokens_out, uint64_t energy_mj);
/* Gives back its place and what it holds; nothing may be under way. */
void job_release(gate_job *j);
/* The operator's collector is told of it, if there is one; `e`: how it ended. */
void job_tell(const gate_job *j, err e);
/* The last call: hands the outcome to the dialect, after it what was kept back. */
void job_end(gate_job *j, err e);
/* The engine's part is over, well or not: records it, then ends it. */
void job_complete(gate_job *j, err e);
