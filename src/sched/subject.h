/* SPDX-License-Identifier: EUPL-1.2 */
/* subject.h - whom a limit bounds, as text: "tenant:NAME", "person:NAME", "key:NAME", "model:NAME",
 * or the first three with a model, "key:NAME+model:NAME"; and "default:KIND" (KIND as "key" or
 * "key+model") for each of that kind that has no limit of its own.
 *
 * Names have 1 to 64 characters: letters, digits, - _ . @ ~ and, for models, ':'.  A key's name is
 * that of its line: the keys that replaced one another share what they may spend. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum subject_kind {
    SUBJECT_TENANT,
    SUBJECT_PERSON,
    SUBJECT_KEY,
    SUBJECT_MODEL,
    SUBJECT_TENANT_MODEL,
    SUBJECT_PERSON_MODEL,
    SUBJECT_KEY_MODEL,
    SUBJECT_KINDS
};

enum { SUBJECT_TEXT_MAX = 160 };

struct subject_names { /* of one request; empty: there is none */
    str tenant, person, key, model;
};

const char *subject_kind_name(enum subject_kind k);
/* ARGUMENT with a public sentence when it has not this form. */
fallible subject_read(str text, enum subject_kind *ret_kind, bool *ret_is_default);
/* The subject of that kind, into `room`; empty when a name is missing or too long. */
str subject_put(enum subject_kind k, const struct subject_names *n, char room[SUBJECT_TEXT_MAX]);
