/* SPDX-License-Identifier: EUPL-1.2 */
/* citizen.h - `hoheit ask --citizen`: one question, verbatim passages, and what a model makes of
 * them.
 */
#pragma once
#include "cli/cli.h"

fallible citizen_ask_daemon(struct cli *c, const struct args *a);
