/* SPDX-License-Identifier: EUPL-1.2 */
/* subjects.h - a data key for each owner of what is kept, so that one of them can be forgotten.
 *
 * What an application leaves here is sealed under a key of its owner's own, made at random when it
 * is first needed and kept sealed under the installation's key in a small file of its own.  To
 * erase is to overwrite and empty that file: whatever was sealed under the key, in the records,
 * their write-ahead log, free pages, or a copy elsewhere, can be opened by nobody.  The empty file
 * stays and says so: no other key is ever made for that owner.
 *
 * What is left for a case (of an authority's, with a number) is sealed under one key made of two,
 * its owner's and the case's: the end of either is the end of it.  To this module a case is an
 * owner as any other, by a name that no key has; the others call it a matter.
 *
 * Disks that write elsewhere than they are told (copy on write, flash) may keep old bytes for a
 * while; the installation's key, which must leave with the disk, protects those.
 *
 * The latest keys are held in memory, locked.  One thread. */
#pragma once
#include "base/secret.h"

typedef struct subjects subjects;

/* `dir` is made if it is not there.  `seal_key` outlives it. */
fallible subjects_open(const char *dir, const secret *seal_key, subjects **ret);
void subjects_free(subjects *s);

/* The owner's key, made and durable if there was none; valid until the next call.  NOT_FOUND: the
 * owner was erased.  CORRUPT: the file is not what was written. */
fallible subjects_key(subjects *s, str owner, const secret **ret);
/* Makes none: CORRUPT when there is none. */
fallible subjects_find(subjects *s, str owner, const secret **ret);
/* The same two for what an owner left for a matter, which has a key as an owner has; empty: of the
 * owner alone.  NOT_FOUND when either was erased. */
fallible subjects_key_for(subjects *s, str owner, str matter, const secret **ret);
fallible subjects_find_for(subjects *s, str owner, str matter, const secret **ret);
/* For good, when it returns OK; fine if there was none, or it was erased before. */
fallible subjects_erase(subjects *s, str owner);
