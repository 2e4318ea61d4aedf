/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - the rig of cli/, with the commands of cli/offline as well. */
#pragma once
#include "cli/offline/commands.h"

#include "self_reader.h"

#define RIG_OFFLINE commands_offline
#define RIG_READER self_reader()
#include "unit/cli/rig.h"
