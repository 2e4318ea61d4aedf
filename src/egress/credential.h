/* SPDX-License-Identifier: EUPL-1.2 */
/* credential.h - how a call says who sends it: a bearer token, a key in x-api-key, or a signature
 * of AWS (Signature Version 4).  The gate never sees any of it. */
#pragma once
#include "egress/providers.h"
#include "net/http.h"

enum { CREDENTIAL_FIELDS_MAX = 4 };

typedef struct credential credential;

struct credential_ask { /* the call as it will be sent */
    const char *method;
    str path; /* with query */
    const struct http_field *fields;
    size_t field_count;
    str body;
};

/* `url`: the provider's, for the Host that is signed.  Copies. */
fallible credential_new(const struct provider_credential *about, str url, credential **ret);
/* NULL is fine. */
void credential_free(credential *c);
/* Puts its fields at `room` and counts them in *count; they are valid until the next call. */
fallible credential_add(credential *c, const struct credential_ask *ask, struct http_field *room,
                        size_t *count);
/* A field that only this may set. */
bool credential_is_field(str name);
