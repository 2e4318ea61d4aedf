/* SPDX-License-Identifier: EUPL-1.2 */
/* library.h - the collections of an installation (know/know.h), by name, below one directory.
 *
 * Each is sealed under a key of its own, derived from the installation's and the collection's name:
 * who copies one under another's name reads nothing.  Collections belong to the installation, not
 * to a tenant; who sees what in them is decided by the labels of their documents alone, and a name
 * says nothing of what is inside.
 *
 * What is opened stays open, up to LIBRARY_OPEN_MAX; the process that holds the library is the only
 * one that changes it.  One thread. */
#pragma once
#include "know/know.h"

typedef struct library library;

enum { LIBRARY_NAME_MAX = 64, LIBRARY_OPEN_MAX = 64, LIBRARY_COUNT_MAX = 1024 };

/* `key` has 32 bytes and is copied; the directory is made when the first collection is. */
fallible library_new(const char *dir, const secret *key, library **ret);
void library_free(library *l);

static inline void
library_auto(library **l)
{
    library_free(*l);
}

/* ARGUMENT unless it is 1 to 64 letters, digits and - _ . and begins with a letter or digit. */
fallible library_check_name(str name);
/* CONFLICT if there is one. */
fallible library_create(library *l, str name);
/* The collection, the library's to close; NOT_FOUND, ARGUMENT.  Valid until the next call. */
fallible library_find(library *l, str name, know **ret);
/* Drops what is staged and not committed; nothing when it is not open. */
void library_close(library *l, str name);
/* With all its documents, also one that is damaged or half removed; NOT_FOUND. */
fallible library_remove(library *l, str name);

struct library_names {
    str at[LIBRARY_COUNT_MAX];
    size_t count;
};
/* In the order of their bytes; beyond LIBRARY_COUNT_MAX none is told. */
fallible library_list(library *l, arena *a, struct library_names *ret);
