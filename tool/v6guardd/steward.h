/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* steward.h */
#ifndef TOOL_V6GUARDD_STEWARD_H
#define TOOL_V6GUARDD_STEWARD_H

#include "gaipolicy.h"

#endif
