/* SPDX-License-Identifier: EUPL-1.2 */
/* base.h - a served gate with a knowledge base: the collection "haus", a document that is open and
 * one that is not. */
#pragma once
#include "unit/api/bedrock/signed.h"
#include "work/stores/stores.h"

static struct stores base;

static inline void
base_add(const char *name, const char *marked, const char *text)
{
    const struct know_source s = {.name = str_of(name), .form = DOC_MARKDOWN};
    enum know_change change;
    know *k = NULL;
    CHECK_OK(library_find(base.house, STR("haus"), &k));
    CHECK_OK(know_add(k, small_grant(site.rig.policy, site.rig.a, "VS-NfD"), &s,
                      content_of(str_of(text), small_label(site.rig.policy, marked)), &change));
    CHECK_OK(know_commit(k));
}

static inline void
open_base(void)
{
    open_signed();
    memset(&base, 0, sizeof base);
    base.gate = site.rig.gate;
    CHECK_OK(
        library_new(file_join(site.rig.a, site.rig.dir, "know"), &site.rig.seal_key, &base.house));
    CHECK_OK(
        library_new(file_join(site.rig.a, site.rig.dir, "stores"), &site.rig.seal_key, &base.own));
    CHECK_OK(library_create(base.house, STR("haus")));
    base_add("hund", "offen", "# Hund\n\nDie Hundesteuer beträgt 96 Euro.\n");
    base_add("hunde-satzung", "offen",
             "# Satzung\n\nWer ein Tier hält, meldet es binnen zwei Wochen zur Hundesteuer an.\n");
    api_set_stores(site.api, &base);
}

static inline void
close_base(void)
{
    library_free(TAKE(base.house));
    library_free(TAKE(base.own));
    site_close();
}

static inline reply *
base_ask(const char *path, const char *body)
{
    return signed_ask((struct sign_wish){.path = path, .body = body});
}
