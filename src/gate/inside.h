/* SPDX-License-Identifier: EUPL-1.2 */
/* inside.h - what the files of gate/ share; nobody else includes it. */
#pragma once
#include "gate/admin.h"
#include "gate/budget.h"
#include "gate/engines.h"
#include "gate/keyring.h"
#include "gate/pairs.h"
#include "otel/otel.h"
#include "sched/energy.h"
#include "sched/served.h"

struct gate {
    struct gate_parts parts;
    keyring *keys;
    pairs *pairs;
    engines *engines;
    struct egress *egress; /* egress/egress.h; NULL: no providers, or it is not up yet */
    struct rounds *rounds; /* witness/rounds/rounds.h; NULL: no witnesses */
    struct cells *cells;   /* gate/cells/cells.h */
    struct keep *keep;     /* keep_inside.h */
    budget *budget;
    struct served *served; /* how, by model and class */
    otel *otel;            /* NULL: no collector is named */
    struct energy energy;  /* of the engines, by request */
    loop_timer *energy_timer;
    arena *lexicon_arena; /* when it was first needed */
    const struct lexicon *lexicon;
    struct guard *guard, *guard_next; /* of the policy in force; of one about to be */
    struct session operator_session;
    int64_t latest_wall_ms;
    bool told_otlp, may_otlp; /* the decision about what a collector is told is on record; which */
    size_t running;           /* jobs that hold a place */
    gate_job *jobs;           /* these, in no order */
};

/* The time of decisions: a clock that is set back gives what has ended no time again, as long as
 * this process lives. */
int64_t gate_now(gate *g);
/* policy_decide; what is wrong with the key itself is UNAUTHENTICATED, all else DENIED. */
fallible gate_decide(gate *g, const struct ask *q, arena *a, struct decision *d, const grant **ret);
/* Records a decision that was made; `done` as in audit_append. */
fallible gate_record_decision(gate *g, const struct audit_record *base, const struct decision *d,
                              audit_done_fn *done, void *ctx);

/* Reads the machine's counters into g->energy; false: they are not, or no longer, measured. */
bool gate_read_energy(gate *g);
bool gate_measures_energy(const gate *g);

/* Ends the jobs of a key that may not be used any more; NULL: of people whose clearance does not do
 * any more. */
void jobs_end(gate *g, const struct session *s);

/* Removes from models_dir what interrupted uploads left. */
fallible models_sweep(const char *models_dir);

/* Letters, digits and - _ . @, 1 to 64 of them; ARGUMENT naming the field. */
fallible admin_check_name(str name, const char *field);
/* gate_allow for an administrative call. */
fallible admin_allow(const struct admin_call *c, enum op op);
/* Records what was done to `object`; c->done when it is durable. */
fallible admin_record(const struct admin_call *c, enum audit_event event, str object);
