/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rescue.h */
#ifndef TOOL_V6GUARDD_RESCUE_H
#define TOOL_V6GUARDD_RESCUE_H

#include "gaipolicy.h"

#endif
