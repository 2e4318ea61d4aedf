/* SPDX-License-Identifier: EUPL-1.2 */
/* subject.h - a matter with rules of its own (subject.def), and whether what was found is about it.
 *
 * "How often is the yellow bin collected?" is decided by a town, "how is theft punished?" by the
 * Criminal Code: a general statute that is not about the matter does not answer, however well its
 * words fit.  So a statute counts only if its title, path or heading names the matter; anything
 * else that was found (a town's own rules, a leaflet) counts as it is.  Which statutes there are is
 * never asked: it is the passages found that say it.  Pure. */
#pragma once
#include "base/str.h"

/* False if none is named; *ret is its name, folded, and lives for ever. */
bool subject_asked(str question, str *ret);
/* Does the title, path or heading name it, also inside a compound? */
bool subject_is_named(str text, str subject);
/* A law or ordinance for everybody, by its title: not the rules of a town, county or Land. */
bool subject_is_statute(str title);
