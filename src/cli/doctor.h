/* SPDX-License-Identifier: EUPL-1.2 */
/* doctor.h - findings: what was looked at, how it is, what to do about it.
 *
 * The judges are functions of facts, so that tests can hand them machines that do not exist. */
#pragma once
#include "base/params.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "os/host.h"

enum health { HEALTH_OK, HEALTH_WEAK, HEALTH_WRONG };

struct finding {
    enum health health;
    const char *what, *todo; /* todo "" when ok */
};

struct findings {
    arena *a;
    VEC(struct finding) list;
    size_t weak, wrong;
    err e; /* of adding: memory */
};

/* Adds one; `todo` may be "". */
void doctor_find(struct findings *f, enum health health, const char *what, const char *todo);

void doctor_host(struct findings *f, const struct host *h);
/* `own_uid`: who runs the doctor. */
void doctor_parts(struct findings *f, const char *dir, const struct part *parts, size_t count,
                  uint32_t own_uid);
void doctor_disk(struct findings *f, const char *dir, uint64_t free_bytes, uint64_t all_bytes);
void doctor_params(struct findings *f, const struct params *p, const struct host *h);
/* What the daemon says of itself: /admin/v1/status, /models, /keys. */
void doctor_status(struct cli *c, struct findings *f, const jval *status);
void doctor_providers(struct cli *c, struct findings *f, const jval *status);
void doctor_witnesses(struct cli *c, struct findings *f, const jval *status);
void doctor_models(struct cli *c, struct findings *f, const jval *models);
void doctor_keys(struct cli *c, struct findings *f, const jval *keys);
