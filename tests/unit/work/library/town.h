/* SPDX-License-Identifier: EUPL-1.2 */
/* town.h - a little town's collection "wissen" beside a rig of gate/: documents under labels. */
#pragma once
#include "unit/gate/rig.h"
#include "work/library/library.h"

struct town {
    struct rig *r;
    library *library;
};

/* Leave over everything of that clearance. */
static inline const grant *
town_grant(struct town *t, const char *clearance)
{
    const grant *g = NULL;
    struct decision d;
    struct session who = {.key_id = STR("k"), .key_name = STR("k"), .tenant = STR("t")};
    struct ask q = {.session = &who, .op = OP_KNOW_ADD, .now_wall_ms = 1};
    CHECK_OK(policy_clearance(t->r->policy, str_of(clearance), STR_NONE, &who.clearance));
    q.target = policy_local_sink(t->r->policy);
    CHECK_OK(policy_decide(t->r->policy, &q, t->r->a, &d, &g));
    return g;
}

static inline void
town_add(struct town *t, const char *name, const char *label_text, const char *text)
{
    enum know_change change;
    know *k = NULL;
    const label l = small_label(t->r->policy, label_text);
    const struct know_source s = {.name = str_of(name), .form = DOC_MARKDOWN};
    CHECK_OK(library_find(t->library, STR("wissen"), &k));
    CHECK_OK(know_add(k, town_grant(t, "VS-NfD"), &s, content_of(str_of(text), l), &change));
    CHECK_OK(know_commit(k));
}

static inline void
town_fill(struct town *t)
{
    CHECK_OK(library_create(t->library, STR("wissen")));
    town_add(t, "hund", "offen",
             "# Hundesteuersatzung\n\n## § 2 Steuersatz\n\nDie Hundesteuer beträgt 96 Euro für den "
             "ersten Hund.\n\n## § 3 Anmeldung\n\nEin Hund ist innerhalb von zwei Wochen "
             "anzumelden.\n");
    town_add(t, "bad", "offen",
             "# Badeordnung\n\n## § 1 Eintritt\n\nDer Eintritt in das Freibad kostet 4 Euro.\n");
    town_add(t, "plan", "VS-NfD",
             "# Planung\n\n## § 9 Zukunft\n\nDie Hundesteuer wird auf 200 Euro erhöht.\n");
}

/* On a rig that is open. */
static inline void
town_open(struct town *t, struct rig *r)
{
    char dir[540];
    snprintf(dir, sizeof dir, "%s/know", r->dir);
    *t = (struct town){.r = r};
    CHECK_OK(library_new(dir, &r->seal_key, &t->library));
    town_fill(t);
}

static inline void
town_close(struct town *t)
{
    library_free(TAKE(t->library));
}
