/* SPDX-License-Identifier: EUPL-1.2 */
/* grant.h - leave to do one thing, made by policy_decide and nobody else.
 *
 * No grant, no call: whatever reads, stores, computes on or sends content takes a const grant *.
 * The type is opaque, so access control is a matter of type-checking (reference monitor: always
 * invoked, small, provable).  A grant lives in the arena of the request it was made for. */
#pragma once
#include "policy/label.h"

typedef struct grant grant;

enum op {
#define OP(id, name, role, is_content, doc) OP_##id,
#include "policy/ops.def"
#undef OP
    OP_COUNT
};

enum role {
    ROLE_ANY = 0,
    ROLE_OPERATOR = 1,
    ROLE_AUDITOR = 2,
    ROLE_OFFICER = 4,
    ROLE_BUSINESS = 8
};

struct op_info {
    const char *id, *name;
    enum role role;
    bool is_content;
    const char *doc;
};
const struct op_info *op_info(enum op o);

enum op grant_op(const grant *g);
/* The highest label this grant lets the caller touch. */
label grant_ceiling(const grant *g);
bool grant_covers(const grant *g, label l);
