/* SPDX-License-Identifier: EUPL-1.2 */
/* policy.h - the decision: a pure function over (session, operation, labels, target, time).
 *
 * Default deny.  Every denial names its rule and the role that can grant.  No memory beyond the
 * grant's few bytes in the caller's arena, no clock, no I/O: the policy file's text and the time
 * are handed in.  A policy is immutable once loaded; any thread may decide.
 *
 * The rules and their order stand in rules.def; the first that is broken denies.  All of them hold
 * together exactly when the key is live, may do the operation with this model, and
 *     data ≤ clearance,  data ≤ purpose,  data ≤ hours,  data ≤ target,  level of data ≤ ceiling of
 * the installation. */
#pragma once
#include "policy/grant.h"
#include "policy/guardrail.h"
#include "policy/hours.h"
#include "policy/purpose.h"

typedef struct policy policy;

enum rule {
#define RULE(id, name, granted_by, doc) RULE_##id,
#include "policy/rules.def"
#undef RULE
    RULE_COUNT
};

struct rule_info {
    const char *id, *name, *granted_by, *doc;
};
const struct rule_info *rule_info(enum rule r);
/* The rule of that name ("clearance.level"), or NULL. */
const struct rule_info *rule_find(str name);

struct network; /* policy/network.h */

/* What a decision reads stands together: with many keys, fetching it is most of the time. */
struct session {
    label clearance;         /* highest that may be read; all taint bits set for people */
    int64_t expires_wall_ms; /* 0: never */
    const str *models;       /* names the key is for; model_count 0: all */
    size_t model_count;
    int64_t cleared_until_wall_ms; /* then for no level and no compartment; 0: as long as the key */
    uint32_t roles;                /* of enum role */
    bool is_revoked;
    bool is_other_purpose; /* than the key's own: of one request */
    str purpose;           /* of what names none; empty: without one */
    str acts_for;        /* what the person is cleared to act for (purpose.h); empty: as the key */
    const str *purposes; /* that may be named */
    size_t purpose_count;
    str key_name, key_id, tenant;
    label default_label; /* of what comes without one */
    /* For the gate: */
    str line, person; /* whose budget it is besides the tenant's; line empty: key_name */
    str owner;        /* whose what is kept is: the id of the line's first key; empty: key_id */
    const struct network *networks; /* where the key may be used from; network_count 0: anywhere */
    size_t network_count;
    const struct session *for_purposes; /* the same for each of `purposes` */
};

struct ask {
    const struct session *session;
    enum op op;
    label data;   /* join of all inputs */
    str model;    /* resolved name; empty: none */
    label target; /* what the target may hold (its sink label) */
    str purpose;  /* as named; empty: the session's */
    int64_t now_wall_ms;
    bool is_elsewhere; /* it comes from where the key may not be used */
    bool is_own_act;   /* what is to be approved was proposed by the same person */
};

struct decision {
    bool allowed;
    const char *rule;       /* id of the rule that denied; "default" when allowed */
    const char *granted_by; /* role that can grant, in words; "" when allowed */
    char why[256];          /* one sentence with label names, no content */
};

/* CONFIG with a public sentence (line or name) when the text is not a policy: unknown key, a name
 * twice, a bit twice, a bit out of its range, more than 8 levels, names so long that a label with
 * all of them would not fit LABEL_TEXT_MAX …  The format is explained in etc/policy.yaml. */
fallible policy_load(str yaml, policy **ret);
void policy_free(policy *p);
/* From now on `p` decides as `next`, which is taken over.  What was read from `p` before lives on
 * until policy_free(p). */
void policy_become(policy *p, policy *next);
/* The text it was loaded from. */
str policy_text(const policy *p);
const struct label_names *policy_names(const policy *p);
/* In the order of the file. */
const struct guardrail *policy_guardrails(const policy *p, size_t *ret_count);
const struct purposes *policy_purposes(const policy *p);
const struct hours *policy_hours(const policy *p);
/* The ceiling, by name of a level; CONFIG if unknown.  Without a call: the bottom level. */
fallible policy_set_ceiling(policy *p, str level_name);
label policy_ceiling(const policy *p);
/* Clearance for people: the level and compartments of `text`, every taint, and exclusion bits of
 * all parties but `party`.  Without a party none is acted for: no exclusion bit, so only data
 * without REL is readable.  PARSE with a public sentence when a name is unknown, or `text` has a
 * REL or TAINT part. */
fallible policy_clearance(const policy *p, str text, str party, label *ret);
/* What a typed downgrader may take off a label is written in the policy file, not in its code: the
 * compartments named and, where the level is not above the one named, the level.  Releasability and
 * taint stay.  Nothing, when the file does not name the downgrader. */
enum downgrade { DOWNGRADE_PSEUDONYM, DOWNGRADE_COUNT };
label policy_downgrade(const policy *p, enum downgrade d, label l);
/* What a name of the Traffic Light Protocol stands for here (tlp.h), by the file's section `tlp`:
 * each covers the ones below it.  False where the file gives that name no label. */
enum tlp { TLP_CLEAR, TLP_GREEN, TLP_AMBER, TLP_AMBER_STRICT, TLP_RED, TLP_COUNT };
bool policy_tlp(const policy *p, enum tlp t, label *ret);
/* How many days prompts and answers of that label are kept, by the file's section `keep`: by the
 * shortest of the entries whose label covers it.  0: not at all, as without the section. */
uint64_t policy_keep_days(const policy *p, label l);
/* The label of entry `i`; false when there are no more. */
bool policy_keep_at(const policy *p, size_t i, label *ret);
/* A sink that may hold everything up to the ceiling (a local engine). */
label policy_local_sink(const policy *p);

/* May the session's person act for its purpose where `data` is processed?  True as well where that
 * data needs no purpose and the key's own was not put aside for another one. */
bool policy_person_acts(const policy *p, const struct session *s, label data, int64_t now_wall_ms);

/* Decides.  Allowed: OK, *ret is set.  Denied: DENIED with the public sentence of decision.why.
 * `d` is always filled. */
fallible policy_decide(const policy *p, const struct ask *q, arena *a, struct decision *d,
                       const grant **ret);
