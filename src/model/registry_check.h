/* SPDX-License-Identifier: EUPL-1.2 */
/* registry_check.h - what a row of the registry must be, whoever brings it: an operator or the
 * store.  All failures carry a public sentence. */
#pragma once
#include "model/registry.h"

/* [a-z0-9][a-z0-9._:-]{0,63}, without case. */
bool registry_is_name(str s);
/* ARGUMENT; `field` is what the caller calls the name. */
fallible registry_check_name(const char *field, str name);
/* Everything but the label.  The file's name must follow from its digest, so that no row can
 * point elsewhere.  ARGUMENT. */
fallible registry_check_model(const struct model *m);
/* What a model that runs here may hold.  Empty text: all that the installation may.  Else level
 * and compartments are as written; parties and taint bound nothing where the text does not name
 * any, for the machine is our own.  PARSE. */
fallible registry_sink(const policy *p, str text, label *ret);
