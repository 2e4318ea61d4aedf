/* SPDX-License-Identifier: EUPL-1.2 */
/* tlp.h - the Traffic Light Protocol 2.0 (FIRST, August 2022) in and out.
 *
 * Its five names say with whom something may be shared; what that is in levels, compartments and
 * parties, each installation says in its policy file.  The way out never gives less protection
 * than the label has: the lowest name whose label covers it.  Taint stays behind: a name says
 * nothing about where something came from. */
#pragma once
#include "policy/policy.h"

const char *tlp_name(enum tlp t); /* "AMBER+STRICT" */
/* "TLP:RED" or "RED", in any case; PARSE otherwise, with a word on WHITE, which version 2 calls
 * CLEAR. */
fallible tlp_find(str text, enum tlp *ret);
/* UNSUPPORTED when the policy gives the name no label. */
fallible tlp_label(const policy *p, str text, label *ret);
/* UNSUPPORTED when no name covers the label. */
fallible tlp_of(const policy *p, label l, enum tlp *ret);
